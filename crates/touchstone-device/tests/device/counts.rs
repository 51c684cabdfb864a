//! Level L2: what is played, to whom, and what ends it.

use std::time::Duration;

use touchstone_device::{
    Identity,
    ports::{JoinStatus, Signal},
};
use touchstone_proto::{
    phone::{Confirmed, TouchMemory},
    record::{
        Actuator, Actuators, DeniedReason, ErrorCode, IdentifyMode, Level, Pace, ReleaseReason,
        ResumedState, Status,
    },
    sas::Counts,
};

use crate::support::{ADDRESS, Heard, Room, identity, ms, network, s};

const COUNTING: [Heard; 1] = [Heard::Status(Status::Counting)];
pub(crate) const BEEP: Signal = Signal::Count(Actuator::Sound);

/// A person with a stopwatch: every signal, and when.
pub(crate) fn listen(room: &mut Room, duration: Duration) -> Vec<(Duration, Signal)> {
    let (began, end) = (room.now, room.now + duration);
    let mut heard = Vec::new();
    loop {
        let now = room.now;
        let signals = room.world.signals();
        heard.extend(signals.into_iter().map(|signal| (now - began, signal)));
        match room.device.poll_timeout() {
            Some(due) if due < end => room.now = due,
            _ => break,
        }
        room.settle();
    }
    room.now = end;
    room.settle();
    heard
}

pub(crate) fn later(heard: Vec<(Duration, Signal)>, by: Duration) -> Vec<(Duration, Signal)> {
    let put_off = heard.into_iter().map(|(at, signal)| (at + by, signal));
    put_off.collect()
}

/// What a person counts: signals more than two seconds apart belong to two groups.
pub(crate) fn counted(heard: &[(Duration, Signal)]) -> Vec<u8> {
    let mut groups: Vec<u8> = Vec::new();
    let mut last = None;
    for (at, _) in heard
        .iter()
        .filter(|(_, signal)| matches!(signal, Signal::Count(_)))
    {
        match (groups.last_mut(), last) {
            (Some(group), Some(last)) if *at < last + s(2) => *group += 1,
            _ => groups.push(1),
        }
        last = Some(*at);
    }
    groups
}

/// Has the counts played, counts them and enters them.
pub(crate) fn count(room: &mut Room, who: usize) -> TouchMemory {
    room.reveal(who, Actuator::Sound, Pace::Normal);
    assert_eq!(room.heard(who), COUNTING);
    let heard = listen(room, s(30));
    let groups: [u8; 3] = counted(&heard).try_into().unwrap();
    let counts = Counts::entered(groups).unwrap();
    let (touched, memory) = room.phones[who].session.compare_counts(&counts).unwrap();
    room.phones[who].touched = Some(touched);
    memory
}

#[test]
fn what_is_played_is_what_the_phone_expects() {
    for owner in 1..=5 {
        let mut room = Room::new();
        let phone = room.touched_at_l2(owner);
        count(&mut room, phone);
        room.credentials(phone, &network("Home", "correct horse"));
        assert_eq!(room.heard(phone)[0], Heard::Status(Status::Accepted));
        room.wifi(JoinStatus::Joined { address: ADDRESS });
        room.heard(phone);
        room.confirm(phone);
        assert!(matches!(room.heard(phone)[..], [Heard::Committed(_)]));
    }
}

#[test]
fn the_counts_are_played_on_the_actuator_and_at_the_pace_asked_for_and_again_from_the_beginning() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    let mut all = Vec::new();
    for (signal, pace, step) in [
        (Actuator::Sound, Pace::Normal, 600),
        (Actuator::Light, Pace::Slow, 900),
        (Actuator::Sound, Pace::Slower, 1_300),
    ] {
        room.world.signals();
        room.reveal(phone, signal, pace);
        assert_eq!(room.heard(phone), COUNTING);
        let heard = listen(&mut room, s(60));
        assert_eq!(heard[0], (ms(1_500), Signal::CountStart(signal)));
        assert!(
            heard[1..]
                .iter()
                .all(|(_, given)| *given == Signal::Count(signal)),
            "{heard:?}"
        );
        let groups = counted(&heard);
        if groups[0] > 1 {
            assert_eq!(heard[2].0 - heard[1].0, ms(step));
        }
        all.push(groups);
    }
    assert_eq!(all[0].len(), 3);
    assert!(all.iter().all(|groups| *groups == all[0]), "{all:?}");
}

