//! Records as plaintext: type, CBOR array, zeros up to the class.

use core::{net::IpAddr, time::Duration};

use heapless::Vec;
use zeroize::Zeroizing;

use super::presence::{Actuator, PressKind};
use super::types::{
    DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, Pace, PhoneRecord, ReleaseReason,
    Resumed, ResumedState, SeenNetwork, SeenNetworks, Status, TouchReport,
};
use crate::{
    cbor::{Reader, Writer},
    credentials::{Credentials, Security, Ssid},
    error::{LocalError, Misbehaviour},
};

/// The longest plaintext in bytes.
pub(crate) const MAX_PLAINTEXT: usize = 1536;

/// A record before sealing or after opening; zeroized, as it may hold a password.
pub(crate) type Plaintext = Zeroizing<Vec<u8, MAX_PLAINTEXT>>;

const OPTIONAL: u8 = 0x40;

const PREPARE: u8 = 0x01;
const KEEPALIVE: u8 = 0x02;
const ARMED: u8 = 0x03;
const IDENTIFY: u8 = 0x04;
const RELEASE: u8 = 0x05;
const RELEASED: u8 = 0x06;
const RESCAN: u8 = 0x07;
const FORGET: u8 = 0x08;
const ARM: u8 = 0x10;
const REVEAL: u8 = 0x11;
const CONFIRM: u8 = 0x12;
const STATUS: u8 = 0x13;
const DENIED: u8 = 0x14;
const COMMITTED: u8 = 0x15;
const ERROR: u8 = 0x16;
const TOUCH: u8 = 0x20;
const RESUMED: u8 = 0x21;
const NETWORKS: u8 = 0x30;
const CRED: u8 = 0x38;

/// The plaintext lengths a type may have.
fn classes(kind: u8) -> &'static [usize] {
    match kind {
        PREPARE | KEEPALIVE | ARMED | IDENTIFY | RELEASE | RELEASED | RESCAN | FORGET => &[16],
        ARM | REVEAL | CONFIRM | STATUS | DENIED | COMMITTED | ERROR => &[48],
        TOUCH | RESUMED => &[80],
        NETWORKS => &[512, 1024],
        CRED => &[192, 512, 1536],
        _ => &[],
    }
}

/// A record of either direction.
pub(crate) trait Record: Sized {
    /// The type byte.
    fn kind(&self) -> u8;
    /// Writes the CBOR array.
    fn write(&self, out: &mut Writer<'_, MAX_PLAINTEXT>) -> Result<(), LocalError>;
    /// Reads the CBOR array; `None` for a type that this direction does not have.
    fn read(kind: u8, array: &mut Reader<'_>) -> Result<Option<Self>, Misbehaviour>;

    /// The padded plaintext.
    fn encode(&self) -> Result<Plaintext, LocalError> {
        let kind = self.kind();
        let mut plaintext = Plaintext::new(Vec::new());
        plaintext
            .push(kind)
            .map_err(|_| LocalError::MessageTooLong)?;
        self.write(&mut Writer::new(&mut plaintext))?;
        let class = classes(kind)
            .iter()
            .find(|class| **class >= plaintext.len())
            .ok_or(LocalError::MessageTooLong)?;
        plaintext
            .resize(*class, 0)
            .map_err(|_| LocalError::MessageTooLong)?;
        Ok(plaintext)
    }

    /// Reads a padded plaintext; `None` for an unknown optional type, which is skipped.
    fn decode(plaintext: &[u8]) -> Result<Option<Self>, Misbehaviour> {
        let (kind, array) = plaintext.split_first().ok_or(Misbehaviour::RecordClass)?;
        let mut reader = Reader::new(array);
        let classes = classes(*kind);
        if classes.is_empty() {
            return Self::unknown(*kind);
        }
        let Some(record) = Self::read(*kind, &mut reader)? else {
            return Self::unknown(*kind);
        };
        let padding = reader.remaining();
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Misbehaviour::RecordPadding);
        }
        // One plaintext per record: the smallest class that fits it, as the encoder chooses.
        let used = plaintext.len().saturating_sub(padding.len());
        if classes.iter().find(|class| **class >= used) != Some(&plaintext.len()) {
            return Err(Misbehaviour::RecordClass);
        }
        Ok(Some(record))
    }

    /// What becomes of a type that this direction does not have.
    fn unknown(kind: u8) -> Result<Option<Self>, Misbehaviour> {
        if kind & OPTIONAL != 0 {
            Ok(None)
        } else {
            Err(Misbehaviour::UnknownRecord { kind })
        }
    }
}

impl Record for PhoneRecord {
    fn kind(&self) -> u8 {
        match self {
            Self::Prepare => PREPARE,
            Self::KeepAlive { .. } => KEEPALIVE,
            Self::Identify(_) => IDENTIFY,
            Self::Release(_) => RELEASE,
            Self::Rescan => RESCAN,
            Self::Forget => FORGET,
            Self::Arm { .. } => ARM,
            Self::Reveal { .. } => REVEAL,
            Self::Confirm { .. } => CONFIRM,
            Self::Credentials(_) => CRED,
        }
    }

