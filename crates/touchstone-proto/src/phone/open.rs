//! A session whose device has shown its evidence.

use sha2::{Digest, Sha256};

use super::{AppraiseFailure, Attested, Confirmed, Event, TouchMemory, Touched, handshake::Device};
use crate::{
    channel::Channel,
    credentials::Credentials,
    error::{Error, Inauthentic, Incompatibility, LocalError, Misbehaviour},
    evidence::{Appraiser, Claims, Sign1},
    message::Envelope,
    record::{
        DeviceRecord, Level, PhoneRecord, ReleaseReason, Resumed, ResumedState, Status, TouchReport,
    },
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
    /// The highest level asked for so far; it never falls.
    floor: Level,
    claim: Claim,
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
    /// Touched in this session, or taken up from an earlier one.
    Touched {
        commit_id: [u8; 16],
        /// This session has sent credentials.
        sent: bool,
        /// The device holds credentials, from whatever session.
        held: bool,
    },
    /// The device holds a claim of ours that was not taken up.
    Resumed(Resumed),
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
            floor: Level::L1,
            claim: Claim::None,
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
        if level != Level::L1 {
            return Err(Incompatibility::LevelNotImplemented.into());
        }
        if self.releasing || self.claim != Claim::None || level < self.floor {
            return Err(LocalError::WrongState.into());
        }
        let h_np = Sha256::digest(n_p).into();
        let (envelope, h_arm) = self
            .channel
            .hashed_envelope(&PhoneRecord::Arm { level, h_np })?;
        self.floor = level;
        self.claim = Claim::Arming {
            h_arm,
            level,
            answered: false,
        };
        Ok(envelope)
    }

    pub(super) fn touch_memory(&self) -> Option<TouchMemory> {
        match self.claim {
            Claim::Arming { h_arm, level, .. } => Some(self.memory(h_arm, level)),
            _ => None,
        }
    }

    fn memory(&self, h_arm: ArmHash, level: Level) -> TouchMemory {
        TouchMemory {
            key: self.device.key,
            boot_id: self.claims.boot_id,
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
        // L2 never survives a link.
        let same = prior.key == self.device.key
            && prior.boot_id == self.claims.boot_id
            && prior.owner_kid == self.owner_kid
            && resumed.h_arm == Some(prior.h_arm)
            && resumed.level == prior.level
            && prior.level == Level::L1
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
    pub(super) fn tell(&mut self, record: &PhoneRecord) -> Result<Envelope, Error> {
        if self.releasing {
            return Err(LocalError::WrongState.into());
        }
        Ok(self.channel.envelope(record)?)
    }

    pub(super) fn release(&mut self, reason: ReleaseReason) -> Result<Envelope, Error> {
        let envelope = self.tell(&PhoneRecord::Release(reason))?;
        self.releasing = true;
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
        let envelope = self.tell(&PhoneRecord::Credentials(credentials.clone()))?;
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
                self.claim = Claim::None;
                Event::Released
            }
            DeviceRecord::Status(status) => {
                if status == Status::Disarmed {
                    self.claim = Claim::None;
                }
                Event::Status(status)
            }
            DeviceRecord::Denied(reason) => {
                self.claim = Claim::None;
                Event::Denied(reason)
            }
            DeviceRecord::Committed { commit_id } => Event::Committed { commit_id },
            DeviceRecord::Error(code) => Event::PeerError(code),
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
                Claim::Arming { .. } | Claim::Touched { .. } => {
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
        if level != Level::L1 {
            return Err(Incompatibility::LevelNotImplemented.into());
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
        let memory = self.memory(h_arm, level);
        self.claim = Claim::Touched {
            commit_id: memory.commit_id,
            sent: false,
            held: false,
        };
        Ok(Event::Touched {
            touched: Touched {
                th_4: *self.channel.th_4(),
            },
            memory,
            kind: report.kind,
            contended: report.contended,
        })
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
