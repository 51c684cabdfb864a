//! What an attacker tries, and what comes of it. Names as in docs/THREATS.md.

mod common;

use common::*;
use touchstone_proto::{
    credentials::CredentialError,
    device::{EdhocToBeSigned, EvidenceToBeSigned, FactoryKey},
    error::{Error, Inauthentic, Incompatibility, LocalError, Misbehaviour},
    message::{Message, envelope, messages},
    phone::{self, Confirmed, CredentialForm},
    record::{DeviceRecord, Level, PressKind},
};

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

/// T2: whatever bit of the handshake is changed in the air, nobody gets to the end.
#[test]
fn t2_no_changed_bit_of_the_handshake_goes_unnoticed() {
    let ends_well = |which: usize, bit: usize| -> Result<(), Error> {
        let mut index = 0;
        let mut air = |bytes: &[u8]| {
            let changed = if index == which && bit < bytes.len() * 8 {
                flipped(bytes, bit)
            } else {
                bytes.to_vec()
            };
            index += 1;
            changed
        };
        let (mut pair, hello) = SETUP.start();
        let events = to_device(&mut pair.device, &air(&hello))?;
        assert_eq!(events.len(), 1);
        let message_2 = pair
            .device
            .message_2(&leaf(7), &[9; 32], 2, &pair.factory)?;
        to_phone(&mut pair.phone, &air(&message_2))?;
        pair.phone
            .authenticate(&leaf(7), &pair.factory.public(), &ueid(7))?;
        let to_be_signed = pair.phone.ask_owner(&owner(0x11), &NONCE)?.to_vec();
        let message_3 = pair
            .phone
            .owner_signed(&sign(&owner_key(0x11), &to_be_signed))?;
        to_device(&mut pair.device, &air(&message_3))?;
        let message_4 = pair.device.message_4(&claims(7), &pair.factory)?;
        to_phone(&mut pair.phone, &air(&message_4))?;
        let (attested, _) = pair
            .phone
            .appraise(&Yes)
            .map_err(|_| LocalError::WrongState)?;
        let arm = pair.phone.arm(&attested, Level::L1, &N_P)?;
        to_device(&mut pair.device, &air(&arm))?;
        Ok(())
    };
    assert_eq!(ends_well(99, 0), Ok(()));
    for (which, length, step) in [
        (0, 41, 1),
        (1, 550, 29),
        (2, 191, 11),
        (3, 189, 11),
        (4, 65, 5),
    ] {
        for bit in (0..length * 8).step_by(step) {
            assert!(ends_well(which, bit).is_err(), "message {which} bit {bit}");
        }
    }
}

/// T2: a certificate copied from the air is of no use without its key.
#[test]
fn t2_a_copied_certificate_without_its_key_is_not_authentic() {
    let (mut pair, hello) = SETUP.start();
    to_device(&mut pair.device, &hello).unwrap();
    let impostor = Factory::new(0x66);
    let message_2 = pair
        .device
        .message_2(&leaf(7), &[9; 32], 2, &impostor)
        .unwrap();
    to_phone(&mut pair.phone, &message_2).unwrap();
    assert_eq!(
        pair.phone
            .authenticate(&leaf(7), &pair.factory.public(), &ueid(7)),
        Err(Inauthentic::Signature.into())
    );
}

/// T2: a certificate other than the one the device named is not taken, by value or by reference.
#[test]
fn t2_another_certificate_than_the_one_named_is_not_taken() {
    for form in [CredentialForm::ByValue, CredentialForm::ByReference] {
        let mut pair = Setup { form, ..SETUP }.leaf_seen();
        assert_eq!(
            pair.phone
                .authenticate(&leaf(8), &pair.factory.public(), &ueid(8)),
            Err(Inauthentic::CertificateHash.into())
        );
    }
}

/// T8: without the hint the certificate itself must come: a stripped one is not "known".
#[test]
fn t8_a_reference_that_was_not_asked_for_is_refused() {
    let (mut pair, mut hello) = SETUP.start();
    hello[2] = 1;
    to_device(&mut pair.device, &hello).unwrap();
    let message_2 = pair
        .device
        .message_2(&leaf(7), &[9; 32], 2, &pair.factory)
        .unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &message_2).map(|_| ()),
        Err(Misbehaviour::LeafForm.into())
    );
}

/// T8: a phone does not go on with a device that proposes no evidence, however the trigger was lost.
#[test]
fn t8_a_stripped_trigger_is_refused_by_the_device() {
    let (mut pair, hello) = SETUP.start();
    let stripped = &hello[..hello.len() - 1];
    assert_eq!(
        to_device(&mut pair.device, stripped).map(|_| ()),
        Err(Incompatibility::EvidenceFormat.into())
    );
}

