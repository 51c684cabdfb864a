//! The Touchstone GATT service on trouble-host: the same code in firmware and, over an HCI socket, on a desktop.
//!
//! [`run`] advertises, accepts up to two links and moves fragments between them and a [`Role`]. It decides nothing about set-up, reads no
//! fragment, and leaves connection intervals to the phone.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod advertise;
#[cfg(feature = "std")]
pub mod hci;
mod link;
mod role;
mod service;

use core::{
    cell::{Cell, RefCell},
    convert::Infallible,
    time::Duration,
};

use embassy_futures::{
    join::join,
    select::{Either, select, select3},
};
use embassy_sync::{
    blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex},
    channel::Channel,
    signal::Signal,
};
use embassy_time::{Instant, Timer};
use touchstone_device::{LINK_SLOTS, LinkId};
use trouble_host::prelude::{Connection, DefaultPacketPool, HostResources};
pub use trouble_host::{Address, BleHostError, Controller};

pub use self::role::Role;
use self::service::Service;

/// Wakes [`run`] when something the role looks at may have changed: a button, the Wi-Fi. May be signalled from an interrupt.
pub type Poke = Signal<CriticalSectionRawMutex, ()>;

/// Shortest pause between two polls of the role, so that a deadline in the past cannot starve the radio.
const BREATH: embassy_time::Duration = embassy_time::Duration::from_millis(1);

/// The least the stack accepts; no connection-oriented channel is ever opened.
const L2CAP_CHANNELS: usize = 1;

/// Longest time between two polls of the role.
const AT_LEAST: Duration = Duration::from_secs(60);

/// The time [`run`] passes to the role, since the clock's own origin. A role that is made before [`run`] is made with this time.
#[must_use]
pub fn now() -> Duration {
    Duration::from_micros(Instant::now().as_micros())
}

/// Serves `role` until the controller fails.
///
/// `address` is a static random address (Core Specification volume 6, part B, 1.3.2.1); without one the controller's public address is used.
///
/// # Errors
/// The controller's error, or the host stack's when the controller cannot do what the service needs.
pub async fn run<C: Controller, R: Role>(
    controller: C,
    address: Option<Address>,
    role: &mut R,
    poke: &Poke,
) -> Result<Infallible, BleHostError<C::Error>> {
    let mut resources: HostResources<DefaultPacketPool, LINK_SLOTS, L2CAP_CHANNELS> =
        HostResources::new();
    let mut builder = trouble_host::new(controller, &mut resources);
    if let Some(address) = address {
        builder = builder.set_random_address(address);
    }
    let stack = builder.build();
    let mut runner = stack.runner();
    let mut peripheral = stack.peripheral();
    let service = Service::new();
    let shared = Shared::new(role);
    let arrivals = Arrivals::new();
    let serving = join(
        join(
            shared.serve(shared.first(), &arrivals, &service),
            shared.serve(shared.second(), &arrivals, &service),
        ),
        shared.keep_time(poke),
    );
    let advertising = shared.advertise(&mut peripheral, &arrivals);
    match select3(runner.run(), advertising, serving).await {
        embassy_futures::select::Either3::First(Ok(())) => {
            Err(BleHostError::BleHost(trouble_host::Error::Other))
        }
        embassy_futures::select::Either3::First(Err(error)) => Err(error),
        embassy_futures::select::Either3::Second(error) => error,
        embassy_futures::select::Either3::Third(((never, _), _)) => match never {},
    }
}

/// Accepted connections on their way to a free slot.
type Arrivals<'s> = Channel<NoopRawMutex, Connection<'s, DefaultPacketPool>, LINK_SLOTS>;

/// What the concurrent parts of [`run`] share.
struct Shared<'r, R> {
    role: RefCell<&'r mut R>,
    slots: [Slot; LINK_SLOTS],
    free: Cell<usize>,
    role_changed: Signal<NoopRawMutex, ()>,
    advert_changed: Signal<NoopRawMutex, ()>,
}

/// One link's mail box.
struct Slot {
    link: LinkId,
    wake: Signal<NoopRawMutex, ()>,
    drop: Cell<bool>,
}

impl Slot {
    fn new(link: LinkId) -> Self {
        Self {
            link,
            wake: Signal::new(),
            drop: Cell::new(false),
        }
    }
}

impl<'r, R: Role> Shared<'r, R> {
    fn new(role: &'r mut R) -> Self {
        Self {
            role: RefCell::new(role),
            slots: [Slot::new(LinkId(0)), Slot::new(LinkId(1))],
            free: Cell::new(LINK_SLOTS),
            role_changed: Signal::new(),
            advert_changed: Signal::new(),
        }
    }

    fn first(&self) -> &Slot {
        let [first, _] = &self.slots;
        first
    }

    fn second(&self) -> &Slot {
        let [_, second] = &self.slots;
        second
    }

    /// Runs the role's timers, and tells the others that it may have something for them.
    async fn keep_time(&self, poke: &Poke) -> Infallible {
        loop {
            let next = {
                let mut role = self.role.borrow_mut();
                role.poll(now());
                while let Some(link) = role.poll_disconnect() {
                    for slot in self.slots.iter().filter(|slot| slot.link == link) {
                        slot.drop.set(true);
                    }
                }
                role.poll_timeout()
            };
            for slot in &self.slots {
                slot.wake.signal(());
            }
            self.advert_changed.signal(());
            let wait = next
                .map_or(AT_LEAST, |next| next.saturating_sub(now()))
                .min(AT_LEAST);
            let wait =
                embassy_time::Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0));
            match select(
                Timer::after(wait.max(BREATH)),
                select(poke.wait(), self.role_changed.wait()),
            )
            .await
            {
                Either::First(()) | Either::Second(_) => {}
            }
        }
    }
}
