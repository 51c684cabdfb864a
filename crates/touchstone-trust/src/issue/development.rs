//! The development PKI: the same bytes from the same seed, and never believed by a release build unless it asks for it.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};

use super::{Authority, NEVER, Validity};
use crate::{Bundle, BundleContents, DevelopmentPolicy, Line, Model, ModelPolicy, Ueid};

/// The extended key usage of the development PKI, under the enterprise number reserved for examples (RFC 5612): a vendor takes its own.
pub const PURPOSE: &str = "1.3.6.1.4.1.32473.1.1";

/// 2025-01-01, 2026-01-01 and 2036-01-01, in seconds since 1970: fixed, so that certificates are reproducible.
const ROOT_FROM: u64 = 1_735_689_600;
const LINE_FROM: u64 = 1_735_689_600;
const LINE_UNTIL: u64 = 2_082_758_399;
const LEAF_FROM: u64 = 1_767_225_600;

/// The products of the simulated living room: model class, English and German name.
pub const MODELS: [(u16, &str, &str); 3] = [
    (0x0001, "Kitchen lamp", "Küchenlampe"),
    (0x0002, "Desk fan", "Tischventilator"),
    (0x0003, "Hall heater", "Flurheizung"),
];

/// A root and one line CA per model, all derived from a seed.
pub struct DevelopmentPki {
    seed: [u8; 32],
    root: Authority,
}

/// A device certificate and its secret key.
pub struct IssuedLeaf {
    /// The leaf, DER.
    pub certificate: Vec<u8>,
    /// The factory key; it would never leave a real device.
    pub key: SigningKey,
}

impl DevelopmentPki {
    /// The PKI of this seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let validity = Validity {
            not_before: ROOT_FROM,
            not_after: NEVER,
        };
        let root = Authority::root(
            "Touchstone development root",
            &serial(&seed, b"root"),
            signing_key(&seed, b"root"),
            validity,
        )
        .expect("constant fields fit a certificate");
        Self { seed, root }
    }

    /// The development root.
    pub fn root(&self) -> &Authority {
        &self.root
    }

    /// The line CA that makes this model.
    pub fn line(&self, model: u16) -> Authority {
        let label = [b"line ".as_slice(), &model.to_be_bytes()].concat();
        let validity = Validity {
            not_before: LINE_FROM,
            not_after: LINE_UNTIL,
        };
        self.root
            .line(
                &format!("TS dev {model:04x}"),
                &serial(&self.seed, &label),
                signing_key(&self.seed, &label),
                PURPOSE,
                validity,
            )
            .expect("constant fields fit a certificate")
    }

    /// The factory identity of one device.
    pub fn leaf(&self, ueid: &Ueid, model: u16) -> IssuedLeaf {
        let label = [b"leaf ".as_slice(), &model.to_be_bytes(), ueid].concat();
        let key = signing_key(&self.seed, &label);
        let certificate = self
            .line(model)
            .leaf(
                ueid,
                &serial(&self.seed, &label),
                key.verifying_key(),
                PURPOSE,
                LEAF_FROM,
            )
            .expect("constant fields fit a certificate");
        IssuedLeaf { certificate, key }
    }

    /// A device id that belongs to this seed and number.
    pub fn ueid(&self, number: u32) -> Ueid {
        let mut ueid = [0x01; 17];
        let digest = derive(&self.seed, b"ueid", &number.to_be_bytes());
        for (octet, random) in ueid.iter_mut().skip(1).zip(digest) {
            *octet = random;
        }
        ueid
    }

    /// What [`DevelopmentPki::bundle`] is made of, for callers that change something.
    pub fn contents(&self) -> BundleContents {
        let line = |(class, _, _): &(u16, _, _)| Line {
            certificate: self.line(*class).certificate().to_vec(),
            models: vec![*class],
            revoked_serials: Vec::new(),
        };
        let model = |(class, english, german): &(u16, &str, &str)| Model {
            class: *class,
            names: BTreeMap::from([
                ("en".to_owned(), (*english).to_owned()),
                ("de".to_owned(), (*german).to_owned()),
            ]),
            policy: ModelPolicy::default(),
        };
        BundleContents {
            sequence: 1,
            not_after: NEVER,
            purpose: PURPOSE.to_owned(),
            roots: Vec::new(),
            development_roots: vec![self.root.certificate().to_vec()],
            lines: MODELS.iter().map(line).collect(),
            revoked_ueids: Vec::new(),
            models: MODELS.iter().map(model).collect(),
        }
    }

    /// A bundle that knows this PKI and [`MODELS`]. The simulator asks for [`DevelopmentPolicy::Announce`] in so many words, in release builds too.
    pub fn bundle(&self, policy: DevelopmentPolicy) -> Bundle {
        Bundle::new(self.contents())
            .expect("the development PKI makes certificates of the profile")
            .with_development_policy(policy)
    }
}

impl std::fmt::Debug for DevelopmentPki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentPki").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for IssuedLeaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedLeaf")
            .field("certificate", &self.certificate.len())
            .finish_non_exhaustive()
    }
}

fn derive(seed: &[u8; 32], purpose: &[u8], label: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"touchstone development pki ")
        .chain_update(seed)
        .chain_update([u8::try_from(purpose.len()).unwrap_or(u8::MAX)])
        .chain_update(purpose)
        .chain_update(label)
        .finalize()
        .into()
}

fn signing_key(seed: &[u8; 32], label: &[u8]) -> SigningKey {
    (0_u8..=u8::MAX)
        .find_map(|attempt| SigningKey::from_slice(&derive(seed, &[b'k', attempt], label)).ok())
        .expect("one of 256 hashes is below the group order")
}

/// Eight octets, positive and without a leading zero, so that every serial number has the same length on the air.
fn serial(seed: &[u8; 32], label: &[u8]) -> Vec<u8> {
    let mut serial = derive(seed, b"serial", label)[..8].to_vec();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}
