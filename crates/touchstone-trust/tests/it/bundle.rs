//! A bundle is checked when it is built.

use touchstone_trust::{
    Bundle, BundleContents, BundleError, CertificateError,
    issue::{Extension, Template},
};

use crate::support::{
    BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, Factory, KEY_USAGE, LINE_FROM, PURPOSE, UEID, key, lamp,
    replace, root, without,
};

fn refusal(change: impl FnOnce(&mut BundleContents)) -> BundleError {
    let mut contents = Factory::new().contents();
    change(&mut contents);
    Bundle::new(contents).unwrap_err()
}

#[test]
fn a_malformed_trust_anchor_is_refused_when_the_bundle_is_built() {
    for anchor in [
        Vec::new(),
        vec![0x30, 0x00],
        b"-----BEGIN CERTIFICATE-----".to_vec(),
    ] {
        assert_eq!(
            refusal(|contents| contents.roots.push(anchor)),
            BundleError::Root {
                index: 1,
                reason: CertificateError::Encoding
            }
        );
    }
    let too_long = refusal(|contents| contents.roots[0] = vec![0; 65_536]);
    assert_eq!(
        too_long,
        BundleError::Root {
            index: 0,
            reason: CertificateError::TooLong(65_536)
        }
    );
}

#[test]
fn a_bundle_without_roots_is_refused() {
    assert_eq!(
        refusal(|contents| contents.roots.clear()),
        BundleError::NoRoots
    );
}

#[test]
fn a_root_that_did_not_sign_itself_or_is_no_ca_is_refused() {
    let factory = Factory::new();
    let mut forged = factory.root.certificate().to_vec();
    // The last octet is the end of the signature's s.
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        refusal(|contents| contents.roots[0] = forged),
        BundleError::RootNotSelfSigned { index: 0 }
    );
    for certificate in [factory.leaf(), factory.line.certificate().to_vec()] {
        assert_eq!(
            refusal(|contents| contents.roots[0] = certificate),
            BundleError::Root {
                index: 0,
                reason: CertificateError::BasicConstraints
            }
        );
    }
}

#[test]
fn a_root_whose_name_constraints_cannot_be_read_is_refused() {
    let factory = Factory::new();
    let key = factory.root.key();
    let with = |value: &[u8]| {
        let mut template = Template {
            subject: "Example root".to_owned(),
            ..factory
                .root
                .leaf_template(&UEID, &[0x41, 1], key.verifying_key(), PURPOSE, LINE_FROM)
                .unwrap()
        };
        template.extensions = vec![
            Extension::certificate_authority(1),
            Extension::issuer_key_usage(),
            Extension {
                id: "2.5.29.30".to_owned(),
                critical: false,
                value: value.to_vec(),
            },
        ];
        let mut contents = factory.contents();
        contents.roots[0] = template.sign(key).unwrap();
        Bundle::new(contents).map(|_| ())
    };
    assert_eq!(with(&[0x30, 0x00]), Ok(()));
    assert_eq!(
        with(&[0x05, 0x00]),
        Err(BundleError::Root {
            index: 0,
            reason: CertificateError::Encoding
        })
    );
}

#[test]
fn a_root_cannot_be_for_production_and_development() {
    let root = Factory::new().root.certificate().to_vec();
    assert_eq!(
        refusal(|contents| contents.development_roots.push(root)),
        BundleError::RootTwice { index: 1 }
    );
}

