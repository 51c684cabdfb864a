//! The golden transcript of a story: the same bytes from Rust and from every language of the bindings.

use std::{fmt::Write as _, time::Duration};

use touchstone::Outcome;
use touchstone_flow::{Cue, Screen, Transcript};

use super::Scenario;

/// Times are rounded to this, so that a byte more or less in the air changes no transcript.
const GRAIN: Duration = Duration::from_millis(100);

/// Writes down what the person gets.
#[derive(Debug, Default)]
pub struct Recorder(Transcript);

impl Recorder {
    /// The seed of every golden transcript.
    pub const SEED: u64 = 1;

    /// A screen, shown so long after the beginning of the story.
    pub fn show(&mut self, at: Duration, screen: &Screen) {
        self.0.screen(rounded(at), screen);
    }

    /// A cue, given so long after the beginning of the story.
    pub fn cue(&mut self, at: Duration, cue: &Cue) {
        self.0.cue(rounded(at), cue);
    }

    /// The whole transcript of a story with this end.
    #[must_use]
    pub fn text(&self, scenario: &Scenario, outcome: Outcome) -> String {
        let mut text = format!("# {}\n# {}\n\n", scenario.name, scenario.description);
        // Writing to a string does not fail.
        let _ = write!(text, "{}\n# {outcome:?}\n", self.0);
        text
    }
}

fn rounded(at: Duration) -> Duration {
    let grains = (at + GRAIN / 2).as_nanos() / GRAIN.as_nanos();
    GRAIN * u32::try_from(grains).unwrap_or(u32::MAX)
}
