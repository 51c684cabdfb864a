//! A session that has shown its evidence.

use super::Event;
use crate::{
    channel::Channel,
    error::{Error, Incompatibility, LocalError, Misbehaviour},
    evidence::Ueid,
    message::Envelope,
    record::{DeviceRecord, Level, PhoneRecord, PressKind, ResumedState, Status, TouchReport},
    touch::{ArmHash, Touch},
};

/// message_4 was sent.
#[derive(Debug)]
pub(super) struct Open {
    channel: Channel,
    owner_kid: [u8; 32],
    ueid: Ueid,
    /// The highest level asked for so far; it never falls.
    floor: Level,
    arm: Arm,
    /// This session may send credentials: it was touched for, or told of the claim or the ownership it has.
    entitled: bool,
    /// The device holds credentials of this owner key.
    holds_credentials: bool,
    /// The arm or claim ended by a record of ours; what the phone sent before reading it is dropped.
    lapsed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arm {
    None,
    /// ARM was read; the host decides.
    Asked {
        h_arm: ArmHash,
        level: Level,
    },
    /// ARMED was sent.
    Granted {
        h_arm: ArmHash,
        level: Level,
    },
}

/// What the phone may have sent before it read a refusal.
pub(super) fn crosses_refusal(record: &PhoneRecord) -> bool {
    matches!(
        record,
        PhoneRecord::Prepare
            | PhoneRecord::Arm { .. }
            | PhoneRecord::Identify(_)
            | PhoneRecord::KeepAlive { .. }
            | PhoneRecord::Rescan
    )
}

impl Open {
    pub(super) fn new(channel: Channel, owner_kid: [u8; 32], ueid: Ueid) -> Self {
        Self {
            channel,
            owner_kid,
            ueid,
            floor: Level::L1,
            arm: Arm::None,
            entitled: false,
            holds_credentials: false,
            lapsed: false,
        }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn h_arm(&self) -> Option<ArmHash> {
        match self.arm {
            Arm::Asked { h_arm, .. } | Arm::Granted { h_arm, .. } => Some(h_arm),
            Arm::None => None,
        }
    }

    /// Opens a record from the phone.
    pub(super) fn record(&mut self, sealed: &[u8]) -> Result<Event, Error> {
        let (record, hash) = self.channel.open(sealed)?;
        let Some(record) = record else {
            return Ok(Event::Skipped);
        };
        let expected = match &record {
            PhoneRecord::Arm { level, .. } => {
                self.ask(*level, hash)?;
                true
            }
            PhoneRecord::KeepAlive { next_counter } => {
                if *next_counter > self.channel.sealed() {
                    return Err(Misbehaviour::CounterAhead.into());
                }
                true
            }
            PhoneRecord::Credentials(_) => {
                self.holds_credentials |= self.entitled;
                self.entitled
            }
            PhoneRecord::Confirm { .. } => self.holds_credentials,
            // Level L2 only.
            PhoneRecord::Reveal { .. } => return Err(Misbehaviour::UnexpectedRecord.into()),
            PhoneRecord::Prepare
            | PhoneRecord::Identify(_)
            | PhoneRecord::Release(_)
            | PhoneRecord::Rescan
            | PhoneRecord::Forget => true,
        };
        if expected {
            Ok(Event::Record(record))
        } else if self.lapsed {
            Ok(Event::Skipped)
        } else {
            Err(Misbehaviour::UnexpectedRecord.into())
        }
    }

    fn ask(&mut self, level: Level, h_arm: ArmHash) -> Result<(), Misbehaviour> {
        if level < self.floor {
            return Err(Misbehaviour::LevelLowered);
        }
        self.floor = level;
        self.arm = Arm::Asked { h_arm, level };
        // Whatever was held before is given up: a touch counts only for the ARM it answers.
        self.entitled = false;
        self.holds_credentials = false;
        self.lapsed = false;
        Ok(())
    }

    /// Seals a record that changes nothing here.
    pub(super) fn tell(&mut self, record: &DeviceRecord) -> Result<Envelope, Error> {
        Ok(self.channel.envelope(record)?)
    }

    pub(super) fn seal(&mut self, record: &DeviceRecord) -> Result<Envelope, Error> {
        match record {
            DeviceRecord::Touch(_) => return Err(LocalError::WrongState.into()),
            DeviceRecord::Armed { level, .. } => {
                let Arm::Asked {
                    h_arm,
                    level: asked,
                } = self.arm
                else {
                    return Err(LocalError::WrongState.into());
                };
                if *level != Level::L1 {
                    return Err(Incompatibility::LevelNotImplemented.into());
                }
                if *level < asked {
                    return Err(LocalError::WrongState.into());
                }
                self.arm = Arm::Granted {
                    h_arm,
                    level: *level,
                };
            }
            DeviceRecord::Denied(_)
            | DeviceRecord::Released
            | DeviceRecord::Status(Status::Disarmed) => {
                self.arm = Arm::None;
                self.entitled = false;
                self.holds_credentials = false;
                self.lapsed = true;
            }
            DeviceRecord::Resumed(resumed) => {
                self.entitled = true;
                self.holds_credentials = resumed.state >= ResumedState::Accepted;
            }
            DeviceRecord::Committed { .. } => {
                self.entitled = true;
                self.holds_credentials = true;
            }
            DeviceRecord::KeepAlive { .. }
            | DeviceRecord::Error(_)
            | DeviceRecord::Status(_)
            | DeviceRecord::Networks(_) => {}
        }
        self.tell(record)
    }

    pub(super) fn touch(
        &mut self,
        kind: PressKind,
        contended: u32,
        n_d: &[u8; 16],
    ) -> Result<Envelope, Error> {
        let Arm::Granted { h_arm, level } = self.arm else {
            return Err(LocalError::WrongState.into());
        };
        let confirmation = Touch {
            th_4: self.channel.th_4(),
            h_arm: &h_arm,
            owner_kid: &self.owner_kid,
            ueid: &self.ueid,
            level,
            kind,
            contended,
            n_d,
        }
        .confirmation(self.channel.touch_key());
        self.arm = Arm::None;
        self.entitled = true;
        self.tell(&DeviceRecord::Touch(TouchReport {
            confirmation,
            kind,
            contended,
            n_d: *n_d,
        }))
    }
}
