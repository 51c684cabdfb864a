//! The Responder (RFC 9528 sections 5.2 to 5.5).

use super::connection_id::ConnectionId;
use super::credential::{self, CredentialRef};
use super::ead::Ead;
use super::exporter::{Established, Exporter};
use super::key::{Ephemeral, PublicKey, Signature, StaticSecret, check_signature};
use super::key_schedule::{Prk, label};
use super::message_1::Message1;
use super::message_4::Message4Keys;
use super::plaintext::{self, Plaintext};
use super::signature_or_mac::{Context, Role, ToBeSigned};
use super::transcript_hash::{self, TranscriptHash};
use super::{Buffer, Method, Suite, key_agreement, message_2, message_3};
use crate::error::{Error, Incompatibility, LocalError, Misbehaviour};

/// Ready for an exchange.
#[derive(Debug, Clone, Copy)]
pub struct AwaitMessage1<'a> {
    methods: &'a [Method],
    suites: &'a [Suite],
}

impl<'a> AwaitMessage1<'a> {
    /// A Responder that takes these methods and suites.
    pub const fn new(methods: &'a [Method], suites: &'a [Suite]) -> Self {
        Self { methods, suites }
    }

    /// Reads message_1.
    ///
    /// # Errors
    /// [`Misbehaviour`] for anything malformed; [`Incompatibility::Method`]; [`Incompatibility::Suite`] if the selected
    /// suite is not supported, or one before it is: then answer with
    /// [`error_message::wrong_suite`](super::error_message::wrong_suite); [`Incompatibility::SuiteOfMethod`].
    pub fn read(self, message_1: &[u8]) -> Result<ReceivedMessage1, Error> {
        let message = Message1::parse(message_1)?;
        let method = Method::from_identifier(message.method)
            .filter(|method| self.methods.contains(method))
            .ok_or(Incompatibility::Method(message.method))?;
        let selected = message.suites_i.selected();
        // The selected suite must be the first of the Initiator's that we support (RFC 9528 section 5.2.3).
        let suite = message
            .suites_i
            .iter()
            .filter_map(Suite::from_identifier)
            .find(|suite| self.suites.contains(suite))
            .filter(|suite| suite.identifier() == selected)
            .ok_or(Incompatibility::Suite { selected })?;
        if !suite.goes_with(method) {
            return Err(Incompatibility::SuiteOfMethod { selected }.into());
        }
        let (g_x, encapsulation_key) = key_agreement::read_g_x(suite, message.g_x)?;
        let mut kept = Buffer::new();
        for part in [encapsulation_key, message.ead_1.as_bytes()] {
            kept.extend_from_slice(part)
                .map_err(|_| Misbehaviour::MessageTooLong)?;
        }
        Ok(ReceivedMessage1 {
            method,
            suite,
            g_x,
            c_i: message.c_i,
            hash_message_1: transcript_hash::hash_message_1(message_1),
            kept,
            ead_1: encapsulation_key.len(),
        })
    }
}

/// message_1 was received. Nothing in it is authentic before message_3 is verified.
#[derive(Debug)]
pub struct ReceivedMessage1 {
    method: Method,
    suite: Suite,
    g_x: PublicKey,
    c_i: ConnectionId,
    pub(super) hash_message_1: TranscriptHash,
    /// What came of a KEM in `G_X`, then `EAD_1`. Together they fit into one message.
    kept: Buffer,
    /// Where `EAD_1` begins.
    ead_1: usize,
}

impl ReceivedMessage1 {
    /// The method the Initiator selected.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The suite the Initiator selected.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// `C_I`.
    pub const fn c_i(&self) -> &ConnectionId {
        &self.c_i
    }

