//! Radio, scan, and the devices under consideration, up to the prompt for a touch.

use std::time::Duration;

use touchstone_flow::{AgainReason, Event, Permission};
use touchstone_proto::record::ReleaseReason;

use super::{
    Action, Core, LinkKey, Phase,
    candidate::{ARMING, Candidate, EXPECTED, State},
    codes,
    prompt::{Prompt, Verdicts},
};
use crate::{
    ports::{PeripheralId, RadioError, RadioState, Sighting},
    report::Outcome,
};

/// Devices verified side by side.
const PARALLEL: usize = 4;
/// Links lost in a row before a device has to wait for its next turn (rule A-c).
const RETRIES: u8 = 3;
/// Pause after a lost link; grows with each loss.
const RETRY: Duration = Duration::from_millis(500);
/// The pause grows no further than that many times.
const SLOWEST: u8 = 8;
/// Pause after `RETRIES` losses, so that another device gets a turn.
const LONG_RETRY: Duration = Duration::from_secs(15);
/// Host stacks end a scan now and then; it is begun again after this pause.
const RESCAN: Duration = Duration::from_millis(500);
/// A radio whose scans end this often without a sighting is of no use.
const SCAN_ENDS: u8 = 3;
/// The first device is connected only after this look around, so that the nearest comes first.
const FIRST_LOOK: Duration = Duration::from_millis(300);
/// Tags kept of devices that are candidates no more.
const RETIRED: usize = 16;

impl Core {
    /// Begins, or begins again: radio, bundle and saved networks first.
    pub(super) fn prepare(&mut self, now: Duration, request: bool) {
        if !matches!(
            self.phase,
            Phase::Idle
                | Phase::Preparing
                | Phase::Stopped
                | Phase::Done
                | Phase::Cancelling(_)
                | Phase::Forgetting { .. }
                | Phase::Unfinished(_)
        ) {
            return;
        }
        self.let_everyone_go(now, ReleaseReason::Cancelled);
        self.phase = Phase::Preparing;
        self.recorder.outcome(Outcome::Unfinished);
        self.candidates.clear();
        self.excluded.clear();
        self.sightings.forgive_all();
        self.first_sighting = None;
        self.busy_at = None;
        self.overlaps = 0;
        self.level = self.policy.minimum_level;
        self.tries = 0;
        self.verdicts = Verdicts::default();
        self.prompt = Prompt::default();
        self.radio = None;
        self.actions.push_back(Action::QueryRadio { request });
        if self.bundle.is_none() {
            self.actions.push_back(Action::LoadBundle);
        }
        self.saved = None;
        self.actions.push_back(Action::LoadSaved);
    }

    pub(super) fn radio_is(&mut self, now: Duration, state: RadioState) {
        // An answer to an earlier question.
        if !matches!(self.phase, Phase::Preparing) {
            return;
        }
        self.radio = Some(state);
        let event = match state {
            RadioState::On => return self.prepared(now),
            RadioState::Off => Event::BluetoothOff,
            RadioState::NeedsPermission => Event::PermissionNeeded {
                what: Permission::NearbyDevices,
            },
            RadioState::NeedsLocation => Event::PermissionNeeded {
                what: Permission::Location,
            },
            RadioState::Blocked => Event::PermissionBlocked,
            RadioState::LocationOff => Event::LocationOff,
            RadioState::Missing => Event::BluetoothMissing,
        };
        self.recorder.outcome(Outcome::RadioUnusable);
        self.tell(now, event);
    }

    /// Scans as soon as everything is at hand.
    pub(super) fn prepared(&mut self, now: Duration) {
        let ready =
            self.radio == Some(RadioState::On) && self.bundle.is_some() && self.saved.is_some();
        if ready && matches!(self.phase, Phase::Preparing) {
            self.recorder.outcome(Outcome::Unfinished);
            self.phase = Phase::Searching;
            self.start_scan();
            self.tell(now, Event::Scanning);
        }
    }

    pub(super) fn start_scan(&mut self) {
        if !self.scanning {
            self.scanning = true;
            self.actions.push_back(Action::StartScan);
        }
    }

    pub(super) fn stop_scan(&mut self) {
        self.rescan_at = None;
        if self.scanning {
            self.scanning = false;
            self.actions.push_back(Action::StopScan);
        }
    }

    pub(super) fn sighted(&mut self, now: Duration, sighting: &Sighting) {
        if self.sightings.note(now, sighting) {
            self.scan_ends = 0;
            self.first_sighting.get_or_insert(now);
        }
    }

