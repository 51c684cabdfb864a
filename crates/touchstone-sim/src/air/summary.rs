//! Figures of a log: bytes, ATT PDUs, messages, round trips. Counted from what flew, by framing alone.

use std::{collections::BTreeMap, time::Duration};

use super::{Direction, Fate, LinkNumber, Log, What};
use crate::peripheral::DeviceId;

/// The tag of a sealed record and its kind byte.
const OVERHEAD: usize = 16;

/// Figures of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Links made.
    pub links: usize,
    /// Fragments from phones, repeats and CONTROL included.
    pub fragments_up: usize,
    /// Fragments from devices, repeats and CONTROL included.
    pub fragments_down: usize,
    /// Of all fragments, those that are CONTROL.
    pub control_fragments: usize,
    /// Bytes from phones, framing included.
    pub bytes_up: usize,
    /// Bytes from devices, framing included.
    pub bytes_down: usize,
    /// ATT PDUs after discovery: one per fragment, and two per link for the write of the CCCD and its response.
    pub att_pdus: usize,
    /// Of these, PDUs that a phone sent.
    pub att_pdus_from_phone: usize,
    /// Every envelope, each counted once, in the order of their first fragments.
    pub envelopes: Vec<Envelope>,
}

/// One envelope as it flew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// When its first fragment flew.
    pub at: Duration,
    /// On which link.
    pub link: LinkNumber,
    /// With which device.
    pub device: DeviceId,
    /// Which way.
    pub direction: Direction,
    /// Fragments, repeats included.
    pub fragments: usize,
    /// Bytes on the air, framing and repeats included.
    pub bytes: usize,
    /// The messages in it; empty when it never was complete or cannot be read.
    pub messages: Vec<Message>,
}

/// One message (docs/PROTOCOL.md section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Kind without the MORE bit.
    pub kind: u8,
    /// Length of the body.
    pub length: usize,
}

impl Message {
    /// The plaintext class, if it is a record.
    #[must_use]
    pub fn record_class(&self) -> Option<usize> {
        (self.kind == 0x06).then(|| self.length.saturating_sub(OVERHEAD))
    }
}

impl Envelope {
    /// Whether it carries a record of credential size from a phone: the only records of classes 192, 512 and 1536 in that direction.
    #[must_use]
    pub fn carries_credentials(&self) -> bool {
        self.direction == Direction::Up
            && self
                .messages
                .iter()
                .filter_map(Message::record_class)
                .any(|class| class >= 192)
    }

    /// Whether it carries a message of this kind.
    #[must_use]
    pub fn carries(&self, kind: u8) -> bool {
        self.messages.iter().any(|message| message.kind == kind)
    }

    /// Whether it carries a record of this plaintext class.
    #[must_use]
    pub fn carries_record(&self, class: usize) -> bool {
        self.messages
            .iter()
            .any(|message| message.record_class() == Some(class))
    }
}

impl Summary {
    /// How many envelopes carried credentials.
    #[must_use]
    pub fn credential_records(&self) -> usize {
        self.envelopes
            .iter()
            .filter(|envelope| envelope.carries_credentials())
            .count()
    }

    /// Bytes both ways, framing included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes_up + self.bytes_down
    }

    /// Bytes of message_1 to message_4, PREPARE and ARM, framing included. Meant for logs of one link.
    #[must_use]
    pub fn handshake_bytes(&self) -> usize {
        let handshake = self
            .envelopes
            .iter()
            .filter(|envelope| (0x01..=0x04).any(|kind| envelope.carries(kind)));
        let arm = self
            .envelopes
            .iter()
            .find(|envelope| envelope.direction == Direction::Up && envelope.carries_record(48));
        handshake.chain(arm).map(|envelope| envelope.bytes).sum()
    }

    /// ATT PDUs that carried the device's list of networks.
    #[must_use]
    pub fn networks_pdus(&self) -> usize {
        let lists = self.envelopes.iter().filter(|envelope| {
            envelope.direction == Direction::Down
                && (envelope.carries_record(512) || envelope.carries_record(1024))
        });
        lists.map(|envelope| envelope.fragments).sum()
    }

    /// The answers that a phone cannot go on without and that neither a person nor the Wi-Fi paces: message_2, message_4, the first
    /// STATUS after the credentials, and COMMITTED after CONFIRM. Meant for logs of one link.
    #[must_use]
    pub fn round_trips(&self) -> usize {
        let asks: [&dyn Fn(&Envelope) -> bool; 4] = [
            &|envelope| envelope.carries(0x01),
            &|envelope| envelope.carries(0x03),
            &Envelope::carries_credentials,
            // CONFIRM; ARM, of the same class, was sent before the credentials.
            &|envelope| envelope.carries_record(48),
        ];
        let mut rest = self.envelopes.as_slice();
        let mut trips = 0;
        for ask in asks {
            let Some(asked) = rest
                .iter()
                .position(|envelope| envelope.direction == Direction::Up && ask(envelope))
            else {
                break;
            };
            rest = rest.get(asked + 1..).unwrap_or_default();
            let Some(answered) = rest
                .iter()
                .position(|envelope| envelope.direction == Direction::Down)
            else {
                break;
            };
            rest = rest.get(answered + 1..).unwrap_or_default();
            trips += 1;
        }
        trips
    }
}