    /// `EAD_1`. Not authentic, not encrypted.
    pub fn ead_1(&self) -> Ead<'_> {
        Ead::already_parsed(self.kept.get(self.ead_1..).unwrap_or_default())
    }

    /// Prepares message_2 of method 0 up to the signature.
    ///
    /// # Errors
    /// [`LocalError`] if the method is another, an argument is malformed or the message does not fit.
    pub fn message_2(
        self,
        ephemeral: Ephemeral,
        c_r: ConnectionId,
        credential: CredentialRef<'_>,
        ead_2: &[u8],
    ) -> Result<PendingMessage2, Error> {
        self.require(Method::SignatureSignature)?;
        let started = self.start(ephemeral, c_r)?;
        let context = started.context_2(&credential, ead_2)?;
        // PRK_3e2m = PRK_2e where the Responder signs (RFC 9528 section 4.1.1.2).
        let to_be_signed = context.sig_structure_to_sign(Role::Responder, &started.prk_2e)?;
        Ok(PendingMessage2 {
            started,
            to_be_signed,
        })
    }

    /// Writes message_2 of method 3.
    ///
    /// # Errors
    /// [`LocalError`] if the method is another, an argument is malformed or the message does not fit.
    pub fn message_2_static_dh(
        self,
        secret: &StaticSecret,
        ephemeral: Ephemeral,
        c_r: ConnectionId,
        credential: CredentialRef<'_>,
        ead_2: &[u8],
    ) -> Result<(AwaitMessage3, Buffer), Error> {
        self.require(Method::StaticDhStaticDh)?;
        let g_rx = secret.diffie_hellman(&self.g_x);
        let started = self.start(ephemeral, c_r)?;
        let context = started.context_2(&credential, ead_2)?;
        let prk_3e2m = started.prk_2e.mix(label::SALT_3E2M, &started.th_2, &g_rx)?;
        let mac_2 = context.static_dh_mac(Role::Responder, started.suite, &prk_3e2m)?;
        let plaintext_2 = plaintext::write(&started.c_r, credential.id_cred, &mac_2, ead_2)?;
        started.finish(
            Method::StaticDhStaticDh,
            prk_3e2m,
            &plaintext_2,
            credential.cred,
        )
    }

    fn require(&self, method: Method) -> Result<(), LocalError> {
        if self.method == method {
            Ok(())
        } else {
            Err(LocalError::WrongMethod)
        }
    }

    fn start(self, mut ephemeral: Ephemeral, c_r: ConnectionId) -> Result<Started, Error> {
        let encapsulation_key = self.kept.get(..self.ead_1).unwrap_or_default();
        let (g_y, g_xy) =
            key_agreement::respond(self.suite, &mut ephemeral, &self.g_x, encapsulation_key)?;
        let th_2 = transcript_hash::th_2(&g_y, &self.hash_message_1);
        let prk_2e = Prk::extract(&th_2, g_xy.expose());
        Ok(Started {
            suite: self.suite,
            ephemeral,
            g_y,
            th_2,
            prk_2e,
            c_r: c_r.encode()?,
        })
    }
}

/// What both methods need for message_2.
#[derive(Debug)]
pub(super) struct Started {
    suite: Suite,
    ephemeral: Ephemeral,
    g_y: key_agreement::Share,
    pub(super) th_2: TranscriptHash,
    pub(super) prk_2e: Prk,
    c_r: super::connection_id::EncodedConnectionId,
}

impl Started {
    fn context_2<'a>(
        &'a self,
        credential: &CredentialRef<'a>,
        ead_2: &'a [u8],
    ) -> Result<Context<'a>, LocalError> {
        credential::check_own(credential)?;
        Ead::parse(ead_2).map_err(|_| LocalError::EadMalformed)?;
        Ok(Context {
            c_r: &self.c_r,
            id_cred: credential.id_cred,
            transcript_hash: &self.th_2,
            cred: credential.cred,
            ead: ead_2,
        })
    }

    fn finish(
        self,
        method: Method,
        prk_3e2m: Prk,
        plaintext_2: &[u8],
        cred_r: &[u8],
    ) -> Result<(AwaitMessage3, Buffer), Error> {
        let message_2 = message_2::write(&self.g_y, plaintext_2, &self.prk_2e, &self.th_2)?;
        let th_3 = transcript_hash::next(&self.th_2, plaintext_2, cred_r);
        let Self {
            suite, ephemeral, ..
        } = self;
        Ok((
            AwaitMessage3 {
                method,
                suite,
                ephemeral,
                prk_3e2m,
                th_3,
            },
            message_2,
        ))
    }
}

/// message_2 waits for its signature.
#[derive(Debug)]
pub struct PendingMessage2 {
    pub(super) started: Started,
    to_be_signed: ToBeSigned,
}

impl PendingMessage2 {
    /// The `Sig_structure`, to be signed with ES256: ECDSA on P-256 over its SHA-256 hash.
    pub fn to_be_signed(&self) -> &[u8] {
        self.to_be_signed.as_bytes()
    }

    /// Writes message_2 with this signature.
    ///
    /// # Errors
    /// [`LocalError`] if r or s is out of range or the message does not fit.
    pub fn signed(self, signature: &Signature) -> Result<(AwaitMessage3, Buffer), Error> {
        check_signature(signature)?;
        let Self {
            started,
            to_be_signed: tbs,
        } = self;
        let plaintext_2 = plaintext::write(&started.c_r, tbs.id_cred(), signature, tbs.ead())?;
        let prk_3e2m = started.prk_2e.clone();
        started.finish(
            Method::SignatureSignature,
            prk_3e2m,
            &plaintext_2,
            tbs.cred(),
        )
    }
}

/// message_2 was sent.
#[derive(Debug)]
pub struct AwaitMessage3 {
    method: Method,
    suite: Suite,
    ephemeral: Ephemeral,
    pub(super) prk_3e2m: Prk,
    pub(super) th_3: TranscriptHash,
}

