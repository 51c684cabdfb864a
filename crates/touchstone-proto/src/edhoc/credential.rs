//! Credentials and how messages refer to them (RFC 9528 section 3.5).

use super::Buffer;
use super::connection_id::{is_compact, read_compact, write_compact};
use crate::cbor::{Reader, Type, Writer};
use crate::error::{Error, Incompatibility, LocalError, Misbehaviour};

/// Our own credential, as it is hashed and referred to.
#[derive(Debug, Clone, Copy)]
pub struct CredentialRef<'a> {
    /// `ID_CRED_x`: a CBOR map of COSE header parameters.
    pub id_cred: &'a [u8],
    /// `CRED_x`: the CBOR item both sides hash; for X.509 a byte string around the DER encoding.
    pub cred: &'a [u8],
}

/// The longest `kid` we store, in bytes.
pub const MAX_KEY_ID: usize = 64;

/// COSE header parameters that refer to a credential (RFC 9360 section 2, RFC 9528 section 10.6).
mod header {
    pub(super) const KID: i64 = 4;
    pub(super) const KCWT: i64 = 13;
    pub(super) const KCCS: i64 = 14;
    pub(super) const X5CHAIN: i64 = 33;
    pub(super) const X5T: i64 = 34;
}

/// `ID_CRED_x` by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialId<'a> {
    /// `kid`: an identifier only the two sides understand.
    Kid(&'a [u8]),
    /// `kccs`: an unprotected CWT claims set, encoded; it is `CRED_x` itself.
    Kccs(&'a [u8]),
    /// `x5chain` of exactly one certificate, DER.
    X5chain(&'a [u8]),
    /// `x5t`: a hash of the certificate.
    X5t {
        /// The COSE algorithm: -15 is SHA-256 cut to 64 bits, -16 is SHA-256.
        algorithm: i64,
        /// The hash.
        hash: &'a [u8],
    },
    /// Anything else: `kcwt`, `x5u`, `c5c`, several certificates, several parameters.
    Other,
}

impl<'a> CredentialId<'a> {
    /// Reads `ID_CRED_x` in its full form, as `id_cred_r()` and `id_cred_i()` return it.
    ///
    /// # Errors
    /// [`Misbehaviour`] if it is no map, or a parameter named above has a value of the wrong type.
    pub fn parse(id_cred: &'a [u8]) -> Result<Self, Misbehaviour> {
        let mut reader = Reader::new(id_cred);
        let pairs = reader.map_any()?;
        if pairs != 1 || reader.peek()? != Type::Integer {
            return Ok(Self::Other);
        }
        let id = match reader.int()? {
            header::KID => Self::Kid(reader.bytes()?),
            header::KCCS => match reader.peek()? {
                Type::Map => Self::Kccs(reader.skip_item()?),
                _ => return Err(Misbehaviour::WrongType),
            },
            header::X5CHAIN => match reader.peek()? {
                Type::Bytes => Self::X5chain(reader.bytes()?),
                _ => return Ok(Self::Other),
            },
            header::X5T => {
                reader.array(2)?;
                if reader.peek()? != Type::Integer {
                    return Ok(Self::Other);
                }
                Self::X5t {
                    algorithm: reader.int()?,
                    hash: reader.bytes()?,
                }
            }
            header::KCWT => return Ok(Self::Other),
            _ => return Ok(Self::Other),
        };
        reader.end()?;
        Ok(id)
    }

    /// Writes `ID_CRED_x`.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`]; [`LocalError::CredentialIdMalformed`] for [`Self::Other`].
    pub fn encode(&self) -> Result<Buffer, LocalError> {
        let mut out = Buffer::new();
        let mut writer = Writer::new(&mut out);
        writer.map(1)?;
        match *self {
            Self::Kid(kid) => writer.int(header::KID)?.bytes(kid)?,
            Self::Kccs(claims) => writer.int(header::KCCS)?.raw(claims)?,
            Self::X5chain(certificate) => writer.int(header::X5CHAIN)?.bytes(certificate)?,
            Self::X5t { algorithm, hash } => writer
                .int(header::X5T)?
                .array(2)?
                .int(algorithm)?
                .bytes(hash)?,
            Self::Other => return Err(LocalError::CredentialIdMalformed),
        };
        Ok(out)
    }
}

/// Wraps a DER certificate in the byte string that is `CRED_x` (RFC 9528 section 3.5.2).
///
/// # Errors
/// [`LocalError::MessageTooLong`].
pub fn x509_cred(certificate: &[u8]) -> Result<Buffer, LocalError> {
    let mut out = Buffer::new();
    Writer::new(&mut out).bytes(certificate)?;
    Ok(out)
}

/// A received `ID_CRED_x` that was conveyed as a compact `kid`, in full form.
pub(super) type FullKeyId = heapless::Vec<u8, { MAX_KEY_ID + 4 }>;

/// Reads `ID_CRED_x / bstr / -24..23` of a plaintext.
///
/// Returns the full form where it differs from what was read.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<FullKeyId>, Error> {
    let kid = match reader.peek()? {
        Type::Map => {
            check_map(reader.skip_item()?)?;
            return Ok(None);
        }
        Type::Integer => &[read_compact(reader)?],
        _ => match reader.bytes()? {
            [byte] if is_compact(*byte) => return Err(Misbehaviour::KeyIdNotCompact.into()),
            kid => kid,
        },
    };
    let mut full = FullKeyId::new();
    Writer::new(&mut full)
        .map(1)
        .and_then(|writer| writer.int(header::KID))
        .and_then(|writer| writer.bytes(kid))
        .map_err(|_| Incompatibility::KeyIdTooLong)?;
    Ok(Some(full))
}

fn check_map(id_cred: &[u8]) -> Result<(), Misbehaviour> {
    let mut reader = Reader::new(id_cred);
    match reader.map_any()? {
        0 => Err(Misbehaviour::CredentialIdMalformed),
        1 if reader.int() == Ok(header::KID) => Err(Misbehaviour::KeyIdNotCompact),
        _ => Ok(()),
    }
}

/// Writes our own `ID_CRED_x` as the plaintext conveys it (RFC 9528 section 3.5.3.2).
pub(super) fn write(out: &mut Buffer, id_cred: &[u8]) -> Result<(), LocalError> {
    let mut writer = Writer::new(out);
    match CredentialId::parse(id_cred) {
        Ok(CredentialId::Kid(kid)) => write_compact(&mut writer, kid),
        Ok(_) => writer.raw(id_cred).map(|_| ()),
        Err(_) => Err(LocalError::CredentialIdMalformed),
    }
}

/// Requires that our own `ID_CRED_x` is one deterministic, non-empty map.
pub(super) fn check_own(credential: &CredentialRef<'_>) -> Result<(), LocalError> {
    let mut reader = Reader::new(credential.id_cred);
    match (reader.peek(), reader.skip_item(), reader.is_empty()) {
        (Ok(Type::Map), Ok([first, ..]), true) if *first != 0xa0 => Ok(()),
        _ => Err(LocalError::CredentialIdMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        for id in [
            CredentialId::Kid(&[0x2b]),
            CredentialId::Kid(b"long kid"),
            CredentialId::Kccs(&[0xa0]),
            CredentialId::X5chain(&[0x30, 0x00]),
            CredentialId::X5t {
                algorithm: -15,
                hash: &[1; 8],
            },
        ] {
            let encoded = id.encode().unwrap();
            assert_eq!(CredentialId::parse(&encoded), Ok(id));
            assert_eq!(
                check_own(&CredentialRef {
                    id_cred: &encoded,
                    cred: &[]
                }),
                Ok(())
            );

            let mut conveyed = Buffer::new();
            write(&mut conveyed, &encoded).unwrap();
            let full = read(&mut Reader::new(&conveyed)).unwrap();
            assert_eq!(full.as_deref().unwrap_or(&conveyed), encoded.as_slice());
        }
    }

    #[test]
    fn a_kid_has_one_form_on_the_wire() {
        for conveyed in [
            &[0xa1, 0x04, 0x41, 0x2b][..],
            &[0xa1, 0x04, 0x42, 1, 2],
            &[0x41, 0x2b],
        ] {
            assert_eq!(
                read(&mut Reader::new(conveyed)),
                Err(Misbehaviour::KeyIdNotCompact.into())
            );
        }
        assert_eq!(
            read(&mut Reader::new(&[0xa0])),
            Err(Misbehaviour::CredentialIdMalformed.into())
        );
        assert_eq!(
            read(&mut Reader::new(&[0x80])),
            Err(Misbehaviour::WrongType.into())
        );
    }

    #[test]
    fn a_chain_of_other_than_one_certificate_is_not_taken_for_one() {
        for id_cred in [
            &[0xa1, 0x18, 0x21, 0x80][..],
            &[0xa1, 0x18, 0x21, 0x82, 0x41, 0x30, 0x41, 0x30],
            &[0xa1, 0x0d, 0x40],
            &[0xa2, 0x04, 0x40, 0x05, 0x40],
        ] {
            assert_eq!(CredentialId::parse(id_cred), Ok(CredentialId::Other));
        }
        // A map, and a byte more.
        let after = CredentialId::parse(&[0xa1, 0x04, 0x41, 7, 0]);
        assert_eq!(after, Err(Misbehaviour::TrailingData));
        assert_eq!(CredentialId::parse(&[0x40]), Err(Misbehaviour::WrongType));
        assert_eq!(
            CredentialId::parse(&[0xa1, 0x0e, 0x40]),
            Err(Misbehaviour::WrongType)
        );
    }
}
