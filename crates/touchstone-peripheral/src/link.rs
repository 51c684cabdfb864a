//! One link: from its connection to its end.

use core::convert::Infallible;

use embassy_futures::select::{Either, Either3, select, select3};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use touchstone_device::LinkId;
use touchstone_proto::gatt;
use trouble_host::prelude::{
    Connection, DefaultPacketPool, GattConnection, GattConnectionEvent, GattEvent,
};

use crate::{Arrivals, Role, Shared, Slot, now, service::Service};

/// How long a connection may stay without a subscription; the role's own limit starts with it.
const SUBSCRIBE: Duration = Duration::from_secs(10);

/// How long a peer may leave a notification waiting.
const SLOW: Duration = Duration::from_secs(10);

/// Pause before another try when the packet pool is empty.
const REFILL: Duration = Duration::from_millis(5);

/// How long to wait for the confirmation of a disconnect.
const GOODBYE: Duration = Duration::from_secs(5);

type Gatt<'s, 'v> = GattConnection<'s, 'v, DefaultPacketPool>;

/// Why a link was given up.
struct Over;

impl<R: Role> Shared<'_, R> {
    /// Serves one connection after the other in this slot.
    pub(crate) async fn serve<'s>(
        &self,
        slot: &Slot,
        arrivals: &Arrivals<'s>,
        service: &Service,
    ) -> Infallible {
        loop {
            let connection = arrivals.receive().await;
            slot.drop.set(false);
            self.serve_one(slot, connection, service).await;
            self.free.set(self.free.get() + 1);
            self.advert_changed.signal(());
        }
    }

    async fn serve_one<'s>(
        &self,
        slot: &Slot,
        connection: Connection<'s, DefaultPacketPool>,
        service: &Service,
    ) {
        // Fails when more clients are connected than there are slots, which are as many.
        let Ok(connection) = connection.with_attribute_server(&service.server) else {
            return;
        };
        let mut open = None;
        // The error only says that it is over.
        let _ = self.converse(slot, &connection, service, &mut open).await;
        if open.is_some() {
            self.role.borrow_mut().disconnected(now(), slot.link);
            self.role_changed.signal(());
        }
        goodbye(&connection).await;
    }

    /// Runs until the link is over. `open` becomes the fragment size when the role has accepted the link.
    async fn converse(
        &self,
        slot: &Slot,
        connection: &Gatt<'_, '_>,
        service: &Service,
        open: &mut Option<usize>,
    ) -> Result<Infallible, Over> {
        let link = slot.link;
        let subscribed_by = Instant::now() + SUBSCRIBE;
        loop {
            if slot.drop.get() {
                return Err(Over);
            }
            if let Some(fragment_size) = *open {
                self.transmit(link, connection, service, fragment_size)
                    .await?;
            }
            let event = if open.is_some() {
                select(connection.next(), slot.wake.wait()).await
            } else {
                match select3(
                    connection.next(),
                    slot.wake.wait(),
                    Timer::at(subscribed_by),
                )
                .await
                {
                    Either3::First(event) => Either::First(event),
                    Either3::Second(()) => Either::Second(()),
                    Either3::Third(()) => return Err(Over),
                }
            };
            match event {
                Either::Second(()) => {}
                Either::First(GattConnectionEvent::Disconnected { .. }) => return Err(Over),
                Either::First(GattConnectionEvent::Gatt { event }) => {
                    self.attribute_event(link, event, service, open.is_some())
                        .await;
                    if open.is_none() && service.down.should_notify(connection) {
                        *open = Some(self.open(link, connection)?);
                    }
                }
                Either::First(_) => {}
            }
        }
    }

    /// The MTU is settled when the phone subscribes: no platform exchanges it later.
    fn open(&self, link: LinkId, connection: &Gatt<'_, '_>) -> Result<usize, Over> {
        let fragment_size = gatt::fragment_size(usize::from(connection.raw().att_mtu()));
        let accepted = self.role.borrow_mut().connected(now(), link, fragment_size);
        self.role_changed.signal(());
        if accepted {
            Ok(fragment_size)
        } else {
            Err(Over)
        }
    }

    async fn attribute_event(
        &self,
        link: LinkId,
        event: GattEvent<'_, '_, DefaultPacketPool>,
        service: &Service,
        open: bool,
    ) {
        let reply = match event {
            GattEvent::Write(write) if write.handle() == service.up => {
                if open {
                    write.with_data(|_, fragment| {
                        self.role.borrow_mut().received(now(), link, fragment);
                    });
                    self.role_changed.signal(());
                }
                write.accept_unprocessed()
            }
            other => other.accept(),
        };
        // Fails when the packet pool is empty; the peer's request then times out.
        if let Ok(reply) = reply {
            reply.send().await;
        }
    }

    /// Sends everything the role has for this link.
    async fn transmit(
        &self,
        link: LinkId,
        connection: &Gatt<'_, '_>,
        service: &Service,
        fragment_size: usize,
    ) -> Result<(), Over> {
        let mut buffer = [0; gatt::MAX_FRAGMENT];
        let room = buffer.get_mut(..fragment_size).ok_or(Over)?;
        let mut sent = false;
        loop {
            let next = self.role.borrow_mut().poll_transmit(link, room);
            let Some(length) = next else {
                break;
            };
            let fragment = room.get(..length).ok_or(Over)?;
            with_timeout(SLOW, notify(connection, service, fragment))
                .await
                .map_err(|_| Over)??;
            sent = true;
        }
        if sent {
            self.role_changed.signal(());
        }
        Ok(())
    }
}

async fn notify(connection: &Gatt<'_, '_>, service: &Service, fragment: &[u8]) -> Result<(), Over> {
    loop {
        match service.down.notify(connection, fragment, false).await {
            Ok(()) => return Ok(()),
            Err(trouble_host::Error::OutOfMemory) => Timer::after(REFILL).await,
            Err(_) => return Err(Over),
        }
    }
}

/// Disconnects, if the peer has not, and waits for the end of it: the slot is not free before.
async fn goodbye(connection: &Gatt<'_, '_>) {
    connection.raw().disconnect();
    let gone = async {
        while connection.raw().is_connected() {
            if let GattConnectionEvent::Disconnected { .. } = connection.next().await {
                break;
            }
        }
    };
    // A controller that never confirms is trusted no longer than this.
    let _ = with_timeout(GOODBYE, gone).await;
}
