//! The provisioning attempt, without I/O: scan, attest, touch, send, confirm.
//!
//! [`Core`] takes facts and gives actions. What a person sees is decided by the flow alone, which is told what happened; what may happen is decided here.
//! Nothing here waits, draws randomness of its own, or keeps a session key: those live in the candidates' sessions.

mod candidate;
mod command;
mod delivery;
mod owned;
mod search;
mod selection;
mod sightings;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use touchstone_flow::{A11yContext, Cue, Flow, FlowOptions, Output, Product, Screen};
use touchstone_proto::{credentials::Network, owner::OwnerPublicKey};
use touchstone_trust::{Bundle, BundleError, Ueid};

use self::{
    candidate::{Candidate, Context, Happening},
    delivery::Delivery,
    selection::Selection,
    sightings::Sightings,
};
use crate::{
    policy::Policy,
    ports::{Entropy, OwnerKeyError, PeripheralId, RadioError, RadioState, Sighting},
    report::{Outcome, Recorder, Report},
};

/// One link of the host; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkKey(u32);

/// What the host is to do.
#[derive(Debug)]
pub(crate) enum Action {
    Show(Box<Screen>),
    Cue(Cue),
    QueryRadio { request: bool },
    StartScan,
    StopScan,
    Connect(LinkKey, PeripheralId),
    Send(LinkKey, Vec<u8>),
    Close(LinkKey),
    LoadBundle,
    LoadSaved,
    SaveNetwork(Network),
    OwnerPublic(LinkKey, Ueid),
    OwnerSign(LinkKey, Ueid, Vec<u8>),
    MarkSent { ueid: Ueid, sent: bool },
    ForgetOwner(Ueid),
}

/// What the host has to tell.
#[derive(Debug)]
pub(crate) enum Fact {
    Person(touchstone_flow::Input),
    HostGone,
    Timeout,
    Radio(RadioState),
    Sighting(Sighting),
    ScanEnded(Option<RadioError>),
    Connected(LinkKey, Result<usize, RadioError>),
    Fragment(LinkKey, Vec<u8>),
    LinkLost(LinkKey, RadioError),
    Bundle(Result<Arc<Bundle>, BundleError>),
    Saved(Vec<Network>),
    OwnerPublic(LinkKey, Result<OwnerPublicKey, OwnerKeyError>),
    OwnerSigned(LinkKey, Result<[u8; 64], OwnerKeyError>),
    SentMarked(Result<(), OwnerKeyError>),
}

/// How far the attempt has come.
#[derive(Debug)]
enum Phase {
    /// Nothing is asked of anybody yet.
    Idle,
    /// Waits for the radio, the bundle and the saved networks.
    Preparing,
    /// Scans, verifies, arms, and waits for the touch.
    Searching,
    /// One device was touched: guard, response, choice of network.
    Selected(Selection),
    /// Credentials are out.
    Delivering(Box<Delivery>),
    /// COMMITTED has come.
    Done,
    /// Only a device that is already ours is here.
    Owned,
    /// Released because somebody else is about; waits for the person.
    Overlapped,
    /// Waits for RELEASED.
    Cancelling {
        index: Option<usize>,
        until: Duration,
    },
    /// A stop the person has to answer.
    Stopped,
}

pub(crate) struct Core {
    now: Duration,
    flow: Flow,
    policy: Policy,
    entropy: Arc<dyn Entropy>,
    actions: VecDeque<Action>,
    phase: Phase,
    sightings: Sightings,
    candidates: Vec<Candidate>,
    bundle: Option<Arc<Bundle>>,
    saved: Option<Vec<Network>>,
    radio: Option<RadioState>,
    scanning: bool,
    first_sighting: Option<Duration>,
    next_link: u32,
    /// Devices met so far.
    met: u32,
    prompt: search::Prompt,
    /// What authenticated devices have answered; shown when nothing better is left.
    verdicts: search::Verdicts,
    overlaps: u8,
    recorder: Recorder,
    finished: Option<Report>,
}

