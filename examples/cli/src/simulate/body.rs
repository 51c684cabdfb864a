//! The ports of the simulated device.

use std::{
    collections::VecDeque,
    io::BufRead,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::ports::{Entropy, FactoryKey, Indicator, Ports, Presence, Signal};
use touchstone_peripheral::{Poke, now};
use touchstone_proto::{
    device::{EdhocToBeSigned, EvidenceToBeSigned},
    record::PressKind,
};

use super::{events::Events, storage::StorageFile, wifi::SimulatedWifi};

/// How long a touch lasts: as long as a finger's.
pub(super) const TOUCH: Duration = Duration::from_millis(200);

/// A key that a real device keeps in hardware.
pub(super) struct FactoryKeyFile(pub(super) SigningKey);

impl FactoryKeyFile {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().into()
    }
}

impl FactoryKey for FactoryKeyFile {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }
}

/// A button and the presses planned for it; clones share it.
#[derive(Clone)]
pub(super) struct Button {
    kind: PressKind,
    presses: Arc<Mutex<VecDeque<Press>>>,
}

struct Press {
    from: Duration,
    to: Duration,
}

impl Button {
    /// A button of this kind that nobody has pressed.
    pub(super) fn new(kind: PressKind) -> Self {
        Self {
            kind,
            presses: Arc::default(),
        }
    }

    /// Plans a press of this length at this time.
    pub(super) fn press(&self, from: Duration, length: Duration) {
        self.presses().push_back(Press {
            from,
            to: from + length,
        });
    }

    /// Whether it is down now.
    pub(super) fn is_down(&self) -> bool {
        let now = now();
        let mut presses = self.presses();
        presses.retain(|press| now < press.to);
        presses.iter().any(|press| press.from <= now)
    }

    /// When it goes down or up next.
    pub(super) fn next_change(&self) -> Option<Duration> {
        let now = now();
        let presses = self.presses();
        let edges = presses.iter().flat_map(|press| [press.from, press.to]);
        edges.filter(|&edge| edge > now).min()
    }

    fn presses(&self) -> MutexGuard<'_, VecDeque<Press>> {
        self.presses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence for Button {
    fn is_pressed(&mut self) -> bool {
        // What is switched off and on has no button.
        self.kind != PressKind::PowerCycle && self.is_down()
    }

    fn kind(&self) -> PressKind {
        self.kind
    }
}

/// Enter touches, `hold 11` presses for 11 seconds.
pub(super) fn touch_by_keyboard(button: Button, poke: &'static Poke) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else {
                return;
            };
            let length = match line.trim().strip_prefix("hold") {
                None => TOUCH,
                Some(seconds) => match super::seconds(seconds.trim()) {
                    Ok(length) => length,
                    Err(error) => {
                        eprintln!("hold: {error}");
                        continue;
                    }
                },
            };
            button.press(now(), length);
            poke.signal(());
        }
    });
}

/// Tells signals instead of giving them.
pub(super) struct Lamp(Events);

impl Indicator for Lamp {
    fn signal(&mut self, signal: Signal) {
        self.0.signal(signal);
    }
}

/// The operating system's random numbers.
pub(super) struct Randomness;

impl Entropy for Randomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        // A device without randomness must not come up.
        getrandom::fill(bytes).expect("the operating system has random numbers");
    }
}

/// All ports of the simulated device.
pub(super) struct Body {
    key: FactoryKeyFile,
    button: Button,
    lamp: Lamp,
    wifi: SimulatedWifi,
    storage: StorageFile,
    randomness: Randomness,
}

impl Body {
    pub(super) fn new(
        key: FactoryKeyFile,
        button: Button,
        events: Events,
        wifi: SimulatedWifi,
        storage: StorageFile,
    ) -> Self {
        Self {
            key,
            button,
            lamp: Lamp(events),
            wifi,
            storage,
            randomness: Randomness,
        }
    }

    /// When a port changes by itself next.
    pub(super) fn next_change(&self) -> Option<Duration> {
        [self.button.next_change(), self.wifi.next_change()]
            .into_iter()
            .flatten()
            .min()
    }
}

impl Ports for Body {
    type FactoryKey = FactoryKeyFile;
    type Presence = Button;
    type Indicator = Lamp;
    type Wifi = SimulatedWifi;
    type Storage = StorageFile;
    type Entropy = Randomness;

    fn factory_key(&self) -> &FactoryKeyFile {
        &self.key
    }

    fn presence(&mut self) -> &mut Button {
        &mut self.button
    }

    fn indicator(&mut self) -> &mut Lamp {
        &mut self.lamp
    }

    fn wifi(&mut self) -> &mut SimulatedWifi {
        &mut self.wifi
    }

    fn storage(&mut self) -> &mut StorageFile {
        &mut self.storage
    }

    fn entropy(&mut self) -> &mut Randomness {
        &mut self.randomness
    }
}
