//! A simulated phone: what of it survives when the app is killed, and the ports it gives to the SDK.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, ready},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone::ports::{NetworkStore, OwnerKey, OwnerKeyError, Ports, TrustSource};
use touchstone_proto::{credentials::Network, owner::OwnerPublicKey};
use touchstone_trust::{Bundle, BundleError};

use crate::{
    air::PhoneId,
    clock::{SimClock, SimEntropy},
    radio::SimRadio,
    world::World,
};

/// A phone: its radio, its key store and its saved networks. It outlives every app that runs on it.
#[derive(Clone)]
pub struct Phone {
    /// The phone's Bluetooth.
    pub radio: Arc<SimRadio>,
    /// The phone's key store.
    pub keys: Arc<SimOwnerKeys>,
    /// The phone's saved networks.
    pub networks: Arc<SimNetworkStore>,
    trust: Arc<SimTrust>,
    world: World,
    id: PhoneId,
    apps: Arc<Mutex<u32>>,
}

impl Phone {
    /// A phone that trusts this bundle, with an empty key store and no saved networks.
    #[must_use]
    pub fn new(world: &World, id: PhoneId, bundle: Arc<Bundle>) -> Self {
        Self {
            radio: Arc::new(SimRadio::new(world, id)),
            keys: Arc::new(SimOwnerKeys::new(world, id)),
            networks: Arc::new(SimNetworkStore::default()),
            trust: Arc::new(SimTrust(bundle)),
            world: world.clone(),
            id,
            apps: Arc::default(),
        }
    }

    /// Another phone in the same world that trusts the same bundle.
    #[must_use]
    pub fn another(&self, id: PhoneId) -> Self {
        Self::new(&self.world, id, self.trust.0.clone())
    }

    /// The ports for one start of an app. Each start draws its own random numbers; keys and networks are the phone's.
    #[must_use]
    pub fn ports(&self) -> Ports {
        let start = {
            let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
            *apps += 1;
            *apps
        };
        Ports {
            radio: self.radio.clone(),
            owner: self.keys.clone(),
            trust: self.trust.clone(),
            networks: self.networks.clone(),
            clock: Arc::new(SimClock::new(&self.world)),
            entropy: Arc::new(SimEntropy::new(
                &self.world,
                &format!("phone {} app {start}", self.id.0),
            )),
        }
    }
}

/// A bundle that never changes.
struct SimTrust(Arc<Bundle>);

impl TrustSource for SimTrust {
    fn bundle(&self) -> BoxFuture<'_, Result<Arc<Bundle>, BundleError>> {
        ready(Ok(self.0.clone())).boxed()
    }
}

/// One P-256 key per device, in memory; a killed app finds them again.
pub struct SimOwnerKeys {
    rng: Mutex<fastrand::Rng>,
    keys: Mutex<BTreeMap<[u8; 17], Held>>,
}

/// A key and what is remembered with it.
struct Held {
    key: SigningKey,
    sent: Option<[u8; 16]>,
}

impl SimOwnerKeys {
    fn new(world: &World, id: PhoneId) -> Self {
        Self {
            rng: Mutex::new(fastrand::Rng::with_seed(
                world.derive(&format!("owner keys {}", id.0)),
            )),
            keys: Mutex::default(),
        }
    }

    /// The devices for which there is a key.
    #[must_use]
    pub fn devices(&self) -> Vec<[u8; 17]> {
        self.lock().keys().copied().collect()
    }

    /// Whether credentials may have gone to this device in a set-up that is not finished.
    #[must_use]
    pub fn was_sent(&self, ueid: [u8; 17]) -> bool {
        self.lock()
            .get(&ueid)
            .is_some_and(|held| held.sent.is_some())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 17], Held>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn generate(&self) -> SigningKey {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut secret = [0; 32];
            rng.fill(&mut secret);
            if let Ok(key) = SigningKey::from_slice(&secret) {
                return key;
            }
        }
    }

    fn held<T>(
        &self,
        ueid: [u8; 17],
        body: impl FnOnce(&mut Held) -> T,
    ) -> Result<T, OwnerKeyError> {
        let mut keys = self.lock();
        let held = keys
            .get_mut(&ueid)
            .ok_or_else(|| OwnerKeyError("no key for this device".into()))?;
        Ok(body(held))
    }
}

impl OwnerKey for SimOwnerKeys {
    fn public(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>> {
        let public = {
            let mut keys = self.lock();
            let held = keys.entry(ueid).or_insert_with(|| Held {
                key: self.generate(),
                sent: None,
            });
            let point = held.key.verifying_key().to_sec1_point(false);
            OwnerPublicKey::from_sec1(point.as_bytes())
                .map_err(|error| OwnerKeyError(error.to_string()))
        };
        ready(public).boxed()
    }

    fn sign(
        &self,
        ueid: [u8; 17],
        message: Vec<u8>,
    ) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>> {
        let signed = self.held(ueid, |held| {
            let signature: Signature = held.key.sign(&message);
            <[u8; 64]>::from(signature.to_bytes())
        });
        ready(signed).boxed()
    }

    fn mark_sent(
        &self,
        ueid: [u8; 17],
        set_up: Option<[u8; 16]>,
    ) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        ready(self.held(ueid, |held| held.sent = set_up)).boxed()
    }

    fn sent(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>> {
        ready(self.held(ueid, |held| held.sent)).boxed()
    }

    fn forget(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        self.lock().remove(&ueid);
        ready(Ok(())).boxed()
    }
}

/// Saved networks, in memory.
#[derive(Default)]
pub struct SimNetworkStore(Mutex<Vec<Network>>);

impl SimNetworkStore {
    /// Saves a network before anything runs.
    pub fn insert(&self, network: Network) {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        saved.retain(|known| known.ssid() != network.ssid());
        saved.insert(0, network);
    }
}

impl NetworkStore for SimNetworkStore {
    fn saved(&self) -> BoxFuture<'_, Vec<Network>> {
        let saved = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        ready(saved).boxed()
    }

    fn save(&self, network: Network) -> BoxFuture<'_, ()> {
        self.insert(network);
        ready(()).boxed()
    }
}
