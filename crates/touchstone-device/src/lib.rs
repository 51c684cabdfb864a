//! The device role of TS/1: what firmware links.
//!
//! [`Device`] decides when to answer, who may be armed, what counts as a touch and when anything is stored. It does no I/O: the host moves fragments,
//! tells the time and lends it [`ports::Ports`]. It never shows a session key to a port, and nothing a peer or a port does makes it panic.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

#[cfg(test)]
extern crate std;

mod device;
mod identity;
pub mod ports;
mod rules;

pub use device::{Device, LINK_SLOTS, LinkId};
pub use identity::{Identity, MAX_LEAF, SHORT_BOOT};
pub use touchstone_proto::device::Suites;
