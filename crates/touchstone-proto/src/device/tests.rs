//! A device against a phone that holds a genuine owner key and breaks the rules.

mod counts;

use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use counts::REVEAL;

use super::*;
use crate::{
    credentials::{Credentials, Network},
    edhoc::initiator,
    evidence::{DebugStatus, FirmwareVersion},
    message::messages,
    record::{
        Actuators, IdentifyMode, Level, PresenceKinds, ReleaseReason, Resumed, ResumedState, Status,
    },
};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn sec1(key: &SigningKey) -> [u8; 65] {
    let point = key.verifying_key().to_sec1_point(false);
    point.as_bytes().try_into().unwrap()
}

struct Factory(SigningKey);

impl FactoryKey for Factory {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }
}

fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

const LEAF: &[u8] = b"certificate";

fn claims() -> Claims {
    Claims {
        nonce: [0; 16],
        ueid: [1; 17],
        model_class: 1,
        secure_boot: true,
        debug_status: DebugStatus::Disabled,
        boot_id: [2; 8],
        firmware: FirmwareVersion {
            major: 1,
            minor: 0,
            patch: 0,
        },
        reset_epoch: 0,
        presence: PresenceKinds::NONE,
        actuators: Actuators {
            sound: true,
            light: true,
            vibration: false,
        },
        max_level: Level::L2,
        highest_version: 1,
        boot_count: 1,
    }
}

/// message_3 of a phone with this credential and EAD_3, and the session that awaits it.
fn message_3(id_cred: &[u8], cred: &[u8], ead_3: &[u8]) -> (Session, Envelope, Channel) {
    let (phone, message_1) = initiator::start(
        METHODS[0],
        SUITES,
        Ephemeral::from_bytes(&[1; 32]).unwrap(),
        ConnectionId::new(&[1]).unwrap(),
        &[0x14],
    )
    .unwrap();
    let mut device = Session::new();
    let factory = Factory(key(2));
    device
        .handle(Message::Hello {
            version: 1,
            by_reference: false,
            message_1: &message_1,
        })
        .unwrap();
    let envelope = device.message_2(LEAF, &[5; 32], 2, &factory).unwrap();
    let Some(Ok(Message::Message2(message_2))) = messages(&envelope).next() else {
        panic!("no message_2")
    };
    let pending = phone
        .read(message_2)
        .unwrap()
        .verify(
            &x509_cred(LEAF).unwrap(),
            &PublicKey::from_sec1(&sec1(&factory.0)).unwrap(),
        )
        .unwrap()
        .message_3(CredentialRef { id_cred, cred }, ead_3)
        .unwrap();
    let signature = sign(&key(3), pending.to_be_signed());
    let (phone, message_3) = pending.signed(&signature).unwrap();
    let channel = Channel::new(&phone.exporter(), phone.th_4(), 1, Side::Initiator).unwrap();
    let envelope = message::envelope(&[Message::Message3(&message_3)]).unwrap();
    (device, envelope, channel)
}

fn request() -> std::vec::Vec<u8> {
    attestation::request(&[0x4e; 16]).unwrap().to_vec()
}

fn ccs() -> [u8; 46] {
    OwnerPublicKey::from_sec1(&sec1(&key(3))).unwrap().to_ccs()
}

fn take(device: &mut Session, envelope: &[u8]) -> Result<Event, Error> {
    device.handle(messages(envelope).next().unwrap()?)
}

/// An open session, and the phone's end of its channel.
fn open() -> (Session, Channel) {
    let id_cred = CredentialId::Kccs(&ccs()).encode().unwrap();
    let (mut device, envelope, channel) = message_3(&id_cred, &ccs(), &request());
    take(&mut device, &envelope).unwrap();
    device.message_4(&claims(), &Factory(key(2))).unwrap();
    (device, channel)
}

fn tell(device: &mut Session, channel: &mut Channel, record: &PhoneRecord) -> Result<Event, Error> {
    let sealed = channel.seal(record).unwrap();
    device.handle(Message::Record(&sealed))
}

fn arm(level: Level) -> PhoneRecord {
    PhoneRecord::Arm {
        level,
        h_np: [0; 32],
    }
}

fn credentials() -> PhoneRecord {
    PhoneRecord::Credentials(Credentials::new([Network::open(b"n").unwrap()]).unwrap())
}

const CONFIRM: PhoneRecord = PhoneRecord::Confirm { commit_id: [0; 16] };
const ARMED: DeviceRecord = DeviceRecord::Armed {
    epoch: 0,
    level: Level::L1,
};
const UNEXPECTED: Error = Error::PeerMisbehaved(Misbehaviour::UnexpectedRecord);

