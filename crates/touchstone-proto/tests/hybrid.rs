//! Sessions in the hybrid suite, and how two sides come to it or to the classical one.
#![cfg(feature = "ml-kem")]

mod common;

use common::*;
use touchstone_proto::{
    device,
    error::{Error, Incompatibility, LocalError, Misbehaviour},
    frame::Framer,
    gatt::fragment_size,
    message::{Envelope, MAX_ENVELOPE, Message, envelope, messages},
    phone::{self, CredentialForm, Leaf},
};

const SEED: [u8; 64] = [0x5e; 64];
const M: [u8; 32] = [0x6d; 32];

fn start(form: CredentialForm) -> (Pair, Envelope) {
    let (phone, hello) = phone::Session::start_hybrid(form, 1, &[1; 32], &SEED, 1).unwrap();
    let pair = Pair {
        phone,
        device: device::Session::taking(device::Suites::WithHybrid),
        factory: Factory::new(0x22),
    };
    (pair, hello)
}

/// Hands message_1 to the device; whether it is one of the hybrid suite.
fn hello(device: &mut device::Session, envelope: &[u8]) -> Result<bool, Error> {
    match &to_device(device, envelope)?[..] {
        [device::Event::Hello { hybrid, .. }] => Ok(*hybrid),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_of_the_hybrid_suite_opens_like_any_other() {
    for form in [CredentialForm::ByValue, CredentialForm::ByReference] {
        let (mut pair, message_1) = start(form);
        assert_eq!(hello(&mut pair.device, &message_1), Ok(true));
        let message_2 = pair
            .device
            .message_2_hybrid(&leaf(7), &[9; 32], &M, 2, &pair.factory)
            .unwrap();
        to_phone(&mut pair.phone, &message_2).unwrap();
        assert_eq!(
            matches!(pair.phone.leaf(), Some(Leaf::Reference(_))),
            form == CredentialForm::ByReference
        );
        pair.phone
            .authenticate(&leaf(7), &pair.factory.public(), &ueid(7))
            .unwrap();
        let to_be_signed = pair.phone.ask_owner(&owner(0x11), &NONCE).unwrap().to_vec();
        let message_3 = pair
            .phone
            .owner_signed(&sign(&owner_key(0x11), &to_be_signed))
            .unwrap();
        to_device(&mut pair.device, &message_3).unwrap();
        let message_4 = pair.device.message_4(&claims(7), &pair.factory).unwrap();
        to_phone(&mut pair.phone, &message_4).unwrap();
        let (attested, _) = pair.phone.appraise(&Yes).unwrap();
        pair.arm(&attested);
        for (name, envelope) in [("hello", &message_1), ("message_2", &message_2)] {
            println!("{form:?} {name}: {} bytes", envelope.len());
        }
    }
}

/// The longest certificate that the hybrid suite carries fills the largest envelope, which the frame carries.
#[test]
fn the_longest_leaf_fills_the_largest_envelope_and_one_byte_more_is_refused() {
    for (length, fits) in [
        (device::MAX_HYBRID_LEAF, true),
        (device::MAX_HYBRID_LEAF + 1, false),
    ] {
        let (mut pair, message_1) = start(CredentialForm::ByValue);
        hello(&mut pair.device, &message_1).unwrap();
        let long = vec![7; length];
        let answer = pair
            .device
            .message_2_hybrid(&long, &[9; 32], &M, 0x17, &pair.factory);
        if !fits {
            assert_eq!(answer, Err(LocalError::MessageTooLong.into()));
            continue;
        }
        let message_2 = answer.unwrap();
        assert_eq!(message_2.len(), MAX_ENVELOPE);
        let mut sender = Framer::new(fragment_size(23));
        let mut receiver = Framer::new(fragment_size(23));
        sender.send(&message_2).unwrap();
        let mut out = [0; 512];
        let mut arrived = None;
        while arrived.is_none() {
            let length = sender.poll_transmit(&mut out).expect("all of it is sent");
            arrived = receiver
                .receive(&out[..length])
                .unwrap()
                .map(<[u8]>::to_vec);
            while let Some(length) = receiver.poll_transmit(&mut out) {
                sender.receive(&out[..length]).unwrap();
            }
        }
        let events = to_phone(&mut pair.phone, &arrived.unwrap()).unwrap();
        assert!(matches!(events[..], [phone::Event::Leaf]));
        assert!(matches!(pair.phone.leaf(), Some(Leaf::ByValue(leaf)) if leaf == long));
    }
}

#[test]
fn a_device_without_the_hybrid_suite_is_asked_again_over_the_same_link() {
    let form = CredentialForm::ByValue;
    let mut classical = device::Session::new();
    let (mut first, message_1) = phone::Session::start_hybrid(form, 1, &[1; 32], &SEED, 1).unwrap();
    assert_eq!(
        hello(&mut classical, &message_1),
        Err(Incompatibility::Suite { selected: -21 }.into())
    );
    assert!(classical.awaits_hello());
    let refusal = classical.farewell().unwrap();
    assert_eq!(
        to_phone(&mut first, &refusal).map(|_| ()),
        Err(Incompatibility::HybridRefused.into())
    );
    let (mut second, message_1) =
        phone::Session::start_after_refusal(form, 1, &[2; 32], 1).unwrap();
    // METHOD, SUITES_I: the hybrid one first, the classical one selected.
    assert_eq!(message_1[3..8], [0x00, 0x82, 0x34, 0x03, 0x58]);
    assert_eq!(hello(&mut classical, &message_1), Ok(false));
    let message_2 = classical
        .message_2(&leaf(7), &[9; 32], 2, &Factory::new(0x22))
        .unwrap();
    to_phone(&mut second, &message_2).unwrap();
    second
        .authenticate(&leaf(7), &Factory::new(0x22).public(), &ueid(7))
        .unwrap();
}

/// T8: the refusal was made up by somebody in between.
#[test]
fn t8_a_forged_refusal_of_the_hybrid_suite_is_no_way_to_the_classical_one() {
    let form = CredentialForm::ByValue;
    let (mut first, _) = phone::Session::start_hybrid(form, 1, &[1; 32], &SEED, 1).unwrap();
    let forged = envelope(&[Message::EdhocError(&[0x02, 0x03])]).unwrap();
    assert_eq!(
        to_phone(&mut first, &forged).map(|_| ()),
        Err(Incompatibility::HybridRefused.into())
    );
    let (mut second, message_1) =
        phone::Session::start_after_refusal(form, 1, &[2; 32], 1).unwrap();
    let mut device = device::Session::taking(device::Suites::WithHybrid);
    assert_eq!(
        hello(&mut device, &message_1),
        Err(Incompatibility::Suite { selected: 3 }.into())
    );
    let refusal = device.farewell().unwrap();
    // And that is the end of it.
    assert_eq!(
        to_phone(&mut second, &refusal).map(|_| ()),
        Err(Incompatibility::SuiteRefused.into())
    );

    // He takes the hybrid suite out of message_1: what is signed is another transcript.
    let (mut second, message_1) =
        phone::Session::start_after_refusal(form, 1, &[2; 32], 1).unwrap();
    let stripped = [&message_1[..4], &message_1[6..]].concat();
    assert_eq!(stripped[3..6], [0x00, 0x03, 0x58]);
    assert_eq!(hello(&mut device, &stripped), Ok(false));
    let factory = Factory::new(0x22);
    let message_2 = device.message_2(&leaf(7), &[9; 32], 2, &factory).unwrap();
    // Another TH_2: message_2 decrypts to noise, which may look like anything but a signature that holds.
    let taken = to_phone(&mut second, &message_2)
        .and_then(|_| second.authenticate(&leaf(7), &factory.public(), &ueid(7)));
    assert!(taken.is_err());
}

#[test]
fn a_refusal_that_names_the_refused_suite_or_not_the_classical_one_is_not_followed() {
    for suites_r in [
        &[0x82, 0x34, 0x03][..],
        &[0x34],
        &[0x02],
        &[0x82, 0x02, 0x00],
    ] {
        let (mut pair, _) = start(CredentialForm::ByValue);
        let error = [&[0x02], suites_r].concat();
        let refusal = envelope(&[Message::EdhocError(&error)]).unwrap();
        assert_eq!(
            to_phone(&mut pair.phone, &refusal).map(|_| ()),
            Err(Incompatibility::SuiteRefused.into()),
            "{suites_r:x?}"
        );
    }
}

#[test]
fn after_a_refused_suite_the_device_goes_on_and_after_anything_else_it_does_not() {
    let mut device = device::Session::taking(device::Suites::WithHybrid);
    let (_, classical) = phone::Session::start(CredentialForm::ByValue, 1, &[1; 32], 1).unwrap();
    let mut unknown = classical.clone();
    unknown[4] = 0x02;
    for _ in 0..3 {
        assert!(hello(&mut device, &unknown).is_err());
        let refusal = device.farewell().unwrap();
        let [Ok(Message::EdhocError(error))] = messages(&refusal).collect::<Vec<_>>()[..] else {
            panic!("no error message");
        };
        assert_eq!(error, [0x02, 0x82, 0x34, 0x03]);
    }
    let mut off_curve = classical.clone();
    off_curve[7..39].fill(0);
    assert_eq!(
        hello(&mut device, &off_curve),
        Err(Misbehaviour::CoordinateOutOfRange.into())
    );
    assert!(!device.awaits_hello());
    assert_eq!(
        hello(&mut device, &classical),
        Err(LocalError::Poisoned.into())
    );
}

#[test]
fn a_phone_that_asks_for_less_than_a_device_has_gets_it() {
    let mut device = device::Session::taking(device::Suites::WithHybrid);
    let (_, classical) = phone::Session::start(CredentialForm::ByValue, 1, &[1; 32], 1).unwrap();
    assert_eq!(hello(&mut device, &classical), Ok(false));
}

#[test]
fn a_hybrid_message_1_is_not_answered_without_randomness_for_the_kem() {
    let (mut pair, message_1) = start(CredentialForm::ByValue);
    hello(&mut pair.device, &message_1).unwrap();
    assert_eq!(
        pair.device.message_2(&leaf(7), &[9; 32], 2, &pair.factory),
        Err(LocalError::NoKemRandomness.into())
    );
}
