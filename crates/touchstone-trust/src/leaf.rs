//! Verification of a device's factory certificate: leaf, line CA, pinned root, and nothing else.

use std::{collections::BTreeMap, time::Duration};

use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter};

use crate::{
    Bundle, DevelopmentPolicy, Ueid,
    bundle::{TrustedLine, without_leading_zeros},
    certificate::{CertificateError, Parsed},
    es256::Es256,
};

/// A leaf whose chain, profile and revocation status were checked. Only [`Bundle::verify_leaf`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLeaf {
    ueid: Ueid,
    key: [u8; 65],
    models: Vec<u16>,
    development: bool,
    not_before: u64,
}

impl VerifiedLeaf {
    /// The device's id, from the certificate's subject.
    pub fn ueid(&self) -> &Ueid {
        &self.ueid
    }

    /// The factory public key, SEC1 uncompressed (0x04, x, y).
    pub fn key(&self) -> &[u8; 65] {
        &self.key
    }

    /// The model classes of the line that made the device; the evidence names one of them.
    pub fn models(&self) -> &[u16] {
        &self.models
    }

    /// Whether the device hangs under a development root: the person must be told.
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// When the certificate was issued, in seconds since 1970.
    pub fn not_before(&self) -> u64 {
        self.not_before
    }
}

/// Why a device certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeafError {
    /// The device sent another number of certificates than one (docs/PROTOCOL.md section 5).
    #[error("{0} certificates where one is expected")]
    ChainLength(usize),
    /// The certificate is not a leaf of the profile.
    #[error("the device certificate is not acceptable: {0}")]
    Certificate(CertificateError),
    /// The subject is not a universal entity id in lower-case hexadecimal.
    #[error("the subject is not a device id")]
    Subject,
    /// No line CA of the bundle issued it, or the signature is wrong.
    #[error("no known line issued the device certificate")]
    UnknownIssuer,
    /// The line CA was not valid when the certificate was issued.
    #[error("the line was not valid when the device certificate was issued")]
    IssuedOutsideLineValidity,
    /// The device or its certificate is revoked.
    #[error("the device is revoked")]
    Revoked,
    /// A development device, where only production devices are accepted.
    #[error("development devices are not accepted")]
    DevelopmentRefused,
}

impl Bundle {
    /// Verifies the content of an x5chain header: exactly one certificate, the leaf. Order and roots sent by a peer are never trusted.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn verify_chain(&self, certificates: &[&[u8]]) -> Result<VerifiedLeaf, LeafError> {
        match certificates {
            [leaf] => self.verify_leaf(leaf),
            other => Err(LeafError::ChainLength(other.len())),
        }
    }

    /// Verifies a leaf under exactly one line CA and its pinned root, at the leaf's own time of issue: neither a wrong clock nor a CA that has
    /// expired since stops the set-up of a device that was issued properly. Freshness comes from the bundle's sequence number.
    ///
    /// # Errors
    /// [`LeafError`]. Nothing in `leaf_der` can make this panic.
    pub fn verify_leaf(&self, leaf_der: &[u8]) -> Result<VerifiedLeaf, LeafError> {
        let parsed = Parsed::from_der(leaf_der).map_err(LeafError::Certificate)?;
        parsed
            .check_leaf(&self.purpose)
            .map_err(LeafError::Certificate)?;
        let ueid = ueid(&parsed.common_name).ok_or(LeafError::Subject)?;
        let line = self.issuing_line(leaf_der, &parsed)?;
        if line.development && self.development == DevelopmentPolicy::Refuse {
            return Err(LeafError::DevelopmentRefused);
        }
        if self.revoked_ueids.contains(&ueid)
            || line
                .revoked_serials
                .contains(without_leading_zeros(&parsed.serial))
        {
            return Err(LeafError::Revoked);
        }
        Ok(VerifiedLeaf {
            ueid,
            key: parsed.key,
            models: line.models.clone(),
            development: line.development,
            not_before: parsed.not_before,
        })
    }

    fn issuing_line(&self, leaf_der: &[u8], leaf: &Parsed) -> Result<&TrustedLine, LeafError> {
        let mut refusal = LeafError::UnknownIssuer;
        for line in &self.lines {
            if leaf.issuer != line.parsed.subject
                || leaf.authority_key_id != line.parsed.subject_key_id
            {
                continue;
            }
            match self.verify_path(leaf_der, leaf.not_before, line) {
                Ok(()) => return Ok(line),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_path(
        &self,
        leaf_der: &[u8],
        issued: u64,
        line: &TrustedLine,
    ) -> Result<(), LeafError> {
        let der = CertificateDer::from(leaf_der);
        let leaf = EndEntityCert::try_from(&der)
            .map_err(|_| LeafError::Certificate(CertificateError::Encoding))?;
        leaf.verify_for_usage(
            &[&Es256],
            std::slice::from_ref(&line.anchor),
            std::slice::from_ref(&line.certificate),
            UnixTime::since_unix_epoch(Duration::from_secs(issued)),
            Purpose(self.purpose.as_bytes()),
            None,
            Some(&|path| match path.intermediate_certificates().count() {
                1 => Ok(()),
                _ => Err(webpki::Error::UnknownIssuer),
            }),
        )
        .map(|_| ())
        .map_err(|error| match error {
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                LeafError::IssuedOutsideLineValidity
            }
            _ => LeafError::UnknownIssuer,
        })
    }
}

/// `webpki::KeyUsage` wants a static identifier; ours comes with the bundle.
struct Purpose<'a>(&'a [u8]);

