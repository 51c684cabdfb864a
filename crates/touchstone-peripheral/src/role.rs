//! What the service needs of whatever answers the fragments.

use core::time::Duration;

use touchstone_device::{Device, LinkId, ports::Ports};
use touchstone_proto::advert::Advert;

/// The device role, sans I/O: a [`Device`], or something around one that watches it or keeps its ports going.
pub trait Role {
    /// A phone has connected and subscribed; `fragment_size` is the link's largest fragment in bytes. `false` refuses it.
    fn connected(&mut self, now: Duration, link: LinkId, fragment_size: usize) -> bool;
    /// The link is gone, for whatever reason.
    fn disconnected(&mut self, now: Duration, link: LinkId);
    /// A fragment has arrived.
    fn received(&mut self, now: Duration, link: LinkId, fragment: &[u8]);
    /// Looks at the ports and runs the timers.
    fn poll(&mut self, now: Duration);
    /// When [`Role::poll`] must be called next, if nothing happens before.
    fn poll_timeout(&self) -> Option<Duration>;
    /// Writes the next fragment for this link to `out`, and returns its length.
    fn poll_transmit(&mut self, link: LinkId, out: &mut [u8]) -> Option<usize>;
    /// A link to be cut.
    fn poll_disconnect(&mut self) -> Option<LinkId>;
    /// What to advertise; `None` stops advertising.
    fn advertisement(&self, now: Duration) -> Option<Advert>;
}

impl<P: Ports> Role for Device<P> {
    fn connected(&mut self, now: Duration, link: LinkId, fragment_size: usize) -> bool {
        Self::connected(self, now, link, fragment_size)
    }

    fn disconnected(&mut self, now: Duration, link: LinkId) {
        Self::disconnected(self, now, link);
    }

    fn received(&mut self, now: Duration, link: LinkId, fragment: &[u8]) {
        Self::received(self, now, link, fragment);
    }

    fn poll(&mut self, now: Duration) {
        Self::poll(self, now);
    }

    fn poll_timeout(&self) -> Option<Duration> {
        Self::poll_timeout(self)
    }

    fn poll_transmit(&mut self, link: LinkId, out: &mut [u8]) -> Option<usize> {
        Self::poll_transmit(self, link, out)
    }

    fn poll_disconnect(&mut self) -> Option<LinkId> {
        Self::poll_disconnect(self)
    }

    fn advertisement(&self, now: Duration) -> Option<Advert> {
        Self::advertisement(self, now)
    }
}
