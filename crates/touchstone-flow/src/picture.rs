//! What each step looks like: the columns button and text of the state table.

use alloc::{vec, vec::Vec};

use crate::{
    Action, ActionId, Actuators, AgainReason, Arg, DoneNote, Field, FieldKind, FocusTarget, Msg,
    MsgId, NameProblem, NetworkName, PasswordProblem, Permission, PresenceKind, Product,
    SignalKind, Step,
};

/// Controls beyond these make too many stops for a switch.
const MOST_CONTROLS: usize = 4;

impl Step {
    pub(crate) fn title(&self) -> MsgId {
        match self {
            Self::Idle
            | Self::PermissionNeeded { .. }
            | Self::Scanning { .. }
            | Self::Found { .. }
            | Self::Verifying
            | Self::OwnedByYou { .. }
            | Self::Unfinished { .. } => MsgId::TitleConnect,
            Self::AwaitPresence { .. }
            | Self::Touched { .. }
            | Self::TwoTouched { .. }
            | Self::TouchAgain { .. }
            | Self::CountSignals { .. }
            | Self::SignalOptions { .. } => MsgId::TitleTurn,
            Self::ChooseNetwork { .. }
            | Self::NetworkList { .. }
            | Self::AskNetworkName { .. }
            | Self::AskPassword { .. }
            | Self::WrongPassword { .. }
            | Self::NetworkNotFound { .. } => MsgId::TitleWifi,
            Self::Sending
            | Self::Joining { .. }
            | Self::DhcpFailed { .. }
            | Self::NoInternet { .. }
            | Self::Saving
            | Self::LinkLost => MsgId::TitleJoining,
            Self::Done { .. } => MsgId::TitleDone,
            Self::PermissionBlocked { .. }
            | Self::BluetoothOff
            | Self::BluetoothMissing
            | Self::LocationOff
            | Self::NotGenuine { .. }
            | Self::NotChecked
            | Self::AnotherNearby
            | Self::NotConfirmed
            | Self::Cancelled
            | Self::Forgotten { .. }
            | Self::AlreadyOwned
            | Self::Busy
            | Self::Revoked
            | Self::CannotSignal
            | Self::UpdateRequired { .. }
            | Self::Failed { .. } => MsgId::TitleStopped,
        }
    }

