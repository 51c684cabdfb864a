//! Advertising, scanning and connecting.

use std::{collections::VecDeque, time::Duration};

use touchstone::ports::{PeripheralId, Sighting};

use super::{Link, LinkNumber, Pending, PhoneId, Scanner, State, What};
use crate::{peripheral::DeviceId, queue::Event, world::Inner};

/// How long a phone tries to reach a peripheral that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Inner {
    pub(crate) fn start_scan(&mut self, phone: PhoneId) -> u64 {
        let key = self.air.key();
        let scanner = Scanner {
            phone,
            heard: VecDeque::new(),
            waker: None,
        };
        self.air.scanners.insert(key, scanner);
        for index in 0..self.air.hosts.len() {
            self.start_advertising(DeviceId(index));
        }
        key
    }

    pub(crate) fn start_advertising(&mut self, device: DeviceId) {
        let wait = self.advert_wait();
        let host = self.air.device_mut(device);
        if !host.advertising {
            host.advertising = true;
            self.schedule(self.now + wait, Event::Advertise(device));
        }
    }

    fn advert_wait(&mut self) -> Duration {
        let interval = self.air.settings.advert_interval;
        interval.mul_f64(self.rng.f64())
    }

    pub(super) fn advertise(&mut self, device: DeviceId) {
        let (now, interval, loss) = (
            self.now,
            self.air.settings.advert_interval,
            self.air.settings.advert_loss,
        );
        let noise = self.rng.i16(-2..=2);
        let listeners: Vec<(u64, PhoneId)> = self
            .air
            .scanners
            .iter()
            .map(|(key, scanner)| (*key, scanner.phone))
            .collect();
        let host = self.air.device_mut(device);
        // Without a listener an advertisement has no effect: the timer rests until the next scan.
        if listeners.is_empty() || !host.on {
            host.advertising = false;
            return;
        }
        let rssi = host.rssi.saturating_add(noise);
        let data = host.peripheral.service_data(now);
        let reach = host.reach.clone();
        if let Some(service_data) = data {
            for (key, phone) in listeners {
                if reach
                    .as_ref()
                    .is_some_and(|phones| !phones.contains(&phone))
                {
                    continue;
                }
                if self.rng.f64() < loss {
                    continue;
                }
                let Some(scanner) = self.air.scanners.get_mut(&key) else {
                    continue;
                };
                scanner.heard.push_back(Sighting {
                    id: name(device),
                    rssi: Some(rssi),
                    service_data: service_data.clone(),
                });
                let waker = scanner.waker.take();
                self.wake(waker);
            }
        }
        let delay = Duration::from_millis(self.rng.u64(0..=10));
        self.schedule(now + interval + delay, Event::Advertise(device));
    }

    pub(crate) fn start_connect(&mut self, phone: PhoneId, id: &PeripheralId) -> u64 {
        let key = self.air.key();
        let device = (0..self.air.hosts.len())
            .map(DeviceId)
            .find(|device| name(*device) == *id);
        let reachable = device.is_some_and(|device| {
            let host = &self.air.hosts[device.0];
            host.on && host.reaches(phone) && host.peripheral.service_data(self.now).is_some()
        });
        let wait = self.advert_wait();
        let delay = if reachable {
            wait + self.air.settings.connect_delay
        } else {
            CONNECT_TIMEOUT
        };
        self.air.connecting.insert(
            key,
            Pending {
                device,
                phone,
                outcome: None,
                waker: None,
            },
        );
        self.schedule(self.now + delay, Event::Connect(key));
        key
    }

    pub(super) fn finish_connect(&mut self, key: u64) {
        // An abandoned attempt has left the table.
        let Some(pending) = self.air.connecting.get(&key) else {
            return;
        };
        let (device, phone) = (pending.device, pending.phone);
        let made = device.and_then(|device| self.make_link(device, phone));
        let Some(pending) = self.air.connecting.get_mut(&key) else {
            return;
        };
        pending.outcome = Some(made);
        let waker = pending.waker.take();
        self.wake(waker);
    }

    fn make_link(&mut self, device: DeviceId, phone: PhoneId) -> Option<LinkNumber> {
        let now = self.now;
        let number = LinkNumber(u32::try_from(self.air.links.len()).ok()?);
        let (fragment_size, interval) = (
            self.air.settings.fragment_size(),
            self.air.settings.interval,
        );
        let host = self.air.device_mut(device);
        if !host.on
            || !host.reaches(phone)
            || host.peripheral.service_data(now).is_none()
            || !host.peripheral.connected(now, number, fragment_size)
        {
            return None;
        }
        let ordinal = host.links_made;
        host.links_made += 1;
        self.air.links.insert(
            number,
            Link {
                device,
                phone,
                ordinal,
                fragment_size,
                interval,
                anchor: now,
                state: State::Open,
                stalled_until: Duration::ZERO,
                exchange_due: false,
                up: Default::default(),
                down: Default::default(),
                inbox: Default::default(),
                receiver: None,
                closer: None,
                trackers: Default::default(),
            },
        );
        self.write_log(number, What::Connected { fragment_size });
        self.service(device);
        Some(number)
    }
}

/// What the host calls a device.
pub(crate) fn name(device: DeviceId) -> PeripheralId {
    PeripheralId(format!("sim-{:02}", device.0))
}
