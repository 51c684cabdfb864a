//! A claim outlives its link, and only for whoever it belongs to.

mod common;

use std::time::Duration;

use common::*;
use touchstone_proto::{
    error::{Inauthentic, LocalError},
    phone::{self, Confirmed},
    record::{DeviceRecord, Level, PhoneRecord, PressKind, ReleaseReason, Resumed, ResumedState},
    touch,
};

fn confirmed() -> Confirmed {
    Confirmed::by_the_persons_press()
}

fn resumed(memory: &phone::TouchMemory, h_arm: [u8; 32], state: ResumedState) -> Resumed {
    Resumed {
        state,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        touch_age: Duration::from_secs(12),
        h_arm: Some(h_arm),
        commit_id: memory.commit_id(),
    }
}

#[test]
fn a_touch_is_taken_up_on_a_new_link_by_whoever_remembers_its_arm() {
    let (mut old, _) = SETUP.armed();
    // The link is lost between ARM and TOUCH.
    let memory = old.phone.touch_memory().unwrap();
    let h_arm = old.device.h_arm().unwrap();
    old.device.touch(PressKind::Press, 0, &N_D).unwrap();

    let (mut pair, attested) = Setup { run: 2, ..SETUP }.attested();
    let record = resumed(&memory, h_arm, ResumedState::Touched);
    assert!(matches!(
        pair.device_says(&DeviceRecord::Resumed(record)),
        phone::Event::Resumed(told) if told == record
    ));
    let touched = pair.phone.resume_touched(&memory, &record).unwrap();
    assert_eq!(pair.phone.commit_id(), Some(memory.commit_id()));
    assert_ne!(
        memory.commit_id(),
        touch::commit_id(&pair.phone.th_4().unwrap())
    );
    let cred = pair
        .phone
        .send_credentials(attested, touched, confirmed(), &home())
        .unwrap();
    assert!(matches!(
        pair.tell_device(&cred),
        PhoneRecord::Credentials(_)
    ));
    let confirm = pair.phone.confirm().unwrap();
    assert!(matches!(
        pair.tell_device(&confirm),
        PhoneRecord::Confirm { commit_id } if commit_id == memory.commit_id()
    ));
}

#[test]
fn a_claim_is_not_taken_up_unless_everything_is_the_same() {
    let (old, _) = SETUP.armed();
    let memory = old.phone.touch_memory().unwrap();
    let h_arm = old.device.h_arm().unwrap();
    let good = resumed(&memory, h_arm, ResumedState::Touched);
    let others = [
        Resumed {
            h_arm: Some([1; 32]),
            ..good
        },
        Resumed {
            h_arm: None,
            ..good
        },
        Resumed {
            level: Level::L2,
            state: ResumedState::Accepted,
            ..good
        },
        Resumed {
            commit_id: [1; 16],
            ..good
        },
    ];
    for other in others {
        let (mut pair, _) = Setup { run: 2, ..SETUP }.attested();
        pair.device_says(&DeviceRecord::Resumed(other));
        assert_eq!(
            pair.phone.resume_touched(&memory, &other).map(|_| ()),
            Err(Inauthentic::Resumption.into())
        );
        // It can still be let go.
        pair.phone.release(ReleaseReason::Cancelled).unwrap();
    }
    // Another owner key.
    let (mut pair, _) = Setup {
        run: 2,
        owner: 0x12,
        ..SETUP
    }
    .attested();
    pair.device_says(&DeviceRecord::Resumed(good));
    assert_eq!(
        pair.phone.resume_touched(&memory, &good).map(|_| ()),
        Err(Inauthentic::Resumption.into())
    );
    // Another boot.
    let mut pair = Setup { run: 2, ..SETUP }.owner_known();
    let mut rebooted = claims(7);
    rebooted.boot_id = [1; 8];
    let message_4 = pair.device.message_4(&rebooted, &pair.factory).unwrap();
    to_phone(&mut pair.phone, &message_4).unwrap();
    pair.device_says(&DeviceRecord::Resumed(good));
    assert_eq!(
        pair.phone.resume_touched(&memory, &good).map(|_| ()),
        Err(Inauthentic::Resumption.into())
    );
}

#[test]
fn a_killed_phone_can_finish_or_cancel_what_it_does_not_remember() {
    let (old, _) = SETUP.armed();
    let memory = old.phone.touch_memory().unwrap();
    let h_arm = old.device.h_arm().unwrap();
    for (state, may_confirm) in [
        (ResumedState::Touched, false),
        (ResumedState::Accepted, true),
        (ResumedState::Joining, true),
        (ResumedState::Joined, true),
        (ResumedState::JoinFailed, true),
    ] {
        let (mut pair, _) = Setup { run: 2, ..SETUP }.attested();
        pair.device_says(&DeviceRecord::Resumed(resumed(&memory, h_arm, state)));
        match pair.phone.confirm() {
            Ok(confirm) => {
                assert!(may_confirm);
                assert!(matches!(
                    pair.tell_device(&confirm),
                    PhoneRecord::Confirm { commit_id } if commit_id == memory.commit_id()
                ));
            }
            Err(error) => {
                assert!(!may_confirm);
                assert_eq!(error, LocalError::WrongState.into());
            }
        }
        pair.phone.release(ReleaseReason::Cancelled).unwrap();
    }
}

#[test]
fn a_touch_told_of_while_arm_is_on_its_way_is_dropped() {
    let (old, _) = SETUP.armed();
    let memory = old.phone.touch_memory().unwrap();
    let record = resumed(&memory, old.device.h_arm().unwrap(), ResumedState::Touched);
    let (mut pair, attested) = Setup { run: 2, ..SETUP }.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    assert!(matches!(
        pair.device_says(&DeviceRecord::Resumed(record)),
        phone::Event::Skipped
    ));
    pair.tell_device(&arm);
    pair.device_says(&DeviceRecord::Armed {
        epoch: 0,
        level: Level::L1,
    });
    assert!(pair.device_tries(&DeviceRecord::Resumed(record)).is_err());
}
