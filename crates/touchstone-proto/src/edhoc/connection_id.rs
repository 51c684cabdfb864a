//! Connection identifiers `C_I` and `C_R` (RFC 9528 section 3.3).

use crate::cbor::{Reader, Type, Writer};
use crate::error::{Error, Incompatibility, LocalError, Misbehaviour};

/// The longest connection identifier we store, in bytes.
pub const MAX_CONNECTION_ID: usize = 64;

/// A connection identifier: a byte string its owner chose.
///
/// On the wire a single byte that is the encoding of an integer in -24..=23 is sent as that integer, everything else as
/// a byte string (RFC 9528 section 3.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionId(heapless::Vec<u8, MAX_CONNECTION_ID>);

/// The encoding of a connection identifier.
pub(super) type EncodedConnectionId = heapless::Vec<u8, { MAX_CONNECTION_ID + 2 }>;

impl ConnectionId {
    /// The identifier with these bytes; it may be empty.
    ///
    /// # Errors
    /// [`LocalError::ConnectionIdTooLong`] above [`MAX_CONNECTION_ID`] bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        heapless::Vec::from_slice(bytes)
            .map(Self)
            .map_err(|_| LocalError::ConnectionIdTooLong.into())
    }

    /// The bytes, whichever form the wire has.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads an identifier in the one form it may have.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let bytes = match reader.peek()? {
            Type::Integer => &[read_compact(reader)?],
            _ => match reader.bytes()? {
                [byte] if is_compact(*byte) => {
                    return Err(Misbehaviour::ConnectionIdNotCompact.into());
                }
                bytes => bytes,
            },
        };
        heapless::Vec::from_slice(bytes)
            .map(Self)
            .map_err(|_| Incompatibility::ConnectionIdTooLong.into())
    }

    /// The one form it has on the wire.
    pub(super) fn encode(&self) -> Result<EncodedConnectionId, LocalError> {
        let mut out = EncodedConnectionId::new();
        write_compact(&mut Writer::new(&mut out), &self.0)?;
        Ok(out)
    }
}

/// True if `byte` is by itself the encoding of an integer in -24..=23.
pub(super) const fn is_compact(byte: u8) -> bool {
    matches!(byte, 0x00..=0x17 | 0x20..=0x37)
}

/// Reads an integer in -24..=23 as the byte that encodes it.
pub(super) fn read_compact(reader: &mut Reader<'_>) -> Result<u8, Misbehaviour> {
    match reader.skip_item()? {
        [byte] if is_compact(*byte) => Ok(*byte),
        _ => Err(Misbehaviour::IntegerOutOfRange),
    }
}

/// Writes a byte string in the form RFC 9528 section 3.3.2 prescribes for identifiers.
pub(super) fn write_compact<const N: usize>(
    writer: &mut Writer<'_, N>,
    bytes: &[u8],
) -> Result<(), LocalError> {
    match bytes {
        [byte] if is_compact(*byte) => writer.raw(bytes)?,
        _ => writer.bytes(bytes)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_identifiers_are_integers_exactly_when_they_can_be() {
        for byte in 0..=u8::MAX {
            let id = ConnectionId::new(&[byte]).unwrap();
            let encoded = id.encode().unwrap();
            assert_eq!(
                encoded.len() == 1,
                byte < 0x18 || (0x20..0x38).contains(&byte)
            );
            assert_eq!(ConnectionId::read(&mut Reader::new(&encoded)), Ok(id));
        }
    }

    #[test]
    fn a_byte_string_in_place_of_an_integer_is_refused() {
        assert_eq!(
            ConnectionId::read(&mut Reader::new(&[0x41, 0x0e])),
            Err(Misbehaviour::ConnectionIdNotCompact.into())
        );
        assert_eq!(
            ConnectionId::read(&mut Reader::new(&[0x18, 0x18])),
            Err(Misbehaviour::IntegerOutOfRange.into())
        );
    }

    #[test]
    fn an_identifier_may_be_empty_or_long_but_not_longer_than_we_store() {
        for length in [0, 2, 8, 23, 24, MAX_CONNECTION_ID] {
            let id = ConnectionId::new(&[7; MAX_CONNECTION_ID][..length]).unwrap();
            let encoded = id.encode().unwrap();
            assert_eq!(ConnectionId::read(&mut Reader::new(&encoded)), Ok(id));
        }
        let mut long = [0; MAX_CONNECTION_ID + 3];
        long[..2].copy_from_slice(&[0x58, 65]);
        assert_eq!(
            ConnectionId::read(&mut Reader::new(&long)),
            Err(Incompatibility::ConnectionIdTooLong.into())
        );
        assert_eq!(
            ConnectionId::new(&[0; MAX_CONNECTION_ID + 1]),
            Err(LocalError::ConnectionIdTooLong.into())
        );
    }
}
