//! What each side refuses of a peer that knows the keys: malformed plaintexts inside well-made messages.

use std::vec::Vec;

use super::initiator::{self, AwaitMessage2, UnverifiedMessage2};
use super::key_schedule::Prk;
use super::responder::{self, AwaitMessage3, UnverifiedMessage3};
use super::{
    ConnectionId, CredentialRef, Ephemeral, Method, StaticSecret, Suite, message_2, message_3,
    transcript_hash,
};
use crate::error::{Error, Inauthentic, Incompatibility, LocalError, Misbehaviour};

const X: [u8; 32] = [0x11; 32];
const Y: [u8; 32] = [0x22; 32];
const SECRET: [u8; 32] = [0x33; 32];
const SUITE: Suite = Suite::Aes128CcmMac64P256;
/// `{4: h'2b'}`.
const ID_CRED: &[u8] = &[0xa1, 0x04, 0x41, 0x2b];

fn ephemeral(scalar: &[u8; 32]) -> Ephemeral {
    Ephemeral::from_bytes(scalar).unwrap()
}

fn start(method: Method) -> (AwaitMessage2, super::Buffer) {
    let c_i = ConnectionId::new(&[0x0a]).unwrap();
    initiator::start(method, &[SUITE], ephemeral(&X), c_i, &[]).unwrap()
}

/// What the Initiator makes of a message_2 with this plaintext.
fn read_2(method: Method, plaintext_2: &[u8]) -> Result<UnverifiedMessage2, Error> {
    let (initiator, _) = start(method);
    let g_y = ephemeral(&Y).public_key().x();
    let th_2 = transcript_hash::th_2(&g_y, &initiator.hash_message_1);
    let g_xy = ephemeral(&Y).diffie_hellman(&ephemeral(&X).public_key());
    let prk_2e = Prk::extract(&th_2, g_xy.raw_secret_bytes());
    let message_2 = message_2::write(&g_y, plaintext_2, &prk_2e, &th_2).unwrap();
    initiator.read(&message_2)
}

/// A Responder of method 3 that has sent message_2.
fn await_message_3() -> AwaitMessage3 {
    let (_, message_1) = start(Method::StaticDhStaticDh);
    let secret = StaticSecret::from_bytes(&SECRET).unwrap();
    let c_r = ConnectionId::new(&[0x14]).unwrap();
    let credential = CredentialRef {
        id_cred: ID_CRED,
        cred: &[0xa0],
    };
    responder::AwaitMessage1::new(&[Method::StaticDhStaticDh], &[SUITE])
        .read(&message_1)
        .unwrap()
        .message_2_static_dh(&secret, ephemeral(&Y), c_r, credential, &[])
        .unwrap()
        .0
}

/// What the Responder makes of a message_3 with this plaintext.
fn read_3(plaintext_3: &[u8]) -> Result<UnverifiedMessage3, Error> {
    let responder = await_message_3();
    let message_3 = message_3::encryption(SUITE, &responder.prk_3e2m, &responder.th_3)
        .seal(plaintext_3)
        .unwrap();
    responder.read(&message_3)
}

/// `ID_CRED_x` in full form, or why the plaintext is refused.
type Expected = Result<Vec<u8>, Error>;

