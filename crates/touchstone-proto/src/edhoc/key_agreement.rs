//! `G_X`, `G_Y` and `G_XY` of a suite: P-256, or P-256 and ML-KEM-768 side by side.
//!
//! The hybrid is put together as SecP256r1MLKEM768 in draft-ietf-tls-ecdhe-mlkem: P-256 first, ML-KEM after it, in both shares and in the secret. What
//! draft-ietf-lake-pqsuites does with a KEM alone holds here too: the Initiator's share carries the encapsulation key, the Responder's the ciphertext.

use super::Suite;
use super::cipher_suite::ECDH_LENGTH;
use super::key::{Ephemeral, PublicKey};
#[cfg(feature = "ml-kem")]
use super::ml_kem;
#[cfg(feature = "ml-kem")]
use crate::error::Misbehaviour;
use crate::error::{Error, LocalError};
use crate::secret::SecretBytes;

#[cfg(not(feature = "ml-kem"))]
const MAX_SHARE: usize = ECDH_LENGTH;
#[cfg(feature = "ml-kem")]
const MAX_SHARE: usize = ECDH_LENGTH + ml_kem::KEY_LENGTH;

/// `G_X` or `G_Y` as sent.
pub(super) type Share = heapless::Vec<u8, MAX_SHARE>;

/// `G_XY`.
pub(super) type SharedSecret = SecretBytes<{ 2 * ECDH_LENGTH }>;

/// Bytes of `G_Y`.
pub(super) const fn g_y_length(suite: Suite) -> usize {
    match suite {
        Suite::Aes128CcmMac64P256 | Suite::Aes128CcmMac128P256 => ECDH_LENGTH,
        #[cfg(feature = "ml-kem")]
        Suite::Aes128CcmMac128P256MlKem768 => ECDH_LENGTH + ml_kem::CIPHERTEXT_LENGTH,
    }
}

/// The Initiator's share.
pub(super) fn g_x(suite: Suite, ephemeral: &Ephemeral) -> Result<Share, LocalError> {
    let x = ephemeral.public_key().x();
    match suite {
        Suite::Aes128CcmMac64P256 | Suite::Aes128CcmMac128P256 => concatenation(&[&x]),
        #[cfg(feature = "ml-kem")]
        Suite::Aes128CcmMac128P256MlKem768 => {
            concatenation(&[&x, &ml_kem::encapsulation_key(ephemeral.kem()?)])
        }
    }
}

/// What the Responder received: the point, and the encapsulation key or nothing.
pub(super) fn read_g_x(suite: Suite, g_x: &[u8]) -> Result<(PublicKey, &[u8]), Error> {
    match suite {
        Suite::Aes128CcmMac64P256 | Suite::Aes128CcmMac128P256 => {
            Ok((PublicKey::from_peer(g_x)?, &[]))
        }
        #[cfg(feature = "ml-kem")]
        Suite::Aes128CcmMac128P256MlKem768 => {
            let (x, key) = split(g_x)?;
            ml_kem::check(key)?;
            Ok((PublicKey::from_peer(x)?, key))
        }
    }
}

/// The Responder's share and `G_XY`.
pub(super) fn respond(
    suite: Suite,
    ephemeral: &mut Ephemeral,
    point: &PublicKey,
    encapsulation_key: &[u8],
) -> Result<(Share, SharedSecret), Error> {
    #[cfg(not(feature = "ml-kem"))]
    let _ = encapsulation_key;
    let x = ephemeral.public_key().x();
    let ecdh = ephemeral.diffie_hellman(point);
    match suite {
        Suite::Aes128CcmMac64P256 | Suite::Aes128CcmMac128P256 => {
            Ok((concatenation(&[&x])?, secret(ecdh.raw_secret_bytes(), &[])?))
        }
        #[cfg(feature = "ml-kem")]
        Suite::Aes128CcmMac128P256MlKem768 => {
            let (ciphertext, key) = ml_kem::encapsulate(encapsulation_key, ephemeral.kem()?)?;
            ephemeral.forget_kem();
            let g_y = concatenation(&[&x, &ciphertext])?;
            Ok((g_y, secret(ecdh.raw_secret_bytes(), key.as_slice())?))
        }
    }
}

/// What the Initiator received: the point, and `G_XY`.
///
/// A ciphertext that was changed gives another secret, not an error (FIPS 203 section 6.3): message_2 then decrypts to noise.
pub(super) fn conclude(
    suite: Suite,
    ephemeral: &mut Ephemeral,
    g_y: &[u8],
) -> Result<(PublicKey, SharedSecret), Error> {
    match suite {
        Suite::Aes128CcmMac64P256 | Suite::Aes128CcmMac128P256 => {
            let point = PublicKey::from_peer(g_y)?;
            let ecdh = ephemeral.diffie_hellman(&point);
            Ok((point, secret(ecdh.raw_secret_bytes(), &[])?))
        }
        #[cfg(feature = "ml-kem")]
        Suite::Aes128CcmMac128P256MlKem768 => {
            let (x, ciphertext) = split(g_y)?;
            let point = PublicKey::from_peer(x)?;
            let ecdh = ephemeral.diffie_hellman(&point);
            let key = ml_kem::decapsulate(ephemeral.kem()?, ciphertext)?;
            ephemeral.forget_kem();
            Ok((point, secret(ecdh.raw_secret_bytes(), key.as_slice())?))
        }
    }
}

/// The x-coordinate and what comes after it.
#[cfg(feature = "ml-kem")]
fn split(share: &[u8]) -> Result<(&[u8], &[u8]), Misbehaviour> {
    share
        .split_at_checked(ECDH_LENGTH)
        .ok_or(Misbehaviour::PointLength)
}

fn concatenation(parts: &[&[u8]]) -> Result<Share, LocalError> {
    let mut share = Share::new();
    for part in parts {
        share
            .extend_from_slice(part)
            .map_err(|_| LocalError::MessageTooLong)?;
    }
    Ok(share)
}

fn secret(ecdh: &[u8], kem: &[u8]) -> Result<SharedSecret, LocalError> {
    SharedSecret::concatenation(ecdh, kem).ok_or(LocalError::MessageTooLong)
}
