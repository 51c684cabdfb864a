//! EAD fields, credential identifiers and owner keys.

use touchstone_proto::{
    edhoc::{
        CredentialId, Ead, ErrorMessage, MAX_MESSAGE,
        ead::{self, Item},
    },
    fuzz,
    owner::OwnerPublicKey,
};

use crate::{message_3, peer, seed};

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    match mode % 4 {
        0 | 1 => field(bytes),
        2 => {
            if let Ok(id) = CredentialId::parse(bytes)
                && id != CredentialId::Other
                && bytes.len() <= MAX_MESSAGE
            {
                assert_eq!(id.encode().expect("it fits").as_slice(), bytes);
            }
            if let Ok(ErrorMessage::WrongSuite(suites)) = ErrorMessage::parse(bytes) {
                assert!(suites.iter().count() <= bytes.len());
            }
        }
        _ => {
            if let Ok(owner) = OwnerPublicKey::from_ccs(bytes) {
                assert_eq!(owner.to_ccs(), bytes);
                assert_eq!(OwnerPublicKey::from_sec1(&owner.to_sec1()), Ok(owner));
            }
        }
    }
}

fn field(bytes: &[u8]) {
    let Ok(field) = Ead::parse(bytes) else {
        return;
    };
    assert_eq!(field.as_bytes(), bytes);
    let items: Vec<Item<'_>> = field.items().collect();
    assert!(items.iter().all(|item| item.label != 0));
    let mut written = heapless_field();
    let fits = items
        .iter()
        .all(|item| ead::push(&mut written, item).is_ok());
    // What was skipped is padding, and padding changes nothing.
    if fits {
        assert!(written.len() <= bytes.len());
        assert!(Ead::parse(&written).is_ok_and(|again| again.items().eq(items.iter().copied())));
    }
    let critical = items
        .iter()
        .any(|item| item.critical && !(20..=23).contains(&item.label));
    assert_eq!(
        field.refuse_unknown_critical(&[20, 21, 22, 23]).is_err(),
        critical
    );
    let understood = fuzz::attestation(field);
    if critical {
        assert_eq!(understood, [false; 4]);
    }
}

fn heapless_field() -> touchstone_proto::edhoc::Buffer {
    Default::default()
}

pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        seed(0, &[0x14]),
        seed(0, &[0x15, 0x44, 0x81, 0x19, 0x01, 0x07]),
        seed(
            0,
            &[
                &[0x16, 0x55, 0x82, 0x19, 0x01, 0x07],
                &peer::bstr(&[1; 16])[..],
            ]
            .concat(),
        ),
        seed(0, &[0x17, 0x41, 0x01, 0x00, 0x42, 0, 0, 0x38, 0x27]),
        seed(2, &[0xa1, 0x04, 0x42, 1, 2]),
        seed(2, &[&[0xa1, 0x0e], &message_3::ccs(8)[..]].concat()),
        seed(2, &[0xa1, 0x18, 0x21, 0x42, 0x30, 0x00]),
        seed(
            2,
            &[&[0xa1, 0x18, 0x22, 0x82, 0x2e], &peer::bstr(&[1; 8])[..]].concat(),
        ),
        seed(2, &[2, 0x82, 3, 2]),
        seed(3, &message_3::ccs(8)),
    ]
}
