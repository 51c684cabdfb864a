//! Turns among several devices, and quiet while the phone speaks: what a phone may ask of the signals, and what it may not.

use std::time::Duration;

use touchstone_device::ports::Signal;
use touchstone_proto::{
    message,
    record::{IdentifyMode, Level, ReleaseReason},
};

use crate::support::*;

/// When the device gave this signal while `each` was done every `step`.
fn given(
    room: &mut Room,
    signal: Signal,
    length: Duration,
    step: Duration,
    mut each: impl FnMut(&mut Room),
) -> Vec<Duration> {
    let end = room.now + length;
    let mut given = Vec::new();
    room.world.signals();
    while room.now < end {
        each(room);
        room.wait(step);
        let count = room.world.signals().into_iter().filter(|s| *s == signal);
        given.extend(count.map(|_| room.now));
    }
    given
}

fn gaps(given: &[Duration]) -> Vec<Duration> {
    given.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn a_turn_gives_the_waiting_signal_at_once_and_the_next_eight_seconds_later() {
    let mut room = Room::new();
    let who = room.armed(1);
    room.wait(s(5));
    room.world.signals();
    room.identify(who, IdentifyMode::Turn);
    assert_eq!(room.world.signals(), [Signal::Waiting]);
    room.wait(ms(7_900));
    assert_eq!(room.world.signals(), []);
    room.wait(ms(200));
    assert_eq!(room.world.signals(), [Signal::Waiting]);
    assert_eq!(room.heard(who), []);
}

#[test]
fn no_phone_can_play_the_waiting_signal_like_counts() {
    let mut room = Room::new();
    let who = room.armed(1);
    let turns = given(&mut room, Signal::Waiting, s(40), ms(100), |room| {
        room.identify(who, IdentifyMode::Turn);
    });
    assert!(turns.len() >= 9);
    assert!(gaps(&turns).iter().all(|gap| *gap >= s(4)), "{turns:?}");
    // Nor by arming again and again.
    let arms = given(&mut room, Signal::Waiting, s(40), ms(100), |room| {
        room.release(who, ReleaseReason::Cancelled);
        room.arm(who);
    });
    // Looked at every 100 ms.
    assert!(gaps(&arms).iter().all(|gap| *gap >= ms(3_900)), "{arms:?}");
}

#[test]
fn only_the_armed_session_has_turns_and_holds() {
    let mut room = Room::new();
    let armed = room.armed(1);
    let other = room.session(2);
    room.wait(s(5));
    room.world.signals();
    room.identify(other, IdentifyMode::Turn);
    assert_eq!(room.world.signals(), []);
    room.wait(ms(2_500));
    room.identify(other, IdentifyMode::Hold);
    room.wait(s(1));
    assert_eq!(room.count(Signal::Waiting), 1);
    room.heard(armed);
    assert_eq!(room.heard(other), []);
}

#[test]
fn a_device_that_waits_for_nothing_gives_no_turn() {
    let mut room = Room::new();
    let who = room.session(1);
    room.identify(who, IdentifyMode::Turn);
    room.identify(who, IdentifyMode::Hold);
    room.wait(s(20));
    assert_eq!(room.world.signals(), []);
    room.arm(who);
    room.touch();
    room.wait(s(5));
    room.world.signals();
    room.identify(who, IdentifyMode::Turn);
    room.wait(s(20));
    assert_eq!(room.world.signals(), []);
}

#[test]
fn while_the_phone_speaks_the_device_keeps_quiet_for_four_seconds() {
    let mut room = Room::new();
    let who = room.armed(1);
    room.wait(ms(5_500));
    room.world.signals();
    room.identify(who, IdentifyMode::Hold);
    room.wait(ms(3_900));
    assert_eq!(room.world.signals(), []);
    room.wait(ms(200));
    assert_eq!(room.world.signals(), [Signal::Waiting]);
}

#[test]
fn a_phone_that_holds_for_ever_cannot_make_the_device_wait_unnoticed() {
    let mut room = Room::new();
    let who = room.armed(1);
    let mut last = room.now;
    let mut second = 0;
    let waiting = given(&mut room, Signal::Waiting, s(600), s(1), |room| {
        room.identify(who, IdentifyMode::Hold);
        second += 1;
        if second % 10 == 0 {
            room.keep_alive(who);
        }
    });
    assert!(waiting.len() >= 59);
    for at in waiting {
        // Looked at once a second.
        assert!(at - last <= s(11), "{:?}", at - last);
        last = at;
    }
}

#[test]
fn arm_and_hold_in_one_envelope_begin_in_silence() {
    let mut room = Room::new();
    let who = room.session(1);
    let phone = &mut room.phones[who];
    let attested = phone.attested.as_ref().unwrap();
    let arm = phone.session.arm(attested, Level::L1, &[9; 16]).unwrap();
    let hold = phone.session.identify(IdentifyMode::Hold).unwrap();
    phone.send(&message::join(&arm, &hold).unwrap());
    room.settle();
    assert!(matches!(room.heard(who)[..], [Heard::Armed { .. }]));
    room.wait(ms(3_900));
    assert_eq!(room.world.signals(), []);
    room.wait(ms(200));
    assert_eq!(room.world.signals(), [Signal::Waiting]);
}

#[test]
fn a_response_pauses_while_the_phone_speaks_and_asking_again_does_not_hurry_it() {
    let mut room = Room::new();
    let who = room.touched(1);
    room.identify(who, IdentifyMode::Respond);
    room.wait(ms(500));
    room.world.signals();
    room.identify(who, IdentifyMode::Hold);
    room.wait(ms(3_900));
    assert_eq!(room.world.signals(), []);
    room.wait(ms(200));
    assert_eq!(room.world.signals(), [Signal::Respond]);
    let asked = given(&mut room, Signal::Respond, s(20), ms(300), |room| {
        room.identify(who, IdentifyMode::Respond);
    });
    assert!(
        gaps(&asked).iter().all(|gap| *gap >= ms(1_800)),
        "{asked:?}"
    );
    // Asked for every 300 ms, it lasted.
    assert!(asked.len() >= 9);
}

#[test]
fn a_response_cannot_be_cut_into_groups_by_holding_it() {
    let mut room = Room::new();
    let who = room.touched(1);
    room.identify(who, IdentifyMode::Respond);
    let given = given(&mut room, Signal::Respond, s(28), ms(500), |room| {
        room.identify(who, IdentifyMode::Hold);
    });
    let long = gaps(&given).into_iter().filter(|gap| *gap > ms(2_600));
    assert!(long.count() <= 1, "{given:?}");
    assert!(given.len() >= 9, "{given:?}");
}
