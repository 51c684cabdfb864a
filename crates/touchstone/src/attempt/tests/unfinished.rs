//! The app was killed after it had sent credentials.

use touchstone_device::ports::JoinStatus;

use super::*;
use crate::report::Outcome;

/// A second run of the app beside a device that has the credentials of the first.
fn killed(join: JoinStatus) -> Desk {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = join;
    desk.run(seconds(1.0));
    let sealed = desk.joins(0);
    desk.begin();
    desk.run(seconds(3.0));
    assert_eq!(desk.joins(0), sealed);
    desk
}

fn is_unfinished(step: &Step) -> bool {
    matches!(step, Step::Unfinished { .. })
}

#[test]
fn the_next_run_offers_to_finish_and_nothing_is_sent_again() {
    let mut desk = killed(JoinStatus::Connecting);
    assert!(is_unfinished(desk.step()), "{:?}", desk.step());
    assert!(!desk.units[0].is_owned());
    let joins = desk.joins(0);
    desk.press(ActionId::Finish);
    desk.run(seconds(1.0));
    assert!(
        matches!(desk.step(), Step::Joining { .. }),
        "{:?}",
        desk.step()
    );
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
    assert_eq!((desk.joins(0), desk.saved), (joins, 0));
    assert!(!desk.shown(|step| matches!(step, Step::AwaitPresence { .. })));
    assert_eq!(desk.sent(desk.units[0].ueid), None);
}

#[test]
fn nothing_is_kept_before_the_person_says_so() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(60.0));
    assert!(is_unfinished(desk.step()));
    assert!(!desk.units[0].is_owned());
}

#[test]
fn the_person_can_take_it_back_and_the_device_says_so() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.press(ActionId::Cancel);
    desk.run(seconds(2.0));
    assert!(matches!(desk.step(), Step::Cancelled), "{:?}", desk.step());
    assert!(!desk.units[0].is_owned());
    assert!(!desk.units[0].body.borrow().joining);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn a_link_lost_meanwhile_changes_nothing() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.cut(0);
    desk.run(seconds(3.0));
    assert!(is_unfinished(desk.step()));
    desk.press(ActionId::Finish);
    desk.cut(0);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(3.0));
    desk.assert_done();
}

#[test]
fn without_the_mark_of_this_very_set_up_the_claim_is_let_go() {
    for mark in [None, Some([7; 16])] {
        let mut desk = Desk::joining(1);
        let ueid = desk.units[0].ueid;
        desk.marked.push((ueid, mark));
        desk.begin();
        desk.run(seconds(6.0));
        assert!(!desk.shown(is_unfinished));
        assert!(
            matches!(desk.step(), Step::AwaitPresence { .. }),
            "{:?}",
            desk.step()
        );
        assert!(!desk.units[0].body.borrow().joining);
    }
}

#[test]
fn what_failed_to_join_is_let_go_and_touched_again() {
    for join in [JoinStatus::WrongPassword, JoinStatus::NetworkNotFound] {
        let mut desk = killed(join);
        desk.run(seconds(4.0));
        assert!(!desk.shown(is_unfinished));
        assert!(
            matches!(desk.step(), Step::AwaitPresence { .. }),
            "{:?}",
            desk.step()
        );
    }
    // Or fails while the person decides.
    let mut desk = killed(JoinStatus::Connecting);
    desk.units[0].body.borrow_mut().join = JoinStatus::WrongPassword;
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.sent(desk.units[0].ueid), None);
}

#[test]
fn a_device_that_restarted_has_nothing_to_finish() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.cut(0);
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    assert_eq!(desk.sent(desk.units[0].ueid), None);
}

#[test]
fn taking_it_back_waits_for_the_device_as_long_as_it_takes() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    desk.run(seconds(2.5));
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    desk.holds_up = false;
    desk.run(seconds(1.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn what_another_device_says_does_not_end_it() {
    let mut desk = killed(JoinStatus::Connecting);
    let ghost = desk.ghost();
    let status = touchstone_proto::record::Status::Disarmed;
    desk.happens(ghost, Happening::Status(status));
    desk.happens(ghost, Happening::ClaimGone);
    desk.run(seconds(1.0));
    assert!(is_unfinished(desk.step()), "{:?}", desk.step());
    desk.press(ActionId::Finish);
    let ghost = desk.ghost();
    let joined = touchstone_proto::record::ResumedState::Joined;
    desk.happens(ghost, Happening::Unfinished(joined));
    assert!(!desk.shown(|step| *step == Step::Saving));
    assert!(
        matches!(desk.step(), Step::Joining { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn an_earlier_set_up_that_is_stored_while_the_host_leaves_ends_in_a_report() {
    let mut desk = killed(JoinStatus::Connecting);
    desk.press(ActionId::Finish);
    desk.run(seconds(0.5));
    desk.mute = Some(0);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(0.2));
    desk.happens(
        0,
        Happening::Status(touchstone_proto::record::Status::Joined {
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        }),
    );
    let commit_id = desk.core.candidates[0].commit_id().unwrap();
    desk.tell(Fact::HostGone);
    desk.happens(0, Happening::Committed(commit_id));
    desk.run(seconds(5.0));
    let report = desk.report.expect("a report");
    assert_eq!(report.outcome, Outcome::Connected);
}
