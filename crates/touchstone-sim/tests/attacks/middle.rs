//! Somebody listens, or sits in the middle and changes, drops, repeats, reorders and invents (T1, T2, R1, R4, R8, R21).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use touchstone::Outcome;
use touchstone_flow::Step;
use touchstone_sim::{
    HOME_PASSWORD, Room, Unit,
    air::{
        Direction, What,
        fault::{At, Effect, Fault},
    },
};

use crate::support::*;

/// What a listener must not find anywhere.
fn secrets(room: &Room, lamp: &Unit) -> Vec<(&'static str, Vec<u8>)> {
    let leaf = room.pki.leaf(&lamp.ueid(), 1).certificate;
    vec![
        ("password", HOME_PASSWORD.as_bytes().to_vec()),
        ("part of the password", b"battery".to_vec()),
        ("ueid", lamp.ueid().to_vec()),
        ("serial number", lamp.ueid()[1..9].to_vec()),
        ("certificate", leaf[leaf.len() - 24..].to_vec()),
        ("network", b"Home".to_vec()),
        ("another network", b"FRITZ!Box".to_vec()),
    ]
}

#[test]
fn t1_a_listener_learns_no_password_network_serial_certificate_or_owner_key() {
    let (room, lamp) = room_with_lamp(11);
    let told = try_for(&room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), Outcome::Connected);
    let air = everything(&room.world.log());
    for (what, secret) in secrets(&room, &lamp) {
        assert!(!occurs(&air, &secret), "{what} was in the air");
    }
    // The same search does find what is in the clear.
    let hello = envelopes(&room.world.log())
        .remove(0)
        .messages()
        .remove(0)
        .1;
    assert!(occurs(&air, &hello[4..36]));
}

/// One bit of every message of one kind is changed, for as long as the attack goes on.
fn changing(direction: Direction, kind: u8) {
    for position in [0, 9, 40] {
        let (room, lamp) = room_with_lamp(12);
        room.world.put_in_the_middle(move |passing| {
            let mut bytes = passing.bytes.clone();
            if passing.direction == direction && passing.opens == Some(kind) {
                // Behind the header and the total length, within the message.
                let at = (6 + position).min(bytes.len() - 1);
                bytes[at] ^= 0x10;
            }
            vec![bytes]
        });
        let told = try_for(&room, honest(&lamp), s(40));
        assert_ne!(told.outcome(), Outcome::Connected);
        assert!(
            !told.asks_for_a_touch() || kind == RECORD,
            "{kind} {position}"
        );
        assert!(!told.accuses(), "{kind} {position}");
        assert_got_nothing(&room, &lamp);
        assert_works_again(&room, &lamp);
    }
}

#[test]
fn t2_a_changed_message_1_leads_nowhere() {
    changing(Direction::Up, HELLO);
}

#[test]
fn t2_a_changed_message_2_leads_nowhere() {
    changing(Direction::Down, MESSAGE_2);
}

/// Rule A-g: what anybody can break accuses nobody.
#[test]
fn t2_whoever_breaks_every_signature_only_keeps_the_device_from_being_checked() {
    for from_the_end in [12, 16, 20, 30] {
        let (room, lamp) = room_with_lamp(13);
        let mut in_message_2 = false;
        room.world.put_in_the_middle(move |passing| {
            let mut bytes = passing.bytes.clone();
            if passing.direction == Direction::Down {
                in_message_2 = passing.opens.map_or(in_message_2, |kind| kind == MESSAGE_2);
                // Its last fragment ends in Signature_2 and EAD_2.
                if in_message_2 && bytes[0] & 0x40 != 0 {
                    let at = bytes.len() - from_the_end;
                    bytes[at] ^= 1;
                }
            }
            vec![bytes]
        });
        let told = try_for(&room, honest(&lamp), s(40));
        assert!(!told.accuses(), "{from_the_end}");
        assert!(told.shows(|step| matches!(step, Step::NotChecked)));
        assert!(!told.asks_for_a_touch(), "{from_the_end}");
        assert_got_nothing(&room, &lamp);
        assert_works_again(&room, &lamp);
    }
}

#[test]
fn t2_a_changed_message_3_leads_nowhere() {
    changing(Direction::Up, MESSAGE_3);
}

#[test]
fn t2_a_changed_message_4_leads_nowhere() {
    changing(Direction::Down, MESSAGE_4);
}

#[test]
fn t2_a_changed_record_of_the_phone_leads_nowhere() {
    changing(Direction::Up, RECORD);
}

#[test]
fn t2_a_changed_record_of_the_device_leads_nowhere() {
    changing(Direction::Down, RECORD);
}

