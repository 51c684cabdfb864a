//! The signed form of a bundle, also against a second COSE implementation.

use coset::{CborSerializable, CoseSign1, TaggedCborSerializable, iana};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use proptest::prelude::*;
use touchstone_proto::{evidence::FirmwareVersion, record::Level};
use touchstone_trust::{
    Bundle, BundleContents, BundleError, DevelopmentPolicy, ModelPolicy, issue::DevelopmentPki,
    signed::MAX_SIGNED_BUNDLE,
};

use crate::support::{Factory, SERIAL, UEID, key};

fn public(key: &SigningKey) -> [u8; 65] {
    key.verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .try_into()
        .unwrap()
}

fn rich() -> BundleContents {
    let mut contents = Factory::new().contents();
    let development = DevelopmentPki::from_seed([7; 32]).contents();
    contents.development_roots = development.development_roots;
    contents
        .models
        .extend(development.models.into_iter().skip(1));
    contents.lines.extend(development.lines.into_iter().skip(1));
    contents.lines[0].revoked_serials = vec![vec![0x99], vec![1; 20]];
    contents.revoked_ueids = vec![[1; 17], [2; 17]];
    contents.models[0].policy = ModelPolicy {
        minimum_level: Level::L2,
        minimum_firmware: FirmwareVersion {
            major: 1,
            minor: 300,
            patch: 65_535,
        },
        allowed_without_actuators: true,
    };
    contents
}

fn signed(contents: &BundleContents, key: &SigningKey) -> Vec<u8> {
    let signature: Signature = key.sign(&contents.to_be_signed());
    contents.signed(&signature.to_bytes().into())
}

/// A message around another payload, with a signature that holds.
fn around(payload: &[u8]) -> Vec<u8> {
    let mut message = CoseSign1::from_slice(&signed(&rich(), &key(20))).unwrap();
    message.payload = Some(payload.to_vec());
    message.signature = Signer::<Signature>::sign(&key(20), &message.tbs_data(&[]))
        .to_bytes()
        .to_vec();
    message.to_vec().unwrap()
}

#[test]
fn a_signed_bundle_is_the_bundle_that_was_signed() {
    let contents = rich();
    let message = signed(&contents, &key(20));
    let bundle = Bundle::from_signed(&message, &public(&key(20)))
        .unwrap()
        .with_development_policy(DevelopmentPolicy::Announce);
    assert_eq!(bundle.sequence(), contents.sequence);
    assert_eq!(bundle.not_after(), contents.not_after);
    for model in &contents.models {
        assert_eq!(bundle.model(model.class), Some(model));
    }
    assert!(bundle.verify_leaf(&Factory::new().leaf()).is_ok());
    let pki = DevelopmentPki::from_seed([7; 32]);
    assert!(
        bundle
            .verify_leaf(&pki.leaf(&UEID, 0x0002).certificate)
            .unwrap()
            .is_development()
    );
}

#[test]
fn revocations_travel_in_the_signed_bundle() {
    let leaf = Factory::new().leaf();
    for revoke in [
        (|contents: &mut BundleContents| contents.revoked_ueids.push(UEID))
            as fn(&mut BundleContents),
        |contents| contents.lines[0].revoked_serials.push(SERIAL.to_vec()),
    ] {
        let mut contents = rich();
        revoke(&mut contents);
        let bundle = Bundle::from_signed(&signed(&contents, &key(20)), &public(&key(20))).unwrap();
        assert!(bundle.verify_leaf(&leaf).is_err());
    }
}

#[test]
fn another_cose_implementation_reads_and_verifies_it() {
    let contents = rich();
    let message = CoseSign1::from_slice(&signed(&contents, &key(20))).unwrap();
    assert_eq!(
        message.protected.header.alg,
        Some(coset::Algorithm::Assigned(iana::Algorithm::ES256))
    );
    assert_eq!(message.tbs_data(&[]), contents.to_be_signed());
    assert_eq!(message.payload, Some(contents.to_payload()));
}

