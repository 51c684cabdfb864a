//! message_3 at a device: as bytes, as a plaintext under the right key, and as EAD_3 under the right signature too.

use std::sync::LazyLock;

use touchstone_proto::{
    cbor::Reader,
    device::{EdhocToBeSigned, Event, EvidenceToBeSigned, FactoryKey, Session},
    message::{Message, messages},
};

use crate::{message_1, peer, seed, vectors};

const LEAF: [u8; 435] = [5; 435];
const EPHEMERAL: [u8; 32] = [1; 32];

/// Nobody here looks at the device's signature, and one is as good as another.
pub struct Factory;

impl FactoryKey for Factory {
    fn sign_edhoc(&self, _: &EdhocToBeSigned<'_>) -> [u8; 64] {
        [3; 64]
    }

    fn sign_evidence(&self, _: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        [3; 64]
    }
}

/// What the phone knows after message_2.
struct Phone {
    message_1: Vec<u8>,
    prk: peer::Hash,
    th_3: peer::Hash,
}

fn device(message_1: &[u8]) -> (Session, Vec<u8>) {
    let mut device = Session::new();
    let hello = Message::Hello {
        version: 1,
        by_reference: false,
        message_1,
    };
    device.handle(hello).expect("an honest hello");
    let answer = device
        .message_2(&LEAF, &[6; 32], 2, &Factory)
        .expect("an honest hello");
    (device, answer.to_vec())
}

static PHONE: LazyLock<Phone> = LazyLock::new(|| {
    let message_1 = message_1::honest(&EPHEMERAL);
    let (_, answer) = device(&message_1);
    let Some(Ok(Message::Message2(message_2))) = messages(&answer).next() else {
        panic!("no message_2");
    };
    let content = Reader::new(message_2).bytes().expect("a byte string");
    let (g_y, ciphertext_2) = content.split_at(32);
    let keys = peer::Keys::new(&EPHEMERAL, g_y, g_y, &message_1);
    let plaintext_2 = keys.keystream_2(ciphertext_2);
    // C_R and the head of x5chain: the keys are right.
    assert_eq!(&plaintext_2[..4], [2, 0xa1, 0x18, 0x21]);
    Phone {
        message_1,
        prk: keys.prk,
        th_3: peer::next_hash(&keys.th_2, &plaintext_2, &peer::bstr(&LEAF)),
    }
});

/// CRED_I of the key with this seed: the CCS of docs/PROTOCOL.md section 5.
pub fn ccs(seed: u8) -> Vec<u8> {
    let public = peer::public(&peer::signing_key(seed));
    let sign = if public[64] & 1 == 1 { 0xf5 } else { 0xf4 };
    let head = [0xa1, 0x08, 0xa1, 0x01, 0xa4, 0x01, 0x02, 0x20, 0x01, 0x21];
    [&head, &peer::bstr(&public[1..33])[..], &[0x22, sign]].concat()
}

fn honest(ead_3: &[u8]) -> Vec<u8> {
    let cred = ccs(8);
    let id_cred = [&[0xa1, 0x0e], &cred[..]].concat();
    let signature = peer::ToSign {
        c_r: &[],
        id_cred: &id_cred,
        hash: &PHONE.th_3,
        cred: &cred,
        ead: ead_3,
    }
    .signed(&PHONE.prk, &peer::signing_key(8));
    peer::plaintext(&[], &id_cred, &signature, ead_3)
}

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    if bytes.len() > 1700 {
        return;
    }
    let seal = |plaintext: &[u8]| peer::encrypt0(&PHONE.prk, peer::K_3, &PHONE.th_3, plaintext);
    let (message_3, signed) = match mode % 3 {
        0 => (bytes.to_vec(), false),
        1 => (seal(bytes), bytes == honest(&REQUEST)),
        _ => (seal(&honest(bytes)), true),
    };
    if message_3.is_empty() {
        return;
    }
    let (mut device, _) = device(&PHONE.message_1);
    match device.handle(Message::Message3(&message_3)) {
        Ok(Event::Owner { owner, nonce, .. }) => {
            assert!(signed, "an owner that never signed");
            assert_eq!(owner.to_ccs().as_slice(), ccs(8));
            assert!(bytes.windows(16).any(|part| part == nonce));
        }
        Ok(other) => panic!("{other:?}"),
        Err(_) => assert!(device.farewell().is_some()),
    }
}

/// EAD_3: format 263 and a nonce.
const REQUEST: [u8; 23] = [
    0x16, 0x55, 0x82, 0x19, 0x01, 0x07, 0x50, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = vectors::field("message_3")
        .iter()
        .map(|message| seed(0, message))
        .collect();
    seeds.extend(
        vectors::field("log_PLAINTEXT_3")
            .iter()
            .map(|plaintext| seed(1, plaintext)),
    );
    seeds.push(seed(1, &honest(&REQUEST)));
    seeds.push(seed(1, &honest(&[])));
    seeds.push(seed(2, &REQUEST));
    seeds.push(seed(2, &[&REQUEST[..], &[0x00, 0x41, 0x00]].concat()));
    seeds
}
