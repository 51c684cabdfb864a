//! Level L2 with a genuine device that does not keep to it.

use super::*;
use crate::{
    record::{Actuator, Pace, Status},
    sas::{Counts, Sas},
};

const N_P: [u8; 16] = [8; 16];
const N_D: [u8; 16] = [9; 16];

fn can_count() -> Claims {
    Claims {
        actuators: Actuators {
            sound: true,
            light: false,
            vibration: false,
        },
        max_level: Level::L2,
        ..claims()
    }
}

/// Up to ARM at this level; its hash too.
fn asked(level: Level) -> (Session, Channel, [u8; 32]) {
    let (mut phone, mut channel) = Rogue::default().evidence(&can_count()).unwrap();
    let (attested, ()) = phone.appraise(&Yes).unwrap();
    let arm = phone.arm(&attested, level, &N_P).unwrap();
    let Some(Ok(Message::Record(arm))) = messages(&arm).next() else {
        panic!("no ARM")
    };
    let (_, h_arm) = channel.open::<PhoneRecord>(arm).unwrap();
    (phone, channel, h_arm)
}

fn armed(level: Level) -> DeviceRecord {
    DeviceRecord::Armed { epoch: 0, level }
}

fn touch(channel: &Channel, h_arm: &[u8; 32], level: Level) -> TouchReport {
    let confirmation = Touch {
        th_4: channel.th_4(),
        h_arm,
        owner_kid: &owner().kid(),
        ueid: &UEID,
        level,
        kind: PressKind::Press,
        contended: 3,
        n_d: &N_D,
    }
    .confirmation(channel.touch_key());
    TouchReport {
        confirmation,
        kind: PressKind::Press,
        contended: 3,
        n_d: N_D,
    }
}

/// Up to TOUCH at L2.
fn to_count() -> (Session, Channel, [u8; 32]) {
    let (mut phone, mut channel, h_arm) = asked(Level::L2);
    say(&mut phone, &mut channel, &armed(Level::L2)).unwrap();
    let report = touch(&channel, &h_arm, Level::L2);
    let event = say(&mut phone, &mut channel, &DeviceRecord::Touch(report)).unwrap();
    assert!(matches!(event, Event::TouchedToCount { contended: 3, .. }));
    (phone, channel, h_arm)
}

#[test]
fn the_counts_are_those_of_this_session_its_arm_and_both_numbers() {
    let (mut phone, channel, h_arm) = to_count();
    let counts = |n_d| {
        Sas {
            th_4: channel.th_4(),
            h_arm: &h_arm,
            n_p: &N_P,
            n_d,
        }
        .counts(channel.touch_key())
    };
    phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    assert!(!counts(&[0; 16]).matches(&counts(&N_D)), "choose another");
    phone.compare_counts(&counts(&N_D)).unwrap();
    // A device that counts out another N_d than it said in TOUCH.
    let (mut phone, ..) = to_count();
    phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    assert_eq!(
        phone.compare_counts(&counts(&[0; 16])).map(|_| ()),
        Err(Inauthentic::Counts.into())
    );
}

/// T8.
#[test]
fn a_device_cannot_lower_the_level() {
    // ARMED below what was asked for.
    let (mut phone, mut channel, _) = asked(Level::L2);
    assert_eq!(
        say(&mut phone, &mut channel, &armed(Level::L1)).map(|_| ()),
        Err(Misbehaviour::LevelLowered.into())
    );
    // TOUCH that confirms another level than the one in force.
    for (in_force, confirmed) in [(Level::L2, Level::L1), (Level::L1, Level::L2)] {
        let (mut phone, mut channel, h_arm) = asked(in_force);
        say(&mut phone, &mut channel, &armed(in_force)).unwrap();
        let report = touch(&channel, &h_arm, confirmed);
        assert_eq!(
            say(&mut phone, &mut channel, &DeviceRecord::Touch(report)).map(|_| ()),
            Err(Inauthentic::Touch.into())
        );
    }
}

/// T4-L2: N_d is part of what TOUCH confirms.
#[test]
fn a_touch_with_another_n_d_is_refused() {
    let (mut phone, mut channel, h_arm) = asked(Level::L2);
    say(&mut phone, &mut channel, &armed(Level::L2)).unwrap();
    let report = TouchReport {
        n_d: [0; 16],
        ..touch(&channel, &h_arm, Level::L2)
    };
    assert_eq!(
        say(&mut phone, &mut channel, &DeviceRecord::Touch(report)).map(|_| ()),
        Err(Inauthentic::Touch.into())
    );
}

