//! Too much of everything (T11, R9): floods, forged errors, forged adverts, and ten thousand sessions.

use touchstone::Outcome;
use touchstone_flow::Step;
use touchstone_sim::{BareSession, adversary::Beacon, air::Direction};

use crate::support::*;

/// Version 1, window open, unowned, armed; another device's tag.
const ARMED: [u8; 12] = [1, 0x07, 0, 1, 9, 9, 9, 9, 8, 8, 8, 8];
/// The same without being armed.
const IDLE: [u8; 12] = [1, 0x03, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn t11_forged_errors_are_at_most_a_lost_link() {
    // ERR_CODE 1 with a text, 2 with SUITES_R, 3 "unknown credential", and noise.
    let errors: [&[u8]; 4] = [
        &[EDHOC_ERROR, 0x01, 0x65, b'o', b'w', b'n', b'e', b'd'],
        &[EDHOC_ERROR, 0x02, 0x00],
        &[EDHOC_ERROR, 0x03, 0xf5],
        &[EDHOC_ERROR, 0xff, 0xff],
    ];
    for error in errors {
        for instead_of in [MESSAGE_2, MESSAGE_4] {
            let (room, lamp) = room_with_lamp(131);
            room.world.put_in_the_middle(move |passing| {
                if passing.direction == Direction::Down && passing.opens == Some(instead_of) {
                    vec![fragment(passing.bytes[1], error)]
                } else {
                    vec![passing.bytes.clone()]
                }
            });
            let told = try_for(&room, honest(&lamp), s(40));
            assert!(!told.accuses(), "{error:?}: {:#?}", told.report.entries);
            assert_ne!(told.outcome(), Outcome::Connected);
            assert_got_nothing(&room, &lamp);
            assert_works_again(&room, &lamp);
        }
    }
}

#[test]
fn t11_a_forged_error_cannot_end_an_armed_session_for_good() {
    let (room, lamp) = room_with_lamp(132);
    room.world.after(s(4), move |world| {
        let log = world.log();
        let link = log.entries().last().unwrap().link;
        let sequence = next_sequence(&log, link, Direction::Down);
        let error = fragment(sequence, &[EDHOC_ERROR, 0x01, 0x60]);
        world.inject(link, Direction::Down, &error);
    });
    let told = try_for(&room, honest(&lamp), s(120));
    assert_eq!(told.outcome(), Outcome::Connected);
    assert!(!told.accuses());
}

#[test]
fn t11_a_forged_overlap_nearby_makes_the_person_wait_and_sends_nothing() {
    let (room, lamp) = room_with_lamp(133);
    let _beacon = room.world.add(Beacon::new(&ARMED), -45);
    let mut script = honest(&lamp);
    script.stops = vec![touchstone_sim::AtStop::PressAgain; 4];
    let told = try_for(&room, script, s(90));
    assert_eq!(told.outcome(), Outcome::AnotherNearby);
    assert!(told.shows(|step| matches!(step, Step::AnotherNearby)));
    assert_got_nothing(&room, &lamp);
}

#[test]
fn t11_a_forged_overlap_far_away_changes_nothing() {
    let (room, lamp) = room_with_lamp(134);
    let _beacon = room.world.add(Beacon::new(&ARMED), -85);
    let told = try_for(&room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), Outcome::Connected);
}

#[test]
fn t11_invented_devices_do_not_push_the_near_one_out() {
    let (room, lamp) = room_with_lamp(135);
    for index in 0..200 {
        let rssi = -71 - i16::try_from(index % 25).unwrap();
        let _beacon = room.world.add(Beacon::new(&IDLE), rssi);
    }
    let told = try_for(&room, honest(&lamp), s(300));
    assert_eq!(
        told.outcome(),
        Outcome::Connected,
        "{:#?}",
        told.report.entries
    );
}

#[test]
fn t11_a_flood_of_beginnings_does_not_end_an_armed_session() {
    let (room, lamp) = room_with_lamp(136);
    let stranger = room.another_phone(STRANGER);
    let address = lamp.address();
    room.world.spawn(async move {
        use touchstone::ports::Radio;
        let hello = touchstone_proto::phone::Session::start(
            touchstone_proto::phone::CredentialForm::ByValue,
            1,
            &[7; 32],
            5,
        )
        .unwrap()
        .1;
        loop {
            if let Ok(mut link) = stranger.radio.connect(&address).await {
                let _ = link.send(&fragment(0, &hello)).await;
                link.close().await;
            }
        }
    });
    let (outcome, touched) = room.world.block_on(async {
        let mut phone = loop {
            // The flood takes tokens; an honest phone tries again.
            match BareSession::open(&room.phone, &lamp, None).await {
                Ok(phone) => break phone,
                Err(_) => touchstone_sim::SimClock::new(&room.world).sleep(s(1)).await,
            }
        };
        phone.arm([1; 16]).await.unwrap();
        let touch = lamp.clone();
        room.world.after(s(50), move |_| touch.touch());
        let touched = phone.touched().await;
        // Somebody else is about, so the device does not respond: the person's app would release and say why.
        (phone.respond().await, touched.is_ok())
    });
    assert!(touched, "the flood ended an armed session");
    assert!(outcome.is_err(), "responds in a crowd");
    assert_got_nothing(&room, &lamp);
}
