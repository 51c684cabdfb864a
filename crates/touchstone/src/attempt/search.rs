//! Radio, scan, and the devices under consideration, up to the prompt for a touch.

use std::time::Duration;

use touchstone_flow::{Event, Permission, PresenceKind, UpdateTarget};
use touchstone_proto::record::{DeniedReason, PresenceKinds, PressKind, ReleaseReason};

use super::{
    Action, Core, LinkKey, Phase,
    candidate::{ARMING, Candidate, Happening, State},
    codes,
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
/// Pause after `RETRIES` losses, so that another device gets a turn.
const LONG_RETRY: Duration = Duration::from_secs(15);
/// Once one device waits for its touch, others being verified delay the prompt at most this long.
const GATHER: Duration = Duration::from_secs(2);
/// The first device is connected only after this look around, so that the nearest comes first.
const FIRST_LOOK: Duration = Duration::from_millis(300);
/// A stop is shown only when nothing better has turned up for this long.
const SETTLE: Duration = Duration::from_secs(1);

/// What the person was last asked for.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// When the first device was ready.
    ready_since: Option<Duration>,
    shown: Option<(PresenceKind, bool)>,
    found: u32,
    verifying: bool,
}

impl Prompt {
    /// A sentence that asks for the touch is already on the screen.
    pub(super) fn already_asked(&mut self) {
        self.shown = Some((PresenceKind::Touch, true));
    }

    /// The next prompt is a new one.
    pub(super) fn forget(&mut self) {
        self.shown = None;
        self.ready_since = None;
    }
}

/// The most telling refusal so far.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    stop: Option<(Outcome, Event)>,
    at: Duration,
}

impl Verdicts {
    fn rank(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Busy => 1,
            Outcome::AlreadyOwned => 2,
            Outcome::UpdateRequired => 3,
            Outcome::OwnedByYou => 4,
            Outcome::Revoked => 5,
            Outcome::NotGenuine => 6,
            _ => 0,
        }
    }

    pub(super) fn note(&mut self, now: Duration, outcome: Outcome, event: Event) {
        let known = self
            .stop
            .as_ref()
            .map_or(0, |(outcome, _)| Self::rank(*outcome));
        if Self::rank(outcome) >= known {
            self.stop = Some((outcome, event));
        }
        self.at = now;
    }
}

