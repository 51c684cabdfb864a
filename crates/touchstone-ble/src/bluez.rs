//! Connecting on Linux.

use std::time::Duration;

use btleplug::{Error, api::Peripheral as _, platform::Peripheral};
use dbus::nonblock::{Proxy, SyncConnection, stdintf::org_freedesktop_dbus::Properties};
use dbus_tokio::connection;
use tokio::{task::JoinHandle, time::sleep};

/// How long BlueZ may take for one answer.
const ANSWER: Duration = Duration::from_secs(30);

/// How often BlueZ is asked whether it knows the device's services.
const ASK: Duration = Duration::from_millis(20);

const DEVICE: &str = "org.bluez.Device1";

/// What btleplug's own `connect` does, asking instead of listening: the event stream that it opens and closes meanwhile makes bluez-async panic in
/// the background about once in ten connections.
pub(crate) async fn connect(peripheral: &Peripheral) -> Result<(), Error> {
    let (resource, bus) = connection::new_system_sync().map_err(other)?;
    let _pump = Pump(tokio::spawn(async move {
        // Ends with an error when the bus goes away; the calls then fail too.
        drop(resource.await);
    }));
    let path = format!("/org/bluez/{}", peripheral.id());
    let device: Proxy<'_, &SyncConnection> = Proxy::new("org.bluez", path, ANSWER, &bus);
    let () = device
        .method_call(DEVICE, "Connect", ())
        .await
        .map_err(other)?;
    loop {
        if device
            .get(DEVICE, "ServicesResolved")
            .await
            .map_err(other)?
        {
            return Ok(());
        }
        let connected: bool = device.get(DEVICE, "Connected").await.map_err(other)?;
        if !connected {
            return Err(Error::NotConnected);
        }
        sleep(ASK).await;
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

/// The task behind a bus connection; ends with its user.
struct Pump(JoinHandle<()>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}
