//! Rules R-f and R-g: whom the device answers, and how often. Link slots and the evidence.

use touchstone_device::LinkId;
use touchstone_proto::record::{DeniedReason, Level, PressKind};

use crate::support::{FRAGMENT, Heard, Room, UEID, ms, s};

#[test]
fn a_handshake_in_the_window_ends_with_evidence() {
    let mut room = Room::new();
    let phone = room.connect(1);
    assert_eq!(room.heard(phone), [Heard::Evidence]);
    let claims = room.phones[phone].claims.unwrap();
    assert_eq!(claims.ueid, UEID);
    assert_eq!(claims.model_class, 0x0102);
    assert_eq!(claims.boot_count, 1);
    assert_eq!(claims.reset_epoch, 0);
    assert_eq!(claims.max_level, Level::L2);
    assert!(claims.presence.contains(PressKind::Press));
    assert!(claims.secure_boot && claims.actuators.sound);
}

#[test]
fn every_boot_has_its_own_boot_id() {
    let mut room = Room::new();
    let before = room.session(1);
    room.power_cut();
    let after = room.session(1);
    let boot_id = |who: usize| room.phones[who].claims.unwrap().boot_id;
    assert_ne!(boot_id(before), boot_id(after));
    assert_eq!(room.phones[after].claims.unwrap().boot_count, 2);
}

#[test]
fn every_fragment_size_works() {
    for size in [18, 19, 20, 31, 64, 100, 182, 242, 512] {
        let mut room = Room::new();
        let phone = room.dial(1, size);
        room.settle();
        assert!(room.phones[phone].is_established(), "{size}");
    }
}

#[test]
fn outside_the_window_there_is_no_answer_at_all() {
    let mut room = Room::new();
    room.wait(s(15 * 60));
    assert_eq!(room.device.advertisement(room.now), None);
    let phone = room.dial(1, FRAGMENT);
    assert!(
        !room.is_lost(phone),
        "the link itself is not ours to refuse"
    );
    let mut buffer = [0; 512];
    while let Some(length) = room.phones[phone].transmit(&mut buffer) {
        let link = room.phones[phone].link;
        room.device.received(room.now, link, &buffer[..length]);
        assert_eq!(room.device.poll_transmit(link, &mut buffer), None);
    }
    room.settle();
    assert!(room.is_lost(phone));
    assert_eq!(room.heard(phone), []);
}

#[test]
fn outside_the_window_garbage_is_not_answered_either() {
    let mut room = Room::new();
    room.wait(s(15 * 60));
    let link = LinkId(99);
    assert!(room.device.connected(room.now, link, FRAGMENT));
    room.device
        .received(room.now, link, &[0xc0, 0, 0, 0, 4, 0x01, 1, 0, 0xff]);
    assert_eq!(room.device.poll_transmit(link, &mut [0; 512]), None);
    assert_eq!(room.device.poll_disconnect(), Some(link));
}

#[test]
fn a_touch_opens_the_window_again() {
    let mut room = Room::new();
    room.wait(s(16 * 60));
    let phone = room.connect(1);
    assert!(room.is_lost(phone));
    room.touch();
    room.session(1);
    room.wait(s(15 * 60));
    let phone = room.connect(1);
    assert!(room.is_lost(phone));
}

#[test]
fn power_on_opens_the_window_again() {
    let mut room = Room::new();
    room.wait(s(16 * 60));
    room.power_cut();
    room.session(1);
}

#[test]
fn sessions_that_hold_nothing_are_dropped_when_the_window_closes() {
    let mut room = Room::new();
    room.wait(s(14 * 60));
    let phone = room.session(1);
    room.wait(s(50));
    assert!(!room.is_lost(phone));
    room.wait(s(12));
    assert!(room.is_lost(phone));
}

#[test]
fn a_handshake_that_straddles_the_end_of_the_window_is_left_in_silence() {
    let mut room = Room::new();
    room.wait(s(15 * 60) - s(5));
    let phone = room.dial(1, FRAGMENT);
    room.phones[phone].stalls = true;
    room.settle();
    room.wait(s(6));
    room.phones[phone].go_on();
    room.settle();
    assert_eq!(room.heard(phone), []);
    assert!(room.is_lost(phone));
}

