//! Proof that both sides mean the same touch (docs/PROTOCOL.md section 6).

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    evidence::Ueid,
    mac::hmac_sha256,
    record::{Level, PressKind},
};

const LABEL: &[u8] = b"TS/1 touch";

/// Names one ARM: SHA-256 of its record's plaintext, padding included.
pub type ArmHash = [u8; 32];

/// Everything a TOUCH confirms.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    /// TH_4 of the session.
    pub th_4: &'a [u8; 32],
    /// The ARM it answers.
    pub h_arm: &'a ArmHash,
    /// SHA-256 of the owner's CCS.
    pub owner_kid: &'a [u8; 32],
    /// The device.
    pub ueid: &'a Ueid,
    /// The level of that ARM.
    pub level: Level,
    /// How it was touched.
    pub kind: PressKind,
    /// Number of other sessions about; on the wire it saturates at 255.
    pub contended: u32,
    /// The device's random number.
    pub n_d: &'a [u8; 16],
}

impl Touch<'_> {
    /// The confirmation under the session's touch key.
    #[must_use]
    pub fn confirmation(&self, touch_key: &[u8; 32]) -> [u8; 32] {
        self.mac(touch_key).finalize().into_bytes().into()
    }

    /// Whether `confirmation` is this touch's; in constant time.
    #[must_use]
    pub fn is_confirmed_by(&self, touch_key: &[u8; 32], confirmation: &[u8; 32]) -> bool {
        self.confirmation(touch_key).ct_eq(confirmation).into()
    }

    fn mac(&self, touch_key: &[u8; 32]) -> Hmac<Sha256> {
        let level = match self.level {
            Level::L1 => 1,
            Level::L2 => 2,
        };
        let contended = u8::try_from(self.contended).unwrap_or(u8::MAX);
        let mut mac = hmac_sha256(touch_key);
        mac.update(LABEL);
        mac.update(self.th_4);
        mac.update(self.h_arm);
        mac.update(self.owner_kid);
        mac.update(self.ueid);
        mac.update(&[level, self.kind.number(), contended]);
        mac.update(self.n_d);
        mac
    }
}

/// Names a set-up: the first 16 bytes of SHA-256 of TH_4 of the session in which the touch was made.
#[must_use]
pub fn commit_id(th_4: &[u8; 32]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(th_4).into();
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hash;
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOUCH: Touch<'static> = Touch {
        th_4: &[1; 32],
        h_arm: &[2; 32],
        owner_kid: &[3; 32],
        ueid: &[4; 17],
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        n_d: &[5; 16],
    };
    const KEY: [u8; 32] = [6; 32];

    #[test]
    fn the_confirmation_is_the_specified_hmac() {
        // Computed with Python's hmac module from docs/PROTOCOL.md section 6.
        let expected =
            hex_literal::hex!("50d315b6749d35b22b44f464c1f44fae003b24eb729bf671c12be70b646150d6");
        assert_eq!(TOUCH.confirmation(&KEY), expected);
        assert!(TOUCH.is_confirmed_by(&KEY, &expected));
    }

    #[test]
    fn every_field_is_confirmed() {
        let others = [
            Touch {
                th_4: &[9; 32],
                ..TOUCH
            },
            Touch {
                h_arm: &[9; 32],
                ..TOUCH
            },
            Touch {
                owner_kid: &[9; 32],
                ..TOUCH
            },
            Touch {
                ueid: &[9; 17],
                ..TOUCH
            },
            Touch {
                level: Level::L2,
                ..TOUCH
            },
            Touch {
                kind: PressKind::Knock,
                ..TOUCH
            },
            Touch {
                contended: 1,
                ..TOUCH
            },
            Touch {
                n_d: &[9; 16],
                ..TOUCH
            },
        ];
        let confirmation = TOUCH.confirmation(&KEY);
        for other in others {
            assert!(!other.is_confirmed_by(&KEY, &confirmation));
        }
        assert!(!TOUCH.is_confirmed_by(&[7; 32], &confirmation));
    }

    #[test]
    fn contention_saturates() {
        let many = Touch {
            contended: 255,
            ..TOUCH
        }
        .confirmation(&KEY);
        let more = Touch {
            contended: u32::MAX,
            ..TOUCH
        }
        .confirmation(&KEY);
        assert_eq!(many, more);
    }

    #[test]
    fn the_commit_id_is_half_the_hash_of_th_4() {
        let expected = hex_literal::hex!("72cd6e8422c407fb6d098690f1130b7d");
        assert_eq!(commit_id(&[1; 32]), expected);
    }
}
