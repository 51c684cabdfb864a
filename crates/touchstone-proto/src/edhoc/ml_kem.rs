//! ML-KEM-768 (FIPS 203), with randomness from outside.

use ml_kem::{B32, Decapsulate, DecapsulationKey768, EncapsulationKey768, KeyExport, Seed};
use zeroize::{Zeroize, Zeroizing};

use crate::error::Misbehaviour;

/// Bytes of an encapsulation key.
pub(super) const KEY_LENGTH: usize = 1184;
/// Bytes of a ciphertext.
pub(super) const CIPHERTEXT_LENGTH: usize = 1088;
/// Bytes of a shared secret.
const SECRET_LENGTH: usize = 32;

/// The encapsulation key of the key pair with this seed, d || z. The expanded key pair is not kept: its 64 bytes stand for it.
pub(super) fn encapsulation_key(seed: &[u8; 64]) -> [u8; KEY_LENGTH] {
    key_pair(seed).encapsulation_key().to_bytes().into()
}

/// The checks of FIPS 203 section 7.2 on what a peer calls its encapsulation key.
pub(super) fn check(key: &[u8]) -> Result<EncapsulationKey768, Misbehaviour> {
    let key = key.try_into().map_err(|_| Misbehaviour::PointLength)?;
    EncapsulationKey768::new(key).map_err(|_| Misbehaviour::EncapsulationKey)
}

/// A ciphertext for this key, and the secret in it. `randomness` begins with m.
pub(super) fn encapsulate(
    key: &[u8],
    randomness: &[u8; 64],
) -> Result<([u8; CIPHERTEXT_LENGTH], Zeroizing<[u8; SECRET_LENGTH]>), Misbehaviour> {
    let key = check(key)?;
    let (m, _) = randomness.split_at(SECRET_LENGTH);
    let mut m = B32::try_from(m).map_err(|_| Misbehaviour::PointLength)?;
    let (ciphertext, mut secret) = key.encapsulate_deterministic(&m);
    m.zeroize();
    let shared = Zeroizing::new(secret.into());
    secret.zeroize();
    Ok((ciphertext.into(), shared))
}

/// The secret in this ciphertext, or another one if it was not made for this key pair.
pub(super) fn decapsulate(
    seed: &[u8; 64],
    ciphertext: &[u8],
) -> Result<Zeroizing<[u8; SECRET_LENGTH]>, Misbehaviour> {
    let ciphertext = ciphertext
        .try_into()
        .map_err(|_| Misbehaviour::PointLength)?;
    let mut secret = key_pair(seed).decapsulate(ciphertext);
    let shared = Zeroizing::new(secret.into());
    secret.zeroize();
    Ok(shared)
}

fn key_pair(seed: &[u8; 64]) -> DecapsulationKey768 {
    let mut copy = Seed::from(*seed);
    let pair = DecapsulationKey768::from_seed(copy);
    copy.zeroize();
    pair
}
