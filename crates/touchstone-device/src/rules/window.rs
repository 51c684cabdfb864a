//! When the device answers at all (rules R-d and R-f).

use core::time::Duration;

/// How long power-on, a touch or a reset opens the window, and how far a renewal carries it.
const OPEN: Duration = Duration::from_secs(15 * 60);
/// How long after the last power-on, touch or reset renewals count.
const RENEWABLE: Duration = Duration::from_secs(60 * 60);
/// How long a new owner may still ask whether the commit arrived.
const ACKNOWLEDGE: Duration = Duration::from_secs(10 * 60);

/// The time in which handshakes are answered. Nothing a peer sends opens it; a peer can only keep it open, and not for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open {
        closes_at: Duration,
        renewable_until: Duration,
    },
    /// An owner was stored and may not know it yet.
    Acknowledging {
        closes_at: Duration,
    },
}

impl Window {
    /// A window just opened by power-on, a touch or a reset.
    pub(crate) fn opened(now: Duration) -> Self {
        Self {
            state: State::Open {
                closes_at: now.saturating_add(OPEN),
                renewable_until: now.saturating_add(RENEWABLE),
            },
        }
    }

    /// The end of everything that a KEEPALIVE prolongs, however often; `None` when nothing may begin.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open {
                renewable_until, ..
            } => Some(renewable_until),
            State::Acknowledging { closes_at } => Some(closes_at),
        }
    }

    /// A KEEPALIVE of the session that is armed or holds the claim.
    pub(crate) fn renew(&mut self, now: Duration) {
        if !self.is_open(now) {
            return;
        }
        if let State::Open {
            closes_at,
            renewable_until,
        } = &mut self.state
        {
            *closes_at = (*closes_at).max(now.saturating_add(OPEN).min(*renewable_until));
        }
    }

    /// An owner was stored: from now on the window only serves the acknowledgement.
    pub(crate) fn await_acknowledgement(&mut self, now: Duration) {
        self.state = State::Acknowledging {
            closes_at: now.saturating_add(ACKNOWLEDGE),
        };
    }

    /// The new owner knows that it is one. A window opened for another reason stays as it is.
    pub(crate) fn acknowledged(&mut self) {
        if matches!(self.state, State::Acknowledging { .. }) {
            self.state = State::Closed;
        }
    }

    /// Whether handshakes are answered at `now`.
    pub(crate) fn is_open(&self, now: Duration) -> bool {
        self.closes_at().is_some_and(|closes_at| now < closes_at)
    }

    /// When the window closes by itself, if it is open.
    pub(crate) fn closes_at(&self) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { closes_at, .. } | State::Acknowledging { closes_at } => Some(closes_at),
        }
    }

    /// Whether the window has closed by itself since it was last asked.
    pub(crate) fn expire(&mut self, now: Duration) -> bool {
        let expired = self.closes_at().is_some_and(|closes_at| closes_at <= now);
        if expired {
            self.state = State::Closed;
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    #[test]
    fn the_window_closes_after_fifteen_minutes() {
        let window = Window::opened(minutes(100));
        assert!(window.is_open(minutes(115) - Duration::from_nanos(1)));
        assert!(!window.is_open(minutes(115)));
    }

    #[test]
    fn renewals_carry_it_at_most_sixty_minutes() {
        let mut window = Window::opened(Duration::ZERO);
        for minute in 1..70 {
            window.renew(minutes(minute));
        }
        assert_eq!(window.closes_at(), Some(minutes(60)));
    }

    #[test]
    fn a_closed_window_is_not_renewed() {
        let mut window = Window::opened(Duration::ZERO);
        window.renew(minutes(15));
        assert!(!window.is_open(minutes(15)));
        assert!(window.expire(minutes(15)));
        window.renew(minutes(16));
        assert!(!window.is_open(minutes(16)));
    }

    #[test]
    fn a_renewal_never_shortens_it() {
        let mut window = Window::opened(minutes(1));
        window.renew(Duration::ZERO);
        assert_eq!(window.closes_at(), Some(minutes(16)));
    }

    #[test]
    fn after_a_commit_it_stays_open_ten_minutes_or_until_acknowledged() {
        let mut window = Window::opened(Duration::ZERO);
        window.await_acknowledgement(minutes(5));
        window.renew(minutes(6));
        assert!(window.is_open(minutes(14)));
        assert!(!window.is_open(minutes(15)));
        window.acknowledged();
        assert!(!window.is_open(minutes(6)));
    }

    #[test]
    fn an_acknowledgement_does_not_close_a_window_opened_by_a_person() {
        let mut window = Window::opened(Duration::ZERO);
        window.acknowledged();
        assert!(window.is_open(minutes(1)));
    }

    #[test]
    fn expiry_is_reported_once() {
        let mut window = Window::opened(Duration::ZERO);
        assert!(!window.expire(minutes(14)));
        assert!(window.expire(minutes(15)));
        assert!(!window.expire(minutes(16)));
    }
}
