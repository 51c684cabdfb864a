//! The radio, the links, the prompt and the turns, up to the touch.

use touchstone_flow::Command;
use touchstone_proto::{
    credentials::{Network, Security},
    record::ErrorCode,
};

use super::{super::candidate::State, *};

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
