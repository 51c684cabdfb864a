//! Other phones: early ones, evil ones, and the person's own, killed (T5, T9, R20, R21, R22).

use std::sync::Arc;

use touchstone::Outcome;
use touchstone_flow::Step;
use touchstone_proto::record::{DeniedReason, ReleaseReason};
use touchstone_sim::{
    AtStop, BareError, BareSession, Nobody, Unit,
    air::{
        Direction,
        fault::{At, Effect, Fault},
    },
    scenarios,
};

use crate::support::*;

#[test]
fn t5_when_a_stranger_was_first_the_person_is_told_and_sends_nothing() {
    let result = scenarios::run("early-phone", 1, Arc::new(Nobody)).unwrap();
    assert_eq!(result.report.outcome, Outcome::Busy);
    assert_eq!(result.own_log().summary().credential_records(), 0);
    let (_, last) = result.screens.last().unwrap();
    assert!(matches!(last.step, Step::Busy), "{last:?}");
}

#[test]
fn t5_a_touch_taken_by_a_stranger_is_noticed_and_undone_by_a_reset() {
    let (room, lamp) = room_with_lamp(101);
    let stranger = room.another_phone(STRANGER);
    // The person touches a lamp that signals for a touch, without having asked for one: the touch is the stranger's.
    room.world.block_on(async {
        let mut session = BareSession::open(&stranger, &lamp, None).await.unwrap();
        session.arm([1; 16]).await.unwrap();
        let touch = lamp.clone();
        room.world.after(s(2), move |_| touch.touch());
        let touched = session.touched().await.unwrap();
        session.deliver(touched, &network("Home")).await.unwrap();
        session.close().await;
    });
    assert!(lamp.is_owned());
    lamp.set_power(false);
    lamp.set_power(true);
    let told = try_for(&room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), Outcome::AlreadyOwned);
    assert_eq!(
        room.world
            .log()
            .only(|entry| entry.phone == PERSON)
            .summary()
            .credential_records(),
        0
    );
    lamp.hold(s(11));
    room.world.run_for(s(150));
    assert!(!lamp.is_owned());
    let told = try_for(&room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), Outcome::Connected);
}

#[test]
fn t5_a_stranger_who_only_waits_cannot_keep_the_lamp_for_ever() {
    let (room, lamp) = room_with_lamp(102);
    let stranger = room.another_phone(STRANGER);
    let target = lamp.clone();
    room.world.spawn(async move {
        // Comes back whenever it is thrown out.
        loop {
            let Ok(mut session) = BareSession::open(&stranger, &target, None).await else {
                continue;
            };
            if session.arm([1; 16]).await.is_ok() {
                let _ = session.touched().await;
            }
            session.close().await;
        }
    });
    room.world.run_for(s(4));
    let address = lamp.clone();
    // The person tries every ten seconds; once the stranger has to yield, the lamp is theirs to arm.
    let armed = room.world.block_on(async {
        for _ in 0..40 {
            if let Ok(mut session) = BareSession::open(&room.phone, &address, None).await {
                if session.arm([2; 16]).await.is_ok() {
                    return true;
                }
                session.close().await;
            }
            touchstone_sim::SimClock::new(&room.world)
                .sleep(s(10))
                .await;
        }
        false
    });
    assert!(armed);
}

#[test]
fn t9_without_a_touch_an_app_gets_nowhere_however_long_it_waits() {
    let (room, lamp) = room_with_lamp(103);
    let evil = room.another_phone(STRANGER);
    let target = lamp.clone();
    room.world.spawn(async move {
        let mut session = BareSession::open(&evil, &target, None).await.unwrap();
        session.arm([1; 16]).await.unwrap();
        assert!(session.respond().await.is_err(), "responds untouched");
        assert!(session.session.confirm().is_err());
        assert!(
            session
                .session
                .correct_credentials(&network("Evil"))
                .is_err()
        );
        let _ = session.touched().await;
    });
    room.world.run_for(s(3_600));
    assert_got_nothing(&room, &lamp);
    assert_eq!(lamp.writes(), 0);
}

#[test]
fn t9_an_owned_lamp_gives_nothing_to_another_app() {
    let (room, lamp) = room_with_lamp(104);
    assert_eq!(
        try_for(&room, honest(&lamp), s(60)).outcome(),
        Outcome::Connected
    );
    let joins = lamp.joins().len();
    for touched_too in [false, true] {
        lamp.set_power(false);
        lamp.set_power(true);
        if touched_too {
            lamp.touch();
        }
        let evil = room.another_phone(STRANGER);
        let opened = room
            .world
            .block_on(BareSession::open(&evil, &lamp, None))
            .map(|_| ());
        assert_eq!(opened, Err(BareError::Denied(DeniedReason::Owned)));
    }
    room.world.run_for(s(10));
    assert!(lamp.is_owned());
    // Joined once more after each power cut, and never another network.
    assert!(
        lamp.joins()[joins..]
            .iter()
            .all(|(_, names)| *names == [b"Home".to_vec()])
    );
}