/// With another beginning, an attacker's phone could cut each group where it likes.
#[test]
fn a_repeat_while_counts_are_played_waits_for_their_end() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.world.signals();
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    let mut heard = listen(&mut room, ms(4_100));
    assert_eq!(heard[0], (ms(1_500), Signal::CountStart(Actuator::Sound)));
    assert_eq!(heard[1], (s(4), BEEP));
    room.reveal(phone, Actuator::Light, Pace::Normal);
    heard.extend(later(listen(&mut room, s(80)), ms(4_100)));
    let again = heard
        .iter()
        .position(|(_, signal)| *signal == Signal::CountStart(Actuator::Light))
        .unwrap();
    let (first, second) = heard.split_at(again);
    assert!(first[1..].iter().all(|(_, signal)| *signal == BEEP));
    assert_eq!(counted(first).len(), 3);
    assert_eq!(counted(first), counted(second));
}

/// R24.
#[test]
fn nothing_else_sounds_between_touch_and_credentials_but_what_is_counted() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    assert_eq!(room.world.signals().last(), Some(&Signal::TouchAck));
    assert_eq!(listen(&mut room, s(40)), []);
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    // Tremor.
    room.press(ms(120));
    room.press(ms(120));
    let heard = listen(&mut room, s(60));
    assert!(
        heard[1..].iter().all(|(_, signal)| *signal == BEEP),
        "{heard:?}"
    );
    assert_eq!(counted(&heard).len(), 3);
}

#[test]
fn a_device_that_helps_with_a_reset_does_not_go_on_counting() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.reveal(phone, Actuator::Sound, Pace::Slower);
    room.hold(true);
    room.wait(s(4));
    assert!(room.count(Signal::Help) > 0);
    room.world.signals();
    room.hold(false);
    room.wait(s(60));
    assert_eq!(room.count(BEEP), 0);
    // Unless it was reset, it may be asked to play them again.
    room.heard(phone);
    count(&mut room, phone);
}

#[test]
fn the_response_is_refused_while_counts_are_what_is_waited_for() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    // The phone's own session would not ask: this one holds an L1 touch of its own accord.
    count(&mut room, phone);
    room.world.signals();
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), [Heard::Status(Status::RespondRefused)]);
    assert_eq!(listen(&mut room, s(10)), []);
    room.credentials(phone, &network("Home", "correct horse"));
    room.heard(phone);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), [Heard::Status(Status::Responding)]);
}

/// Rule R-e: the only signal while others are about.
#[test]
fn counts_are_played_while_others_are_about() {
    let mut room = Room::new();
    let other = room.session(2);
    room.hang_up(other);
    let phone = room.session(1);
    room.arm_at(phone, Level::L2);
    room.touch();
    assert!(
        room.heard(phone)
            .contains(&Heard::TouchedToCount { contended: 1 })
    );
    room.session(3);
    count(&mut room, phone);
    room.credentials(phone, &network("Home", "correct horse"));
    assert_eq!(room.heard(phone)[0], Heard::Status(Status::Accepted));
}

type End = fn(&mut Room, usize);
const ENDS: [(&str, End); 5] = [
    ("RELEASE", |room, phone| {
        room.release(phone, ReleaseReason::NotMyDevice);
    }),
    ("RELEASE, ARM and RELEASE", |room, phone| {
        room.release(phone, ReleaseReason::NotMyDevice);
        room.arm_at(phone, Level::L2);
        room.release(phone, ReleaseReason::NotMyDevice);
    }),
    ("IDENTIFY{off}", |room, phone| {
        room.identify(phone, IdentifyMode::Off);
    }),
    ("the link", |room, phone| room.hang_up(phone)),
    ("a record out of place", |room, phone| room.forget(phone)),
];

#[test]
fn whatever_ends_the_claim_gives_up_counts_that_have_not_begun() {
    for (name, end) in ENDS {
        let mut room = Room::new();
        let phone = room.touched_at_l2(1);
        room.world.signals();
        room.reveal(phone, Actuator::Sound, Pace::Slower);
        room.wait(ms(1_400));
        end(&mut room, phone);
        let heard = listen(&mut room, s(60));
        assert!(
            heard.iter().all(|(_, signal)| *signal == Signal::Off),
            "{name}: {heard:?}"
        );
    }
}