impl Core {
    /// Begins, or begins again: radio, bundle and saved networks first.
    pub(super) fn prepare(&mut self, now: Duration, request: bool) {
        if !matches!(
            self.phase,
            Phase::Idle | Phase::Preparing | Phase::Stopped | Phase::Done
        ) {
            return;
        }
        self.phase = Phase::Preparing;
        self.recorder.outcome(Outcome::Unfinished);
        self.let_everyone_go(now, ReleaseReason::Cancelled);
        self.candidates.clear();
        self.sightings.forgive_all();
        self.first_sighting = None;
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
        self.radio = Some(state);
        let event = match state {
            RadioState::On => return self.prepared(now),
            RadioState::Off => Event::BluetoothOff,
            RadioState::NeedsPermission => Event::PermissionNeeded {
                what: Permission::NearbyDevices,
            },
            RadioState::Blocked => Event::PermissionBlocked,
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
        if self.scanning {
            self.scanning = false;
            self.actions.push_back(Action::StopScan);
        }
    }

    pub(super) fn sighted(&mut self, now: Duration, sighting: &Sighting) {
        if self.sightings.note(now, sighting) {
            self.first_sighting.get_or_insert(now);
        }
    }

    pub(super) fn scan_ended(&mut self, now: Duration, error: Option<RadioError>) {
        if !self.scanning {
            return;
        }
        self.scanning = false;
        match error {
            Some(RadioError::Unusable(state)) => {
                self.phase = Phase::Preparing;
                self.radio_is(now, state);
            }
            error => {
                self.recorder.note(
                    now,
                    "scan ended",
                    None,
                    error.map(|error| error.to_string()),
                );
                self.stop(
                    now,
                    Outcome::RadioUnusable,
                    Event::Failed { code: codes::RADIO },
                );
            }
        }
    }

    pub(super) fn search_deadline(&self) -> Option<Duration> {
        if !matches!(self.phase, Phase::Searching) {
            return None;
        }
        let retries = self
            .candidates
            .iter()
            .filter(|c| c.state == State::Unlinked)
            .map(|c| c.retry_at);
        let arming = self
            .candidates
            .iter()
            .filter_map(|c| c.arming_since().map(|since| since + ARMING));
        let gather = self
            .prompt
            .ready_since
            .filter(|_| self.prompt.shown.is_none())
            .map(|since| since + GATHER);
        let settle = self
            .verdicts
            .stop
            .as_ref()
            .map(|_| self.verdicts.at + SETTLE);
        let look = self.first_sighting.map(|at| at + FIRST_LOOK);
        let held_off = self.sightings.next_retry(self.now);
        // What was due and could not be done is looked at again with the next fact.
        let deadlines = retries
            .chain(arming)
            .chain(gather)
            .chain(settle)
            .chain(look)
            .chain(held_off);
        deadlines.filter(|deadline| *deadline > self.now).min()
    }

    /// Connects what is worth connecting and keeps the prompt true.
    pub(super) fn advance_search(&mut self, now: Duration) {
        self.reconnect(now);
        if !matches!(self.phase, Phase::Searching) {
            return;
        }
        self.candidates
            .retain(|candidate| candidate.state != State::Dismissed);
        self.arm_what_is_attested(now);
        self.take_new_candidates(now);
        self.say_what_was_found(now);
        self.update_prompt(now);
        self.stop_if_nothing_is_left(now);
    }

    fn arm_what_is_attested(&mut self, now: Duration) {
        for index in 0..self.candidates.len() {
            self.act_on(now, index, |candidate, context| candidate.arm(now, context));
        }
    }

    fn connecting(&self) -> bool {
        // Host stacks connect one peripheral at a time; several requests at once fail in different ways.
        self.candidates
            .iter()
            .any(|candidate| candidate.state == State::Connecting)
    }

    fn connect(&mut self, index: usize) {
        self.next_link += 1;
        let key = LinkKey(self.next_link);
        if let Some(candidate) = self.candidates.get_mut(index) {
            candidate.connecting(key);
            self.actions
                .push_back(Action::Connect(key, candidate.id.clone()));
        }
    }

    fn reconnect(&mut self, now: Duration) {
        if self.connecting()
            || !matches!(
                self.phase,
                Phase::Searching
                    | Phase::Selected(_)
                    | Phase::Delivering(_)
                    | Phase::Cancelling { .. }
            )
        {
            return;
        }
        let due = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(_, c)| c.state == State::Unlinked && c.retry_at <= now)
            // The touched device first: a person waits for it.
            .max_by_key(|(_, c)| c.is_touched())
            .map(|(index, _)| index);
        if let Some(index) = due {
            if let Some(candidate) = self.candidates.get_mut(index) {
                // The address may have changed; the tag tells.
                let id = self
                    .sightings
                    .find(now, |advert| candidate.made(now, advert));
                candidate.id = id.unwrap_or_else(|| candidate.id.clone());
            }
            self.connect(index);
        }
    }

    fn take_new_candidates(&mut self, now: Duration) {
        let looking = self.first_sighting.is_none_or(|at| now < at + FIRST_LOOK);
        if looking || self.candidates.len() >= PARALLEL || self.connecting() {
            return;
        }
        if let Some(id) = self.next_sighting(now) {
            self.met += 1;
            self.candidates.push(Candidate::new(self.met, id));
            self.note(now, self.candidates.len() - 1, "found", None);
            self.connect(self.candidates.len() - 1);
        }
    }

    fn say_what_was_found(&mut self, now: Duration) {
        let n = u32::try_from(self.candidates.len()).unwrap_or(u32::MAX);
        if n > self.prompt.found && self.prompt.shown.is_none() {
            self.prompt.found = n;
            self.tell(now, Event::Found { n });
        }
        let verifying = self.candidates.iter().any(Candidate::is_verifying);
        if verifying && !self.prompt.verifying && self.prompt.shown.is_none() {
            self.prompt.verifying = true;
            self.tell(now, Event::Verifying);
        }
    }

