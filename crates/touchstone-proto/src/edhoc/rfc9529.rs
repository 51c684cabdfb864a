//! The traces of RFC 9529, down to every intermediate value.
//!
//! Section 3 (method 3, suite 2) is run by both roles. Section 2 (method 0) uses X25519 and EdDSA, which this engine
//! has not; its key schedule, signed structures and ciphertexts are those of suite 2 and are reproduced from `G_XY`.

use std::string::String;
use std::vec::Vec;

use super::encrypt0::Encrypt0;
use super::key_schedule::{Prk, label};
use super::signature_or_mac::{Context, Role};
use super::{
    ConnectionId, CredentialRef, Ephemeral, ErrorMessage, Method, PublicKey, StaticSecret, Suite,
    error_message, initiator, message_2, message_3, plaintext, responder, transcript_hash,
};
use crate::error::{Error, Incompatibility};

#[derive(serde::Deserialize)]
struct Field {
    section: String,
    name: String,
    kind: String,
    hex: String,
}

struct Trace(Vec<Field>);

impl Trace {
    /// The trace of section 2 or 3.
    fn of_section(section: usize) -> Self {
        let mut fields: Vec<Field> =
            serde_json::from_str(include_str!("../../vectors/rfc9529-fields.json")).unwrap();
        let second = fields
            .iter()
            .position(|field| field.section.starts_with("message_1 (first time)"))
            .unwrap();
        let section_3 = fields.split_off(second);
        Self(if section == 2 { fields } else { section_3 })
    }

    fn field(&self, section: &str, name: &str, kind: &str) -> Vec<u8> {
        let mut found = self.0.iter().filter(|field| {
            field.section.starts_with(section)
                && field.name == name
                && field.kind.eq_ignore_ascii_case(kind)
        });
        let field = found
            .next()
            .unwrap_or_else(|| panic!("{section} {name} {kind}"));
        assert!(
            found.next().is_none(),
            "{section} {name} {kind} is ambiguous"
        );
        hex::decode(&field.hex).unwrap()
    }

    fn raw(&self, section: &str, name: &str) -> Vec<u8> {
        self.field(section, name, "Raw Value")
    }

    fn item(&self, section: &str, name: &str) -> Vec<u8> {
        self.field(section, name, "CBOR Data Item")
    }

    fn sequence(&self, section: &str, name: &str) -> Vec<u8> {
        self.field(section, name, "CBOR Sequence")
    }

    fn shared_secret(&self, section: &str, name: &str) -> p256::ecdh::SharedSecret {
        let bytes = self.field(section, name, "ECDH shared secret");
        let bytes: [u8; 32] = bytes.try_into().unwrap();
        p256::ecdh::SharedSecret::from(p256::FieldBytes::from(bytes))
    }
}

fn array<const N: usize>(bytes: Vec<u8>) -> [u8; N] {
    bytes.try_into().unwrap()
}

fn public_key(trace: &Trace, section: &str, name: &str) -> PublicKey {
    let secret = StaticSecret::from_bytes(&array(trace.raw(section, name))).unwrap();
    secret.public_key()
}

const METHODS: &[Method] = &[Method::StaticDhStaticDh];
const SUITES: &[Suite] = &[Suite::Aes128CcmMac64P256];

#[test]
fn a_suite_we_do_not_run_is_answered_with_suites_r() {
    let trace = Trace::of_section(3);
    let message_1 = trace.sequence("message_1 (first time)", "message_1");
    let error = responder::AwaitMessage1::new(METHODS, SUITES)
        .read(&message_1)
        .unwrap_err();
    assert_eq!(
        error,
        Error::PeerIncompatible(Incompatibility::Suite { selected: 6 })
    );
    let message = error_message::answer(&error, SUITES).unwrap();
    assert_eq!(message.as_slice(), trace.sequence("error", "error"));
    let Ok(ErrorMessage::WrongSuite(suites_r)) = ErrorMessage::parse(&message) else {
        panic!("not a wrong suite message");
    };
    assert!(suites_r.iter().eq([2]));
}

