//! Credentials on their way.

use touchstone_device::ports::JoinStatus;
use touchstone_flow::{Command, NetworkChoice, NetworkName};
use touchstone_proto::record::{Level, PressKind, Resumed, ResumedState, Status};

use super::*;

/// Password of the latest join.
fn joined_with(desk: &Desk) -> Vec<u8> {
    let body = desk.units[0].body.borrow();
    let network = body.joins.last().unwrap().networks()[0].clone();
    match network.secret() {
        touchstone_proto::credentials::Secret::Passphrase(passphrase) => {
            passphrase.expose().to_vec()
        }
        _ => Vec::new(),
    }
}

#[test]
fn nothing_is_sealed_before_the_key_store_remembers_it() {
    let mut desk = Desk::asked(1);
    desk.mark = None;
    desk.decide(PASSWORD);
    desk.run(seconds(3.0));
    let ueid = desk.units[0].ueid;
    let marked: Vec<_> = desk
        .marked
        .iter()
        .map(|(of, mark)| (*of, mark.is_some()))
        .collect();
    assert_eq!(
        (marked.as_slice(), desk.joins(0)),
        ([(ueid, true)].as_slice(), 0)
    );
    // Another device, and another question, do not count.
    desk.tell(Fact::SentMarked([1; 17], true, Ok(())));
    desk.tell(Fact::SentMarked(ueid, false, Ok(())));
    assert_eq!(desk.joins(0), 0);
    desk.mark = Some(Ok(()));
    desk.tell(Fact::SentMarked(ueid, true, Ok(())));
    desk.assert_done();
}

#[test]
fn a_key_store_that_cannot_remember_stops_before_anything_is_sent() {
    let mut desk = Desk::asked(1);
    desk.mark = Some(Err(OwnerKeyError("/home/ada/keys: disk full".into())));
    desk.decide(PASSWORD);
    desk.run(seconds(1.0));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0), 0);
}

#[test]
fn a_lost_link_comes_back_by_itself_while_the_person_types() {
    let mut desk = Desk::asked(1);
    desk.press(ActionId::UseNetwork);
    assert!(
        matches!(desk.step(), Step::AskPassword { .. }),
        "{:?}",
        desk.step()
    );
    let before = desk.connects.len();
    // Nothing else happens.
    desk.at("one").heard = false;
    desk.cut(0);
    desk.run(seconds(0.6));
    assert_eq!(desk.connects.len(), before + 1);
    desk.type_password(PASSWORD);
    desk.assert_done();
    assert_eq!(desk.joins(0), 1);
}

#[test]
fn a_password_corrected_after_a_lost_link_reaches_the_device() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::WrongPassword;
    desk.run(seconds(0.2));
    assert!(
        matches!(desk.step(), Step::WrongPassword { .. }),
        "{:?}",
        desk.step()
    );
    desk.cut(0);
    desk.run(seconds(3.0));
    desk.units[0].body.borrow_mut().next_join = Some(unit::JOINED);
    desk.type_password("incorrect donkey");
    desk.assert_done();
    assert_eq!(joined_with(&desk), b"incorrect donkey");
    assert_eq!(desk.joins(0), 2);
}

#[test]
fn a_correction_lost_with_the_link_is_sent_again_and_not_judged_by_what_came_before() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::WrongPassword;
    desk.run(seconds(0.2));
    let refusals = |desk: &Desk| {
        desk.screens
            .iter()
            .filter(|screen| matches!(screen.step, Step::WrongPassword { .. }))
            .count()
    };
    let before = refusals(&desk);
    desk.holds_up = true;
    desk.units[0].body.borrow_mut().next_join = Some(unit::JOINED);
    desk.type_password("incorrect donkey");
    desk.cut(0);
    desk.holds_up = false;
    desk.run(seconds(0.6));
    desk.assert_done();
    assert_eq!(joined_with(&desk), b"incorrect donkey");
    assert_eq!(refusals(&desk), before);
}

#[test]
fn joined_without_internet_is_not_made_permanent_by_a_lost_link() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::NoInternet;
    desk.run(seconds(0.2));
    assert!(
        matches!(desk.step(), Step::NoInternet { .. }),
        "{:?}",
        desk.step()
    );
    desk.cut(0);
    desk.run(seconds(6.0));
    assert!(!desk.units[0].is_owned());
    assert!(
        matches!(desk.step(), Step::NoInternet { .. }),
        "{:?}",
        desk.step()
    );
    desk.press(ActionId::FinishAnyway);
    desk.assert_done();
}

