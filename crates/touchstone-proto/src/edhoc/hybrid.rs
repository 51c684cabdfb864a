//! The hybrid suite: what it is made of, and what it refuses.

use hkdf::Hkdf;
use ml_kem::{Decapsulate, DecapsulationKey768};
use sha2::{Digest, Sha256};
use std::{format, vec, vec::Vec};

use super::{
    Buffer, ConnectionId, CredentialRef, Ephemeral, ErrorMessage, Method, PublicKey, StaticSecret,
    Suite, error_message, initiator, responder,
};
use crate::error::{Error, Incompatibility, LocalError, Misbehaviour};

const CLASSICAL: Suite = Suite::Aes128CcmMac128P256;
const HYBRID: Suite = Suite::Aes128CcmMac128P256MlKem768;
const BOTH: [Suite; 2] = [HYBRID, CLASSICAL];
const SIGNED: Method = Method::SignatureSignature;

const X: [u8; 32] = [0x11; 32];
const Y: [u8; 32] = [0x22; 32];
const SEED: [u8; 64] = [0x33; 64];
const M: [u8; 32] = [0x44; 32];
const SK: [u8; 32] = [0x55; 32];

const ID_CRED: [u8; 4] = [0xa1, 0x04, 0x41, 0x32];
const CRED: [u8; 3] = [0x42, 0xab, 0xcd];

const CREDENTIAL: CredentialRef<'static> = CredentialRef {
    id_cred: &ID_CRED,
    cred: &CRED,
};

fn key() -> PublicKey {
    StaticSecret::from_bytes(&SK).unwrap().public_key()
}

fn sign(message: &[u8]) -> super::Signature {
    use p256::ecdsa::signature::Signer;
    let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from_slice(&SK)
        .unwrap()
        .sign(message);
    signature.to_bytes().into()
}

fn x() -> Ephemeral {
    Ephemeral::from_bytes(&X).unwrap().decapsulating(&SEED)
}

fn y() -> Ephemeral {
    Ephemeral::from_bytes(&Y).unwrap().encapsulating(&M)
}

fn id(byte: u8) -> ConnectionId {
    ConnectionId::new(&[byte]).unwrap()
}

fn message_1(suites: &[Suite]) -> (initiator::AwaitMessage2, Buffer) {
    initiator::start(SIGNED, suites, x(), id(1), &[0x14]).unwrap()
}

fn message_2(message_1: &[u8]) -> Result<(responder::AwaitMessage3, Buffer), Error> {
    let received = responder::AwaitMessage1::new(&[SIGNED], &BOTH).read(message_1)?;
    assert_eq!(received.ead_1().as_bytes(), [0x14]);
    let pending = received.message_2(y(), id(2), CREDENTIAL, &[])?;
    let signature = sign(pending.to_be_signed());
    pending.signed(&signature)
}

/// The error of an Initiator for this message_2, if it has one.
fn taken(initiator: initiator::AwaitMessage2, message_2: &[u8]) -> Result<(), Error> {
    initiator.read(message_2)?.verify(&CRED, &key()).map(|_| ())
}

#[test]
fn the_secret_is_that_of_p256_and_then_that_of_ml_kem() {
    let (initiator, message_1) = message_1(&[HYBRID]);
    // METHOD, SUITES_I, G_X (1216 bytes), C_I, EAD_1.
    assert_eq!(message_1[..5], [0x00, 0x34, 0x59, 0x04, 0xc0]);
    assert_eq!(message_1.len(), 5 + 32 + 1184 + 2);
    let point = Ephemeral::from_bytes(&X).unwrap().public_key();
    assert_eq!(message_1[5..37], point.x());
    let pair = DecapsulationKey768::from_seed(SEED.into());
    assert_eq!(
        message_1[37..1221],
        ml_kem::KeyExport::to_bytes(pair.encapsulation_key())[..]
    );

    let (_, message_2) = message_2(&message_1).unwrap();
    let [0x59, high, low, content @ ..] = &message_2[..] else {
        panic!("no byte string of more than 255 bytes");
    };
    assert_eq!(
        content.len(),
        usize::from(u16::from_be_bytes([*high, *low]))
    );
    let (g_y, ciphertext_2) = content.split_at(32 + 1088);

    // RFC 9528 section 4.1, written out for this one key.
    let ecdh = p256::SecretKey::from_slice(&X)
        .unwrap()
        .diffie_hellman(&p256::SecretKey::from_slice(&Y).unwrap().public_key());
    let kem = pair.decapsulate(g_y[32..].try_into().unwrap());
    let g_xy = [&ecdh.raw_secret_bytes()[..], &kem[..]].concat();
    assert_eq!(g_xy.len(), 64);
    let hash_message_1 = Sha256::digest(&message_1);
    let th_2 =
        Sha256::digest([&[0x59, 0x04, 0x60], g_y, &[0x58, 0x20], &hash_message_1[..]].concat());
    let (_, prk_2e) = Hkdf::<Sha256>::extract(Some(&th_2), &g_xy);
    let mut keystream = vec![0; ciphertext_2.len()];
    let info = [
        &[0x00, 0x58, 0x20][..],
        &th_2[..],
        &[0x18, u8::try_from(ciphertext_2.len()).unwrap()],
    ]
    .concat();
    prk_2e.expand(&info, &mut keystream).unwrap();
    let plaintext: Vec<u8> = ciphertext_2
        .iter()
        .zip(&keystream)
        .map(|(byte, key)| byte ^ key)
        .collect();
    // C_R, the kid of ID_CRED_R in its compact form, Signature_or_MAC_2.
    assert_eq!(plaintext[..4], [0x02, 0x32, 0x58, 0x40]);
    assert_eq!(taken(initiator, &message_2), Ok(()));
}

