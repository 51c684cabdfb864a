//! message_2 and EDHOC error messages before any key is known: at the engine with every suite and method, and at a phone.

use touchstone_proto::{
    edhoc::{ConnectionId, Ephemeral, Method, Suite, initiator},
    error::{Error, LocalError},
    message::Message,
    phone::{CredentialForm, Session},
};

use crate::{seed, vectors};

pub fn run(input: &[u8]) {
    let Some((mode, input)) = input.split_first() else {
        return;
    };
    let method = if mode & 1 == 0 {
        Method::SignatureSignature
    } else {
        Method::StaticDhStaticDh
    };
    let hybrid = mode & 8 != 0 && method == Method::SignatureSignature;
    let suite = match mode & 2 {
        _ if hybrid => Suite::Aes128CcmMac128P256MlKem768,
        0 => Suite::Aes128CcmMac128P256,
        _ => Suite::Aes128CcmMac64P256,
    };
    let ephemeral = Ephemeral::from_bytes(&[1; 32])
        .expect("a scalar")
        .decapsulating(&[2; 64]);
    let c_i = ConnectionId::new(&[1]).expect("short");
    let (await_2, _) = initiator::start(method, &[suite], ephemeral, c_i, &[]).expect("it fits");
    if let Ok(unverified) = await_2.read(input) {
        let length = if method == Method::SignatureSignature {
            64
        } else {
            suite.mac_length()
        };
        assert_eq!(unverified.signature_or_mac_2().len(), length);
    }
    let form = CredentialForm::ByReference;
    let (mut phone, _) = if hybrid {
        Session::start_hybrid(form, 1, &[1; 32], &[2; 64], 1)
    } else {
        Session::start(form, 1, &[1; 32], 1)
    }
    .expect("a scalar");
    let message = if mode & 4 == 0 {
        Message::Message2(input)
    } else {
        Message::EdhocError(input)
    };
    if phone.handle(message).is_err() {
        assert_eq!(
            phone.handle(message).map(|_| ()),
            Err(Error::Local(LocalError::Poisoned))
        );
    } else {
        assert!(phone.leaf().is_some());
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = vectors::field("message_2")
        .iter()
        .enumerate()
        .map(|(number, message)| seed(number as u8 & 3, message))
        .collect();
    // G_Y, a ciphertext that decapsulates to something, and noise.
    seeds.push(seed(8, &[&[0x59, 0x04, 0x90][..], &crate::peer::g(&[6; 32]), &[7; 1136]].concat()));
    seeds.push(seed(12, &[2, 3]));
    seeds.extend(
        [
            &[1, 0x62, b'n', b'o'][..],
            &[2, 3],
            &[2, 0x82, 3, 2],
            &[3, 0xf5],
        ]
        .map(|error| seed(4, error)),
    );
    seeds
}
