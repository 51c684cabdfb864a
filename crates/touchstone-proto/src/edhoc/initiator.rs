//! The Initiator (RFC 9528 sections 5.2 to 5.5).

use super::connection_id::ConnectionId;
use super::credential::{self, CredentialRef};
use super::ead::Ead;
use super::exporter::{Established, Exporter};
use super::key::{Ephemeral, PublicKey, Signature, StaticSecret, check_signature};
use super::key_schedule::{Prk, label};
use super::message_4::Message4Keys;
use super::plaintext::{self, Plaintext};
use super::signature_or_mac::{Context, Role, ToBeSigned};
use super::transcript_hash::{self, TranscriptHash};
use super::{Buffer, Method, Suite, key_agreement, message_1, message_2, message_3};
use crate::error::{Error, LocalError, Misbehaviour};

/// Begins an exchange: writes message_1.
///
/// `suites` is in order of preference and ends with the selected one; `ead_1` is an encoded EAD field, possibly empty.
///
/// # Errors
/// [`LocalError`] if there is no suite, the selected one does not go with the method, `ead_1` is malformed or the message does not fit.
pub fn start(
    method: Method,
    suites: &[Suite],
    ephemeral: Ephemeral,
    c_i: ConnectionId,
    ead_1: &[u8],
) -> Result<(AwaitMessage2, Buffer), Error> {
    let mut identifiers = heapless::Vec::<i64, 8>::new();
    for suite in suites {
        identifiers
            .push(suite.identifier())
            .map_err(|_| LocalError::MessageTooLong)?;
    }
    start_with_suites_i(method, &identifiers, ephemeral, c_i, ead_1)
}

/// As [`start`], with `SUITES_I` by number: all but the last may be suites this engine does not run.
///
/// # Errors
/// As [`start`].
pub fn start_with_suites_i(
    method: Method,
    suites_i: &[i64],
    ephemeral: Ephemeral,
    c_i: ConnectionId,
    ead_1: &[u8],
) -> Result<(AwaitMessage2, Buffer), Error> {
    let suite = suites_i
        .last()
        .and_then(|selected| Suite::from_identifier(*selected))
        .ok_or(LocalError::NoSuite)?;
    if !suite.goes_with(method) {
        return Err(LocalError::WrongMethod.into());
    }
    Ead::parse(ead_1).map_err(|_| LocalError::EadMalformed)?;
    let g_x = key_agreement::g_x(suite, &ephemeral)?;
    let message_1 = message_1::write(method.identifier(), suites_i, &g_x, &c_i, ead_1)?;
    let hash_message_1 = transcript_hash::hash_message_1(&message_1);
    Ok((
        AwaitMessage2 {
            method,
            suite,
            ephemeral,
            hash_message_1,
        },
        message_1,
    ))
}

/// message_1 was sent.
#[derive(Debug)]
pub struct AwaitMessage2 {
    method: Method,
    suite: Suite,
    ephemeral: Ephemeral,
    pub(super) hash_message_1: TranscriptHash,
}

impl AwaitMessage2 {
    /// The suite selected in message_1.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Decrypts message_2. Nothing in it is authentic yet.
    ///
    /// # Errors
    /// [`Misbehaviour`] for anything malformed; another message decrypts to noise, which is malformed too.
    pub fn read(self, message_2: &[u8]) -> Result<UnverifiedMessage2, Error> {
        let Self {
            method,
            suite,
            mut ephemeral,
            hash_message_1,
        } = self;
        let (g_y, ciphertext_2) = message_2::parse(suite, message_2)?;
        let th_2 = transcript_hash::th_2(g_y, &hash_message_1);
        let (g_y, g_xy) = key_agreement::conclude(suite, &mut ephemeral, g_y)?;
        let prk_2e = Prk::extract(&th_2, g_xy.expose());
        let mut plaintext_2 =
            Buffer::from_slice(ciphertext_2).map_err(|_| Misbehaviour::MessageTooLong)?;
        message_2::xor_keystream_2(&mut plaintext_2, &prk_2e, &th_2)?;
        let (c_r, plaintext_2) = Plaintext::parse_2(plaintext_2, method, suite)?;
        Ok(UnverifiedMessage2 {
            method,
            suite,
            ephemeral,
            g_y,
            th_2,
            prk_2e,
            c_r,
            plaintext_2,
        })
    }
}

