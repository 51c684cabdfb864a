//! A device without a button: the link goes with the power, and the touch comes with the next link.

use touchstone_flow::AgainReason;
use touchstone_proto::record::PressKind;

use super::*;

/// Up to the prompt to turn one of the devices off and on.
fn prompted(units: u32) -> Desk {
    let mut desk = Desk::new(units);
    for unit in &desk.units {
        unit.body.borrow_mut().kind = PressKind::PowerCycle;
    }
    desk.run(seconds(5.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk
}

fn turn_on(desk: &mut Desk, unit: usize) {
    let now = desk.now;
    desk.units[unit].reboot(now);
    desk.bring_back(unit);
}

fn is_touched(step: &Step) -> bool {
    matches!(step, Step::Touched { .. })
}

#[test]
fn it_is_found_again_under_another_address() {
    // Four candidates: the new address must not have to wait for the old one.
    let mut desk = prompted(4);
    desk.lose(0);
    desk.run(seconds(3.0));
    let connects = desk.connects.len();
    desk.at("one").address = "renamed";
    turn_on(&mut desk, 0);
    desk.run(seconds(4.0));
    assert_eq!(desk.connects.len(), connects + 1, "{:?}", desk.connects);
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn one_that_is_off_is_not_connected_and_keeps_nobody_waiting() {
    let mut desk = prompted(1);
    desk.lose(0);
    let connects = desk.connects.len();
    desk.run(seconds(30.0));
    assert_eq!(desk.connects.len(), connects);
    turn_on(&mut desk, 0);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_device_that_stays_off_is_asked_about_after_twenty_seconds_and_not_called_lost() {
    let mut desk = prompted(1);
    desk.lose(0);
    let before = desk.screens.len();
    desk.run(seconds(19.0));
    let prompt = |screen: &Screen| matches!(screen.step, Step::AwaitPresence { .. });
    assert!(desk.screens[before..].iter().all(prompt));
    desk.run(seconds(5.0));
    let why = AgainReason::StaysOff;
    assert!(matches!(desk.step(), Step::TouchAgain { why: told, .. } if *told == why));
    assert!(!desk.shown(|step| matches!(step, Step::LinkLost)));
}

#[test]
fn an_app_that_did_not_ask_takes_no_power_cycle_for_a_touch() {
    let mut desk = prompted(1);
    desk.lose(0);
    desk.begin();
    desk.run(seconds(2.0));
    turn_on(&mut desk, 0);
    desk.run(seconds(6.0));
    assert!(!desk.shown(is_touched));
    assert!(matches!(desk.step(), Step::AwaitPresence { .. }));
    // It asks for itself, and that counts.
    desk.lose(0);
    turn_on(&mut desk, 0);
    desk.run(seconds(4.0));
    assert!(desk.shown(is_touched));
}

#[test]
fn two_devices_on_one_switch_are_both_let_go() {
    let mut desk = prompted(2);
    for unit in [0, 1] {
        desk.lose(unit);
        turn_on(&mut desk, unit);
    }
    desk.run(seconds(2.0));
    assert!(desk.shown(|step| matches!(step, Step::TwoTouched { .. })));
    assert_eq!((desk.joins(0), desk.joins(1)), (0, 0));
}

#[test]
fn a_device_that_loses_its_link_after_its_power_cycle_is_not_taken_for_switched_off() {
    let mut desk = prompted(1);
    desk.lose(0);
    turn_on(&mut desk, 0);
    desk.run(seconds(4.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    // Its advertisements are not heard; it is connected all the same.
    desk.at("one").heard = false;
    desk.cut(0);
    desk.run(seconds(1.0));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_device_touched_by_its_power_alone_is_never_counted() {
    let policy = crate::policy::Policy {
        minimum_level: touchstone_proto::record::Level::L2,
        ..crate::policy::Policy::default()
    };
    let mut desk = Desk::with(1, policy, |_, identity| {
        identity.max_level = touchstone_proto::record::Level::L2;
    });
    desk.units[0].body.borrow_mut().kind = PressKind::PowerCycle;
    desk.run(seconds(5.0));
    assert_eq!(*desk.step(), Step::CannotSignal);
}

#[test]
fn one_that_stays_off_is_not_asked_about_while_another_waits() {
    let mut desk = prompted(2);
    desk.lose(0);
    desk.run(seconds(25.0));
    assert!(!desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
}
