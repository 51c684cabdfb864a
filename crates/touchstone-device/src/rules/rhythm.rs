//! When a repeated signal is due.

use core::time::Duration;

/// For so long the phone speaks (rule P11), and a signal is kept back for its sake.
const HOLD: Duration = Duration::from_secs(4);
/// A signal is kept back no longer than this after the last one, whatever a phone asks for.
const LONGEST: Duration = Duration::from_secs(10);

/// A signal that repeats until it is stopped or has lasted long enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    next: Duration,
    every: Duration,
    until: Option<Duration>,
    /// When the last signal was given; before the first, when it was asked for.
    last: Duration,
}

impl Rhythm {
    /// The first signal is due at once.
    pub(crate) fn starting(now: Duration, every: Duration, until: Option<Duration>) -> Self {
        Self {
            next: now,
            every,
            until,
            last: now,
        }
    }

    /// The next signal is due at once.
    pub(crate) fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now);
    }

    /// The next signal is kept back: nothing that may be asked for again and again can silence it.
    pub(crate) fn hold(&mut self, now: Duration) {
        let latest = self.last.saturating_add(LONGEST);
        self.next = self.next.max(now.saturating_add(HOLD).min(latest));
    }

    /// When the next signal is due.
    pub(crate) fn next(&self) -> Duration {
        self.next
    }

    /// Whether a signal is due; counts it as given.
    pub(crate) fn due(&mut self, now: Duration) -> bool {
        let due = self.next <= now && !self.ended(now);
        if due {
            // Not from `next`: a device that slept gives one signal, not a burst of missed ones.
            self.next = now.saturating_add(self.every);
            self.last = now;
        }
        due
    }

    /// Whether it has lasted long enough.
    pub(crate) fn ended(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Nothing is due before `next`.
    pub(crate) fn postpone(&mut self, next: Duration) {
        self.next = self.next.max(next);
    }

    /// When to look again.
    pub(crate) fn deadline(&self) -> Duration {
        self.until.map_or(self.next, |until| until.min(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_is_due_at_once_and_then_at_its_interval() {
        let mut rhythm = Rhythm::starting(s(5), s(8), None);
        assert!(rhythm.due(s(5)));
        assert!(!rhythm.due(s(12)));
        assert_eq!(rhythm.deadline(), s(13));
        assert!(rhythm.due(s(13)));
    }

    #[test]
    fn it_is_kept_back_for_four_seconds_and_never_beyond_ten() {
        let mut rhythm = Rhythm::starting(s(0), s(8), None);
        assert!(rhythm.due(s(0)));
        rhythm.hold(s(1));
        assert_eq!(rhythm.deadline(), s(8));
        rhythm.hold(s(5));
        assert_eq!(rhythm.deadline(), s(9));
        rhythm.hold(s(8));
        assert_eq!(rhythm.deadline(), s(10));
        rhythm.hold(s(9));
        assert!(rhythm.due(s(10)));
    }

    #[test]
    fn missed_signals_are_not_made_up_for() {
        let mut rhythm = Rhythm::starting(s(0), s(8), None);
        assert!(rhythm.due(s(100)));
        assert!(!rhythm.due(s(101)));
    }

    #[test]
    fn it_ends() {
        let mut rhythm = Rhythm::starting(s(0), s(3), Some(s(4)));
        assert!(rhythm.due(s(0)));
        assert!(rhythm.due(s(3)));
        assert_eq!(rhythm.deadline(), s(4));
        assert!(!rhythm.due(s(6)));
        assert!(rhythm.ended(s(6)));
    }
}
