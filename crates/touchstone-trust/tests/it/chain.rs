//! Who issued the leaf, and when.

use touchstone_trust::{
    Bundle, BundleError, CertificateError, DevelopmentPolicy, LeafCache, LeafError, claimed_key,
    issue::{DevelopmentPki, Extension, MODELS, NEVER, Template, Validity},
    thumbprint,
};

use crate::support::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, Factory, ISSUED, LAMP, LINE_FROM, LINE_UNTIL, PURPOSE,
    SERIAL, UEID, key, line, replace, root,
};

#[test]
fn a_leaf_of_a_known_line_is_verified_and_tells_device_key_and_models() {
    let factory = Factory::new();
    let verified = factory.verify(&factory.leaf()).unwrap();
    assert_eq!(verified.ueid(), &UEID);
    assert_eq!(
        verified.key().as_slice(),
        factory
            .device
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
    );
    assert_eq!(verified.models(), [LAMP]);
    assert_eq!(verified.not_before(), ISSUED);
    assert!(!verified.is_development());
}

#[test]
fn the_key_that_a_certificate_claims_is_readable_without_believing_it() {
    let factory = Factory::new();
    let leaf = factory.leaf();
    let verified = *factory.verify(&leaf).unwrap().key();
    assert_eq!(claimed_key(&leaf), Some(verified));
    assert_eq!(claimed_key(&leaf[1..]), None);
    assert_eq!(claimed_key(&[0x30; 2000]), None);
}

#[test]
fn an_x5chain_of_any_other_number_of_certificates_than_one_is_refused() {
    let factory = Factory::new();
    let bundle = factory.bundle();
    let leaf = factory.leaf();
    assert!(bundle.verify_chain(&[&leaf]).is_ok());
    for number in [0, 2, 3, 10] {
        let mut chain = vec![leaf.as_slice(); number.min(1)];
        chain.resize(number, factory.line.certificate());
        assert_eq!(
            bundle.verify_chain(&chain),
            Err(LeafError::ChainLength(number))
        );
    }
}

#[test]
fn a_leaf_of_a_line_that_expired_since_is_still_accepted() {
    let factory = Factory::new();
    let last = factory.bent(|leaf| leaf.not_before = std::time::Duration::from_secs(LINE_UNTIL));
    assert!(factory.verify(&last).is_ok());
}

#[test]
fn a_leaf_issued_outside_its_lines_validity_is_refused() {
    let factory = Factory::new();
    for issued in [LINE_UNTIL + 1, LINE_FROM - 1] {
        let leaf = factory.bent(|leaf| leaf.not_before = std::time::Duration::from_secs(issued));
        assert_eq!(
            factory.verify(&leaf),
            Err(LeafError::IssuedOutsideLineValidity)
        );
    }
}

#[test]
fn a_revoked_serial_number_or_device_is_refused_and_only_that_one() {
    let factory = Factory::new();
    let leaf = factory.leaf();
    let other = factory.bent(|leaf| {
        leaf.serial = vec![0x52];
        leaf.subject = leaf.subject.replace("0f", "00");
    });

    let mut by_serial = factory.contents();
    by_serial.lines[0].revoked_serials = vec![SERIAL.to_vec()];
    let mut by_ueid = factory.contents();
    by_ueid.revoked_ueids = vec![UEID];
    for contents in [by_serial, by_ueid] {
        let bundle = Bundle::new(contents).unwrap();
        assert_eq!(bundle.verify_leaf(&leaf), Err(LeafError::Revoked));
        assert!(bundle.verify_leaf(&other).is_ok());
    }
}

#[test]
fn a_serial_number_is_revoked_however_many_leading_zeros_it_is_written_with() {
    let factory = Factory::new();
    let high = factory.bent(|leaf| leaf.serial = vec![0xf1, 0x02]);
    for written in [
        vec![0xf1, 0x02],
        vec![0x00, 0xf1, 0x02],
        vec![0, 0, 0xf1, 0x02],
    ] {
        let mut contents = factory.contents();
        contents.lines[0].revoked_serials = vec![written];
        let bundle = Bundle::new(contents).unwrap();
        assert_eq!(bundle.verify_leaf(&high), Err(LeafError::Revoked));
    }
}

#[test]
fn a_serial_number_revoked_on_one_line_says_nothing_about_another_line() {
    let factory = Factory::new();
    let second = factory
        .root
        .line(
            "Second line",
            &[0x43],
            key(9),
            PURPOSE,
            Validity {
                not_before: LINE_FROM,
                not_after: LINE_UNTIL,
            },
        )
        .unwrap();
    let mut contents = factory.contents();
    contents.lines[0].revoked_serials = vec![SERIAL.to_vec()];
    contents.lines.push(touchstone_trust::Line {
        certificate: second.certificate().to_vec(),
        ..Default::default()
    });
    let bundle = Bundle::new(contents).unwrap();
    let leaf = second
        .leaf(&UEID, &SERIAL, key(3).verifying_key(), PURPOSE, ISSUED)
        .unwrap();
    assert!(bundle.verify_leaf(&leaf).is_ok());
}

