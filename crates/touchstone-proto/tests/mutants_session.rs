//! What mutants of the phone's session survived until it was tested (docs/FUZZING.md).

mod common;

use std::time::Duration;

use common::*;
use touchstone_proto::{
    error::LocalError,
    record::{DeviceRecord, Level, PressKind, ReleaseReason, Resumed, ResumedState},
};

/// A session after another in which a touch was asked for, and what it must be told to resume it.
fn after_a_touch(state: ResumedState) -> (Pair, touchstone_proto::phone::TouchMemory, Resumed) {
    let (mut old, _) = SETUP.armed();
    let memory = old.phone.touch_memory().unwrap();
    let record = Resumed {
        state,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        touch_age: Duration::from_secs(12),
        h_arm: old.device.h_arm(),
        commit_id: memory.commit_id(),
    };
    old.device.touch(PressKind::Press, 0, &N_D).unwrap();
    let (pair, _) = Setup { run: 2, ..SETUP }.attested();
    (pair, memory, record)
}

#[test]
fn a_touch_is_resumed_only_as_the_device_has_told_of_it() {
    let refused = Err(LocalError::WrongState.into());
    let (mut pair, memory, record) = after_a_touch(ResumedState::Touched);
    // The device has told nothing yet.
    let resumed = pair.phone.resume_touched(&memory, &record);
    assert_eq!(resumed.map(|_| ()), refused);
    pair.device_says(&DeviceRecord::Resumed(record));
    assert_eq!(pair.phone.commit_id(), Some(memory.commit_id()));
    // It has told something else.
    let younger = Resumed {
        touch_age: Duration::from_secs(11),
        ..record
    };
    let resumed = pair.phone.resume_touched(&memory, &younger);
    assert_eq!(resumed.map(|_| ()), refused);
    // We let it go.
    pair.phone.release(ReleaseReason::Cancelled).unwrap();
    let resumed = pair.phone.resume_touched(&memory, &record);
    assert_eq!(resumed.map(|_| ()), refused);
}

#[test]
fn a_resumed_touch_is_confirmed_only_when_the_device_holds_credentials() {
    for (state, holds) in [
        (ResumedState::Touched, false),
        (ResumedState::Accepted, true),
        (ResumedState::Joined, true),
    ] {
        let (mut pair, memory, record) = after_a_touch(state);
        pair.device_says(&DeviceRecord::Resumed(record));
        assert_eq!(pair.phone.confirm().is_ok(), holds, "{state:?}");
        pair.phone.resume_touched(&memory, &record).unwrap();
        assert_eq!(pair.phone.confirm().is_ok(), holds, "{state:?}");
    }
}
