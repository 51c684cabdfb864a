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

#[cfg(test)]
mod tests {
    use super::super::key::StaticSecret;
    use super::*;
    use crate::error::Misbehaviour;

    #[test]
    fn an_ead_4_that_is_none_is_refused_though_it_opens() {
        let th = [7; 32];
        let secret = StaticSecret::from_bytes(&[8; 32]).unwrap();
        let shared = secret.diffie_hellman(&secret.public_key());
        let keys = Message4Keys {
            suite: Suite::Aes128CcmMac64P256,
            prk_4e3m: Prk::extract(&th, shared.raw_secret_bytes()),
        };
        let good = keys.write(&th, &[1, 0x41, 2]).unwrap();
        assert_eq!(keys.read(&th, &good).unwrap().as_slice(), [1, 0x41, 2]);
        let bad = keys.write(&th, &[0x41, 2]).unwrap();
        assert_eq!(keys.read(&th, &bad), Err(Misbehaviour::WrongType.into()));
    }
}
