//! From the touch to the press that confirms the device: what counts, and what does not.

use touchstone_flow::Command;
use touchstone_proto::credentials::Security;

use super::{super::candidate::State, overlaps::armed_advert, *};

fn confirm_and_use(desk: &mut Desk) {
    let network = touchstone_flow::NetworkChoice::Typed {
        ssid: touchstone_flow::NetworkName::new(b"Home"),
        secured: true,
    };
    desk.core.command(desk.now, Command::ConfirmDevice);
    let password = Some(Password::new(PASSWORD.into()));
    desk.core
        .command(desk.now, Command::UseNetwork { network, password });
    desk.settle();
}

/// Rule A-e: only the press on a question that was asked confirms.
#[test]
fn a_press_before_the_device_responds_confirms_nothing() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    confirm_and_use(&mut desk);
    assert!(!desk.shown(|step| *step == Step::Sending));
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    assert!(desk.joins(0) == 0 && desk.marked.is_empty());
}

/// Rule A-j.
#[test]
fn after_a_touch_the_others_are_quiet() {
    let mut desk = Desk::prompted(2);
    desk.run(seconds(2.0));
    desk.touch(0);
    let waiting = |desk: &Desk| {
        let body = desk.units[1].body.borrow();
        let is_waiting = |signal: &&_| **signal == touchstone_device::ports::Signal::Waiting;
        body.signals.iter().filter(is_waiting).count()
    };
    let before = waiting(&desk);
    desk.run(seconds(20.0));
    assert_eq!(waiting(&desk), before);
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn another_device_that_does_not_say_that_nobody_touched_it_counts_as_an_overlap() {
    let mut desk = Desk::prompted(2);
    desk.deaf = Some(1);
    desk.touch(0);
    desk.run(seconds(9.0));
    assert!(!desk.shown(|step| matches!(step, Step::ChooseNetwork { .. })));
    desk.run(seconds(1.0));
    assert_eq!(*desk.step(), Step::AnotherNearby);
}

#[test]
fn the_same_touch_told_twice_is_one_touch() {
    let mut desk = Desk::asked(1);
    desk.happens(0, Happening::Touched { contended: 0 });
    desk.run(seconds(1.0));
    assert!(!desk.shown(|step| matches!(step, Step::TwoTouched { .. })));
    desk.units[0].body.borrow_mut().join = touchstone_device::ports::JoinStatus::Connecting;
    desk.decide(PASSWORD);
    desk.happens(0, Happening::Touched { contended: 0 });
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
}

#[test]
fn a_device_that_does_not_respond_because_it_is_away_is_waited_for() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    desk.holds_up = true;
    desk.run(seconds(1.6));
    desk.lose(0);
    desk.holds_up = false;
    desk.run(seconds(30.0));
    assert_eq!(*desk.step(), Step::LinkLost);
    desk.bring_back(0);
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn the_second_overlap_lets_everybody_go() {
    let mut desk = Desk::prompted(1);
    for overlaps in 1..=2 {
        desk.touch(0);
        desk.hear("neighbour", -60, armed_advert());
        assert_eq!(*desk.step(), Step::AnotherNearby);
        desk.run(seconds(6.0));
        assert_eq!(desk.links.is_empty(), overlaps == 2);
        if overlaps == 1 {
            desk.press(ActionId::TryAgain);
            desk.run(seconds(5.0));
        }
    }
}

/// Up to the moment when the device is in this state.
fn run_until(desk: &mut Desk, state: State) {
    for _ in 0..600 {
        if desk.core.candidates[0].state == state {
            return;
        }
        desk.run(STEP);
    }
    panic!("never {state:?}");
}

#[test]
fn a_device_that_never_responds_is_asked_three_times() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    for missed in 1..=3 {
        assert!(!desk.shown(|step| matches!(step, Step::Failed { .. })));
        desk.mute = Some(0);
        desk.run(seconds(6.0));
        if missed < 3 {
            run_until(&mut desk, State::Unlinked);
            desk.mute = None;
            run_until(&mut desk, State::Touched);
        }
    }
    desk.run(seconds(1.0));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn the_list_is_that_of_the_chosen_device() {
    let mut desk = Desk::new(2);
    desk.units[1].body.borrow_mut().networks = vec![(b"Neighbour", Security::Wpa2Psk, -30)];
    desk.run(seconds(5.0));
    desk.touch(0);
    desk.happens(1, Happening::Networks);
    assert!(matches!(desk.step(), Step::Touched { .. }));
    desk.run(seconds(3.0));
    desk.happens(1, Happening::Networks);
    desk.press(ActionId::OtherNetworks);
    let Step::NetworkList { items, .. } = desk.step() else {
        panic!("{:?}", desk.step())
    };
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].ssid.octets(), b"Home");
}

#[test]
fn a_question_asked_again_needs_another_press() {
    let mut desk = Desk::asked(1);
    desk.core.command(desk.now, Command::ConfirmDevice);
    desk.core.command(desk.now, Command::Retry);
    desk.settle();
    let network = touchstone_flow::NetworkChoice::Typed {
        ssid: touchstone_flow::NetworkName::new(b"Home"),
        secured: true,
    };
    let password = Some(Password::new(PASSWORD.into()));
    desk.core
        .command(desk.now, Command::UseNetwork { network, password });
    desk.run(seconds(3.0));
    assert!(desk.joins(0) == 0 && desk.marked.is_empty());
    assert!(!desk.shown(|step| *step == Step::Sending));
}

