//! What is known of the waiting signals of one device (docs/PROTOCOL.md section 8), and asked of them.

use std::time::Duration;

use touchstone_proto::{phone::Session, record::IdentifyMode};

use super::{Candidate, Happening, State};

/// The device gives its waiting signal this often by itself.
const EVERY: Duration = Duration::from_secs(8);
/// No sooner after the last one: the device's own 4 s, and what words need in the air.
const PAUSE: Duration = Duration::from_millis(4250);
/// So long a signal is kept back while the phone speaks.
pub(crate) const HOLD: Duration = Duration::from_secs(4);
/// No longer than this after the last one.
const LONGEST: Duration = Duration::from_secs(10);

/// When a device that waits gives its signal, as far as the phone can tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signals {
    /// When it was asked to wait.
    asked: Duration,
    /// When it gave the last signal.
    pub(crate) given: Option<Duration>,
    /// When it gives the next one by itself.
    pub(crate) next: Duration,
}

impl Signals {
    /// ARM goes out, with or without a word to keep quiet; `before` is known from an earlier ARM.
    pub(crate) fn asked(now: Duration, hush: bool, before: Option<Self>) -> Self {
        let given = before.and_then(|before| before.given);
        let first = given.map_or(now, |given| now.max(given + EVERY));
        let mut signals = Self {
            asked: now,
            given,
            next: first,
        };
        if hush {
            signals.hold(now);
        }
        signals.pass(now);
        signals
    }

    /// What it has done by itself up to now.
    pub(crate) fn pass(&mut self, now: Duration) {
        while self.next <= now {
            self.given = Some(self.next);
            self.next += EVERY;
        }
    }

    /// It is told that it is its turn.
    pub(crate) fn turn(&mut self, now: Duration) {
        self.given = Some(now);
        self.next = now + EVERY;
    }

    /// It is told to keep quiet; whether that makes a difference.
    pub(crate) fn hold(&mut self, now: Duration) -> bool {
        let held = self.next.max(self.at_the_latest().min(now + HOLD));
        std::mem::replace(&mut self.next, held) != held
    }

    /// From when on it may have a turn.
    pub(crate) fn may_be_due(&self) -> Duration {
        self.given.map_or(self.asked, |given| given + PAUSE)
    }

    /// It does not wait unnoticed for longer.
    pub(crate) fn at_the_latest(&self) -> Duration {
        self.given.map_or(self.asked, |given| given.max(self.asked)) + LONGEST
    }
}

impl Candidate {
    /// The signals of a device that waits and can give them.
    pub(crate) fn waiting_signals(&self) -> Option<Signals> {
        let gives = self
            .verdict
            .as_ref()
            .is_some_and(|verdict| verdict.actuators().any());
        self.signals.filter(|_| self.state == State::Armed && gives)
    }

    /// A word about signals: not answered, and no KEEPALIVE.
    pub(crate) fn hint(&mut self, mode: IdentifyMode) -> Vec<Happening> {
        let Some(wire) = &mut self.wire else {
            return Vec::new();
        };
        let sent = Session::identify(&mut wire.session, mode)
            .map_err(|error| error.to_string())
            .and_then(|envelope| {
                wire.send_aside(&envelope)
                    .map_err(|error| error.to_string())
            });
        match sent {
            Ok(()) => self.flush(),
            Err(why) => vec![self.lost(&why)],
        }
    }
}
