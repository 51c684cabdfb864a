//! PLAINTEXT_2 under the right keystream: all that a device without a factory key can say.

use std::sync::LazyLock;

use touchstone_proto::{
    error::Error,
    message::{Message, messages},
    phone::{CredentialForm, Leaf, Session},
};

use crate::{peer, seed, vectors};

pub const EPHEMERAL: [u8; 32] = [1; 32];
pub const SECRET: [u8; 32] = [2; 32];

/// A phone that awaits message_2, its message_1 and the keys of whoever answers with [`SECRET`].
pub fn phone(form: CredentialForm) -> (Session, Vec<u8>) {
    let (phone, hello) = Session::start(form, 1, &EPHEMERAL, 1).expect("a scalar");
    let message_1 = match messages(&hello).next() {
        Some(Ok(Message::Hello { message_1, .. })) => message_1.to_vec(),
        other => panic!("{other:?}"),
    };
    (phone, message_1)
}

/// The Responder's G_Y and keys.
pub static RESPONDER: LazyLock<([u8; 32], peer::Keys)> = LazyLock::new(|| {
    let (_, message_1) = phone(CredentialForm::ByValue);
    let g_y = peer::g(&SECRET);
    let g_x = peer::g(&EPHEMERAL);
    let keys = peer::Keys::new(&SECRET, &g_x, &g_y, &message_1);
    (g_y, keys)
});

pub fn run(input: &[u8]) {
    let Some((mode, plaintext_2)) = input.split_first() else {
        return;
    };
    let (g_y, keys) = &*RESPONDER;
    let by_reference = mode & 1 != 0;
    let form = if by_reference {
        CredentialForm::ByReference
    } else {
        CredentialForm::ByValue
    };
    let (mut phone, _) = phone(form);
    let message_2 = peer::message_2(keys, g_y, plaintext_2);
    if phone.handle(Message::Message2(&message_2)).is_err() {
        return;
    }
    let der = match phone.leaf() {
        Some(Leaf::ByValue(der)) => {
            assert!(
                plaintext_2
                    .windows(der.len().max(1))
                    .any(|part| part == der)
                    || der.is_empty()
            );
            der.to_vec()
        }
        Some(Leaf::Reference(hash)) => {
            assert!(by_reference && plaintext_2.windows(8).any(|part| part == hash));
            vec![0; 435]
        }
        None => panic!("a phone that reads message_2 knows the leaf"),
    };
    // Nothing here is signed.
    let refused = phone.authenticate(&der, &peer::public(&peer::signing_key(9)), &[1; 17]);
    assert!(
        matches!(refused, Err(Error::NotAuthentic(_))),
        "{refused:?}"
    );
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = vectors::field("log_PLAINTEXT_2")
        .iter()
        .map(|plaintext| seed(0, plaintext))
        .collect();
    let signature = [3; 64];
    let ead = [0x15, 0x44, 0x81, 0x19, 0x01, 0x07];
    let by_value = [&[0xa1, 0x18, 0x21], &peer::bstr(&[5; 40])[..]].concat();
    let by_reference = [&[0xa1, 0x18, 0x22, 0x82, 0x2e], &peer::bstr(&[5; 8])[..]].concat();
    seeds.push(seed(0, &peer::plaintext(&[2], &by_value, &signature, &ead)));
    seeds.push(seed(
        1,
        &peer::plaintext(&[2], &by_reference, &signature, &ead),
    ));
    seeds.push(seed(
        1,
        &peer::plaintext(&[0x42, 1, 2], &[0x2b], &signature, &[]),
    ));
    seeds
}