impl ExtendedKeyUsageValidator for Purpose<'_> {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let required = KeyPurposeId::new(self.0);
        for purpose in purposes {
            if purpose? == required {
                return Ok(());
            }
        }
        Err(webpki::Error::UnknownIssuer)
    }
}

fn ueid(subject: &str) -> Option<Ueid> {
    let mut ueid = [0; 17];
    if subject.len() != 2 * ueid.len() {
        return None;
    }
    for (octet, pair) in ueid.iter_mut().zip(subject.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *octet = nibble(*high)? << 4 | nibble(*low)?;
    }
    (ueid[0] == 0x01).then_some(ueid)
}

/// Upper case is refused: one device has one spelling.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The reference by which a device names a leaf it does not send: the first 8 bytes of SHA-256 (RFC 9360 section 2, x5t with algorithm -15).
pub fn thumbprint(leaf_der: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(leaf_der).into();
    let mut thumbprint = [0; 8];
    thumbprint.copy_from_slice(&digest[..8]);
    thumbprint
}

/// Leaves seen before, so that a device may send eight bytes in place of its certificate.
///
/// A hit proves nothing: the leaf is verified again each time, and the signature over the transcript still has to match its key.
#[derive(Clone, Debug, Default)]
pub struct LeafCache {
    leaves: BTreeMap<[u8; 8], (u64, Vec<u8>)>,
    clock: u64,
}

impl LeafCache {
    /// The most leaves that are kept; the one not used for longest makes room.
    pub const CAPACITY: usize = 64;

    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a leaf that was verified by this bundle; others are not kept, so that strangers cannot push out known devices.
    ///
    /// # Errors
    /// [`LeafError`] of [`Bundle::verify_leaf`].
    pub fn insert(&mut self, bundle: &Bundle, leaf_der: &[u8]) -> Result<VerifiedLeaf, LeafError> {
        let verified = bundle.verify_leaf(leaf_der)?;
        self.clock += 1;
        self.leaves
            .insert(thumbprint(leaf_der), (self.clock, leaf_der.to_vec()));
        if self.leaves.len() > Self::CAPACITY
            && let Some(oldest) = self
                .leaves
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(key, _)| *key)
        {
            self.leaves.remove(&oldest);
        }
        Ok(verified)
    }

    /// The leaf with this thumbprint, DER.
    pub fn leaf(&mut self, thumbprint: &[u8; 8]) -> Option<&[u8]> {
        let (used, leaf) = self.leaves.get_mut(thumbprint)?;
        self.clock += 1;
        *used = self.clock;
        Some(leaf)
    }
}
