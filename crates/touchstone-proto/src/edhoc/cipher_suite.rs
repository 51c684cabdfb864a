//! Cipher suites 2 and 3 (RFC 9528 section 3.6), the hybrid one, and lists of suites on the wire (section 5.2.1).

use aes::Aes128;
use ccm::aead::AeadInOut;
use ccm::consts::{U8, U13, U16};
use ccm::{Ccm, KeyInit};

use super::{Buffer, Method};
use crate::cbor::{Reader, Type, Writer};
use crate::error::{LocalError, Misbehaviour};

/// A cipher suite this engine runs.
///
/// All use SHA-256, P-256 and ES256, and AES-128 in CCM mode with 13 bytes of nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// Suite 2: AES-CCM-16-64-128, tags and MACs of 8 bytes.
    Aes128CcmMac64P256,
    /// Suite 3: AES-CCM-16-128-128, tags and MACs of 16 bytes.
    Aes128CcmMac128P256,
    /// Suite -21, for private use (RFC 9528 section 10.2): suite 3 whose Diffie-Hellman is P-256 and ML-KEM-768 (FIPS 203) side by side. For method 0 only.
    ///
    /// Whoever records the exchange has to break both to read it. Signatures are ES256 as in suite 3: who answers is proved classically.
    #[cfg(feature = "ml-kem")]
    Aes128CcmMac128P256MlKem768,
}

/// Bytes of an AEAD key of every suite.
pub(super) const KEY_LENGTH: usize = 16;
/// Bytes of an AEAD nonce of every suite.
pub(super) const IV_LENGTH: usize = 13;
/// Bytes of a SHA-256 hash.
pub(super) const HASH_LENGTH: usize = 32;
/// Bytes of a point of P-256 in `G_X` and `G_Y`: the x-coordinate alone (RFC 9528 section 3.7).
pub(super) const ECDH_LENGTH: usize = 32;

impl Suite {
    /// The number on the wire.
    pub const fn identifier(self) -> i64 {
        match self {
            Self::Aes128CcmMac64P256 => 2,
            Self::Aes128CcmMac128P256 => 3,
            #[cfg(feature = "ml-kem")]
            Self::Aes128CcmMac128P256MlKem768 => -21,
        }
    }

    /// The suite with this number, if we run it.
    pub const fn from_identifier(identifier: i64) -> Option<Self> {
        match identifier {
            2 => Some(Self::Aes128CcmMac64P256),
            3 => Some(Self::Aes128CcmMac128P256),
            #[cfg(feature = "ml-kem")]
            -21 => Some(Self::Aes128CcmMac128P256MlKem768),
            _ => None,
        }
    }

    /// Bytes of `MAC_2` and `MAC_3` where a static Diffie-Hellman key authenticates.
    pub const fn mac_length(self) -> usize {
        match self {
            Self::Aes128CcmMac64P256 => 8,
            Self::Aes128CcmMac128P256 => 16,
            #[cfg(feature = "ml-kem")]
            Self::Aes128CcmMac128P256MlKem768 => 16,
        }
    }

    /// Whether the suite may be used with this method: a KEM has no static Diffie-Hellman key to authenticate with.
    pub(super) const fn goes_with(self, method: Method) -> bool {
        match method {
            Method::SignatureSignature => true,
            Method::StaticDhStaticDh => !self.is_hybrid(),
        }
    }

    /// Whether ML-KEM-768 stands beside P-256.
    pub const fn is_hybrid(self) -> bool {
        match self {
            Self::Aes128CcmMac64P256 | Self::Aes128CcmMac128P256 => false,
            #[cfg(feature = "ml-kem")]
            Self::Aes128CcmMac128P256MlKem768 => true,
        }
    }

    /// Bytes an AEAD ciphertext is longer than its plaintext.
    pub const fn tag_length(self) -> usize {
        self.mac_length()
    }

    /// Encrypts `out[start..]` in place and appends the tag.
    pub(super) fn seal(
        self,
        key: &[u8; KEY_LENGTH],
        iv: &[u8; IV_LENGTH],
        associated: &[u8],
        out: &mut Buffer,
        start: usize,
    ) -> Result<(), LocalError> {
        match self {
            Self::Aes128CcmMac64P256 => {
                seal::<Ccm<Aes128, U8, U13>>(key, iv, associated, out, start)
            }
            Self::Aes128CcmMac128P256 => {
                seal::<Ccm<Aes128, U16, U13>>(key, iv, associated, out, start)
            }
            #[cfg(feature = "ml-kem")]
            Self::Aes128CcmMac128P256MlKem768 => {
                seal::<Ccm<Aes128, U16, U13>>(key, iv, associated, out, start)
            }
        }
    }