#[test]
fn a_leaf_under_another_root_is_refused_even_when_the_names_are_the_same() {
    let factory = Factory::new();
    let impostor = Factory {
        root: root("Example root", 11),
        line: line(&root("Example root", 11), 12),
        device: key(3),
    };
    assert_eq!(
        factory.verify(&impostor.leaf()),
        Err(LeafError::UnknownIssuer)
    );

    // The key identifier is only a hint: copying the real one does not help either.
    let copied = factory.template().sign(impostor.line.key()).unwrap();
    assert_eq!(factory.verify(&copied), Err(LeafError::UnknownIssuer));
}

#[test]
fn a_leaf_that_signs_itself_or_was_issued_by_a_leaf_is_refused() {
    let factory = Factory::new();
    let own = factory.template().sign(&factory.device).unwrap();
    assert_eq!(factory.verify(&own), Err(LeafError::UnknownIssuer));

    let below = factory.bent(|leaf| leaf.subject = "01".repeat(17));
    assert!(factory.verify(&below).is_ok());
    let mut child = factory.template();
    child.issuer = "01".repeat(17);
    let child = child.sign(&factory.device).unwrap();
    assert_eq!(factory.verify(&child), Err(LeafError::UnknownIssuer));
}

#[test]
fn a_leaf_that_the_root_issued_itself_is_refused() {
    let factory = Factory::new();
    let leaf = factory
        .root
        .leaf(
            &UEID,
            &SERIAL,
            factory.device.verifying_key(),
            PURPOSE,
            ISSUED,
        )
        .unwrap();
    assert_eq!(factory.verify(&leaf), Err(LeafError::UnknownIssuer));
}

#[test]
fn a_leaf_that_the_root_issued_in_the_name_of_a_line_called_like_it_is_refused() {
    let mut factory = Factory::new();
    let validity = Validity {
        not_before: LINE_FROM,
        not_after: LINE_UNTIL,
    };
    factory.line = factory
        .root
        .line("Example root", &[0x42, 2], key(2), PURPOSE, validity)
        .unwrap();
    assert!(factory.verify(&factory.leaf()).is_ok());
    // The name fits both and the key identifier is the line's: only the length of the path is wrong.
    let past_the_line = factory.template().sign(factory.root.key()).unwrap();
    assert_eq!(
        factory.verify(&past_the_line),
        Err(LeafError::UnknownIssuer)
    );
}

#[test]
fn a_line_below_a_line_cannot_be_in_a_bundle() {
    let factory = Factory::new();
    let validity = Validity {
        not_before: LINE_FROM,
        not_after: LINE_UNTIL,
    };
    let below = factory
        .line
        .line("Line below", &[0x44], key(5), PURPOSE, validity)
        .unwrap();
    let mut contents = factory.contents();
    contents.lines[0].certificate = below.certificate().to_vec();
    assert_eq!(
        Bundle::new(contents).unwrap_err(),
        BundleError::LineUnderNoRoot { index: 0 }
    );
}

#[test]
fn a_ca_used_as_a_leaf_is_refused() {
    let factory = Factory::new();
    for certificate in [factory.line.certificate(), factory.root.certificate()] {
        assert_eq!(
            factory.verify(certificate),
            Err(LeafError::Certificate(CertificateError::BasicConstraints))
        );
    }
    let leaf_with_ca_bit = factory.bent(|leaf| {
        replace(
            leaf,
            BASIC_CONSTRAINTS,
            &Extension::certificate_authority(0).value,
        );
    });
    assert_eq!(
        factory.verify(&leaf_with_ca_bit),
        Err(LeafError::Certificate(CertificateError::BasicConstraints))
    );
}

#[test]
fn a_leaf_naming_another_issuer_key_is_refused() {
    let factory = Factory::new();
    let leaf = factory.bent(|leaf| {
        replace(
            leaf,
            AUTHORITY_KEY_ID,
            &Extension::authority_key_id(key(9).verifying_key()).value,
        );
    });
    assert_eq!(factory.verify(&leaf), Err(LeafError::UnknownIssuer));
}

#[test]
fn a_development_device_is_refused_or_announced_as_the_app_says() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let ueid = pki.ueid(1);
    let leaf = pki.leaf(&ueid, MODELS[0].0).certificate;
    let refusing = pki.bundle(DevelopmentPolicy::Refuse);
    assert_eq!(
        refusing.verify_leaf(&leaf),
        Err(LeafError::DevelopmentRefused)
    );
    let announcing = pki.bundle(DevelopmentPolicy::Announce);
    let verified = announcing.verify_leaf(&leaf).unwrap();
    assert!(verified.is_development());
    assert_eq!(verified.models(), [MODELS[0].0]);
}

#[test]
fn release_builds_refuse_development_devices_unless_asked() {
    let expected = if cfg!(debug_assertions) {
        DevelopmentPolicy::Announce
    } else {
        DevelopmentPolicy::Refuse
    };
    assert_eq!(DevelopmentPolicy::default(), expected);
}

