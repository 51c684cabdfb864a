//! The device's side of one link: Responder and Attester.
//!
//! [`Session`] reads, verifies, seals and opens. It holds no policy: who may arm, for how long, what is stored and what a touch is are decided by the
//! device role above it. It holds the factory key only as long as it takes to sign.

mod open;
mod types;

pub use types::{EdhocToBeSigned, Event, FactoryKey, Suites};

use core::{hint, mem};

use open::Open;

pub use crate::{HIGHEST_VERSION, evidence::EvidenceToBeSigned};

use crate::{
    advert::AdvertKey,
    attestation,
    channel::{Channel, Side},
    edhoc::{
        ConnectionId, CredentialId, CredentialRef, Ephemeral, Method, PublicKey, Suite,
        credential::x509_cred,
        error_message,
        responder::{AwaitMessage1, AwaitMessage3, ReceivedMessage1, VerifiedMessage3},
    },
    error::{Error, Incompatibility, LocalError, Misbehaviour},
    evidence::{self, Claims},
    message::{self, Envelope, Message},
    owner::OwnerPublicKey,
    phone::CredentialForm,
    record::{DeniedReason, DeviceRecord, ErrorCode, PhoneRecord, PressKind},
};

use sha2::{Digest, Sha256};

const METHODS: [Method; 1] = [Method::SignatureSignature];
const SUITES: &[Suite] = &[Suite::Aes128CcmMac128P256];
#[cfg(feature = "ml-kem")]
const SUITES_WITH_HYBRID: &[Suite] = &[
    Suite::Aes128CcmMac128P256MlKem768,
    Suite::Aes128CcmMac128P256,
];
/// COSE algorithm SHA-256 cut to 64 bits (RFC 9054).
const SHA_256_64: i64 = -15;

/// One session over one link, from message_1 to the end of the link.
///
/// Any error of the peer poisons it: every later call returns [`LocalError::Poisoned`], except that [`farewell`](Self::farewell) may have one last
/// envelope. A call in the wrong state returns [`LocalError::WrongState`] and changes nothing. A message_1 that selects another suite than the session
/// takes is refused and leaves it as it was (RFC 9528 section 5.2.3).
#[derive(Debug)]
pub struct Session {
    suites: &'static [Suite],
    state: State,
    farewell: Option<Farewell>,
}

type Farewell = heapless::Vec<u8, MAX_FAREWELL>;

// No indirection: firmware has no heap.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum State {
    AwaitHello,
    /// message_1 was read; the host decides whether to answer.
    AwaitAnswer {
        edhoc: ReceivedMessage1,
        form: CredentialForm,
        version: u8,
    },
    AwaitMessage3 {
        edhoc: AwaitMessage3,
        version: u8,
    },
    /// message_3 was verified; the host decides about the owner.
    AwaitDecision(Decision),
    Open(Open),
    /// Refused: what crosses the refusal is read and dropped.
    Refused(Channel),
    /// Over. The zeros cover whatever keys were there.
    #[allow(dead_code)]
    Poisoned([u64; COVER]),
}

/// The longest leaf certificate by value in an envelope with message_2 of the hybrid suite, in bytes: `G_Y` takes 1120 of the 2048.
#[cfg(feature = "ml-kem")]
pub const MAX_HYBRID_LEAF: usize = 845;

/// The longest farewell: a sealed ERROR in an envelope.
const MAX_FAREWELL: usize = 72;

/// Words as long as the longest state.
const COVER: usize = {
    const fn longer(one: usize, other: usize) -> usize {
        if one > other { one } else { other }
    }
    let handshake = longer(size_of::<AwaitMessage3>(), size_of::<Decision>());
    let session = longer(size_of::<Open>(), size_of::<Channel>());
    longer(handshake, session).div_ceil(size_of::<u64>()) + 1
};

#[derive(Debug)]
struct Decision {
    edhoc: VerifiedMessage3,
    channel: Channel,
    owner_kid: [u8; 32],
    nonce: [u8; 16],
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session that awaits message_1 of the classical suite.
    #[must_use]
    pub const fn new() -> Self {
        Self::taking(Suites::Classical)
    }

    /// A session that awaits message_1 of one of these suites.
    #[must_use]
    pub const fn taking(suites: Suites) -> Self {
        Self {
            suites: match suites {
                Suites::Classical => SUITES,
                #[cfg(feature = "ml-kem")]
                Suites::WithHybrid => SUITES_WITH_HYBRID,
            },
            state: State::AwaitHello,
            farewell: None,
        }
    }

    /// Whether message_1 is still to come, or to come again in another suite.
    #[must_use]
    pub const fn awaits_hello(&self) -> bool {
        matches!(self.state, State::AwaitHello)
    }

