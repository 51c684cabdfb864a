//! Rule R-b: what counts as a touch. Rules R-a, R-c and R-d: who it counts for.

use touchstone_device::ports::Signal;
use touchstone_proto::record::{DeniedReason, IdentifyMode, Level, ReleaseReason, Status};

use crate::support::{Heard, Room, ms, s};

const TOUCHED: [Heard; 1] = [Heard::Touched { contended: 0 }];

#[test]
fn a_touch_after_arm_reaches_the_phone_and_is_acknowledged_to_the_person() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(s(1));
    room.hold(true);
    room.wait(ms(50));
    assert_eq!(room.heard(phone), TOUCHED);
    assert_eq!(room.count(Signal::TouchAck), 1);
}

#[test]
fn a_touch_older_than_arm_is_ignored() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.touch();
    room.arm(phone);
    room.wait(s(5));
    room.heard(phone);
    room.keep_alive(phone);
    assert_eq!(room.heard(phone), [Heard::KeepAlive]);
    room.touch();
    assert_eq!(room.heard(phone), TOUCHED);
}

#[test]
fn a_press_held_since_before_arm_is_ignored_until_it_is_made_anew() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.hold(true);
    room.wait(ms(20));
    room.arm(phone);
    room.heard(phone);
    room.wait(s(2));
    room.hold(false);
    room.wait(s(1));
    assert_eq!(room.heard(phone), []);
    room.touch();
    assert_eq!(room.heard(phone), TOUCHED);
}

#[test]
fn a_press_that_no_poll_has_seen_before_arm_is_ignored() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.world.with(|world| world.pressed = true);
    room.phones[phone].arm(Level::L1);
    let mut buffer = [0; 512];
    while let Some(length) = room.phones[phone].transmit(&mut buffer) {
        let link = room.phones[phone].link;
        room.device.received(room.now, link, &buffer[..length]);
    }
    // The host polls again only when the press would be late enough to count.
    room.now += ms(400);
    room.wait(s(2));
    let heard = room.heard(phone);
    assert!(matches!(heard[..], [Heard::Armed { .. }]), "{heard:?}");
}

#[test]
fn a_press_within_300_ms_of_arm_is_ignored_and_one_after_that_counts() {
    for (delay, heard) in [(299, &[][..]), (300, &TOUCHED[..])] {
        let mut room = Room::new();
        let phone = room.armed(1);
        room.wait(ms(delay));
        room.press(ms(100));
        assert_eq!(room.heard(phone), heard, "{delay} ms");
    }
}

#[test]
fn a_bounce_shorter_than_50_ms_is_ignored() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(s(1));
    for _ in 0..20 {
        room.press(ms(49));
    }
    assert_eq!(room.heard(phone), []);
    room.press(ms(50));
    assert_eq!(room.heard(phone), TOUCHED);
}

#[test]
fn a_slow_press_counts() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(s(1));
    room.press(s(8));
    assert_eq!(room.heard(phone), TOUCHED);
    assert!(room.count(Signal::Help) > 0);
    assert_eq!(room.world.with(|world| world.stores), 0, "not a reset");
}

#[test]
fn a_button_stuck_since_power_on_never_counts() {
    let world = crate::support::Handle::new(1);
    world.with(|world| world.pressed = true);
    let mut room = Room::with_world(world);
    let phone = room.armed(1);
    room.keep(phone, s(100));
    assert!(!room.heard(phone).contains(&TOUCHED[0]));
    assert_eq!(
        room.world.with(|world| world.stores),
        0,
        "not a reset either"
    );
}

#[test]
fn tremor_after_the_touch_is_ignored() {
    let mut room = Room::new();
    let phone = room.touched(1);
    for _ in 0..10 {
        room.press(ms(60));
    }
    assert_eq!(room.heard(phone), []);
    assert_eq!(room.count(Signal::TouchAck), 1);
}

