//! Who may be armed, and for how long (rules R-a and R-d).

use core::time::Duration;

use super::OwnerKid;

/// How long an arm lasts without KEEPALIVE.
const ALIVE: Duration = Duration::from_secs(60);
/// How long an untouched arm lasts once another owner was refused for its sake.
const CONTESTED: Duration = Duration::from_secs(120);
/// How long its owner then yields.
const YIELD: Duration = Duration::from_secs(60);
/// A press that begins earlier after ARM than this was meant for something else.
const REACTION: Duration = Duration::from_millis(300);

/// Arbitrates who waits for the touch: the first to ask does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arbiter {
    armed: Option<Armed>,
    contest: Option<Contest>,
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    owner: OwnerKid,
    at: Duration,
    alive_until: Duration,
}

/// Another owner was refused for the sake of `owner`. It outlives the arm, so that releasing and arming again gains nothing.
#[derive(Clone, Copy, Debug)]
struct Contest {
    owner: OwnerKid,
    since: Duration,
}

impl Contest {
    fn ends_at(&self) -> Duration {
        self.since.saturating_add(CONTESTED)
    }

    fn yields_until(&self) -> Duration {
        self.ends_at().saturating_add(YIELD)
    }
}

/// The answer to ARM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Waiting for the touch now.
    Armed,
    /// Somebody else is, or this owner has to yield.
    Busy,
}

impl Arbiter {
    pub(crate) fn new() -> Self {
        Self {
            armed: None,
            contest: None,
        }
    }

    /// Decides an ARM. An owner that is armed is armed anew. Nothing lasts beyond `limit`.
    pub(crate) fn arm(&mut self, now: Duration, owner: &OwnerKid, limit: Duration) -> Grant {
        self.expire(now);
        if self.armed.is_some_and(|armed| armed.owner != *owner) {
            self.refused(now);
            return Grant::Busy;
        }
        if let Some(contest) = self.contest {
            if contest.owner != *owner || contest.yields_until() <= now {
                self.contest = None;
            } else if contest.ends_at() <= now {
                return Grant::Busy;
            }
        }
        self.armed = Some(Armed {
            owner: *owner,
            at: now,
            alive_until: now.saturating_add(ALIVE).min(limit),
        });
        Grant::Armed
    }

    fn refused(&mut self, now: Duration) {
        let Some(armed) = self.armed else { return };
        // One that is known is this owner's, and not over: `arm` has ended any other.
        self.contest.get_or_insert(Contest {
            owner: armed.owner,
            since: now,
        });
    }

    /// A KEEPALIVE of the armed owner.
    pub(crate) fn renew(&mut self, now: Duration, limit: Duration) {
        self.expire(now);
        if let Some(armed) = &mut self.armed {
            armed.alive_until = armed.alive_until.max(now.saturating_add(ALIVE).min(limit));
        }
    }

    /// Who waits for the touch.
    #[cfg(test)]
    pub(crate) fn owner(&self) -> Option<&OwnerKid> {
        self.armed.as_ref().map(|armed| &armed.owner)
    }

    /// Whether a press that began at `began` is the answer to the arm: begun after it, and late enough to be one.
    pub(crate) fn answered_by(&self, began: Duration) -> bool {
        self.armed
            .is_some_and(|armed| armed.at.saturating_add(REACTION) <= began)
    }

    /// The touch was consumed, or the arm given up.
    pub(crate) fn disarm(&mut self) {
        self.armed = None;
    }

    /// The touch was consumed: the contest is decided.
    pub(crate) fn touched(&mut self) {
        self.armed = None;
        self.contest = None;
    }

