//! The English catalogue. Other languages are generated from the same ids.

use alloc::string::{String, ToString};

use crate::{Arg, Msg};

/// First strong isolate: what follows has its own direction.
const ISOLATE: &str = "\u{2068}";
/// Pop directional isolate.
const END_ISOLATE: &str = "\u{2069}";

/// The sentence in English, names between direction isolates: for screens and screen readers.
pub fn english(msg: &Msg) -> String {
    fill(msg, ISOLATE, END_ISOLATE)
}

/// The sentence in English without isolates: for terminals and transcripts, which print them as rubbish.
pub fn english_plain(msg: &Msg) -> String {
    fill(msg, "", "")
}

fn fill(msg: &Msg, before: &str, after: &str) -> String {
    let mut text = String::new();
    let mut rest = template(msg);
    while let Some((head, tail)) = rest.split_once('{') {
        text.push_str(head);
        let (name, tail) = tail.split_once('}').unwrap_or((tail, ""));
        rest = tail;
        let argument = msg.args.iter().find_map(|arg| match (name, arg) {
            ("product", Arg::Product(product)) => {
                Some(isolated(product.name(), "The device", before, after))
            }
            ("network", Arg::Network(network)) => {
                Some(isolated(network.shown(), "Wi-Fi", before, after))
            }
            ("n", Arg::Count(n)) => Some(n.to_string()),
            _ => None,
        });
        text.push_str(&argument.unwrap_or_default());
    }
    text.push_str(rest);
    text
}

fn isolated(name: &str, unnamed: &str, before: &str, after: &str) -> String {
    if name.is_empty() {
        unnamed.to_string()
    } else {
        [before, name, after].concat()
    }
}

/// English knows two plural categories: one and other.
fn template(msg: &Msg) -> &'static str {
    let one = msg.args.iter().any(|arg| matches!(arg, Arg::Count(1)));
    match (msg.id, one) {
        (MsgId::FoundSeveral, true) => MsgId::FoundOne.english(),
        (id, _) => id.english(),
    }
}

