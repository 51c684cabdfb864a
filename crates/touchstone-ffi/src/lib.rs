//! Touchstone in other languages: what is generated into `bindings/`.
//!
//! A surface and nothing else. It decides nothing, waits for nothing and shows nothing: records come from `touchstone-flow` as they are, ports of the
//! SDK become traits that Kotlin or Swift implement, and every call is passed on. Documentation here is what an application developer reads in KDoc
//! and DocC.

mod attempt;
mod error;
mod host;
mod output;
mod provisioner;
mod radio;
mod stage;
mod text;

pub use attempt::{ConnectAttempt, Outcome, Report};
pub use error::{ConnectError, HostError};
pub use host::{NetworkStore, OwnerKey, SavedNetwork, Security};
pub use output::{Note, notes, vibration};
pub use provisioner::{Policy, PostQuantum, Provisioner, TrustBundle};
pub use radio::{HostRadio, LinkFault, RadioHost, RadioState};
pub use stage::{Stage, StageOf};
pub use text::{is_right_to_left, render};

uniffi::setup_scaffolding!();
