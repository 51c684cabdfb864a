//! What the trace of a run says: fragments and envelopes of docs/PROTOCOL.md sections 3 and 4, counted and classed by length.
//!
//! It reads the wire formats by itself instead of through `touchstone-proto`, and decrypts nothing: it is the check on that crate, from outside.

use super::btsnoop::{Link, Pdu};

const MTU_REQUEST: u8 = 0x02;
const MTU_RESPONSE: u8 = 0x03;
const WRITE_REQUEST: u8 = 0x12;
const WRITE_COMMAND: u8 = 0x52;
const NOTIFICATION: u8 = 0x1b;
const DEFAULT_MTU: usize = 23;
const FIRST: u8 = 0x80;
const LAST: u8 = 0x40;
const CONTROL: u8 = 0x20;
const RECORD: u8 = 6;
const TAG: usize = 16;
/// Plaintext classes of CRED, section 6.
const CREDENTIAL_CLASSES: [usize; 3] = [192, 512, 1536];
const NETWORKS_CLASSES: [usize; 2] = [512, 1024];
const TOUCH_CLASS: usize = 80;
const STATUS_CLASS: usize = 48;
const SMALL_CLASS: usize = 16;

/// One message of an envelope: its kind and how many bytes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) length: usize,
}

impl Message {
    fn is_record_of(self, class: usize) -> bool {
        self.kind == RECORD && self.length == class + TAG
    }
}

/// One envelope put together again, and the operations that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) from_phone: bool,
    pub(super) messages: Vec<Message>,
    /// Indices into the operations of the link: first and last fragment.
    pub(super) first: usize,
    pub(super) last: usize,
    /// How many operations carried it.
    pub(super) fragments: usize,
}

impl Envelope {
    fn is(&self, from_phone: bool, class: usize) -> bool {
        self.from_phone == from_phone
            && self
                .messages
                .iter()
                .any(|message| message.is_record_of(class))
    }

    pub(super) fn is_credentials(&self) -> bool {
        CREDENTIAL_CLASSES.iter().any(|class| self.is(true, *class))
    }

    /// TOUCH, or RESUMED (which comes with message_4 or after it) telling of a touch on an earlier link.
    pub(super) fn tells_of_a_touch(&self) -> bool {
        self.is(false, TOUCH_CLASS)
    }

    pub(super) fn is_networks(&self) -> bool {
        NETWORKS_CLASSES.iter().any(|class| self.is(false, *class))
    }

    pub(super) fn is_status(&self) -> bool {
        self.is(false, STATUS_CLASS)
    }

    pub(super) fn has(&self, kind: u8) -> bool {
        self.messages.iter().any(|message| message.kind == kind)
    }
}

/// The complete envelopes of a link, in the order in which they were completed.
pub(super) fn envelopes(link: &Link) -> Vec<Envelope> {
    let mut found = Vec::new();
    let mut ways = [Way::new(true), Way::new(false)];
    for (index, pdu) in link.pdus.iter().enumerate() {
        for way in &mut ways {
            if let Some(envelope) =
                fragment(pdu, way.from_phone).and_then(|value| way.take(index, value))
            {
                found.push(envelope);
            }
        }
    }
    found
}

fn fragment(pdu: &Pdu, from_phone: bool) -> Option<&[u8]> {
    let wanted = if from_phone {
        WRITE_COMMAND
    } else {
        NOTIFICATION
    };
    (pdu.from_phone == from_phone && pdu.opcode() == wanted)
        .then(|| pdu.handle_and_value().map(|(_, value)| value))?
}

/// Reassembly of one direction.
struct Way {
    from_phone: bool,
    expected: u8,
    open: Option<(usize, usize, usize, Vec<u8>)>,
}

impl Way {
    fn new(from_phone: bool) -> Self {
        Self {
            from_phone,
            expected: 0,
            open: None,
        }
    }

