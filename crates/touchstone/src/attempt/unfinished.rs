//! An earlier run of the app was killed after it had sent credentials: the person finishes what it began, or takes it back.
//!
//! This process has neither the ARM nor the press that confirmed the device, so it can send no credentials. It can have the device keep those that the
//! person confirmed then, and only in the set-up whose name it finds in its key store.

use std::time::Duration;

use touchstone_flow::Event;
use touchstone_proto::record::{ReleaseReason, ResumedState, Status};

use super::{Action, Core, Phase, candidate::Candidate};

/// The device that still holds what it was given.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) index: usize,
    joined: bool,
    /// The person wants it to be finished.
    decided: bool,
}

impl Core {
    /// The device tells of the set-up, at first or over a new link.
    pub(super) fn unfinished_found(&mut self, now: Duration, index: usize, state: ResumedState) {
        self.note(now, index, "unfinished", Some(format!("{state:?}")));
        let joined = state == ResumedState::Joined;
        let chosen = self.chosen() == Some(index);
        match &mut self.phase {
            Phase::Unfinished(unfinished) if chosen => {
                unfinished.joined = joined;
                self.tell(now, Event::LinkBack);
                self.go_on_finishing(now);
            }
            Phase::Searching => {
                self.stop_scan();
                self.release_losers(now, index);
                self.prompt.forget();
                self.phase = Phase::Unfinished(Unfinished {
                    index,
                    joined,
                    decided: false,
                });
                let product = self.product(index);
                self.tell(now, Event::Unfinished { product });
            }
            _ => self.resumed_elsewhere(now, index),
        }
    }

    /// The person wants it to be finished.
    pub(super) fn finish_earlier(&mut self, now: Duration) {
        if let Phase::Unfinished(unfinished) = &mut self.phase {
            unfinished.decided = true;
            self.go_on_finishing(now);
        }
    }

    fn go_on_finishing(&mut self, now: Duration) {
        let Phase::Unfinished(unfinished) = &self.phase else {
            return;
        };
        let index = unfinished.index;
        match (unfinished.decided, unfinished.joined) {
            (false, _) => {}
            (true, true) => self.confirm(now, index),
            (true, false) => self.tell(now, Event::Joining),
        }
    }

    pub(super) fn unfinished_status(&mut self, now: Duration, index: usize, status: Status) {
        match status {
            Status::Joined { .. } | Status::NoInternet => {
                if let Phase::Unfinished(unfinished) = &mut self.phase {
                    unfinished.joined = true;
                }
                self.go_on_finishing(now);
            }
            // Nothing that this process can correct.
            Status::WrongPassword
            | Status::NetworkNotFound
            | Status::DhcpFailed
            | Status::Disarmed => self.nothing_to_finish(now, index),
            _ => {}
        }
    }

    /// The set-up is gone or cannot be finished: everything begins anew, with a touch.
    pub(super) fn nothing_to_finish(&mut self, now: Duration, index: usize) {
        self.note(now, index, "claim gone", None);
        if let Some(ueid) = self.candidates.get(index).and_then(Candidate::ueid) {
            self.actions.push_back(Action::MarkSent(ueid, None));
        }
        self.release(now, index, ReleaseReason::Failed);
        self.prepare(now, false);
    }
}
