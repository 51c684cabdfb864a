//! One open connection.

use std::{collections::BTreeSet, pin::Pin, sync::Arc, time::Duration};

use btleplug::{
    api::{
        CentralEvent, CentralState, CharPropFlags, Characteristic, Peripheral as _, Service,
        ValueNotification, WriteType,
    },
    platform::Peripheral,
};
use futures::{
    Stream, StreamExt,
    future::{BoxFuture, FutureExt},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};
use touchstone::ports::{Link, RadioError, RadioState};
use touchstone_proto::gatt;
use uuid::Uuid;

use crate::{
    error::radio_error,
    opened::{Events, Opened},
    runtime::within,
};

/// How often a link asks whether it still exists; its end is otherwise an event, and events can be dropped.
const STILL_THERE: Duration = Duration::from_secs(2);

/// How long a disconnect may take. BlueZ needs 2.0 to 2.6 s.
const DISCONNECT: Duration = Duration::from_secs(5);

/// How long after its end a link's last signals may come: a disconnect, and some.
const LINGER: Duration = Duration::from_secs(6);

type Notifications = Pin<Box<dyn Stream<Item = ValueNotification> + Send>>;

/// A connected peripheral whose down characteristic is subscribed.
pub(crate) struct BleLink {
    runtime: Handle,
    peripheral: Peripheral,
    up: Characteristic,
    fragment_size: usize,
    inbound: mpsc::UnboundedReceiver<Vec<u8>>,
    lost: watch::Receiver<bool>,
    hold: Hold,
}

/// A connected peripheral of which nothing is known yet.
pub(crate) struct Connected {
    runtime: Handle,
    peripheral: Peripheral,
    hold: Hold,
}

impl Connected {
    /// Connects.
    ///
    /// # Errors
    /// [`RadioError::LinkLost`] when the device does not answer.
    pub(crate) async fn new(peripheral: Peripheral, runtime: &Handle) -> Result<Self, RadioError> {
        let mut hold = Hold::new(&peripheral, runtime);
        // A link of a client that died stays open on some hosts, with the old session at its other end.
        if peripheral.is_connected().await.unwrap_or(false) {
            let _ = peripheral.disconnect().await;
        }
        connect(&peripheral).await.map_err(radio_error)?;
        hold.connected = true;
        Ok(Self {
            runtime: runtime.clone(),
            peripheral,
            hold,
        })
    }
}

impl BleLink {
    /// Discovers and subscribes.
    ///
    /// # Errors
    /// [`RadioError::NoService`] when this is no Touchstone device; otherwise the link has broken.
    pub(crate) async fn open(
        connected: Connected,
        opened: Arc<Opened>,
    ) -> Result<Self, RadioError> {
        let Connected {
            runtime,
            peripheral,
            hold,
        } = connected;
        // Not before connecting: the end of a leftover link must not be taken for the end of this one.
        let events = opened
            .events()
            .ok_or(RadioError::Unusable(RadioState::Missing))?;
        peripheral.discover_services().await.map_err(radio_error)?;
        let (up, down) = characteristics(&peripheral.services())?;
        // This order: what arrives between subscribing and listening would be lost.
        let notifications = peripheral.notifications().await.map_err(radio_error)?;
        peripheral.subscribe(&down).await.map_err(radio_error)?;
        if !peripheral.is_connected().await.map_err(radio_error)? {
            return Err(RadioError::LinkLost);
        }
        let (fragments, inbound) = mpsc::unbounded_channel();
        let (losing, lost) = watch::channel(false);
        let listening = peripheral.clone();
        runtime.spawn(async move {
            let notifications = listen(&listening, notifications, events, fragments).await;
            let _ = losing.send(true);
            linger(notifications).await;
            drop(opened);
        });
        Ok(Self {
            runtime,
            fragment_size: gatt::fragment_size(usize::from(peripheral.mtu())),
            peripheral,
            up,
            inbound,
            lost,
            hold,
        })
    }
}

#[cfg(target_os = "linux")]
use crate::bluez::connect;

#[cfg(not(target_os = "linux"))]
async fn connect(peripheral: &Peripheral) -> Result<(), btleplug::Error> {
    peripheral.connect().await
}

impl Link for BleLink {
    fn fragment_size(&self) -> usize {
        self.fragment_size
    }

    fn send<'a>(&'a mut self, fragment: &'a [u8]) -> BoxFuture<'a, Result<(), RadioError>> {
        let Self {
            runtime,
            peripheral,
            up,
            lost,
            ..
        } = self;
        within(runtime, async move {
            tokio::select! {
                biased;
                // An error means that the listener has ended, which is the same.
                _ = lost.wait_for(|&lost| lost) => Err(RadioError::LinkLost),
                sent = peripheral.write(up, fragment, WriteType::WithoutResponse) => sent.map_err(radio_error),
            }
        })
    }

    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<u8>, RadioError>> {
        self.inbound
            .recv()
            .map(|fragment| fragment.ok_or(RadioError::LinkLost))
            .boxed()
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        let closing = self.hold.release();
        async move {
            if let Some(closing) = closing {
                // Fails only when the runtime is shut down.
                let _ = closing.await;
            }
        }
        .boxed()
    }
}

