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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    const fn after(ms: u64) -> Duration {
        NOW.saturating_add(Duration::from_millis(ms))
    }

    #[test]
    fn a_device_signals_at_once_and_every_eight_seconds() {
        let mut signals = Signals::asked(NOW, false, None);
        assert_eq!((signals.given, signals.next), (Some(NOW), after(8_000)));
        signals.pass(after(7_999));
        assert_eq!(signals.given, Some(NOW));
        signals.pass(after(16_000));
        assert_eq!(signals.given, Some(after(16_000)));
        assert_eq!(signals.next, after(24_000));
    }

    #[test]
    fn another_arm_brings_no_signal_nearer() {
        let before = Signals::asked(NOW, false, None);
        let anew = Signals::asked(after(1_000), false, Some(before));
        assert_eq!((anew.given, anew.next), (Some(NOW), after(8_000)));
        let late = Signals::asked(after(9_000), false, Some(before));
        assert_eq!((late.given, late.next), (Some(after(9_000)), after(17_000)));
    }

    #[test]
    fn a_device_armed_in_silence_waits_four_seconds() {
        let signals = Signals::asked(NOW, true, None);
        assert_eq!((signals.given, signals.next), (None, after(4_000)));
        assert_eq!(signals.may_be_due(), NOW);
        assert_eq!(signals.at_the_latest(), after(10_000));
    }

    #[test]
    fn a_turn_counts_as_the_signal_and_the_next_is_eight_seconds_from_there() {
        let mut signals = Signals::asked(NOW, false, None);
        signals.turn(after(5_000));
        assert_eq!(signals.given, Some(after(5_000)));
        assert_eq!(signals.next, after(13_000));
        assert_eq!(signals.may_be_due(), after(9_250));
    }

    #[test]
    fn a_word_to_wait_puts_off_what_is_near_and_never_beyond_ten_seconds() {
        let mut signals = Signals::asked(NOW, false, None);
        assert!(!signals.hold(after(3_000)), "the next is later anyway");
        assert!(signals.hold(after(5_000)));
        assert_eq!(signals.next, after(9_000));
        assert!(signals.hold(after(8_000)));
        assert_eq!(signals.next, after(10_000));
        assert!(!signals.hold(after(9_000)));
    }
}
