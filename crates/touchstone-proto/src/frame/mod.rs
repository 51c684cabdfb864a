//! Fragments: envelopes over writes and notifications that may be small, few and lost (docs/PROTOCOL.md section 3).
//!
//! Go-back-N with stored bytes: a resend never differs from the first sending except in its acknowledgement, so the records above never see a counter
//! twice. Memory is bounded whatever the peer sends. There is no clock here: the host says when to [`poll`](Framer::poll).

mod receiver;
mod sender;
#[cfg(test)]
mod tests;

use core::fmt;

use receiver::{Arrival, Receiver};
use sender::Sender;

use crate::gatt::{MAX_FRAGMENT, MIN_FRAGMENT};

/// Most fragments that may be unacknowledged.
pub const WINDOW: usize = 16;
/// A receiver that holds more unacknowledged fragments than this acknowledges them on its own.
pub const ACK_THRESHOLD: usize = 12;

const FIRST: u8 = 0x80;
const LAST: u8 = 0x40;
const CONTROL: u8 = 0x20;
const POLL: u8 = 0x10;
const RESEND: u8 = 0x08;
const RESERVED: u8 = 0x07;

/// Why a link cannot go on, or an envelope cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A fragment that no correct implementation sends; the link must end.
    Malformed,
    /// A malformed fragment came before; the link must end.
    Failed,
    /// An envelope has 1 to 2048 bytes.
    EnvelopeLength,
    /// Too much is waiting for acknowledgement; try again after the peer was heard.
    Full,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed fragment",
            Self::Failed => "the link failed before",
            Self::EnvelopeLength => "envelope of another length than 1 to 2048 bytes",
            Self::Full => "too much is unacknowledged",
        })
    }
}

impl core::error::Error for FrameError {}

/// Both directions of one link.
#[derive(Debug)]
pub struct Framer {
    sender: Sender,
    receiver: Receiver,
    /// The control fragment to send next: its flags, or none.
    control: Option<u8>,
    received: u32,
    failed: bool,
}

impl Framer {
    /// A link whose fragments have at most `fragment_size` bytes; clamped to 18..=512.
    #[must_use]
    pub fn new(fragment_size: usize) -> Self {
        Self {
            sender: Sender::new(fragment_size.clamp(MIN_FRAGMENT, MAX_FRAGMENT)),
            receiver: Receiver::new(),
            control: None,
            received: 0,
            failed: false,
        }
    }

    /// Queues an envelope.
    ///
    /// # Errors
    /// [`FrameError::EnvelopeLength`]; [`FrameError::Full`], which also queues a poll, so that the peer makes room by its answer.
    pub fn send(&mut self, envelope: &[u8]) -> Result<(), FrameError> {
        let queued = self.sender.queue(envelope);
        if queued == Err(FrameError::Full) {
            self.poll();
        }
        queued
    }

    /// Writes the next fragment to `out` and returns its length; `None` when there is nothing to send now.
    ///
    /// `out` must hold a whole fragment; what does not fit is kept.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<usize> {
        let ack = self.receiver.expected();
        // A data fragment acknowledges as well as a bare CONTROL.
        let bare = self.control == Some(CONTROL);
        if let (Some(flags), false) = (self.control, bare && self.sender.has_next()) {
            let fragment = [flags, self.sender.next_unsent(), ack];
            out.get_mut(..fragment.len())?.copy_from_slice(&fragment);
            self.control = None;
            self.receiver.acknowledged();
            return Some(fragment.len());
        }
        let length = self.sender.transmit(ack, out)?;
        self.receiver.acknowledged();
        if bare {
            self.control = None;
        }
        Some(length)
    }

    /// Takes one fragment; returns the envelope that it completes.
    ///
    /// # Errors
    /// [`FrameError::Malformed`], and [`FrameError::Failed`] for everything after it.
    pub fn receive(&mut self, fragment: &[u8]) -> Result<Option<&[u8]>, FrameError> {
        if self.failed {
            return Err(FrameError::Failed);
        }
        match self.accept(fragment) {
            Ok(true) => Ok(Some(self.receiver.envelope())),
            Ok(false) => Ok(None),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    fn accept(&mut self, fragment: &[u8]) -> Result<bool, FrameError> {
        let &[flags, seq, ack, ref rest @ ..] = fragment else {
            return Err(FrameError::Malformed);
        };
        let control = flags & CONTROL != 0;
        let well_formed = if control {
            flags & (FIRST | LAST | RESERVED) == 0 && rest.is_empty()
        } else {
            flags & (POLL | RESEND | RESERVED) == 0 && !rest.is_empty()
        };
        if !well_formed || fragment.len() > MAX_FRAGMENT {
            return Err(FrameError::Malformed);
        }
        self.sender.acknowledge(ack)?;
        if control {
            if flags & (POLL | RESEND) != 0 {
                self.sender.go_back_to(ack);
            }
            if flags & POLL != 0 {
                self.request(RESEND);
            } else if self.receiver.is_behind(seq) {
                self.request_resend_once();
            }
            self.received = self.received.saturating_add(1);
            return Ok(false);
        }
        let arrival = self.receiver.take(flags, seq, rest)?;
        self.received = self.received.saturating_add(1);
        match arrival {
            Arrival::Repeat => return Ok(false),
            Arrival::Gap => {
                self.request_resend_once();
                return Ok(false);
            }
            Arrival::Part | Arrival::Complete => {}
        }
        if self.receiver.unacknowledged() > ACK_THRESHOLD {
            self.request(0);
        }
        Ok(arrival == Arrival::Complete)
    }

    /// Asks the peer for an answer, and to resend what was lost.
    ///
    /// The phone does so when an answer is 1 s late; three times without an answer end the link.
    pub fn poll(&mut self) {
        self.request(POLL);
    }

    /// Whether the peer has acknowledged everything sent.
    #[must_use]
    pub fn all_acknowledged(&self) -> bool {
        self.sender.is_empty()
    }

    /// Number of well-formed fragments received so far, repeats and CONTROL included: changes whenever the peer was heard.
    #[must_use]
    pub fn fragments_received(&self) -> u32 {
        self.received
    }

    fn request(&mut self, flag: u8) {
        self.control = Some(self.control.unwrap_or(CONTROL) | flag);
    }

    fn request_resend_once(&mut self) {
        if self.receiver.report_gap() {
            self.request(RESEND);
        }
    }
}
