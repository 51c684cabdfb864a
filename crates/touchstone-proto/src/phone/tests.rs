//! A phone against a device that holds a genuine key and breaks the rules.

mod counts;

use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use super::*;
use crate::{
    attestation,
    channel::Side,
    edhoc::{
        ConnectionId, CredentialId, CredentialRef, Ephemeral, Method, Suite,
        credential::x509_cred,
        responder::{AwaitMessage1, VerifiedMessage3},
    },
    error::Inauthentic,
    evidence::{self, DebugStatus, FirmwareVersion},
    message::{envelope, messages},
    record::{Actuators, DeniedReason, PresenceKinds, PressKind, ResumedState, TouchReport},
    touch::{self, Touch},
};

const NONCE: [u8; 16] = [0x4e; 16];
const LEAF: &[u8] = b"certificate";
const UEID: Ueid = [1; 17];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn sec1(key: &SigningKey) -> [u8; 65] {
    let point = key.verifying_key().to_sec1_point(false);
    point.as_bytes().try_into().unwrap()
}

fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

fn owner() -> OwnerPublicKey {
    OwnerPublicKey::from_sec1(&sec1(&key(3))).unwrap()
}

fn claims() -> Claims {
    Claims {
        nonce: NONCE,
        ueid: UEID,
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
        actuators: Actuators::default(),
        max_level: Level::L1,
        highest_version: 1,
        boot_count: 1,
    }
}

struct Yes;

impl Appraiser for Yes {
    type Verdict = ();
    type Error = ();

    fn appraise(&self, _: &[u8], _: &Claims) -> Result<(), ()> {
        Ok(())
    }
}

/// What the device does otherwise than it should.
struct Rogue {
    factory: SigningKey,
    ead_2: &'static [u8],
    run: u8,
}

impl Default for Rogue {
    fn default() -> Self {
        Self {
            factory: key(2),
            ead_2: &[0x15, 0x44, 0x81, 0x19, 0x01, 0x07],
            run: 1,
        }
    }
}

impl Rogue {
    /// Up to message_3; the phone waits for message_4.
    fn handshake(&self) -> Result<(Session, VerifiedMessage3, Channel), Error> {
        let (mut phone, hello) =
            Session::start(CredentialForm::ByValue, 1, &[self.run; 32], 1).unwrap();
        let Some(Ok(Message::Hello { message_1, .. })) = messages(&hello).next() else {
            panic!("no hello")
        };
        let id_cred = CredentialId::X5chain(LEAF).encode().unwrap();
        let cred = x509_cred(LEAF).unwrap();
        let pending =
            AwaitMessage1::new(&[Method::SignatureSignature], &[Suite::Aes128CcmMac128P256])
                .read(message_1)
                .unwrap()
                .message_2(
                    Ephemeral::from_bytes(&[5; 32]).unwrap(),
                    ConnectionId::new(&[2]).unwrap(),
                    CredentialRef {
                        id_cred: &id_cred,
                        cred: &cred,
                    },
                    self.ead_2,
                )
                .unwrap();
        let signature = sign(&self.factory, pending.to_be_signed());
        let (device, message_2) = pending.signed(&signature).unwrap();
        phone.handle(Message::Message2(&message_2))?;
        phone.authenticate(LEAF, &sec1(&self.factory), &UEID)?;
        let to_be_signed = std::vec::Vec::from(phone.ask_owner(&owner(), &NONCE)?);
        let message_3 = phone.owner_signed(&sign(&key(3), &to_be_signed))?;
        let mut parts = messages(&message_3).map(Result::unwrap);
        let Some(Message::Message3(message_3)) = parts.next() else {
            panic!("no message_3")
        };
        let owner_key = PublicKey::from_sec1(&owner().to_sec1()).unwrap();
        let device = device
            .read(message_3)
            .unwrap()
            .verify(&owner().to_ccs(), &owner_key)
            .unwrap();
        let mut channel =
            Channel::new(&device.exporter(), device.th_4(), 1, Side::Responder).unwrap();
        let Some(Message::Record(prepare)) = parts.next() else {
            panic!("no PREPARE")
        };
        channel.open::<PhoneRecord>(prepare).unwrap();
        Ok((phone, device, channel))
    }

