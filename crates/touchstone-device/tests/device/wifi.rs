//! Scans, credentials and the join.

use touchstone_device::ports::JoinStatus;
use touchstone_proto::{
    credentials::{Security, Ssid},
    record::{IdentifyMode, ReleaseReason, SeenNetwork, SeenNetworks, Status},
};

use crate::support::{ADDRESS, Heard, Room, ms, network, s};

fn seen(networks: &[(&str, i8)]) -> SeenNetworks {
    networks
        .iter()
        .map(|(ssid, rssi)| SeenNetwork {
            ssid: Ssid::new(ssid.as_bytes()).unwrap(),
            security: Security::Wpa2Psk,
            rssi: *rssi,
            channel: 6,
        })
        .collect()
}

const fn status(status: Status) -> Heard {
    Heard::Status(status)
}

#[test]
fn prepare_starts_the_scan_and_arm_gets_it_strongest_first() {
    let mut room = Room::new();
    let phone = room.session(1);
    assert_eq!(room.world.with(|world| world.scans), 1);
    assert_eq!(room.world.signals(), [], "no beep");
    room.world
        .with(|world| world.seen = Some(seen(&[("Far", -80), ("Home", -40)])));
    room.wait(s(1));
    assert_eq!(room.heard(phone), [], "not before ARM");
    room.arm(phone);
    let heard = room.heard(phone);
    let [Heard::Armed { .. }, Heard::Networks(networks)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(*networks, seen(&[("Home", -40), ("Far", -80)]));
}

#[test]
fn a_scan_that_ends_after_arm_is_pushed() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(s(2));
    room.world
        .with(|world| world.seen = Some(seen(&[("Home", -40)])));
    room.settle();
    assert_eq!(room.heard(phone), [Heard::Networks(seen(&[("Home", -40)]))]);
    room.wait(s(5));
    assert_eq!(room.heard(phone), [], "once");
}

#[test]
fn prepare_reserves_nothing() {
    let mut room = Room::new();
    room.session(1);
    let second = room.session(2);
    room.arm(second);
    assert!(matches!(room.heard(second)[..], [Heard::Armed { .. }]));
}

#[test]
fn a_session_that_is_not_armed_learns_no_networks() {
    let mut room = Room::new();
    let armed = room.armed(1);
    let other = room.session(2);
    room.world
        .with(|world| world.seen = Some(seen(&[("Home", -40)])));
    room.rescan(other);
    assert_eq!(room.heard(other), []);
    assert_eq!(room.heard(armed).len(), 1);
}

#[test]
fn rescan_brings_a_new_list() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.world
        .with(|world| world.seen = Some(seen(&[("Home", -40)])));
    room.settle();
    room.heard(phone);
    room.rescan(phone);
    assert_eq!(room.world.with(|world| world.scans), 2);
    assert_eq!(room.heard(phone), []);
    room.world
        .with(|world| world.seen = Some(seen(&[("New", -50)])));
    room.settle();
    assert_eq!(room.heard(phone), [Heard::Networks(seen(&[("New", -50)]))]);
}

#[test]
fn credentials_are_tried_at_once_and_every_change_is_pushed() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.credentials(phone, &network("Home", "correct horse"));
    assert_eq!(room.world.with(|world| world.joins.clone()), [b"Home"]);
    for join in [
        JoinStatus::DhcpFailed,
        JoinStatus::Connecting,
        JoinStatus::NoInternet,
        JoinStatus::Joined { address: ADDRESS },
    ] {
        room.wifi(join);
        room.wait(s(1));
    }
    assert_eq!(
        room.heard(phone),
        [
            status(Status::Accepted),
            status(Status::Connecting),
            status(Status::DhcpFailed),
            status(Status::Connecting),
            status(Status::NoInternet),
            status(Status::Joined { address: ADDRESS }),
        ]
    );
    assert_eq!(
        room.world.with(|world| world.stores),
        0,
        "nothing is stored before CONFIRM"
    );
}

#[test]
fn a_wrong_password_is_corrected_in_the_same_session() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.credentials(phone, &network("Home", "wrong horse"));
    room.wifi(JoinStatus::WrongPassword);
    assert_eq!(
        room.heard(phone).last(),
        Some(&status(Status::WrongPassword))
    );
    room.credentials(phone, &network("Home", "correct horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    assert_eq!(
        room.heard(phone),
        [
            status(Status::Accepted),
            status(Status::Connecting),
            status(Status::Joined { address: ADDRESS }),
        ]
    );
    room.confirm(phone);
    let stored = room.world.with(|world| world.stored.clone()).unwrap();
    let credentials = stored.ownership.unwrap().credentials;
    assert!(format!("{:?}", credentials.networks()).contains("Home"));
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
}

#[test]
fn a_network_that_is_not_found_is_corrected_in_the_same_session() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.credentials(phone, &network("Hom", "correct horse"));
    room.wifi(JoinStatus::NetworkNotFound);
    assert_eq!(
        room.heard(phone).last(),
        Some(&status(Status::NetworkNotFound))
    );
    room.credentials(phone, &network("Home", "correct horse"));
    room.wifi(JoinStatus::Joined { address: ADDRESS });
    room.confirm(phone);
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
}

#[test]
fn the_response_stops_when_credentials_come() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.identify(phone, IdentifyMode::Respond);
    room.credentials(phone, &network("Home", "correct horse"));
    room.world.signals();
    room.wait(s(10));
    assert_eq!(room.world.signals(), []);
}

#[test]
fn release_before_confirm_leaves_the_network_and_stores_nothing() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.release(phone, ReleaseReason::Cancelled);
    assert_eq!(room.heard(phone), [Heard::Released]);
    assert_eq!(
        room.world.with(|world| (world.leaves, world.stores)),
        (1, 0)
    );
    let other = room.armed(2);
    assert!(!room.is_lost(other));
}

#[test]
fn another_claim_is_accepted_only_after_the_network_was_left() {
    let mut room = Room::new();
    room.joined(1);
    room.wait(s(10 * 60));
    assert_eq!(room.world.with(|world| world.leaves), 1);
    room.armed(2);
}

#[test]
fn arming_again_gives_up_the_claim_and_its_credentials() {
    let mut room = Room::new();
    let phone = room.joined(1);
    room.hang_up(phone);
    let again = room.session(1);
    room.heard(again);
    room.release(again, ReleaseReason::Failed);
    room.arm(again);
    assert_eq!(room.world.with(|world| world.leaves), 1);
    room.wait(ms(400));
    room.press(ms(100));
    assert!(matches!(
        room.heard(again).last(),
        Some(Heard::Touched { .. })
    ));
}

#[test]
fn a_list_is_told_once_for_each_scan_that_was_asked_for() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.world
        .with(|world| world.seen = Some(seen(&[("Home", -50)])));
    room.settle();
    assert!(matches!(room.heard(phone)[..], [Heard::Networks(_)]));
    room.release(phone, ReleaseReason::Cancelled);
    room.arm(phone);
    assert!(matches!(
        room.heard(phone)[..],
        [Heard::Released, Heard::Armed { .. }]
    ));
}
