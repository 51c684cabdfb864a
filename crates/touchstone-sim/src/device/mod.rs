//! Devices: the real device role over simulated ports.
//!
//! Honest devices and impostors run the same code; an impostor differs only in the keys it has.

mod key;
mod plays;
mod ports;

pub use key::Factory;
pub use plays::Play;
pub use ports::FlashCut;

use std::time::Duration;

use touchstone::ports::PeripheralId;
use touchstone_device::{
    Device, Identity, LinkId, SHORT_BOOT, Suites,
    ports::{Signal, Stored},
};
use touchstone_proto::{
    evidence::{DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PressKind},
};
use touchstone_trust::issue::DevelopmentPki;

use self::{
    key::SimFactoryKey,
    ports::{SharedBody, SimPorts},
};
use crate::{
    air::LinkNumber,
    peripheral::{DeviceId, Peripheral},
    wifi::{Bands, Neighbourhood},
    world::World,
};

/// What to build.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Model class; see [`touchstone_trust::issue::MODELS`].
    pub model: u16,
    /// Serial number, from which the ueid follows.
    pub number: u32,
    /// Where its identity comes from.
    pub factory: Factory,
    /// What a phone receives of it, in dBm.
    pub rssi: i16,
    /// Its Wi-Fi bands.
    pub bands: Bands,
    /// How it is touched.
    pub press_kind: PressKind,
    /// How it responds.
    pub actuators: Actuators,
    /// The highest level it can do.
    pub max_level: Level,
    /// Firmware version.
    pub firmware: FirmwareVersion,
    /// State of its debug facilities.
    pub debug_status: DebugStatus,
    /// The cipher suites it takes.
    pub suites: Suites,
}

impl Spec {
    /// A kitchen lamp on the table: near, with a button, a buzzer and a light.
    #[must_use]
    pub fn lamp(number: u32) -> Self {
        Self {
            model: 1,
            number,
            factory: Factory::Genuine,
            rssi: -48,
            bands: Bands::TwoPointFour,
            press_kind: PressKind::Touch,
            actuators: Actuators {
                sound: true,
                light: true,
                vibration: false,
            },
            max_level: Level::L1,
            firmware: FirmwareVersion {
                major: 1,
                minor: 4,
                patch: 2,
            },
            debug_status: DebugStatus::DisabledPermanently,
            suites: Suites::WithHybrid,
        }
    }

    /// A ceiling lamp: nobody can touch it, so it is switched off and on, and it responds with its light.
    #[must_use]
    pub fn ceiling_lamp(number: u32) -> Self {
        Self {
            press_kind: PressKind::PowerCycle,
            actuators: Actuators {
                sound: false,
                light: true,
                vibration: false,
            },
            ..Self::lamp(number)
        }
    }

    /// The same, with signals that can be counted.
    #[must_use]
    pub fn that_counts(mut self) -> Self {
        self.max_level = Level::L2;
        self
    }

    /// The same, with firmware that knows the classical suite alone.
    #[must_use]
    pub fn without_hybrid(mut self) -> Self {
        self.suites = Suites::Classical;
        self
    }

    /// The same, from another factory.
    #[must_use]
    pub fn from_factory(mut self, factory: Factory) -> Self {
        self.factory = factory;
        self
    }

    /// The same, of another model.
    #[must_use]
    pub fn of_model(mut self, model: u16) -> Self {
        self.model = model;
        self
    }

    /// The same, elsewhere.
    #[must_use]
    pub fn at_rssi(mut self, rssi: i16) -> Self {
        self.rssi = rssi;
        self
    }
}

/// A device in the room: what a person can see, hear and do to it, and what a test may look into.
#[derive(Clone, Debug)]
pub struct Unit {
    id: DeviceId,
    ueid: [u8; 17],
    world: World,
    body: SharedBody,
}

