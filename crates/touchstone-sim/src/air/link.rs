//! One link as the air sees it.

use std::{collections::VecDeque, task::Waker, time::Duration};

use touchstone::ports::Sighting;

use super::{Direction, LinkNumber, PhoneId};
use crate::peripheral::DeviceId;

/// What has become of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It carries fragments.
    Open,
    /// One side has asked for the end; what that side had queued is still sent.
    Closing(Direction),
    /// Contact is lost; the sides do not know it yet.
    Silent,
    /// It is gone and both sides know.
    Gone,
}

/// One connection.
pub(crate) struct Link {
    pub(crate) device: DeviceId,
    pub(crate) phone: PhoneId,
    /// The how-manieth link to this device, from 0.
    pub(crate) ordinal: u32,
    pub(crate) fragment_size: usize,
    pub(crate) interval: Duration,
    pub(crate) anchor: Duration,
    pub(crate) state: State,
    pub(crate) stalled_until: Duration,
    pub(crate) exchange_due: bool,
    pub(crate) up: VecDeque<Vec<u8>>,
    pub(crate) down: VecDeque<Vec<u8>>,
    pub(crate) inbox: VecDeque<Vec<u8>>,
    pub(crate) receiver: Option<Waker>,
    pub(crate) closer: Option<Waker>,
    pub(crate) trackers: [Tracker; 2],
}

/// A scan in progress.
pub(crate) struct Scanner {
    pub(crate) phone: PhoneId,
    pub(crate) heard: VecDeque<Sighting>,
    pub(crate) waker: Option<Waker>,
}

/// A connection attempt.
pub(crate) struct Pending {
    pub(crate) device: Option<DeviceId>,
    pub(crate) phone: PhoneId,
    pub(crate) outcome: Option<Option<LinkNumber>>,
    pub(crate) waker: Option<Waker>,
}

/// Counts what has flown in one direction, by the fragment header alone (docs/PROTOCOL.md section 3).
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracker {
    fragments: u32,
    expected: u8,
    envelopes: u32,
    kinds: Vec<(u8, u32)>,
    records: Vec<(u16, u32)>,
}

/// Where a fragment stands in its direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Fragments before it, repeats included.
    pub(crate) fragment: u32,
    /// Envelopes before the one that it opens, if it opens one for the first time.
    pub(crate) opens: Option<Opening>,
}

/// The first fragment of a new envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) envelope: u32,
    pub(crate) kind: u8,
    pub(crate) nth_of_kind: u32,
    /// Plaintext classes and ordinals of the records in it, as far as this fragment shows where they begin.
    pub(crate) records: Vec<(u16, u32)>,
}

impl Tracker {
    pub(crate) fn place(&mut self, fragment: &[u8]) -> Place {
        let place = Place {
            fragment: self.fragments,
            opens: self.opening(fragment),
        };
        self.fragments += 1;
        place
    }

    fn opening(&mut self, fragment: &[u8]) -> Option<Opening> {
        let [flags, sequence, _ack, rest @ ..] = fragment else {
            return None;
        };
        if flags & 0x20 != 0 || *sequence != self.expected {
            return None;
        }
        self.expected = self.expected.wrapping_add(1);
        if flags & 0x80 == 0 {
            return None;
        }
        let [high, low, kind, ..] = rest else {
            return None;
        };
        let total = u16::from_be_bytes([*high, *low]);
        let envelope = self.envelopes;
        self.envelopes += 1;
        let kind_only = kind & 0x7f;
        let records = records(rest.get(2..).unwrap_or_default(), total)
            .into_iter()
            .map(|class| (class, count(&mut self.records, class)))
            .collect();
        Some(Opening {
            envelope,
            kind: kind_only,
            nth_of_kind: count(&mut self.kinds, kind_only),
            records,
        })
    }
}

/// The plaintext classes of the records in an envelope of `total` bytes that begins like this.
fn records(mut begin: &[u8], total: u16) -> Vec<u16> {
    let mut classes = Vec::new();
    let mut left = total;
    while let [kind, rest @ ..] = begin {
        left = left.saturating_sub(1);
        let (length, body) = match rest {
            _ if kind & 0x80 == 0 => (left, rest),
            [high, low, body @ ..] => {
                left = left.saturating_sub(2);
                (u16::from_be_bytes([*high, *low]), body)
            }
            _ => break,
        };
        if kind & 0x7f == 0x06 {
            classes.push(length.saturating_sub(16));
        }
        left = left.saturating_sub(length);
        begin = body.get(usize::from(length)..).unwrap_or_default();
    }
    classes
}

/// How many times `key` was counted before.
fn count<K: PartialEq>(counts: &mut Vec<(K, u32)>, key: K) -> u32 {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, counted)) => {
            *counted += 1;
            *counted - 1
        }
        None => {
            counts.push((key, 1));
            0
        }
    }
}