/// T8: unknown critical EAD items abort before anything is answered.
#[test]
fn t8_an_unknown_critical_item_aborts() {
    let (mut pair, mut hello) = SETUP.start();
    hello.extend_from_slice(&[0x38, 0x27]).unwrap();
    assert_eq!(
        to_device(&mut pair.device, &hello).map(|_| ()),
        Err(Incompatibility::CriticalEad { label: 40 }.into())
    );
}

/// T7: evidence of one session is worthless in another.
#[test]
fn t7_evidence_does_not_verify_on_another_channel() {
    struct Replay {
        factory: Factory,
        evidence: std::cell::Cell<Option<[u8; 64]>>,
    }
    impl FactoryKey for Replay {
        fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
            self.factory.sign_edhoc(to_be_signed)
        }
        fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
            let first = self.evidence.take();
            let signature = first.unwrap_or_else(|| self.factory.sign_evidence(to_be_signed));
            self.evidence.set(Some(signature));
            signature
        }
    }
    let replay = Replay {
        factory: Factory::new(0x22),
        evidence: std::cell::Cell::new(None),
    };
    let mut first = SETUP.owner_known();
    let message_4 = first.device.message_4(&claims(7), &replay).unwrap();
    to_phone(&mut first.phone, &message_4).unwrap();
    // The same claims and nonce, another session.
    let mut second = Setup { run: 2, ..SETUP }.owner_known();
    let message_4 = second.device.message_4(&claims(7), &replay).unwrap();
    assert_eq!(
        to_phone(&mut second.phone, &message_4).map(|_| ()),
        Err(Inauthentic::Evidence.into())
    );
}

/// T6: evidence about another device than the certificate's is refused.
#[test]
fn t6_evidence_of_another_ueid_is_refused() {
    let mut pair = SETUP.owner_known();
    let message_4 = pair.device.message_4(&claims(8), &pair.factory).unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &message_4).map(|_| ()),
        Err(Inauthentic::EvidenceUeid.into())
    );
}

/// T8: a device that does not speak the version in use contradicts itself.
#[test]
fn t8_evidence_that_denies_the_version_in_use_is_refused() {
    let mut pair = SETUP.owner_known();
    let mut none = claims(7);
    none.highest_version = 0;
    let message_4 = pair.device.message_4(&none, &pair.factory).unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &message_4).map(|_| ()),
        Err(Misbehaviour::ValueOutOfRange.into())
    );
}

/// T8: a device that speaks more than we do is no downgrade.
#[test]
fn t8_a_newer_device_is_welcome() {
    let mut pair = SETUP.owner_known();
    let mut newer = claims(7);
    newer.highest_version = 9;
    let message_4 = pair.device.message_4(&newer, &pair.factory).unwrap();
    to_phone(&mut pair.phone, &message_4).unwrap();
}