    /// Takes one message from the phone.
    ///
    /// # Errors
    /// Whatever is wrong with it. The session is over, unless it [awaits another message_1](Self::awaits_hello) after [`Incompatibility::Suite`];
    /// [`farewell`](Self::farewell) may tell the phone.
    pub fn handle(&mut self, message: Message<'_>) -> Result<Event, Error> {
        if matches!(self.state, State::Poisoned(_)) {
            return Err(LocalError::Poisoned.into());
        }
        // An open session stays in place, so that it can still seal what it thinks of a bad record.
        if let (State::Open(open), Message::Record(sealed)) = (&mut self.state, message) {
            let event = open.record(sealed);
            if let Err(error) = &event {
                let farewell = open.tell(&DeviceRecord::Error(error_code(error))).ok();
                self.poison(farewell);
            }
            return event;
        }
        let state = self.take();
        let in_handshake = !matches!(state, State::Open(_) | State::Refused(_));
        match state.handle(self.suites, message) {
            Ok((state, event)) => {
                self.state = state;
                Ok(event)
            }
            Err(error) => {
                if in_handshake {
                    self.poison(error_envelope(self.suites, &error));
                }
                if matches!(
                    error,
                    Error::PeerIncompatible(Incompatibility::Suite { .. })
                ) {
                    self.state = State::AwaitHello;
                }
                Err(error)
            }
        }
    }

    /// After an error of [`handle`](Self::handle): the one envelope that tells the phone, if there is one; then the link is to be dropped, unless
    /// the session [awaits another message_1](Self::awaits_hello).
    ///
    /// In the handshake it is an EDHOC error message, afterwards a sealed ERROR.
    pub fn farewell(&mut self) -> Option<Envelope> {
        let farewell = self.farewell.take()?;
        Envelope::from_slice(&farewell).ok()
    }

    /// Answers message_1: the envelope with message_2.
    ///
    /// `ephemeral` is fresh randomness; `c_r` below 0x18 is a byte shorter on the air; `leaf_der` is the certificate of `key`.
    ///
    /// # Errors
    /// [`LocalError::InvalidSecret`] for about one `ephemeral` in 2^32: call again with another. [`LocalError::NoKemRandomness`] if the phone has
    /// selected the hybrid suite. [`LocalError::WrongState`].
    pub fn message_2<K: FactoryKey + ?Sized>(
        &mut self,
        leaf_der: &[u8],
        ephemeral: &[u8; 32],
        c_r: u8,
        key: &K,
    ) -> Result<Envelope, Error> {
        self.answer(leaf_der, Ephemeral::from_bytes(ephemeral)?, c_r, key)
    }

    /// Answers message_1 of the hybrid suite; `m` is fresh randomness too. With a certificate by value there is less room: [`MAX_HYBRID_LEAF`].
    ///
    /// # Errors
    /// As [`message_2`](Self::message_2).
    #[cfg(feature = "ml-kem")]
    pub fn message_2_hybrid<K: FactoryKey + ?Sized>(
        &mut self,
        leaf_der: &[u8],
        ephemeral: &[u8; 32],
        m: &[u8; 32],
        c_r: u8,
        key: &K,
    ) -> Result<Envelope, Error> {
        let ephemeral = Ephemeral::from_bytes(ephemeral)?.encapsulating(m);
        self.answer(leaf_der, ephemeral, c_r, key)
    }

    fn answer<K: FactoryKey + ?Sized>(
        &mut self,
        leaf_der: &[u8],
        ephemeral: Ephemeral,
        c_r: u8,
        key: &K,
    ) -> Result<Envelope, Error> {
        if !matches!(self.state, State::AwaitAnswer { .. }) {
            return Err(self.wrong_state());
        }
        let State::AwaitAnswer {
            edhoc,
            form,
            version,
        } = self.take()
        else {
            return Err(LocalError::WrongState.into());
        };
        let hash: [u8; 32] = Sha256::digest(leaf_der).into();
        let [
            reference @ ..,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
        ] = hash;
        let id_cred = match form {
            CredentialForm::ByValue => CredentialId::X5chain(leaf_der),
            CredentialForm::ByReference => CredentialId::X5t {
                algorithm: SHA_256_64,
                hash: &reference,
            },
        }
        .encode()?;
        let credential = CredentialRef {
            id_cred: &id_cred,
            cred: &x509_cred(leaf_der)?,
        };
        let pending = edhoc.message_2(
            ephemeral,
            ConnectionId::new(&[c_r])?,
            credential,
            &attestation::proposal()?,
        )?;
        let signature = key.sign_edhoc(&EdhocToBeSigned(pending.to_be_signed()));
        let (edhoc, message_2) = pending.signed(&signature)?;
        self.state = State::AwaitMessage3 { edhoc, version };
        Ok(message::envelope(&[Message::Message2(&message_2)])?)
    }

