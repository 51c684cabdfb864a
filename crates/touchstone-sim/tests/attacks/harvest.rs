//! Somebody records everything and waits for a quantum computer (T13, T8).
//!
//! What it would compute is taken from the random numbers of the simulation: the secrets of both ephemeral P-256 keys. The two long-term keys are not even
//! needed. From there on he has nothing but the recording, RFC 9528 and docs/PROTOCOL.md.

use aes::Aes128;
use ccm::{
    Ccm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
    consts::{U13, U16},
};
use hkdf::Hkdf;
use ml_kem::{Decapsulate, DecapsulationKey768};
use p256::{PublicKey, SecretKey, elliptic_curve::sec1::ToSec1Point};
use sha2::{Digest, Sha256};
use touchstone::{Outcome, Policy, PostQuantum, ports::Entropy};
use touchstone_flow::Step;
use touchstone_sim::{
    HOME_PASSWORD, Room, SimEntropy, Spec, Unit,
    air::{Direction, LinkNumber},
};

use crate::{raw::Way, support::*};

fn wanting(post_quantum: PostQuantum) -> Policy {
    let mut policy = Policy::default();
    policy.post_quantum = post_quantum;
    policy
}

/// One whole set-up with a Wi-Fi password, recorded.
struct Recording {
    room: Room,
    message_1: Vec<u8>,
    message_2: Vec<u8>,
    message_3: Vec<u8>,
    /// Records of the phone, in order.
    records: Vec<Vec<u8>>,
}

impl Recording {
    fn of(seed: u64, post_quantum: PostQuantum) -> Self {
        let (room, lamp) = room_with_lamp(seed);
        let told = try_with(&room, honest(&lamp), wanting(post_quantum), s(60));
        assert_eq!(told.outcome(), Outcome::Connected);
        let flown = envelopes(&room.world.log());
        let sent = |direction, kind| {
            flown
                .iter()
                .filter(move |flown| flown.direction == direction)
                .flat_map(Flown::messages)
                .filter_map(move |(its, body)| (its == kind).then_some(body))
                .collect::<Vec<_>>()
        };
        let first = |direction, kind| sent(direction, kind).remove(0);
        Self {
            message_1: first(Direction::Up, HELLO),
            message_2: first(Direction::Down, MESSAGE_2),
            message_3: first(Direction::Up, MESSAGE_3),
            records: sent(Direction::Up, RECORD),
            room,
        }
    }

    /// G_X without its head.
    fn g_x(&self) -> &[u8] {
        match self.message_1.as_slice() {
            [0x00, 0x03, 0x58, 0x20, rest @ ..] => &rest[..32],
            [0x00, 0x34, 0x59, 0x04, 0xc0, rest @ ..] => &rest[..1216],
            other => panic!("{:x?}", &other[..8]),
        }
    }

    /// G_Y and CIPHERTEXT_2.
    fn g_y(&self) -> (&[u8], &[u8]) {
        let length = if self.g_x().len() == 32 {
            32
        } else {
            32 + 1088
        };
        string(&self.message_2).0.split_at(length)
    }

    /// What breaking P-256 gives: the Diffie-Hellman secret of the two ephemeral keys.
    fn broken_ecdh(&self) -> Vec<u8> {
        let (x, _) = discrete_logarithm(&self.room, "phone 0 app 1", &self.g_x()[..32]);
        let (y, _) = discrete_logarithm(&self.room, "device 1 Genuine", &self.g_y().0[..32]);
        let secret = x.diffie_hellman(&y.public_key());
        secret.raw_secret_bytes().to_vec()
    }

