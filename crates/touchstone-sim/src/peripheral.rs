//! What stands in the room and has a radio.

use std::{fmt, time::Duration};

use crate::air::LinkNumber;

/// A peripheral in the world, numbered from 0 in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub usize);

/// The GATT server side of the air: an honest device, or something that only looks like one.
///
/// It never sees the world; it is told the time with every call.
pub trait Peripheral: Send {
    /// A phone has connected and subscribed. `false` refuses it: no free slot.
    fn connected(&mut self, now: Duration, link: LinkNumber, fragment_size: usize) -> bool;
    /// The link is gone.
    fn disconnected(&mut self, now: Duration, link: LinkNumber);
    /// A phone wrote one fragment.
    fn received(&mut self, now: Duration, link: LinkNumber, fragment: &[u8]);
    /// Runs timers and looks at the ports.
    fn poll(&mut self, now: Duration);
    /// When [`Peripheral::poll`] wants to be called next.
    fn poll_timeout(&self) -> Option<Duration>;
    /// The next notification for this link, written to the front of `out`.
    fn poll_transmit(&mut self, link: LinkNumber, out: &mut [u8]) -> Option<usize>;
    /// A link the peripheral wants to end.
    fn poll_disconnect(&mut self) -> Option<LinkNumber>;
    /// The 12 bytes of service data, while it advertises.
    fn service_data(&self, now: Duration) -> Option<Vec<u8>>;
    /// Power went (`false`) or came back (`true`).
    fn power(&mut self, now: Duration, on: bool);
    /// Whether power is lost now, out of the peripheral's own doing (a storage that is cut while writing).
    fn wants_power_cut(&mut self) -> Option<Duration> {
        None
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device {}", self.0)
    }
}
