//! Adversaries with a radio of their own.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{Either, select},
};
use touchstone::ports::{PeripheralId, Radio};
use touchstone_proto::record::{Actuator, Level, Pace, ReleaseReason};

use crate::{
    air::LinkNumber,
    bare::{BareError, BareSession},
    device::Unit,
    peripheral::{DeviceId, Peripheral},
    phone::Phone,
    world::World,
};

/// Advertises whatever it is told to and answers nobody.
pub struct Beacon {
    service_data: Vec<u8>,
}

impl Beacon {
    /// A beacon with these 12 bytes of service data (docs/PROTOCOL.md section 2).
    #[must_use]
    pub fn new(service_data: &[u8]) -> Self {
        Self {
            service_data: service_data.to_vec(),
        }
    }
}

impl Peripheral for Beacon {
    fn connected(&mut self, _now: Duration, _link: LinkNumber, _fragment_size: usize) -> bool {
        false
    }
    fn disconnected(&mut self, _now: Duration, _link: LinkNumber) {}
    fn received(&mut self, _now: Duration, _link: LinkNumber, _fragment: &[u8]) {}
    fn poll(&mut self, _now: Duration) {}
    fn poll_timeout(&self) -> Option<Duration> {
        None
    }
    fn poll_transmit(&mut self, _link: LinkNumber, _out: &mut [u8]) -> Option<usize> {
        None
    }
    fn poll_disconnect(&mut self) -> Option<LinkNumber> {
        None
    }
    fn service_data(&self, _now: Duration) -> Option<Vec<u8>> {
        Some(self.service_data.clone())
    }
    fn power(&mut self, _now: Duration, _on: bool) {}
}

/// Stands where the person is, and passes everything on to a device elsewhere, and back.
pub struct Relay {
    world: World,
    accomplice: Phone,
    far: PeripheralId,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    inner: Mutex<RelayState>,
    me: OnceLock<DeviceId>,
}

#[derive(Default)]
struct RelayState {
    advert: Option<Vec<u8>>,
    up: BTreeMap<LinkNumber, UnboundedSender<Vec<u8>>>,
    down: BTreeMap<LinkNumber, VecDeque<Vec<u8>>>,
    ended: VecDeque<LinkNumber>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, RelayState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay {
    /// Puts a relay into the world. `accomplice` is the radio beside the far unit; `rssi` is what the person's phone receives of the relay.
    #[must_use]
    pub fn install(world: &World, accomplice: &Phone, far: &Unit, rssi: i16) -> DeviceId {
        let state = Arc::new(Shared::default());
        let relay = Self {
            world: world.clone(),
            accomplice: accomplice.clone(),
            far: far.address(),
            state: state.clone(),
        };
        let id = world.add(relay, rssi);
        state.me.get_or_init(|| id);
        let (radio, far) = (accomplice.radio.clone(), far.address());
        world.spawn(async move {
            let Ok(mut sightings) = radio.scan().await else {
                return;
            };
            while let Some(sighting) = sightings.next().await {
                if sighting.id == far {
                    state.lock().advert = Some(sighting.service_data);
                }
            }
        });
        id
    }
}

/// Carries one link's fragments between here and there until either end is gone.
async fn carry(
    world: World,
    accomplice: Phone,
    far: PeripheralId,
    near: LinkNumber,
    mut up: UnboundedReceiver<Vec<u8>>,
    state: Arc<Shared>,
) {
    let nudge = || {
        if let Some(me) = state.me.get() {
            world.nudge(*me);
        }
    };
    if let Ok(mut link) = accomplice.radio.connect(&far).await {
        loop {
            let event = match select(up.next(), link.receive()).await {
                Either::Left((fragment, _)) => Either::Left(fragment),
                Either::Right((fragment, _)) => Either::Right(fragment),
            };
            match event {
                Either::Left(Some(fragment)) => {
                    if link.send(&fragment).await.is_err() {
                        break;
                    }
                }
                Either::Right(Ok(fragment)) => {
                    state
                        .lock()
                        .down
                        .entry(near)
                        .or_default()
                        .push_back(fragment);
                    nudge();
                }
                Either::Left(None) | Either::Right(Err(_)) => break,
            }
        }
        link.close().await;
    }
    state.lock().ended.push_back(near);
    nudge();
}

impl Peripheral for Relay {
    fn connected(&mut self, _now: Duration, link: LinkNumber, _fragment_size: usize) -> bool {
        let (sender, receiver) = unbounded();
        self.state.lock().up.insert(link, sender);
        self.world.spawn(carry(
            self.world.clone(),
            self.accomplice.clone(),
            self.far.clone(),
            link,
            receiver,
            self.state.clone(),
        ));
        true
    }

