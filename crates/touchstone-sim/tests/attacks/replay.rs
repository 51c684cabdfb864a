//! What was recorded is played again (T7, R9).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use touchstone::{Outcome, ports::Radio};
use touchstone_device::ports::Signal;
use touchstone_proto::{phone::Event, record::ReleaseReason};
use touchstone_sim::{
    BareSession, Peripheral, Room, Unit,
    air::{Direction, LinkNumber},
};

use crate::support::*;

/// A whole set-up by hand; the lamp is reset afterwards, by the person.
fn recorded(room: &Room, lamp: &Unit) -> Vec<Flown> {
    room.world.block_on(async {
        let mut phone = BareSession::open(&room.phone, lamp, None).await.unwrap();
        phone.arm([7; 16]).await.unwrap();
        let touch = lamp.clone();
        room.world.after(s(2), move |_| touch.touch());
        let touched = phone.touched().await.unwrap();
        phone.respond().await.unwrap();
        phone.deliver(touched, &network("Home")).await.unwrap();
        phone.close().await;
    });
    let flown = envelopes(&room.world.log());
    lamp.hold(s(11));
    room.world.run_for(s(15));
    assert!(!lamp.is_owned());
    flown
}

#[test]
fn t7_a_recorded_session_of_the_phone_moves_nothing_when_played_again() {
    let (room, lamp) = room_with_lamp(41);
    let flown = recorded(&room, &lamp);
    let (joins, signals) = (lamp.joins().len(), lamp.signals().len());
    let stranger = room.another_phone(STRANGER);
    room.world.block_on(async {
        for _ in 0..3 {
            let mut link = stranger.radio.connect(&lamp.address()).await.unwrap();
            let up = flown
                .iter()
                .filter(|flown| flown.direction == Direction::Up);
            for (sequence, flown) in (0..).zip(up) {
                if link.send(&fragment(sequence, &flown.bytes)).await.is_err() {
                    break;
                }
            }
            link.close().await;
        }
    });
    // The touch that the recording would need.
    lamp.touch();
    room.world.run_for(s(30));
    assert_eq!(lamp.joins().len(), joins);
    assert!(!lamp.is_owned());
    assert!(
        lamp.signals()[signals..]
            .iter()
            .all(|(_, signal)| !matches!(
                signal,
                Signal::Waiting | Signal::Respond | Signal::Chime
            ))
    );
    assert_works_again(&room, &lamp);
}

/// Answers as a device once did.
struct Parrot {
    lines: Vec<Vec<u8>>,
    advert: Vec<u8>,
    said: Arc<Mutex<usize>>,
    waiting: Vec<(LinkNumber, Vec<u8>)>,
    sequence: u8,
}

impl Peripheral for Parrot {
    fn connected(&mut self, _now: Duration, _link: LinkNumber, _size: usize) -> bool {
        self.sequence = 0;
        true
    }
    fn disconnected(&mut self, _now: Duration, _link: LinkNumber) {
        self.waiting.clear();
    }
    fn received(&mut self, _now: Duration, link: LinkNumber, bytes: &[u8]) {
        if bytes[0] & 0x40 == 0 {
            return;
        }
        if let Some(line) = self.lines.get(usize::from(self.sequence)) {
            self.waiting.push((link, fragment(self.sequence, line)));
            self.sequence += 1;
            *self.said.lock().unwrap() += 1;
        }
    }
    fn poll(&mut self, _now: Duration) {}
    fn poll_timeout(&self) -> Option<Duration> {
        None
    }
    fn poll_transmit(&mut self, link: LinkNumber, out: &mut [u8]) -> Option<usize> {
        let index = self.waiting.iter().position(|(to, _)| *to == link)?;
        let (_, bytes) = self.waiting.remove(index);
        out[..bytes.len()].copy_from_slice(&bytes);
        Some(bytes.len())
    }
    fn poll_disconnect(&mut self) -> Option<LinkNumber> {
        None
    }
    fn service_data(&self, _now: Duration) -> Option<Vec<u8>> {
        Some(self.advert.clone())
    }
    fn power(&mut self, _now: Duration, _on: bool) {}
}

#[test]
fn t7_a_recorded_session_of_the_device_moves_no_phone() {
    let (room, lamp) = room_with_lamp(42);
    room.world.set_air(touchstone_sim::air::Settings {
        mtu: 517,
        ..Default::default()
    });
    let flown = recorded(&room, &lamp);
    let lines: Vec<Vec<u8>> = flown
        .iter()
        // The largest are the list of networks; they are not needed to be believed.
        .filter(|flown| flown.direction == Direction::Down && flown.bytes.len() <= 507)
        .map(|flown| flown.bytes.clone())
        .collect();
    room.world.set_reach(lamp.id(), Some(Vec::new()));
    let said = Arc::new(Mutex::new(0));
    let _parrot = room.world.add(
        Parrot {
            lines,
            advert: vec![1, 0x03, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            said: said.clone(),
            waiting: Vec::new(),
            sequence: 0,
        },
        -40,
    );
    let before = room.world.log().summary().credential_records();
    let told = try_for(&room, honest(&lamp), s(60));
    assert!(*said.lock().unwrap() > 0, "the parrot was not asked");
    assert!(!told.asks_for_a_touch());
    assert_eq!(room.world.log().summary().credential_records(), before);
}

#[test]
fn t7_a_touch_of_an_earlier_session_is_not_a_touch_in_this_one() {
    let (room, lamp) = room_with_lamp(43);
    let flown = recorded(&room, &lamp);
    let touch = flown
        .iter()
        .find(|flown| flown.direction == Direction::Down && flown.is_record(80))
        .unwrap()
        .bytes
        .clone();
    let joins = lamp.joins().len();
    room.world.block_on(async {
        let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        phone.arm([8; 16]).await.unwrap();
        let log = room.world.log();
        let link = log.entries().last().unwrap().link;
        let sequence = next_sequence(&log, link, Direction::Down);
        room.world
            .inject(link, Direction::Down, &fragment(sequence, &touch));
        let outcome = phone.touched().await;
        assert!(outcome.is_err(), "a replayed touch was believed");
    });
    assert_eq!(lamp.joins().len(), joins);
}

#[test]
fn r9_what_one_session_sealed_no_later_session_opens() {
    let (room, lamp) = room_with_lamp(44);
    let flown = recorded(&room, &lamp);
    let credentials = flown
        .iter()
        .find(|flown| flown.direction == Direction::Up && flown.is_record(192))
        .unwrap()
        .bytes
        .clone();
    let joins = lamp.joins().len();
    room.world.block_on(async {
        // The same phone, the same owner key, the same device; touched, so that credentials would be taken.
        let mut phone = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        phone.arm([9; 16]).await.unwrap();
        let touch = lamp.clone();
        room.world.after(s(2), move |_| touch.touch());
        let _touched = phone.touched().await.unwrap();
        phone.tell(&credentials).await.unwrap();
        let answer = phone
            .wait(|event| matches!(event, Event::Status(_)).then_some(()))
            .await;
        assert!(answer.is_err() || lamp.joins().len() == joins);
        let _ = phone.release(ReleaseReason::Failed).await;
    });
    assert_eq!(lamp.joins().len(), joins, "old credentials were tried");
    assert_eq!(
        try_for(&room, honest(&lamp), s(300)).outcome(),
        Outcome::Connected
    );
}
