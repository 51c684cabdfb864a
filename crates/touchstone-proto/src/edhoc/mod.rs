//! EDHOC, lightweight authenticated Diffie-Hellman (RFC 9528): methods 0 and 3, cipher suites 2 and 3, both roles; with the feature `ml-kem` also a suite
//! whose key agreement is a hybrid with ML-KEM-768.
//!
//! Each role is a chain of states named for what they await; every step consumes its state, so a failed exchange cannot
//! be continued. Parsing and verifying are separate steps: in between, the application reads `ID_CRED_x`, finds the
//! credential and its public key, and hands them in. Signing happens outside: a pending state gives out the bytes to be
//! signed and takes the signature back.
//!
//! The engine never decides whether a credential is to be trusted, never interprets EAD items and never draws random
//! numbers. What the peer sent is hashed as received, never as re-encoded.

pub mod cipher_suite;
pub mod connection_id;
pub mod credential;
pub mod ead;
pub mod error_message;
pub mod exporter;
pub mod initiator;
pub mod key;
pub mod responder;

mod encrypt0;
mod key_agreement;
mod key_schedule;
mod message_1;
mod message_2;
mod message_3;
mod message_4;
#[cfg(feature = "ml-kem")]
mod ml_kem;
mod plaintext;
mod signature_or_mac;
mod transcript_hash;

#[cfg(all(test, feature = "ml-kem"))]
mod hybrid;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod rfc9529;
#[cfg(test)]
mod wycheproof;

pub use cipher_suite::Suite;
pub use connection_id::ConnectionId;
pub use credential::{CredentialId, CredentialRef};
pub use ead::Ead;
pub use error_message::ErrorMessage;
pub use exporter::{Established, Exporter};
pub use key::{Ephemeral, PublicKey, Signature, StaticSecret};

/// The longest message and the longest plaintext, in bytes.
pub const MAX_MESSAGE: usize = 2048;

/// The longest `Sig_structure`, in bytes: with `x5chain` it holds the certificate twice.
pub const MAX_TO_BE_SIGNED: usize = 2 * MAX_MESSAGE;

/// A message, an EAD field, or a CBOR item in one.
pub type Buffer = heapless::Vec<u8, MAX_MESSAGE>;

/// How the two sides authenticate (RFC 9528 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Method 0: both sides sign.
    SignatureSignature,
    /// Method 3: both sides use a static Diffie-Hellman key.
    StaticDhStaticDh,
}

impl Method {
    /// `METHOD` on the wire.
    pub const fn identifier(self) -> i64 {
        match self {
            Self::SignatureSignature => 0,
            Self::StaticDhStaticDh => 3,
        }
    }

    /// The method with this number, if we run it.
    pub const fn from_identifier(identifier: i64) -> Option<Self> {
        match identifier {
            0 => Some(Self::SignatureSignature),
            3 => Some(Self::StaticDhStaticDh),
            _ => None,
        }
    }
}