    fn take(&mut self, index: usize, value: &[u8]) -> Option<Envelope> {
        let (&flags, &seq, mut payload) = (value.first()?, value.get(1)?, value.get(3..)?);
        // Resends repeat what was seen; control fragments are not counted.
        if flags & CONTROL != 0 || seq != self.expected {
            return None;
        }
        self.expected = seq.wrapping_add(1);
        if flags & FIRST != 0 {
            let (total, rest) = payload.split_first_chunk::<2>()?;
            payload = rest;
            self.open = Some((
                usize::from(u16::from_be_bytes(*total)),
                index,
                0,
                Vec::new(),
            ));
        }
        let (_, _, fragments, bytes) = self.open.as_mut()?;
        *fragments += 1;
        bytes.extend_from_slice(payload);
        if flags & LAST == 0 {
            return None;
        }
        let (total, first, fragments, bytes) = self.open.take()?;
        (bytes.len() == total).then(|| Envelope {
            from_phone: self.from_phone,
            messages: messages(&bytes),
            first,
            last: index,
            fragments,
        })
    }
}

fn messages(mut envelope: &[u8]) -> Vec<Message> {
    let mut list = Vec::new();
    while let Some((&first, rest)) = envelope.split_first() {
        let (length, body) = match rest.split_first_chunk::<2>() {
            Some((length, body)) if first & 0x80 != 0 => {
                (usize::from(u16::from_be_bytes(*length)), body)
            }
            _ => (rest.len(), rest),
        };
        list.push(Message {
            kind: first & 0x7f,
            length,
        });
        envelope = body.get(length..).unwrap_or_default();
    }
    list
}

/// Why the trace breaks the first rule: no credential record before a touch.
///
/// # Errors
/// The sentence that says where.
pub(super) fn no_credentials_before_a_touch(links: &[Link]) -> Result<(), String> {
    for (number, link) in links.iter().enumerate() {
        let mut touched = false;
        for envelope in envelopes(link) {
            touched |= envelope.tells_of_a_touch();
            if envelope.is_credentials() && !touched {
                return Err(format!(
                    "connection {number}: a credential record left the phone before the device said it was touched"
                ));
            }
        }
    }
    Ok(())
}

/// Credential records in the trace.
pub(super) fn credential_records(links: &[Link]) -> usize {
    links
        .iter()
        .flat_map(envelopes)
        .filter(Envelope::is_credentials)
        .count()
}

/// ATT operations of one link from the subscription (CCCD write) until the device accepted the credentials, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Figures {
    pub(super) att_pdus_after_discovery: usize,
    pub(super) att_pdus_from_phone: usize,
    /// Not in the above: fragments of NETWORKS.
    pub(super) att_pdus_networks: usize,
    /// Not in the above: KEEPALIVE and its answer.
    pub(super) att_pdus_keepalive: usize,
    /// Not in the above: what belongs to links with other devices.
    pub(super) att_pdus_other_links: usize,
    /// The largest operation that carried a fragment: two bytes below the MTU in effect.
    pub(super) largest_fragment_pdu: usize,
}

/// Counts on the link that carried the first credential record; none when there is no such link or nothing was accepted.
pub(super) fn figures(links: &[Link]) -> Option<Figures> {
    let (number, link) = links
        .iter()
        .enumerate()
        .find(|(_, link)| envelopes(link).iter().any(Envelope::is_credentials))?;
    let envelopes = envelopes(link);
    let sent = envelopes.iter().position(Envelope::is_credentials)?;
    let accepted = envelopes
        .iter()
        .skip(sent)
        .find(|envelope| envelope.is_status())?
        .last;
    let first = envelopes.first()?.first;
    let subscription = link.pdus[..first]
        .iter()
        .rposition(|pdu| pdu.opcode() == WRITE_REQUEST)?;
    let counted = &link.pdus[subscription..=accepted];
    let until = |envelope: &&Envelope| envelope.last <= accepted;
    let networks: usize = envelopes
        .iter()
        .filter(until)
        .filter(|envelope| envelope.is_networks())
        .map(|envelope| envelope.fragments)
        .sum();
    let keepalive: usize = keepalives(&envelopes)
        .filter(until)
        .map(|envelope| envelope.fragments)
        .sum();
    let keepalive_from_phone: usize = keepalives(&envelopes)
        .filter(until)
        .filter(|envelope| envelope.from_phone)
        .map(|envelope| envelope.fragments)
        .sum();
    let others = links
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != number)
        .map(|(_, other)| other.pdus.len())
        .sum();
    Some(Figures {
        att_pdus_after_discovery: counted.len() - networks - keepalive,
        att_pdus_from_phone: counted.iter().filter(|pdu| pdu.from_phone).count()
            - keepalive_from_phone,
        att_pdus_networks: networks,
        att_pdus_keepalive: keepalive,
        att_pdus_other_links: others,
        largest_fragment_pdu: link
            .pdus
            .iter()
            .filter(|pdu| matches!(pdu.opcode(), WRITE_COMMAND | NOTIFICATION))
            .map(|pdu| pdu.bytes.len())
            .max()
            .unwrap_or(0),
    })
}

