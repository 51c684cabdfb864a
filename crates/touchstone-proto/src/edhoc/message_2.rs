//! message_2 (RFC 9528 section 5.3): one byte string around `G_Y` and `CIPHERTEXT_2`.
//!
//! `CIPHERTEXT_2` is only encrypted, not authenticated: whatever it decrypts to proves nothing until
//! `Signature_or_MAC_2` is verified.

use zeroize::Zeroizing;

use super::key_schedule::{Prk, label};
use super::transcript_hash::TranscriptHash;
use super::{Buffer, MAX_MESSAGE, Suite, key_agreement};
use crate::cbor::{Reader, Writer};
use crate::error::{Error, LocalError, Misbehaviour};

/// `G_Y` and `CIPHERTEXT_2`.
pub(super) fn parse(suite: Suite, message_2: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    if message_2.len() > MAX_MESSAGE {
        return Err(Misbehaviour::MessageTooLong.into());
    }
    let mut reader = Reader::new(message_2);
    let content = reader.bytes()?;
    reader.end()?;
    content
        .split_at_checked(key_agreement::g_y_length(suite))
        .filter(|(_, ciphertext_2)| !ciphertext_2.is_empty())
        .ok_or_else(|| Misbehaviour::CiphertextTooShort.into())
}

/// Writes message_2, encrypting `PLAINTEXT_2`.
pub(super) fn write(
    g_y: &[u8],
    plaintext_2: &[u8],
    prk_2e: &Prk,
    th_2: &TranscriptHash,
) -> Result<Buffer, LocalError> {
    let mut message_2 = Buffer::new();
    Writer::new(&mut message_2)
        .bytes_head(g_y.len().saturating_add(plaintext_2.len()))?
        .raw(g_y)?;
    let start = message_2.len();
    Writer::new(&mut message_2).raw(plaintext_2)?;
    xor_keystream_2(message_2.get_mut(start..).unwrap_or_default(), prk_2e, th_2)?;
    Ok(message_2)
}

/// Encrypts or decrypts with `KEYSTREAM_2`.
pub(super) fn xor_keystream_2(
    text: &mut [u8],
    prk_2e: &Prk,
    th_2: &TranscriptHash,
) -> Result<(), LocalError> {
    let mut space = Zeroizing::new([0; MAX_MESSAGE]);
    let keystream = space
        .get_mut(..text.len())
        .ok_or(LocalError::MessageTooLong)?;
    prk_2e.kdf(label::KEYSTREAM_2, &[th_2], keystream)?;
    for (byte, key) in text.iter_mut().zip(keystream) {
        *byte ^= *key;
    }
    Ok(())
}
