//! The `COSE_Encrypt0` objects of message_3 and message_4 (RFC 9528 sections 5.4.2 and 5.5.2).

use super::cipher_suite::{HASH_LENGTH, Suite};
use super::key_schedule::Prk;
use super::transcript_hash::TranscriptHash;
use super::{Buffer, MAX_MESSAGE};
use crate::cbor::{Reader, Writer};
use crate::error::{Error, Inauthentic, LocalError, Misbehaviour};

/// Which keys and associated data encrypt one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encrypt0<'a> {
    pub(super) suite: Suite,
    pub(super) prk: &'a Prk,
    pub(super) key_label: u64,
    pub(super) iv_label: u64,
    /// `TH_3` or `TH_4`: context of the keys and external associated data.
    pub(super) transcript_hash: &'a TranscriptHash,
}

/// `["Encrypt0", h'', TH]`.
type EncStructure = heapless::Vec<u8, { 1 + 9 + 1 + 2 + HASH_LENGTH }>;

impl Encrypt0<'_> {
    /// The message: one byte string around the ciphertext.
    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Buffer, LocalError> {
        let mut message = Buffer::new();
        let length = plaintext
            .len()
            .checked_add(self.suite.tag_length())
            .ok_or(LocalError::MessageTooLong)?;
        Writer::new(&mut message).bytes_head(length)?;
        let start = message.len();
        Writer::new(&mut message).raw(plaintext)?;
        let key = self.prk.derive(self.key_label, self.transcript_hash)?;
        let iv = self.prk.derive(self.iv_label, self.transcript_hash)?;
        self.suite
            .seal(&key, &iv, &self.associated()?, &mut message, start)?;
        Ok(message)
    }

    /// The plaintext of a message.
    pub(super) fn open(&self, message: &[u8]) -> Result<Buffer, Error> {
        if message.len() > MAX_MESSAGE {
            return Err(Misbehaviour::MessageTooLong.into());
        }
        let mut reader = Reader::new(message);
        let ciphertext = reader.bytes()?;
        reader.end()?;
        if ciphertext.len() < self.suite.tag_length() {
            return Err(Misbehaviour::CiphertextTooShort.into());
        }
        let mut buffer =
            Buffer::from_slice(ciphertext).map_err(|_| Misbehaviour::MessageTooLong)?;
        let key = self.prk.derive(self.key_label, self.transcript_hash)?;
        let iv = self.prk.derive(self.iv_label, self.transcript_hash)?;
        if self.suite.open(&key, &iv, &self.associated()?, &mut buffer) {
            Ok(buffer)
        } else {
            Err(Inauthentic::Ciphertext.into())
        }
    }

    fn associated(&self) -> Result<EncStructure, LocalError> {
        let mut out = EncStructure::new();
        Writer::new(&mut out)
            .array(3)?
            .text("Encrypt0")?
            .bytes(&[])?
            .bytes(self.transcript_hash)?;
        Ok(out)
    }
}