fn touched() -> (Session, Channel) {
    let (mut device, mut channel) = open();
    tell(&mut device, &mut channel, &arm(Level::L1)).unwrap();
    device.seal(&ARMED).unwrap();
    device.touch(PressKind::Press, 0, &[0; 16]).unwrap();
    (device, channel)
}

#[test]
fn only_an_owner_key_by_value_is_an_owner() {
    let good = CredentialId::Kccs(&ccs()).encode().unwrap();
    let (mut device, envelope, _) = message_3(&good, &ccs(), &request());
    take(&mut device, &envelope).unwrap();

    let mut longer = ccs().to_vec();
    // {8: {1: {1: 2, -1: 1, -2: x, -3: y sign}}, 2: ""} in the right order of keys.
    longer.splice(0..1, [0xa2, 0x02, 0x60]);
    let certificate = CredentialId::X5chain(LEAF).encode().unwrap();
    let kid = CredentialId::Kid(&[1]).encode().unwrap();
    let other_ccs = CredentialId::Kccs(&longer).encode().unwrap();
    for (id_cred, cred) in [
        (&certificate, x509_cred(LEAF).unwrap().to_vec()),
        (&kid, ccs().to_vec()),
        (&other_ccs, longer.clone()),
    ] {
        let (mut device, envelope, _) = message_3(id_cred, &cred, &request());
        assert_eq!(
            take(&mut device, &envelope).map(|_| ()),
            Err(Misbehaviour::OwnerCredential.into())
        );
    }
}

#[test]
fn the_owner_key_must_have_signed() {
    // The credential of another key than the one that signs.
    let other = OwnerPublicKey::from_sec1(&sec1(&key(4))).unwrap().to_ccs();
    let id_cred = CredentialId::Kccs(&other).encode().unwrap();
    let (mut device, envelope, _) = message_3(&id_cred, &other, &request());
    assert_eq!(
        take(&mut device, &envelope).map(|_| ()),
        Err(crate::error::Inauthentic::Signature.into())
    );
}

#[test]
fn a_phone_that_asks_for_no_evidence_or_another_format_is_refused() {
    let id_cred = CredentialId::Kccs(&ccs()).encode().unwrap();
    for ead_3 in [&[][..], &[0x16, 0x43, 0x82, 0x01, 0x40]] {
        let (mut device, envelope, _) = message_3(&id_cred, &ccs(), ead_3);
        assert_eq!(
            take(&mut device, &envelope).map(|_| ()),
            Err(Incompatibility::EvidenceFormat.into())
        );
    }
}

#[test]
fn an_unknown_critical_item_in_ead_3_aborts_and_another_is_skipped() {
    let id_cred = CredentialId::Kccs(&ccs()).encode().unwrap();
    let with = |item: &[u8]| [&request(), item].concat();
    let (mut device, envelope, _) = message_3(&id_cred, &ccs(), &with(&[0x38, 0x27]));
    assert_eq!(
        take(&mut device, &envelope).map(|_| ()),
        Err(Incompatibility::CriticalEad { label: 40 }.into())
    );
    let (mut device, envelope, _) = message_3(&id_cred, &ccs(), &with(&[0x18, 0x28]));
    take(&mut device, &envelope).unwrap();
}

#[test]
fn credentials_need_a_touch_a_claim_or_ownership_told_in_this_session() {
    let (mut device, mut channel) = open();
    assert_eq!(
        tell(&mut device, &mut channel, &credentials()).map(|_| ()),
        Err(UNEXPECTED)
    );
    // Asked and armed is not touched.
    let (mut device, mut channel) = open();
    tell(&mut device, &mut channel, &arm(Level::L1)).unwrap();
    device.seal(&ARMED).unwrap();
    assert_eq!(
        tell(&mut device, &mut channel, &credentials()).map(|_| ()),
        Err(UNEXPECTED)
    );
    let (mut device, mut channel) = touched();
    tell(&mut device, &mut channel, &credentials()).unwrap();
    tell(&mut device, &mut channel, &CONFIRM).unwrap();
    for record in [
        DeviceRecord::Resumed(resumed(ResumedState::Touched)),
        DeviceRecord::Committed { commit_id: [0; 16] },
    ] {
        let (mut device, mut channel) = open();
        device.seal(&record).unwrap();
        tell(&mut device, &mut channel, &credentials()).unwrap();
    }
}

fn resumed(state: ResumedState) -> Resumed {
    Resumed {
        state,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        touch_age: core::time::Duration::ZERO,
        h_arm: None,
        commit_id: [0; 16],
    }
}

