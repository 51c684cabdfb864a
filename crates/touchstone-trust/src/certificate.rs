//! Strict parsing of one certificate of the factory PKI. It checks form, never trust.

use x509_cert::{
    Certificate,
    der::{
        Decode, Encode,
        asn1::{AnyRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef},
        oid::AssociatedOid,
    },
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage,
            SubjectKeyIdentifier,
        },
    },
};

use crate::es256;

/// Largest certificate that is looked at, in bytes. A leaf of the profile takes about 400.
pub(crate) const MAX_CERTIFICATE: usize = 1024;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Why a certificate is not one of the profile's, whoever signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than any certificate of the profile; not parsed.
    #[error("{0} bytes are too long for a certificate")]
    TooLong(usize),
    /// Not a DER certificate, or bytes after it.
    #[error("not a DER certificate")]
    Encoding,
    /// BER that a lenient parser would take, but not the one encoding DER allows.
    #[error("not in canonical form")]
    NotCanonical,
    /// Signed with something other than ECDSA with SHA-256.
    #[error("the signature algorithm is not ES256")]
    Algorithm,
    /// The key is not an uncompressed point of P-256.
    #[error("the key is not a P-256 key")]
    Key,
    /// An extension is malformed, repeated, or critical and unknown.
    #[error("an extension is malformed, repeated or unknown")]
    Extension,
    /// The subject is not a single common name.
    #[error("the subject is not a common name")]
    Subject,
    /// BasicConstraints are missing or do not fit the certificate's place in the chain.
    #[error("the basic constraints do not fit")]
    BasicConstraints,
    /// KeyUsage is missing, not critical, or does not fit the certificate's place in the chain.
    #[error("the key usage does not fit")]
    KeyUsage,
    /// ExtendedKeyUsage is missing or names another purpose.
    #[error("the extended key usage does not fit")]
    Purpose,
    /// A key identifier is missing.
    #[error("a key identifier is missing")]
    KeyIdentifier,
    /// notBefore lies after notAfter.
    #[error("the validity period is empty")]
    Validity,
}

/// What the trust decisions need to know of a certificate.
#[derive(Clone)]
pub(crate) struct Parsed {
    pub(crate) serial: Vec<u8>,
    /// DER of the issuer's name.
    pub(crate) issuer: Vec<u8>,
    /// DER of the subject's name.
    pub(crate) subject: Vec<u8>,
    pub(crate) common_name: String,
    /// Seconds since 1970.
    pub(crate) not_before: u64,
    pub(crate) key: [u8; 65],
    pub(crate) basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    purposes: Vec<ObjectIdentifier>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    tbs: Vec<u8>,
    signature: Vec<u8>,
}

