//! message_1 (RFC 9528 section 5.2).

use super::cipher_suite::{SuiteList, write_suites};
use super::connection_id::ConnectionId;
use super::ead::Ead;
use super::{Buffer, MAX_MESSAGE};
use crate::cbor::{Reader, Type, Writer};
use crate::error::{Error, LocalError, Misbehaviour};

/// `message_1 = ( METHOD, SUITES_I, G_X, C_I, ? EAD_1 )` as received; only its form was checked.
#[derive(Debug)]
pub(super) struct Message1<'a> {
    pub(super) method: i64,
    pub(super) suites_i: SuiteList<'a>,
    /// Of whatever length was sent: which one is right depends on the suite.
    pub(super) g_x: &'a [u8],
    pub(super) c_i: ConnectionId,
    pub(super) ead_1: Ead<'a>,
}

impl<'a> Message1<'a> {
    pub(super) fn parse(message_1: &'a [u8]) -> Result<Self, Error> {
        if message_1.len() > MAX_MESSAGE {
            return Err(Misbehaviour::MessageTooLong.into());
        }
        let mut reader = Reader::new(message_1);
        if reader.peek()? == Type::Array {
            return Err(Misbehaviour::NotASequence.into());
        }
        Ok(Self {
            method: reader.int()?,
            suites_i: SuiteList::read(&mut reader)?,
            g_x: reader.bytes()?,
            c_i: ConnectionId::read(&mut reader)?,
            ead_1: Ead::parse(reader.remaining())?,
        })
    }
}

/// Writes message_1.
pub(super) fn write(
    method: i64,
    suites_i: &[i64],
    g_x: &[u8],
    c_i: &ConnectionId,
    ead_1: &[u8],
) -> Result<Buffer, LocalError> {
    let mut message_1 = Buffer::new();
    let mut writer = Writer::new(&mut message_1);
    writer.int(method)?;
    write_suites(&mut writer, suites_i)?;
    writer.bytes(g_x)?.raw(&c_i.encode()?)?.raw(ead_1)?;
    Ok(message_1)
}
