//! The device role against the phone's half of the protocol, in virtual time.

#[path = "../support/mod.rs"]
mod support;

mod claims;
mod commits;
mod contention;
mod counts;
mod handshakes;
mod hostile;
#[cfg(feature = "ml-kem")]
mod hybrid;
mod power_cycles;
mod resets;
mod shaping;
mod signals;
mod touches;
mod wifi;
