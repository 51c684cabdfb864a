//! Somebody makes the weaker choice for both sides (T8).

use touchstone::{Outcome, Policy};
use touchstone_device::ports::Signal;
use touchstone_flow::Step;
use touchstone_proto::record::Level;
use touchstone_sim::{Room, Spec, air::Direction};

use crate::support::*;

/// Where message_1 begins in the first fragment: header, total, kind, version, hints.
const MESSAGE_1: usize = 8;

type Change = fn(&mut Vec<u8>);

/// Every message_1 is changed like this, for as long as the attack goes on.
fn with_every_hello(change: Change) {
    let (room, lamp) = room_with_lamp(51);
    room.world.put_in_the_middle(move |passing| {
        let mut bytes = passing.bytes.clone();
        if passing.direction == Direction::Up && passing.opens == Some(HELLO) {
            change(&mut bytes);
            let total = u16::try_from(bytes.len() - 5).unwrap().to_be_bytes();
            bytes[3..5].copy_from_slice(&total);
        }
        vec![bytes]
    });
    let told = try_for(&room, honest(&lamp), s(40));
    assert_ne!(told.outcome(), Outcome::Connected);
    assert!(!told.asks_for_a_touch());
    assert!(
        lamp.signals()
            .iter()
            .all(|(_, signal)| *signal != Signal::Waiting)
    );
    assert_got_nothing(&room, &lamp);
    assert_works_again(&room, &lamp);
}

#[test]
fn t8_another_method_cannot_be_chosen_for_the_phone() {
    with_every_hello(|bytes| {
        assert_eq!(bytes[MESSAGE_1], 0x00);
        bytes[MESSAGE_1] = 0x03;
    });
}

#[test]
fn t8_a_weaker_suite_cannot_be_chosen_for_the_phone() {
    with_every_hello(|bytes| {
        assert_eq!(bytes[MESSAGE_1 + 1], 0x03);
        bytes[MESSAGE_1 + 1] = 0x02;
    });
}

#[test]
fn t8_the_request_for_evidence_cannot_be_stripped() {
    with_every_hello(|bytes| {
        // METHOD, SUITES_I, G_X (bstr, 32), C_I: what follows is EAD_1.
        let end = MESSAGE_1 + 2 + 34 + 1;
        assert!(bytes.len() > end);
        bytes.truncate(end);
    });
}

#[test]
fn t8_an_unknown_version_cannot_be_chosen_for_the_phone() {
    with_every_hello(|bytes| bytes[6] = 2);
    with_every_hello(|bytes| bytes[6] = 0);
}

#[test]
fn t8_a_certificate_by_reference_cannot_be_chosen_for_the_phone() {
    with_every_hello(|bytes| bytes[7] ^= 0x01);
}

#[test]
fn t8_an_application_that_wants_level_2_never_gets_level_1() {
    let (room, lamp) = room_with_lamp(52);
    let mut policy = Policy::default();
    policy.minimum_level = Level::L2;
    let told = try_with(&room, honest(&lamp), policy, s(60));
    assert_ne!(told.outcome(), Outcome::Connected);
    assert_got_nothing(&room, &lamp);
    let armed = room.world.log().summary().envelopes;
    let armed = armed
        .iter()
        .any(|envelope| envelope.direction == Direction::Up && envelope.carries_record(48));
    assert!(!armed, "armed at a level below the one wanted");
}

#[test]
fn t8_a_model_that_needs_level_2_never_gets_level_1() {
    let room = Room::with_contents(53, |contents| {
        for model in &mut contents.models {
            model.policy.minimum_level = Level::L2;
        }
    });
    let lamp = room.unit(&Spec::lamp(1));
    let told = try_for(&room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), Outcome::CannotSignal);
    assert!(told.shows(|step| matches!(step, Step::CannotSignal)));
    assert_got_nothing(&room, &lamp);
}
