//! Simulated devices, radio, people and adversaries under virtual time.
//!
//! Everything runs on the calling thread and follows from a seed. Nothing here reads the host's clock, its radio or its network, and
//! nothing here is part of a product.

#![forbid(unsafe_code)]

pub mod adversary;
pub mod air;
mod bare;
mod clock;
mod device;
mod peripheral;
mod person;
mod phone;
mod queue;
mod radio;
mod room;
pub mod scenarios;
pub mod wifi;
mod world;

pub use bare::{BareError, BareSession};
pub use clock::{SimClock, SimEntropy};
pub use device::{Factory, FlashCut, Play, Spec, Unit};
pub use peripheral::{DeviceId, Peripheral};
pub use person::{AtStep, AtStop, Counting, Hands, Person, Remedy, Script, Touch};
pub use phone::{Phone, SimNetworkStore, SimOwnerKeys};
pub use radio::{SimLink, SimRadio};
pub use room::{HOME_PASSWORD, Nobody, PATIENCE, Room, Visit, factory};
pub use world::{Stalled, World};
