//! Replays recorded EDHOC exchanges in both roles. Shared by the tests and `cargo xtask vectors`.
//!
//! A transcript is a JSON object in the format of `vectors/edhoc-p256-crosschecked.json`. Ephemeral and static secrets
//! are injected, and where a side signs, the recorded signature; everything else must come out byte for byte.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use touchstone_proto::cbor::{Reader, Type};
use touchstone_proto::edhoc::{
    CredentialId, CredentialRef, Ephemeral, Established, Method, PublicKey, StaticSecret, Suite,
    credential, initiator, responder,
};
use touchstone_proto::error::{Error, Misbehaviour};

/// What became of one transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Both roles reproduced it.
    Replayed,
    /// It is malformed, or a role did not reproduce it.
    Failed(String),
    /// It records something this engine does not run, or an exchange that was not completed.
    Unsupported(String),
}

/// How many transcripts came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Reproduced by both roles.
    pub(crate) replayed: usize,
    /// Malformed or not reproduced.
    pub(crate) failed: usize,
    /// Not run.
    pub(crate) unsupported: usize,
}

impl Summary {
    /// Counts one outcome.
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Replayed => self.replayed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Unsupported(_) => self.unsupported += 1,
        }
    }
}

/// Replays every transcript of a file: an array of them, or one alone.
pub(crate) fn replay_file(contents: &str) -> Vec<Outcome> {
    match serde_json::from_str(contents) {
        Ok(Value::Array(transcripts)) => transcripts.iter().map(replay).collect(),
        Ok(alone @ Value::Object(_)) => vec![replay(&alone)],
        Ok(_) => vec![Outcome::Failed("neither an array nor an object".to_owned())],
        Err(error) => vec![Outcome::Failed(format!("not JSON: {error}"))],
    }
}

/// Replays one transcript.
pub(crate) fn replay(transcript: &Value) -> Outcome {
    let result = Transcript::new(transcript).and_then(|transcript| transcript.replay());
    match result {
        Ok(()) => Outcome::Replayed,
        Err(Stop::Failed(why)) => Outcome::Failed(why),
        Err(Stop::Unsupported(why)) => Outcome::Unsupported(why),
    }
}

/// Why a replay ended early.
enum Stop {
    Failed(String),
    Unsupported(String),
}

impl Stop {
    fn failed(why: impl fmt::Display) -> Self {
        Self::Failed(why.to_string())
    }

    fn unsupported(why: impl fmt::Display) -> Self {
        Self::Unsupported(why.to_string())
    }

    /// The engine refused something at this step.
    fn at(step: &'static str) -> impl Fn(Error) -> Self {
        move |error| Self::Failed(format!("{step}: {error}"))
    }
}

/// The fields of a transcript.
struct Transcript<'a> {
    fields: &'a Map<String, Value>,
    method: Method,
    suite: Suite,
}

impl<'a> Transcript<'a> {
    /// Reads the fields that decide whether this engine runs the transcript at all.
    fn new(transcript: &'a Value) -> Result<Self, Stop> {
        let fields = transcript
            .as_object()
            .ok_or_else(|| Stop::failed("not an object"))?;
        match fields.get("ok") {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => {
                return Err(Stop::unsupported("recorded as not completed"));
            }
            Some(_) => return Err(Stop::failed("ok: not a boolean")),
        }
        let number = |name| {
            fields
                .get(name)
                .and_then(Value::as_i64)
                .ok_or_else(|| Stop::failed(format!("{name}: missing or not an integer")))
        };
        let (method, suite) = (number("method")?, number("suite")?);
        let form = fields
            .get("form")
            .and_then(Value::as_str)
            .ok_or_else(|| Stop::failed("form: missing or not a string"))?;
        let method = Method::from_identifier(method)
            .ok_or_else(|| Stop::unsupported(format!("method {method}")))?;
        let suite = Suite::from_identifier(suite)
            .ok_or_else(|| Stop::unsupported(format!("suite {suite}")))?;
        if !matches!(form, "x5chain" | "x5t") {
            return Err(Stop::unsupported(format!("credential form {form}")));
        }
        Ok(Self {
            fields,
            method,
            suite,
        })
    }

