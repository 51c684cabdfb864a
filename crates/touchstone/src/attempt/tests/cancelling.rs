//! The way back, in every phase.

use super::*;

#[test]
fn cancelled_is_said_only_when_the_device_has_released_what_it_was_given() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    desk.run(seconds(30.0));
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    assert!(
        matches!(desk.step(), Step::Failed { .. }),
        "{:?}",
        desk.step()
    );
    assert!(desk.forgotten.is_empty());
    desk.bring_back(0);
    desk.run(seconds(8.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
    assert!(!desk.units[0].is_owned());
}

#[test]
fn a_link_lost_while_cancelling_does_not_count_as_released() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    desk.cut(0);
    desk.run(seconds(0.2));
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    desk.holds_up = false;
    desk.run(seconds(5.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn a_device_that_restarted_while_cancelling_is_still_asked() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    desk.units[0].reboot(desk.now);
    desk.bring_back(0);
    desk.run(seconds(8.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn a_cancel_that_comes_too_late_ends_as_done_and_keeps_the_owner_key() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(0.2));
    assert_eq!(*desk.step(), Step::Saving);
    // CONFIRM is on its way, RELEASE follows it.
    desk.press(ActionId::Cancel);
    desk.holds_up = false;
    desk.assert_done();
    assert!(desk.forgotten.is_empty());
    assert_eq!(desk.saved, 1);
}

#[test]
fn a_cancel_after_a_lost_confirm_ends_as_the_device_says() {
    let mut desk = Desk::joining(1);
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.holds_up = true;
    desk.run(seconds(0.2));
    desk.lose(0);
    desk.press(ActionId::Cancel);
    desk.holds_up = false;
    desk.bring_back(0);
    desk.run(seconds(8.0));
    // CONFIRM never arrived.
    assert_eq!(*desk.step(), Step::Cancelled);
    assert!(!desk.units[0].is_owned());
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn cancelling_before_anything_was_sent_waits_for_no_device_that_is_away() {
    for lose in [false, true] {
        let mut desk = Desk::asked(1);
        if lose {
            desk.lose(0);
        }
        desk.press(ActionId::Cancel);
        desk.run(seconds(3.0));
        assert_eq!(*desk.step(), Step::Cancelled, "lost: {lose}");
        assert!(desk.joins(0) == 0 && !desk.units[0].is_owned());
    }
}

#[test]
fn trying_again_while_a_roll_back_is_uncertain_begins_anew() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    desk.run(seconds(12.0));
    desk.bring_back(0);
    desk.core.candidates[0].retry_at = desk.now + seconds(60.0);
    desk.press(ActionId::TryAgain);
    desk.run(seconds(6.0));
    // The claim of before was released; its touch does not count any more.
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn leaving_waits_for_the_release_and_no_longer_than_two_seconds() {
    let mut desk = Desk::asked(1);
    desk.tell(Fact::HostGone);
    assert!(desk.report.is_some());
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);

    let mut desk = Desk::asked(1);
    desk.holds_up = true;
    desk.tell(Fact::HostGone);
    assert!(desk.report.is_none());
    desk.run(seconds(2.1));
    assert!(desk.report.is_some() && desk.forgotten.is_empty());
}

#[test]
fn leaving_while_confirm_is_on_its_way_keeps_the_owner_key() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(0.2));
    desk.tell(Fact::HostGone);
    desk.holds_up = false;
    desk.run(seconds(1.0));
    assert!(desk.units[0].is_owned() && desk.forgotten.is_empty());
    assert_eq!(desk.report.unwrap().outcome, crate::Outcome::Connected);
}

#[test]
fn a_failing_key_store_after_the_end_changes_nothing() {
    let mut desk = Desk::joining(1);
    desk.mark = Some(Err(OwnerKeyError("disk full".into())));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.run(seconds(2.0));
    assert!(
        matches!(desk.step(), Step::Done { .. }),
        "{:?}",
        desk.step()
    );
}

/// The host is asked for the link and takes its time: nothing wakes the attempt but its own patience.
fn host_takes_its_time(desk: &mut Desk) {
    desk.core.candidates[0].connecting(desk.now, LinkKey(4711));
}

fn is_failed(step: &Step) -> bool {
    matches!(step, Step::Failed { .. })
}

#[test]
fn a_roll_back_is_called_uncertain_after_ten_seconds_and_no_sooner() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    host_takes_its_time(&mut desk);
    desk.run(seconds(9.9));
    assert!(!desk.shown(is_failed));
    desk.run(seconds(0.1));
    assert!(is_failed(desk.step()), "{:?}", desk.step());
    // Said once; the device is still asked.
    let screens = desk.screens.len();
    desk.run(seconds(5.0));
    assert_eq!(desk.screens.len(), screens);
}

