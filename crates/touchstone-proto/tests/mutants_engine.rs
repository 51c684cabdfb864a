//! What mutants of the engine's verification paths survived until it was tested (docs/FUZZING.md).

use touchstone_proto::{
    edhoc::{
        ConnectionId, CredentialId, CredentialRef, Ephemeral, Method, StaticSecret, Suite,
        initiator,
        responder::{AwaitMessage1, AwaitMessage3},
    },
    error::{Error, LocalError, Misbehaviour},
};

const METHODS: [Method; 1] = [Method::StaticDhStaticDh];
const SUITES: [Suite; 1] = [Suite::Aes128CcmMac64P256];

/// Runs messages 1 and 2 of method 3 with this `ID_CRED_R`, and returns it as the Initiator reads it.
fn conveyed(id_cred: &[u8]) -> Vec<u8> {
    let c_i = ConnectionId::new(&[1]).unwrap();
    let ephemeral = Ephemeral::from_bytes(&[1; 32]).unwrap();
    let (phone, message_1) = initiator::start(METHODS[0], &SUITES, ephemeral, c_i, &[]).unwrap();
    let credential = CredentialRef {
        id_cred,
        cred: &[0x41, 7],
    };
    let (_, message_2) = AwaitMessage1::new(&METHODS, &SUITES)
        .read(&message_1)
        .unwrap()
        .message_2_static_dh(
            &StaticSecret::from_bytes(&[2; 32]).unwrap(),
            Ephemeral::from_bytes(&[3; 32]).unwrap(),
            ConnectionId::new(&[2]).unwrap(),
            credential,
            &[],
        )
        .unwrap();
    phone.read(&message_2).unwrap().id_cred_r().to_vec()
}

#[test]
fn a_key_id_of_one_byte_that_is_no_small_integer_is_conveyed_as_a_byte_string() {
    for kid in [0x18, 0x38, 0x80, 0xff] {
        let id_cred = CredentialId::Kid(&[kid]).encode().unwrap();
        assert_eq!(conveyed(&id_cred), id_cred.as_slice(), "{kid:#x}");
    }
}

#[test]
fn a_hash_under_an_algorithm_with_a_name_is_a_reference_we_do_not_know() {
    // {34: ["ab", h'00']}
    let id_cred = [0xa1, 0x18, 0x22, 0x82, 0x62, b'a', b'b', 0x41, 0x00];
    assert_eq!(CredentialId::parse(&id_cred), Ok(CredentialId::Other));
}

/// The longest message, in bytes.
const LONGEST: usize = 2048;

/// An EAD field of this length: one item.
fn ead(length: usize) -> Vec<u8> {
    let mut field = vec![1, 0x59];
    field.extend(u16::try_from(length - 4).unwrap().to_be_bytes());
    field.resize(length, 0xee);
    field
}

fn start(ead_1: &[u8]) -> (initiator::AwaitMessage2, Vec<u8>) {
    let c_i = ConnectionId::new(&[1]).unwrap();
    let ephemeral = Ephemeral::from_bytes(&[1; 32]).unwrap();
    let (phone, message_1) = initiator::start(METHODS[0], &SUITES, ephemeral, c_i, ead_1).unwrap();
    (phone, message_1.to_vec())
}

const CREDENTIAL: CredentialRef<'static> = CredentialRef {
    id_cred: &[0xa1, 0x04, 0x41, 7],
    cred: &[0x41, 7],
};

fn secret(seed: u8) -> StaticSecret {
    StaticSecret::from_bytes(&[seed; 32]).unwrap()
}

fn answer(message_1: &[u8], ead_2: &[u8]) -> (AwaitMessage3, Vec<u8>) {
    let (device, message_2) = AwaitMessage1::new(&METHODS, &SUITES)
        .read(message_1)
        .unwrap()
        .message_2_static_dh(
            &secret(2),
            Ephemeral::from_bytes(&[3; 32]).unwrap(),
            ConnectionId::new(&[2]).unwrap(),
            CREDENTIAL,
            ead_2,
        )
        .unwrap();
    (device, message_2.to_vec())
}

#[test]
fn the_longest_messages_are_read_and_longer_ones_are_not() {
    let too_long = Err(Error::from(Misbehaviour::MessageTooLong));
    let responder = AwaitMessage1::new(&METHODS, &SUITES);
    // message_1 is 37 bytes long without EAD_1.
    let (phone, message_1) = start(&ead(LONGEST - 37));
    assert_eq!(message_1.len(), LONGEST);
    assert!(responder.read(&message_1).is_ok());
    let mut longer = message_1;
    longer.push(0);
    assert_eq!(responder.read(&longer).map(|_| ()), too_long);
    drop(phone);

    // message_2: the head, G_Y, C_R, the key id and a MAC of 8 bytes.
    let room = LONGEST - 3 - 32 - 1 - 1 - 9;
    let (phone, message_1) = start(&[]);
    let (device, message_2) = answer(&message_1, &ead(room));
    assert_eq!(message_2.len(), LONGEST);
    let unverified = phone.read(&message_2).unwrap();
    assert_eq!(unverified.ead_2().as_bytes(), ead(room));
    assert_eq!(
        start(&[])
            .0
            .read(&[&message_2[..], &[0]].concat())
            .map(|_| ()),
        too_long
    );
    let key = secret(2).public_key();
    let verified = unverified.verify(CREDENTIAL.cred, &key).unwrap();

    // message_3: the head, the key id, a MAC and a tag of 8 bytes each.
    let room = LONGEST - 3 - 1 - 9 - 8;
    let (phone, message_3) = verified
        .message_3_static_dh(&secret(4), CREDENTIAL, &ead(room))
        .unwrap();
    assert_eq!(message_3.len(), LONGEST);
    let unverified = device.read(&message_3).unwrap();
    assert_eq!(unverified.ead_3().as_bytes(), ead(room));
    let key = secret(4).public_key();
    let verified = unverified.verify(CREDENTIAL.cred, &key).unwrap();

    let room = LONGEST - 3 - 8;
    let (_, message_4) = verified.message_4(&ead(room)).unwrap();
    assert_eq!(message_4.len(), LONGEST);
    let (_, ead_4) = phone.read(&message_4).unwrap();
    assert_eq!(ead_4.as_slice(), ead(room));
}