/// Cut in the last group, what is left would match more than one time in 216.
#[test]
fn a_phone_cannot_cut_or_drown_counts_that_have_begun() {
    for (name, end) in ENDS {
        let mut room = Room::new();
        let phone = room.touched_at_l2(1);
        room.world.signals();
        room.reveal(phone, Actuator::Sound, Pace::Normal);
        let mut heard = listen(&mut room, ms(4_100));
        assert_eq!(heard.last(), Some(&(s(4), BEEP)), "{name}");
        end(&mut room, phone);
        heard.extend(later(listen(&mut room, s(60)), ms(4_100)));
        assert!(
            heard[1..].iter().all(|(_, signal)| *signal == BEEP),
            "{name}: {heard:?}"
        );
        assert_eq!(counted(&heard).len(), 3, "{name}");
    }
}

/// Armed again at once, it waits for its touch as quietly.
#[test]
fn the_waiting_signal_is_given_when_the_counts_and_the_quiet_after_them_are_over() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.world.signals();
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    room.wait(s(4));
    room.release(phone, ReleaseReason::NotMyDevice);
    room.arm_at(phone, Level::L2);
    let heard = listen(&mut room, s(60));
    let waiting = heard
        .iter()
        .position(|(_, signal)| *signal == Signal::Waiting)
        .unwrap();
    let (counts, rest) = heard.split_at(waiting);
    assert!(counts[1..].iter().all(|(_, signal)| *signal == BEEP));
    assert_eq!(counted(counts).len(), 3);
    assert_eq!(rest[0].0, counts[counts.len() - 1].0 + s(4));
}

#[test]
fn credentials_end_the_counts() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    count(&mut room, phone);
    // Counts that are still played when the person has finished entering them cannot be asked for any more; a peer without rules may do so.
    assert!(
        room.phones[phone]
            .session
            .reveal(Actuator::Sound, Pace::Normal)
            .is_err()
    );
    room.credentials(phone, &network("Home", "correct horse"));
    room.world.signals();
    room.wait(s(60));
    assert_eq!(room.count(BEEP), 0);
}

/// R23, and "L2 never survives a link".
#[test]
fn a_lost_link_ends_an_l2_touch_and_an_l2_arm() {
    // Before the touch.
    let mut room = Room::new();
    let phone = room.session(1);
    room.arm_at(phone, Level::L2);
    room.hang_up(phone);
    room.world.signals();
    room.wait(s(30));
    assert_eq!(room.count(Signal::Waiting), 0);
    room.touch();
    assert_eq!(room.count(Signal::TouchAck), 0);
    let again = room.session(1);
    assert_eq!(room.heard(again), [], "no claim to tell of");

    // After it, at every stage before credentials.
    let stages: [fn(&mut Room, usize); 3] = [
        |_, _| {},
        |room, phone| room.reveal(phone, Actuator::Sound, Pace::Normal),
        |room, phone| {
            count(room, phone);
        },
    ];
    for stage in stages {
        let mut room = Room::new();
        let phone = room.touched_at_l2(1);
        stage(&mut room, phone);
        room.hang_up(phone);
        let again = room.session(1);
        assert_eq!(room.heard(again), [], "no claim to tell of");
        assert!(!room.device.advertisement(room.now).unwrap().flags.touched);
        // Another touch is needed, and counts as any other.
        room.arm_at(again, Level::L2);
        room.touch();
        room.heard(again);
        count(&mut room, again);
    }
}

/// The same owner key on a new link, while the device still takes the old one for alive.
#[test]
fn a_link_that_displaces_the_one_touched_on_gets_nothing_of_an_l2_touch() {
    let mut room = Room::new();
    let old = room.touched_at_l2(1);
    let new = room.session(1);
    assert!(room.is_lost(old));
    assert_eq!(room.heard(new), []);
    assert!(!room.device.advertisement(room.now).unwrap().flags.touched);
}