    fn write(&self, out: &mut Writer<'_, MAX_PLAINTEXT>) -> Result<(), LocalError> {
        match self {
            Self::Prepare | Self::Rescan | Self::Forget => out.array(0)?,
            Self::KeepAlive { next_counter } => out.array(1)?.uint((*next_counter).into())?,
            Self::Identify(mode) => out.array(1)?.uint(mode.number().into())?,
            Self::Release(reason) => out.array(1)?.uint(reason.number().into())?,
            Self::Arm { level, h_np } => out.array(2)?.uint(level.number().into())?.bytes(h_np)?,
            Self::Reveal { n_p, signal, pace } => out
                .array(3)?
                .bytes(n_p)?
                .uint(signal.number().into())?
                .uint(pace.number().into())?,
            Self::Confirm { commit_id } => out.array(1)?.bytes(commit_id)?,
            Self::Credentials(credentials) => return credentials.write(out),
        };
        Ok(())
    }

    fn read(kind: u8, array: &mut Reader<'_>) -> Result<Option<Self>, Misbehaviour> {
        if kind == CRED {
            return Credentials::read(array)
                .map(|credentials| Some(Self::Credentials(credentials)));
        }
        let length = match kind {
            PREPARE | RESCAN | FORGET => 0,
            KEEPALIVE | IDENTIFY | RELEASE | CONFIRM => 1,
            ARM => 2,
            REVEAL => 3,
            _ => return Ok(None),
        };
        array.array(length)?;
        Ok(Some(match kind {
            PREPARE => Self::Prepare,
            RESCAN => Self::Rescan,
            FORGET => Self::Forget,
            KEEPALIVE => Self::KeepAlive {
                next_counter: array.uint_as()?,
            },
            IDENTIFY => Self::Identify(one_of(array, &IdentifyMode::ALL, IdentifyMode::number)?),
            RELEASE => Self::Release(one_of(array, &ReleaseReason::ALL, ReleaseReason::number)?),
            REVEAL => Self::Reveal {
                n_p: *array.byte_array()?,
                signal: one_of(array, &Actuator::ALL, Actuator::number)?,
                pace: one_of(array, &Pace::ALL, Pace::number)?,
            },
            CONFIRM => Self::Confirm {
                commit_id: *array.byte_array()?,
            },
            _ => Self::Arm {
                level: one_of(array, &Level::ALL, Level::number)?,
                h_np: *array.byte_array()?,
            },
        }))
    }
}

/// CRED to be sealed: no copy is made of what it carries.
pub(crate) struct BorrowedCredentials<'a>(pub(crate) &'a Credentials);

impl Record for BorrowedCredentials<'_> {
    fn kind(&self) -> u8 {
        CRED
    }

    fn write(&self, out: &mut Writer<'_, MAX_PLAINTEXT>) -> Result<(), LocalError> {
        self.0.write(out)
    }

    fn read(_: u8, _: &mut Reader<'_>) -> Result<Option<Self>, Misbehaviour> {
        Ok(None)
    }
}

impl Record for DeviceRecord {
    fn kind(&self) -> u8 {
        match self {
            Self::KeepAlive { .. } => KEEPALIVE,
            Self::Armed { .. } => ARMED,
            Self::Released => RELEASED,
            Self::Status(_) => STATUS,
            Self::Denied(_) => DENIED,
            Self::Committed { .. } => COMMITTED,
            Self::Error(_) => ERROR,
            Self::Touch(_) => TOUCH,
            Self::Resumed(_) => RESUMED,
            Self::Networks(_) => NETWORKS,
        }
    }

    fn write(&self, out: &mut Writer<'_, MAX_PLAINTEXT>) -> Result<(), LocalError> {
        match self {
            Self::KeepAlive { next_counter } => out.array(1)?.uint((*next_counter).into())?,
            Self::Armed { epoch, level } => out
                .array(2)?
                .uint((*epoch).into())?
                .uint(level.number().into())?,
            Self::Released => out.array(0)?,
            Self::Status(status) => {
                let out = out.array(2)?.uint(status.number().into())?;
                match status {
                    Status::Joined {
                        address: IpAddr::V4(address),
                    } => out.bytes(&address.octets())?,
                    Status::Joined {
                        address: IpAddr::V6(address),
                    } => out.bytes(&address.octets())?,
                    _ => out.bytes(&[])?,
                }
            }
            Self::Denied(reason) => out.array(1)?.uint(reason.number().into())?,
            Self::Committed { commit_id } => out.array(1)?.bytes(commit_id)?,
            Self::Error(code) => out.array(1)?.uint(code.number().into())?,
            Self::Touch(touch) => out
                .array(4)?
                .bytes(&touch.confirmation)?
                .uint(touch.kind.number().into())?
                .uint(touch.contended.into())?
                .bytes(&touch.n_d)?,
            Self::Resumed(resumed) => out
                .array(7)?
                .uint(resumed.state.number().into())?
                .uint(resumed.level.number().into())?
                .uint(resumed.kind.number().into())?
                .uint(resumed.contended.into())?
                .uint(resumed.touch_age.as_secs().min(u32::MAX.into()))?
                .bytes(resumed.h_arm.as_ref().map_or(&[], |h_arm| h_arm.as_slice()))?
                .bytes(&resumed.commit_id)?,
            Self::Networks(networks) => {
                let mut out = out.array(networks.len())?;
                for network in networks {
                    out = out
                        .array(4)?
                        .bytes(network.ssid.as_bytes())?
                        .uint(network.security.number().into())?
                        .int(network.rssi.into())?
                        .uint(network.channel.into())?;
                }
                out
            }
        };
        Ok(())
    }

