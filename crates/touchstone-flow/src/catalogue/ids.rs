//! The ids of the catalogue.
// Written by `cargo xtask catalogue` from catalogue/*.toml; edit those.

/// The id of a message; the documentation of each is its English text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum MsgId {
    #[doc = "Connect a device"]
    TitleConnect,
    #[doc = "Not connected"]
    TitleStopped,
    #[doc = "Your turn"]
    TitleTurn,
    #[doc = "Choose Wi-Fi"]
    TitleWifi,
    #[doc = "Connecting"]
    TitleJoining,
    #[doc = "Connected"]
    TitleDone,
    #[doc = "Connect device"]
    LabelConnectDevice,
    #[doc = "Continue"]
    LabelContinue,
    #[doc = "Open settings"]
    LabelOpenSettings,
    #[doc = "Turn on Bluetooth"]
    LabelTurnOnBluetooth,
    #[doc = "Turn on location"]
    LabelTurnOnLocation,
    #[doc = "Say again"]
    LabelSayAgain,
    #[doc = "Look again"]
    LabelLookAgain,
    #[doc = "Try again"]
    LabelTryAgain,
    #[doc = "Enter"]
    LabelEnter,
    #[doc = "Repeat"]
    LabelRepeat,
    #[doc = "Change signals"]
    LabelChangeSignals,
    #[doc = "Repeat slower"]
    LabelRepeatSlower,
    #[doc = "Repeat faster"]
    LabelRepeatFaster,
    #[doc = "Count beeps"]
    LabelCountBeeps,
    #[doc = "Count blinks"]
    LabelCountBlinks,
    #[doc = "Count vibrations"]
    LabelCountVibrations,
    #[doc = "Use {network}"]
    LabelUse,
    #[doc = "Type Wi-Fi name"]
    LabelTypeName,
    #[doc = "No password"]
    LabelNoPassword,
    #[doc = "Connect"]
    LabelConnect,
    #[doc = "Check again"]
    LabelCheckAgain,
    #[doc = "Finish"]
    LabelFinish,
    #[doc = "Change Wi-Fi"]
    LabelChangeWifi,
    #[doc = "Cancel"]
    LabelCancel,
    #[doc = "Other networks"]
    LabelOtherNetworks,
    #[doc = "Refresh"]
    LabelRefresh,
    #[doc = "Not my device"]
    LabelNotMyDevice,
    #[doc = "Show password"]
    LabelShowPassword,
    #[doc = "Hide password"]
    LabelHidePassword,
    #[doc = "Finish anyway"]
    LabelFinishAnyway,
    #[doc = "Connect another"]
    LabelConnectAnother,
    #[doc = "Forget device"]
    LabelForgetDevice,
    #[doc = "Help"]
    LabelHelp,
    #[doc = "Start"]
    LabelStart,
    #[doc = "Wi-Fi password"]
    FieldPassword,
    #[doc = "8 to 63 characters"]
    FieldPasswordHint,
    #[doc = "Wi-Fi name"]
    FieldNetworkName,
    #[doc = "1 to 32 characters"]
    FieldNetworkNameHint,
    #[doc = "Counted in each group"]
    FieldCounts,
    #[doc = "1 to 6"]
    FieldCountsHint,
    #[doc = "Group {n}"]
    FieldGroup,
    #[doc = "You will touch the device once."]
    Idle,
    #[doc = "Your phone will ask about nearby devices. Choose Allow."]
    PermissionNeeded,
    #[doc = "Your phone will ask about location. Choose Allow. It is only used to find the device."]
    PermissionNeededLocation,
    #[doc = "Access to nearby devices is off. Open settings to allow it."]
    PermissionBlocked,
    #[doc = "Access to location is off. Open settings to allow it."]
    PermissionBlockedLocation,
    #[doc = "Bluetooth is off. Turn it on to find your device."]
    BluetoothOff,
    #[doc = "There is no Bluetooth here. Plug in a Bluetooth adapter, then try again."]
    BluetoothMissing,
    #[doc = "Location is off. Turn it on to find your device."]
    LocationOff,
    #[doc = "Looking for your device."]
    Scanning,
    #[doc = "Not used. Nothing was sent to that device. Looking for yours."]
    LetGo,
    #[doc = "Still looking. Check that the device has power and is near your phone."]
    ScanningSlow,
    #[doc = "Found a device. Checking it."]
    FoundOne,
    #[doc = "Found {n} devices. Checking them."]
    FoundSeveral,
    #[doc = "Checking that the device is genuine."]
    Verifying,
    #[doc = "Stopped. This device could not prove it is genuine. Nothing was sent to it."]
    NotGenuine,
    #[doc = "Stopped. This device could not be checked. Nothing was sent to it."]
    NotChecked,
    #[doc = "Your turn. Touch the device once. Take your time."]
    TouchOne,
    #[doc = "Your turn. Touch the device you want, once. Take your time."]
    TouchSeveral,
    #[doc = "Your turn. Press the button once. Take your time."]
    PressOne,
    #[doc = "Your turn. Press the button on the device you want, once. Take your time."]
    PressSeveral,
    #[doc = "Your turn. Turn the device off, then on. Take your time."]
    PowerCycleOne,
    #[doc = "Your turn. Turn the device you want off, then on. Take your time."]
    PowerCycleSeveral,
    #[doc = "Your turn. Knock on the device. Take your time."]
    KnockOne,
    #[doc = "Your turn. Knock on the device you want. Take your time."]
    KnockSeveral,
    #[doc = "Your turn. Press a button on the remote control. Take your time."]
    RemoteOne,
    #[doc = "Your turn. Press a button on the remote control of the device you want."]
    RemoteSeveral,
    #[doc = "Your turn. Hold your phone to the device. Take your time."]
    NfcOne,
    #[doc = "Your turn. Hold your phone to the device you want. Take your time."]
    NfcSeveral,
    #[doc = "Still waiting for your touch."]
    TouchWait,
    #[doc = "Still waiting for you."]
    PresenceWait,
    #[doc = "Touch received."]
    Touched,
    #[doc = "Received."]
    Received,
    #[doc = "Two devices were touched. Touch only the one you want."]
    TwoTouched,
    #[doc = "Two devices were chosen. Choose only the one you want."]
    TwoChosen,
    #[doc = "Someone else is connecting a device nearby. Wait a moment, then try again."]
    AnotherNearby,
    #[doc = "Someone else is connecting nearby. Touch your device again, then count its signals."]
    TouchAgainNearby,
    #[doc = "Two devices were touched again. Touch only yours, then count its signals."]
    TouchAgainTwo,
    #[doc = "The numbers did not match. Touch your device again, then count its new signals."]
    TouchAgainCounts,
    #[doc = "Contact was lost. Touch your device again, then count its new signals."]
    TouchAgainLost,
    #[doc = "Touch your device again. It then gives new signals to count."]
    TouchAgainRepeats,
    #[doc = "The device started over. It needs you once more."]
    TouchAgainRestarted,
    #[doc = "The device is back. It must go off, then on, just once."]
    TouchAgainNotOnce,
    #[doc = "Not used. Nothing was sent to that device."]
    TouchAgainNotMine,
    #[doc = "No sign of the device yet. If it is off, turn it on."]
    TouchAgainStaysOff,
    #[doc = "Someone else is connecting nearby. Choose your device again, then count its signals."]
    AgainNearby,
    #[doc = "Two devices were chosen again. Choose only yours, then count its signals."]
    AgainTwo,
    #[doc = "The numbers did not match. Choose your device again, then count its new signals."]
    AgainCounts,
    #[doc = "Contact was lost. Choose your device again, then count its new signals."]
    AgainLost,
    #[doc = "Choose your device again. It then gives new signals to count."]
    AgainRepeats,
    #[doc = "After the long beep, count the short ones. Choose how many in each group."]
    CountBeeps,
    #[doc = "After the long blink, count the short ones. Choose how many in each group."]
    CountBlinks,
    #[doc = "After the long vibration, count the short ones. Choose how many in each group."]
    CountVibrations,
    #[doc = "Choose a number from 1 to 6 for each of the three groups."]
    CountIncomplete,
    #[doc = "Choose how the device signals, then count again."]
    SignalOptions,
    #[doc = "Your device could not be confirmed. Nothing was sent. Wait a moment, then try again."]
    NotConfirmed,
    #[doc = "{product} is beeping now. Use {network} for it?"]
    ChooseBeeping,
    #[doc = "{product} is blinking now. Use {network} for it?"]
    ChooseBlinking,
    #[doc = "{product} is vibrating now. Use {network} for it?"]
    ChooseVibrating,
    #[doc = "{product} is beeping and blinking now. Use {network} for it?"]
    ChooseBeepingBlinking,
    #[doc = "{product} is beeping and vibrating now. Use {network} for it?"]
    ChooseBeepingVibrating,
    #[doc = "{product} is blinking and vibrating now. Use {network} for it?"]
    ChooseBlinkingVibrating,
    #[doc = "{product} is beeping, blinking and vibrating now. Use {network} for it?"]
    ChooseAll,
    #[doc = "You touched {product}. Use {network} for it?"]
    ChooseSilent,
    #[doc = "{product} finds no Wi-Fi. Move it nearer to the router, then refresh."]
    ChooseNone,
    #[doc = "Choose Wi-Fi for the device."]
    NetworkList,
    #[doc = "The device finds no Wi-Fi. Move it nearer to the router, then refresh."]
    NetworkListEmpty,
    #[doc = "Type the name of your Wi-Fi."]
    AskNetworkName,
    #[doc = "The Wi-Fi name is missing. Type it, then continue."]
    NetworkNameEmpty,
    #[doc = "The Wi-Fi name has 1 to 32 characters. Check it and try again."]
    NetworkNameTooLong,
    #[doc = "Type the Wi-Fi password for {network}, or paste it."]
    AskPassword,
    #[doc = "The password has 8 to 63 characters. Check it and try again."]
    PasswordLength,
    #[doc = "A password of 64 characters has only 0 to 9 and A to F. Check it."]
    PasswordKey,
    #[doc = "Sending the Wi-Fi details."]
    Sending,
    #[doc = "Joining {network}. This can take a minute."]
    Joining,
    #[doc = "Still joining {network}. You can wait or cancel."]
    JoiningSlow,
    #[doc = "The password for {network} did not work. Check it and try again."]
    WrongPassword,
    #[doc = "The device cannot find {network}. Move it nearer to the router, or choose other Wi-Fi."]
    NetworkNotFound,
    #[doc = "Joined {network}, but the router did not answer. Restart the router, then try again."]
    DhcpFailed,
    #[doc = "Joined {network}, but there is no internet. Check your router."]
    NoInternet,
    #[doc = "Saving."]
    Saving,
    #[doc = "Done. {product} is connected to {network}."]
    Done,
    #[doc = "Cancelled. The device was not changed."]
    Cancelled,
    #[doc = "Lost contact. Stay near the device. Trying again."]
    LinkLost,
    #[doc = "This device is already set up with another phone. Reset it to set it up again."]
    AlreadyOwned,
    #[doc = "{product} is already yours. You can change its Wi-Fi."]
    OwnedByYou,
    #[doc = "{product} was being connected. Finish now?"]
    Unfinished,
    #[doc = "Joining the Wi-Fi. This can take a minute."]
    JoiningUnnamed,
    #[doc = "Done. {product} is connected to the Wi-Fi."]
    DoneUnnamed,
    #[doc = "Done. {product} is not yours any more."]
    Forgotten,
    #[doc = "Another phone is connecting this device. Wait a moment, then try again."]
    Busy,
    #[doc = "Stopped. The maker has withdrawn this device. Nothing was sent to it."]
    Revoked,
    #[doc = "Stopped. This device cannot give the signals this app needs. Nothing was sent to it."]
    CannotSignal,
    #[doc = "This device needs a newer app or newer software first."]
    UpdateRequired,
    #[doc = "Could not connect. Turn the device off and on, then try again."]
    Failed,
    #[doc = "The device is genuine. This was not yet confirmed online."]
    NoteNotYetConfirmed,
    #[doc = "This is a development device."]
    NoteDevelopment,
    #[doc = "Look again, or use another one."]
    AdviceAnother,
    #[doc = "Move closer, then look again."]
    AdviceCloser,
    #[doc = "Help says what to update."]
    AdviceUpdate,
    #[doc = "If it is 5 gigahertz Wi-Fi, the device may not be able to use it."]
    AdviceBand,
    #[doc = "You need the device, its power, and your Wi-Fi password. Stay near the device."]
    HelpGeneral,
    #[doc = "Turn the device off and on. Hold your phone near it. A used device may need a reset."]
    HelpScan,
    #[doc = "The device signals while it waits. Touch it where its guide says. There is no hurry."]
    HelpTouch,
    #[doc = "Only one phone can connect at a time. Wait two minutes, then try again."]
    HelpWait,
    #[doc = "Only the device you touched signals. If yours does not, choose Not my device."]
    HelpCount,
    #[doc = "The device joins your Wi-Fi. Its password is sent only to the device you touched."]
    HelpWifi,
    #[doc = "The device may be a copy or broken. Do not use it. Ask the seller."]
    HelpNotGenuine,
    #[doc = "Something may be in the way. Move closer and look again. If it stays so, ask the seller."]
    HelpNotChecked,
    #[doc = "Ask its owner, or reset it. Its guide says how. A reset removes its Wi-Fi."]
    HelpReset,
    #[doc = "Ask the maker about this device."]
    HelpRevoked,
    #[doc = "The app is too old for this device. Update the app."]
    HelpUpdateApp,
    #[doc = "The device's software is too old. Update it the way its guide says."]
    HelpUpdateDevice,
    #[doc = "If it fails again, tell the maker error code {n}."]
    HelpFailed,
    #[doc = "The device"]
    UnnamedDevice,
    #[doc = "Wi-Fi"]
    UnnamedNetwork,
}