/// The ATT MTU the two ends agreed on.
pub(super) fn mtu(link: &Link) -> usize {
    let offers = link
        .pdus
        .iter()
        .filter_map(|pdu| match pdu.bytes.as_slice() {
            [MTU_REQUEST | MTU_RESPONSE, low, high] => {
                Some(usize::from(u16::from_le_bytes([*low, *high])))
            }
            _ => None,
        });
    offers.min().unwrap_or(DEFAULT_MTU).max(DEFAULT_MTU)
}

/// A small record of the phone answered by a small record of the device: the only such pair is KEEPALIVE and its answer.
/// (IDENTIFY is answered by a STATUS, RELEASE ends the session, PREPARE shares the envelope of message_3.)
fn keepalives(envelopes: &[Envelope]) -> impl Iterator<Item = &Envelope> {
    let small = |envelope: &Envelope, from_phone| {
        envelope.messages.len() == 1 && envelope.is(from_phone, SMALL_CLASS)
    };
    envelopes
        .iter()
        .enumerate()
        .filter_map(move |(index, envelope)| {
            let ask = if envelope.from_phone {
                index
            } else {
                index.checked_sub(1)?
            };
            let (ask, answer) = (envelopes.get(ask)?, envelopes.get(ask + 1)?);
            (small(ask, true) && small(answer, false)).then_some(envelope)
        })
}

#[cfg(test)]
mod tests {
    use super::super::btsnoop::tests::Writer;
    use super::*;

    /// Writes the operations of a session with fragments of at most `size` bytes.
    struct Session {
        log: Writer,
        size: usize,
        next: [u8; 2],
    }

    impl Session {
        fn new(size: usize) -> Self {
            let mut log = Writer::new();
            log.connected(1, 1);
            log.att(1, true, &[0x08, 1, 0, 255, 255, 3, 0x28]);
            log.att(1, false, &[0x01, 8, 1, 0, 0x0a]);
            log.att(1, true, &[0x12, 9, 0, 1, 0]);
            log.att(1, false, &[0x13]);
            Self {
                log,
                size,
                next: [0; 2],
            }
        }

        fn fragment(&mut self, from_phone: bool, value: &[u8]) {
            let mut pdu = vec![if from_phone { 0x52 } else { 0x1b }, 7, 0];
            pdu.extend(value);
            self.log.att(1, from_phone, &pdu);
        }

        fn send(&mut self, from_phone: bool, envelope: &[u8]) {
            let total = u16::try_from(envelope.len()).unwrap().to_be_bytes();
            let mut rest = envelope;
            while !rest.is_empty() {
                let start = rest.len() == envelope.len();
                let (part, after) =
                    rest.split_at(rest.len().min(self.size - if start { 5 } else { 3 }));
                rest = after;
                let seq = &mut self.next[usize::from(from_phone)];
                let mut value = vec![
                    if start { FIRST } else { 0 } | if rest.is_empty() { LAST } else { 0 },
                    *seq,
                    0,
                ];
                *seq = seq.wrapping_add(1);
                if start {
                    value.extend(total);
                }
                value.extend(part);
                self.fragment(from_phone, &value);
            }
        }

        fn record(&mut self, from_phone: bool, class: usize) {
            self.send(from_phone, &[&[RECORD][..], &vec![0; class + TAG]].concat());
        }

