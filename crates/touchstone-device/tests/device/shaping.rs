//! What a phone can make a device signal, and when: never a pattern of its choice (T4-L2).

use std::time::Duration;

use touchstone_device::ports::{JoinStatus, Signal};
use touchstone_proto::{
    record::{Actuator, DeniedReason, ErrorCode, IdentifyMode, Level, Pace, ReleaseReason},
    sas::Counts,
};

use super::counts::{BEEP, counted, later, listen};
use crate::support::{ADDRESS, Heard, Room, ms, network, s};

/// A stranger's phone that holds an arm or a claim must not be able to make the person's device say three groups of its choice: what it can ask for at will comes
/// further apart than any two groups, or in a run longer than any group.
#[test]
fn no_phone_shapes_a_pattern_out_of_waiting_and_responding() {
    let mut room = Room::new();
    let phone = room.session(1);
    let mut heard = Vec::new();
    let mut record = |room: &mut Room, duration| {
        let began = room.now;
        let signals = listen(room, duration).into_iter();
        heard.extend(signals.map(|(at, signal)| (began + at, signal)));
    };
    for _ in 0..60 {
        room.arm(phone);
        record(&mut room, ms(300));
        room.release(phone, ReleaseReason::Cancelled);
        record(&mut room, ms(300));
    }
    room.arm(phone);
    record(&mut room, s(1));
    room.press(ms(120));
    for at in 0..240 {
        // On, again and off in all kinds of ways.
        let mode = if at % 7 == 6 {
            IdentifyMode::Off
        } else {
            IdentifyMode::Respond
        };
        room.identify(phone, mode);
        record(&mut room, ms(400));
    }
    let times = |wanted: Signal| -> Vec<Duration> {
        let given = heard.iter().filter(|(_, signal)| *signal == wanted);
        given.map(|(at, _)| *at).collect()
    };
    let waiting = times(Signal::Waiting);
    assert!(waiting.len() >= 4, "{heard:?}");
    for pair in waiting.windows(2) {
        assert!(pair[1] - pair[0] >= s(8), "{heard:?}");
    }
    let responses = times(Signal::Respond);
    assert!(responses.len() >= 4, "{heard:?}");
    // Two runs at a phone's pace, then one each half minute: no three groups.
    let gaps: Vec<_> = responses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let off_beat: Vec<_> = gaps
        .iter()
        .filter(|gap| !(s(2)..s(3)).contains(*gap))
        .collect();
    assert!((2..=4).contains(&off_beat.len()), "{heard:?}");
    assert!(
        off_beat.iter().skip(1).all(|gap| **gap >= s(28)),
        "{heard:?}"
    );
}

/// The pause after a response that was stopped twice is of one touch: the next touch is answered at once.
#[test]
fn another_touch_is_responded_to_at_once() {
    let mut room = Room::new();
    let phone = room.touched(1);
    for _ in 0..2 {
        room.identify(phone, IdentifyMode::Respond);
        room.identify(phone, IdentifyMode::Off);
    }
    room.world.signals();
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.count(Signal::Respond), 0);
    room.release(phone, ReleaseReason::Cancelled);
    room.arm(phone);
    room.touch();
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.count(Signal::Respond), 1);
}

/// Somebody who knows the counts already may send credentials and confirm them while they are still played: no chime falls into them.
#[test]
fn a_set_up_that_ends_early_is_not_heard_before_its_counts_are_over() {
    // The same device, session and numbers once more: whoever has heard the counts knows them.
    let mut before = Room::new();
    let phone = before.touched_at_l2(1);
    before.reveal(phone, Actuator::Sound, Pace::Normal);
    let groups = counted(&listen(&mut before, s(60)));
    let counts = Counts::entered(groups.try_into().unwrap()).unwrap();

    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.world.signals();
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    let mut heard = listen(&mut room, ms(4_100));
    // Waits for its turn, and will not get it.
    room.reveal(phone, Actuator::Light, Pace::Normal);
    let (touched, _) = room.phones[phone].session.compare_counts(&counts).unwrap();
    room.phones[phone].touched = Some(touched);
    room.credentials(phone, &network("Home", "correct horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    room.confirm(phone);
    assert!(matches!(
        room.heard(phone).last(),
        Some(Heard::Committed(_))
    ));
    heard.extend(later(listen(&mut room, s(60)), ms(4_100)));
    assert!(
        heard[1..].iter().all(|(_, signal)| *signal == BEEP),
        "{heard:?}"
    );
    assert_eq!(counted(&heard).len(), 3);
}

#[test]
fn a_claim_that_ended_without_a_word_is_not_played_for() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.hang_up(phone);
    let phone = room.session(1);
    room.arm_at(phone, Level::L2);
    room.touch();
    room.forget(phone);
    room.heard(phone);
    room.world.signals();
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    assert_eq!(
        room.heard(phone),
        [Heard::Error(ErrorCode::UnexpectedRecord)]
    );
    room.wait(s(30));
    assert_eq!(room.count(BEEP), 0);
}

/// A touch that cuts the power ends its session, and level L2 with it.
#[test]
fn a_device_touched_by_power_cycle_alone_is_never_armed_at_level_two() {
    let mut room = Room::without_button();
    let phone = room.session(1);
    assert_eq!(room.phones[phone].claims.unwrap().max_level, Level::L1);
    room.arm_at(phone, Level::L2);
    assert_eq!(room.heard(phone), [Heard::Denied(DeniedReason::Level)]);
}

/// And one that has a button besides waits for the button only.
#[test]
fn an_arm_at_level_two_does_not_outlive_the_boot() {
    let mut room = Room::new();
    room.world.with(|world| world.power_cycles = true);
    let phone = room.session(1);
    let awaits = |room: &Room| {
        room.world.with(|world| {
            let stored = world.stored.as_ref();
            stored.is_some_and(|stored| stored.power_cycle.is_some())
        })
    };
    room.arm(phone);
    assert!(awaits(&room));
    room.hang_up(phone);
    let phone = room.session(1);
    assert!(awaits(&room));
    room.arm_at(phone, Level::L2);
    assert!(!awaits(&room));
    room.power_cut();
    room.wait(s(4));
    let again = room.session(1);
    assert_eq!(room.heard(again), []);
}

/// Held back and asked for again, it would come when a phone wants it to.
#[test]
fn a_response_that_is_held_back_comes_no_sooner_when_it_is_asked_for_again() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.identify(phone, IdentifyMode::Respond);
    room.wait(ms(100));
    assert_eq!(room.count(Signal::Respond), 1);
    room.identify(phone, IdentifyMode::Hold);
    room.identify(phone, IdentifyMode::Respond);
    room.world.signals();
    room.wait(ms(3_900));
    assert_eq!(room.count(Signal::Respond), 0);
    room.wait(ms(300));
    assert_eq!(room.count(Signal::Respond), 1);
}
