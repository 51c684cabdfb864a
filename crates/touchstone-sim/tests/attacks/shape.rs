//! What the shape of the traffic gives away (T12, R14).

use std::collections::BTreeSet;

use futures::StreamExt;
use touchstone::{Outcome, ports::Radio};
use touchstone_sim::{BareSession, Nobody, Room, Spec, Unit, air::Direction, scenarios};

use crate::support::*;

/// What a phone hears of each of these devices within `seconds`.
fn adverts(room: &Room, units: &[&Unit], seconds: u64) -> Vec<Vec<Vec<u8>>> {
    let mut heard = vec![Vec::new(); units.len()];
    let addresses: Vec<_> = units.iter().map(|unit| unit.address()).collect();
    let mut scan = room
        .world
        .block_on(async { room.phone.radio.scan().await })
        .unwrap();
    room.world.run_for(s(seconds));
    while let Some(Some(sighting)) = futures::FutureExt::now_or_never(scan.next()) {
        if let Some(index) = addresses.iter().position(|id| *id == sighting.id) {
            heard[index].push(sighting.service_data);
        }
    }
    heard
}

#[test]
fn t12_adverts_of_idle_devices_of_one_model_are_all_the_same() {
    let room = Room::new(121);
    let units: Vec<Unit> = (1..6)
        .map(|number| room.unit(&Spec::lamp(number)))
        .collect();
    let heard = adverts(&room, &units.iter().collect::<Vec<_>>(), 5);
    let all: BTreeSet<_> = heard.iter().flatten().collect();
    assert!(heard.iter().all(|heard| heard.len() > 10));
    assert_eq!(all.len(), 1, "{all:?}");
}

#[test]
fn t12_tags_of_armed_devices_change_every_second_and_never_repeat() {
    let (room, lamp) = room_with_lamp(122);
    let heard = room.world.block_on(async {
        let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        phone.arm([1; 16]).await.unwrap();
        phone
    });
    let adverts = adverts(&room, &[&lamp], 20).remove(0);
    drop(heard);
    let tags: BTreeSet<_> = adverts
        .iter()
        .map(|advert| advert[8..12].to_vec())
        .collect();
    assert!((19..=22).contains(&tags.len()), "{}", tags.len());
    let epochs: BTreeSet<_> = adverts.iter().map(|advert| advert[4..8].to_vec()).collect();
    assert_eq!(epochs.len(), tags.len());
    let ueid = lamp.ueid();
    assert!(
        adverts
            .iter()
            .all(|advert| advert.len() == 12 && !occurs(std::slice::from_ref(advert), &ueid[1..5]))
    );
}

#[test]
fn r12_outside_the_window_a_device_is_silent() {
    let (room, lamp) = room_with_lamp(123);
    room.world.run_for(s(14 * 60));
    assert!(!adverts(&room, &[&lamp], 5).remove(0).is_empty());
    // Connected in time, but saying hello too late.
    let mut early = room
        .world
        .block_on(room.phone.radio.connect(&lamp.address()))
        .unwrap();
    room.world.run_for(s(2 * 60));
    assert!(adverts(&room, &[&lamp], 30).remove(0).is_empty());
    room.world.block_on(async {
        let hello = [&[1, 1, 0], [0x5a; 40].as_slice()].concat();
        let _ = early.send(&fragment(0, &hello)).await;
        assert!(
            BareSession::open(&room.phone, &lamp, None).await.is_err(),
            "answered outside the window"
        );
    });
    room.world.run_for(s(60));
    assert_eq!(fragments_down(&room.world.log(), lamp.id()), 0);
    // A touch opens it again.
    lamp.touch();
    room.world.run_for(s(1));
    assert!(!adverts(&room, &[&lamp], 5).remove(0).is_empty());
}

#[test]
fn t12_the_owner_keys_of_two_devices_have_nothing_in_common() {
    let (room, lamp) = room_with_lamp(124);
    assert_eq!(
        try_for(&room, honest(&lamp), s(60)).outcome(),
        Outcome::Connected
    );
    room.world.run_for(s(700));
    let second = room.unit(&Spec::lamp(2));
    assert_eq!(
        try_for(&room, honest(&second), s(60)).outcome(),
        Outcome::Connected
    );
    let kid = |unit: &Unit| unit.stored().unwrap().ownership.unwrap().owner_kid;
    assert_ne!(kid(&lamp), kid(&second));
    // message_3, which carries the owner key, is as long as the other's and encrypted: no eight bytes in common but by chance.
    let message_3: Vec<Vec<u8>> = envelopes(&room.world.log())
        .iter()
        .flat_map(Flown::messages)
        .filter(|(kind, _)| *kind == MESSAGE_3)
        .map(|(_, body)| body)
        .collect();
    assert_eq!(message_3.len(), 2);
    assert_eq!(message_3[0].len(), message_3[1].len());
    let rest = message_3[1..].to_vec();
    assert!(message_3[0].windows(8).all(|window| !occurs(&rest, window)));
}

/// Lengths of all envelopes of a set-up, in order, without the list of networks, which does not depend on the person.
fn lengths(name: &str, password: &str) -> Vec<(Direction, usize)> {
    let room = Room::new(125);
    room.neighbourhood
        .change("Home", |home| home.reachable = true);
    let lamp = room.unit(&Spec::lamp(1));
    let stored = touchstone_proto::credentials::Network::personal(
        name.as_bytes(),
        touchstone_proto::credentials::Security::Wpa2Psk,
        password.as_bytes(),
    )
    .unwrap();
    let credentials = touchstone_proto::credentials::Credentials::new([stored]).unwrap();
    room.world.block_on(async {
        let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        phone.arm([1; 16]).await.unwrap();
        let touch = lamp.clone();
        room.world.after(s(2), move |_| touch.touch());
        let touched = phone.touched().await.unwrap();
        // Whether the network is there does not matter here.
        let _ = phone.respond().await;
        let clock = touchstone_sim::SimClock::new(&room.world);
        let deliver = phone.deliver(touched, &credentials);
        let _ = futures::future::select(Box::pin(deliver), Box::pin(clock.sleep(s(2)))).await;
    });
    let until = |flown: &Flown| flown.bytes.len() >= 192 + 17 && flown.direction == Direction::Up;
    let flown = envelopes(&room.world.log());
    let end = flown.iter().position(until).unwrap();
    flown[..=end]
        .iter()
        .map(|flown| (flown.direction, flown.bytes.len()))
        .collect()
}

#[test]
fn r14_long_and_short_names_and_passwords_look_the_same() {
    let short = lengths("A", "12345678");
    let long = lengths(
        "A network name of thirty-two byt",
        "a passphrase of sixty-three characters, the longest there can b",
    );
    assert_eq!(short, long);
    assert_eq!(short.last(), Some(&(Direction::Up, 192 + 17)));
}

#[test]
fn r14_every_record_of_every_story_has_the_length_of_a_class() {
    let up: BTreeSet<usize> = [16, 48, 192, 512, 1536].into();
    let down: BTreeSet<usize> = [16, 48, 80, 512, 1024].into();
    for scenario in scenarios::all() {
        let result = scenario.run(126, std::sync::Arc::new(Nobody)).unwrap();
        for flown in envelopes(&result.log) {
            let classes = if flown.direction == Direction::Up {
                &up
            } else {
                &down
            };
            for (kind, body) in flown.messages() {
                if kind == RECORD {
                    assert!(
                        classes.contains(&(body.len() - 16)),
                        "{}: {}",
                        scenario.name,
                        body.len()
                    );
                }
            }
        }
    }
}
