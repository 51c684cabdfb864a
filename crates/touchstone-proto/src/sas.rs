//! Level L2: the short authentication string, played by the device and counted by the person (docs/PROTOCOL.md section 6).
//!
//! The phone commits to N_p in ARM before it sees N_d in TOUCH, and the device fixes N_d before it sees N_p in REVEAL. Neither can therefore steer the
//! string, and whoever plays another session's counts is right by chance only: once in 216, one try per touch.

use core::fmt;

use hmac::Mac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{error::LocalError, mac::hmac_sha256, touch::ArmHash};

const LABEL: &[u8] = b"TS/1 sas";

/// Groups of signals in one string.
pub const GROUPS: usize = 3;
/// Most signals in one group; the least is one.
pub const MAX_COUNT: u8 = 6;
/// Most REVEALs that answer one touch: a device is not made to signal for ever.
pub const MAX_PLAYS: u8 = 20;

/// Three counts of 1 to 6: what the device plays, what the phone expects, or what the person entered.
///
/// Zeroized on drop; `Debug` shows nothing. It never implements `PartialEq`: [`matches`](Self::matches) is the comparison, in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Counts([u8; GROUPS]);

impl Counts {
    /// What the person entered, in the order played.
    ///
    /// # Errors
    /// [`LocalError::CountOutOfRange`] unless each is 1 to 6. Nothing is compared, so no attempt is spent.
    pub fn entered(groups: [u8; GROUPS]) -> Result<Self, LocalError> {
        if groups.iter().all(|count| (1..=MAX_COUNT).contains(count)) {
            Ok(Self(groups))
        } else {
            Err(LocalError::CountOutOfRange)
        }
    }

    /// How many signals each group has, in the order to play them.
    #[must_use]
    pub const fn groups(&self) -> &[u8; GROUPS] {
        &self.0
    }

    /// Whether both are the same; in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The number modulo 216 as three digits in base 6, the most significant one first, each plus one.
    fn from_number(number: u64) -> Self {
        let digit = |number: u64| {
            u8::try_from(number % 6)
                .unwrap_or_default()
                .saturating_add(1)
        };
        Self([digit(number / 36), digit(number / 6), digit(number)])
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts(..)")
    }
}

/// Everything the string is made from, under the session's touch key.
#[derive(Clone, Copy)]
pub struct Sas<'a> {
    /// TH_4 of the session.
    pub th_4: &'a [u8; 32],
    /// The ARM that was touched for.
    pub h_arm: &'a ArmHash,
    /// The phone's random number, opened by REVEAL.
    pub n_p: &'a [u8; 16],
    /// The device's random number, from TOUCH.
    pub n_d: &'a [u8; 16],
}

impl Sas<'_> {
    /// The counts under the session's touch key.
    ///
    /// 2^64 is no multiple of 216: each string's probability differs from 1/216 by less than 2^-64, which is less than 2^-56 of it.
    #[must_use]
    pub fn counts(&self, touch_key: &[u8; 32]) -> Counts {
        let mut mac = hmac_sha256(touch_key);
        mac.update(LABEL);
        mac.update(self.th_4);
        mac.update(self.h_arm);
        mac.update(self.n_p);
        mac.update(self.n_d);
        let mac = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let number = mac
            .iter()
            .take(size_of::<u64>())
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Counts::from_number(number)
    }
}

impl fmt::Debug for Sas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sas(..)")
    }
}

/// What ARM commits to: SHA-256 of N_p.
#[must_use]
pub fn commitment(n_p: &[u8; 16]) -> [u8; 32] {
    Sha256::digest(n_p).into()
}