#[test]
fn confirm_needs_credentials() {
    let (mut device, mut channel) = open();
    assert_eq!(
        tell(&mut device, &mut channel, &CONFIRM).map(|_| ()),
        Err(UNEXPECTED)
    );
    let (mut device, mut channel) = touched();
    assert_eq!(
        tell(&mut device, &mut channel, &CONFIRM).map(|_| ()),
        Err(UNEXPECTED)
    );
    for state in ResumedState::ALL {
        let (mut device, mut channel) = open();
        device.seal(&DeviceRecord::Resumed(resumed(state))).unwrap();
        assert_eq!(
            tell(&mut device, &mut channel, &CONFIRM).is_ok(),
            state >= ResumedState::Accepted
        );
    }
}

#[test]
fn a_new_arm_gives_up_what_was_held() {
    let (mut device, mut channel) = touched();
    tell(&mut device, &mut channel, &credentials()).unwrap();
    tell(&mut device, &mut channel, &arm(Level::L1)).unwrap();
    assert_eq!(
        tell(&mut device, &mut channel, &CONFIRM).map(|_| ()),
        Err(UNEXPECTED)
    );
}

#[test]
fn what_ended_is_dropped_and_nothing_is_joined_by_it() {
    for end in [
        DeviceRecord::Released,
        DeviceRecord::Denied(DeniedReason::Busy),
        DeviceRecord::Status(Status::Disarmed),
    ] {
        let (mut device, mut channel) = touched();
        device.seal(&end).unwrap();
        for record in [credentials(), CONFIRM] {
            assert!(matches!(
                tell(&mut device, &mut channel, &record),
                Ok(Event::Skipped)
            ));
        }
        assert_eq!(device.h_arm(), None);
        assert_eq!(
            device.touch(PressKind::Press, 0, &[0; 16]),
            Err(LocalError::WrongState.into())
        );
    }
}

/// T8.
#[test]
fn the_level_never_falls_within_a_session() {
    let (mut device, mut channel) = open();
    assert!(matches!(
        tell(&mut device, &mut channel, &arm(Level::L2)),
        Ok(Event::Record(PhoneRecord::Arm {
            level: Level::L2,
            ..
        }))
    ));
    // L1 may not be granted for it either.
    assert_eq!(device.seal(&ARMED), Err(LocalError::WrongState.into()));
    device
        .seal(&DeviceRecord::Denied(DeniedReason::Level))
        .unwrap();
    assert_eq!(
        tell(&mut device, &mut channel, &arm(Level::L1)).map(|_| ()),
        Err(Misbehaviour::LevelLowered.into())
    );
}

#[test]
fn a_keep_alive_cannot_expect_what_was_never_sent() {
    let (mut device, mut channel) = open();
    device.seal(&DeviceRecord::Released).unwrap();
    for (next_counter, fine) in [(0, true), (1, true), (2, false)] {
        assert_eq!(
            tell(
                &mut device,
                &mut channel,
                &PhoneRecord::KeepAlive { next_counter }
            )
            .is_ok(),
            fine
        );
    }
}

#[test]
fn the_rest_is_the_hosts_to_decide() {
    let (mut device, mut channel) = open();
    for record in [
        PhoneRecord::Prepare,
        PhoneRecord::Rescan,
        PhoneRecord::Forget,
        PhoneRecord::Identify(IdentifyMode::Off),
        PhoneRecord::Identify(IdentifyMode::Respond),
        PhoneRecord::Release(ReleaseReason::Done),
    ] {
        assert!(matches!(
            tell(&mut device, &mut channel, &record),
            Ok(Event::Record(_))
        ));
    }
}

#[test]
fn bad_credentials_are_answered_as_such() {
    let (mut device, mut channel) = touched();
    // An SSID of no bytes.
    let mut plaintext = [0; 192];
    let cbor = [
        0x38, 0x83, 0x81, 0x87, 0x40, 0x00, 0x40, 0xf4, 0x40, 0x00, 0x80, 0x40, 0x40,
    ];
    plaintext[..cbor.len()].copy_from_slice(&cbor);
    let sealed = channel.seal_plaintext(&plaintext).unwrap();
    assert!(device.handle(Message::Record(&sealed)).is_err());
    let farewell = device.farewell().unwrap();
    let Some(Ok(Message::Record(sealed))) = messages(&farewell).next() else {
        panic!("no record")
    };
    // ARMED and TOUCH were sealed before it, and have to be opened first to reach its counter.
    channel.skip_opened(2);
    assert_eq!(
        channel
            .open::<DeviceRecord>(sealed)
            .map(|(record, _)| record),
        Ok(Some(DeviceRecord::Error(ErrorCode::BadCredentials)))
    );
}

