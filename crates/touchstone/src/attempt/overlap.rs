//! Somebody else is about, or two devices were touched (protocol rule A-b): every touch so far is given up, and the prompt begins anew.

use std::time::Duration;

use touchstone_flow::{AgainReason, Event};
use touchstone_proto::record::ReleaseReason;

use super::{Core, Phase};
use crate::report::Outcome;

/// After this many releases because of an overlap, the person is asked to try later (rule A-b).
const OVERLAPS: u8 = 2;

impl Core {
    /// Both are released, and the person is asked again.
    pub(super) fn several_touched(&mut self, now: Duration, other: usize) {
        let Some(chosen) = self.chosen() else { return };
        self.overlaps = self.overlaps.saturating_add(1);
        for index in [chosen, other] {
            self.release(now, index, ReleaseReason::SeveralTouched);
        }
        if self.overlaps >= OVERLAPS {
            if self.can_count([chosen, other]) {
                return self.raise_level(now, AgainReason::TwoTouched);
            }
            return self.stop(now, Outcome::AnotherNearby, Event::AnotherNearby);
        }
        self.search_again(now);
        self.tell(now, Event::SeveralTouched);
    }

    /// Somebody else is about: the touch of this device alone confirms nothing while that is so.
    pub(super) fn release_for_overlap(&mut self, now: Duration, index: usize, why: &'static str) {
        self.recorder
            .note(now, "overlap", None, Some(why.to_owned()));
        if self.can_count([index]) {
            return self.raise_level(now, AgainReason::OthersNearby);
        }
        self.overlaps = self.overlaps.saturating_add(1);
        if self.overlaps >= OVERLAPS {
            return self.stop(now, Outcome::AnotherNearby, Event::AnotherNearby);
        }
        self.phase = Phase::Overlapped;
        self.disarm_everybody(now, ReleaseReason::Overlap);
        self.prompt.forget();
        self.recorder.outcome(Outcome::AnotherNearby);
        self.tell(now, Event::AnotherNearby);
    }

    /// No ARM and no touch made so far counts any more.
    pub(super) fn disarm_everybody(&mut self, now: Duration, reason: ReleaseReason) {
        for index in 0..self.candidates.len() {
            let Some(candidate) = self.candidates.get_mut(index) else {
                continue;
            };
            candidate.void_touch();
            if !candidate.may_be_armed() {
                continue;
            }
            if candidate.state.is_after_evidence() {
                self.release(now, index, reason);
            } else {
                candidate.forget_touch();
            }
        }
    }

    /// Back to the prompt. Devices that were told to be quiet are armed anew, so that they give their waiting signal again.
    pub(super) fn search_again(&mut self, now: Duration) {
        self.sightings.forgive_busy();
        self.search_on(now, ReleaseReason::Cancelled);
    }

    /// The same, but devices that were busy are left alone.
    pub(super) fn search_on(&mut self, now: Duration, reason: ReleaseReason) {
        self.phase = Phase::Searching;
        self.disarm_everybody(now, reason);
        self.busy_at = None;
        self.prompt.forget();
        self.recorder.outcome(Outcome::Unfinished);
        self.start_scan();
    }
}
