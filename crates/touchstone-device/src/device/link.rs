//! One link slot: fragments, one session, and what waits to be sent.

use core::time::Duration;

use heapless::Deque;
use touchstone_proto::{
    device::Session,
    frame::{FrameError, Framer},
    message::{Envelope, MAX_ENVELOPE},
};

use crate::rules::{OwnerKid, contention::Handshake};

/// Link slots: one for the person's phone, one so that a second phone is told that the device is busy.
pub const LINK_SLOTS: usize = 2;
/// A link without a valid message_3 is dropped after this long.
pub(crate) const UNAUTHENTICATED: Duration = Duration::from_secs(10);
/// How long a refused session may still be answered.
pub(crate) const LINGER: Duration = Duration::from_secs(10);
/// How long a link is kept for its last envelope.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);
/// A link on which nothing was heard for this long is dropped.
pub(crate) const SILENT: Duration = Duration::from_secs(120);

const LENGTH: usize = 2;
/// Sealed envelopes that wait for room in the framer, each after its length: the largest one, or one list of networks and a dozen small ones.
const OUTBOX: usize = MAX_ENVELOPE + LENGTH;

/// The host's name for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u32);

/// One slot.
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) framer: Framer,
    pub(crate) session: Session,
    pub(crate) phase: Phase,
    pub(crate) opened: Duration,
    pub(crate) heard: Duration,
    /// Dropped then, whatever happens.
    pub(crate) closes_at: Option<Duration>,
    outbox: Deque<u8, OUTBOX>,
    /// The framer had no room; what it had received then.
    blocked: Option<u32>,
}

/// How far the link's session has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    AwaitHello,
    AwaitMessage3(Handshake),
    Established(Established),
    /// A last envelope is on its way; nothing is read any more.
    Closing,
    /// Dropped; the host has not been told yet.
    Dropped,
}

/// An authenticated session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Established {
    pub(crate) handshake: Handshake,
    pub(crate) owner: OwnerKid,
    /// When its message_3 was verified.
    pub(crate) since: Duration,
    /// It was told DENIED or ERROR; what still comes has crossed that and is dropped.
    pub(crate) refused: bool,
    /// It asked for a scan and has not seen the result.
    pub(crate) wants_networks: bool,
}

impl Link {
    pub(crate) fn new(now: Duration, id: LinkId, fragment_size: usize, session: Session) -> Self {
        Self {
            id,
            framer: Framer::new(fragment_size),
            session,
            phase: Phase::AwaitHello,
            opened: now,
            heard: now,
            closes_at: None,
            outbox: Deque::new(),
            blocked: None,
        }
    }

    pub(crate) fn established(&self) -> Option<&Established> {
        match &self.phase {
            Phase::Established(established) => Some(established),
            _ => None,
        }
    }

    pub(crate) fn established_mut(&mut self) -> Option<&mut Established> {
        match &mut self.phase {
            Phase::Established(established) => Some(established),
            _ => None,
        }
    }

    pub(crate) fn is_dropped(&self) -> bool {
        matches!(self.phase, Phase::Dropped)
    }

    /// When the link is dropped if nothing more is heard.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let by_phase = match self.phase {
            Phase::AwaitHello | Phase::AwaitMessage3(_) => {
                self.opened.saturating_add(UNAUTHENTICATED)
            }
            Phase::Established(_) => self.heard.saturating_add(SILENT),
            Phase::Closing => return self.closes_at,
            Phase::Dropped => return None,
        };
        Some(self.closes_at.map_or(by_phase, |at| at.min(by_phase)))
    }

    /// Queues an envelope behind those that wait. `false` when the peer does not take what was queued before.
    pub(crate) fn queue(&mut self, envelope: &[u8]) -> bool {
        let Ok(length) = u16::try_from(envelope.len()) else {
            return false;
        };
        let needed = envelope.len().saturating_add(LENGTH);
        if self.outbox.capacity().saturating_sub(self.outbox.len()) < needed {
            return false;
        }
        for byte in length.to_be_bytes().iter().chain(envelope) {
            // There is room: it was counted above.
            let _ = self.outbox.push_back(*byte);
        }
        true
    }

    /// Hands what waits to the framer, as far as it has room. `false` when it never will.
    pub(crate) fn pump(&mut self) -> bool {
        // Each attempt without room makes the framer ask the peer; asking again before it was heard would only fill the air.
        if self.blocked == Some(self.framer.fragments_received()) {
            return true;
        }
        self.blocked = None;
        while let Some(envelope) = self.first() {
            match self.framer.send(&envelope) {
                Ok(()) => {
                    for _ in 0..envelope.len().saturating_add(LENGTH) {
                        self.outbox.pop_front();
                    }
                }
                Err(FrameError::Full) => {
                    self.blocked = Some(self.framer.fragments_received());
                    return true;
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn first(&self) -> Option<Envelope> {
        let mut bytes = self.outbox.iter().copied();
        let length = usize::from(u16::from_be_bytes([bytes.next()?, bytes.next()?]));
        let mut envelope = Envelope::new();
        for byte in bytes.take(length) {
            envelope.push(byte).ok()?;
        }
        Some(envelope)
    }

    /// Forgets the session's keys and everything that waits. The slot stays taken until the host was told.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Dropped;
        self.session = Session::new();
        self.outbox.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link::new(Duration::ZERO, LinkId(1), 20, Session::new())
    }

    #[test]
    fn what_waits_is_bounded_by_one_largest_envelope() {
        let mut link = link();
        assert!(link.queue(&[1; MAX_ENVELOPE]));
        assert!(!link.queue(&[2]));
        assert_eq!(link.first().unwrap(), [1; MAX_ENVELOPE]);
    }

    #[test]
    fn a_peer_that_acknowledges_nothing_is_asked_once() {
        let mut link = link();
        let mut out = [0; 20];
        assert!(link.queue(&[1; 400]) && link.queue(&[2; 400]));
        let mut sent = 0;
        for _ in 0..100 {
            assert!(link.pump());
            while link.framer.poll_transmit(&mut out).is_some() {
                sent += 1;
            }
        }
        assert!((16..=17).contains(&sent), "{sent}");
    }
}
