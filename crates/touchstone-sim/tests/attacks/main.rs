//! One named test per threat and per regression, against the whole stack, with somebody in the middle of the air.
//!
//! `docs/threats.json` says which test answers which threat; `cargo xtask attacks` runs them and prints the table.

mod counting;
mod downgrade;
mod flood;
mod harvest;
mod matrix_device;
mod matrix_phone;
mod middle;
mod raw;
mod replay;
mod selection;
mod shape;
mod strangers;
mod support;
mod trust;
mod walk;
mod walk_phone;
