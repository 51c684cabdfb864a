//! What records say. The discriminants are the numbers on the wire.

use core::{net::IpAddr, time::Duration};

use super::presence::{Actuator, PressKind};
use crate::credentials::{Credentials, Security, Ssid};

/// How sure a set-up must be that the touched device is the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Touch, exclusivity and confirmation by response.
    L1 = 1,
    /// Touch, exclusivity and a short authentication string that the person counts: see [`sas`](crate::sas).
    L2 = 2,
}

impl Level {
    /// Every one, in wire order.
    pub const ALL: [Self; 2] = [Self::L1, Self::L2];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::L1 => 1,
            Self::L2 => 2,
        }
    }
}

/// What the phone asks of a device's signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum IdentifyMode {
    /// No signal; answered by [`Status::Untouched`].
    Off = 0,
    /// Respond, so that the person can tell which device was touched; answered by [`Status::Responding`].
    Respond = 1,
    /// Give the waiting signal now: it is this device's turn among several. Not answered.
    Turn = 2,
    /// Keep the next waiting or response signal back for 4 s, as the phone speaks now; never for longer than 10 s after the last one. Not answered.
    Hold = 3,
}

impl IdentifyMode {
    /// Every one, in wire order.
    pub const ALL: [Self; 4] = [Self::Off, Self::Respond, Self::Turn, Self::Hold];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Respond => 1,
            Self::Turn => 2,
            Self::Hold => 3,
        }
    }
}

/// How fast a device plays the counts of level L2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Pace {
    /// A signal every 600 ms.
    Normal = 0,
    /// A signal every 900 ms.
    Slow = 1,
    /// A signal every 1300 ms.
    Slower = 2,
}

impl Pace {
    /// Every one, in wire order.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Slow, Self::Slower];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Slow => 1,
            Self::Slower => 2,
        }
    }
}

/// Why the phone lets a device go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ReleaseReason {
    /// The person cancelled.
    Cancelled = 0,
    /// Several devices were touched.
    SeveralTouched = 1,
    /// The person said that it is another device that responded.
    NotMyDevice = 2,
    /// Another device was chosen.
    AnotherChosen = 3,
    /// Another session nearby overlapped.
    Overlap = 4,
    /// The set-up failed.
    Failed = 5,
    /// The set-up is complete.
    Done = 6,
}

impl ReleaseReason {
    /// Every one, in wire order.
    pub const ALL: [Self; 7] = [
        Self::Cancelled,
        Self::SeveralTouched,
        Self::NotMyDevice,
        Self::AnotherChosen,
        Self::Overlap,
        Self::Failed,
        Self::Done,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Cancelled => 0,
            Self::SeveralTouched => 1,
            Self::NotMyDevice => 2,
            Self::AnotherChosen => 3,
            Self::Overlap => 4,
            Self::Failed => 5,
            Self::Done => 6,
        }
    }
}

/// Why a device refuses a session or its arming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DeniedReason {
    /// It belongs to another owner key.
    Owned = 0,
    /// Another session is armed or holds the claim.
    Busy = 1,
    /// It cannot do the level asked for.
    Level = 2,
    /// It does not accept set-up now.
    Locked = 3,
}

impl DeniedReason {
    /// Every one, in wire order.
    pub const ALL: [Self; 4] = [Self::Owned, Self::Busy, Self::Level, Self::Locked];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Owned => 0,
            Self::Busy => 1,
            Self::Level => 2,
            Self::Locked => 3,
        }
    }
}

/// What a device reports of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Not touched since it was armed: the answer to [`IdentifyMode::Off`].
    Untouched,
    /// Responding now: the answer to [`IdentifyMode::Respond`].
    Responding,
    /// The credentials are held in memory.
    Accepted,
    /// Joining the network.
    Connecting,
    /// The network refused the password.
    WrongPassword,
    /// No network of the list is in range.
    NetworkNotFound,
    /// Joined, but no address.
    DhcpFailed,
    /// Joined, with an address, but the vendor's service is out of reach.
    NoInternet,
    /// Joined.
    Joined {
        /// The device's address.
        address: IpAddr,
    },
    /// No longer armed: the person took too long, or the phone was silent.
    Disarmed,
    /// Would not respond: other sessions are about, or the touch is of level L2.
    RespondRefused,
    /// Neither owned nor claimed: the phone may forget its key for this device.
    UnownedUnclaimed,
    /// Playing the counts of level L2: the answer to REVEAL.
    Counting,
}

impl Status {
    pub(crate) const JOINED: u8 = 8;
    /// Every state that carries no detail.
    pub(crate) const WITHOUT_DETAIL: [Self; 12] = [
        Self::Untouched,
        Self::Responding,
        Self::Accepted,
        Self::Connecting,
        Self::WrongPassword,
        Self::NetworkNotFound,
        Self::DhcpFailed,
        Self::NoInternet,
        Self::Disarmed,
        Self::RespondRefused,
        Self::UnownedUnclaimed,
        Self::Counting,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Untouched => 0,
            Self::Responding => 1,
            Self::Accepted => 2,
            Self::Connecting => 3,
            Self::WrongPassword => 4,
            Self::NetworkNotFound => 5,
            Self::DhcpFailed => 6,
            Self::NoInternet => 7,
            Self::Joined { .. } => Self::JOINED,
            Self::Disarmed => 9,
            Self::RespondRefused => 10,
            Self::UnownedUnclaimed => 11,
            Self::Counting => 12,
        }
    }
}