/// One side's random number while the other must not know it, or need not any more. Zeroized on drop; `Debug` shows nothing.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Nonce(pub(crate) [u8; 16]);

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAS: Sas<'static> = Sas {
        th_4: &[1; 32],
        h_arm: &[2; 32],
        n_p: &[3; 16],
        n_d: &[4; 16],
    };
    const KEY: [u8; 32] = [5; 32];

    #[test]
    fn the_counts_are_the_specified_hmac_in_base_six() {
        // Computed with Python from docs/PROTOCOL.md section 6:
        // m = hmac.new(b"\5"*32, b"TS/1 sas"+b"\1"*32+b"\2"*32+b"\3"*16+b"\4"*16, "sha256").digest()
        // n = int.from_bytes(m[:8], "big") % 216; [n // 36 + 1, n // 6 % 6 + 1, n % 6 + 1]
        assert_eq!(SAS.counts(&KEY).groups(), &[4, 6, 4]);
    }

    #[test]
    fn the_first_group_is_the_most_significant_digit() {
        for (number, counts) in [
            (0, [1, 1, 1]),
            (1, [1, 1, 2]),
            (6, [1, 2, 1]),
            (36, [2, 1, 1]),
            (215, [6, 6, 6]),
            (216, [1, 1, 1]),
            (u64::MAX, [5, 3, 4]),
        ] {
            assert_eq!(Counts::from_number(number).groups(), &counts);
        }
    }

    #[test]
    fn every_field_matters() {
        // Once in 216 another field gives the same counts; among these keys it never does for all of them at once.
        let others: [fn(Sas<'static>) -> Sas<'static>; 4] = [
            |sas| Sas {
                th_4: &[9; 32],
                ..sas
            },
            |sas| Sas {
                h_arm: &[9; 32],
                ..sas
            },
            |sas| Sas {
                n_p: &[9; 16],
                ..sas
            },
            |sas| Sas {
                n_d: &[9; 16],
                ..sas
            },
        ];
        for (field, other) in others.into_iter().enumerate() {
            let same = (0..64_u8)
                .filter(|key| {
                    let key = [*key; 32];
                    SAS.counts(&key).matches(&other(SAS).counts(&key))
                })
                .count();
            assert!(same <= 4, "field {field}: {same} of 64 are the same");
        }
        let keys = (0..64_u8)
            .filter(|key| SAS.counts(&[*key; 32]).matches(&SAS.counts(&[200; 32])))
            .count();
        assert!(keys <= 4, "{keys} of 64 keys give the same counts");
    }

    /// 1/216 each: Pearson's chi-square over 216 cells. With 215 degrees of freedom it exceeds 299 once in 10,000 times for a fair string; the
    /// keys are fixed, so the outcome is too.
    #[test]
    fn all_strings_are_equally_likely() {
        const DRAWS: u32 = 43_200;
        let mut cells = [0_u32; 216];
        for draw in 0..DRAWS {
            let key: [u8; 32] = Sha256::digest(draw.to_be_bytes()).into();
            let [a, b, c] = SAS
                .counts(&key)
                .groups()
                .map(|count| usize::from(count - 1));
            cells[a * 36 + b * 6 + c] += 1;
        }
        let expected = f64::from(DRAWS) / 216.0;
        let chi_square: f64 = cells
            .iter()
            .map(|cell| (f64::from(*cell) - expected).powi(2) / expected)
            .sum();
        assert!(cells.iter().all(|cell| *cell > 0));
        assert!((140.0..299.0).contains(&chi_square), "{chi_square}");
    }

    #[test]
    fn what_is_entered_is_one_to_six_each() {
        for (at, count) in (0..GROUPS).flat_map(|at| [0, 7, 255].map(|count| (at, count))) {
            let mut groups = [1, 6, 3];
            groups[at] = count;
            assert_eq!(
                Counts::entered(groups).map(|_| ()),
                Err(LocalError::CountOutOfRange)
            );
        }
        assert_eq!(Counts::entered([1, 6, 3]).unwrap().groups(), &[1, 6, 3]);
    }

    #[test]
    fn one_group_that_differs_is_a_mismatch() {
        let counts = Counts([2, 3, 4]);
        assert!(counts.matches(&Counts([2, 3, 4])));
        for other in [[1, 3, 4], [2, 4, 4], [2, 3, 5], [3, 2, 4], [4, 3, 2]] {
            assert!(!counts.matches(&Counts(other)), "{other:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(std::format!("{:?}", Counts([2, 3, 4])), "Counts(..)");
        assert_eq!(std::format!("{SAS:?}"), "Sas(..)");
        assert_eq!(std::format!("{:?}", Nonce([7; 16])), "Nonce(..)");
    }
}