#[test]
fn one_touch_is_consumed_by_one_owner_key() {
    let mut room = Room::new();
    let first = room.armed(1);
    let second = room.session(2);
    room.touch();
    assert_eq!(room.heard(first), [Heard::Touched { contended: 1 }]);
    room.release(first, ReleaseReason::Cancelled);
    room.arm(second);
    room.wait(s(3));
    let heard = room.heard(second);
    assert!(matches!(heard[..], [Heard::Armed { .. }]), "{heard:?}");
}

#[test]
fn the_second_owner_is_busy_while_another_is_armed_or_holds_the_claim() {
    let mut room = Room::new();
    let first = room.armed(1);
    let second = room.session(2);
    room.arm(second);
    assert_eq!(room.heard(second), [Heard::Denied(DeniedReason::Busy)]);
    room.hang_up(second);
    room.touch();
    let third = room.session(3);
    room.arm(third);
    assert_eq!(room.heard(third), [Heard::Denied(DeniedReason::Busy)]);
    assert!(!room.is_lost(first));
}

#[test]
fn a_refused_session_may_finish_its_sentence_and_is_then_dropped() {
    let mut room = Room::new();
    room.armed(1);
    let second = room.session(2);
    room.arm(second);
    room.identify(second, IdentifyMode::Off);
    room.keep_alive(second);
    assert_eq!(room.heard(second), [Heard::Denied(DeniedReason::Busy)]);
    room.release(second, ReleaseReason::Overlap);
    assert_eq!(room.heard(second), [Heard::Released]);
    room.wait(s(9));
    assert!(!room.is_lost(second));
    room.wait(s(2));
    assert!(room.is_lost(second));
}

#[test]
fn an_arm_ends_after_60_s_without_keepalive_and_the_phone_is_told() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(ms(59_999));
    assert_eq!(room.heard(phone), []);
    room.wait(ms(2));
    assert_eq!(room.heard(phone), [Heard::Status(Status::Disarmed)]);
    room.touch();
    assert_eq!(room.heard(phone), []);
    assert_eq!(room.count(Signal::TouchAck), 0);
}

#[test]
fn keepalive_keeps_an_arm_and_its_window_for_an_hour_and_no_longer() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.keep(phone, s(59 * 60));
    assert!(!room.heard(phone).contains(&Heard::Status(Status::Disarmed)));
    assert!(room.device.advertisement(room.now).unwrap().flags.armed);
    room.wait(s(61));
    assert!(room.heard(phone).contains(&Heard::Status(Status::Disarmed)));
    assert!(room.is_lost(phone), "silent outside the window");
    assert_eq!(room.device.advertisement(room.now), None);
}

#[test]
fn after_the_hour_a_touch_only_reopens_the_window() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.keep(phone, s(60 * 60));
    room.touch();
    assert!(!room.heard(phone).contains(&TOUCHED[0]));
    let again = room.armed(1);
    room.touch();
    assert_eq!(room.heard(again), TOUCHED);
}

#[test]
fn a_contested_arm_yields_after_two_minutes_for_one() {
    let mut room = Room::new();
    let first = room.armed(1);
    let second = room.session(2);
    room.arm(second);
    room.hang_up(second);
    room.keep(first, s(119));
    assert!(!room.heard(first).contains(&Heard::Status(Status::Disarmed)));
    room.keep(first, s(2));
    assert!(room.heard(first).contains(&Heard::Status(Status::Disarmed)));
    room.arm(first);
    assert_eq!(room.heard(first), [Heard::Denied(DeniedReason::Busy)]);
    let second = room.session(2);
    room.arm(second);
    assert!(matches!(room.heard(second)[..], [Heard::Armed { .. }]));
}

#[test]
fn the_waiting_signal_is_given_at_once_and_at_least_every_ten_seconds() {
    let mut room = Room::new();
    let phone = room.armed(1);
    assert_eq!(room.count(Signal::Waiting), 1);
    for _ in 0..20 {
        room.world.signals();
        room.keep(phone, s(10));
        assert!(room.count(Signal::Waiting) >= 1);
    }
}