impl Unit {
    /// Builds a device and switches it on.
    #[must_use]
    pub fn install(
        world: &World,
        pki: &DevelopmentPki,
        neighbourhood: &Neighbourhood,
        spec: &Spec,
    ) -> Self {
        let ueid = pki.ueid(spec.number);
        let (leaf, key) = spec.factory.make(pki, ueid, spec.model);
        let identity = Identity {
            leaf: leaf.iter().copied().collect(),
            ueid,
            model_class: spec.model,
            firmware: spec.firmware,
            secure_boot: true,
            debug_status: spec.debug_status,
            actuators: spec.actuators,
            max_level: spec.max_level,
            boot_count: 0,
            short_boots: 0,
            suites: spec.suites,
        };
        let seed = world.derive(&format!("device {} {:?}", spec.number, spec.factory));
        let body = SharedBody::new(neighbourhood.clone(), spec.bands, spec.press_kind, seed);
        let mut device = SimDevice {
            identity,
            key,
            body: body.clone(),
            running: None,
        };
        device.boot(world.now());
        Self {
            id: world.add(device, spec.rssi),
            ueid,
            world: world.clone(),
            body,
        }
    }

    /// Its number in the world and in the air log.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// What a phone's radio calls it.
    #[must_use]
    pub fn address(&self) -> PeripheralId {
        crate::air::name(self.id)
    }

    /// Its permanent identity.
    #[must_use]
    pub fn ueid(&self) -> [u8; 17] {
        self.ueid
    }

    /// Touches it shortly, now.
    pub fn touch(&self) {
        self.hold(Duration::from_millis(200));
    }

    /// Presses it now and lets go after `duration`; one that is switched off and on stays off for that long.
    pub fn hold(&self, duration: Duration) {
        if self.body.lock().press_kind == PressKind::PowerCycle {
            self.set_power(false);
            let unit = self.clone();
            self.world.after(duration, move |_| unit.set_power(true));
            return;
        }
        self.set_pressed(true);
        let unit = self.clone();
        self.world.after(duration, move |_| unit.set_pressed(false));
    }

    /// Presses or releases it.
    pub fn set_pressed(&self, pressed: bool) {
        self.body.lock().pressed = pressed;
        self.world.nudge(self.id);
    }

    /// Switches it on or off.
    pub fn set_power(&self, on: bool) {
        self.world.set_power(self.id, on);
    }

    /// Lets power fail in the middle of its next write to storage.
    pub fn cut_power_at_next_write(&self, cut: FlashCut) {
        self.cut_power_at_write(0, cut);
    }

    /// The same after so many more writes.
    pub fn cut_power_at_write(&self, after: u32, cut: FlashCut) {
        self.body.lock().flash.cut = Some((after, cut));
    }

    /// Makes its storage unreadable.
    pub fn damage_storage(&self) {
        self.body.lock().flash.damaged = true;
    }

    /// Gives it a past: it finds this in its storage, at once.
    pub fn preload(&self, stored: Stored) {
        self.body.lock().flash.stored = Some(stored);
        self.set_power(false);
        self.set_power(true);
    }

    /// What it has stored.
    #[must_use]
    pub fn stored(&self) -> Option<Stored> {
        self.body.lock().flash.stored.clone()
    }

    /// How often it has written to storage.
    #[must_use]
    pub fn writes(&self) -> u32 {
        self.body.lock().flash.writes
    }

