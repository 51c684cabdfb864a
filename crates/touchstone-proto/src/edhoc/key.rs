//! Ephemeral and authentication keys on P-256 (RFC 9528 sections 3.5.2 and 3.7).

use core::fmt;

use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::elliptic_curve::sec1::ToSec1Point;

use super::cipher_suite::{ECDH_LENGTH, HASH_LENGTH};
use crate::error::{Error, Inauthentic, LocalError, Misbehaviour};

/// An ES256 signature: r and s, 32 bytes each, big-endian (RFC 9053 section 2.1).
pub type Signature = [u8; 64];

/// The prime of the field of P-256, big-endian (SEC 2 section 2.4.2).
const FIELD_PRIME: [u8; ECDH_LENGTH] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// A point of P-256 other than the one at infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(p256::PublicKey);

impl PublicKey {
    /// The point with this x-coordinate (big-endian) and parity of y.
    ///
    /// For Diffie-Hellman either parity gives the same secret.
    ///
    /// # Errors
    /// [`Misbehaviour::CoordinateOutOfRange`], [`Misbehaviour::PointNotOnCurve`].
    pub fn from_x(x: &[u8; 32], y_is_odd: bool) -> Result<Self, Error> {
        check_coordinate(x)?;
        let mut compressed = [0; 33];
        let (tag, rest) = compressed.split_at_mut(1);
        tag.fill(if y_is_odd { 0x03 } else { 0x02 });
        rest.copy_from_slice(x);
        Self::on_curve(&compressed)
    }

    /// The point with this uncompressed encoding: 0x04, x, y (SEC 1 section 2.3.4).
    ///
    /// # Errors
    /// [`Misbehaviour::PointLength`], [`Misbehaviour::WrongType`] for another first byte,
    /// [`Misbehaviour::CoordinateOutOfRange`], [`Misbehaviour::PointNotOnCurve`].
    pub fn from_sec1(encoded: &[u8]) -> Result<Self, Error> {
        let encoded: &[u8; 65] = encoded.try_into().map_err(|_| Misbehaviour::PointLength)?;
        let [tag, coordinates @ ..] = encoded;
        if *tag != 0x04 {
            return Err(Misbehaviour::WrongType.into());
        }
        let (x, y) = coordinates.split_at(ECDH_LENGTH);
        check_coordinate(x)?;
        check_coordinate(y)?;
        Self::on_curve(encoded)
    }

    /// `G_X` or `G_Y`: an x-coordinate of any length a peer may have sent.
    pub(super) fn from_peer(x: &[u8]) -> Result<Self, Error> {
        Self::from_x(x.try_into().map_err(|_| Misbehaviour::PointLength)?, false)
    }

    /// The x-coordinate, big-endian.
    pub fn x(&self) -> [u8; 32] {
        let mut x = [0; ECDH_LENGTH];
        if let Some(coordinate) = self.0.to_sec1_point(false).x() {
            x.copy_from_slice(coordinate);
        }
        x
    }

    /// The uncompressed encoding: 0x04, x, y.
    pub fn to_sec1(&self) -> [u8; 65] {
        let mut encoded = [0; 65];
        let point = self.0.to_sec1_point(false);
        if point.as_bytes().len() == encoded.len() {
            encoded.copy_from_slice(point.as_bytes());
        }
        encoded
    }

    /// Verifies an ES256 signature over the message with this SHA-256 hash.
    ///
    /// # Errors
    /// [`Inauthentic::Signature`] if it does not verify, also if r or s is zero or not below the group order.
    pub fn verify_prehash(
        &self,
        hash: &[u8; HASH_LENGTH],
        signature: &Signature,
    ) -> Result<(), Inauthentic> {
        let signature =
            p256::ecdsa::Signature::from_slice(signature).map_err(|_| Inauthentic::Signature)?;
        VerifyingKey::from(&self.0)
            .verify_prehash(hash, &signature)
            .map_err(|_| Inauthentic::Signature)
    }

    fn on_curve(encoded: &[u8]) -> Result<Self, Error> {
        p256::PublicKey::from_sec1_bytes(encoded)
            .map(Self)
            .map_err(|_| Misbehaviour::PointNotOnCurve.into())
    }
}

