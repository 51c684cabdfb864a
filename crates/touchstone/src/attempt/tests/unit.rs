//! A real device on a desk: the device role over ports that a test can reach into.

use std::{cell::RefCell, net::Ipv4Addr, rc::Rc, sync::OnceLock, time::Duration};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::{
    Device, Identity, Suites,
    ports::{
        Entropy, FactoryKey, Indicator, JoinStatus, Ports, Presence, Signal, Storage, StorageError,
        Stored, Wifi,
    },
};
use touchstone_proto::{
    credentials::{Credentials, Security, Ssid},
    device::{EdhocToBeSigned, EvidenceToBeSigned},
    evidence::{DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PressKind, SeenNetwork, SeenNetworks},
};
use touchstone_trust::{Ueid, issue::DevelopmentPki};

pub(super) fn pki() -> &'static DevelopmentPki {
    static PKI: OnceLock<DevelopmentPki> = OnceLock::new();
    PKI.get_or_init(|| DevelopmentPki::from_seed([7; 32]))
}

/// What the ports of one device share with the test.
pub(super) struct Body {
    pub(super) pressed: bool,
    pub(super) kind: PressKind,
    pub(super) signals: Vec<Signal>,
    pub(super) stored: Option<Stored>,
    /// What becomes of the present join, and of later ones.
    pub(super) join: JoinStatus,
    /// What becomes of the next join.
    pub(super) next_join: Option<JoinStatus>,
    pub(super) joins: Vec<Credentials>,
    pub(super) networks: Vec<(&'static [u8], Security, i8)>,
    pub(super) joining: bool,
    /// The flash memory is worn out.
    pub(super) worn_out: bool,
    scanned: bool,
    /// The scan is not over yet.
    pub(super) still_scans: bool,
    entropy: u8,
}

pub(super) type Shared = Rc<RefCell<Body>>;

pub(super) struct View(Shared);

pub(super) struct TestPorts {
    key: Key,
    view: View,
}

#[derive(Clone)]
pub(super) struct Key(SigningKey);

pub(super) struct Unit {
    pub(super) ueid: Ueid,
    pub(super) body: Shared,
    identity: Identity,
    key: Key,
    pub(super) device: Device<TestPorts>,
}

pub(super) const JOINED: JoinStatus = JoinStatus::Joined {
    address: std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)),
};

impl Unit {
    pub(super) fn new(number: u32, now: Duration) -> Self {
        let ueid = pki().ueid(number);
        let leaf = pki().leaf(&ueid, 1);
        let body = Rc::new(RefCell::new(Body {
            pressed: false,
            kind: PressKind::Touch,
            signals: Vec::new(),
            stored: None,
            join: JOINED,
            next_join: None,
            joins: Vec::new(),
            networks: vec![(b"Home", Security::Wpa2Psk, -50)],
            joining: false,
            worn_out: false,
            scanned: false,
            still_scans: false,
            entropy: u8::try_from(number).unwrap(),
        }));
        let identity = Identity {
            leaf: leaf.certificate.iter().copied().collect(),
            ueid,
            model_class: 1,
            firmware: FirmwareVersion {
                major: 1,
                minor: 0,
                patch: 0,
            },
            secure_boot: true,
            debug_status: DebugStatus::DisabledPermanently,
            actuators: Actuators {
                sound: true,
                light: false,
                vibration: false,
            },
            max_level: Level::L1,
            boot_count: 1,
            short_boots: 0,
            suites: Suites::WithHybrid,
        };
        let key = Key(leaf.key);
        let device = boot(&identity, &key, &body, now);
        Self {
            ueid,
            body,
            identity,
            key,
            device,
        }
    }

    /// Loses power and gets it back.
    pub(super) fn reboot(&mut self, now: Duration) {
        self.body.borrow_mut().joining = false;
        self.identity.boot_count += 1;
        self.device = boot(&self.identity, &self.key, &self.body, now);
    }

    /// The same device with other abilities, switched on now.
    pub(super) fn change(&mut self, now: Duration, change: impl FnOnce(&mut Identity)) {
        change(&mut self.identity);
        self.reboot(now);
    }

    pub(super) fn is_owned(&self) -> bool {
        let body = self.body.borrow();
        body.stored
            .as_ref()
            .is_some_and(|stored| stored.ownership.is_some())
    }
}

fn boot(identity: &Identity, key: &Key, body: &Shared, now: Duration) -> Device<TestPorts> {
    let ports = TestPorts {
        key: key.clone(),
        view: View(body.clone()),
    };
    Device::new(identity.clone(), ports, now)
}

impl FactoryKey for Key {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        let signature: Signature = self.0.sign(to_be_signed.as_bytes());
        signature.to_bytes().into()
    }
    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        let signature: Signature = self.0.sign(to_be_signed.as_bytes());
        signature.to_bytes().into()
    }
}

impl Ports for TestPorts {
    type FactoryKey = Key;
    type Presence = View;
    type Indicator = View;
    type Wifi = View;
    type Storage = View;
    type Entropy = View;

    fn factory_key(&self) -> &Key {
        &self.key
    }
    fn presence(&mut self) -> &mut View {
        &mut self.view
    }
    fn indicator(&mut self) -> &mut View {
        &mut self.view
    }
    fn wifi(&mut self) -> &mut View {
        &mut self.view
    }
    fn storage(&mut self) -> &mut View {
        &mut self.view
    }
    fn entropy(&mut self) -> &mut View {
        &mut self.view
    }
}

impl Presence for View {
    fn is_pressed(&mut self) -> bool {
        self.0.borrow().pressed
    }
    fn kind(&self) -> PressKind {
        self.0.borrow().kind
    }
}

impl Indicator for View {
    fn signal(&mut self, signal: Signal) {
        self.0.borrow_mut().signals.push(signal);
    }
}

impl Wifi for View {
    fn start_scan(&mut self) {
        self.0.borrow_mut().scanned = true;
    }
    fn scan_results(&mut self) -> Option<SeenNetworks> {
        let mut body = self.0.borrow_mut();
        if body.still_scans {
            return None;
        }
        let seen = |(ssid, security, rssi): &(&[u8], Security, i8)| SeenNetwork {
            ssid: Ssid::new(ssid).unwrap(),
            security: *security,
            rssi: *rssi,
            channel: 6,
        };
        std::mem::take(&mut body.scanned).then(|| body.networks.iter().map(seen).collect())
    }
    fn join(&mut self, credentials: &Credentials) {
        let mut body = self.0.borrow_mut();
        body.joining = true;
        body.join = body.next_join.take().unwrap_or(body.join);
        body.joins.push(credentials.clone());
    }
    fn status(&mut self) -> JoinStatus {
        let body = self.0.borrow();
        if body.joining {
            body.join
        } else {
            JoinStatus::Idle
        }
    }
    fn leave(&mut self) {
        self.0.borrow_mut().joining = false;
    }
}

impl Storage for View {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        Ok(self.0.borrow().stored.clone())
    }
    fn store(&mut self, stored: &Stored) -> Result<(), StorageError> {
        let mut body = self.0.borrow_mut();
        if body.worn_out {
            return Err(StorageError);
        }
        body.stored = Some(stored.clone());
        Ok(())
    }
}

impl Entropy for View {
    fn fill(&mut self, bytes: &mut [u8]) {
        let mut body = self.0.borrow_mut();
        for byte in bytes {
            body.entropy = body.entropy.wrapping_mul(181).wrapping_add(91);
            *byte = body.entropy;
        }
    }
}
