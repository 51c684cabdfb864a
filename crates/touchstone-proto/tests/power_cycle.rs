//! Rule R-i: a touch by power cycle, told of in another session and another boot than its ARM.

mod common;

use common::*;
use touchstone_proto::{
    error::{Error, Inauthentic, LocalError},
    evidence::Claims,
    phone::{self, Attested, Confirmed, TouchMemory},
    record::{DeviceRecord, Level, PhoneRecord, PresenceKinds, PressKind, ReleaseReason},
    touch,
};

const KINDS: PresenceKinds = PresenceKinds::NONE.with(PressKind::PowerCycle);

/// What the next boot attests.
fn next_boot() -> Claims {
    let before = claims(7);
    Claims {
        boot_id: [0xb1; 8],
        boot_count: before.boot_count + 1,
        presence: KINDS,
        ..before
    }
}

/// The memory of an ARM that the device has answered, and its hash.
fn remembered() -> (TouchMemory, [u8; 32]) {
    let (pair, _) = SETUP.armed();
    (
        pair.phone.touch_memory().unwrap(),
        pair.device.h_arm().unwrap(),
    )
}

/// A session with the device after these claims, which tells of a power cycle for `h_arm`.
fn told(setup: Setup, claims: &Claims, h_arm: &[u8; 32]) -> (Pair, Attested) {
    let mut pair = setup.owner_known();
    let message_4 = pair.device.message_4(claims, &pair.factory).unwrap();
    to_phone(&mut pair.phone, &message_4).unwrap();
    let (attested, _) = pair.phone.appraise(&Yes).unwrap();
    let touch = pair.device.power_cycled(h_arm, 2, &N_D).unwrap();
    let events = to_phone(&mut pair.phone, &touch).unwrap();
    assert!(matches!(
        events[..],
        [phone::Event::PowerCycled { contended: 2 }]
    ));
    (pair, attested)
}

const LATER: Setup = Setup { run: 2, ..SETUP };

#[test]
fn a_power_cycle_is_taken_up_by_whoever_remembers_its_arm() {
    let (memory, h_arm) = remembered();
    let (mut pair, attested) = told(LATER, &next_boot(), &h_arm);
    let (touched, memory) = pair.phone.take_up_power_cycle(&memory).unwrap();
    let commit_id = touch::commit_id(&pair.phone.th_4().unwrap());
    assert_eq!(memory.commit_id(), commit_id);
    let confirmed = Confirmed::by_the_persons_press();
    let cred = pair
        .phone
        .send_credentials(attested, touched, confirmed, &home())
        .unwrap();
    assert!(matches!(
        pair.tell_device(&cred),
        PhoneRecord::Credentials(_)
    ));
    let confirm = pair.phone.confirm().unwrap();
    assert!(matches!(
        pair.tell_device(&confirm),
        PhoneRecord::Confirm { commit_id: told } if told == commit_id
    ));
}

#[test]
fn it_is_not_taken_up_unless_everything_is_the_same() {
    let (memory, h_arm) = remembered();
    let next = next_boot();
    let others = [
        Claims {
            boot_count: next.boot_count - 1,
            ..next
        },
        Claims {
            boot_count: next.boot_count + 1,
            ..next
        },
        Claims {
            boot_id: claims(7).boot_id,
            ..next
        },
        Claims {
            presence: PresenceKinds::NONE.with(PressKind::Press),
            ..next
        },
    ];
    let other_owner = Setup {
        owner: 0x12,
        ..LATER
    };
    let cases = others
        .iter()
        .map(|claims| (LATER, claims, h_arm))
        .chain([(other_owner, &next, h_arm), (LATER, &next, [1; 32])]);
    for (setup, claims, h_arm) in cases {
        let (mut pair, _) = told(setup, claims, &h_arm);
        assert_eq!(
            pair.phone.take_up_power_cycle(&memory).map(|_| ()),
            Err(Inauthentic::Resumption.into())
        );
        // It can still be let go.
        pair.phone.release(ReleaseReason::Cancelled).unwrap();
    }
}

#[test]
fn nobody_was_asked_before_armed_has_come() {
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    pair.tell_device(&arm);
    let memory = pair.phone.touch_memory().unwrap();
    let (mut pair, _) = told(LATER, &next_boot(), &pair.device.h_arm().unwrap());
    assert_eq!(
        pair.phone.take_up_power_cycle(&memory).map(|_| ()),
        Err(Inauthentic::Resumption.into())
    );
}

#[test]
fn one_arm_is_answered_by_one_power_cycle() {
    let (memory, h_arm) = remembered();
    let (mut pair, _) = told(LATER, &next_boot(), &h_arm);
    let (_, used) = pair.phone.take_up_power_cycle(&memory).unwrap();
    let third = Claims {
        boot_id: [0xb2; 8],
        boot_count: next_boot().boot_count + 1,
        ..next_boot()
    };
    for memory in [memory, used] {
        let (mut pair, _) = told(Setup { run: 3, ..SETUP }, &third, &h_arm);
        assert_eq!(
            pair.phone.take_up_power_cycle(&memory).map(|_| ()),
            Err(Inauthentic::Resumption.into())
        );
    }
}

#[test]
fn it_is_told_of_before_anything_is_asked() {
    // The device cannot tell of it once the session has an ARM of its own.
    let (mut pair, _) = SETUP.armed();
    assert_eq!(
        pair.device.power_cycled(&[1; 32], 0, &N_D),
        Err(LocalError::WrongState.into())
    );
    // A phone that has asked and let go listens to no older touch.
    let (mut pair, _) = SETUP.attested();
    let touch = pair.device.power_cycled(&[1; 32], 0, &N_D).unwrap();
    let release = pair.phone.release(ReleaseReason::Cancelled).unwrap();
    to_device(&mut pair.device, &release).unwrap();
    assert!(matches!(
        to_phone(&mut pair.phone, &touch).unwrap()[..],
        [phone::Event::Skipped]
    ));
    pair.device_says(&DeviceRecord::Released);
    assert_eq!(
        pair.phone.take_up_power_cycle(&remembered().0).map(|_| ()),
        Err(LocalError::WrongState.into())
    );
}

#[test]
fn a_press_without_arm_is_still_an_error() {
    let (memory, _) = remembered();
    let (mut pair, _) = LATER.attested();
    assert_eq!(
        pair.phone.take_up_power_cycle(&memory).map(|_| ()),
        Err(LocalError::WrongState.into())
    );
    let (mut other, _) = SETUP.armed();
    let touch = other.device.touch(PressKind::Press, 0, &N_D).unwrap();
    // Of another session: it does not even open.
    assert!(matches!(
        to_phone(&mut pair.phone, &touch),
        Err(Error::NotAuthentic(_))
    ));
}

#[test]
fn while_it_is_not_taken_up_nothing_is_armed_or_sent() {
    let (memory, h_arm) = remembered();
    let (mut pair, attested) = told(LATER, &next_boot(), &h_arm);
    assert_eq!(
        pair.phone.arm(&attested, Level::L1, &N_P),
        Err(LocalError::WrongState.into())
    );
    assert_eq!(pair.phone.confirm(), Err(LocalError::WrongState.into()));
    let release = pair.phone.release(ReleaseReason::Cancelled).unwrap();
    assert_eq!(
        pair.phone.take_up_power_cycle(&memory).map(|_| ()),
        Err(LocalError::WrongState.into())
    );
    pair.tell_device(&release);
    pair.device_says(&DeviceRecord::Released);
    pair.arm(&attested);
}