fn check_coordinate(coordinate: &[u8]) -> Result<(), Misbehaviour> {
    // Big-endian strings of equal length compare as the numbers do. Zero is a field element, and x = 0 is even on the
    // curve, but no honest key pair has it and zero-value points are what side-channel attacks are made of.
    if coordinate >= FIELD_PRIME.as_slice() || coordinate.iter().all(|byte| *byte == 0) {
        Err(Misbehaviour::CoordinateOutOfRange)
    } else {
        Ok(())
    }
}

/// Requires that r and s are in range.
pub(super) fn check_signature(signature: &Signature) -> Result<(), LocalError> {
    p256::ecdsa::Signature::from_slice(signature)
        .map(|_| ())
        .map_err(|_| LocalError::InvalidSignature)
}

/// A static Diffie-Hellman key pair of method 3, zeroized on drop.
pub struct StaticSecret(p256::SecretKey);

impl StaticSecret {
    /// The key pair with this secret scalar, big-endian.
    ///
    /// # Errors
    /// [`LocalError::InvalidSecret`] if it is zero or not below the group order; draw another one.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, Error> {
        p256::SecretKey::from_slice(scalar)
            .map(Self)
            .map_err(|_| LocalError::InvalidSecret.into())
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    /// The Diffie-Hellman secret with `peer`, an x-coordinate; zeroized on drop.
    pub(super) fn diffie_hellman(&self, peer: &PublicKey) -> p256::ecdh::SharedSecret {
        self.0.diffie_hellman(&peer.0)
    }
}

impl fmt::Debug for StaticSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticSecret(32 bytes)")
    }
}

/// What one side draws for one exchange: X, `G_X` or Y, `G_Y`. Zeroized on drop.
pub struct Ephemeral {
    scalar: StaticSecret,
    /// What ML-KEM draws. An encapsulation uses the first half.
    #[cfg(feature = "ml-kem")]
    kem: Option<zeroize::Zeroizing<[u8; 64]>>,
}