    fn update_prompt(&mut self, now: Duration) {
        let (mut ready, mut kind) = (0_u32, None);
        for candidate in &self.candidates {
            let arming = candidate
                .arming_since()
                .is_some_and(|since| now < since + ARMING);
            if candidate.is_ready() || arming {
                ready += 1;
                kind = kind.or(candidate
                    .verdict
                    .as_ref()
                    .map(|verdict| presence_kind(verdict.presence())));
            }
        }
        let Some(kind) = kind else {
            self.prompt.ready_since = None;
            if self.prompt.shown.take().is_some() {
                self.prompt.verifying = false;
                self.tell(now, Event::PresenceWithdrawn);
            }
            return;
        };
        let since = *self.prompt.ready_since.get_or_insert(now);
        let pending =
            self.candidates.iter().any(Candidate::is_verifying) || self.more_to_verify(now);
        let wanted = (kind, ready > 1);
        // A prompt that is shown only grows: taking "several" back would tell a person to look for one device among others.
        let grows = self
            .prompt
            .shown
            .is_none_or(|(_, several)| !several && ready > 1);
        if grows && (self.prompt.shown.is_some() || !pending || now >= since + GATHER) {
            self.prompt.shown = Some(wanted);
            self.tell(
                now,
                Event::AwaitPresence {
                    kind,
                    several: ready > 1,
                },
            );
        }
    }

    fn more_to_verify(&self, now: Duration) -> bool {
        self.candidates.len() < PARALLEL && self.next_sighting(now).is_some()
    }

    fn next_sighting(&self, now: Duration) -> Option<PeripheralId> {
        self.sightings.best(now, |id, advert| {
            self.candidates
                .iter()
                .any(|candidate| candidate.id == *id || candidate.made(now, advert))
        })
    }

    fn stop_if_nothing_is_left(&mut self, now: Duration) {
        let alive = self
            .candidates
            .iter()
            .any(|candidate| candidate.state != State::Owned);
        if alive || self.more_to_verify(now) || now < self.verdicts.at + SETTLE {
            return;
        }
        match self.verdicts.stop.take() {
            Some((Outcome::OwnedByYou, event)) => self.show_owned(now, event),
            Some((outcome, event)) => self.stop(now, outcome, event),
            None => {}
        }
    }

    /// Sorts out what a candidate reports.
    pub(super) fn happened(&mut self, now: Duration, index: usize, happenings: Vec<Happening>) {
        for happening in happenings {
            match happening {
                Happening::Act(action) => self.actions.push_back(action),
                Happening::NotGenuine(reason) => {
                    self.note(now, index, "not genuine", Some(format!("{reason:?}")));
                    self.dismiss(
                        now,
                        index,
                        Outcome::NotGenuine,
                        Event::NotGenuine { reason },
                    );
                }
                Happening::Revoked => self.dismiss(now, index, Outcome::Revoked, Event::Revoked),
                Happening::UpdateRequired(what) => {
                    self.dismiss(
                        now,
                        index,
                        Outcome::UpdateRequired,
                        Event::UpdateRequired { what },
                    );
                }
                Happening::Denied(reason) => self.denied(now, index, reason),
                Happening::Attested => self.note(now, index, "attested", None),
                Happening::Armed => self.note(now, index, "armed", None),
                Happening::Networks => self.networks_came(now, index),
                Happening::Touched { contended } => self.touched(now, index, contended),
                Happening::Resumed(resumed) => self.resumed(now, index, resumed),
                Happening::ResumedElsewhere => {
                    self.act_on(now, index, |candidate, _| {
                        candidate.release(now, ReleaseReason::Cancelled)
                    });
                }
                Happening::Status(status) => self.status(now, index, status),
                Happening::Committed(commit_id) => self.committed(now, index, commit_id),
                Happening::Released => self.released(now, index),
                Happening::DeviceError(code) => self.device_error(now, index, code),
                Happening::ClaimGone => self.claim_gone(now, index),
                Happening::Lost(key, why) => self.lost(now, index, key, why),
            }
        }
    }
}

