//! Links: what a controller sends to its host, on time or late, whole or damaged, or not at all.

use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::hci::{self, Event, Packets};
use super::tap::{self, Seen, Toward};
use super::{Air, PHONE, SUPERVISION};

/// btvirt gives this handle to the first link of a controller; a device's controller has no second one.
const DEVICE_HANDLE: u16 = 42;

/// The link of the phone with one device.
#[derive(Default)]
pub(super) struct Link {
    at_phone: Option<u16>,
    at_device: Option<u16>,
    /// Counts the links with this device, so that what was sent on an old one is not delivered on a new one.
    life: u64,
    /// Nothing passes any more.
    silent: bool,
    /// The end is to be reported as a supervision timeout.
    lost: bool,
    stalled_until: Option<Instant>,
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        self.at_phone.is_some() || self.at_device.is_some()
    }

    pub(super) fn passes(&self, life: u64) -> bool {
        self.life == life && !self.silent
    }
}

/// A packet that waits for its moment.
pub(super) struct Outgoing {
    pub(super) due: Instant,
    /// Of which device's link, and which of its lives; none for what must pass in any case.
    pub(super) of: Option<(usize, u64)>,
    pub(super) bytes: Vec<u8>,
    /// Who sent it on which handle, and waits to hear that it arrived; none for events.
    pub(super) sender: Option<(usize, u16)>,
}

/// What to do with an envelope that begins to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::e2e) enum Deed {
    Pass,
    /// It is not delivered, and the link is lost.
    LoseLink,
    /// It is delivered with one bit changed.
    FlipBit,
    /// It and everything after it is delivered late.
    Stall(Duration),
    /// It is not delivered, and the device's power fails.
    CutPower,
}

pub(super) type Rule = Box<dyn FnMut(Seen) -> Deed + Send>;

impl Air {
    pub(super) fn read_controller(&self, controller: usize, from: impl Read) {
        let mut packets = Packets::new(from);
        while let Ok(Some(packet)) = packets.next() {
            if let Some(event) = hci::as_event(&packet) {
                self.event(controller, event, &packet);
            }
        }
        self.note(format!("controller {controller} ended"));
    }

    fn event(&self, controller: usize, event: Event<'_>, packet: &[u8]) {
        let device = controller.checked_sub(1);
        match event {
            // The air reports advertisements itself.
            Event::AdvertisingReport => return,
            Event::Answer(hci::READ_ADDRESS, values) => {
                if let (Some(device), Ok(address)) = (device, <[u8; 6]>::try_from(values)) {
                    self.state().adverts[device].public = address;
                }
            }
            // The hosts here never ask a device's controller to disconnect while the air does.
            Event::Answer(hci::DISCONNECT, _)
                if device.is_some_and(|device| self.state().links[device].lost) =>
            {
                return;
            }
            Event::Connected { handle, peer } => {
                let mut packet = packet.to_vec();
                if controller != PHONE {
                    // btvirt tells it the handle of the other end; its own knows one link, under the first handle.
                    hci::set_connected_handle(&mut packet, DEVICE_HANDLE);
                }
                self.connected(controller, handle, peer);
                self.to_host_now(controller, &packet);
                return;
            }
            Event::Disconnected { handle } => {
                let mut bytes = packet.to_vec();
                self.disconnected(controller, handle, &mut bytes);
                self.to_host_in_turn(
                    controller,
                    Outgoing {
                        due: Instant::now(),
                        of: None,
                        bytes,
                        sender: None,
                    },
                );
                return;
            }
            Event::Answer(..) | Event::Other => {}
        }
        self.to_host_now(controller, packet);
    }

    fn connected(&self, controller: usize, handle: u16, peer: [u8; 6]) {
        let mut state = self.state();
        let device = match controller.checked_sub(1) {
            Some(device) => Some(device),
            None => state
                .adverts
                .iter()
                .position(|advert| advert.address() == peer),
        };
        let Some(link) = device.and_then(|device| state.links.get_mut(device)) else {
            return;
        };
        if !link.is_up() {
            *link = Link {
                life: link.life + 1,
                ..Link::default()
            };
        }
        if controller == PHONE {
            link.at_phone = Some(handle)
        } else {
            link.at_device = Some(DEVICE_HANDLE)
        }
        // A controller stops advertising when it is connected.
        if let Some(advert) = controller
            .checked_sub(1)
            .and_then(|own| state.adverts.get_mut(own))
        {
            advert.on = false;
        }
        drop(state);
        if controller == PHONE {
            self.note(format!("device {} connected", device.unwrap_or_default()));
        }
    }