/// T4-L2: a second N_d, when N_p is known, would be a choice of the counts.
#[test]
fn a_second_touch_at_level_two_is_refused() {
    let (mut phone, mut channel, h_arm) = to_count();
    phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    let report = touch(&channel, &h_arm, Level::L2);
    assert_eq!(
        say(&mut phone, &mut channel, &DeviceRecord::Touch(report)).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
    assert_eq!(
        phone
            .compare_counts(&Counts::entered([1, 1, 1]).unwrap())
            .map(|_| ()),
        Err(LocalError::Poisoned.into())
    );
}

#[test]
fn counting_answers_reveal_and_nothing_else() {
    let counting = DeviceRecord::Status(Status::Counting);
    let (mut phone, mut channel, _) = to_count();
    assert_eq!(
        say(&mut phone, &mut channel, &counting).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
    let (mut phone, mut channel, _) = to_count();
    phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    assert!(matches!(
        say(&mut phone, &mut channel, &counting),
        Ok(Event::Status(Status::Counting))
    ));
}

/// R23: a device, or whoever owns it, that says the credentials were there already.
#[test]
fn a_device_cannot_talk_a_phone_out_of_counting() {
    let (phone, _, h_arm) = to_count();
    let th_4 = phone.th_4().unwrap();
    assert!(phone.touch_memory().is_none());
    // What the phone remembers of an ARM at L1 with the same hash would be all there is.
    let (phone, ..) = asked(Level::L1);
    let memory = phone.touch_memory().unwrap();
    let rogue = Rogue {
        run: 7,
        ..Rogue::default()
    };
    for state in ResumedState::ALL {
        let (mut phone, mut channel) = rogue.evidence(&can_count()).unwrap();
        let resumed = Resumed {
            state,
            level: Level::L2,
            kind: PressKind::Press,
            contended: 0,
            touch_age: core::time::Duration::ZERO,
            h_arm: Some(h_arm),
            commit_id: touch::commit_id(&th_4),
        };
        say(&mut phone, &mut channel, &DeviceRecord::Resumed(resumed)).unwrap();
        assert_eq!(
            phone.resume_touched(&memory, &resumed).map(|_| ()),
            Err(Inauthentic::Resumption.into())
        );
    }
}

/// R23: a link that is lost between the counts and the credentials ends the touch, whatever the device says.
#[test]
fn right_counts_are_resumed_only_where_credentials_are_held() {
    let (mut phone, channel, h_arm) = to_count();
    phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    let counts = Sas {
        th_4: channel.th_4(),
        h_arm: &h_arm,
        n_p: &N_P,
        n_d: &N_D,
    }
    .counts(channel.touch_key());
    let (_, memory) = phone.compare_counts(&counts).unwrap();
    let rogue = Rogue {
        run: 7,
        ..Rogue::default()
    };
    for state in ResumedState::ALL {
        let (mut phone, mut channel) = rogue.evidence(&can_count()).unwrap();
        let resumed = Resumed {
            state,
            level: Level::L2,
            kind: PressKind::Press,
            contended: 0,
            touch_age: core::time::Duration::ZERO,
            h_arm: Some(h_arm),
            commit_id: memory.commit_id(),
        };
        say(&mut phone, &mut channel, &DeviceRecord::Resumed(resumed)).unwrap();
        let outcome = phone.resume_touched(&memory, &resumed).map(|_| ());
        if state == ResumedState::Touched {
            assert_eq!(outcome, Err(Inauthentic::Resumption.into()));
        } else {
            assert_eq!(outcome, Ok(()), "{state:?}");
        }
    }
}

#[test]
fn a_touch_told_of_again_while_counts_are_awaited_is_refused() {
    let (mut phone, mut channel, h_arm) = to_count();
    let resumed = Resumed {
        state: ResumedState::Accepted,
        level: Level::L2,
        kind: PressKind::Press,
        contended: 0,
        touch_age: core::time::Duration::ZERO,
        h_arm: Some(h_arm),
        commit_id: touch::commit_id(&phone.th_4().unwrap()),
    };
    assert_eq!(
        say(&mut phone, &mut channel, &DeviceRecord::Resumed(resumed)).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

#[test]
fn neither_n_p_nor_the_counts_show_when_a_session_is_printed() {
    let (phone, ..) = to_count();
    let shown = std::format!("{phone:?}");
    assert!(shown.contains("n_p: Some(Nonce(..))"), "{shown}");
    assert!(shown.contains("expected: Some(Counts(..))"), "{shown}");
}
