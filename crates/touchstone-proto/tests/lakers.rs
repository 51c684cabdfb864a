//! Live exchanges with lakers, an independent implementation of method 3 with suite 2.

use lakers::{
    Credential, CredentialTransfer, EADItem, EDHOCMethod, EDHOCSuite, EdhocInitiator,
    EdhocMessageBuffer, EdhocResponder, IdCred,
};
use lakers_crypto_rustcrypto::Crypto;
use sha2::{Digest, Sha256};
use touchstone_proto::edhoc::{
    Buffer, ConnectionId, CredentialId, CredentialRef, Ead, Ephemeral, Established, Method,
    PublicKey, StaticSecret, Suite, ead, initiator, responder,
};

/// Random numbers that are the same in every run.
#[derive(Debug, Clone)]
struct Deterministic {
    seed: u64,
    counter: u64,
}

impl Deterministic {
    fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    fn block(&mut self) -> [u8; 32] {
        self.counter += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.counter.to_be_bytes());
        hash.finalize().into()
    }
}

impl rand_core::RngCore for Deterministic {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            chunk.copy_from_slice(&self.block()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl rand_core::CryptoRng for Deterministic {}

/// One side's credential: a CCS with a `kid`, sent by value or by reference.
struct Party {
    scalar: [u8; 32],
    key: PublicKey,
    kid: Vec<u8>,
    ccs: Vec<u8>,
    by_value: bool,
}

impl Party {
    fn new(random: &mut Deterministic, kid_length: usize, by_value: bool) -> Self {
        let scalar = random.block();
        let key = StaticSecret::from_bytes(&scalar).unwrap().public_key();
        let kid = random.block()[..kid_length].to_vec();
        // { 8: { 1: { 1: 2, 2: kid, -1: 1, -2: x } } }
        let mut ccs = vec![0xa1, 0x08, 0xa1, 0x01, 0xa4, 0x01, 0x02, 0x02];
        ccs.push(0x40 | u8::try_from(kid.len()).unwrap());
        ccs.extend(&kid);
        ccs.extend([0x20, 0x01, 0x21, 0x58, 0x20]);
        ccs.extend(key.x());
        Self {
            scalar,
            key,
            kid,
            ccs,
            by_value,
        }
    }

    fn secret(&self) -> StaticSecret {
        StaticSecret::from_bytes(&self.scalar).unwrap()
    }

    fn id_cred(&self) -> Buffer {
        let id = if self.by_value {
            CredentialId::Kccs(&self.ccs)
        } else {
            CredentialId::Kid(&self.kid)
        };
        id.encode().unwrap()
    }

    fn credential(&self) -> Credential {
        Credential::parse_ccs(&self.ccs).unwrap()
    }

    fn transfer(&self) -> CredentialTransfer {
        if self.by_value {
            CredentialTransfer::ByValue
        } else {
            CredentialTransfer::ByReference
        }
    }

    /// Requires that lakers read the identifier we sent.
    fn check_lakers_id_cred(&self, id_cred: &IdCred) {
        assert_eq!(id_cred.as_full_value(), self.id_cred().as_slice());
    }
}

/// What varies between exchanges.
struct Exchange {
    random: Deterministic,
    initiator: Party,
    responder: Party,
    c_i: Vec<u8>,
    c_r: Vec<u8>,
    /// Label and value of an item in every message.
    ead: Option<(u8, Option<Vec<u8>>)>,
}

impl Exchange {
    fn new(seed: u64) -> Self {
        let mut random = Deterministic::new(seed);
        let number = usize::try_from(seed).unwrap();
        let initiator = Party::new(&mut random, 1 + number % 4, number % 2 == 0);
        let responder = Party::new(&mut random, 1 + number % 3, number % 3 == 0);
        let c_i = random.block()[..1 + number % 5].to_vec();
        let c_r = random.block()[..1 + number % 6].to_vec();
        let ead = match number % 4 {
            0 => None,
            1 => Some((1 + random.block()[0] % 23, None)),
            _ => {
                let value = random.block()[..number % 20].to_vec();
                Some((1 + random.block()[0] % 23, Some(value)))
            }
        };
        Self {
            random,
            initiator,
            responder,
            c_i,
            c_r,
            ead,
        }
    }

    fn ephemeral(&mut self) -> Ephemeral {
        Ephemeral::from_bytes(&self.random.block()).unwrap()
    }

    fn lakers_crypto(&mut self) -> Crypto<Deterministic> {
        Crypto::new(Deterministic {
            seed: self.random.seed,
            counter: 1 << 32,
        })
    }

    fn our_ead(&self) -> Buffer {
        let mut field = Buffer::new();
        if let Some((label, value)) = &self.ead {
            let item = ead::Item {
                label: u64::from(*label),
                critical: false,
                value: value.as_deref(),
            };
            ead::push(&mut field, &item).unwrap();
        }
        field
    }

    /// lakers keeps the value of an item in its encoding.
    fn lakers_ead(&self) -> Option<EADItem> {
        let (label, value) = self.ead.as_ref()?;
        let encoded = value.as_ref().map(|value| {
            let mut encoded = vec![0x40 | u8::try_from(value.len()).unwrap()];
            encoded.extend(value);
            EdhocMessageBuffer::new_from_slice(&encoded).unwrap()
        });
        Some(EADItem {
            label: u16::from(*label),
            is_critical: false,
            value: encoded,
        })
    }

    fn check_our_ead(&self, found: Ead<'_>) {
        assert_eq!(found.as_bytes(), self.our_ead().as_slice());
    }

    fn check_lakers_ead(&self, found: Option<EADItem>) {
        let parts = |item: EADItem| {
            (
                item.label,
                item.is_critical,
                item.value.map(|value| value.as_slice().to_vec()),
            )
        };
        assert_eq!(found.map(parts), self.lakers_ead().map(parts));
    }
}

fn buffer(message: &[u8]) -> EdhocMessageBuffer {
    EdhocMessageBuffer::new_from_slice(message).unwrap()
}

fn lakers_id(bytes: &[u8]) -> lakers::ConnId {
    lakers::ConnId::from_slice(bytes).unwrap()
}

/// Compares what both sides export, before and after a key update.
macro_rules! assert_same_keys {
    ($ours:expr, $theirs:expr) => {{
        let mut ours: Established = $ours;
        let mut theirs = $theirs;
        for _ in 0..2 {
            for (label, context, length) in [
                (0, &b""[..], 16),
                (1, b"", 8),
                (2, b"attestation", 32),
                (23, b"TS/1", 64),
            ] {
                let mut exported = vec![0; length];
                ours.exporter()
                    .export(u64::from(label), context, &mut exported)
                    .unwrap();
                assert_eq!(
                    theirs.edhoc_exporter(label, context, length)[..length],
                    exported[..]
                );
            }
            ours.key_update(b"update").unwrap();
            theirs.edhoc_key_update(b"update");
        }
    }};
}

#[test]
fn our_initiator_completes_with_a_lakers_responder() {
    for seed in 0..100 {
        let mut exchange = Exchange::new(seed);
        let ead = exchange.our_ead();
        let (initiator, message_1) = initiator::start(
            Method::StaticDhStaticDh,
            &[Suite::Aes128CcmMac64P256],
            exchange.ephemeral(),
            ConnectionId::new(&exchange.c_i).unwrap(),
            &ead,
        )
        .unwrap();

        let responder = EdhocResponder::new(
            exchange.lakers_crypto(),
            EDHOCMethod::StatStat,
            exchange.responder.scalar,
            exchange.responder.credential(),
        );
        let (responder, c_i, ead_1) = responder.process_message_1(&buffer(&message_1)).unwrap();
        assert_eq!(c_i.as_slice(), exchange.c_i);
        exchange.check_lakers_ead(ead_1);
        let (responder, message_2) = responder
            .prepare_message_2(
                exchange.responder.transfer(),
                Some(lakers_id(&exchange.c_r)),
                &exchange.lakers_ead(),
            )
            .unwrap();

        let unverified = initiator.read(message_2.as_slice()).unwrap();
        assert_eq!(unverified.c_r().as_bytes(), exchange.c_r);
        assert_eq!(
            unverified.id_cred_r(),
            exchange.responder.id_cred().as_slice()
        );
        let verified = unverified
            .verify(&exchange.responder.ccs, &exchange.responder.key)
            .unwrap();
        exchange.check_our_ead(verified.ead_2());
        let id_cred_i = exchange.initiator.id_cred();
        let cred_i = CredentialRef {
            id_cred: &id_cred_i,
            cred: &exchange.initiator.ccs,
        };
        let (initiator, message_3) = verified
            .message_3_static_dh(&exchange.initiator.secret(), cred_i, &ead)
            .unwrap();

        let message_3 = buffer(&message_3);
        let (responder, id_cred_i, ead_3) = responder.parse_message_3(&message_3).unwrap();
        exchange.initiator.check_lakers_id_cred(&id_cred_i);
        exchange.check_lakers_ead(ead_3);
        let (responder, _) = responder
            .verify_message_3(exchange.initiator.credential())
            .unwrap();
        let (responder, message_4) = responder.prepare_message_4(&exchange.lakers_ead()).unwrap();

        let (established, ead_4) = initiator.read(message_4.as_slice()).unwrap();
        exchange.check_our_ead(Ead::parse(&ead_4).unwrap());
        assert_same_keys!(established, responder);
    }
}

#[test]
fn our_responder_completes_with_a_lakers_initiator() {
    for seed in 0..100 {
        let mut exchange = Exchange::new(seed);
        let ead = exchange.our_ead();
        let mut initiator = EdhocInitiator::new(
            exchange.lakers_crypto(),
            EDHOCMethod::StatStat,
            EDHOCSuite::CipherSuite2,
        );
        initiator.set_identity(exchange.initiator.scalar, exchange.initiator.credential());
        let (initiator, message_1) = initiator
            .prepare_message_1(Some(lakers_id(&exchange.c_i)), &exchange.lakers_ead())
            .unwrap();

        let received = responder::AwaitMessage1::new(
            &[Method::StaticDhStaticDh],
            &[Suite::Aes128CcmMac64P256],
        )
        .read(message_1.as_slice())
        .unwrap();
        assert_eq!(received.c_i().as_bytes(), exchange.c_i);
        exchange.check_our_ead(received.ead_1());
        let id_cred_r = exchange.responder.id_cred();
        let ephemeral = exchange.ephemeral();
        let cred_r = CredentialRef {
            id_cred: &id_cred_r,
            cred: &exchange.responder.ccs,
        };
        let (responder, message_2) = received
            .message_2_static_dh(
                &exchange.responder.secret(),
                ephemeral,
                ConnectionId::new(&exchange.c_r).unwrap(),
                cred_r,
                &ead,
            )
            .unwrap();

        let message_2 = buffer(&message_2);
        let (initiator, c_r, id_cred_r, ead_2) = initiator.parse_message_2(&message_2).unwrap();
        assert_eq!(c_r.as_slice(), exchange.c_r);
        exchange.responder.check_lakers_id_cred(&id_cred_r);
        exchange.check_lakers_ead(ead_2);
        let initiator = initiator
            .verify_message_2(exchange.responder.credential())
            .unwrap();
        let (initiator, message_3, _) = initiator
            .prepare_message_3(exchange.initiator.transfer(), &exchange.lakers_ead())
            .unwrap();

        let unverified = responder.read(message_3.as_slice()).unwrap();
        assert_eq!(
            unverified.id_cred_i(),
            exchange.initiator.id_cred().as_slice()
        );
        let verified = unverified
            .verify(&exchange.initiator.ccs, &exchange.initiator.key)
            .unwrap();
        exchange.check_our_ead(verified.ead_3());
        let (established, message_4) = verified.message_4(&ead).unwrap();

        let message_4 = buffer(&message_4);
        let (initiator, ead_4) = initiator.process_message_4(&message_4).unwrap();
        exchange.check_lakers_ead(ead_4);
        assert_same_keys!(established, initiator);
    }
}
