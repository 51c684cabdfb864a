//! The nine claims and their CBOR.

use core::fmt;

use crate::{
    cbor::{Reader, Writer},
    error::{LocalError, Misbehaviour},
    record::{Actuators, Level, PresenceKinds, one_of},
};

/// UEID (RFC 9711 section 4.2.1): type byte 0x01 (RAND) and 16 bytes.
pub type Ueid = [u8; 17];

/// Debug status (RFC 9711 section 4.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DebugStatus {
    /// Debug facilities are on.
    Enabled = 0,
    /// Off now, whatever they were.
    Disabled = 1,
    /// Off since the last boot.
    DisabledSinceBoot = 2,
    /// Off for good, except for the manufacturer.
    DisabledPermanently = 3,
    /// Off for good, for everyone.
    DisabledFullyAndPermanently = 4,
}

/// A firmware version: "major.minor.patch" on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FirmwareVersion {
    /// Incompatible changes.
    pub major: u16,
    /// Compatible changes.
    pub minor: u16,
    /// Repairs.
    pub patch: u16,
}

impl fmt::Display for FirmwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a device says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The phone's challenge, repeated.
    pub nonce: [u8; 16],
    /// The device's permanent identity, as in its certificate.
    pub ueid: Ueid,
    /// Product family.
    pub model_class: u16,
    /// Whether the firmware was verified at boot.
    pub secure_boot: bool,
    /// State of the debug facilities.
    pub debug_status: DebugStatus,
    /// Random, new at each boot.
    pub boot_id: [u8; 8],
    /// Running firmware.
    pub firmware: FirmwareVersion,
    /// Number of resets to factory state.
    pub reset_epoch: u32,
    /// The ways it can be touched.
    pub presence: PresenceKinds,
    /// The ways it can respond.
    pub actuators: Actuators,
    /// The highest level it can do.
    pub max_level: Level,
    /// The highest TS version it speaks.
    pub highest_version: u8,
    /// Number of boots.
    pub boot_count: u32,
}

mod key {
    pub(super) const NONCE: i64 = 10;
    pub(super) const UEID: i64 = 256;
    pub(super) const HWMODEL: i64 = 259;
    pub(super) const OEMBOOT: i64 = 262;
    pub(super) const DBGSTAT: i64 = 263;
    pub(super) const BOOTSEED: i64 = 268;
    pub(super) const SWVERSION: i64 = 271;
    pub(super) const TOUCHSTONE: i64 = -70001;
}

/// The first byte of a ueid of random bits (RFC 9711 section 4.2.1.1).
const RAND: u8 = 0x01;

impl DebugStatus {
    /// Every one, in wire order.
    pub const ALL: [Self; 5] = [
        Self::Enabled,
        Self::Disabled,
        Self::DisabledSinceBoot,
        Self::DisabledPermanently,
        Self::DisabledFullyAndPermanently,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Enabled => 0,
            Self::Disabled => 1,
            Self::DisabledSinceBoot => 2,
            Self::DisabledPermanently => 3,
            Self::DisabledFullyAndPermanently => 4,
        }
    }
}

impl FirmwareVersion {
    /// Reads "major.minor.patch": decimal, no leading zeros, each at most 65535; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(component);
        let version = Self {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next()??,
        };
        parts.next().is_none().then_some(version)
    }
}

fn component(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if plain && shortest {
        text.parse().ok()
    } else {
        None
    }
}

impl Claims {
    /// Writes the claims set.
    pub(crate) fn write<const N: usize>(&self, out: &mut Writer<'_, N>) -> Result<(), LocalError> {
        let mut firmware = heapless::String::<17>::new();
        fmt::write(&mut firmware, format_args!("{}", self.firmware))
            .map_err(|_| LocalError::MessageTooLong)?;
        out.map(8)?
            .int(key::NONCE)?
            .bytes(&self.nonce)?
            .int(key::UEID)?
            .bytes(&self.ueid)?
            .int(key::HWMODEL)?
            .bytes(&self.model_class.to_be_bytes())?
            .int(key::OEMBOOT)?
            .bool(self.secure_boot)?
            .int(key::DBGSTAT)?
            .uint(self.debug_status.number().into())?
            .int(key::BOOTSEED)?
            .bytes(&self.boot_id)?
            .int(key::SWVERSION)?
            .array(1)?
            .text(&firmware)?
            .int(key::TOUCHSTONE)?
            .array(6)?
            .uint(self.reset_epoch.into())?
            .uint(self.presence.bits().into())?
            .uint(self.actuators.bits().into())?
            .uint(self.max_level.number().into())?
            .uint(self.highest_version.into())?
            .uint(self.boot_count.into())?;
        Ok(())
    }

    /// Reads the claims set: exactly these claims, in this order.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Misbehaviour> {
        let mut reader = Reader::new(payload);
        reader.map(8)?;
        let claims = Self {
            nonce: *labelled(&mut reader, key::NONCE)?.byte_array()?,
            ueid: *labelled(&mut reader, key::UEID)?.byte_array()?,
            model_class: u16::from_be_bytes(*labelled(&mut reader, key::HWMODEL)?.byte_array()?),
            secure_boot: labelled(&mut reader, key::OEMBOOT)?.bool()?,
            debug_status: one_of(
                labelled(&mut reader, key::DBGSTAT)?,
                &DebugStatus::ALL,
                DebugStatus::number,
            )?,
            boot_id: *labelled(&mut reader, key::BOOTSEED)?.byte_array()?,
            firmware: {
                let reader = labelled(&mut reader, key::SWVERSION)?;
                reader.array(1)?;
                FirmwareVersion::parse(reader.text()?).ok_or(Misbehaviour::ValueOutOfRange)?
            },
            reset_epoch: {
                let reader = labelled(&mut reader, key::TOUCHSTONE)?;
                reader.array(6)?;
                reader.uint_as()?
            },
            presence: PresenceKinds::from_bits(low_byte(reader.uint_as()?)),
            actuators: Actuators::from_bits(low_byte(reader.uint_as()?)),
            // A level we do not know is at least the highest we know.
            max_level: match reader.uint_as::<u32>()? {
                0 => return Err(Misbehaviour::ValueOutOfRange),
                1 => Level::L1,
                _ => Level::L2,
            },
            highest_version: reader.uint_as()?,
            boot_count: reader.uint_as()?,
        };
        reader.end()?;
        let [kind, ..] = claims.ueid;
        if kind != RAND || claims.highest_version == 0 {
            return Err(Misbehaviour::ValueOutOfRange);
        }
        Ok(claims)
    }
}

fn labelled<'a, 'b>(
    reader: &'a mut Reader<'b>,
    label: i64,
) -> Result<&'a mut Reader<'b>, Misbehaviour> {
    if reader.int()? == label {
        Ok(reader)
    } else {
        Err(Misbehaviour::MalformedEvidence)
    }
}

/// The bits that TS/1 knows are all in the lowest byte.
fn low_byte(bits: u32) -> u8 {
    let [.., low] = bits.to_be_bytes();
    low
}
