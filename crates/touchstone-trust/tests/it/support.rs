//! A production-like PKI whose certificates can be bent before they are signed.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;
use touchstone_trust::{
    Bundle, BundleContents, DevelopmentPolicy, LeafError, Line, Model, ModelPolicy, Ueid,
    VerifiedLeaf,
    issue::{Authority, NEVER, Template, Validity},
};

pub(crate) const PURPOSE: &str = "1.3.6.1.4.1.32473.1.1";
pub(crate) const LAMP: u16 = 0x0001;
pub(crate) const UEID: Ueid = [
    0x01, 0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87, 0x98, 0xa9, 0xba, 0xcb, 0xdc, 0xed, 0xfe,
    0x0f,
];
pub(crate) const SERIAL: [u8; 8] = [0x51, 2, 3, 4, 5, 6, 7, 8];
/// 2020-01-01, 2024-01-01 and 2025-01-01.
pub(crate) const LINE_FROM: u64 = 1_577_836_800;
pub(crate) const ISSUED: u64 = 1_704_067_200;
pub(crate) const LINE_UNTIL: u64 = 1_735_689_600;

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

pub(crate) struct Factory {
    pub(crate) root: Authority,
    pub(crate) line: Authority,
    pub(crate) device: SigningKey,
}

impl Factory {
    pub(crate) fn new() -> Self {
        let root = root("Example root", 1);
        let line = line(&root, 2);
        Self {
            root,
            line,
            device: key(3),
        }
    }

    pub(crate) fn template(&self) -> Template {
        self.line
            .leaf_template(&UEID, &SERIAL, self.device.verifying_key(), PURPOSE, ISSUED)
            .unwrap()
    }

    pub(crate) fn leaf(&self) -> Vec<u8> {
        self.bent(|_| {})
    }

    /// A leaf that the line signed after `bend` changed it.
    pub(crate) fn bent(&self, bend: impl FnOnce(&mut Template)) -> Vec<u8> {
        let mut template = self.template();
        bend(&mut template);
        template.sign(self.line.key()).unwrap()
    }

    pub(crate) fn contents(&self) -> BundleContents {
        BundleContents {
            sequence: 7,
            not_after: NEVER,
            purpose: PURPOSE.to_owned(),
            roots: vec![self.root.certificate().to_vec()],
            development_roots: Vec::new(),
            lines: vec![Line {
                certificate: self.line.certificate().to_vec(),
                models: vec![LAMP],
                revoked_serials: Vec::new(),
            }],
            revoked_ueids: Vec::new(),
            models: vec![lamp()],
        }
    }

    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::new(self.contents())
            .unwrap()
            .with_development_policy(DevelopmentPolicy::Refuse)
    }

    pub(crate) fn verify(&self, leaf: &[u8]) -> Result<VerifiedLeaf, LeafError> {
        self.bundle().verify_leaf(leaf)
    }
}

pub(crate) fn lamp() -> Model {
    Model {
        class: LAMP,
        names: BTreeMap::from([
            ("en".to_owned(), "Kitchen lamp".to_owned()),
            ("de".to_owned(), "Küchenlampe".to_owned()),
        ]),
        policy: ModelPolicy::default(),
    }
}

pub(crate) fn root(name: &str, number: u8) -> Authority {
    let validity = Validity {
        not_before: LINE_FROM,
        not_after: NEVER,
    };
    Authority::root(name, &[0x41, number], key(number), validity).unwrap()
}

pub(crate) fn line(root: &Authority, number: u8) -> Authority {
    let validity = Validity {
        not_before: LINE_FROM,
        not_after: LINE_UNTIL,
    };
    root.line(
        "Example line",
        &[0x42, number],
        key(number),
        PURPOSE,
        validity,
    )
    .unwrap()
}

pub(crate) fn without(template: &mut Template, id: &str) {
    template.extensions.retain(|extension| extension.id != id);
}

pub(crate) fn replace(template: &mut Template, id: &str, value: &[u8]) {
    for extension in template
        .extensions
        .iter_mut()
        .filter(|extension| extension.id == id)
    {
        extension.value = value.to_vec();
    }
}

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const AUTHORITY_KEY_ID: &str = "2.5.29.35";
