//! Sorts out what the candidates report.

use std::time::Duration;

use touchstone_flow::{AgainReason, Event};
use touchstone_proto::record::{DeniedReason, ErrorCode, ReleaseReason};
use touchstone_trust::Ueid;

use super::{
    Action, Core, LinkKey, Phase,
    candidate::{Candidate, Happening, Shortfall, State},
    codes,
};
use crate::report::Outcome;

impl Core {
    pub(super) fn happened(&mut self, now: Duration, index: usize, happenings: Vec<Happening>) {
        for happening in happenings {
            // Nothing that comes behind a refusal can undo it.
            let dismissed = self
                .candidates
                .get(index)
                .is_none_or(|candidate| candidate.state == State::Dismissed);
            if dismissed {
                return;
            }
            self.happens(now, index, happening);
        }
    }

    fn happens(&mut self, now: Duration, index: usize, happening: Happening) {
        match happening {
            Happening::Act(action) => self.actions.push_back(action),
            Happening::KeyAgreement(suite) => {
                self.note(now, index, "suite", Some(suite.to_owned()))
            }
            Happening::Identified(key, ueid) => self.identified(now, index, key, ueid),
            Happening::NotGenuine(reason) => {
                self.note(now, index, "not genuine", Some(format!("{reason:?}")));
                self.refuse(
                    now,
                    index,
                    Outcome::NotGenuine,
                    Event::NotGenuine { reason },
                );
            }
            Happening::NotChecked(why) => {
                self.note(now, index, "not checked", Some(why.to_owned()));
                self.refuse(now, index, Outcome::Unfinished, Event::NotChecked);
            }
            Happening::Revoked => self.refuse(now, index, Outcome::Revoked, Event::Revoked),
            Happening::UpdateRequired(what) => self.refuse(
                now,
                index,
                Outcome::UpdateRequired,
                Event::UpdateRequired { what },
            ),
            Happening::LevelUnavailable(shortfall) => self.level_unavailable(now, index, shortfall),
            Happening::Denied(reason) => self.denied(now, index, reason),
            Happening::Attested => self.attested(now, index),
            Happening::Armed => self.armed(now, index),
            Happening::Networks => self.networks_came(now, index),
            Happening::Touched { contended } => self.touched(now, index, contended),
            Happening::Resumed(resumed) => self.resumed(now, index, resumed),
            Happening::Unfinished(state) => self.unfinished_found(now, index, state),
            Happening::ResumedElsewhere => self.resumed_elsewhere(now, index),
            Happening::NoMoreRepeats => self.no_more_repeats(now, index),
            Happening::Status(status) => self.status(now, index, status),
            Happening::Committed(commit_id) => self.committed(now, index, commit_id),
            Happening::Released => self.released(now, index),
            Happening::DeviceError(code) => self.device_error(now, index, code),
            Happening::ClaimGone => self.claim_gone(now, index),
            Happening::Lost(key, why) => self.lost(now, index, key, why),
        }
    }

    /// The device is known by now, whatever its address: one that is a candidate already goes on as that. One that the person has refused is left
    /// alone, unless it was away then and has yet to be let go.
    fn identified(&mut self, now: Duration, index: usize, key: LinkKey, ueid: Ueid) {
        let twin = self.candidates.iter().enumerate().position(|(other, c)| {
            other != index && c.state != State::Dismissed && c.ueid() == Some(ueid)
        });
        if let Some(twin) = twin {
            self.note(now, twin, "another address", None);
            if let Some(twin) = self.candidates.get(twin) {
                if twin.off_since().is_some() {
                    // What it advertised before it was switched off is not true any more.
                    self.sightings.forget(&twin.id);
                } else {
                    self.sightings.exclude(&twin.id);
                }
            }
            let handover = self.candidates.get_mut(index).map(Candidate::hand_over);
            let before = self
                .candidates
                .get_mut(twin)
                .zip(handover)
                .and_then(|(candidate, handover)| candidate.take_over(handover));
            if let Some(before) = before {
                self.actions.push_back(Action::Close(before));
            }
        } else if self.excluded.contains(&ueid) && !self.is_excluded(index) {
            return self.drop_candidate(index);
        }
        self.actions.push_back(Action::OwnerPublic(key, ueid));
    }

    fn ueid(&self, index: usize) -> Option<Ueid> {
        self.candidates.get(index).and_then(Candidate::ueid)
    }

