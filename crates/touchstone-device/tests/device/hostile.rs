//! Nothing that a peer sends makes the device panic or forget its rules.

use proptest::prelude::*;
use touchstone_device::{LinkId, ports::JoinStatus};
use touchstone_proto::record::{IdentifyMode, Level, ReleaseReason};

use crate::support::{ADDRESS, FRAGMENT, Heard, Room, ms, network, s};

#[derive(Clone, Debug)]
enum Act {
    Fragment(Vec<u8>),
    Envelope(Vec<u8>),
    Flip { byte: usize, bit: u8 },
    Wait(u16),
    Press(u16),
    Connect(u32),
    Disconnect(u32),
    Join(u8),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Act::Fragment),
        4 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Act::Envelope),
        2 => (0_usize..600, 0_u8..8).prop_map(|(byte, bit)| Act::Flip { byte, bit }),
        1 => any::<u16>().prop_map(Act::Wait),
        1 => (0_u16..12_000).prop_map(Act::Press),
        1 => (0_u32..4).prop_map(Act::Connect),
        1 => (0_u32..4).prop_map(Act::Disconnect),
        1 => (0_u8..7).prop_map(Act::Join),
    ]
}

fn act(room: &mut Room, act: Act) {
    match act {
        Act::Fragment(bytes) => {
            for link in 0..4 {
                room.device.received(room.now, LinkId(link), &bytes);
            }
        }
        // A well-formed fragment, so that what is inside is looked at.
        Act::Envelope(bytes) => {
            for seq in 0..4 {
                let mut fragment = vec![0xc0, seq, 0, 0, bytes.len() as u8];
                fragment.extend(&bytes);
                room.device.received(room.now, LinkId(1), &fragment);
            }
        }
        Act::Flip { byte, bit } => flipped(room, byte, bit),
        Act::Wait(time) => room.wait(ms(time.into())),
        Act::Press(time) => room.press(ms(time.into())),
        Act::Connect(link) => {
            let _ = room.device.connected(room.now, LinkId(link), FRAGMENT);
        }
        Act::Disconnect(link) => room.device.disconnected(room.now, LinkId(link)),
        Act::Join(join) => room.wifi(match join {
            0 => JoinStatus::Idle,
            1 => JoinStatus::Connecting,
            2 => JoinStatus::WrongPassword,
            3 => JoinStatus::NetworkNotFound,
            4 => JoinStatus::DhcpFailed,
            5 => JoinStatus::NoInternet,
            _ => JoinStatus::Joined { address: ADDRESS },
        }),
    }
    let mut buffer = [0; 512];
    for link in 0..4 {
        while room
            .device
            .poll_transmit(LinkId(link), &mut buffer)
            .is_some()
        {}
    }
}

/// A whole handshake in which one bit of what the phone sends is wrong.
fn flipped(room: &mut Room, byte: usize, bit: u8) {
    let phone = room.dial(3, FRAGMENT);
    let mut buffer = [0; 512];
    let mut sent = 0;
    loop {
        let link = room.phones[phone].link;
        let mut moved = false;
        while let Some(length) = room.phones[phone].transmit(&mut buffer) {
            moved = true;
            if (sent..sent + length).contains(&byte) {
                buffer[byte - sent] ^= 1 << bit;
            }
            sent += length;
            room.device.received(room.now, link, &buffer[..length]);
        }
        // What the device answers to a damaged fragment is not the phone's business here.
        let damaged = byte < sent;
        while let Some(length) = room.device.poll_transmit(link, &mut buffer) {
            moved = true;
            if !damaged {
                room.phones[phone].receive(&buffer[..length]);
            }
        }
        if !moved {
            break;
        }
    }
    room.device.disconnected(room.now, room.phones[phone].link);
    room.phones[phone].lost = true;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_bytes_and_bad_luck_never_panic(script in prop::collection::vec(acts(), 1..30)) {
        let mut room = Room::new();
        for step in script {
            act(&mut room, step);
        }
        // Nothing was entrusted to it, so nothing is stored but, perhaps, a reset.
        prop_assert_eq!(room.stored_ssid(), None);
        prop_assert!(room.world.with(|world| world.joins.is_empty()));
    }

    #[test]
    fn an_armed_session_survives_what_others_send(
        fragments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..40)
    ) {
        let mut room = Room::new();
        let phone = room.armed(1);
        for bytes in fragments {
            let link = LinkId(77);
            let _ = room.device.connected(room.now, link, FRAGMENT);
            room.device.received(room.now, link, &bytes);
            room.device.disconnected(room.now, link);
            while room.device.poll_disconnect().is_some() {}
        }
        room.touch();
        let heard = room.heard(phone);
        prop_assert!(matches!(heard[..], [Heard::Touched { .. }]), "{:?}", heard);
    }
}

/// Every record in every state: whatever the answer is, the device goes on, and nothing is stored without a touch.
#[test]
fn every_record_in_every_state_leaves_a_working_device() {
    type Step = fn(&mut Room) -> usize;
    let states: [Step; 6] = [
        |room| room.session(1),
        |room| room.armed(1),
        |room| room.touched(1),
        |room| room.joined(1),
        |room| room.owned(1),
        |room| {
            room.armed(2);
            let phone = room.session(1);
            room.arm(phone);
            phone
        },
    ];
    type Record = fn(&mut Room, usize);
    let records: [Record; 9] = [
        |room, phone| room.identify(phone, IdentifyMode::Off),
        |room, phone| room.identify(phone, IdentifyMode::Respond),
        |room, phone| room.keep_alive(phone),
        |room, phone| room.rescan(phone),
        |room, phone| room.forget(phone),
        |room, phone| room.release(phone, ReleaseReason::Failed),
        |room, phone| {
            let peer = &mut room.phones[phone];
            let Some(attested) = peer.attested.take() else {
                return;
            };
            if let Ok(envelope) = peer.session.arm(&attested, Level::L1, &[1; 16]) {
                peer.send(&envelope);
                room.settle();
            }
        },
        |room, phone| {
            let garden = network("Garden", "another horse");
            if let Ok(envelope) = room.phones[phone].session.correct_credentials(&garden) {
                room.phones[phone].send(&envelope);
                room.settle();
            }
        },
        |room, phone| {
            if let Ok(envelope) = room.phones[phone].session.confirm() {
                room.phones[phone].send(&envelope);
                room.settle();
            }
        },
    ];
    for (number, state) in states.iter().enumerate() {
        for record in records {
            let mut room = Room::new();
            let phone = state(&mut room);
            record(&mut room, phone);
            room.hang_up(phone);
            room.press(s(10));
            room.wait(s(10));
            let after = room.armed(7);
            room.touch();
            let heard = room.heard(after);
            assert!(
                matches!(heard[..], [Heard::Touched { .. }]),
                "state {number}: {heard:?}"
            );
        }
    }
}