    /// Accepts the owner for now: the envelope with message_4 and the evidence.
    ///
    /// The nonce of `claims` is replaced by the phone's.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] before [`Event::Owner`].
    pub fn message_4<K: FactoryKey + ?Sized>(
        &mut self,
        claims: &Claims,
        key: &K,
    ) -> Result<Envelope, Error> {
        let decision = self.decide()?;
        let claims = Claims {
            nonce: decision.nonce,
            ..*claims
        };
        let sign1 = evidence::sign(&claims, decision.channel.binder(), |to_be_signed| {
            key.sign_evidence(to_be_signed)
        })?;
        let (_, message_4) = decision.edhoc.message_4(&attestation::evidence(&sign1)?)?;
        self.state = State::Open(Open::new(decision.channel, decision.owner_kid, &claims));
        Ok(message::envelope(&[Message::Message4(&message_4)])?)
    }

    /// Refuses the owner: the envelope with message_4 without evidence, and DENIED.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] before [`Event::Owner`].
    pub fn refuse(&mut self, reason: DeniedReason) -> Result<Envelope, Error> {
        let mut decision = self.decide()?;
        let (_, message_4) = decision.edhoc.message_4(&[])?;
        let denied = decision.channel.seal(&DeviceRecord::Denied(reason))?;
        self.state = State::Refused(decision.channel);
        Ok(message::envelope(&[
            Message::Message4(&message_4),
            Message::Record(&denied),
        ])?)
    }

    /// Seals a record. TOUCH has a call of its own: [`touch`](Self::touch).
    ///
    /// # Errors
    /// [`LocalError::WrongState`] if the session is not open, for ARMED without an ARM or below its level, or for RESUMED of an L2 touch without
    /// credentials, which never survives a link.
    pub fn seal(&mut self, record: &DeviceRecord) -> Result<Envelope, Error> {
        self.open()?.seal(record)
    }

    /// Seals TOUCH: the confirmation that the device was touched for the ARM in force. `n_d` is 16 bytes of fresh randomness.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] unless ARMED was the last answer to ARM.
    pub fn touch(
        &mut self,
        kind: PressKind,
        contended: u32,
        n_d: &[u8; 16],
    ) -> Result<Envelope, Error> {
        self.open()?.touch(kind, contended, n_d)
    }

    /// Seals TOUCH for the ARM `h_arm` of an earlier session, answered by switching the device off and on (rule R-i); right after message_4.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] once this session has an ARM of its own, or its claim has ended.
    pub fn power_cycled(
        &mut self,
        h_arm: &[u8; 32],
        contended: u32,
        n_d: &[u8; 16],
    ) -> Result<Envelope, Error> {
        self.open()?.power_cycled(h_arm, contended, n_d)
    }

    /// TH_4: names the session. `None` before message_3.
    #[must_use]
    pub fn th_4(&self) -> Option<[u8; 32]> {
        self.channel().map(|channel| *channel.th_4())
    }

    /// The key of this session's advertisements. `None` before message_3.
    #[must_use]
    pub fn k_adv(&self) -> Option<AdvertKey> {
        self.channel().map(|channel| channel.advert_key().clone())
    }

