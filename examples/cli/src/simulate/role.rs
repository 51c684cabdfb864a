//! The device role, watched: tells what happens to it, and lets somebody touch it.

use std::time::Duration;

use touchstone_device::{Device, LinkId};
use touchstone_peripheral::Role;
use touchstone_proto::advert::{Advert, AdvertFlags};

use super::{
    body::{Body, Button, TOUCH},
    events::Events,
};

/// Far from the reset gesture.
const LONGEST_TOUCH: Duration = Duration::from_secs(3);

/// A device and the person beside it.
pub(super) struct Simulated {
    device: Device<Body>,
    button: Button,
    touch_after: Option<Duration>,
    events: Events,
    told: Option<AdvertFlags>,
    down: bool,
    /// How long the next touch lasts.
    touch: Duration,
}

impl Simulated {
    pub(super) fn new(
        device: Device<Body>,
        button: Button,
        touch_after: Option<Duration>,
        events: Events,
    ) -> Self {
        Self {
            device,
            button,
            touch_after,
            events,
            told: None,
            down: false,
            touch: TOUCH,
        }
    }

    /// Tells what has changed, and plans the touch when the device has been armed.
    fn watch(&mut self, now: Duration) {
        let flags = self.device.advertisement(now).map(|advert| advert.flags);
        let down = self.button.is_down();
        if self.down != down {
            self.down = down;
            self.events.pressed(down);
            // A person who is still asked touches again, longer. On a busy machine the device can miss a short touch.
            let unnoticed = flags.is_some_and(|flags| flags.armed && !flags.touched);
            if let Some(after) = self.touch_after.filter(|_| !down && unnoticed) {
                self.touch = (self.touch * 2).min(LONGEST_TOUCH);
                self.button.press(now + after, self.touch);
            }
        }
        if self.told == flags {
            return;
        }
        let is =
            |flags: Option<AdvertFlags>, flag: fn(AdvertFlags) -> bool| flags.is_some_and(flag);
        let becomes = |flag| is(flags, flag) && !is(self.told, flag);
        let (armed, touched) = (becomes(|flags| flags.armed), becomes(|flags| flags.touched));
        self.told = flags;
        self.events.advertising(flags);
        if armed {
            self.events.armed();
            if let Some(after) = self.touch_after {
                self.touch = TOUCH;
                self.button.press(now + after, self.touch);
            }
        }
        if touched {
            self.events.touched();
        }
    }
}

impl Role for Simulated {
    fn connected(&mut self, now: Duration, link: LinkId, fragment_size: usize) -> bool {
        let accepted = self.device.connected(now, link, fragment_size);
        self.events.connected(link, fragment_size, accepted);
        accepted
    }

    fn disconnected(&mut self, now: Duration, link: LinkId) {
        self.device.disconnected(now, link);
        self.events.disconnected(link);
        self.watch(now);
    }

    fn received(&mut self, now: Duration, link: LinkId, fragment: &[u8]) {
        self.device.received(now, link, fragment);
        self.watch(now);
    }

    fn poll(&mut self, now: Duration) {
        self.device.poll(now);
        self.watch(now);
    }

    fn poll_timeout(&self) -> Option<Duration> {
        let ports = self.device.ports().next_change();
        [self.device.poll_timeout(), ports]
            .into_iter()
            .flatten()
            .min()
    }

    fn poll_transmit(&mut self, link: LinkId, out: &mut [u8]) -> Option<usize> {
        self.device.poll_transmit(link, out)
    }

    fn poll_disconnect(&mut self) -> Option<LinkId> {
        self.device.poll_disconnect()
    }

    fn advertisement(&self, now: Duration) -> Option<Advert> {
        self.device.advertisement(now)
    }
}
