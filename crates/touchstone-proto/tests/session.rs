//! Both roles together, honestly.

mod common;

use common::*;
use touchstone_proto::{
    advert::{self, Advert, AdvertFlags},
    device,
    error::{Error, Incompatibility, LocalError},
    message::messages,
    phone::{self, AppraiseFailure, Confirmed, CredentialForm, Leaf},
    record::{
        Actuator, DeniedReason, DeviceRecord, ErrorCode, IdentifyMode, Level, Pace, PhoneRecord,
        PressKind, ReleaseReason, SeenNetworks, Status,
    },
    sas::Counts,
    touch,
};

fn confirmed() -> Confirmed {
    Confirmed::by_the_persons_press()
}

#[test]
fn a_whole_set_up_ends_with_the_same_commit_id_on_both_sides() {
    for form in [CredentialForm::ByValue, CredentialForm::ByReference] {
        let (mut pair, attested, touched, memory) = Setup { form, ..SETUP }.touched();

        let respond = pair.phone.identify(IdentifyMode::Respond).unwrap();
        assert!(matches!(
            pair.tell_device(&respond),
            PhoneRecord::Identify(IdentifyMode::Respond)
        ));
        pair.device_says(&DeviceRecord::Status(Status::Responding));

        let cred = pair
            .phone
            .send_credentials(attested, touched, confirmed(), &home())
            .unwrap();
        let PhoneRecord::Credentials(received) = pair.tell_device(&cred) else {
            panic!("no credentials")
        };
        assert_eq!(received.networks()[0].ssid().as_bytes(), b"Home");
        pair.device_says(&DeviceRecord::Status(Status::Accepted));
        pair.device_says(&DeviceRecord::Status(Status::WrongPassword));

        let corrected = pair.phone.correct_credentials(&home()).unwrap();
        assert!(matches!(
            pair.tell_device(&corrected),
            PhoneRecord::Credentials(_)
        ));

        let commit_id = touch::commit_id(&pair.phone.th_4().unwrap());
        assert_eq!(pair.phone.commit_id(), Some(commit_id));
        assert_eq!(memory.commit_id(), commit_id);
        assert_eq!(touch::commit_id(&pair.device.th_4().unwrap()), commit_id);
        let confirm = pair.phone.confirm().unwrap();
        assert!(matches!(
            pair.tell_device(&confirm),
            PhoneRecord::Confirm { commit_id: id } if id == commit_id
        ));
        assert!(matches!(
            pair.device_says(&DeviceRecord::Committed { commit_id }),
            phone::Event::Committed { commit_id: id } if id == commit_id
        ));
        let release = pair.phone.release(ReleaseReason::Done).unwrap();
        assert!(matches!(
            pair.tell_device(&release),
            PhoneRecord::Release(ReleaseReason::Done)
        ));
        assert!(matches!(
            pair.device_says(&DeviceRecord::Released),
            phone::Event::Released
        ));
    }
}

#[test]
fn a_refused_certificate_is_its_senders_only_with_the_key_and_ends_the_session_either_way() {
    let leaf = leaf(SETUP.serial);
    let key = SETUP.leaf_seen().factory.public();
    for (der, key, shown) in [
        (leaf.clone(), key, true),
        (leaf.clone(), Factory::new(8).public(), false),
        ([&leaf[..], &[0]].concat(), key, false),
        (leaf, [4; 65], false),
    ] {
        let mut pair = SETUP.leaf_seen();
        assert_eq!(pair.phone.unmask(&der, &key), shown);
        assert_eq!(
            pair.phone.ask_owner(&owner(1), &[0; 16]).map(|_| ()),
            Err(Error::Local(LocalError::Poisoned))
        );
        assert!(!pair.phone.unmask(&der, &key));
    }
}

#[test]
fn at_level_two_the_right_counts_are_worth_what_a_touch_is_at_level_one() {
    let (mut pair, attested, counts) = SETUP.revealed();
    // Played once more, on another actuator: the same counts.
    let again = pair.phone.reveal(Actuator::Light, Pace::Slower).unwrap();
    assert!(matches!(
        &to_device(&mut pair.device, &again).unwrap()[..],
        [device::Event::Reveal {
            counts: same,
            signal: Actuator::Light,
            pace: Pace::Slower,
        }] if same.matches(&counts)
    ));
    pair.device_says(&DeviceRecord::Status(Status::Counting));
    let entered = Counts::entered(*counts.groups()).unwrap();
    let (touched, memory) = pair.phone.compare_counts(&entered).unwrap();
    let cred = pair
        .phone
        .send_credentials(attested, touched, confirmed(), &home())
        .unwrap();
    assert!(matches!(
        pair.tell_device(&cred),
        PhoneRecord::Credentials(_)
    ));
    pair.device_says(&DeviceRecord::Status(Status::WrongPassword));
    let corrected = pair.phone.correct_credentials(&home()).unwrap();
    pair.tell_device(&corrected);
    let confirm = pair.phone.confirm().unwrap();
    assert!(matches!(
        pair.tell_device(&confirm),
        PhoneRecord::Confirm { commit_id } if commit_id == memory.commit_id()
    ));
}

