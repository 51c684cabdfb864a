//! Envelopes: one or more messages, what one frame sequence carries (docs/PROTOCOL.md section 4).

use crate::error::{Error, LocalError, Misbehaviour};

/// The longest envelope in bytes.
pub const MAX_ENVELOPE: usize = 2048;

/// One envelope, as handed to a [`Framer`](crate::frame::Framer).
pub type Envelope = heapless::Vec<u8, MAX_ENVELOPE>;

/// The most messages that [`join`] puts into one envelope.
pub const MOST_JOINED: usize = 4;

const MORE: u8 = 0x80;
const HELLO: u8 = 0x01;
const MESSAGE_2: u8 = 0x02;
const MESSAGE_3: u8 = 0x03;
const MESSAGE_4: u8 = 0x04;
const EDHOC_ERROR: u8 = 0x05;
const RECORD: u8 = 0x06;
const BY_REFERENCE: u8 = 0x01;

/// One message of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// message_1 and what the phone wants.
    Hello {
        /// TS version asked for.
        version: u8,
        /// Whether the leaf certificate by reference is enough.
        by_reference: bool,
        /// EDHOC message_1.
        message_1: &'a [u8],
    },
    /// EDHOC message_2.
    Message2(&'a [u8]),
    /// EDHOC message_3.
    Message3(&'a [u8]),
    /// EDHOC message_4.
    Message4(&'a [u8]),
    /// EDHOC error message: not authenticated, at most a hint.
    EdhocError(&'a [u8]),
    /// A sealed record.
    Record(&'a [u8]),
}

impl<'a> Message<'a> {
    fn parse(kind: u8, body: &'a [u8]) -> Result<Self, Misbehaviour> {
        if body.is_empty() {
            return Err(Misbehaviour::MalformedEnvelope);
        }
        match kind {
            HELLO => match body {
                [version, hints, message_1 @ ..]
                    if hints & !BY_REFERENCE == 0 && !message_1.is_empty() =>
                {
                    Ok(Self::Hello {
                        version: *version,
                        by_reference: hints & BY_REFERENCE != 0,
                        message_1,
                    })
                }
                _ => Err(Misbehaviour::MalformedEnvelope),
            },
            MESSAGE_2 => Ok(Self::Message2(body)),
            MESSAGE_3 => Ok(Self::Message3(body)),
            MESSAGE_4 => Ok(Self::Message4(body)),
            EDHOC_ERROR => Ok(Self::EdhocError(body)),
            RECORD => Ok(Self::Record(body)),
            _ => Err(Misbehaviour::MalformedEnvelope),
        }
    }

    fn kind_and_body(&self) -> (u8, &'a [u8]) {
        match *self {
            Self::Hello { message_1, .. } => (HELLO, message_1),
            Self::Message2(body) => (MESSAGE_2, body),
            Self::Message3(body) => (MESSAGE_3, body),
            Self::Message4(body) => (MESSAGE_4, body),
            Self::EdhocError(body) => (EDHOC_ERROR, body),
            Self::Record(body) => (RECORD, body),
        }
    }
}

/// The messages of an envelope, in order; stops after the first malformed one.
#[must_use]
pub fn messages(envelope: &[u8]) -> Messages<'_> {
    Messages {
        rest: Some(envelope),
    }
}

/// Iterator over the messages of an envelope; see [`messages`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Messages<'a> {
    fn split(rest: &'a [u8]) -> Result<(Message<'a>, Option<&'a [u8]>), Misbehaviour> {
        let (kind, rest) = rest.split_first().ok_or(Misbehaviour::MalformedEnvelope)?;
        if kind & MORE == 0 {
            return Ok((Message::parse(*kind, rest)?, None));
        }
        let (length, rest) = rest
            .split_first_chunk::<2>()
            .ok_or(Misbehaviour::MalformedEnvelope)?;
        let (body, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(Misbehaviour::MalformedEnvelope)?;
        Ok((Message::parse(kind & !MORE, body)?, Some(rest)))
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match Self::split(self.rest.take()?) {
            Ok((message, rest)) => {
                self.rest = rest;
                Some(Ok(message))
            }
            Err(misbehaviour) => Some(Err(misbehaviour.into())),
        }
    }
}

/// Builds an envelope from its messages, in order.
///
/// # Errors
/// [`LocalError::MessageTooLong`] when they do not fit; [`LocalError::WrongState`] when there is none.
pub fn envelope(messages: &[Message<'_>]) -> Result<Envelope, LocalError> {
    let (last, others) = messages.split_last().ok_or(LocalError::WrongState)?;
    let mut envelope = Envelope::new();
    for message in others {
        put(&mut envelope, message, true)?;
    }
    put(&mut envelope, last, false)?;
    Ok(envelope)
}

/// One envelope with the messages of both, in order: what belongs together arrives together.
///
/// # Errors
/// [`LocalError::MessageTooLong`] when they do not fit, or are more than [`MOST_JOINED`]; [`LocalError::WrongState`] when one is not an envelope.
pub fn join(first: &[u8], second: &[u8]) -> Result<Envelope, LocalError> {
    let mut joined = heapless::Vec::<Message<'_>, MOST_JOINED>::new();
    for message in messages(first).chain(messages(second)) {
        let message = message.map_err(|_| LocalError::WrongState)?;
        joined
            .push(message)
            .map_err(|_| LocalError::MessageTooLong)?;
    }
    envelope(&joined)
}

fn put(envelope: &mut Envelope, message: &Message<'_>, more: bool) -> Result<(), LocalError> {
    let (kind, body) = message.kind_and_body();
    let head = match *message {
        Message::Hello {
            version,
            by_reference,
            ..
        } => [version, if by_reference { BY_REFERENCE } else { 0 }],
        _ => [0, 0],
    };
    let head = if kind == HELLO { head.as_slice() } else { &[] };
    let mut extend = |bytes: &[u8]| {
        envelope
            .extend_from_slice(bytes)
            .map_err(|_| LocalError::MessageTooLong)
    };
    if more {
        let length = u16::try_from(head.len().saturating_add(body.len()))
            .map_err(|_| LocalError::MessageTooLong)?;
        extend(&[kind | MORE])?;
        extend(&length.to_be_bytes())?;
    } else {
        extend(&[kind])?;
    }
    extend(head)?;
    extend(body)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    const MALFORMED: Error = Error::PeerMisbehaved(Misbehaviour::MalformedEnvelope);

    fn read(envelope: &[u8]) -> Result<Vec<Message<'_>>, Error> {
        messages(envelope).collect()
    }

    #[test]
    fn a_hello_carries_version_and_hint() {
        let hello = Message::Hello {
            version: 1,
            by_reference: true,
            message_1: &[7, 8],
        };
        let envelope = envelope(&[hello]).unwrap();
        assert_eq!(envelope.as_slice(), [0x01, 1, 1, 7, 8]);
        assert_eq!(read(&envelope).unwrap(), [hello]);
    }

    #[test]
    fn joined_envelopes_keep_every_message_in_order() {
        let first = envelope(&[Message::Message4(&[1, 2]), Message::Record(&[3])]).unwrap();
        let second = envelope(&[Message::Record(&[4])]).unwrap();
        let joined = join(&first, &second).unwrap();
        let expected = [
            Message::Message4(&[1, 2]),
            Message::Record(&[3]),
            Message::Record(&[4]),
        ];
        assert_eq!(read(&joined).unwrap(), expected);
        let four = join(&joined, &second).unwrap();
        assert_eq!(join(&four, &second), Err(LocalError::MessageTooLong));
        assert_eq!(join(&joined, &[0xff]), Err(LocalError::WrongState));
    }

    #[test]
    fn two_messages_share_an_envelope() {
        let both = [Message::Message3(&[1, 2, 3]), Message::Record(&[4])];
        let envelope = envelope(&both).unwrap();
        assert_eq!(envelope.as_slice(), [0x83, 0, 3, 1, 2, 3, 0x06, 4]);
        assert_eq!(read(&envelope).unwrap(), both);
    }

    #[test]
    fn malformed_envelopes_are_refused() {
        for envelope in [
            &[][..],
            &[0x06],                // empty body
            &[0x86, 0, 1, 5],       // MORE and nothing more
            &[0x86, 0, 0, 0x06, 1], // empty body, stated
            &[0x86, 0, 9, 1],       // longer than the envelope
            &[0x86, 0],             // no length
            &[0x00, 1],             // unknown kind
            &[0x07, 1],             // unknown kind
            &[0x01, 1, 0],          // hello without message_1
            &[0x01, 1],             // hello without hints
            &[0x01, 1, 2, 0],       // reserved hint
        ] {
            assert_eq!(read(envelope), Err(MALFORMED), "{envelope:x?}");
        }
    }

    #[test]
    fn reading_stops_at_the_first_malformed_message() {
        let mut messages = messages(&[0x00, 1]);
        assert_eq!(messages.next(), Some(Err(MALFORMED)));
        assert_eq!(messages.next(), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let body = [0; MAX_ENVELOPE];
        assert_eq!(
            envelope(&[Message::Record(&body)]),
            Err(LocalError::MessageTooLong)
        );
        assert!(envelope(&[Message::Record(&body[1..])]).is_ok());
        assert_eq!(envelope(&[]), Err(LocalError::WrongState));
    }

    proptest! {
        #[test]
        fn whatever_reads_builds_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(read) = read(&bytes) {
                let built = envelope(&read).unwrap();
                prop_assert_eq!(built.as_slice(), bytes.as_slice());
            }
        }
    }
}
