//! Records: what phone and device say to each other under the session keys (docs/PROTOCOL.md section 6).

mod cipher;
mod codec;
mod presence;
mod types;

pub(crate) use cipher::{Opener, Sealed, Sealer};
pub(crate) use codec::{BorrowedCredentials, MAX_PLAINTEXT, Record, one_of};

pub use presence::{Actuator, Actuators, PresenceKinds, PressKind};
pub use types::{
    DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, MAX_SEEN, Pace, PhoneRecord,
    ReleaseReason, Resumed, ResumedState, SeenNetwork, SeenNetworks, Status, TouchReport,
};

#[cfg(test)]
mod tests;
