//! Transcript hashes (RFC 9528 sections 5.3.2, 5.4.2 and 5.5.2).

use sha2::{Digest, Sha256};

use super::cipher_suite::HASH_LENGTH;
use crate::cbor::Head;

/// A hash of everything both sides agreed on so far.
pub(super) type TranscriptHash = [u8; HASH_LENGTH];

/// H(message_1).
pub(super) fn hash_message_1(message_1: &[u8]) -> TranscriptHash {
    hash(&[message_1])
}

/// `TH_2 = H( G_Y, H(message_1) )`.
pub(super) fn th_2(g_y: &[u8], hash_message_1: &TranscriptHash) -> TranscriptHash {
    hash(&[
        Head::bytes(g_y.len()).as_slice(),
        g_y,
        Head::bytes(HASH_LENGTH).as_slice(),
        hash_message_1,
    ])
}

/// `TH_3 = H( TH_2, PLAINTEXT_2, CRED_R )` and `TH_4 = H( TH_3, PLAINTEXT_3, CRED_I )`.
pub(super) fn next(previous: &TranscriptHash, plaintext: &[u8], cred: &[u8]) -> TranscriptHash {
    hash(&[
        Head::bytes(HASH_LENGTH).as_slice(),
        previous,
        plaintext,
        cred,
    ])
}

/// The SHA-256 hash of the concatenation of `pieces`.
pub(super) fn hash(pieces: &[&[u8]]) -> TranscriptHash {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}
