//! The Touchstone SDK: bring a new device onto Wi-Fi with one button and one touch.
//!
//! The SDK never talks to a radio, a clock or a key store itself: the host gives it [`Ports`]. It never shows or says anything either: it hands complete
//! [`Screen`]s and optional [`Cue`]s to a [`Stage`]. A host builds one [`Provisioner`], starts an attempt, runs it, and reports the person's acts through
//! the [`Attempt`] handle.
#![forbid(unsafe_code)]

mod attempt;
mod driver;
#[cfg(feature = "native")]
pub mod native;
mod person;
mod policy;
pub mod ports;
mod report;

use std::sync::Arc;

pub use touchstone_flow as flow;
pub use touchstone_flow::{A11yContext, ActionId, Cue, Screen};
pub use touchstone_proto::{
    credentials::{CredentialError, Credentials, Network},
    owner::OwnerPublicKey,
    record::Level,
};
pub use touchstone_trust as trust;

pub use crate::{
    driver::Stage,
    person::Attempt,
    policy::{Policy, PostQuantum},
    ports::Ports,
    report::{Entry, Outcome, Report},
};

/// Connects devices for one host.
#[derive(Clone)]
pub struct Provisioner {
    ports: Ports,
    policy: Policy,
}

impl Provisioner {
    /// A provisioner over the host's ports.
    #[must_use]
    pub fn new(ports: Ports, policy: Policy) -> Self {
        Self { ports, policy }
    }

    /// A new attempt: the person's handle, and the work to be run. Nothing happens before it is run.
    #[must_use]
    pub fn attempt(&self, context: A11yContext) -> (Attempt, AttemptRun) {
        let (attempt, inputs) = Attempt::new();
        let core = attempt::Core::new(context, self.policy.clone(), self.ports.entropy.clone());
        (
            attempt,
            AttemptRun(driver::Driver::new(self.ports.clone(), core, inputs)),
        )
    }
}

/// The work of one attempt.
pub struct AttemptRun(driver::Driver);

impl AttemptRun {
    /// Runs until the person has finished or the last [`Attempt`] is dropped; needs no particular runtime. Dropping the future is safe at any time: the
    /// devices let go by their own timers.
    pub async fn run(self, stage: Arc<dyn Stage>) -> Report {
        self.0.run(stage).await
    }
}
