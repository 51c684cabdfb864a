//! The open link of a candidate: fragments, the session over it, and what is expected of the other side.

use std::time::Duration;

use touchstone_proto::{
    frame::{FrameError, Framer},
    phone::Session,
};

use super::super::LinkKey;

/// An answer later than this is asked for again (docs/PROTOCOL.md section 3).
const ANSWER: Duration = Duration::from_secs(1);
/// This many unanswered polls end the link.
const POLLS: u8 = 3;
/// An answer later than this ends the link, however lively the other side's frame layer is.
const PATIENCE: Duration = Duration::from_secs(20);
/// A silent link is kept alive this often (rule R-d).
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The open link and the session over it.
pub(super) struct Wire {
    pub(super) key: LinkKey,
    pub(super) session: Session,
    framer: Framer,
    expected: Option<Expected>,
    /// When the next KEEPALIVE is due.
    keep_alive: Duration,
}

/// An answer that has not come yet.
struct Expected {
    since: Duration,
    /// When the device is asked again.
    poll: Duration,
    polls: u8,
}

/// What the time asks for.
pub(super) enum Due {
    Nothing,
    Poll,
    KeepAlive,
    /// The other side is gone, or does not do its part.
    GiveUp,
}

impl Wire {
    pub(super) fn new(now: Duration, key: LinkKey, fragment_size: usize, session: Session) -> Self {
        Self {
            key,
            session,
            framer: Framer::new(fragment_size),
            expected: None,
            keep_alive: now + KEEP_ALIVE,
        }
    }

    /// Queues an envelope.
    pub(super) fn send(&mut self, now: Duration, envelope: &[u8]) -> Result<(), FrameError> {
        self.keep_alive = now + KEEP_ALIVE;
        self.framer.send(envelope)
    }

    /// Queues an envelope that neither is answered nor counts as a KEEPALIVE.
    pub(super) fn send_aside(&mut self, envelope: &[u8]) -> Result<(), FrameError> {
        self.framer.send(envelope)
    }

    /// From now on an answer is expected.
    pub(super) fn expect(&mut self, now: Duration) {
        self.expected = Some(Expected {
            since: now,
            poll: now + ANSWER,
            polls: 0,
        });
    }

    pub(super) fn expect_nothing(&mut self) {
        self.expected = None;
    }

    /// Takes a fragment; returns the envelope it completes.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        fragment: &[u8],
    ) -> Result<Option<Vec<u8>>, FrameError> {
        if let Some(expected) = &mut self.expected {
            expected.polls = 0;
            expected.poll = now + ANSWER;
        }
        Ok(self.framer.receive(fragment)?.map(<[u8]>::to_vec))
    }

    /// The next fragment to be sent.
    pub(super) fn transmit(&mut self) -> Option<Vec<u8>> {
        let mut out = [0; 512];
        let length = self.framer.poll_transmit(&mut out)?;
        out.get(..length).map(<[u8]>::to_vec)
    }

    pub(super) fn due(&mut self, now: Duration, keeps_alive: bool) -> Due {
        if let Some(expected) = &mut self.expected
            && expected.poll <= now
        {
            if expected.polls >= POLLS || now >= expected.since + PATIENCE {
                return Due::GiveUp;
            }
            expected.polls += 1;
            expected.poll = now + ANSWER;
            self.framer.poll();
            return Due::Poll;
        }
        if keeps_alive && self.keep_alive <= now {
            self.keep_alive = now + KEEP_ALIVE;
            return Due::KeepAlive;
        }
        Due::Nothing
    }

    pub(super) fn deadline(&self, keeps_alive: bool) -> Option<Duration> {
        let poll = self.expected.as_ref().map(|expected| expected.poll);
        poll.into_iter()
            .chain(keeps_alive.then_some(self.keep_alive))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use touchstone_proto::phone::CredentialForm;

    use super::*;

    #[test]
    fn a_device_that_answers_frames_but_never_messages_is_given_up() {
        let (session, hello) = Session::start(CredentialForm::ByValue, 1, &[7; 32], 0).unwrap();
        let mut wire = Wire::new(Duration::ZERO, LinkKey(1), 244, session);
        let mut peer = Framer::new(244);
        wire.send(Duration::ZERO, &hello).unwrap();
        wire.expect(Duration::ZERO);
        let mut polls = 0;
        for second in 1..60 {
            let now = Duration::from_secs(second);
            match wire.due(now, false) {
                Due::GiveUp => {
                    assert!((Duration::from_secs(20)..Duration::from_secs(25)).contains(&now));
                    assert!(polls > 10);
                    return;
                }
                Due::Poll => polls += 1,
                _ => {}
            }
            while let Some(fragment) = wire.transmit() {
                let _ = peer.receive(&fragment).unwrap();
            }
            let mut out = [0; 512];
            while let Some(length) = peer.poll_transmit(&mut out) {
                assert!(wire.receive(now, &out[..length]).unwrap().is_none());
            }
        }
        panic!("it waits forever");
    }

    #[test]
    fn a_silent_device_is_given_up_after_three_polls() {
        let (session, _) = Session::start(CredentialForm::ByValue, 1, &[7; 32], 0).unwrap();
        let mut wire = Wire::new(Duration::ZERO, LinkKey(1), 244, session);
        wire.expect(Duration::ZERO);
        for second in 1..=4 {
            let now = Duration::from_secs(second);
            assert_eq!(wire.deadline(false), Some(now));
            assert!(matches!(
                wire.due(now - Duration::from_millis(1), false),
                Due::Nothing
            ));
            assert_eq!(matches!(wire.due(now, false), Due::GiveUp), second == 4);
        }
    }

    #[test]
    fn a_silent_link_is_kept_alive_every_ten_seconds_and_only_when_it_is_open() {
        let (session, _) = Session::start(CredentialForm::ByValue, 1, &[7; 32], 0).unwrap();
        let mut wire = Wire::new(Duration::ZERO, LinkKey(1), 244, session);
        let ten = Duration::from_secs(10);
        assert_eq!(
            (wire.deadline(false), wire.deadline(true)),
            (None, Some(ten))
        );
        assert!(matches!(wire.due(ten, false), Due::Nothing));
        assert!(matches!(
            wire.due(ten - Duration::from_millis(1), true),
            Due::Nothing
        ));
        assert!(matches!(wire.due(ten, true), Due::KeepAlive));
        assert_eq!(wire.deadline(true), Some(ten * 2));
        wire.send(ten + ten / 2, &[1]).unwrap();
        assert_eq!(wire.deadline(true), Some(ten * 5 / 2));
        // A word on the side is not for keeping alive.
        wire.send_aside(&[1]).unwrap();
        assert_eq!(wire.deadline(true), Some(ten * 5 / 2));
    }
}
