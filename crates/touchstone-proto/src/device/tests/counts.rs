//! Level L2: what a REVEAL is answered with, and when there is none.

use super::*;
use crate::{
    record::{Actuator, Pace},
    sas::{Sas, commitment},
};

pub(super) const REVEAL: PhoneRecord = PhoneRecord::Reveal {
    n_p: [0; 16],
    signal: Actuator::Sound,
    pace: Pace::Normal,
};

/// A device with sound and light, touched for an ARM at L2 that commits to sixteen zeros.
fn to_count() -> (Session, Channel) {
    let (mut device, mut channel) = open();
    tell(&mut device, &mut channel, &commit([0; 16])).unwrap();
    device.seal(&ARMED_AT_L2).unwrap();
    device.touch(PressKind::Press, 0, &[7; 16]).unwrap();
    (device, channel)
}

fn commit(n_p: [u8; 16]) -> PhoneRecord {
    PhoneRecord::Arm {
        level: Level::L2,
        h_np: commitment(&n_p),
    }
}

const ARMED_AT_L2: DeviceRecord = DeviceRecord::Armed {
    epoch: 0,
    level: Level::L2,
};

fn reveal(n_p: [u8; 16], signal: Actuator) -> PhoneRecord {
    PhoneRecord::Reveal {
        n_p,
        signal,
        pace: Pace::Normal,
    }
}

#[test]
fn a_reveal_plays_the_counts_of_this_session_and_no_others() {
    let (mut device, mut channel) = to_count();
    let h_arm = {
        let (mut device, mut channel) = open();
        tell(&mut device, &mut channel, &commit([0; 16])).unwrap();
        device.h_arm().unwrap()
    };
    let sas = Sas {
        th_4: channel.th_4(),
        h_arm: &h_arm,
        n_p: &[0; 16],
        n_d: &[7; 16],
    };
    let expected = sas.counts(channel.touch_key());
    assert!(matches!(
        tell(&mut device, &mut channel, &REVEAL),
        Ok(Event::Reveal { counts, .. }) if counts.matches(&expected)
    ));
}

/// T4-L2: N_p chosen after N_d is known would be a choice of the counts.
#[test]
fn another_number_than_the_one_committed_to_is_not_played() {
    let mut n_p = [0; 16];
    n_p[15] = 1;
    let broken = Err(Misbehaviour::CommitmentBroken.into());
    let (mut device, mut channel) = to_count();
    let outcome = tell(&mut device, &mut channel, &reveal(n_p, Actuator::Sound));
    assert_eq!(outcome.map(|_| ()), broken);
    // Not after the right one either.
    let (mut device, mut channel) = to_count();
    tell(&mut device, &mut channel, &REVEAL).unwrap();
    let outcome = tell(&mut device, &mut channel, &reveal(n_p, Actuator::Sound));
    assert_eq!(outcome.map(|_| ()), broken);
    assert_eq!(
        tell(&mut device, &mut channel, &credentials()).map(|_| ()),
        Err(LocalError::Poisoned.into())
    );
    // Nor the one of an earlier ARM of the same session.
    let (mut device, mut channel) = to_count();
    tell(&mut device, &mut channel, &commit([1; 16])).unwrap();
    device.seal(&ARMED_AT_L2).unwrap();
    device.touch(PressKind::Press, 0, &[7; 16]).unwrap();
    let outcome = tell(&mut device, &mut channel, &REVEAL);
    assert_eq!(outcome.map(|_| ()), broken);
}

#[test]
fn a_signal_that_the_device_does_not_have_is_not_asked_for() {
    for (signal, has) in [
        (Actuator::Sound, true),
        (Actuator::Light, true),
        (Actuator::Vibration, false),
    ] {
        let (mut device, mut channel) = to_count();
        let outcome = tell(&mut device, &mut channel, &reveal([0; 16], signal));
        let expected = if has {
            Ok(())
        } else {
            Err(Misbehaviour::NoSuchActuator.into())
        };
        assert_eq!(outcome.map(|_| ()), expected, "{signal:?}");
    }
}