#[test]
fn nobody_waits_visibly_before_arm_or_after_the_touch() {
    let mut room = Room::new();
    let phone = room.session(1);
    room.wait(s(30));
    assert_eq!(room.world.signals(), []);
    room.arm(phone);
    room.touch();
    room.world.signals();
    room.wait(s(30));
    assert_eq!(room.world.signals(), []);
}

#[test]
fn identify_off_quiets_an_armed_device_for_a_minute_at_most() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.heard(phone);
    room.identify(phone, IdentifyMode::Off);
    assert_eq!(room.heard(phone), [Heard::Status(Status::Untouched)]);
    room.world.signals();
    room.keep(phone, s(59));
    assert_eq!(room.count(Signal::Waiting), 0);
    room.identify(phone, IdentifyMode::Off);
    room.keep(phone, s(2));
    assert_eq!(
        room.count(Signal::Waiting),
        1,
        "asking again prolongs nothing"
    );
    for _ in 0..5 {
        room.world.signals();
        room.identify(phone, IdentifyMode::Off);
        room.keep(phone, s(10));
        assert!(room.count(Signal::Waiting) >= 1);
    }
}

#[test]
fn release_disarms_and_the_same_session_may_arm_again() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.release(phone, ReleaseReason::SeveralTouched);
    assert_eq!(room.heard(phone), [Heard::Released]);
    room.touch();
    assert_eq!(room.heard(phone), []);
    room.arm(phone);
    room.touch();
    let heard = room.heard(phone);
    assert!(
        matches!(heard[..], [Heard::Armed { .. }, Heard::Touched { .. }]),
        "{heard:?}"
    );
}

#[test]
fn a_touch_that_crosses_a_release_does_no_harm() {
    let mut room = Room::new();
    let phone = room.armed(1);
    room.wait(s(1));
    room.world.with(|world| world.pressed = true);
    room.device.poll(room.now);
    room.now += ms(50);
    // TOUCH is on its way when the phone, which has not seen it, lets go.
    room.device.poll(room.now);
    let envelope = room.phones[phone]
        .session
        .release(ReleaseReason::Cancelled)
        .unwrap();
    room.phones[phone].send(&envelope);
    room.settle();
    assert_eq!(room.heard(phone), [Heard::Released]);
    assert!(!room.device.advertisement(room.now).unwrap().flags.touched);
}

#[test]
fn the_advertisement_tells_armed_and_touched_with_a_tag_of_that_second() {
    let mut room = Room::new();
    let phone = room.session(1);
    let idle = room.device.advertisement(room.now).unwrap();
    assert_eq!((idle.epoch, idle.tag), (0, [0; 4]));
    assert!(idle.flags.window_open && idle.flags.unowned && !idle.flags.armed);
    let key = room.phones[phone].session.advert_key().unwrap();

    room.arm(phone);
    let Heard::Armed { epoch } = room.heard(phone)[0] else {
        panic!("not armed")
    };
    let armed = room.device.advertisement(room.now).unwrap();
    assert_eq!(armed.epoch, epoch);
    assert!(armed.flags.armed && !armed.flags.touched && key.matches(&armed));

    room.touch();
    let touched = room.device.advertisement(room.now + s(1)).unwrap();
    assert!(touched.flags.touched && !touched.flags.armed && key.matches(&touched));
    assert!(touched.epoch > epoch);

    room.release(phone, ReleaseReason::Cancelled);
    assert_eq!(room.device.advertisement(room.now), Some(idle));
}

#[test]
fn the_advertised_tag_of_an_armed_or_touched_device_is_renewed_every_second() {
    let mut room = Room::new();
    room.armed(1);
    room.wait(s(3));
    assert!(room.device.poll_timeout().unwrap() <= room.now + s(1));
    room.touch();
    assert!(room.device.poll_timeout().unwrap() <= room.now + s(1));
}
