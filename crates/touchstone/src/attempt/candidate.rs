//! One device under consideration: its link, its session, and how far it has come.
//!
//! Decides nothing about other devices and nothing the person sees; it reports [`Happening`]s.

use std::time::Duration;

use touchstone_flow::{NotGenuineReason, UpdateTarget};
use touchstone_proto::{
    Error, HIGHEST_VERSION,
    advert::{Advert, AdvertKey},
    credentials::Credentials,
    error::Inauthentic,
    frame::Framer,
    message::{self, Envelope, Message},
    owner::OwnerPublicKey,
    phone::{
        AppraiseFailure, Attested, Confirmed, CredentialForm, Event, Leaf, Session, TouchMemory,
        Touched,
    },
    record::{
        DeniedReason, ErrorCode, Level, ReleaseReason, Resumed, ResumedState, SeenNetworks, Status,
    },
};
use touchstone_trust::{Bundle, LeafError, Refusal, Ueid, Verdict};
use zeroize::Zeroizing;

use super::{Action, LinkKey};
use crate::ports::{Entropy, PeripheralId};

/// An answer later than this is asked for again (docs/PROTOCOL.md section 3).
const ANSWER: Duration = Duration::from_secs(1);
/// This many unanswered polls end the link.
const POLLS: u8 = 3;
/// A silent link is kept alive this often (rule R-d).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A device without an answer to ARM by then does not stay in the prompt.
pub(crate) const ARMING: Duration = Duration::from_secs(1);
/// A claim of an earlier link is answered by then, or it is gone.
const CLAIM: Duration = Duration::from_millis(1500);
/// Broken proofs in a row that make a device not genuine: one may be the air's.
const DOUBTS: u8 = 2;
/// Our own time and the device's may differ by this many epochs.
const STALE_EPOCHS: u64 = 3;
/// One draw in 2^32 is not a key.
const EPHEMERAL_TRIES: u8 = 4;
/// One byte; links are told apart by the host.
const C_I: u8 = 0;

/// How far a candidate has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No link; waits for its turn or its retry.
    Unlinked,
    /// The host connects.
    Connecting,
    /// message_1 sent.
    AwaitMessage2,
    /// The host looks up the owner key.
    AwaitOwnerKey,
    /// The host signs message_3.
    AwaitSignature,
    /// message_3 sent.
    AwaitEvidence,
    /// Genuine, not armed.
    Attested,
    /// ARM sent.
    AwaitArmed,
    /// Waits for the touch.
    Armed,
    /// Touched.
    Touched,
    /// RELEASE sent.
    AwaitReleased,
    /// Already ours.
    Owned,
    /// Given up for this attempt.
    Dismissed,
}

impl State {
    /// Whether the channel is open and both sides are authenticated.
    pub(crate) fn is_after_evidence(self) -> bool {
        matches!(
            self,
            Self::Attested
                | Self::AwaitArmed
                | Self::Armed
                | Self::Touched
                | Self::AwaitReleased
                | Self::Owned
        )
    }
}

/// What a candidate tells the attempt.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The host is to act.
    Act(Action),
    /// The certificate or the evidence does not hold.
    NotGenuine(NotGenuineReason),
    /// Withdrawn by its maker.
    Revoked,
    /// No common version, or firmware below the floor.
    UpdateRequired(UpdateTarget),
    /// The evidence holds.
    Attested,
    /// Refused by an authenticated device.
    Denied(DeniedReason),
    /// Waits for the touch now.
    Armed,
    /// The device-side scan is there.
    Networks,
    /// Touched; how many other sessions were about.
    Touched { contended: u32 },
    /// A claim from before the link was lost.
    Resumed(Resumed),
    /// A claim that this process cannot use.
    ResumedElsewhere,
    /// A status.
    Status(Status),
    /// The device has stored owner and network.
    Committed([u8; 16]),
    /// Let go.
    Released,
    /// A fault of the device, told over the channel.
    DeviceError(ErrorCode),
    /// The device knows nothing of the touch any more.
    ClaimGone,
    /// The link is gone or useless.
    Lost(Option<LinkKey>, String),
}

