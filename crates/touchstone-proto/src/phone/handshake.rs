//! The states of the handshake, each named for what it awaits.

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::{CredentialForm, Leaf, open::Open};
use crate::{
    HIGHEST_VERSION, attestation,
    channel::{Channel, Side},
    edhoc::{
        self, ConnectionId, CredentialId, CredentialRef, Ephemeral, ErrorMessage, MAX_MESSAGE,
        Method, PublicKey, Suite, credential::x509_cred, ead::Ead, initiator,
    },
    error::{Error, Inauthentic, Incompatibility, LocalError, Misbehaviour},
    evidence::{self, Claims, Sign1, Ueid},
    message::{self, Envelope, Message},
    owner::OwnerPublicKey,
    record::PhoneRecord,
};

/// COSE algorithm SHA-256 cut to 64 bits (RFC 9054).
const SHA_256_64: i64 = -15;

/// The device as the certificate describes it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) leaf_der: Vec<u8, MAX_MESSAGE>,
    pub(super) key: PublicKey,
    pub(super) ueid: Ueid,
}

/// message_1 was sent.
#[derive(Debug)]
pub(super) struct AwaitMessage2 {
    edhoc: initiator::AwaitMessage2,
    form: CredentialForm,
    version: u8,
}

impl AwaitMessage2 {
    pub(super) fn start(
        form: CredentialForm,
        version: u8,
        suites: &[Suite],
        ephemeral: Ephemeral,
        c_i: u8,
    ) -> Result<(Self, Envelope), Error> {
        if !(1..=HIGHEST_VERSION).contains(&version) {
            return Err(LocalError::VersionNotSpoken.into());
        }
        let (edhoc, message_1) = initiator::start(
            Method::SignatureSignature,
            suites,
            ephemeral,
            ConnectionId::new(&[c_i])?,
            &attestation::trigger()?,
        )?;
        let envelope = message::envelope(&[Message::Hello {
            version,
            by_reference: form == CredentialForm::ByReference,
            message_1: &message_1,
        }])?;
        let state = Self {
            edhoc,
            form,
            version,
        };
        Ok((state, envelope))
    }

    /// What an error message in place of message_2 means.
    pub(super) fn refused(&self, error: &[u8]) -> Result<Incompatibility, Misbehaviour> {
        Ok(match ErrorMessage::parse(error)? {
            ErrorMessage::WrongSuite(suites_r) => {
                let has = |suite: Suite| suites_r.iter().any(|one| one == suite.identifier());
                let selected = self.edhoc.suite();
                // Whoever names the suite that it refuses is not to be followed (RFC 9528 section 6.3).
                if selected.is_hybrid() && has(Suite::Aes128CcmMac128P256) && !has(selected) {
                    Incompatibility::HybridRefused
                } else {
                    Incompatibility::SuiteRefused
                }
            }
            _ => Incompatibility::Refused,
        })
    }

    pub(super) fn read(self, message_2: &[u8]) -> Result<AwaitLeaf, Error> {
        let state = AwaitLeaf {
            edhoc: self.edhoc.read(message_2)?,
            form: self.form,
            version: self.version,
        };
        state.leaf().ok_or(Misbehaviour::LeafForm)?;
        Ok(state)
    }
}

/// message_2 was decrypted; the certificate is with the caller.
#[derive(Debug)]
pub(super) struct AwaitLeaf {
    edhoc: initiator::UnverifiedMessage2,
    form: CredentialForm,
    version: u8,
}

impl AwaitLeaf {
    pub(super) fn leaf(&self) -> Option<Leaf<'_>> {
        match CredentialId::parse(self.edhoc.id_cred_r()).ok()? {
            CredentialId::X5chain(certificate) => Some(Leaf::ByValue(certificate)),
            CredentialId::X5t {
                algorithm: SHA_256_64,
                hash,
            } if self.form == CredentialForm::ByReference => {
                hash.try_into().ok().map(Leaf::Reference)
            }
            _ => None,
        }
    }

    pub(super) fn authenticate(
        self,
        leaf_der: &[u8],
        key: PublicKey,
        ueid: &Ueid,
    ) -> Result<AwaitOwner, Error> {
        let same = match self.leaf() {
            Some(Leaf::ByValue(received)) => received == leaf_der,
            Some(Leaf::Reference(hash)) => Sha256::digest(leaf_der).starts_with(&hash),
            None => false,
        };
        if !same {
            return Err(Inauthentic::CertificateHash.into());
        }
        let edhoc = self.edhoc.verify(&x509_cred(leaf_der)?, &key)?;
        attestation::read_proposal(edhoc.ead_2())?;
        let leaf_der = Vec::from_slice(leaf_der).map_err(|_| LocalError::MessageTooLong)?;
        Ok(AwaitOwner {
            edhoc,
            version: self.version,
            device: Device {
                leaf_der,
                key,
                ueid: *ueid,
            },
        })
    }
}

/// The device has proved its factory key; the phone has not yet said who it is.
#[derive(Debug)]
pub(super) struct AwaitOwner {
    edhoc: initiator::VerifiedMessage2,
    version: u8,
    device: Device,
}

