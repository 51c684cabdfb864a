//! Rule R-i in the whole stack: a lamp that is turned off and on.

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};
use touchstone_flow::{AgainReason, Step};
use touchstone_sim::{
    AtStop, FlashCut, HOME_PASSWORD, Nobody, Room, Script, Spec, Touch, Unit, Visit, air::PhoneId,
};

const OFF: Duration = Duration::from_secs(2);

/// Somebody who turns this lamp off 3 s after each prompt, and on again.
fn script(lamp: &Unit) -> Script {
    let mut script = Script::new(lamp, "Home", HOME_PASSWORD);
    for touch in script.touches.iter_mut().flatten() {
        touch.hold = OFF;
    }
    script
}

fn play(room: &Room, script: Script) -> Visit {
    room.visit(script, Policy::default(), Arc::new(Nobody))
        .unwrap()
}

fn times(visit: &Visit, step: fn(&Step) -> bool) -> usize {
    let screens = visit.person.screens();
    let mut shown: Vec<&Step> = screens.iter().map(|(_, screen)| &screen.step).collect();
    shown.dedup();
    shown.into_iter().filter(|shown| step(shown)).count()
}

fn was_told(visit: &Visit, step: fn(&Step) -> bool) -> bool {
    times(visit, step) > 0
}

fn is_touched(step: &Step) -> bool {
    matches!(step, Step::Touched { .. })
}

#[test]
fn whoever_turns_the_lamp_off_is_not_told_that_contact_is_lost() {
    let room = Room::new(1);
    let lamp = room.unit(&Spec::ceiling_lamp(1));
    let visit = play(&room, script(&lamp));
    assert_eq!(visit.report.outcome, Outcome::Connected);
    assert!(lamp.is_owned());
    assert!(!was_told(&visit, |step| matches!(step, Step::LinkLost)));
    assert!(lamp.stored().unwrap().power_cycle.is_none());
}

#[test]
fn beside_three_others_only_the_lamp_that_was_turned_off_is_connected() {
    let room = Room::new(2);
    let lamp = room.unit(&Spec::ceiling_lamp(1));
    let others: Vec<Unit> = (2..=4).map(|n| room.unit(&Spec::ceiling_lamp(n))).collect();
    let visit = play(&room, script(&lamp));
    assert_eq!(visit.report.outcome, Outcome::Connected);
    assert!(lamp.is_owned());
    assert!(others.iter().all(|other| !other.is_owned()));
}

#[test]
fn a_flicker_of_the_mains_connects_nothing_that_the_person_did_not_mean() {
    let room = Room::new(3);
    let lamp = room.unit(&Spec::ceiling_lamp(1));
    let mut script = script(&lamp);
    // Somebody who waits in another room, for another lamp.
    script.wanted = room.unit(&Spec::lamp(9).at_rssi(-90));
    for touch in script.touches.iter_mut().flatten() {
        touch.hold = Duration::from_millis(300);
    }
    let (person, run) = room.begin(&room.phone, script, Policy::default(), Arc::new(Nobody));
    let leaves = person.clone();
    room.world
        .after(Duration::from_secs(22), move |_| leaves.gives_up());
    let report = room.world.block_on(run);
    assert_eq!(report.outcome, Outcome::Cancelled);
    let screens = person.screens();
    let mut steps = screens.iter().map(|(_, screen)| &screen.step);
    assert!(steps.any(|step| matches!(step, Step::ChooseNetwork { .. })));
    assert!(lamp.joins().is_empty());
    assert!(!lamp.is_owned());
}

#[test]
fn another_phone_in_between_makes_it_worth_nothing_and_the_person_is_told_why() {
    let room = Room::new(4);
    let lamp = room.unit(&Spec::ceiling_lamp(1));
    let mut waits = script(&lamp);
    waits.touches = vec![vec![Touch {
        after: Duration::from_secs(12),
        unit: lamp.clone(),
        hold: OFF,
    }]];
    waits.stops = vec![AtStop::PressAgain];
    let mut stranger = Script::new(&lamp, "Home", HOME_PASSWORD);
    stranger.touches = vec![vec![]];
    let (other, run) = room.begin(
        &room.another_phone(PhoneId(1)),
        stranger,
        Policy::default(),
        Arc::new(Nobody),
    );
    let world = room.world.clone();
    room.world.after(Duration::from_secs(5), move |_| {
        world.spawn(async move {
            run.await;
            drop(other);
        });
    });
    let visit = play(&room, waits);
    assert!(was_told(&visit, |step| matches!(step, Step::AnotherNearby)));
    assert_eq!(visit.report.outcome, Outcome::Connected);
    assert_eq!(times(&visit, is_touched), 1);
}

#[test]
fn power_lost_at_any_write_leads_to_another_question_and_never_to_half_a_touch() {
    // The writes: ARM; its erasure in the next boot; CONFIRM.
    for (write, written) in [
        (0, true),
        (0, false),
        (1, true),
        (1, false),
        (2, true),
        (2, false),
    ] {
        let room = Room::new(5);
        let lamp = room.unit(&Spec::ceiling_lamp(1));
        lamp.cut_power_at_write(
            write,
            FlashCut {
                written,
                off_for: OFF,
            },
        );
        let visit = play(&room, script(&lamp));
        assert_eq!(
            visit.report.outcome,
            Outcome::Connected,
            "{write} {written}"
        );
        assert!(lamp.is_owned());
        // Lost with the erasure, the touch was used; lost with ARM, nobody had been asked yet.
        let touches = times(&visit, is_touched);
        assert_eq!(
            touches,
            if write == 2 && !written { 2 } else { 1 },
            "{write} {written}"
        );
    }
}

#[test]
fn a_lamp_that_the_phone_finds_a_minute_late_asks_again() {
    let room = Room::new(6);
    let lamp = room.unit(&Spec::ceiling_lamp(1));
    // From just after the lamp is turned off, until more than a minute after it is on again.
    let id = lamp.id();
    room.world
        .after(Duration::from_millis(7_000), move |world| {
            world.set_reach(id, Some(Vec::new()));
            world.after(Duration::from_secs(70), move |world| {
                world.set_reach(id, None)
            });
        });
    let visit = play(&room, script(&lamp));
    assert_eq!(visit.report.outcome, Outcome::Connected);
    assert!(was_told(&visit, |step| matches!(
        step,
        Step::TouchAgain {
            why: AgainReason::StaysOff,
            ..
        }
    )));
    assert!(lamp.is_owned());
}