macro_rules! messages {
    ($($(#[$meta:meta])* $id:ident = $text:literal),+ $(,)?) => {
        /// The id of a message; the documentation of each is its English text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
        #[non_exhaustive]
        pub enum MsgId { $(#[doc = $text] $id),+ }

        impl MsgId {
            /// Every id, for catalogues and their checks.
            pub const ALL: &'static [Self] = &[$(Self::$id),+];

            /// The English text with its placeholders `{product}`, `{network}` and `{n}`.
            pub const fn english(self) -> &'static str {
                match self { $(Self::$id => $text),+ }
            }
        }
    };
}

messages! {
    // Titles
    TitleConnect = "Connect a device",
    TitleStopped = "Not connected",
    TitleTurn = "Your turn",
    TitleWifi = "Choose Wi-Fi",
    TitleJoining = "Connecting",
    TitleDone = "Connected",

    // Labels, at most 20 braille cells
    LabelConnectDevice = "Connect device",
    LabelContinue = "Continue",
    LabelOpenSettings = "Open settings",
    LabelTurnOnBluetooth = "Turn on Bluetooth",
    LabelTurnOnLocation = "Turn on location",
    LabelSayAgain = "Say again",
    LabelLookAgain = "Look again",
    LabelTryAgain = "Try again",
    LabelEnter = "Enter",
    LabelRepeat = "Repeat",
    LabelUse = "Use {network}",
    LabelTypeName = "Type Wi-Fi name",
    LabelConnect = "Connect",
    LabelCheckAgain = "Check again",
    LabelFinish = "Finish",
    LabelChangeWifi = "Change Wi-Fi",
    LabelCancel = "Cancel",
    LabelOtherNetworks = "Other networks",
    LabelRefresh = "Refresh",
    LabelNotMyDevice = "Not my device",
    LabelShowPassword = "Show password",
    LabelHidePassword = "Hide password",
    LabelFinishAnyway = "Finish anyway",
    LabelConnectAnother = "Connect another",
    LabelForgetDevice = "Forget device",
    LabelHelp = "Help",

    // Fields
    FieldPassword = "Wi-Fi password",
    FieldPasswordHint = "8 to 63 characters",
    FieldNetworkName = "Wi-Fi name",
    FieldNetworkNameHint = "1 to 32 characters",
    FieldCounts = "Counted in each group",
    FieldCountsHint = "1 to 6",

    // Status texts, one for each row of the state table
    Idle = "You will touch the device once.",
    PermissionNeeded = "Your phone will ask about nearby devices. Choose Allow.",
    PermissionNeededLocation = "Your phone will ask about location. Choose Allow. It is only used to find the device.",
    PermissionBlocked = "Access to nearby devices is off. Open settings to allow it.",
    PermissionBlockedLocation = "Access to location is off. Open settings to allow it.",
    BluetoothOff = "Bluetooth is off. Turn it on to find your device.",
    BluetoothMissing = "There is no Bluetooth here. Plug in a Bluetooth adapter, then try again.",
    LocationOff = "Location is off. Turn it on to find your device.",
    Scanning = "Looking for your device.",
    ScanningSlow = "Still looking. Check that the device has power and is near your phone.",
    FoundOne = "Found a device. Checking it.",
    FoundSeveral = "Found {n} devices. Checking them.",
    Verifying = "Checking that the device is genuine.",
    NotGenuine = "Stopped. This device could not prove it is genuine. Nothing was sent to it.",
    TouchOne = "Your turn. Touch the device once. Take your time.",
    TouchSeveral = "Your turn. Touch the device you want, once. Take your time.",
    PressOne = "Your turn. Press the button once. Take your time.",
    PressSeveral = "Your turn. Press the button on the device you want, once. Take your time.",
    PowerCycleOne = "Your turn. Turn the device off, then on. Take your time.",
    PowerCycleSeveral = "Your turn. Turn the device you want off, then on. Take your time.",
    KnockOne = "Your turn. Knock on the device. Take your time.",
    KnockSeveral = "Your turn. Knock on the device you want. Take your time.",
    RemoteOne = "Your turn. Press a button on the remote control. Take your time.",
    RemoteSeveral = "Your turn. Press a button on the remote control of the device you want.",
    NfcOne = "Your turn. Hold your phone to the device. Take your time.",
    NfcSeveral = "Your turn. Hold your phone to the device you want. Take your time.",
    TouchWait = "Still waiting for your touch.",
    PresenceWait = "Still waiting for you.",
    Touched = "Touch received.",
    TwoTouched = "Two devices were touched. Touch only the one you want.",
    AnotherNearby = "Someone else is connecting a device nearby. Wait a moment, then try again.",
    CountBeeps = "Count the beeps. Choose how many you heard in each group.",
    CountBlinks = "Count the blinks. Choose how many you saw in each group.",
    CountVibrations = "Count the vibrations. Choose how many you felt in each group.",
    ChooseBeeping = "{product} is beeping now. Use {network} for it?",
    ChooseBlinking = "{product} is blinking now. Use {network} for it?",
    ChooseVibrating = "{product} is vibrating now. Use {network} for it?",
    ChooseBeepingBlinking = "{product} is beeping and blinking now. Use {network} for it?",
    ChooseBeepingVibrating = "{product} is beeping and vibrating now. Use {network} for it?",
    ChooseBlinkingVibrating = "{product} is blinking and vibrating now. Use {network} for it?",
    ChooseAll = "{product} is beeping, blinking and vibrating now. Use {network} for it?",
    ChooseSilent = "You touched {product}. Use {network} for it?",
    ChooseNone = "{product} finds no Wi-Fi. Move it nearer to the router, then refresh.",
    NetworkList = "Choose Wi-Fi for the device.",
    NetworkListEmpty = "The device finds no Wi-Fi. Move it nearer to the router, then refresh.",
    AskNetworkName = "Type the name of your Wi-Fi.",
    NetworkNameEmpty = "The Wi-Fi name is missing. Type it, then continue.",
    NetworkNameTooLong = "The Wi-Fi name has 1 to 32 characters. Check it and try again.",
    AskPassword = "Type the Wi-Fi password for {network}, or paste it.",
    PasswordLength = "The password has 8 to 63 characters. Check it and try again.",
    PasswordKey = "A password of 64 characters has only 0 to 9 and A to F. Check it.",
    Sending = "Sending the Wi-Fi details.",
    Joining = "Joining {network}. This can take a minute.",
    JoiningSlow = "Still joining {network}. You can wait or cancel.",
    WrongPassword = "The password for {network} did not work. Check it and try again.",
    NetworkNotFound = "The device cannot find {network}. Move it nearer to the router, or choose other Wi-Fi.",
    NetworkNotFoundBand = "The device cannot find {network}. It cannot use {n} gigahertz Wi-Fi. Choose other Wi-Fi.",
    DhcpFailed = "Joined {network}, but the router did not answer. Restart the router, then try again.",
    NoInternet = "Joined {network}, but there is no internet. Check your router.",
    Saving = "Saving.",
    Done = "Done. {product} is connected to {network}.",
    Cancelled = "Cancelled. The device was not changed.",
    LinkLost = "Lost contact. Stay near the device. Trying again.",
    AlreadyOwned = "This device is already set up with another phone. Reset it to set it up again.",
    OwnedByYou = "{product} is already yours. You can change its Wi-Fi.",
    Busy = "Another phone is connecting this device. Wait a moment, then try again.",
    Revoked = "Stopped. The maker has withdrawn this device. Nothing was sent to it.",
    UpdateRequired = "This device needs a newer app, or newer software, to connect.",
    Failed = "Could not connect. Turn the device off and on, then try again.",

    // Quiet second lines
    NoteNotYetConfirmed = "The device is genuine. This was not yet confirmed online.",
    NoteDevelopment = "This is a development device.",

    // Help
    HelpGeneral = "You need the device, its power, and your Wi-Fi password. Stay near the device.",
    HelpScan = "Turn the device off and on. Hold your phone near it. A used device may need a reset.",
    HelpTouch = "The device signals while it waits. Touch it where its guide says. There is no hurry.",
    HelpWifi = "The device joins your Wi-Fi. Its password is sent only to the device you touched.",
    HelpNotGenuine = "The device may be a copy or broken. Do not use it. Ask the seller.",
    HelpReset = "Ask its owner, or reset it. Its guide says how. A reset removes its Wi-Fi.",
    HelpRevoked = "Ask the maker about this device.",
    HelpUpdateApp = "The app is too old for this device. Update the app.",
    HelpUpdateDevice = "The device's software is too old. Update it the way its guide says.",
    HelpFailed = "If it fails again, tell the maker error code {n}.",
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::{NetworkName, Product};

    fn arguments(n: u32) -> Vec<Arg> {
        vec![
            Arg::Product(Product::new("Kitchen lamp")),
            Arg::Network(NetworkName::new(b"Home")),
            Arg::Count(n),
        ]
    }

    #[test]
    fn the_end_reads_exactly_as_promised() {
        let done = Msg::with(MsgId::Done, arguments(0));
        assert_eq!(
            english_plain(&done),
            "Done. Kitchen lamp is connected to Home."
        );
        assert_eq!(
            english(&done),
            "Done. \u{2068}Kitchen lamp\u{2069} is connected to \u{2068}Home\u{2069}."
        );
    }

    #[test]
    fn counts_have_an_english_plural() {
        assert_eq!(
            english_plain(&Msg::with(MsgId::FoundSeveral, arguments(1))),
            "Found a device. Checking it."
        );
        assert_eq!(
            english_plain(&Msg::with(MsgId::FoundSeveral, arguments(3))),
            "Found 3 devices. Checking them."
        );
    }

    #[test]
    fn a_name_with_braces_is_not_a_placeholder() {
        let msg = Msg::with(
            MsgId::LabelUse,
            [Arg::Network(NetworkName::new(b"{product}"))],
        );
        assert_eq!(english_plain(&msg), "Use {product}");
    }

    #[test]
    fn a_nameless_network_is_called_wifi() {
        let msg = Msg::with(MsgId::Joining, [Arg::Network(NetworkName::new(&[0, 1]))]);
        assert_eq!(english(&msg), "Joining Wi-Fi. This can take a minute.");
    }

    #[test]
    fn every_text_is_short_and_made_of_plain_words() {
        const BANNED: &[&str] = &[
            "colour",
            "color",
            "light",
            "led",
            "left",
            "right",
            "tap",
            "click",
            "provision",
            "provisioning",
            "ssid",
            "pin",
            "pairing",
            "bond",
            "credential",
            "credentials",
            "certificate",
            "timeout",
            "invalid",
        ];
        for id in MsgId::ALL {
            let text = english_plain(&Msg::with(*id, arguments(2)));
            let words: Vec<_> = text
                .split(|c: char| !c.is_alphanumeric())
                .filter(|w| !w.is_empty())
                .collect();
            assert!(
                text.split_whitespace().count() <= 18,
                "{id:?} is too long: {text}"
            );
            for banned in BANNED {
                assert!(
                    words.iter().all(|w| !w.eq_ignore_ascii_case(banned)),
                    "{id:?} says {banned}: {text}"
                );
            }
            assert!(
                !text.contains(['{', '}']),
                "{id:?} keeps a placeholder: {text}"
            );
        }
    }

    #[test]
    fn every_label_fits_twenty_braille_cells() {
        for id in MsgId::ALL {
            if alloc::format!("{id:?}").starts_with("Label") && *id != MsgId::LabelUse {
                assert!(id.english().len() <= 19, "{id:?}");
            }
        }
    }
}
