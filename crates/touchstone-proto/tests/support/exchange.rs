//! Whole exchanges between our two roles, with an adversary on the wire.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use touchstone_proto::edhoc::{
    ConnectionId, CredentialId, CredentialRef, Ephemeral, Established, Method, PublicKey,
    Signature, StaticSecret, Suite, credential, initiator, responder,
};
use touchstone_proto::error::Error;

/// How certificates are referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `x5chain` of one certificate.
    X5chain,
    /// `x5t` with SHA-256 cut to 64 bits.
    X5t64,
    /// `x5t` with SHA-256.
    X5t256,
}

/// What an exchange is made of.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) suite: Suite,
    pub(crate) form: Form,
    pub(crate) c_i: Vec<u8>,
    pub(crate) c_r: Vec<u8>,
    /// Encoded `EAD_1` to `EAD_4`.
    pub(crate) ead: [Vec<u8>; 4],
}

const X: [u8; 32] = [0x11; 32];
const Y: [u8; 32] = [0x22; 32];
const SK_I: [u8; 32] = [0x33; 32];
const SK_R: [u8; 32] = [0x44; 32];

/// What a completed exchange leaves.
pub(crate) struct Completed {
    pub(crate) messages: [Vec<u8>; 4],
    pub(crate) initiator: Established,
    pub(crate) responder: Established,
}

impl Exchange {
    pub(crate) fn new(method: Method, suite: Suite) -> Self {
        Self {
            method,
            suite,
            form: Form::X5t64,
            c_i: vec![0x0a],
            c_r: vec![0x14],
            ead: Default::default(),
        }
    }

    /// Runs both roles; `adversary` may change each message on its way (1 to 4).
    ///
    /// Both sides take any `ID_CRED_x` for the right one, so that nothing but the engine stands in the way.
    pub(crate) fn run(
        &self,
        mut adversary: impl FnMut(usize, &mut Vec<u8>),
    ) -> Result<Completed, Error> {
        let [ead_1, ead_2, ead_3, ead_4] = &self.ead;
        let (sk_i, sk_r) = (secret(&SK_I), secret(&SK_R));
        let (cert_i, cert_r) = (certificate(&SK_I), certificate(&SK_R));
        let cred_i = credential::x509_cred(&cert_i)?;
        let cred_r = credential::x509_cred(&cert_r)?;
        let (id_cred_i, id_cred_r) = (self.id_cred(&cert_i), self.id_cred(&cert_r));
        let mut deliver = |number, message: &[u8]| {
            let mut message = message.to_vec();
            adversary(number, &mut message);
            message
        };

        let (await_2, message_1) = initiator::start(
            self.method,
            &[self.suite],
            Ephemeral::from_bytes(&X)?,
            ConnectionId::new(&self.c_i)?,
            ead_1,
        )?;
        let message_1 = deliver(1, &message_1);

        let received =
            responder::AwaitMessage1::new(&[self.method], &[self.suite]).read(&message_1)?;
        let own = CredentialRef {
            id_cred: &id_cred_r,
            cred: &cred_r,
        };
        let y = Ephemeral::from_bytes(&Y)?;
        let c_r = ConnectionId::new(&self.c_r)?;
        let (await_3, message_2) = match self.method {
            Method::SignatureSignature => {
                let pending = received.message_2(y, c_r, own, ead_2)?;
                let signature = sign(&SK_R, pending.to_be_signed());
                pending.signed(&signature)?
            }
            Method::StaticDhStaticDh => received.message_2_static_dh(&sk_r, y, c_r, own, ead_2)?,
        };
        let message_2 = deliver(2, &message_2);

        let verified_2 = await_2
            .read(&message_2)?
            .verify(&cred_r, &sk_r.public_key())?;
        let own = CredentialRef {
            id_cred: &id_cred_i,
            cred: &cred_i,
        };
        let (await_4, message_3) = match self.method {
            Method::SignatureSignature => {
                let pending = verified_2.message_3(own, ead_3)?;
                let signature = sign(&SK_I, pending.to_be_signed());
                pending.signed(&signature)?
            }
            Method::StaticDhStaticDh => verified_2.message_3_static_dh(&sk_i, own, ead_3)?,
        };
        let message_3 = deliver(3, &message_3);

        let verified_3 = await_3
            .read(&message_3)?
            .verify(&cred_i, &sk_i.public_key())?;
        let (responder, message_4) = verified_3.message_4(ead_4)?;
        let message_4 = deliver(4, &message_4);
        let (initiator, received_ead_4) = await_4.read(&message_4)?;
        assert_eq!(received_ead_4.as_slice(), ead_4.as_slice());

        let messages = [message_1, message_2, message_3, message_4];
        Ok(Completed {
            messages,
            initiator,
            responder,
        })
    }

    /// Runs the exchange undisturbed and records it as a transcript.
    pub(crate) fn record(&self) -> Value {
        let completed = self.run(|_, _| {}).unwrap();
        let mut master_secret = [0; 16];
        completed
            .initiator
            .exporter()
            .export(0, &[], &mut master_secret)
            .unwrap();
        let [message_1, message_2, message_3, message_4] = &completed.messages;
        json!({
            "ok": true,
            "method": self.method.identifier(),
            "suite": self.suite.identifier(),
            "form": if self.form == Form::X5chain { "x5chain" } else { "x5t" },
            "ours": "init",
            "eph_ours": hex::encode(X),
            "eph_peer": hex::encode(Y),
            "sk_i": hex::encode(SK_I),
            "sk_r": hex::encode(SK_R),
            "cert_i": hex::encode(certificate(&SK_I)),
            "cert_r": hex::encode(certificate(&SK_R)),
            "c_i": hex::encode(&self.c_i),
            "c_r": hex::encode(&self.c_r),
            "message_1": hex::encode(message_1),
            "message_2": hex::encode(message_2),
            "message_3": hex::encode(message_3),
            "message_4": hex::encode(message_4),
            "oscore_master_secret": hex::encode(master_secret),
        })
    }

    fn id_cred(&self, certificate: &[u8]) -> Vec<u8> {
        let hash = Sha256::digest(certificate);
        let id = match self.form {
            Form::X5chain => CredentialId::X5chain(certificate),
            Form::X5t64 => CredentialId::X5t {
                algorithm: -15,
                hash: &hash[..8],
            },
            Form::X5t256 => CredentialId::X5t {
                algorithm: -16,
                hash: &hash,
            },
        };
        id.encode().unwrap().to_vec()
    }
}

/// Enough of a certificate for EDHOC, to which it is a byte string: some bytes with the public key among them.
fn certificate(scalar: &[u8; 32]) -> Vec<u8> {
    let key: PublicKey = secret(scalar).public_key();
    let mut certificate = b"certificate of ".to_vec();
    certificate.extend(key.to_sec1());
    certificate
}

fn secret(scalar: &[u8; 32]) -> StaticSecret {
    StaticSecret::from_bytes(scalar).unwrap()
}

fn sign(scalar: &[u8; 32], to_be_signed: &[u8]) -> Signature {
    let signature: p256::ecdsa::Signature =
        SigningKey::from_slice(scalar).unwrap().sign(to_be_signed);
    signature.to_bytes().into()
}