#[test]
fn both_roles_reproduce_section_3() {
    let trace = Trace::of_section(3);
    let m1 = "message_1 (second time)";

    // message_1
    let c_i = ConnectionId::new(&trace.raw(m1, "C_I")).unwrap();
    let x = Ephemeral::from_bytes(&array(trace.raw(m1, "X"))).unwrap();
    assert_eq!(x.public_key().x().as_slice(), trace.raw(m1, "G_X"));
    let (initiator, message_1) =
        initiator::start_with_suites_i(Method::StaticDhStaticDh, &[6, 2], x, c_i.clone(), &[])
            .unwrap();
    assert_eq!(message_1.as_slice(), trace.sequence(m1, "message_1"));
    assert_eq!(
        initiator.hash_message_1.as_slice(),
        trace.raw("message_2", "H(message_1)")
    );

    let received = responder::AwaitMessage1::new(METHODS, SUITES)
        .read(&message_1)
        .unwrap();
    assert_eq!(
        received.hash_message_1.as_slice(),
        trace.raw("message_2", "H(message_1)")
    );
    assert_eq!(received.c_i(), &c_i);
    assert_eq!(received.method(), Method::StaticDhStaticDh);
    assert_eq!(received.suite(), Suite::Aes128CcmMac64P256);

    // message_2
    let sk_r = StaticSecret::from_bytes(&array(trace.raw("message_2", "SK_R"))).unwrap();
    let y = Ephemeral::from_bytes(&array(trace.raw("message_2", "Y"))).unwrap();
    assert_eq!(y.public_key().x().as_slice(), trace.raw("message_2", "G_Y"));
    let c_r = ConnectionId::new(&trace.raw("message_2", "C_R")).unwrap();
    let id_cred_r = trace.item("message_2", "ID_CRED_R");
    let cred_r = trace.item("message_2", "CRED_R");
    let credential = CredentialRef {
        id_cred: &id_cred_r,
        cred: &cred_r,
    };
    let (responder, message_2) = received
        .message_2_static_dh(&sk_r, y, c_r.clone(), credential, &[])
        .unwrap();
    assert_eq!(
        message_2.as_slice(),
        trace.sequence("message_2", "message_2")
    );
    assert_eq!(
        responder.prk_3e2m.bytes().as_slice(),
        trace.raw("message_2", "PRK_3e2m")
    );
    assert_eq!(responder.th_3.as_slice(), trace.raw("message_3", "TH_3"));

    let unverified = initiator.read(&message_2).unwrap();
    assert_eq!(unverified.th_2.as_slice(), trace.raw("message_2", "TH_2"));
    assert_eq!(
        unverified.prk_2e.bytes().as_slice(),
        trace.raw("message_2", "PRK_2e")
    );
    let salt_3e2m = unverified
        .prk_2e
        .derive::<32>(label::SALT_3E2M, &unverified.th_2)
        .unwrap();
    assert_eq!(salt_3e2m.as_slice(), trace.raw("message_2", "SALT_3e2m"));
    assert_eq!(unverified.id_cred_r(), id_cred_r);
    assert_eq!(unverified.c_r(), &c_r);
    assert_eq!(
        unverified.plaintext_2.as_bytes(),
        trace.sequence("message_2", "PLAINTEXT_2")
    );
    assert_eq!(
        unverified.plaintext_2.signature_or_mac(),
        trace.raw("message_2", "MAC_2")
    );
    let key_r = public_key(&trace, "message_2", "SK_R");
    let verified = unverified.verify(&cred_r, &key_r).unwrap();
    assert_eq!(
        verified.prk_3e2m.bytes().as_slice(),
        trace.raw("message_2", "PRK_3e2m")
    );
    assert_eq!(verified.th_3.as_slice(), trace.raw("message_3", "TH_3"));
    let k_3 = verified
        .prk_3e2m
        .derive::<16>(label::K_3, &verified.th_3)
        .unwrap();
    assert_eq!(k_3.as_slice(), trace.raw("message_3", "K_3"));
    let iv_3 = verified
        .prk_3e2m
        .derive::<13>(label::IV_3, &verified.th_3)
        .unwrap();
    assert_eq!(iv_3.as_slice(), trace.raw("message_3", "IV_3"));
    let salt_4e3m = verified
        .prk_3e2m
        .derive::<32>(label::SALT_4E3M, &verified.th_3)
        .unwrap();
    assert_eq!(salt_4e3m.as_slice(), trace.raw("message_3", "SALT_4e3m"));

    // message_3
    let sk_i = StaticSecret::from_bytes(&array(trace.raw("message_3", "SK_I"))).unwrap();
    let id_cred_i = trace.item("message_3", "ID_CRED_I");
    let cred_i = trace.item("message_3", "CRED_I");
    let credential = CredentialRef {
        id_cred: &id_cred_i,
        cred: &cred_i,
    };
    let (initiator, message_3) = verified
        .message_3_static_dh(&sk_i, credential, &[])
        .unwrap();
    assert_eq!(
        message_3.as_slice(),
        trace.sequence("message_3", "message_3")
    );

    let unverified = responder.read(&message_3).unwrap();
    assert_eq!(unverified.id_cred_i(), id_cred_i);
    assert_eq!(
        unverified.plaintext_3.as_bytes(),
        trace.sequence("message_3", "PLAINTEXT_3")
    );
    assert_eq!(
        unverified.plaintext_3.signature_or_mac(),
        trace.raw("message_3", "MAC_3")
    );
    let key_i = public_key(&trace, "message_3", "SK_I");
    let verified = unverified.verify(&cred_i, &key_i).unwrap();
    for (prk_4e3m, th_4, prk_out) in [
        (
            &initiator.keys.prk_4e3m,
            initiator.th_4(),
            &initiator.established.prk_out,
        ),
        (
            &verified.keys.prk_4e3m,
            verified.th_4(),
            &verified.established.prk_out,
        ),
    ] {
        assert_eq!(
            prk_4e3m.bytes().as_slice(),
            trace.raw("message_3", "PRK_4e3m")
        );
        assert_eq!(th_4.as_slice(), trace.raw("message_3", "TH_4"));
        assert_eq!(prk_out.bytes().as_slice(), trace.raw("PRK_out", "PRK_out"));
        let k_4 = prk_4e3m.derive::<16>(label::K_4, th_4).unwrap();
        assert_eq!(k_4.as_slice(), trace.raw("message_4", "K_4"));
        let iv_4 = prk_4e3m.derive::<13>(label::IV_4, th_4).unwrap();
        assert_eq!(iv_4.as_slice(), trace.raw("message_4", "IV_4"));
    }

    // message_4
    let (responder, message_4) = verified.message_4(&[]).unwrap();
    assert_eq!(
        message_4.as_slice(),
        trace.sequence("message_4", "message_4")
    );
    let (initiator, ead_4) = initiator.read(&message_4).unwrap();
    assert!(ead_4.is_empty());

    // Exporter and key update
    for mut established in [initiator, responder] {
        let exporter = established.exporter();
        assert_eq!(
            exporter.0.bytes().as_slice(),
            trace.raw("PRK_out", "PRK_exporter")
        );
        let (secret, salt) = oscore(&established);
        assert_eq!(
            secret.as_slice(),
            trace.raw("OSCORE", "OSCORE Master Secret")
        );
        assert_eq!(salt.as_slice(), trace.raw("OSCORE", "OSCORE Master Salt"));

        established
            .key_update(&trace.raw("Key Update", "context for KeyUpdate"))
            .unwrap();
        let prk_out = established.prk_out.bytes().as_slice();
        assert_eq!(prk_out, trace.raw("Key Update", "PRK_out after KeyUpdate"));
        let prk_exporter = established.exporter();
        assert_eq!(
            prk_exporter.0.bytes().as_slice(),
            trace.raw("Key Update", "PRK_exporter after KeyUpdate")
        );
        let (secret, salt) = oscore(&established);
        assert_eq!(
            secret.as_slice(),
            trace.raw("Key Update", "OSCORE Master Secret after KeyUpdate")
        );
        assert_eq!(
            salt.as_slice(),
            trace.raw("Key Update", "OSCORE Master Salt after KeyUpdate")
        );
    }
}

