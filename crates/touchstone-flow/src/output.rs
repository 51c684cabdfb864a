//! What comes out of the flow.

use crate::{Counts, Cue, NetworkItem, NetworkName, Password, Screen, SignalKind, SignalPace};

/// One thing for the host to do, in order.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "a handful exist at a time, and a box would be in every host's way"
)]
pub enum Output {
    /// Show this; it replaces everything shown before.
    Screen(Screen),
    /// Say, play or feel this. Dropping every cue leaves the flow passable.
    Cue(Cue),
    /// Tell the provisioner.
    Command(Command),
}

/// What the person decided. A command may be repeated: carrying out one that is already under way must be harmless.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Command {
    /// Begin: check permission and radio, then scan.
    Start,
    /// Open the system's permission dialog.
    RequestPermission,
    /// Open the system's settings.
    OpenSettings,
    /// Ask the system to switch Bluetooth on.
    TurnOnBluetooth,
    /// Check permission and radio again and go on when they are there; sent when the person comes back to the app.
    Recheck,
    /// Scan anew after a stop.
    LookAgain,
    /// Try again from where it failed.
    Retry,
    /// The person confirms that the responding device is the one meant. Sent once, before the first [`Command::UseNetwork`].
    ConfirmDevice,
    /// Give the device this network.
    UseNetwork {
        /// Which one.
        network: NetworkChoice,
        /// As typed and checked for length; `None` for open networks and for saved ones whose password the host keeps.
        password: Option<Password>,
    },
    /// The responding device is not the one meant: release and exclude it.
    NotMyDevice,
    /// Ask the device for a newer list; answered by [`Event::Networks`](crate::Event::Networks).
    RefreshNetworks,
    /// Ask the device for its internet state.
    CheckInternet,
    /// Finish without internet.
    FinishAnyway,
    /// The person has read the end.
    Finish,
    /// Finish what an earlier run of the app began.
    FinishEarlier,
    /// Begin again with another device and the same network.
    ConnectAnother,
    /// Stop and roll back.
    Cancel,
    /// Give an owned device another network.
    ChangeWifi,
    /// Give up ownership of the device.
    ForgetDevice,
    /// Level 2: let the device give its signals now, for the first time or again.
    GiveSignals {
        /// Which.
        signal: SignalKind,
        /// How fast.
        pace: SignalPace,
    },
    /// Level 2: the counted signals, each number from 1 to 6.
    EnterCounts(Counts),
}

/// The network the person decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkChoice {
    /// An entry of the list the device reported.
    Listed {
        /// Position in the newest list the flow was given and has shown.
        index: usize,
        /// The entry itself, so that a list refreshed meanwhile cannot change what is meant.
        item: NetworkItem,
    },
    /// A name typed by hand, checked to have 1 to 32 bytes.
    Typed {
        /// The name.
        ssid: NetworkName,
        /// Whether it needs a password.
        secured: bool,
    },
}

impl NetworkChoice {
    /// The network's name.
    pub fn ssid(&self) -> &NetworkName {
        match self {
            Self::Listed { item, .. } => &item.ssid,
            Self::Typed { ssid, .. } => ssid,
        }
    }

    /// Whether a password has to be typed unless one is held already.
    pub(crate) fn needs_password(&self) -> bool {
        match self {
            Self::Listed { item, .. } => item.secured && !item.saved,
            Self::Typed { secured, .. } => *secured,
        }
    }

    /// Whether a password means anything for it.
    pub(crate) fn secured(&self) -> bool {
        match self {
            Self::Listed { item, .. } => item.secured,
            Self::Typed { secured, .. } => *secured,
        }
    }
}
