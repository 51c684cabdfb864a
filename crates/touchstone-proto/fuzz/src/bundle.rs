//! Trust bundles: as bytes, and as a payload under the vendor's signature.

use std::sync::LazyLock;

use touchstone_proto::cbor::Reader;
use touchstone_trust::{Bundle, BundleContents, BundleError, DevelopmentPolicy};

use crate::{certificate::PKI, peer, seed};

const VENDOR: u8 = 6;

static HONEST: LazyLock<BundleContents> = LazyLock::new(|| {
    let mut contents = PKI.pki.contents();
    contents.lines.truncate(1);
    contents.models.truncate(1);
    contents.lines[0].revoked_serials.push(vec![0x51, 2]);
    contents.revoked_ueids.push(PKI.pki.ueid(7));
    contents
});

fn signed(payload: &[u8]) -> Vec<u8> {
    const PROTECTED: &[u8] = b"\xa2\x01\x26\x10\x78\x21application/vnd.touchstone.bundle";
    let structure = [
        &b"\x84\x6aSignature1"[..],
        &peer::bstr(PROTECTED),
        &[0x40],
        &peer::bstr(payload),
    ];
    let signature = peer::sign(&peer::signing_key(VENDOR), &structure.concat());
    [
        &[0x84][..],
        &peer::bstr(PROTECTED),
        &[0xa0],
        &peer::bstr(payload),
        &peer::bstr(&signature),
    ]
    .concat()
}

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    let vendor = peer::public(&peer::signing_key(VENDOR));
    if mode % 2 == 0 {
        if Bundle::from_signed(bytes, &vendor).is_ok() {
            assert_eq!(
                bytes,
                signed(&HONEST.to_payload()),
                "a bundle that nobody signed"
            );
        }
        return;
    }
    let message = signed(bytes);
    match Bundle::from_signed(&message, &vendor) {
        Ok(bundle) => {
            let mut reader = Reader::new(bytes);
            assert!(reader.array(9).is_ok() && reader.uint() == Ok(1));
            assert_eq!(reader.uint(), Ok(bundle.sequence()));
            assert_eq!(reader.uint(), Ok(bundle.not_after()));
            assert!(bundle.clone().at_least(bundle.sequence()).is_ok());
            let refusing = bundle.with_development_policy(DevelopmentPolicy::Refuse);
            if let Ok(leaf) = refusing.verify_leaf(&PKI.leaf) {
                assert!(!leaf.is_development());
            }
        }
        Err(error) => assert_ne!(error, BundleError::Signature),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let payload = HONEST.to_payload();
    let mut production = HONEST.clone();
    std::mem::swap(&mut production.roots, &mut production.development_roots);
    production.lines.clear();
    vec![
        seed(0, &signed(&payload)),
        seed(1, &payload),
        seed(1, &production.to_payload()),
        seed(1, &BundleContents::default().to_payload()),
    ]
}
