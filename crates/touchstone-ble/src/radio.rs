//! The adapter: its state, scanning, connecting.

use std::{sync::Arc, time::Duration};

use btleplug::{
    api::{Central, CentralState, Manager as _, Peripheral as _},
    platform::{Adapter, Manager},
};
use futures::{
    future::{BoxFuture, FutureExt},
    stream::BoxStream,
};
use tokio::{runtime::Handle, sync::Mutex, time::timeout};
use touchstone::ports::{Link, PeripheralId, Radio, RadioError, RadioState, Sighting};

use crate::{
    error::radio_error,
    link::{BleLink, Connected},
    opened::Opened,
    runtime::within,
    scan::{self, Scans},
};

/// How long a connection may take until it is ready for fragments, unless [`BleRadio::connect_deadline`] says otherwise.
const CONNECT: Duration = Duration::from_secs(20);

/// Only Linux machines have adapters that come, go and are chosen between; elsewhere asking again would forget what was found.
const ADAPTERS_CHANGE: bool = cfg!(target_os = "linux");

/// The host's Bluetooth adapter in the central role.
///
/// Its futures may be polled anywhere; the work happens in the runtime it was made with.
pub struct BleRadio {
    runtime: Handle,
    adapter_name: Option<String>,
    connect_deadline: Duration,
    opened: Mutex<Option<Arc<Opened>>>,
    scans: Scans,
}

impl BleRadio {
    /// A radio on the first usable adapter. `runtime` must have its time driver enabled and live as long as the radio and its links.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            adapter_name: None,
            connect_deadline: CONNECT,
            opened: Mutex::new(None),
            scans: Scans::default(),
        }
    }

    /// Uses only the adapter whose description starts with `name`, such as `hci1`.
    #[must_use]
    pub fn on_adapter(mut self, name: impl Into<String>) -> Self {
        self.adapter_name = Some(name.into());
        self
    }

    /// How long connecting, discovering and subscribing may take together (default: 20 s).
    #[must_use]
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    async fn opened(&self) -> Result<Arc<Opened>, RadioError> {
        #[cfg(target_os = "android")]
        if !crate::android::is_initialised() {
            return Err(RadioError::Other("android::init was not called".to_owned()));
        }
        let mut kept = self.opened.lock().await;
        if let Some(opened) = kept.as_ref()
            && opened.events().is_some()
            && (!ADAPTERS_CHANGE || state_of(&opened.adapter).await == RadioState::On)
        {
            return Ok(opened.clone());
        }
        let manager = match kept.take() {
            Some(opened) if opened.events().is_some() => opened.manager.clone(),
            _ => Manager::new().await.map_err(radio_error)?,
        };
        let adapter = self.choose(&manager).await?;
        let opened = Opened::new(manager, adapter, &self.runtime).await?;
        *kept = Some(opened.clone());
        Ok(opened)
    }

    async fn choose(&self, manager: &Manager) -> Result<Adapter, RadioError> {
        let mut second_best = None;
        for adapter in manager.adapters().await.map_err(radio_error)? {
            if let Some(name) = &self.adapter_name {
                let info = adapter.adapter_info().await.map_err(radio_error)?;
                if !info.starts_with(name.as_str()) {
                    continue;
                }
            }
            if state_of(&adapter).await == RadioState::On {
                return Ok(adapter);
            }
            second_best.get_or_insert(adapter);
        }
        second_best.ok_or(RadioError::Unusable(RadioState::Missing))
    }

    /// The adapter, if it can be used now.
    async fn usable(&self) -> Result<Arc<Opened>, RadioError> {
        let opened = self.opened().await?;
        match state_of(&opened.adapter).await {
            RadioState::On => Ok(opened),
            state => Err(RadioError::Unusable(state)),
        }
    }

    async fn open(&self, id: &PeripheralId) -> Result<BleLink, RadioError> {
        let opened = self.usable().await?;
        let peripheral = opened
            .adapter
            .peripherals()
            .await
            .map_err(radio_error)?
            .into_iter()
            .find(|peripheral| peripheral.id().to_string() == id.0)
            .ok_or(RadioError::LinkLost)?;
        let opening = async {
            let pause = self.scans.pause(&opened, &self.runtime).await;
            let connected = Connected::new(peripheral, &self.runtime).await?;
            drop(pause);
            BleLink::open(connected, opened).await
        };
        timeout(self.connect_deadline, opening)
            .await
            .unwrap_or(Err(RadioError::LinkLost))
    }
}

impl Radio for BleRadio {
    fn state(&self) -> BoxFuture<'_, RadioState> {
        within(&self.runtime, async {
            #[cfg(target_vendor = "apple")]
            if let Some(state) = crate::apple::obstacle() {
                return state;
            }
            match self.opened().await {
                Ok(opened) => state_of(&opened.adapter).await,
                Err(RadioError::Unusable(state)) => state,
                Err(_) => RadioState::Missing,
            }
        })
    }

    #[cfg(target_vendor = "apple")]
    fn request(&self) -> BoxFuture<'_, RadioState> {
        within(&self.runtime, async {
            // The first use opens the system's dialog. Nothing says when it is closed, and there is no hurry.
            drop(self.opened().await);
            while crate::apple::obstacle() == Some(RadioState::NeedsPermission) {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            self.state().await
        })
    }

    fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>> {
        within(&self.runtime, async {
            scan::scan(self.usable().await?, &self.scans, &self.runtime).await
        })
    }

    fn connect(&self, id: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>> {
        let id = id.clone();
        within(&self.runtime, async move { self.open(&id).await })
            .map(|opened| opened.map(|link| Box::new(link) as Box<dyn Link>))
            .boxed()
    }
}

async fn state_of(adapter: &Adapter) -> RadioState {
    match adapter.adapter_state().await {
        Ok(state) => meaning(state),
        Err(error) => match radio_error(error) {
            RadioError::Unusable(state) => state,
            _ => RadioState::Missing,
        },
    }
}

fn meaning(state: CentralState) -> RadioState {
    match state {
        CentralState::PoweredOn => RadioState::On,
        CentralState::PoweredOff => RadioState::Off,
        // Android does not say; its application checks before it comes here.
        CentralState::Unknown if cfg!(target_os = "android") => RadioState::On,
        // Apple: allowed, and yet not there.
        CentralState::Unknown if cfg!(target_vendor = "apple") => RadioState::Missing,
        CentralState::Unknown => RadioState::Off,
    }
}