    pub(crate) fn status(&self) -> Msg {
        match self {
            Self::Idle => MsgId::Idle.into(),
            Self::PermissionNeeded { what } => match what {
                Permission::NearbyDevices => MsgId::PermissionNeeded,
                Permission::Location => MsgId::PermissionNeededLocation,
            }
            .into(),
            Self::PermissionBlocked { what } => match what {
                Permission::NearbyDevices => MsgId::PermissionBlocked,
                Permission::Location => MsgId::PermissionBlockedLocation,
            }
            .into(),
            Self::BluetoothOff => MsgId::BluetoothOff.into(),
            Self::BluetoothMissing => MsgId::BluetoothMissing.into(),
            Self::LocationOff => MsgId::LocationOff.into(),
            Self::Scanning { slow: true, .. } => MsgId::ScanningSlow.into(),
            Self::Scanning { let_go: true, .. } => MsgId::LetGo.into(),
            Self::Scanning { .. } => MsgId::Scanning.into(),
            Self::Found { n: 1 } => MsgId::FoundOne.into(),
            Self::Found { n } => Msg::with(MsgId::FoundSeveral, [Arg::Count(*n)]),
            Self::Verifying => MsgId::Verifying.into(),
            Self::NotGenuine { .. } => MsgId::NotGenuine.into(),
            Self::NotChecked => MsgId::NotChecked.into(),
            Self::AwaitPresence {
                kind,
                several,
                waited,
            } => presence(*kind, *several, *waited).into(),
            Self::Touched { kind, .. } => match kind {
                PresenceKind::Touch => MsgId::Touched,
                _ => MsgId::Received,
            }
            .into(),
            Self::TwoTouched { kind } => match kind {
                PresenceKind::Touch => MsgId::TwoTouched,
                _ => MsgId::TwoChosen,
            }
            .into(),
            Self::AnotherNearby => MsgId::AnotherNearby.into(),
            Self::TouchAgain { why, kind } => again(*why, *kind).into(),
            Self::CountSignals {
                incomplete: true, ..
            } => MsgId::CountIncomplete.into(),
            Self::CountSignals { signal, .. } => match signal {
                SignalKind::Beeps => MsgId::CountBeeps,
                SignalKind::Blinks => MsgId::CountBlinks,
                SignalKind::Vibrations => MsgId::CountVibrations,
            }
            .into(),
            Self::SignalOptions { .. } => MsgId::SignalOptions.into(),
            Self::NotConfirmed => MsgId::NotConfirmed.into(),
            Self::ChooseNetwork {
                product,
                actuators,
                network,
                ..
            } => confirmation(product, *actuators, network.as_ref()),
            Self::NetworkList { items, .. } if items.is_empty() => MsgId::NetworkListEmpty.into(),
            Self::NetworkList { .. } => MsgId::NetworkList.into(),
            Self::AskNetworkName { problem } => match problem {
                None => MsgId::AskNetworkName,
                Some(NameProblem::Empty) => MsgId::NetworkNameEmpty,
                Some(NameProblem::TooLong) => MsgId::NetworkNameTooLong,
            }
            .into(),
            Self::AskPassword {
                network,
                problem: None,
            } => about(MsgId::AskPassword, network),
            Self::WrongPassword {
                network,
                problem: None,
            } => about(MsgId::WrongPassword, network),
            Self::AskPassword {
                problem: Some(problem),
                ..
            }
            | Self::WrongPassword {
                problem: Some(problem),
                ..
            } => match problem {
                PasswordProblem::Length => MsgId::PasswordLength,
                PasswordProblem::Key => MsgId::PasswordKey,
            }
            .into(),
            Self::Sending => MsgId::Sending.into(),
            Self::Joining { network, .. } if network.shown().is_empty() => {
                MsgId::JoiningUnnamed.into()
            }
            Self::Joining {
                network,
                slow: false,
            } => about(MsgId::Joining, network),
            Self::Joining {
                network,
                slow: true,
            } => about(MsgId::JoiningSlow, network),
            Self::NetworkNotFound { network } => about(MsgId::NetworkNotFound, network),
            Self::DhcpFailed { network } => about(MsgId::DhcpFailed, network),
            Self::NoInternet { network } => about(MsgId::NoInternet, network),
            Self::Saving => MsgId::Saving.into(),
            Self::Done {
                product, network, ..
            } if network.shown().is_empty() => {
                Msg::with(MsgId::DoneUnnamed, [Arg::Product(product.clone())])
            }
            Self::Done {
                product, network, ..
            } => Msg::with(
                MsgId::Done,
                [Arg::Product(product.clone()), Arg::Network(network.clone())],
            ),
            Self::Cancelled => MsgId::Cancelled.into(),
            Self::LinkLost => MsgId::LinkLost.into(),
            Self::AlreadyOwned => MsgId::AlreadyOwned.into(),
            Self::OwnedByYou { product } => {
                Msg::with(MsgId::OwnedByYou, [Arg::Product(product.clone())])
            }
            Self::Forgotten { product } => {
                Msg::with(MsgId::Forgotten, [Arg::Product(product.clone())])
            }
            Self::Unfinished { product } => {
                Msg::with(MsgId::Unfinished, [Arg::Product(product.clone())])
            }
            Self::Busy => MsgId::Busy.into(),
            Self::Revoked => MsgId::Revoked.into(),
            Self::CannotSignal => MsgId::CannotSignal.into(),
            Self::UpdateRequired { .. } => MsgId::UpdateRequired.into(),
            Self::Failed { .. } => MsgId::Failed.into(),
        }
    }

    /// What may help, where the status has no room left for it: shown below it, and said after it.
    pub(crate) fn advice(&self) -> Option<Msg> {
        let id = match self {
            Self::NotChecked => MsgId::AdviceCloser,
            Self::NotGenuine { .. } | Self::Revoked | Self::CannotSignal => MsgId::AdviceAnother,
            Self::UpdateRequired { .. } => MsgId::AdviceUpdate,
            Self::NetworkNotFound { .. } => MsgId::AdviceBand,
            _ => return None,
        };
        Some(id.into())
    }