#[test]
fn a_bundle_signed_by_another_key_or_changed_is_refused() {
    let message = signed(&rich(), &key(20));
    let wrong = |message: &[u8], vendor: &SigningKey| {
        Bundle::from_signed(message, &public(vendor)).unwrap_err()
    };
    assert_eq!(wrong(&message, &key(21)), BundleError::Signature);
    for index in 0..message.len() {
        let mut changed = message.clone();
        changed[index] ^= 0x01;
        assert!(
            matches!(
                wrong(&changed, &key(20)),
                BundleError::Signature | BundleError::Malformed
            ),
            "byte {index}"
        );
    }
    let mut off_curve = public(&key(20));
    off_curve[64] ^= 1;
    assert_eq!(
        Bundle::from_signed(&message, &off_curve).unwrap_err(),
        BundleError::Signature
    );
}

#[test]
fn other_envelopes_with_a_good_signature_are_refused() {
    let message = CoseSign1::from_slice(&signed(&rich(), &key(20))).unwrap();
    let vendor = public(&key(20));
    let tagged = message.clone().to_tagged_vec().unwrap();
    let mut with_hint = message.clone();
    with_hint.unprotected.key_id = vec![1];
    let mut untyped = message.clone();
    untyped.protected.header.rest.clear();
    untyped.protected.original_data = None;
    untyped.signature = Signer::<Signature>::sign(&key(20), &untyped.tbs_data(&[]))
        .to_bytes()
        .to_vec();
    for other in [
        tagged,
        with_hint.to_vec().unwrap(),
        untyped.to_vec().unwrap(),
    ] {
        assert_eq!(
            Bundle::from_signed(&other, &vendor).unwrap_err(),
            BundleError::Malformed
        );
    }
    let longer = [signed(&rich(), &key(20)), vec![0]].concat();
    assert_eq!(
        Bundle::from_signed(&longer, &vendor).unwrap_err(),
        BundleError::Malformed
    );
}

#[test]
fn a_good_signature_over_a_bad_payload_does_not_help() {
    let vendor = public(&key(20));
    let good = rich().to_payload();
    assert!(Bundle::from_signed(&around(&good), &vendor).is_ok());
    let mut next_format = good.clone();
    next_format[1] = 2;
    let truncated = &good[..good.len() - 1];
    let longer = [good.as_slice(), &[0]].concat();
    let endless: &[u8] = &[
        0x89, 1, 0, 0, 0x60, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ];
    for payload in [&next_format, truncated, &longer, endless, &[]] {
        assert_eq!(
            Bundle::from_signed(&around(payload), &vendor).unwrap_err(),
            BundleError::Malformed
        );
    }
    let mut rootless = rich();
    rootless.roots.clear();
    rootless.development_roots.clear();
    assert_eq!(
        Bundle::from_signed(&signed(&rootless, &key(20)), &vendor).unwrap_err(),
        BundleError::NoRoots
    );
}

#[test]
fn a_language_named_twice_or_out_of_order_is_refused() {
    let payload = Factory::new().contents().to_payload();
    let german = payload
        .windows(3)
        .position(|window| window == b"\x62de")
        .unwrap();
    for language in [b"en", b"fr"] {
        let mut bent = payload.clone();
        bent[german + 1..german + 3].copy_from_slice(language);
        assert_eq!(
            Bundle::from_signed(&around(&bent), &public(&key(20))).unwrap_err(),
            BundleError::Malformed
        );
    }
}

#[test]
fn a_bundle_that_asks_for_a_level_there_is_not_is_refused() {
    let payload = Factory::new().contents().to_payload();
    // The model comes last: its level, the three numbers of its firmware, whether it may be without actuators.
    let level = payload.len() - 6;
    assert_eq!(payload[level..], [1, 0x83, 0, 0, 0, 0xf4]);
    for unknown in [0, 3, 23] {
        let mut bent = payload.clone();
        bent[level] = unknown;
        assert_eq!(
            Bundle::from_signed(&around(&bent), &public(&key(20))).unwrap_err(),
            BundleError::Malformed
        );
    }
}

#[test]
fn an_oversized_bundle_is_refused_unread() {
    let huge = vec![0x84; MAX_SIGNED_BUNDLE + 1];
    assert_eq!(
        Bundle::from_signed(&huge, &public(&key(20))).unwrap_err(),
        BundleError::Malformed
    );
}

proptest! {
    #[test]
    fn random_bytes_are_no_bundle_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Bundle::from_signed(&bytes, &public(&key(20))).is_err());
    }

    #[test]
    fn a_damaged_payload_under_a_good_signature_does_not_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut payload = rich().to_payload();
        for (index, value) in edits {
            *index.get_mut(&mut payload) = value;
        }
        let _ = Bundle::from_signed(&around(&payload), &public(&key(20)));
    }
}