    pub(super) fn scan_ended(&mut self, now: Duration, error: Option<RadioError>) {
        if !self.scanning {
            return;
        }
        self.scanning = false;
        let code = error.as_ref().map(super::radio_code);
        self.recorder.note(now, "scan ended", None, code);
        match (error, &self.phase) {
            (Some(RadioError::Unusable(state)), Phase::Searching | Phase::Selected(_)) => {
                self.phase = Phase::Preparing;
                self.prompt.forget();
                self.radio_is(now, state);
            }
            (_, Phase::Preparing | Phase::Searching | Phase::Selected(_))
                if self.scan_ends < SCAN_ENDS =>
            {
                self.scan_ends += 1;
                self.rescan_at = Some(now + RESCAN);
            }
            (_, Phase::Preparing | Phase::Searching | Phase::Selected(_)) => {
                self.failed(now, Outcome::RadioUnusable, codes::RADIO);
            }
            // Everywhere else it only helps to find a device again.
            _ => {}
        }
    }

    /// Whether the device at this position is to be connected again when its link is lost.
    fn is_reconnected(&self, index: usize) -> bool {
        match &self.phase {
            Phase::Searching | Phase::Selected(_) | Phase::Owned => true,
            Phase::Delivering(_)
            | Phase::Unfinished(_)
            | Phase::Cancelling(_)
            | Phase::Forgetting { .. } => self.chosen() == Some(index),
            _ => false,
        }
    }