    /// The quiet second line, when nothing else claims it.
    pub(crate) fn detail(&self) -> Option<Msg> {
        match self {
            // The reminder alone would leave someone who explores the screen without the instruction.
            Self::AwaitPresence {
                kind,
                several,
                waited: true,
            } => Some(presence(*kind, *several, false).into()),
            Self::Done {
                note: Some(note), ..
            } => Some(
                match note {
                    DoneNote::NotYetConfirmedOnline => MsgId::NoteNotYetConfirmed,
                    DoneNote::DevelopmentDevice => MsgId::NoteDevelopment,
                }
                .into(),
            ),
            _ => self.advice(),
        }
    }

    /// `offered` is the network the list would use.
    pub(crate) fn primary(&self, offered: Option<&NetworkName>) -> Action {
        match self {
            Self::Idle | Self::Cancelled | Self::Forgotten { .. } => {
                plain(ActionId::ConnectDevice, MsgId::LabelConnectDevice)
            }
            Self::PermissionNeeded { .. } | Self::AskNetworkName { .. } => {
                plain(ActionId::Continue, MsgId::LabelContinue)
            }
            Self::PermissionBlocked { .. } => {
                plain(ActionId::OpenSettings, MsgId::LabelOpenSettings)
            }
            Self::LocationOff => plain(ActionId::TurnOnLocation, MsgId::LabelTurnOnLocation),
            Self::BluetoothOff => plain(ActionId::TurnOnBluetooth, MsgId::LabelTurnOnBluetooth),
            Self::NotGenuine { .. }
            | Self::NotChecked
            | Self::AlreadyOwned
            | Self::Revoked
            | Self::CannotSignal
            | Self::UpdateRequired { .. } => plain(ActionId::LookAgain, MsgId::LabelLookAgain),
            Self::BluetoothMissing
            | Self::AnotherNearby
            | Self::NotConfirmed
            | Self::WrongPassword { .. }
            | Self::NetworkNotFound { .. }
            | Self::DhcpFailed { .. }
            | Self::Busy
            | Self::Failed { .. } => plain(ActionId::TryAgain, MsgId::LabelTryAgain),
            Self::CountSignals { .. } => plain(ActionId::Enter, MsgId::LabelEnter),
            Self::SignalOptions { slowest: false, .. } => {
                plain(ActionId::RepeatSlower, MsgId::LabelRepeatSlower)
            }
            Self::SignalOptions { slowest: true, .. } => {
                plain(ActionId::RepeatFaster, MsgId::LabelRepeatFaster)
            }
            Self::ChooseNetwork { .. } | Self::NetworkList { .. } => match offered {
                Some(network) => Action {
                    id: ActionId::UseNetwork,
                    label: about(MsgId::LabelUse, network),
                },
                None => plain(ActionId::Refresh, MsgId::LabelRefresh),
            },
            Self::AskPassword { .. } => plain(ActionId::Connect, MsgId::LabelConnect),
            Self::NoInternet { .. } => plain(ActionId::CheckAgain, MsgId::LabelCheckAgain),
            Self::Done { .. } | Self::Unfinished { .. } => {
                plain(ActionId::Finish, MsgId::LabelFinish)
            }
            Self::OwnedByYou { .. } => plain(ActionId::ChangeWifi, MsgId::LabelChangeWifi),
            Self::Scanning { .. }
            | Self::Found { .. }
            | Self::Verifying
            | Self::AwaitPresence { .. }
            | Self::Touched { .. }
            | Self::TwoTouched { .. }
            | Self::TouchAgain { .. }
            | Self::Sending
            | Self::Joining { .. }
            | Self::Saving
            | Self::LinkLost => plain(ActionId::SayAgain, MsgId::LabelSayAgain),
        }
    }

