//! Level L2: the person counts what the touched device signals (rules A-b and A-d).

use std::time::Duration;

use touchstone_flow::{AgainReason, Counts, Event, SignalKind, SignalPace};
use touchstone_proto::{
    record::{Actuator, Level, Pace, ReleaseReason},
    sas,
};

use super::{
    Core, Phase,
    candidate::{Candidate, Shortfall},
};
use crate::report::Outcome;

/// For so many touches of an attempt signals are given, and if none is confirmed the person is asked to try later. A device of somebody else passes each by
/// chance once in 216 times: 3 in 216 for a whole attempt. Touches are counted, not wrong numbers: a stranger who hears what his own unit gives could
/// otherwise break the link whenever it does not suit him, as often as he likes.
const TRIES: u8 = 3;

impl Core {
    /// Whether these devices can answer the doubt that has arisen.
    pub(super) fn can_count<const N: usize>(&self, devices: [usize; N]) -> bool {
        let can = |index| {
            self.candidates
                .get(index)
                .is_some_and(Candidate::can_be_counted)
        };
        self.level < Level::L2 && devices.into_iter().all(can)
    }

    /// From now on signals are counted, whoever else is about; the level never falls again.
    pub(super) fn raise_level(&mut self, now: Duration, why: AgainReason) {
        self.level = Level::L2;
        self.overlaps = 0;
        self.search_on(now, ReleaseReason::Overlap);
        self.tell(now, Event::TouchAgain { why });
    }

    /// Whether signals may be given for one touch more.
    pub(super) fn may_count(&self) -> bool {
        self.tries < TRIES
    }

    pub(super) fn not_confirmed(&mut self, now: Duration) {
        self.stop(now, Outcome::NotConfirmed, Event::NotConfirmed);
    }

    /// Everybody is released, and the person is asked for another touch.
    pub(super) fn touch_again(&mut self, now: Duration, why: AgainReason) {
        if !self.may_count() {
            return self.not_confirmed(now);
        }
        self.search_again(now);
        self.tell(now, Event::TouchAgain { why });
    }

    /// The device that is being counted, if it is still there.
    fn counted(&self) -> Option<usize> {
        match &self.phase {
            Phase::Selected(selection) if selection.asks_for_counts() => Some(selection.index),
            _ => None,
        }
        .filter(|index| self.is_touched(*index))
    }

    pub(super) fn give_signals(&mut self, now: Duration, signal: SignalKind, pace: SignalPace) {
        let Some(index) = self.counted() else { return };
        let signal = match signal {
            SignalKind::Beeps => Actuator::Sound,
            SignalKind::Blinks => Actuator::Light,
            SignalKind::Vibrations => Actuator::Vibration,
            _ => return,
        };
        let pace = match pace {
            SignalPace::Slow => Pace::Slow,
            SignalPace::Slower => Pace::Slower,
            _ => Pace::Normal,
        };
        if let Phase::Selected(selection) = &mut self.phase
            && !std::mem::replace(&mut selection.revealed, true)
        {
            self.tries = self.tries.saturating_add(1);
        }
        self.act_on(now, index, |c, _| c.reveal(now, signal, pace));
    }

    pub(super) fn no_more_repeats(&mut self, now: Duration, index: usize) {
        self.note(now, index, "no more repeats", None);
        if self.counted() == Some(index) {
            self.touch_again(now, AgainReason::NoMoreRepeats);
        }
    }

    pub(super) fn compare_counts(&mut self, now: Duration, entered: &Counts) {
        let Some(index) = self.counted() else { return };
        let Ok(entered) = sas::Counts::entered(entered.expose()) else {
            return;
        };
        let candidate = self.candidates.get_mut(index);
        match candidate.and_then(|candidate| candidate.compare_counts(&entered)) {
            Some(true) => {
                self.note(now, index, "counts are right", None);
                self.offer_networks(now, index);
            }
            Some(false) => self.counts_differ(now, index),
            // Nothing was given yet, or nothing is left to compare with: the loss of the touch is told by itself.
            None => {}
        }
    }

    /// The touch is spent: whether the person has miscounted or another device was touched, nobody can tell.
    fn counts_differ(&mut self, now: Duration, index: usize) {
        self.note(now, index, "counts differ", None);
        self.release(now, index, ReleaseReason::Failed);
        self.touch_again(now, AgainReason::CountsDiffer);
    }

    pub(super) fn level_unavailable(&mut self, now: Duration, index: usize, why: Shortfall) {
        let (outcome, event) = match why {
            Shortfall::Demanded => (Outcome::CannotSignal, Event::CannotSignal),
            // When nobody else is about, it can be connected.
            Shortfall::Raised => (Outcome::AnotherNearby, Event::AnotherNearby),
        };
        self.note(now, index, "level unavailable", Some(format!("{why:?}")));
        self.refuse(now, index, outcome, event);
    }
}
