//! Nothing that holds a secret shows it when printed.

mod common;

use std::fmt::Debug;

use common::*;
use touchstone_proto::{
    advert::AdvertKey,
    device,
    phone::{self, Confirmed},
    record::PhoneRecord,
    secret::SecretBytes,
};

/// Every form in which `Debug` may show bytes.
fn shows(value: &impl Debug, secret: &[u8]) -> bool {
    let shown = format!("{value:?}\n{value:#?}\n{value:x?}").to_lowercase();
    let decimal: Vec<_> = secret.iter().map(u8::to_string).collect();
    let hexadecimal: Vec<_> = secret.iter().map(|byte| format!("{byte:x}")).collect();
    let padded: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = String::from_utf8_lossy(secret).to_lowercase();
    [
        decimal.join(", "),
        hexadecimal.join(", "),
        padded,
        text,
        decimal.join(",\n"),
    ]
    .iter()
    .any(|form| shown.contains(form.as_str()))
}

#[test]
fn the_check_itself_finds_a_secret_that_shows() {
    assert!(shows(&b"abcdef".to_vec(), b"bcd"));
    assert!(shows(&"abcdef", b"bcd"));
    assert!(shows(&[0xdeu8, 0xad], &[0xde, 0xad]));
}

#[test]
fn credentials_and_records_show_no_password() {
    let password = b"correct horse battery";
    let credentials = home();
    assert!(!shows(&credentials, &password[..4]));
    assert!(!shows(&credentials.networks()[0], &password[..4]));
    assert!(!shows(credentials.networks()[0].secret(), &password[..4]));
    assert!(!shows(
        &PhoneRecord::Credentials(credentials.clone()),
        &password[..4]
    ));
    assert!(!shows(
        &device::Event::Record(PhoneRecord::Credentials(credentials)),
        &password[..4]
    ));
    assert!(!shows(
        &SecretBytes::<32>::new(password).unwrap(),
        &password[..4]
    ));
}

#[test]
fn keys_show_no_bytes() {
    let key = [0xa5, 0x5a, 0xc3, 0x3c].repeat(8);
    let key: [u8; 32] = key.try_into().unwrap();
    assert!(!shows(&AdvertKey::new(key), &key[..3]));
}

/// k_adv stands for all session keys: it is the one that can be had from outside.
#[test]
fn sessions_show_no_keys_in_any_state() {
    let ephemeral = [1; 32];
    let phones: [phone::Session; 5] = [
        SETUP.start().0.phone,
        SETUP.leaf_seen().phone,
        SETUP.authenticated().phone,
        SETUP.message_3().0.phone,
        SETUP.touched().0.phone,
    ];
    for session in &phones {
        assert!(!shows(session, &ephemeral[..8]));
    }
    let devices: [device::Session; 3] = [
        SETUP.leaf_seen().device,
        SETUP.owner_known().device,
        SETUP.touched().0.device,
    ];
    for session in &devices {
        assert!(!shows(session, &[0x81; 8]));
    }
}

#[test]
fn an_open_session_shows_no_password_it_has_sealed() {
    let (mut pair, attested, touched, _) = SETUP.touched();
    pair.phone
        .send_credentials(
            attested,
            touched,
            Confirmed::by_the_persons_press(),
            &home(),
        )
        .unwrap();
    assert!(!shows(&pair.phone, b"corr"));
}
