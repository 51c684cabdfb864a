//! What can go wrong, grouped by who is to blame.
//!
//! No variant carries peer-chosen bytes or a secret, so every error may be logged as it is.

use core::fmt;

use crate::credentials::CredentialError;

/// Any failure of the protocol, grouped by blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The peer sent something no correct implementation sends.
    PeerMisbehaved(Misbehaviour),
    /// The peer is correct, but speaks something we do not.
    PeerIncompatible(Incompatibility),
    /// The peer did not prove what it claims.
    NotAuthentic(Inauthentic),
    /// Our own side called the protocol wrongly or ran out of room.
    Local(LocalError),
}

/// Something no correct implementation sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A CBOR item or message ends before its stated length.
    Truncated,
    /// Bytes follow where the message should have ended.
    TrailingData,
    /// An integer or a length is not in its shortest form (RFC 8949 section 4.2.1).
    NonMinimalInteger,
    /// An array, map or string has indefinite length (RFC 8949 section 4.2.1).
    IndefiniteLength,
    /// A CBOR head with a reserved additional information value (RFC 8949 section 3).
    ReservedHead,
    /// A CBOR item has another type than its place requires.
    WrongType,
    /// An array, map or string has another length than its place requires.
    WrongLength,
    /// An integer is outside the range its place allows.
    IntegerOutOfRange,
    /// A text string is not UTF-8.
    InvalidUtf8,
    /// Map keys are repeated or not in bytewise order (RFC 8949 section 4.2.1).
    UnorderedMap,
    /// CBOR nesting is deeper than any message needs.
    NestedTooDeep,
    /// A message is longer than the largest this protocol has.
    MessageTooLong,
    /// An EDHOC message is wrapped in an array instead of being a CBOR sequence (RFC 9528 section 5).
    NotASequence,
    /// `SUITES_I` or `SUITES_R` is an array of fewer than two suites (RFC 9528 section 5.2.1).
    SuitesNotPlain,
    /// A connection identifier is a byte string where its integer form is required (RFC 9528 section 3.3.2).
    ConnectionIdNotCompact,
    /// A `kid` is conveyed in another form than its compact one (RFC 9528 section 3.5.3.2).
    KeyIdNotCompact,
    /// `ID_CRED_x` is not a map with at least one entry (RFC 9528 section 3.5.3).
    CredentialIdMalformed,
    /// A public key is not exactly one field element long, or a key share not as long as its suite has it.
    PointLength,
    /// A coordinate of a public key is zero or not below the field prime.
    CoordinateOutOfRange,
    /// No point of the curve has this coordinate.
    PointNotOnCurve,
    /// An ML-KEM encapsulation key with a coefficient that is not below the modulus (FIPS 203 section 7.2).
    EncapsulationKey,
    /// `Signature_or_MAC_x` has another length than method and suite require.
    SignatureOrMacLength,
    /// A ciphertext is too short to hold what it must.
    CiphertextTooShort,
    /// An envelope or a message in it that does not follow docs/PROTOCOL.md section 4.
    MalformedEnvelope,
    /// A message that this state of the session does not expect.
    UnexpectedMessage,
    /// A record that this state of the session does not expect.
    UnexpectedRecord,
    /// A record of a type we do not know that is not optional.
    UnknownRecord {
        /// Its type byte.
        kind: u8,
    },
    /// A record in another length class than its type's.
    RecordClass,
    /// A record that is padded with anything but zeros.
    RecordPadding,
    /// More records under one key than allowed.
    TooManyRecords,
    /// A KEEPALIVE that expects a record we have not sent.
    CounterAhead,
    /// A value outside its range, in a record or a claim.
    ValueOutOfRange,
    /// Wi-Fi credentials out of range.
    Credentials(CredentialError),
    /// A level below one already in force in this session.
    LevelLowered,
    /// REVEAL opens another number than the one that ARM committed to.
    CommitmentBroken,
    /// REVEAL asks for a signal that the device does not have.
    NoSuchActuator,
    /// More REVEALs than one touch allows: [`MAX_PLAYS`](crate::sas::MAX_PLAYS).
    TooManyReveals,
    /// A certificate conveyed in another form than asked for or than TS/1 has.
    LeafForm,
    /// An owner credential that is not a CCS by value of a P-256 key.
    OwnerCredential,
    /// Evidence where none belongs, or twice, or not the COSE_Sign1 that TS/1 has.
    MalformedEvidence,
}