    /// Runs both roles against the recorded messages.
    fn replay(&self) -> Result<(), Stop> {
        let message_1 = self.bytes("message_1")?;
        let message_2 = self.bytes("message_2")?;
        let message_3 = self.bytes("message_3")?;
        let message_4 = self.message_4()?;
        let (x, y) = self.ephemerals()?;
        let initiator = Party::read(self, "cert_i", "sk_i")?;
        let responder = Party::read(self, "cert_r", "sk_r")?;

        // message_1: what the Initiator chose is read back by the Responder.
        let received = responder::AwaitMessage1::new(&[self.method], &[self.suite])
            .read(&message_1)
            .map_err(Stop::at("message_1"))?;
        let c_i = received.c_i().clone();
        self.check_connection_id("c_i", c_i.as_bytes())?;
        let (await_2, written) = initiator::start_with_suites_i(
            self.method,
            &suites_i(&message_1)?,
            x,
            c_i,
            received.ead_1().as_bytes(),
        )
        .map_err(Stop::at("message_1"))?;
        equal("message_1", &written, &message_1)?;

        // message_2: what the Responder chose is read back by the Initiator.
        let unverified_2 = await_2.read(&message_2).map_err(Stop::at("message_2"))?;
        let c_r = unverified_2.c_r().clone();
        self.check_connection_id("c_r", c_r.as_bytes())?;
        let id_cred_r = unverified_2.id_cred_r();
        responder.check_id_cred(id_cred_r)?;
        let cred_r = CredentialRef {
            id_cred: id_cred_r,
            cred: &responder.cred,
        };
        let ead_2 = unverified_2.ead_2().as_bytes();
        let recorded = unverified_2.signature_or_mac_2();
        self.check_log("log_Signature_or_MAC_2", recorded)?;
        let (await_3, written) = match self.method {
            Method::SignatureSignature => received
                .message_2(y, c_r, cred_r, ead_2)
                .and_then(|pending| pending.signed(&signature(recorded))),
            Method::StaticDhStaticDh => {
                received.message_2_static_dh(&responder.secret, y, c_r, cred_r, ead_2)
            }
        }
        .map_err(Stop::at("message_2"))?;
        equal("message_2", &written, &message_2)?;
        let verified_2 = unverified_2
            .verify(&responder.cred, &responder.key)
            .map_err(Stop::at("message_2"))?;

        // message_3: the other way round again.
        let unverified_3 = await_3.read(&message_3).map_err(Stop::at("message_3"))?;
        let id_cred_i = unverified_3.id_cred_i();
        initiator.check_id_cred(id_cred_i)?;
        let cred_i = CredentialRef {
            id_cred: id_cred_i,
            cred: &initiator.cred,
        };
        let ead_3 = unverified_3.ead_3().as_bytes();
        let recorded = unverified_3.signature_or_mac_3();
        self.check_log("log_Signature_or_MAC_3", recorded)?;
        let (await_4, written) = match self.method {
            Method::SignatureSignature => verified_2
                .message_3(cred_i, ead_3)
                .and_then(|pending| pending.signed(&signature(recorded))),
            Method::StaticDhStaticDh => {
                verified_2.message_3_static_dh(&initiator.secret, cred_i, ead_3)
            }
        }
        .map_err(Stop::at("message_3"))?;
        equal("message_3", &written, &message_3)?;
        let verified_3 = unverified_3
            .verify(&initiator.cred, &initiator.key)
            .map_err(Stop::at("message_3"))?;
        equal("TH_4", await_4.th_4(), verified_3.th_4())?;

        // message_4
        let (of_initiator, of_responder) = match message_4 {
            Some(message_4) => {
                let (of_initiator, ead_4) =
                    await_4.read(&message_4).map_err(Stop::at("message_4"))?;
                let (of_responder, written) = verified_3
                    .message_4(&ead_4)
                    .map_err(Stop::at("message_4"))?;
                equal("message_4", &written, &message_4)?;
                (of_initiator, of_responder)
            }
            None => (await_4.without_message_4(), verified_3.without_message_4()),
        };
        self.check_secrets(&of_initiator)?;
        self.check_secrets(&of_responder)?;

        self.check_logged_messages(&message_1, &message_2, &message_3)
    }

