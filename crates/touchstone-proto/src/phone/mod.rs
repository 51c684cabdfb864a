//! The phone's side of one link: Initiator and Relying Party.
//!
//! [`Session`] is the enum at the edge; within, each state of the handshake is a type of its own. It holds no policy: which devices to trust, when to
//! ask for a touch and what to do about others nearby is decided above it. It never holds Wi-Fi credentials longer than it takes to seal them, and
//! seals them only against [`Attested`], [`Touched`] and [`Confirmed`].

mod handshake;
mod open;
mod types;

pub use types::{
    AppraiseFailure, Attested, Confirmed, CredentialForm, Event, Leaf, TouchMemory, Touched,
};

use core::{hint, mem};

use handshake::{AwaitEvidence, AwaitLeaf, AwaitMessage2, AwaitOwner, AwaitSignature, Evidence};
use open::Open;

use crate::{
    advert::AdvertKey,
    channel::Channel,
    credentials::Credentials,
    edhoc::{Ephemeral, ErrorMessage, PublicKey, Suite},
    error::{Error, Incompatibility, LocalError, Misbehaviour},
    evidence::{Appraiser, Claims, Ueid},
    message::{Envelope, Message},
    owner::OwnerPublicKey,
    record::{
        Actuator, DeviceRecord, IdentifyMode, Level, Pace, PhoneRecord, ReleaseReason, Resumed,
    },
    sas::Counts,
};

/// One session over one link, from message_1 to the end of the link.
///
/// Any error of the peer poisons it: every later call returns [`LocalError::Poisoned`]. A call in the wrong state returns
/// [`LocalError::WrongState`] and changes nothing.
#[derive(Debug)]
pub struct Session {
    state: State,
}

// No indirection: this crate has no heap.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum State {
    AwaitMessage2(AwaitMessage2),
    AwaitLeaf(AwaitLeaf),
    AwaitOwner(AwaitOwner),
    AwaitSignature(AwaitSignature),
    AwaitEvidence(AwaitEvidence),
    /// message_4 without evidence: the reason follows.
    AwaitDenied(Channel),
    /// The reason was given; nothing else will come.
    Refused(Channel),
    Open(Open),
    /// Over. The zeros cover whatever keys were there.
    #[allow(dead_code)]
    Poisoned([u64; COVER]),
}

/// Words as long as the longest state.
const COVER: usize = {
    const fn longer(one: usize, other: usize) -> usize {
        if one > other { one } else { other }
    }
    let before = longer(size_of::<AwaitMessage2>(), size_of::<AwaitLeaf>());
    let owner = longer(size_of::<AwaitOwner>(), size_of::<AwaitSignature>());
    let after = longer(size_of::<AwaitEvidence>(), size_of::<Open>());
    longer(longer(before, owner), after).div_ceil(size_of::<u64>()) + 1
};

impl Session {
    /// Begins a session: returns it and the envelope with message_1.
    ///
    /// `ephemeral` is fresh randomness; `c_i` below 0x18 is a byte shorter on the air.
    ///
    /// # Errors
    /// [`LocalError::VersionNotSpoken`]; [`LocalError::InvalidSecret`] for about one `ephemeral` in 2^32: draw another.
    pub fn start(
        form: CredentialForm,
        version: u8,
        ephemeral: &[u8; 32],
        c_i: u8,
    ) -> Result<(Self, Envelope), Error> {
        let ephemeral = Ephemeral::from_bytes(ephemeral)?;
        Self::offering(&[Suite::Aes128CcmMac128P256], form, version, ephemeral, c_i)
    }

    /// The same with the hybrid suite: what is recorded of the session stays closed to whoever breaks P-256 later.
    ///
    /// `seed` is fresh randomness too. A device that has only the classical suite answers with [`Incompatibility::HybridRefused`].
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[cfg(feature = "ml-kem")]
    pub fn start_hybrid(
        form: CredentialForm,
        version: u8,
        ephemeral: &[u8; 32],
        seed: &[u8; 64],
        c_i: u8,
    ) -> Result<(Self, Envelope), Error> {
        let ephemeral = Ephemeral::from_bytes(ephemeral)?.decapsulating(seed);
        let suites = [Suite::Aes128CcmMac128P256MlKem768];
        Self::offering(&suites, form, version, ephemeral, c_i)
    }

