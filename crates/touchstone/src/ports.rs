//! What the host gives the SDK: a radio, a clock, keys and stores.
//!
//! No port ever sees a session key; only [`NetworkStore`] handles Wi-Fi passwords, and it is the host's own.

use std::{fmt, sync::Arc, time::Duration};

use futures::{future::BoxFuture, stream::BoxStream};
use touchstone_proto::{credentials::Network, owner::OwnerPublicKey};

/// Everything the SDK needs from its host.
#[derive(Clone)]
pub struct Ports {
    /// Bluetooth Low Energy.
    pub radio: Arc<dyn Radio>,
    /// Owner keys, one per device.
    pub owner: Arc<dyn OwnerKey>,
    /// The trust bundle.
    pub trust: Arc<dyn TrustSource>,
    /// Saved networks.
    pub networks: Arc<dyn NetworkStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The host's name for a peripheral, stable while it advertises (an address or a handle).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeripheralId(pub String);

/// One advertisement that carried the Touchstone service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Who advertised.
    pub id: PeripheralId,
    /// Signal strength in dBm; `None` when the host only remembers the device.
    pub rssi: Option<i16>,
    /// The 12 bytes of service data (docs/PROTOCOL.md section 2); not yet parsed, never trusted.
    pub service_data: Vec<u8>,
}

/// Whether the host's radio can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RadioState {
    /// Ready to scan.
    On,
    /// Present but switched off.
    Off,
    /// The person has not yet been asked for permission.
    NeedsPermission,
    /// The person has not yet been asked for location, without which Android 11 and older do not scan.
    NeedsLocation,
    /// The person, or a policy, has refused.
    Blocked,
    /// Location is switched off, and the host does not scan without it.
    LocationOff,
    /// The machine has no Bluetooth adapter.
    Missing,
}

/// Why a radio operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RadioError {
    /// The radio cannot be used now.
    #[error("the radio is not usable: {0:?}")]
    Unusable(RadioState),
    /// The device did not answer or the link broke.
    #[error("the link was lost")]
    LinkLost,
    /// The peripheral has no Touchstone service.
    #[error("the peripheral has no Touchstone service")]
    NoService,
    /// Anything else, in the host's words; for reports, never shown or spoken.
    #[error("{0}")]
    Other(String),
}

/// Bluetooth Low Energy, central role.
pub trait Radio: Send + Sync {
    /// Whether the radio can be used now.
    fn state(&self) -> BoxFuture<'_, RadioState>;
    /// Asks the host for permission or for switching Bluetooth on; returns the new state.
    fn request(&self) -> BoxFuture<'_, RadioState> {
        self.state()
    }
    /// Scans until the stream is dropped. Only peripherals with the Touchstone service are reported, filtered again by the implementation.
    fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>>;
    /// Connects, discovers the service and subscribes to the down characteristic. Dropping the future gives the attempt up.
    fn connect(&self, id: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>>;
}

/// An open connection to one peripheral.
pub trait Link: Send {
    /// Largest fragment in bytes, 18..=512: ATT_MTU - 5.
    fn fragment_size(&self) -> usize;
    /// Writes one fragment without response.
    fn send<'a>(&'a mut self, fragment: &'a [u8]) -> BoxFuture<'a, Result<(), RadioError>>;
    /// The next notification. Cancel-safe: a dropped future loses nothing.
    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<u8>, RadioError>>;
    /// Disconnects; the host may take seconds, nobody waits for it.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Why an owner key could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the owner key store failed: {0}")]
pub struct OwnerKeyError(pub String);

/// The host's key store: one P-256 key per device, never exported.
pub trait OwnerKey: Send + Sync {
    /// The public key for this device, created and made durable if there is none.
    fn public(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>>;
    /// ES256 over SHA-256 of `message`, as r || s.
    fn sign(
        &self,
        ueid: [u8; 17],
        message: Vec<u8>,
    ) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>>;
    /// Remembers durably that credentials go to this device, in the set-up of this name; awaited before any is sealed. Taken back (`None`) by a
    /// finished set-up, and by [`OwnerKey::forget`]. A key so marked must not be cleaned up by the host: the device may answer to no other.
    fn mark_sent(
        &self,
        ueid: [u8; 17],
        set_up: Option<[u8; 16]>,
    ) -> BoxFuture<'_, Result<(), OwnerKeyError>>;
    /// What [`OwnerKey::mark_sent`] remembers, also after the app was killed.
    fn sent(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>>;
    /// Deletes the key. Called only after an authenticated RELEASED or DENIED(owned), or an authenticated "unowned and unclaimed".
    fn forget(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<(), OwnerKeyError>>;
}

/// Where the signed trust bundle comes from.
pub trait TrustSource: Send + Sync {
    /// The newest bundle at hand.
    fn bundle(
        &self,
    ) -> BoxFuture<'_, Result<Arc<touchstone_trust::Bundle>, touchstone_trust::BundleError>>;
}

/// Networks the person has saved, so that nothing is typed twice.
pub trait NetworkStore: Send + Sync {
    /// Saved networks, most recently used first.
    fn saved(&self) -> BoxFuture<'_, Vec<Network>>;
    /// Remembers a network that worked.
    fn save(&self, network: Network) -> BoxFuture<'_, ()>;
}

/// Time since an arbitrary origin, and waiting.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Duration;
    /// Resolves at `deadline`.
    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()>;
}

/// Randomness for ephemeral keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);
}

impl fmt::Display for PeripheralId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
