//! The reset gesture.

use touchstone_device::ports::Signal;
use touchstone_proto::record::DeniedReason;

use crate::support::{Heard, Room, StorageFault, ms, s};

#[test]
fn holding_for_ten_seconds_wipes_owner_and_networks_and_counts_the_reset() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.world.signals();
    let leaves = room.world.with(|world| world.leaves);
    room.press(s(10));
    assert!(room.is_lost(phone));
    assert!(room.count(Signal::Help) >= 5);
    assert_eq!(room.world.signals().last(), Some(&Signal::Chime));
    assert_eq!(room.world.with(|world| world.leaves), leaves + 1);
    let stored = room.world.with(|world| world.stored.clone()).unwrap();
    assert!(stored.ownership.is_none());
    assert_eq!(stored.reset_epoch, 1);
    let other = room.armed(2);
    assert_eq!(room.phones[other].claims.unwrap().reset_epoch, 1);
}

#[test]
fn the_former_owner_is_a_stranger_after_a_reset() {
    let mut room = Room::new();
    room.owned(1);
    room.press(s(10));
    let former = room.session(1);
    assert_eq!(room.heard(former), []);
}

#[test]
fn who_was_about_before_a_reset_is_not_a_crowd_after_it() {
    let mut room = Room::new();
    room.owned(1);
    let refused = room.connect(2);
    assert_eq!(room.heard(refused), [Heard::Refused(DeniedReason::Owned)]);
    room.press(s(10));
    // `touched` asserts that nobody else is about.
    room.touched(3);
}

#[test]
fn letting_go_too_early_resets_nothing() {
    let mut room = Room::new();
    room.owned(1);
    room.press(ms(9_900));
    assert!(room.stored_ssid().is_some());
    assert_eq!(room.world.signals().last(), Some(&Signal::Off));
}

#[test]
fn the_reset_count_survives_power_cuts_and_only_grows() {
    let mut room = Room::new();
    for expected in 1..4 {
        room.press(s(10));
        room.power_cut();
        let phone = room.session(1);
        assert_eq!(room.phones[phone].claims.unwrap().reset_epoch, expected);
        room.wait(s(10));
    }
}

#[test]
fn holding_on_resets_only_once() {
    let mut room = Room::new();
    room.press(s(60));
    let stored = room.world.with(|world| world.stored.clone()).unwrap();
    assert_eq!(stored.reset_epoch, 1);
}

#[test]
fn a_reset_in_the_middle_of_a_set_up_ends_it() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.press(s(10));
    assert!(room.is_lost(phone));
    assert_eq!(room.world.with(|world| world.leaves), 2);
    let again = room.session(1);
    assert_eq!(room.heard(again), []);
}

#[test]
fn a_reset_that_cannot_be_stored_changes_nothing() {
    let mut room = Room::new();
    room.owned(1);
    room.world.with(|world| world.fault = StorageFault::Before);
    room.press(s(10));
    assert_eq!(room.world.signals().last(), Some(&Signal::Off));
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
}

#[test]
fn a_reset_repairs_a_device_whose_storage_was_unreadable() {
    let world = crate::support::Handle::new(1);
    world.with(|world| world.fault = StorageFault::Unreadable);
    let mut room = Room::with_world(world);
    room.press(s(10));
    room.world.with(|world| world.fault = StorageFault::None);
    room.armed(1);
}

#[test]
fn a_reset_opens_the_window() {
    let mut room = Room::new();
    room.wait(s(20 * 60));
    room.press(s(10));
    room.session(1);
}