    fn is_excluded(&self, index: usize) -> bool {
        self.candidates.get(index).is_some_and(|c| c.excluded)
    }

    fn attested(&mut self, now: Duration, index: usize) {
        self.note(now, index, "attested", None);
        match self.phase {
            Phase::Cancelling(_) => self.release(now, index, ReleaseReason::Cancelled),
            Phase::Forgetting { .. } => self.ask_whether_forgotten(now, index),
            _ if self.is_excluded(index) => self.release(now, index, ReleaseReason::NotMyDevice),
            _ => {}
        }
    }

    fn armed(&mut self, now: Duration, index: usize) {
        self.note(now, index, "armed", None);
        let anew = self
            .candidates
            .get_mut(index)
            .is_some_and(Candidate::asks_anew);
        if anew && matches!(self.phase, Phase::Searching) && self.prompt.is_shown() {
            self.prompt.forget();
            let why = AgainReason::NotOnce;
            self.tell(now, Event::TouchAgain { why });
        }
    }

    pub(super) fn release(&mut self, now: Duration, index: usize, reason: ReleaseReason) {
        self.act_on(now, index, |candidate, _| candidate.release(now, reason));
    }

    /// A device that cannot be set up: let go, not tried again, remembered as the reason to stop if nothing better turns up.
    pub(super) fn refuse(&mut self, now: Duration, index: usize, outcome: Outcome, event: Event) {
        let chosen = self.chosen() == Some(index);
        self.drop_candidate(index);
        match self.phase {
            // It holds nothing of ours any more.
            Phase::Cancelling(_) if chosen => self.cancelled(now),
            // The very device the person has touched: there is no other to wait for.
            _ if chosen => self.stop(now, outcome, event),
            Phase::Searching | Phase::Selected(_) => self.verdicts.note(now, outcome, event),
            _ => {}
        }
    }

    /// Given up, and not tried again under this address.
    pub(super) fn drop_candidate(&mut self, index: usize) {
        let Some(candidate) = self.candidates.get(index) else {
            return;
        };
        self.sightings.exclude(&candidate.id);
        if let Some(key) = candidate.link() {
            self.actions.push_back(Action::Close(key));
        }
        self.retire(index);
    }

    fn denied(&mut self, now: Duration, index: usize, reason: DeniedReason) {
        self.note(now, index, "denied", Some(format!("{reason:?}")));
        let failed = Event::Failed {
            code: codes::LOCKED,
        };
        match reason {
            DeniedReason::Owned => {
                if let Some(ueid) = self.ueid(index) {
                    self.actions.push_back(Action::ForgetOwner(ueid));
                }
                self.refuse(now, index, Outcome::AlreadyOwned, Event::AlreadyOwned);
            }
            DeniedReason::Busy => {
                let id = self.candidates.get(index).map(|c| c.id.clone());
                if let Some(id) = id.filter(|id| self.sightings.may_be_near(id)) {
                    self.busy_at = Some(now);
                    self.refuse(now, index, Outcome::Busy, Event::Busy);
                    self.sightings.exclude_busy(&id);
                } else {
                    self.refuse(now, index, Outcome::Busy, Event::Busy);
                }
            }
            // The evidence had promised more.
            DeniedReason::Level => self.level_unavailable(now, index, Shortfall::Demanded),
            // Not the same as another owner: only the device's own state forbids it.
            DeniedReason::Locked => self.refuse(now, index, Outcome::Unfinished, failed),
        }
    }

    fn device_error(&mut self, now: Duration, index: usize, code: ErrorCode) {
        self.note(now, index, "device error", Some(format!("{code:?}")));
        if self.chosen() != Some(index) {
            return;
        }
        match self.phase {
            // Broken on its way, by whomever: what the device holds for us it tells over the next link.
            _ if code == ErrorCode::MalformedRecord => {
                self.act_on(now, index, |candidate, _| {
                    vec![candidate.lost("malformed record")]
                });
            }
            Phase::Delivering(_) => self.tell(
                now,
                Event::Failed {
                    code: codes::DEVICE,
                },
            ),
            // The device takes nothing more on this link; the roll-back goes on over the next.
            Phase::Cancelling(_) => {
                self.act_on(now, index, |candidate, _| {
                    vec![candidate.lost("device error")]
                });
            }
            _ => self.failed(now, Outcome::Unfinished, codes::DEVICE),
        }
    }
}
