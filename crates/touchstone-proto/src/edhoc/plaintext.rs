//! `PLAINTEXT_2` and `PLAINTEXT_3` (RFC 9528 sections 5.3.2 and 5.4.2).
//!
//! Both end in `( ID_CRED_x / bstr / -24..23, Signature_or_MAC_x, ? EAD_x )`.

use core::ops::Range;

use super::connection_id::ConnectionId;
use super::credential::{self, FullKeyId};
use super::ead::Ead;
use super::{Buffer, Method, Suite};
use crate::cbor::{Reader, Writer};
use crate::error::{Error, LocalError, Misbehaviour};

/// A received plaintext; only its form was checked.
#[derive(Debug)]
pub(super) struct Plaintext {
    bytes: Buffer,
    id_cred: Range<usize>,
    full_key_id: Option<FullKeyId>,
    signature_or_mac: Range<usize>,
    ead_start: usize,
}

impl Plaintext {
    /// Reads `PLAINTEXT_2`, which begins with `C_R`.
    pub(super) fn parse_2(
        bytes: Buffer,
        method: Method,
        suite: Suite,
    ) -> Result<(ConnectionId, Self), Error> {
        let mut reader = Reader::new(&bytes);
        let c_r = ConnectionId::read(&mut reader)?;
        let start = bytes.len().saturating_sub(reader.remaining().len());
        Ok((c_r, Self::parse(bytes, start, method, suite)?))
    }

    /// Reads `PLAINTEXT_3`.
    pub(super) fn parse_3(bytes: Buffer, method: Method, suite: Suite) -> Result<Self, Error> {
        Self::parse(bytes, 0, method, suite)
    }

    fn parse(bytes: Buffer, start: usize, method: Method, suite: Suite) -> Result<Self, Error> {
        let end = bytes.len();
        let mut reader = Reader::new(bytes.get(start..).unwrap_or_default());
        let full_key_id = credential::read(&mut reader)?;
        let id_cred = start..end.saturating_sub(reader.remaining().len());
        let content = reader.bytes()?;
        if content.len() != signature_or_mac_length(method, suite) {
            return Err(Misbehaviour::SignatureOrMacLength.into());
        }
        let ead_start = end.saturating_sub(reader.remaining().len());
        let signature_or_mac = ead_start.saturating_sub(content.len())..ead_start;
        Ead::parse(reader.remaining())?;
        Ok(Self {
            bytes,
            id_cred,
            full_key_id,
            signature_or_mac,
            ead_start,
        })
    }

    /// As received: what the transcript hash takes in.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `ID_CRED_x`, a map even where a compact `kid` was received.
    pub(super) fn id_cred(&self) -> &[u8] {
        match &self.full_key_id {
            Some(full) => full,
            None => self.bytes.get(self.id_cred.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn signature_or_mac(&self) -> &[u8] {
        self.bytes
            .get(self.signature_or_mac.clone())
            .unwrap_or_default()
    }

    pub(super) fn ead(&self) -> Ead<'_> {
        Ead::already_parsed(self.bytes.get(self.ead_start..).unwrap_or_default())
    }
}

/// Bytes of `Signature_or_MAC_2` and `_3` (RFC 9528 section 5.3.2).
const fn signature_or_mac_length(method: Method, suite: Suite) -> usize {
    match method {
        Method::SignatureSignature => 64,
        Method::StaticDhStaticDh => suite.mac_length(),
    }
}

/// Writes a plaintext; `prefix` is the encoded `C_R` of `PLAINTEXT_2`.
pub(super) fn write(
    prefix: &[u8],
    id_cred: &[u8],
    signature_or_mac: &[u8],
    ead: &[u8],
) -> Result<Buffer, LocalError> {
    let mut out = Buffer::new();
    Writer::new(&mut out).raw(prefix)?;
    credential::write(&mut out, id_cred)?;
    Writer::new(&mut out).bytes(signature_or_mac)?.raw(ead)?;
    Ok(out)
}