/// A correct peer that speaks something we do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incompatibility {
    /// The peer selected an EDHOC method we do not run.
    Method(i64),
    /// The peer selected a cipher suite we do not run, or passed over one we would have taken (RFC 9528 section 5.2.3).
    Suite {
        /// The suite it selected.
        selected: i64,
    },
    /// The peer selected a cipher suite that does not go with the method it selected.
    SuiteOfMethod {
        /// The suite it selected.
        selected: i64,
    },
    /// The peer refused the hybrid suite and has the classical one; nobody has authenticated it.
    HybridRefused,
    /// The peer refused our cipher suite (RFC 9528 section 6.3).
    SuiteRefused,
    /// The peer ended the handshake by an error message; nobody has authenticated it.
    Refused,
    /// A connection identifier is longer than we store.
    ConnectionIdTooLong,
    /// A `kid` is longer than we store.
    KeyIdTooLong,
    /// A critical EAD item we do not know (RFC 9528 section 3.8).
    CriticalEad {
        /// Its label.
        label: u64,
    },
    /// A TS version that we do not speak.
    Version {
        /// The version asked for.
        version: u8,
    },
    /// The device offers no evidence in a format we read.
    EvidenceFormat,
}

/// A claim that was not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inauthentic {
    /// `Signature_or_MAC_2` or `_3` does not verify as a signature.
    Signature,
    /// `Signature_or_MAC_2` or `_3` does not verify as a MAC.
    Mac,
    /// A ciphertext does not authenticate.
    Ciphertext,
    /// A record does not authenticate.
    Record,
    /// The certificate is not the one its hash stands for.
    CertificateHash,
    /// The evidence is not signed by the device's key for this channel.
    Evidence,
    /// The evidence answers another challenge.
    EvidenceNonce,
    /// The evidence is about another device than the certificate.
    EvidenceUeid,
    /// The device speaks a higher version than the one in use, and so do we: somebody lowered it.
    VersionDowngrade,
    /// The touch confirms something else than what we asked for.
    Touch,
    /// The claim is not the one we hold: other device, boot, owner or ARM, or of a level that does not survive a link.
    Resumption,
    /// The person counted something else than this session's device was to play.
    Counts,
}

/// A mistake or a limit of our own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalError {
    /// What should be sent does not fit in the largest message.
    MessageTooLong,
    /// A secret scalar is zero or not below the group order.
    InvalidSecret,
    /// A hybrid suite was selected and nothing was drawn for its KEM.
    NoKemRandomness,
    /// A connection identifier is longer than the largest allowed.
    ConnectionIdTooLong,
    /// The signing step was asked of a static Diffie-Hellman exchange, or the other way round; or the suite does not go with the method.
    WrongMethod,
    /// No cipher suite was offered, or none of those offered can be run.
    NoSuite,
    /// A credential identifier handed in is not a CBOR map.
    CredentialIdMalformed,
    /// EAD bytes handed in are not a sequence of EAD items.
    EadMalformed,
    /// The signature handed in is not one by the stated key's format (r and s must be in range).
    InvalidSignature,
    /// More key material was asked for than the key derivation can give.
    OutputTooLong,
    /// The session is in a state that does not allow this call.
    WrongState,
    /// The session failed before; nothing can be done with it any more.
    Poisoned,
    /// No more records may be sealed under this key.
    TooManyRecords,
    /// A public key handed in is not a P-256 point.
    InvalidKey,
    /// A capability of another session was handed in.
    ForeignCapability,
    /// A TS version that this implementation does not speak was asked for.
    VersionNotSpoken,
    /// A count that is not 1 to 6 was entered.
    CountOutOfRange,
    /// A signal was asked for that the device's evidence does not name.
    NoSuchActuator,
    /// The counts were played as often as one touch allows: [`MAX_PLAYS`](crate::sas::MAX_PLAYS).
    TooManyReveals,
    /// An N_p was handed in that this session has already revealed.
    NonceReused,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerMisbehaved(cause) => write!(f, "peer misbehaved: {cause}"),
            Self::PeerIncompatible(cause) => write!(f, "peer incompatible: {cause}"),
            Self::NotAuthentic(cause) => write!(f, "not authentic: {cause}"),
            Self::Local(cause) => write!(f, "local: {cause}"),
        }
    }
}

/// The variant's own name: stable, greppable and in no language.
macro_rules! display_as_debug {
    ($($error:ty),*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
        impl core::error::Error for $error {}
    )*};
}
display_as_debug!(Misbehaviour, Incompatibility, Inauthentic, LocalError);

// No source: the cause is public, and already in the text.
impl core::error::Error for Error {}

impl From<Misbehaviour> for Error {
    fn from(cause: Misbehaviour) -> Self {
        Self::PeerMisbehaved(cause)
    }
}

impl From<CredentialError> for Misbehaviour {
    fn from(cause: CredentialError) -> Self {
        Self::Credentials(cause)
    }
}

impl From<Incompatibility> for Error {
    fn from(cause: Incompatibility) -> Self {
        Self::PeerIncompatible(cause)
    }
}

impl From<Inauthentic> for Error {
    fn from(cause: Inauthentic) -> Self {
        Self::NotAuthentic(cause)
    }
}

impl From<LocalError> for Error {
    fn from(cause: LocalError) -> Self {
        Self::Local(cause)
    }
}
