//! A session that has shown its evidence.

use super::Event;
use crate::{
    channel::Channel,
    error::{Error, LocalError, Misbehaviour},
    evidence::{Claims, Ueid},
    message::Envelope,
    record::{
        Actuator, Actuators, DeviceRecord, Level, Pace, PhoneRecord, PressKind, ResumedState,
        Status, TouchReport,
    },
    sas::{self, MAX_PLAYS, Nonce, Sas},
    touch::{ArmHash, Touch},
};

/// message_4 was sent.
#[derive(Debug)]
pub(super) struct Open {
    channel: Channel,
    owner_kid: [u8; 32],
    ueid: Ueid,
    actuators: Actuators,
    /// The highest level in force so far; it never falls.
    floor: Level,
    arm: Arm,
    /// An L2 touch whose counts may be asked for.
    counting: Option<Counting>,
    /// This session may send credentials: it was touched for, and at L2 has revealed, or was told of the claim or the ownership it has.
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
        h_np: [u8; 32],
        level: Level,
    },
    /// ARMED was sent.
    Granted {
        h_arm: ArmHash,
        h_np: [u8; 32],
        level: Level,
    },
}

/// What the counts of an L2 touch are made from, but for N_p.
#[derive(Debug)]
struct Counting {
    h_arm: ArmHash,
    /// What ARM committed to.
    h_np: [u8; 32],
    n_d: Nonce,
    plays: u8,
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
    pub(super) fn new(channel: Channel, owner_kid: [u8; 32], claims: &Claims) -> Self {
        Self {
            channel,
            owner_kid,
            ueid: claims.ueid,
            actuators: claims.actuators,
            floor: Level::L1,
            arm: Arm::None,
            counting: None,
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
            PhoneRecord::Arm { level, h_np } => {
                self.ask(*level, *h_np, hash)?;
                true
            }
            PhoneRecord::KeepAlive { next_counter } => {
                if *next_counter > self.channel.sealed() {
                    return Err(Misbehaviour::CounterAhead.into());
                }
                true
            }
            PhoneRecord::Credentials(_) => {
                if self.entitled {
                    self.holds_credentials = true;
                    self.counting = None;
                }
                self.entitled
            }
            PhoneRecord::Confirm { .. } => self.holds_credentials,
            PhoneRecord::Reveal { n_p, signal, pace } if self.counting.is_some() => {
                return self.reveal(n_p, *signal, *pace);
            }
            // At L1 there is no touch that it could have crossed the end of.
            PhoneRecord::Reveal { .. } if self.floor == Level::L1 => {
                return Err(Misbehaviour::UnexpectedRecord.into());
            }
            PhoneRecord::Reveal { .. } => false,
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

    /// Opens the commitment of the ARM that was touched for, and makes the counts.
    fn reveal(&mut self, n_p: &[u8; 16], signal: Actuator, pace: Pace) -> Result<Event, Error> {
        let Some(counting) = &mut self.counting else {
            return Err(Misbehaviour::UnexpectedRecord.into());
        };
        // N_d is out: a phone that could still choose N_p would choose the counts.
        if sas::commitment(n_p) != counting.h_np {
            return Err(Misbehaviour::CommitmentBroken.into());
        }
        if !self.actuators.contains(signal) {
            return Err(Misbehaviour::NoSuchActuator.into());
        }
        if counting.plays >= MAX_PLAYS {
            return Err(Misbehaviour::TooManyReveals.into());
        }
        counting.plays = counting.plays.saturating_add(1);
        let counts = Sas {
            th_4: self.channel.th_4(),
            h_arm: &counting.h_arm,
            n_p,
            n_d: &counting.n_d.0,
        }
        .counts(self.channel.touch_key());
        self.entitled = true;
        Ok(Event::Reveal {
            counts,
            signal,
            pace,
        })
    }

    fn ask(&mut self, level: Level, h_np: [u8; 32], h_arm: ArmHash) -> Result<(), Misbehaviour> {
        if level < self.floor {
            return Err(Misbehaviour::LevelLowered);
        }
        self.floor = level;
        self.arm = Arm::Asked { h_arm, h_np, level };
        self.counting = None;
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
                    h_np,
                    level: asked,
                } = self.arm
                else {
                    return Err(LocalError::WrongState.into());
                };
                if *level < asked {
                    return Err(LocalError::WrongState.into());
                }
                self.floor = *level;
                self.arm = Arm::Granted {
                    h_arm,
                    h_np,
                    level: *level,
                };
            }
            DeviceRecord::Denied(_)
            | DeviceRecord::Released
            | DeviceRecord::Status(Status::Disarmed) => {
                self.arm = Arm::None;
                self.counting = None;
                self.entitled = false;
                self.holds_credentials = false;
                self.lapsed = true;
            }
            // L2 never survives a link.
            DeviceRecord::Resumed(resumed)
                if resumed.level == Level::L2 && resumed.state == ResumedState::Touched =>
            {
                return Err(LocalError::WrongState.into());
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
        let Arm::Granted { h_arm, h_np, level } = self.arm else {
            return Err(LocalError::WrongState.into());
        };
        if level == Level::L2 {
            self.counting = Some(Counting {
                h_arm,
                h_np,
                n_d: Nonce(*n_d),
                plays: 0,
            });
        }
        self.confirm_touch(&h_arm, level, kind, contended, n_d)
    }

    /// Seals TOUCH for an ARM of an earlier session (rule R-i): the first record of this one.
    pub(super) fn power_cycled(
        &mut self,
        h_arm: &ArmHash,
        contended: u32,
        n_d: &[u8; 16],
    ) -> Result<Envelope, Error> {
        if self.arm != Arm::None || self.lapsed {
            return Err(LocalError::WrongState.into());
        }
        // L2 never survives a link.
        self.confirm_touch(h_arm, Level::L1, PressKind::PowerCycle, contended, n_d)
    }

    fn confirm_touch(
        &mut self,
        h_arm: &ArmHash,
        level: Level,
        kind: PressKind,
        contended: u32,
        n_d: &[u8; 16],
    ) -> Result<Envelope, Error> {
        let confirmation = Touch {
            th_4: self.channel.th_4(),
            h_arm,
            owner_kid: &self.owner_kid,
            ueid: &self.ueid,
            level,
            kind,
            contended,
            n_d,
        }
        .confirmation(self.channel.touch_key());
        self.arm = Arm::None;
        // At L2 only REVEAL entitles.
        self.entitled = level == Level::L1;
        self.tell(&DeviceRecord::Touch(TouchReport {
            confirmation,
            kind,
            contended,
            n_d: *n_d,
        }))
    }
}
