//! What goes into the flow: the person's acts, the host's facts and the provisioner's events.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use crate::{
    ActionId, Actuators, AgainReason, Counts, DoneNote, NetworkItem, NotGenuineReason, Password,
    Permission, PresenceKind, Product, UpdateTarget,
};

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// The person activated a control.
    Press {
        /// Which control.
        action: ActionId,
        /// The [`Screen::seq`](crate::Screen::seq) of the screen that showed it.
        seq: u64,
    },
    /// The present content of the password field; sent at the latest before the press that uses it. Shows no new screen.
    Password(Password),
    /// The person chose an entry of the list of networks.
    SelectNetwork {
        /// Position in the list of the screen.
        index: usize,
    },
    /// The person typed the name of a network that is not in the list.
    TypeNetwork {
        /// The name as typed.
        name: String,
        /// False if the host knows that it has no password. A person says so with [`ActionId::NoPassword`](crate::ActionId::NoPassword).
        secured: bool,
    },
    /// The numbers of signals the person counted; sent at the latest before the press on Enter.
    Counts(Counts),
    /// What the person uses, now.
    Context(A11yContext),
    /// `false` while a system dialog or a keyboard opens, or the app is in the background: no cue is given until 700 ms after `true`.
    UiReady(bool),
    /// What became of a [`Cue::Say`](crate::Cue::Say).
    Said {
        /// Its id.
        id: u64,
        /// Whether it was spoken to its end.
        delivered: bool,
    },
    /// The person came back to the app.
    Resume,
    /// A fact from the provisioner.
    Event(Event),
    /// The time of [`Flow::poll_timeout`](crate::Flow::poll_timeout) has come.
    Timeout,
}

/// A fact from the provisioner. Facts about a device are authenticated; nothing here may rest on a plain error or an advertisement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The person has to be asked for a permission; the system dialog opens only after the press on Continue.
    PermissionNeeded {
        /// Which one.
        what: Permission,
    },
    /// The permission last needed was refused.
    PermissionBlocked,
    /// Bluetooth is switched off.
    BluetoothOff,
    /// The host has no Bluetooth adapter.
    BluetoothMissing,
    /// Location is switched off and the host cannot scan without it (Android 11 and older).
    LocationOff,
    /// The scan has begun.
    Scanning,
    /// The person said that it is not their device: it was let go, nothing was sent to it, and the search goes on.
    LetGo,
    /// So many devices answer; counts that change later are merged without a new announcement.
    Found {
        /// How many, at least 1.
        n: u32,
    },
    /// Devices are being verified.
    Verifying,
    /// The only device at hand could not prove that it is genuine. Not to be sent while a genuine one is present.
    NotGenuine {
        /// Why.
        reason: NotGenuineReason,
    },
    /// What the only device at hand sent could not be checked: it proves nothing, neither for nor against the device.
    NotChecked,
    /// At least one verified device is armed and waits for the person.
    AwaitPresence {
        /// What the device can sense, as attested.
        kind: PresenceKind,
        /// Whether more than one device waits.
        several: bool,
    },
    /// No device waits any more; the prompt is taken back.
    PresenceWithdrawn,
    /// One device was touched.
    Touched {
        /// Its verified name.
        product: Product,
    },
    /// Two devices were touched and both were released.
    SeveralTouched,
    /// A foreign device is armed or touched nearby.
    AnotherNearby,
    /// The touch does not count and everybody is released; devices will wait for another.
    TouchAgain {
        /// Why.
        why: AgainReason,
    },
    /// Level 2: the touched device is ready to give three groups of signals. Which kind the flow decides:
    /// [`Command::GiveSignals`](crate::Command::GiveSignals) asks for them.
    CountSignals {
        /// What the device can signal with; at least one.
        actuators: Actuators,
    },
    /// Level 2: counting has not confirmed the device, too often to go on.
    NotConfirmed,
    /// The touched device, and it alone, is responding now. The press on "Use Home" confirms it.
    ChooseNetwork {
        /// Its verified name.
        product: Product,
        /// What it responds with.
        actuators: Actuators,
        /// The networks it sees, strongest first.
        networks: Vec<NetworkItem>,
        /// Which of them to offer; the first when out of range. A network chosen earlier in this attempt goes first.
        preselected: usize,
    },
    /// A newer list; kept back until the person asks for it, unless the shown list is empty.
    Networks(Vec<NetworkItem>),
    /// The credentials are on their way.
    Sending,
    /// The device is joining.
    Joining,
    /// The device was refused for its password.
    WrongPassword,
    /// The device does not see the network.
    NetworkNotFound,
    /// The device joined but the router gave it no address.
    DhcpFailed,
    /// The device joined but does not reach the internet.
    NoInternet,
    /// The device reaches the internet now.
    InternetBack,
    /// CONFIRM is sent and COMMITTED awaited.
    Saving,
    /// The device has committed.
    Done {
        /// Its verified name.
        product: Product,
        /// A quiet second line.
        note: Option<DoneNote>,
    },
    /// The roll-back after [`Command::Cancel`](crate::Command::Cancel) is confirmed.
    Cancelled,
    /// The link in use broke just now. Sent at once: the flow itself waits three seconds before it says so.
    LinkLost,
    /// The link is back and nothing else has changed.
    LinkBack,
    /// The device answered that another owner has it.
    AlreadyOwned,
    /// The device belongs to this phone.
    OwnedByYou {
        /// Its verified name.
        product: Product,
    },
    /// The device has forgotten its owner, as asked.
    Forgotten {
        /// Its verified name.
        product: Product,
    },
    /// The device still holds what an earlier run of the app gave it, and waits to be told to keep it.
    Unfinished {
        /// Its verified name.
        product: Product,
    },
    /// The device answered that another phone is connecting it.
    Busy,
    /// The maker has withdrawn the device.
    Revoked,
    /// The device cannot do the level that the app or its maker demands.
    CannotSignal,
    /// Version or firmware below the floor.
    UpdateRequired {
        /// What has to be updated.
        what: UpdateTarget,
    },
    /// Anything that has no row of its own.
    Failed {
        /// For support; readable under Help, never announced.
        code: u16,
    },
}

/// What the person uses and wants; re-read at any time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct A11yContext {
    /// A screen reader is on. Without one nothing is said; text, haptics and earcons remain.
    pub screen_reader: bool,
    /// A switch or another scanning input is in use.
    pub switch_access: bool,
    /// Animation is unwanted.
    pub reduce_motion: bool,
    /// Haptics are possible and wanted.
    pub haptics: bool,
    /// Earcons are possible and wanted.
    pub sounds: bool,
    /// Multiplies every reminder interval; taken as 1 below 1 and as 10 above 10.
    pub time_scale: f32,
}

impl Default for A11yContext {
    fn default() -> Self {
        Self {
            screen_reader: false,
            switch_access: false,
            reduce_motion: false,
            haptics: true,
            sounds: true,
            time_scale: 1.0,
        }
    }
}

impl A11yContext {
    /// `interval` as this person needs it.
    pub(crate) fn scaled(&self, interval: Duration) -> Duration {
        let scale = if self.time_scale.is_nan() {
            1.0
        } else {
            self.time_scale.clamp(1.0, 10.0)
        };
        interval.mul_f32(scale)
    }
}