/// message_2 was decrypted. Find the credential `id_cred_r` refers to, then [`verify`](Self::verify).
#[derive(Debug)]
pub struct UnverifiedMessage2 {
    method: Method,
    suite: Suite,
    ephemeral: Ephemeral,
    g_y: PublicKey,
    pub(super) th_2: TranscriptHash,
    pub(super) prk_2e: Prk,
    c_r: ConnectionId,
    pub(super) plaintext_2: Plaintext,
}

impl UnverifiedMessage2 {
    /// `ID_CRED_R` as a CBOR map, also where only a `kid` was received. Not authentic.
    pub fn id_cred_r(&self) -> &[u8] {
        self.plaintext_2.id_cred()
    }

    /// `C_R`. Not authentic.
    pub const fn c_r(&self) -> &ConnectionId {
        &self.c_r
    }

    /// `EAD_2`. Not authentic: only what is needed to verify message_2 may be used.
    pub fn ead_2(&self) -> Ead<'_> {
        self.plaintext_2.ead()
    }

    /// `Signature_or_MAC_2`, not yet verified: 64 bytes in method 0, as long as the suite's MAC in method 3.
    pub fn signature_or_mac_2(&self) -> &[u8] {
        self.plaintext_2.signature_or_mac()
    }

    /// Verifies `Signature_or_MAC_2` with the Responder's credential `cred_r`, as hashed, and its public key.
    ///
    /// # Errors
    /// [`Inauthentic`](crate::error::Inauthentic) if it does not verify.
    pub fn verify(self, cred_r: &[u8], key: &PublicKey) -> Result<VerifiedMessage2, Error> {
        let Self {
            method,
            suite,
            ephemeral,
            g_y,
            th_2,
            prk_2e,
            c_r,
            plaintext_2,
        } = self;
        let encoded_c_r = c_r.encode()?;
        let ead_2 = plaintext_2.ead();
        let context = Context {
            c_r: &encoded_c_r,
            id_cred: plaintext_2.id_cred(),
            transcript_hash: &th_2,
            cred: cred_r,
            ead: ead_2.as_bytes(),
        };
        let received = plaintext_2.signature_or_mac();
        let prk_3e2m = match method {
            Method::SignatureSignature => {
                context.verify_signature(Role::Responder, &prk_2e, received, key)?;
                prk_2e
            }
            Method::StaticDhStaticDh => {
                let g_rx = ephemeral.diffie_hellman(key);
                let prk_3e2m = prk_2e.mix(label::SALT_3E2M, &th_2, &g_rx)?;
                context.verify_mac(Role::Responder, suite, &prk_3e2m, received)?;
                prk_3e2m
            }
        };
        let th_3 = transcript_hash::next(&th_2, plaintext_2.as_bytes(), cred_r);
        Ok(VerifiedMessage2 {
            method,
            suite,
            g_y,
            prk_3e2m,
            th_3,
            c_r,
            plaintext_2,
        })
    }
}

/// message_2 was verified: the Responder holds the key of the credential it was verified with.
#[derive(Debug)]
pub struct VerifiedMessage2 {
    method: Method,
    suite: Suite,
    g_y: PublicKey,
    pub(super) prk_3e2m: Prk,
    pub(super) th_3: TranscriptHash,
    c_r: ConnectionId,
    plaintext_2: Plaintext,
}

impl VerifiedMessage2 {
    /// `C_R`.
    pub const fn c_r(&self) -> &ConnectionId {
        &self.c_r
    }