#[test]
fn finishing_anyway_without_a_link_is_done_when_it_is_back() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::NoInternet;
    desk.run(seconds(0.2));
    desk.lose(0);
    desk.press(ActionId::FinishAnyway);
    desk.bring_back(0);
    desk.run(seconds(4.0));
    desk.assert_done();
}

#[test]
fn credentials_that_end_with_the_claim_are_given_again_after_a_new_touch() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.bring_back(0);
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0), 1);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.touch(0);
    desk.run(seconds(3.0));
    // The password is still there; the device has to be confirmed anew.
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    desk.press(ActionId::UseNetwork);
    desk.assert_done();
}

#[test]
fn the_device_responds_as_long_as_the_person_is_asked() {
    let mut desk = Desk::asked(1);
    desk.run(seconds(90.0));
    desk.units[0].body.borrow_mut().signals.clear();
    desk.run(seconds(5.0));
    let body = desk.units[0].body.borrow();
    assert!(
        body.signals
            .contains(&touchstone_device::ports::Signal::Respond)
    );
}

#[test]
fn a_chosen_device_is_found_again_under_another_address() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.run(seconds(1.0));
    desk.at("one").address = "renamed";
    desk.bring_back(0);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(5.0));
    desk.assert_done();
    assert_eq!(desk.connects.last().unwrap().1, "renamed");
}

fn refused(desk: &Desk) -> bool {
    desk.shown(|step| matches!(step, Step::WrongPassword { .. }))
}

fn resumed(contended: u32) -> Happening {
    Happening::Resumed(Resumed {
        state: ResumedState::Touched,
        level: Level::L1,
        kind: PressKind::Touch,
        contended,
        touch_age: Duration::ZERO,
        h_arm: None,
        commit_id: [0; 16],
    })
}

#[test]
fn a_device_that_cannot_store_is_not_called_connected_and_may_be_tried_again() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().worn_out = true;
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(2.0));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.units[0].is_owned() && desk.saved == 0);
    desk.units[0].body.borrow_mut().worn_out = false;
    desk.press(ActionId::TryAgain);
    desk.assert_done();
}

#[test]
fn a_lost_link_does_not_get_anything_out_before_the_key_store_remembers_it() {
    let mut desk = Desk::asked(1);
    desk.mark = None;
    desk.decide(PASSWORD);
    desk.cut(0);
    desk.run(seconds(4.0));
    assert_eq!(desk.links.len(), 1);
    desk.core.command(desk.now, Command::Retry);
    desk.run(seconds(1.0));
    assert_eq!(desk.joins(0), 0);
    let ueid = desk.units[0].ueid;
    desk.tell(Fact::SentMarked(ueid, true, Ok(())));
    desk.assert_done();
}

/// Rule A-d, up to the moment when the credentials are really out.
#[test]
fn somebody_else_met_before_anything_was_sealed_is_an_overlap() {
    let mut desk = Desk::asked(1);
    desk.mark = None;
    desk.decide(PASSWORD);
    desk.lose(0);
    let ueid = desk.units[0].ueid;
    desk.tell(Fact::SentMarked(ueid, true, Ok(())));
    desk.happens(0, resumed(1));
    assert_eq!(*desk.step(), Step::AnotherNearby);

    let mut desk = Desk::asked(1);
    desk.happens(0, resumed(1));
    assert_eq!(*desk.step(), Step::AnotherNearby);

    let mut desk = Desk::joining(1);
    desk.happens(0, resumed(1));
    assert!(!desk.shown(|step| *step == Step::AnotherNearby));
}

#[test]
fn a_device_that_holds_no_credentials_any_more_is_given_them_again() {
    let mut desk = Desk::joining(1);
    desk.happens(0, resumed(0));
    assert_eq!(desk.joins(0), 2);
}

#[test]
fn confirm_goes_out_once_a_link() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(0.2));
    assert_eq!((desk.step(), desk.up.len()), (&Step::Saving, 1));
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    desk.happens(0, Happening::Status(Status::Joined { address }));
    assert_eq!((desk.step(), desk.up.len()), (&Step::Saving, 1));
    // And not into a link that is not there.
    desk.lose(0);
    desk.happens(0, Happening::Status(Status::Joined { address }));
    desk.holds_up = false;
    desk.bring_back(0);
    desk.assert_done();
}

#[test]
fn who_is_content_without_internet_is_not_asked_again_after_a_lost_link() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::NoInternet;
    desk.run(seconds(0.2));
    desk.holds_up = true;
    desk.press(ActionId::FinishAnyway);
    desk.cut(0);
    desk.holds_up = false;
    let screens = desk.screens.len();
    desk.assert_done();
    let asked = |screen: &Screen| matches!(screen.step, Step::NoInternet { .. });
    assert!(!desk.screens[screens..].iter().any(asked));
}