    /// Compares the messages and what can be cut out of them with the log.
    fn check_logged_messages(
        &self,
        message_1: &[u8],
        message_2: &[u8],
        message_3: &[u8],
    ) -> Result<(), Stop> {
        self.check_log("log_TH_1", &Sha256::digest(message_1))?;
        let content = |message| Reader::new(message).bytes().unwrap_or_default();
        let (g_y, ciphertext_2) = content(message_2).split_at_checked(32).unwrap_or_default();
        for (name, found) in [
            ("log_message_1", message_1),
            ("log_message_2", message_2),
            ("log_message_3", message_3),
            ("log_G_Y", g_y),
            ("log_CIPHERTEXT_2", ciphertext_2),
            ("log_CIPHERTEXT_3", content(message_3)),
        ] {
            self.check_log(name, found)?;
        }
        Ok(())
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Stop> {
        let text = self
            .fields
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| Stop::failed(format!("{name}: missing or not a string")))?;
        hex::decode(text).map_err(|error| Stop::failed(format!("{name}: {error}")))
    }

    fn secret(&self, name: &str) -> Result<[u8; 32], Stop> {
        self.bytes(name)?
            .try_into()
            .map_err(|_| Stop::failed(format!("{name}: not 32 bytes")))
    }

    /// message_4, which an application may do without: then it is recorded as null or empty.
    fn message_4(&self) -> Result<Option<Vec<u8>>, Stop> {
        if self.fields.get("message_4") == Some(&Value::Null) {
            return Ok(None);
        }
        Ok(Some(self.bytes("message_4")?).filter(|message_4| !message_4.is_empty()))
    }

    /// X and Y; `ours` says which of the two the recording side drew.
    fn ephemerals(&self) -> Result<(Ephemeral, Ephemeral), Stop> {
        let (x, y) = match self.fields.get("ours").and_then(Value::as_str) {
            Some("init") => ("eph_ours", "eph_peer"),
            Some("resp") => ("eph_peer", "eph_ours"),
            _ => return Err(Stop::failed("ours: neither init nor resp")),
        };
        let ephemeral =
            |name| Ephemeral::from_bytes(&self.secret(name)?).map_err(Stop::at("ephemeral"));
        Ok((ephemeral(x)?, ephemeral(y)?))
    }

    /// Identifiers are recorded by their bytes; the encoding is taken too, where the two differ.
    fn check_connection_id(&self, name: &str, found: &[u8]) -> Result<(), Stop> {
        let recorded = self.bytes(name)?;
        let encoded = Reader::new(&recorded)
            .bytes()
            .is_ok_and(|bytes| bytes == found);
        if recorded == found || encoded {
            Ok(())
        } else {
            Err(Stop::failed(format!("{name} differs")))
        }
    }

    fn check_secrets(&self, established: &Established) -> Result<(), Stop> {
        let recorded = self.bytes("oscore_master_secret")?;
        let mut exported = vec![0; recorded.len()];
        established
            .exporter()
            .export(0, &[], &mut exported)
            .map_err(|error| Stop::failed(format!("oscore_master_secret: {error}")))?;
        if recorded.is_empty() {
            return Err(Stop::failed("oscore_master_secret: empty"));
        }
        equal("oscore_master_secret", &exported, &recorded)?;
        self.check_log("log_TH_4", established.th_4())
    }

    /// Compares with an intermediate value, where one was recorded.
    fn check_log(&self, name: &str, found: &[u8]) -> Result<(), Stop> {
        if self.fields.contains_key(name) {
            equal(name, found, &self.bytes(name)?)?;
        }
        Ok(())
    }
}

