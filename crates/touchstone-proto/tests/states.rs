//! Every message and every record in every state: answered by an error or an event, never by a panic, and never twice.

mod common;

use common::*;
use touchstone_proto::{
    device,
    error::{Error, LocalError, Misbehaviour},
    message::{Message, messages},
    phone::{self, Confirmed},
    record::{
        DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, PhoneRecord, PressKind,
        ReleaseReason, Resumed, ResumedState, SeenNetworks, Status,
    },
};

const GARBAGE: [u8; 64] = [0x5a; 64];

fn garbage() -> [Message<'static>; 6] {
    [
        Message::Hello {
            version: 1,
            by_reference: false,
            message_1: &GARBAGE,
        },
        Message::Message2(&GARBAGE),
        Message::Message3(&GARBAGE),
        Message::Message4(&GARBAGE),
        Message::EdhocError(&GARBAGE),
        Message::Record(&GARBAGE),
    ]
}

type PhoneState = (&'static str, fn() -> phone::Session);

fn phone_states() -> Vec<PhoneState> {
    vec![
        ("AwaitMessage2", || SETUP.start().0.phone),
        ("AwaitLeaf", || SETUP.leaf_seen().phone),
        ("AwaitOwner", || SETUP.authenticated().phone),
        ("AwaitSignature", || {
            let mut pair = SETUP.authenticated();
            pair.phone.ask_owner(&owner(0x11), &NONCE).unwrap();
            pair.phone
        }),
        ("AwaitEvidence", || SETUP.message_3().0.phone),
        ("Refused", || {
            let mut pair = SETUP.owner_known();
            let refusal = pair.device.refuse(DeniedReason::Owned).unwrap();
            to_phone(&mut pair.phone, &refusal).unwrap();
            pair.phone
        }),
        ("Open", || SETUP.evidence_shown().phone),
        ("Armed", || SETUP.armed().0.phone),
        ("Touched", || SETUP.touched().0.phone),
    ]
}

type DeviceState = (&'static str, fn() -> device::Session);

fn device_states() -> Vec<DeviceState> {
    vec![
        ("AwaitHello", device::Session::new),
        ("AwaitAnswer", || {
            let (mut pair, hello) = SETUP.start();
            to_device(&mut pair.device, &hello).unwrap();
            pair.device
        }),
        ("AwaitMessage3", || SETUP.leaf_seen().device),
        ("AwaitDecision", || SETUP.owner_known().device),
        ("Refused", || {
            let mut pair = SETUP.owner_known();
            pair.device.refuse(DeniedReason::Owned).unwrap();
            pair.device
        }),
        ("Open", || SETUP.evidence_shown().device),
        ("Touched", || SETUP.touched().0.device),
    ]
}

#[test]
fn garbage_poisons_the_phone_in_every_state() {
    for (name, state) in phone_states() {
        for message in garbage() {
            let mut phone = state();
            let error = phone.handle(message).unwrap_err();
            assert!(!matches!(error, Error::Local(_)), "{name} {message:?}");
            assert_eq!(
                phone.handle(message).unwrap_err(),
                LocalError::Poisoned.into(),
                "{name} {message:?}"
            );
            assert_eq!(phone.keep_alive(), Err(LocalError::Poisoned.into()));
            assert_eq!(
                phone.authenticate(&leaf(7), &[0; 65], &ueid(7)),
                Err(LocalError::Poisoned.into())
            );
        }
    }
}

#[test]
fn garbage_poisons_the_device_in_every_state() {
    for (name, state) in device_states() {
        for message in garbage() {
            let mut device = state();
            let error = device.handle(message).unwrap_err();
            assert!(!matches!(error, Error::Local(_)), "{name} {message:?}");
            assert_eq!(
                device.handle(message).unwrap_err(),
                LocalError::Poisoned.into(),
                "{name} {message:?}"
            );
            assert_eq!(
                device.seal(&DeviceRecord::Released),
                Err(LocalError::Poisoned.into())
            );
            // One farewell at most.
            device.farewell();
            assert_eq!(device.farewell(), None);
        }
    }
}

#[test]
fn calls_in_the_wrong_state_change_nothing() {
    let wrong = Err(Error::from(LocalError::WrongState));
    for (name, state) in phone_states() {
        let mut phone = state();
        if name != "AwaitLeaf" {
            let key = Factory::new(0x22).public();
            assert_eq!(
                phone.authenticate(&leaf(7), &key, &ueid(7)),
                wrong,
                "{name}"
            );
        }
        if name != "AwaitOwner" {
            assert_eq!(
                phone.ask_owner(&owner(0x11), &NONCE).map(|_| ()),
                wrong,
                "{name}"
            );
        }
        if name != "AwaitSignature" {
            assert_eq!(phone.owner_signed(&[1; 64]).map(|_| ()), wrong, "{name}");
        }
        let open = ["Open", "Armed", "Touched"].contains(&name);
        assert_eq!(phone.rescan().is_ok(), open, "{name}");
        assert_eq!(phone.keep_alive().is_ok(), open, "{name}");
        assert_eq!(phone.confirm().map(|_| ()), wrong, "{name}");
        assert_eq!(
            phone.correct_credentials(&home()).map(|_| ()),
            wrong,
            "{name}"
        );
    }
    for (name, state) in device_states() {
        let mut device = state();
        let factory = Factory::new(0x22);
        if name != "AwaitAnswer" {
            assert_eq!(
                device
                    .message_2(&leaf(7), &[3; 32], 2, &factory)
                    .map(|_| ()),
                wrong,
                "{name}"
            );
        }
        if name != "AwaitDecision" {
            assert_eq!(
                device.message_4(&claims(7), &factory).map(|_| ()),
                wrong,
                "{name}"
            );
            assert_eq!(
                device.refuse(DeniedReason::Owned).map(|_| ()),
                wrong,
                "{name}"
            );
        }
        assert_eq!(
            device.touch(PressKind::Press, 0, &N_D).map(|_| ()),
            wrong,
            "{name}"
        );
        let open = ["Open", "Touched"].contains(&name);
        assert_eq!(
            device.seal(&DeviceRecord::Status(Status::Accepted)).is_ok(),
            open,
            "{name}"
        );
    }
}

#[test]
fn the_true_next_message_still_works_after_a_wrong_call() {
    let (mut pair, envelope) = SETUP.message_3();
    assert!(pair.phone.confirm().is_err());
    to_device(&mut pair.device, &envelope).unwrap();
    assert!(pair.device.touch(PressKind::Press, 0, &N_D).is_err());
    let message_4 = pair.device.message_4(&claims(7), &pair.factory).unwrap();
    to_phone(&mut pair.phone, &message_4).unwrap();
}

fn resumed(state: ResumedState) -> DeviceRecord {
    DeviceRecord::Resumed(Resumed {
        state,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        touch_age: core::time::Duration::ZERO,
        h_arm: None,
        commit_id: [0; 16],
    })
}

#[test]
fn the_phone_takes_each_record_only_where_it_belongs() {
    // attested, asked, armed, touched, releasing
    let table: [(DeviceRecord, [bool; 5]); 9] = [
        (
            DeviceRecord::KeepAlive { next_counter: 0 },
            [true, true, true, true, true],
        ),
        (DeviceRecord::Released, [false, false, false, false, true]),
        (
            DeviceRecord::Status(Status::Accepted),
            [true, true, true, true, true],
        ),
        (
            DeviceRecord::Denied(DeniedReason::Busy),
            [true, true, true, true, true],
        ),
        (
            DeviceRecord::Committed { commit_id: [0; 16] },
            [true, true, true, true, true],
        ),
        (
            DeviceRecord::Error(ErrorCode::Internal),
            [true, true, true, true, true],
        ),
        (
            DeviceRecord::Networks(SeenNetworks::new()),
            [true, true, true, true, true],
        ),
        (
            resumed(ResumedState::Touched),
            [true, true, false, false, true],
        ),
        (
            DeviceRecord::KeepAlive { next_counter: 1000 },
            [false, false, false, false, true],
        ),
    ];
    for (record, allowed) in table {
        let states: [fn() -> Pair; 5] = [
            || SETUP.attested().0,
            || {
                let (mut pair, attested) = SETUP.attested();
                pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
                pair
            },
            || SETUP.armed().0,
            || SETUP.touched().0,
            || {
                let (mut pair, _) = SETUP.armed();
                pair.phone.release(ReleaseReason::Cancelled).unwrap();
                pair
            },
        ];
        for (at, (state, allowed)) in states.into_iter().zip(allowed).enumerate() {
            let mut pair = state();
            let outcome = pair.device_tries(&record);
            assert_eq!(
                outcome.is_ok(),
                allowed,
                "{record:?} in state {at}: {outcome:?}"
            );
        }
    }
}

#[test]
fn armed_and_touch_answer_one_arm_each() {
    let armed = DeviceRecord::Armed {
        epoch: 0,
        level: Level::L1,
    };
    // Without ARM not even the device can say so.
    let (mut pair, _) = SETUP.attested();
    assert_eq!(pair.device.seal(&armed), Err(LocalError::WrongState.into()));
    // Twice.
    let (mut pair, _) = SETUP.armed();
    assert_eq!(pair.device.seal(&armed), Err(LocalError::WrongState.into()));
    pair.device.touch(PressKind::Press, 0, &N_D).unwrap();
    assert_eq!(
        pair.device.touch(PressKind::Press, 0, &N_D),
        Err(LocalError::WrongState.into())
    );
    // The phone arms once.
    let (mut pair, attested) = SETUP.attested();
    pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    assert_eq!(
        pair.phone.arm(&attested, Level::L1, &N_P),
        Err(LocalError::WrongState.into())
    );
}

#[test]
fn a_releasing_phone_says_nothing_but_keep_alive() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    pair.phone.release(ReleaseReason::Cancelled).unwrap();
    let wrong = Err(Error::from(LocalError::WrongState));
    assert_eq!(pair.phone.rescan(), wrong);
    assert_eq!(pair.phone.identify(IdentifyMode::Respond), wrong);
    assert_eq!(pair.phone.release(ReleaseReason::Cancelled), wrong);
    assert_eq!(pair.phone.arm(&attested, Level::L1, &N_P), wrong);
    let confirmed = Confirmed::by_the_persons_press();
    assert_eq!(
        pair.phone
            .send_credentials(attested, touched, confirmed, &home()),
        wrong
    );
    pair.phone.keep_alive().unwrap();
}

#[test]
fn the_device_takes_only_prepare_before_its_decision() {
    // The same keys, once decided and once not.
    let mut undecided = SETUP.owner_known();
    let mut pair = SETUP.evidence_shown();
    let rescan = pair.phone.rescan().unwrap();
    assert_eq!(
        to_device(&mut undecided.device, &rescan).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

#[test]
fn an_open_device_says_why_it_gives_up() {
    let (mut pair, _) = SETUP.attested();
    assert!(pair.device.handle(Message::Record(&GARBAGE)).is_err());
    let farewell = pair.device.farewell().unwrap();
    let events = to_phone(&mut pair.phone, &farewell).unwrap();
    assert!(matches!(
        events[..],
        [phone::Event::PeerError(ErrorCode::MalformedRecord)]
    ));
}

#[test]
fn a_device_in_the_handshake_says_only_that_it_gives_up() {
    let (mut pair, mut hello) = SETUP.start();
    hello[3] = 0x03;
    assert!(to_device(&mut pair.device, &hello).is_err());
    let farewell = pair.device.farewell().unwrap();
    let [Ok(Message::EdhocError(error))] = messages(&farewell).collect::<Vec<_>>()[..] else {
        panic!("no error message")
    };
    assert_eq!(error, [0x01, 0x60]);
}

#[test]
fn a_suite_we_do_not_run_is_answered_with_the_ones_we_do() {
    let (mut pair, mut hello) = SETUP.start();
    // METHOD, SUITES_I
    assert_eq!(hello[3..5], [0x00, 0x03]);
    hello[4] = 0x02;
    assert!(to_device(&mut pair.device, &hello).is_err());
    let farewell = pair.device.farewell().unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &farewell).map(|_| ()),
        Err(touchstone_proto::error::Incompatibility::SuiteRefused.into())
    );
}

#[test]
fn an_unauthenticated_error_message_cannot_end_an_open_session_unnoticed() {
    let (mut pair, _) = SETUP.attested();
    assert_eq!(
        pair.phone
            .handle(Message::EdhocError(&[0x01, 0x60]))
            .map(|_| ()),
        Err(Misbehaviour::UnexpectedMessage.into())
    );
}

#[test]
fn a_refused_phone_can_only_let_go() {
    let mut pair = SETUP.owner_known();
    pair.device.refuse(DeniedReason::Owned).unwrap();
    // A phone that ignores the refusal: sealed by a session that was accepted under the same keys.
    let mut accepted = SETUP.owner_known();
    let message_4 = accepted
        .device
        .message_4(&claims(7), &accepted.factory)
        .unwrap();
    to_phone(&mut accepted.phone, &message_4).unwrap();
    let crossing = accepted.phone.rescan().unwrap();
    assert!(matches!(
        to_device(&mut pair.device, &crossing).unwrap()[..],
        [device::Event::Skipped]
    ));
    let release = accepted.phone.release(ReleaseReason::Cancelled).unwrap();
    assert!(matches!(
        to_device(&mut pair.device, &release).unwrap()[..],
        [device::Event::Record(PhoneRecord::Release(_))]
    ));
}
