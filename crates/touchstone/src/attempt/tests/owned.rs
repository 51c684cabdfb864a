//! Devices that are ours already.

use touchstone_device::ports::Signal;

use super::*;

fn waiting_signals(desk: &Desk) -> usize {
    let body = desk.units[0].body.borrow();
    body.signals
        .iter()
        .filter(|signal| **signal == Signal::Waiting)
        .count()
}

/// Up to "Kitchen lamp is already yours".
fn at_owned(units: u32) -> Desk {
    let mut desk = owned_desk(units);
    desk.units[0].body.borrow_mut().signals.clear();
    desk.begin();
    desk.run(seconds(6.0));
    desk
}

#[test]
fn a_device_of_ours_is_said_to_be_ours_and_never_asked_for_a_touch() {
    let desk = at_owned(1);
    assert!(
        matches!(desk.step(), Step::OwnedByYou { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.shown(|step| matches!(step, Step::AwaitPresence { .. })));
    assert_eq!(waiting_signals(&desk), 0);
}

#[test]
fn a_device_that_says_late_that_it_is_ours_is_disarmed_again() {
    let mut desk = Desk::prompted(1);
    let committed = super::super::Happening::Committed([5; 16]);
    desk.core.happened(desk.now, 0, vec![committed]);
    desk.run(seconds(4.0));
    assert!(
        matches!(desk.step(), Step::OwnedByYou { .. }),
        "{:?}",
        desk.step()
    );
    let advert = desk.units[0].device.advertisement(desk.now).unwrap();
    assert!(!advert.flags.armed);
    desk.touch(0);
    desk.run(seconds(2.0));
    assert!(!desk.shown(|step| matches!(step, Step::Touched { .. })));
    assert!(desk.forgotten.is_empty());
}

#[test]
fn cancelling_beside_a_device_of_ours_keeps_its_key() {
    let mut desk = at_owned(1);
    desk.press(ActionId::Cancel);
    desk.run(seconds(3.0));
    assert_eq!(*desk.step(), Step::Cancelled);
    assert!(desk.forgotten.is_empty() && desk.units[0].is_owned());
}

#[test]
fn setting_up_another_device_keeps_the_key_of_the_one_we_have() {
    let mut desk = owned_desk(2);
    desk.begin();
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.touch(1);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.run(seconds(5.0));
    assert!(
        matches!(desk.step(), Step::Done { .. }),
        "{:?}",
        desk.step()
    );
    assert!(desk.units[1].is_owned() && desk.forgotten.is_empty());
}

#[test]
fn another_wifi_needs_a_touch_and_survives_a_lost_link() {
    let mut desk = at_owned(1);
    desk.press(ActionId::ChangeWifi);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert!(desk.scanning, "rule A-b needs ears");
    desk.touch(0);
    desk.run(seconds(3.0));
    let before = desk.joins(0);
    desk.units[0].body.borrow_mut().join = touchstone_device::ports::JoinStatus::Connecting;
    desk.decide(PASSWORD);
    desk.run(STEP);
    // The device tells of its earlier set-up first; that is neither the end nor a failure.
    desk.cut(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::Joining { .. }),
        "{:?}",
        desk.step()
    );
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
    assert!(desk.joins(0) > before && desk.forgotten.is_empty());
}

#[test]
fn another_wifi_is_possible_although_the_link_was_lost_meanwhile() {
    let mut desk = at_owned(1);
    desk.lose(0);
    desk.run(seconds(5.0));
    desk.bring_back(0);
    desk.press(ActionId::ChangeWifi);
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_forgotten_device_loses_its_key_and_is_new_again() {
    let mut desk = at_owned(1);
    desk.press(ActionId::ForgetDevice);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
    assert!(!desk.units[0].is_owned());
    // The person is told how it ended; the device is a new one from now on.
    assert!(matches!(desk.step(), Step::Forgotten { .. }));
    desk.press(ActionId::ConnectDevice);
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_forget_lost_with_the_link_is_asked_for_and_sent_again() {
    let mut desk = at_owned(1);
    desk.holds_up = true;
    desk.press(ActionId::ForgetDevice);
    desk.cut(0);
    desk.holds_up = false;
    assert!(desk.forgotten.is_empty() && desk.units[0].is_owned());
    desk.run(seconds(4.0));
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
    assert!(!desk.units[0].is_owned());
}

#[test]
fn a_device_that_another_owner_has_is_refused_and_its_key_deleted() {
    let mut desk = owned_desk(1);
    desk.keys.clear();
    if let Some(stored) = &mut desk.units[0].body.borrow_mut().stored
        && let Some(ownership) = &mut stored.ownership
    {
        ownership.owner_kid = [3; 32];
    }
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.begin();
    desk.run(seconds(6.0));
    assert_eq!(*desk.step(), Step::AlreadyOwned);
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn a_chosen_device_that_belongs_to_somebody_else_when_it_comes_back_ends_the_attempt() {
    let mut desk = Desk::joining(1);
    let credentials = desk.units[0].body.borrow().joins[0].clone();
    desk.lose(0);
    desk.units[0].body.borrow_mut().stored = Some(touchstone_device::ports::Stored {
        reset_epoch: 1,
        power_cycle: None,
        ownership: Some(touchstone_device::ports::Ownership {
            owner_kid: [3; 32],
            credentials,
            commit_id: [3; 16],
        }),
    });
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.bring_back(0);
    desk.run(seconds(6.0));
    assert_eq!(*desk.step(), Step::AlreadyOwned);
}

#[test]
fn a_device_that_does_not_say_that_it_has_forgotten_is_given_ten_seconds() {
    let mut desk = at_owned(1);
    desk.lose(0);
    desk.press(ActionId::ForgetDevice);
    desk.core.candidates[0].connecting(desk.now, LinkKey(4711));
    desk.run(seconds(9.9));
    let is_failed = |step: &Step| matches!(step, Step::Failed { .. });
    assert!(!desk.shown(is_failed));
    desk.run(seconds(0.1));
    assert!(is_failed(desk.step()), "{:?}", desk.step());
    assert!(desk.forgotten.is_empty());
}

#[test]
fn another_device_that_has_no_owner_is_not_the_one_that_was_to_forget() {
    let mut desk = at_owned(1);
    desk.holds_up = true;
    desk.press(ActionId::ForgetDevice);
    let ghost = desk.ghost();
    let status = touchstone_proto::record::Status::UnownedUnclaimed;
    desk.happens(ghost, super::super::Happening::Status(status));
    assert!(!desk.shown(|step| matches!(step, Step::Forgotten { .. })));
    desk.holds_up = false;
    desk.run(STEP);
    assert!(matches!(desk.step(), Step::Forgotten { .. }));
}

#[test]
fn another_wifi_for_a_device_that_is_just_back_waits_for_nothing() {
    let mut desk = at_owned(1);
    desk.cut(0);
    desk.run(seconds(0.7));
    assert_eq!(desk.links.len(), 1);
    let command = touchstone_flow::Command::ChangeWifi;
    desk.core.command(desk.now, command);
    desk.run(seconds(0.5));
    let now = desk.now;
    let advert = desk.units[0].device.advertisement(now).unwrap();
    assert!(advert.flags.armed);
}

#[test]
fn a_claim_that_ends_while_a_device_forgets_is_not_touched_again() {
    let mut desk = at_owned(1);
    desk.holds_up = true;
    desk.press(ActionId::ForgetDevice);
    desk.happens(0, Happening::ClaimGone);
    assert!(matches!(
        desk.core.phase,
        super::super::Phase::Forgetting { .. }
    ));
    assert!(!desk.shown(|step| matches!(step, Step::TouchAgain { .. })));
    desk.holds_up = false;
    desk.run(seconds(1.0));
    assert!(matches!(desk.step(), Step::Forgotten { .. }));
}

#[test]
fn a_device_said_to_be_ours_that_comes_back_does_not_hide_what_is_said_of_it_later() {
    let mut desk = at_owned(1);
    desk.cut(0);
    desk.run(seconds(4.0));
    desk.press(ActionId::ChangeWifi);
    desk.run(seconds(2.0));
    desk.happens(0, Happening::Revoked);
    desk.run(seconds(2.0));
    assert!(matches!(desk.step(), Step::Revoked), "{:?}", desk.step());
}
