//! One device under consideration: its link, its session, and how far it has come.
//!
//! Decides nothing about other devices and nothing the person sees; it reports [`Happening`]s.

mod handshake;
mod power_cycle;
mod session;
pub(crate) mod signals;
mod tags;
mod wire;

use std::time::Duration;

use touchstone_flow::{NotGenuineReason, UpdateTarget};
use touchstone_proto::{
    Error,
    advert::Advert,
    error::Inauthentic,
    phone::{Attested, TouchMemory, Touched},
    record::{
        DeniedReason, ErrorCode, Level, PresenceKinds, PressKind, Resumed, ResumedState,
        SeenNetworks, Status,
    },
};
use touchstone_trust::{Bundle, Ueid, Verdict};

pub(crate) use self::tags::Tags;
use self::wire::{Due, Wire};
use super::{Action, LinkKey};
use crate::{
    policy::PostQuantum,
    ports::{Entropy, PeripheralId},
};

/// A device without an answer to ARM by then is expected to be armed.
pub(crate) const EXPECTED: Duration = Duration::from_millis(300);
/// A device without an answer to ARM by then does not stay in the prompt.
pub(crate) const ARMING: Duration = Duration::from_secs(1);
/// A claim of an earlier link, or an earlier set-up, is told of by then, or there is none.
const CLAIM: Duration = Duration::from_millis(1500);
/// A host that has not connected by then will not.
const CONNECTING: Duration = Duration::from_secs(30);
/// Broken proofs in a row after which a device is given up: one may be the air's.
const DOUBTS: u8 = 2;

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
    /// The keys of this link were agreed on like this; for reports.
    KeyAgreement(&'static str),
    /// The device has proved to be this one; the phone has not yet said who it is.
    Identified(LinkKey, Ueid),
    /// It has proved to be one that does not hold: the key of a refused certificate, or evidence.
    NotGenuine(NotGenuineReason),
    /// Time and again it has proved nothing; the latest reason.
    NotChecked(&'static str),
    /// Withdrawn by its maker.
    Revoked,
    /// No common version, or firmware below the floor.
    UpdateRequired(UpdateTarget),
    /// It cannot be armed at the level that is needed.
    LevelUnavailable(Shortfall),
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
    /// A claim of an earlier process that had sent credentials for it.
    Unfinished(ResumedState),
    /// A claim that this process cannot use.
    ResumedElsewhere,
    /// The device gives no more signals for this touch.
    NoMoreRepeats,
    /// A status.
    Status(Status),
    /// The device has stored owner and network.
    Committed([u8; 16]),
    /// Let go.
    Released,
    /// A fault of the device, told over the channel.
    DeviceError(ErrorCode),
    /// The device does not tell of a touch, or knows nothing of it any more.
    ClaimGone,
    /// The link is gone or useless.
    Lost(Option<LinkKey>, String),
}

/// What a device can do: level L2 needs something to count, and a touch that leaves the link as it is.
fn highest_level(verdict: &Verdict) -> Level {
    let power_cycle = PresenceKinds::NONE.with(PressKind::PowerCycle);
    if verdict.actuators().any() && verdict.presence() != power_cycle {
        verdict.maximum_level()
    } else {
        Level::L1
    }
}

/// Why a device cannot be armed at the level that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortfall {
    /// Application or maker demand more than it can do, or it cannot respond at all.
    Demanded,
    /// The attempt was raised above what it can do.
    Raised,
}

/// What every candidate may look at.
pub(crate) struct Context<'a> {
    /// The phone speaks, or is about to: a device that is armed now begins in silence.
    pub(crate) hush: bool,
    pub(crate) bundle: &'a Bundle,
    pub(crate) entropy: &'a dyn Entropy,
    /// What the application demands.
    pub(crate) minimum_level: Level,
    /// What this attempt demands by now.
    pub(crate) level: Level,
    pub(crate) post_quantum: PostQuantum,
}

impl Context<'_> {
    /// The level at which a device of this kind is to be armed; its own minimum may be higher than ours.
    fn level_for(&self, verdict: &Verdict) -> Result<Level, Shortfall> {
        let possible = highest_level(verdict);
        let demanded = self.minimum_level.max(verdict.minimum_level());
        if demanded > possible {
            Err(Shortfall::Demanded)
        } else if self.level > possible {
            Err(Shortfall::Raised)
        } else {
            Ok(self.level.max(demanded))
        }
    }
}

/// Who the device has proved to be; survives its links.
struct Identity {
    leaf_der: Vec<u8>,
    ueid: Ueid,
    boot_id: Option<[u8; 8]>,
}

/// What this process knows of its ARM, and of the touch that answered it.
struct Claim {
    level: Level,
    /// Takes the touch up over a new link. At level L2 there is none before the counts were right: the touch ends with its link.
    memory: Option<TouchMemory>,
    /// Used up by the first credentials of a link.
    touched: Option<Touched>,
    is_touched: bool,
}

