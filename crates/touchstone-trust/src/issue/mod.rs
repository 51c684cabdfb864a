//! Making certificates of the factory PKI: for factories, tests and the simulator, never for an app.
//!
//! Signatures are deterministic (RFC 6979), so the same inputs give the same bytes.

mod der;
mod development;
mod template;

pub use development::{DevelopmentPki, IssuedLeaf, MODELS, PURPOSE};
pub use template::{Extension, Template};

use std::time::Duration;

use p256::ecdsa::{SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::Ueid;

/// 9999-12-31T23:59:59Z in seconds since 1970: "no well-defined expiration date" (RFC 5280 section 4.1.2.5).
pub const NEVER: u64 = 253_402_300_799;

/// Why a certificate could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A date lies outside what X.509 can express.
    #[error("the date cannot be expressed in X.509")]
    Date,
    /// Not a dotted object identifier.
    #[error("not an object identifier")]
    ObjectIdentifier,
    /// A field is too long for a certificate.
    #[error("a field is too long")]
    TooLong,
}

/// A certificate authority: its certificate and its key.
///
/// The key is in memory: production roots and lines keep theirs in a hardware module and use [`Template`] on their own.
pub struct Authority {
    name: String,
    certificate: Vec<u8>,
    key: SigningKey,
}

/// How long a certificate is valid, in seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: u64,
    /// The last second.
    pub not_after: u64,
}

impl Authority {
    /// A self-signed root that may have line CAs below it.
    ///
    /// # Errors
    /// [`IssueError`] for a name, serial number or date that does not fit.
    pub fn root(
        name: &str,
        serial: &[u8],
        key: SigningKey,
        validity: Validity,
    ) -> Result<Self, IssueError> {
        let template = Template {
            serial: serial.to_vec(),
            issuer: name.to_owned(),
            subject: name.to_owned(),
            not_before: Duration::from_secs(validity.not_before),
            not_after: Duration::from_secs(validity.not_after),
            public_key: template::public_key_info(key.verifying_key()),
            extensions: vec![
                Extension::certificate_authority(1),
                Extension::issuer_key_usage(),
                Extension::subject_key_id(key.verifying_key()),
            ],
        };
        Ok(Self {
            name: name.to_owned(),
            certificate: template.sign(&key)?,
            key,
        })
    }

    /// A line CA below this root: it issues leaves for one purpose and no further CAs.
    ///
    /// # Errors
    /// [`IssueError`] for a name, serial number, purpose or date that does not fit.
    pub fn line(
        &self,
        name: &str,
        serial: &[u8],
        key: SigningKey,
        purpose: &str,
        validity: Validity,
    ) -> Result<Self, IssueError> {
        let template = Template {
            serial: serial.to_vec(),
            issuer: self.name.clone(),
            subject: name.to_owned(),
            not_before: Duration::from_secs(validity.not_before),
            not_after: Duration::from_secs(validity.not_after),
            public_key: template::public_key_info(key.verifying_key()),
            extensions: vec![
                Extension::certificate_authority(0),
                Extension::issuer_key_usage(),
                Extension::purpose(purpose)?,
                Extension::subject_key_id(key.verifying_key()),
                Extension::authority_key_id(self.key.verifying_key()),
            ],
        };
        Ok(Self {
            name: name.to_owned(),
            certificate: template.sign(&self.key)?,
            key,
        })
    }

    /// What [`Authority::leaf`] signs, for a caller that keeps the line's key elsewhere.
    ///
    /// # Errors
    /// [`IssueError::ObjectIdentifier`] for a malformed purpose.
    pub fn leaf_template(
        &self,
        ueid: &Ueid,
        serial: &[u8],
        key: &VerifyingKey,
        purpose: &str,
        not_before: u64,
    ) -> Result<Template, IssueError> {
        Ok(Template {
            serial: serial.to_vec(),
            issuer: self.name.clone(),
            subject: hexadecimal(ueid),
            not_before: Duration::from_secs(not_before),
            not_after: Duration::from_secs(NEVER),
            public_key: template::public_key_info(key),
            extensions: vec![
                Extension::not_an_authority(),
                Extension::leaf_key_usage(),
                Extension::purpose(purpose)?,
                Extension::authority_key_id(self.key.verifying_key()),
            ],
        })
    }

    /// A leaf below this line CA, valid from `not_before` for ever.
    ///
    /// # Errors
    /// [`IssueError`] for a serial number, purpose or date that does not fit.
    pub fn leaf(
        &self,
        ueid: &Ueid,
        serial: &[u8],
        key: &VerifyingKey,
        purpose: &str,
        not_before: u64,
    ) -> Result<Vec<u8>, IssueError> {
        self.leaf_template(ueid, serial, key, purpose, not_before)?
            .sign(&self.key)
    }

    /// The CA's certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The CA's key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn object_identifier(dotted: &str) -> Result<ObjectIdentifier, IssueError> {
    ObjectIdentifier::new(dotted).map_err(|_| IssueError::ObjectIdentifier)
}

/// Eight octets instead of a whole hash: an opaque name for a key (RFC 5280 section 4.2.1.2), paid for in every leaf on the air.
fn key_id(key: &VerifyingKey) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(key.to_sec1_point(false).as_bytes()).into();
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}