/// The credential and the keys of one side.
struct Party {
    certificate: Vec<u8>,
    cred: Vec<u8>,
    key: PublicKey,
    secret: StaticSecret,
}

impl Party {
    fn read(transcript: &Transcript<'_>, cert: &str, sk: &str) -> Result<Self, Stop> {
        let certificate = transcript.bytes(cert)?;
        let cred = credential::x509_cred(&certificate)
            .map_err(|error| Stop::failed(format!("{cert}: {error}")))?
            .to_vec();
        let secret =
            StaticSecret::from_bytes(&transcript.secret(sk)?).map_err(Stop::at("static secret"))?;
        let key = p256_key(&certificate).unwrap_or_else(|| secret.public_key());
        if key != secret.public_key() {
            return Err(Stop::failed(format!("{sk} is not the key of {cert}")));
        }
        Ok(Self {
            certificate,
            cred,
            key,
            secret,
        })
    }

    /// Requires that `ID_CRED_x` refers to this side's certificate.
    fn check_id_cred(&self, id_cred: &[u8]) -> Result<(), Stop> {
        let refers = match CredentialId::parse(id_cred) {
            Ok(CredentialId::X5chain(certificate)) => certificate == self.certificate,
            Ok(CredentialId::X5t {
                algorithm: -15,
                hash,
            }) => hash == &Sha256::digest(&self.certificate)[..8],
            Ok(CredentialId::X5t {
                algorithm: -16,
                hash,
            }) => hash == &Sha256::digest(&self.certificate)[..],
            Ok(CredentialId::X5t { algorithm, .. }) => {
                return Err(Stop::unsupported(format!("x5t with algorithm {algorithm}")));
            }
            Ok(CredentialId::Other) => match first_of_chain(id_cred) {
                Some(certificate) => certificate == self.certificate,
                None => return Err(Stop::unsupported("another form of ID_CRED_x")),
            },
            Ok(_) => return Err(Stop::unsupported("another form of ID_CRED_x")),
            Err(error) => return Err(Stop::failed(format!("ID_CRED_x: {error}"))),
        };
        if refers {
            Ok(())
        } else {
            Err(Stop::failed("ID_CRED_x refers to another certificate"))
        }
    }
}

/// The leaf of an `x5chain` of several certificates.
fn first_of_chain(id_cred: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(id_cred);
    reader.map(1).ok()?;
    (reader.int().ok()? == 33).then_some(())?;
    (reader.array_any().ok()? >= 2).then_some(())?;
    reader.bytes().ok()
}

/// The P-256 key in a certificate, found by its SubjectPublicKeyInfo (RFC 5480 section 2).
fn p256_key(certificate: &[u8]) -> Option<PublicKey> {
    // SEQUENCE { SEQUENCE { OID ecPublicKey, OID prime256v1 }, BIT STRING } up to the point itself.
    const HEAD: &[u8] = &[
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let start = certificate
        .windows(HEAD.len())
        .position(|window| window == HEAD)?;
    let point = certificate.get(start + HEAD.len()..)?.get(..65)?;
    PublicKey::from_sec1(point).ok()
}

/// `SUITES_I` of a message_1 the engine has accepted.
fn suites_i(message_1: &[u8]) -> Result<Vec<i64>, Stop> {
    let read = || -> Result<Vec<i64>, Misbehaviour> {
        let mut reader = Reader::new(message_1);
        reader.int()?;
        let count = match reader.peek()? {
            Type::Array => reader.array_any()?,
            _ => 1,
        };
        (0..count).map(|_| reader.int()).collect()
    };
    read().map_err(|error| Stop::failed(format!("SUITES_I: {error}")))
}

/// The engine has checked the length; a wrong one would not verify.
fn signature(recorded: &[u8]) -> [u8; 64] {
    recorded.try_into().unwrap_or([0; 64])
}

fn equal(what: &str, found: &[u8], recorded: &[u8]) -> Result<(), Stop> {
    if found == recorded {
        Ok(())
    } else {
        Err(Stop::failed(format!("{what} differs")))
    }
}