#[test]
fn the_leaf_travels_in_the_form_asked_for() {
    let pair = SETUP.leaf_seen();
    assert_eq!(pair.phone.leaf(), Some(Leaf::ByValue(&leaf(7)[..])));
    let by_reference = Setup {
        form: CredentialForm::ByReference,
        ..SETUP
    }
    .leaf_seen();
    assert!(matches!(
        by_reference.phone.leaf(),
        Some(Leaf::Reference(_))
    ));
}

#[test]
fn both_sides_have_the_same_names_and_keys() {
    let (pair, _) = SETUP.armed();
    assert_eq!(pair.phone.th_4(), pair.device.th_4());
    assert_eq!(pair.phone.h_arm(), pair.device.h_arm());
    assert!(pair.phone.h_arm().is_some());
    let ours = Advert {
        version: 1,
        flags: AdvertFlags::default(),
        model_class: 1,
        epoch: 77,
        tag: advert::tag(&pair.device.k_adv().unwrap(), 77),
    };
    assert!(pair.phone.advert_key().unwrap().matches(&ours));
}

#[test]
fn the_device_learns_the_owner_and_the_nonce() {
    let (mut pair, envelope) = SETUP.message_3();
    let events = to_device(&mut pair.device, &envelope).unwrap();
    let [
        device::Event::Owner {
            owner: key,
            kid,
            nonce,
        },
        device::Event::Record(PhoneRecord::Prepare),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(*key, owner(0x11));
    assert_eq!(*kid, owner(0x11).kid());
    assert_eq!(*nonce, NONCE);
}

#[test]
fn message_3_and_prepare_share_an_envelope() {
    let (_, envelope) = SETUP.message_3();
    assert_eq!(messages(&envelope).count(), 2);
}

#[test]
fn a_refusal_is_authenticated_and_final() {
    let mut pair = SETUP.owner_known();
    let refusal = pair.device.refuse(DeniedReason::Owned).unwrap();
    let events = to_phone(&mut pair.phone, &refusal).unwrap();
    assert!(matches!(
        events[..],
        [
            phone::Event::Skipped,
            phone::Event::Refused(DeniedReason::Owned)
        ]
    ));
    assert_eq!(pair.phone.keep_alive(), Err(LocalError::WrongState.into()));
    assert_eq!(
        pair.device.seal(&DeviceRecord::Released),
        Err(LocalError::WrongState.into())
    );
}

#[test]
fn appraisal_makes_attested_once_and_only_on_a_yes() {
    let mut pair = SETUP.evidence_shown();
    assert!(matches!(
        pair.phone.appraise(&No),
        Err(AppraiseFailure::Appraiser("no"))
    ));
    assert!(matches!(pair.phone.appraise(&Yes), Ok((_, 0x0102))));
    assert!(matches!(
        pair.phone.appraise(&Yes),
        Err(AppraiseFailure::Evidence(Error::Local(
            LocalError::WrongState
        )))
    ));
}

#[test]
fn evidence_is_kept_for_a_verifier_elsewhere() {
    let pair = SETUP.evidence_shown();
    assert_eq!(pair.phone.evidence().unwrap().len(), 167);
    assert_eq!(pair.phone.claims().unwrap().nonce, NONCE);
    assert!(pair.phone.binder().is_some());
}

#[test]
fn a_denied_arm_may_be_tried_again() {
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    pair.tell_device(&arm);
    pair.device_says(&DeviceRecord::Denied(DeniedReason::Busy));
    assert_eq!(pair.phone.h_arm(), None);
    assert_eq!(pair.device.h_arm(), None);
    pair.arm(&attested);
}

#[test]
fn a_released_device_may_be_armed_again_in_the_same_session() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    let release = pair.phone.release(ReleaseReason::SeveralTouched).unwrap();
    pair.tell_device(&release);
    pair.device_says(&DeviceRecord::Released);
    // The touch is void; the attestation is not.
    assert_eq!(pair.phone.commit_id(), None);
    pair.arm(&attested);
    assert_eq!(
        pair.phone
            .send_credentials(attested, touched, confirmed(), &home()),
        Err(LocalError::WrongState.into())
    );
}

#[test]
fn records_that_cross_a_release_are_counted_and_dropped() {
    let (mut pair, _) = SETUP.armed();
    let release = pair.phone.release(ReleaseReason::Cancelled).unwrap();
    let crossing = [
        pair.device.touch(PressKind::Press, 0, &N_D).unwrap(),
        pair.device
            .seal(&DeviceRecord::Networks(SeenNetworks::new()))
            .unwrap(),
        pair.device
            .seal(&DeviceRecord::Status(Status::Disarmed))
            .unwrap(),
        pair.device
            .seal(&DeviceRecord::KeepAlive { next_counter: 0 })
            .unwrap(),
    ];
    for envelope in crossing {
        let events = to_phone(&mut pair.phone, &envelope).unwrap();
        assert!(matches!(events[..], [phone::Event::Skipped]));
    }
    pair.tell_device(&release);
    assert!(matches!(
        pair.device_says(&DeviceRecord::Released),
        phone::Event::Released
    ));
}

