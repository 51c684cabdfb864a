//! The device role with every call a firmware makes, over ports that do nothing. What it weighs more than a program that does nothing is what
//! the device role adds to a firmware.
#![no_std]

use core::{hint::black_box, time::Duration};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::{
    Device, Identity, LinkId, Suites,
    ports::{
        Entropy, FactoryKey, Indicator, JoinStatus, Ports, Presence, Signal, Storage, StorageError,
        Stored, Wifi,
    },
};
use touchstone_proto::{
    credentials::Credentials,
    device::{EdhocToBeSigned, EvidenceToBeSigned},
    evidence::{DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PressKind, SeenNetworks},
};

/// A factory key in a secure element: somebody else's code signs.
pub struct SecureElement;

impl FactoryKey for SecureElement {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        black_box(to_be_signed.as_bytes());
        black_box([1; 64])
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        black_box(to_be_signed.as_bytes());
        black_box([1; 64])
    }
}

/// A factory key in flash: the firmware signs.
pub struct SoftwareKey(SigningKey);

impl SoftwareKey {
    /// Some key.
    #[must_use]
    pub fn any() -> Self {
        loop {
            if let Ok(key) = SigningKey::from_slice(&black_box([1; 32])) {
                return Self(key);
            }
        }
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().into()
    }
}

impl FactoryKey for SoftwareKey {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        self.sign(to_be_signed.as_bytes())
    }
}

struct Stub<K> {
    key: K,
    rest: Rest,
}

struct Rest;

impl<K: FactoryKey> Ports for Stub<K> {
    type FactoryKey = K;
    type Presence = Rest;
    type Indicator = Rest;
    type Wifi = Rest;
    type Storage = Rest;
    type Entropy = Rest;

    fn factory_key(&self) -> &K {
        &self.key
    }
    fn presence(&mut self) -> &mut Rest {
        &mut self.rest
    }
    fn indicator(&mut self) -> &mut Rest {
        &mut self.rest
    }
    fn wifi(&mut self) -> &mut Rest {
        &mut self.rest
    }
    fn storage(&mut self) -> &mut Rest {
        &mut self.rest
    }
    fn entropy(&mut self) -> &mut Rest {
        &mut self.rest
    }
}

impl Presence for Rest {
    fn is_pressed(&mut self) -> bool {
        black_box(false)
    }

    fn kind(&self) -> PressKind {
        PressKind::Touch
    }
}

impl Indicator for Rest {
    fn signal(&mut self, signal: Signal) {
        black_box(signal);
    }
}

impl Wifi for Rest {
    fn start_scan(&mut self) {}

    fn scan_results(&mut self) -> Option<SeenNetworks> {
        black_box(None)
    }

    fn join(&mut self, credentials: &Credentials) {
        black_box(credentials);
    }

    fn status(&mut self) -> JoinStatus {
        black_box(JoinStatus::Idle)
    }

    fn leave(&mut self) {}
}

impl Storage for Rest {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        black_box(Ok(None))
    }

    fn store(&mut self, stored: &Stored) -> Result<(), StorageError> {
        black_box(stored);
        black_box(Ok(()))
    }
}

impl Entropy for Rest {
    fn fill(&mut self, bytes: &mut [u8]) {
        black_box(bytes);
    }
}

/// A firmware's main loop, without an end.
pub fn firmware(key: impl FactoryKey) -> ! {
    let identity = Identity {
        leaf: black_box([0; 400]).iter().copied().collect(),
        ueid: [1; 17],
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
            light: true,
            vibration: false,
        },
        max_level: Level::L1,
        boot_count: 1,
        short_boots: 0,
        #[cfg(not(feature = "ml-kem"))]
        suites: Suites::Classical,
        #[cfg(feature = "ml-kem")]
        suites: Suites::WithHybrid,
    };
    let now = || black_box(Duration::from_secs(1));
    let mut device = Device::new(identity, Stub { key, rest: Rest }, now());
    let mut fragment = [0; 512];
    loop {
        let link = black_box(LinkId(0));
        black_box(device.connected(now(), link, black_box(242)));
        device.received(now(), link, black_box(&fragment));
        device.poll(now());
        black_box(device.poll_timeout());
        black_box(device.poll_transmit(link, &mut fragment));
        black_box(device.advertisement(now()).map(|advert| advert.encode()));
        if let Some(link) = black_box(device.poll_disconnect()) {
            device.disconnected(now(), link);
        }
    }
}

/// What a program without an operating system has to bring along; `$main` is never left.
#[macro_export]
macro_rules! program {
    ($main:expr) => {
        #[cfg(not(target_os = "none"))]
        fn main() {
            $main
        }

        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "C" fn _start() -> ! {
            $main
        }

        #[cfg(target_os = "none")]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {}
        }
    };
}
