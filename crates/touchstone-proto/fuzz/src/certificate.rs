//! Device certificates: as bytes, and as a TBSCertificate under the line's signature.

use std::sync::LazyLock;

use p256::ecdsa::{DerSignature, signature::Signer};
use touchstone_trust::{Bundle, DevelopmentPolicy, issue::DevelopmentPki};

use crate::seed;

const MODEL: u16 = 1;
const LONGEST: usize = 1024;

pub struct Pki {
    pub pki: DevelopmentPki,
    pub bundle: Bundle,
    pub leaf: Vec<u8>,
    line: p256::ecdsa::SigningKey,
}

pub static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let ueid = pki.ueid(1);
    Pki {
        bundle: pki.bundle(DevelopmentPolicy::Announce),
        leaf: pki.leaf(&ueid, MODEL).certificate,
        line: pki.line(MODEL).key().clone(),
        pki,
    }
});

pub fn run(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    let resigned;
    let der = if mode % 2 == 0 {
        bytes
    } else {
        resigned = signed(bytes);
        &resigned
    };
    let Ok(leaf) = PKI.bundle.verify_leaf(der) else {
        return;
    };
    assert!(der.len() <= LONGEST);
    if mode % 2 == 0 {
        assert_eq!(der, PKI.leaf, "a certificate that no line signed");
    }
    assert!(leaf.is_development());
    assert_eq!(leaf.ueid()[0], 1);
    assert_eq!(leaf.key()[0], 4);
    assert_eq!(leaf.models(), [MODEL]);
    assert_eq!(PKI.bundle.verify_chain(&[der]), Ok(leaf));
    assert!(PKI.bundle.verify_chain(&[der, der]).is_err());
    let mut longer = der.to_vec();
    longer.push(0);
    assert!(PKI.bundle.verify_leaf(&longer).is_err());
}

/// The certificate around a TBSCertificate.
fn signed(tbs: &[u8]) -> Vec<u8> {
    const ES256: [u8; 12] = [
        0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
    ];
    let signature: DerSignature = PKI.line.sign(tbs);
    let bits = tlv(0x03, &[&[0], signature.as_bytes()].concat());
    tlv(0x30, &[tbs, &ES256, &bits].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head[..], content].concat()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let leaf = &PKI.leaf;
    // 30 82 xx xx, then the TBSCertificate with a head of the same form.
    let length = usize::from(leaf[6]) << 8 | usize::from(leaf[7]);
    let tbs = &leaf[4..8 + length];
    assert!(PKI.bundle.verify_leaf(&signed(tbs)).is_ok());
    let line = PKI.pki.line(MODEL);
    let mut seeds = vec![
        seed(0, leaf),
        seed(1, tbs),
        seed(0, line.certificate()),
        seed(0, PKI.pki.root().certificate()),
    ];
    seeds.extend(
        crate::vectors::field("cert_r")
            .iter()
            .take(2)
            .map(|der| seed(0, der)),
    );
    seeds
}