impl Parsed {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLong(der.len()));
        }
        let certificate = Certificate::from_der(der).map_err(|_| CertificateError::Encoding)?;
        if reencode(&certificate)? != der {
            return Err(CertificateError::NotCanonical);
        }
        let tbs = certificate.tbs_certificate();
        for algorithm in [certificate.signature_algorithm(), tbs.signature()] {
            if algorithm.oid != ECDSA_WITH_SHA256 || algorithm.parameters.is_some() {
                return Err(CertificateError::Algorithm);
            }
        }
        let not_before = tbs.validity().not_before.to_unix_duration().as_secs();
        if not_before > tbs.validity().not_after.to_unix_duration().as_secs() {
            return Err(CertificateError::Validity);
        }
        let mut parsed = Self {
            serial: tbs.serial_number().as_bytes().to_vec(),
            issuer: reencode(tbs.issuer())?,
            subject: reencode(tbs.subject())?,
            common_name: common_name(tbs.subject()).ok_or(CertificateError::Subject)?,
            not_before,
            key: key(tbs.subject_public_key_info()).ok_or(CertificateError::Key)?,
            basic_constraints: None,
            key_usage: None,
            purposes: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
            tbs: reencode(tbs)?,
            signature: certificate
                .signature()
                .as_bytes()
                .ok_or(CertificateError::Encoding)?
                .to_vec(),
        };
        parsed.read_extensions(tbs.extensions().map_or(&[][..], Vec::as_slice))?;
        Ok(parsed)
    }

    fn read_extensions(&mut self, extensions: &[Extension]) -> Result<(), CertificateError> {
        for (index, extension) in extensions.iter().enumerate() {
            if extensions
                .iter()
                .skip(index + 1)
                .any(|other| other.extn_id == extension.extn_id)
            {
                return Err(CertificateError::Extension);
            }
            match extension.extn_id {
                BasicConstraints::OID => self.basic_constraints = Some(value(extension)?),
                KeyUsage::OID if extension.critical => self.key_usage = Some(value(extension)?),
                KeyUsage::OID => return Err(CertificateError::KeyUsage),
                ExtendedKeyUsage::OID => self.purposes = value::<ExtendedKeyUsage>(extension)?.0,
                SubjectKeyIdentifier::OID => {
                    self.subject_key_id = Some(
                        value::<SubjectKeyIdentifier>(extension)?
                            .0
                            .as_bytes()
                            .to_vec(),
                    );
                }
                AuthorityKeyIdentifier::OID => {
                    self.authority_key_id = value::<AuthorityKeyIdentifier>(extension)?
                        .key_identifier
                        .map(|id| id.as_bytes().to_vec());
                }
                _ if extension.critical => return Err(CertificateError::Extension),
                _ => {}
            }
        }
        Ok(())
    }

    /// A leaf signs and does nothing else, for this purpose and no other.
    pub(crate) fn check_leaf(&self, purpose: &ObjectIdentifier) -> Result<(), CertificateError> {
        match &self.basic_constraints {
            Some(BasicConstraints {
                ca: false,
                path_len_constraint: None,
            }) => {}
            _ => return Err(CertificateError::BasicConstraints),
        }
        let usage = self.key_usage.as_ref().ok_or(CertificateError::KeyUsage)?;
        if !usage.digital_signature() || usage.0.into_iter().count() != 1 {
            return Err(CertificateError::KeyUsage);
        }
        if self.purposes.as_slice() != [*purpose] {
            return Err(CertificateError::Purpose);
        }
        if self.authority_key_id.is_none() {
            return Err(CertificateError::KeyIdentifier);
        }
        Ok(())
    }

    /// A line CA issues leaves and nothing below them.
    pub(crate) fn check_line(&self, purpose: &ObjectIdentifier) -> Result<(), CertificateError> {
        match &self.basic_constraints {
            Some(BasicConstraints {
                ca: true,
                path_len_constraint: Some(0),
            }) => {}
            _ => return Err(CertificateError::BasicConstraints),
        }
        self.check_issuer()?;
        if self.purposes.as_slice() != [*purpose] {
            return Err(CertificateError::Purpose);
        }
        if self.subject_key_id.is_none() {
            return Err(CertificateError::KeyIdentifier);
        }
        Ok(())
    }

    pub(crate) fn check_root(&self) -> Result<(), CertificateError> {
        match &self.basic_constraints {
            Some(BasicConstraints {
                ca: true,
                path_len_constraint: None | Some(1..),
            }) => {}
            _ => return Err(CertificateError::BasicConstraints),
        }
        self.check_issuer()
    }

    fn check_issuer(&self) -> Result<(), CertificateError> {
        let usage = self.key_usage.as_ref().ok_or(CertificateError::KeyUsage)?;
        usage
            .key_cert_sign()
            .then_some(())
            .ok_or(CertificateError::KeyUsage)
    }

    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
            && es256::verify(&issuer.key, &self.tbs, &self.signature).is_some()
    }
}

fn reencode(value: &impl Encode) -> Result<Vec<u8>, CertificateError> {
    value.to_der().map_err(|_| CertificateError::Encoding)
}

fn value<'a, T: Decode<'a> + Encode>(extension: &'a Extension) -> Result<T, CertificateError> {
    let bytes = extension.extn_value.as_bytes();
    let value = T::from_der(bytes).map_err(|_| CertificateError::Extension)?;
    if reencode(&value)? != bytes {
        return Err(CertificateError::NotCanonical);
    }
    Ok(value)
}

/// The P-256 key that a certificate names, SEC1 uncompressed. Nothing about the certificate is believed: this is for telling whether whoever showed it
/// has that key.
#[must_use]
pub fn claimed_key(leaf_der: &[u8]) -> Option<[u8; 65]> {
    if leaf_der.len() > MAX_CERTIFICATE {
        return None;
    }
    let certificate = Certificate::from_der(leaf_der).ok()?;
    key(certificate.tbs_certificate().subject_public_key_info())
}

fn key(info: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Option<[u8; 65]> {
    let curve: ObjectIdentifier = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != PRIME256V1 {
        return None;
    }
    let bytes = info.subject_public_key.as_bytes()?;
    es256::uncompressed(bytes)?;
    bytes.try_into().ok()
}

fn common_name(name: &x509_cert::name::Name) -> Option<String> {
    let mut attributes = name.iter();
    let attribute = attributes.next()?;
    if attributes.next().is_some() || attribute.oid != COMMON_NAME {
        return None;
    }
    let any = AnyRef::from(&attribute.value);
    if let Ok(text) = any.decode_as::<PrintableStringRef<'_>>() {
        return Some(text.as_str().to_owned());
    }
    any.decode_as::<Utf8StringRef<'_>>()
        .ok()
        .map(|text| text.as_str().to_owned())
}