#[test]
fn internet_that_comes_back_is_in_the_report() {
    for offline in [true, false] {
        let mut desk = Desk::joining(1);
        if offline {
            desk.units[0].body.borrow_mut().join = JoinStatus::NoInternet;
            desk.run(seconds(0.2));
        }
        desk.units[0].body.borrow_mut().join = unit::JOINED;
        desk.assert_done();
        desk.tell(Fact::HostGone);
        let report = desk.report.unwrap();
        let back = report
            .entries
            .iter()
            .any(|entry| entry.what == "internet back");
        assert_eq!(back, offline);
    }
}

#[test]
fn only_the_device_that_was_given_credentials_is_asked_how_it_goes() {
    let mut desk = Desk::joining(1);
    let ghost = desk.ghost();
    for status in [Status::WrongPassword, Status::Disarmed, Status::NoInternet] {
        desk.happens(ghost, Happening::Status(status));
    }
    assert!(
        matches!(desk.step(), Step::Joining { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!refused(&desk));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
}

#[test]
fn a_device_that_lets_its_claim_go_while_it_joins_is_touched_again() {
    let mut desk = Desk::joining(1);
    desk.happens(0, Happening::Status(Status::Disarmed));
    assert!(desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
}

#[test]
fn a_device_that_commits_another_set_up_is_not_called_connected() {
    let mut desk = Desk::joining(1);
    desk.happens(0, Happening::Committed([9; 16]));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.saved, 0);
}

#[test]
fn another_set_up_or_one_that_nobody_confirmed_is_never_called_done() {
    for confirming in [true, false] {
        let mut desk = Desk::joining(1);
        desk.holds_up = true;
        let mut commit_id = desk.core.candidates[0].commit_id().unwrap();
        if confirming {
            desk.units[0].body.borrow_mut().join = unit::JOINED;
            desk.run(seconds(0.2));
            assert_eq!(*desk.step(), Step::Saving);
            commit_id[0] ^= 1;
        }
        desk.happens(0, Happening::Committed(commit_id));
        assert!(
            matches!(desk.step(), Step::Failed { .. }),
            "{:?}",
            desk.step()
        );
        assert_eq!(desk.saved, 0);
    }
}

#[test]
fn what_another_device_has_stored_is_its_own_affair() {
    let mut desk = Desk::joining(1);
    let ghost = desk.ghost();
    desk.happens(ghost, Happening::Committed([5; 16]));
    desk.happens(ghost, resumed(0));
    assert!(
        matches!(desk.step(), Step::Joining { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0), 1);
}

#[test]
fn a_record_broken_on_its_way_costs_the_link_and_not_the_set_up() {
    let mut desk = Desk::joining(1);
    let code = touchstone_proto::record::ErrorCode::MalformedRecord;
    desk.happens(0, Happening::DeviceError(code));
    assert!(desk.links.is_empty());
    desk.run(seconds(3.0));
    assert!(!desk.shown(|step| matches!(step, Step::Failed { .. })));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
}

#[test]
fn the_losers_are_let_go_when_credentials_go_out() {
    let desk = Desk::joining(2);
    assert_eq!(desk.links.len(), 1);
    assert_eq!(desk.forgotten, [desk.units[1].ueid]);
}

/// A device need not say it again when it has said so in RESUMED.
#[test]
fn a_device_that_is_back_and_has_joined_is_asked_to_store() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().worn_out = true;
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(2.0));
    assert!(matches!(desk.step(), Step::Failed { .. }));
    desk.units[0].body.borrow_mut().worn_out = false;
    let Happening::Resumed(touched) = resumed(0) else {
        unreachable!()
    };
    let state = ResumedState::Joined;
    desk.happens(0, Happening::Resumed(Resumed { state, ..touched }));
    desk.assert_done();
}

#[test]
fn content_without_internet_is_said_of_one_network_and_not_of_the_next() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = JoinStatus::NoInternet;
    desk.units[0].body.borrow_mut().worn_out = true;
    desk.run(seconds(0.2));
    desk.press(ActionId::FinishAnyway);
    desk.run(seconds(0.5));
    assert!(matches!(desk.step(), Step::Failed { .. }));
    desk.units[0].body.borrow_mut().worn_out = false;
    let network = NetworkChoice::Typed {
        ssid: NetworkName::new(b"Home"),
        secured: true,
    };
    let password = Password::new("another donkey".to_owned());
    desk.core.use_network(desk.now, &network, Some(&password));
    desk.run(seconds(1.0));
    assert!(
        matches!(desk.step(), Step::NoInternet { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.units[0].is_owned());
    desk.press(ActionId::FinishAnyway);
    desk.assert_done();
}
