//! The nine claims and their CBOR.

use core::fmt;

use crate::record::{Actuators, Level, PresenceKinds};

/// UEID (RFC 9711 section 4.2.1): type byte 0x01 (RAND) and 16 bytes.
pub type Ueid = [u8; 17];

/// Debug status (RFC 9711 section 4.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DebugStatus {
    /// Debug facilities are on.
    Enabled = 0,
    /// Off now, whatever they were.
    Disabled = 1,
    /// Off since the last boot.
    DisabledSinceBoot = 2,
    /// Off for good, except for the manufacturer.
    DisabledPermanently = 3,
    /// Off for good, for everyone.
    DisabledFullyAndPermanently = 4,
}

/// A firmware version: "major.minor.patch" on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FirmwareVersion {
    /// Incompatible changes.
    pub major: u16,
    /// Compatible changes.
    pub minor: u16,
    /// Repairs.
    pub patch: u16,
}

impl fmt::Display for FirmwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a device says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The phone's challenge, repeated.
    pub nonce: [u8; 16],
    /// The device's permanent identity, as in its certificate.
    pub ueid: Ueid,
    /// Product family.
    pub model_class: u16,
    /// Whether the firmware was verified at boot.
    pub secure_boot: bool,
    /// State of the debug facilities.
    pub debug_status: DebugStatus,
    /// Random, new at each boot.
    pub boot_id: [u8; 8],
    /// Running firmware.
    pub firmware: FirmwareVersion,
    /// Number of resets to factory state.
    pub reset_epoch: u32,
    /// The ways it can be touched.
    pub presence: PresenceKinds,
    /// The ways it can respond.
    pub actuators: Actuators,
    /// The highest level it can do.
    pub max_level: Level,
    /// The highest TS version it speaks.
    pub highest_version: u8,
    /// Number of boots.
    pub boot_count: u32,
}
