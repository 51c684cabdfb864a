//! Level L2: the commitment, the counts, and what an attacker makes of them. Names as in docs/THREATS.md.

mod common;

use std::time::Duration;

use common::*;
use sha2::{Digest, Sha256};
use touchstone_proto::{
    device,
    error::{Error, Inauthentic, LocalError, Misbehaviour},
    message::{Message, messages},
    phone::{self, Confirmed, TouchMemory},
    record::{
        Actuator, DeniedReason, DeviceRecord, IdentifyMode, Level, Pace, PhoneRecord, PressKind,
        ReleaseReason, Resumed, ResumedState, Status,
    },
    sas::{Counts, MAX_PLAYS, Sas},
};

const WRONG_STATE: Error = Error::Local(LocalError::WrongState);
const OTHER_N_P: [u8; 16] = [0x51; 16];

fn others_than(counts: &Counts) -> Counts {
    Counts::entered(counts.groups().map(|count| count % 6 + 1)).unwrap()
}

fn entered(counts: &Counts) -> Counts {
    Counts::entered(*counts.groups()).unwrap()
}

fn compare(pair: &mut Pair, counts: &Counts) -> Result<(), Error> {
    pair.phone.compare_counts(counts).map(|_| ())
}

/// A touch that was made, released, and asked for once more in the same session.
fn once_more(pair: &mut Pair) {
    let release = pair.phone.release(ReleaseReason::NotMyDevice).unwrap();
    pair.tell_device(&release);
    pair.device_says(&DeviceRecord::Released);
}

#[test]
fn other_counts_spend_the_touch() {
    let (mut pair, attested, counts) = SETUP.revealed();
    assert_eq!(
        compare(&mut pair, &others_than(&counts)),
        Err(Inauthentic::Counts.into())
    );
    // The right ones come too late, and nothing else can be made of this touch.
    assert_eq!(compare(&mut pair, &entered(&counts)), Err(WRONG_STATE));
    assert_eq!(
        pair.phone.reveal(Actuator::Sound, Pace::Normal),
        Err(WRONG_STATE)
    );
    assert_eq!(pair.phone.confirm(), Err(WRONG_STATE));
    assert_eq!(pair.phone.correct_credentials(&home()), Err(WRONG_STATE));
    assert_eq!(pair.phone.commit_id(), None);
    assert_eq!(
        pair.phone.arm(&attested, Level::L2, &OTHER_N_P),
        Err(WRONG_STATE)
    );
    once_more(&mut pair);
    pair.arm_at_l2(&attested, &OTHER_N_P);
    pair.touch_to_count();
    let counts = pair.reveal();
    assert_eq!(compare(&mut pair, &entered(&counts)), Ok(()));
}

#[test]
fn each_of_the_215_other_strings_is_a_mismatch() {
    let strings = (1..=6).flat_map(|a| (1..=6).flat_map(move |b| (1..=6).map(move |c| [a, b, c])));
    let (_, _, counts) = SETUP.revealed();
    let mut right = 0;
    for groups in strings {
        let (mut pair, ..) = SETUP.revealed();
        let outcome = compare(&mut pair, &Counts::entered(groups).unwrap());
        if groups == *counts.groups() {
            assert_eq!(outcome, Ok(()));
            right += 1;
        } else {
            assert_eq!(outcome, Err(Inauthentic::Counts.into()), "{groups:?}");
        }
    }
    assert_eq!(right, 1);
}

#[test]
fn counts_are_compared_only_after_reveal_and_once() {
    let (mut armed, _) = SETUP.armed_at_l2();
    let (mut to_count, _) = SETUP.to_count();
    let counts = SETUP.revealed().2;
    for pair in [&mut armed, &mut to_count] {
        assert_eq!(compare(pair, &counts), Err(WRONG_STATE));
    }
    // That spent nothing.
    let counts = to_count.reveal();
    assert_eq!(compare(&mut to_count, &counts), Ok(()));
    assert_eq!(compare(&mut to_count, &counts), Err(WRONG_STATE));
    assert_eq!(
        to_count.phone.reveal(Actuator::Sound, Pace::Normal),
        Err(WRONG_STATE)
    );
}