/// T7: no message of a session is taken twice or in another session.
#[test]
fn t7_replayed_messages_are_refused() {
    let (mut pair, attested) = SETUP.attested();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    to_device(&mut pair.device, &arm).unwrap();
    assert_eq!(
        to_device(&mut pair.device, &arm).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
    let mut other = Setup { run: 2, ..SETUP }.evidence_shown();
    assert_eq!(
        to_device(&mut other.device, &arm).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
    let (_, message_3) = SETUP.message_3();
    let mut other = Setup { run: 2, ..SETUP }.leaf_seen();
    assert!(to_device(&mut other.device, &message_3).is_err());
}

/// T7: a record reflected to its sender does not open.
#[test]
fn t7_reflected_records_do_not_open() {
    let (mut pair, _) = SETUP.attested();
    let keep_alive = pair.phone.keep_alive().unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &keep_alive).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
}

/// T7: records swapped or left out in the air are noticed.
#[test]
fn t7_records_out_of_order_are_refused() {
    let (mut pair, _) = SETUP.attested();
    let _first = pair.phone.rescan().unwrap();
    let second = pair.phone.rescan().unwrap();
    assert_eq!(
        to_device(&mut pair.device, &second).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
}

/// R8: no key and nonce are used twice, across directions, sessions and reconnects: equal plaintexts give different ciphertexts.
#[test]
fn r8_equal_records_never_look_equal() {
    let mut seen = std::collections::HashSet::new();
    for run in 1..20 {
        let mut pair = Setup { run, ..SETUP }.evidence_shown();
        for _ in 0..20 {
            let up = pair.phone.keep_alive().unwrap();
            assert!(seen.insert(up.to_vec()));
            let down = pair
                .device
                .seal(&DeviceRecord::KeepAlive { next_counter: 0 })
                .unwrap();
            assert!(seen.insert(down.to_vec()));
        }
    }
}

/// T4: a touch made for another session, owner, ARM or device confirms nothing.
#[test]
fn t4_a_touch_of_another_session_is_not_ours() {
    let (mut ours, _) = SETUP.armed();
    let (mut theirs, _) = Setup { run: 2, ..SETUP }.armed();
    let touch = theirs.device.touch(PressKind::Press, 0, &N_D).unwrap();
    assert_eq!(
        to_phone(&mut ours.phone, &touch).map(|_| ()),
        Err(Inauthentic::Record.into())
    );
}

/// T4: a device that was never asked has not been touched for us.
#[test]
fn t4_a_touch_without_arm_cannot_be_sealed() {
    let (mut pair, _) = SETUP.attested();
    assert_eq!(
        pair.device.touch(PressKind::Press, 0, &N_D),
        Err(LocalError::WrongState.into())
    );
}

/// R13: capabilities belong to one session.
#[test]
fn r13_capabilities_of_another_session_seal_nothing() {
    let confirmed = Confirmed::by_the_persons_press;
    let foreign = Err(Error::from(LocalError::ForeignCapability));
    let (_, attested, touched, _) = SETUP.touched();
    let (mut pair, our_attested, our_touched, _) = Setup { run: 2, ..SETUP }.touched();
    assert_eq!(
        pair.phone
            .send_credentials(attested, our_touched, confirmed(), &home()),
        foreign
    );
    assert_eq!(
        pair.phone
            .send_credentials(our_attested, touched, confirmed(), &home()),
        foreign
    );
    let (mut fresh, _) = Setup { run: 3, ..SETUP }.attested();
    let (_, other_attested) = Setup { run: 4, ..SETUP }.attested();
    assert_eq!(fresh.phone.arm(&other_attested, Level::L1, &N_P), foreign);
}

/// R13: there is no way to correct what was never sent.
#[test]
fn r13_no_correction_before_the_first_credentials() {
    let (mut pair, _, _, _) = SETUP.touched();
    assert_eq!(
        pair.phone.correct_credentials(&home()),
        Err(LocalError::WrongState.into())
    );
}

/// A phone that has turned malicious after the handshake, seen from the device.
#[test]
fn credentials_without_a_touch_are_refused_by_the_device() {
    // Two phones with the same keys: one was touched for, the other device was not.
    let (mut touched_pair, attested, touched, _) = SETUP.touched();
    let (mut untouched, attested_too) = SETUP.attested();
    let arm = untouched.phone.arm(&attested_too, Level::L1, &N_P).unwrap();
    untouched.tell_device(&arm);
    let cred = touched_pair
        .phone
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &home(),
        )
        .unwrap();
    assert_eq!(
        to_device(&mut untouched.device, &cred).map(|_| ()),
        Err(Misbehaviour::UnexpectedRecord.into())
    );
}

/// R19: what the factory key signs for one purpose never verifies for the other.
#[test]
fn r19_the_two_things_a_factory_key_signs_cannot_be_mistaken() {
    #[derive(Default)]
    struct Witness(std::cell::RefCell<Vec<Vec<u8>>>);
    struct Recorder<'a>(&'a Witness, Factory);
    impl FactoryKey for Recorder<'_> {
        fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
            self.0.0.borrow_mut().push(to_be_signed.as_bytes().to_vec());
            self.1.sign_edhoc(to_be_signed)
        }
        fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
            self.0.0.borrow_mut().push(to_be_signed.as_bytes().to_vec());
            self.1.sign_evidence(to_be_signed)
        }
    }
    for form in [CredentialForm::ByValue, CredentialForm::ByReference] {
        let witness = Witness::default();
        let key = Recorder(&witness, Factory::new(0x22));
        let (mut pair, hello) = Setup { form, ..SETUP }.start();
        to_device(&mut pair.device, &hello).unwrap();
        let message_2 = pair.device.message_2(&leaf(7), &[9; 32], 2, &key).unwrap();
        to_phone(&mut pair.phone, &message_2).unwrap();
        pair.phone
            .authenticate(&leaf(7), &pair.factory.public(), &ueid(7))
            .unwrap();
        let to_be_signed = pair.phone.ask_owner(&owner(0x11), &NONCE).unwrap().to_vec();
        let message_3 = pair
            .phone
            .owner_signed(&sign(&owner_key(0x11), &to_be_signed))
            .unwrap();
        to_device(&mut pair.device, &message_3).unwrap();
        pair.device.message_4(&claims(7), &key).unwrap();
        let signed = witness.0.into_inner();
        let [edhoc, evidence] = &signed[..] else {
            panic!("two signatures")
        };
        // [ "Signature1", protected, ...: the protected headers differ in their map keys.
        let head = b"\x84\x6aSignature1";
        let edhoc = edhoc.strip_prefix(head).unwrap();
        let evidence = evidence.strip_prefix(head).unwrap();
        assert_eq!(
            evidence[..8],
            [0x47, 0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07]
        );
        let id_cred_map = match form {
            CredentialForm::ByValue => &[0x59, 0x01, 0xb9, 0xa1, 0x18, 0x21][..],
            CredentialForm::ByReference => &[0x4e, 0xa1, 0x18, 0x22][..],
        };
        assert!(edhoc.starts_with(id_cred_map), "{:x?}", &edhoc[..8]);
    }
}

