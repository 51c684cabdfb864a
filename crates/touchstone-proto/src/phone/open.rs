//! A session whose device has shown its evidence.

mod counts;
mod power_cycle;

use super::{AppraiseFailure, Attested, Confirmed, Event, TouchMemory, Touched, handshake::Device};
use crate::{
    channel::Channel,
    credentials::Credentials,
    error::{Error, Inauthentic, LocalError, Misbehaviour},
    evidence::{Appraiser, Claims, Sign1},
    message::Envelope,
    record::{
        BorrowedCredentials, DeviceRecord, IdentifyMode, Level, PhoneRecord, Record, ReleaseReason,
        Resumed, ResumedState, Status, TouchReport,
    },
    sas::{self, Counts, Nonce},
    touch::{ArmHash, Touch, commit_id},
};

/// message_4 was verified.
#[derive(Debug)]
pub(super) struct Open {
    channel: Channel,
    device: Device,
    owner_kid: [u8; 32],
    evidence: Sign1,
    claims: Claims,
    appraised: bool,
    releasing: bool,
    /// ARM or RELEASE was sent: nothing from before this session can be told of any more.
    begun: bool,
    /// The highest level in force so far; it never falls.
    floor: Level,
    claim: Claim,
    /// N_p of the ARM in force, until it or its touch ends, or its counts are entered.
    n_p: Option<Nonce>,
    /// What an L2 touch must make the person count.
    expected: Option<Counts>,
    /// The commitment opened last: N_p is no secret any more.
    opened: Option<[u8; 32]>,
}

/// How far the touch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    None,
    /// ARM was sent, and ARMED perhaps received.
    Arming {
        h_arm: ArmHash,
        level: Level,
        answered: bool,
    },
    /// Touched at level L2: nothing may be sent before the counts were entered.
    ToCount {
        h_arm: ArmHash,
        /// REVEALs sent.
        plays: u8,
    },
    /// Other counts were entered: this touch is worth nothing any more.
    Miscounted,
    /// Touched in this session, and counted where the level asks for it, or taken up from an earlier one.
    Touched {
        commit_id: [u8; 16],
        /// This session has sent credentials.
        sent: bool,
        /// The device holds credentials, from whatever session.
        held: bool,
    },
    /// The device holds a claim of ours that was not taken up.
    Resumed(Resumed),
    /// The device tells of a power cycle that answered an ARM of an earlier session; it was not taken up.
    PowerCycled(TouchReport),
}