    /// Everything the phone has sealed, if this is G_XY.
    fn open(&self, g_xy: &[u8]) -> Option<Vec<Vec<u8>>> {
        let (g_y, ciphertext_2) = self.g_y();
        let th_2 = hash(&[&bstr(g_y), &bstr(&hash(&[&self.message_1]))]);
        let (prk, _) = Hkdf::<Sha256>::extract(Some(&th_2), g_xy);
        let prk = prk.to_vec();
        let keystream = kdf(&prk, 0, &th_2, ciphertext_2.len());
        let plaintext_2: Vec<u8> = ciphertext_2
            .iter()
            .zip(keystream)
            .map(|(byte, key)| byte ^ key)
            .collect();
        // C_R, { 33 => leaf }.
        let leaf = plaintext_2
            .get(1..)?
            .strip_prefix(&[0xa1, 0x18, 0x21, 0x59])?;
        let length = usize::from(u16::from_be_bytes([*leaf.first()?, *leaf.get(1)?]));
        let th_3 = hash(&[&bstr(&th_2), &plaintext_2, &bstr(leaf.get(2..2 + length)?)]);
        let plaintext_3 = decrypt(&prk, &th_3, string(&self.message_3).0)?;
        // { 14 => CCS of 46 bytes }.
        let ccs = plaintext_3.strip_prefix(&[0xa1, 0x0e])?.get(..46)?;
        let th_4 = hash(&[&bstr(&th_3), &plaintext_3, ccs]);
        let exporter = kdf(&kdf(&prk, 7, &th_4, 32), 10, &[], 32);
        let context = b"\x82\x64TS/1\x01";
        let key = kdf(&exporter, 0x8001, context, 32);
        let iv = kdf(&exporter, 0x8003, context, 24);
        let mut up = Way::new(key.try_into().ok()?, iv[..12].try_into().ok()?);
        self.records.iter().map(|record| up.open(record)).collect()
    }
}

/// The secret key of a public one: whoever computes it draws the same numbers as the one whose key it is. What was drawn next comes along.
fn discrete_logarithm(room: &Room, whose: &str, x: &[u8]) -> (SecretKey, Vec<u8>) {
    let mut drawn = vec![0; 4096];
    SimEntropy::new(&room.world, whose).fill(&mut drawn);
    (0..4000)
        .step_by(8)
        .find_map(|at| {
            let secret = SecretKey::from_slice(&drawn[at..at + 32]).ok()?;
            let point: PublicKey = secret.public_key();
            let is_it = point
                .to_sec1_point(false)
                .x()
                .is_some_and(|own| own[..] == *x);
            is_it.then(|| (secret, drawn[at + 32..].to_vec()))
        })
        .expect("drawn early")
}

fn hash(pieces: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(pieces.concat()).into()
}

/// The head of an integer (major type 0) or a string (0x40), below 2^16.
fn head(kind: u8, number: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    match number {
        0..=23 => vec![kind | low],
        24..=255 => vec![kind | 24, low],
        _ => vec![kind | 25, high, low],
    }
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    [&head(0x40, bytes.len()), bytes].concat()
}

/// The content of a byte string, and what comes after it.
fn string(encoded: &[u8]) -> (&[u8], &[u8]) {
    match encoded {
        [0x58, length, rest @ ..] => rest.split_at(usize::from(*length)),
        [0x59, high, low, rest @ ..] => {
            rest.split_at(usize::from(u16::from_be_bytes([*high, *low])))
        }
        other => panic!("{other:x?}"),
    }
}

/// EDHOC_KDF (RFC 9528 section 4.1.2).
fn kdf(prk: &[u8], label: usize, context: &[u8], length: usize) -> Vec<u8> {
    let info = [head(0, label), bstr(context), head(0, length)].concat();
    let mut out = vec![0; length];
    Hkdf::<Sha256>::from_prk(prk)
        .unwrap()
        .expand(&info, &mut out)
        .unwrap();
    out
}