/// Everything after `C_R`: good ones with what `ID_CRED_x` they stand for, and bad ones with their reason.
fn tails() -> Vec<(Vec<u8>, Expected)> {
    let mac: &[u8] = &[0x48, 1, 2, 3, 4, 5, 6, 7, 8];
    let tail = |parts: &[&[u8]]| parts.concat();
    let bad = |parts: &[&[u8]], cause: Misbehaviour| (tail(parts), Err(Error::from(cause)));
    let mut long_kid = [0; 67];
    long_kid[..2].copy_from_slice(&[0x58, 65]);
    std::vec![
        (tail(&[&[0x2b], mac]), Ok(ID_CRED.to_vec())),
        (
            tail(&[&[0x42, 1, 2], mac]),
            Ok([0xa1, 0x04, 0x42, 1, 2].to_vec())
        ),
        (tail(&[&[0x40], mac]), Ok([0xa1, 0x04, 0x40].to_vec())),
        (
            tail(&[&[0xa1, 0x0e, 0xa0], mac]),
            Ok([0xa1, 0x0e, 0xa0].to_vec())
        ),
        (
            tail(&[&[0x2b], mac, &[0x00, 0x01, 0x40]]),
            Ok(ID_CRED.to_vec())
        ),
        (
            tail(&[&long_kid, mac]),
            Err(Incompatibility::KeyIdTooLong.into())
        ),
        bad(&[], Misbehaviour::Truncated),
        bad(&[&[0x2b]], Misbehaviour::Truncated),
        bad(&[&[0x41, 0x2b], mac], Misbehaviour::KeyIdNotCompact),
        bad(&[ID_CRED, mac], Misbehaviour::KeyIdNotCompact),
        bad(&[&[0x18, 0x18], mac], Misbehaviour::IntegerOutOfRange),
        bad(&[&[0x18, 0x0b], mac], Misbehaviour::NonMinimalInteger),
        bad(&[&[0xa0], mac], Misbehaviour::CredentialIdMalformed),
        bad(&[&[0xbf, 0xff], mac], Misbehaviour::IndefiniteLength),
        bad(
            &[&[0xa2, 0x0e, 0xa0, 0x04, 0x40], mac],
            Misbehaviour::UnorderedMap
        ),
        bad(&[&[0x60], mac], Misbehaviour::WrongType),
        bad(&[&[0x2b], &mac[..8]], Misbehaviour::Truncated),
        bad(
            &[&[0x2b, 0x47], &mac[1..8]],
            Misbehaviour::SignatureOrMacLength
        ),
        bad(
            &[&[0x2b, 0x49, 0], &mac[1..]],
            Misbehaviour::SignatureOrMacLength
        ),
        bad(
            &[&[0x2b, 0x58, 0x40], &[0; 64]],
            Misbehaviour::SignatureOrMacLength
        ),
        bad(
            &[&[0x2b, 0x58, 0x08], &mac[1..]],
            Misbehaviour::NonMinimalInteger
        ),
        bad(&[&[0x2b, 0x68], &mac[1..]], Misbehaviour::WrongType),
        bad(&[&[0x2b], mac, &[0x40]], Misbehaviour::WrongType),
        bad(
            &[&[0x2b], mac, &[0x01, 0x61, 0x00]],
            Misbehaviour::WrongType
        ),
        bad(
            &[&[0x2b], mac, &[0x01, 0x42, 0x00]],
            Misbehaviour::Truncated
        ),
        bad(
            &[&[0x2b], mac, &[0x18, 0x01]],
            Misbehaviour::NonMinimalInteger
        ),
        bad(
            &[
                &[0x2b],
                mac,
                &[0x01, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
            ],
            Misbehaviour::Truncated
        ),
    ]
}

#[test]
fn malformed_plaintexts_are_refused_for_their_reason() {
    for (tail, expected) in tails() {
        let plaintext_2 = [&[0x14][..], &tail].concat();
        let found = read_2(Method::StaticDhStaticDh, &plaintext_2);
        assert_eq!(
            found.map(|state| state.id_cred_r().to_vec()),
            expected,
            "{tail:x?}"
        );
        let found = read_3(&tail);
        assert_eq!(
            found.map(|state| state.id_cred_i().to_vec()),
            expected,
            "{tail:x?}"
        );
    }
}

#[test]
fn a_c_r_in_the_wrong_form_is_refused() {
    let tail = [0x2b, 0x48, 1, 2, 3, 4, 5, 6, 7, 8];
    for (c_r, cause) in [
        (&[0x41, 0x14][..], Misbehaviour::ConnectionIdNotCompact),
        (&[0x18, 0x18], Misbehaviour::IntegerOutOfRange),
        (&[0x60], Misbehaviour::WrongType),
        (&[0x5f, 0xff], Misbehaviour::IndefiniteLength),
    ] {
        let found = read_2(Method::StaticDhStaticDh, &[c_r, &tail].concat());
        assert_eq!(found.map(|_| ()), Err(cause.into()), "{c_r:x?}");
    }
}

#[test]
fn a_signature_of_any_other_length_is_refused() {
    for length in [0, 8, 16, 32, 63, 65, 72] {
        let plaintext_2 =
            super::plaintext::write(&[0x14], ID_CRED, &[1; 72][..length], &[]).unwrap();
        let found = read_2(Method::SignatureSignature, &plaintext_2);
        assert_eq!(
            found.map(|_| ()),
            Err(Misbehaviour::SignatureOrMacLength.into()),
            "{length}"
        );
    }
}

#[test]
fn a_signature_with_r_or_s_out_of_range_is_not_authentic() {
    let key = StaticSecret::from_bytes(&SECRET).unwrap().public_key();
    for signature in [[0; 64], [0xff; 64]] {
        let plaintext_2 = super::plaintext::write(&[0x14], ID_CRED, &signature, &[]).unwrap();
        let unverified = read_2(Method::SignatureSignature, &plaintext_2).unwrap();
        let found = unverified.verify(&[0xa0], &key);
        assert_eq!(found.map(|_| ()), Err(Inauthentic::Signature.into()));
    }
}

#[test]
fn a_mac_by_another_key_is_not_authentic() {
    let key = StaticSecret::from_bytes(&SECRET).unwrap().public_key();
    let tail = [0x2b, 0x48, 1, 2, 3, 4, 5, 6, 7, 8];
    let unverified = read_2(Method::StaticDhStaticDh, &[&[0x14][..], &tail].concat()).unwrap();
    assert_eq!(
        unverified.verify(&[0xa0], &key).map(|_| ()),
        Err(Inauthentic::Mac.into())
    );
    let unverified = read_3(&tail).unwrap();
    assert_eq!(
        unverified.verify(&[0xa0], &key).map(|_| ()),
        Err(Inauthentic::Mac.into())
    );
}

#[test]
fn points_a_message_2_may_not_have_are_refused() {
    const PRIME: [u8; 32] =
        hex_literal::hex!("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    const OFF_CURVE: [u8; 32] =
        hex_literal::hex!("a04e73601df544a70ba7ea1e57030f7d4b4eb7f673924e58d54ca77a5e7d4d4a");
    for (g_y, cause) in [
        ([0; 32], Misbehaviour::CoordinateOutOfRange),
        (PRIME, Misbehaviour::CoordinateOutOfRange),
        ([0xff; 32], Misbehaviour::CoordinateOutOfRange),
        (OFF_CURVE, Misbehaviour::PointNotOnCurve),
    ] {
        let (initiator, _) = start(Method::StaticDhStaticDh);
        let message_2 = [&[0x58, 0x2a][..], &g_y, &[7; 10]].concat();
        assert_eq!(initiator.read(&message_2).map(|_| ()), Err(cause.into()));
    }
}

#[test]
fn messages_of_the_wrong_shape_are_refused() {
    for (message, cause) in [
        (&[][..], Misbehaviour::Truncated),
        (&[0x40], Misbehaviour::CiphertextTooShort),
        (&[0x41, 0x00, 0x00], Misbehaviour::TrailingData),
        (&[0x81, 0x40], Misbehaviour::WrongType),
        (&[0x58, 0x01, 0x00], Misbehaviour::NonMinimalInteger),
        (&[0x5f, 0x40, 0xff], Misbehaviour::IndefiniteLength),
        (&[0x5a, 0x00, 0x01, 0x00, 0x00], Misbehaviour::Truncated),
        (
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            Misbehaviour::Truncated,
        ),
    ] {
        let (initiator, _) = start(Method::StaticDhStaticDh);
        assert_eq!(
            initiator.read(message).map(|_| ()),
            Err(cause.into()),
            "{message:x?}"
        );
        let responder = await_message_3();
        assert_eq!(
            responder.read(message).map(|_| ()),
            Err(cause.into()),
            "{message:x?}"
        );
    }
    // G_Y alone, without a ciphertext.
    let mut message_2 = [7; 34];
    message_2[..2].copy_from_slice(&[0x58, 0x20]);
    let (initiator, _) = start(Method::StaticDhStaticDh);
    let found = initiator.read(&message_2).map(|_| ());
    assert_eq!(found, Err(Misbehaviour::CiphertextTooShort.into()));
}

#[test]
fn messages_longer_than_the_longest_are_refused() {
    let mut long = std::vec![0; super::MAX_MESSAGE + 3];
    let length = u16::try_from(super::MAX_MESSAGE).unwrap();
    long[0] = 0x59;
    long[1..3].copy_from_slice(&length.to_be_bytes());
    let too_long = Err(Error::from(Misbehaviour::MessageTooLong));
    let (initiator, _) = start(Method::StaticDhStaticDh);
    assert_eq!(initiator.read(&long).map(|_| ()), too_long);
    assert_eq!(await_message_3().read(&long).map(|_| ()), too_long);
    let responder = responder::AwaitMessage1::new(&[Method::StaticDhStaticDh], &[SUITE]);
    assert_eq!(responder.read(&long).map(|_| ()), too_long);
}

#[test]
fn the_first_suite_of_the_initiator_that_we_run_must_be_the_selected_one() {
    let both = [Suite::Aes128CcmMac64P256, Suite::Aes128CcmMac128P256];
    for (suites_i, suites_r, selected) in [
        (&[3][..], &both[..], Ok(Suite::Aes128CcmMac128P256)),
        (&[6, 2], &both, Ok(Suite::Aes128CcmMac64P256)),
        (&[-25, 6, 3], &both, Ok(Suite::Aes128CcmMac128P256)),
        (&[2, 3], &both[1..], Ok(Suite::Aes128CcmMac128P256)),
        // A downgrade, or a mistake: we would have taken suite 2.
        (&[2, 3], &both, Err(3)),
        (&[3], &both[..1], Err(3)),
    ] {
        let c_i = ConnectionId::new(&[]).unwrap();
        let (_, message_1) = initiator::start_with_suites_i(
            Method::SignatureSignature,
            suites_i,
            ephemeral(&X),
            c_i,
            &[],
        )
        .unwrap();
        let found = responder::AwaitMessage1::new(&[Method::SignatureSignature], suites_r)
            .read(&message_1)
            .map(|received| received.suite());
        let expected = selected
            .map_err(|selected| Error::PeerIncompatible(Incompatibility::Suite { selected }));
        assert_eq!(found, expected, "{suites_i:?}");
    }
}

#[test]
fn methods_we_do_not_take_are_refused() {
    let (_, message_1) = start(Method::SignatureSignature);
    for method in [1, 2, 3, 4, 0x17, 0x20] {
        let mut message_1 = message_1.clone();
        message_1[0] = method;
        let number = if method == 0x20 {
            -1
        } else {
            i64::from(method)
        };
        let found = responder::AwaitMessage1::new(&[Method::SignatureSignature], &[SUITE])
            .read(&message_1)
            .map(|_| ());
        assert_eq!(found, Err(Incompatibility::Method(number).into()));
    }
}

#[test]
fn what_we_are_asked_to_send_is_checked_too() {
    let received = || {
        let (_, message_1) = start(Method::SignatureSignature);
        responder::AwaitMessage1::new(&[Method::SignatureSignature], &[SUITE])
            .read(&message_1)
            .unwrap()
    };
    let c_r = ConnectionId::new(&[0x14]).unwrap();
    for id_cred in [
        &[][..],
        &[0xa0],
        &[0x40],
        &[0xa1, 0x04, 0x40, 0x00],
        &[0xbf, 0xff],
        &[0xa1, 0x04],
    ] {
        let credential = CredentialRef {
            id_cred,
            cred: &[0xa0],
        };
        let found = received().message_2(ephemeral(&Y), c_r.clone(), credential, &[]);
        assert_eq!(
            found.map(|_| ()),
            Err(LocalError::CredentialIdMalformed.into()),
            "{id_cred:x?}"
        );
    }
    let credential = CredentialRef {
        id_cred: ID_CRED,
        cred: &[0xa0],
    };
    let secret = StaticSecret::from_bytes(&SECRET).unwrap();
    let found =
        received().message_2_static_dh(&secret, ephemeral(&Y), c_r.clone(), credential, &[]);
    assert_eq!(found.map(|_| ()), Err(LocalError::WrongMethod.into()));
    let pending = received()
        .message_2(ephemeral(&Y), c_r, credential, &[])
        .unwrap();
    let found = pending.signed(&[0; 64]);
    assert_eq!(found.map(|_| ()), Err(LocalError::InvalidSignature.into()));
    let c_i = ConnectionId::new(&[]).unwrap();
    for suites_i in [&[][..], &[2, 0]] {
        let found = initiator::start_with_suites_i(
            Method::SignatureSignature,
            suites_i,
            ephemeral(&X),
            c_i.clone(),
            &[],
        );
        assert_eq!(found.map(|_| ()), Err(LocalError::NoSuite.into()));
    }
}