impl Core {
    /// A device that cannot be set up: let go, not tried again, remembered as the reason to stop if nothing better turns up.
    fn dismiss(&mut self, now: Duration, index: usize, outcome: Outcome, event: Event) {
        self.verdicts.note(now, outcome, event);
        self.drop_candidate(index);
    }

    pub(super) fn drop_candidate(&mut self, index: usize) {
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        self.sightings.exclude(&candidate.id);
        if let Some(key) = candidate.link() {
            self.actions.push_back(Action::Close(key));
        }
        candidate.dismiss();
    }

    fn denied(&mut self, now: Duration, index: usize, reason: DeniedReason) {
        self.note(now, index, "denied", Some(format!("{reason:?}")));
        match reason {
            DeniedReason::Owned => {
                if let Some(ueid) = self.candidates.get(index).and_then(Candidate::ueid) {
                    self.actions.push_back(Action::ForgetOwner(ueid));
                }
                self.dismiss(now, index, Outcome::AlreadyOwned, Event::AlreadyOwned);
            }
            DeniedReason::Busy => self.dismiss(now, index, Outcome::Busy, Event::Busy),
            DeniedReason::Level => {
                self.dismiss(
                    now,
                    index,
                    Outcome::UpdateRequired,
                    Event::UpdateRequired {
                        what: UpdateTarget::App,
                    },
                );
            }
            DeniedReason::Locked => {
                self.dismiss(now, index, Outcome::AlreadyOwned, Event::AlreadyOwned)
            }
        }
    }

    /// A link broke. What that means depends on what the device was to us.
    fn lost(&mut self, now: Duration, index: usize, key: Option<LinkKey>, why: String) {
        self.note(now, index, "lost", Some(why));
        if let Some(key) = key {
            self.actions.push_back(Action::Close(key));
        }
        let chosen = self.chosen() == Some(index);
        let searching = matches!(self.phase, Phase::Searching);
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        if chosen {
            candidate.retry_at = now + RETRY;
            if self.person_was_told_of_the_link() {
                self.tell(now, Event::LinkLost);
            }
        } else if candidate.losses >= RETRIES {
            self.sightings.hold_off(&candidate.id, now + LONG_RETRY);
            candidate.dismiss();
        } else {
            candidate.retry_at = now + RETRY * u32::from(candidate.losses);
        }
        let nobody_ready = !self.candidates.iter().any(Candidate::is_ready);
        if searching && nobody_ready && self.prompt.shown.is_some() {
            self.prompt.forget();
            self.tell(now, Event::LinkLost);
        }
    }

    /// Lets every device go and closes every link.
    pub(super) fn let_everyone_go(&mut self, now: Duration, reason: ReleaseReason) {
        for index in 0..self.candidates.len() {
            let Some(candidate) = self.candidates.get_mut(index) else {
                continue;
            };
            let happenings = candidate.release(now, reason);
            self.happened(now, index, happenings);
            let Some(candidate) = self.candidates.get_mut(index) else {
                continue;
            };
            if let Some(key) = candidate.link() {
                self.actions.push_back(Action::Close(key));
            }
            candidate.dismiss();
        }
    }
}

/// What the person is asked to do: the first kind the device offers, plain touches first.
fn presence_kind(kinds: PresenceKinds) -> PresenceKind {
    let kind = PressKind::ALL
        .into_iter()
        .find(|kind| kinds.contains(*kind));
    match kind.unwrap_or(PressKind::Touch) {
        PressKind::Touch => PresenceKind::Touch,
        PressKind::Press => PresenceKind::Press,
        PressKind::PowerCycle => PresenceKind::PowerCycle,
        PressKind::Knock => PresenceKind::Knock,
        PressKind::Remote => PresenceKind::Remote,
        PressKind::Nfc => PresenceKind::Nfc,
    }
}