    fn disconnected(&mut self, _now: Duration, link: LinkNumber) {
        let mut state = self.state.lock();
        state.up.remove(&link);
        state.down.remove(&link);
    }

    fn received(&mut self, _now: Duration, link: LinkNumber, fragment: &[u8]) {
        if let Some(up) = self.state.lock().up.get(&link) {
            // The far link may be gone already; then this one ends soon.
            let _ = up.unbounded_send(fragment.to_vec());
        }
    }

    fn poll(&mut self, _now: Duration) {}

    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    fn poll_transmit(&mut self, link: LinkNumber, out: &mut [u8]) -> Option<usize> {
        let fragment = self.state.lock().down.get_mut(&link)?.pop_front()?;
        out.get_mut(..fragment.len())?.copy_from_slice(&fragment);
        Some(fragment.len())
    }

    fn poll_disconnect(&mut self) -> Option<LinkNumber> {
        self.state.lock().ended.pop_front()
    }

    fn service_data(&self, _now: Duration) -> Option<Vec<u8>> {
        self.state.lock().advert.clone()
    }

    fn power(&mut self, _now: Duration, _on: bool) {}
}

/// How a [`Ventriloquist`] has the person's device signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wile {
    /// When his own unit does.
    InTime,
    /// As soon as it is touched, before the person is asked to count.
    Early,
    /// When his own unit does, and again every second.
    Repeating,
    /// When his own unit does; then he lets it go in the middle, and has it touched anew.
    LettingGo,
}

/// Holds the person's own device at level L2 with his phone, while their phone talks to a genuine unit of his; and lets the one signal for the other.
pub struct Ventriloquist {
    phone: Phone,
    lamp: Unit,
    rogue: Unit,
    wile: Wile,
}

impl Ventriloquist {
    /// He begins at once, and goes on until something fails him.
    pub fn begins(world: &World, phone: &Phone, lamp: &Unit, rogue: &Unit, wile: Wile) {
        let this = Self {
            phone: phone.clone(),
            lamp: lamp.clone(),
            rogue: rogue.clone(),
            wile,
        };
        world.spawn(async move { drop(this.attack().await) });
    }

    async fn attack(&self) -> Result<(), BareError> {
        let mut session = BareSession::open(&self.phone, &self.lamp, None).await?;
        for round in 1..=u8::MAX {
            session.arm_at(Level::L2, [round; 16]).await?;
            session.touched_to_count().await?;
            let touched = self.now();
            if self.wile != Wile::Early {
                self.until(|| began_since(&self.rogue, touched)).await;
            }
            session.reveal(Actuator::Sound, Pace::Normal).await?;
            match self.wile {
                Wile::InTime | Wile::Early => {}
                Wile::Repeating => {
                    for _ in 0..15 {
                        self.wait(Duration::from_secs(1)).await;
                        session.reveal(Actuator::Sound, Pace::Normal).await?;
                    }
                }
                Wile::LettingGo => {
                    self.until(|| began_since(&self.lamp, touched)).await;
                    self.wait(Duration::from_secs(5)).await;
                    session.release(ReleaseReason::Cancelled).await?;
                    continue;
                }
            }
            self.until(|| self.lamp.counted(Actuator::Sound, touched).is_some())
                .await;
            session.release(ReleaseReason::Cancelled).await?;
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.phone.ports().clock.now()
    }

    async fn wait(&self, duration: Duration) {
        let clock = self.phone.ports().clock;
        clock.sleep_until(clock.now() + duration).await;
    }

    async fn until(&self, mut holds: impl FnMut() -> bool) {
        while !holds() {
            self.wait(Duration::from_millis(100)).await;
        }
    }
}

fn began_since(unit: &Unit, since: Duration) -> bool {
    let plays = unit.plays(Actuator::Sound);
    plays.last().is_some_and(|play| play.began >= since)
}
