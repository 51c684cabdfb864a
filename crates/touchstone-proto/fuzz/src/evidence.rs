//! Evidence: claims alone, claims under the right signature, and a COSE_Sign1 as bytes.

use p256::ecdsa::SigningKey;
use touchstone_proto::{edhoc::PublicKey, fuzz};

use crate::{peer, seed};

pub const UEID: [u8; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
const BINDER: [u8; 32] = [0xbb; 32];
const PROTECTED: [u8; 7] = [0xa2, 0x01, 0x26, 0x10, 0x19, 0x01, 0x07];

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    if mode % 4 < 2 {
        claims(bytes);
        return;
    }
    let key = peer::signing_key(9);
    let public = PublicKey::from_sec1(&peer::public(&key)).expect("a point");
    let honest = sign1(bytes, &BINDER, &key);
    let sign1 = if mode % 4 == 2 { &honest } else { bytes };
    match fuzz::evidence(sign1, &BINDER, &public) {
        Ok(claims) => {
            if mode % 4 == 3 {
                // Only the seed is signed.
                assert_eq!(bytes, self::sign1(&payload(&[0x11; 16]), &BINDER, &key));
            }
            assert_eq!(claims.ueid[0], 1);
            assert!(fuzz::evidence(sign1, &[0; 32], &public).is_err());
        }
        Err(_) => assert!(mode % 4 == 3 || fuzz::claims(bytes).is_err() || bytes.len() > 384),
    }
}

fn claims(payload: &[u8]) {
    let Ok(claims) = fuzz::claims(payload) else {
        return;
    };
    let encoded = fuzz::encode_claims(&claims).expect("claims fit");
    assert_eq!(fuzz::claims(&encoded), Ok(claims));
    // Only the bit sets and the level may come in more than one form.
    let prefix = payload.len().min(70);
    assert_eq!(&encoded[..prefix], &payload[..prefix]);
    assert!(encoded.len() <= payload.len());
}

/// A COSE_Sign1 around any payload.
pub fn sign1(payload: &[u8], binder: &[u8; 32], key: &SigningKey) -> Vec<u8> {
    let structure = [
        &b"\x84\x6aSignature1"[..],
        &peer::bstr(&PROTECTED),
        &peer::bstr(binder),
        &peer::bstr(payload),
    ];
    let signature = peer::sign(key, &structure.concat());
    [
        &[0x84][..],
        &peer::bstr(&PROTECTED),
        &[0xa0],
        &peer::bstr(payload),
        &peer::bstr(&signature),
    ]
    .concat()
}

/// The claims of an honest device (docs/PROTOCOL.md section 5).
pub fn payload(nonce: &[u8; 16]) -> Vec<u8> {
    [
        &[0xa8, 0x0a][..],
        &peer::bstr(nonce),
        &[0x19, 0x01, 0x00],
        &peer::bstr(&UEID),
        &[0x19, 0x01, 0x03, 0x42, 0, 1],
        &[0x19, 0x01, 0x06, 0xf5],
        &[0x19, 0x01, 0x07, 0x03],
        &[0x19, 0x01, 0x0c],
        &peer::bstr(&[0xb0; 8]),
        &[0x19, 0x01, 0x0f, 0x81, 0x65],
        b"1.4.2",
        &[0x3a, 0x00, 0x01, 0x11, 0x70],
        &[0x86, 3, 2, 3, 1, 1, 0x18, 41],
    ]
    .concat()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let payload = payload(&[0x11; 16]);
    vec![
        seed(0, &payload),
        seed(2, &payload),
        seed(3, &sign1(&payload, &BINDER, &peer::signing_key(9))),
    ]
}