/// PLAINTEXT_3 (RFC 9528 section 5.4.2).
fn decrypt(prk: &[u8], th_3: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let cipher = Ccm::<Aes128, U16, U13>::new_from_slice(&kdf(prk, 3, th_3, 16)).ok()?;
    let nonce = kdf(prk, 4, th_3, 13);
    let associated = [&b"\x83\x68Encrypt0\x40"[..], &bstr(th_3)].concat();
    let (ciphertext, tag) = ciphertext.split_last_chunk::<16>()?;
    let mut plaintext = ciphertext.to_vec();
    cipher
        .decrypt_inout_detached(
            nonce.as_slice().try_into().ok()?,
            &associated,
            InOutBuf::from(plaintext.as_mut_slice()),
            tag.into(),
        )
        .ok()?;
    Some(plaintext)
}

/// The attack is real.
#[test]
fn t13_a_recording_in_the_classical_suite_opens_once_p256_is_broken() {
    let recording = Recording::of(131, PostQuantum::Off);
    let opened = recording.open(&recording.broken_ecdh()).expect("it opens");
    assert!(occurs(&opened, HOME_PASSWORD.as_bytes()));
    assert!(recording.open(&[0x5a; 32]).is_none());
}

#[test]
fn t13_a_recording_in_the_hybrid_suite_stays_closed_when_p256_is_broken() {
    for wanted in [PostQuantum::Prefer, PostQuantum::Require] {
        let recording = Recording::of(132, wanted);
        assert_eq!(recording.g_x().len(), 32 + 1184);
        let ecdh = recording.broken_ecdh();
        let (key, ciphertext) = (&recording.g_x()[32..], &recording.g_y().0[32..]);
        // Everything he can put in the place of the other half.
        for other in [
            Vec::new(),
            vec![0; 32],
            ecdh.clone(),
            hash(&[key]).to_vec(),
            hash(&[ciphertext]).to_vec(),
            hash(&[key, ciphertext]).to_vec(),
            key[..32].to_vec(),
            ciphertext[..32].to_vec(),
        ] {
            let guess = [ecdh.clone(), other].concat();
            assert!(recording.open(&guess).is_none());
        }

        // That half is all that he lacks: with it the same recording opens.
        let (_, next) =
            discrete_logarithm(&recording.room, "phone 0 app 1", &recording.g_x()[..32]);
        let seed: [u8; 64] = next[..64].try_into().unwrap();
        let pair = DecapsulationKey768::from_seed(seed.into());
        let kem = pair.decapsulate(ciphertext.try_into().unwrap());
        assert!(recording.open(&kem).is_none(), "and the other way round");
        let opened = recording.open(&[&ecdh[..], &kem[..]].concat());
        assert!(occurs(&opened.unwrap(), HOME_PASSWORD.as_bytes()));
    }
}

/// How often each kind of message_1 flew, by its SUITES_I.
fn suites_offered(room: &Room, lamp: &Unit) -> [usize; 3] {
    let hellos: Vec<Vec<u8>> = envelopes(&room.world.log().with_device(lamp.id()))
        .iter()
        .flat_map(Flown::messages)
        .filter_map(|(kind, body)| (kind == HELLO).then_some(body))
        .collect();
    [&[0x34][..], &[0x82, 0x34, 0x03], &[0x03]].map(|suites| {
        hellos
            .iter()
            .filter(|body| body[1..].starts_with(suites))
            .count()
    })
}

#[test]
fn t13_a_device_without_the_hybrid_suite_is_asked_again_over_the_same_link() {
    let room = Room::new(133);
    let lamp = room.unit(&Spec::lamp(1).without_hybrid());
    let told = try_with(&room, honest(&lamp), wanting(PostQuantum::Prefer), s(60));
    assert_eq!(told.outcome(), Outcome::Connected);
    assert_eq!(suites_offered(&room, &lamp), [1, 1, 0]);
    assert_eq!(room.world.log().summary().links, 1);
}