/// The counts were right and the credentials are there: what is left is delivery.
#[test]
fn accepted_credentials_survive_a_lost_link_at_l2_too() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    let memory = count(&mut room, phone);
    room.credentials(phone, &network("Home", "wrong password"));
    room.wifi(JoinStatus::WrongPassword);
    room.hang_up(phone);
    let again = room.session(1);
    let heard = room.heard(again);
    let [
        Heard::Resumed(resumed),
        Heard::Status(Status::WrongPassword),
    ] = heard[..]
    else {
        panic!("{heard:?}")
    };
    assert_eq!(resumed.level, Level::L2);
    assert_eq!(resumed.state, ResumedState::JoinFailed);
    room.phones[again].resume(&memory, &resumed);
    let (attested, touched) = (
        room.phones[again].attested.take().unwrap(),
        room.phones[again].touched.take().unwrap(),
    );
    let cred = room.phones[again]
        .session
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &network("Home", "correct horse"),
        )
        .unwrap();
    room.phones[again].send(&cred);
    room.settle();
    assert_eq!(room.heard(again)[0], Heard::Status(Status::Accepted));
}

#[test]
fn l1_is_not_touched_by_any_of_this() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.hang_up(phone);
    let again = room.session(1);
    assert!(matches!(room.heard(again)[..], [Heard::Resumed(_)]));
}

#[test]
fn a_device_that_cannot_do_l2_says_so() {
    let without = |change: fn(&mut Identity)| {
        let mut identity = identity(1);
        change(&mut identity);
        identity
    };
    for identity in [
        without(|identity| identity.max_level = Level::L1),
        without(|identity| identity.actuators = Actuators::default()),
    ] {
        let mut room = Room::with_identity(identity);
        let advert = room.device.advertisement(room.now).unwrap();
        assert!(!advert.flags.l2_capable);
        let phone = room.session(1);
        assert_eq!(room.phones[phone].claims.unwrap().max_level, Level::L1);
        room.arm_at(phone, Level::L2);
        assert_eq!(room.heard(phone), [Heard::Denied(DeniedReason::Level)]);
        room.touch();
        assert_eq!(room.heard(phone), []);
    }
    assert!(
        Room::new()
            .device
            .advertisement(s(1_000))
            .unwrap()
            .flags
            .l2_capable
    );
}

#[test]
fn a_mismatch_is_released_and_needs_another_touch() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    let groups: [u8; 3] = counted(&listen(&mut room, s(30))).try_into().unwrap();
    room.heard(phone);
    let others = groups.map(|count| count % 6 + 1);
    let wrong = Counts::entered(others).unwrap();
    assert!(room.phones[phone].session.compare_counts(&wrong).is_err());
    room.release(phone, ReleaseReason::NotMyDevice);
    assert_eq!(room.heard(phone), [Heard::Released]);
    room.arm_at(phone, Level::L2);
    room.wait(s(20));
    assert!(matches!(room.heard(phone)[..], [Heard::Armed { .. }]));
    room.touch();
    assert_eq!(room.heard(phone), [Heard::TouchedToCount { contended: 0 }]);
    count(&mut room, phone);
}

#[test]
fn a_session_told_of_its_mistake_gets_no_counts() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.forget(phone);
    assert_eq!(
        room.heard(phone),
        [Heard::Error(ErrorCode::UnexpectedRecord)]
    );
    assert!(!room.device.advertisement(room.now).unwrap().flags.touched);
    room.world.signals();
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    assert!(room.is_lost(phone));
    room.wait(s(30));
    assert_eq!(room.count(BEEP), 0);
}

#[test]
fn keep_alive_goes_on_while_counts_are_played() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.reveal(phone, Actuator::Sound, Pace::Slower);
    room.heard(phone);
    room.world.signals();
    room.keep_alive(phone);
    assert_eq!(room.heard(phone), [Heard::KeepAlive]);
    let heard = listen(&mut room, s(60));
    assert_eq!(counted(&heard).len(), 3);
}

#[test]
fn an_arm_made_while_counts_are_played_waits_audibly_as_soon_as_they_are_over() {
    let mut room = Room::new();
    let phone = room.touched_at_l2(1);
    room.reveal(phone, Actuator::Sound, Pace::Normal);
    assert_eq!(room.heard(phone), COUNTING);
    room.wait(s(2));
    room.release(phone, ReleaseReason::Cancelled);
    room.arm_at(phone, Level::L2);
    room.world.signals();
    let heard = listen(&mut room, s(40));
    let over = heard.iter().rfind(|(_, signal)| *signal == BEEP).unwrap().0;
    let waits = heard.iter().find(|(_, signal)| *signal == Signal::Waiting);
    assert_eq!(waits.unwrap().0, over + s(4), "{heard:?}");
}