        fn handshake(&mut self) {
            self.send(true, &[1; 42]);
            self.send(false, &[2; 551]);
            self.send(
                true,
                &[&[0x83, 0, 156][..], &[0; 156], &[RECORD], &[0; 32]].concat(),
            );
            self.send(false, &[4; 263]);
            self.record(true, 48);
            self.record(false, 16);
        }
    }

    #[test]
    fn the_messages_of_an_envelope_in_many_fragments_are_found() {
        for size in [18, 50, 242, 512] {
            let mut session = Session::new(size);
            session.handshake();
            let links = session.log.links();
            let found = envelopes(&links[0]);
            assert_eq!(found.len(), 6, "fragments of {size}");
            assert_eq!(
                found[2].messages,
                [
                    Message {
                        kind: 3,
                        length: 156
                    },
                    Message {
                        kind: RECORD,
                        length: 32
                    }
                ]
            );
            assert!(found[2].has(3) && !found[2].has(4));
        }
    }

    #[test]
    fn credentials_before_the_touch_are_found_whatever_the_fragment_size() {
        for size in [18, 242] {
            for class in CREDENTIAL_CLASSES {
                let mut session = Session::new(size);
                session.handshake();
                session.record(true, class);
                session.record(false, TOUCH_CLASS);
                assert!(no_credentials_before_a_touch(&session.log.links()).is_err());
            }
        }
    }

    #[test]
    fn credentials_after_the_touch_are_as_they_should_be() {
        let mut session = Session::new(242);
        session.handshake();
        session.record(false, TOUCH_CLASS);
        session.record(true, 192);
        assert_eq!(no_credentials_before_a_touch(&session.log.links()), Ok(()));
        assert_eq!(credential_records(&session.log.links()), 1);
    }

    #[test]
    fn a_resent_fragment_makes_no_second_envelope() {
        let mut session = Session::new(242);
        session.send(true, &[1; 42]);
        session.fragment(true, &[&[FIRST | LAST, 0, 0, 0, 42][..], &[1; 42]].concat());
        assert_eq!(envelopes(&session.log.links()[0]).len(), 1);
    }

    #[test]
    fn every_operation_from_the_subscription_until_accepted_is_counted() {
        let mut session = Session::new(242);
        session.handshake(); // 1 + 3 + 1 + 2 + 1 + 1
        session.record(false, 512); // 3, apart
        session.record(false, TOUCH_CLASS);
        session.fragment(true, &[CONTROL, 0, 0]);
        session.record(true, 16); // IDENTIFY, answered by a status
        session.record(false, 48);
        session.record(true, 16); // KEEPALIVE and answer, apart
        session.record(false, 16);
        session.record(true, 192);
        session.record(false, 48); // accepted
        session.record(false, 48); // connecting: not counted any more
        let figures = figures(&session.log.links()).unwrap();
        assert_eq!(figures.att_pdus_after_discovery, 2 + 9 + 1 + 1 + 2 + 1 + 1);
        assert_eq!(figures.att_pdus_from_phone, 1 + 3 + 1 + 1 + 1);
        assert_eq!(figures.att_pdus_networks, 3);
        assert_eq!(figures.att_pdus_keepalive, 2);
        assert_eq!(figures.att_pdus_other_links, 0);
        assert_eq!(figures.largest_fragment_pdu, 245);
    }

    #[test]
    fn the_mtu_is_the_smaller_offer_and_23_without_an_exchange() {
        let mut log = Writer::new();
        log.connected(1, 1);
        assert_eq!(mtu(&log.links()[0]), 23);
        log.att(1, true, &[0x02, 0x05, 0x02]);
        log.att(1, false, &[0x03, 0xf7, 0]);
        assert_eq!(mtu(&log.links()[0]), 247);
    }

    #[test]
    fn without_an_acceptance_there_is_nothing_to_count() {
        let mut session = Session::new(242);
        session.handshake();
        session.record(false, TOUCH_CLASS);
        session.record(true, 192);
        assert_eq!(figures(&session.log.links()), None);
    }
}
