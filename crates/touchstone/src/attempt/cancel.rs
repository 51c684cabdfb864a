//! The way back: cancelling, RELEASED, leaving. "The device was not changed" is said only when the device says so.

use std::time::Duration;

use touchstone_flow::Event;
use touchstone_proto::{credentials::Network, record::ReleaseReason};

use super::{
    Action, Core, Phase,
    candidate::{Candidate, State},
    codes,
    delivery::Delivery,
};
use crate::report::Outcome;

/// How long RELEASED may take when nothing was sent to the device, or when nobody waits for it.
const RELEASING: Duration = Duration::from_secs(2);
/// How long it may take before the person is told that the roll-back is not confirmed.
const ROLLING_BACK: Duration = Duration::from_secs(10);

/// The person has cancelled.
#[derive(Debug)]
pub(super) struct Cancelling {
    /// The device from which something has to be taken back.
    index: Option<usize>,
    /// What this run of the app has sent to it, or was about to.
    delivery: Option<Box<Delivery>>,
    /// When to say that it takes long; `None` once said.
    until: Option<Duration>,
}

impl Cancelling {
    pub(super) fn index(&self) -> Option<usize> {
        self.index
    }

    pub(super) fn network(&self) -> Option<&Network> {
        self.delivery.as_ref().map(|delivery| &delivery.network)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.until
    }
}

impl Core {
    /// Whatever was sent is taken back.
    pub(super) fn cancel(&mut self, now: Duration) {
        match &self.phase {
            Phase::Done | Phase::Leaving { .. } => return,
            // Pressed again: the person does not want to wait.
            Phase::Cancelling(cancelling) => {
                let linked = cancelling.index().is_none_or(|index| self.is_wired(index));
                if !linked {
                    self.roll_back_is_uncertain(now);
                }
                return;
            }
            _ => {}
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Stopped);
        let (index, delivery) = match phase {
            Phase::Delivering(delivery) => (Some(delivery.index), Some(delivery)),
            Phase::Unfinished(unfinished) => (Some(unfinished.index), None),
            _ => (None, None),
        };
        let set_up = index
            .and_then(|index| self.candidates.get(index))
            .and_then(Candidate::commit_id);
        self.taken_back.extend(set_up);
        let patience = if index.is_some() {
            ROLLING_BACK
        } else {
            RELEASING
        };
        let keep_scanning = index.is_some_and(|index| !self.is_wired(index));
        self.phase = Phase::Cancelling(Cancelling {
            index,
            delivery,
            until: Some(now + patience),
        });
        if !keep_scanning {
            self.stop_scan();
        }
        for index in 0..self.candidates.len() {
            self.release(now, index, ReleaseReason::Cancelled);
        }
    }

    pub(super) fn advance_cancelling(&mut self, now: Duration) {
        match &self.phase {
            Phase::Cancelling(cancelling) => {
                let overdue = cancelling.until.is_some_and(|until| until <= now);
                match cancelling.index() {
                    // Until RELEASED, however long it takes; a lost link comes back first.
                    Some(_) if overdue => self.roll_back_is_uncertain(now),
                    Some(_) => {}
                    // Nothing was sent: whatever the device missed ends with its own timers.
                    None if overdue || !self.is_releasing() => self.cancelled(now),
                    None => {}
                }
            }
            Phase::Forgetting { until, .. } if *until <= now => {
                self.failed(now, Outcome::Unfinished, codes::DEVICE)
            }
            Phase::Leaving { until } if *until <= now || !self.is_releasing() => self.left(now),
            _ => {}
        }
    }

    fn is_releasing(&self) -> bool {
        self.candidates
            .iter()
            .any(|candidate| candidate.state == State::AwaitReleased)
    }

    fn roll_back_is_uncertain(&mut self, now: Duration) {
        if let Phase::Cancelling(cancelling) = &mut self.phase {
            cancelling.until = None;
        }
        let code = codes::ROLL_BACK;
        self.tell(now, Event::Failed { code });
    }

    pub(super) fn cancelled(&mut self, now: Duration) {
        self.let_everyone_go(now, ReleaseReason::Cancelled);
        self.stop_scan();
        self.phase = Phase::Stopped;
        self.recorder.outcome(Outcome::Cancelled);
        self.tell(now, Event::Cancelled);
    }

    /// RELEASED has come.
    pub(super) fn released(&mut self, now: Duration, index: usize) {
        self.note(now, index, "released", None);
        let chosen = self.chosen() == Some(index);
        let searching = matches!(
            self.phase,
            Phase::Preparing | Phase::Searching | Phase::Overlapped | Phase::Selected(_)
        );
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        if searching && !candidate.excluded {
            // A device of ours that was armed before it could say so.
            if candidate.owned {
                self.owned_by_us(now, index);
            }
            return;
        }
        // Only now is it certain that the device keeps nothing of this key, unless it is ours.
        if !candidate.owned
            && let Some(ueid) = candidate.ueid()
        {
            self.actions.push_back(Action::ForgetOwner(ueid));
        }
        self.drop_candidate(index);
        if chosen && matches!(self.phase, Phase::Cancelling(_)) {
            self.cancelled(now);
        }
    }

    pub(super) fn host_gone(&mut self, now: Duration) {
        self.recorder.note(now, "host gone", None, None);
        self.finish(now);
    }

    /// The end: devices that are let go may still say so, so that their owner keys can be deleted.
    pub(super) fn finish(&mut self, now: Duration) {
        if self.finished.is_some() || matches!(self.phase, Phase::Leaving { .. }) {
            return;
        }
        self.stop_scan();
        for index in 0..self.candidates.len() {
            self.release(now, index, ReleaseReason::Cancelled);
        }
        self.phase = Phase::Leaving {
            until: now + RELEASING,
        };
    }

    fn left(&mut self, now: Duration) {
        self.let_everyone_go(now, ReleaseReason::Cancelled);
        self.phase = Phase::Stopped;
        self.finished = Some(self.recorder.report());
    }
}

impl Core {
    pub(super) fn phase_deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Selected(_) => self.selection_deadline(),
            Phase::Cancelling(cancelling) => cancelling.deadline(),
            Phase::Forgetting { until, .. } | Phase::Leaving { until } => Some(*until),
            _ => None,
        }
    }
}
