//! What mutants of the verification paths survived until it was tested (docs/FUZZING.md).

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_proto::{
    evidence::{Claims, DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PresenceKinds, PressKind},
};
use touchstone_trust::{
    Appraiser, Bundle, BundleError, CertificateError, DevelopmentPolicy, LeafCache, LeafError,
    issue::{DevelopmentPki, Extension, PURPOSE, Template},
    signed::MAX_SIGNED_BUNDLE,
    thumbprint,
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

/// The line CA of the first model, and a leaf of it that `bend` changed before it was signed.
fn bent(pki: &DevelopmentPki, bend: impl FnOnce(&mut Template)) -> Vec<u8> {
    let line = pki.line(0x0001);
    let key = vendor();
    let mut template = line
        .leaf_template(
            &pki.ueid(1),
            &[0x51; 8],
            key.verifying_key(),
            PURPOSE,
            1_800_000_000,
        )
        .unwrap();
    bend(&mut template);
    template.sign(line.key()).unwrap()
}

#[test]
fn the_largest_certificate_is_read_and_a_larger_one_is_not() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    let padded = |padding: usize| {
        bent(&pki, |template| {
            template.extensions.push(Extension {
                id: "1.3.6.1.4.1.32473.9".to_owned(),
                critical: false,
                value: vec![0; padding],
            });
        })
    };
    // A signature takes 70 to 72 bytes, so not every padding gives every length.
    let (mut largest, mut larger) = (0, 0);
    for padding in 400..700 {
        let leaf = padded(padding);
        match leaf.len() {
            1024 => {
                assert!(bundle.verify_leaf(&leaf).is_ok());
                largest += 1;
            }
            1025 => {
                let too_long = LeafError::Certificate(CertificateError::TooLong(1025));
                assert_eq!(bundle.verify_leaf(&leaf), Err(too_long));
                larger += 1;
            }
            _ => {}
        }
    }
    assert!(largest > 0 && larger > 0);
}

#[test]
fn a_certificate_may_be_valid_for_one_second() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    let leaf = bent(&pki, |template| template.not_after = template.not_before);
    assert!(bundle.verify_leaf(&leaf).is_ok());
    let leaf = bent(&pki, |template| {
        template.not_after = template.not_before - std::time::Duration::from_secs(1);
    });
    assert_eq!(
        bundle.verify_leaf(&leaf),
        Err(LeafError::Certificate(CertificateError::Validity))
    );
}

#[test]
fn a_subject_of_another_kind_than_a_common_name_is_refused() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    let mut leaf = bent(&pki, |_| {});
    assert!(bundle.verify_leaf(&leaf).is_ok());
    // 2.5.4.3 in the subject, which comes after the issuer, becomes 2.5.4.10.
    let at = leaf.windows(3).rposition(|id| id == [0x55, 4, 3]).unwrap();
    leaf[at + 2] = 10;
    assert_eq!(
        bundle.verify_leaf(&leaf),
        Err(LeafError::Certificate(CertificateError::Subject))
    );
}

#[test]
fn the_leaf_used_longest_ago_makes_room() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    let leaf = |number| pki.leaf(&pki.ueid(number), 0x0001).certificate;
    let capacity = u32::try_from(LeafCache::CAPACITY).unwrap();
    let mut cache = LeafCache::new();
    for number in 0..capacity {
        cache.insert(&bundle, &leaf(number)).unwrap();
    }
    for number in 0..capacity {
        assert!(cache.leaf(&thumbprint(&leaf(number))).is_some());
    }
    for new in 0..3 {
        cache.insert(&bundle, &leaf(capacity + new)).unwrap();
    }
    // Not looked up: that would be use.
    let kept = |number: u32| cache.clone().leaf(&thumbprint(&leaf(number))).is_some();
    for number in 0..capacity {
        assert_eq!(kept(number), number >= 3, "{number}");
    }
}

#[test]
fn the_verdict_names_the_model_of_the_evidence() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    for model_class in [0x0001, 0x0002, 0x0003] {
        let claims = Claims {
            nonce: [9; 16],
            ueid: pki.ueid(5),
            model_class,
            secure_boot: true,
            debug_status: DebugStatus::Disabled,
            boot_id: [5; 8],
            firmware: FirmwareVersion {
                major: 1,
                minor: 0,
                patch: 0,
            },
            reset_epoch: 3,
            presence: PresenceKinds::NONE.with(PressKind::Press),
            actuators: Actuators::from_bits(0x07),
            max_level: Level::L1,
            highest_version: 1,
            boot_count: 11,
        };
        let leaf = pki.leaf(&pki.ueid(5), model_class).certificate;
        let verdict = bundle.appraise(&leaf, &claims).unwrap();
        assert_eq!(verdict.model_class(), model_class);
    }
}