#[test]
fn there_is_nothing_to_reveal_or_compare_at_level_one() {
    let counts = Counts::entered([1, 1, 1]).unwrap();
    let (mut touched, ..) = SETUP.touched();
    let (mut attested, _) = SETUP.attested();
    let (mut armed, _) = SETUP.armed();
    for pair in [&mut attested, &mut armed, &mut touched] {
        assert_eq!(
            pair.phone.reveal(Actuator::Sound, Pace::Normal),
            Err(WRONG_STATE)
        );
        assert_eq!(compare(pair, &counts), Err(WRONG_STATE));
    }
}

#[test]
fn a_release_or_a_disarming_ends_the_counts() {
    let (mut pair, _, counts) = SETUP.revealed();
    pair.phone.release(ReleaseReason::Cancelled).unwrap();
    assert_eq!(compare(&mut pair, &counts), Err(WRONG_STATE));
    assert_eq!(
        pair.phone.reveal(Actuator::Sound, Pace::Normal),
        Err(WRONG_STATE)
    );
    let (mut pair, _, counts) = SETUP.revealed();
    pair.device_says(&DeviceRecord::Status(Status::Disarmed));
    assert_eq!(compare(&mut pair, &counts), Err(WRONG_STATE));
    let (mut pair, _, counts) = SETUP.revealed();
    pair.device_says(&DeviceRecord::Denied(DeniedReason::Busy));
    assert_eq!(compare(&mut pair, &counts), Err(WRONG_STATE));
}

/// Of what was not evidenced, the phone does not even ask.
#[test]
fn the_phone_asks_only_for_actuators_that_the_evidence_names() {
    let (mut pair, _) = SETUP.to_count();
    assert_eq!(
        pair.phone.reveal(Actuator::Vibration, Pace::Normal),
        Err(LocalError::NoSuchActuator.into())
    );
    pair.reveal();
}

#[test]
fn counts_are_played_twenty_times_at_most() {
    let (mut pair, _) = SETUP.to_count();
    let counts = pair.reveal();
    for _ in 1..MAX_PLAYS {
        assert!(pair.reveal().matches(&counts));
    }
    assert_eq!(
        pair.phone.reveal(Actuator::Sound, Pace::Normal),
        Err(LocalError::TooManyReveals.into())
    );
    assert_eq!(compare(&mut pair, &counts), Ok(()));
}

#[test]
fn only_the_counts_count() {
    let (mut pair, _, counts) = SETUP.revealed();
    assert_eq!(pair.phone.identify(IdentifyMode::Respond), Err(WRONG_STATE));
    pair.phone.identify(IdentifyMode::Off).unwrap();
    assert!(compare(&mut pair, &others_than(&counts)).is_err());
    assert_eq!(pair.phone.identify(IdentifyMode::Respond), Err(WRONG_STATE));
}

/// T8: whoever asked for level 2 gets no level 1, and a session at level 2 stays there.
#[test]
fn t8_the_level_never_falls_within_a_session() {
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L2, &N_P).unwrap();
    pair.tell_device(&arm);
    pair.device_says(&DeviceRecord::Denied(DeniedReason::Busy));
    assert_eq!(pair.phone.arm(&attested, Level::L1, &N_P), Err(WRONG_STATE));
    pair.arm_at_l2(&attested, &N_P);
    // A device may ask for more than the phone did; from then on it is both sides' level.
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    pair.tell_device(&arm);
    let raised = DeviceRecord::Armed {
        epoch: 9,
        level: Level::L2,
    };
    assert!(matches!(
        pair.device_says(&raised),
        phone::Event::Armed {
            level: Level::L2,
            ..
        }
    ));
    pair.touch_to_count();
    let counts = pair.reveal();
    assert!(compare(&mut pair, &others_than(&counts)).is_err());
    once_more(&mut pair);
    assert_eq!(
        pair.phone.arm(&attested, Level::L1, &OTHER_N_P),
        Err(WRONG_STATE)
    );
    pair.arm_at_l2(&attested, &OTHER_N_P);
}

