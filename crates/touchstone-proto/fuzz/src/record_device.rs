//! Every record from the device, as the phone opens it.

use touchstone_proto::{
    fuzz,
    record::{DeviceRecord, MAX_SEEN},
};

use crate::{peer, record_phone::padded};

pub fn run(input: &[u8]) {
    match fuzz::device_record(input) {
        Ok(Some((record, encoded))) => {
            assert_eq!(encoded.as_slice(), input);
            if let DeviceRecord::Networks(networks) = record {
                assert!(networks.len() <= MAX_SEEN);
            }
        }
        Ok(None) => assert_ne!(input[0] & 0x40, 0),
        Err(_) => {}
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let commit_id = peer::bstr(&[1; 16]);
    let touch = [
        &[0x84],
        &peer::bstr(&[2; 32])[..],
        &[1, 0],
        &peer::bstr(&[3; 16]),
    ]
    .concat();
    let resumed = |h_arm: &[u8]| {
        let head = [0x87, 3, 1, 1, 0, 0x18, 90];
        padded(0x21, &[&head, h_arm, &commit_id[..]].concat(), 80)
    };
    let network = |name: &[u8]| [&[0x84], &peer::bstr(name)[..], &[2, 0x38, 50, 11]].concat();
    let one = [&[0x81], &network(b"Home")[..]].concat();
    let sixteen = [&[0x90], &[network(&[b'a'; 32])].concat().repeat(16)[..]].concat();
    let sixteen_class = if sixteen.len() < 512 { 512 } else { 1024 };
    vec![
        padded(0x02, &[0x81, 7], 16),
        padded(0x03, &[0x82, 0x18, 99, 1], 16),
        padded(0x06, &[0x80], 16),
        padded(0x13, &[0x82, 4, 0x40], 48),
        padded(0x13, &[0x82, 12, 0x40], 48),
        padded(0x13, &[0x82, 8, 0x44, 192, 168, 1, 9], 48),
        padded(
            0x13,
            &[&[0x82, 8], &peer::bstr(&[0xfd; 16])[..]].concat(),
            48,
        ),
        padded(0x14, &[0x81, 1], 48),
        padded(0x15, &[&[0x81], &commit_id[..]].concat(), 48),
        padded(0x16, &[0x81, 3], 48),
        padded(0x20, &touch, 80),
        resumed(&[0x40]),
        resumed(&peer::bstr(&[4; 32])),
        padded(0x30, &[0x80], 512),
        padded(0x30, &one, 512),
        padded(0x30, &sixteen, sixteen_class),
        padded(0x7f, &[0x80], 16),
    ]
}