    fn disconnected(&self, controller: usize, handle: u16, packet: &mut [u8]) {
        let mut state = self.state();
        let Some(device) = device_of(&state.links, controller, handle) else {
            return;
        };
        let link = &mut state.links[device];
        if link.lost
            && let Some(reason) = packet.last_mut()
        {
            *reason = 0x08;
        }
        if controller == PHONE {
            link.at_phone = None
        } else {
            link.at_device = None
        }
        let reason = packet.last().copied().unwrap_or_default();
        drop(state);
        self.note(format!(
            "device {device} disconnected at {}, reason {reason:#04x}",
            if controller == PHONE {
                "the phone"
            } else {
                "the device"
            }
        ));
    }

    /// What a host sends on a link, on its way to the other host. It never goes through btvirt, which confuses the handles of a phone's second
    /// link with those of the device.
    pub(super) fn data(&self, sender: usize, mut bytes: Vec<u8>) {
        let now = Instant::now();
        let mut state = self.state();
        let handle = hci::acl_handle(&bytes);
        let Some(device) = device_of(&state.links, sender, handle) else {
            return;
        };
        let (toward, to, new_handle) = if sender == PHONE {
            (Toward::Device, device + 1, state.links[device].at_device)
        } else {
            (Toward::Phone, PHONE, state.links[device].at_phone)
        };
        let Some(new_handle) = new_handle else { return };
        hci::forward_acl(&mut bytes, new_handle);
        let mut deed = Deed::Pass;
        let seen =
            tap::envelope_start(&bytes, device, toward).filter(|_| !state.links[device].silent);
        if let Some(seen) = seen {
            for rule in &mut state.rules {
                if deed == Deed::Pass {
                    deed = rule(seen);
                }
            }
        }
        let interval = state.interval;
        let link = &mut state.links[device];
        match deed {
            Deed::Pass => {}
            Deed::FlipBit => tap::flip_a_bit(&mut bytes),
            Deed::Stall(time) => link.stalled_until = Some(now + time),
            Deed::LoseLink | Deed::CutPower => link.silent = true,
        }
        let due = link.stalled_until.map_or(now, |end| end.max(now));
        let packet = Outgoing {
            due: self.next_event(due, interval),
            of: Some((device, link.life)),
            bytes,
            sender: Some((sender, handle)),
        };
        if deed == Deed::CutPower {
            state.power_cuts.send(device).ok();
        }
        drop(state);
        if let Some(seen) = seen {
            let (kind, total) = (seen.kind, seen.total);
            self.note(format!(
                "device {device} toward {toward:?}: kind {kind}, {total} bytes{}",
                if deed == Deed::Pass {
                    String::new()
                } else {
                    format!(": {deed:?}")
                }
            ));
        }
        if deed == Deed::LoseLink {
            let air = self.clone();
            std::thread::spawn(move || air.lose_link(device));
        }
        self.to_host_in_turn(to, packet);
    }

    fn next_event(&self, earliest: Instant, interval: Duration) -> Instant {
        if interval.is_zero() {
            return earliest;
        }
        let since = earliest.saturating_duration_since(self.0.start).as_micros();
        let step = interval.as_micros();
        let wait = u64::try_from((step - since % step) % step).unwrap_or_default();
        earliest + Duration::from_micros(wait)
    }

    /// Both ends hear nothing and give the link up after the supervision timeout. Returns when they have.
    pub(in crate::e2e) fn lose_link(&self, device: usize) {
        let handle = {
            let link = &mut self.state().links[device];
            link.silent = true;
            link.at_device
        };
        let Some(handle) = handle else { return };
        sleep(SUPERVISION);
        if self.state().links[device].at_device != Some(handle) {
            return;
        }
        self.state().links[device].lost = true;
        let [low, high] = handle.to_le_bytes();
        self.to_controller(
            device + 1,
            &hci::command(hci::DISCONNECT, &[low, high, 0x13]),
        );
        for _ in 0..100 {
            if !self.state().links[device].is_up() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        self.note(format!(
            "device {device}: the controllers did not end the link"
        ));
    }
}

fn device_of(links: &[Link], controller: usize, handle: u16) -> Option<usize> {
    match controller.checked_sub(1) {
        None => links.iter().position(|link| link.at_phone == Some(handle)),
        Some(device) => links
            .get(device)
            .filter(|link| link.at_device == Some(handle))
            .map(|_| device),
    }
}
