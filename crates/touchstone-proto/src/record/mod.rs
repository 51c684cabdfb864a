//! Records: what phone and device say to each other under the session keys (docs/PROTOCOL.md section 6).

mod cipher;
mod codec;
mod types;

pub(crate) use cipher::{Opener, Sealed, Sealer};
pub(crate) use codec::{MAX_PLAINTEXT, Record, one_of};

pub use types::{
    Actuators, DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, MAX_SEEN, PhoneRecord,
    PresenceKinds, PressKind, ReleaseReason, Resumed, ResumedState, SeenNetwork, SeenNetworks,
    Status, TouchReport,
};

#[cfg(test)]
mod tests;
