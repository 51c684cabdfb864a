//! Rule R-h: nothing is stored before CONFIRM, and then all of it. The owner lock.

use touchstone_device::ports::{JoinStatus, Signal};
use touchstone_proto::record::{DeniedReason, ErrorCode, ReleaseReason, Status};

use crate::support::{ADDRESS, Heard, Room, StorageFault, ms, network, s};

fn commit_id(heard: &[Heard]) -> [u8; 16] {
    match heard {
        [Heard::Committed(commit_id), ..] => *commit_id,
        _ => panic!("{heard:?}"),
    }
}

#[test]
fn confirm_stores_owner_credentials_and_commit_id_in_one_write_and_chimes() {
    let mut room = Room::new();
    let phone = room.joined(1);
    let expected = room.phones[phone].session.commit_id().unwrap();
    room.world.signals();
    room.confirm(phone);
    assert_eq!(commit_id(&room.heard(phone)), expected);
    assert_eq!(room.world.signals(), [Signal::Chime]);
    let stored = room.world.with(|world| world.stored.clone()).unwrap();
    let ownership = stored.ownership.unwrap();
    assert_eq!(ownership.owner_kid, room.phones[phone].owner_key().kid());
    assert_eq!(ownership.commit_id, expected);
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
    assert_eq!(room.world.with(|world| world.stores), 1);
    assert!(!room.device.advertisement(room.now).unwrap().flags.unowned);
}

#[test]
fn a_power_cut_before_confirm_leaves_the_device_as_it_was() {
    for step in [Room::touched, Room::joined] {
        let mut room = Room::new();
        step(&mut room, 1);
        room.power_cut();
        assert_eq!(room.stored_ssid(), None);
        let other = room.armed(2);
        room.touch();
        assert_eq!(room.heard(other), [Heard::Touched { contended: 0 }]);
    }
}

#[test]
fn a_power_cut_after_confirm_leaves_the_new_owner_and_joins_again() {
    let mut room = Room::new();
    let phone = room.joined(1);
    let expected = room.phones[phone].session.commit_id().unwrap();
    room.confirm(phone);
    room.power_cut();
    assert_eq!(room.world.with(|world| world.joins.len()), 2);
    let again = room.session(1);
    assert_eq!(commit_id(&room.heard(again)), expected);
}

#[test]
fn a_store_that_fails_before_writing_leaves_the_old_state_and_may_be_repeated() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.world.with(|world| world.fault = StorageFault::Before);
    room.confirm(phone);
    assert_eq!(room.heard(phone), [Heard::Error(ErrorCode::Storage)]);
    assert!(room.device.advertisement(room.now).unwrap().flags.unowned);
    assert_eq!(room.count(Signal::Chime), 0);
    room.world.with(|world| world.fault = StorageFault::None);
    room.confirm(phone);
    assert!(matches!(room.heard(phone)[..], [Heard::Committed(_)]));
}

#[test]
fn a_store_that_fails_after_writing_counts_as_written() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.world.with(|world| world.fault = StorageFault::After);
    room.confirm(phone);
    assert!(matches!(room.heard(phone)[..], [Heard::Committed(_)]));
    room.world.with(|world| world.fault = StorageFault::None);
    room.power_cut();
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
}

#[test]
fn a_lost_committed_is_recovered_by_any_later_session_of_the_owner() {
    let mut room = Room::new();
    let phone = room.joined(1);
    let expected = room.phones[phone].session.commit_id().unwrap();
    let envelope = room.phones[phone].session.confirm().unwrap();
    room.phones[phone].send(&envelope);
    let mut buffer = [0; 512];
    while let Some(length) = room.phones[phone].transmit(&mut buffer) {
        let link = room.phones[phone].link;
        room.device.received(room.now, link, &buffer[..length]);
    }
    // COMMITTED never arrives.
    room.hang_up(phone);
    assert_eq!(room.heard(phone), []);
    let again = room.session(1);
    assert_eq!(commit_id(&room.heard(again)), expected);
    room.hang_up(again);
    room.power_cut();
    room.power_cut();
    let later = room.session(1);
    assert_eq!(commit_id(&room.heard(later)), expected);
}

#[test]
fn a_lost_confirm_is_repeated_after_the_claim_was_resumed() {
    let mut room = Room::new();
    let phone = room.joined(1);
    let expected = room.phones[phone].session.commit_id().unwrap();
    room.hang_up(phone);
    let again = room.session(1);
    room.heard(again);
    room.confirm(again);
    assert_eq!(commit_id(&room.heard(again)), expected);
}

#[test]
fn a_repeated_confirm_is_answered_and_stores_nothing_more() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.confirm(phone);
    assert!(matches!(room.heard(phone)[..], [Heard::Committed(_)]));
    assert_eq!(room.world.with(|world| world.stores), 1);
}

#[test]
fn after_confirm_others_are_told_that_it_is_owned_for_ten_minutes() {
    let mut room = Room::new();
    room.owned(1);
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
    room.wait(s(11));
    assert!(room.is_lost(stranger), "a refused link is not kept");
    room.wait(s(10 * 60 - 12));
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
    room.wait(s(2));
    let stranger = room.connect(2);
    assert!(room.is_lost(stranger));
    assert_eq!(room.heard(stranger), []);
}

#[test]
fn the_acknowledgement_closes_the_window() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.release(phone, ReleaseReason::Done);
    assert_eq!(room.heard(phone), [Heard::Released]);
    assert_eq!(room.device.advertisement(room.now), None);
    room.hang_up(phone);
    for owner in [1, 2] {
        let silent = room.connect(owner);
        assert!(room.is_lost(silent));
        assert_eq!(room.heard(silent), []);
    }
    assert!(matches!(
        room.world.with(|world| world.join),
        JoinStatus::Joined { .. }
    ));
}

