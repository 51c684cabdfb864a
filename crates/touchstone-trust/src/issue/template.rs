//! One certificate before its signature.

use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey, signature::Signer};
use x509_cert::der::{
    Encode,
    asn1::{GeneralizedTime, UtcTime},
};

use super::{IssueError, der, key_id, object_identifier};

const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// SubjectPublicKeyInfo of P-256 up to the point (RFC 5480 section 2).
const P256_KEY_INFO: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The fields of a certificate (RFC 5280 section 4.1.2). It is not checked against the profile: verification does that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Serial number, big-endian, at most 20 octets.
    pub serial: Vec<u8>,
    /// Common name of the issuer.
    pub issuer: String,
    /// Common name of the subject.
    pub subject: String,
    /// First second of validity, since 1970.
    pub not_before: Duration,
    /// Last second of validity, since 1970.
    pub not_after: Duration,
    /// SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The extensions in their order.
    pub extensions: Vec<Extension>,
}

/// One extension of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its dotted object identifier.
    pub id: String,
    /// Whether a verifier that does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER value inside.
    pub value: Vec<u8>,
}

impl Template {
    /// The to-be-signed part, DER.
    ///
    /// # Errors
    /// [`IssueError`] for a field that cannot be expressed.
    pub fn to_be_signed(&self) -> Result<Vec<u8>, IssueError> {
        let extensions = self
            .extensions
            .iter()
            .map(Extension::to_der)
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        let extensions = match extensions.as_slice() {
            [] => Vec::new(),
            some => der::element(0xa3, &[&der::element(der::SEQUENCE, &[some])?])?,
        };
        let validity = der::element(
            der::SEQUENCE,
            &[&time(self.not_before)?, &time(self.not_after)?],
        )?;
        der::element(
            der::SEQUENCE,
            &[
                &[0xa0, 0x03, 0x02, 0x01, 0x02],
                &der::unsigned(&self.serial)?,
                ECDSA_WITH_SHA256,
                &name(&self.issuer)?,
                &validity,
                &name(&self.subject)?,
                &self.public_key,
                &extensions,
            ],
        )
    }

    /// The finished certificate, DER, signed by the issuer's key.
    ///
    /// # Errors
    /// [`IssueError`] for a field that cannot be expressed.
    pub fn sign(&self, issuer: &SigningKey) -> Result<Vec<u8>, IssueError> {
        let tbs = self.to_be_signed()?;
        let signature: DerSignature = issuer.sign(&tbs);
        Self::assemble(&tbs, signature.as_bytes())
    }

    /// A certificate from its two halves, for keys that live in a hardware module; `signature` is a DER ECDSA-Sig-Value.
    ///
    /// # Errors
    /// [`IssueError::TooLong`].
    pub fn assemble(to_be_signed: &[u8], signature: &[u8]) -> Result<Vec<u8>, IssueError> {
        let signature = der::element(der::BIT_STRING, &[&[0], signature])?;
        der::element(
            der::SEQUENCE,
            &[to_be_signed, ECDSA_WITH_SHA256, &signature],
        )
    }
}

impl Extension {
    /// BasicConstraints of a CA with `path_length` CAs below it.
    pub fn certificate_authority(path_length: u8) -> Self {
        Self::new(
            "2.5.29.19",
            true,
            vec![0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, path_length & 0x7f],
        )
    }

    /// BasicConstraints of a leaf; not critical, which saves three bytes on the air (RFC 5280 section 4.2.1.9 allows it).
    pub fn not_an_authority() -> Self {
        Self::new("2.5.29.19", false, vec![0x30, 0x00])
    }

    /// KeyUsage digitalSignature.
    pub fn leaf_key_usage() -> Self {
        Self::new("2.5.29.15", true, vec![der::BIT_STRING, 0x02, 0x07, 0x80])
    }

    /// KeyUsage keyCertSign and cRLSign.
    pub fn issuer_key_usage() -> Self {
        Self::new("2.5.29.15", true, vec![der::BIT_STRING, 0x02, 0x01, 0x06])
    }

    /// ExtendedKeyUsage with this purpose only.
    ///
    /// # Errors
    /// [`IssueError::ObjectIdentifier`].
    pub fn purpose(dotted: &str) -> Result<Self, IssueError> {
        let id = object_identifier(dotted)?
            .to_der()
            .map_err(|_| IssueError::ObjectIdentifier)?;
        Ok(Self::new(
            "2.5.29.37",
            false,
            der::element(der::SEQUENCE, &[&id])?,
        ))
    }

    /// SubjectKeyIdentifier of this key.
    pub fn subject_key_id(key: &VerifyingKey) -> Self {
        let id = key_id(key);
        Self::new(
            "2.5.29.14",
            false,
            [&[der::OCTET_STRING, 8][..], &id].concat(),
        )
    }

    /// AuthorityKeyIdentifier of this key.
    pub fn authority_key_id(key: &VerifyingKey) -> Self {
        let id = key_id(key);
        Self::new(
            "2.5.29.35",
            false,
            [&[der::SEQUENCE, 10, 0x80, 8][..], &id].concat(),
        )
    }

    fn new(id: &str, critical: bool, value: Vec<u8>) -> Self {
        Self {
            id: id.to_owned(),
            critical,
            value,
        }
    }

    fn to_der(&self) -> Result<Vec<u8>, IssueError> {
        let id = object_identifier(&self.id)?
            .to_der()
            .map_err(|_| IssueError::ObjectIdentifier)?;
        let critical: &[u8] = if self.critical {
            &[der::BOOLEAN, 1, 0xff]
        } else {
            &[]
        };
        der::element(
            der::SEQUENCE,
            &[
                &id,
                critical,
                &der::element(der::OCTET_STRING, &[&self.value])?,
            ],
        )
    }
}

pub(super) fn public_key_info(key: &VerifyingKey) -> Vec<u8> {
    [P256_KEY_INFO, key.to_sec1_point(false).as_bytes()].concat()
}

fn name(common_name: &str) -> Result<Vec<u8>, IssueError> {
    let text = der::element(der::PRINTABLE_STRING, &[common_name.as_bytes()])?;
    let attribute = der::element(der::SEQUENCE, &[&[0x06, 0x03, 0x55, 0x04, 0x03], &text])?;
    der::element(der::SEQUENCE, &[&der::element(der::SET, &[&attribute])?])
}

/// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5).
fn time(since_1970: Duration) -> Result<Vec<u8>, IssueError> {
    match UtcTime::from_unix_duration(since_1970) {
        Ok(time) => time.to_der(),
        Err(_) => GeneralizedTime::from_unix_duration(since_1970).and_then(|time| time.to_der()),
    }
    .map_err(|_| IssueError::Date)
}