#[test]
fn reveal_belongs_between_an_l2_touch_and_credentials() {
    let (before, at_l1) = (open(), touched());
    let armed = {
        let (mut device, mut channel) = open();
        tell(&mut device, &mut channel, &commit([0; 16])).unwrap();
        device.seal(&ARMED_AT_L2).unwrap();
        (device, channel)
    };
    let armed_again = {
        let (mut device, mut channel) = to_count();
        tell(&mut device, &mut channel, &commit([0; 16])).unwrap();
        (device, channel)
    };
    let after = {
        let (mut device, mut channel) = to_count();
        tell(&mut device, &mut channel, &REVEAL).unwrap();
        tell(&mut device, &mut channel, &credentials()).unwrap();
        (device, channel)
    };
    for (mut device, mut channel) in [before, at_l1, armed, armed_again, after] {
        assert_eq!(
            tell(&mut device, &mut channel, &REVEAL).map(|_| ()),
            Err(UNEXPECTED)
        );
    }
}

#[test]
fn a_phone_that_asks_for_ever_is_not_played_to() {
    let (mut device, mut channel) = to_count();
    for _ in 0..20 {
        tell(&mut device, &mut channel, &REVEAL).unwrap();
    }
    assert_eq!(
        tell(&mut device, &mut channel, &REVEAL).map(|_| ()),
        Err(Misbehaviour::TooManyReveals.into())
    );
}

/// A phone that has not even had the counts played cannot have compared them.
#[test]
fn credentials_at_level_two_need_a_reveal() {
    let (mut device, mut channel) = to_count();
    assert_eq!(
        tell(&mut device, &mut channel, &credentials()).map(|_| ()),
        Err(UNEXPECTED)
    );
    let (mut device, mut channel) = to_count();
    tell(&mut device, &mut channel, &REVEAL).unwrap();
    tell(&mut device, &mut channel, &credentials()).unwrap();
    tell(&mut device, &mut channel, &CONFIRM).unwrap();
}

#[test]
fn a_reveal_that_crossed_the_end_of_its_claim_is_dropped() {
    for end in [
        DeviceRecord::Released,
        DeviceRecord::Denied(DeniedReason::Busy),
        DeviceRecord::Status(Status::Disarmed),
    ] {
        let (mut device, mut channel) = to_count();
        device.seal(&end).unwrap();
        assert!(matches!(
            tell(&mut device, &mut channel, &REVEAL),
            Ok(Event::Skipped)
        ));
        assert!(matches!(
            tell(&mut device, &mut channel, &credentials()),
            Ok(Event::Skipped)
        ));
    }
}

/// What has ended was no touch that could be counted: nothing has crossed.
#[test]
fn a_reveal_after_an_l1_claim_is_out_of_place() {
    let (mut device, mut channel) = touched();
    device.seal(&DeviceRecord::Released).unwrap();
    assert_eq!(
        tell(&mut device, &mut channel, &REVEAL).map(|_| ()),
        Err(UNEXPECTED)
    );
}

/// R23.
#[test]
fn an_l2_touch_without_credentials_is_never_told_of_in_another_session() {
    for (state, told) in [
        (ResumedState::Touched, false),
        (ResumedState::Accepted, true),
        (ResumedState::JoinFailed, true),
    ] {
        let (mut device, _) = open();
        let record = DeviceRecord::Resumed(Resumed {
            level: Level::L2,
            ..resumed(state)
        });
        let outcome = device.seal(&record).map(|_| ());
        let expected = if told {
            Ok(())
        } else {
            Err(LocalError::WrongState.into())
        };
        assert_eq!(outcome, expected, "{state:?}");
    }
}

/// T8.
#[test]
fn a_level_that_the_device_raised_does_not_fall_either() {
    let (mut device, mut channel) = open();
    tell(&mut device, &mut channel, &arm(Level::L1)).unwrap();
    device.seal(&ARMED_AT_L2).unwrap();
    assert_eq!(
        tell(&mut device, &mut channel, &arm(Level::L1)).map(|_| ()),
        Err(Misbehaviour::LevelLowered.into())
    );
}

#[test]
fn n_d_does_not_show_when_a_session_is_printed() {
    let (device, _) = to_count();
    let shown = std::format!("{device:?}");
    assert!(shown.contains("n_d: Nonce(..)"), "{shown}");
}
