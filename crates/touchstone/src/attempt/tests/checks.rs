//! What is done only when it is time, and left alone otherwise.

use touchstone_flow::Command;
use touchstone_proto::{
    credentials::{Network, Security},
    record::ErrorCode,
};

use super::{
    super::{Happening, candidate::State},
    overlaps::armed_advert,
    *,
};

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
fn a_touch_while_the_radio_is_off_is_let_go_and_asked_for_again() {
    let mut desk = Desk::prompted(1);
    let off = RadioError::Unusable(RadioState::Off);
    desk.tell(Fact::ScanEnded(Some(off)));
    desk.touch(0);
    assert_eq!(*desk.step(), Step::BluetoothOff);
    desk.press(ActionId::TurnOnBluetooth);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn the_end_of_a_scan_that_was_over_before_means_nothing() {
    let mut desk = Desk::prompted(1);
    let off = RadioError::Unusable(RadioState::Off);
    desk.tell(Fact::ScanEnded(Some(off)));
    desk.scanning = false;
    for _ in 0..5 {
        desk.tell(Fact::ScanEnded(None));
        desk.run(seconds(1.0));
    }
    assert_eq!(*desk.step(), Step::BluetoothOff);
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
fn while_credentials_are_out_the_radio_listens_only_for_a_device_that_is_away() {
    for lost in [false, true] {
        let mut desk = Desk::asked(1);
        desk.units[0].body.borrow_mut().join = touchstone_device::ports::JoinStatus::Connecting;
        desk.press(ActionId::UseNetwork);
        if lost {
            desk.lose(0);
        }
        desk.type_password(PASSWORD);
        assert_eq!(desk.scanning, lost);
    }
}

#[test]
fn beginning_anew_is_not_possible_while_credentials_are_out() {
    let mut desk = Desk::joining(1);
    for command in [Command::Start, Command::LookAgain, Command::ConnectAnother] {
        desk.core.command(desk.now, command);
        desk.settle();
    }
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
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

#[test]
fn an_error_of_a_device_that_nobody_has_chosen_is_no_failure() {
    let mut desk = Desk::prompted(2);
    for code in [ErrorCode::Storage, ErrorCode::MalformedRecord] {
        desk.happens(1, Happening::DeviceError(code));
        desk.run(seconds(1.0));
        assert!(matches!(desk.step(), Step::AwaitPresence { .. }));
        assert_eq!(desk.links.len(), 2);
    }
}

#[test]
fn a_refused_device_loses_its_link_at_once() {
    let mut desk = Desk::prompted(2);
    let denied = touchstone_proto::record::DeniedReason::Locked;
    desk.happens(1, Happening::Denied(denied));
    assert_eq!(desk.links.len(), 1);
}

/// The host slept for longer than an arm lasts.
#[test]
fn a_device_whose_arm_has_ended_is_asked_again() {
    let mut desk = Desk::prompted(1);
    desk.now += seconds(61.0);
    let now = desk.now;
    desk.units[0].device.poll(now);
    desk.settle();
    let armed = |desk: &mut Desk| {
        let now = desk.now;
        desk.units[0].device.advertisement(now).unwrap().flags.armed
    };
    desk.run(seconds(1.0));
    assert!(armed(&mut desk));
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn the_prompt_is_taken_back_when_nobody_can_be_touched_any_more() {
    let mut desk = Desk::prompted(1);
    desk.now += seconds(61.0);
    let now = desk.now;
    desk.units[0].device.poll(now);
    desk.holds_up = true;
    desk.at("one").heard = false;
    desk.settle();
    let prompts = |desk: &Desk| matches!(desk.step(), Step::AwaitPresence { .. });
    desk.run(seconds(0.25));
    assert!(!prompts(&desk), "{:?}", desk.step());
    // A device that takes longer is expected to be armed, for a while.
    desk.run(seconds(0.05));
    assert!(prompts(&desk), "{:?}", desk.step());
    desk.run(seconds(0.65));
    assert!(prompts(&desk), "{:?}", desk.step());
    desk.run(seconds(0.05));
    assert!(!prompts(&desk), "{:?}", desk.step());
    desk.holds_up = false;
    desk.run(seconds(3.0));
    assert!(matches!(desk.step(), Step::AwaitPresence { .. }));
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
fn nothing_that_comes_behind_a_refusal_undoes_it() {
    let mut desk = Desk::prompted(2);
    let denied = Happening::Denied(touchstone_proto::record::DeniedReason::Locked);
    let touched = Happening::Touched { contended: 0 };
    desk.core.happened(desk.now, 1, vec![denied, touched]);
    desk.settle();
    assert!(matches!(desk.step(), Step::AwaitPresence { .. }));
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
fn the_radio_is_looked_at_again_when_the_app_comes_back() {
    let mut desk = Desk::prompted(1);
    let off = RadioError::Unusable(RadioState::Off);
    desk.tell(Fact::ScanEnded(Some(off)));
    desk.tell(Fact::Person(Input::Resume));
    desk.run(seconds(1.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn an_idle_link_is_kept_alive_and_kept() {
    let mut desk = Desk::prompted(1);
    desk.run(seconds(90.0));
    assert_eq!(desk.connects.len(), 1);
    desk.touch(0);
    desk.run(seconds(90.0));
    assert_eq!(desk.connects.len(), 1);
}

#[test]
fn a_key_store_that_fails_ends_the_attempt_but_not_the_roll_back() {
    let failure = || OwnerKeyError("locked".into());
    let mut desk = Desk::prompted(1);
    let link = *desk.links.keys().next().unwrap();
    desk.tell(Fact::OwnerSigned(link, Err(failure())));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );

    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    let link = *desk.links.keys().next().unwrap();
    desk.tell(Fact::OwnerPublic(link, Err(failure())));
    assert!(!desk.links.contains_key(&link));
    desk.holds_up = false;
    desk.run(seconds(3.0));
    assert!(!desk.shown(|step| matches!(step, Step::Failed { .. })));
    assert_eq!(*desk.step(), Step::Cancelled);
}

#[test]
fn stores_that_answer_late_change_nothing() {
    let mut desk = Desk::asked(1);
    let gone = touchstone_trust::BundleError::Unavailable("gone".into());
    desk.tell(Fact::Bundle(Err(gone)));
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
    desk.tell(Fact::Saved(vec![home()]));
    assert!(desk.core.saved_network(b"Home").is_none());
}

fn home() -> Network {
    let ssid = touchstone_proto::credentials::Ssid::new(b"Home").unwrap();
    let secret = touchstone_proto::credentials::Secret::Passphrase(
        touchstone_proto::credentials::Passphrase::new(PASSWORD.as_bytes()).unwrap(),
    );
    Network::new(ssid, Security::Wpa2Psk, secret).unwrap()
}

fn prompts_in_the_report(desk: &mut Desk) -> usize {
    desk.tell(Fact::HostGone);
    desk.run(seconds(2.1));
    let report = desk.report.take().unwrap();
    let prompt = |entry: &&crate::Entry| entry.what == "await presence";
    report.entries.iter().filter(prompt).count()
}

#[test]
fn the_prompt_is_said_once_and_once_more_when_there_are_several() {
    let mut desk = Desk::prompted(1);
    desk.run(seconds(5.0));
    assert_eq!(prompts_in_the_report(&mut desk), 1);

    let mut desk = Desk::new(2);
    desk.at("two").heard = false;
    desk.run(seconds(4.0));
    assert!(desk.shown(|step| matches!(step, Step::AwaitPresence { several: false, .. })));
    desk.at("two").heard = true;
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { several: true, .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    assert_eq!(prompts_in_the_report(&mut desk), 2);
}

#[test]
fn another_device_that_is_verified_delays_the_prompt_two_seconds_at_most() {
    let mut desk = Desk::new(1);
    desk.at("one").heard = false;
    let ghost = desk.ghost();
    desk.core.candidates[ghost].state = State::AwaitEvidence;
    let advert = desk.units[0].device.advertisement(desk.now).unwrap();
    desk.hear("one", -50, advert.encode().to_vec());
    while !desk.core.candidates.iter().any(|c| c.state == State::Armed) {
        desk.run(STEP);
    }
    let prompts = |desk: &Desk| matches!(desk.step(), Step::AwaitPresence { .. });
    desk.run(seconds(1.95));
    assert!(!prompts(&desk), "{:?}", desk.step());
    desk.run(STEP);
    assert!(prompts(&desk), "{:?}", desk.step());
}

/// Rule A-c.
#[test]
fn after_three_lost_links_a_device_waits_fifteen_seconds_for_its_next_turn() {
    let mut desk = Desk::new(1);
    desk.at("one").out_of_reach = true;
    desk.run(seconds(20.0));
    let at: Vec<f64> = desk
        .connects
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0).as_secs_f64())
        .collect();
    assert!(at.len() >= 4, "{at:?}");
    for (gap, expected) in at.iter().zip([0.5, 1.0, 15.0, 0.5]) {
        assert!((gap - expected).abs() < 0.26, "{at:?}");
    }
}

#[test]
fn devices_that_were_given_up_are_still_known_for_ours() {
    let mut desk = Desk::prompted(3);
    for (address, unit) in [("two", 1), ("three", 2)] {
        desk.at(address).out_of_reach = true;
        desk.cut(unit);
    }
    desk.run(seconds(6.0));
    assert_eq!(desk.core.candidates.len(), 1);
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_lost_link_is_not_said_while_another_device_waits() {
    let mut desk = Desk::prompted(2);
    desk.lose(1);
    desk.run(seconds(3.0));
    desk.tell(Fact::HostGone);
    desk.run(seconds(2.1));
    let report = desk.report.unwrap();
    assert!(report.entries.iter().any(|entry| entry.what == "lost"));
    assert!(!report.entries.iter().any(|entry| entry.what == "link lost"));
    // Devices are told apart by number.
    for number in [1, 2] {
        assert!(
            report
                .entries
                .iter()
                .any(|entry| entry.device == Some(number))
        );
    }

    let mut desk = Desk::prompted(1);
    desk.lose(0);
    desk.run(seconds(4.0));
    assert_eq!(*desk.step(), Step::LinkLost);
}

#[test]
fn nothing_is_called_hopeless_while_a_device_waits_for_its_next_turn() {
    let mut desk = Desk::new(2);
    desk.at("two").heard = false;
    desk.at("one").out_of_reach = true;
    desk.run(seconds(4.0));
    desk.at("two").heard = true;
    while desk.core.candidates.is_empty() {
        desk.run(STEP);
    }
    let denied = touchstone_proto::record::DeniedReason::Locked;
    desk.happens(0, Happening::Denied(denied));
    desk.at("one").out_of_reach = false;
    desk.run(seconds(18.0));
    assert!(!desk.shown(|step| matches!(step, Step::Failed { .. })));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
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
fn a_refused_device_that_was_away_is_let_go_when_it_is_back() {
    for restarted in [false, true] {
        let mut desk = Desk::asked(1);
        desk.lose(0);
        desk.press(ActionId::NotMyDevice);
        if restarted {
            let now = desk.now;
            desk.units[0].reboot(now);
        }
        desk.bring_back(0);
        desk.run(seconds(4.0));
        let now = desk.now;
        let advert = desk.units[0].device.advertisement(now).unwrap();
        assert!(!advert.flags.touched);
        assert_eq!(desk.forgotten, [desk.units[0].ueid]);
    }
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
fn who_refuses_a_device_is_sent_to_another_only_where_one_waits() {
    for away in [false, true] {
        let mut desk = Desk::asked(2);
        if away {
            desk.lose(1);
        }
        desk.press(ActionId::NotMyDevice);
        let again = desk.shown(|step| matches!(step, Step::TouchAgain { .. }));
        assert_eq!(again, !away, "{:?}", desk.step());
    }
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
fn devices_take_turns_although_nothing_else_happens() {
    let mut desk = Desk::prompted(2);
    for address in ["one", "two"] {
        desk.at(address).heard = false;
    }
    for unit in &desk.units {
        unit.body.borrow_mut().signals.clear();
    }
    desk.run(seconds(40.0));
    for unit in &desk.units {
        // By itself every eight seconds, with turns every six at most.
        assert!(unit.body.borrow().signals.len() >= 6);
    }
}

#[test]
fn a_device_that_is_armed_in_the_four_seconds_of_an_announcement_begins_in_silence() {
    let mut desk = Desk::new(0);
    let now = desk.now;
    assert!(!desk.core.is_to_hush(now));
    desk.core.announcement_begins(now);
    assert!(desk.core.is_to_hush(now + seconds(3.999)));
    assert!(!desk.core.is_to_hush(now + seconds(4.0)));
}

#[test]
fn an_announcement_does_not_disturb_a_handshake() {
    let mut desk = Desk::asked(1);
    desk.holds_up = true;
    desk.cut(0);
    desk.run(seconds(1.0));
    assert_eq!(desk.core.candidates[0].state, State::AwaitMessage2);
    desk.core.announcement_begins(desk.now);
    desk.settle();
    assert_eq!(desk.core.candidates[0].state, State::AwaitMessage2);
}
