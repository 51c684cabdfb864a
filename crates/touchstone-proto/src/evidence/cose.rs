//! The COSE_Sign1 around the claims (RFC 9052 section 4).

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::Claims;
use crate::{
    cbor::{Reader, Writer},
    edhoc::PublicKey,
    error::{Error, Inauthentic, LocalError, Misbehaviour},
};

/// The longest evidence in bytes.
pub const MAX_EVIDENCE: usize = 384;

/// `{1: -7, 16: 263}`: ES256, and a typ that no EDHOC credential identifier has.
const PROTECTED: [u8; 7] = [0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07];
const CONTEXT: &str = "Signature1";

/// A COSE_Sign1 with the claims.
pub(crate) type Sign1 = Vec<u8, MAX_EVIDENCE>;

/// The `Sig_structure` of evidence, for the factory key to sign with ES256.
///
/// It is only made here, from claims; its protected header holds a `typ`, so that no signature over it can be taken for one of EDHOC.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceToBeSigned<'a>(&'a [u8]);

impl EvidenceToBeSigned<'_> {
    /// The message to sign: ES256 over its SHA-256.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.0
    }
}

/// Signs claims for one channel.
///
/// # Errors
/// [`LocalError::InvalidSignature`] if r or s is out of range.
pub(crate) fn sign(
    claims: &Claims,
    binder: &[u8; 32],
    signer: impl FnOnce(&EvidenceToBeSigned<'_>) -> [u8; 64],
) -> Result<Sign1, LocalError> {
    let mut payload = Sign1::new();
    claims.write(&mut Writer::new(&mut payload))?;
    let to_be_signed = sig_structure(&payload, binder)?;
    let signature = signer(&EvidenceToBeSigned(&to_be_signed));
    p256::ecdsa::Signature::from_slice(&signature).map_err(|_| LocalError::InvalidSignature)?;
    let mut sign1 = Sign1::new();
    Writer::new(&mut sign1)
        .array(4)?
        .bytes(&PROTECTED)?
        .map(0)?
        .bytes(&payload)?
        .bytes(&signature)?;
    Ok(sign1)
}

/// Reads claims and verifies that they are signed by `key` for this channel.
///
/// # Errors
/// [`Misbehaviour`] for anything but the one form of TS/1; [`Inauthentic::Evidence`] if the signature does not verify.
pub(crate) fn verify(sign1: &[u8], binder: &[u8; 32], key: &PublicKey) -> Result<Claims, Error> {
    let mut reader = Reader::new(sign1);
    reader.array(4)?;
    if reader.bytes()? != PROTECTED {
        return Err(Misbehaviour::MalformedEvidence.into());
    }
    reader.map(0)?;
    let payload = reader.bytes()?;
    let signature = reader.byte_array()?;
    reader.end()?;
    if payload.len() > MAX_EVIDENCE {
        return Err(Misbehaviour::MessageTooLong.into());
    }
    let hash = Sha256::digest(sig_structure(payload, binder)?).into();
    key.verify_prehash(&hash, signature)
        .map_err(|_| Inauthentic::Evidence)?;
    Ok(Claims::read(payload)?)
}

fn sig_structure(
    payload: &[u8],
    binder: &[u8; 32],
) -> Result<Vec<u8, { MAX_EVIDENCE + 64 }>, LocalError> {
    let mut structure = Vec::new();
    Writer::new(&mut structure)
        .array(4)?
        .text(CONTEXT)?
        .bytes(&PROTECTED)?
        .bytes(binder)?
        .bytes(payload)?;
    Ok(structure)
}
