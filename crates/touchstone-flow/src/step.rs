//! Where the person is: one variant for each row of the state table.

use alloc::vec::Vec;

use crate::{NetworkName, PasswordProblem, Product};

/// Where the person is. Everything a host may want to draw differently is in here; the texts are in the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Step {
    /// Nothing has begun.
    Idle,
    /// A permission will be asked for.
    PermissionNeeded {
        /// Which one.
        what: Permission,
    },
    /// A permission is refused.
    PermissionBlocked {
        /// Which one.
        what: Permission,
    },
    /// Bluetooth is off.
    BluetoothOff,
    /// There is no Bluetooth adapter.
    BluetoothMissing,
    /// Location is off.
    LocationOff,
    /// Looking for devices.
    Scanning {
        /// It takes longer than usual.
        slow: bool,
        /// The person has just said that the device that responded is not theirs: it is let go.
        let_go: bool,
    },
    /// Devices answer.
    Found {
        /// How many.
        n: u32,
    },
    /// Devices are being verified.
    Verifying,
    /// Stopped: not genuine.
    NotGenuine {
        /// Why.
        reason: NotGenuineReason,
    },
    /// Stopped: what a device sent could not be checked. It may be genuine, and somebody in between.
    NotChecked,
    /// The person's turn: touch the device.
    AwaitPresence {
        /// In which way.
        #[cfg_attr(feature = "serde", serde(rename = "presence"))]
        kind: PresenceKind,
        /// More than one device waits.
        several: bool,
        /// A reminder is being shown.
        waited: bool,
    },
    /// The touch has arrived.
    Touched {
        /// Verified name of what was touched.
        product: Product,
        /// What was asked for.
        #[cfg_attr(feature = "serde", serde(rename = "presence"))]
        kind: PresenceKind,
    },
    /// Two devices were touched.
    TwoTouched {
        /// What was asked for.
        #[cfg_attr(feature = "serde", serde(rename = "presence"))]
        kind: PresenceKind,
    },
    /// Someone else is connecting nearby.
    AnotherNearby,
    /// The person is asked to touch again, and told why.
    TouchAgain {
        /// Why.
        why: AgainReason,
        /// What was asked for before.
        #[cfg_attr(feature = "serde", serde(rename = "presence"))]
        kind: PresenceKind,
    },
    /// The person's turn: count the signals (level 2).
    CountSignals {
        /// What to count.
        signal: SignalKind,
        /// What was entered is not a number of 1 to 6 for each group.
        incomplete: bool,
    },
    /// The person's turn: how the device is to signal (level 2).
    SignalOptions {
        /// What is being counted.
        signal: SignalKind,
        /// What the device can give instead.
        other: Option<SignalKind>,
        /// They cannot come any slower.
        slowest: bool,
    },
    /// Counting has not confirmed the device, too often to go on.
    NotConfirmed,
    /// The person's turn: confirm the responding device and its network.
    ChooseNetwork {
        /// Verified name of the responding device.
        product: Product,
        /// What it responds with.
        actuators: Actuators,
        /// The networks it sees; does not change while shown.
        items: Vec<NetworkItem>,
        /// Which of them is offered; `None` when a typed one is, or there is none.
        selected: Option<u32>,
        /// The network offered, if there is one.
        network: Option<NetworkName>,
    },
    /// The person's turn: choose from the list.
    NetworkList {
        /// The networks the device sees; does not change while shown.
        items: Vec<NetworkItem>,
        /// Which of them is offered.
        selected: Option<u32>,
    },
    /// The person's turn: type the name of a network.
    AskNetworkName {
        /// What was wrong with the name typed before.
        problem: Option<NameProblem>,
    },
    /// The person's turn: type the password.
    AskPassword {
        /// For which network.
        network: NetworkName,
        /// What was wrong with the password typed before.
        problem: Option<PasswordProblem>,
    },
    /// The credentials are on their way.
    Sending,
    /// The device is joining.
    Joining {
        /// Which network; without a name when an earlier run of the app sent it.
        network: NetworkName,
        /// It takes longer than usual.
        slow: bool,
    },
    /// The password did not work.
    WrongPassword {
        /// For which network.
        network: NetworkName,
        /// What was wrong with the password typed since.
        problem: Option<PasswordProblem>,
    },
    /// The device does not see the network.
    NetworkNotFound {
        /// Which one.
        network: NetworkName,
    },
    /// The router gave no address.
    DhcpFailed {
        /// Of which network.
        network: NetworkName,
    },
    /// Joined without internet.
    NoInternet {
        /// Which network.
        network: NetworkName,
    },
    /// The device is storing the result.
    Saving,
    /// Connected.
    Done {
        /// Verified name of the device.
        product: Product,
        /// Its network; without a name when an earlier run of the app sent it.
        network: NetworkName,
        /// A quiet second line.
        note: Option<DoneNote>,
    },
    /// Rolled back.
    Cancelled,
    /// No contact with the device.
    LinkLost,
    /// The device belongs to someone else.
    AlreadyOwned,
    /// The device belongs to this phone.
    OwnedByYou {
        /// Its verified name.
        product: Product,
    },
    /// The person has given the device up.
    Forgotten {
        /// Its verified name.
        product: Product,
    },
    /// The person's turn: the app was closed while this device was being connected; finish, or cancel.
    Unfinished {
        /// Its verified name.
        product: Product,
    },
    /// Another phone is connecting the device.
    Busy,
    /// The maker has withdrawn the device.
    Revoked,
    /// The device cannot signal as the app or its maker demands.
    CannotSignal,
    /// Something is too old.
    UpdateRequired {
        /// What.
        what: UpdateTarget,
    },
    /// Anything else.
    Failed {
        /// For support; never announced.
        code: u16,
    },
}

