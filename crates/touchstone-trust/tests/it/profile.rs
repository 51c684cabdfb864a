//! What a leaf must look like, whoever signed it.

use proptest::prelude::*;
use touchstone_trust::{
    CertificateError, LeafError, Ueid, claimed_key,
    issue::{Extension, Template},
};

use crate::support::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, Factory, KEY_USAGE, PURPOSE, UEID,
    replace, without,
};

fn refusal(bend: impl FnOnce(&mut Template)) -> CertificateError {
    let factory = Factory::new();
    match factory.verify(&factory.bent(bend)) {
        Err(LeafError::Certificate(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leaf_without_extended_key_usage_is_refused() {
    assert_eq!(
        refusal(|leaf| without(leaf, EXTENDED_KEY_USAGE)),
        CertificateError::Purpose
    );
}

#[test]
fn a_leaf_for_another_or_for_any_or_for_one_more_purpose_is_refused() {
    let other = Extension::purpose("1.3.6.1.4.1.32473.1.2").unwrap().value;
    let any = Extension::purpose("2.5.29.37.0").unwrap().value;
    let server = Extension::purpose("1.3.6.1.5.5.7.3.1").unwrap().value;
    let ours = Extension::purpose(PURPOSE).unwrap().value;
    let mut both = vec![0x30, (ours.len() + server.len() - 4).try_into().unwrap()];
    both.extend(&ours[2..]);
    both.extend(&server[2..]);
    for value in [other, any, server, both] {
        assert_eq!(
            refusal(|leaf| replace(leaf, EXTENDED_KEY_USAGE, &value)),
            CertificateError::Purpose
        );
    }
}

#[test]
fn a_leaf_with_missing_or_wrong_key_usage_is_refused() {
    assert_eq!(
        refusal(|leaf| without(leaf, KEY_USAGE)),
        CertificateError::KeyUsage
    );
    let not_critical = |leaf: &mut Template| {
        leaf.extensions
            .iter_mut()
            .filter(|extension| extension.id == KEY_USAGE)
            .for_each(|usage| usage.critical = false);
    };
    assert_eq!(refusal(not_critical), CertificateError::KeyUsage);
    for bits in [
        [0x03, 0x02, 0x02, 0x84], // digitalSignature and keyCertSign
        [0x03, 0x02, 0x03, 0x08], // keyAgreement
        [0x03, 0x02, 0x01, 0x06], // keyCertSign and cRLSign
    ] {
        assert_eq!(
            refusal(|leaf| replace(leaf, KEY_USAGE, &bits)),
            CertificateError::KeyUsage
        );
    }
}

#[test]
fn a_leaf_without_basic_constraints_or_issuer_key_is_refused() {
    assert_eq!(
        refusal(|leaf| without(leaf, BASIC_CONSTRAINTS)),
        CertificateError::BasicConstraints
    );
    assert_eq!(
        refusal(|leaf| without(leaf, AUTHORITY_KEY_ID)),
        CertificateError::KeyIdentifier
    );
}

#[test]
fn a_path_length_on_a_leaf_is_refused() {
    assert_eq!(
        refusal(|leaf| replace(leaf, BASIC_CONSTRAINTS, &[0x30, 0x03, 0x02, 0x01, 0x00])),
        CertificateError::BasicConstraints
    );
}

#[test]
fn a_default_value_that_der_leaves_out_is_refused() {
    // cA FALSE written out is BER, not DER (X.690 section 11.5).
    assert_eq!(
        refusal(|leaf| replace(leaf, BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0x00])),
        CertificateError::NotCanonical
    );
}

/// DER with more bytes in front of the element at `at`, and all lengths around it corrected.
fn grown(der: &[u8], at: usize, added: &[u8]) -> Vec<u8> {
    let (mut out, mut start) = (Vec::new(), 0);
    while start < der.len() {
        let (octets, length) = match der[start + 1] {
            0x82 => (
                4,
                usize::from(u16::from_be_bytes([der[start + 2], der[start + 3]])),
            ),
            0x81 => (3, usize::from(der[start + 2])),
            short => (2, usize::from(short)),
        };
        let (inside, end) = (start + octets, start + octets + length);
        if start == at {
            out.extend_from_slice(added);
        }
        if (inside..end).contains(&at) && der[start] & 0x20 != 0 {
            let content = grown(&der[inside..end], at - inside, added);
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            out.push(der[start]);
            match length {
                [0, short @ ..128] => out.push(short),
                [0, long] => out.extend([0x81, long]),
                long => out.extend([0x82, long[0], long[1]]),
            }
            out.extend(content);
        } else {
            out.extend_from_slice(&der[start..end]);
        }
        start = end;
    }
    out
}

#[test]
fn a_default_value_around_an_extension_is_refused_too() {
    let factory = Factory::new();
    let leaf = factory.bent(|_| ());
    assert!(factory.verify(&leaf).is_ok());
    assert_eq!(grown(&leaf, leaf.len(), &[]), leaf);
    // SEQUENCE { extKeyUsage, critical BOOLEAN DEFAULT FALSE, OCTET STRING { .. } }
    let purpose = [0x06, 0x03, 0x55, 0x1d, 0x25, 0x04];
    let at = leaf.windows(6).position(|bytes| bytes == purpose).unwrap();
    let bent = grown(&leaf, at + 5, &[0x01, 0x01, 0x00]);
    assert_eq!(
        factory.verify(&bent).map(|_| ()),
        Err(LeafError::Certificate(CertificateError::NotCanonical))
    );
}

#[test]
fn repeated_malformed_and_unknown_critical_extensions_are_refused() {
    let repeat = |leaf: &mut Template| {
        let again = leaf.extensions[1].clone();
        leaf.extensions.push(again);
    };
    assert_eq!(refusal(repeat), CertificateError::Extension);
    let unknown = |critical| {
        move |leaf: &mut Template| {
            leaf.extensions.push(Extension {
                id: "1.3.6.1.4.1.32473.9".to_owned(),
                critical,
                value: vec![0x05, 0x00],
            });
        }
    };
    assert_eq!(refusal(unknown(true)), CertificateError::Extension);
    let factory = Factory::new();
    assert!(factory.verify(&factory.bent(unknown(false))).is_ok());
    for id in [
        BASIC_CONSTRAINTS,
        KEY_USAGE,
        EXTENDED_KEY_USAGE,
        AUTHORITY_KEY_ID,
    ] {
        for value in [&[][..], &[0x30], &[0x30, 0x80, 0x00, 0x00], &[0x05, 0x00]] {
            let error = refusal(|leaf| replace(leaf, id, value));
            assert_eq!(error, CertificateError::Extension, "{id} {value:?}");
        }
    }
    assert_eq!(
        refusal(|leaf| leaf.extensions.clear()),
        CertificateError::BasicConstraints
    );
}

#[test]
fn an_extension_that_only_the_verifier_of_chains_reads_must_be_readable_too() {
    let constrained = |value: &'static [u8]| {
        move |leaf: &mut Template| {
            leaf.extensions.push(Extension {
                id: "2.5.29.30".to_owned(),
                critical: false,
                value: value.to_vec(),
            });
        }
    };
    let factory = Factory::new();
    let readable = factory.bent(constrained(&[0x30, 0x00]));
    assert!(factory.verify(&readable).is_ok());
    assert_eq!(
        refusal(constrained(&[0x05, 0x00])),
        CertificateError::Encoding
    );
}

#[test]
fn a_key_that_is_not_of_whole_octets_is_refused() {
    let factory = Factory::new();
    // 03 42 00 04: BIT STRING of 65 octets and no bits unused.
    let odd_key = |leaf: &mut Template| leaf.public_key[25] = 1;
    assert_eq!(factory.template().public_key[23..26], [0x03, 0x42, 0x00]);
    assert_eq!(refusal(odd_key), CertificateError::Key);
}

#[test]
fn keys_of_another_curve_or_off_the_curve_or_compressed_are_refused() {
    let point = |leaf: &Template| leaf.public_key[26..].to_vec();
    let prefix = |leaf: &Template| leaf.public_key[..26].to_vec();

    let secp256k1 = |leaf: &mut Template| {
        let algorithm: &[u8] = &[
            0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00,
        ];
        leaf.public_key = [algorithm, &point(leaf)].concat();
    };
    assert_eq!(refusal(secp256k1), CertificateError::Key);

    let ed25519 = |leaf: &mut Template| {
        let algorithm: &[u8] = &[
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        leaf.public_key = [algorithm, &[9; 32]].concat();
    };
    assert_eq!(refusal(ed25519), CertificateError::Key);

    let off_curve = |leaf: &mut Template| *leaf.public_key.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(off_curve), CertificateError::Key);

    for x in [[0_u8; 32], [0xff; 32]] {
        let outside = |leaf: &mut Template| leaf.public_key[27..59].copy_from_slice(&x);
        assert_eq!(refusal(outside), CertificateError::Key);
    }

    let compressed = |leaf: &mut Template| {
        let mut info = prefix(leaf);
        (info[1], info[24]) = (0x39, 0x22);
        info.push(0x02 | (point(leaf)[64] & 1));
        info.extend(&point(leaf)[1..33]);
        leaf.public_key = info;
    };
    assert_eq!(refusal(compressed), CertificateError::Key);

    let infinity = |leaf: &mut Template| {
        let mut info = prefix(leaf);
        (info[1], info[24]) = (0x19, 0x02);
        info.push(0x00);
        leaf.public_key = info;
    };
    assert_eq!(refusal(infinity), CertificateError::Key);
}

#[test]
fn a_subject_that_is_not_a_device_id_is_refused() {
    let id = Factory::new().template().subject;
    let factory = Factory::new();
    for subject in [
        String::new(),
        id[..32].to_owned(),
        format!("{id}00"),
        id.to_uppercase(),
        id.replacen('0', "g", 1),
        format!("02{}", &id[2..]),
        "Kitchen lamp".to_owned(),
    ] {
        let leaf = factory.bent(|leaf| leaf.subject = subject.clone());
        assert!(
            matches!(
                factory.verify(&leaf),
                Err(LeafError::Subject | LeafError::Certificate(CertificateError::Subject))
            ),
            "{subject}"
        );
    }
    assert_eq!(factory.verify(&factory.leaf()).unwrap().ueid(), &UEID);
}

#[test]
fn a_64_kilobyte_certificate_is_refused_before_it_is_parsed() {
    let factory = Factory::new();
    let padded = factory.bent(|leaf| {
        leaf.extensions.push(Extension {
            id: "1.3.6.1.4.1.32473.9".to_owned(),
            critical: false,
            value: vec![0; 64_000],
        });
    });
    let huge = vec![0x30; 65_536];
    for certificate in [padded, huge] {
        assert_eq!(claimed_key(&certificate), None);
        assert_eq!(
            factory.verify(&certificate),
            Err(LeafError::Certificate(CertificateError::TooLong(
                certificate.len()
            )))
        );
    }
}

#[test]
fn bytes_after_or_missing_from_a_certificate_are_refused() {
    let factory = Factory::new();
    let leaf = factory.leaf();
    let longer = [leaf.as_slice(), &[0]].concat();
    assert_eq!(
        factory.verify(&longer),
        Err(LeafError::Certificate(CertificateError::Encoding))
    );
    for length in 0..leaf.len() {
        assert!(factory.verify(&leaf[..length]).is_err());
    }
}

#[test]
fn signature_forms_that_der_does_not_allow_are_refused() {
    use p256::ecdsa::{Signature, signature::Signer};
    let factory = Factory::new();
    let tbs = factory.template().to_be_signed().unwrap();
    let signature: Signature = factory.line.key().sign(&tbs);
    let (r, s) = signature.split_bytes();
    let integer = |octets: &[u8]| {
        let mut element = vec![0x02, u8::try_from(octets.len()).unwrap()];
        element.extend(octets);
        element
    };
    let sequence = |parts: &[Vec<u8>], tail: &[u8]| {
        let content = parts.concat();
        let mut element = vec![0x30, u8::try_from(content.len()).unwrap()];
        element.extend(content);
        element.extend(tail);
        element
    };
    let minimal = |scalar: &[u8]| {
        let sign: &[u8] = if scalar[0] & 0x80 == 0 { &[] } else { &[0] };
        assert_ne!(
            scalar[0], 0,
            "the fixture needs a scalar without leading zeros"
        );
        [sign, scalar].concat()
    };
    let good = sequence(&[integer(&minimal(&r)), integer(&minimal(&s))], &[]);
    assert!(
        factory
            .verify(&Template::assemble(&tbs, &good).unwrap())
            .is_ok()
    );

    let zero_padded = sequence(
        &[integer(&[&[0, 0][..], &r].concat()), integer(&minimal(&s))],
        &[],
    );
    let trailing = sequence(&[integer(&minimal(&r)), integer(&minimal(&s))], &[0]);
    let three = sequence(
        &[integer(&minimal(&r)), integer(&minimal(&s)), integer(&[1])],
        &[],
    );
    let zero = sequence(&[integer(&[0]), integer(&minimal(&s))], &[]);
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let too_large = sequence(&[integer(&minimal(&r)), integer(&minimal(&order))], &[]);
    let mut long_form = good.clone();
    long_form.splice(1..2, [0x81, good[1]]);
    let raw = [&r[..], &s[..]].concat();
    let negative = sequence(
        &[
            integer(&[&[0x80][..], &r[1..]].concat()),
            integer(&minimal(&s)),
        ],
        &[],
    );
    for signature in [
        zero_padded,
        trailing,
        three,
        zero,
        too_large,
        long_form,
        raw,
        negative,
        Vec::new(),
    ] {
        let leaf = Template::assemble(&tbs, &signature).unwrap();
        assert_eq!(
            factory.verify(&leaf),
            Err(LeafError::UnknownIssuer),
            "{signature:02x?}"
        );
    }
}

#[test]
fn another_signature_algorithm_is_refused() {
    let factory = Factory::new();
    let leaf = factory.leaf();
    let sha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let positions: Vec<usize> = (0..leaf.len() - 8)
        .filter(|at| leaf[*at..*at + 8] == sha256)
        .collect();
    assert_eq!(positions.len(), 2);
    for position in positions {
        let mut sha384 = leaf.clone();
        sha384[position + 7] = 0x03;
        assert_eq!(
            factory.verify(&sha384),
            Err(LeafError::Certificate(CertificateError::Algorithm))
        );
    }
}

#[test]
fn an_empty_validity_period_is_refused() {
    assert_eq!(
        refusal(|leaf| leaf.not_after = leaf.not_before - std::time::Duration::from_secs(1)),
        CertificateError::Validity
    );
}

proptest! {
    #[test]
    fn random_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        prop_assert!(Factory::new().verify(&bytes).is_err());
    }

    #[test]
    fn a_damaged_leaf_is_refused_without_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let factory = Factory::new();
        let leaf = factory.leaf();
        let mut damaged = leaf.clone();
        for (index, value) in edits {
            *index.get_mut(&mut damaged) = value;
        }
        if cut.index(4) == 0 {
            damaged.truncate(cut.index(damaged.len()));
        }
        prop_assume!(damaged != leaf);
        prop_assert!(factory.verify(&damaged).is_err());
    }

    #[test]
    fn every_device_id_is_read_back(id in any::<[u8; 16]>()) {
        let factory = Factory::new();
        let mut ueid: Ueid = [0x01; 17];
        ueid[1..].copy_from_slice(&id);
        let leaf = factory.bent(|leaf| leaf.subject = ueid.iter().map(|octet| format!("{octet:02x}")).collect());
        prop_assert_eq!(*factory.verify(&leaf).unwrap().ueid(), ueid);
    }
}
