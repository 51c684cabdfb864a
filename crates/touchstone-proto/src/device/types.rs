//! What a device session takes and gives.

use crate::{
    evidence::EvidenceToBeSigned,
    owner::OwnerPublicKey,
    phone::CredentialForm,
    record::{Actuator, Pace, PhoneRecord},
    sas::Counts,
};

/// The factory key: signs two things and nothing else.
///
/// Both arguments can only be made by this crate, so that a key behind this trait never signs bytes that a peer chose.
pub trait FactoryKey {
    /// ES256 over SHA-256 of the message, as r || s: proves the key to the phone of one handshake.
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64];
    /// ES256 over SHA-256 of the message, as r || s: makes claims evidence.
    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64];
}

/// The `Sig_structure` of message_2 (RFC 9528 section 5.3.2), for the factory key to sign with ES256.
///
/// Its protected header is an `ID_CRED_R` map, which never holds a `typ`.
#[derive(Clone, Copy, Debug)]
pub struct EdhocToBeSigned<'a>(pub(super) &'a [u8]);

impl EdhocToBeSigned<'_> {
    /// The message to sign: ES256 over its SHA-256.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.0
    }
}

/// The cipher suites that a device takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suites {
    /// Suite 3 alone.
    #[default]
    Classical,
    /// The hybrid suite, and suite 3 from a phone that does not name the hybrid one before it.
    #[cfg(feature = "ml-kem")]
    WithHybrid,
}

/// What a message from the phone means.
// No indirection: firmware has no heap, and only one event exists at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// message_1. Nothing in it is authentic. Answer with [`Session::message_2`](super::Session::message_2), in the hybrid suite with
    /// `Session::message_2_hybrid`, or drop the link.
    Hello {
        /// In which form the phone wants the certificate.
        form: CredentialForm,
        /// TS version asked for.
        version: u8,
        /// Whether the phone has selected the hybrid suite.
        hybrid: bool,
    },
    /// message_3: this owner key is at the other end. Answer with [`Session::message_4`](super::Session::message_4) or
    /// [`Session::refuse`](super::Session::refuse).
    Owner {
        /// The key.
        owner: OwnerPublicKey,
        /// SHA-256 of its CCS.
        kid: [u8; 32],
        /// The challenge for the evidence.
        nonce: [u8; 16],
    },
    /// A record that this state of the session allows.
    Record(PhoneRecord),
    /// REVEAL opens what this session's ARM committed to, after its L2 touch and before any credentials: play these counts, from the beginning.
    /// Answer with [`Status::Counting`](crate::record::Status::Counting).
    Reveal {
        /// What to play.
        counts: Counts,
        /// On what: the evidence says that the device has it.
        signal: Actuator,
        /// How fast.
        pace: Pace,
    },
    /// Nothing that concerns the device: an optional record we do not know, or one that crossed an answer of ours.
    Skipped,
}