macro_rules! plain_enum {
    ($($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
        #[non_exhaustive]
        pub enum $name { $($(#[$vmeta])* $variant),+ }
    )+};
}

plain_enum! {
    /// A system permission.
    Permission {
        /// Bluetooth scanning and connecting.
        NearbyDevices,
        /// Location, which old systems want for a Bluetooth scan.
        Location,
    }
    /// Why a device is not accepted as genuine; for reports and Help.
    NotGenuineReason {
        /// It proved to have the key of a certificate that is not one of the maker's.
        Certificate,
        /// Its evidence does not verify.
        Evidence,
        /// Its evidence shows a state that the policy does not allow.
        Policy,
    }
    /// What the person does at the device.
    PresenceKind {
        /// Touch a surface.
        Touch,
        /// Press a button.
        Press,
        /// Turn it off and on.
        PowerCycle,
        /// Knock on it.
        Knock,
        /// Press a button of its remote control.
        Remote,
        /// Hold the phone to it.
        Nfc,
    }
    /// What a device gives to be counted.
    SignalKind {
        /// Sound.
        Beeps,
        /// Light.
        Blinks,
        /// Vibration.
        Vibrations,
    }
    /// Why a touch has to be repeated.
    AgainReason {
        /// Somebody else is about: from now on signals are counted too.
        OthersNearby,
        /// Two devices were touched, and not for the first time: from now on signals are counted too.
        TwoTouched,
        /// The numbers entered were not those of the device.
        CountsDiffer,
        /// The link broke before the numbers were entered.
        LinkLost,
        /// The device gives the same signals only so many times.
        NoMoreRepeats,
        /// The device that was touched does not know of it any more: it lost power, or too much time has passed.
        Restarted,
        /// The device was away, but was not turned off and on just once.
        NotOnce,
        /// The person said that the touched device is not theirs, and others wait.
        NotMine,
        /// The device was to be turned off and on, and has not been heard since.
        StaysOff,
    }
    /// What has to be updated.
    UpdateTarget {
        /// The app.
        App,
        /// The device's firmware.
        Device,
    }
    /// A quiet second line of the end.
    DoneNote {
        /// Genuine by the bundle at hand; the maker's service has not been asked yet.
        NotYetConfirmedOnline,
        /// Verified under the development root.
        DevelopmentDevice,
    }
    /// Why a typed network name cannot be used.
    NameProblem {
        /// Nothing was typed.
        Empty,
        /// More than 32 bytes.
        TooLong,
    }
    /// How well a network is received by the device.
    Strength {
        /// Hardly.
        Weak,
        /// Well enough.
        Fair,
        /// Well.
        Strong,
    }
}

/// How fast signals follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum SignalPace {
    /// As fast as most people count.
    #[default]
    Normal,
    /// More slowly.
    Slow,
    /// As slowly as they can.
    Slower,
}

/// What a device can respond with. The text claims only that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Actuators {
    /// It beeps.
    pub sound: bool,
    /// It blinks.
    pub light: bool,
    /// It vibrates.
    pub vibration: bool,
}

impl Actuators {
    /// Whether the device can give these signals.
    pub fn can(self, signal: SignalKind) -> bool {
        match signal {
            SignalKind::Beeps => self.sound,
            SignalKind::Blinks => self.light,
            SignalKind::Vibrations => self.vibration,
        }
    }
}

/// A network the device sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NetworkItem {
    /// Its name.
    pub ssid: NetworkName,
    /// It needs a password.
    pub secured: bool,
    /// The host has its password.
    pub saved: bool,
    /// How well the device receives it.
    pub strength: Strength,
}