    /// Up to message_4 with these claims.
    fn evidence(&self, claims: &Claims) -> Result<(Session, Channel), Error> {
        self.evidence_and(claims, &[])
    }

    /// The same, and what follows the evidence in EAD_4.
    fn evidence_and(&self, claims: &Claims, more: &[u8]) -> Result<(Session, Channel), Error> {
        let (mut phone, device, channel) = self.handshake()?;
        let sign1 = evidence::sign(claims, channel.binder(), |tbs| {
            sign(&self.factory, tbs.as_bytes())
        })
        .unwrap();
        let mut ead_4 = attestation::evidence(&sign1).unwrap();
        ead_4.extend_from_slice(more).unwrap();
        let (_, message_4) = device.message_4(&ead_4).unwrap();
        phone.handle(Message::Message4(&message_4))?;
        Ok((phone, channel))
    }

    /// Up to ARMED; the ARM's hash too.
    fn armed(&self) -> (Session, Channel, [u8; 32]) {
        let (mut phone, mut channel) = self.evidence(&claims()).unwrap();
        let (attested, ()) = phone.appraise(&Yes).unwrap();
        let arm = phone.arm(&attested, Level::L1, &[0; 16]).unwrap();
        let Some(Ok(Message::Record(arm))) = messages(&arm).next() else {
            panic!("no ARM")
        };
        let (_, h_arm) = channel.open::<PhoneRecord>(arm).unwrap();
        say(
            &mut phone,
            &mut channel,
            &DeviceRecord::Armed {
                epoch: 0,
                level: Level::L1,
            },
        )
        .unwrap();
        (phone, channel, h_arm)
    }
}

fn say(phone: &mut Session, channel: &mut Channel, record: &DeviceRecord) -> Result<Event, Error> {
    let sealed = channel.seal(record).unwrap();
    phone.handle(Message::Record(&sealed))
}

#[test]
fn the_harness_gets_through_when_nothing_is_wrong() {
    let (mut phone, mut channel, h_arm) = Rogue::default().armed();
    let event = say(
        &mut phone,
        &mut channel,
        &touched(&touch_key_of(&mut Rogue::default()), h_arm, |touch| touch),
    );
    assert!(matches!(event, Ok(Event::Touched { .. })), "{event:?}");
}

/// The touch key and TH_4 of the (deterministic) session.
fn touch_key_of(rogue: &mut Rogue) -> ([u8; 32], [u8; 32]) {
    let (_, _, channel) = rogue.handshake().unwrap();
    (*channel.touch_key(), *channel.th_4())
}

