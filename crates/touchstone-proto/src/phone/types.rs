//! What a phone session takes and gives.

use core::fmt;

use crate::{
    edhoc::PublicKey,
    error::Error,
    evidence::Claims,
    record::{DeniedReason, ErrorCode, Level, PressKind, Resumed, SeenNetworks, Status},
    touch::ArmHash,
};

/// In which form the device is to show its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialForm {
    /// The certificate itself.
    ByValue,
    /// Its hash is enough, as the phone holds the certificate.
    ByReference,
}

/// The certificate a device has named. Not authentic before [`Session::authenticate`](super::Session::authenticate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf<'a> {
    /// The certificate, DER.
    ByValue(&'a [u8]),
    /// The first 8 bytes of its SHA-256.
    Reference([u8; 8]),
}

/// What a message from the device means.
// No indirection: this crate has no heap.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// message_2: look at [`Session::leaf`](super::Session::leaf), then [`authenticate`](super::Session::authenticate).
    Leaf,
    /// message_4 with evidence whose signature, nonce and channel hold: [`appraise`](super::Session::appraise) it.
    Evidence(Claims),
    /// The device shows no evidence and says why. Authenticated; the session is over.
    Refused(DeniedReason),
    /// The device waits for a touch.
    Armed {
        /// The epoch it advertises now.
        epoch: u32,
        /// The level in force: never below the one asked for.
        level: Level,
    },
    /// ARM was refused.
    Denied(DeniedReason),
    /// The networks the device sees, strongest first.
    Networks(SeenNetworks),
    /// The device was touched for this very ARM, at level L1.
    Touched {
        /// Permits sending credentials, once.
        touched: Touched,
        /// Lets a later session resume this touch.
        memory: TouchMemory,
        /// How it was touched.
        kind: PressKind,
        /// Number of other sessions about.
        contended: u32,
    },
    /// The device was touched for this very ARM, at level L2: worth nothing before
    /// [`Session::reveal`](super::Session::reveal) had the counts played and [`Session::compare_counts`](super::Session::compare_counts) found them right.
    TouchedToCount {
        /// How it was touched.
        kind: PressKind,
        /// Number of other sessions about.
        contended: u32,
    },
    /// The device was switched off and on for an ARM of an earlier session. Take it up with
    /// [`Session::take_up_power_cycle`](super::Session::take_up_power_cycle), or release it.
    PowerCycled {
        /// Number of other sessions about.
        contended: u32,
    },
    /// The claim that this owner key holds on the device, from an earlier session.
    Resumed(Resumed),
    /// Progress.
    Status(Status),
    /// Owner and networks are stored.
    Committed {
        /// Names the set-up.
        commit_id: [u8; 16],
    },
    /// The device has let go.
    Released,
    /// The device is still there.
    KeepAlive {
        /// The record counter it expects next.
        next_counter: u32,
    },
    /// Something failed on the device.
    PeerError(ErrorCode),
    /// Nothing that concerns the phone: an optional record we do not know, or one that crossed a RELEASE.
    Skipped,
}

/// Proof that the device of one session passed [`appraise`](super::Session::appraise).
#[derive(Debug)]
pub struct Attested {
    pub(super) th_4: [u8; 32],
}

/// Proof that the device of one session was touched for it; at level L2, also that the person has counted what that device was to play.
#[derive(Debug)]
pub struct Touched {
    pub(super) th_4: [u8; 32],
}

/// The person's own word that the device that responded is the one they mean.
#[derive(Debug)]
pub struct Confirmed(pub(super) ());

impl Confirmed {
    /// To be called where the person's press on "use this network" is handled, and nowhere else.
    #[must_use]
    pub const fn by_the_persons_press() -> Self {
        Self(())
    }
}

/// What a process must remember of an ARM to take up its touch in a later session. Holds no secret. Of level L2 there is one only once the counts were
/// right, and it serves only once the device holds credentials.
#[derive(Clone, Debug)]
pub struct TouchMemory {
    pub(super) key: PublicKey,
    pub(super) boot_id: [u8; 8],
    pub(super) boot_count: u32,
    /// ARMED was received, and no touch.
    pub(super) waits: bool,
    pub(super) owner_kid: [u8; 32],
    pub(super) h_arm: ArmHash,
    pub(super) level: Level,
    pub(super) commit_id: [u8; 16],
}

impl TouchMemory {
    /// Names the set-up that the touch belongs to.
    #[must_use]
    pub const fn commit_id(&self) -> [u8; 16] {
        self.commit_id
    }
}

/// Why evidence does not make a device attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppraiseFailure<E> {
    /// The session is not in a state to appraise.
    Evidence(Error),
    /// The appraiser has refused.
    Appraiser(E),
}

impl<E: fmt::Display> fmt::Display for AppraiseFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evidence(error) => write!(f, "evidence: {error}"),
            Self::Appraiser(error) => write!(f, "refused: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for AppraiseFailure<E> {}
