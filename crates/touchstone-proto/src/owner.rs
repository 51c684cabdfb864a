//! The owner key: how a phone proves, for one device, that it is the one that was touched for (docs/PROTOCOL.md section 5).

use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use sha2::{Digest, Sha256};

/// Length of the CBOR-encoded CCS of an owner key.
pub const CCS_LENGTH: usize = 46;

const CCS_HEAD: [u8; 12] = [
    0xa1, 0x08, 0xa1, 0x01, 0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20,
];
const Y_SIGN_KEY: u8 = 0x22;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;

/// A P-256 public key on the curve, known by x and the sign of y.
///
/// It never holds a private key; that one stays in the host's key store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerPublicKey {
    x: [u8; 32],
    y: [u8; 32],
}

/// Bytes that are not a P-256 public key, or not its CCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerKeyError;

impl core::fmt::Display for OwnerKeyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not a P-256 owner key")
    }
}

impl core::error::Error for OwnerKeyError {}

impl OwnerPublicKey {
    /// Reads a SEC1 point, compressed (33 bytes) or uncompressed (65 bytes).
    ///
    /// # Errors
    /// [`OwnerKeyError`] for another form, the point at infinity, or a point that is not on the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, OwnerKeyError> {
        // SEC1 also has the identity (0x00) and the compact form (0x05); neither is an owner key.
        if !matches!(bytes.first(), Some(0x02..=0x04)) {
            return Err(OwnerKeyError);
        }
        let point = p256::Sec1Point::from_bytes(bytes).map_err(|_| OwnerKeyError)?;
        let key = Option::<p256::PublicKey>::from(p256::PublicKey::from_sec1_point(&point))
            .ok_or(OwnerKeyError)?;
        let bytes = key.to_sec1_point(false);
        let (_, rest) = bytes.as_bytes().split_first().ok_or(OwnerKeyError)?;
        let (x, y) = rest.split_first_chunk::<32>().ok_or(OwnerKeyError)?;
        let y: &[u8; 32] = y.try_into().map_err(|_| OwnerKeyError)?;
        Ok(Self { x: *x, y: *y })
    }

    /// The uncompressed SEC1 point: `0x04 || x || y`.
    #[must_use]
    pub fn to_sec1(&self) -> [u8; 65] {
        let mut sec1 = [0; 65];
        if let Some((head, rest)) = sec1.split_first_mut() {
            *head = 0x04;
            for (to, from) in rest.iter_mut().zip(self.x.iter().chain(&self.y)) {
                *to = *from;
            }
        }
        sec1
    }

    /// CRED_I: the deterministic CBOR encoding of the CCS `{8: {1: {1: 2, -1: 1, -2: x, -3: sign of y}}}`.
    #[must_use]
    pub fn to_ccs(&self) -> [u8; CCS_LENGTH] {
        let [.., last] = self.y;
        let sign = if last & 1 == 1 { TRUE } else { FALSE };
        let mut ccs = [0; CCS_LENGTH];
        let source = CCS_HEAD
            .iter()
            .chain(&self.x)
            .chain(&[Y_SIGN_KEY])
            .chain(core::slice::from_ref(&sign));
        for (to, from) in ccs.iter_mut().zip(source) {
            *to = *from;
        }
        ccs
    }

    /// Reads a CCS. Only the one deterministic encoding that [`OwnerPublicKey::to_ccs`] writes is accepted.
    ///
    /// # Errors
    /// [`OwnerKeyError`] for any other bytes, or an x that is not on the curve.
    pub fn from_ccs(ccs: &[u8]) -> Result<Self, OwnerKeyError> {
        let rest = ccs.strip_prefix(&CCS_HEAD).ok_or(OwnerKeyError)?;
        let (x, rest) = rest.split_first_chunk::<32>().ok_or(OwnerKeyError)?;
        let head = match rest {
            [Y_SIGN_KEY, FALSE] => 0x02,
            [Y_SIGN_KEY, TRUE] => 0x03,
            _ => return Err(OwnerKeyError),
        };
        let mut compressed = [head; 33];
        for (to, from) in compressed.iter_mut().skip(1).zip(x) {
            *to = *from;
        }
        Self::from_sec1(&compressed)
    }

    /// owner_kid: SHA-256 of CRED_I; what a device stores and a touch is bound to.
    #[must_use]
    pub fn kid(&self) -> [u8; 32] {
        Sha256::digest(self.to_ccs()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> OwnerPublicKey {
        let secret = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
        OwnerPublicKey::from_sec1(secret.public_key().to_sec1_point(false).as_bytes()).unwrap()
    }

    #[test]
    fn a_ccs_is_46_bytes_and_reads_back_to_the_same_key() {
        for seed in 1..40 {
            let key = key(seed);
            assert_eq!(OwnerPublicKey::from_ccs(&key.to_ccs()), Ok(key));
            assert_eq!(OwnerPublicKey::from_sec1(&key.to_sec1()), Ok(key));
        }
    }

    #[test]
    fn the_compact_form_of_a_point_is_no_owner_key() {
        let mut form = [0; 33];
        form[1..].copy_from_slice(&key(1).to_sec1()[1..33]);
        for (tag, is_read) in [(0x02, true), (0x03, true), (0x05, false), (0x00, false)] {
            form[0] = tag;
            let read = OwnerPublicKey::from_sec1(&form);
            assert_eq!(read.is_ok(), is_read, "{tag}");
        }
    }

    #[test]
    fn both_signs_of_y_are_told_apart() {
        let mut other = key(1).to_ccs();
        other[45] ^= 1;
        let other = OwnerPublicKey::from_ccs(&other).unwrap();
        assert_ne!(other, key(1));
        assert_ne!(other.kid(), key(1).kid());
    }

    #[test]
    fn any_other_encoding_of_the_same_ccs_is_refused() {
        let ccs = key(3).to_ccs();
        for length in 0..46 {
            assert_eq!(OwnerPublicKey::from_ccs(&ccs[..length]), Err(OwnerKeyError));
        }
        for at in (0..12).chain(44..46) {
            for bit in 0..8 {
                if at == 45 && bit == 0 {
                    continue;
                }
                let mut changed = ccs;
                changed[at] ^= 1 << bit;
                assert_eq!(OwnerPublicKey::from_ccs(&changed), Err(OwnerKeyError));
            }
        }
        let mut long = ccs.to_vec();
        long.push(0);
        assert_eq!(OwnerPublicKey::from_ccs(&long), Err(OwnerKeyError));
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let mut ccs = key(3).to_ccs();
        // x = p
        let p =
            hex_literal::hex!("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        ccs[12..44].copy_from_slice(&p);
        assert_eq!(OwnerPublicKey::from_ccs(&ccs), Err(OwnerKeyError));
        let mut sec1 = key(3).to_sec1();
        sec1[64] ^= 1;
        assert_eq!(OwnerPublicKey::from_sec1(&sec1), Err(OwnerKeyError));
        assert_eq!(OwnerPublicKey::from_sec1(&[0]), Err(OwnerKeyError));
        assert_eq!(OwnerPublicKey::from_sec1(&[]), Err(OwnerKeyError));
    }
}
