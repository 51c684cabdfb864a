//! What the service needs of whatever answers the fragments.

use core::time::Duration;

/// Links at the same time.
pub const LINKS: usize = 2;

/// One of the two link slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkId(u8);

impl LinkId {
    /// The first slot.
    pub const FIRST: Self = Self(0);
    /// The second slot.
    pub const SECOND: Self = Self(1);
}

/// The device role, sans I/O. `touchstone_device::Device` is one; tests bring simpler ones.
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
    /// The service data to advertise; `None` stops advertising.
    fn advertisement(&self, now: Duration) -> Option<[u8; 12]>;
}
