//! What an open session says and is told: arm, touch, credentials, confirmation, release.

use std::time::Duration;

use touchstone_proto::{
    Error,
    credentials::Credentials,
    error::{Inauthentic, Incompatibility, LocalError},
    message::{self, Envelope, Message},
    phone::{Confirmed, Event, Session},
    record::{
        Actuator, ErrorCode, IdentifyMode, Level, Pace, ReleaseReason, Resumed, ResumedState,
        Status,
    },
    sas::Counts,
};

use super::{super::Action, Candidate, Claim, Context, Happening, State, signals::Signals};

impl Candidate {
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
        let envelope = match wire.receive(now, fragment) {
            Ok(Some(envelope)) => envelope,
            Ok(None) => return self.flush(),
            Err(error) => return vec![self.lost(&error.to_string())],
        };
        let mut happenings = Vec::new();
        for message in message::messages(&envelope) {
            let outcome = match message {
                Ok(message) => self.message(now, message, context, &mut happenings),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => {}
                Err(Error::PeerIncompatible(
                    refusal @ (Incompatibility::HybridRefused | Incompatibility::SuiteRefused),
                )) => {
                    let classical = refusal == Incompatibility::HybridRefused;
                    happenings.extend(self.suite_refused(now, classical, context));
                    return happenings;
                }
                Err(error) => {
                    happenings.push(self.failed(error));
                    return happenings;
                }
            }
        }
        happenings.extend(self.flush());
        happenings
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
            Event::Leaf => happenings.extend(self.leaf(context)?),
            Event::Evidence(_) => happenings.push(self.evidence(now, context)?),
            Event::Refused(reason) | Event::Denied(reason) => {
                self.expect_nothing();
                self.forget_touch();
                happenings.push(Happening::Denied(reason));
            }
            Event::Armed { epoch, level } => {
                let memory = wire.session.touch_memory();
                if let Some(claim) = &mut self.claim {
                    // The device may demand more than it was asked for.
                    claim.level = level;
                    claim.memory = memory;
                }
                self.expect_nothing();
                self.arming_since = None;
                self.tags.armed(now, epoch);
                self.state = State::Armed;
                self.losses = 0;
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
                    level: Level::L1,
                    memory: Some(memory),
                    touched: Some(touched),
                    is_touched: true,
                });
                self.state = State::Touched;
                happenings.push(Happening::Touched { contended });
            }
            Event::PowerCycled { contended } => {
                happenings.push(self.power_cycled(contended, context.level));
            }
            Event::TouchedToCount { contended, .. } => {
                if let Some(claim) = &mut self.claim {
                    claim.is_touched = true;
                }
                self.state = State::Touched;
                happenings.push(Happening::Touched { contended });
            }
            Event::Resumed(resumed) => happenings.push(self.resumed(&resumed, context.level)),
            Event::Status(status) => {
                self.expect_nothing();
                if status == Status::Disarmed && self.state != State::Owned {
                    self.state = State::Attested;
                    self.forget_touch();
                }
                happenings.push(Happening::Status(status));
            }
            Event::Committed { commit_id } => {
                self.expect_nothing();
                happenings.push(Happening::Committed(commit_id));
            }
            Event::Released => {
                self.expect_nothing();
                self.forget_touch();
                self.state = State::Attested;
                happenings.push(Happening::Released);
            }
            Event::KeepAlive { .. } => self.expect_nothing(),
            Event::PeerError(code) => {
                self.expect_nothing();
                // What could not be stored may be asked for again.
                self.confirm_sent &= code != ErrorCode::Storage;
                happenings.push(Happening::DeviceError(code));
            }
            _ => {}
        }
        Ok(())
    }

    /// What an earlier process has left in the key store. This one knows better once it has asked for a touch itself.
    pub(crate) fn sent_before(&mut self, set_up: Option<[u8; 16]>) {
        if self.claim.is_none() {
            self.sent_before = set_up;
        }
    }

    /// Whether it has told that it still holds what an earlier process has sent to it.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    fn resumed(&mut self, resumed: &Resumed, level: Level) -> Happening {
        self.claim_until = None;
        let known = self.claim.is_none() && self.sent_before == Some(resumed.commit_id);
        let holds = matches!(
            resumed.state,
            ResumedState::Accepted | ResumedState::Joining | ResumedState::Joined
        );
        // Without its ARM, the touch cannot be taken up; but what was sent after it can be kept or taken back.
        if known && holds {
            self.unfinished = true;
            self.losses = 0;
            return Happening::Unfinished(resumed.state);
        }
        let (Some(wire), Some(claim)) = (&mut self.wire, &mut self.claim) else {
            // A claim of an earlier process: this one has not asked for that touch, and asks for its own.
            return Happening::ResumedElsewhere;
        };
        // Nothing falls back: a touch below what is demanded by now is none.
        let taken_up = claim
            .memory
            .as_ref()
            .filter(|_| claim.level >= level)
            .map(|memory| wire.session.resume_touched(memory, resumed));
        match taken_up {
            Some(Ok(touched)) => {
                claim.touched = Some(touched);
                claim.is_touched = true;
                self.state = State::Touched;
                self.losses = 0;
                Happening::Resumed(*resumed)
            }
            _ => Happening::ResumedElsewhere,
        }
    }

    /// Whether this device is to be asked for a touch now.
    fn wants_arm(&self) -> bool {
        self.state == State::Attested
            && self.claim_until.is_none()
            && !self.excluded
            && (self.changing || !self.owned)
    }

    /// Asks for a touch.
    pub(crate) fn arm(&mut self, now: Duration, context: &Context<'_>) -> Vec<Happening> {
        if !self.wants_arm() {
            return Vec::new();
        }
        let (Some(wire), Some(attested), Some(verdict)) =
            (&mut self.wire, &self.attested, &self.verdict)
        else {
            return Vec::new();
        };
        let level = match context.level_for(verdict) {
            Ok(level) => level,
            Err(shortfall) => return vec![Happening::LevelUnavailable(shortfall)],
        };
        let mut n_p = [0; 16];
        context.entropy.fill(&mut n_p);
        let armed = wire.session.arm(attested, level, &n_p);
        let envelope = armed.and_then(|arm| {
            if !context.hush {
                return Ok(arm);
            }
            let hold = wire.session.identify(IdentifyMode::Hold)?;
            Ok(message::join(&arm, &hold)?)
        });
        match envelope {
            Ok(envelope) => {
                self.signals = Some(Signals::asked(now, context.hush, self.signals));
                self.claim = Some(Claim {
                    level,
                    // The touch may come, and its record be lost with the link.
                    memory: wire.session.touch_memory(),
                    touched: None,
                    is_touched: false,
                });
                self.state = State::AwaitArmed;
                self.arm_stands = true;
                self.arming_since = Some(now);
                self.send(now, &envelope)
            }
            Err(error) => vec![self.failed(error)],
        }
    }

    /// Lets the device give its signals, once more if it has given them before.
    pub(crate) fn reveal(&mut self, now: Duration, signal: Actuator, pace: Pace) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        match wire.session.reveal(signal, pace) {
            Ok(envelope) => self.send(now, &envelope),
            Err(Error::Local(LocalError::TooManyReveals)) => vec![Happening::NoMoreRepeats],
            Err(error) => vec![self.failed(error)],
        }
    }

    /// Compares what the person counted; `None` when there is nothing to compare it with, and nothing is spent.
    pub(crate) fn compare_counts(&mut self, entered: &Counts) -> Option<bool> {
        let (Some(wire), Some(claim)) = (&mut self.wire, &mut self.claim) else {
            return None;
        };
        match wire.session.compare_counts(entered) {
            Ok((touched, memory)) => {
                claim.touched = Some(touched);
                claim.memory = Some(memory);
                Some(true)
            }
            Err(Error::NotAuthentic(Inauthentic::Counts)) => Some(false),
            Err(_) => None,
        }
    }

    /// Sends a record the session makes; an answer is expected.
    pub(crate) fn tell(
        &mut self,
        now: Duration,
        record: impl FnOnce(&mut Session) -> Result<Envelope, Error>,
    ) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        match record(&mut wire.session) {
            Ok(envelope) => self.send(now, &envelope),
            Err(error) => vec![self.failed(error)],
        }
    }

    /// The same for a record whose answer takes as long as it takes.
    pub(crate) fn mention(
        &mut self,
        now: Duration,
        record: impl FnOnce(&mut Session) -> Result<Envelope, Error>,
    ) -> Vec<Happening> {
        let happenings = self.tell(now, record);
        self.expect_nothing();
        happenings
    }

    /// Lets the device go; RELEASED follows.
    pub(crate) fn release(&mut self, now: Duration, reason: ReleaseReason) -> Vec<Happening> {
        if !self.state.is_after_evidence() || self.state == State::AwaitReleased {
            return Vec::new();
        }
        self.state = State::AwaitReleased;
        self.tell(now, |session| session.release(reason))
    }

    /// Seals the credentials: the first time of a link with the capabilities, afterwards as a correction. Nothing happens without a link or a touch.
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
        let (Some(touched), Some(attested)) = (touched, self.attested.take()) else {
            return Vec::new();
        };
        self.sent = true;
        self.tell(now, |session| {
            session.send_credentials(attested, touched, confirmed, credentials)
        })
    }

    /// Asks the device to store owner and network, once a link.
    pub(crate) fn confirm(&mut self, now: Duration) -> Vec<Happening> {
        self.confirming = true;
        if self.confirm_sent || !self.is_wired() {
            return Vec::new();
        }
        self.confirm_sent = true;
        self.tell(now, Session::confirm)
    }

    /// What COMMITTED must say.
    pub(crate) fn commit_id(&self) -> Option<[u8; 16]> {
        let claim = self.claim.as_ref().and_then(|claim| claim.memory.as_ref());
        claim.map(|memory| memory.commit_id()).or(self.sent_before)
    }

    /// COMMITTED has come for an earlier set-up: nothing more is waited for, unless the device may also hold a claim.
    pub(crate) fn is_ours(&mut self, commit_id: [u8; 16]) {
        self.owned = true;
        self.earlier = Some(commit_id);
        if self.claim.is_none() {
            self.claim_until = None;
        }
    }

    pub(super) fn send(&mut self, now: Duration, envelope: &[u8]) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        if let Err(error) = wire.send(now, envelope) {
            return vec![self.lost(&error.to_string())];
        }
        wire.expect(now);
        self.flush()
    }

    /// Hands the host what the frame layer has ready.
    pub(super) fn flush(&mut self) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        let mut happenings = Vec::new();
        while let Some(fragment) = wire.transmit() {
            happenings.push(Happening::Act(Action::Send(wire.key, fragment)));
        }
        happenings
    }

    pub(super) fn expect_nothing(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.expect_nothing();
        }
    }
}
