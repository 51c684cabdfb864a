//! Both ends of a session without any rules: they say whatever they are told to, under keys that are right.
//!
//! Only the key exchange is the project's own; records are encoded and sealed here, from docs/PROTOCOL.md alone.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};
use touchstone_proto::{
    cbor::Writer,
    edhoc::{
        ConnectionId, CredentialId, CredentialRef, Ephemeral, Exporter, Method, PublicKey, Suite,
        credential::x509_cred, initiator, responder,
    },
    owner::OwnerPublicKey,
};

use crate::support::{HELLO, MESSAGE_2, MESSAGE_3, MESSAGE_4, RECORD};

/// Key, IV and counter of one direction.
pub(crate) struct Way {
    pub(crate) key: [u8; 32],
    iv: [u8; 12],
    pub(crate) counter: u64,
}

impl Way {
    pub(crate) fn new(key: [u8; 32], iv: [u8; 12]) -> Self {
        Self {
            key,
            iv,
            counter: 0,
        }
    }

    fn nonce(&self, counter: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, counter) in nonce[4..].iter_mut().zip(counter.to_be_bytes()) {
            *byte ^= counter;
        }
        nonce
    }

    /// Seals under any counter, also one that was used.
    pub(crate) fn seal_at(&self, counter: u64, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = plaintext.to_vec();
        let tag = Aes256Gcm::new((&self.key).into())
            .encrypt_inout_detached(
                (&self.nonce(counter)).into(),
                &[],
                InOutBuf::from(sealed.as_mut_slice()),
            )
            .unwrap();
        sealed.extend_from_slice(&tag);
        sealed
    }

    pub(crate) fn seal(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.counter += 1;
        self.seal_at(self.counter - 1, plaintext)
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (ciphertext, tag) = sealed.split_last_chunk::<16>()?;
        let mut plaintext = ciphertext.to_vec();
        Aes256Gcm::new((&self.key).into())
            .decrypt_inout_detached(
                (&self.nonce(self.counter)).into(),
                &[],
                InOutBuf::from(plaintext.as_mut_slice()),
                tag.into(),
            )
            .ok()?;
        self.counter += 1;
        Some(plaintext)
    }
}

/// The keys of one session (docs/PROTOCOL.md section 5).
pub(crate) struct Channel {
    pub(crate) up: Way,
    pub(crate) down: Way,
    pub(crate) touch_key: [u8; 32],
    pub(crate) binder: [u8; 32],
    pub(crate) th_4: [u8; 32],
}

impl Channel {
    fn new(exporter: &Exporter, th_4: [u8; 32]) -> Self {
        // ["TS/1", 1]
        let context = [0x82, 0x64, b'T', b'S', b'/', b'1', 0x01];
        let key = |label| {
            let mut key = [0; 32];
            exporter.export(label, &context, &mut key).unwrap();
            key
        };
        let mut ivs = [0; 24];
        exporter.export(0x8003, &context, &mut ivs).unwrap();
        let mut binder = [0; 32];
        exporter.export(2, b"attestation", &mut binder).unwrap();
        let way = |label, iv: &[u8]| Way::new(key(label), iv.try_into().unwrap());
        Self {
            up: way(0x8001, &ivs[..12]),
            down: way(0x8002, &ivs[12..]),
            touch_key: key(0x8004),
            binder,
            th_4,
        }
    }

    /// Keys that nobody else has.
    pub(crate) fn made_up() -> Self {
        let way = || Way::new([0x5a; 32], [0x5a; 12]);
        Self {
            up: way(),
            down: way(),
            touch_key: [0; 32],
            binder: [0; 32],
            th_4: [0; 32],
        }
    }
}

/// A record: type, CBOR array, zeros up to the class.
pub(crate) fn record(kind: u8, class: usize, array: &[u8]) -> Vec<u8> {
    let mut plaintext = [&[kind], array].concat();
    assert!(plaintext.len() <= class);
    plaintext.resize(class, 0);
    plaintext
}