    /// Cancel first, Help last, and Help only where it is not one stop too many.
    pub(crate) fn secondary(&self, revealed: bool, offered: bool) -> Vec<Action> {
        let other = || plain(ActionId::OtherNetworks, MsgId::LabelOtherNetworks);
        let type_name = || plain(ActionId::TypeName, MsgId::LabelTypeName);
        let not_mine = || plain(ActionId::NotMyDevice, MsgId::LabelNotMyDevice);
        let show = || {
            let label = if revealed {
                MsgId::LabelHidePassword
            } else {
                MsgId::LabelShowPassword
            };
            plain(ActionId::ShowPassword, label)
        };
        let cancellable = !matches!(
            self,
            Self::Idle | Self::Cancelled | Self::Forgotten { .. } | Self::Done { .. }
        );
        let mut actions = Vec::new();
        if cancellable {
            actions.push(plain(ActionId::Cancel, MsgId::LabelCancel));
        }
        actions.extend(match self {
            Self::CountSignals { .. } => vec![
                plain(ActionId::Repeat, MsgId::LabelRepeat),
                plain(ActionId::ChangeSignals, MsgId::LabelChangeSignals),
            ],
            Self::SignalOptions { other, .. } => {
                let other = other.map(|signal| match signal {
                    SignalKind::Beeps => MsgId::LabelCountBeeps,
                    SignalKind::Blinks => MsgId::LabelCountBlinks,
                    SignalKind::Vibrations => MsgId::LabelCountVibrations,
                });
                other
                    .map(|label| plain(ActionId::OtherSignal, label))
                    .into_iter()
                    .chain([not_mine()])
                    .collect()
            }
            Self::ChooseNetwork { .. } => {
                vec![if offered { other() } else { type_name() }, not_mine()]
            }
            Self::NetworkList { .. } if offered => {
                vec![plain(ActionId::Refresh, MsgId::LabelRefresh), type_name()]
            }
            Self::NetworkList { .. } => vec![type_name()],
            Self::AskPassword { .. } | Self::WrongPassword { .. } => vec![show(), other()],
            Self::AskNetworkName { .. } => {
                vec![plain(ActionId::NoPassword, MsgId::LabelNoPassword), other()]
            }
            Self::NetworkNotFound { .. } | Self::DhcpFailed { .. } => vec![other()],
            Self::NoInternet { .. } => {
                vec![plain(ActionId::FinishAnyway, MsgId::LabelFinishAnyway)]
            }
            Self::Done { .. } => vec![plain(ActionId::ConnectAnother, MsgId::LabelConnectAnother)],
            Self::OwnedByYou { .. } => {
                vec![plain(ActionId::ForgetDevice, MsgId::LabelForgetDevice)]
            }
            _ => Vec::new(),
        });
        if actions.len() + 1 < MOST_CONTROLS {
            actions.push(plain(ActionId::Help, MsgId::LabelHelp));
        }
        actions
    }

    pub(crate) fn field(&self, revealed: bool) -> Option<Field> {
        let field = |kind, label: MsgId, hint: MsgId, error| Field {
            kind,
            label: label.into(),
            hint: hint.into(),
            error,
            revealed,
        };
        match self {
            Self::AskPassword { problem, .. } => Some(field(
                FieldKind::Password,
                MsgId::FieldPassword,
                MsgId::FieldPasswordHint,
                problem.map(|_| self.status()),
            )),
            Self::WrongPassword { .. } => Some(field(
                FieldKind::Password,
                MsgId::FieldPassword,
                MsgId::FieldPasswordHint,
                Some(self.status()),
            )),
            Self::AskNetworkName { problem } => Some(field(
                FieldKind::NetworkName,
                MsgId::FieldNetworkName,
                MsgId::FieldNetworkNameHint,
                problem.map(|_| self.status()),
            )),
            Self::CountSignals { incomplete, .. } => Some(field(
                FieldKind::Counts,
                MsgId::FieldCounts,
                MsgId::FieldCountsHint,
                incomplete.then(|| self.status()),
            )),
            _ => None,
        }
    }

