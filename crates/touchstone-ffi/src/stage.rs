//! Where screens and cues go.

use std::sync::Arc;

use touchstone_flow::{Cue, Screen};

use crate::HostError;

/// The application's user interface. Called on the thread that runs the attempt: hand over and return.
#[uniffi::export(foreign)]
pub trait Stage: Send + Sync {
    /// Render this screen, whole; it replaces the one before. What is thrown here is ignored, since the next screen is complete again.
    fn show(&self, screen: Screen) -> Result<(), HostError>;
    /// Say, play or let the person feel something. Optional: an application that drops every cue is still usable. What is thrown here is ignored.
    fn cue(&self, cue: Cue) -> Result<(), HostError>;
}

/// An application's stage as the SDK's.
pub struct StageOf(pub Arc<dyn Stage>);

impl touchstone::Stage for StageOf {
    fn show(&self, screen: Screen) {
        drop(self.0.show(screen));
    }

    fn cue(&self, cue: Cue) {
        drop(self.0.cue(cue));
    }
}
