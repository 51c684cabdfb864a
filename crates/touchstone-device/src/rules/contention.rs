//! How much of a crowd there is around an armed session (rule R-e).

use core::time::Duration;

use heapless::Vec;

use super::OwnerKid;

/// How long a handshake counts.
const MEMORY: Duration = Duration::from_secs(120);
const MAX_OWNERS: usize = 8;
const MAX_UNFINISHED: usize = 8;

/// A handshake that has begun; told apart by a number that never repeats within a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handshake(pub(crate) u32);

/// The handshakes of the last two minutes, by who made them.
#[derive(Clone, Debug)]
pub(crate) struct Contention {
    owners: Vec<Authenticated, MAX_OWNERS>,
    unfinished: Vec<Unfinished, MAX_UNFINISHED>,
}

#[derive(Clone, Debug)]
struct Authenticated {
    owner: OwnerKid,
    last: Duration,
    count: u8,
}

#[derive(Clone, Debug)]
struct Unfinished {
    handshake: Handshake,
    began: Duration,
    /// When its link went away.
    ended: Option<Duration>,
}

impl Contention {
    pub(crate) fn new() -> Self {
        Self {
            owners: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    /// A message_1 was answered.
    pub(crate) fn began(&mut self, now: Duration, handshake: Handshake) {
        self.forget(now);
        if self.unfinished.is_full() {
            // An unfinished handshake that still has its link is what matters most.
            let oldest = self
                .unfinished
                .iter()
                .position(|unfinished| unfinished.ended.is_some())
                .unwrap_or(0);
            self.unfinished.remove(oldest);
        }
        // There is room now.
        let _ = self.unfinished.push(Unfinished {
            handshake,
            began: now,
            ended: None,
        });
    }

    /// Its link has gone, or was dropped. Without effect when the handshake was finished.
    pub(crate) fn ended(&mut self, now: Duration, handshake: Handshake) {
        if let Some(unfinished) = self
            .unfinished
            .iter_mut()
            .find(|unfinished| unfinished.handshake == handshake)
        {
            unfinished.ended.get_or_insert(now);
        }
    }

    /// Its message_3 was authenticated by `owner`.
    pub(crate) fn authenticated(&mut self, now: Duration, handshake: Handshake, owner: &OwnerKid) {
        self.forget(now);
        self.unfinished
            .retain(|unfinished| unfinished.handshake != handshake);
        if let Some(known) = self.owners.iter_mut().find(|known| known.owner == *owner) {
            known.last = now;
            known.count = known.count.saturating_add(1);
            return;
        }
        if self.owners.is_full()
            && let Some(oldest) = (0..self.owners.len())
                .min_by_key(|index| self.owners.get(*index).map(|owner| owner.last))
        {
            self.owners.remove(oldest);
        }
        // There is room now.
        let _ = self.owners.push(Authenticated {
            owner: *owner,
            last: now,
            count: 1,
        });
    }

    /// How many handshakes of others there were around `owner`, whose own latest was authenticated at `since`: those authenticated by another
    /// key, and those nobody finished, except what `owner`'s own handshake superseded, for its earlier attempts look the same.
    pub(crate) fn around(&self, now: Duration, owner: &OwnerKid, since: Duration) -> u8 {
        let recent = |at: Duration| now < at.saturating_add(MEMORY);
        let unfinished = self.unfinished.iter().filter(|unfinished| {
            recent(unfinished.began) && unfinished.ended.is_none_or(|ended| ended > since)
        });
        unfinished.fold(self.others(now, owner), |sum, _| sum.saturating_add(1))
    }

    /// Those of them that another key authenticated: what no later handshake of `owner` can supersede.
    pub(crate) fn others(&self, now: Duration, owner: &OwnerKid) -> u8 {
        let recent = |at: Duration| now < at.saturating_add(MEMORY);
        self.owners
            .iter()
            .filter(|other| other.owner != *owner && recent(other.last))
            .fold(0_u8, |sum, other| sum.saturating_add(other.count))
    }

    fn forget(&mut self, now: Duration) {
        let recent = |at: Duration| now < at.saturating_add(MEMORY);
        self.owners.retain(|owner| recent(owner.last));
        self.unfinished
            .retain(|unfinished| recent(unfinished.began));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: OwnerKid = [1; 32];
    const OTHER: OwnerKid = [2; 32];

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_owner_alone_is_no_contention() {
        let mut contention = Contention::new();
        contention.began(s(1), Handshake(1));
        contention.authenticated(s(2), Handshake(1), &ME);
        assert_eq!(contention.around(s(3), &ME, s(2)), 0);
    }

    #[test]
    fn own_reconnects_and_their_unfinished_attempts_are_no_contention() {
        let mut contention = Contention::new();
        contention.began(s(1), Handshake(1));
        contention.authenticated(s(2), Handshake(1), &ME);
        for number in 2..5 {
            contention.began(s(3), Handshake(number));
            contention.ended(s(4), Handshake(number));
        }
        contention.began(s(5), Handshake(5));
        contention.authenticated(s(6), Handshake(5), &ME);
        assert_eq!(contention.around(s(6), &ME, s(6)), 0);
    }

    #[test]
    fn each_handshake_of_another_key_counts_for_two_minutes() {
        let mut contention = Contention::new();
        contention.began(s(1), Handshake(1));
        contention.authenticated(s(2), Handshake(1), &OTHER);
        contention.began(s(3), Handshake(2));
        contention.authenticated(s(4), Handshake(2), &OTHER);
        assert_eq!(contention.around(s(5), &ME, s(5)), 2);
        assert_eq!(contention.around(s(123), &ME, s(5)), 2);
        assert_eq!(contention.around(s(124), &ME, s(5)), 0);
    }

    #[test]
    fn an_unfinished_handshake_that_is_still_open_counts() {
        let mut contention = Contention::new();
        contention.began(s(1), Handshake(1));
        assert_eq!(contention.around(s(5), &ME, s(4)), 1);
    }

    #[test]
    fn an_unfinished_handshake_that_ended_after_mine_counts() {
        let mut contention = Contention::new();
        contention.began(s(1), Handshake(1));
        contention.ended(s(9), Handshake(1));
        assert_eq!(contention.around(s(10), &ME, s(4)), 1);
        assert_eq!(contention.around(s(121), &ME, s(4)), 0);
    }

    #[test]
    fn a_flood_of_own_reconnects_does_not_hide_another_key() {
        let mut contention = Contention::new();
        contention.authenticated(s(0), Handshake(0), &OTHER);
        for number in 1..60 {
            contention.began(s(1), Handshake(number));
            contention.authenticated(s(1), Handshake(number), &ME);
        }
        assert_eq!(contention.around(s(2), &ME, s(1)), 1);
    }

    #[test]
    fn a_flood_of_keys_or_beginnings_never_lowers_it_to_zero() {
        let mut contention = Contention::new();
        for number in 0..200_u8 {
            contention.authenticated(s(1), Handshake(u32::from(number)), &[number; 32]);
        }
        assert!(contention.around(s(1), &ME, s(1)) >= 7);
        for number in 1_000..2_000 {
            contention.began(s(2), Handshake(number));
        }
        assert!(contention.around(s(3), &[199; 32], s(1)) >= 8);
    }

    #[test]
    fn a_handshake_that_is_open_is_known_however_many_were_given_up_before() {
        let mut contention = Contention::new();
        for number in 0..8 {
            contention.began(s(1), Handshake(number));
            contention.ended(s(2), Handshake(number));
        }
        contention.began(s(4), Handshake(8));
        assert_eq!(contention.around(s(5), &ME, s(3)), 1);
    }

    #[test]
    fn the_latest_key_is_known_however_many_came_before() {
        let mut contention = Contention::new();
        for number in 10..18_u8 {
            contention.authenticated(s(1), Handshake(number.into()), &[number; 32]);
        }
        contention.authenticated(s(100), Handshake(100), &OTHER);
        assert_eq!(contention.around(s(122), &ME, s(101)), 1);
    }

    #[test]
    fn what_was_two_minutes_ago_is_not_counted_again_with_what_is_new() {
        let mut contention = Contention::new();
        contention.authenticated(s(1), Handshake(1), &OTHER);
        contention.authenticated(s(121), Handshake(2), &OTHER);
        assert_eq!(contention.around(s(122), &ME, s(121)), 1);
    }
}