#[test]
fn a_touch_opens_the_window_of_an_owned_device_to_its_owner_only() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.release(phone, ReleaseReason::Done);
    room.hang_up(phone);
    room.touch();
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
    let owner = room.session(1);
    assert!(matches!(room.heard(owner)[..], [Heard::Committed(_)]));
}

#[test]
fn the_owner_session_outlives_the_window() {
    let mut room = Room::new();
    room.owned(1);
    room.power_cut();
    let phone = room.session(1);
    room.keep(phone, s(20 * 60));
    assert_eq!(room.device.advertisement(room.now), None);
    room.heard(phone);
    room.keep_alive(phone);
    assert_eq!(room.heard(phone), [Heard::KeepAlive]);
}

#[test]
fn outside_the_window_not_even_the_owner_begins_a_set_up() {
    let mut room = Room::new();
    room.owned(1);
    room.power_cut();
    let phone = room.session(1);
    room.keep(phone, s(20 * 60));
    room.heard(phone);
    room.arm(phone);
    assert_eq!(room.heard(phone), [Heard::Denied(DeniedReason::Locked)]);
    room.touch();
    assert_eq!(room.heard(phone), []);
}

#[test]
fn the_owner_handshake_that_straddles_the_end_of_the_window_is_answered() {
    let mut room = Room::new();
    room.owned(1);
    room.power_cut();
    room.wait(s(15 * 60) - s(5));
    let phone = room.dial(1, crate::support::FRAGMENT);
    room.phones[phone].stalls = true;
    room.settle();
    room.wait(s(6));
    room.phones[phone].go_on();
    room.settle();
    assert!(matches!(
        room.heard(phone)[..],
        [Heard::Evidence, Heard::Committed(_)]
    ));
}

#[test]
fn the_owner_changes_the_network_without_a_new_owner() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.hang_up(phone);
    room.power_cut();
    let phone = room.armed(1);
    room.touch();
    assert!(matches!(room.heard(phone)[..], [Heard::Touched { .. }]));
    room.credentials(phone, &network("Garden", "another horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    assert_eq!(room.stored_ssid().unwrap(), b"Home", "until CONFIRM");
    room.confirm(phone);
    assert_eq!(room.stored_ssid().unwrap(), b"Garden");
}

#[test]
fn a_change_that_is_given_up_returns_to_the_stored_network() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.hang_up(phone);
    room.power_cut();
    let phone = room.armed(1);
    room.touch();
    room.credentials(phone, &network("Garden", "another horse"));
    room.wifi(JoinStatus::WrongPassword);
    room.release(phone, ReleaseReason::Cancelled);
    let joins = room.world.with(|world| world.joins.clone());
    assert_eq!(joins.last().unwrap(), b"Home");
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
}

#[test]
fn a_change_whose_store_fails_before_writing_keeps_the_old_network() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.hang_up(phone);
    room.power_cut();
    let phone = room.armed(1);
    room.touch();
    room.credentials(phone, &network("Garden", "another horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    room.heard(phone);
    room.world.with(|world| world.fault = StorageFault::Before);
    room.confirm(phone);
    assert_eq!(room.heard(phone), [Heard::Error(ErrorCode::Storage)]);
    room.power_cut();
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
}

#[test]
fn forget_by_the_owner_makes_it_unowned() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.forget(phone);
    assert_eq!(room.heard(phone), [Heard::Status(Status::UnownedUnclaimed)]);
    assert_eq!(room.stored_ssid(), None);
    room.power_cut();
    let other = room.armed(2);
    assert_eq!(room.phones[other].claims.unwrap().reset_epoch, 0);
}

#[test]
fn forget_by_anybody_else_is_refused() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.forget(phone);
    assert_eq!(
        room.heard(phone),
        [Heard::Error(ErrorCode::UnexpectedRecord)]
    );
    room.wait(s(11));
    assert!(room.is_lost(phone));
    assert_eq!(room.world.with(|world| world.stores), 0);
}

#[test]
fn a_forget_that_cannot_be_stored_changes_nothing() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.world.with(|world| world.fault = StorageFault::Before);
    room.forget(phone);
    assert_eq!(room.heard(phone), [Heard::Error(ErrorCode::Storage)]);
    let stranger = room.connect(2);
    assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
}

#[test]
fn an_owned_device_cannot_be_touched_away() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.release(phone, ReleaseReason::Done);
    room.hang_up(phone);
    for _ in 0..3 {
        room.touch();
        let stranger = room.connect(2);
        assert_eq!(room.heard(stranger), [Heard::Refused(DeniedReason::Owned)]);
        room.wait(ms(11_000));
    }
    assert_eq!(room.world.with(|world| world.stores), 1);
}

#[test]
fn what_was_answered_with_an_error_is_not_joined_again_although_it_was_written() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.world.with(|world| world.fault = StorageFault::Broken);
    room.confirm(phone);
    assert_eq!(room.heard(phone), [Heard::Error(ErrorCode::Storage)]);
    room.world.with(|world| world.fault = StorageFault::None);
    let joins = room.world.with(|world| world.joins.len());
    room.release(phone, ReleaseReason::Failed);
    assert_eq!(room.heard(phone), [Heard::Released]);
    room.world.with(|world| {
        assert_eq!(world.joins.len(), joins);
        assert_eq!(world.join, JoinStatus::Idle);
    });
}