/// OSCORE Master Secret and Salt (RFC 9528 appendix A.1).
fn oscore(established: &super::Established) -> ([u8; 16], [u8; 8]) {
    let (mut secret, mut salt) = ([0; 16], [0; 8]);
    established.exporter().export(0, &[], &mut secret).unwrap();
    established.exporter().export(1, &[], &mut salt).unwrap();
    (secret, salt)
}

#[test]
fn the_structures_of_section_2_come_out_of_its_shared_secret() {
    let trace = Trace::of_section(2);
    // Suite 0 has the hash and the AEAD of suite 2.
    let suite = Suite::Aes128CcmMac64P256;

    // message_2
    let hash_message_1 = transcript_hash::hash_message_1(&trace.sequence("message_1", "message_1"));
    let g_y = trace.raw("message_2", "G_Y");
    let th_2 = transcript_hash::th_2(&g_y, &hash_message_1);
    assert_eq!(th_2.as_slice(), trace.raw("message_2", "TH_2"));
    let g_xy = trace.shared_secret("message_2", "G_XY (Raw Value)");
    let prk_2e = Prk::extract(&th_2, g_xy.raw_secret_bytes());
    assert_eq!(prk_2e.bytes().as_slice(), trace.raw("message_2", "PRK_2e"));

    let c_r = ConnectionId::new(&trace.raw("message_2", "C_R"))
        .unwrap()
        .encode()
        .unwrap();
    assert_eq!(c_r.as_slice(), trace.item("message_2", "C_R"));
    let id_cred_r = trace.item("message_2", "ID_CRED_R");
    let cred_r = trace.item("message_2", "CRED_R");
    let context_2 = Context {
        c_r: &c_r,
        id_cred: &id_cred_r,
        transcript_hash: &th_2,
        cred: &cred_r,
        ead: &[],
    };
    let mut mac_2 = [0; 32];
    context_2.mac(Role::Responder, &prk_2e, &mut mac_2).unwrap();
    assert_eq!(mac_2.as_slice(), trace.raw("message_2", "MAC_2"));
    let tbs = context_2
        .sig_structure_to_sign(Role::Responder, &prk_2e)
        .unwrap();
    assert_eq!(
        tbs.as_bytes(),
        trace.item("message_2", "Message to be signed 2")
    );
    assert_eq!(
        (tbs.id_cred(), tbs.cred()),
        (id_cred_r.as_slice(), cred_r.as_slice())
    );
    assert_eq!(tbs.ead(), b"");
    let signature = trace.raw("message_2", "Signature_or_MAC_2");
    let plaintext_2 = plaintext::write(&c_r, tbs.id_cred(), &signature, tbs.ead()).unwrap();
    assert_eq!(
        plaintext_2.as_slice(),
        trace.sequence("message_2", "PLAINTEXT_2")
    );
    let message_2 = message_2::write(&g_y, &plaintext_2, &prk_2e, &th_2).unwrap();
    assert_eq!(
        message_2.as_slice(),
        trace.sequence("message_2", "message_2")
    );

    // message_3
    let th_3 = transcript_hash::next(&th_2, &plaintext_2, &cred_r);
    assert_eq!(th_3.as_slice(), trace.raw("message_3", "TH_3"));
    let id_cred_i = trace.item("message_3", "ID_CRED_I");
    let cred_i = trace.item("message_3", "CRED_I");
    let context_3 = Context {
        c_r: &[],
        id_cred: &id_cred_i,
        transcript_hash: &th_3,
        cred: &cred_i,
        ead: &[],
    };
    let tbs = context_3
        .sig_structure_to_sign(Role::Initiator, &prk_2e)
        .unwrap();
    assert_eq!(
        tbs.as_bytes(),
        trace.item("message_3", "Message to be signed 3")
    );
    let signature = trace.raw("message_3", "Signature_or_MAC_3");
    let plaintext_3 = plaintext::write(&[], tbs.id_cred(), &signature, tbs.ead()).unwrap();
    assert_eq!(
        plaintext_3.as_slice(),
        trace.sequence("message_3", "PLAINTEXT_3")
    );
    let message_3 = message_3::encryption(suite, &prk_2e, &th_3)
        .seal(&plaintext_3)
        .unwrap();
    assert_eq!(
        message_3.as_slice(),
        trace.sequence("message_3", "message_3")
    );

    // message_4
    let th_4 = transcript_hash::next(&th_3, &plaintext_3, &cred_i);
    assert_eq!(th_4.as_slice(), trace.raw("message_3", "TH_4"));
    let message_4 = Encrypt0 {
        suite,
        prk: &prk_2e,
        key_label: label::K_4,
        iv_label: label::IV_4,
        transcript_hash: &th_4,
    }
    .seal(&[])
    .unwrap();
    assert_eq!(
        message_4.as_slice(),
        trace.sequence("message_4", "message_4")
    );
    let established = super::Established::new(&prk_2e, th_4).unwrap();
    let (secret, salt) = oscore(&established);
    assert_eq!(
        secret.as_slice(),
        trace.raw("OSCORE", "OSCORE Master Secret")
    );
    assert_eq!(salt.as_slice(), trace.raw("OSCORE", "OSCORE Master Salt"));
}