#[test]
fn the_mac_that_is_shown_is_the_one_that_came() {
    let (phone, message_1) = start(&[]);
    let (device, message_2) = answer(&message_1, &[]);
    let unverified = phone.read(&message_2).unwrap();
    let mac_2 = unverified.signature_or_mac_2().to_vec();
    assert_eq!(mac_2.len(), 8);
    assert!(mac_2.iter().any(|byte| *byte > 1));
    let key = secret(2).public_key();
    let (_, message_3) = unverified
        .verify(CREDENTIAL.cred, &key)
        .unwrap()
        .message_3_static_dh(&secret(4), CREDENTIAL, &[])
        .unwrap();
    let unverified = device.read(&message_3).unwrap();
    let mac_3 = unverified.signature_or_mac_3();
    assert_eq!(mac_3.len(), 8);
    assert!(mac_3 != mac_2 && mac_3.iter().any(|byte| *byte > 1));
}

/// A session of method 3 before message_3.
fn verified() -> initiator::VerifiedMessage2 {
    let (phone, message_1) = start(&[]);
    let (_, message_2) = answer(&message_1, &[]);
    let unverified = phone.read(&message_2).unwrap();
    unverified
        .verify(CREDENTIAL.cred, &secret(2).public_key())
        .unwrap()
}

#[test]
fn nobody_signs_in_a_session_of_the_method_that_does_not() {
    let wrong = Err(Error::from(LocalError::WrongMethod));
    let signed = verified().message_3(CREDENTIAL, &[]);
    assert_eq!(signed.map(|_| ()), wrong);
    let signed = AwaitMessage1::new(&METHODS, &SUITES)
        .read(&start(&[]).1)
        .unwrap()
        .message_2(
            Ephemeral::from_bytes(&[3; 32]).unwrap(),
            ConnectionId::new(&[2]).unwrap(),
            CREDENTIAL,
            &[],
        );
    assert_eq!(signed.map(|_| ()), wrong);
}

#[test]
fn a_credential_of_our_own_is_named_by_a_map_of_something() {
    let malformed = Err(Error::from(LocalError::CredentialIdMalformed));
    for id_cred in [&[0xa0][..], &[0x41, 7], &[0xa1, 0x04, 0x41, 7, 0]] {
        let credential = CredentialRef {
            id_cred,
            ..CREDENTIAL
        };
        let sent = verified().message_3_static_dh(&secret(4), credential, &[]);
        assert_eq!(sent.map(|_| ()), malformed, "{id_cred:x?}");
    }
}

#[test]
fn a_signature_that_is_no_pair_of_scalars_is_not_sent() {
    let c_i = ConnectionId::new(&[1]).unwrap();
    let ephemeral = Ephemeral::from_bytes(&[1; 32]).unwrap();
    let method = Method::SignatureSignature;
    let (_, message_1) = initiator::start(method, &SUITES, ephemeral, c_i, &[]).unwrap();
    let key = p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap();
    let sign = |message: &[u8]| -> [u8; 64] {
        let signature: p256::ecdsa::Signature = p256::ecdsa::signature::Signer::sign(&key, message);
        signature.to_bytes().into()
    };
    let device = AwaitMessage1::new(&[method], &SUITES)
        .read(&message_1)
        .unwrap()
        .message_2(
            Ephemeral::from_bytes(&[3; 32]).unwrap(),
            ConnectionId::new(&[2]).unwrap(),
            CREDENTIAL,
            &[],
        )
        .unwrap();
    let signature = sign(device.to_be_signed());
    let (_, message_2) = device.signed(&signature).unwrap();
    let phone = || {
        let c_i = ConnectionId::new(&[1]).unwrap();
        let ephemeral = Ephemeral::from_bytes(&[1; 32]).unwrap();
        let (phone, _) = initiator::start(method, &SUITES, ephemeral, c_i, &[]).unwrap();
        let unverified = phone.read(&message_2).unwrap();
        let verified = unverified
            .verify(CREDENTIAL.cred, &secret(2).public_key())
            .unwrap();
        verified.message_3(CREDENTIAL, &[]).unwrap()
    };
    assert!(phone().signed(&sign(phone().to_be_signed())).is_ok());
    let refused = Err(Error::from(LocalError::InvalidSignature));
    for signature in [[0; 64], [0xff; 64]] {
        assert_eq!(phone().signed(&signature).map(|_| ()), refused);
    }
}