    /// Begins again, classically, after [`Incompatibility::HybridRefused`]: still says that the hybrid suite would have come first, so that a device that
    /// has it refuses (RFC 9528 section 5.2.3). Whoever made that refusal up has gained nothing.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[cfg(feature = "ml-kem")]
    pub fn start_after_refusal(
        form: CredentialForm,
        version: u8,
        ephemeral: &[u8; 32],
        c_i: u8,
    ) -> Result<(Self, Envelope), Error> {
        let ephemeral = Ephemeral::from_bytes(ephemeral)?;
        let suites = [
            Suite::Aes128CcmMac128P256MlKem768,
            Suite::Aes128CcmMac128P256,
        ];
        Self::offering(&suites, form, version, ephemeral, c_i)
    }

    fn offering(
        suites: &[Suite],
        form: CredentialForm,
        version: u8,
        ephemeral: Ephemeral,
        c_i: u8,
    ) -> Result<(Self, Envelope), Error> {
        let (state, envelope) = AwaitMessage2::start(form, version, suites, ephemeral, c_i)?;
        let state = State::AwaitMessage2(state);
        Ok((Self { state }, envelope))
    }

    /// Takes one message from the device.
    ///
    /// # Errors
    /// Whatever is wrong with it. The session is over; the link is best dropped.
    pub fn handle(&mut self, message: Message<'_>) -> Result<Event, Error> {
        let (state, event) = self.take()?.handle(message)?;
        self.state = state;
        Ok(event)
    }

