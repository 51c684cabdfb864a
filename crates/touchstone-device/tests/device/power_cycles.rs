//! Rule R-i: a device without a button is switched off and on.

use touchstone_device::ports::Signal;
use touchstone_proto::record::{DeniedReason, IdentifyMode, ReleaseReason, ResumedState, Status};

use crate::support::*;

/// A device without a button, and the phone that has armed it.
fn armed() -> (Room, Who) {
    let mut room = Room::without_button();
    let who = room.armed(1);
    room.wait(s(3));
    (room, who)
}

/// What the same owner key hears in its next session.
fn told(room: &mut Room, owner: u8) -> Vec<Heard> {
    let who = room.session(owner);
    room.heard(who)
}

fn awaits(room: &Room) -> bool {
    room.world.with(|world| {
        let stored = world.stored.as_ref();
        stored.is_some_and(|stored| stored.power_cycle.is_some())
    })
}

const TOUCH: [Heard; 1] = [Heard::PowerCycled { contended: 0 }];

#[test]
fn a_power_cycle_after_arm_is_a_touch_in_the_next_boot() {
    let (mut room, before) = armed();
    let memory = room.phones[before].memory.clone().unwrap();
    room.power_cut();
    room.wait(s(4));
    room.world.signals();
    let who = room.session(1);
    assert_eq!(room.heard(who), TOUCH);
    assert_eq!(room.world.signals(), [Signal::TouchAck]);
    room.phones[who].take_up(&memory);
    room.identify(who, IdentifyMode::Respond);
    assert_eq!(room.heard(who), [Heard::Status(Status::Responding)]);
    room.credentials(who, &network("Home", "correct horse"));
    room.wifi(touchstone_device::ports::JoinStatus::Joined { address: ADDRESS });
    room.heard(who);
    room.confirm(who);
    // The set-up is named after the session in which it was touched.
    let commit_id = touchstone_proto::touch::commit_id(&room.phones[who].session.th_4().unwrap());
    assert_eq!(room.heard(who), [Heard::Committed(commit_id)]);
    assert_eq!(room.stored_ssid().unwrap(), b"Home");
    assert!(!awaits(&room));
}

