//! Ports of a device that do what a handshake needs and nothing more; they never touch the heap.

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::ports::{
    Entropy, FactoryKey, Indicator, JoinStatus, Ports, Presence, Signal, Storage, StorageError,
    Stored, Wifi,
};
use touchstone_proto::{
    credentials::Credentials,
    device::{EdhocToBeSigned, EvidenceToBeSigned},
    record::{PressKind, SeenNetworks},
};

/// A factory key in software.
#[derive(Clone)]
pub(crate) struct SoftwareKey(pub(crate) SigningKey);

impl SoftwareKey {
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

/// Everything else: nobody touches it, nothing is stored, there is no Wi-Fi; the same seed gives the same random numbers.
#[derive(Clone)]
pub(crate) struct Body(Random);

/// Numbers that follow from a seed: splitmix64.
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// All ports of one device.
#[derive(Clone)]
pub(crate) struct BenchPorts {
    key: SoftwareKey,
    body: Body,
}

impl BenchPorts {
    pub(crate) fn new(key: SigningKey, seed: u64) -> Self {
        Self {
            key: SoftwareKey(key),
            body: Body(Random(seed)),
        }
    }
}

impl Ports for BenchPorts {
    type FactoryKey = SoftwareKey;
    type Presence = Body;
    type Indicator = Body;
    type Wifi = Body;
    type Storage = Body;
    type Entropy = Body;

    fn factory_key(&self) -> &SoftwareKey {
        &self.key
    }
    fn presence(&mut self) -> &mut Body {
        &mut self.body
    }
    fn indicator(&mut self) -> &mut Body {
        &mut self.body
    }
    fn wifi(&mut self) -> &mut Body {
        &mut self.body
    }
    fn storage(&mut self) -> &mut Body {
        &mut self.body
    }
    fn entropy(&mut self) -> &mut Body {
        &mut self.body
    }
}

impl Presence for Body {
    fn is_pressed(&mut self) -> bool {
        false
    }

    fn kind(&self) -> PressKind {
        PressKind::Touch
    }
}

impl Indicator for Body {
    fn signal(&mut self, _signal: Signal) {}
}

impl Wifi for Body {
    fn start_scan(&mut self) {}

    fn scan_results(&mut self) -> Option<SeenNetworks> {
        None
    }

    fn join(&mut self, _credentials: &Credentials) {}

    fn status(&mut self) -> JoinStatus {
        JoinStatus::Idle
    }

    fn leave(&mut self) {}
}

impl Storage for Body {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        Ok(None)
    }

    fn store(&mut self, _stored: &Stored) -> Result<(), StorageError> {
        Ok(())
    }
}

impl Entropy for Body {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}
