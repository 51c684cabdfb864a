//! Evidence there and back, and everything that is none.

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use proptest::prelude::*;
use std::{format, vec::Vec};

use super::*;
use crate::{
    cbor::Writer,
    edhoc::PublicKey,
    error::{Error, Inauthentic, LocalError, Misbehaviour},
    record::{Actuators, Level, PresenceKinds, PressKind},
};

const BINDER: [u8; 32] = [0xbb; 32];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_sec1(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap()
}

fn sign_with(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

fn claims() -> Claims {
    let mut ueid = [0xaa; 17];
    ueid[0] = 1;
    Claims {
        nonce: [0x11; 16],
        ueid,
        model_class: 0x0102,
        secure_boot: true,
        debug_status: DebugStatus::DisabledPermanently,
        boot_id: [0x22; 8],
        firmware: FirmwareVersion {
            major: 1,
            minor: 2,
            patch: 3,
        },
        reset_epoch: 4,
        presence: PresenceKinds::NONE.with(PressKind::Press),
        actuators: Actuators {
            sound: true,
            light: true,
            vibration: false,
        },
        max_level: Level::L1,
        highest_version: 1,
        boot_count: 5,
    }
}

fn evidence() -> Sign1 {
    sign(&claims(), &BINDER, |tbs| sign_with(&key(1), tbs.as_bytes())).unwrap()
}

fn payload(claims: &Claims) -> Vec<u8> {
    let mut payload = Sign1::new();
    claims.write(&mut Writer::new(&mut payload)).unwrap();
    payload.to_vec()
}

#[test]
fn evidence_verifies_for_its_key_and_channel_only() {
    let sign1 = evidence();
    assert_eq!(verify(&sign1, &BINDER, &public(&key(1))), Ok(claims()));
    let refused = Err(Error::from(Inauthentic::Evidence));
    assert_eq!(verify(&sign1, &BINDER, &public(&key(2))), refused);
    assert_eq!(verify(&sign1, &[0; 32], &public(&key(1))), refused);
}

#[test]
fn no_changed_bit_of_evidence_verifies() {
    let sign1 = evidence();
    // One bit of each byte, all eight positions by turns.
    for bit in (0..sign1.len() * 8).step_by(7) {
        let mut changed = sign1.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(
            verify(&changed, &BINDER, &public(&key(1))).is_err(),
            "{bit}"
        );
    }
    for length in 0..sign1.len() {
        assert!(verify(&sign1[..length], &BINDER, &public(&key(1))).is_err());
    }
    let mut long = sign1.to_vec();
    long.push(0);
    assert_eq!(
        verify(&long, &BINDER, &public(&key(1))),
        Err(Misbehaviour::TrailingData.into())
    );
}

#[test]
fn other_headers_are_refused_however_they_are_signed() {
    let payload = payload(&claims());
    let sign1 = |protected: &[u8], unprotected: &[u8]| {
        let mut tbs = heapless::Vec::<u8, 1024>::new();
        Writer::new(&mut tbs)
            .array(4)
            .unwrap()
            .text("Signature1")
            .unwrap()
            .bytes(protected)
            .unwrap()
            .bytes(&BINDER)
            .unwrap()
            .bytes(&payload)
            .unwrap();
        let mut sign1 = heapless::Vec::<u8, 1024>::new();
        Writer::new(&mut sign1)
            .array(4)
            .unwrap()
            .bytes(protected)
            .unwrap()
            .raw(unprotected)
            .unwrap()
            .bytes(&payload)
            .unwrap()
            .bytes(&sign_with(&key(1), &tbs))
            .unwrap();
        verify(&sign1, &BINDER, &public(&key(1)))
    };
    let good = [0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07];
    assert_eq!(sign1(&good, &[0xa0]), Ok(claims()));
    for protected in [
        &[][..],
        &[0xa0],
        &[0xa1, 0x01, 0x26],                                     // no typ
        &[0xa2, 0x01, 0x27, 0x10, 0x19, 0x01, 0x07],             // EdDSA
        &[0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x08],             // another typ
        &[0xa3, 0x01, 0x26, 0x02, 0x80, 0x10, 0x19, 0x01, 0x07], // crit
        &[0xa1, 0x18, 0x21, 0x41, 0x01],                         // an EDHOC ID_CRED_R
    ] {
        assert_eq!(
            sign1(protected, &[0xa0]),
            Err(Misbehaviour::MalformedEvidence.into())
        );
    }
    assert!(sign1(&good, &[0xa1, 0x04, 0x41, 0x01]).is_err());
}

#[test]
fn a_tagged_or_detached_sign1_is_refused() {
    let mut tagged = std::vec![0xd2];
    tagged.extend(evidence());
    assert!(verify(&tagged, &BINDER, &public(&key(1))).is_err());
}

#[test]
fn evidence_is_as_small_as_estimated() {
    assert_eq!(payload(&claims()).len(), 88);
    assert_eq!(evidence().len(), 166);
    let largest = Claims {
        firmware: FirmwareVersion {
            major: 65535,
            minor: 65535,
            patch: 65535,
        },
        reset_epoch: u32::MAX,
        presence: PresenceKinds::from_bits(0xff),
        max_level: Level::L2,
        highest_version: 255,
        boot_count: u32::MAX,
        ..claims()
    };
    let sign1 = sign(&largest, &BINDER, |tbs| sign_with(&key(1), tbs.as_bytes())).unwrap();
    assert_eq!(verify(&sign1, &BINDER, &public(&key(1))), Ok(largest));
}

#[test]
fn a_payload_of_the_longest_length_is_verified_and_a_longer_one_is_not() {
    let refused = |length: usize| {
        let mut sign1 = heapless::Vec::<u8, 1024>::new();
        Writer::new(&mut sign1)
            .array(4)
            .unwrap()
            .bytes(&[0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07])
            .unwrap()
            .map(0)
            .unwrap()
            .bytes(&std::vec![0; length])
            .unwrap()
            .bytes(&[1; 64])
            .unwrap();
        verify(&sign1, &BINDER, &public(&key(1))).unwrap_err()
    };
    assert_eq!(refused(MAX_EVIDENCE), Inauthentic::Evidence.into());
    for length in [MAX_EVIDENCE + 1, MAX_EVIDENCE + 2] {
        assert_eq!(refused(length), Misbehaviour::MessageTooLong.into());
    }
}

#[test]
fn a_signature_out_of_range_is_not_sent() {
    assert_eq!(
        sign(&claims(), &BINDER, |_| [0; 64]).map(|_| ()),
        Err(LocalError::InvalidSignature)
    );
}

#[test]
fn claims_out_of_range_are_refused() {
    let good = payload(&claims());
    assert_eq!(Claims::read(&good), Ok(claims()));
    // Where each value lies: after its key, in the order of the keys.
    let ueid_kind = 1 + 1 + 17 + 3 + 1;
    let mut other_kind = good.clone();
    other_kind[ueid_kind] = 2;
    assert_eq!(
        Claims::read(&other_kind),
        Err(Misbehaviour::ValueOutOfRange)
    );
    let dbgstat = ueid_kind + 17 + 3 + 3 + 3 + 1 + 3;
    assert_eq!(good[dbgstat], 3);
    let mut five = good.clone();
    five[dbgstat] = 5;
    assert_eq!(Claims::read(&five), Err(Misbehaviour::ValueOutOfRange));
    let level = good.len() - 3;
    assert_eq!(good[level..], [1, 1, 5]);
    let mut zero = good.clone();
    zero[level] = 0;
    assert_eq!(Claims::read(&zero), Err(Misbehaviour::ValueOutOfRange));
    let mut no_version = good.clone();
    no_version[level + 1] = 0;
    assert_eq!(
        Claims::read(&no_version),
        Err(Misbehaviour::ValueOutOfRange)
    );
    // A level we do not know is at least the highest we know.
    let mut three = good;
    three[level] = 3;
    assert_eq!(Claims::read(&three).unwrap().max_level, Level::L2);
}

#[test]
fn missing_repeated_and_unordered_claims_are_refused() {
    let good = payload(&claims());
    let mut fewer = good.clone();
    fewer[0] = 0xa7;
    assert!(Claims::read(&fewer).is_err());
    let mut other = good.clone();
    other[1] = 0x0b;
    assert_eq!(Claims::read(&other), Err(Misbehaviour::MalformedEvidence));
    let mut long = good;
    long.push(0);
    assert_eq!(Claims::read(&long), Err(Misbehaviour::TrailingData));
}

#[test]
fn a_firmware_version_is_three_plain_numbers() {
    let version = |text| FirmwareVersion::parse(text);
    let parsed = version("1.20.65535").unwrap();
    assert_eq!(format!("{parsed}"), "1.20.65535");
    assert_eq!((parsed.major, parsed.minor, parsed.patch), (1, 20, 65535));
    assert!(version("1.20.3") > version("1.3.20"));
    for text in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "1.2.",
        ".1.2",
        "01.2.3",
        "+1.2.3",
        "1.2.65536",
        "1.2.-3",
        "1.2.3 ",
        "a.b.c",
        "1..3",
    ] {
        assert_eq!(version(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_evidence_or_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify(&bytes, &BINDER, &public(&key(1))).is_err());
        let _ = Claims::read(&bytes);
    }
}
