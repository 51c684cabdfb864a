//! How each step is announced: the columns Pol, H, E, I and timing of the state table.

use core::time::Duration;

use crate::{AgainReason, Earcon, Haptic, MsgId, Politeness, Step};

const NONE: Row = Row {
    politeness: None,
    must: false,
    haptic: None,
    earcon: None,
    interrupt: false,
    dwell: Duration::ZERO,
    prompt: false,
    finish: false,
    carry: false,
};
/// A polite status: said when it has lasted, or soon after a press.
const STATUS: Row = Row {
    politeness: Some(Politeness::Polite),
    dwell: Duration::from_millis(1500),
    prompt: true,
    ..NONE
};
/// A problem the person has to solve.
const PROBLEM: Row = Row {
    politeness: Some(Politeness::Assertive),
    must: true,
    haptic: Some(Haptic::Problem),
    earcon: Some(Earcon::Stop),
    interrupt: true,
    ..NONE
};
/// What to do about it, after it was said.
pub(crate) const ADVICE: Row = STATUS;
/// The person's turn.
const TURN: Row = Row {
    haptic: Some(Haptic::YourTurn),
    earcon: Some(Earcon::Turn),
    ..PROBLEM
};

/// How a step is announced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    /// `None`: not at all.
    pub(crate) politeness: Option<Politeness>,
    pub(crate) must: bool,
    pub(crate) haptic: Option<Haptic>,
    pub(crate) earcon: Option<Earcon>,
    pub(crate) interrupt: bool,
    /// How long the step must have lasted before it is said.
    pub(crate) dwell: Duration,
    /// After a press it is said sooner than after its dwell.
    pub(crate) prompt: bool,
    /// Worth finishing when the step is left while it is being said.
    pub(crate) finish: bool,
    /// Worth saying even when the step was left before: the next screen shows it too.
    pub(crate) carry: bool,
}

/// What a series of reminders is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Scan,
    Touch,
    Join,
}

impl Wait {
    /// When to remind, counted from the beginning: further and further apart, then silence.
    pub(crate) const fn reminders(self) -> &'static [Duration] {
        const fn s(seconds: u64) -> Duration {
            Duration::from_secs(seconds)
        }
        match self {
            Self::Scan => const { &[s(10), s(30), s(70)] },
            Self::Touch => const { &[s(20), s(60), s(120)] },
            Self::Join => const { &[s(25), s(60)] },
        }
    }
}

impl Step {
    pub(crate) fn row(&self) -> Row {
        let polite_after = |milliseconds| Row {
            dwell: Duration::from_millis(milliseconds),
            prompt: false,
            ..STATUS
        };
        match self {
            Self::Idle => NONE,
            Self::PermissionNeeded { .. } | Self::AskNetworkName { problem: None } => STATUS,
            Self::AskPassword { problem: None, .. }
            | Self::NetworkList { .. }
            | Self::SignalOptions { .. } => STATUS,
            Self::Scanning { slow: false, .. } => Row {
                haptic: Some(Haptic::Heard),
                earcon: Some(Earcon::Tick),
                ..STATUS
            },
            Self::Scanning { slow: true, .. } | Self::Joining { slow: true, .. } => polite_after(0),
            Self::Found { .. } => polite_after(1500),
            Self::Verifying | Self::Sending | Self::Saving => polite_after(2000),
            Self::Joining { slow: false, .. } => Row {
                haptic: Some(Haptic::Heard),
                ..polite_after(1500)
            },
            Self::AwaitPresence { waited: false, .. }
            | Self::CountSignals {
                incomplete: false, ..
            }
            | Self::ChooseNetwork { .. } => TURN,
            Self::AwaitPresence { waited: true, .. } => Row {
                haptic: TURN.haptic,
                earcon: TURN.earcon,
                ..polite_after(0)
            },
            // The person knows; it is no problem.
            Self::TouchAgain {
                why: AgainReason::NotMine,
                ..
            } => Row {
                haptic: None,
                earcon: None,
                finish: true,
                carry: true,
                ..PROBLEM
            },
            Self::TwoTouched { .. } | Self::TouchAgain { .. } => Row {
                finish: true,
                carry: true,
                ..PROBLEM
            },
            Self::Touched { .. } => Row {
                haptic: Some(Haptic::Heard),
                earcon: Some(Earcon::Tick),
                finish: true,
                ..PROBLEM
            },
            Self::Done { .. } => Row {
                haptic: Some(Haptic::Done),
                earcon: Some(Earcon::Ok),
                ..PROBLEM
            },
            Self::Cancelled | Self::Forgotten { .. } => Row {
                must: true,
                // Nothing follows that could make it idle talk.
                dwell: Duration::ZERO,
                haptic: Some(Haptic::Heard),
                earcon: Some(Earcon::Tick),
                ..STATUS
            },
            Self::LinkLost => Row {
                haptic: PROBLEM.haptic,
                earcon: PROBLEM.earcon,
                ..STATUS
            },
            Self::Unfinished { .. } => TURN,
            Self::OwnedByYou { .. } => Row {
                haptic: TURN.haptic,
                earcon: TURN.earcon,
                ..STATUS
            },
            Self::PermissionBlocked { .. }
            | Self::BluetoothOff
            | Self::BluetoothMissing
            | Self::LocationOff
            | Self::NotGenuine { .. }
            | Self::NotChecked
            | Self::AnotherNearby
            | Self::CountSignals {
                incomplete: true, ..
            }
            | Self::NotConfirmed
            | Self::AskNetworkName { problem: Some(_) }
            | Self::AskPassword {
                problem: Some(_), ..
            }
            | Self::WrongPassword { .. }
            | Self::NetworkNotFound { .. }
            | Self::DhcpFailed { .. }
            | Self::NoInternet { .. }
            | Self::AlreadyOwned
            | Self::Busy
            | Self::Revoked
            | Self::CannotSignal
            | Self::UpdateRequired { .. }
            | Self::Failed { .. } => PROBLEM,
        }
    }

