//! Every record there and back, and everything that is none.

use core::{net::IpAddr, time::Duration};
use std::vec::Vec;

use proptest::prelude::*;

use super::{codec::Record, *};
use crate::{
    credentials::{Credentials, Network, Security, Ssid},
    error::Misbehaviour,
};

fn credentials(networks: usize) -> Credentials {
    let networks = (0..networks).map(|at| {
        Network::personal(&[b'a' + at as u8; 32], Security::Wpa2Psk, &[b'p'; 63]).unwrap()
    });
    Credentials::new(networks).unwrap()
}

fn seen(count: usize) -> SeenNetworks {
    (0..count)
        .map(|at| SeenNetwork {
            ssid: Ssid::new(&[at as u8; 32]).unwrap(),
            security: Security::Wpa3Sae,
            rssi: -30 - at as i8,
            channel: 149,
        })
        .collect()
}

fn phone_records() -> Vec<(PhoneRecord, u8, usize)> {
    let mut records = std::vec![
        (PhoneRecord::Prepare, 0x01, 16),
        (
            PhoneRecord::KeepAlive {
                next_counter: u32::MAX
            },
            0x02,
            16
        ),
        (PhoneRecord::Rescan, 0x07, 16),
        (PhoneRecord::Forget, 0x08, 16),
        (
            PhoneRecord::Arm {
                level: Level::L1,
                h_np: [1; 32]
            },
            0x10,
            48
        ),
        (
            PhoneRecord::Arm {
                level: Level::L2,
                h_np: [1; 32]
            },
            0x10,
            48
        ),
        (PhoneRecord::Confirm { commit_id: [3; 16] }, 0x12, 48),
        (PhoneRecord::Credentials(credentials(1)), 0x38, 192),
        (PhoneRecord::Credentials(credentials(2)), 0x38, 512),
        (PhoneRecord::Credentials(credentials(8)), 0x38, 1536),
    ];
    records.extend(IdentifyMode::ALL.map(|mode| (PhoneRecord::Identify(mode), 0x04, 16)));
    records.extend(ReleaseReason::ALL.map(|reason| (PhoneRecord::Release(reason), 0x05, 16)));
    let n_p = [2; 16];
    for signal in Actuator::ALL {
        let reveals = Pace::ALL.map(|pace| PhoneRecord::Reveal { n_p, signal, pace });
        records.extend(reveals.map(|reveal| (reveal, 0x11, 48)));
    }
    records
}

fn device_records() -> Vec<(DeviceRecord, u8, usize)> {
    let joined = ["10.0.0.7", "fe80::1"].map(|address| Status::Joined {
        address: address.parse::<IpAddr>().unwrap(),
    });
    let resumed = Resumed {
        state: ResumedState::Joined,
        level: Level::L1,
        kind: PressKind::Press,
        contended: u32::MAX,
        touch_age: Duration::from_secs(u32::MAX.into()),
        h_arm: Some([4; 32]),
        commit_id: [5; 16],
    };
    let touch = TouchReport {
        confirmation: [6; 32],
        kind: PressKind::Nfc,
        contended: u32::MAX,
        n_d: [7; 16],
    };
    let mut records = std::vec![
        (DeviceRecord::KeepAlive { next_counter: 0 }, 0x02, 16),
        (
            DeviceRecord::Armed {
                epoch: u32::MAX,
                level: Level::L2
            },
            0x03,
            16
        ),
        (DeviceRecord::Released, 0x06, 16),
        (DeviceRecord::Committed { commit_id: [8; 16] }, 0x15, 48),
        (DeviceRecord::Touch(touch), 0x20, 80),
        (DeviceRecord::Resumed(resumed), 0x21, 80),
        (
            DeviceRecord::Resumed(Resumed {
                h_arm: None,
                ..resumed
            }),
            0x21,
            80
        ),
        (DeviceRecord::Networks(seen(0)), 0x30, 512),
        (DeviceRecord::Networks(seen(12)), 0x30, 512),
        (DeviceRecord::Networks(seen(13)), 0x30, 1024),
        (DeviceRecord::Networks(seen(16)), 0x30, 1024),
    ];
    let statuses = Status::WITHOUT_DETAIL.into_iter().chain(joined);
    records.extend(statuses.map(|status| (DeviceRecord::Status(status), 0x13, 48)));
    records.extend(DeniedReason::ALL.map(|reason| (DeviceRecord::Denied(reason), 0x14, 48)));
    records.extend(ErrorCode::ALL.map(|code| (DeviceRecord::Error(code), 0x16, 48)));
    records
}

