//! Every record from the phone, as the device opens it.

use touchstone_proto::{fuzz, record::PhoneRecord};

use crate::peer;

pub fn run(input: &[u8]) {
    match fuzz::phone_record(input) {
        // One plaintext per record: hashing ARM would mean little otherwise.
        Ok(Some((record, encoded))) => {
            assert_eq!(encoded.as_slice(), input);
            check(&record);
        }
        Ok(None) => assert_ne!(input[0] & 0x40, 0),
        Err(_) => {}
    }
}

fn check(record: &PhoneRecord) {
    let PhoneRecord::Credentials(credentials) = record else {
        return;
    };
    assert!((1..=8).contains(&credentials.networks().len()));
    assert!(credentials.custom().len() <= 512);
    for network in credentials.networks() {
        assert!((1..=32).contains(&network.ssid().as_bytes().len()));
        assert!(
            network
                .address()
                .is_none_or(|address| address.prefix() <= 32)
        );
    }
}

/// A plaintext of this class.
pub fn padded(kind: u8, array: &[u8], class: usize) -> Vec<u8> {
    let mut plaintext = vec![kind];
    plaintext.extend_from_slice(array);
    assert!(plaintext.len() <= class);
    plaintext.resize(class, 0);
    plaintext
}

fn network(security: u8, secret: &[u8], address: &[u8]) -> Vec<u8> {
    let (bssid, rest): (&[u8], &[u8]) = (&[0x46, 1, 2, 3, 4, 5, 6], &[9]);
    [
        &[0x87],
        &peer::bstr(b"Home")[..],
        &[security],
        secret,
        &[0xf4],
        bssid,
        rest,
        address,
    ]
    .concat()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let passphrase = peer::bstr(b"correct horse battery");
    let enterprise = [
        &[0x84, 1],
        &peer::bstr(b"anna")[..],
        &peer::bstr(b"secret"),
        &peer::bstr(&[7; 32]),
    ]
    .concat();
    let address = [
        &[0x84],
        &peer::bstr(&[192, 168, 1, 9])[..],
        &[0x18, 24],
        &peer::bstr(&[192, 168, 1, 1]),
        &peer::bstr(&[9, 9, 9, 9]),
    ]
    .concat();
    let one = [
        &[0x83, 0x81],
        &network(2, &passphrase, &[0x80])[..],
        &[0x42],
        b"DE",
        &[0x40],
    ]
    .concat();
    let three = [
        &[0x83, 0x83][..],
        &network(0, &[0x40], &address),
        &network(4, &passphrase, &[0x80]),
        &network(5, &enterprise, &address),
        &[0x40],
        &peer::bstr(&[1; 20]),
    ]
    .concat();
    let long = [
        &[0x83, 0x81][..],
        &network(3, &passphrase, &address),
        &[0x40],
        &peer::bstr(&[1; 500]),
    ]
    .concat();
    vec![
        padded(0x01, &[0x80], 16),
        padded(0x02, &[0x81, 0x18, 40], 16),
        padded(0x04, &[0x81, 1], 16),
        padded(0x05, &[0x81, 4], 16),
        padded(0x07, &[0x80], 16),
        padded(0x08, &[0x80], 16),
        padded(0x10, &[&[0x82, 1], &peer::bstr(&[1; 32])[..]].concat(), 48),
        padded(
            0x11,
            &[&[0x83], &peer::bstr(&[1; 16])[..], &[2, 1]].concat(),
            48,
        ),
        padded(0x12, &[&[0x81], &peer::bstr(&[1; 16])[..]].concat(), 48),
        padded(0x38, &one, 192),
        padded(0x38, &three, if three.len() < 192 { 192 } else { 512 }),
        padded(0x38, &long, 1536),
        padded(0x7f, &[0x80], 16),
    ]
}