#[test]
fn five_handshakes_at_once_then_one_every_two_seconds() {
    let mut room = Room::new();
    let attempt = |room: &mut Room| {
        let phone = room.connect(1);
        let established = room.phones[phone].is_established();
        room.hang_up(phone);
        established
    };
    let burst: Vec<bool> = (0..7).map(|_| attempt(&mut room)).collect();
    assert_eq!(burst, [true, true, true, true, true, false, false]);
    room.wait(ms(1_800));
    assert!(!attempt(&mut room));
    room.wait(ms(200));
    assert!(attempt(&mut room));
    assert!(!attempt(&mut room));
}

#[test]
fn a_flood_of_beginnings_never_closes_the_window_of_an_armed_session() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(ms(1));
    for _ in 0..200 {
        let flood = room.dial(9, FRAGMENT);
        room.phones[flood].stalls = true;
        room.settle();
        room.hang_up(flood);
    }
    room.keep_alive(phone);
    assert_eq!(room.heard(phone), [Heard::KeepAlive]);
    room.touch();
    let heard = room.heard(phone);
    assert!(
        matches!(heard[..], [Heard::Touched { contended: 1.. }]),
        "{heard:?}"
    );
}

#[test]
fn a_link_without_message_3_is_dropped_after_ten_seconds() {
    for talks in [false, true] {
        let mut room = Room::new();
        let phone = room.dial(1, FRAGMENT);
        room.phones[phone].stalls = true;
        if talks {
            room.settle();
        }
        // Without message_1 it is only a link; nothing of the phone is delivered.
        let link = room.phones[phone].link;
        let mut now = room.now;
        now += ms(9_999);
        room.device.poll(now);
        assert_eq!(room.device.poll_disconnect(), None);
        room.device.poll(now + ms(1));
        assert_eq!(room.device.poll_disconnect(), Some(link));
    }
}

#[test]
fn there_are_two_link_slots_and_the_third_link_is_refused() {
    let mut room = Room::new();
    let first = room.session(1);
    assert!(room.device.has_free_slot());
    let second = room.session(2);
    assert!(!room.device.has_free_slot());
    let third = room.connect(3);
    assert!(room.is_lost(third));
    assert!(!room.is_lost(first) && !room.is_lost(second));
    room.hang_up(first);
    let third = room.connect(3);
    assert!(room.phones[third].is_established());
}

#[test]
fn one_link_carries_one_handshake() {
    let mut room = Room::new();
    let phone = room.session(1);
    let hello = {
        let other = room.dial(1, FRAGMENT);
        let mut buffer = [0; 512];
        let length = room.phones[other].transmit(&mut buffer).unwrap();
        room.hang_up(other);
        buffer[5..length].to_vec()
    };
    room.phones[phone].send(&hello);
    room.settle();
    room.wait(s(2));
    assert!(room.is_lost(phone));
}

#[test]
fn a_link_id_used_again_is_a_new_link() {
    let mut room = Room::new();
    let phone = room.session(1);
    let link = room.phones[phone].link;
    assert!(room.device.connected(room.now, link, FRAGMENT));
    assert!(room.device.has_free_slot());
    room.device.received(room.now, link, &[1, 2, 3]);
    assert_eq!(room.device.poll_disconnect(), Some(link));
}

#[test]
fn fragments_and_events_of_unknown_links_are_ignored() {
    let mut room = Room::new();
    let link = LinkId(12_345);
    room.device.received(room.now, link, &[1, 2, 3]);
    room.device.disconnected(room.now, link);
    assert_eq!(room.device.poll_transmit(link, &mut [0; 512]), None);
    assert_eq!(room.device.poll_disconnect(), None);
}

#[test]
fn a_device_whose_storage_cannot_be_read_is_locked() {
    let world = crate::support::Handle::new(1);
    world.with(|world| world.fault = crate::support::StorageFault::Unreadable);
    let mut room = Room::with_world(world);
    let phone = room.connect(1);
    assert_eq!(room.heard(phone), [Heard::Refused(DeniedReason::Locked)]);
    assert!(!room.device.advertisement(room.now).unwrap().flags.unowned);
}