#[test]
fn every_record_has_its_type_and_class_and_reads_back() {
    for (record, kind, class) in phone_records() {
        let plaintext = record.encode().unwrap();
        assert_eq!((plaintext[0], plaintext.len()), (kind, class), "{record:?}");
        let read = PhoneRecord::decode(&plaintext).unwrap().unwrap();
        // Credentials have no equality; their encoding does.
        assert_eq!(read.encode().unwrap(), plaintext);
    }
    for (record, kind, class) in device_records() {
        let plaintext = record.encode().unwrap();
        assert_eq!((plaintext[0], plaintext.len()), (kind, class), "{record:?}");
        assert_eq!(DeviceRecord::decode(&plaintext), Ok(Some(record)));
    }
}

#[test]
fn a_single_personal_network_always_fits_the_smallest_class() {
    let network = Network::personal(&[0xff; 32], Security::Wpa2Wpa3, &[b'f'; 64])
        .unwrap()
        .with_hidden(true)
        .with_bssid(Some([0xff; 6]))
        .with_priority(255)
        .with_address(Some(
            crate::credentials::StaticAddress::new(
                [255; 4].into(),
                32,
                [255; 4].into(),
                [255; 4].into(),
            )
            .unwrap(),
        ));
    let credentials = Credentials::new([network])
        .unwrap()
        .with_country(*b"CH")
        .unwrap();
    let plaintext = PhoneRecord::Credentials(credentials).encode().unwrap();
    assert_eq!(plaintext.len(), 192);
}

#[test]
fn short_and_long_passwords_give_records_of_one_length() {
    for length in 8..=63 {
        let network = Network::personal(b"n", Security::Wpa2Psk, &[b'p'; 64][..length]).unwrap();
        let record = PhoneRecord::Credentials(Credentials::new([network]).unwrap());
        assert_eq!(record.encode().unwrap().len(), 192);
    }
}

#[test]
fn padding_other_than_zeros_is_refused() {
    for (record, ..) in phone_records() {
        let mut plaintext = record.encode().unwrap();
        let last = plaintext.len() - 1;
        if plaintext[last] != 0 {
            continue;
        }
        plaintext[last] = 1;
        assert_eq!(
            PhoneRecord::decode(&plaintext).map(|_| ()),
            Err(Misbehaviour::RecordPadding),
            "{record:?}"
        );
    }
}

#[test]
fn a_record_in_another_class_than_its_own_is_refused() {
    for (record, _, class) in device_records() {
        let plaintext = record.encode().unwrap();
        for other in [0, 1, 15, 16, 17, 48, 80, 192, 512, 1024, 1536] {
            if other == class {
                continue;
            }
            let mut moved = plaintext.to_vec();
            moved.resize(other, 0);
            assert!(
                DeviceRecord::decode(&moved).is_err(),
                "{record:?} in {other}"
            );
        }
    }
    for (record, _, class) in phone_records() {
        let plaintext = record.encode().unwrap();
        for other in [192, 512, 1536] {
            if other > class {
                let mut moved = plaintext.to_vec();
                moved.resize(other, 0);
                assert_eq!(
                    PhoneRecord::decode(&moved).map(|_| ()),
                    Err(Misbehaviour::RecordClass)
                );
            }
        }
    }
}

#[test]
fn unknown_records_are_skipped_if_optional_and_abort_otherwise() {
    for kind in 0..=u8::MAX {
        let mut plaintext = [0; 16];
        plaintext[0] = kind;
        plaintext[1] = 0x80;
        let outcome = PhoneRecord::decode(&plaintext).map(|record| record.is_some());
        if kind & 0x40 != 0 {
            assert_eq!(outcome, Ok(false), "{kind:x}");
        } else if matches!(kind, 0x01 | 0x07 | 0x08) {
            assert_eq!(outcome, Ok(true), "{kind:x}");
        } else {
            assert!(outcome.is_err(), "{kind:x}");
        }
    }
}

#[test]
fn a_record_of_the_other_direction_is_unknown() {
    for (record, kind, _) in device_records() {
        if kind == 0x02 {
            continue;
        }
        assert_eq!(
            PhoneRecord::decode(&record.encode().unwrap()).map(|_| ()),
            Err(Misbehaviour::UnknownRecord { kind })
        );
    }
    for (record, kind, _) in phone_records() {
        if kind == 0x02 {
            continue;
        }
        assert_eq!(
            DeviceRecord::decode(&record.encode().unwrap()).map(|_| ()),
            Err(Misbehaviour::UnknownRecord { kind })
        );
    }
}

fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut plaintext = [0; N];
    plaintext[..bytes.len()].copy_from_slice(bytes);
    plaintext
}

