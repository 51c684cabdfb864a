//! What happened in an attempt, for support: states, times and codes.
//!
//! Never holds a name, an address, a network, a key or a password: devices are numbered in the order they were met.

use std::time::Duration;

use serde::Serialize;

/// How an attempt ended, or how far it had come when the host left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The device is on the network and has stored it.
    Connected,
    /// The person cancelled, and the device was not changed.
    Cancelled,
    /// No device could prove that it is genuine.
    NotGenuine,
    /// The device belongs to another owner key.
    AlreadyOwned,
    /// The device already belongs to this owner key.
    OwnedByYou,
    /// Another phone is connecting the device.
    Busy,
    /// Another device nearby is being connected.
    AnotherNearby,
    /// The maker has withdrawn the device.
    Revoked,
    /// The device cannot do the level that the application or its maker demands.
    CannotSignal,
    /// The signals of the touched devices were not confirmed by counting them, for three touches.
    NotConfirmed,
    /// Device and application speak no common version, or the firmware is too old.
    UpdateRequired,
    /// The radio cannot be used.
    RadioUnusable,
    /// A fault of the host: trust bundle, owner key store.
    HostFault,
    /// The attempt stopped on the way.
    Unfinished,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Seconds since the attempt began.
    pub at: f64,
    /// What happened, in the words of the specification.
    pub what: &'static str,
    /// The device it concerns, numbered from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<u32>,
    /// A code that belongs to `what`: an error variant, a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The redacted report of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this crate.
    pub version: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What happened, in order; of more than [`Report::MOST_ENTRIES`], the first half and the latest.
    pub entries: Vec<Entry>,
}

impl Report {
    /// Bounds the memory of an attempt that waits for days.
    pub const MOST_ENTRIES: usize = 1000;
}

/// Collects a [`Report`].
pub(crate) struct Recorder {
    start: Duration,
    outcome: Outcome,
    entries: Vec<Entry>,
}

impl Recorder {
    pub(crate) fn new(start: Duration) -> Self {
        Self {
            start,
            outcome: Outcome::Unfinished,
            entries: Vec::new(),
        }
    }

    pub(crate) fn note(
        &mut self,
        now: Duration,
        what: &'static str,
        device: Option<u32>,
        detail: Option<String>,
    ) {
        if self.entries.len() >= Report::MOST_ENTRIES {
            // The beginning tells what was there, the end how it ended.
            self.entries.remove(Report::MOST_ENTRIES / 2);
        }
        let at = now.saturating_sub(self.start).as_secs_f64();
        self.entries.push(Entry {
            at,
            what,
            device,
            detail,
        });
    }

    pub(crate) fn outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            outcome: self.outcome,
            entries: self.entries.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_report_keeps_the_beginning_and_the_end() {
        let mut recorder = Recorder::new(Duration::ZERO);
        recorder.note(Duration::ZERO, "first", None, None);
        for second in 0..3000 {
            recorder.note(Duration::from_secs(second), "lost", None, None);
        }
        recorder.note(Duration::from_secs(3000), "done", None, None);
        let report = recorder.report();
        assert_eq!(report.entries.len(), Report::MOST_ENTRIES);
        assert_eq!(report.entries.first().unwrap().what, "first");
        assert_eq!(report.entries.last().unwrap().what, "done");
    }
}