    /// Where the focus goes when the step is entered.
    pub(crate) fn focus(&self) -> Option<FocusTarget> {
        match self {
            Self::ChooseNetwork { .. } | Self::NetworkList { .. } => Some(FocusTarget::Title),
            Self::AskPassword { .. } | Self::WrongPassword { .. } | Self::AskNetworkName { .. } => {
                Some(FocusTarget::Field)
            }
            Self::Done { .. } | Self::Failed { .. } => Some(FocusTarget::TitleIfLost),
            _ => None,
        }
    }
}

fn plain(id: ActionId, label: MsgId) -> Action {
    Action {
        id,
        label: label.into(),
    }
}

fn about(id: MsgId, network: &NetworkName) -> Msg {
    Msg::with(id, [Arg::Network(network.clone())])
}

/// The request follows in its own words.
fn again(why: AgainReason, kind: PresenceKind) -> MsgId {
    let touch = kind == PresenceKind::Touch;
    match why {
        AgainReason::OthersNearby if touch => MsgId::TouchAgainNearby,
        AgainReason::OthersNearby => MsgId::AgainNearby,
        AgainReason::TwoTouched if touch => MsgId::TouchAgainTwo,
        AgainReason::TwoTouched => MsgId::AgainTwo,
        AgainReason::CountsDiffer if touch => MsgId::TouchAgainCounts,
        AgainReason::CountsDiffer => MsgId::AgainCounts,
        AgainReason::LinkLost if touch => MsgId::TouchAgainLost,
        AgainReason::LinkLost => MsgId::AgainLost,
        AgainReason::NoMoreRepeats if touch => MsgId::TouchAgainRepeats,
        AgainReason::NoMoreRepeats => MsgId::AgainRepeats,
        AgainReason::Restarted => MsgId::TouchAgainRestarted,
        AgainReason::NotOnce => MsgId::TouchAgainNotOnce,
        AgainReason::NotMine => MsgId::TouchAgainNotMine,
        AgainReason::StaysOff => MsgId::TouchAgainStaysOff,
    }
}

fn presence(kind: PresenceKind, several: bool, waited: bool) -> MsgId {
    if waited {
        return match kind {
            PresenceKind::Touch => MsgId::TouchWait,
            _ => MsgId::PresenceWait,
        };
    }
    match (kind, several) {
        (PresenceKind::Touch, false) => MsgId::TouchOne,
        (PresenceKind::Touch, true) => MsgId::TouchSeveral,
        (PresenceKind::Press, false) => MsgId::PressOne,
        (PresenceKind::Press, true) => MsgId::PressSeveral,
        (PresenceKind::PowerCycle, false) => MsgId::PowerCycleOne,
        (PresenceKind::PowerCycle, true) => MsgId::PowerCycleSeveral,
        (PresenceKind::Knock, false) => MsgId::KnockOne,
        (PresenceKind::Knock, true) => MsgId::KnockSeveral,
        (PresenceKind::Remote, false) => MsgId::RemoteOne,
        (PresenceKind::Remote, true) => MsgId::RemoteSeveral,
        (PresenceKind::Nfc, false) => MsgId::NfcOne,
        (PresenceKind::Nfc, true) => MsgId::NfcSeveral,
    }
}

/// The text claims only what the device can do.
fn confirmation(product: &Product, actuators: Actuators, network: Option<&NetworkName>) -> Msg {
    let product = Arg::Product(product.clone());
    let Some(network) = network else {
        return Msg::with(MsgId::ChooseNone, [product]);
    };
    let id = match (actuators.sound, actuators.light, actuators.vibration) {
        (true, false, false) => MsgId::ChooseBeeping,
        (false, true, false) => MsgId::ChooseBlinking,
        (false, false, true) => MsgId::ChooseVibrating,
        (true, true, false) => MsgId::ChooseBeepingBlinking,
        (true, false, true) => MsgId::ChooseBeepingVibrating,
        (false, true, true) => MsgId::ChooseBlinkingVibrating,
        (true, true, true) => MsgId::ChooseAll,
        (false, false, false) => MsgId::ChooseSilent,
    };
    Msg::with(id, [product, Arg::Network(network.clone())])
}
