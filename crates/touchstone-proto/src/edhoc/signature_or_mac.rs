//! `MAC_2`, `MAC_3` and what is signed over them (RFC 9528 sections 5.3.2 and 5.4.2).

use core::ops::Range;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cipher_suite::HASH_LENGTH;
use super::key::{PublicKey, Signature};
use super::key_schedule::{Prk, label};
use super::transcript_hash::TranscriptHash;
use super::{MAX_TO_BE_SIGNED, Suite};
use crate::cbor::Head;
use crate::error::{Error, Inauthentic, LocalError, Misbehaviour};

/// What one side authenticates: `context_2` or `context_3`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The encoded `C_R` in `context_2`, nothing in `context_3`.
    pub(super) c_r: &'a [u8],
    /// `ID_CRED_x` in full form.
    pub(super) id_cred: &'a [u8],
    /// `TH_2` or `TH_3`.
    pub(super) transcript_hash: &'a TranscriptHash,
    /// `CRED_x`.
    pub(super) cred: &'a [u8],
    /// `EAD_x`, possibly empty.
    pub(super) ead: &'a [u8],
}

/// Whose MAC it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `MAC_3`.
    Initiator,
    /// `MAC_2`.
    Responder,
}

impl Context<'_> {
    /// `MAC_2` or `MAC_3`, as long as `mac`.
    pub(super) fn mac(&self, role: Role, prk: &Prk, mac: &mut [u8]) -> Result<(), LocalError> {
        let label = match role {
            Role::Initiator => label::MAC_3,
            Role::Responder => label::MAC_2,
        };
        let hash_head = Head::bytes(HASH_LENGTH);
        let context = [
            self.c_r,
            self.id_cred,
            hash_head.as_slice(),
            self.transcript_hash,
            self.cred,
            self.ead,
        ];
        prk.kdf(label, &context, mac)
    }

    /// The MAC a static Diffie-Hellman key authenticates with.
    pub(super) fn static_dh_mac(
        &self,
        role: Role,
        suite: Suite,
        prk: &Prk,
    ) -> Result<heapless::Vec<u8, HASH_LENGTH>, LocalError> {
        let mut mac = heapless::Vec::new();
        mac.resize(suite.mac_length(), 0)
            .map_err(|_| LocalError::OutputTooLong)?;
        self.mac(role, prk, &mut mac)?;
        Ok(mac)
    }

    /// Verifies the MAC of a static Diffie-Hellman key, in constant time.
    pub(super) fn verify_mac(
        &self,
        role: Role,
        suite: Suite,
        prk: &Prk,
        received: &[u8],
    ) -> Result<(), Error> {
        let mac = self.static_dh_mac(role, suite, prk)?;
        if bool::from(mac.as_slice().ct_eq(received)) {
            Ok(())
        } else {
            Err(Inauthentic::Mac.into())
        }
    }

    /// Verifies a signature; the `Sig_structure` is hashed piece by piece and never held.
    pub(super) fn verify_signature(
        &self,
        role: Role,
        prk: &Prk,
        received: &[u8],
        key: &PublicKey,
    ) -> Result<(), Error> {
        let signature: &Signature = received
            .try_into()
            .map_err(|_| Misbehaviour::SignatureOrMacLength)?;
        let mut mac = Zeroizing::new([0; HASH_LENGTH]);
        self.mac(role, prk, mac.as_mut_slice())?;
        let mut hash = Sha256::new();
        self.sig_structure(mac.as_slice(), |piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok(key.verify_prehash(&hash.finalize().into(), signature)?)
    }

    /// The `Sig_structure` for an external signer.
    pub(super) fn sig_structure_to_sign(
        self,
        role: Role,
        prk: &Prk,
    ) -> Result<ToBeSigned, LocalError> {
        let mut mac = Zeroizing::new([0; HASH_LENGTH]);
        self.mac(role, prk, mac.as_mut_slice())?;
        let mut bytes = heapless::Vec::<u8, MAX_TO_BE_SIGNED>::new();
        self.sig_structure(mac.as_slice(), |piece| {
            bytes
                .extend_from_slice(piece)
                .map_err(|_| LocalError::MessageTooLong)
        })?;
        // Counted from the end, where the lengths are known: EAD, then the head and the bytes of the MAC.
        let mac_item = Head::bytes(HASH_LENGTH)
            .as_slice()
            .len()
            .saturating_add(HASH_LENGTH);
        let ead_end = bytes.len().saturating_sub(mac_item);
        let ead = ead_end.saturating_sub(self.ead.len())..ead_end;
        let cred = ead.start.saturating_sub(self.cred.len())..ead.start;
        let external = Head::bytes(self.external_length());
        let id_cred_end = cred
            .start
            .saturating_sub(mac_item.saturating_add(external.as_slice().len()));
        let id_cred = id_cred_end.saturating_sub(self.id_cred.len())..id_cred_end;
        Ok(ToBeSigned {
            bytes,
            id_cred,
            cred,
            ead,
        })
    }

    /// `[ "Signature1", << ID_CRED_x >>, << TH, CRED_x, ? EAD_x >>, MAC_x ]` (RFC 9052 section 4.4).
    fn sig_structure(
        &self,
        mac: &[u8],
        mut write: impl FnMut(&[u8]) -> Result<(), LocalError>,
    ) -> Result<(), LocalError> {
        const CONTEXT: &[u8] = b"Signature1";
        write(Head::array(4).as_slice())?;
        write(Head::text(CONTEXT.len()).as_slice())?;
        write(CONTEXT)?;
        write(Head::bytes(self.id_cred.len()).as_slice())?;
        write(self.id_cred)?;
        write(Head::bytes(self.external_length()).as_slice())?;
        write(Head::bytes(HASH_LENGTH).as_slice())?;
        write(self.transcript_hash)?;
        write(self.cred)?;
        write(self.ead)?;
        write(Head::bytes(mac.len()).as_slice())?;
        write(mac)
    }

    fn external_length(&self) -> usize {
        Head::bytes(HASH_LENGTH)
            .as_slice()
            .len()
            .saturating_add(HASH_LENGTH)
            .saturating_add(self.cred.len())
            .saturating_add(self.ead.len())
    }
}

/// A `Sig_structure`, and where in it the parts are that the message needs once it is signed.
#[derive(Debug)]
pub(super) struct ToBeSigned {
    bytes: heapless::Vec<u8, MAX_TO_BE_SIGNED>,
    id_cred: Range<usize>,
    cred: Range<usize>,
    ead: Range<usize>,
}

impl ToBeSigned {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn id_cred(&self) -> &[u8] {
        self.part(&self.id_cred)
    }

    pub(super) fn cred(&self) -> &[u8] {
        self.part(&self.cred)
    }

    pub(super) fn ead(&self) -> &[u8] {
        self.part(&self.ead)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}