fn known() -> (Session, Channel) {
    let id_cred = CredentialId::Kccs(&ccs()).encode().unwrap();
    let (mut device, envelope, channel) = message_3(&id_cred, &ccs(), &request());
    take(&mut device, &envelope).unwrap();
    (device, channel)
}

fn refused() -> (Session, Channel) {
    let (mut device, channel) = known();
    device.refuse(DeniedReason::Owned).unwrap();
    (device, channel)
}

#[test]
fn a_session_has_its_name_and_advert_key_from_message_3_to_its_end() {
    for (mut device, mut channel) in [known(), refused(), open()] {
        assert_eq!(device.th_4(), Some(*channel.th_4()));
        assert!(device.k_adv().is_some());
        assert_eq!(device.next_counter(), 0);
        tell(&mut device, &mut channel, &PhoneRecord::Prepare).unwrap();
        assert_eq!(device.next_counter(), 1);
        assert!(device.handle(Message::Record(&[0; 32])).is_err());
        assert!(device.th_4().is_none() && device.k_adv().is_none());
    }
    assert!(Session::new().th_4().is_none());
}

#[test]
fn a_session_that_failed_says_so_instead_of_wrong_state() {
    let mut device = Session::new();
    let refuse = |device: &mut Session| device.refuse(DeniedReason::Owned).map(|_| ());
    assert_eq!(refuse(&mut device), Err(LocalError::WrongState.into()));
    assert!(device.handle(Message::Record(&[0; 32])).is_err());
    assert_eq!(refuse(&mut device), Err(LocalError::Poisoned.into()));
}

#[test]
fn an_optional_record_nobody_knows_is_skipped_before_the_decision_and_after_a_refusal() {
    for (mut device, mut channel) in [known(), refused(), open()] {
        let mut plaintext = [0; 16];
        plaintext[0] = 0x42;
        let sealed = channel.seal_plaintext(&plaintext).unwrap();
        assert!(matches!(
            device.handle(Message::Record(&sealed)),
            Ok(Event::Skipped)
        ));
    }
}

#[test]
fn after_a_refusal_only_what_crossed_it_is_dropped() {
    for record in [
        PhoneRecord::Prepare,
        arm(Level::L1),
        PhoneRecord::Identify(IdentifyMode::Off),
        PhoneRecord::KeepAlive { next_counter: 0 },
        PhoneRecord::Rescan,
    ] {
        let (mut device, mut channel) = refused();
        assert!(matches!(
            tell(&mut device, &mut channel, &record),
            Ok(Event::Skipped)
        ));
    }
    let (mut device, mut channel) = refused();
    assert!(matches!(
        tell(
            &mut device,
            &mut channel,
            &PhoneRecord::Release(ReleaseReason::Done)
        ),
        Ok(Event::Record(PhoneRecord::Release(_)))
    ));
    for record in [PhoneRecord::Forget, REVEAL, CONFIRM, credentials()] {
        let (mut device, mut channel) = refused();
        assert_eq!(
            tell(&mut device, &mut channel, &record).map(|_| ()),
            Err(UNEXPECTED),
            "{record:?}"
        );
    }
}

#[test]
fn a_bad_record_is_answered_with_its_own_code() {
    let padded = |bytes: &[u8]| {
        let mut plaintext = [0; 16];
        plaintext[..bytes.len()].copy_from_slice(bytes);
        plaintext
    };
    for (plaintext, code) in [
        (padded(&[0x0f, 0x80]), ErrorCode::UnexpectedRecord),
        (padded(&[0x05, 0x81, 7]), ErrorCode::MalformedRecord),
        (padded(&[0x02, 0x81, 9]), ErrorCode::MalformedRecord),
    ] {
        let (mut device, mut channel) = open();
        let sealed = channel.seal_plaintext(&plaintext).unwrap();
        assert!(device.handle(Message::Record(&sealed)).is_err());
        assert_eq!(told(&mut device, &mut channel), code);
    }
    let (mut device, mut channel) = open();
    assert!(tell(&mut device, &mut channel, &CONFIRM).is_err());
    assert_eq!(told(&mut device, &mut channel), ErrorCode::UnexpectedRecord);
    let local = Error::Local(LocalError::MessageTooLong);
    assert_eq!(error_code(&local), ErrorCode::Internal);
}

fn told(device: &mut Session, channel: &mut Channel) -> ErrorCode {
    let farewell = device.farewell().unwrap();
    let Some(Ok(Message::Record(sealed))) = messages(&farewell).next() else {
        panic!("no record")
    };
    match channel.open(sealed).unwrap().0 {
        Some(DeviceRecord::Error(code)) => code,
        other => panic!("no error but {other:?}"),
    }
}