#[test]
fn t2_dropping_repeating_and_reordering_only_delays() {
    for seed in 0..6 {
        let (room, lamp) = room_with_lamp(seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut held: BTreeMap<Direction, Vec<u8>> = BTreeMap::new();
        room.world.put_in_the_middle(move |passing| {
            let mut arriving = vec![passing.bytes.clone()];
            match rng.u8(..10) {
                0 => arriving.clear(),
                1 | 2 => arriving.push(passing.bytes.clone()),
                3 | 4 => {
                    // Arrives after the next one, whatever link that is on.
                    if let Some(earlier) = held.insert(passing.direction, arriving.remove(0)) {
                        arriving.push(earlier);
                    }
                    return arriving;
                }
                _ => {}
            }
            arriving.extend(held.remove(&passing.direction));
            arriving
        });
        let told = try_for(&room, honest(&lamp), s(900));
        assert_eq!(
            told.outcome(),
            Outcome::Connected,
            "seed {seed}: {:#?}",
            told.report.entries
        );
        assert!(lamp.is_owned());
        assert!(!told.accuses(), "seed {seed}");
    }
}

#[test]
fn t2_what_is_injected_into_a_link_costs_at_most_the_link() {
    for (seed, kind) in (20..).zip([HELLO, MESSAGE_2, MESSAGE_3, MESSAGE_4, EDHOC_ERROR, RECORD]) {
        for direction in [Direction::Up, Direction::Down] {
            let (room, lamp) = room_with_lamp(seed);
            // Once while it is armed, once after the touch.
            for at in [4, 7] {
                room.world.after(s(at), move |world| {
                    let log = world.log();
                    let Some(link) = log.entries().last().map(|entry| entry.link) else {
                        return;
                    };
                    let body = [[kind].as_slice(), &[0x5a; 64]].concat();
                    let sequence = next_sequence(&log, link, direction);
                    world.inject(link, direction, &fragment(sequence, &body));
                });
            }
            let told = try_for(&room, honest(&lamp), s(300));
            assert_eq!(
                told.outcome(),
                Outcome::Connected,
                "{kind} {direction:?}: {:#?}",
                told.report.entries
            );
            assert!(!told.accuses());
            assert_eq!(strayed(&room.world.log(), PERSON, lamp.id()), 0);
        }
    }
}

/// Fragments that are sent again must be the same bytes, and every session has its own ephemeral keys: otherwise a key could seal two things
/// under one counter.
#[test]
fn r8_nothing_is_sealed_twice_under_one_counter() {
    for seed in 0..8 {
        let (room, lamp) = room_with_lamp(seed);
        room.world.set_air(touchstone_sim::air::Settings {
            fragment_loss: 0.12,
            ..Default::default()
        });
        // Links break at two places as well, so that there are reconnects.
        for (direction, class) in [(Direction::Down, 80), (Direction::Up, 192)] {
            room.world.plan(Fault {
                device: lamp.id(),
                link: None,
                direction,
                at: At::Record { class, nth: 0 },
                effect: Effect::LoseLinkAfter,
            });
        }
        let told = try_for(&room, honest(&lamp), s(900));
        assert_eq!(told.outcome(), Outcome::Connected, "seed {seed}");
        let log = room.world.log();
        let mut payloads = BTreeMap::new();
        let mut repeats = 0;
        for entry in log.entries() {
            let What::Fragment {
                direction, bytes, ..
            } = &entry.what
            else {
                continue;
            };
            if bytes[0] & 0x20 != 0 {
                continue;
            }
            // No link of this test carries 256 fragments one way, so a number names a fragment.
            let known = payloads
                .entry((entry.link, *direction, bytes[1]))
                .or_insert_with(|| bytes[3..].to_vec());
            repeats += usize::from(*known == bytes[3..]);
            assert_eq!(*known, bytes[3..], "seed {seed}: resent, and changed");
        }
        assert!(repeats > payloads.len(), "seed {seed}: nothing was resent");
        let flown = envelopes(&log);
        let links: BTreeSet<_> = flown.iter().map(|flown| flown.link).collect();
        assert!(links.len() >= 3, "seed {seed}: no reconnects");
        let mut ephemerals = BTreeSet::new();
        let mut bodies = BTreeSet::new();
        for (kind, body) in flown.iter().flat_map(Flown::messages) {
            match kind {
                HELLO => assert!(ephemerals.insert(body[4..36].to_vec()), "G_X again"),
                MESSAGE_2 => assert!(ephemerals.insert(body[2..34].to_vec()), "G_Y again"),
                // A record that was read is one that was sealed under the counter its reader expected: each counter once, in order.
                RECORD => assert!(bodies.insert(body), "the same record twice"),
                _ => {}
            }
        }
    }
}

#[test]
fn r4_what_comes_during_and_after_the_end_of_a_link_does_no_harm() {
    for seed in 0..4 {
        let (room, lamp) = room_with_lamp(30 + seed);
        let told = try_for(
            &room,
            honest(&lamp),
            Duration::from_millis(5_000 + 700 * seed),
        );
        // The person has left in the middle. Everything that was ever sent is sent once more into every link, gone or not.
        let log = room.world.log();
        for entry in log.entries() {
            if let What::Fragment {
                direction, bytes, ..
            } = &entry.what
            {
                room.world.inject(entry.link, *direction, bytes);
            }
        }
        room.world.run_for(s(5));
        assert_ne!(told.outcome(), Outcome::Connected);
        assert!(!lamp.is_owned());
        assert_works_again(&room, &lamp);
    }
}

#[test]
fn r1_malformed_fragments_of_a_stranger_do_not_disturb_the_person() {
    let (room, lamp) = room_with_lamp(33);
    let stranger = room.another_phone(STRANGER);
    let address = lamp.address();
    room.world.spawn(async move {
        use touchstone::ports::Radio;
        let malformed: [&[u8]; 8] = [
            &[],
            &[0xc0],
            &[0xc0, 0, 0, 0, 0, 1],
            &[0xc0, 0, 0, 0xff, 0xff, 1],
            &[0x40, 0, 0, 1, 2, 3],
            &[0x80, 0, 0, 0, 2, 1, 2, 3],
            &[0x07, 0, 0],
            &[0xa0, 9, 200],
        ];
        for fragment in malformed.into_iter().cycle().take(24) {
            if let Ok(mut link) = stranger.radio.connect(&address).await {
                let _ = link.send(fragment).await;
                link.close().await;
            }
        }
    });
    let told = try_for(&room, honest(&lamp), s(120));
    assert_eq!(
        told.outcome(),
        Outcome::Connected,
        "{:#?}",
        told.report.entries
    );
}