impl AwaitOwner {
    pub(super) fn ask(
        self,
        owner: &OwnerPublicKey,
        nonce: &[u8; 16],
    ) -> Result<AwaitSignature, Error> {
        let cred = owner.to_ccs();
        let id_cred = CredentialId::Kccs(&cred).encode()?;
        let credential = CredentialRef {
            id_cred: &id_cred,
            cred: &cred,
        };
        let edhoc = self
            .edhoc
            .message_3(credential, &attestation::request(nonce)?)?;
        Ok(AwaitSignature {
            edhoc,
            version: self.version,
            device: self.device,
            owner: *owner,
            nonce: *nonce,
        })
    }
}

/// message_3 waits for the owner key's signature.
#[derive(Debug)]
pub(super) struct AwaitSignature {
    edhoc: initiator::PendingMessage3,
    version: u8,
    device: Device,
    owner: OwnerPublicKey,
    nonce: [u8; 16],
}

impl AwaitSignature {
    pub(super) fn to_be_signed(&self) -> &[u8] {
        self.edhoc.to_be_signed()
    }

    /// A signature that the device would refuse is better refused here, where somebody can tell why.
    pub(super) fn check(&self, signature: &edhoc::Signature) -> Result<(), LocalError> {
        let hash = Sha256::digest(self.to_be_signed()).into();
        PublicKey::from_sec1(&self.owner.to_sec1())
            .map_err(|_| LocalError::InvalidKey)?
            .verify_prehash(&hash, signature)
            .map_err(|_| LocalError::InvalidSignature)
    }

    pub(super) fn signed(
        self,
        signature: &edhoc::Signature,
    ) -> Result<(AwaitEvidence, Envelope), Error> {
        let (edhoc, message_3) = self.edhoc.signed(signature)?;
        let exporter = edhoc.exporter();
        let mut channel = Channel::new(&exporter, edhoc.th_4(), self.version, Side::Initiator)?;
        let prepare = channel.seal(&PhoneRecord::Prepare)?;
        let envelope =
            message::envelope(&[Message::Message3(&message_3), Message::Record(&prepare)])?;
        let state = AwaitEvidence {
            edhoc,
            version: self.version,
            device: self.device,
            owner_kid: self.owner.kid(),
            nonce: self.nonce,
            channel,
        };
        Ok((state, envelope))
    }
}

/// message_3 was sent.
#[derive(Debug)]
pub(super) struct AwaitEvidence {
    edhoc: initiator::AwaitMessage4,
    version: u8,
    device: Device,
    owner_kid: [u8; 32],
    nonce: [u8; 16],
    channel: Channel,
}

/// What message_4 brought.
// No indirection: this crate has no heap.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub(super) enum Evidence {
    Shown(Open),
    Withheld(Channel),
}

impl AwaitEvidence {
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn read(self, message_4: &[u8]) -> Result<Evidence, Error> {
        let (_, ead_4) = self.edhoc.read(message_4)?;
        let Some(sign1) = attestation::read_evidence(Ead::parse(&ead_4)?)? else {
            return Ok(Evidence::Withheld(self.channel));
        };
        let claims = evidence::verify(sign1, self.channel.binder(), &self.device.key)?;
        if claims.nonce != self.nonce {
            return Err(Inauthentic::EvidenceNonce.into());
        }
        if claims.ueid != self.device.ueid {
            return Err(Inauthentic::EvidenceUeid.into());
        }
        check_version(&claims, self.version, HIGHEST_VERSION)?;
        let evidence = Sign1::from_slice(sign1).map_err(|_| Misbehaviour::MessageTooLong)?;
        Ok(Evidence::Shown(Open::new(
            self.channel,
            self.device,
            self.owner_kid,
            evidence,
            claims,
        )))
    }
}

/// The version in use must be the highest that both sides speak, or somebody in between has lowered it.
fn check_version(claims: &Claims, used: u8, ours: u8) -> Result<(), Error> {
    if claims.highest_version < used {
        Err(Misbehaviour::ValueOutOfRange.into())
    } else if used < claims.highest_version.min(ours) {
        Err(Inauthentic::VersionDowngrade.into())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{DebugStatus, FirmwareVersion},
        record::{Actuators, Level, PresenceKinds},
    };

    fn claims(highest_version: u8) -> Claims {
        Claims {
            nonce: [0; 16],
            ueid: [1; 17],
            model_class: 0,
            secure_boot: true,
            debug_status: DebugStatus::Disabled,
            boot_id: [0; 8],
            firmware: FirmwareVersion {
                major: 1,
                minor: 0,
                patch: 0,
            },
            reset_epoch: 0,
            presence: PresenceKinds::NONE,
            actuators: Actuators::default(),
            max_level: Level::L1,
            highest_version,
            boot_count: 0,
        }
    }

    /// T8.
    #[test]
    fn a_lowered_version_is_noticed_and_only_that() {
        let downgrade = Err(Inauthentic::VersionDowngrade.into());
        // used, highest of the device, highest of ours
        assert_eq!(check_version(&claims(2), 1, 2), downgrade);
        assert_eq!(check_version(&claims(3), 1, 2), downgrade);
        assert_eq!(check_version(&claims(3), 2, 3), downgrade);
        assert_eq!(check_version(&claims(2), 1, 1), Ok(()));
        assert_eq!(check_version(&claims(1), 1, 2), Ok(()));
        assert_eq!(check_version(&claims(2), 2, 2), Ok(()));
        assert_eq!(
            check_version(&claims(1), 2, 2),
            Err(Misbehaviour::ValueOutOfRange.into())
        );
    }
}
