//! How attempts end over the air: the last word is heard, and keys are kept or deleted by what the device says.

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};
use touchstone_sim::{
    HOME_PASSWORD, Nobody, Room, Script, Spec,
    air::{
        Direction, Settings,
        fault::{At, Effect, Fault},
    },
};

fn records(room: &Room, direction: Direction, class: usize) -> usize {
    let envelopes = room.world.log().summary().envelopes;
    envelopes
        .iter()
        .filter(|envelope| envelope.direction == direction && envelope.carries_record(class))
        .count()
}

#[test]
fn a_finished_attempt_hears_the_device_let_go() {
    let room = Room::new(1);
    let lamp = room.unit(&Spec::lamp(1));
    let visit = room
        .visit(
            Script::new(&lamp, "Home", HOME_PASSWORD),
            Policy::default(),
            Arc::new(Nobody),
        )
        .unwrap();
    assert_eq!(visit.report.outcome, Outcome::Connected);
    assert_eq!(
        visit
            .report
            .entries
            .iter()
            .filter(|entry| entry.what == "released")
            .count(),
        1
    );
    assert_eq!(room.phone.keys.devices(), [lamp.ueid()]);
}

#[test]
fn a_person_who_leaves_at_the_prompt_leaves_no_key_and_no_armed_device() {
    let room = Room::new(2);
    let (lamp, fan) = (
        room.unit(&Spec::lamp(1)),
        room.unit(&Spec::lamp(2).of_model(2)),
    );
    let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
    script.touches = vec![vec![]];
    let (person, run) = room.begin(&room.phone, script, Policy::default(), Arc::new(Nobody));
    room.world
        .after(Duration::from_secs(10), move |_| person.leaves());
    let report = room.world.block_on(run);
    assert_eq!(report.outcome, Outcome::Unfinished);
    assert!(room.phone.keys.devices().is_empty());
    assert!(!lamp.is_owned() && !fan.is_owned());
    assert!(records(&room, Direction::Up, 192) == 0);
}

#[test]
fn a_cancel_whose_release_is_lost_is_confirmed_over_the_next_link() {
    for index in 3..9 {
        let room = Room::new(3);
        room.world.set_air(Settings::default());
        let lamp = room.unit(&Spec::lamp(1));
        room.world.plan(Fault {
            device: lamp.id(),
            link: Some(0),
            direction: Direction::Up,
            at: At::Envelope(index),
            effect: Effect::LoseLink,
        });
        let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
        script.cancels_at_password = true;
        let visit = room
            .visit(script, Policy::default(), Arc::new(Nobody))
            .unwrap();
        assert_eq!(visit.report.outcome, Outcome::Cancelled, "envelope {index}");
        assert!(!lamp.is_owned() && lamp.writes() == 0, "envelope {index}");
    }
}

#[test]
fn two_people_set_up_two_devices_in_one_room_and_each_gets_their_own_or_nothing() {
    for seed in 1..6 {
        let room = Room::new(seed);
        let (lamp, fan) = (
            room.unit(&Spec::lamp(1)),
            room.unit(&Spec::lamp(2).of_model(2)),
        );
        let mut theirs = Script::new(&fan, "Home", HOME_PASSWORD);
        theirs.stops = vec![];
        let other = room.another_phone(touchstone_sim::air::PhoneId(1));
        let (_person, run) = room.begin(&other, theirs, Policy::default(), Arc::new(Nobody));
        room.world.spawn(async move {
            run.await;
        });
        let visit = room
            .visit(
                Script::new(&lamp, "Home", HOME_PASSWORD),
                Policy::default(),
                Arc::new(Nobody),
            )
            .unwrap();
        let mine = room.phone.keys.devices();
        if visit.report.outcome == Outcome::Connected {
            assert!(
                lamp.is_owned() && mine.contains(&lamp.ueid()),
                "seed {seed}"
            );
        } else {
            assert!(
                !mine.contains(&fan.ueid()) || !fan.is_owned(),
                "seed {seed}"
            );
        }
    }
}