/// An array of 32 bytes' or 16 bytes' strings and small numbers.
pub(crate) fn array(items: &[Item<'_>]) -> Vec<u8> {
    let mut out = heapless::Vec::<u8, 256>::new();
    let mut writer = Writer::new(&mut out);
    writer.array(items.len()).unwrap();
    for item in items {
        match item {
            Item::Number(number) => writer.uint(*number).unwrap(),
            Item::Bytes(bytes) => writer.bytes(bytes).unwrap(),
        };
    }
    out.to_vec()
}

pub(crate) enum Item<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// One message as an envelope.
pub(crate) fn envelope(kind: u8, body: &[u8]) -> Vec<u8> {
    match kind {
        HELLO => [&[HELLO, 1, 0], body].concat(),
        kind => [&[kind], body].concat(),
    }
}

pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_sec1(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap()
}

/// The phone's side of the key exchange. `device` is the factory key's public half, `leaf` its certificate.
pub(crate) struct Initiator {
    state: Option<initiator::AwaitMessage2>,
    owner: SigningKey,
}

impl Initiator {
    /// Begins; returns the envelope with message_1.
    pub(crate) fn start(owner: u8, ephemeral: [u8; 32]) -> (Self, Vec<u8>) {
        let (state, message_1) = initiator::start(
            Method::SignatureSignature,
            &[Suite::Aes128CcmMac128P256],
            Ephemeral::from_bytes(&ephemeral).unwrap(),
            ConnectionId::new(&[7]).unwrap(),
            // EAD_1: trigger.
            &[0x14],
        )
        .unwrap();
        let this = Self {
            state: Some(state),
            owner: signing_key(owner),
        };
        (this, envelope(HELLO, &message_1))
    }

    pub(crate) fn owner(&self) -> OwnerPublicKey {
        OwnerPublicKey::from_sec1(self.owner.verifying_key().to_sec1_point(false).as_bytes())
            .unwrap()
    }

    /// message_2 to message_3.
    pub(crate) fn finish(
        &mut self,
        message_2: &[u8],
        leaf: &[u8],
        device: &[u8; 65],
    ) -> (Vec<u8>, Channel) {
        let unverified = self.state.take().unwrap().read(message_2).unwrap();
        let verified = unverified
            .verify(
                &x509_cred(leaf).unwrap(),
                &PublicKey::from_sec1(device).unwrap(),
            )
            .unwrap();
        let ccs = self.owner().to_ccs();
        let id_cred = CredentialId::Kccs(&ccs).encode().unwrap();
        let credential = CredentialRef {
            id_cred: &id_cred,
            cred: &ccs,
        };
        // EAD_3: request, << [263, nonce] >>.
        let ead_3 = [
            &[0x16, 0x55, 0x82, 0x19, 0x01, 0x07, 0x50],
            [0x4e; 16].as_slice(),
        ]
        .concat();
        let pending = verified.message_3(credential, &ead_3).unwrap();
        let signature = sign(&self.owner, pending.to_be_signed());
        let (state, message_3) = pending.signed(&signature).unwrap();
        let channel = Channel::new(&state.exporter(), *state.th_4());
        (envelope(MESSAGE_3, &message_3), channel)
    }
}

/// The device's side of the key exchange.
pub(crate) struct Responder {
    key: SigningKey,
    leaf: Vec<u8>,
    ueid: [u8; 17],
    state: Option<responder::AwaitMessage3>,
    pub(crate) owner_kid: [u8; 32],
    verified: Option<responder::VerifiedMessage3>,
    nonce: [u8; 16],
}

impl Responder {
    pub(crate) fn new(key: SigningKey, leaf: &[u8], ueid: [u8; 17]) -> Self {
        Self {
            key,
            leaf: leaf.to_vec(),
            ueid,
            state: None,
            owner_kid: [0; 32],
            verified: None,
            nonce: [0; 16],
        }
    }

    pub(crate) fn key(&self) -> [u8; 65] {
        public(&self.key).to_sec1()
    }

    /// message_1 to message_2.
    pub(crate) fn message_2(&mut self, message_1: &[u8], ephemeral: [u8; 32]) -> Vec<u8> {
        let received = responder::AwaitMessage1::new(
            &[Method::SignatureSignature],
            &[Suite::Aes128CcmMac128P256],
        )
        .read(message_1)
        .unwrap();
        let id_cred = CredentialId::X5chain(&self.leaf).encode().unwrap();
        let cred = x509_cred(&self.leaf).unwrap();
        let credential = CredentialRef {
            id_cred: &id_cred,
            cred: &cred,
        };
        let pending = received
            .message_2(
                Ephemeral::from_bytes(&ephemeral).unwrap(),
                ConnectionId::new(&[3]).unwrap(),
                credential,
                // EAD_2: proposal, << [263] >>.
                &[0x15, 0x44, 0x81, 0x19, 0x01, 0x07],
            )
            .unwrap();
        let signature = sign(&self.key, pending.to_be_signed());
        let (state, message_2) = pending.signed(&signature).unwrap();
        self.state = Some(state);
        envelope(MESSAGE_2, &message_2)
    }

    /// message_3 to the session's keys.
    pub(crate) fn read_message_3(&mut self, message_3: &[u8]) -> Channel {
        let unverified = self.state.take().unwrap().read(message_3).unwrap();
        let CredentialId::Kccs(ccs) = CredentialId::parse(unverified.id_cred_i()).unwrap() else {
            panic!("no owner key");
        };
        let owner = OwnerPublicKey::from_ccs(ccs).unwrap();
        let key = PublicKey::from_sec1(&owner.to_sec1()).unwrap();
        let verified = unverified.verify(&owner.to_ccs(), &key).unwrap();
        self.owner_kid = owner.kid();
        let request = verified.ead_3().items().next().unwrap().value.unwrap();
        self.nonce = request[request.len() - 16..].try_into().unwrap();
        let channel = Channel::new(&verified.exporter(), *verified.th_4());
        self.verified = Some(verified);
        channel
    }

    /// message_4, with evidence or without.
    pub(crate) fn message_4(&mut self, channel: &Channel, evidence: bool) -> Vec<u8> {
        let ead_4 = if evidence {
            self.evidence(&channel.binder)
        } else {
            Vec::new()
        };
        let (_, message_4) = self.verified.take().unwrap().message_4(&ead_4).unwrap();
        envelope(MESSAGE_4, &message_4)
    }

    /// EAD_4 with an EAT of a lamp (docs/PROTOCOL.md section 5).
    fn evidence(&self, binder: &[u8; 32]) -> Vec<u8> {
        let mut claims = heapless::Vec::<u8, 256>::new();
        let mut writer = Writer::new(&mut claims);
        (|| {
            writer.map(8)?.int(10)?.bytes(&self.nonce)?;
            writer.int(256)?.bytes(&self.ueid)?;
            writer.int(259)?.bytes(&[0, 1])?;
            writer.int(262)?.bool(true)?;
            writer.int(263)?.uint(3)?;
            writer.int(268)?.bytes(&[0xb0; 8])?;
            writer.int(271)?.array(1)?.text("1.4.2")?;
            writer.int(-70001)?.array(6)?;
            for number in [0, 1, 3, 1, 1, 1] {
                writer.uint(number)?;
            }
            Ok::<_, touchstone_proto::error::LocalError>(())
        })()
        .unwrap();
        let protected = [0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07];
        let mut to_be_signed = heapless::Vec::<u8, 512>::new();
        Writer::new(&mut to_be_signed)
            .array(4)
            .and_then(|writer| writer.text("Signature1"))
            .and_then(|writer| writer.bytes(&protected))
            .and_then(|writer| writer.bytes(binder))
            .and_then(|writer| writer.bytes(&claims))
            .unwrap();
        let signature = sign(&self.key, &to_be_signed);
        let mut sign1 = heapless::Vec::<u8, 512>::new();
        Writer::new(&mut sign1)
            .array(4)
            .and_then(|writer| writer.bytes(&protected))
            .and_then(|writer| writer.map(0))
            .and_then(|writer| writer.bytes(&claims))
            .and_then(|writer| writer.bytes(&signature))
            .unwrap();
        let mut ead_4 = heapless::Vec::<u8, 512>::new();
        Writer::new(&mut ead_4)
            .int(23)
            .and_then(|writer| writer.bytes(&sign1))
            .unwrap();
        ead_4.to_vec()
    }
}

/// SHA-256.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A sealed record as an envelope.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    envelope(RECORD, body)
}