#[test]
fn shorter_and_longer_arrays_are_refused() {
    for bytes in [
        &[0x01, 0x81, 0x00][..], // PREPARE [0]
        &[0x02, 0x80],           // KEEPALIVE []
        &[0x02, 0x82, 0, 0],     // KEEPALIVE [0, 0]
        &[0x04, 0x80],           // IDENTIFY []
        &[0x02, 0x9f, 0, 0xff],  // indefinite length
        &[0x02, 0x81, 0x18, 1],  // not the shortest form
        &[0x02, 0x00],           // no array
    ] {
        assert!(
            PhoneRecord::decode(&padded::<16>(bytes)).is_err(),
            "{bytes:x?}"
        );
    }
}

#[test]
fn values_out_of_range_are_refused() {
    for bytes in [
        &[0x04, 0x81, 4][..],                        // IDENTIFY 4
        &[0x05, 0x81, 7],                            // RELEASE 7
        &[0x02, 0x81, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0], // counter above 32 bits
        &[0x02, 0x81, 0x20],                         // counter -1
    ] {
        assert!(
            PhoneRecord::decode(&padded::<16>(bytes)).is_err(),
            "{bytes:x?}"
        );
    }
    for bytes in [
        &[0x13, 0x82, 13, 0x40][..],     // STATUS 13
        &[0x13, 0x82, 8, 0x40],          // joined without an address
        &[0x13, 0x82, 8, 0x43, 1, 2, 3], // joined with half an address
        &[0x13, 0x82, 2, 0x41, 1],       // accepted with a detail
        &[0x14, 0x81, 4],                // DENIED 4
        &[0x16, 0x81, 0],                // ERROR 0
        &[0x16, 0x81, 6],                // ERROR 6
        &[0x15, 0x81, 0x41, 1],          // short commit_id
    ] {
        assert!(
            DeviceRecord::decode(&padded::<48>(bytes)).is_err(),
            "{bytes:x?}"
        );
    }
    for (signal, pace) in [(3, 0), (0, 3), (0x18, 0), (0, 0x20)] {
        let mut reveal = padded::<48>(&[0x11, 0x83, 0x50]);
        reveal[19..21].copy_from_slice(&[signal, pace]);
        assert!(
            PhoneRecord::decode(&reveal).is_err(),
            "REVEAL {signal} {pace}"
        );
    }
    for level in [0, 3] {
        let mut arm = PhoneRecord::Arm {
            level: Level::L1,
            h_np: [1; 32],
        }
        .encode()
        .unwrap();
        arm[2] = level;
        assert_eq!(
            PhoneRecord::decode(&arm).map(|_| ()),
            Err(Misbehaviour::ValueOutOfRange)
        );
    }
}

#[test]
fn more_than_sixteen_networks_are_refused() {
    let mut plaintext = std::vec![0x30, 0x91];
    for _ in 0..17 {
        plaintext.extend([0x84, 0x41, b'n', 2, 0x38, 40, 6]);
    }
    plaintext.resize(512, 0);
    assert_eq!(
        DeviceRecord::decode(&plaintext),
        Err(Misbehaviour::WrongLength)
    );
}

proptest! {
    #[test]
    fn no_plaintext_panics_and_what_reads_encodes_to_itself(
        kind in 0..0x40u8,
        body in proptest::collection::vec(any::<u8>(), 0..100),
        class in proptest::sample::select(std::vec![16usize, 48, 80, 192, 512, 1024, 1536]),
    ) {
        let mut plaintext = std::vec![kind];
        plaintext.extend(body);
        plaintext.resize(class, 0);
        if let Ok(Some(record)) = PhoneRecord::decode(&plaintext) {
            let encoded = record.encode().unwrap();
            prop_assert_eq!(encoded.as_slice(), plaintext.as_slice());
        }
        if let Ok(Some(record)) = DeviceRecord::decode(&plaintext) {
            let encoded = record.encode().unwrap();
            prop_assert_eq!(encoded.as_slice(), plaintext.as_slice());
        }
    }

    #[test]
    fn a_changed_byte_of_a_record_never_panics(
        at in 0..40usize, byte in any::<u8>(), which in any::<proptest::sample::Index>(),
    ) {
        let records = device_records();
        let mut plaintext = which.get(&records).0.encode().unwrap();
        if let Some(target) = plaintext.get_mut(at) {
            *target = byte;
        }
        let _ = DeviceRecord::decode(&plaintext);
        let records = phone_records();
        let mut plaintext = which.get(&records).0.encode().unwrap();
        if let Some(target) = plaintext.get_mut(at) {
            *target = byte;
        }
        let _ = PhoneRecord::decode(&plaintext);
    }
}
