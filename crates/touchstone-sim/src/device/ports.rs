//! The ports of a simulated device: a button, a lamp and a buzzer, Wi-Fi, a store that power cuts cannot tear.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use touchstone_device::ports::{
    Entropy, Indicator, JoinStatus, Ports, Presence, Signal, Storage, StorageError, Stored, Wifi,
};
use touchstone_proto::{
    credentials::Credentials,
    record::{PresenceKinds, PressKind, SeenNetworks},
};

use super::key::SimFactoryKey;
use crate::wifi::{Bands, Neighbourhood, Station};

/// What the ports of one device share with the world around it.
pub(crate) struct Body {
    pub(crate) now: Duration,
    pub(crate) pressed: bool,
    pub(crate) press_kind: PressKind,
    pub(crate) signals: Vec<(Duration, Signal)>,
    pub(crate) station: Station,
    pub(crate) flash: Flash,
    pub(crate) rng: fastrand::Rng,
    pub(crate) boots: u32,
    /// When the latest boot began, and how many in a row before it were short.
    pub(crate) booted: Duration,
    pub(crate) short_boots: u32,
    pub(crate) power_cut: Option<Duration>,
}

/// What survives without power.
#[derive(Default)]
pub(crate) struct Flash {
    pub(crate) stored: Option<Stored>,
    pub(crate) damaged: bool,
    pub(crate) writes: u32,
    /// After so many more writes.
    pub(crate) cut: Option<(u32, FlashCut)>,
}

/// Power fails while the device writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashCut {
    /// Whether the new record is already there when it fails; a record is never there by half.
    pub written: bool,
    /// How long power stays away.
    pub off_for: Duration,
}

/// A shared [`Body`].
#[derive(Clone)]
pub(crate) struct SharedBody(Arc<Mutex<Body>>);

impl SharedBody {
    pub(crate) fn new(
        neighbourhood: Neighbourhood,
        bands: Bands,
        press_kind: PressKind,
        seed: u64,
    ) -> Self {
        Self(Arc::new(Mutex::new(Body {
            now: Duration::ZERO,
            pressed: false,
            press_kind,
            signals: Vec::new(),
            station: Station::new(neighbourhood, bands),
            flash: Flash::default(),
            rng: fastrand::Rng::with_seed(seed),
            boots: 0,
            booted: Duration::ZERO,
            short_boots: 0,
            power_cut: None,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedBody")
    }
}

/// All ports of one device; the body is shared, so each port is a view of it.
pub(crate) struct SimPorts {
    key: SimFactoryKey,
    body: SharedBody,
}

impl SimPorts {
    pub(crate) fn new(key: SimFactoryKey, body: SharedBody) -> Self {
        Self { key, body }
    }
}

impl Ports for SimPorts {
    type FactoryKey = SimFactoryKey;
    type Presence = SharedBody;
    type Indicator = SharedBody;
    type Wifi = SharedBody;
    type Storage = SharedBody;
    type Entropy = SharedBody;

    fn factory_key(&self) -> &SimFactoryKey {
        &self.key
    }
    fn presence(&mut self) -> &mut SharedBody {
        &mut self.body
    }
    fn indicator(&mut self) -> &mut SharedBody {
        &mut self.body
    }
    fn wifi(&mut self) -> &mut SharedBody {
        &mut self.body
    }
    fn storage(&mut self) -> &mut SharedBody {
        &mut self.body
    }
    fn entropy(&mut self) -> &mut SharedBody {
        &mut self.body
    }
}

impl Presence for SharedBody {
    fn is_pressed(&mut self) -> bool {
        self.lock().pressed
    }

    fn kind(&self) -> PressKind {
        self.lock().press_kind
    }

    fn kinds(&self) -> PresenceKinds {
        PresenceKinds::NONE.with(self.kind())
    }
}

impl Indicator for SharedBody {
    fn signal(&mut self, signal: Signal) {
        let mut body = self.lock();
        let now = body.now;
        body.signals.push((now, signal));
    }
}

impl Wifi for SharedBody {
    fn start_scan(&mut self) {
        let mut body = self.lock();
        let now = body.now;
        body.station.start_scan(now);
    }

    fn scan_results(&mut self) -> Option<SeenNetworks> {
        let mut body = self.lock();
        let now = body.now;
        body.station.scan_results(now)
    }

    fn join(&mut self, credentials: &Credentials) {
        let mut body = self.lock();
        let now = body.now;
        body.station.join(now, credentials);
    }

    fn status(&mut self) -> JoinStatus {
        let body = self.lock();
        body.station.status(body.now)
    }

    fn leave(&mut self) {
        self.lock().station.leave();
    }
}

impl Storage for SharedBody {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        let body = self.lock();
        if body.flash.damaged {
            Err(StorageError)
        } else {
            Ok(body.flash.stored.clone())
        }
    }

    fn store(&mut self, stored: &Stored) -> Result<(), StorageError> {
        let mut body = self.lock();
        let due = body.flash.cut.take_if(|(writes, _)| *writes == 0);
        if let Some((writes, _)) = &mut body.flash.cut {
            *writes -= 1;
        }
        if let Some((_, cut)) = due {
            body.power_cut = Some(cut.off_for);
            if !cut.written {
                return Err(StorageError);
            }
        }
        body.flash.stored = Some(stored.clone());
        body.flash.writes += 1;
        Ok(())
    }
}

impl Entropy for SharedBody {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.lock().rng.fill(bytes);
    }
}
