//! Evidence: what a device says about itself under its factory key, bound to one channel (docs/PROTOCOL.md section 5).
//!
//! An EAT (RFC 9711) in a COSE_Sign1 (RFC 9052). Signature, nonce and channel are checked here; whether the claims are good enough is an [`Appraiser`]'s
//! decision.

mod claims;
mod cose;

pub use claims::{Claims, DebugStatus, FirmwareVersion, Ueid};
pub use cose::{EvidenceToBeSigned, MAX_EVIDENCE};
pub(crate) use cose::{Sign1, sign, verify};

/// Decides whether a device that proved its key and its channel is acceptable.
///
/// It is called only with evidence whose signature, nonce and channel binding hold; it never sees a session key.
pub trait Appraiser {
    /// What a positive decision says.
    type Verdict;
    /// What a negative decision says.
    type Error;

    /// Judges the certificate and the claims together.
    ///
    /// # Errors
    /// The reason for refusing this device.
    fn appraise(&self, leaf_der: &[u8], claims: &Claims) -> Result<Self::Verdict, Self::Error>;
}

#[cfg(test)]
mod tests;