#[test]
fn both_roles_come_to_the_same_keys() {
    let (initiator, message_1) = message_1(&[HYBRID]);
    let (responder, message_2) = message_2(&message_1).unwrap();
    let verified = initiator
        .read(&message_2)
        .unwrap()
        .verify(&CRED, &key())
        .unwrap();
    let pending = verified.message_3(CREDENTIAL, &[]).unwrap();
    let signature = sign(pending.to_be_signed());
    let (initiator, message_3) = pending.signed(&signature).unwrap();
    let verified = responder
        .read(&message_3)
        .unwrap()
        .verify(&CRED, &key())
        .unwrap();
    let (responder, message_4) = verified.message_4(&[]).unwrap();
    let (initiator, _) = initiator.read(&message_4).unwrap();
    assert_eq!(initiator.th_4(), responder.th_4());
    let exported = [initiator, responder].map(|side| {
        let mut key = [0; 32];
        side.exporter().export(0x8001, &[], &mut key).unwrap();
        key
    });
    assert_eq!(exported[0], exported[1]);
}

/// FIPS 203 section 6.3: no error, another secret.
#[test]
fn a_damaged_ciphertext_or_point_makes_noise_of_message_2() {
    let (_, good) = message_1(&[HYBRID]);
    let (_, message_2) = message_2(&good).unwrap();
    for at in (3..3 + 32 + 1088).step_by(31).chain([34, 35, 1122]) {
        for bit in [0x01, 0x80] {
            let mut bad = message_2.clone();
            bad[at] ^= bit;
            let (initiator, _) = message_1(&[HYBRID]);
            let error = taken(initiator, &bad).expect_err("damaged");
            assert!(
                matches!(
                    error,
                    Error::PeerMisbehaved(_) | Error::PeerIncompatible(_) | Error::NotAuthentic(_)
                ),
                "{at} {error}"
            );
        }
    }
}

#[test]
fn a_damaged_share_of_the_initiator_is_refused_or_makes_noise_of_message_2() {
    let (_, good) = message_1(&[HYBRID]);
    for at in (5..5 + 32 + 1184).step_by(29).chain([36, 37, 1220]) {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        let Ok((_, message_2)) = message_2(&bad) else {
            continue;
        };
        let (initiator, _) = message_1(&[HYBRID]);
        assert!(taken(initiator, &message_2).is_err(), "{at}");
    }
}

#[test]
fn a_coefficient_that_is_not_below_the_modulus_is_refused() {
    let (_, good) = message_1(&[HYBRID]);
    // Each three bytes are two coefficients of twelve bits; 3329 and 4095 are none.
    for at in [37, 37 + 3 * 511, 37 + 1149] {
        for (first, second) in [(0x01, 0x0d), (0xff, 0x0f)] {
            let Some(last) = good.get(at + 1) else {
                continue;
            };
            let mut bad = good.clone();
            bad[at] = first;
            bad[at + 1] = last & 0xf0 | second;
            assert_eq!(
                message_2(&bad).map(|_| ()),
                Err(Misbehaviour::EncapsulationKey.into()),
                "{at}"
            );
        }
    }
}

/// METHOD 0, one suite, G_X of this length, C_I.
fn with_length(suite: u8, g_x: &[u8]) -> Vec<u8> {
    let length = u16::try_from(g_x.len()).unwrap().to_be_bytes();
    [&[0x00, suite, 0x59], &length[..], g_x, &[0x01, 0x14]].concat()
}