impl Open {
    pub(super) fn new(
        channel: Channel,
        device: Device,
        owner_kid: [u8; 32],
        evidence: Sign1,
        claims: Claims,
    ) -> Self {
        Self {
            channel,
            device,
            owner_kid,
            evidence,
            claims,
            appraised: false,
            releasing: false,
            begun: false,
            floor: Level::L1,
            claim: Claim::None,
            n_p: None,
            expected: None,
            opened: None,
        }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(super) fn evidence(&self) -> &[u8] {
        &self.evidence
    }

    pub(super) fn appraise<A: Appraiser>(
        &mut self,
        appraiser: &A,
    ) -> Result<(Attested, A::Verdict), AppraiseFailure<A::Error>> {
        if self.appraised {
            return Err(AppraiseFailure::Evidence(LocalError::WrongState.into()));
        }
        let verdict = appraiser
            .appraise(&self.device.leaf_der, &self.claims)
            .map_err(AppraiseFailure::Appraiser)?;
        self.appraised = true;
        let attested = Attested {
            th_4: *self.channel.th_4(),
        };
        Ok((attested, verdict))
    }

    pub(super) fn arm(
        &mut self,
        attested: &Attested,
        level: Level,
        n_p: &[u8; 16],
    ) -> Result<Envelope, Error> {
        self.check_own(&attested.th_4)?;
        if self.releasing || self.claim != Claim::None || level < self.floor {
            return Err(LocalError::WrongState.into());
        }
        let h_np = sas::commitment(n_p);
        // A device that knows N_p before it chooses N_d chooses the counts.
        if self.opened == Some(h_np) {
            return Err(LocalError::NonceReused.into());
        }
        let (envelope, h_arm) = self
            .channel
            .hashed_envelope(&PhoneRecord::Arm { level, h_np })?;
        self.floor = level;
        self.begun = true;
        self.claim = Claim::Arming {
            h_arm,
            level,
            answered: false,
        };
        self.n_p = Some(Nonce(*n_p));
        Ok(envelope)
    }

    pub(super) fn h_arm(&self) -> Option<ArmHash> {
        match self.claim {
            Claim::Arming { h_arm, .. } => Some(h_arm),
            _ => None,
        }
    }

    pub(super) fn touch_memory(&self) -> Option<TouchMemory> {
        match self.claim {
            // L2 never survives a link: there is nothing to remember before the counts were entered.
            Claim::Arming {
                h_arm,
                level: Level::L1,
                answered,
            } => Some(self.memory(h_arm, Level::L1, answered)),
            _ => None,
        }
    }

    /// Arm and touch are over, and with them whatever the counts were to be made from.
    fn end_claim(&mut self) {
        self.claim = Claim::None;
        self.n_p = None;
        self.expected = None;
    }

    fn memory(&self, h_arm: ArmHash, level: Level, waits: bool) -> TouchMemory {
        TouchMemory {
            key: self.device.key,
            boot_id: self.claims.boot_id,
            boot_count: self.claims.boot_count,
            waits,
            owner_kid: self.owner_kid,
            h_arm,
            level,
            commit_id: commit_id(self.channel.th_4()),
        }
    }

    pub(super) fn resume_touched(
        &mut self,
        prior: &TouchMemory,
        resumed: &Resumed,
    ) -> Result<Touched, Error> {
        if self.releasing || self.claim != Claim::Resumed(*resumed) {
            return Err(LocalError::WrongState.into());
        }
        // L2 never survives a link before the device holds credentials; a memory of it is proof that the counts were right.
        let survives = prior.level == Level::L1 || resumed.state >= ResumedState::Accepted;
        let same = survives
            && prior.key == self.device.key
            && prior.boot_id == self.claims.boot_id
            && prior.owner_kid == self.owner_kid
            && resumed.h_arm == Some(prior.h_arm)
            && resumed.level == prior.level
            && resumed.commit_id == prior.commit_id;
        if !same {
            return Err(Inauthentic::Resumption.into());
        }
        self.claim = Claim::Touched {
            commit_id: prior.commit_id,
            sent: false,
            held: resumed.state >= ResumedState::Accepted,
        };
        Ok(Touched {
            th_4: *self.channel.th_4(),
        })
    }

    /// Sends a record that any open session may send.
    pub(super) fn tell<R: Record>(&mut self, record: &R) -> Result<Envelope, Error> {
        if self.releasing {
            return Err(LocalError::WrongState.into());
        }
        Ok(self.channel.envelope(record)?)
    }

    pub(super) fn identify(&mut self, mode: IdentifyMode) -> Result<Envelope, Error> {
        let to_count = matches!(self.claim, Claim::ToCount { .. } | Claim::Miscounted);
        if to_count && mode == IdentifyMode::Respond {
            return Err(LocalError::WrongState.into());
        }
        self.tell(&PhoneRecord::Identify(mode))
    }

    pub(super) fn release(&mut self, reason: ReleaseReason) -> Result<Envelope, Error> {
        let envelope = self.tell(&PhoneRecord::Release(reason))?;
        self.releasing = true;
        self.n_p = None;
        self.expected = None;
        self.begun = true;
        Ok(envelope)
    }

    pub(super) fn keep_alive(&mut self) -> Result<Envelope, Error> {
        let next_counter = self.channel.next_counter();
        Ok(self
            .channel
            .envelope(&PhoneRecord::KeepAlive { next_counter })?)
    }

    pub(super) fn send_credentials(
        &mut self,
        Attested { th_4: attested }: Attested,
        Touched { th_4: touched }: Touched,
        Confirmed(()): Confirmed,
        credentials: &Credentials,
    ) -> Result<Envelope, Error> {
        self.check_own(&attested)?;
        self.check_own(&touched)?;
        self.seal_credentials(credentials)
    }

    pub(super) fn correct_credentials(
        &mut self,
        credentials: &Credentials,
    ) -> Result<Envelope, Error> {
        match self.claim {
            Claim::Touched { sent: true, .. } => self.seal_credentials(credentials),
            _ => Err(LocalError::WrongState.into()),
        }
    }

    fn seal_credentials(&mut self, credentials: &Credentials) -> Result<Envelope, Error> {
        let Claim::Touched { commit_id, .. } = self.claim else {
            return Err(LocalError::WrongState.into());
        };
        let envelope = self.tell(&BorrowedCredentials(credentials))?;
        self.claim = Claim::Touched {
            commit_id,
            sent: true,
            held: true,
        };
        Ok(envelope)
    }

    pub(super) fn confirm(&mut self) -> Result<Envelope, Error> {
        let commit_id = match self.claim {
            Claim::Touched {
                commit_id,
                held: true,
                ..
            } => commit_id,
            Claim::Resumed(resumed) if resumed.state >= ResumedState::Accepted => resumed.commit_id,
            _ => return Err(LocalError::WrongState.into()),
        };
        self.tell(&PhoneRecord::Confirm { commit_id })
    }

    pub(super) fn commit_id(&self) -> Option<[u8; 16]> {
        match self.claim {
            Claim::Touched { commit_id, .. } => Some(commit_id),
            Claim::Resumed(resumed) => Some(resumed.commit_id),
            _ => None,
        }
    }

    /// Opens a record from the device.
    pub(super) fn record(&mut self, sealed: &[u8]) -> Result<Event, Error> {
        let (record, _) = self.channel.open::<DeviceRecord>(sealed)?;
        let Some(record) = record else {
            return Ok(Event::Skipped);
        };
        if self.releasing && crosses_release(&record) {
            return Ok(Event::Skipped);
        }
        Ok(match record {
            DeviceRecord::KeepAlive { next_counter } => {
                if next_counter > self.channel.sealed() {
                    return Err(Misbehaviour::CounterAhead.into());
                }
                Event::KeepAlive { next_counter }
            }
            DeviceRecord::Armed { epoch, level } => self.armed(epoch, level)?,
            DeviceRecord::Released => {
                if !self.releasing {
                    return Err(Misbehaviour::UnexpectedRecord.into());
                }
                self.releasing = false;
                self.end_claim();
                Event::Released
            }
            DeviceRecord::Status(status) => {
                match status {
                    Status::Disarmed => self.end_claim(),
                    // It answers REVEAL and nothing else.
                    Status::Counting if self.opened.is_none() => {
                        return Err(Misbehaviour::UnexpectedRecord.into());
                    }
                    _ => {}
                }
                Event::Status(status)
            }
            DeviceRecord::Denied(reason) => {
                self.end_claim();
                Event::Denied(reason)
            }
            DeviceRecord::Committed { commit_id } => Event::Committed { commit_id },
            DeviceRecord::Error(code) => Event::PeerError(code),
            DeviceRecord::Touch(report) if self.tells_of_a_power_cycle(&report) => {
                self.claim = Claim::PowerCycled(report);
                Event::PowerCycled {
                    contended: report.contended,
                }
            }
            DeviceRecord::Touch(report) => self.touched(&report)?,
            DeviceRecord::Resumed(resumed) => match self.claim {
                // A touch for an earlier ARM may be told of at any time before this session's own.
                Claim::None | Claim::Resumed(_) => {
                    self.claim = Claim::Resumed(resumed);
                    Event::Resumed(resumed)
                }
                // It has crossed our ARM, which replaces the claim it tells of.
                Claim::Arming {
                    answered: false, ..
                } => Event::Skipped,
                Claim::Arming { .. }
                | Claim::ToCount { .. }
                | Claim::Miscounted
                | Claim::PowerCycled(_)
                | Claim::Touched { .. } => {
                    return Err(Misbehaviour::UnexpectedRecord.into());
                }
            },
            DeviceRecord::Networks(networks) => Event::Networks(networks),
        })
    }

    fn armed(&mut self, epoch: u32, level: Level) -> Result<Event, Error> {
        let Claim::Arming {
            h_arm,
            level: asked,
            answered: false,
        } = self.claim
        else {
            return Err(Misbehaviour::UnexpectedRecord.into());
        };
        if level < asked {
            return Err(Misbehaviour::LevelLowered.into());
        }
        self.floor = level;
        if level == Level::L1 {
            // There is no counting: N_p is not needed.
            self.n_p = None;
        }
        self.claim = Claim::Arming {
            h_arm,
            level,
            answered: true,
        };
        Ok(Event::Armed { epoch, level })
    }

    fn touched(&mut self, report: &TouchReport) -> Result<Event, Error> {
        let Claim::Arming {
            h_arm,
            level,
            answered: true,
        } = self.claim
        else {
            return Err(Misbehaviour::UnexpectedRecord.into());
        };
        let touch = Touch {
            th_4: self.channel.th_4(),
            h_arm: &h_arm,
            owner_kid: &self.owner_kid,
            ueid: &self.claims.ueid,
            level,
            kind: report.kind,
            contended: report.contended,
            n_d: &report.n_d,
        };
        if !touch.is_confirmed_by(self.channel.touch_key(), &report.confirmation) {
            return Err(Inauthentic::Touch.into());
        }
        if level == Level::L2 {
            return self.await_counts(h_arm, report);
        }
        let (touched, memory) = self.take_touch(h_arm, level);
        Ok(Event::Touched {
            touched,
            memory,
            kind: report.kind,
            contended: report.contended,
        })
    }

    /// The touch that was asked for with this ARM is ours, at this level: all that had to be verified was.
    fn take_touch(&mut self, h_arm: ArmHash, level: Level) -> (Touched, TouchMemory) {
        let memory = self.memory(h_arm, level, false);
        self.claim = Claim::Touched {
            commit_id: memory.commit_id,
            sent: false,
            held: false,
        };
        let touched = Touched {
            th_4: *self.channel.th_4(),
        };
        (touched, memory)
    }

    fn check_own(&self, th_4: &[u8; 32]) -> Result<(), LocalError> {
        if th_4 == self.channel.th_4() {
            Ok(())
        } else {
            Err(LocalError::ForeignCapability)
        }
    }
}

/// What the device may have sent before it read our RELEASE, and that means nothing after it.
fn crosses_release(record: &DeviceRecord) -> bool {
    matches!(
        record,
        DeviceRecord::Armed { .. }
            | DeviceRecord::Touch(_)
            | DeviceRecord::Resumed(_)
            | DeviceRecord::Networks(_)
            | DeviceRecord::Status(_)
            | DeviceRecord::KeepAlive { .. }
    )
}
