//! Fragments of one direction, kept until they are acknowledged.

use heapless::Vec;

use super::{FIRST, FrameError, LAST, WINDOW};
use crate::message::MAX_ENVELOPE;

/// Room for the longest envelope in the smallest fragments (137 of them), each with its length, and 300 bytes more.
const STORE: usize = 3072;
const LENGTH: usize = 2;
const HEADER: usize = 3;
const TOTAL: usize = 2;
const ACK_OFFSET: usize = 2;

pub(super) struct Sender {
    fragment_size: usize,
    /// Fragments in order, each after its length (2 bytes).
    store: Vec<u8, STORE>,
    /// How many are stored.
    stored: usize,
    /// How many of them were sent at least once.
    sent: usize,
    /// Which of them is sent next.
    cursor: usize,
    /// The sequence number of the first stored fragment.
    base: u8,
    /// How many were acknowledged in all; saturating.
    acknowledged: u32,
}

impl core::fmt::Debug for Sender {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender")
            .field("fragment_size", &self.fragment_size)
            .field("stored", &self.stored)
            .field("sent", &self.sent)
            .field("cursor", &self.cursor)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Sender {
    pub(super) fn new(fragment_size: usize) -> Self {
        Self {
            fragment_size,
            store: Vec::new(),
            stored: 0,
            sent: 0,
            cursor: 0,
            base: 0,
            acknowledged: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stored == 0
    }

    pub(super) fn queue(&mut self, envelope: &[u8]) -> Result<(), FrameError> {
        let total = u16::try_from(envelope.len()).map_err(|_| FrameError::EnvelopeLength)?;
        if envelope.is_empty() || envelope.len() > MAX_ENVELOPE {
            return Err(FrameError::EnvelopeLength);
        }
        let (before, stored) = (self.store.len(), self.stored);
        let result = self.fragment(envelope, total);
        if result.is_err() {
            self.store.truncate(before);
            self.stored = stored;
        }
        result
    }

    fn fragment(&mut self, envelope: &[u8], total: u16) -> Result<(), FrameError> {
        let mut rest = envelope;
        let mut flags = FIRST;
        while !rest.is_empty() {
            let header = if flags & FIRST != 0 {
                HEADER + TOTAL
            } else {
                HEADER
            };
            let room = self.fragment_size.saturating_sub(header);
            let (payload, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            if after.is_empty() {
                flags |= LAST;
            }
            let seq = self.seq_of(self.stored);
            let length = u16::try_from(header.saturating_add(payload.len()))
                .map_err(|_| FrameError::Full)?;
            self.extend(&length.to_be_bytes())?;
            self.extend(&[flags, seq, 0])?;
            if flags & FIRST != 0 {
                self.extend(&total.to_be_bytes())?;
            }
            self.extend(payload)?;
            self.stored = self.stored.saturating_add(1);
            flags = 0;
            rest = after;
        }
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.store
            .extend_from_slice(bytes)
            .map_err(|_| FrameError::Full)
    }

    fn seq_of(&self, index: usize) -> u8 {
        // Modulo 256 is what the wire carries.
        let [.., low] = index.to_be_bytes();
        self.base.wrapping_add(low)
    }

    /// The number of the first fragment that was never sent.
    pub(super) fn next_unsent(&self) -> u8 {
        self.seq_of(self.sent)
    }

    /// Whether a fragment may be sent now.
    pub(super) fn has_next(&self) -> bool {
        self.cursor < self.stored.min(WINDOW)
    }

    /// Writes the next fragment with the newest acknowledgement.
    pub(super) fn transmit(&mut self, ack: u8, out: &mut [u8]) -> Option<usize> {
        if !self.has_next() {
            return None;
        }
        let fragment = self.fragments().nth(self.cursor)?;
        out.get_mut(..fragment.len())?.copy_from_slice(fragment);
        *out.get_mut(ACK_OFFSET)? = ack;
        let length = fragment.len();
        self.cursor = self.cursor.saturating_add(1);
        self.sent = self.sent.max(self.cursor);
        Some(length)
    }

    /// The peer has everything before `ack`.
    pub(super) fn acknowledge(&mut self, ack: u8) -> Result<(), FrameError> {
        let ahead = usize::from(ack.wrapping_sub(self.base));
        if ahead <= self.sent {
            self.forget(ahead);
            return Ok(());
        }
        // An old acknowledgement in a repeat is harmless; one of something never sent is not.
        let behind = self.base.wrapping_sub(ack);
        if behind <= 128 && u32::from(behind) <= self.acknowledged {
            Ok(())
        } else {
            Err(FrameError::Malformed)
        }
    }

    /// Sends again from `ack` on, unless the peer has acknowledged more in the meantime.
    pub(super) fn go_back_to(&mut self, ack: u8) {
        if ack == self.base {
            self.cursor = 0;
        }
    }

    fn forget(&mut self, count: usize) {
        let bytes: usize = self
            .fragments()
            .take(count)
            .map(|fragment| fragment.len().saturating_add(LENGTH))
            .sum();
        let kept = self.store.len().saturating_sub(bytes);
        self.store.copy_within(bytes.., 0);
        self.store.truncate(kept);
        self.base = self.seq_of(count);
        self.stored = self.stored.saturating_sub(count);
        self.sent = self.sent.saturating_sub(count);
        self.cursor = self.cursor.saturating_sub(count);
        self.acknowledged = self
            .acknowledged
            .saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn fragments(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.store.as_slice();
        core::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<LENGTH>()?;
            let (fragment, after) =
                after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            Some(fragment)
        })
    }
}