/// R10: only exactly one certificate is a credential.
#[test]
fn r10_a_leaf_that_does_not_fit_a_message_is_refused_before_sending() {
    for length in [2000, 2048, 65536] {
        let (mut pair, hello) = SETUP.start();
        to_device(&mut pair.device, &hello).unwrap();
        let long = vec![7; length];
        assert_eq!(
            pair.device
                .message_2(&long, &[9; 32], 2, &pair.factory)
                .map(|_| ()),
            Err(LocalError::MessageTooLong.into())
        );
    }
}

/// R9: keys of one session open nothing of another, however many there were; a session leaves nothing behind.
#[test]
fn r9_sessions_share_nothing() {
    let mut names = std::collections::HashSet::new();
    for run in 1..40 {
        let pair = Setup { run, ..SETUP }.evidence_shown();
        assert!(names.insert(pair.phone.th_4().unwrap()));
        assert!(names.insert(*pair.phone.binder().unwrap()));
    }
}

/// R3: a device tells a phone that sends impossible credentials.
#[test]
fn r3_credential_errors_are_typed() {
    assert_eq!(
        touchstone_proto::credentials::Network::open(&[0; 33]).map(|_| ()),
        Err(CredentialError::SsidLength { length: 33 })
    );
}

/// T11: forged error messages end a handshake, and nothing else; they prove nothing.
#[test]
fn t11_a_forged_error_is_only_a_lost_link() {
    let (mut pair, _) = SETUP.start();
    let forged = envelope(&[Message::EdhocError(&[0x01, 0x64, b'o', b'w', b'n', b'd'])]).unwrap();
    assert_eq!(
        to_phone(&mut pair.phone, &forged).map(|_| ()),
        Err(Incompatibility::Refused.into())
    );
}

/// T1: the network's name and password are nowhere on the air.
#[test]
fn t1_credentials_do_not_show_on_the_air() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    let cred = pair
        .phone
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &home(),
        )
        .unwrap();
    for secret in [&b"Home"[..], b"correct", b"battery"] {
        assert!(!cred.windows(secret.len()).any(|window| window == secret));
    }
}

/// R6: arbitrary bytes in any state neither panic nor get anywhere.
mod arbitrary {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn envelopes_of_noise_are_refused_in_every_state(
            noise in proptest::collection::vec(any::<u8>(), 1..200),
            stage in 0..5usize,
        ) {
            let mut pair = match stage {
                0 => SETUP.start().0,
                1 => SETUP.leaf_seen(),
                2 => SETUP.message_3().0,
                3 => SETUP.owner_known(),
                _ => SETUP.evidence_shown(),
            };
            prop_assert!(to_phone(&mut pair.phone, &noise).is_err());
            if let Ok(events) = to_device(&mut pair.device, &noise) {
                // Only message_1 needs no key.
                prop_assert_eq!(events.len(), 1);
            }
        }
    }
}

/// The events of a phone that never heard from a device hold no capability.
#[test]
fn a_capability_cannot_be_had_without_its_event() {
    let (mut pair, _) = SETUP.attested();
    for envelope in [
        pair.device
            .seal(&DeviceRecord::KeepAlive { next_counter: 0 }),
        pair.device
            .seal(&DeviceRecord::Committed { commit_id: [0; 16] }),
    ] {
        for message in messages(&envelope.unwrap()) {
            let event = pair.phone.handle(message.unwrap()).unwrap();
            assert!(!matches!(event, phone::Event::Touched { .. }));
        }
    }
}