#[test]
fn cancelling_again_ends_the_waiting_only_where_the_link_is_gone() {
    for lost in [false, true] {
        let mut desk = Desk::joining(1);
        desk.holds_up = true;
        if lost {
            desk.lose(0);
        }
        desk.press(ActionId::Cancel);
        assert!(!desk.shown(is_failed));
        desk.press(ActionId::Cancel);
        assert_eq!(desk.shown(is_failed), lost, "{:?}", desk.step());
        assert!(!desk.shown(|step| *step == Step::Cancelled));
    }
}

#[test]
fn what_is_done_cannot_be_cancelled_and_neither_can_leaving() {
    let cancel = touchstone_flow::Command::Cancel;
    let mut desk = Desk::asked(1);
    desk.decide(PASSWORD);
    desk.assert_done();
    desk.core.command(desk.now, cancel.clone());
    desk.run(seconds(3.0));
    assert!(matches!(desk.step(), Step::Done { .. }));
    assert!(desk.units[0].is_owned() && desk.forgotten.is_empty());

    let mut desk = Desk::asked(1);
    desk.holds_up = true;
    desk.tell(Fact::HostGone);
    desk.core.command(desk.now, cancel);
    desk.run(seconds(2.0));
    assert!(desk.report.is_some());
}

#[test]
fn leaving_twice_waits_no_longer() {
    let mut desk = Desk::asked(1);
    desk.holds_up = true;
    desk.tell(Fact::HostGone);
    desk.run(seconds(1.5));
    desk.tell(Fact::HostGone);
    assert!(desk.report.is_none());
    desk.run(seconds(0.5));
    assert!(desk.report.is_some());
}

#[test]
fn while_cancelling_the_radio_listens_only_for_a_device_that_is_away() {
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    assert!(desk.scanning);

    let mut desk = Desk::asked(1);
    assert!(desk.scanning);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    assert!(!desk.scanning && !desk.shown(|step| *step == Step::Cancelled));
}

#[test]
fn a_device_that_was_sent_nothing_has_two_seconds_to_say_that_it_lets_go() {
    let mut desk = Desk::asked(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    desk.run(seconds(1.9));
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    desk.run(seconds(0.1));
    assert_eq!(*desk.step(), Step::Cancelled);
    // And nobody to wait for is nobody to wait for.
    let mut desk = Desk::new(0);
    desk.press(ActionId::Cancel);
    assert_eq!(*desk.step(), Step::Cancelled);
}

#[test]
fn released_by_a_device_that_was_not_chosen_is_not_the_answer() {
    let mut desk = Desk::asked(2);
    desk.press(ActionId::UseNetwork);
    desk.holds_up = true;
    desk.type_password(PASSWORD);
    desk.press(ActionId::Cancel);
    let links = desk.links.clone();
    let (of_the_loser, others) = std::mem::take(&mut desk.up)
        .into_iter()
        .partition(|flying| links[&flying.0].0 == 1);
    desk.up = of_the_loser;
    desk.holds_up = false;
    desk.settle();
    assert_eq!(desk.forgotten, [desk.units[1].ueid]);
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    desk.up = others;
    desk.settle();
    assert_eq!(*desk.step(), Step::Cancelled);
}

#[test]
fn a_device_that_had_let_its_claim_go_is_asked_to_release_all_the_same() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    desk.core.candidates[0].forget_touch();
    desk.cut(0);
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.holds_up = false;
    desk.run(seconds(4.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn only_a_refusal_by_the_chosen_device_ends_the_roll_back() {
    let denied = || Happening::Denied(touchstone_proto::record::DeniedReason::Locked);
    let mut desk = Desk::joining(1);
    desk.lose(0);
    desk.press(ActionId::Cancel);
    let ghost = desk.ghost();
    desk.happens(ghost, denied());
    assert!(!desk.shown(|step| *step == Step::Cancelled));
    desk.happens(0, denied());
    assert_eq!(*desk.step(), Step::Cancelled);
}

#[test]
fn an_error_of_the_device_does_not_end_the_roll_back() {
    let mut desk = Desk::joining(1);
    desk.holds_up = true;
    desk.press(ActionId::Cancel);
    let code = touchstone_proto::record::ErrorCode::Storage;
    desk.happens(0, Happening::DeviceError(code));
    assert!(desk.links.is_empty());
    desk.holds_up = false;
    desk.run(seconds(4.0));
    assert!(!desk.shown(is_failed));
    assert_eq!(*desk.step(), Step::Cancelled);
}

#[test]
fn what_an_owned_device_says_after_the_end_makes_nothing_connected() {
    let mut desk = Desk::prompted(1);
    desk.holds_up = true;
    desk.tell(Fact::HostGone);
    desk.happens(0, Happening::Committed([5; 16]));
    desk.run(seconds(2.1));
    assert_eq!(desk.report.unwrap().outcome, crate::Outcome::Unfinished);
}