/// T4-L2: a device that already knows N_p could choose N_d, and with it the counts.
#[test]
fn t4_l2_an_n_p_that_was_revealed_is_never_committed_to_again() {
    let (mut pair, attested, counts) = SETUP.revealed();
    assert!(compare(&mut pair, &others_than(&counts)).is_err());
    once_more(&mut pair);
    assert_eq!(
        pair.phone.arm(&attested, Level::L2, &N_P),
        Err(LocalError::NonceReused.into())
    );
    pair.arm_at_l2(&attested, &OTHER_N_P);
    // One that was never revealed is as good as new.
    let (mut pair, attested) = SETUP.to_count();
    once_more(&mut pair);
    pair.arm_at_l2(&attested, &N_P);
}

/// T4-L2: until N_d is fixed, nothing that the phone sends tells N_p, nor what the counts will be.
#[test]
fn t4_l2_the_phone_does_not_reveal_before_the_touch() {
    let (mut pair, attested) = SETUP.attested();
    let reveal = |pair: &mut Pair| pair.phone.reveal(Actuator::Sound, Pace::Normal);
    assert_eq!(reveal(&mut pair), Err(WRONG_STATE));
    let arm = pair.phone.arm(&attested, Level::L2, &N_P).unwrap();
    assert_eq!(reveal(&mut pair), Err(WRONG_STATE));
    assert!(matches!(
        pair.tell_device(&arm),
        PhoneRecord::Arm { h_np, .. } if h_np == <[u8; 32]>::from(Sha256::digest(N_P))
    ));
    pair.device_says(&DeviceRecord::Armed {
        epoch: 0,
        level: Level::L2,
    });
    assert_eq!(reveal(&mut pair), Err(WRONG_STATE));
}

/// T4-L2: the device takes no REVEAL before it has fixed N_d in TOUCH.
#[test]
fn t4_l2_the_device_counts_nothing_before_its_touch() {
    // A session with the same keys that is further on.
    let (mut ahead, _) = SETUP.to_count();
    let (mut armed, _) = SETUP.armed_at_l2();
    let reveal = ahead.phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    assert_eq!(
        to_device(&mut armed.device, &reveal).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
    assert_eq!(
        armed.device.touch(PressKind::Press, 0, &N_D),
        Err(LocalError::Poisoned.into())
    );
}

/// T4-L2, mistake R23: once counted right, and only then, a lost link costs no more than at L1; and only where credentials are held already.
#[test]
fn r23_a_resumed_claim_is_no_way_around_the_counts() {
    let h_arm = SETUP.armed_at_l2().0.device.h_arm().unwrap();
    let (mut old, _, counts) = SETUP.revealed();
    assert!(old.phone.touch_memory().is_none());
    let (_, memory) = old.phone.compare_counts(&entered(&counts)).unwrap();
    for (state, level, survives) in [
        (ResumedState::Touched, Level::L2, false),
        (ResumedState::Accepted, Level::L2, true),
        (ResumedState::JoinFailed, Level::L2, true),
        (ResumedState::Accepted, Level::L1, false),
    ] {
        let resumed = resumed(&memory, h_arm, state, level);
        assert_eq!(
            takes_up(&memory, &resumed),
            if survives {
                Ok(())
            } else {
                Err(Inauthentic::Resumption.into())
            },
            "{state:?} {level:?}"
        );
    }
}

/// R23: what a phone remembers of an ARM at L2 before the counts were right is nothing.
#[test]
fn r23_an_l2_touch_is_not_remembered_before_its_counts_were_right() {
    let (armed, _) = SETUP.armed_at_l2();
    assert!(armed.phone.touch_memory().is_none());
    assert!(armed.phone.h_arm().is_some());
    let (to_count, _) = SETUP.to_count();
    assert!(to_count.phone.touch_memory().is_none());
    // ARM at L1 is remembered at once; that the device raised the level makes its touch another one.
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    let memory = pair.phone.touch_memory().unwrap();
    pair.tell_device(&arm);
    let h_arm = pair.device.h_arm().unwrap();
    pair.device_says(&DeviceRecord::Armed {
        epoch: 0,
        level: Level::L2,
    });
    assert!(pair.phone.touch_memory().is_none());
    let resumed = resumed(&memory, h_arm, ResumedState::Accepted, Level::L2);
    assert_eq!(
        takes_up(&memory, &resumed),
        Err(Inauthentic::Resumption.into())
    );
}

fn resumed(memory: &TouchMemory, h_arm: [u8; 32], state: ResumedState, level: Level) -> Resumed {
    Resumed {
        state,
        level,
        kind: PressKind::Press,
        contended: 0,
        touch_age: Duration::from_secs(12),
        h_arm: Some(h_arm),
        commit_id: memory.commit_id(),
    }
}

/// What a phone that remembers this makes of a device that tells it that.
fn takes_up(memory: &TouchMemory, resumed: &Resumed) -> Result<(), Error> {
    let (mut pair, attested) = Setup { run: 2, ..SETUP }.attested();
    // This device would rather not say it; its session cannot be made to.
    let event = match pair.device.seal(&DeviceRecord::Resumed(*resumed)) {
        Ok(envelope) => to_phone(&mut pair.phone, &envelope).unwrap().pop().unwrap(),
        Err(error) => {
            assert_eq!(error, WRONG_STATE);
            assert_eq!(
                (resumed.state, resumed.level),
                (ResumedState::Touched, Level::L2)
            );
            return Err(Inauthentic::Resumption.into());
        }
    };
    assert!(matches!(event, phone::Event::Resumed(told) if told == *resumed));
    let touched = pair.phone.resume_touched(memory, resumed)?;
    pair.phone
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &home(),
        )
        .map(|_| ())
}