/// What went wrong on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// A record could not be read.
    MalformedRecord = 1,
    /// A record came at the wrong time.
    UnexpectedRecord = 2,
    /// The credentials are out of range.
    BadCredentials = 3,
    /// Storage failed.
    Storage = 4,
    /// Anything else.
    Internal = 5,
}

impl ErrorCode {
    /// Every one, in wire order.
    pub const ALL: [Self; 5] = [
        Self::MalformedRecord,
        Self::UnexpectedRecord,
        Self::BadCredentials,
        Self::Storage,
        Self::Internal,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::MalformedRecord => 1,
            Self::UnexpectedRecord => 2,
            Self::BadCredentials => 3,
            Self::Storage => 4,
            Self::Internal => 5,
        }
    }
}

/// How far a claim has come, told on a new link of the same owner key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ResumedState {
    /// Touched; no credentials yet.
    Touched = 0,
    /// Credentials are held.
    Accepted = 1,
    /// Joining.
    Joining = 2,
    /// Joined; waits for CONFIRM.
    Joined = 3,
    /// Joining failed; waits for corrected credentials.
    JoinFailed = 4,
}

impl ResumedState {
    /// Every one, in wire order.
    pub const ALL: [Self; 5] = [
        Self::Touched,
        Self::Accepted,
        Self::Joining,
        Self::Joined,
        Self::JoinFailed,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Touched => 0,
            Self::Accepted => 1,
            Self::Joining => 2,
            Self::Joined => 3,
            Self::JoinFailed => 4,
        }
    }
}

/// A claim as the device remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// How far it has come.
    pub state: ResumedState,
    /// Level of the ARM that the touch answered.
    pub level: Level,
    /// How it was touched.
    pub kind: PressKind,
    /// Highest number of other sessions since that ARM.
    pub contended: u32,
    /// Time since the touch, in whole seconds.
    pub touch_age: Duration,
    /// SHA-256 of the plaintext of that ARM; `None` if it is not known any more.
    pub h_arm: Option<[u8; 32]>,
    /// Names the set-up: see [`commit_id`](crate::touch::commit_id).
    pub commit_id: [u8; 16],
}

/// What a TOUCH record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TouchReport {
    /// HMAC over everything both sides agree about (docs/PROTOCOL.md section 6).
    pub confirmation: [u8; 32],
    /// How the device was touched.
    pub kind: PressKind,
    /// Number of other sessions about.
    pub contended: u32,
    /// The device's random number.
    pub n_d: [u8; 16],
}

/// One network in a device's scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNetwork {
    /// Its name.
    pub ssid: Ssid,
    /// How it protects itself.
    pub security: Security,
    /// Signal strength at the device in dBm.
    pub rssi: i8,
    /// IEEE 802.11 channel number.
    pub channel: u8,
}

/// Most networks in one NETWORKS record.
pub const MAX_SEEN: usize = 16;

/// A device's scan, strongest first.
pub type SeenNetworks = heapless::Vec<SeenNetwork, MAX_SEEN>;

/// A record from the phone.
// No indirection: firmware has no heap, and only one record exists at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PhoneRecord {
    /// Start the Wi-Fi scan; reserves nothing.
    Prepare,
    /// Still there.
    KeepAlive {
        /// The next record counter its sender expects.
        next_counter: u32,
    },
    /// Respond, or stop.
    Identify(IdentifyMode),
    /// Lets the device go.
    Release(ReleaseReason),
    /// Scan again.
    Rescan,
    /// Forget owner and networks; owner only.
    Forget,
    /// Asks for a touch.
    Arm {
        /// How sure it must be.
        level: Level,
        /// SHA-256 of N_p.
        h_np: [u8; 32],
    },
    /// Opens N_p and has the counts played, the first time or again: level L2 only.
    Reveal {
        /// The number committed to in ARM. No secret any more.
        n_p: [u8; 16],
        /// On what to play them.
        signal: Actuator,
        /// How fast.
        pace: Pace,
    },
    /// Make it permanent.
    Confirm {
        /// Names the set-up.
        commit_id: [u8; 16],
    },
    /// The Wi-Fi credentials.
    Credentials(Credentials),
}

/// A record from the device.
// No indirection: firmware has no heap, and only one record exists at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceRecord {
    /// Still there.
    KeepAlive {
        /// The next record counter its sender expects.
        next_counter: u32,
    },
    /// Waits for a touch.
    Armed {
        /// The advertised epoch at this moment.
        epoch: u32,
        /// The level in force.
        level: Level,
    },
    /// Let go.
    Released,
    /// Progress.
    Status(Status),
    /// Refused.
    Denied(DeniedReason),
    /// Permanent.
    Committed {
        /// Names the set-up.
        commit_id: [u8; 16],
    },
    /// Something failed.
    Error(ErrorCode),
    /// It was touched.
    Touch(TouchReport),
    /// The claim this owner key holds.
    Resumed(Resumed),
    /// The networks it sees.
    Networks(SeenNetworks),
}
