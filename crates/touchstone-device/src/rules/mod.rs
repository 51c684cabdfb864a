//! The device rules of TS/1, one file each: pure state machines over time, without ports and without bytes.
//!
//! They never look at the link, the key exchange or the hardware; `Device` wires them together.

pub(crate) mod arm;
pub(crate) mod bucket;
pub(crate) mod button;
pub(crate) mod contention;
pub(crate) mod count;
pub(crate) mod rhythm;
pub(crate) mod window;

/// SHA-256 of an owner's CRED_I: what tells owners apart.
pub(crate) type OwnerKid = [u8; 32];
