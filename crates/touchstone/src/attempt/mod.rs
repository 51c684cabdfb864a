//! The provisioning attempt, without I/O: scan, attest, touch, send, confirm.
//!
//! [`Core`] takes facts and gives actions. What a person sees is decided by the flow alone, which is told what happened; what may happen is decided here.
//! Nothing here waits, draws randomness of its own, or keeps a session key: those live in the candidates' sessions.

mod cancel;
mod candidate;
mod command;
mod counting;
mod delivery;
mod happening;
mod networks;
mod overlap;
mod owned;
mod prompt;
mod search;
mod selection;
mod sightings;
#[cfg(test)]
mod tests;
mod turns;
mod unfinished;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use touchstone_flow::{A11yContext, Cue, Flow, FlowOptions, Output, Product, Screen};
use touchstone_proto::{credentials::Network, owner::OwnerPublicKey, record::Level};
use touchstone_trust::{Bundle, BundleError, Ueid};

use self::{
    cancel::Cancelling,
    candidate::{Candidate, Context, Happening, Tags},
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
    MarkSent(Ueid, Option<[u8; 16]>),
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
    OwnerPublic(
        LinkKey,
        Result<(OwnerPublicKey, Option<[u8; 16]>), OwnerKeyError>,
    ),
    OwnerSigned(LinkKey, Result<[u8; 64], OwnerKeyError>),
    SentMarked(Ueid, bool, Result<(), OwnerKeyError>),
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
    /// An earlier run of the app was killed after it had sent credentials; the person finishes or cancels.
    Unfinished(unfinished::Unfinished),
    /// COMMITTED has come.
    Done,
    /// Only a device that is already ours is here.
    Owned,
    /// Released because somebody else is about; waits for the person.
    Overlapped,
    /// Waits for RELEASED.
    Cancelling(Cancelling),
    /// Waits until the device has forgotten its owner.
    Forgetting { index: usize, until: Duration },
    /// A stop the person has to answer.
    Stopped,
    /// The person or the host has left; the devices may still say that they let go.
    Leaving { until: Duration },
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
    /// Advertisements of devices of ours that are candidates no more.
    retired: VecDeque<Tags>,
    /// Set-ups that the person has cancelled; a device may not know it yet.
    taken_back: Vec<[u8; 16]>,
    /// Devices that the person has said are other ones.
    excluded: Vec<Ueid>,
    bundle: Option<Arc<Bundle>>,
    saved: Option<Vec<Network>>,
    radio: Option<RadioState>,
    scanning: bool,
    first_sighting: Option<Duration>,
    /// Scans that ended by themselves since the last sighting.
    scan_ends: u8,
    /// When the next scan begins after one that ended.
    rescan_at: Option<Duration>,
    next_link: u32,
    /// Devices met so far.
    met: u32,
    prompt: prompt::Prompt,
    turns: turns::Turns,
    /// What authenticated devices have answered; shown when nothing better is left.
    verdicts: prompt::Verdicts,
    /// When a device nearby was found to be busy with somebody else (rule A-b).
    busy_at: Option<Duration>,
    /// Releases because somebody else was about, since the person last began.
    overlaps: u8,
    /// The application's minimum, or more since somebody else was about.
    level: Level,
    /// Touches for which signals were given, since the person last began.
    tries: u8,
    recorder: Recorder,
    finished: Option<Report>,
}

