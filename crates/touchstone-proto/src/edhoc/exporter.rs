//! What a completed exchange leaves: `EDHOC_Exporter` (RFC 9528 section 4.2) and key update (appendix H).

use core::fmt;

use super::cipher_suite::HASH_LENGTH;
use super::key_schedule::{Prk, label};
use super::transcript_hash::TranscriptHash;
use crate::error::LocalError;

/// Derives application keys. Zeroized on drop.
#[derive(Clone)]
pub struct Exporter(pub(super) Prk);

impl Exporter {
    /// `EDHOC_Exporter( label, context, out.len() )`.
    ///
    /// Labels are registered; 0x8000 and above are for private use.
    ///
    /// # Errors
    /// [`LocalError::OutputTooLong`] above 8160 bytes.
    pub fn export(&self, label: u64, context: &[u8], out: &mut [u8]) -> Result<(), LocalError> {
        self.0.kdf(label, &[context], out)
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exporter(32 bytes)")
    }
}

/// An exchange whose message_4 was sent or verified (RFC 9528 section 5.5), or that does without.
#[derive(Debug)]
pub struct Established {
    pub(super) prk_out: Prk,
    exporter: Exporter,
    th_4: TranscriptHash,
}

impl Established {
    /// Derives `PRK_out` and `PRK_exporter` (RFC 9528 section 4.1.3).
    pub(super) fn new(prk_4e3m: &Prk, th_4: TranscriptHash) -> Result<Self, LocalError> {
        let prk_out = prk_4e3m.next(label::PRK_OUT, &th_4)?;
        let exporter = Exporter(prk_out.next(label::PRK_EXPORTER, &[])?);
        Ok(Self {
            prk_out,
            exporter,
            th_4,
        })
    }

    /// The exporter of this exchange.
    pub fn exporter(&self) -> Exporter {
        self.exporter.clone()
    }

    /// `TH_4`, which names this exchange.
    pub const fn th_4(&self) -> &[u8; HASH_LENGTH] {
        &self.th_4
    }

    /// `EDHOC_KeyUpdate`: replaces `PRK_out`; both sides must use the same context.
    ///
    /// Exporters given out before keep deriving from the old one.
    ///
    /// # Errors
    /// None in practice; [`LocalError`] is the key derivation's.
    pub fn key_update(&mut self, context: &[u8]) -> Result<(), LocalError> {
        self.prk_out = self.prk_out.next(label::PRK_OUT_UPDATE, context)?;
        self.exporter = Exporter(self.prk_out.next(label::PRK_EXPORTER, &[])?);
        Ok(())
    }
}
