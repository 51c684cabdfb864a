//! What is going to happen, and when.

use std::{
    cmp::Ordering,
    sync::{Arc, Mutex},
    task::Waker,
    time::Duration,
};

use crate::{air::LinkNumber, peripheral::DeviceId, world::World};

/// Something to do with the world, outside its lock.
pub(crate) type Action = Box<dyn FnOnce(&World) + Send>;

/// One thing that happens at one instant.
pub(crate) enum Event {
    /// A sleeper wakes.
    Wake(Arc<Mutex<Option<Waker>>>),
    /// A peripheral's timer, or a change in its surroundings, is due.
    Service(DeviceId),
    /// A peripheral advertises.
    Advertise(DeviceId),
    /// A connection attempt comes to its end.
    Connect(u64),
    /// A connection event: both sides may send.
    Exchange(LinkNumber),
    /// Both sides notice that the link is gone.
    Supervision(LinkNumber),
    /// Power comes back.
    PowerOn(DeviceId),
    /// A script acts.
    Act(Action),
}

/// An event in the queue; the greatest is the next to happen.
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) order: u64,
    pub(crate) event: Event,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scheduled {}