    pub(super) fn search_deadline(&self) -> Option<Duration> {
        let retries = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(index, c)| c.state == State::Unlinked && self.is_reconnected(*index))
            .map(|(_, c)| c.retry_at);
        let searching = matches!(self.phase, Phase::Searching).then(|| {
            let arming = self
                .candidates
                .iter()
                .filter_map(Candidate::arming_since)
                .flat_map(|since| [since + EXPECTED, since + ARMING]);
            let look = self.first_sighting.map(|at| at + FIRST_LOOK);
            arming
                .chain(self.prompt.deadline())
                .chain(self.verdicts.deadline())
                .chain(self.turns_deadline())
                .chain(self.candidates.iter().filter_map(Candidate::back_by))
                .chain(look)
                .chain(self.sightings.next_retry(self.now))
                // What was due and could not be done is looked at again with the next fact.
                .filter(|deadline| *deadline > self.now)
                .min()
        });
        retries
            .chain(self.rescan_at)
            .filter(|deadline| *deadline > self.now)
            .chain(searching.flatten())
            .min()
    }

    /// Connects what is worth connecting and keeps the prompt true.
    pub(super) fn advance_search(&mut self, now: Duration) {
        if self.rescan_at.is_some_and(|at| at <= now) {
            self.rescan_at = None;
            if matches!(self.phase, Phase::Searching | Phase::Selected(_)) {
                self.start_scan();
            }
        }
        self.reconnect(now);
        if !matches!(self.phase, Phase::Searching) {
            return;
        }
        self.candidates
            .retain(|candidate| candidate.state != State::Dismissed);
        for index in 0..self.candidates.len() {
            self.act_on(now, index, |candidate, context| candidate.arm(now, context));
        }
        self.say_who_stays_away(now);
        self.take_new_candidates(now);
        self.say_what_was_found(now);
        self.update_prompt(now);
        self.take_turns(now);
        self.stop_if_nothing_is_left(now);
    }

    fn connecting(&self) -> bool {
        // Host stacks connect one peripheral at a time; several requests at once fail in different ways.
        self.candidates
            .iter()
            .any(|candidate| candidate.state == State::Connecting)
    }

    fn connect(&mut self, now: Duration, index: usize) {
        self.next_link += 1;
        let key = LinkKey(self.next_link);
        if let Some(candidate) = self.candidates.get_mut(index) {
            candidate.connecting(now, key);
            self.actions
                .push_back(Action::Connect(key, candidate.id.clone()));
        }
    }

    fn reconnect(&mut self, now: Duration) {
        if self.connecting() {
            return;
        }
        let due = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(index, c)| {
                c.state == State::Unlinked && c.retry_at <= now && self.is_reconnected(*index)
            })
            // One that is switched off cannot be connected, and trying would keep others waiting.
            .filter(|(_, c)| {
                c.off_since()
                    .is_none_or(|since| self.sightings.heard_since(&c.id, since))
            })
            // The touched device first: a person waits for it.
            .max_by_key(|(_, c)| c.is_touched())
            .map(|(index, _)| index);
        if let Some(index) = due {
            if let Some(candidate) = self.candidates.get_mut(index) {
                // The address may have changed; the tag tells.
                let id = self.sightings.find(now, &candidate.id, |at, advert| {
                    candidate.tags.made(at, advert)
                });
                candidate.id = id.unwrap_or_else(|| candidate.id.clone());
            }
            self.connect(now, index);
        }
    }

    fn take_new_candidates(&mut self, now: Duration) {
        let looking = self.first_sighting.is_none_or(|at| now < at + FIRST_LOOK);
        if looking || self.candidates_at_hand() >= PARALLEL || self.connecting() {
            return;
        }
        if let Some(id) = self.next_sighting(now) {
            self.met += 1;
            self.candidates.push(Candidate::new(self.met, id));
            let index = self.candidates.len() - 1;
            self.note(now, index, "found", None);
            self.connect(now, index);
        }
    }

    /// One that is switched off may come back under another address, and must not be in its own way.
    fn candidates_at_hand(&self) -> usize {
        let off = |candidate: &&Candidate| candidate.off_since().is_some();
        self.candidates.len() - self.candidates.iter().filter(off).count()
    }

    /// Nothing is to be touched any more when the only device that could be does not come back.
    fn say_who_stays_away(&mut self, now: Duration) {
        let mut late = false;
        for candidate in &mut self.candidates {
            late |= candidate.stays_away(now);
        }
        if late && !self.somebody_waits() && self.prompt.is_shown() {
            self.prompt.forget();
            let why = AgainReason::StaysOff;
            self.tell(now, Event::TouchAgain { why });
        }
    }

    /// Whether a device waits for its touch, or is being switched off and on.
    fn somebody_waits(&self) -> bool {
        let waits = |candidate: &Candidate| candidate.is_ready() || candidate.is_expected_back();
        self.candidates.iter().any(waits)
    }

    fn next_sighting(&self, now: Duration) -> Option<PeripheralId> {
        self.sightings.best(now, |id, at, advert| {
            self.candidates
                .iter()
                .any(|candidate| candidate.id == *id || candidate.tags.made(at, advert))
        })
    }

    /// A near device is armed or touched, and not for us (rule A-b).
    pub(super) fn foreign_armed(&self, now: Duration) -> bool {
        self.sightings.foreign_armed(now, |id, at, advert| {
            self.candidates
                .iter()
                .any(|candidate| candidate.explains(id, at, advert))
                || self.retired.iter().any(|tags| tags.made(at, advert))
        })
    }

    /// A link broke. What that means depends on what the device was to us.
    pub(super) fn lost(&mut self, now: Duration, index: usize, key: Option<LinkKey>, why: String) {
        self.note(now, index, "lost", Some(why));
        if let Some(key) = key {
            self.actions.push_back(Action::Close(key));
        }
        let chosen = self.chosen() == Some(index);
        let again = self.is_reconnected(index);
        let searching = matches!(self.phase, Phase::Searching);
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        // A device that may have been touched meanwhile is not given up while another one is being confirmed.
        let awaited = !searching && candidate.may_be_armed();
        let off = candidate.is_switched_off(now);
        let keep = chosen || candidate.earlier.is_some() || awaited || off;
        // A person waits for these.
        let slowest = if awaited { 2 } else { SLOWEST };
        let pause = if off {
            Duration::ZERO
        } else {
            RETRY * u32::from(candidate.losses.min(slowest))
        };
        if again && (keep || candidate.losses < RETRIES) {
            candidate.retry_at = now + pause;
        } else if matches!(self.phase, Phase::Overlapped | Phase::Preparing) {
            candidate.retry_at = now;
        } else {
            self.sightings.hold_off(&candidate.id, now + LONG_RETRY);
            self.retire(index);
        }
        let nobody_waits = !self.somebody_waits();
        if chosen {
            // The address may be another one when it comes back.
            self.start_scan();
            self.tell(now, Event::LinkLost);
        } else if searching && nobody_waits && self.prompt.is_shown() {
            self.prompt.forget();
            self.tell(now, Event::LinkLost);
        }
    }

    /// A candidate no more; its advertisements are still known for ours.
    pub(super) fn retire(&mut self, index: usize) {
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        candidate.dismiss();
        if self.retired.len() >= RETIRED {
            self.retired.pop_front();
        }
        self.retired.push_back(candidate.tags.clone());
    }

    /// Lets every device go and closes every link.
    pub(super) fn let_everyone_go(&mut self, now: Duration, reason: ReleaseReason) {
        for index in 0..self.candidates.len() {
            self.act_on(now, index, |candidate, _| candidate.release(now, reason));
            if let Some(key) = self.candidates.get(index).and_then(Candidate::link) {
                self.actions.push_back(Action::Close(key));
            }
            self.retire(index);
        }
    }
}
