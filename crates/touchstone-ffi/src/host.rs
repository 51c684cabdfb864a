//! What an application keeps for the SDK: owner keys and networks. Sync traits here, async ports of the SDK.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use p256::ecdsa::Signature;
use touchstone::{
    CredentialError, Network, OwnerPublicKey,
    ports::{self, OwnerKeyError},
};
use touchstone_proto::credentials::{Passphrase, Secret, Ssid};
use zeroize::Zeroizing;

use crate::HostError;

pub use touchstone_proto::credentials::Security;

/// The application's key store: one P-256 key for each device, never exported. Called on a background thread; may block.
///
/// A device is named by its ueid, 17 bytes.
#[uniffi::export(foreign)]
pub trait OwnerKey: Send + Sync {
    /// The public key for this device as an uncompressed SEC1 point: 4, x, y, together 65 bytes. Created and made durable if there is none.
    fn public_key(&self, ueid: Vec<u8>) -> Result<Vec<u8>, HostError>;
    /// A signature with this device's key: ECDSA on P-256 over the SHA-256 of the payload, in the DER form that key stores give.
    fn sign(&self, ueid: Vec<u8>, payload: Vec<u8>) -> Result<Vec<u8>, HostError>;
    /// Remembers durably that credentials go to this device in the set-up of this name, 16 bytes; nothing, that this is over. A key so marked must not be
    /// cleaned up by the application: the device may answer to no other.
    fn mark_sent(&self, ueid: Vec<u8>, set_up: Option<Vec<u8>>) -> Result<(), HostError>;
    /// The set-up that was marked last and is not over, also after the app was killed: the person is then asked whether to finish it.
    fn sent(&self, ueid: Vec<u8>) -> Result<Option<Vec<u8>>, HostError>;
    /// Deletes the key for this device.
    fn forget(&self, ueid: Vec<u8>) -> Result<(), HostError>;
}

/// The application's saved networks, so that nothing is typed twice. Called on a background thread; may block.
#[uniffi::export(foreign)]
pub trait NetworkStore: Send + Sync {
    /// Saved networks, most recently used first. What is thrown here means none.
    fn saved(&self) -> Result<Vec<SavedNetwork>, HostError>;
    /// Remembers a network that worked. What is thrown here is ignored.
    fn save(&self, network: SavedNetwork) -> Result<(), HostError>;
}

/// How a network protects itself.
#[uniffi::remote(Enum)]
pub enum Security {
    /// Not at all.
    Open,
    /// Opportunistic encryption without a password.
    Owe,
    /// WPA2 personal.
    Wpa2Psk,
    /// WPA3 personal.
    Wpa3Sae,
    /// WPA2 and WPA3 personal side by side.
    Wpa2Wpa3,
    /// WPA enterprise.
    Enterprise,
}

/// A network and what it takes to join it. Keep it encrypted.
#[derive(Clone, uniffi::Record)]
pub struct SavedNetwork {
    /// The name as octets, not necessarily text.
    pub ssid: Vec<u8>,
    /// How it protects itself.
    pub security: Security,
    /// The password, for a network that has one.
    pub passphrase: Option<Vec<u8>>,
    /// It does not announce its name.
    pub hidden: bool,
}

impl SavedNetwork {
    /// What is kept of a network; nothing of an enterprise network, whose certificate and identity belong to the administrator.
    fn of(network: &Network) -> Option<Self> {
        let passphrase = match network.secret() {
            Secret::None => None,
            Secret::Passphrase(passphrase) => Some(passphrase.expose().to_vec()),
            Secret::Enterprise(_) => return None,
        };
        Some(Self {
            ssid: network.ssid().as_bytes().to_vec(),
            security: network.security(),
            passphrase,
            hidden: network.hidden(),
        })
    }

    fn network(self) -> Result<Network, CredentialError> {
        let secret = match self.passphrase.map(Zeroizing::new) {
            Some(passphrase) => Secret::Passphrase(Passphrase::new(&passphrase)?),
            None => Secret::None,
        };
        Ok(Network::new(Ssid::new(&self.ssid)?, self.security, secret)?.with_hidden(self.hidden))
    }
}

/// An application's key store as the SDK's port.
pub(crate) struct OwnerKeyOf(pub(crate) Arc<dyn OwnerKey>);

impl OwnerKeyOf {
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn OwnerKey) -> Result<T, HostError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, OwnerKeyError>> {
        let store = self.0.clone();
        elsewhere(move || question(store.as_ref()))
            .map(|answer| answer.map_err(|error| OwnerKeyError(error.to_string())))
            .boxed()
    }
}

impl ports::OwnerKey for OwnerKeyOf {
    fn public(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>> {
        let answer = self.ask(move |store| store.public_key(ueid.to_vec()));
        async move {
            OwnerPublicKey::from_sec1(&answer.await?)
                .map_err(|error| OwnerKeyError(error.to_string()))
        }
        .boxed()
    }

    fn sign(
        &self,
        ueid: [u8; 17],
        message: Vec<u8>,
    ) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>> {
        let answer = self.ask(move |store| store.sign(ueid.to_vec(), message));
        async move {
            let signature = Signature::from_der(&answer.await?)
                .map_err(|_| OwnerKeyError("not a signature in DER".to_owned()))?;
            Ok(signature.to_bytes().into())
        }
        .boxed()
    }

    fn mark_sent(
        &self,
        ueid: [u8; 17],
        set_up: Option<[u8; 16]>,
    ) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        let set_up = set_up.map(|name| name.to_vec());
        self.ask(move |store| store.mark_sent(ueid.to_vec(), set_up))
    }

    fn sent(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>> {
        let answer = self.ask(move |store| store.sent(ueid.to_vec()));
        // What is not 16 bytes names no set-up that could be finished; the device is then let go and touched again.
        async move { Ok(answer.await?.and_then(|name| name.try_into().ok())) }.boxed()
    }

    fn forget(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        self.ask(move |store| store.forget(ueid.to_vec()))
    }
}

/// An application's networks as the SDK's port.
pub(crate) struct NetworkStoreOf(pub(crate) Arc<dyn NetworkStore>);

impl ports::NetworkStore for NetworkStoreOf {
    fn saved(&self) -> BoxFuture<'_, Vec<Network>> {
        let store = self.0.clone();
        async move {
            let saved = elsewhere(move || store.saved()).await.unwrap_or_default();
            // One entry that is not a network does not take the others away.
            saved
                .into_iter()
                .filter_map(|saved| saved.network().ok())
                .collect()
        }
        .boxed()
    }

    fn save(&self, network: Network) -> BoxFuture<'_, ()> {
        let store = self.0.clone();
        async move {
            if let Some(network) = SavedNetwork::of(&network) {
                drop(elsewhere(move || store.save(network)).await);
            }
        }
        .boxed()
    }
}

/// Runs what may block where blocking is allowed.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HostError> + Send + 'static,
) -> Result<T, HostError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|stopped| {
        Err(HostError::Failed {
            reason: stopped.to_string(),
        })
    })
}

#[cfg(test)]
mod tests;
