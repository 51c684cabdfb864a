//! message_4 at a phone: as bytes, as EAD_4 under the right key, and as claims under the right signature too.

use std::sync::LazyLock;

use touchstone_proto::{
    cbor::Reader,
    message::{Message, messages},
    owner::OwnerPublicKey,
    phone::{CredentialForm, Event, Session},
};

use crate::{
    evidence, peer,
    plaintext_2::{self, RESPONDER},
    seed, vectors,
};

const LEAF: [u8; 435] = [5; 435];
const NONCE: [u8; 16] = [0x11; 16];
const FACTORY: u8 = 9;
const OWNER: u8 = 8;

/// A phone after message_3, and what it said.
fn phone() -> (Session, Vec<u8>) {
    let (mut phone, _) = plaintext_2::phone(CredentialForm::ByValue);
    phone
        .handle(Message::Message2(&DEVICE.message_2))
        .expect("an honest message_2");
    let factory = peer::public(&peer::signing_key(FACTORY));
    phone
        .authenticate(&LEAF, &factory, &evidence::UEID)
        .expect("an honest signature");
    let owner = peer::signing_key(OWNER);
    let key = OwnerPublicKey::from_sec1(&peer::public(&owner)).expect("a point");
    let tbs = phone.ask_owner(&key, &NONCE).expect("the right state");
    let signature = peer::sign(&owner, tbs);
    let envelope = phone
        .owner_signed(&signature)
        .expect("the owner's signature");
    (phone, envelope.to_vec())
}

/// What the device knows before message_3.
struct Device {
    message_2: Vec<u8>,
    th_3: peer::Hash,
}

static DEVICE: LazyLock<Device> = LazyLock::new(|| {
    let (g_y, keys) = &*RESPONDER;
    let id_cred = [&[0xa1, 0x18, 0x21], &peer::bstr(&LEAF)[..]].concat();
    let cred = peer::bstr(&LEAF);
    let ead = [0x15, 0x44, 0x81, 0x19, 0x01, 0x07];
    let signature = peer::ToSign {
        c_r: &[2],
        id_cred: &id_cred,
        hash: &keys.th_2,
        cred: &cred,
        ead: &ead,
    }
    .signed(&keys.prk, &peer::signing_key(FACTORY));
    let plaintext_2 = peer::plaintext(&[2], &id_cred, &signature, &ead);
    Device {
        message_2: peer::message_2(keys, g_y, &plaintext_2),
        th_3: peer::next_hash(&keys.th_2, &plaintext_2, &cred),
    }
});

/// TH_4 and the attestation binder: the phone signs deterministically here, so both are the same each time.
static SESSION: LazyLock<(peer::Hash, [u8; 32])> = LazyLock::new(|| {
    let (_, keys) = &*RESPONDER;
    let (phone, envelope) = phone();
    let Some(Ok(Message::Message3(message_3))) = messages(&envelope).next() else {
        panic!("no message_3");
    };
    let ciphertext = Reader::new(message_3).bytes().expect("a byte string");
    let plaintext_3 = peer::decrypt0(&keys.prk, peer::K_3, &DEVICE.th_3, ciphertext);
    let th_4 = peer::next_hash(&DEVICE.th_3, &plaintext_3, &crate::message_3::ccs(OWNER));
    assert_eq!(phone.th_4(), Some(th_4));
    (th_4, *phone.binder().expect("a session has one"))
});

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    if bytes.len() > 1700 {
        return;
    }
    let (_, keys) = &*RESPONDER;
    let (th_4, binder) = &*SESSION;
    let seal = |ead_4: &[u8]| peer::encrypt0(&keys.prk, peer::K_4, th_4, ead_4);
    let message_4 = match mode % 3 {
        0 => bytes.to_vec(),
        1 => seal(bytes),
        _ => seal(&ead_4(bytes, binder)),
    };
    if message_4.is_empty() {
        return;
    }
    let (mut phone, _) = phone();
    match phone.handle(Message::Message4(&message_4)) {
        Ok(Event::Evidence(claims)) => {
            assert_ne!(mode % 3, 0, "evidence under no key");
            assert_eq!(claims.nonce, NONCE);
            assert_eq!(claims.ueid, evidence::UEID);
            assert!(phone.evidence().is_some());
        }
        Ok(Event::Skipped) => assert!(phone.claims().is_none()),
        Ok(other) => panic!("{other:?}"),
        Err(_) => assert!(phone.claims().is_none()),
    }
}

fn ead_4(payload: &[u8], binder: &[u8; 32]) -> Vec<u8> {
    let sign1 = evidence::sign1(payload, binder, &peer::signing_key(FACTORY));
    [&[0x17], &peer::bstr(&sign1)[..]].concat()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let (_, binder) = &*SESSION;
    let mut seeds: Vec<_> = vectors::field("message_4")
        .iter()
        .map(|message| seed(0, message))
        .collect();
    let payload = evidence::payload(&NONCE);
    seeds.push(seed(1, &ead_4(&payload, binder)));
    seeds.push(seed(1, &[]));
    seeds.push(seed(2, &payload));
    seeds
}