#[test]
fn records_that_cross_a_refusal_are_counted_and_dropped() {
    // The phone does not know yet that it was refused: its PREPARE arrives after the decision.
    let (mut pair, envelope) = SETUP.message_3();
    let mut parts = messages(&envelope).map(Result::unwrap);
    pair.device.handle(parts.next().unwrap()).unwrap();
    pair.device.refuse(DeniedReason::Owned).unwrap();
    assert!(matches!(
        pair.device.handle(parts.next().unwrap()),
        Ok(device::Event::Skipped)
    ));
}

#[test]
fn credentials_that_cross_a_disarming_are_dropped() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    let cred = pair
        .phone
        .send_credentials(attested, touched, confirmed(), &home())
        .unwrap();
    let disarmed = pair
        .device
        .seal(&DeviceRecord::Status(Status::Disarmed))
        .unwrap();
    let events = to_device(&mut pair.device, &cred).unwrap();
    assert!(matches!(events[..], [device::Event::Skipped]));
    to_phone(&mut pair.phone, &disarmed).unwrap();
    assert_eq!(
        pair.phone.correct_credentials(&home()),
        Err(LocalError::WrongState.into())
    );
}

#[test]
fn a_committed_owner_is_told_so_on_every_new_link() {
    let (mut pair, _) = SETUP.attested();
    assert!(matches!(
        pair.device_says(&DeviceRecord::Committed { commit_id: [1; 16] }),
        phone::Event::Committed { commit_id: [1, ..] }
    ));
}

#[test]
fn keep_alives_carry_the_next_expected_counters() {
    let (mut pair, _) = SETUP.attested();
    // The device has opened PREPARE, the phone nothing yet.
    assert_eq!(pair.device.next_counter(), 1);
    let keep_alive = pair.phone.keep_alive().unwrap();
    assert!(matches!(
        pair.tell_device(&keep_alive),
        PhoneRecord::KeepAlive { next_counter: 0 }
    ));
    let next_counter = pair.device.next_counter();
    assert!(matches!(
        pair.device_says(&DeviceRecord::KeepAlive { next_counter }),
        phone::Event::KeepAlive { next_counter: 2 }
    ));
}

#[test]
fn errors_of_the_device_reach_the_phone_sealed() {
    let (mut pair, _) = SETUP.attested();
    assert!(matches!(
        pair.device_says(&DeviceRecord::Error(ErrorCode::Storage)),
        phone::Event::PeerError(ErrorCode::Storage)
    ));
}

#[test]
fn an_owner_signature_that_does_not_verify_may_be_replaced() {
    let mut pair = SETUP.authenticated();
    let to_be_signed = pair.phone.ask_owner(&owner(0x11), &NONCE).unwrap().to_vec();
    let wrong = sign(&owner_key(0x12), &to_be_signed);
    assert_eq!(
        pair.phone.owner_signed(&wrong),
        Err(LocalError::InvalidSignature.into())
    );
    let right = sign(&owner_key(0x11), &to_be_signed);
    pair.phone.owner_signed(&right).unwrap();
}

#[test]
fn an_ephemeral_out_of_range_is_asked_for_again() {
    assert_eq!(
        phone::Session::start(CredentialForm::ByValue, 1, &[0xff; 32], 1).map(|_| ()),
        Err(LocalError::InvalidSecret.into())
    );
    let (mut pair, hello) = SETUP.start();
    to_device(&mut pair.device, &hello).unwrap();
    assert_eq!(
        pair.device.message_2(&leaf(7), &[0; 32], 2, &pair.factory),
        Err(LocalError::InvalidSecret.into())
    );
    pair.device
        .message_2(&leaf(7), &[3; 32], 2, &pair.factory)
        .unwrap();
}

#[test]
fn a_version_that_is_not_spoken_is_refused_by_both_sides() {
    for version in [0, 2, 255] {
        assert_eq!(
            phone::Session::start(CredentialForm::ByValue, version, &[1; 32], 1).map(|_| ()),
            Err(LocalError::VersionNotSpoken.into())
        );
        let (mut pair, mut hello) = SETUP.start();
        hello[1] = version;
        assert_eq!(
            to_device(&mut pair.device, &hello).map(|_| ()),
            Err(Incompatibility::Version { version }.into())
        );
        // The phone learns that it ended, and nothing more.
        let farewell = pair.device.farewell().unwrap();
        assert_eq!(
            to_phone(&mut pair.phone, &farewell).map(|_| ()),
            Err(Incompatibility::Refused.into())
        );
    }
}
