//! message_1, at the engine with every suite and method, and at a device.

use touchstone_proto::{
    HIGHEST_VERSION,
    device::{Event, Session, Suites},
    edhoc::{MAX_MESSAGE, Method, Suite, responder::AwaitMessage1},
    error::{Error, Incompatibility, LocalError},
    message::{MAX_ENVELOPE, Message, messages},
    phone,
};

use crate::{message_3::Factory, peer, vectors};

const METHODS: [Method; 2] = [Method::SignatureSignature, Method::StaticDhStaticDh];
const SUITES: [Suite; 3] = [
    Suite::Aes128CcmMac128P256MlKem768,
    Suite::Aes128CcmMac64P256,
    Suite::Aes128CcmMac128P256,
];

pub fn run(input: &[u8]) {
    if let Ok(received) = AwaitMessage1::new(&METHODS, &SUITES).read(input) {
        assert!(input.len() <= MAX_MESSAGE);
        // METHOD and EAD_1 stand where they must.
        assert_eq!(i64::from(input[0]), received.method().identifier());
        assert!(input.ends_with(received.ead_1().as_bytes()));
    }
    let mut device = Session::taking(Suites::WithHybrid);
    let hello = Message::Hello {
        version: HIGHEST_VERSION,
        by_reference: false,
        message_1: input,
    };
    match device.handle(hello) {
        Ok(Event::Hello { hybrid, .. }) => {
            let answer = if hybrid {
                device.message_2_hybrid(&[5; 435], &[6; 32], &[7; 32], 2, &Factory)
            } else {
                device.message_2(&[5; 435], &[6; 32], 2, &Factory)
            };
            let answer = answer.expect("a device can answer what it has read");
            assert!(answer.len() <= MAX_ENVELOPE);
        }
        Ok(other) => panic!("{other:?}"),
        // The one thing after which it may be asked again.
        Err(Error::PeerIncompatible(Incompatibility::Suite { .. })) => {
            assert!(device.farewell().is_some_and(|error| error.len() < 16));
            assert!(device.awaits_hello());
        }
        Err(_) => {
            assert!(device.farewell().is_some_and(|error| error.len() < 16));
            assert_eq!(
                device.handle(hello).map(|_| ()),
                Err(Error::Local(LocalError::Poisoned))
            );
        }
    }
}

/// What a phone of TS/1 sends.
pub fn honest(ephemeral: &[u8; 32]) -> Vec<u8> {
    [&[0, 3], &peer::bstr(&peer::g(ephemeral))[..], &[1, 0x14]].concat()
}

/// What a phone sends that wants the hybrid suite.
fn hybrid() -> Vec<u8> {
    let form = phone::CredentialForm::ByValue;
    let (_, hello) =
        phone::Session::start_hybrid(form, 1, &[1; 32], &[2; 64], 1).expect("a scalar");
    match messages(&hello).next() {
        Some(Ok(Message::Hello { message_1, .. })) => message_1.to_vec(),
        other => panic!("{other:?}"),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::field("message_1");
    seeds.extend(vectors::invalid_message_1());
    seeds.push(honest(&[1; 32]));
    seeds.push(hybrid());
    seeds
}
