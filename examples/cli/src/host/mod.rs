//! The desktop's side of the SDK: radio, clock, owner keys in files, development trust.

mod owner_keys;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use futures::{
    FutureExt,
    future::{BoxFuture, ready},
};
use touchstone::{
    Network, Ports,
    native::{SystemClock, SystemEntropy},
    ports::{NetworkStore, TrustSource},
    trust::{Bundle, BundleError, DevelopmentPolicy},
};
use touchstone_ble::BleRadio;

use self::owner_keys::OwnerKeyFiles;

pub(crate) fn ports(
    runtime: tokio::runtime::Handle,
    owner_dir: Option<PathBuf>,
    adapter: Option<&str>,
) -> anyhow::Result<Ports> {
    let directory = owner_dir
        .or_else(default_directory)
        .context("no home directory; name one with --owner-dir")?;
    let mut radio = BleRadio::new(runtime);
    if let Some(adapter) = adapter {
        radio = radio.on_adapter(adapter);
    }
    Ok(Ports {
        radio: Arc::new(radio),
        owner: Arc::new(OwnerKeyFiles::open(&directory)?),
        trust: Arc::new(DevelopmentTrust),
        networks: Arc::new(SessionNetworks::default()),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
    })
}

fn default_directory() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    state
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))
        .map(|state| state.join("touchstone"))
}

/// The development bundle: this program is an example, and no vendor has signed one for it.
struct DevelopmentTrust;

impl TrustSource for DevelopmentTrust {
    fn bundle(&self) -> BoxFuture<'_, Result<Arc<Bundle>, BundleError>> {
        let bundle = touchstone_sim::factory().bundle(DevelopmentPolicy::Announce);
        ready(Ok(Arc::new(bundle))).boxed()
    }
}

/// Networks that worked, as long as the program runs; passwords are not written to disk.
#[derive(Default)]
struct SessionNetworks(Mutex<Vec<Network>>);

impl NetworkStore for SessionNetworks {
    fn saved(&self) -> BoxFuture<'_, Vec<Network>> {
        ready(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
        .boxed()
    }

    fn save(&self, network: Network) -> BoxFuture<'_, ()> {
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        networks.retain(|known| known.ssid() != network.ssid());
        networks.insert(0, network);
        ready(()).boxed()
    }
}