/// The link to `unit` is lost with the nth of these records.
fn loses(room: &touchstone_sim::Room, unit: &Unit, direction: Direction, class: u16, nth: u32) {
    room.world.plan(Fault {
        device: unit.id(),
        link: None,
        direction,
        at: At::Record { class, nth },
        effect: Effect::LoseLinkAfter,
    });
}

#[test]
fn r20_own_reconnects_are_not_contention() {
    let (room, lamp) = room_with_lamp(105);
    // After ARMED, after the list of networks, after the touch, after the credentials.
    loses(&room, &lamp, Direction::Down, 16, 0);
    loses(&room, &lamp, Direction::Down, 512, 0);
    loses(&room, &lamp, Direction::Down, 80, 0);
    loses(&room, &lamp, Direction::Up, 192, 0);
    let told = try_for(&room, honest(&lamp), s(300));
    assert_eq!(
        told.outcome(),
        Outcome::Connected,
        "{:#?}",
        told.report.entries
    );
    assert_eq!(room.world.pending_faults(), 0);
    assert!(!told.shows(|step| matches!(step, Step::AnotherNearby | Step::Busy)));
    assert!(room.world.log().summary().links >= 5);
}

#[test]
fn r21_a_lost_confirm_or_committed_leaves_both_sides_agreeing() {
    for effect in [Effect::LoseLink, Effect::LoseLinkAfter, Effect::Drop] {
        for (direction, nth) in [(Direction::Up, 1), (Direction::Down, 3)] {
            let (room, lamp) = room_with_lamp(106);
            room.world.plan(Fault {
                device: lamp.id(),
                link: Some(0),
                direction,
                at: At::Record { class: 48, nth },
                effect,
            });
            let told = try_for(&room, honest(&lamp), s(120));
            assert_eq!(
                room.world.pending_faults(),
                0,
                "{effect:?} {direction:?} never happened"
            );
            assert_eq!(told.outcome(), Outcome::Connected);
            assert!(lamp.is_owned() && lamp.is_online());
        }
    }
}

#[test]
fn r22_the_owner_key_survives_an_app_killed_between_message_3_and_committed() {
    // After so many records of class 48 and more from the phone: message_3, ARM, CRED, CONFIRM.
    for stage in 0..4 {
        let (room, lamp) = room_with_lamp(107);
        let killed = room.visit_killed(honest(&lamp), |log| {
            let envelopes = log.summary().envelopes;
            let mut up = envelopes
                .iter()
                .filter(|envelope| envelope.direction == Direction::Up);
            match stage {
                0 => up.any(|envelope| envelope.carries(MESSAGE_3)),
                1 => up.any(|envelope| envelope.carries_record(48)),
                2 => up.any(|envelope| envelope.carries_credentials()),
                _ => up.filter(|envelope| envelope.carries_record(48)).count() == 2,
            }
        });
        assert_eq!(killed.unwrap(), None, "stage {stage}: not killed in time");
        assert_eq!(room.phone.keys.devices(), [lamp.ueid()], "stage {stage}");
        room.world.run_for(s(20));
        let mut script = honest(&lamp);
        script.stops = vec![AtStop::PressAgain; 3];
        let told = try_for(&room, script, s(300));
        assert!(
            matches!(told.outcome(), Outcome::Connected | Outcome::OwnedByYou),
            "stage {stage}: {:?}",
            told.outcome()
        );
        assert!(lamp.is_owned(), "stage {stage}");
        assert_eq!(room.phone.keys.devices(), [lamp.ueid()], "stage {stage}");
    }
}

#[test]
fn a_cancelled_set_up_leaves_no_owner_key_and_no_owner() {
    let (room, lamp) = room_with_lamp(108);
    room.world.block_on(async {
        let mut session = BareSession::open(&room.phone, &lamp, None).await.unwrap();
        session.arm([1; 16]).await.unwrap();
        session.release(ReleaseReason::Cancelled).await.unwrap();
        session.close().await;
    });
    let mut script = honest(&lamp);
    script.cancels_at_password = true;
    let told = try_for(&room, script, s(60));
    assert_eq!(told.outcome(), Outcome::Cancelled);
    assert!(room.phone.keys.devices().is_empty());
    assert_got_nothing(&room, &lamp);
}