/// A TOUCH whose confirmation is over something that `change` has changed.
fn touched(
    (touch_key, th_4): &([u8; 32], [u8; 32]),
    h_arm: [u8; 32],
    change: impl FnOnce(Touch<'_>) -> Touch<'_>,
) -> DeviceRecord {
    let owner_kid = owner().kid();
    let touch = change(Touch {
        th_4,
        h_arm: &h_arm,
        owner_kid: &owner_kid,
        ueid: &UEID,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 3,
        n_d: &[9; 16],
    });
    DeviceRecord::Touch(TouchReport {
        confirmation: touch.confirmation(touch_key),
        kind: PressKind::Press,
        contended: 3,
        n_d: [9; 16],
    })
}

#[test]
fn a_touch_that_confirms_anything_else_is_refused() {
    let keys = touch_key_of(&mut Rogue::default());
    let changes: [fn(Touch<'_>) -> Touch<'_>; 8] = [
        |touch| Touch {
            th_4: &[0; 32],
            ..touch
        },
        |touch| Touch {
            h_arm: &[0; 32],
            ..touch
        },
        |touch| Touch {
            owner_kid: &[0; 32],
            ..touch
        },
        |touch| Touch {
            ueid: &[0; 17],
            ..touch
        },
        |touch| Touch {
            level: Level::L2,
            ..touch
        },
        |touch| Touch {
            kind: PressKind::Touch,
            ..touch
        },
        |touch| Touch {
            contended: 0,
            ..touch
        },
        |touch| Touch {
            n_d: &[0; 16],
            ..touch
        },
    ];
    for change in changes {
        let (mut phone, mut channel, h_arm) = Rogue::default().armed();
        let record = touched(&keys, h_arm, change);
        assert_eq!(
            say(&mut phone, &mut channel, &record).map(|_| ()),
            Err(Inauthentic::Touch.into())
        );
    }
}

#[test]
fn a_touch_before_armed_is_refused() {
    let keys = touch_key_of(&mut Rogue::default());
    let (mut phone, mut channel) = Rogue::default().evidence(&claims()).unwrap();
    assert_eq!(
        say(
            &mut phone,
            &mut channel,
            &touched(&keys, [0; 32], |touch| touch)
        )
        .map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

#[test]
fn a_second_touch_is_refused() {
    let keys = touch_key_of(&mut Rogue::default());
    let (mut phone, mut channel, h_arm) = Rogue::default().armed();
    let record = touched(&keys, h_arm, |touch| touch);
    say(&mut phone, &mut channel, &record).unwrap();
    assert_eq!(
        say(&mut phone, &mut channel, &record).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

#[test]
fn armed_without_arm_is_refused() {
    let (mut phone, mut channel) = Rogue::default().evidence(&claims()).unwrap();
    let armed = DeviceRecord::Armed {
        epoch: 0,
        level: Level::L1,
    };
    assert_eq!(
        say(&mut phone, &mut channel, &armed).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

/// T16.
#[test]
fn evidence_for_another_nonce_is_refused() {
    let other = Claims {
        nonce: [0; 16],
        ..claims()
    };
    assert_eq!(
        Rogue::default().evidence(&other).map(|_| ()),
        Err(Inauthentic::EvidenceNonce.into())
    );
}

/// T8: a device, or somebody before it, that leaves the evidence out without a reason.
#[test]
fn no_evidence_without_a_reason() {
    let (mut phone, device, mut channel) = Rogue::default().handshake().unwrap();
    let (_, message_4) = device.message_4(&[]).unwrap();
    phone.handle(Message::Message4(&message_4)).unwrap();
    assert!(phone.claims().is_none());
    assert_eq!(
        say(&mut phone, &mut channel, &DeviceRecord::Released).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

#[test]
fn a_reason_is_given_once() {
    let (mut phone, device, mut channel) = Rogue::default().handshake().unwrap();
    let (_, message_4) = device.message_4(&[]).unwrap();
    phone.handle(Message::Message4(&message_4)).unwrap();
    let denied = DeviceRecord::Denied(DeniedReason::Owned);
    assert!(matches!(
        say(&mut phone, &mut channel, &denied),
        Ok(Event::Refused(DeniedReason::Owned))
    ));
    assert!(matches!(
        say(
            &mut phone,
            &mut channel,
            &DeviceRecord::KeepAlive { next_counter: 1 }
        ),
        Ok(Event::Skipped)
    ));
    assert!(say(&mut phone, &mut channel, &denied).is_err());
}

/// T8.
#[test]
fn a_device_that_proposes_no_evidence_is_refused_before_the_phone_says_who_it_is() {
    for (ead_2, error) in [
        (&[][..], Incompatibility::EvidenceFormat.into()),
        (
            &[0x15, 0x42, 0x81, 0x01],
            Incompatibility::EvidenceFormat.into(),
        ),
        (
            &[0x15, 0x44, 0x81, 0x19, 0x01, 0x07, 0x38, 0x27],
            Incompatibility::CriticalEad { label: 40 }.into(),
        ),
    ] {
        let rogue = Rogue {
            ead_2,
            ..Rogue::default()
        };
        assert_eq!(rogue.handshake().map(|_| ()), Err(error));
    }
}

#[test]
fn an_unknown_critical_item_in_ead_4_aborts_and_another_is_skipped() {
    let rogue = Rogue::default();
    assert_eq!(
        rogue.evidence_and(&claims(), &[0x38, 0x27]).map(|_| ()),
        Err(Incompatibility::CriticalEad { label: 40 }.into())
    );
    rogue.evidence_and(&claims(), &[0x18, 0x28]).unwrap();
}

#[test]
fn a_claim_is_not_taken_up_on_another_device() {
    let (phone, _, h_arm) = Rogue::default().armed();
    let memory = phone.touch_memory().unwrap();
    assert_eq!(memory.h_arm, h_arm);
    let resumed = Resumed {
        state: ResumedState::Touched,
        level: Level::L1,
        kind: PressKind::Press,
        contended: 0,
        touch_age: core::time::Duration::ZERO,
        h_arm: Some(h_arm),
        commit_id: touch::commit_id(&phone.th_4().unwrap()),
    };
    for (factory, same) in [(key(2), true), (key(4), false)] {
        let rogue = Rogue {
            factory,
            run: 7,
            ..Rogue::default()
        };
        let (mut phone, mut channel) = rogue.evidence(&claims()).unwrap();
        say(&mut phone, &mut channel, &DeviceRecord::Resumed(resumed)).unwrap();
        assert_eq!(phone.resume_touched(&memory, &resumed).is_ok(), same);
    }
}

#[test]
fn an_optional_record_we_do_not_know_is_skipped_and_counted() {
    let (mut phone, mut channel) = Rogue::default().evidence(&claims()).unwrap();
    // The type of KEEPALIVE, made optional: unknown.
    let mut plaintext = [0; 16];
    plaintext[0] = 0x42;
    let sealed = channel.seal_plaintext(&plaintext).unwrap();
    assert!(matches!(
        phone.handle(Message::Record(&sealed)),
        Ok(Event::Skipped)
    ));
    say(
        &mut phone,
        &mut channel,
        &DeviceRecord::KeepAlive { next_counter: 1 },
    )
    .unwrap();
    let mut critical = plaintext;
    critical[0] = 0x0f;
    let sealed = channel.seal_plaintext(&critical).unwrap();
    let envelope = envelope(&[Message::Record(&sealed)]).unwrap();
    let message = messages(&envelope).next().unwrap().unwrap();
    assert_eq!(
        phone.handle(message).map(|_| ()),
        Err(Misbehaviour::UnknownRecord { kind: 0x0f }.into())
    );
}

#[test]
fn a_session_has_its_name_from_message_3_also_when_it_is_refused() {
    let (mut phone, device, mut channel) = Rogue::default().handshake().unwrap();
    assert_eq!(phone.th_4(), Some(*channel.th_4()));
    let (_, message_4) = device.message_4(&[]).unwrap();
    phone.handle(Message::Message4(&message_4)).unwrap();
    assert_eq!(phone.th_4(), Some(*channel.th_4()));
    // An unknown optional record may stand before the reason.
    let mut plaintext = [0; 16];
    plaintext[0] = 0x42;
    let sealed = channel.seal_plaintext(&plaintext).unwrap();
    assert!(matches!(
        phone.handle(Message::Record(&sealed)),
        Ok(Event::Skipped)
    ));
    let denied = DeviceRecord::Denied(DeniedReason::Owned);
    assert!(matches!(
        say(&mut phone, &mut channel, &denied),
        Ok(Event::Refused(DeniedReason::Owned))
    ));
    assert_eq!(phone.th_4(), Some(*channel.th_4()));
    assert!(say(&mut phone, &mut channel, &denied).is_err());
    assert_eq!(phone.th_4(), None);
}
