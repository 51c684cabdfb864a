//! What mutants of the verification paths survived until it was tested (docs/FUZZING.md).

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_trust::{
    Bundle, BundleError, DevelopmentPolicy, issue::DevelopmentPki, signed::MAX_SIGNED_BUNDLE,
};

fn vendor() -> SigningKey {
    SigningKey::from_slice(&[6; 32]).unwrap()
}

/// A bundle whose signed form has this many bytes.
fn signed(pki: &DevelopmentPki, length: usize) -> Vec<u8> {
    let with = |padding: usize| {
        let mut contents = pki.contents();
        contents.lines[0].revoked_serials.push(vec![0x51; padding]);
        let signature: Signature = vendor().sign(&contents.to_be_signed());
        contents.signed(&signature.to_bytes().into())
    };
    let padding = 1 << 17;
    let message = with(padding + length - with(padding).len());
    assert_eq!(message.len(), length);
    message
}

#[test]
fn the_largest_bundle_is_read_and_a_larger_one_is_not() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let key = vendor().verifying_key().to_sec1_point(false);
    let key: [u8; 65] = key.as_bytes().try_into().unwrap();
    let read = |length| Bundle::from_signed(&signed(&pki, length), &key).map(|_| ());
    assert_eq!(read(MAX_SIGNED_BUNDLE), Ok(()));
    for length in [MAX_SIGNED_BUNDLE + 1, MAX_SIGNED_BUNDLE + 2] {
        assert_eq!(read(length), Err(BundleError::Malformed));
    }
}

#[test]
fn a_leaf_names_the_models_of_its_own_line() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let mut contents = pki.contents();
    contents.lines[1].models = vec![0x0002, 0x0003];
    let bundle = Bundle::new(contents)
        .unwrap()
        .with_development_policy(DevelopmentPolicy::Announce);
    let leaf = |model| {
        let certificate = pki.leaf(&pki.ueid(9), model).certificate;
        bundle.verify_leaf(&certificate).unwrap()
    };
    assert_eq!(leaf(0x0001).models(), [0x0001]);
    assert_eq!(leaf(0x0002).models(), [0x0002, 0x0003]);
}
