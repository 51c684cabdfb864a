//! Rule R-e: other phones about.

use touchstone_device::ports::Signal;
use touchstone_proto::record::{IdentifyMode, Status};

use crate::support::{FRAGMENT, Heard, Room, s};

const RESPONDING: [Heard; 1] = [Heard::Status(Status::Responding)];
const REFUSED: [Heard; 1] = [Heard::Status(Status::RespondRefused)];

#[test]
fn the_touched_device_responds_until_it_is_told_to_stop() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), RESPONDING);
    room.world.signals();
    room.wait(s(10));
    assert!(room.count(Signal::Respond) >= 4);
    assert_eq!(room.count(Signal::Waiting), 0);
    room.identify(phone, IdentifyMode::Off);
    assert_eq!(
        room.heard(phone),
        [],
        "a touched device never says untouched"
    );
    assert_eq!(room.world.signals().last(), Some(&Signal::Off));
    room.wait(s(10));
    assert_eq!(room.world.signals(), []);
}

#[test]
fn one_request_makes_it_respond_for_half_a_minute_at_most() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.identify(phone, IdentifyMode::Respond);
    room.keep(phone, s(30));
    room.world.signals();
    room.keep(phone, s(30));
    assert_eq!(room.count(Signal::Respond), 0);
}

#[test]
fn nobody_makes_an_untouched_device_respond() {
    let mut room = Room::new();
    let attested = room.session(1);
    room.identify(attested, IdentifyMode::Respond);
    assert_eq!(
        room.heard(attested),
        [Heard::Status(Status::UnownedUnclaimed)]
    );
    room.arm(attested);
    room.heard(attested);
    room.identify(attested, IdentifyMode::Respond);
    assert_eq!(room.heard(attested), [Heard::Status(Status::Untouched)]);
    let other = room.session(2);
    room.identify(other, IdentifyMode::Respond);
    assert_eq!(room.heard(other), [Heard::Status(Status::Disarmed)]);
    assert_eq!(room.count(Signal::Respond), 0);
}

#[test]
fn another_session_cannot_make_the_touched_device_respond() {
    let mut room = Room::new();
    room.touched(1);
    let other = room.session(2);
    room.identify(other, IdentifyMode::Respond);
    assert_eq!(room.heard(other), [Heard::Status(Status::Disarmed)]);
    assert_eq!(room.count(Signal::Respond), 0);
}

#[test]
fn respond_is_refused_while_contended_and_for_two_minutes_after() {
    let mut room = Room::new();
    let phone = room.touched(1);
    let other = room.session(2);
    room.hang_up(other);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), REFUSED);
    assert_eq!(room.count(Signal::Respond), 0);
    room.keep(phone, s(119));
    room.heard(phone);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), REFUSED);
    room.keep(phone, s(2));
    room.heard(phone);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), RESPONDING);
}

#[test]
fn a_newcomer_stops_a_response_under_way() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.identify(phone, IdentifyMode::Respond);
    room.heard(phone);
    room.session(2);
    assert_eq!(room.heard(phone), REFUSED);
    room.world.signals();
    room.wait(s(10));
    assert_eq!(room.count(Signal::Respond), 0);
}

#[test]
fn an_unfinished_handshake_counts_as_contention() {
    let mut room = Room::new();
    let phone = room.touched(1);
    let other = room.dial(2, FRAGMENT);
    room.phones[other].stalls = true;
    room.settle();
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), REFUSED);
}

#[test]
fn the_touch_reports_how_many_others_there_were() {
    let mut room = Room::new();
    let phone = room.armed(1);
    let other = room.session(2);
    room.hang_up(other);
    let other = room.session(2);
    room.hang_up(other);
    room.touch();
    assert_eq!(room.heard(phone), [Heard::Touched { contended: 2 }]);
}

#[test]
fn sessions_before_mine_count_too() {
    let mut room = Room::new();
    let other = room.session(2);
    room.hang_up(other);
    let phone = room.armed(1);
    room.touch();
    assert_eq!(room.heard(phone), [Heard::Touched { contended: 1 }]);
}

#[test]
fn own_reconnects_are_not_contention() {
    let mut room = Room::new();
    for _ in 0..2 {
        let lost = room.session(1);
        room.hang_up(lost);
    }
    let unfinished = room.dial(1, FRAGMENT);
    room.phones[unfinished].stalls = true;
    room.settle();
    room.hang_up(unfinished);
    let phone = room.armed(1);
    room.touch();
    assert_eq!(room.heard(phone), [Heard::Touched { contended: 0 }]);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), RESPONDING);
}

#[test]
fn a_handshake_that_reconnects_while_touched_is_not_contention() {
    let mut room = Room::new();
    let phone = room.touched(1);
    room.hang_up(phone);
    let unfinished = room.dial(1, FRAGMENT);
    room.phones[unfinished].stalls = true;
    room.settle();
    room.hang_up(unfinished);
    let again = room.session(1);
    let heard = room.heard(again);
    let [Heard::Resumed(resumed)] = heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(resumed.contended, 0);
    room.identify(again, IdentifyMode::Respond);
    assert_eq!(room.heard(again), RESPONDING);
}

#[test]
fn the_stored_owner_can_find_its_device_and_a_newcomer_stops_that_too() {
    let mut room = Room::new();
    let phone = room.owned(1);
    room.hang_up(phone);
    room.power_cut();
    let phone = room.session(1);
    room.heard(phone);
    room.identify(phone, IdentifyMode::Respond);
    assert_eq!(room.heard(phone), RESPONDING);
    room.connect(2);
    assert_eq!(room.heard(phone), REFUSED);
    room.world.signals();
    room.wait(s(10));
    assert_eq!(room.count(Signal::Respond), 0);
}

#[test]
fn nobody_keeps_a_device_quiet_that_waits_for_somebody_else() {
    let mut room = Room::new();
    let armed = room.armed(1);
    let other = room.session(2);
    room.world.signals();
    for _ in 0..4 {
        room.identify(other, IdentifyMode::Off);
        assert_eq!(room.heard(other), [Heard::Status(Status::Disarmed)]);
        room.keep(armed, s(10));
        assert!(room.count(Signal::Waiting) >= 1);
        assert_eq!(room.count(Signal::Off), 0);
        room.world.signals();
    }
}

#[test]
fn who_is_not_armed_is_never_called_untouched() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.identify(phone, IdentifyMode::Off);
    assert_eq!(room.heard(phone), [Heard::Status(Status::UnownedUnclaimed)]);
}

#[test]
fn the_stored_owner_makes_it_respond_and_stop() {
    let mut room = Room::new();
    let owner = room.owned(1);
    room.identify(owner, IdentifyMode::Respond);
    assert_eq!(room.heard(owner), RESPONDING);
    room.wait(s(3));
    room.identify(owner, IdentifyMode::Off);
    assert_eq!(room.heard(owner), [Heard::Status(Status::Disarmed)]);
    room.world.signals();
    room.wait(s(20));
    assert_eq!(room.world.signals(), []);
}