    /// Whether it has an owner.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.stored()
            .is_some_and(|stored| stored.ownership.is_some())
    }

    /// Every signal it has given, and when.
    #[must_use]
    pub fn signals(&self) -> Vec<(Duration, Signal)> {
        self.body.lock().signals.clone()
    }

    /// Whether someone beside it would say that it responds: it has, within `within`, and nothing has ended it.
    #[must_use]
    pub fn is_responding(&self, within: Duration) -> bool {
        let now = self.world.now();
        let body = self.body.lock();
        body.signals
            .iter()
            .rev()
            .take_while(|(at, _)| *at + within >= now)
            .find(|(_, signal)| matches!(signal, Signal::Respond | Signal::Off | Signal::Waiting))
            .is_some_and(|(_, signal)| *signal == Signal::Respond)
    }

    /// Every join it has tried: when, and the names of the networks.
    #[must_use]
    pub fn joins(&self) -> Vec<(Duration, Vec<Vec<u8>>)> {
        self.body.lock().station.joins.clone()
    }

    /// Whether it is on the Wi-Fi now.
    #[must_use]
    pub fn is_online(&self) -> bool {
        use touchstone_device::ports::JoinStatus;
        let now = self.world.now();
        matches!(
            self.body.lock().station.status(now),
            JoinStatus::Joined { .. } | JoinStatus::NoInternet
        )
    }
}

/// The device role and its host.
struct SimDevice {
    identity: Identity,
    key: SimFactoryKey,
    body: SharedBody,
    running: Option<Device<SimPorts>>,
}

impl SimDevice {
    fn boot(&mut self, now: Duration) {
        let (boots, short_boots) = {
            let mut body = self.body.lock();
            body.now = now;
            body.boots += 1;
            body.booted = now;
            (body.boots, body.short_boots)
        };
        let identity = Identity {
            boot_count: boots,
            short_boots,
            ..self.identity.clone()
        };
        self.running = Some(Device::new(
            identity,
            SimPorts::new(self.key.clone(), self.body.clone()),
            now,
        ));
    }

    /// The running device at this time; none while power is gone or about to go.
    fn at(&mut self, now: Duration) -> Option<&mut Device<SimPorts>> {
        let mut body = self.body.lock();
        body.now = now;
        if body.power_cut.is_some() {
            return None;
        }
        drop(body);
        self.running.as_mut()
    }
}

impl Peripheral for SimDevice {
    fn connected(&mut self, now: Duration, link: LinkNumber, fragment_size: usize) -> bool {
        self.at(now)
            .is_some_and(|device| device.connected(now, LinkId(link.0), fragment_size))
    }

    fn disconnected(&mut self, now: Duration, link: LinkNumber) {
        if let Some(device) = self.at(now) {
            device.disconnected(now, LinkId(link.0));
        }
    }

    fn received(&mut self, now: Duration, link: LinkNumber, fragment: &[u8]) {
        if let Some(device) = self.at(now) {
            device.received(now, LinkId(link.0), fragment);
        }
    }

    fn poll(&mut self, now: Duration) {
        if let Some(device) = self.at(now) {
            device.poll(now);
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        let device = self.running.as_ref()?;
        let body = self.body.lock();
        [device.poll_timeout(), body.station.next_change(body.now)]
            .into_iter()
            .flatten()
            .min()
    }

    fn poll_transmit(&mut self, link: LinkNumber, out: &mut [u8]) -> Option<usize> {
        let now = self.body.lock().now;
        self.at(now)?.poll_transmit(LinkId(link.0), out)
    }

    fn poll_disconnect(&mut self) -> Option<LinkNumber> {
        let now = self.body.lock().now;
        self.at(now)?
            .poll_disconnect()
            .map(|LinkId(number)| LinkNumber(number))
    }

    fn service_data(&self, now: Duration) -> Option<Vec<u8>> {
        let advert = self.running.as_ref()?.advertisement(now)?;
        Some(advert.encode().to_vec())
    }

    fn power(&mut self, now: Duration, on: bool) {
        {
            let mut body = self.body.lock();
            body.now = now;
            body.power_cut = None;
            body.station.reset();
            body.pressed = false;
            if self.running.is_some() {
                let short = now < body.booted + SHORT_BOOT;
                body.short_boots = if short { body.short_boots + 1 } else { 0 };
            }
        }
        self.running = None;
        if on {
            self.boot(now);
        }
    }

    fn wants_power_cut(&mut self) -> Option<Duration> {
        // Stays set until power is switched off, so that nothing more is done or sent.
        self.body.lock().power_cut
    }
}
