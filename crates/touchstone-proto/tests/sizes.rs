//! Bytes on the air, counted.

mod common;

use common::*;
use touchstone_proto::{
    frame::Framer,
    gatt::fragment_size,
    message::Envelope,
    phone::{CredentialForm, Leaf},
    record::{DeviceRecord, Level, PhoneRecord, PressKind, Status},
};

/// Fragments and bytes of an envelope, framing included.
fn framed(envelope: &[u8], mtu: usize) -> (usize, usize) {
    let mut framer = Framer::new(fragment_size(mtu));
    framer.send(envelope).unwrap();
    let mut out = [0; 512];
    let (mut fragments, mut bytes) = (0, 0);
    while let Some(length) = framer.poll_transmit(&mut out) {
        fragments += 1;
        bytes += length;
    }
    (fragments, bytes)
}

/// The envelopes of message_1 to message_4, PREPARE and ARM.
fn handshake(form: CredentialForm) -> [(&'static str, Envelope); 5] {
    let setup = Setup { form, ..SETUP };
    let (mut pair, hello) = setup.start();
    to_device(&mut pair.device, &hello).unwrap();
    let message_2 = pair
        .device
        .message_2(&leaf(7), &[9; 32], 2, &pair.factory)
        .unwrap();
    to_phone(&mut pair.phone, &message_2).unwrap();
    assert_eq!(
        matches!(pair.phone.leaf(), Some(Leaf::Reference(_))),
        form == CredentialForm::ByReference
    );
    pair.phone
        .authenticate(&leaf(7), &pair.factory.public(), &ueid(7))
        .unwrap();
    let to_be_signed = pair.phone.ask_owner(&owner(0x11), &NONCE).unwrap().to_vec();
    let message_3 = pair
        .phone
        .owner_signed(&sign(&owner_key(0x11), &to_be_signed))
        .unwrap();
    to_device(&mut pair.device, &message_3).unwrap();
    let message_4 = pair.device.message_4(&claims(7), &pair.factory).unwrap();
    to_phone(&mut pair.phone, &message_4).unwrap();
    let (attested, _) = pair.phone.appraise(&Yes).unwrap();
    let arm = pair.phone.arm(&attested, Level::L1, &N_P).unwrap();
    [
        ("hello", hello),
        ("message_2", message_2),
        ("message_3 + PREPARE", message_3),
        ("message_4", message_4),
        ("ARM", arm),
    ]
}

fn total(form: CredentialForm, mtu: usize) -> (usize, usize) {
    handshake(form)
        .iter()
        .map(|(name, envelope)| {
            let (fragments, bytes) = framed(envelope, mtu);
            println!(
                "{form:?} {name}: {} bytes, {fragments} fragments, {bytes} on the air",
                envelope.len()
            );
            (fragments, bytes)
        })
        .fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
}

#[test]
fn the_handshake_until_arm_fits_its_budget() {
    let (fragments, bytes) = total(CredentialForm::ByValue, 247);
    println!("x5chain: {fragments} fragments, {bytes} bytes");
    assert!(bytes <= 1100, "{bytes}");
    assert!(fragments <= 8, "{fragments}");
    let (fragments, bytes) = total(CredentialForm::ByReference, 247);
    println!("x5t: {fragments} fragments, {bytes} bytes");
    assert!(bytes <= 650, "{bytes}");
    assert!(fragments <= 6, "{fragments}");
}

#[test]
fn records_are_their_class_and_a_tag_and_a_kind() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    let confirmed = touchstone_proto::phone::Confirmed::by_the_persons_press();
    let cred = pair
        .phone
        .send_credentials(attested, touched, confirmed, &home())
        .unwrap();
    assert_eq!(cred.len(), 192 + 16 + 1);
    assert!(matches!(
        pair.tell_device(&cred),
        PhoneRecord::Credentials(_)
    ));
    let status = DeviceRecord::Status(Status::Accepted);
    assert_eq!(pair.device.seal(&status).unwrap().len(), 48 + 16 + 1);
    let (mut pair, _) = SETUP.armed();
    let touch = pair.device.touch(PressKind::Press, 0, &N_D).unwrap();
    assert_eq!(touch.len(), 80 + 16 + 1);
}