    /// What the person, or the phone, is waiting for.
    pub(crate) fn wait(&self) -> Option<Wait> {
        match self {
            Self::Scanning { .. } => Some(Wait::Scan),
            Self::AwaitPresence { .. } => Some(Wait::Touch),
            Self::Joining { .. } => Some(Wait::Join),
            _ => None,
        }
    }

    /// The same step with its reminder shown or not.
    pub(crate) fn reminded(mut self, reminder: bool) -> Self {
        match &mut self {
            Self::Scanning { slow, .. } | Self::Joining { slow, .. } => *slow = reminder,
            Self::AwaitPresence { waited, .. } => *waited = reminder,
            _ => {}
        }
        self
    }

    /// The phone is at work and asks nothing of the person.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Scanning { .. }
                | Self::Found { .. }
                | Self::Verifying
                | Self::Touched { .. }
                | Self::Sending
                | Self::Joining { .. }
                | Self::Saving
                | Self::LinkLost
        )
    }

    /// Without a link this step's text would not be true. Where the person types or reads, a broken link can wait.
    pub(crate) fn needs_link(&self) -> bool {
        matches!(
            self,
            Self::Verifying
                | Self::AwaitPresence { .. }
                | Self::Touched { .. }
                | Self::CountSignals { .. }
                | Self::SignalOptions { .. }
                | Self::ChooseNetwork { .. }
                | Self::Sending
                | Self::Joining { .. }
                | Self::Saving
        )
    }

    /// Devices are being gathered; a touch has not been asked for yet.
    pub(crate) fn is_searching(&self) -> bool {
        matches!(
            self,
            Self::Scanning { .. } | Self::Found { .. } | Self::Verifying
        )
    }

    /// A device is in the person's hands: nothing about other devices may change the screen.
    pub(crate) fn is_with_one_device(&self) -> bool {
        matches!(
            self,
            Self::AwaitPresence { .. }
                | Self::Unfinished { .. }
                | Self::Touched { .. }
                | Self::CountSignals { .. }
                | Self::SignalOptions { .. }
                | Self::ChooseNetwork { .. }
                | Self::NetworkList { .. }
                | Self::AskNetworkName { .. }
                | Self::AskPassword { .. }
                | Self::Sending
                | Self::Joining { .. }
                | Self::WrongPassword { .. }
                | Self::NetworkNotFound { .. }
                | Self::DhcpFailed { .. }
                | Self::NoInternet { .. }
                | Self::Saving
                | Self::LinkLost
        )
    }

    /// What Help says here.
    pub(crate) fn help(&self) -> MsgId {
        use crate::UpdateTarget;
        match self {
            Self::Scanning { .. } | Self::Found { .. } | Self::Verifying | Self::LinkLost => {
                MsgId::HelpScan
            }
            Self::AwaitPresence { .. }
            | Self::Touched { .. }
            | Self::TwoTouched { .. }
            | Self::TouchAgain { .. } => MsgId::HelpTouch,
            Self::CountSignals { .. } | Self::SignalOptions { .. } => MsgId::HelpCount,
            Self::ChooseNetwork { .. }
            | Self::NetworkList { .. }
            | Self::AskNetworkName { .. }
            | Self::AskPassword { .. }
            | Self::Sending
            | Self::Joining { .. }
            | Self::WrongPassword { .. }
            | Self::NetworkNotFound { .. }
            | Self::DhcpFailed { .. }
            | Self::NoInternet { .. } => MsgId::HelpWifi,
            Self::NotGenuine { .. } => MsgId::HelpNotGenuine,
            Self::NotChecked => MsgId::HelpNotChecked,
            Self::AlreadyOwned => MsgId::HelpReset,
            Self::Busy | Self::AnotherNearby => MsgId::HelpWait,
            Self::Revoked | Self::CannotSignal => MsgId::HelpRevoked,
            Self::UpdateRequired {
                what: UpdateTarget::App,
            } => MsgId::HelpUpdateApp,
            Self::UpdateRequired { .. } => MsgId::HelpUpdateDevice,
            Self::Failed { .. } => MsgId::HelpFailed,
            _ => MsgId::HelpGeneral,
        }
    }
}