/// Carries notifications in until the link ends, however that is noticed, and returns their stream.
///
/// Notification streams do not end with the connection.
async fn listen(
    peripheral: &Peripheral,
    mut notifications: Notifications,
    mut events: Events,
    fragments: mpsc::UnboundedSender<Vec<u8>>,
) -> Notifications {
    let id = peripheral.id();
    let down = Uuid::from_u128(gatt::DOWN);
    let mut ticks = tokio::time::interval(STILL_THERE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = fragments.closed() => break,
            notification = notifications.next() => match notification {
                Some(ValueNotification { uuid, value, .. }) if uuid == down => {
                    if fragments.send(value).is_err() {
                        break;
                    }
                }
                Some(_) => {}
                None => break,
            },
            event = events.next() => match event {
                Some(CentralEvent::DeviceDisconnected(other)) if other == id => break,
                Some(CentralEvent::StateUpdate(CentralState::PoweredOff)) | None => break,
                Some(_) => {}
            },
            _ = ticks.tick() => if !peripheral.is_connected().await.unwrap_or(false) {
                break;
            },
        }
    }
    notifications
}

/// Empties the stream of a link that has ended until its last signals have come: closing one while signals arrive makes bluez-async panic in the
/// background.
async fn linger(mut notifications: Notifications) {
    if cfg!(target_os = "linux") {
        let rest = async { while notifications.next().await.is_some() {} };
        let _ = timeout(LINGER, rest).await;
    }
}

/// Keeps the connection; dropping it disconnects in the background.
struct Hold {
    held: Option<(Peripheral, Handle)>,
    /// Whether connecting is over: an attempt in progress has to be called off, although nothing is connected.
    connected: bool,
}

impl Hold {
    fn new(peripheral: &Peripheral, runtime: &Handle) -> Self {
        Self {
            held: Some((peripheral.clone(), runtime.clone())),
            connected: false,
        }
    }

    fn release(&mut self) -> Option<JoinHandle<()>> {
        let (peripheral, runtime) = self.held.take()?;
        let connected = self.connected;
        Some(runtime.spawn(async move {
            if connected && matches!(peripheral.is_connected().await, Ok(false)) {
                return;
            }
            // Nothing is left to do about a link that cannot be closed.
            let _ = timeout(DISCONNECT, peripheral.disconnect()).await;
        }))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.release());
    }
}

/// The up and the down characteristic.
///
/// # Errors
/// [`RadioError::NoService`] unless each exists exactly once in the whole device, in the Touchstone service, with its property: some hosts look
/// characteristics up by UUID alone.
fn characteristics(
    services: &BTreeSet<Service>,
) -> Result<(Characteristic, Characteristic), RadioError> {
    let only = |uuid: u128, property: CharPropFlags| {
        let mut all = services
            .iter()
            .flat_map(|service| &service.characteristics)
            .filter(|characteristic| characteristic.uuid == Uuid::from_u128(uuid));
        match (all.next(), all.next()) {
            (Some(one), None)
                if one.service_uuid == Uuid::from_u128(gatt::SERVICE)
                    && one.properties.contains(property) =>
            {
                Ok(one.clone())
            }
            _ => Err(RadioError::NoService),
        }
    };
    Ok((
        only(gatt::UP, CharPropFlags::WRITE_WITHOUT_RESPONSE)?,
        only(gatt::DOWN, CharPropFlags::NOTIFY)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(uuid: u128, characteristics: &[(u128, CharPropFlags)]) -> Service {
        Service {
            uuid: Uuid::from_u128(uuid),
            primary: true,
            characteristics: characteristics
                .iter()
                .map(|&(characteristic, properties)| Characteristic {
                    uuid: Uuid::from_u128(characteristic),
                    service_uuid: Uuid::from_u128(uuid),
                    properties,
                    descriptors: BTreeSet::new(),
                })
                .collect(),
        }
    }

    const UP: (u128, CharPropFlags) = (gatt::UP, CharPropFlags::WRITE_WITHOUT_RESPONSE);
    const DOWN: (u128, CharPropFlags) = (gatt::DOWN, CharPropFlags::NOTIFY);

    #[test]
    fn the_two_characteristics_are_found() {
        let services = [service(gatt::SERVICE, &[UP, DOWN]), service(7, &[])].into();
        let (up, down) = characteristics(&services).unwrap();
        assert_eq!(up.uuid, Uuid::from_u128(gatt::UP));
        assert_eq!(down.uuid, Uuid::from_u128(gatt::DOWN));
    }

    #[test]
    fn a_missing_doubled_or_misplaced_characteristic_is_no_service() {
        for services in [
            vec![],
            vec![service(gatt::SERVICE, &[UP])],
            vec![service(gatt::SERVICE, &[DOWN])],
            vec![service(7, &[UP, DOWN])],
            vec![service(gatt::SERVICE, &[UP, DOWN]), service(7, &[DOWN])],
        ] {
            assert_eq!(
                characteristics(&services.into_iter().collect()),
                Err(RadioError::NoService)
            );
        }
    }

    #[test]
    fn a_characteristic_without_its_property_is_no_service() {
        let services = [service(
            gatt::SERVICE,
            &[(gatt::UP, CharPropFlags::WRITE), DOWN],
        )]
        .into();
        assert_eq!(characteristics(&services), Err(RadioError::NoService));
    }
}