#[test]
fn a_production_root_never_makes_a_development_device_and_the_other_way_round() {
    let factory = Factory::new();
    let pki = DevelopmentPki::from_seed([7; 32]);
    let mut contents = pki.contents();
    let production = factory.contents();
    contents.roots = production.roots;
    contents.lines.extend(production.lines);
    let bundle = Bundle::new(contents)
        .unwrap()
        .with_development_policy(DevelopmentPolicy::Announce);
    assert!(
        !bundle
            .verify_leaf(&factory.leaf())
            .unwrap()
            .is_development()
    );
    let development = pki.leaf(&UEID, MODELS[0].0).certificate;
    assert!(bundle.verify_leaf(&development).unwrap().is_development());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let ueid = UEID;
    let first = DevelopmentPki::from_seed([1; 32]);
    let again = DevelopmentPki::from_seed([1; 32]);
    let other = DevelopmentPki::from_seed([2; 32]);
    assert_eq!(first.root().certificate(), again.root().certificate());
    assert_eq!(
        first.leaf(&ueid, LAMP).certificate,
        again.leaf(&ueid, LAMP).certificate
    );
    assert_eq!(
        first.leaf(&ueid, LAMP).key.to_bytes(),
        again.leaf(&ueid, LAMP).key.to_bytes()
    );
    assert_ne!(
        first.leaf(&ueid, LAMP).certificate,
        other.leaf(&ueid, LAMP).certificate
    );
    assert_ne!(first.ueid(1), first.ueid(2));
    assert_eq!(first.ueid(1)[0], 0x01);
    let strange = other
        .bundle(DevelopmentPolicy::Announce)
        .verify_leaf(&first.leaf(&ueid, LAMP).certificate);
    assert_eq!(strange, Err(LeafError::UnknownIssuer));
}

#[test]
fn every_byte_of_a_leaf_matters() {
    let factory = Factory::new();
    let bundle = factory.bundle();
    let leaf = factory.leaf();
    for index in 0..leaf.len() {
        let mut flipped = leaf.clone();
        flipped[index] ^= 0x01;
        assert!(bundle.verify_leaf(&flipped).is_err(), "byte {index}");
    }
}

#[test]
fn a_leaf_takes_at_most_435_bytes() {
    let pki = DevelopmentPki::from_seed([0; 32]);
    let sizes: Vec<usize> = (0..50)
        .map(|number| pki.leaf(&pki.ueid(number), LAMP).certificate.len())
        .collect();
    let largest = sizes.iter().max().unwrap();
    println!("leaf: {} to {largest} bytes", sizes.iter().min().unwrap());
    assert!(*largest <= 435);
}

#[test]
fn a_cached_leaf_is_found_by_its_thumbprint_and_strangers_are_not_kept() {
    let factory = Factory::new();
    let bundle = factory.bundle();
    let leaf = factory.leaf();
    let mut cache = LeafCache::new();
    assert_eq!(cache.leaf(&thumbprint(&leaf)), None);
    cache.insert(&bundle, &leaf).unwrap();
    assert_eq!(cache.leaf(&thumbprint(&leaf)), Some(leaf.as_slice()));

    let stranger = factory.template().sign(&factory.device).unwrap();
    assert!(cache.insert(&bundle, &stranger).is_err());
    assert_eq!(cache.leaf(&thumbprint(&stranger)), None);
}

#[test]
fn the_cache_is_bounded_and_forgets_the_leaf_not_used_for_longest() {
    let pki = DevelopmentPki::from_seed([3; 32]);
    let bundle = pki.bundle(DevelopmentPolicy::Announce);
    let mut cache = LeafCache::new();
    let line = pki.line(LAMP);
    let leaves: Vec<Vec<u8>> = (0..=u8::try_from(LeafCache::CAPACITY).unwrap())
        .map(|number| {
            let ueid = pki.ueid(number.into());
            line.leaf(
                &ueid,
                &[1, number],
                key(3).verifying_key(),
                PURPOSE,
                1_767_225_600,
            )
            .unwrap()
        })
        .collect();
    for (index, leaf) in leaves.iter().enumerate() {
        if index == LeafCache::CAPACITY {
            assert!(cache.leaf(&thumbprint(&leaves[0])).is_some());
        }
        cache.insert(&bundle, leaf).unwrap();
    }
    assert!(cache.leaf(&thumbprint(&leaves[0])).is_some());
    assert!(cache.leaf(&thumbprint(&leaves[1])).is_none());
    assert!(
        cache
            .leaf(&thumbprint(&leaves[LeafCache::CAPACITY]))
            .is_some()
    );
}

#[test]
fn a_certificate_assembled_from_its_halves_is_the_one_signed_at_once() {
    use p256::ecdsa::{DerSignature, signature::Signer};
    let factory = Factory::new();
    let tbs = factory.template().to_be_signed().unwrap();
    let signature: DerSignature = factory.line.key().sign(&tbs);
    assert_eq!(
        Template::assemble(&tbs, signature.as_bytes()).unwrap(),
        factory.leaf()
    );
    assert_eq!(NEVER, 253_402_300_799);
}
