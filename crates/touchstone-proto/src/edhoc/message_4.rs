//! message_4 (RFC 9528 section 5.5): one byte string around `CIPHERTEXT_4`, whose plaintext is `( ? EAD_4 )`.

use super::Buffer;
use super::cipher_suite::Suite;
use super::ead::Ead;
use super::encrypt0::Encrypt0;
use super::key_schedule::{Prk, label};
use super::transcript_hash::TranscriptHash;
use crate::error::{Error, LocalError};

/// The keys of message_4.
#[derive(Debug)]
pub(super) struct Message4Keys {
    pub(super) suite: Suite,
    pub(super) prk_4e3m: Prk,
}

impl Message4Keys {
    /// Writes message_4.
    pub(super) fn write(&self, th_4: &TranscriptHash, ead_4: &[u8]) -> Result<Buffer, LocalError> {
        self.encryption(th_4).seal(ead_4)
    }

    /// Verifies message_4 and returns `EAD_4`.
    pub(super) fn read(&self, th_4: &TranscriptHash, message_4: &[u8]) -> Result<Buffer, Error> {
        let ead_4 = self.encryption(th_4).open(message_4)?;
        Ead::parse(&ead_4)?;
        Ok(ead_4)
    }

    const fn encryption<'a>(&'a self, th_4: &'a TranscriptHash) -> Encrypt0<'a> {
        Encrypt0 {
            suite: self.suite,
            prk: &self.prk_4e3m,
            key_label: label::K_4,
            iv_label: label::IV_4,
            transcript_hash: th_4,
        }
    }
}