/// What every candidate may look at.
pub(crate) struct Context<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) level: Level,
}

/// The open link and the session over it.
struct Wire {
    key: LinkKey,
    framer: Framer,
    session: Session,
    /// When an expected answer is late; `None` while nothing is expected.
    answer_due: Option<Duration>,
    polls: u8,
    /// When the next KEEPALIVE is due.
    keep_alive: Duration,
}

/// Who the device has proved to be; survives its links.
pub(crate) struct Identity {
    leaf_der: Vec<u8>,
    ueid: Ueid,
    boot_id: Option<[u8; 8]>,
}

/// What this process knows of its ARM, and of the touch that answered it.
struct Claim {
    memory: TouchMemory,
    /// Used up by the first credentials of a link.
    touched: Option<Touched>,
    is_touched: bool,
}

/// One device and everything this attempt knows about it.
pub(crate) struct Candidate {
    /// In the order of discovery, from 1; for reports.
    pub(crate) number: u32,
    pub(crate) id: PeripheralId,
    pub(crate) state: State,
    link: Option<LinkKey>,
    wire: Option<Wire>,
    identity: Option<Identity>,
    attested: Option<Attested>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) networks: Option<SeenNetworks>,
    claim: Option<Claim>,
    /// The present session has carried credentials.
    pub(crate) sent: bool,
    /// CONFIRM was sent in this or an earlier session.
    pub(crate) confirming: bool,
    /// Links lost in a row.
    pub(crate) losses: u8,
    /// When the link was lost, until it is back.
    pub(crate) lost_at: Option<Duration>,
    pub(crate) retry_at: Duration,
    armed: Option<(Duration, u32)>,
    arming_since: Option<Duration>,
    /// How this device's advertisements are known for ours.
    tag_key: Option<AdvertKey>,
    /// Until when a claim of an earlier link may still be answered.
    claim_until: Option<Duration>,
    /// Broken proofs in a row.
    doubts: u8,
    /// The person said that it is another device.
    pub(crate) excluded: bool,
}

impl Candidate {
    pub(crate) fn new(number: u32, id: PeripheralId) -> Self {
        Self {
            number,
            id,
            state: State::Unlinked,
            link: None,
            wire: None,
            identity: None,
            attested: None,
            verdict: None,
            networks: None,
            claim: None,
            sent: false,
            confirming: false,
            losses: 0,
            lost_at: None,
            retry_at: Duration::ZERO,
            armed: None,
            arming_since: None,
            tag_key: None,
            claim_until: None,
            doubts: 0,
            excluded: false,
        }
    }

    pub(crate) fn ueid(&self) -> Option<Ueid> {
        self.identity.as_ref().map(|identity| identity.ueid)
    }

    pub(crate) fn has_link(&self, key: LinkKey) -> bool {
        self.link == Some(key)
    }

    pub(crate) fn link(&self) -> Option<LinkKey> {
        self.link
    }