#[test]
fn t13_where_it_is_required_nothing_goes_to_a_device_without_the_hybrid_suite() {
    let room = Room::new(134);
    let lamp = room.unit(&Spec::lamp(1).without_hybrid());
    let told = try_with(&room, honest(&lamp), wanting(PostQuantum::Require), s(60));
    assert!(told.shows(|step| matches!(step, Step::NotChecked)));
    assert!(!told.asks_for_a_touch() && !told.accuses());
    let [hybrid, after, classical] = suites_offered(&room, &lamp);
    assert!(hybrid >= 1 && after == 0 && classical == 0);
    assert_got_nothing(&room, &lamp);
}

/// He makes the device refuse and its refusal name the classical suite alone, and then does `instead` to the phone's second choice.
fn with_a_forged_refusal(
    seed: u64,
    wanted: PostQuantum,
    instead: fn(&mut Vec<u8>),
) -> (Room, Unit) {
    let (room, lamp) = room_with_lamp(seed);
    let mut deceived: Option<LinkNumber> = None;
    room.world.put_in_the_middle(move |passing| {
        let mut bytes = passing.bytes.clone();
        match (passing.direction, passing.opens) {
            // Flags, sequence, ack, total, kind, version, hints, METHOD, SUITES_I.
            (Direction::Up, Some(HELLO)) if bytes[9] == 0x34 => bytes[9] = 0x02,
            (Direction::Up, Some(HELLO)) => instead(&mut bytes),
            (Direction::Down, Some(EDHOC_ERROR)) if deceived != Some(passing.link) => {
                assert_eq!(bytes[5..], [EDHOC_ERROR, 0x02, 0x82, 0x34, 0x03]);
                bytes.truncate(7);
                bytes.push(0x03);
                deceived = Some(passing.link);
            }
            _ => return vec![bytes],
        }
        let removed = u16::try_from(passing.bytes.len() - bytes.len()).unwrap();
        let total = u16::from_be_bytes([bytes[3], bytes[4]]) - removed;
        bytes[3..5].copy_from_slice(&total.to_be_bytes());
        vec![bytes]
    });
    let told = try_with(&room, honest(&lamp), wanting(wanted), s(40));
    assert_ne!(told.outcome(), Outcome::Connected);
    assert!(!told.asks_for_a_touch() && !told.accuses());
    assert_got_nothing(&room, &lamp);
    (room, lamp)
}

/// T8: the second message_1 still says what the phone wants, and a device that has it takes nothing less.
#[test]
fn t13_a_forged_refusal_does_not_make_a_device_do_without_the_hybrid_suite() {
    let (room, lamp) = with_a_forged_refusal(135, PostQuantum::Prefer, |_| {});
    let [hybrid, after, classical] = suites_offered(&room, &lamp);
    assert!(hybrid >= 1 && after >= 1 && classical == 0);
    // At most one other choice for each first one: nobody can keep the two talking.
    assert!(after <= hybrid, "{hybrid} {after}");
    let links = room.world.log().summary().links;
    assert!(hybrid + after <= 2 * links, "{hybrid} {after} {links}");
    assert_works_again(&room, &lamp);
}

/// T8: taken out of the second message_1 it is missing from what is signed.
#[test]
fn t13_the_hybrid_suite_cannot_be_taken_out_of_message_1() {
    let (room, lamp) = with_a_forged_refusal(136, PostQuantum::Prefer, |bytes| {
        if bytes[9..12] == [0x82, 0x34, 0x03] {
            bytes.drain(9..11);
        }
    });
    // The device did answer, and what it signed was not what the phone had sent.
    let answered = envelopes(&room.world.log())
        .iter()
        .flat_map(Flown::messages)
        .any(|(kind, _)| kind == MESSAGE_2);
    assert!(answered);
    assert_works_again(&room, &lamp);
}

#[test]
fn t13_where_it_is_required_a_forged_refusal_is_not_followed() {
    let (room, lamp) = with_a_forged_refusal(137, PostQuantum::Require, |_| {});
    let [hybrid, after, classical] = suites_offered(&room, &lamp);
    assert!(hybrid >= 1 && after == 0 && classical == 0);
    assert_works_again(&room, &lamp);
}
