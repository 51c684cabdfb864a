//! The air: links with a connection interval, an MTU, losses and a log of every fragment.
//!
//! It carries bytes and never looks into them beyond the fragment header; nothing here knows a key.

mod discovery;
mod exchange;
pub mod fault;
mod link;
mod log;
mod middle;
mod summary;

pub(crate) use discovery::name;
pub(crate) use link::{Link, Pending, Scanner, State};
pub use log::{Entry, Fate, Log, What};
pub use middle::{Middle, Passing};
pub use summary::{Envelope, Message, Summary};

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::peripheral::{DeviceId, Peripheral};

/// A link, numbered from 0 in the order in which links were made in this world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkNumber(pub u32);

/// A phone, numbered by whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneId(pub usize);

/// Which way a fragment flies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Phone to device: write without response.
    Up,
    /// Device to phone: notification.
    Down,
}

/// How links behave.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// ATT_MTU in bytes, 23..=517; a fragment has at most five bytes less, and never more than 512.
    pub mtu: u16,
    /// Time between two connection events.
    pub interval: Duration,
    /// Link-layer packets each side may send in one connection event.
    pub packets_per_event: usize,
    /// How long after the last contact both sides know that a link is gone.
    pub supervision_timeout: Duration,
    /// From the first advertisement heard to the end of service discovery and subscription.
    pub connect_delay: Duration,
    /// Time between two advertisements of one device; up to 10 ms are added, as the specification asks.
    pub advert_interval: Duration,
    /// Part of all advertisements that a scan does not hear, 0..1.
    pub advert_loss: f64,
    /// Part of all fragments that a host drops, 0..1.
    pub fragment_loss: f64,
}

impl Default for Settings {
    /// A current phone next to the device.
    fn default() -> Self {
        Self {
            mtu: 247,
            interval: Duration::from_millis(30),
            packets_per_event: 4,
            supervision_timeout: Duration::from_secs(2),
            connect_delay: Duration::from_millis(300),
            advert_interval: Duration::from_millis(100),
            advert_loss: 0.1,
            fragment_loss: 0.0,
        }
    }
}

impl Settings {
    /// Largest fragment in bytes.
    #[must_use]
    pub fn fragment_size(&self) -> usize {
        usize::from(self.mtu).saturating_sub(5).clamp(18, 512)
    }

    /// Link-layer packets that carry a fragment of `length` bytes.
    pub(crate) fn packets(&self, length: usize) -> usize {
        // L2CAP and ATT headers take seven bytes; without data length extension a packet carries 27 bytes.
        let payload = if self.mtu > 23 { 251 } else { 27 };
        (length + 7).div_ceil(payload)
    }
}

/// A peripheral in its place.
pub(crate) struct Host {
    pub(crate) peripheral: Box<dyn Peripheral>,
    pub(crate) rssi: i16,
    pub(crate) on: bool,
    pub(crate) advertising: bool,
    pub(crate) links_made: u32,
    pub(crate) service_at: Option<Duration>,
    /// The phones that hear it and that it hears; `None` is all of them.
    pub(crate) reach: Option<Vec<PhoneId>>,
}

impl Host {
    pub(crate) fn reaches(&self, phone: PhoneId) -> bool {
        self.reach
            .as_ref()
            .is_none_or(|phones| phones.contains(&phone))
    }
}

/// Everything that has to do with radio.
pub(crate) struct Air {
    pub(crate) settings: Settings,
    pub(crate) plan: fault::Plan,
    pub(crate) log: Log,
    pub(crate) hosts: Vec<Host>,
    pub(crate) links: BTreeMap<LinkNumber, Link>,
    pub(crate) scanners: BTreeMap<u64, Scanner>,
    pub(crate) connecting: BTreeMap<u64, Pending>,
    pub(crate) middle: Option<Middle>,
    next_key: u64,
}

impl Air {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            plan: fault::Plan::default(),
            log: Log::default(),
            hosts: Vec::new(),
            links: BTreeMap::new(),
            scanners: BTreeMap::new(),
            connecting: BTreeMap::new(),
            middle: None,
            next_key: 0,
        }
    }

    pub(crate) fn key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    pub(crate) fn add(&mut self, peripheral: Box<dyn Peripheral>, rssi: i16) -> DeviceId {
        self.hosts.push(Host {
            peripheral,
            rssi,
            on: true,
            advertising: false,
            links_made: 0,
            service_at: None,
            reach: None,
        });
        DeviceId(self.hosts.len() - 1)
    }

    /// # Panics
    /// When the device is not of this world: a mistake in a test.
    pub(crate) fn device_mut(&mut self, device: DeviceId) -> &mut Host {
        &mut self.hosts[device.0]
    }
}

impl fmt::Display for LinkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}
