//! TS/1 on the wire, without I/O.
//!
//! No clock, no random numbers of its own, no allocation; nothing a peer sends may panic.
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

pub mod advert;
pub mod attestation;
pub mod cbor;
mod channel;
pub mod credentials;
pub mod device;
pub mod edhoc;
pub mod error;
pub mod evidence;
pub mod frame;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod gatt;
mod mac;
pub mod message;
pub mod owner;
pub mod phone;
pub mod record;
pub mod sas;
pub mod secret;
pub mod touch;

pub use error::Error;

/// The highest TS version this implementation speaks.
pub const HIGHEST_VERSION: u8 = 1;