impl Ephemeral {
    /// The key pair with this secret scalar, big-endian.
    ///
    /// # Errors
    /// [`LocalError::InvalidSecret`] if it is zero or not below the group order; draw another one.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, Error> {
        Ok(Self {
            scalar: StaticSecret::from_bytes(scalar)?,
            #[cfg(feature = "ml-kem")]
            kem: None,
        })
    }

    /// The same for an Initiator that offers the hybrid suite: `seed` is d || z (FIPS 203 section 7.1), fresh randomness too.
    #[cfg(feature = "ml-kem")]
    #[must_use]
    pub fn decapsulating(mut self, seed: &[u8; 64]) -> Self {
        self.kem = Some((*seed).into());
        self
    }

    /// The same for a Responder that takes the hybrid suite: `m` is what it encapsulates (FIPS 203 section 7.2), fresh randomness too.
    #[cfg(feature = "ml-kem")]
    #[must_use]
    pub fn encapsulating(mut self, m: &[u8; 32]) -> Self {
        let mut kem = zeroize::Zeroizing::new([0; 64]);
        kem.split_at_mut(m.len()).0.copy_from_slice(m);
        self.kem = Some(kem);
        self
    }

    /// The public key on P-256.
    pub fn public_key(&self) -> PublicKey {
        self.scalar.public_key()
    }

    /// The Diffie-Hellman secret with `peer`, an x-coordinate; zeroized on drop.
    pub(super) fn diffie_hellman(&self, peer: &PublicKey) -> p256::ecdh::SharedSecret {
        self.scalar.diffie_hellman(peer)
    }

    /// What ML-KEM draws.
    #[cfg(feature = "ml-kem")]
    pub(super) fn kem(&self) -> Result<&[u8; 64], LocalError> {
        self.kem.as_deref().ok_or(LocalError::NoKemRandomness)
    }

    /// ML-KEM has done its part. The scalar may still be needed, to authenticate.
    #[cfg(feature = "ml-kem")]
    pub(super) fn forget_kem(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.kem);
    }
}

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ephemeral(32 bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of the group, big-endian (SEC 2 section 2.4.2).
    const ORDER: [u8; 32] =
        hex_literal::hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    #[test]
    fn coordinates_outside_the_field_are_refused() {
        let mut above = FIELD_PRIME;
        above[31] = 0xff;
        above[30] = 0xff;
        above[0] = 0xff;
        for x in [[0; 32], FIELD_PRIME, above, [0xff; 32]] {
            assert_eq!(
                PublicKey::from_x(&x, false),
                Err(Misbehaviour::CoordinateOutOfRange.into())
            );
            // Either coordinate of a whole point.
            let good = [1; 32];
            for point in [[x, good], [good, x]] {
                assert_eq!(
                    PublicKey::from_sec1(&[&[4], &point.concat()[..]].concat()),
                    Err(Misbehaviour::CoordinateOutOfRange.into())
                );
            }
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let good = Ephemeral::from_bytes(&[1; 32]).unwrap().public_key();
        assert_eq!(PublicKey::from_sec1(&good.to_sec1()), Ok(good));
        let mut bad = good.to_sec1();
        bad[64] ^= 1;
        assert_eq!(
            PublicKey::from_sec1(&bad),
            Err(Misbehaviour::PointNotOnCurve.into())
        );
        for length in [0, 1, 31, 32, 33, 64] {
            assert_eq!(
                PublicKey::from_sec1(&good.to_sec1()[..length]),
                Err(Misbehaviour::PointLength.into())
            );
        }
        for length in [0, 31, 33] {
            assert_eq!(
                PublicKey::from_peer(&good.to_sec1()[1..1 + length]),
                Err(Misbehaviour::PointLength.into())
            );
        }
        let mut hybrid = good.to_sec1();
        hybrid[0] = 0x06;
        assert_eq!(
            PublicKey::from_sec1(&hybrid),
            Err(Misbehaviour::WrongType.into())
        );
    }

    #[test]
    fn both_parities_of_a_coordinate_are_the_two_points_it_has() {
        let key = Ephemeral::from_bytes(&[9; 32]).unwrap().public_key();
        let parities = [false, true].map(|odd| PublicKey::from_x(&key.x(), odd).unwrap());
        assert!(parities.contains(&key));
        assert_ne!(parities[0], parities[1]);
    }

    #[test]
    fn secrets_outside_the_group_are_refused() {
        for scalar in [[0; 32], ORDER, [0xff; 32]] {
            assert_eq!(
                Ephemeral::from_bytes(&scalar).map(|_| ()),
                Err(LocalError::InvalidSecret.into())
            );
            assert_eq!(
                StaticSecret::from_bytes(&scalar).map(|_| ()),
                Err(LocalError::InvalidSecret.into())
            );
        }
    }

    #[test]
    fn signatures_with_r_or_s_out_of_range_are_refused() {
        use p256::ecdsa::signature::hazmat::PrehashSigner;
        let key = p256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap();
        let public = PublicKey::from_sec1(
            &StaticSecret::from_bytes(&[3; 32])
                .unwrap()
                .public_key()
                .to_sec1(),
        )
        .unwrap();
        let hash = [5; 32];
        let signature: p256::ecdsa::Signature = key.sign_prehash(&hash).unwrap();
        let good: Signature = signature.to_bytes().into();
        assert_eq!(public.verify_prehash(&hash, &good), Ok(()));
        for half in [0..32, 32..64] {
            for scalar in [[0; 32], ORDER, [0xff; 32]] {
                let mut bad = good;
                bad[half.clone()].copy_from_slice(&scalar);
                assert_eq!(
                    public.verify_prehash(&hash, &bad),
                    Err(Inauthentic::Signature)
                );
                assert_eq!(check_signature(&bad), Err(LocalError::InvalidSignature));
            }
        }
        let mut bad = good;
        bad[40] ^= 1;
        assert_eq!(
            public.verify_prehash(&hash, &bad),
            Err(Inauthentic::Signature)
        );
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        assert_eq!(
            std::format!("{:?}", Ephemeral::from_bytes(&[1; 32]).unwrap()),
            "Ephemeral(32 bytes)"
        );
    }
}
