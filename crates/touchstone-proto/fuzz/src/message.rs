//! Envelopes.

use touchstone_proto::message::{MAX_ENVELOPE, Message, envelope, messages};

pub fn run(input: &[u8]) {
    let read: Result<Vec<_>, _> = messages(input).collect();
    let Ok(read) = read else {
        // The iterator has ended with its one error.
        let mut all = messages(input).skip_while(Result::is_ok);
        assert!(all.next().is_some() && all.next().is_none());
        return;
    };
    assert!(!read.is_empty());
    match envelope(&read) {
        Ok(built) => assert_eq!(built.as_slice(), input),
        Err(_) => assert!(input.len() > MAX_ENVELOPE),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let hello = Message::Hello {
        version: 1,
        by_reference: true,
        message_1: &[0, 3, 0x40, 1],
    };
    let bodies = [1; 30];
    [
        &[hello][..],
        &[Message::Message2(&bodies)],
        &[Message::Message3(&bodies), Message::Record(&bodies)],
        &[Message::Message4(&bodies), Message::Record(&bodies)],
        &[Message::EdhocError(&[2, 3])],
    ]
    .iter()
    .filter_map(|messages| Some(envelope(messages).ok()?.to_vec()))
    .collect()
}
