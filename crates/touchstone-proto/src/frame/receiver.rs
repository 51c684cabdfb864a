//! Reassembly of one direction.

use super::{FIRST, FrameError, LAST, WINDOW};
use crate::message::{Envelope, MAX_ENVELOPE};

/// What became of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Seen before; dropped.
    Repeat,
    /// An earlier one is missing; dropped.
    Gap,
    /// Taken; the envelope goes on.
    Part,
    /// Taken; the envelope is complete.
    Complete,
}

pub(super) struct Receiver {
    envelope: Envelope,
    /// Length of the envelope that is being received; 0 between envelopes.
    total: usize,
    expected: u8,
    unacknowledged: usize,
    gap_reported: bool,
}

impl core::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver")
            .field("received", &self.envelope.len())
            .field("total", &self.total)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            envelope: Envelope::new(),
            total: 0,
            expected: 0,
            unacknowledged: 0,
            gap_reported: false,
        }
    }

    /// The sequence number of the next fragment.
    pub(super) fn expected(&self) -> u8 {
        self.expected
    }

    /// The envelope completed last, until the next one begins.
    pub(super) fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    pub(super) fn acknowledged(&mut self) {
        self.unacknowledged = 0;
    }

    /// Whether a peer whose next number is `seq` has sent something that did not arrive.
    pub(super) fn is_behind(&self, seq: u8) -> bool {
        let ahead = usize::from(seq.wrapping_sub(self.expected));
        (1..=WINDOW).contains(&ahead)
    }

    /// True the first time a gap is met at the expected number.
    pub(super) fn report_gap(&mut self) -> bool {
        !core::mem::replace(&mut self.gap_reported, true)
    }

    /// Takes a data fragment without its first three bytes.
    pub(super) fn take(&mut self, flags: u8, seq: u8, rest: &[u8]) -> Result<Arrival, FrameError> {
        if seq != self.expected {
            return Ok(if self.is_behind(seq) {
                Arrival::Gap
            } else {
                Arrival::Repeat
            });
        }
        let payload = if flags & FIRST != 0 {
            self.begin(rest)?
        } else {
            rest
        };
        let complete = self.append(payload, flags & LAST != 0)?;
        self.expected = self.expected.wrapping_add(1);
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        self.gap_reported = false;
        Ok(if complete {
            Arrival::Complete
        } else {
            Arrival::Part
        })
    }

    fn begin<'f>(&mut self, rest: &'f [u8]) -> Result<&'f [u8], FrameError> {
        let (total, payload) = rest.split_first_chunk::<2>().ok_or(FrameError::Malformed)?;
        let total = usize::from(u16::from_be_bytes(*total));
        if self.total != 0 || !(1..=MAX_ENVELOPE).contains(&total) {
            return Err(FrameError::Malformed);
        }
        self.total = total;
        self.envelope.clear();
        Ok(payload)
    }

    fn append(&mut self, payload: &[u8], last: bool) -> Result<bool, FrameError> {
        if self.total == 0 || payload.is_empty() {
            return Err(FrameError::Malformed);
        }
        self.envelope
            .extend_from_slice(payload)
            .map_err(|_| FrameError::Malformed)?;
        let received = self.envelope.len();
        if received > self.total || (received == self.total) != last {
            return Err(FrameError::Malformed);
        }
        if last {
            self.total = 0;
        }
        Ok(last)
    }
}