    fn read(kind: u8, array: &mut Reader<'_>) -> Result<Option<Self>, Misbehaviour> {
        if kind == NETWORKS {
            return networks(array).map(|networks| Some(Self::Networks(networks)));
        }
        let length = match kind {
            RELEASED => 0,
            KEEPALIVE | DENIED | COMMITTED | ERROR => 1,
            ARMED | STATUS => 2,
            TOUCH => 4,
            RESUMED => 7,
            _ => return Ok(None),
        };
        array.array(length)?;
        Ok(Some(match kind {
            RELEASED => Self::Released,
            KEEPALIVE => Self::KeepAlive {
                next_counter: array.uint_as()?,
            },
            ARMED => Self::Armed {
                epoch: array.uint_as()?,
                level: one_of(array, &Level::ALL, Level::number)?,
            },
            STATUS => Self::Status(status(array)?),
            DENIED => Self::Denied(one_of(array, &DeniedReason::ALL, DeniedReason::number)?),
            COMMITTED => Self::Committed {
                commit_id: *array.byte_array()?,
            },
            ERROR => Self::Error(one_of(array, &ErrorCode::ALL, ErrorCode::number)?),
            TOUCH => Self::Touch(TouchReport {
                confirmation: *array.byte_array()?,
                kind: one_of(array, &PressKind::ALL, PressKind::number)?,
                contended: array.uint_as()?,
                n_d: *array.byte_array()?,
            }),
            _ => Self::Resumed(Resumed {
                state: one_of(array, &ResumedState::ALL, ResumedState::number)?,
                level: one_of(array, &Level::ALL, Level::number)?,
                kind: one_of(array, &PressKind::ALL, PressKind::number)?,
                contended: array.uint_as()?,
                touch_age: Duration::from_secs(array.uint_as::<u32>()?.into()),
                h_arm: match array.bytes()? {
                    [] => None,
                    h_arm => Some(h_arm.try_into().map_err(|_| Misbehaviour::WrongLength)?),
                },
                commit_id: *array.byte_array()?,
            }),
        }))
    }
}

/// Reads a number and finds what it stands for.
pub(crate) fn one_of<T: Copy>(
    reader: &mut Reader<'_>,
    all: &[T],
    number: impl Fn(T) -> u8,
) -> Result<T, Misbehaviour> {
    let read: u8 = reader.uint_as()?;
    all.iter()
        .copied()
        .find(|value| number(*value) == read)
        .ok_or(Misbehaviour::ValueOutOfRange)
}

fn status(array: &mut Reader<'_>) -> Result<Status, Misbehaviour> {
    let number: u8 = array.uint_as()?;
    let detail = array.bytes()?;
    if number == Status::JOINED {
        let address = if let Ok(address) = <[u8; 4]>::try_from(detail) {
            IpAddr::from(address)
        } else if let Ok(address) = <[u8; 16]>::try_from(detail) {
            IpAddr::from(address)
        } else {
            return Err(Misbehaviour::WrongLength);
        };
        return Ok(Status::Joined { address });
    }
    let status = Status::WITHOUT_DETAIL
        .into_iter()
        .find(|status| status.number() == number)
        .ok_or(Misbehaviour::ValueOutOfRange)?;
    if detail.is_empty() {
        Ok(status)
    } else {
        Err(Misbehaviour::WrongLength)
    }
}

fn networks(array: &mut Reader<'_>) -> Result<SeenNetworks, Misbehaviour> {
    let mut networks = SeenNetworks::new();
    for _ in 0..array.array_any()? {
        array.array(4)?;
        let network = SeenNetwork {
            ssid: Ssid::new(array.bytes()?)?,
            security: one_of(array, &Security::ALL, Security::number)?,
            rssi: i8::try_from(array.int()?).map_err(|_| Misbehaviour::IntegerOutOfRange)?,
            channel: array.uint_as()?,
        };
        networks
            .push(network)
            .map_err(|_| Misbehaviour::WrongLength)?;
    }
    Ok(networks)
}