impl Log {
    /// The log up to and including the first STATUS after the first credentials: "accepted".
    #[must_use]
    pub fn until_accepted(&self) -> Log {
        let envelopes = self.summary().envelopes;
        let accepted = envelopes
            .iter()
            .position(Envelope::carries_credentials)
            .and_then(|sent| {
                let sent_on = envelopes.get(sent)?;
                envelopes.iter().skip(sent + 1).find(|envelope| {
                    envelope.link == sent_on.link
                        && envelope.direction == Direction::Down
                        && envelope.carries_record(48)
                })
            })
            .map(|envelope| envelope.at);
        self.only(|entry| accepted.is_none_or(|at| entry.at <= at))
    }
}

/// Envelopes under reassembly in one direction of one link.
#[derive(Default)]
struct Assembly {
    expected: u8,
    open: Option<(usize, Vec<u8>)>,
    /// Envelope to which each of the last 256 sequence numbers belonged.
    owners: BTreeMap<u8, usize>,
}

pub(super) fn summarise(log: &Log) -> Summary {
    let mut summary = Summary::default();
    let mut assemblies: BTreeMap<(LinkNumber, Direction), Assembly> = BTreeMap::new();
    for entry in log.entries() {
        match &entry.what {
            What::Connected { .. } => {
                summary.links += 1;
                summary.att_pdus += 2;
                summary.att_pdus_from_phone += 1;
            }
            What::Fragment {
                direction,
                bytes,
                fate,
            } => {
                let copies = if *fate == Fate::Duplicated { 2 } else { 1 };
                summary.att_pdus += copies;
                match direction {
                    Direction::Up => {
                        summary.fragments_up += copies;
                        summary.bytes_up += copies * bytes.len();
                        summary.att_pdus_from_phone += copies;
                    }
                    Direction::Down => {
                        summary.fragments_down += copies;
                        summary.bytes_down += copies * bytes.len();
                    }
                }
                if bytes.first().is_some_and(|flags| flags & 0x20 != 0) {
                    summary.control_fragments += copies;
                    continue;
                }
                let blank = Envelope {
                    at: entry.at,
                    link: entry.link,
                    device: entry.device,
                    direction: *direction,
                    fragments: 0,
                    bytes: 0,
                    messages: Vec::new(),
                };
                let assembly = assemblies.entry((entry.link, *direction)).or_default();
                assembly.add(&mut summary.envelopes, blank, bytes, copies);
            }
            What::Closed { .. } | What::Lost => {}
        }
    }
    summary
}

impl Assembly {
    fn add(
        &mut self,
        envelopes: &mut Vec<Envelope>,
        blank: Envelope,
        fragment: &[u8],
        copies: usize,
    ) {
        let [flags, sequence, _ack, rest @ ..] = fragment else {
            return;
        };
        if *sequence == self.expected {
            self.expected = self.expected.wrapping_add(1);
            let payload = if flags & 0x80 == 0 {
                rest
            } else {
                envelopes.push(blank);
                self.open = Some((envelopes.len() - 1, Vec::new()));
                rest.get(2..).unwrap_or_default()
            };
            if let Some((index, collected)) = &mut self.open {
                collected.extend_from_slice(payload);
                self.owners.insert(*sequence, *index);
                if flags & 0x40 != 0 {
                    if let Some(envelope) = envelopes.get_mut(*index) {
                        envelope.messages = messages(collected);
                    }
                    self.open = None;
                }
            }
        }
        if let Some(envelope) = self
            .owners
            .get(sequence)
            .and_then(|index| envelopes.get_mut(*index))
        {
            envelope.fragments += copies;
            envelope.bytes += copies * fragment.len();
        }
    }
}

/// Splits an envelope; what cannot be split ends the list.
fn messages(mut envelope: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    while let [kind, rest @ ..] = envelope {
        let (length, body) = if kind & 0x80 == 0 {
            (rest.len(), rest)
        } else {
            let [high, low, body @ ..] = rest else { break };
            (usize::from(u16::from_be_bytes([*high, *low])), body)
        };
        let Some(after) = body.get(length..) else {
            break;
        };
        found.push(Message {
            kind: kind & 0x7f,
            length,
        });
        envelope = after;
    }
    found
}