/// T4-L2: a stranger's phone talks to the person's device, his unit to the person's phone, and what the one plays is entered into the other. Both numbers of both
/// sessions are fixed before either is known, so all that he can do is to hope.
#[test]
fn t4_l2_the_counts_of_another_session_match_once_in_216() {
    const TRIES: u32 = 43_200;
    let string = |side: u8, number: u32| -> [u8; 32] {
        Sha256::new()
            .chain_update([side])
            .chain_update(number.to_be_bytes())
            .finalize()
            .into()
    };
    let counts = |side: u8, number: u32| {
        let [key, th_4, h_arm, nonces] = [0, 1, 2, 3].map(|part| string(side * 4 + part, number));
        let (n_p, n_d) = nonces.split_at(16);
        Sas {
            th_4: &th_4,
            h_arm: &h_arm,
            n_p: n_p.try_into().unwrap(),
            n_d: n_d.try_into().unwrap(),
        }
        .counts(&key)
    };
    let matches = (0..TRIES)
        .filter(|number| counts(0, *number).matches(&counts(1, *number)))
        .count();
    // 200 are expected, with a standard deviation of 14.
    assert!((144..=256).contains(&matches), "{matches} of {TRIES}");
}

/// T4-L2, for once with whole sessions: the same ARM, N_p and N_d in another session are other counts.
#[test]
fn t4_l2_two_sessions_with_the_same_numbers_play_different_counts() {
    let all: Vec<_> = (1..=12)
        .map(|run| *Setup { run, ..SETUP }.revealed().2.groups())
        .collect();
    let mut different = all.clone();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() >= 10, "{all:?}");
}

/// T4-L2: REVEAL recorded from the air is of no use to anybody.
#[test]
fn t4_l2_a_repeated_reveal_is_not_opened_again() {
    let (mut pair, _) = SETUP.to_count();
    let reveal = pair.phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    assert!(matches!(
        to_device(&mut pair.device, &reveal).unwrap()[..],
        [device::Event::Reveal { .. }]
    ));
    assert_eq!(
        to_device(&mut pair.device, &reveal).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
    // Nor in another session of the same two.
    let (mut other, _) = Setup { run: 2, ..SETUP }.to_count();
    assert_eq!(
        to_device(&mut other.device, &reveal).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
}

/// What is wrong with a REVEAL ends the session, and the device says so.
#[test]
fn a_device_that_gives_up_says_so_under_the_sessions_keys() {
    let (mut ahead, _) = SETUP.to_count();
    let (mut armed, _) = SETUP.armed_at_l2();
    let reveal = ahead.phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
    to_device(&mut armed.device, &reveal).unwrap_err();
    let farewell = armed.device.farewell().unwrap();
    assert!(matches!(
        messages(&farewell).next(),
        Some(Ok(Message::Record(_)))
    ));
    assert!(matches!(
        to_phone(&mut armed.phone, &farewell).unwrap()[..],
        [phone::Event::PeerError(_)]
    ));
}