    /// When the arm ends by itself.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let armed = self.armed?;
        let contest = self
            .contest
            .filter(|contest| contest.owner == armed.owner)
            .map(|contest| contest.ends_at());
        Some(contest.map_or(armed.alive_until, |ends_at| ends_at.min(armed.alive_until)))
    }

    /// Ends an arm whose time is over; whether there was one.
    pub(crate) fn expire(&mut self, now: Duration) -> bool {
        let expired = self.deadline().is_some_and(|deadline| deadline <= now);
        if expired {
            self.armed = None;
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: OwnerKid = [1; 32];
    const SECOND: OwnerKid = [2; 32];
    const FAR: Duration = Duration::from_secs(3600);

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_arm_wins_and_the_second_is_busy() {
        let mut arbiter = Arbiter::new();
        assert_eq!(arbiter.arm(s(1), &FIRST, FAR), Grant::Armed);
        assert_eq!(arbiter.arm(s(2), &SECOND, FAR), Grant::Busy);
        assert_eq!(arbiter.owner(), Some(&FIRST));
    }

    #[test]
    fn an_arm_ends_sixty_seconds_after_the_last_keepalive() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, FAR);
        arbiter.renew(s(50), FAR);
        assert!(!arbiter.expire(s(109)));
        assert!(arbiter.expire(s(110)));
        assert_eq!(arbiter.owner(), None);
    }

    #[test]
    fn a_keepalive_after_the_end_revives_nothing() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, FAR);
        arbiter.renew(s(60), FAR);
        assert_eq!(arbiter.owner(), None);
    }

    #[test]
    fn renewals_end_with_the_window() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, s(70));
        arbiter.renew(s(50), s(70));
        assert!(arbiter.expire(s(70)));
    }

    #[test]
    fn a_contested_arm_ends_in_two_minutes_however_lively() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, FAR);
        assert_eq!(arbiter.arm(s(10), &SECOND, FAR), Grant::Busy);
        for second in 11..130 {
            arbiter.renew(s(second), FAR);
        }
        assert!(!arbiter.expire(s(129)));
        assert!(arbiter.expire(s(130)));
    }

    #[test]
    fn its_owner_yields_for_a_minute_and_the_other_gets_its_turn() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, FAR);
        arbiter.arm(s(0), &SECOND, FAR);
        for second in (0..120).step_by(10) {
            arbiter.renew(s(second), FAR);
        }
        assert_eq!(arbiter.arm(s(120), &FIRST, FAR), Grant::Busy);
        assert_eq!(arbiter.arm(s(179), &FIRST, FAR), Grant::Busy);
        let mut alone = arbiter;
        assert_eq!(alone.arm(s(180), &FIRST, FAR), Grant::Armed);
        assert_eq!(arbiter.arm(s(121), &SECOND, FAR), Grant::Armed);
    }

    #[test]
    fn releasing_and_arming_again_does_not_escape_the_contest() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(0), &FIRST, FAR);
        arbiter.arm(s(1), &SECOND, FAR);
        arbiter.disarm();
        assert_eq!(arbiter.arm(s(100), &FIRST, FAR), Grant::Armed);
        arbiter.arm(s(101), &SECOND, FAR);
        assert!(arbiter.expire(s(121)));
        assert_eq!(arbiter.arm(s(122), &FIRST, FAR), Grant::Busy);
    }

    #[test]
    fn an_uncontested_arm_may_be_repeated_for_ever() {
        let mut arbiter = Arbiter::new();
        for second in (0..3_000).step_by(50) {
            assert_eq!(arbiter.arm(s(second), &FIRST, FAR), Grant::Armed);
        }
    }

    #[test]
    fn a_press_answers_only_an_arm_at_least_three_hundred_milliseconds_older() {
        let mut arbiter = Arbiter::new();
        arbiter.arm(s(10), &FIRST, FAR);
        assert!(!arbiter.answered_by(s(9)));
        assert!(!arbiter.answered_by(Duration::from_millis(10_299)));
        assert!(arbiter.answered_by(Duration::from_millis(10_300)));
        arbiter.disarm();
        assert!(!arbiter.answered_by(s(11)));
    }
}
