//! Factory keys, honest and otherwise.

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::ports::FactoryKey;
use touchstone_proto::device::{EdhocToBeSigned, EvidenceToBeSigned};
use touchstone_trust::issue::{DevelopmentPki, IssuedLeaf};

/// Where a device's identity comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Factory {
    /// The development factory: certificate and key belong together.
    #[default]
    Genuine,
    /// Nobody: a certificate in the right form under a root that an impostor has made for itself.
    ForeignRoot,
    /// A certificate copied from a genuine device, without its key.
    CopiedLeaf,
    /// A certificate that a genuine *device* key has signed, as if the device were an authority.
    LeafAsAuthority,
    /// A genuine certificate and key, but evidence signed by another key.
    ForgedEvidence,
}

/// A key for each of the two things a factory key signs; in a genuine device they are the same.
#[derive(Clone)]
pub(crate) struct SimFactoryKey {
    edhoc: SigningKey,
    evidence: SigningKey,
}

impl FactoryKey for SimFactoryKey {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        sign(&self.edhoc, to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        sign(&self.evidence, to_be_signed.as_bytes())
    }
}

fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

impl Factory {
    /// The certificate (DER) and the keys that a device from here has.
    pub(crate) fn make(
        self,
        pki: &DevelopmentPki,
        ueid: [u8; 17],
        model: u16,
    ) -> (Vec<u8>, SimFactoryKey) {
        let genuine = pki.leaf(&ueid, model);
        let foreign = DevelopmentPki::from_seed([0xbd; 32]).leaf(&ueid, model);
        let one = |leaf: IssuedLeaf| {
            let key = SimFactoryKey {
                edhoc: leaf.key.clone(),
                evidence: leaf.key,
            };
            (leaf.certificate, key)
        };
        match self {
            Self::Genuine => one(genuine),
            Self::ForeignRoot => one(foreign),
            Self::CopiedLeaf => {
                let key = SimFactoryKey {
                    edhoc: foreign.key.clone(),
                    evidence: foreign.key,
                };
                (genuine.certificate, key)
            }
            Self::LeafAsAuthority => {
                let certificate = leaf_as_authority(pki, ueid, model, &foreign.key);
                let key = SimFactoryKey {
                    edhoc: foreign.key.clone(),
                    evidence: foreign.key,
                };
                (certificate, key)
            }
            Self::ForgedEvidence => {
                let key = SimFactoryKey {
                    edhoc: genuine.key,
                    evidence: foreign.key,
                };
                (genuine.certificate, key)
            }
        }
    }
}

/// A leaf that names the line CA as its issuer but is signed by another device's key.
fn leaf_as_authority(
    pki: &DevelopmentPki,
    ueid: [u8; 17],
    model: u16,
    key: &SigningKey,
) -> Vec<u8> {
    let mut other = ueid;
    other[16] ^= 1;
    let bought = pki.leaf(&other, model);
    let template = pki
        .line(model)
        .leaf_template(
            &ueid,
            &[0x42; 8],
            key.verifying_key(),
            touchstone_trust::issue::PURPOSE,
            1_767_225_600,
        )
        .and_then(|template| template.sign(&bought.key));
    template.unwrap_or_default()
}
