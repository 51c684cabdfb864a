//! A device that is switched off and on: its link goes, and that is no misfortune (rule R-i).

use std::time::Duration;

use touchstone_flow::PresenceKind;
use touchstone_proto::record::Level;

use super::{super::prompt::presence_kind, Candidate, Happening, State};

/// For so long a device that was switched off is expected back without a word.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A device that was to be switched off and on, and is off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Off {
    since: Duration,
    /// The person was told that it stays away.
    told: bool,
}

impl Candidate {
    /// The link is gone; whether that is what the person was asked for.
    pub(crate) fn is_switched_off(&mut self, now: Duration) -> bool {
        let asked = self
            .verdict
            .as_ref()
            .is_some_and(|verdict| presence_kind(verdict.presence()) == PresenceKind::PowerCycle);
        if asked && self.arm_stands && !self.is_touched() {
            self.off.get_or_insert(Off {
                since: now,
                told: false,
            });
        }
        self.off.is_some()
    }

    /// Since when it is off.
    pub(crate) fn off_since(&self) -> Option<Duration> {
        self.off.map(|off| off.since)
    }

    /// Whether the prompt still means it: it is off, and has not been for long.
    pub(crate) fn is_expected_back(&self) -> bool {
        self.off.is_some_and(|off| !off.told)
    }

    /// When to say that it stays away.
    pub(crate) fn back_by(&self) -> Option<Duration> {
        let off = self.off.filter(|off| !off.told);
        off.map(|off| off.since + PATIENCE)
    }

    /// Whether it is time to say so; once.
    pub(crate) fn stays_away(&mut self, now: Duration) -> bool {
        let late = self.back_by().is_some_and(|by| by <= now);
        if let Some(off) = self.off.as_mut().filter(|_| late) {
            off.told = true;
        }
        late
    }

    /// It waits for the person again; whether that is because a power cycle did not count.
    pub(crate) fn asks_anew(&mut self) -> bool {
        self.off.take().is_some()
    }

    /// TOUCH in the first envelope of another boot.
    pub(super) fn power_cycled(&mut self, contended: u32, level: Level) -> Happening {
        self.off = None;
        self.claim_until = None;
        let (Some(wire), Some(claim)) = (&mut self.wire, &mut self.claim) else {
            return Happening::ResumedElsewhere;
        };
        let taken_up = claim
            .memory
            .as_ref()
            .filter(|_| claim.level >= level)
            .map(|memory| wire.session.take_up_power_cycle(memory));
        match taken_up {
            Some(Ok((touched, memory))) => {
                claim.memory = Some(memory);
                claim.touched = Some(touched);
                claim.is_touched = true;
                self.state = State::Touched;
                self.arm_stands = true;
                self.losses = 0;
                Happening::Touched { contended }
            }
            _ => Happening::ResumedElsewhere,
        }
    }
}