impl Core {
    pub(crate) fn new(context: A11yContext, policy: Policy, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            now: Duration::ZERO,
            flow: Flow::new(FlowOptions::default(), context),
            policy,
            entropy,
            actions: VecDeque::new(),
            phase: Phase::Idle,
            sightings: Sightings::default(),
            candidates: Vec::new(),
            bundle: None,
            saved: None,
            radio: None,
            scanning: false,
            first_sighting: None,
            next_link: 0,
            met: 0,
            prompt: search::Prompt::default(),
            verdicts: search::Verdicts::default(),
            overlaps: 0,
            recorder: Recorder::new(Duration::ZERO),
            finished: None,
        }
    }

    pub(crate) fn start(&mut self, now: Duration) {
        self.recorder = Recorder::new(now);
        self.drain_flow(now);
    }

    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The report, once the attempt is over.
    pub(crate) fn report(&mut self) -> Option<Report> {
        self.finished.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        let candidates = self.candidates.iter().filter_map(Candidate::deadline);
        candidates
            .chain(self.flow.poll_timeout())
            .chain(self.search_deadline())
            .chain(self.phase_deadline())
            .min()
    }

    pub(crate) fn handle(&mut self, now: Duration, fact: Fact) {
        self.now = now;
        match fact {
            Fact::Person(input) => self.flow.handle(now, input),
            Fact::HostGone => self.host_gone(now),
            Fact::Timeout => {}
            Fact::Radio(state) => self.radio_is(now, state),
            Fact::Sighting(sighting) => self.sighted(now, &sighting),
            Fact::ScanEnded(error) => self.scan_ended(now, error),
            Fact::Connected(key, Ok(fragment_size)) => {
                self.with_candidate(now, key, |candidate, context| {
                    candidate.connected(now, key, fragment_size, context)
                });
            }
            Fact::Connected(key, Err(error)) | Fact::LinkLost(key, error) => {
                self.with_candidate(now, key, |candidate, _| {
                    vec![candidate.lost(now, &error.to_string())]
                });
            }
            Fact::Fragment(key, fragment) => {
                self.with_candidate(now, key, |candidate, context| {
                    candidate.fragment(now, &fragment, context)
                });
            }
            Fact::OwnerPublic(key, Ok(owner)) => {
                self.with_candidate(now, key, |candidate, context| {
                    candidate.owner(now, owner, context)
                });
            }
            Fact::OwnerSigned(key, Ok(signature)) => {
                self.with_candidate(now, key, |candidate, _| candidate.signed(now, &signature));
            }
            Fact::OwnerPublic(_, Err(error))
            | Fact::OwnerSigned(_, Err(error))
            | Fact::SentMarked(Err(error)) => {
                self.recorder
                    .note(now, "owner key", None, Some(error.to_string()));
                self.stop(
                    now,
                    Outcome::HostFault,
                    touchstone_flow::Event::Failed {
                        code: codes::OWNER_KEY,
                    },
                );
            }
            Fact::SentMarked(Ok(())) => self.sent_is_durable(now),
            Fact::Bundle(Ok(bundle)) => {
                self.bundle = Some(bundle);
                self.prepared(now);
            }
            Fact::Bundle(Err(error)) => {
                self.recorder
                    .note(now, "trust bundle", None, Some(error.to_string()));
                self.stop(
                    now,
                    Outcome::HostFault,
                    touchstone_flow::Event::Failed {
                        code: codes::BUNDLE,
                    },
                );
            }
            Fact::Saved(saved) => {
                self.saved = Some(saved);
                self.prepared(now);
            }
        }
        self.tick(now);
    }

    fn tick(&mut self, now: Duration) {
        if self.flow.poll_timeout().is_some_and(|due| due <= now) {
            self.flow.handle(now, touchstone_flow::Input::Timeout);
        }
        for index in 0..self.candidates.len() {
            let happenings = self
                .candidates
                .get_mut(index)
                .map(|candidate| candidate.timeout(now));
            self.happened(now, index, happenings.unwrap_or_default());
        }
        self.drain_flow(now);
        self.advance_search(now);
        self.advance_phase(now);
        self.drain_flow(now);
    }

    fn drain_flow(&mut self, now: Duration) {
        while let Some(output) = self.flow.poll_output() {
            match output {
                Output::Screen(screen) => self.actions.push_back(Action::Show(Box::new(screen))),
                Output::Cue(cue) => self.actions.push_back(Action::Cue(cue)),
                Output::Command(command) => self.command(now, command),
                _ => {}
            }
        }
    }

    /// Tells the flow, and through it the person.
    fn tell(&mut self, now: Duration, event: touchstone_flow::Event) {
        self.recorder.note(now, event_name(&event), None, None);
        self.flow.handle(now, touchstone_flow::Input::Event(event));
    }

    /// A stop the person has to answer: every link is let go first.
    fn stop(&mut self, now: Duration, outcome: Outcome, event: touchstone_flow::Event) {
        self.recorder.outcome(outcome);
        self.let_everyone_go(now, touchstone_proto::record::ReleaseReason::Failed);
        self.stop_scan();
        self.phase = Phase::Stopped;
        self.tell(now, event);
    }

    fn host_gone(&mut self, now: Duration) {
        self.recorder.note(now, "host gone", None, None);
        self.finish(now);
    }

    fn finish(&mut self, now: Duration) {
        if self.finished.is_none() {
            self.let_everyone_go(now, touchstone_proto::record::ReleaseReason::Cancelled);
            self.stop_scan();
            self.finished = Some(self.recorder.report());
        }
    }

    fn with_candidate(
        &mut self,
        now: Duration,
        key: LinkKey,
        act: impl FnOnce(&mut Candidate, &Context<'_>) -> Vec<Happening>,
    ) {
        // A fact about a link that was given up has no meaning any more.
        let Some(index) = self
            .candidates
            .iter()
            .position(|candidate| candidate.has_link(key))
        else {
            return;
        };
        self.act_on(now, index, act);
    }

    fn act_on(
        &mut self,
        now: Duration,
        index: usize,
        act: impl FnOnce(&mut Candidate, &Context<'_>) -> Vec<Happening>,
    ) {
        let (Some(candidate), Some(bundle)) = (self.candidates.get_mut(index), &self.bundle) else {
            return;
        };
        let context = Context {
            bundle,
            entropy: self.entropy.as_ref(),
            level: self.policy.minimum_level,
        };
        let happenings = act(candidate, &context);
        self.happened(now, index, happenings);
    }

    fn product(&self, index: usize) -> Product {
        let verdict = self
            .candidates
            .get(index)
            .and_then(|candidate| candidate.verdict.as_ref());
        Product::new(verdict.map_or("", |verdict| verdict.product_name(&self.policy.language)))
    }

    fn note(&mut self, now: Duration, index: usize, what: &'static str, detail: Option<String>) {
        let number = self.candidates.get(index).map(|candidate| candidate.number);
        self.recorder.note(now, what, number, detail);
    }
}

/// Codes of `failed`, for support.
pub(crate) mod codes {
    /// The trust bundle could not be loaded.
    pub(crate) const BUNDLE: u16 = 1;
    /// The owner key store failed.
    pub(crate) const OWNER_KEY: u16 = 2;
    /// The radio failed for a reason of its own.
    pub(crate) const RADIO: u16 = 3;
    /// The credentials are out of range.
    pub(crate) const CREDENTIALS: u16 = 4;
    /// The device could not do what it was asked.
    pub(crate) const DEVICE: u16 = 5;
    /// The device committed another set-up than this one.
    pub(crate) const COMMIT: u16 = 6;
}

/// The timeline's word for an event: states, never arguments.
fn event_name(event: &touchstone_flow::Event) -> &'static str {
    use touchstone_flow::Event;
    match event {
        Event::PermissionNeeded { .. } => "permission needed",
        Event::PermissionBlocked => "permission blocked",
        Event::BluetoothOff => "bluetooth off",
        Event::BluetoothMissing => "bluetooth missing",
        Event::LocationOff => "location off",
        Event::Scanning => "scanning",
        Event::Found { .. } => "found",
        Event::Verifying => "verifying",
        Event::NotGenuine { .. } => "not genuine",
        Event::AwaitPresence { .. } => "await presence",
        Event::PresenceWithdrawn => "presence withdrawn",
        Event::Touched { .. } => "touched",
        Event::SeveralTouched => "several touched",
        Event::AnotherNearby => "another nearby",
        Event::CountSignals { .. } => "count signals",
        Event::ChooseNetwork { .. } => "choose network",
        Event::Networks(_) => "networks",
        Event::Sending => "sending",
        Event::Joining => "joining",
        Event::WrongPassword => "wrong password",
        Event::NetworkNotFound { .. } => "network not found",
        Event::DhcpFailed => "dhcp failed",
        Event::NoInternet => "no internet",
        Event::InternetBack => "internet back",
        Event::Saving => "saving",
        Event::Done { .. } => "done",
        Event::Cancelled => "cancelled",
        Event::LinkLost => "link lost",
        Event::LinkBack => "link back",
        Event::AlreadyOwned => "already owned",
        Event::OwnedByYou { .. } => "owned by you",
        Event::Busy => "busy",
        Event::Revoked => "revoked",
        Event::UpdateRequired { .. } => "update required",
        Event::Failed { .. } => "failed",
        _ => "event",
    }
}
