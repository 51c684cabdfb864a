//! What the firmware gives the device role: its key, its button, its signals, its Wi-Fi, its storage and randomness.
//!
//! No port ever sees a session key. Only [`Wifi`] and [`Storage`] handle Wi-Fi passwords.

use core::net::IpAddr;

pub use touchstone_proto::device::FactoryKey;
use touchstone_proto::{
    credentials::Credentials,
    record::{Actuator, PresenceKinds, PressKind, SeenNetworks},
};

/// The ports of one device, bundled.
pub trait Ports {
    /// Signs with the factory key.
    type FactoryKey: FactoryKey;
    /// Sees the person.
    type Presence: Presence;
    /// Is seen, heard or felt by the person.
    type Indicator: Indicator;
    /// Scans and joins.
    type Wifi: Wifi;
    /// Survives a power cut.
    type Storage: Storage;
    /// Randomness.
    type Entropy: Entropy;

    /// The factory key.
    fn factory_key(&self) -> &Self::FactoryKey;
    /// The button or touch surface.
    fn presence(&mut self) -> &mut Self::Presence;
    /// The sounder, light or motor.
    fn indicator(&mut self) -> &mut Self::Indicator;
    /// The Wi-Fi station.
    fn wifi(&mut self) -> &mut Self::Wifi;
    /// The non-volatile store.
    fn storage(&mut self) -> &mut Self::Storage;
    /// The random number generator.
    fn entropy(&mut self) -> &mut Self::Entropy;
}

/// How the device notices a person's touch.
pub trait Presence {
    /// The raw level now, not debounced: `true` while pressed or touched.
    fn is_pressed(&mut self) -> bool;
    /// What kind of touch [`Presence::is_pressed`] reports.
    fn kind(&self) -> PressKind;
    /// Every way this device can be touched; goes into the evidence.
    fn kinds(&self) -> PresenceKinds {
        PresenceKinds::NONE.with(self.kind())
    }
}

/// Something to show, sound or vibrate, once. The device role repeats what has to repeat.
///
/// Each has its own rhythm on every actuator; none may be mistaken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Waiting for a touch.
    Waiting,
    /// "It is me": the touched device answers the app.
    Respond,
    /// The counts of level L2 begin: one long beep, blink or buzz of about a second on this actuator and no other.
    CountStart(Actuator),
    /// One of the signals that the person counts at level L2: a single beep, blink or buzz of at most 300 ms on this actuator and no other.
    Count(Actuator),
    /// The touch was noticed. Within 100 ms of it.
    TouchAck,
    /// Something is now permanent: set up, or reset.
    Chime,
    /// Held, and going on holding will reset the device.
    Help,
    /// Stop whatever is still playing.
    Off,
}

/// Shows signals.
pub trait Indicator {
    /// Starts `signal` and returns at once; a signal still playing is replaced.
    fn signal(&mut self, signal: Signal);
}

/// What became of the latest [`Wifi::join`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinStatus {
    /// Neither joined nor joining.
    Idle,
    /// Joining.
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
}

/// The Wi-Fi station.
pub trait Wifi {
    /// Starts a scan and returns at once. A scan still running may be continued instead.
    fn start_scan(&mut self);
    /// The results of the scan started last, once each.
    fn scan_results(&mut self) -> Option<SeenNetworks>;
    /// Starts joining one of the networks, the one of highest priority first, and returns at once; ends an earlier attempt or association.
    fn join(&mut self, credentials: &Credentials);
    /// What became of the latest [`Wifi::join`] since [`Wifi::leave`].
    fn status(&mut self) -> JoinStatus;
    /// Leaves the network, or gives up joining, and forgets the credentials.
    fn leave(&mut self);
}

/// What survives a power cut: one record, replaced as a whole.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Number of resets to factory state.
    pub reset_epoch: u32,
    /// The owner and what it entrusted to the device.
    pub ownership: Option<Ownership>,
    /// The ARM that the next power cycle answers; only in devices whose presence kinds include the power cycle.
    pub power_cycle: Option<AwaitedPowerCycle>,
}

/// An ARM that switching the device off and on answers (rule R-i): all that outlives the boot in which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwaitedPowerCycle {
    /// SHA-256 of the CRED_I of the owner key that sent it.
    pub owner_kid: [u8; 32],
    /// SHA-256 of its plaintext.
    pub h_arm: [u8; 32],
    /// The boot in which it came; it is answered by the next one only.
    pub boot_count: u32,
    /// How many other owner keys were about; 0 is what nobody was.
    pub contended: u8,
}

/// What CONFIRM makes permanent.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// SHA-256 of the owner's CRED_I.
    pub owner_kid: [u8; 32],
    /// How to join.
    pub credentials: Credentials,
    /// Names the set-up: the answer to an owner that asks whether its CONFIRM arrived.
    pub commit_id: [u8; 16],
}

/// The store failed, or its content is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageError;

impl core::fmt::Display for StorageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("storage failed")
    }
}

impl core::error::Error for StorageError {}

/// A non-volatile store of one record.
pub trait Storage {
    /// What was stored last; `None` when nothing ever was.
    ///
    /// # Errors
    /// [`StorageError`] when the content cannot be read. The device then refuses set-up, rather than take itself for unowned.
    fn load(&mut self) -> Result<Option<Stored>, StorageError>;
    /// Replaces the record. Power may fail at any point: afterwards the old record is there, or the new one, never a mix and never nothing.
    ///
    /// # Errors
    /// [`StorageError`] when it is not certain that the new record is there.
    fn store(&mut self, stored: &Stored) -> Result<(), StorageError>;
}

/// A cryptographically secure random number generator.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_touched_in_the_one_way_it_reports_unless_it_names_more() {
        struct Knocked;
        impl Presence for Knocked {
            fn is_pressed(&mut self) -> bool {
                false
            }
            fn kind(&self) -> PressKind {
                PressKind::Knock
            }
        }
        assert_eq!(Knocked.kinds(), PresenceKinds::NONE.with(PressKind::Knock));
    }
}
