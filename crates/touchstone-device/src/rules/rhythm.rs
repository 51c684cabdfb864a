//! When a repeated signal is due.

use core::time::Duration;

/// A signal that repeats until it is stopped or has lasted long enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    next: Duration,
    every: Duration,
    until: Option<Duration>,
}

impl Rhythm {
    /// The first signal is due at once.
    pub(crate) fn starting(now: Duration, every: Duration, until: Option<Duration>) -> Self {
        Self {
            next: now,
            every,
            until,
        }
    }

    /// Whether a signal is due; counts it as given.
    pub(crate) fn due(&mut self, now: Duration) -> bool {
        let due = self.next <= now && !self.ended(now);
        if due {
            // Not from `next`: a device that slept gives one signal, not a burst of missed ones.
            self.next = now.saturating_add(self.every);
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