    /// `EAD_2`, now authentic.
    pub fn ead_2(&self) -> Ead<'_> {
        self.plaintext_2.ead()
    }

    /// Prepares message_3 of method 0 up to the signature.
    ///
    /// # Errors
    /// [`LocalError`] if the method is another, an argument is malformed or the message does not fit.
    pub fn message_3(
        self,
        credential: CredentialRef<'_>,
        ead_3: &[u8],
    ) -> Result<PendingMessage3, Error> {
        let context = self.context_3(Method::SignatureSignature, &credential, ead_3)?;
        // PRK_4e3m = PRK_3e2m where the Initiator signs (RFC 9528 section 4.1.1.3).
        let to_be_signed = context.sig_structure_to_sign(Role::Initiator, &self.prk_3e2m)?;
        let Self {
            suite,
            prk_3e2m,
            th_3,
            ..
        } = self;
        Ok(PendingMessage3 {
            suite,
            prk_3e2m,
            th_3,
            to_be_signed,
        })
    }

    /// Writes message_3 of method 3.
    ///
    /// # Errors
    /// [`LocalError`] if the method is another, an argument is malformed or the message does not fit.
    pub fn message_3_static_dh(
        self,
        secret: &StaticSecret,
        credential: CredentialRef<'_>,
        ead_3: &[u8],
    ) -> Result<(AwaitMessage4, Buffer), Error> {
        let context = self.context_3(Method::StaticDhStaticDh, &credential, ead_3)?;
        let g_iy = secret.diffie_hellman(&self.g_y);
        let prk_4e3m = self.prk_3e2m.mix(label::SALT_4E3M, &self.th_3, &g_iy)?;
        let mac_3 = context.static_dh_mac(Role::Initiator, self.suite, &prk_4e3m)?;
        let plaintext_3 = plaintext::write(&[], credential.id_cred, &mac_3, ead_3)?;
        finish(
            self.suite,
            &self.prk_3e2m,
            prk_4e3m,
            &self.th_3,
            &plaintext_3,
            credential.cred,
        )
    }

    fn context_3<'a>(
        &'a self,
        method: Method,
        credential: &CredentialRef<'a>,
        ead_3: &'a [u8],
    ) -> Result<Context<'a>, LocalError> {
        if self.method != method {
            return Err(LocalError::WrongMethod);
        }
        credential::check_own(credential)?;
        Ead::parse(ead_3).map_err(|_| LocalError::EadMalformed)?;
        Ok(Context {
            c_r: &[],
            id_cred: credential.id_cred,
            transcript_hash: &self.th_3,
            cred: credential.cred,
            ead: ead_3,
        })
    }
}

/// message_3 waits for its signature.
#[derive(Debug)]
pub struct PendingMessage3 {
    suite: Suite,
    prk_3e2m: Prk,
    th_3: TranscriptHash,
    to_be_signed: ToBeSigned,
}

impl PendingMessage3 {
    /// The `Sig_structure`, to be signed with ES256: ECDSA on P-256 over its SHA-256 hash.
    pub fn to_be_signed(&self) -> &[u8] {
        self.to_be_signed.as_bytes()
    }

    /// Writes message_3 with this signature.
    ///
    /// # Errors
    /// [`LocalError`] if r or s is out of range or the message does not fit.
    pub fn signed(self, signature: &Signature) -> Result<(AwaitMessage4, Buffer), Error> {
        check_signature(signature)?;
        let tbs = &self.to_be_signed;
        let plaintext_3 = plaintext::write(&[], tbs.id_cred(), signature, tbs.ead())?;
        let prk_4e3m = self.prk_3e2m.clone();
        finish(
            self.suite,
            &self.prk_3e2m,
            prk_4e3m,
            &self.th_3,
            &plaintext_3,
            tbs.cred(),
        )
    }
}

fn finish(
    suite: Suite,
    prk_3e2m: &Prk,
    prk_4e3m: Prk,
    th_3: &TranscriptHash,
    plaintext_3: &[u8],
    cred_i: &[u8],
) -> Result<(AwaitMessage4, Buffer), Error> {
    let message_3 = message_3::encryption(suite, prk_3e2m, th_3).seal(plaintext_3)?;
    let th_4 = transcript_hash::next(th_3, plaintext_3, cred_i);
    let established = Established::new(&prk_4e3m, th_4)?;
    Ok((
        AwaitMessage4 {
            keys: Message4Keys { suite, prk_4e3m },
            established,
        },
        message_3,
    ))
}

/// message_3 was sent. The Responder has not shown yet that it received it.
#[derive(Debug)]
pub struct AwaitMessage4 {
    pub(super) keys: Message4Keys,
    pub(super) established: Established,
}

impl AwaitMessage4 {
    /// The exporter. Keys from it are not confirmed until message_4 or another protected message arrives.
    pub fn exporter(&self) -> Exporter {
        self.established.exporter()
    }

    /// `TH_4`.
    pub const fn th_4(&self) -> &[u8; 32] {
        self.established.th_4()
    }

    /// Verifies message_4 and returns `EAD_4`, a checked EAD field.
    ///
    /// # Errors
    /// [`Inauthentic`](crate::error::Inauthentic) if it does not verify, [`Misbehaviour`] if it is malformed.
    pub fn read(self, message_4: &[u8]) -> Result<(Established, Buffer), Error> {
        let ead_4 = self.keys.read(self.established.th_4(), message_4)?;
        Ok((self.established, ead_4))
    }

    /// Goes on without message_4, for applications that confirm the keys otherwise (RFC 9528 section 5.4.2).
    pub fn without_message_4(self) -> Established {
        self.established
    }
}