impl Core {
    pub(crate) fn new(context: A11yContext, policy: Policy, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            now: Duration::ZERO,
            flow: Flow::new(FlowOptions::default(), context),
            level: policy.minimum_level,
            tries: 0,
            policy,
            entropy,
            actions: VecDeque::new(),
            phase: Phase::Idle,
            sightings: Sightings::default(),
            candidates: Vec::new(),
            retired: VecDeque::new(),
            taken_back: Vec::new(),
            excluded: Vec::new(),
            bundle: None,
            saved: None,
            radio: None,
            scanning: false,
            first_sighting: None,
            scan_ends: 0,
            rescan_at: None,
            next_link: 0,
            met: 0,
            prompt: prompt::Prompt::default(),
            turns: turns::Turns::default(),
            verdicts: prompt::Verdicts::default(),
            busy_at: None,
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
                    vec![candidate.lost(&radio_code(&error))]
                });
            }
            Fact::Fragment(key, fragment) => {
                self.with_candidate(now, key, |candidate, context| {
                    candidate.fragment(now, &fragment, context)
                });
            }
            Fact::OwnerPublic(key, Ok((owner, sent))) => {
                let sent = sent.filter(|set_up| !self.taken_back.contains(set_up));
                self.with_candidate(now, key, |candidate, context| {
                    candidate.sent_before(sent);
                    candidate.owner(owner, context)
                });
            }
            Fact::OwnerSigned(key, Ok(signature)) => {
                self.with_candidate(now, key, |candidate, _| candidate.signed(now, &signature));
            }
            Fact::OwnerPublic(key, Err(_)) | Fact::OwnerSigned(key, Err(_)) => {
                self.owner_key_failed(now, key)
            }
            Fact::SentMarked(ueid, sent, outcome) => self.sent_marked(now, ueid, sent, &outcome),
            Fact::Bundle(bundle) if matches!(self.phase, Phase::Preparing) => match bundle {
                Ok(bundle) => {
                    self.bundle = Some(bundle);
                    self.prepared(now);
                }
                Err(error) => {
                    // What the source says may name files and hosts.
                    let code = match error {
                        BundleError::Unavailable(_) => "unavailable".to_owned(),
                        error => error.to_string(),
                    };
                    self.recorder.note(now, "trust bundle", None, Some(code));
                    self.failed(now, Outcome::HostFault, codes::BUNDLE);
                }
            },
            Fact::Saved(saved) if matches!(self.phase, Phase::Preparing) => {
                self.saved = Some(saved);
                self.prepared(now);
            }
            Fact::Bundle(_) | Fact::Saved(_) => {}
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
        self.advance_selection(now);
        self.advance_cancelling(now);
        self.drain_flow(now);
    }

    fn drain_flow(&mut self, now: Duration) {
        while let Some(output) = self.flow.poll_output() {
            match output {
                Output::Screen(screen) => self.actions.push_back(Action::Show(Box::new(screen))),
                Output::Cue(cue) => {
                    if matches!(cue, Cue::Say { .. }) {
                        self.announcement_begins(now);
                    }
                    self.actions.push_back(Action::Cue(cue));
                }
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

    /// A stop that has no row of its own.
    fn failed(&mut self, now: Duration, outcome: Outcome, code: u16) {
        self.stop(now, outcome, touchstone_flow::Event::Failed { code });
    }

    /// The owner key store failed for a device that is being verified.
    fn owner_key_failed(&mut self, now: Duration, key: LinkKey) {
        if !self.candidates.iter().any(|c| c.has_link(key)) {
            return;
        }
        self.recorder.note(now, "owner key failed", None, None);
        match self.phase {
            // What was sent has to be taken back; the store may answer next time.
            Phase::Cancelling(_) | Phase::Leaving { .. } => {
                self.with_candidate(now, key, |candidate, _| vec![candidate.lost("owner key")]);
            }
            _ => self.failed(now, Outcome::HostFault, codes::OWNER_KEY),
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
        let hush = self.is_to_hush(now);
        let (Some(candidate), Some(bundle)) = (self.candidates.get_mut(index), &self.bundle) else {
            return;
        };
        let context = Context {
            bundle,
            entropy: self.entropy.as_ref(),
            minimum_level: self.policy.minimum_level,
            post_quantum: self.policy.post_quantum,
            level: self.level,
            hush,
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
    /// It is not certain that the device has let go of what it was given.
    pub(crate) const ROLL_BACK: u16 = 7;
    /// The device does not accept set-up now.
    pub(crate) const LOCKED: u16 = 8;
}

/// What a report says about a radio error: never the host's own words, which may hold addresses and names.
fn radio_code(error: &RadioError) -> String {
    match error {
        RadioError::Unusable(state) => format!("radio unusable: {state:?}"),
        RadioError::LinkLost => "link lost".to_owned(),
        RadioError::NoService => "no service".to_owned(),
        RadioError::Other(_) => "radio error".to_owned(),
    }
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
        Event::LetGo => "let go",
        Event::Found { .. } => "found",
        Event::Verifying => "verifying",
        Event::NotGenuine { .. } => "not genuine",
        Event::NotChecked => "not checked",
        Event::AwaitPresence { .. } => "await presence",
        Event::PresenceWithdrawn => "presence withdrawn",
        Event::Touched { .. } => "touched",
        Event::SeveralTouched => "several touched",
        Event::AnotherNearby => "another nearby",
        Event::TouchAgain { .. } => "touch again",
        Event::CountSignals { .. } => "count signals",
        Event::NotConfirmed => "not confirmed",
        Event::ChooseNetwork { .. } => "choose network",
        Event::Networks(_) => "networks",
        Event::Sending => "sending",
        Event::Joining => "joining",
        Event::WrongPassword => "wrong password",
        Event::NetworkNotFound => "network not found",
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
        Event::Forgotten { .. } => "forgotten",
        Event::Unfinished { .. } => "unfinished",
        Event::Busy => "busy",
        Event::Revoked => "revoked",
        Event::CannotSignal => "cannot signal",
        Event::UpdateRequired { .. } => "update required",
        Event::Failed { .. } => "failed",
        _ => "event",
    }
}