#[test]
fn a_line_of_the_wrong_profile_is_refused() {
    let factory = Factory::new();
    let bent = |bend: &dyn Fn(&mut Template)| {
        let mut template = Template {
            issuer: "Example root".to_owned(),
            subject: "Example line".to_owned(),
            ..factory.template()
        };
        template.extensions = vec![
            Extension::certificate_authority(0),
            Extension::issuer_key_usage(),
            Extension::purpose(PURPOSE).unwrap(),
            Extension::subject_key_id(key(3).verifying_key()),
        ];
        bend(&mut template);
        template.sign(factory.root.key()).unwrap()
    };
    let with_line = |certificate: Vec<u8>| {
        let mut contents = factory.contents();
        contents.lines[0].certificate = certificate;
        Bundle::new(contents).map(|_| ())
    };
    let refused = |reason| Err(BundleError::Line { index: 0, reason });

    assert_eq!(with_line(bent(&|_| {})), Ok(()));
    let constraints = |value: Vec<u8>| bent(&move |line| replace(line, BASIC_CONSTRAINTS, &value));
    for value in [
        Extension::certificate_authority(1).value,
        vec![0x30, 0x03, 0x01, 0x01, 0xff],
        Extension::not_an_authority().value,
    ] {
        assert_eq!(
            with_line(constraints(value)),
            refused(CertificateError::BasicConstraints)
        );
    }
    assert_eq!(
        with_line(bent(&|line| without(line, EXTENDED_KEY_USAGE))),
        refused(CertificateError::Purpose)
    );
    assert_eq!(
        with_line(bent(&|line| without(line, KEY_USAGE))),
        refused(CertificateError::KeyUsage)
    );
    let signs_only = Extension::leaf_key_usage().value;
    assert_eq!(
        with_line(bent(&|line| replace(line, KEY_USAGE, &signs_only))),
        refused(CertificateError::KeyUsage)
    );
    assert_eq!(
        with_line(bent(&|line| without(line, "2.5.29.14"))),
        refused(CertificateError::KeyIdentifier)
    );
}

#[test]
fn a_line_under_a_root_of_another_bundle_is_refused() {
    let stranger = root("Example root", 11);
    let line = crate::support::line(&stranger, 12).certificate().to_vec();
    assert_eq!(
        refusal(|contents| contents.lines[0].certificate = line),
        BundleError::LineUnderNoRoot { index: 0 }
    );
}

#[test]
fn a_line_cannot_make_a_model_that_is_not_described() {
    assert_eq!(
        refusal(|contents| contents.lines[0].models.push(0x0bad)),
        BundleError::LineModel {
            index: 0,
            class: 0x0bad
        }
    );
}

#[test]
fn a_model_needs_one_description_and_a_name_that_can_be_spoken() {
    let class = lamp().class;
    let bad = BundleError::Model { class };
    assert_eq!(refusal(|contents| contents.models.push(lamp())), bad);
    assert_eq!(refusal(|contents| contents.models[0].names.clear()), bad);
    for name in ["", "  ", "Lamp\n", &"x".repeat(65)] {
        let change = |contents: &mut BundleContents| {
            contents.models[0]
                .names
                .insert("en".to_owned(), name.to_owned());
        };
        assert_eq!(refusal(change), bad);
    }
}

#[test]
fn a_purpose_that_is_no_object_identifier_is_refused() {
    for purpose in ["", "touch", "1", "1.3.6.1.4.1.99999999999999"] {
        assert_eq!(
            refusal(|contents| contents.purpose = purpose.to_owned()),
            BundleError::Purpose
        );
    }
}

#[test]
fn an_older_bundle_never_replaces_a_newer_one() {
    let bundle = Factory::new().bundle();
    assert_eq!(bundle.sequence(), 7);
    assert!(bundle.clone().at_least(7).is_ok());
    assert_eq!(
        bundle.at_least(8).unwrap_err(),
        BundleError::RolledBack { found: 7, known: 8 }
    );
}

#[test]
fn a_product_is_named_in_the_persons_language_or_else_in_english() {
    let bundle = Factory::new().bundle();
    let model = bundle.model(lamp().class).unwrap();
    for (language, name) in [
        ("de", "Küchenlampe"),
        ("de-AT", "Küchenlampe"),
        ("de_CH", "Küchenlampe"),
        ("en-GB", "Kitchen lamp"),
        ("fr", "Kitchen lamp"),
        ("", "Kitchen lamp"),
    ] {
        assert_eq!(model.name(language), name, "{language}");
    }
}