impl MsgId {
    /// Every id, for catalogues and their checks.
    pub const ALL: &'static [Self] = &[
        Self::TitleConnect,
        Self::TitleStopped,
        Self::TitleTurn,
        Self::TitleWifi,
        Self::TitleJoining,
        Self::TitleDone,
        Self::LabelConnectDevice,
        Self::LabelContinue,
        Self::LabelOpenSettings,
        Self::LabelTurnOnBluetooth,
        Self::LabelTurnOnLocation,
        Self::LabelSayAgain,
        Self::LabelLookAgain,
        Self::LabelTryAgain,
        Self::LabelEnter,
        Self::LabelRepeat,
        Self::LabelChangeSignals,
        Self::LabelRepeatSlower,
        Self::LabelRepeatFaster,
        Self::LabelCountBeeps,
        Self::LabelCountBlinks,
        Self::LabelCountVibrations,
        Self::LabelUse,
        Self::LabelTypeName,
        Self::LabelNoPassword,
        Self::LabelConnect,
        Self::LabelCheckAgain,
        Self::LabelFinish,
        Self::LabelChangeWifi,
        Self::LabelCancel,
        Self::LabelOtherNetworks,
        Self::LabelRefresh,
        Self::LabelNotMyDevice,
        Self::LabelShowPassword,
        Self::LabelHidePassword,
        Self::LabelFinishAnyway,
        Self::LabelConnectAnother,
        Self::LabelForgetDevice,
        Self::LabelHelp,
        Self::LabelStart,
        Self::FieldPassword,
        Self::FieldPasswordHint,
        Self::FieldNetworkName,
        Self::FieldNetworkNameHint,
        Self::FieldCounts,
        Self::FieldCountsHint,
        Self::FieldGroup,
        Self::Idle,
        Self::PermissionNeeded,
        Self::PermissionNeededLocation,
        Self::PermissionBlocked,
        Self::PermissionBlockedLocation,
        Self::BluetoothOff,
        Self::BluetoothMissing,
        Self::LocationOff,
        Self::Scanning,
        Self::LetGo,
        Self::ScanningSlow,
        Self::FoundOne,
        Self::FoundSeveral,
        Self::Verifying,
        Self::NotGenuine,
        Self::NotChecked,
        Self::TouchOne,
        Self::TouchSeveral,
        Self::PressOne,
        Self::PressSeveral,
        Self::PowerCycleOne,
        Self::PowerCycleSeveral,
        Self::KnockOne,
        Self::KnockSeveral,
        Self::RemoteOne,
        Self::RemoteSeveral,
        Self::NfcOne,
        Self::NfcSeveral,
        Self::TouchWait,
        Self::PresenceWait,
        Self::Touched,
        Self::Received,
        Self::TwoTouched,
        Self::TwoChosen,
        Self::AnotherNearby,
        Self::TouchAgainNearby,
        Self::TouchAgainTwo,
        Self::TouchAgainCounts,
        Self::TouchAgainLost,
        Self::TouchAgainRepeats,
        Self::TouchAgainRestarted,
        Self::TouchAgainNotOnce,
        Self::TouchAgainNotMine,
        Self::TouchAgainStaysOff,
        Self::AgainNearby,
        Self::AgainTwo,
        Self::AgainCounts,
        Self::AgainLost,
        Self::AgainRepeats,
        Self::CountBeeps,
        Self::CountBlinks,
        Self::CountVibrations,
        Self::CountIncomplete,
        Self::SignalOptions,
        Self::NotConfirmed,
        Self::ChooseBeeping,
        Self::ChooseBlinking,
        Self::ChooseVibrating,
        Self::ChooseBeepingBlinking,
        Self::ChooseBeepingVibrating,
        Self::ChooseBlinkingVibrating,
        Self::ChooseAll,
        Self::ChooseSilent,
        Self::ChooseNone,
        Self::NetworkList,
        Self::NetworkListEmpty,
        Self::AskNetworkName,
        Self::NetworkNameEmpty,
        Self::NetworkNameTooLong,
        Self::AskPassword,
        Self::PasswordLength,
        Self::PasswordKey,
        Self::Sending,
        Self::Joining,
        Self::JoiningSlow,
        Self::WrongPassword,
        Self::NetworkNotFound,
        Self::DhcpFailed,
        Self::NoInternet,
        Self::Saving,
        Self::Done,
        Self::Cancelled,
        Self::LinkLost,
        Self::AlreadyOwned,
        Self::OwnedByYou,
        Self::Unfinished,
        Self::JoiningUnnamed,
        Self::DoneUnnamed,
        Self::Forgotten,
        Self::Busy,
        Self::Revoked,
        Self::CannotSignal,
        Self::UpdateRequired,
        Self::Failed,
        Self::NoteNotYetConfirmed,
        Self::NoteDevelopment,
        Self::AdviceAnother,
        Self::AdviceCloser,
        Self::AdviceUpdate,
        Self::AdviceBand,
        Self::HelpGeneral,
        Self::HelpScan,
        Self::HelpTouch,
        Self::HelpWait,
        Self::HelpCount,
        Self::HelpWifi,
        Self::HelpNotGenuine,
        Self::HelpNotChecked,
        Self::HelpReset,
        Self::HelpRevoked,
        Self::HelpUpdateApp,
        Self::HelpUpdateDevice,
        Self::HelpFailed,
        Self::UnnamedDevice,
        Self::UnnamedNetwork,
    ];

    /// The id as the catalogue, serialised screens and, behind `ts_`, the resources of the platforms write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TitleConnect => "title_connect",
            Self::TitleStopped => "title_stopped",
            Self::TitleTurn => "title_turn",
            Self::TitleWifi => "title_wifi",
            Self::TitleJoining => "title_joining",
            Self::TitleDone => "title_done",
            Self::LabelConnectDevice => "label_connect_device",
            Self::LabelContinue => "label_continue",
            Self::LabelOpenSettings => "label_open_settings",
            Self::LabelTurnOnBluetooth => "label_turn_on_bluetooth",
            Self::LabelTurnOnLocation => "label_turn_on_location",
            Self::LabelSayAgain => "label_say_again",
            Self::LabelLookAgain => "label_look_again",
            Self::LabelTryAgain => "label_try_again",
            Self::LabelEnter => "label_enter",
            Self::LabelRepeat => "label_repeat",
            Self::LabelChangeSignals => "label_change_signals",
            Self::LabelRepeatSlower => "label_repeat_slower",
            Self::LabelRepeatFaster => "label_repeat_faster",
            Self::LabelCountBeeps => "label_count_beeps",
            Self::LabelCountBlinks => "label_count_blinks",
            Self::LabelCountVibrations => "label_count_vibrations",
            Self::LabelUse => "label_use",
            Self::LabelTypeName => "label_type_name",
            Self::LabelNoPassword => "label_no_password",
            Self::LabelConnect => "label_connect",
            Self::LabelCheckAgain => "label_check_again",
            Self::LabelFinish => "label_finish",
            Self::LabelChangeWifi => "label_change_wifi",
            Self::LabelCancel => "label_cancel",
            Self::LabelOtherNetworks => "label_other_networks",
            Self::LabelRefresh => "label_refresh",
            Self::LabelNotMyDevice => "label_not_my_device",
            Self::LabelShowPassword => "label_show_password",
            Self::LabelHidePassword => "label_hide_password",
            Self::LabelFinishAnyway => "label_finish_anyway",
            Self::LabelConnectAnother => "label_connect_another",
            Self::LabelForgetDevice => "label_forget_device",
            Self::LabelHelp => "label_help",
            Self::LabelStart => "label_start",
            Self::FieldPassword => "field_password",
            Self::FieldPasswordHint => "field_password_hint",
            Self::FieldNetworkName => "field_network_name",
            Self::FieldNetworkNameHint => "field_network_name_hint",
            Self::FieldCounts => "field_counts",
            Self::FieldCountsHint => "field_counts_hint",
            Self::FieldGroup => "field_group",
            Self::Idle => "idle",
            Self::PermissionNeeded => "permission_needed",
            Self::PermissionNeededLocation => "permission_needed_location",
            Self::PermissionBlocked => "permission_blocked",
            Self::PermissionBlockedLocation => "permission_blocked_location",
            Self::BluetoothOff => "bluetooth_off",
            Self::BluetoothMissing => "bluetooth_missing",
            Self::LocationOff => "location_off",
            Self::Scanning => "scanning",
            Self::LetGo => "let_go",
            Self::ScanningSlow => "scanning_slow",
            Self::FoundOne => "found_one",
            Self::FoundSeveral => "found_several",
            Self::Verifying => "verifying",
            Self::NotGenuine => "not_genuine",
            Self::NotChecked => "not_checked",
            Self::TouchOne => "touch_one",
            Self::TouchSeveral => "touch_several",
            Self::PressOne => "press_one",
            Self::PressSeveral => "press_several",
            Self::PowerCycleOne => "power_cycle_one",
            Self::PowerCycleSeveral => "power_cycle_several",
            Self::KnockOne => "knock_one",
            Self::KnockSeveral => "knock_several",
            Self::RemoteOne => "remote_one",
            Self::RemoteSeveral => "remote_several",
            Self::NfcOne => "nfc_one",
            Self::NfcSeveral => "nfc_several",
            Self::TouchWait => "touch_wait",
            Self::PresenceWait => "presence_wait",
            Self::Touched => "touched",
            Self::Received => "received",
            Self::TwoTouched => "two_touched",
            Self::TwoChosen => "two_chosen",
            Self::AnotherNearby => "another_nearby",
            Self::TouchAgainNearby => "touch_again_nearby",
            Self::TouchAgainTwo => "touch_again_two",
            Self::TouchAgainCounts => "touch_again_counts",
            Self::TouchAgainLost => "touch_again_lost",
            Self::TouchAgainRepeats => "touch_again_repeats",
            Self::TouchAgainRestarted => "touch_again_restarted",
            Self::TouchAgainNotOnce => "touch_again_not_once",
            Self::TouchAgainNotMine => "touch_again_not_mine",
            Self::TouchAgainStaysOff => "touch_again_stays_off",
            Self::AgainNearby => "again_nearby",
            Self::AgainTwo => "again_two",
            Self::AgainCounts => "again_counts",
            Self::AgainLost => "again_lost",
            Self::AgainRepeats => "again_repeats",
            Self::CountBeeps => "count_beeps",
            Self::CountBlinks => "count_blinks",
            Self::CountVibrations => "count_vibrations",
            Self::CountIncomplete => "count_incomplete",
            Self::SignalOptions => "signal_options",
            Self::NotConfirmed => "not_confirmed",
            Self::ChooseBeeping => "choose_beeping",
            Self::ChooseBlinking => "choose_blinking",
            Self::ChooseVibrating => "choose_vibrating",
            Self::ChooseBeepingBlinking => "choose_beeping_blinking",
            Self::ChooseBeepingVibrating => "choose_beeping_vibrating",
            Self::ChooseBlinkingVibrating => "choose_blinking_vibrating",
            Self::ChooseAll => "choose_all",
            Self::ChooseSilent => "choose_silent",
            Self::ChooseNone => "choose_none",
            Self::NetworkList => "network_list",
            Self::NetworkListEmpty => "network_list_empty",
            Self::AskNetworkName => "ask_network_name",
            Self::NetworkNameEmpty => "network_name_empty",
            Self::NetworkNameTooLong => "network_name_too_long",
            Self::AskPassword => "ask_password",
            Self::PasswordLength => "password_length",
            Self::PasswordKey => "password_key",
            Self::Sending => "sending",
            Self::Joining => "joining",
            Self::JoiningSlow => "joining_slow",
            Self::WrongPassword => "wrong_password",
            Self::NetworkNotFound => "network_not_found",
            Self::DhcpFailed => "dhcp_failed",
            Self::NoInternet => "no_internet",
            Self::Saving => "saving",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::LinkLost => "link_lost",
            Self::AlreadyOwned => "already_owned",
            Self::OwnedByYou => "owned_by_you",
            Self::Unfinished => "unfinished",
            Self::JoiningUnnamed => "joining_unnamed",
            Self::DoneUnnamed => "done_unnamed",
            Self::Forgotten => "forgotten",
            Self::Busy => "busy",
            Self::Revoked => "revoked",
            Self::CannotSignal => "cannot_signal",
            Self::UpdateRequired => "update_required",
            Self::Failed => "failed",
            Self::NoteNotYetConfirmed => "note_not_yet_confirmed",
            Self::NoteDevelopment => "note_development",
            Self::AdviceAnother => "advice_another",
            Self::AdviceCloser => "advice_closer",
            Self::AdviceUpdate => "advice_update",
            Self::AdviceBand => "advice_band",
            Self::HelpGeneral => "help_general",
            Self::HelpScan => "help_scan",
            Self::HelpTouch => "help_touch",
            Self::HelpWait => "help_wait",
            Self::HelpCount => "help_count",
            Self::HelpWifi => "help_wifi",
            Self::HelpNotGenuine => "help_not_genuine",
            Self::HelpNotChecked => "help_not_checked",
            Self::HelpReset => "help_reset",
            Self::HelpRevoked => "help_revoked",
            Self::HelpUpdateApp => "help_update_app",
            Self::HelpUpdateDevice => "help_update_device",
            Self::HelpFailed => "help_failed",
            Self::UnnamedDevice => "unnamed_device",
            Self::UnnamedNetwork => "unnamed_network",
        }
    }
}
