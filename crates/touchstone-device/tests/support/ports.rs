//! Ports in memory, shared with the test through one handle.

use std::{
    cell::{Cell, RefCell},
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::ports::{
    Entropy, FactoryKey, Indicator, JoinStatus, Ports, Presence, Signal, Storage, StorageError,
    Stored, Wifi,
};
use touchstone_proto::{
    credentials::Credentials,
    device::{EdhocToBeSigned, EvidenceToBeSigned},
    record::{PresenceKinds, PressKind, SeenNetworks},
};

pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// What happens when the device stores something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageFault {
    None,
    /// Fails, and nothing was written.
    Before,
    /// Fails although it was written.
    After,
    /// Cannot be read.
    Unreadable,
    /// Fails although it was written, and cannot be read.
    Broken,
}

/// The world behind the ports.
pub(crate) struct World {
    pub(crate) pressed: bool,
    pub(crate) kind: PressKind,
    /// It senses power cycles besides.
    pub(crate) power_cycles: bool,
    pub(crate) signals: Vec<Signal>,
    pub(crate) stored: Option<Stored>,
    pub(crate) stores: usize,
    pub(crate) fault: StorageFault,
    pub(crate) join: JoinStatus,
    /// SSIDs of each join, in order.
    pub(crate) joins: Vec<Vec<u8>>,
    pub(crate) leaves: usize,
    pub(crate) scans: usize,
    pub(crate) seen: Option<SeenNetworks>,
    pub(crate) random: u64,
}

#[derive(Clone)]
pub(crate) struct Handle(Rc<RefCell<World>>);

impl Handle {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(World {
            pressed: false,
            kind: PressKind::Press,
            power_cycles: false,
            signals: Vec::new(),
            stored: None,
            stores: 0,
            fault: StorageFault::None,
            join: JoinStatus::Idle,
            joins: Vec::new(),
            leaves: 0,
            scans: 0,
            seen: None,
            random: seed,
        })))
    }

    pub(crate) fn with<T>(&self, body: impl FnOnce(&mut World) -> T) -> T {
        body(&mut self.0.borrow_mut())
    }

    /// The signals since the last call.
    pub(crate) fn signals(&self) -> Vec<Signal> {
        self.with(|world| std::mem::take(&mut world.signals))
    }
}

/// A factory key for tests; nothing is certified by it. It counts what it signs.
#[derive(Clone)]
pub(crate) struct TestKey(SigningKey, Rc<Cell<usize>>);

impl TestKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap(), Rc::default())
    }

    /// SEC1, uncompressed.
    pub(crate) fn public(&self) -> [u8; 65] {
        let key = p256::PublicKey::from(self.0.verifying_key());
        p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, false)
            .as_bytes()
            .try_into()
            .unwrap()
    }

    /// How often it has signed.
    #[allow(dead_code)]
    pub(crate) fn signatures(&self) -> usize {
        self.1.get()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.1.set(self.1.get() + 1);
        let signature: Signature = self.0.sign(bytes);
        signature.to_bytes().into()
    }
}

impl FactoryKey for TestKey {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }
}

/// All ports of one device.
pub(crate) struct TestPorts {
    key: TestKey,
    // The accessors lend out `&mut`; each port is the shared handle again.
    presence: Handle,
    indicator: Handle,
    wifi: Handle,
    storage: Handle,
    entropy: Handle,
}

impl TestPorts {
    pub(crate) fn new(key: TestKey, world: &Handle) -> Self {
        Self {
            key,
            presence: world.clone(),
            indicator: world.clone(),
            wifi: world.clone(),
            storage: world.clone(),
            entropy: world.clone(),
        }
    }
}

impl Ports for TestPorts {
    type FactoryKey = TestKey;
    type Presence = Handle;
    type Indicator = Handle;
    type Wifi = Handle;
    type Storage = Handle;
    type Entropy = Handle;

    fn factory_key(&self) -> &TestKey {
        &self.key
    }
    fn presence(&mut self) -> &mut Handle {
        &mut self.presence
    }
    fn indicator(&mut self) -> &mut Handle {
        &mut self.indicator
    }
    fn wifi(&mut self) -> &mut Handle {
        &mut self.wifi
    }
    fn storage(&mut self) -> &mut Handle {
        &mut self.storage
    }
    fn entropy(&mut self) -> &mut Handle {
        &mut self.entropy
    }
}

impl Presence for Handle {
    fn is_pressed(&mut self) -> bool {
        self.with(|world| world.pressed)
    }

    fn kind(&self) -> PressKind {
        self.with(|world| world.kind)
    }

    fn kinds(&self) -> PresenceKinds {
        let kinds = PresenceKinds::NONE.with(self.kind());
        if self.with(|world| world.power_cycles) {
            kinds.with(PressKind::PowerCycle)
        } else {
            kinds
        }
    }
}

impl Indicator for Handle {
    fn signal(&mut self, signal: Signal) {
        self.with(|world| world.signals.push(signal));
    }
}

impl Wifi for Handle {
    fn start_scan(&mut self) {
        self.with(|world| world.scans += 1);
    }

    fn scan_results(&mut self) -> Option<SeenNetworks> {
        self.with(|world| world.seen.take())
    }

    fn join(&mut self, credentials: &Credentials) {
        let ssid = credentials.networks()[0].ssid().as_bytes().to_vec();
        self.with(|world| {
            world.joins.push(ssid);
            world.join = JoinStatus::Connecting;
        });
    }

    fn status(&mut self) -> JoinStatus {
        self.with(|world| world.join)
    }

    fn leave(&mut self) {
        self.with(|world| {
            world.leaves += 1;
            world.join = JoinStatus::Idle;
        });
    }
}

impl Storage for Handle {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        self.with(|world| match world.fault {
            StorageFault::Unreadable | StorageFault::Broken => Err(StorageError),
            _ => Ok(world.stored.clone()),
        })
    }

    fn store(&mut self, stored: &Stored) -> Result<(), StorageError> {
        self.with(|world| {
            world.stores += 1;
            match world.fault {
                StorageFault::None | StorageFault::Unreadable => {
                    world.stored = Some(stored.clone());
                    Ok(())
                }
                StorageFault::Before => Err(StorageError),
                StorageFault::After | StorageFault::Broken => {
                    world.stored = Some(stored.clone());
                    Err(StorageError)
                }
            }
        })
    }
}

impl Entropy for Handle {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.with(|world| {
            for byte in bytes {
                // splitmix64
                world.random = world.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = world.random;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (mixed >> 56) as u8;
            }
        });
    }
}
