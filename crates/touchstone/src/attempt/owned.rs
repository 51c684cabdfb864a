//! A device that already belongs to this owner key: another Wi-Fi, or giving it up.

use std::time::Duration;

use touchstone_flow::Event;
use touchstone_proto::{
    phone::Session,
    record::{IdentifyMode, ReleaseReason, Status},
};

use super::{
    Action, Core, Phase,
    candidate::{Candidate, State},
};
use crate::report::Outcome;

/// How long a device may take to forget its owner.
const FORGETTING: Duration = Duration::from_secs(10);

impl Core {
    /// Its first answer was COMMITTED: shown when no new device turns up.
    pub(super) fn owned_by_us(&mut self, now: Duration, index: usize) {
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        match candidate.state {
            // It answers its touch, or a release, later.
            State::Touched | State::AwaitReleased => return,
            _ if candidate.changing => return,
            State::AwaitArmed | State::Armed => {
                return self.release(now, index, ReleaseReason::Cancelled);
            }
            _ => candidate.state = State::Owned,
        }
        // Already said, and the person may want something else of it.
        if matches!(self.phase, Phase::Owned) {
            return;
        }
        let product = self.product(index);
        self.verdicts
            .note(now, Outcome::OwnedByYou, Event::OwnedByYou { product });
    }

    /// The link stays: the person may want another Wi-Fi.
    pub(super) fn show_owned(&mut self, now: Duration, event: Event) {
        self.recorder.outcome(Outcome::OwnedByYou);
        self.stop_scan();
        self.phase = Phase::Owned;
        self.tell(now, event);
    }

    fn owned(&self) -> Option<usize> {
        self.candidates
            .iter()
            .position(|candidate| candidate.earlier.is_some())
    }

    /// Another Wi-Fi needs a touch, like the first.
    pub(super) fn change_wifi(&mut self, now: Duration) {
        if let (Phase::Owned, Some(index)) = (&self.phase, self.owned()) {
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.changing = true;
                if candidate.state == State::Owned {
                    candidate.state = State::Attested;
                }
            }
            self.search_again(now);
        }
    }

    /// The device forgets its owner and its networks.
    pub(super) fn forget_device(&mut self, now: Duration) {
        if let (Phase::Owned, Some(index)) = (&self.phase, self.owned()) {
            self.phase = Phase::Forgetting {
                index,
                until: now + FORGETTING,
            };
            self.ask_to_forget(now, index);
        }
    }

    fn ask_to_forget(&mut self, now: Duration, index: usize) {
        self.act_on(now, index, |candidate, _| {
            candidate.tell(now, Session::forget)
        });
    }

    /// After a lost link: the answer to FORGET may have been lost with it.
    pub(super) fn ask_whether_forgotten(&mut self, now: Duration, index: usize) {
        self.act_on(now, index, |candidate, _| {
            candidate.tell(now, |session| session.identify(IdentifyMode::Off))
        });
    }

    pub(super) fn forgetting_status(&mut self, now: Duration, index: usize, status: Status) {
        match status {
            // Authenticated: nobody owns it, and nobody is about to.
            Status::UnownedUnclaimed => {
                if let Some(ueid) = self.candidates.get(index).and_then(Candidate::ueid) {
                    self.actions.push_back(Action::ForgetOwner(ueid));
                }
                let product = self.product(index);
                self.let_everyone_go(now, ReleaseReason::Done);
                self.phase = Phase::Stopped;
                self.tell(now, Event::Forgotten { product });
            }
            Status::Disarmed => self.ask_to_forget(now, index),
            _ => {}
        }
    }
}