#[test]
fn a_share_of_another_length_than_the_suites_is_refused() {
    let (_, good) = message_1(&[HYBRID]);
    let g_x = &good[5..1221];
    let too_long = [g_x, &[0]].concat();
    for share in [&g_x[..1215], &too_long, &g_x[..300]] {
        assert_eq!(
            message_2(&with_length(0x34, share)).map(|_| ()),
            Err(Misbehaviour::PointLength.into()),
            "{}",
            share.len()
        );
    }
    // The classical share in the hybrid suite, and the other way round.
    let short = [&[0x00, 0x34, 0x58, 0x20], &g_x[..32], &[0x01, 0x14]].concat();
    let empty = [0x00, 0x34, 0x40, 0x01, 0x14];
    for message_1 in [&short[..], &empty, &with_length(0x03, g_x)] {
        assert_eq!(
            message_2(message_1).map(|_| ()),
            Err(Misbehaviour::PointLength.into())
        );
    }
    // message_2: the ciphertext of ML-KEM alone, with and without something after it.
    for (length, cause) in [
        (1119, Misbehaviour::CiphertextTooShort),
        (1120, Misbehaviour::CiphertextTooShort),
        (300, Misbehaviour::CiphertextTooShort),
    ] {
        let (initiator, _) = message_1(&[HYBRID]);
        let head = u16::try_from(length).unwrap().to_be_bytes();
        let message_2 = [&[0x59], &head[..], &vec![0x11; length]].concat();
        assert_eq!(taken(initiator, &message_2), Err(cause.into()), "{length}");
    }
}

#[test]
fn the_hybrid_suite_goes_with_signatures_only() {
    let static_dh = Method::StaticDhStaticDh;
    assert_eq!(
        initiator::start(static_dh, &[HYBRID], x(), id(1), &[]).map(|_| ()),
        Err(LocalError::WrongMethod.into())
    );
    let (_, mut message_1) = message_1(&[HYBRID]);
    message_1[0] = 0x03;
    let error = responder::AwaitMessage1::new(&[SIGNED, static_dh], &BOTH)
        .read(&message_1)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error,
        Incompatibility::SuiteOfMethod { selected: -21 }.into()
    );
    // Not an invitation to come again in another suite.
    let answer = error_message::answer(&error, &BOTH).unwrap();
    assert_eq!(
        ErrorMessage::parse(&answer),
        Ok(ErrorMessage::Unspecified(""))
    );
}

/// RFC 9528 section 5.2.3: the selected suite must be the first of the Initiator's that the Responder has.
#[test]
fn a_responder_that_has_the_hybrid_suite_takes_no_less_from_an_initiator_that_names_it() {
    let select = |ours: &[Suite], suites_i: &[Suite]| {
        let (_, message_1) = message_1(suites_i);
        responder::AwaitMessage1::new(&[SIGNED], ours)
            .read(&message_1)
            .map(|received| received.suite())
    };
    let refused = |selected| Err(Error::from(Incompatibility::Suite { selected }));
    assert_eq!(select(&BOTH, &[HYBRID]), Ok(HYBRID));
    assert_eq!(select(&BOTH, &[HYBRID, CLASSICAL]), refused(3));
    assert_eq!(select(&BOTH, &[CLASSICAL]), Ok(CLASSICAL));
    assert_eq!(select(&BOTH, &[CLASSICAL, HYBRID]), refused(-21));
    assert_eq!(select(&[CLASSICAL], &[HYBRID]), refused(-21));
    assert_eq!(select(&[CLASSICAL], &[HYBRID, CLASSICAL]), Ok(CLASSICAL));
    let error = select(&[CLASSICAL], &[HYBRID]).unwrap_err();
    assert_eq!(
        error_message::answer(&error, &[CLASSICAL]).unwrap()[..],
        [0x02, 0x03]
    );
    assert_eq!(
        error_message::answer(&error, &BOTH).unwrap()[..],
        [0x02, 0x82, 0x34, 0x03]
    );
}

#[test]
fn without_randomness_for_the_kem_there_is_no_hybrid_exchange() {
    let bare = |scalar| Ephemeral::from_bytes(scalar).unwrap();
    assert_eq!(
        initiator::start(SIGNED, &[HYBRID], bare(&X), id(1), &[]).map(|_| ()),
        Err(LocalError::NoKemRandomness.into())
    );
    let (_, message_1) = message_1(&[HYBRID]);
    let received = responder::AwaitMessage1::new(&[SIGNED], &BOTH)
        .read(&message_1)
        .unwrap();
    assert_eq!(
        received
            .message_2(bare(&Y), id(2), CREDENTIAL, &[])
            .map(|_| ()),
        Err(LocalError::NoKemRandomness.into())
    );
}

#[test]
fn nothing_drawn_for_the_kem_shows_in_debug_output() {
    assert_eq!(format!("{:?}", x()), "Ephemeral(32 bytes)");
    let (initiator, message_1) = message_1(&[HYBRID]);
    // SEED in decimal and hexadecimal.
    for shown in [format!("{initiator:?}"), format!("{initiator:x?}")] {
        assert!(!shown.contains("51, 51, 51") && !shown.contains("33, 33, 33"));
    }
    let (responder, _) = message_2(&message_1).unwrap();
    assert!(!format!("{responder:?}").contains("68, 68, 68"));
}