/// Rule A-j: eight seconds from when the touched device is back.
#[test]
fn others_that_are_silent_are_waited_for_anew_when_the_touched_device_comes_back() {
    let mut desk = Desk::prompted(2);
    desk.touch(0);
    desk.lose(1);
    desk.lose(0);
    desk.run(seconds(7.0));
    desk.bring_back(0);
    desk.run(seconds(5.0));
    assert!(!desk.shown(|step| *step == Step::AnotherNearby));
    desk.bring_back(1);
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_claim_that_cannot_be_taken_up_is_touched_again() {
    let mut desk = Desk::asked(1);
    desk.happens(0, Happening::ResumedElsewhere);
    desk.run(seconds(4.0));
    assert!(desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.tell(Fact::HostGone);
    let report = desk.report.unwrap();
    assert!(
        report
            .entries
            .iter()
            .any(|entry| entry.what == "claim gone")
    );
}

/// Rule A-j: the touch may be told of only when the link is back.
#[test]
fn a_touch_told_of_a_moment_after_the_link_is_back_counts() {
    let mut desk = Desk::prompted(1);
    desk.cut(0);
    run_until(&mut desk, State::Attested);
    desk.run(STEP);
    desk.touch(0);
    desk.run(seconds(4.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn trying_again_before_the_device_responds_changes_nothing() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    desk.core.command(desk.now, Command::Retry);
    desk.run(seconds(0.8));
    assert!(
        matches!(desk.step(), Step::Touched { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn the_touched_device_goes_on_responding_however_long_the_person_takes() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    while !matches!(desk.step(), Step::ChooseNetwork { .. }) {
        desk.run(STEP);
    }
    // The list that is asked for puts off the KEEPALIVE.
    desk.run(seconds(5.0));
    desk.core.command(desk.now, Command::RefreshNetworks);
    desk.at("one").heard = false;
    desk.run(seconds(14.9));
    desk.holds_up = true;
    assert!(desk.up.is_empty());
    desk.run(seconds(0.1));
    assert_eq!(desk.up.len(), 1);
    // And no longer than that.
    desk.holds_up = false;
    desk.press(ActionId::UseNetwork);
    desk.run(seconds(32.0));
    desk.units[0].body.borrow_mut().signals.clear();
    desk.run(seconds(10.0));
    assert!(desk.units[0].body.borrow().signals.is_empty());
}

#[test]
fn a_device_that_will_not_respond_because_of_others_is_let_go() {
    let mut desk = Desk::asked(1);
    let status = touchstone_proto::record::Status::RespondRefused;
    desk.happens(0, Happening::Status(status));
    assert_eq!(*desk.step(), Step::AnotherNearby);
}

#[test]
fn a_device_that_says_again_that_it_responds_takes_no_press_back() {
    let mut desk = Desk::asked(1);
    desk.press(ActionId::UseNetwork);
    let status = touchstone_proto::record::Status::Responding;
    desk.happens(0, Happening::Status(status));
    assert!(
        matches!(desk.step(), Step::AskPassword { .. }),
        "{:?}",
        desk.step()
    );
    desk.type_password(PASSWORD);
    desk.assert_done();
}

#[test]
fn the_person_is_asked_as_soon_as_the_list_is_there_and_without_it_after_five_seconds() {
    for late in [false, true] {
        let mut desk = Desk::new(1);
        desk.units[0].body.borrow_mut().still_scans = true;
        desk.run(seconds(5.0));
        desk.touch(0);
        desk.run(seconds(3.0));
        let asks = |desk: &Desk| matches!(desk.step(), Step::ChooseNetwork { .. });
        assert!(!asks(&desk), "{:?}", desk.step());
        desk.units[0].body.borrow_mut().still_scans = late;
        desk.run(seconds(0.3));
        assert_eq!(asks(&desk), !late);
        desk.run(seconds(4.0));
        let asked =
            |step: &Step| matches!(step, Step::ChooseNetwork { .. } | Step::NetworkList { .. });
        assert!(desk.shown(asked), "{:?}", desk.step());
    }
}

#[test]
fn a_claim_that_ends_while_cancelling_does_not_end_the_cancelling() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    desk.happens(0, Happening::ClaimGone);
    assert!(!desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    desk.holds_up = false;
    desk.run(seconds(1.0));
    assert_eq!(*desk.step(), Step::Cancelled);
}

/// Rule A-j.
#[test]
fn a_device_that_has_told_of_no_touch_may_still_be_touched() {
    let mut desk = Desk::asked(2);
    desk.happens(1, Happening::ClaimGone);
    desk.lose(1);
    desk.decide(PASSWORD);
    desk.run(seconds(3.0));
    assert_eq!((desk.step(), desk.joins(0)), (&Step::Sending, 0));
    desk.bring_back(1);
    desk.run(seconds(4.0));
    desk.assert_done();
}

#[test]
fn a_device_that_is_back_and_tells_of_no_touch_has_answered() {
    let mut desk = Desk::prompted(2);
    desk.deaf = Some(1);
    desk.touch(0);
    desk.deaf = None;
    desk.cut(1);
    desk.run(seconds(5.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_touched_device_that_tells_of_an_earlier_set_up_stays_touched() {
    let mut desk = Desk::asked(1);
    desk.happens(0, Happening::Committed([5; 16]));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_touched_device_that_lets_its_claim_go_is_touched_again() {
    let mut desk = Desk::asked(1);
    let status = touchstone_proto::record::Status::Disarmed;
    desk.happens(0, Happening::Status(status));
    assert!(desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
}

#[test]
fn a_device_that_comes_back_while_the_others_are_heard_is_not_asked_before_it_is_there() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    desk.run(seconds(0.5));
    desk.cut(0);
    let before = desk.connects.len();
    desk.holds_up = true;
    desk.run(seconds(2.0));
    assert_eq!(desk.core.candidates[0].state, State::AwaitMessage2);
    desk.holds_up = false;
    desk.run(seconds(5.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.connects.len() - before, 1);
}
