//! The radio where there is no system bus to reach.
#![cfg(target_os = "linux")]

use std::process::Command;

use touchstone::ports::{Radio, RadioError, RadioState};
use touchstone_ble::BleRadio;

const CHILD: &str = "TOUCHSTONE_TEST_CHILD";

/// Runs itself again in a process whose system bus is nowhere: libdbus reads the address from the environment.
#[test]
fn without_a_system_bus_there_is_no_adapter() {
    if std::env::var_os(CHILD).is_some() {
        return in_the_child();
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .arg("without_a_system_bus_there_is_no_adapter")
        .env(CHILD, "1")
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
        .status()
        .unwrap();
    assert!(status.success());
}

fn in_the_child() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    // Polled outside of the runtime, as the SDK does.
    let radio = BleRadio::new(runtime.handle().clone());
    assert_eq!(
        futures::executor::block_on(radio.state()),
        RadioState::Missing
    );
    assert_eq!(
        futures::executor::block_on(radio.scan()).err(),
        Some(RadioError::Unusable(RadioState::Missing))
    );
}
