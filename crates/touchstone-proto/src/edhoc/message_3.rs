//! message_3 (RFC 9528 section 5.4): one byte string around `CIPHERTEXT_3`.

use super::cipher_suite::Suite;
use super::encrypt0::Encrypt0;
use super::key_schedule::{Prk, label};
use super::transcript_hash::TranscriptHash;

/// How message_3 is encrypted.
pub(super) const fn encryption<'a>(
    suite: Suite,
    prk_3e2m: &'a Prk,
    th_3: &'a TranscriptHash,
) -> Encrypt0<'a> {
    Encrypt0 {
        suite,
        prk: prk_3e2m,
        key_label: label::K_3,
        iv_label: label::IV_3,
        transcript_hash: th_3,
    }
}