    pub(crate) fn is_touched(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.is_touched)
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Armed | State::Touched)
    }

    /// Whether an ARM of ours may still stand.
    pub(crate) fn may_be_armed(&self) -> bool {
        matches!(self.state, State::AwaitArmed | State::Armed)
            || (self.state == State::Unlinked && self.armed.is_some())
    }

    /// Whether an armed advertisement under this address is explained by our own session.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(
            self.state,
            State::AwaitArmed | State::Armed | State::Touched | State::AwaitReleased
        ) || self.is_touched()
    }

    /// Whether the handshake has begun and not yet ended.
    pub(crate) fn is_verifying(&self) -> bool {
        matches!(
            self.state,
            State::Connecting
                | State::AwaitMessage2
                | State::AwaitOwnerKey
                | State::AwaitSignature
                | State::AwaitEvidence
        )
    }

    /// Whether an advertisement was made with this session's key, lately (docs/PROTOCOL.md section 2).
    pub(crate) fn made(&self, now: Duration, advert: &Advert) -> bool {
        let (Some(key), Some((at, epoch))) = (&self.tag_key, self.armed) else {
            return false;
        };
        let expected = u64::from(epoch) + now.saturating_sub(at).as_secs();
        key.matches(advert) && u64::from(advert.epoch).abs_diff(expected) <= STALE_EPOCHS
    }

    /// The host begins to connect.
    pub(crate) fn connecting(&mut self, key: LinkKey) {
        self.link = Some(key);
        self.state = State::Connecting;
    }

    /// The link is open: message_1 goes out.
    pub(crate) fn connected(
        &mut self,
        now: Duration,
        key: LinkKey,
        fragment_size: usize,
        context: &Context<'_>,
    ) -> Vec<Happening> {
        // A leaf we hold need not travel again.
        let form = if self.identity.is_some() {
            CredentialForm::ByReference
        } else {
            CredentialForm::ByValue
        };
        let started = (0..EPHEMERAL_TRIES).find_map(|_| {
            let mut ephemeral = Zeroizing::new([0; 32]);
            context.entropy.fill(ephemeral.as_mut());
            Session::start(form, HIGHEST_VERSION, &ephemeral, C_I).ok()
        });
        let Some((session, hello)) = started else {
            return vec![self.lost(now, "ephemeral key")];
        };
        self.wire = Some(Wire {
            key,
            framer: Framer::new(fragment_size),
            session,
            answer_due: None,
            polls: 0,
            keep_alive: now + KEEP_ALIVE,
        });
        self.state = State::AwaitMessage2;
        self.attested = None;
        self.send(now, &hello, true)
    }

    /// Forgets the link; the identity and the touch stay.
    pub(crate) fn lost(&mut self, now: Duration, why: &str) -> Happening {
        let key = self.link.take();
        self.wire = None;
        self.state = State::Unlinked;
        self.claim_until = None;
        self.attested = None;
        self.sent = false;
        self.arming_since = None;
        self.lost_at.get_or_insert(now);
        self.losses = self.losses.saturating_add(1);
        Happening::Lost(key, why.to_owned())
    }

    /// Given up: nothing of it is kept.
    pub(crate) fn dismiss(&mut self) {
        self.wire = None;
        self.link = None;
        self.attested = None;
        self.forget_touch();
        self.state = State::Dismissed;
    }

    /// The touch is void: the device restarted, the claim ended, or it was released.
    pub(crate) fn forget_touch(&mut self) {
        self.claim = None;
        self.claim_until = None;
        self.sent = false;
        self.confirming = false;
        self.armed = None;
    }

    /// A fragment from the device.
    pub(crate) fn fragment(
        &mut self,
        now: Duration,
        fragment: &[u8],
        context: &Context<'_>,
    ) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        wire.polls = 0;
        if wire.answer_due.is_some() {
            wire.answer_due = Some(now + ANSWER);
        }
        let envelope = match wire.framer.receive(fragment) {
            Ok(Some(envelope)) => envelope.to_vec(),
            Ok(None) => return self.flush(),
            Err(error) => return vec![self.lost(now, &error.to_string())],
        };
        let mut happenings = Vec::new();
        for message in message::messages(&envelope) {
            let outcome = match message {
                Ok(message) => self.message(now, message, context, &mut happenings),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                happenings.push(self.failed(now, error));
                return happenings;
            }
        }
        happenings.extend(self.flush());
        happenings
    }

    /// Sorts an error by what it proves: a broken message proves nothing, a broken proof twice is a device that cannot do better.
    fn failed(&mut self, now: Duration, error: Error) -> Happening {
        match error {
            Error::NotAuthentic(Inauthentic::Signature | Inauthentic::CertificateHash) => {
                self.doubt(now, NotGenuineReason::Key)
            }
            // Said inside the channel: nobody else can have broken it.
            Error::NotAuthentic(
                Inauthentic::Evidence
                | Inauthentic::EvidenceNonce
                | Inauthentic::EvidenceUeid
                | Inauthentic::VersionDowngrade,
            ) => Happening::NotGenuine(NotGenuineReason::Evidence),
            other => self.lost(now, &other.to_string()),
        }
    }

    fn doubt(&mut self, now: Duration, reason: NotGenuineReason) -> Happening {
        self.doubts += 1;
        if self.doubts < DOUBTS {
            self.lost(now, "not authentic")
        } else {
            Happening::NotGenuine(reason)
        }
    }

    fn message(
        &mut self,
        now: Duration,
        message: Message<'_>,
        context: &Context<'_>,
        happenings: &mut Vec<Happening>,
    ) -> Result<(), Error> {
        let Some(wire) = &mut self.wire else {
            return Ok(());
        };
        match wire.session.handle(message)? {
            Event::Leaf => happenings.extend(self.leaf(now, context)?),
            Event::Evidence(_) => happenings.push(self.evidence(now, context)?),
            Event::Refused(reason) | Event::Denied(reason) => {
                self.expect_nothing();
                self.claim = None;
                happenings.push(Happening::Denied(reason));
            }
            Event::Armed { epoch, .. } => {
                self.expect_nothing();
                self.arming_since = None;
                self.armed = Some((now, epoch));
                self.state = State::Armed;
                self.losses = 0;
                self.lost_at = None;
                happenings.push(Happening::Armed);
            }
            Event::Networks(networks) => {
                self.networks = Some(networks);
                happenings.push(Happening::Networks);
            }
            Event::Touched {
                touched,
                memory,
                contended,
                ..
            } => {
                self.claim = Some(Claim {
                    memory,
                    touched: Some(touched),
                    is_touched: true,
                });
                self.state = State::Touched;
                happenings.push(Happening::Touched { contended });
            }
            Event::Resumed(resumed) => happenings.push(self.resumed(&resumed)),
            Event::Status(status) => {
                self.expect_nothing();
                if status == Status::Disarmed {
                    self.state = State::Attested;
                    self.armed = None;
                    self.claim = None;
                }
                happenings.push(Happening::Status(status));
            }
            Event::Committed { commit_id } => {
                self.expect_nothing();
                self.claim_until = None;
                happenings.push(Happening::Committed(commit_id));
            }
            Event::Released => {
                self.expect_nothing();
                self.forget_touch();
                self.state = State::Attested;
                happenings.push(Happening::Released);
            }
            Event::KeepAlive { .. } => self.expect_nothing(),
            Event::PeerError(code) => happenings.push(Happening::DeviceError(code)),
            _ => {}
        }
        Ok(())
    }

    /// The certificate has arrived: chain, profile, revocation and signature are checked before the phone says who it is.
    fn leaf(&mut self, now: Duration, context: &Context<'_>) -> Result<Vec<Happening>, Error> {
        let Some(wire) = &mut self.wire else {
            return Ok(Vec::new());
        };
        let key = wire.key;
        let der = match (wire.session.leaf(), &self.identity) {
            (Some(Leaf::ByValue(der)), _) => der.to_vec(),
            (Some(Leaf::Reference(_)), Some(identity)) => identity.leaf_der.clone(),
            _ => return Ok(vec![self.lost(now, "unknown leaf")]),
        };
        let leaf = match context.bundle.verify_leaf(&der) {
            Ok(leaf) => leaf,
            Err(LeafError::Revoked) => return Ok(vec![Happening::Revoked]),
            Err(_) => return Ok(vec![self.doubt(now, NotGenuineReason::Certificate)]),
        };
        wire.session.authenticate(&der, leaf.key(), leaf.ueid())?;
        let ueid = *leaf.ueid();
        if self
            .identity
            .as_ref()
            .is_some_and(|known| known.ueid != ueid)
        {
            // Another device answers under this address: whatever was known belongs to the other one.
            self.identity = None;
            self.forget_touch();
        }
        self.identity.get_or_insert(Identity {
            leaf_der: der,
            ueid,
            boot_id: None,
        });
        self.state = State::AwaitOwnerKey;
        self.expect_nothing();
        Ok(vec![Happening::Act(Action::OwnerPublic(key, ueid))])
    }

    /// The host has the owner key, durable from now on.
    pub(crate) fn owner(
        &mut self,
        now: Duration,
        owner: OwnerPublicKey,
        context: &Context<'_>,
    ) -> Vec<Happening> {
        let (Some(wire), Some(identity), State::AwaitOwnerKey) =
            (&mut self.wire, &self.identity, self.state)
        else {
            return Vec::new();
        };
        let mut nonce = [0; 16];
        context.entropy.fill(&mut nonce);
        match wire.session.ask_owner(&owner, &nonce) {
            Ok(message) => {
                let action = Action::OwnerSign(wire.key, identity.ueid, message.to_vec());
                self.state = State::AwaitSignature;
                vec![Happening::Act(action)]
            }
            Err(error) => vec![self.failed(now, error)],
        }
    }

    /// The host has signed: message_3 and PREPARE go out together.
    pub(crate) fn signed(&mut self, now: Duration, signature: &[u8; 64]) -> Vec<Happening> {
        let (Some(wire), State::AwaitSignature) = (&mut self.wire, self.state) else {
            return Vec::new();
        };
        match wire.session.owner_signed(signature) {
            Ok(envelope) => {
                self.state = State::AwaitEvidence;
                self.send(now, &envelope, true)
            }
            Err(error) => vec![self.failed(now, error)],
        }
    }

    fn evidence(&mut self, now: Duration, context: &Context<'_>) -> Result<Happening, Error> {
        let (Some(wire), Some(identity)) = (&mut self.wire, &mut self.identity) else {
            return Ok(self.lost(now, "no identity"));
        };
        match wire.session.appraise(context.bundle) {
            Ok((attested, verdict)) => {
                // A claim lives within one boot.
                let same_boot =
                    identity.boot_id.replace(*verdict.boot_id()) == Some(*verdict.boot_id());
                // The device may have stored what it was asked to before it lost power.
                if (same_boot && self.claim.is_some()) || self.confirming {
                    self.claim_until = Some(now + CLAIM);
                }
                self.attested = Some(attested);
                self.verdict = Some(verdict);
                self.tag_key = wire.session.advert_key();
                self.state = State::Attested;
                self.doubts = 0;
                self.expect_nothing();
                if context.level.max(
                    self.verdict
                        .as_ref()
                        .map_or(Level::L1, Verdict::minimum_level),
                ) > Level::L1
                {
                    // Level L2 is not implemented yet, and a lower one would be a downgrade.
                    return Ok(Happening::UpdateRequired(UpdateTarget::App));
                }
                if !same_boot && self.is_touched() && !self.confirming {
                    return Ok(Happening::ClaimGone);
                }
                Ok(Happening::Attested)
            }
            Err(AppraiseFailure::Evidence(error)) => Err(error),
            Err(AppraiseFailure::Appraiser(refusal)) => Ok(match refusal {
                Refusal::UpdateRequired { .. } => Happening::UpdateRequired(UpdateTarget::Device),
                Refusal::VersionTooOld { .. } => Happening::UpdateRequired(UpdateTarget::Device),
                Refusal::Leaf(LeafError::Revoked) => Happening::Revoked,
                _ => Happening::NotGenuine(NotGenuineReason::Policy),
            }),
        }
    }

    fn resumed(&mut self, resumed: &Resumed) -> Happening {
        self.claim_until = None;
        let (Some(wire), Some(claim)) = (&mut self.wire, &mut self.claim) else {
            // A claim of an earlier process: this one has not asked for that touch, and asks for its own.
            return Happening::ResumedElsewhere;
        };
        match wire.session.resume_touched(&claim.memory, resumed) {
            Ok(touched) => {
                claim.touched = Some(touched);
                claim.is_touched = true;
                self.state = State::Touched;
                self.sent = resumed.state >= ResumedState::Accepted;
                self.losses = 0;
                self.lost_at = None;
                Happening::Resumed(*resumed)
            }
            Err(_) => Happening::ResumedElsewhere,
        }
    }

    /// Asks for a touch.
    pub(crate) fn arm(&mut self, now: Duration, context: &Context<'_>) -> Vec<Happening> {
        let (Some(wire), Some(attested), State::Attested, None) =
            (&mut self.wire, &self.attested, self.state, self.claim_until)
        else {
            return Vec::new();
        };
        if self.excluded {
            return Vec::new();
        }
        let mut n_p = [0; 16];
        context.entropy.fill(&mut n_p);
        match wire.session.arm(attested, context.level, &n_p) {
            Ok(envelope) => {
                // The touch may come, and its record be lost with the link.
                let memory = wire.session.touch_memory();
                self.claim = memory.map(|memory| Claim {
                    memory,
                    touched: None,
                    is_touched: false,
                });
                self.state = State::AwaitArmed;
                self.arming_since = Some(now);
                self.send(now, &envelope, true)
            }
            Err(error) => vec![self.failed(now, error)],
        }
    }

    /// Sends a record the session makes.
    pub(crate) fn tell(
        &mut self,
        now: Duration,
        record: impl FnOnce(&mut Session) -> Result<Envelope, Error>,
    ) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        match record(&mut wire.session) {
            Ok(envelope) => self.send(now, &envelope, true),
            Err(error) => vec![self.failed(now, error)],
        }
    }

    /// Lets the device go; RELEASED follows.
    pub(crate) fn release(&mut self, now: Duration, reason: ReleaseReason) -> Vec<Happening> {
        if !self.state.is_after_evidence() || self.state == State::AwaitReleased {
            return Vec::new();
        }
        self.state = State::AwaitReleased;
        self.tell(now, |session| session.release(reason))
    }

    /// Seals the credentials: the first time of a link with the capabilities, afterwards as a correction.
    pub(crate) fn deliver(
        &mut self,
        now: Duration,
        confirmed: Confirmed,
        credentials: &Credentials,
    ) -> Vec<Happening> {
        if self.sent {
            return self.tell(now, |session| session.correct_credentials(credentials));
        }
        let touched = self.claim.as_mut().and_then(|claim| claim.touched.take());
        let (Some(attested), Some(touched)) = (self.attested.take(), touched) else {
            return Vec::new();
        };
        self.sent = true;
        self.tell(now, |session| {
            session.send_credentials(attested, touched, confirmed, credentials)
        })
    }

    /// Asks the device to store owner and network.
    pub(crate) fn confirm(&mut self, now: Duration) -> Vec<Happening> {
        self.confirming = true;
        self.tell(now, Session::confirm)
    }

    /// What COMMITTED must say.
    pub(crate) fn commit_id(&self) -> Option<[u8; 16]> {
        self.claim.as_ref().map(|claim| claim.memory.commit_id())
    }

    fn send(&mut self, now: Duration, envelope: &[u8], answer: bool) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        if let Err(error) = wire.framer.send(envelope) {
            return vec![self.lost(now, &error.to_string())];
        }
        if answer {
            wire.answer_due = Some(now + ANSWER);
            wire.polls = 0;
        }
        wire.keep_alive = now + KEEP_ALIVE;
        self.flush()
    }

    /// Hands the host what the frame layer has ready.
    fn flush(&mut self) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        let mut happenings = Vec::new();
        let mut out = [0; 512];
        while let Some(length) = wire.framer.poll_transmit(&mut out) {
            let fragment = out.get(..length).unwrap_or_default().to_vec();
            happenings.push(Happening::Act(Action::Send(wire.key, fragment)));
        }
        happenings
    }

    fn expect_nothing(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.answer_due = None;
        }
    }

    /// Late answers, keep-alives, claims that are not answered.
    pub(crate) fn timeout(&mut self, now: Duration) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        if self.claim_until.is_some_and(|until| until <= now) {
            self.claim_until = None;
            return vec![Happening::ClaimGone];
        }
        if wire.answer_due.is_some_and(|due| due <= now) {
            if wire.polls >= POLLS {
                return vec![self.lost(now, "no answer")];
            }
            wire.polls += 1;
            wire.answer_due = Some(now + ANSWER);
            wire.framer.poll();
            return self.flush();
        }
        if wire.keep_alive <= now && self.state.is_after_evidence() {
            wire.keep_alive = now + KEEP_ALIVE;
            return self.tell(now, Session::keep_alive);
        }
        Vec::new()
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        let wire = self.wire.as_ref()?;
        let keep_alive = self.state.is_after_evidence().then_some(wire.keep_alive);
        wire.answer_due
            .into_iter()
            .chain(keep_alive)
            .chain(self.claim_until)
            .min()
    }

    /// Since when ARM is unanswered.
    pub(crate) fn arming_since(&self) -> Option<Duration> {
        self.arming_since
    }
}