/// A link with its session, on its way from one candidate to another.
pub(crate) struct Handover {
    id: PeripheralId,
    link: Option<LinkKey>,
    wire: Option<Wire>,
    state: State,
}

/// One device and everything this attempt knows about it.
pub(crate) struct Candidate {
    /// In the order of discovery, from 1; for reports.
    pub(crate) number: u32,
    pub(crate) id: PeripheralId,
    pub(crate) state: State,
    link: Option<LinkKey>,
    /// When the host's connecting is given up.
    connect_by: Duration,
    wire: Option<Wire>,
    identity: Option<Identity>,
    attested: Option<Attested>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) networks: Option<SeenNetworks>,
    claim: Option<Claim>,
    /// The set-up for which an earlier process has sent credentials.
    sent_before: Option<[u8; 16]>,
    /// It has told of that set-up in this process.
    unfinished: bool,
    /// The present session has carried credentials.
    sent: bool,
    /// The set-up is to be made permanent; CONFIRM was sent in this or an earlier session, unless the link was missing.
    pub(crate) confirming: bool,
    /// CONFIRM was sent in the present session.
    confirm_sent: bool,
    /// Links lost in a row.
    pub(crate) losses: u8,
    pub(crate) retry_at: Duration,
    /// An ARM of ours may still stand on the device.
    arm_stands: bool,
    arming_since: Option<Duration>,
    /// What is known of the signals it gives while it waits.
    pub(crate) signals: Option<signals::Signals>,
    /// The link went while the device was to be switched off and on.
    off: Option<power_cycle::Off>,
    pub(crate) tags: Tags,
    /// Until when a claim of an earlier link, or an earlier set-up, may still be told of.
    claim_until: Option<Duration>,
    /// Broken proofs in a row.
    doubts: u8,
    /// The certificate is to travel even though we hold one.
    by_value: bool,
    /// The hybrid suite was refused, by this device or by somebody who would like that.
    hybrid_refused: bool,
    /// It has said on this link that it is ours.
    pub(crate) owned: bool,
    /// The earlier set-up by which it became ours.
    pub(crate) earlier: Option<[u8; 16]>,
    /// The person wants another Wi-Fi for a device that is already ours.
    pub(crate) changing: bool,
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
            connect_by: Duration::ZERO,
            wire: None,
            identity: None,
            attested: None,
            verdict: None,
            networks: None,
            claim: None,
            sent_before: None,
            unfinished: false,
            sent: false,
            confirming: false,
            confirm_sent: false,
            losses: 0,
            retry_at: Duration::ZERO,
            arm_stands: false,
            arming_since: None,
            signals: None,
            off: None,
            tags: Tags::default(),
            claim_until: None,
            doubts: 0,
            by_value: false,
            hybrid_refused: false,
            owned: false,
            earlier: None,
            changing: false,
            excluded: false,
        }
    }

    pub(crate) fn ueid(&self) -> Option<Ueid> {
        self.identity.as_ref().map(|identity| identity.ueid)
    }

    #[cfg(test)]
    pub(crate) fn has_refused_the_hybrid(&self) -> bool {
        self.hybrid_refused
    }

    pub(crate) fn has_link(&self, key: LinkKey) -> bool {
        self.link == Some(key)
    }

    pub(crate) fn link(&self) -> Option<LinkKey> {
        self.link
    }

    /// Whether the host has the link open.
    pub(crate) fn is_wired(&self) -> bool {
        self.wire.is_some()
    }

    pub(crate) fn is_touched(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.is_touched)
    }

    /// The level at which it was armed last.
    pub(crate) fn level(&self) -> Level {
        self.claim.as_ref().map_or(Level::L1, |claim| claim.level)
    }

    /// Whether its signals can be counted, should it have to be.
    pub(crate) fn can_be_counted(&self) -> bool {
        self.verdict
            .as_ref()
            .is_some_and(|verdict| highest_level(verdict) >= Level::L2)
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Armed | State::Touched)
    }

    /// Whether an ARM of ours may still stand.
    pub(crate) fn may_be_armed(&self) -> bool {
        self.arm_stands
    }

    /// Whether a touch may have happened that the device could not tell of yet (rule A-j).
    pub(crate) fn may_hide_a_touch(&self) -> bool {
        self.arm_stands && (!self.state.is_after_evidence() || self.claim_until.is_some())
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

    /// Whether our own session with this device explains that it advertises itself as armed or touched. The address alone proves that only while the
    /// device may have changed its key and could not tell.
    pub(crate) fn explains(&self, id: &PeripheralId, at: Duration, advert: &Advert) -> bool {
        self.tags.made(at, advert)
            || (self.id == *id && !self.state.is_after_evidence() && self.arm_stands)
    }

    /// Since when ARM is unanswered.
    pub(crate) fn arming_since(&self) -> Option<Duration> {
        self.arming_since
    }

    /// The host begins to connect.
    pub(crate) fn connecting(&mut self, now: Duration, key: LinkKey) {
        self.link = Some(key);
        self.connect_by = now + CONNECTING;
        self.state = State::Connecting;
    }

    /// Forgets the link; the identity and the touch stay.
    pub(crate) fn lost(&mut self, why: &str) -> Happening {
        let key = self.link.take();
        self.forget_session();
        self.wire = None;
        self.state = State::Unlinked;
        self.losses = self.losses.saturating_add(1);
        Happening::Lost(key, why.to_owned())
    }

    fn forget_session(&mut self) {
        self.claim_until = None;
        self.attested = None;
        self.sent = false;
        self.confirm_sent = false;
        self.arming_since = None;
    }

    /// Given up: nothing of it is kept.
    pub(crate) fn dismiss(&mut self) {
        self.wire = None;
        self.link = None;
        self.forget_session();
        self.forget_touch();
        self.state = State::Dismissed;
    }

    /// The touch is void: the device restarted, the claim ended, or it was released.
    pub(crate) fn forget_touch(&mut self) {
        self.claim = None;
        self.sent_before = None;
        self.unfinished = false;
        self.off = None;
        self.claim_until = None;
        self.sent = false;
        self.confirming = false;
        self.confirm_sent = false;
        self.arm_stands = false;
        self.arming_since = None;
    }

    /// It is told to forget the touch, and may not hear it: whatever it tells of the touch from now on is too old. An ARM may still stand there.
    pub(crate) fn void_touch(&mut self) {
        self.claim = None;
    }

    /// Gives its link away, because the device on it is known as another candidate.
    pub(crate) fn hand_over(&mut self) -> Handover {
        let handover = Handover {
            id: self.id.clone(),
            link: self.link.take(),
            wire: self.wire.take(),
            state: self.state,
        };
        self.dismiss();
        handover
    }

    /// Goes on over another link to the same device; returns the link that is given up.
    pub(crate) fn take_over(&mut self, handover: Handover) -> Option<LinkKey> {
        let before = self.link.take();
        self.forget_session();
        self.id = handover.id;
        self.link = handover.link;
        self.wire = handover.wire;
        self.state = handover.state;
        before
    }

    /// Sorts an error by what it proves: what broke before the device has proved its key proves nothing about the device (rule A-g).
    fn failed(&mut self, error: Error) -> Happening {
        match error {
            Error::NotAuthentic(Inauthentic::CertificateHash) => {
                // Another certificate than the one we hold: let the device show it.
                self.by_value = true;
                self.lost(&error.to_string())
            }
            Error::NotAuthentic(Inauthentic::Signature) => self.doubt("not authentic"),
            // Said inside the channel: nobody else can have broken it.
            Error::NotAuthentic(
                Inauthentic::Evidence
                | Inauthentic::EvidenceNonce
                | Inauthentic::EvidenceUeid
                | Inauthentic::VersionDowngrade,
            ) => Happening::NotGenuine(NotGenuineReason::Evidence),
            other => self.lost(&other.to_string()),
        }
    }

    /// What was sent proves nothing: the device is broken, a copy, or somebody in between changes it.
    fn doubt(&mut self, why: &'static str) -> Happening {
        // Whoever has proved itself once is not doubted for what somebody else answers under its address.
        if self.identity.is_none() {
            self.doubts = self.doubts.saturating_add(1);
        }
        if self.doubts < DOUBTS {
            self.lost(why)
        } else {
            Happening::NotChecked(why)
        }
    }

    /// Late answers, keep-alives, claims that are not answered.
    pub(crate) fn timeout(&mut self, now: Duration) -> Vec<Happening> {
        if self.state == State::Connecting && self.connect_by <= now {
            return vec![self.lost("no connection")];
        }
        if self.claim_until.is_some_and(|until| until <= now) {
            self.claim_until = None;
            return vec![Happening::ClaimGone];
        }
        let keeps_alive = self.state.is_after_evidence();
        let due = self
            .wire
            .as_mut()
            .map_or(Due::Nothing, |wire| wire.due(now, keeps_alive));
        match due {
            Due::Nothing => Vec::new(),
            Due::Poll => self.flush(),
            Due::KeepAlive => self.tell(now, touchstone_proto::phone::Session::keep_alive),
            Due::GiveUp => vec![self.lost("no answer")],
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        let keeps_alive = self.state.is_after_evidence();
        let wire = self
            .wire
            .as_ref()
            .and_then(|wire| wire.deadline(keeps_alive));
        wire.into_iter()
            .chain(self.claim_until)
            .chain((self.state == State::Connecting).then_some(self.connect_by))
            .min()
    }
}