#[test]
fn it_is_told_of_once_and_resumed_within_the_boot() {
    let (mut room, before) = armed();
    let memory = room.phones[before].memory.clone().unwrap();
    room.power_cut();
    let who = room.session(1);
    room.phones[who].take_up(&memory);
    let memory = room.phones[who].memory.clone().unwrap();
    room.hang_up(who);
    let who = room.session(1);
    let heard = room.heard(who);
    let [Heard::Resumed(resumed)] = heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(resumed.state, ResumedState::Touched);
    room.phones[who].resume(&memory, &resumed);
    // Another power cycle is no second touch.
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn it_is_used_up_before_anything_is_sent() {
    let (mut room, _) = armed();
    room.power_cut();
    assert!(awaits(&room));
    let who = room.dial(1, FRAGMENT);
    room.phones[who].stalls = true;
    room.settle();
    room.phones[who].go_on();
    // message_3 arrives, and power is gone before the answer leaves.
    let mut buffer = [0; 512];
    while let Some(length) = room.phones[who].transmit(&mut buffer) {
        let link = room.phones[who].link;
        room.device.received(room.now, link, &buffer[..length]);
    }
    assert!(!awaits(&room));
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn a_minute_after_power_on_it_is_void() {
    let (mut room, _) = armed();
    room.power_cut();
    room.wait(ms(59_800));
    assert_eq!(told(&mut room, 1), TOUCH);

    let (mut room, _) = armed();
    room.power_cut();
    room.wait(ms(59_900));
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn switching_off_and_on_twice_is_no_touch() {
    let (mut room, _) = armed();
    room.power_cut();
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn a_power_cycle_that_nobody_asked_for_is_no_touch() {
    let mut room = Room::without_button();
    room.session(1);
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
    assert_eq!(room.world.with(|world| world.stores), 0);
}

#[test]
fn an_arm_that_was_given_up_is_not_answered() {
    let (mut room, who) = armed();
    room.release(who, ReleaseReason::Cancelled);
    assert!(!awaits(&room));
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);

    // Nor one that has run out.
    let (mut room, who) = armed();
    room.hang_up(who);
    room.wait(s(61));
    assert!(!awaits(&room));
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn it_answers_the_latest_arm_only() {
    let (mut room, who) = armed();
    let first = room.phones[who].memory.clone().unwrap();
    room.hang_up(who);
    let who = room.armed(1);
    let second = room.phones[who].memory.clone().unwrap();
    room.power_cut();
    let who = room.session(1);
    assert_eq!(room.heard(who), TOUCH);
    assert!(
        room.phones[who]
            .session
            .take_up_power_cycle(&first)
            .is_err()
    );
    room.phones[who].take_up(&second);
}

#[test]
fn another_key_marks_it_contended_and_never_overwrites_it() {
    let (mut room, _) = armed();
    let writes = room.world.with(|world| world.stores);
    let other = room.session(2);
    room.arm(other);
    assert_eq!(room.heard(other), [Heard::Denied(DeniedReason::Busy)]);
    // Once is enough: a stranger cannot wear the store out.
    assert_eq!(room.world.with(|world| world.stores), writes + 1);
    room.power_cut();
    assert_eq!(told(&mut room, 1), [Heard::PowerCycled { contended: 1 }]);
}

#[test]
fn in_the_next_boot_another_key_has_to_wait_its_minute() {
    let (mut room, _) = armed();
    room.power_cut();
    let other = room.session(2);
    room.arm(other);
    assert_eq!(room.heard(other), [Heard::Denied(DeniedReason::Busy)]);
    assert_eq!(told(&mut room, 1), [Heard::PowerCycled { contended: 1 }]);

    let (mut room, _) = armed();
    room.power_cut();
    let other = room.session(2);
    room.wait(s(60));
    room.arm(other);
    assert!(matches!(room.heard(other)[..], [Heard::Armed { .. }]));
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
    assert_eq!(told(&mut room, 2), [Heard::PowerCycled { contended: 1 }]);
}

#[test]
fn an_unfinished_handshake_around_the_power_cycle_counts() {
    let (mut room, _) = armed();
    room.power_cut();
    let stranger = room.dial(9, FRAGMENT);
    room.phones[stranger].stalls = true;
    room.settle();
    assert_eq!(told(&mut room, 1), [Heard::PowerCycled { contended: 1 }]);
}

#[test]
fn what_cannot_be_stored_is_not_armed() {
    for fault in [
        StorageFault::Before,
        StorageFault::After,
        StorageFault::Unreadable,
    ] {
        let mut room = Room::without_button();
        let who = room.session(1);
        room.world.with(|world| world.fault = fault);
        room.arm(who);
        assert_eq!(room.heard(who), [Heard::Denied(DeniedReason::Locked)]);
        assert_eq!(room.count(Signal::Waiting), 0);
        room.world.with(|world| world.fault = StorageFault::None);
        room.power_cut();
        assert_eq!(told(&mut room, 1), [], "{fault:?}");
    }
}

#[test]
fn what_cannot_be_marked_is_disarmed_and_the_phone_is_told() {
    let (mut room, who) = armed();
    room.world.with(|world| world.fault = StorageFault::Before);
    room.session(2);
    assert_eq!(room.heard(who), [Heard::Status(Status::Disarmed)]);
}

#[test]
fn what_cannot_be_used_up_is_not_used() {
    let (mut room, _) = armed();
    room.power_cut();
    room.world.with(|world| world.fault = StorageFault::Before);
    assert_eq!(told(&mut room, 1), []);
}

#[test]
fn a_device_with_a_button_stores_nothing_before_confirm() {
    let mut room = Room::new();
    room.touched(1);
    assert_eq!(room.world.with(|world| world.stores), 0);
}

#[test]
fn whoever_arms_for_an_hour_writes_a_bounded_number_of_times() {
    let mut room = Room::without_button();
    let who = room.session(1);
    let mut denied = 0;
    for _ in 0..3_600 {
        room.arm(who);
        denied += usize::from(room.heard(who).contains(&Heard::Denied(DeniedReason::Busy)));
        if room.is_lost(who) {
            break;
        }
        room.release(who, ReleaseReason::Cancelled);
        room.wait(s(1));
    }
    assert!(denied > 0);
    // docs/PROTOCOL.md section 8.
    assert!(room.world.with(|world| world.stores) <= 2 * 125);
}

#[test]
fn the_reset_gesture_is_five_short_power_cycles_and_not_the_one_of_a_set_up() {
    let mut room = Room::without_button();
    let who = room.armed(1);
    let memory = room.phones[who].memory.clone().unwrap();
    // The boot before was long: the person has read, walked and switched.
    room.power_cut();
    let who = room.session(1);
    assert_eq!(room.heard(who), TOUCH);
    room.phones[who].take_up(&memory);
    room.credentials(who, &network("Home", "correct horse"));
    room.wifi(touchstone_device::ports::JoinStatus::Joined { address: ADDRESS });
    room.confirm(who);
    assert!(room.stored_ssid().is_some());
    room.world.signals();
    for short in 1..=4 {
        assert!(room.stored_ssid().is_some());
        room.short_boots = short;
        room.power_cut();
    }
    assert_eq!(room.stored_ssid(), None);
    let signals = room.world.signals();
    assert_eq!(signals, [Signal::Help, Signal::Help, Signal::Chime]);
    let who = room.session(2);
    room.arm(who);
    assert!(matches!(room.heard(who)[..], [Heard::Armed { .. }]));
}

#[test]
fn short_boots_reset_no_device_that_has_a_button() {
    let mut room = Room::new();
    room.owned(1);
    room.short_boots = 9;
    room.power_cut();
    assert!(room.stored_ssid().is_some());
}

#[test]
fn an_impatient_person_who_was_asked_does_not_reset_the_device() {
    let (mut room, _) = armed();
    room.short_boots = 4;
    room.power_cut();
    assert_eq!(told(&mut room, 1), TOUCH);
    assert_eq!(room.count(Signal::Chime), 0);
}

#[test]
fn a_reset_forgets_that_a_power_cycle_was_waited_for() {
    let (mut room, _) = armed();
    room.power_cut();
    room.short_boots = 4;
    room.power_cut();
    assert_eq!(told(&mut room, 1), []);
    assert!(!awaits(&room));
}

#[test]
fn a_reset_makes_it_void() {
    let mut room = Room::new();
    room.world.with(|world| world.power_cycles = true);
    room.armed(1);
    room.power_cut();
    room.press(s(11));
    assert_eq!(told(&mut room, 1), []);
}