impl AwaitMessage3 {
    /// Decrypts message_3. It comes from whoever received message_2, not yet from whom it names.
    ///
    /// # Errors
    /// [`Inauthentic`](crate::error::Inauthentic) if it does not decrypt, [`Misbehaviour`] if it is malformed.
    pub fn read(self, message_3: &[u8]) -> Result<UnverifiedMessage3, Error> {
        let Self {
            method,
            suite,
            ephemeral,
            prk_3e2m,
            th_3,
        } = self;
        let plaintext_3 = message_3::encryption(suite, &prk_3e2m, &th_3).open(message_3)?;
        let plaintext_3 = Plaintext::parse_3(plaintext_3, method, suite)?;
        Ok(UnverifiedMessage3 {
            method,
            suite,
            ephemeral,
            prk_3e2m,
            th_3,
            plaintext_3,
        })
    }
}

/// message_3 was decrypted. Find the credential `id_cred_i` refers to, then [`verify`](Self::verify).
#[derive(Debug)]
pub struct UnverifiedMessage3 {
    method: Method,
    suite: Suite,
    ephemeral: Ephemeral,
    prk_3e2m: Prk,
    th_3: TranscriptHash,
    pub(super) plaintext_3: Plaintext,
}

impl UnverifiedMessage3 {
    /// `ID_CRED_I` as a CBOR map, also where only a `kid` was received. Not authentic.
    pub fn id_cred_i(&self) -> &[u8] {
        self.plaintext_3.id_cred()
    }

    /// `EAD_3`. Not authentic: only what is needed to verify message_3 may be used.
    pub fn ead_3(&self) -> Ead<'_> {
        self.plaintext_3.ead()
    }

    /// `Signature_or_MAC_3`, not yet verified: 64 bytes in method 0, as long as the suite's MAC in method 3.
    pub fn signature_or_mac_3(&self) -> &[u8] {
        self.plaintext_3.signature_or_mac()
    }

    /// Verifies `Signature_or_MAC_3` with the Initiator's credential `cred_i`, as hashed, and its public key.
    ///
    /// # Errors
    /// [`Inauthentic`](crate::error::Inauthentic) if it does not verify.
    pub fn verify(self, cred_i: &[u8], key: &PublicKey) -> Result<VerifiedMessage3, Error> {
        let Self {
            method,
            suite,
            ephemeral,
            prk_3e2m,
            th_3,
            plaintext_3,
        } = self;
        let ead_3 = plaintext_3.ead();
        let context = Context {
            c_r: &[],
            id_cred: plaintext_3.id_cred(),
            transcript_hash: &th_3,
            cred: cred_i,
            ead: ead_3.as_bytes(),
        };
        let received = plaintext_3.signature_or_mac();
        let prk_4e3m = match method {
            Method::SignatureSignature => {
                context.verify_signature(Role::Initiator, &prk_3e2m, received, key)?;
                prk_3e2m
            }
            Method::StaticDhStaticDh => {
                let g_iy = ephemeral.diffie_hellman(key);
                let prk_4e3m = prk_3e2m.mix(label::SALT_4E3M, &th_3, &g_iy)?;
                context.verify_mac(Role::Initiator, suite, &prk_4e3m, received)?;
                prk_4e3m
            }
        };
        let th_4 = transcript_hash::next(&th_3, plaintext_3.as_bytes(), cred_i);
        let established = Established::new(&prk_4e3m, th_4)?;
        let keys = Message4Keys { suite, prk_4e3m };
        Ok(VerifiedMessage3 {
            keys,
            established,
            plaintext_3,
        })
    }
}

/// message_3 was verified: the Initiator holds the key of the credential it was verified with.
#[derive(Debug)]
pub struct VerifiedMessage3 {
    pub(super) keys: Message4Keys,
    pub(super) established: Established,
    plaintext_3: Plaintext,
}

impl VerifiedMessage3 {
    /// `EAD_3`, now authentic.
    pub fn ead_3(&self) -> Ead<'_> {
        self.plaintext_3.ead()
    }

    /// The exporter.
    pub fn exporter(&self) -> Exporter {
        self.established.exporter()
    }

    /// `TH_4`.
    pub const fn th_4(&self) -> &[u8; 32] {
        self.established.th_4()
    }

    /// Writes message_4 with this EAD field, possibly empty.
    ///
    /// # Errors
    /// [`LocalError`] if `ead_4` is malformed or the message does not fit.
    pub fn message_4(self, ead_4: &[u8]) -> Result<(Established, Buffer), Error> {
        Ead::parse(ead_4).map_err(|_| LocalError::EadMalformed)?;
        let message_4 = self.keys.write(self.established.th_4(), ead_4)?;
        Ok((self.established, message_4))
    }

    /// Goes on without message_4, for applications that confirm the keys otherwise.
    pub fn without_message_4(self) -> Established {
        self.established
    }
}
