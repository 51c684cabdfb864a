//! Reaching the Bluetooth controller.

use anyhow::Context;

use super::{Arguments, serve};

/// Serves over the transport that was asked for.
#[cfg(unix)]
pub(super) async fn open(arguments: &Arguments) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(number) = arguments.transport.hci {
        let socket = bt_hci_linux::Socket::new(number).with_context(|| {
            format!(
                "hci{number} cannot be taken over; it must be down, and this needs CAP_NET_ADMIN"
            )
        })?;
        let (reader, writer) = tokio::io::split(socket);
        // The kernel gives one packet for each read, and drops what does not fit.
        let reader = tokio::io::BufReader::with_capacity(4096, reader);
        return serve(
            touchstone_peripheral::hci::controller(reader, writer, arguments.mtu),
            arguments,
        )
        .await;
    }
    let path = arguments
        .transport
        .hci_socket
        .as_ref()
        .context("no transport")?;
    let stream = tokio::net::UnixStream::connect(path)
        .await
        .with_context(|| format!("no controller at {}", path.display()))?;
    let (reader, writer) = stream.into_split();
    serve(
        touchstone_peripheral::hci::controller(reader, writer, arguments.mtu),
        arguments,
    )
    .await
}

/// There is no way to a controller here.
#[cfg(not(unix))]
pub(super) async fn open(_: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("a device can be simulated on Linux and macOS only")
}