    /// SHA-256 of the plaintext of the last ARM that was not refused or released.
    #[must_use]
    pub fn h_arm(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Open(open) => open.h_arm(),
            _ => None,
        }
    }

    /// The counter of the record expected next, for KEEPALIVE.
    #[must_use]
    pub fn next_counter(&self) -> u32 {
        self.channel().map_or(0, Channel::next_counter)
    }

    fn channel(&self) -> Option<&Channel> {
        match &self.state {
            State::AwaitDecision(decision) => Some(&decision.channel),
            State::Open(open) => Some(open.channel()),
            State::Refused(channel) => Some(channel),
            _ => None,
        }
    }

    fn open(&mut self) -> Result<&mut Open, Error> {
        match &mut self.state {
            State::Open(open) => Ok(open),
            State::Poisoned(_) => Err(LocalError::Poisoned.into()),
            _ => Err(LocalError::WrongState.into()),
        }
    }

    fn poison(&mut self, farewell: Option<Envelope>) {
        // Dropped where it is, which zeroizes its keys; then covered.
        self.state = State::Poisoned([0; COVER]);
        hint::black_box(&mut self.state);
        self.farewell = farewell.and_then(|farewell| Farewell::from_slice(&farewell).ok());
    }

    /// Takes the state out; unless another is put back, the session is poisoned.
    ///
    /// A move copies: without the zeros, keys would stay where they were.
    fn take(&mut self) -> State {
        let state = mem::replace(&mut self.state, State::Poisoned([0; COVER]));
        // Zeros that nobody reads would not be written.
        hint::black_box(&mut self.state);
        state
    }

    /// Takes the pending decision out; unless a state is put back, the session is poisoned.
    fn decide(&mut self) -> Result<Decision, Error> {
        if !matches!(self.state, State::AwaitDecision(_)) {
            return Err(self.wrong_state());
        }
        match self.take() {
            State::AwaitDecision(decision) => Ok(decision),
            _ => Err(LocalError::WrongState.into()),
        }
    }

    fn wrong_state(&self) -> Error {
        match self.state {
            State::Poisoned(_) => LocalError::Poisoned.into(),
            _ => LocalError::WrongState.into(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.poison(None);
    }
}

impl State {
    fn handle(
        self,
        suites: &'static [Suite],
        message: Message<'_>,
    ) -> Result<(Self, Event), Error> {
        match (self, message) {
            (
                Self::AwaitHello,
                Message::Hello {
                    version,
                    by_reference,
                    message_1,
                },
            ) => hello(suites, version, by_reference, message_1),
            (Self::AwaitMessage3 { edhoc, version }, Message::Message3(message_3)) => {
                owner(edhoc, version, message_3)
            }
            // PREPARE shares the envelope of message_3: it is read before the host has decided.
            (Self::AwaitDecision(mut decision), Message::Record(sealed)) => {
                let event = match decision.channel.open(sealed)? {
                    (Some(PhoneRecord::Prepare), _) => Event::Record(PhoneRecord::Prepare),
                    (None, _) => Event::Skipped,
                    _ => return Err(Misbehaviour::UnexpectedRecord.into()),
                };
                Ok((Self::AwaitDecision(decision), event))
            }
            (Self::Refused(mut channel), Message::Record(sealed)) => {
                let event = match channel.open(sealed)?.0 {
                    Some(release @ PhoneRecord::Release(_)) => Event::Record(release),
                    Some(record) if !open::crosses_refusal(&record) => {
                        return Err(Misbehaviour::UnexpectedRecord.into());
                    }
                    _ => Event::Skipped,
                };
                Ok((Self::Refused(channel), event))
            }
            _ => Err(Misbehaviour::UnexpectedMessage.into()),
        }
    }
}

fn hello(
    suites: &'static [Suite],
    version: u8,
    by_reference: bool,
    message_1: &[u8],
) -> Result<(State, Event), Error> {
    if !(1..=HIGHEST_VERSION).contains(&version) {
        return Err(Incompatibility::Version { version }.into());
    }
    let edhoc = AwaitMessage1::new(&METHODS, suites).read(message_1)?;
    let hybrid = edhoc.suite().is_hybrid();
    attestation::read_trigger(edhoc.ead_1())?;
    let form = if by_reference {
        CredentialForm::ByReference
    } else {
        CredentialForm::ByValue
    };
    let state = State::AwaitAnswer {
        edhoc,
        form,
        version,
    };
    let event = Event::Hello {
        form,
        version,
        hybrid,
    };
    Ok((state, event))
}

fn owner(edhoc: AwaitMessage3, version: u8, message_3: &[u8]) -> Result<(State, Event), Error> {
    let edhoc = edhoc.read(message_3)?;
    let CredentialId::Kccs(cred) = CredentialId::parse(edhoc.id_cred_i())? else {
        return Err(Misbehaviour::OwnerCredential.into());
    };
    let owner = OwnerPublicKey::from_ccs(cred).map_err(|_| Misbehaviour::OwnerCredential)?;
    let key = PublicKey::from_sec1(&owner.to_sec1()).map_err(|_| Misbehaviour::OwnerCredential)?;
    let edhoc = edhoc.verify(&owner.to_ccs(), &key)?;
    let nonce = attestation::read_request(edhoc.ead_3())?;
    let channel = Channel::new(&edhoc.exporter(), edhoc.th_4(), version, Side::Responder)?;
    let kid = owner.kid();
    let state = State::AwaitDecision(Decision {
        edhoc,
        channel,
        owner_kid: kid,
        nonce,
    });
    Ok((state, Event::Owner { owner, kid, nonce }))
}

/// The EDHOC error message that answers a failure in the handshake.
fn error_envelope(suites: &[Suite], error: &Error) -> Option<Envelope> {
    let answer = error_message::answer(error, suites).ok()?;
    message::envelope(&[Message::EdhocError(&answer)]).ok()
}

/// The ERROR record that answers a failure of an open session.
fn error_code(error: &Error) -> ErrorCode {
    match error {
        Error::PeerMisbehaved(Misbehaviour::Credentials(_)) => ErrorCode::BadCredentials,
        Error::PeerMisbehaved(
            Misbehaviour::UnexpectedRecord
            | Misbehaviour::UnknownRecord { .. }
            | Misbehaviour::TooManyReveals,
        ) => ErrorCode::UnexpectedRecord,
        Error::Local(_) => ErrorCode::Internal,
        _ => ErrorCode::MalformedRecord,
    }
}

#[cfg(test)]
mod tests;
