//! The hybrid suite at the device: whom it answers, and at what price.

use touchstone_device::{Identity, LinkId, Suites};
use touchstone_proto::{
    device::MAX_HYBRID_LEAF,
    frame::Framer,
    phone::{CredentialForm, Session},
};

use crate::support::{FRAGMENT, Room, identity, s};

const MESSAGE_2: u8 = 0x02;
const EDHOC_ERROR: u8 = 0x05;

fn with_hybrid() -> Room {
    Room::with_identity(Identity {
        suites: Suites::WithHybrid,
        ..identity(1)
    })
}

/// The envelope with message_1 of a phone that wants the hybrid suite.
fn hello(number: u8) -> Vec<u8> {
    let form = CredentialForm::ByValue;
    let (_, hello) = Session::start_hybrid(form, 1, &[number; 32], &[number; 64], 7).unwrap();
    hello.to_vec()
}

/// The same of one that was refused it.
fn second_hello(number: u8) -> Vec<u8> {
    let form = CredentialForm::ByValue;
    let (_, hello) = Session::start_after_refusal(form, 1, &[number; 32], 7).unwrap();
    hello.to_vec()
}

/// One link, without a phone that knows what to do with it.
struct Link {
    id: LinkId,
    framer: Framer,
}

impl Link {
    fn new(room: &mut Room, number: u32) -> Self {
        let id = LinkId(1000 + number);
        assert!(room.device.connected(room.now, id, FRAGMENT));
        Self {
            id,
            framer: Framer::new(FRAGMENT),
        }
    }

    /// What the device answers to this; `None` if it drops the link.
    fn ask(&mut self, room: &mut Room, envelope: &[u8]) -> Option<Vec<u8>> {
        self.framer.send(envelope).unwrap();
        let mut buffer = [0; 512];
        let mut answer = None;
        loop {
            let mut moved = false;
            while let Some(length) = self.framer.poll_transmit(&mut buffer) {
                room.device.received(room.now, self.id, &buffer[..length]);
                moved = true;
            }
            while let Some(length) = room.device.poll_transmit(self.id, &mut buffer) {
                let received = self.framer.receive(&buffer[..length]).unwrap();
                answer = received.map(<[u8]>::to_vec).or(answer);
                moved = true;
            }
            if !moved {
                return answer;
            }
        }
    }

    fn is_dropped(&self, room: &mut Room) -> bool {
        room.device.poll_disconnect() == Some(self.id)
    }
}

#[test]
fn a_phone_that_wants_the_hybrid_suite_gets_it_where_it_was_built_in_and_wanted() {
    let mut room = with_hybrid();
    let mut link = Link::new(&mut room, 1);
    let message_2 = link.ask(&mut room, &hello(1)).unwrap();
    assert_eq!(message_2[0], MESSAGE_2);
    assert!(message_2.len() > 1120 + 300, "{}", message_2.len());
    // And everybody else what they always got.
    room.session(2);
}

#[test]
fn a_device_without_it_says_so_and_takes_another_message_1_on_the_same_link() {
    let mut room = Room::new();
    let mut link = Link::new(&mut room, 1);
    assert_eq!(
        link.ask(&mut room, &hello(1)).unwrap(),
        [EDHOC_ERROR, 0x02, 0x03]
    );
    let message_2 = link.ask(&mut room, &second_hello(1)).unwrap();
    assert_eq!(message_2[0], MESSAGE_2);
    assert!(message_2.len() < 600, "{}", message_2.len());
    assert!(!link.is_dropped(&mut room));
}

/// T8.
#[test]
fn a_device_that_has_it_takes_no_less_from_a_phone_that_names_it() {
    let mut room = with_hybrid();
    let mut link = Link::new(&mut room, 1);
    let refusal = [EDHOC_ERROR, 0x02, 0x82, 0x34, 0x03];
    assert_eq!(link.ask(&mut room, &second_hello(1)).unwrap(), refusal);
    assert_eq!(link.ask(&mut room, &hello(1)).unwrap()[0], MESSAGE_2);
}

#[test]
fn each_refused_message_1_costs_a_token_and_the_link_its_ten_seconds() {
    let mut room = Room::new();
    let mut link = Link::new(&mut room, 1);
    for _ in 0..5 {
        assert_eq!(link.ask(&mut room, &hello(1)).unwrap()[0], EDHOC_ERROR);
    }
    assert_eq!(link.ask(&mut room, &hello(1)), None);
    assert!(link.is_dropped(&mut room));

    room.wait(s(20));
    let mut link = Link::new(&mut room, 2);
    room.wait(s(9));
    assert_eq!(link.ask(&mut room, &hello(1)).unwrap()[0], EDHOC_ERROR);
    room.now += s(2);
    room.device.poll(room.now);
    assert!(link.is_dropped(&mut room));
}

/// A message_1 beyond the bucket is not even read: no key is expanded, nothing is drawn.
#[test]
fn the_bucket_is_asked_before_anything_is_computed() {
    let mut room = with_hybrid();
    for number in 0..5 {
        let mut link = Link::new(&mut room, number);
        assert!(link.ask(&mut room, &hello(1)).is_some());
        room.device.disconnected(room.now, link.id);
    }
    let drawn = room.world.with(|world| world.random);
    let signed = room.signatures();
    let mut beyond_the_modulus = hello(1);
    beyond_the_modulus[3 + 5 + 32..][..3].fill(0xff);
    for (number, hello) in [(6, hello(1)), (7, beyond_the_modulus)] {
        let mut link = Link::new(&mut room, number);
        assert_eq!(link.ask(&mut room, &hello), None);
        assert!(link.is_dropped(&mut room));
    }
    assert_eq!(room.world.with(|world| world.random), drawn);
    assert_eq!(room.signatures(), signed);
}

#[test]
fn a_key_that_is_none_costs_the_link_and_nothing_is_drawn_for_it() {
    let mut room = with_hybrid();
    let drawn = room.world.with(|world| world.random);
    let mut bad = hello(1);
    bad[3 + 5 + 32..][..3].fill(0xff);
    let mut link = Link::new(&mut room, 1);
    assert_eq!(
        link.ask(&mut room, &bad).unwrap(),
        [EDHOC_ERROR, 0x01, 0x60]
    );
    assert_eq!(link.ask(&mut room, &hello(1)), None);
    assert_eq!(room.world.with(|world| world.random), drawn);
}

#[test]
fn a_device_whose_leaf_leaves_no_room_for_it_does_without() {
    for (length, suites) in [
        (MAX_HYBRID_LEAF, Suites::WithHybrid),
        (MAX_HYBRID_LEAF + 1, Suites::Classical),
    ] {
        let identity = Identity {
            suites: Suites::WithHybrid,
            leaf: std::iter::repeat_n(0x30, length).collect(),
            ..identity(1)
        };
        assert_eq!(identity.suites(), suites);
        let mut room = Room::with_identity(identity);
        let mut link = Link::new(&mut room, 1);
        let answer = link.ask(&mut room, &hello(1)).unwrap();
        if suites == Suites::WithHybrid {
            assert_eq!(answer.len(), 2048);
        } else {
            assert_eq!(answer, [EDHOC_ERROR, 0x02, 0x03]);
        }
    }
}
