//! An adapter in use, and its events.

use std::sync::Arc;

use btleplug::{
    api::{Central, CentralEvent},
    platform::{Adapter, Manager},
};
use futures::StreamExt;
use tokio::{
    runtime::Handle,
    sync::broadcast::{self, WeakSender},
    task::AbortHandle,
};
use touchstone::ports::RadioError;

use crate::error::radio_error;

/// Events kept for a slow listener. btleplug's own queue holds 16 on most platforms and drops the rest silently, so it is emptied at once.
const QUEUE: usize = 256;

/// An adapter, kept as long as anybody uses it: on most platforms it holds the peripherals that were found.
pub(crate) struct Opened {
    pub(crate) manager: Manager,
    pub(crate) adapter: Adapter,
    events: WeakSender<CentralEvent>,
    pump: AbortHandle,
}

impl Opened {
    /// Starts to listen to `adapter`, once for all users: closing an event stream while events arrive makes bluez-async panic in the background.
    pub(crate) async fn new(
        manager: Manager,
        adapter: Adapter,
        runtime: &Handle,
    ) -> Result<Arc<Self>, RadioError> {
        let mut source = adapter.events().await.map_err(radio_error)?;
        let (sender, _) = broadcast::channel(QUEUE);
        let events = sender.downgrade();
        let pump = runtime.spawn(async move {
            while let Some(event) = source.next().await {
                // Fails when nobody listens.
                let _ = sender.send(event);
            }
        });
        Ok(Arc::new(Self {
            manager,
            adapter,
            events,
            pump: pump.abort_handle(),
        }))
    }

    /// Events from now on; `None` when the host's Bluetooth service has gone.
    pub(crate) fn events(&self) -> Option<Events> {
        Some(Events(self.events.upgrade()?.subscribe()))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// One listener's events.
pub(crate) struct Events(broadcast::Receiver<CentralEvent>);

impl Events {
    /// The next event; `None` when there will be no more. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<CentralEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                // What was missed is found by looking: every listener does, every so often.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
