//! Connection events, power, and the ends of links.

use std::time::Duration;

use super::{Direction, Entry, Fate, Link, LinkNumber, Passing, State, What, fault::Effect};
use crate::{
    peripheral::DeviceId,
    queue::{Action, Event},
    world::Inner,
};

/// A peripheral whose timer is overdue is called again after this, so that time always goes on.
const OVERDUE: Duration = Duration::from_millis(1);

impl Inner {
    pub(crate) fn handle(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Wake(sleeper) => {
                let waker = sleeper.lock().ok().and_then(|mut waker| waker.take());
                self.wake(waker);
            }
            Event::Service(device) => {
                let now = self.now;
                let host = self.air.device_mut(device);
                if host.service_at.is_some_and(|at| at <= now) {
                    host.service_at = None;
                    self.service(device);
                }
            }
            Event::Advertise(device) => self.advertise(device),
            Event::Connect(key) => self.finish_connect(key),
            Event::Exchange(link) => self.exchange(link),
            Event::Supervision(link) => self.lose(link),
            Event::PowerOn(device) => self.set_power(device, true),
            Event::Act(action) => return Some(action),
        }
        None
    }

    /// Lets a peripheral run, takes what it has to send, and asks when to call again.
    pub(crate) fn service(&mut self, device: DeviceId) {
        let now = self.now;
        let links: Vec<LinkNumber> = self.open_links(device);
        let host = self.air.device_mut(device);
        if !host.on {
            return;
        }
        host.peripheral.poll(now);
        let cut = host.peripheral.wants_power_cut();
        let mut buffer = [0; 512];
        let mut sent = Vec::new();
        for link in links {
            while let Some(length) = host.peripheral.poll_transmit(link, &mut buffer) {
                sent.push((link, buffer[..length].to_vec()));
            }
        }
        let mut ended = Vec::new();
        while let Some(link) = host.peripheral.poll_disconnect() {
            ended.push(link);
        }
        let due = host
            .peripheral
            .poll_timeout()
            .map(|at| if at <= now { now + OVERDUE } else { at });
        let reschedule = due.filter(|at| {
            host.service_at
                .is_none_or(|known| *at < known || known <= now)
        });
        if let Some(at) = reschedule {
            host.service_at = Some(at);
            self.schedule(at, Event::Service(device));
        }
        for (number, fragment) in sent {
            if let Some(link) = self.air.links.get_mut(&number) {
                link.down.push_back(fragment);
                self.expect_exchange(number);
            }
        }
        for number in ended {
            self.close(number, Direction::Down);
        }
        if let Some(off_for) = cut {
            self.cut_power(device, off_for);
        }
    }

    pub(crate) fn set_power(&mut self, device: DeviceId, on: bool) {
        let now = self.now;
        let host = self.air.device_mut(device);
        if host.on == on {
            return;
        }
        host.on = on;
        host.service_at = None;
        host.peripheral.power(now, on);
        if on {
            self.start_advertising(device);
            self.service(device);
        } else {
            for link in self.open_links(device) {
                self.silence(link);
            }
        }
    }

    fn cut_power(&mut self, device: DeviceId, off_for: Duration) {
        self.set_power(device, false);
        self.schedule(self.now + off_for, Event::PowerOn(device));
    }

    pub(super) fn open_links(&self, device: DeviceId) -> Vec<LinkNumber> {
        let open = |link: &Link| {
            link.device == device && matches!(link.state, State::Open | State::Closing(_))
        };
        self.air
            .links
            .iter()
            .filter(|(_, link)| open(link))
            .map(|(number, _)| *number)
            .collect()
    }

    /// Makes sure that a connection event is coming.
    pub(crate) fn expect_exchange(&mut self, number: LinkNumber) {
        let now = self.now;
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        if link.exchange_due || !matches!(link.state, State::Open | State::Closing(_)) {
            return;
        }
        link.exchange_due = true;
        let since = now.saturating_sub(link.anchor);
        let events = since.as_micros() / link.interval.as_micros().max(1) + 1;
        let next = link.anchor
            + link
                .interval
                .saturating_mul(u32::try_from(events).unwrap_or(u32::MAX));
        let at = next.max(link.stalled_until);
        self.schedule(at, Event::Exchange(number));
    }

    fn exchange(&mut self, number: LinkNumber) {
        let settings = self.air.settings.clone();
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        link.exchange_due = false;
        if !matches!(link.state, State::Open | State::Closing(_)) {
            return;
        }
        let device = link.device;
        // Both directions are taken before either is delivered: an answer leaves in the next event at the earliest.
        let mut taken = Vec::new();
        for direction in [Direction::Up, Direction::Down] {
            let queue = if direction == Direction::Up {
                &mut link.up
            } else {
                &mut link.down
            };
            let mut packets = 0;
            while let Some(fragment) = queue.front() {
                packets += settings.packets(fragment.len());
                if packets > settings.packets_per_event
                    && packets > settings.packets(fragment.len())
                {
                    break;
                }
                if let Some(fragment) = queue.pop_front() {
                    taken.push((direction, fragment));
                }
            }
        }
        let mut rest = taken.into_iter();
        while let Some((direction, fragment)) = rest.next() {
            if let Some(wait) = self.fly(number, direction, fragment) {
                // The rest waits behind the one that stalls.
                self.put_back(number, rest, wait);
                break;
            }
        }
        self.service(device);
        self.after_exchange(number);
    }

    fn after_exchange(&mut self, number: LinkNumber) {
        let Some(link) = self.air.links.get(&number) else {
            return;
        };
        match link.state {
            State::Closing(by)
                if (by == Direction::Up && link.up.is_empty())
                    || (by == Direction::Down && link.down.is_empty()) =>
            {
                self.write_log(number, What::Closed { by });
                self.end(number);
            }
            State::Open | State::Closing(_) if !link.up.is_empty() || !link.down.is_empty() => {
                self.expect_exchange(number)
            }
            _ => {}
        }
    }

    fn put_back(
        &mut self,
        number: LinkNumber,
        rest: impl DoubleEndedIterator<Item = (Direction, Vec<u8>)>,
        wait: Duration,
    ) {
        let until = self.now + wait;
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        link.stalled_until = until;
        for (direction, fragment) in rest.rev() {
            match direction {
                Direction::Up => link.up.push_front(fragment),
                Direction::Down => link.down.push_front(fragment),
            }
        }
    }

    /// Sends one fragment through the air; how long the link stalls, if it does.
    fn fly(
        &mut self,
        number: LinkNumber,
        direction: Direction,
        fragment: Vec<u8>,
    ) -> Option<Duration> {
        let loss = self.air.settings.fragment_loss;
        let lost = loss > 0.0 && self.rng.f64() < loss;
        let link = self.air.links.get_mut(&number)?;
        if !matches!(link.state, State::Open | State::Closing(_)) {
            return None;
        }
        let (device, ordinal, phone) = (link.device, link.ordinal, link.phone);
        let place = link.trackers[direction as usize].place(&fragment);
        let effect = self.air.plan.take(device, ordinal, direction, &place);
        let (fate, arriving) = match effect {
            None if lost => (Fate::Dropped, vec![]),
            None | Some(Effect::LoseLinkAfter | Effect::PowerCutAfter(_)) => {
                (Fate::Delivered, vec![fragment.clone()])
            }
            Some(Effect::Duplicate) => (Fate::Duplicated, vec![fragment.clone(), fragment.clone()]),
            Some(Effect::FlipBit(bit)) => (Fate::Damaged, vec![flip(fragment.clone(), bit)]),
            Some(Effect::Drop | Effect::LoseLink | Effect::PowerCut(_)) => (Fate::Dropped, vec![]),
            Some(Effect::Stall(wait)) => {
                self.put_back(number, std::iter::once((direction, fragment)), wait);
                return Some(wait);
            }
        };
        let passing = Passing {
            at: self.now,
            link: number,
            phone,
            device,
            ordinal,
            direction,
            opens: place.opens.as_ref().map(|opening| opening.kind),
            class: place
                .opens
                .and_then(|opening| opening.records.first().copied())
                .map(|record| record.0),
            bytes: fragment,
        };
        let (fate, arriving) = self.through_the_middle(&passing, fate, arriving);
        self.write_log(
            number,
            What::Fragment {
                direction,
                bytes: passing.bytes,
                fate,
            },
        );
        for bytes in arriving {
            self.deliver(number, device, direction, bytes);
        }
        match effect {
            Some(Effect::LoseLink) => self.silence(number),
            Some(Effect::LoseLinkAfter) => {
                self.service(device);
                self.silence(number);
            }
            Some(Effect::PowerCut(off_for)) => self.cut_power(device, off_for),
            Some(Effect::PowerCutAfter(off_for)) => {
                self.service(device);
                self.cut_power(device, off_for);
            }
            _ => {}
        }
        None
    }

    pub(super) fn deliver(
        &mut self,
        number: LinkNumber,
        device: DeviceId,
        direction: Direction,
        bytes: Vec<u8>,
    ) {
        let now = self.now;
        match direction {
            Direction::Up => {
                let host = self.air.device_mut(device);
                if host.on {
                    host.peripheral.received(now, number, &bytes);
                }
            }
            Direction::Down => {
                let Some(link) = self.air.links.get_mut(&number) else {
                    return;
                };
                link.inbox.push_back(bytes);
                let waker = link.receiver.take();
                self.wake(waker);
            }
        }
    }

    /// Ends a link in an orderly way once what `by` has queued is sent.
    pub(crate) fn close(&mut self, number: LinkNumber, by: Direction) {
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        if link.state == State::Open {
            link.state = State::Closing(by);
            self.expect_exchange(number);
        }
    }

    /// Contact is lost; both sides learn it later.
    pub(super) fn silence(&mut self, number: LinkNumber) {
        let at = self.now + self.air.settings.supervision_timeout;
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        if !matches!(link.state, State::Open | State::Closing(_)) {
            return;
        }
        link.state = State::Silent;
        self.write_log(number, What::Lost);
        self.schedule(at, Event::Supervision(number));
    }

    fn lose(&mut self, number: LinkNumber) {
        if self
            .air
            .links
            .get(&number)
            .is_some_and(|link| link.state == State::Silent)
        {
            self.end(number);
        }
    }

    /// The link is gone, and both sides are told.
    fn end(&mut self, number: LinkNumber) {
        let now = self.now;
        let Some(link) = self.air.links.get_mut(&number) else {
            return;
        };
        link.state = State::Gone;
        link.up.clear();
        link.down.clear();
        let (device, receiver, closer) = (link.device, link.receiver.take(), link.closer.take());
        self.wake(receiver);
        self.wake(closer);
        let host = self.air.device_mut(device);
        if host.on {
            host.peripheral.disconnected(now, number);
            self.service(device);
        }
    }

    pub(super) fn write_log(&mut self, number: LinkNumber, what: What) {
        let Some(link) = self.air.links.get(&number) else {
            return;
        };
        let entry = Entry {
            at: self.now,
            link: number,
            phone: link.phone,
            device: link.device,
            what,
        };
        self.air.log.entries.push(entry);
    }
}

fn flip(mut bytes: Vec<u8>, bit: usize) -> Vec<u8> {
    let length = bytes.len() * 8;
    if length > 0 {
        let bit = bit % length;
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte ^= 0x80 >> (bit % 8);
        }
    }
    bytes
}
