//! Error messages (RFC 9528 section 6).
//!
//! They are never authenticated: receiving one means at most that the exchange is over.

use super::cipher_suite::{SuiteList, write_suites};
use super::{Buffer, Suite};
use crate::cbor::{Reader, Writer};
use crate::error::{Error, Incompatibility, LocalError, Misbehaviour};

/// `ERR_CODE` (RFC 9528 section 10.5).
mod code {
    pub(super) const UNSPECIFIED: i64 = 1;
    pub(super) const WRONG_SUITE: i64 = 2;
    pub(super) const UNKNOWN_CREDENTIAL: i64 = 3;
}

/// `error = ( ERR_CODE, ERR_INFO )` as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorMessage<'a> {
    /// Code 1: a text for a log.
    Unspecified(&'a str),
    /// Code 2: the suites the Responder supports.
    WrongSuite(SuiteList<'a>),
    /// Code 3: `ID_CRED_x` refers to no credential the sender has.
    UnknownCredential,
    /// Any other code.
    Other {
        /// `ERR_CODE`.
        code: i64,
    },
}

impl<'a> ErrorMessage<'a> {
    /// Reads an error message.
    ///
    /// # Errors
    /// [`Misbehaviour`] if it is none.
    pub fn parse(message: &'a [u8]) -> Result<Self, Misbehaviour> {
        let mut reader = Reader::new(message);
        let error = match reader.int()? {
            code::UNSPECIFIED => Self::Unspecified(reader.text()?),
            code::WRONG_SUITE => Self::WrongSuite(SuiteList::read(&mut reader)?),
            code::UNKNOWN_CREDENTIAL => {
                if !reader.bool()? {
                    return Err(Misbehaviour::WrongType);
                }
                Self::UnknownCredential
            }
            code => {
                reader.skip_item()?;
                Self::Other { code }
            }
        };
        reader.end()?;
        Ok(error)
    }
}

/// Writes code 1. `info` may end up in the peer's log and must say nothing about us.
///
/// # Errors
/// [`LocalError::MessageTooLong`].
pub fn unspecified(info: &str) -> Result<Buffer, LocalError> {
    let mut out = Buffer::new();
    Writer::new(&mut out).int(code::UNSPECIFIED)?.text(info)?;
    Ok(out)
}

/// Writes code 2 with `SUITES_R`: all suites the Responder supports, in order of preference.
///
/// # Errors
/// [`LocalError::NoSuite`] if there are none.
pub fn wrong_suite(suites_r: &[Suite]) -> Result<Buffer, LocalError> {
    let mut identifiers = heapless::Vec::<i64, 8>::new();
    for suite in suites_r {
        identifiers
            .push(suite.identifier())
            .map_err(|_| LocalError::MessageTooLong)?;
    }
    let mut out = Buffer::new();
    let mut writer = Writer::new(&mut out);
    writer.int(code::WRONG_SUITE)?;
    write_suites(&mut writer, &identifiers)?;
    Ok(out)
}

/// Writes code 3.
///
/// # Errors
/// [`LocalError::MessageTooLong`] never, in practice.
pub fn unknown_credential() -> Result<Buffer, LocalError> {
    let mut out = Buffer::new();
    Writer::new(&mut out)
        .int(code::UNKNOWN_CREDENTIAL)?
        .bool(true)?;
    Ok(out)
}

/// Writes the message that answers `error`: code 2 for a suite we would not take, code 1 without a text otherwise.
///
/// # Errors
/// As [`wrong_suite`].
pub fn answer(error: &Error, suites_r: &[Suite]) -> Result<Buffer, LocalError> {
    match error {
        Error::PeerIncompatible(Incompatibility::Suite { .. }) => wrong_suite(suites_r),
        _ => unspecified(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_message_reads_back() {
        let message = wrong_suite(&[Suite::Aes128CcmMac128P256]).unwrap();
        assert_eq!(message.as_slice(), [0x02, 0x03]);
        let both = wrong_suite(&[Suite::Aes128CcmMac128P256, Suite::Aes128CcmMac64P256]).unwrap();
        assert_eq!(both.as_slice(), [0x02, 0x82, 0x03, 0x02]);
        for (message, suites) in [(&message, &[3][..]), (&both, &[3, 2])] {
            let Ok(ErrorMessage::WrongSuite(list)) = ErrorMessage::parse(message) else {
                panic!("not a wrong suite message");
            };
            assert!(list.iter().eq(suites.iter().copied()));
        }
        assert_eq!(
            ErrorMessage::parse(&unspecified("no").unwrap()),
            Ok(ErrorMessage::Unspecified("no"))
        );
        assert_eq!(
            ErrorMessage::parse(&unknown_credential().unwrap()),
            Ok(ErrorMessage::UnknownCredential)
        );
        assert_eq!(
            ErrorMessage::parse(&[0x17, 0x40]),
            Ok(ErrorMessage::Other { code: 23 })
        );
    }

    #[test]
    fn malformed_error_messages_are_refused() {
        for (message, cause) in [
            (&[][..], Misbehaviour::Truncated),
            (&[0x01], Misbehaviour::Truncated),
            (&[0x01, 0x40], Misbehaviour::WrongType),
            (&[0x02, 0x81, 0x03], Misbehaviour::SuitesNotPlain),
            (&[0x03, 0xf4], Misbehaviour::WrongType),
            (&[0x03, 0xf5, 0x00], Misbehaviour::TrailingData),
            (&[0x17], Misbehaviour::Truncated),
        ] {
            assert_eq!(ErrorMessage::parse(message), Err(cause), "{message:x?}");
        }
    }
}
