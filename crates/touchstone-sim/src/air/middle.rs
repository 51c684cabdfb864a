//! Somebody in the middle: sees every fragment and decides what arrives instead.

use std::time::Duration;

use super::{Direction, Fate, LinkNumber, PhoneId};
use crate::{
    peripheral::DeviceId,
    world::{Inner, World},
};

/// A fragment on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Virtual time.
    pub at: Duration,
    /// On which link.
    pub link: LinkNumber,
    /// The phone at one end.
    pub phone: PhoneId,
    /// The device at the other end.
    pub device: DeviceId,
    /// The how-manieth link to this device, from 0.
    pub ordinal: u32,
    /// Which way.
    pub direction: Direction,
    /// The kind of the first message, for the first fragment of a new envelope (docs/PROTOCOL.md section 4).
    pub opens: Option<u8>,
    /// The plaintext class of the first record, for the first fragment of a new envelope.
    pub class: Option<u16>,
    /// The bytes as they were sent.
    pub bytes: Vec<u8>,
}

/// Decides what arrives instead of a fragment: nothing, itself, something else, or more than one.
pub type Middle = Box<dyn FnMut(&Passing) -> Vec<Vec<u8>> + Send>;

impl World {
    /// Puts somebody into the middle of every link, in place of whoever was there.
    pub fn put_in_the_middle(&self, middle: impl FnMut(&Passing) -> Vec<Vec<u8>> + Send + 'static) {
        self.with(|inner| inner.air.middle = Some(Box::new(middle)));
    }

    /// Nobody is in the middle any more.
    pub fn clear_the_middle(&self) {
        let gone = self.with(|inner| inner.air.middle.take());
        drop(gone);
    }

    /// Sends a fragment into somebody else's link, towards one end. Without effect when the link is gone.
    pub fn inject(&self, link: LinkNumber, direction: Direction, bytes: &[u8]) {
        self.with(|inner| {
            let Some(device) = inner.air.links.get(&link).map(|link| link.device) else {
                return;
            };
            inner.deliver(link, device, direction, bytes.to_vec());
            inner.service(device);
        });
    }

    /// Lets only these phones hear a device, and only these be heard by it: distance, or a jammer. `None` is everybody again. Links with others
    /// are lost.
    pub fn set_reach(&self, device: DeviceId, phones: Option<Vec<PhoneId>>) {
        self.with(|inner| {
            inner.air.device_mut(device).reach = phones;
            for link in inner.open_links(device) {
                let lost = inner.air.links.get(&link).is_some_and(|open| {
                    !inner
                        .air
                        .hosts
                        .get(device.0)
                        .is_some_and(|host| host.reaches(open.phone))
                });
                if lost {
                    inner.silence(link);
                }
            }
        });
    }
}

impl Inner {
    /// What arrives once the one in the middle has had a say, and what became of the fragment by that.
    pub(super) fn through_the_middle(
        &mut self,
        passing: &Passing,
        fate: Fate,
        arriving: Vec<Vec<u8>>,
    ) -> (Fate, Vec<Vec<u8>>) {
        let Some(middle) = &mut self.air.middle else {
            return (fate, arriving);
        };
        let mut instead = Vec::new();
        for bytes in &arriving {
            let seen = Passing {
                bytes: bytes.clone(),
                ..passing.clone()
            };
            instead.extend(middle(&seen));
        }
        if instead == arriving {
            return (fate, arriving);
        }
        let fate = match instead.as_slice() {
            [] => Fate::Dropped,
            copies if copies.iter().all(|copy| *copy == passing.bytes) => Fate::Duplicated,
            _ => Fate::Damaged,
        };
        (fate, instead)
    }
}
