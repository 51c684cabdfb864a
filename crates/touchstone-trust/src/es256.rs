//! ES256 for rustls-webpki, on p256: the app links no other cryptographic provider.

use p256::ecdsa::{DerSignature, VerifyingKey, signature::Verifier};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

/// The only signature algorithm of the factory PKI.
#[derive(Debug)]
pub(crate) struct Es256;

impl SignatureVerificationAlgorithm for Es256 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        verify(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

/// Checks a DER signature (RFC 3279 section 2.2.3) by an uncompressed SEC1 key; `None` for anything but a valid one.
pub(crate) fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = uncompressed(public_key)?;
    let signature = DerSignature::from_bytes(signature).ok()?;
    key.verify(message, &signature).ok()
}

/// A point on the curve in its 65-byte form, the only one the profile knows.
pub(crate) fn uncompressed(public_key: &[u8]) -> Option<VerifyingKey> {
    let public_key: &[u8; 65] = public_key.try_into().ok()?;
    VerifyingKey::from_sec1_bytes(public_key).ok()
}
