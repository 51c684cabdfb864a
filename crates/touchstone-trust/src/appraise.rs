//! Appraisal of evidence against the bundle's policy (RFC 9334 section 8.4).

use touchstone_proto::{
    evidence::{Appraiser, Claims, DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PresenceKinds},
};

use crate::{Bundle, LeafError, Model, Ueid, VerifiedLeaf};

/// The lowest TS version this app still speaks.
const OLDEST_VERSION: u8 = 1;

/// What is known of a device whose key and evidence were believed. Only [`Appraiser::appraise`] of a [`Bundle`] makes one.
///
/// It says that the device is genuine, never that it is the person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    ueid: Ueid,
    model: Model,
    presence: PresenceKinds,
    actuators: Actuators,
    level: Level,
    firmware: FirmwareVersion,
    reset_epoch: u32,
    boot_id: [u8; 8],
    origin: Origin,
    assurance: Assurance,
}

/// Who vouches for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The vendor's factory.
    Production,
    /// A developer's desk: the person must be told.
    Development,
}

/// How far the appraisal went (RFC 9334 section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assurance {
    /// Genuine by the bundle at hand; revocations and clones newer than the bundle are not yet ruled out.
    NotYetConfirmedOnline,
}

impl Verdict {
    /// The device's id.
    pub fn ueid(&self) -> &Ueid {
        &self.ueid
    }

    /// The model class.
    pub fn model_class(&self) -> u16 {
        self.model.class
    }

    /// The product's name in the best language there is, from the bundle: never a string from the air.
    pub fn product_name(&self, language: &str) -> &str {
        self.model.name(language)
    }

    /// The ways the device can be touched.
    pub fn presence(&self) -> PresenceKinds {
        self.presence
    }

    /// The ways the device can respond.
    pub fn actuators(&self) -> Actuators {
        self.actuators
    }

    /// The least level of assurance a touch of this device needs.
    pub fn minimum_level(&self) -> Level {
        self.model.policy.minimum_level
    }

    /// The highest level the device can do.
    pub fn maximum_level(&self) -> Level {
        self.level
    }

    /// The running firmware.
    pub fn firmware(&self) -> FirmwareVersion {
        self.firmware
    }

    /// How often the device was reset to factory state.
    pub fn reset_epoch(&self) -> u32 {
        self.reset_epoch
    }

    /// The boot this evidence is about; a claim never outlives it.
    pub fn boot_id(&self) -> &[u8; 8] {
        &self.boot_id
    }

    /// Who vouches for the device.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the person must be told that this is a development device.
    pub fn is_development(&self) -> bool {
        self.origin == Origin::Development
    }

    /// How far the appraisal went.
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }
}

/// Why a device is refused although its signatures hold, or because its certificate does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The certificate is not believed.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The evidence is about another device than the certificate.
    #[error("the evidence is about another device")]
    OtherDevice,
    /// The bundle does not describe this model.
    #[error("model {0:#06x} is unknown")]
    UnknownModel(u16),
    /// The line that made the device does not make this model.
    #[error("model {0:#06x} is not made on the device's line")]
    ModelOfAnotherLine(u16),
    /// A production device booted firmware that was not verified.
    #[error("secure boot is off")]
    SecureBootOff,
    /// A production device can be debugged.
    #[error("debugging is enabled")]
    DebugEnabled,
    /// The firmware must be updated first.
    #[error("firmware {running} is older than {minimum}")]
    UpdateRequired {
        /// What the device runs.
        running: FirmwareVersion,
        /// The oldest that is accepted.
        minimum: FirmwareVersion,
    },
    /// The device speaks no TS version this app speaks.
    #[error("the device speaks TS up to version {highest}")]
    VersionTooOld {
        /// The highest version it speaks.
        highest: u8,
    },
    /// The device can neither sound, shine nor vibrate, and the vendor does not allow that in so many words.
    #[error("the device cannot respond")]
    NoActuators,
    /// The device cannot be touched in any way this app knows.
    #[error("the device cannot be touched")]
    NoPresence,
    /// The device cannot do the least level its model asks for.
    #[error("the device cannot do the level its model asks for")]
    Level,
}

impl Appraiser for Bundle {
    type Verdict = Verdict;
    type Error = Refusal;

    fn appraise(&self, leaf_der: &[u8], claims: &Claims) -> Result<Verdict, Refusal> {
        let leaf = self.verify_leaf(leaf_der)?;
        if claims.ueid != *leaf.ueid() {
            return Err(Refusal::OtherDevice);
        }
        let model = self.model_of(&leaf, claims.model_class)?;
        let origin = if leaf.is_development() {
            Origin::Development
        } else {
            Origin::Production
        };
        check_boot(origin, claims)?;
        check_abilities(model, claims)?;
        Ok(Verdict {
            ueid: claims.ueid,
            model: model.clone(),
            presence: claims.presence,
            actuators: claims.actuators,
            level: claims.max_level,
            firmware: claims.firmware,
            reset_epoch: claims.reset_epoch,
            boot_id: claims.boot_id,
            origin,
            assurance: Assurance::NotYetConfirmedOnline,
        })
    }
}

impl Bundle {
    fn model_of(&self, leaf: &VerifiedLeaf, class: u16) -> Result<&Model, Refusal> {
        let model = self.model(class).ok_or(Refusal::UnknownModel(class))?;
        if !leaf.models().contains(&class) {
            return Err(Refusal::ModelOfAnotherLine(class));
        }
        Ok(model)
    }
}

/// Development devices may be open: that is what they are for, and the verdict says so.
fn check_boot(origin: Origin, claims: &Claims) -> Result<(), Refusal> {
    match origin {
        Origin::Production if !claims.secure_boot => Err(Refusal::SecureBootOff),
        Origin::Production if claims.debug_status == DebugStatus::Enabled => {
            Err(Refusal::DebugEnabled)
        }
        Origin::Production | Origin::Development => Ok(()),
    }
}

fn check_abilities(model: &Model, claims: &Claims) -> Result<(), Refusal> {
    if claims.highest_version < OLDEST_VERSION {
        return Err(Refusal::VersionTooOld {
            highest: claims.highest_version,
        });
    }
    let minimum = model.policy.minimum_firmware;
    if claims.firmware < minimum {
        return Err(Refusal::UpdateRequired {
            running: claims.firmware,
            minimum,
        });
    }
    if !claims.actuators.any() && !model.policy.allowed_without_actuators {
        return Err(Refusal::NoActuators);
    }
    if claims.presence == PresenceKinds::NONE {
        return Err(Refusal::NoPresence);
    }
    if claims.max_level < model.policy.minimum_level {
        return Err(Refusal::Level);
    }
    Ok(())
}
