//! A device that already belongs to this owner key: another Wi-Fi, or giving it up.

use std::time::Duration;

use touchstone_flow::Event;
use touchstone_proto::phone::Session;

use super::{Core, Phase, candidate::State};
use crate::report::Outcome;

impl Core {
    /// Its first answer was COMMITTED: shown when no new device turns up.
    pub(super) fn owned_by_us(&mut self, now: Duration, index: usize) {
        let product = self.product(index);
        if let Some(candidate) = self.candidates.get_mut(index) {
            candidate.state = State::Owned;
        }
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
            .position(|candidate| candidate.state == State::Owned)
    }

    /// Another Wi-Fi needs a touch, like the first.
    pub(super) fn change_wifi(&mut self) {
        if let (Phase::Owned, Some(index)) = (&self.phase, self.owned()) {
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.state = State::Attested;
            }
            self.search_again();
        }
    }

    /// The device forgets its owner and its networks.
    pub(super) fn forget_device(&mut self, now: Duration) {
        if let (Phase::Owned, Some(index)) = (&self.phase, self.owned()) {
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.state = State::AwaitReleased;
            }
            self.phase = Phase::Cancelling {
                index: Some(index),
                until: now + super::delivery::ROLLING_BACK,
            };
            self.act_on(now, index, |candidate, _| {
                candidate.tell(now, Session::forget)
            });
        }
    }
}