#[test]
fn a_session_that_falls_silent_is_dropped_after_two_minutes() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.wait(s(119));
    room.keep_alive(phone);
    room.wait(s(119));
    assert!(!room.is_lost(phone));
    room.wait(s(2));
    assert!(room.is_lost(phone));
}

/// message_3 of an EDHOC message as it should not be, in one fragment; the second of its link.
const NO_MESSAGE_3: [u8; 8] = [0xc0, 1, 0, 0, 3, 0x03, 0x41, 0x00];

/// What the device sends in answer to it, without the fragments' heads.
fn answer_to_no_message_3(room: &mut Room, phone: usize) -> Vec<u8> {
    let link = room.phones[phone].link;
    room.device.received(room.now, link, &NO_MESSAGE_3);
    let mut out = [0; 512];
    let mut answer = Vec::new();
    while let Some(length) = room.device.poll_transmit(link, &mut out) {
        if out[0] & 0x20 == 0 {
            answer.extend_from_slice(&out[5..length]);
        }
    }
    answer
}

fn stalled(room: &mut Room) -> usize {
    let phone = room.dial(1, FRAGMENT);
    room.phones[phone].stalls = true;
    room.settle();
    phone
}

#[test]
fn a_broken_handshake_is_answered_with_an_edhoc_error_in_the_window() {
    let mut room = Room::new();
    let phone = stalled(&mut room);
    assert_eq!(answer_to_no_message_3(&mut room, phone)[0], 0x05);
    assert!(
        room.device.poll_disconnect().is_none(),
        "it was not told yet"
    );
}

#[test]
fn a_handshake_of_the_window_is_answered_nothing_once_it_has_closed() {
    let mut room = Room::new();
    room.wait(s(15 * 60 - 5));
    let phone = stalled(&mut room);
    room.wait(s(6));
    assert!(!room.is_lost(phone));
    assert_eq!(answer_to_no_message_3(&mut room, phone), []);
    assert_eq!(room.device.poll_disconnect(), Some(room.phones[phone].link));
}

#[test]
fn a_dropped_link_is_sent_nothing_that_was_on_its_way() {
    let mut room = Room::new();
    let phone = room.dial(1, 18);
    let link = room.phones[phone].link;
    let mut out = [0; 512];
    while let Some(length) = room.phones[phone].transmit(&mut out) {
        room.device.received(room.now, link, &out[..length]);
    }
    assert!(
        room.device.poll_transmit(link, &mut out).is_some(),
        "message_2 begins"
    );
    room.device.received(room.now, link, &[0xff; 8]);
    assert_eq!(room.device.poll_transmit(link, &mut out), None);
    assert_eq!(room.device.poll_disconnect(), Some(link));
}

/// Twenty KEEPALIVEs in one envelope. The phone hears that they have arrived, and loses every answer.
fn ask(room: &mut Room, phone: usize) {
    let mut envelope = Vec::new();
    for left in (0..20).rev() {
        let one = room.phones[phone].session.keep_alive().unwrap();
        if left > 0 {
            // Another message follows: docs/PROTOCOL.md section 4.
            envelope.extend([one[0] | 0x80, 0, (one.len() - 1) as u8]);
            envelope.extend_from_slice(&one[1..]);
        } else {
            envelope.extend_from_slice(&one);
        }
    }
    room.phones[phone].send(&envelope);
    let link = room.phones[phone].link;
    let mut out = [0; 512];
    while let Some(length) = room.phones[phone].transmit(&mut out) {
        room.device.received(room.now, link, &out[..length]);
    }
    while let Some(length) = room.device.poll_transmit(link, &mut out) {
        if out[0] & 0x20 != 0 {
            room.phones[phone].receive(&out[..length]);
        }
    }
}

#[test]
fn who_asks_and_takes_no_answers_loses_the_link() {
    let mut room = Room::new();
    let phone = room.session(1);
    ask(&mut room, phone);
    ask(&mut room, phone);
    assert_eq!(room.device.poll_disconnect(), None);
    for _ in 0..6 {
        ask(&mut room, phone);
    }
    assert_eq!(room.device.poll_disconnect(), Some(room.phones[phone].link));
}