    /// The certificate named in message_2; not authentic. `None` before [`Event::Leaf`] and once it is authenticated.
    #[must_use]
    pub fn leaf(&self) -> Option<Leaf<'_>> {
        match &self.state {
            State::AwaitLeaf(state) => state.leaf(),
            _ => None,
        }
    }

    /// Verifies that the device holds the key of this certificate, which the caller has verified up to a root.
    ///
    /// `leaf_der` is the certificate that [`leaf`](Self::leaf) named, `key` its public key (SEC1, uncompressed), `ueid` its subject.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] if the certificate is another or the signature does not verify; [`Incompatibility::EvidenceFormat`].
    pub fn authenticate(
        &mut self,
        leaf_der: &[u8],
        key: &[u8; 65],
        ueid: &Ueid,
    ) -> Result<(), Error> {
        if !matches!(self.state, State::AwaitLeaf(_)) {
            return Err(self.wrong_state());
        }
        let key = PublicKey::from_sec1(key).map_err(|_| LocalError::InvalidKey)?;
        if let State::AwaitLeaf(state) = self.take()? {
            self.state = State::AwaitOwner(state.authenticate(leaf_der, key, ueid)?);
        }
        Ok(())
    }

    /// Ends the session of a device whose certificate was refused, and tells whether it holds the key of that certificate.
    ///
    /// Only then is it the device that is refused: anybody can send a certificate, or damage one.
    #[must_use]
    pub fn unmask(&mut self, leaf_der: &[u8], key: &[u8; 65]) -> bool {
        let Ok(State::AwaitLeaf(state)) = self.take() else {
            return false;
        };
        // The state that comes of it is dropped: nothing can go on from here.
        PublicKey::from_sec1(key)
            .is_ok_and(|key| state.authenticate(leaf_der, key, &[0; 17]).is_ok())
    }

    /// Names the owner key for this device and the challenge; returns the message that the key must sign with ES256 over its SHA-256.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] before [`authenticate`](Self::authenticate).
    pub fn ask_owner(&mut self, owner: &OwnerPublicKey, nonce: &[u8; 16]) -> Result<&[u8], Error> {
        if !matches!(self.state, State::AwaitOwner(_)) {
            return Err(self.wrong_state());
        }
        if let State::AwaitOwner(state) = self.take()? {
            self.state = State::AwaitSignature(state.ask(owner, nonce)?);
        }
        match &self.state {
            State::AwaitSignature(state) => Ok(state.to_be_signed()),
            _ => Err(LocalError::WrongState.into()),
        }
    }

    /// Takes the owner key's signature, r || s; returns the envelope with message_3 and PREPARE.
    ///
    /// # Errors
    /// [`LocalError::InvalidSignature`] if it is not the owner key's; another may be handed in.
    pub fn owner_signed(&mut self, signature: &[u8; 64]) -> Result<Envelope, Error> {
        let State::AwaitSignature(state) = &self.state else {
            return Err(self.wrong_state());
        };
        state.check(signature)?;
        let State::AwaitSignature(state) = self.take()? else {
            return Err(LocalError::WrongState.into());
        };
        let (state, envelope) = state.signed(signature)?;
        self.state = State::AwaitEvidence(state);
        Ok(envelope)
    }

    /// Lets `appraiser` judge the evidence; its yes makes the device [`Attested`].
    ///
    /// # Errors
    /// [`AppraiseFailure::Appraiser`] with its no; [`AppraiseFailure::Evidence`] when there is no evidence, or it was accepted before.
    pub fn appraise<A: Appraiser>(
        &mut self,
        appraiser: &A,
    ) -> Result<(Attested, A::Verdict), AppraiseFailure<A::Error>> {
        let open = self.open().map_err(AppraiseFailure::Evidence)?;
        open.appraise(appraiser)
    }

    /// Asks for a touch: ARM. `n_p` is 16 bytes of fresh randomness, for each call anew.
    ///
    /// The answer's level is in force: [`Event::Touched`] follows at L1, [`Event::TouchedToCount`] at L2.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] while armed, touched or releasing, and below an earlier level of this session; [`LocalError::NonceReused`].
    pub fn arm(
        &mut self,
        attested: &Attested,
        level: Level,
        n_p: &[u8; 16],
    ) -> Result<Envelope, Error> {
        self.open()?.arm(attested, level, n_p)
    }

    /// Opens N_p and has the counts played: REVEAL. May be called again to have them played again, on another actuator or at another pace.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] unless [`Event::TouchedToCount`] has come and the counts were not compared yet; [`LocalError::NoSuchActuator`];
    /// [`LocalError::TooManyReveals`]: release it and ask for another touch.
    pub fn reveal(&mut self, signal: Actuator, pace: Pace) -> Result<Envelope, Error> {
        self.open()?.reveal(signal, pace)
    }

    /// Compares what the person entered with what this session's device was to play; once per touch. The same counts make the device [`Touched`], and
    /// the memory lets a later session resume the touch once credentials were accepted.
    ///
    /// # Errors
    /// [`Inauthentic::Counts`](crate::error::Inauthentic::Counts): the touch is spent, and the device is to be [released](Self::release); another touch
    /// may follow in the same session. [`LocalError::WrongState`] before [`reveal`](Self::reveal), after a comparison, and at L1.
    pub fn compare_counts(&mut self, entered: &Counts) -> Result<(Touched, TouchMemory), Error> {
        self.open()?.compare_counts(entered)
    }

    /// What to remember of the ARM in force, so that its touch can be taken up after a loss of the link. `None` at L2, which never survives one.
    #[must_use]
    pub fn touch_memory(&self) -> Option<TouchMemory> {
        match &self.state {
            State::Open(open) => open.touch_memory(),
            _ => None,
        }
    }

    /// Takes up a touch that an earlier session of this process has asked for.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] unless device key, boot, owner, ARM and level are the same: release it and ask for another touch. The session goes on.
    pub fn resume_touched(
        &mut self,
        prior: &TouchMemory,
        resumed: &Resumed,
    ) -> Result<Touched, Error> {
        self.open()?.resume_touched(prior, resumed)
    }

    /// Takes up the power cycle told of by [`Event::PowerCycled`], which answers the ARM that `prior` remembers. Returns the touch, and what to
    /// remember of it from now on.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] unless device key and owner are the same, the boot is the one right after, the device had said that it was armed and at
    /// level L1, and it confirms that very ARM: release it and ask again. The session goes on. [`LocalError::WrongState`] without that event.
    pub fn take_up_power_cycle(
        &mut self,
        prior: &TouchMemory,
    ) -> Result<(Touched, TouchMemory), Error> {
        self.open()?.take_up_power_cycle(prior)
    }

    /// Asks the device to respond or to stop, tells it that it is its turn, or that the phone speaks: IDENTIFY.
    ///
    /// # Errors
    /// [`LocalError::WrongState`], also for a response to an L2 touch: only the counts count.
    pub fn identify(&mut self, mode: IdentifyMode) -> Result<Envelope, Error> {
        self.open()?.identify(mode)
    }

    /// Asks for another scan: RESCAN.
    ///
    /// # Errors
    /// [`LocalError::WrongState`].
    pub fn rescan(&mut self) -> Result<Envelope, Error> {
        self.open()?.tell(&PhoneRecord::Rescan)
    }

    /// Asks the device to forget owner and networks: FORGET.
    ///
    /// # Errors
    /// [`LocalError::WrongState`].
    pub fn forget(&mut self) -> Result<Envelope, Error> {
        self.open()?.tell(&PhoneRecord::Forget)
    }

    /// Lets the device go: RELEASE. Only [`Event::Released`], and what matters however late it is, comes after it.
    ///
    /// # Errors
    /// [`LocalError::WrongState`].
    pub fn release(&mut self, reason: ReleaseReason) -> Result<Envelope, Error> {
        self.open()?.release(reason)
    }

    /// Keeps arm and claim alive: KEEPALIVE.
    ///
    /// # Errors
    /// [`LocalError::WrongState`].
    pub fn keep_alive(&mut self) -> Result<Envelope, Error> {
        self.open()?.keep_alive()
    }

    /// Seals the credentials for the device: CRED. At L2 there is no `touched` before [`compare_counts`](Self::compare_counts). This and [`correct_credentials`](Self::correct_credentials) are the only ways.
    ///
    /// # Errors
    /// [`LocalError::ForeignCapability`] for a capability of another session; [`LocalError::WrongState`] without a touch in force.
    pub fn send_credentials(
        &mut self,
        attested: Attested,
        touched: Touched,
        confirmed: Confirmed,
        credentials: &Credentials,
    ) -> Result<Envelope, Error> {
        self.open()?
            .send_credentials(attested, touched, confirmed, credentials)
    }

    /// Replaces credentials sent in this session, after a wrong password or a network that was not found.
    ///
    /// # Errors
    /// [`LocalError::WrongState`] unless this session has sent credentials and its touch is still in force.
    pub fn correct_credentials(&mut self, credentials: &Credentials) -> Result<Envelope, Error> {
        self.open()?.correct_credentials(credentials)
    }

    /// Makes the set-up permanent: CONFIRM with [`commit_id`](Self::commit_id).
    ///
    /// # Errors
    /// [`LocalError::WrongState`] unless credentials were sent in this session, or the device has resumed a claim with credentials.
    pub fn confirm(&mut self) -> Result<Envelope, Error> {
        self.open()?.confirm()
    }

    /// Names the set-up: of the touch in this session, or of the claim resumed in it.
    #[must_use]
    pub fn commit_id(&self) -> Option<[u8; 16]> {
        match &self.state {
            State::Open(open) => open.commit_id(),
            _ => None,
        }
    }

    /// The claims of the evidence.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        match &self.state {
            State::Open(open) => Some(open.claims()),
            _ => None,
        }
    }

    /// The evidence as received, for a Verifier elsewhere; together with [`binder`](Self::binder).
    #[must_use]
    pub fn evidence(&self) -> Option<&[u8]> {
        match &self.state {
            State::Open(open) => Some(open.evidence()),
            _ => None,
        }
    }

    /// The attestation binder: what binds the evidence to this session. Not a secret of the session's records.
    #[must_use]
    pub fn binder(&self) -> Option<&[u8; 32]> {
        self.channel().map(Channel::binder)
    }

    /// The key of the advertisements of this session's device.
    #[must_use]
    pub fn advert_key(&self) -> Option<AdvertKey> {
        self.channel().map(|channel| channel.advert_key().clone())
    }

    /// TH_4: names the session.
    #[must_use]
    pub fn th_4(&self) -> Option<[u8; 32]> {
        self.channel().map(|channel| *channel.th_4())
    }

    /// SHA-256 of the plaintext of the ARM in force.
    #[must_use]
    pub fn h_arm(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Open(open) => open.h_arm(),
            _ => None,
        }
    }

    fn channel(&self) -> Option<&Channel> {
        match &self.state {
            State::AwaitEvidence(state) => Some(state.channel()),
            State::AwaitDenied(channel) | State::Refused(channel) => Some(channel),
            State::Open(open) => Some(open.channel()),
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

    fn wrong_state(&self) -> Error {
        match self.state {
            State::Poisoned(_) => LocalError::Poisoned.into(),
            _ => LocalError::WrongState.into(),
        }
    }

    /// Takes the state out; unless another is put back, the session is poisoned.
    ///
    /// A move copies: without the zeros, keys would stay where they were.
    fn take(&mut self) -> Result<State, Error> {
        let state = mem::replace(&mut self.state, State::Poisoned([0; COVER]));
        // Zeros that nobody reads would not be written.
        hint::black_box(&mut self.state);
        match state {
            State::Poisoned(_) => Err(LocalError::Poisoned.into()),
            state => Ok(state),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state = State::Poisoned([0; COVER]);
        hint::black_box(&mut self.state);
    }
}

impl State {
    fn handle(self, message: Message<'_>) -> Result<(Self, Event), Error> {
        match (self, message) {
            (Self::AwaitMessage2(state), Message::Message2(message_2)) => {
                Ok((Self::AwaitLeaf(state.read(message_2)?), Event::Leaf))
            }
            (Self::AwaitEvidence(state), Message::Message4(message_4)) => {
                Ok(match state.read(message_4)? {
                    Evidence::Shown(open) => {
                        let claims = *open.claims();
                        (Self::Open(open), Event::Evidence(claims))
                    }
                    Evidence::Withheld(channel) => (Self::AwaitDenied(channel), Event::Skipped),
                })
            }
            (Self::AwaitMessage2(state), Message::EdhocError(error)) => {
                Err(state.refused(error)?.into())
            }
            (Self::AwaitEvidence(_), Message::EdhocError(error)) => {
                ErrorMessage::parse(error)?;
                Err(Incompatibility::Refused.into())
            }
            (Self::AwaitDenied(mut channel), Message::Record(sealed)) => {
                match channel.open::<DeviceRecord>(sealed)? {
                    (Some(DeviceRecord::Denied(reason)), _) => {
                        Ok((Self::Refused(channel), Event::Refused(reason)))
                    }
                    (None, _) => Ok((Self::AwaitDenied(channel), Event::Skipped)),
                    _ => Err(Misbehaviour::UnexpectedRecord.into()),
                }
            }
            (Self::Refused(mut channel), Message::Record(sealed)) => {
                match channel.open::<DeviceRecord>(sealed)? {
                    (Some(DeviceRecord::KeepAlive { .. }) | None, _) => {
                        Ok((Self::Refused(channel), Event::Skipped))
                    }
                    _ => Err(Misbehaviour::UnexpectedRecord.into()),
                }
            }
            (Self::Open(mut open), Message::Record(sealed)) => {
                let event = open.record(sealed)?;
                Ok((Self::Open(open), event))
            }
            _ => Err(Misbehaviour::UnexpectedMessage.into()),
        }
    }
}

#[cfg(test)]
mod tests;
