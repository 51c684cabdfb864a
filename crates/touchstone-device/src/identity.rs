//! What the factory and the boot tell the device about itself.

use core::time::Duration;

use heapless::Vec;
use touchstone_proto::{
    device::Suites,
    evidence::{DebugStatus, FirmwareVersion, Ueid},
    record::{Actuators, Level},
};

/// Longest leaf certificate in bytes: what fits message_2 with everything else in it.
pub const MAX_LEAF: usize = 1024;

/// A boot shorter than this is part of the reset gesture.
pub const SHORT_BOOT: Duration = Duration::from_secs(10);

/// A device's unchanging facts. None of them is secret.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The factory's X.509 certificate, DER.
    pub leaf: Vec<u8, MAX_LEAF>,
    /// The permanent identity in that certificate.
    pub ueid: Ueid,
    /// Product family.
    pub model_class: u16,
    /// Running firmware.
    pub firmware: FirmwareVersion,
    /// Whether the firmware was verified at boot.
    pub secure_boot: bool,
    /// State of the debug facilities.
    pub debug_status: DebugStatus,
    /// The ways it can respond.
    pub actuators: Actuators,
    /// The highest level it is made for: see [`Identity::highest_level`].
    pub max_level: Level,
    /// Number of boots, this one included. Kept by the firmware, outside [`Storage`](crate::ports::Storage).
    pub boot_count: u32,
    /// Boots in a row before this one that lasted less than [`SHORT_BOOT`] each: the reset gesture of a device without a button. Kept by the firmware
    /// next to `boot_count`; 0 in devices that are reset in another way.
    pub short_boots: u32,
    /// The cipher suites it is made for: see [`Identity::suites`].
    pub suites: Suites,
}

impl Identity {
    /// The highest level it can do: counts need something to play them on.
    #[must_use]
    pub const fn highest_level(&self) -> Level {
        if self.actuators.any() {
            self.max_level
        } else {
            Level::L1
        }
    }

    /// The cipher suites it takes: a long leaf and the hybrid suite do not fit into one message_2.
    #[must_use]
    pub fn suites(&self) -> Suites {
        #[cfg(feature = "ml-kem")]
        if self.leaf.len() <= touchstone_proto::device::MAX_HYBRID_LEAF {
            return self.suites;
        }
        // Without the feature too: something else in the build may have brought the suite into the protocol.
        Suites::Classical
    }
}