    /// Decrypts `buffer` in place and removes the tag; false, with the content undefined, if it is not authentic.
    pub(super) fn open(
        self,
        key: &[u8; KEY_LENGTH],
        iv: &[u8; IV_LENGTH],
        associated: &[u8],
        buffer: &mut Buffer,
    ) -> bool {
        match self {
            Self::Aes128CcmMac64P256 => open::<Ccm<Aes128, U8, U13>>(key, iv, associated, buffer),
            Self::Aes128CcmMac128P256 => open::<Ccm<Aes128, U16, U13>>(key, iv, associated, buffer),
            #[cfg(feature = "ml-kem")]
            Self::Aes128CcmMac128P256MlKem768 => {
                open::<Ccm<Aes128, U16, U13>>(key, iv, associated, buffer)
            }
        }
    }
}

fn seal<C: KeyInit + AeadInOut>(
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    out: &mut Buffer,
    start: usize,
) -> Result<(), LocalError> {
    // None of these can fail: the lengths are the cipher's own and the message is short.
    let cipher = C::new_from_slice(key).map_err(|_| LocalError::MessageTooLong)?;
    let nonce = iv.try_into().map_err(|_| LocalError::MessageTooLong)?;
    let plaintext = out.get_mut(start..).ok_or(LocalError::MessageTooLong)?;
    let tag = cipher
        .encrypt_inout_detached(&nonce, associated, plaintext.into())
        .map_err(|_| LocalError::MessageTooLong)?;
    out.extend_from_slice(&tag)
        .map_err(|_| LocalError::MessageTooLong)
}

fn open<C: KeyInit + AeadInOut>(
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    buffer: &mut Buffer,
) -> bool {
    let Ok(cipher) = C::new_from_slice(key) else {
        return false;
    };
    let Ok(nonce) = iv.try_into() else {
        return false;
    };
    let tag_length = ccm::aead::Tag::<C>::default().len();
    let Some(length) = buffer.len().checked_sub(tag_length) else {
        return false;
    };
    let Some((ciphertext, tag)) = buffer.split_at_mut_checked(length) else {
        return false;
    };
    let Ok(tag) = ccm::aead::Tag::<C>::try_from(&*tag) else {
        return false;
    };
    let opened = cipher.decrypt_inout_detached(&nonce, associated, ciphertext.into(), &tag);
    buffer.truncate(length);
    opened.is_ok()
}

/// `SUITES_I` or `SUITES_R` as received: one suite, or an array of at least two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteList<'a> {
    /// The integers, without the head of the array.
    elements: &'a [u8],
}

impl<'a> SuiteList<'a> {
    /// Reads a list.
    ///
    /// # Errors
    /// [`Misbehaviour::SuitesNotPlain`] for an array of fewer than two; any other if it is no list of integers.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Misbehaviour> {
        let count = match reader.peek()? {
            Type::Array => {
                let count = reader.array_any()?;
                if count < 2 {
                    return Err(Misbehaviour::SuitesNotPlain);
                }
                count
            }
            _ => 1,
        };
        let start = reader.remaining();
        for _ in 0..count {
            reader.int()?;
        }
        let length = start.len().saturating_sub(reader.remaining().len());
        let elements = start.get(..length).ok_or(Misbehaviour::Truncated)?;
        Ok(Self { elements })
    }

    /// The numbers, in the sender's order of preference.
    pub fn iter(&self) -> impl Iterator<Item = i64> + use<'a> {
        let mut reader = Reader::new(self.elements);
        core::iter::from_fn(move || reader.int().ok())
    }

    /// The last of `SUITES_I`: the one the Initiator selected.
    pub fn selected(&self) -> i64 {
        // A list has at least one element by construction; -25 is assigned to no suite.
        self.iter().last().unwrap_or(-25)
    }
}

/// Writes a list as the one integer or the array it must be.
pub(super) fn write_suites<const N: usize>(
    writer: &mut Writer<'_, N>,
    suites: &[i64],
) -> Result<(), LocalError> {
    match suites {
        [] => return Err(LocalError::NoSuite),
        [only] => {
            writer.int(*only)?;
        }
        several => {
            writer.array(several.len())?;
            for suite in several {
                writer.int(*suite)?;
            }
        }
    }
    Ok(())
}
