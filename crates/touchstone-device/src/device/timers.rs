//! What ends by itself.

use core::time::Duration;

use touchstone_proto::record::Status;

use crate::{device::link::Phase, ports::Ports};

use super::{Device, LINK_SLOTS, Link};

impl<P: Ports> Device<P> {
    /// Takes note of the time, which never goes back, and ends whatever is over.
    pub(super) fn advance(&mut self, now: Duration) -> Duration {
        let now = self.now.max(now);
        self.now = now;
        if self.arbiter.expire(now) {
            self.end_arm(Some(Status::Disarmed));
        }
        if self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.alive_until <= now)
        {
            self.end_claim(Some(Status::Disarmed));
        }
        if self.window.expire(now) {
            self.fall_silent();
        }
        for slot in 0..LINK_SLOTS {
            let over = self
                .link(slot)
                .and_then(Link::deadline)
                .is_some_and(|deadline| deadline <= now);
            if over {
                self.drop_link(slot);
            }
        }
        now
    }

    /// Outside the window only the stored owner is talked to; a handshake under way may still turn out to be its.
    fn fall_silent(&mut self) {
        self.end_arm(Some(Status::Disarmed));
        self.end_claim(Some(Status::Disarmed));
        for slot in 0..LINK_SLOTS {
            match self.link(slot).map(|link| link.phase) {
                Some(Phase::AwaitHello) => self.drop_link(slot),
                Some(Phase::Established(established))
                    if !self.is_stored_owner(&established.owner) =>
                {
                    self.close(slot);
                }
                Some(
                    Phase::Established(_)
                    | Phase::AwaitMessage3(_)
                    | Phase::Closing
                    | Phase::Dropped,
                )
                | None => {}
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let next_epoch = (self.arm.is_some() || self.claim.is_some())
            .then(|| Duration::from_secs(self.now.as_secs().saturating_add(1)));
        let timers = [
            self.window.closes_at(),
            self.arbiter.deadline(),
            self.claim.as_ref().map(|claim| claim.alive_until),
            self.button.deadline(),
            self.waiting.as_ref().map(|rhythm| rhythm.deadline()),
            self.responding
                .as_ref()
                .map(|response| response.rhythm.deadline()),
            self.plays.quiet_until(),
            next_epoch,
        ];
        let links = self.links.iter().flatten().map(Link::deadline);
        timers.into_iter().chain(links).flatten().min()
    }
}
