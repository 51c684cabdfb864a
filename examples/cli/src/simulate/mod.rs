//! `touchstone simulate`: the real device role behind a real Bluetooth controller, with a simulated button and simulated Wi-Fi.

mod body;
mod events;
mod hci;
mod role;
mod storage;
mod wifi;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use touchstone_device::{Device, Identity, Suites};
use touchstone_peripheral::{Address, BleHostError, Controller, Poke, hci::HciError, now};
use touchstone_proto::{
    evidence::{DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PressKind},
};
use touchstone_sim::HOME_PASSWORD;
use touchstone_trust::issue::MODELS;

use self::{
    body::{Body, Button, FactoryKeyFile},
    events::Events,
    role::Simulated,
    storage::StorageFile,
    wifi::{AccessPoint, SimulatedWifi},
};

/// What the virtual controller of a test needs at most; a real one has its own limit.
const DEFAULT_MTU: u16 = 517;

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  sudo touchstone simulate --hci 1\n  touchstone simulate --hci-socket /tmp/controller.sock --touch-after 1 --wifi Home:correct-horse --json\n\nPress Enter to touch the device; type `hold 11` to press it for 11 seconds (a reset). The adapter given to --hci must be down (`bluetoothctl power off` or `hciconfig hci1 down`) and belongs to the simulated device until it ends."
)]
#[group(skip)]
pub(crate) struct Arguments {
    #[command(flatten)]
    transport: Transport,
    /// Be able to give signals that a person counts (level L2).
    #[arg(long)]
    count: bool,
    /// What to call the device in this program's own output.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Serial number: identity and address follow from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Model class, 1 to 3.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=3))]
    model: u16,
    /// Keep what a device keeps over a power cut here; without it every start is a device from the box.
    #[arg(long, value_name = "FILE")]
    storage: Option<PathBuf>,
    /// How the device senses a person. One that is switched off and on needs --storage: end the program and start it again.
    #[arg(long, value_name = "KIND", default_value = "touch", value_parser = presence)]
    presence: PressKind,
    /// Somebody touches the device this long after each time it is armed.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    touch_after: Option<Duration>,
    /// A Wi-Fi network in range; may be given several times, the strongest first. An empty password makes it open.
    #[arg(long, value_name = "SSID:PASSWORD", value_parser = AccessPoint::parse)]
    wifi: Vec<AccessPoint>,
    /// The largest ATT_MTU the device agrees to.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MTU, value_parser = clap::value_parser!(u16).range(23..=517))]
    mtu: u16,
    /// One JSON object per event.
    #[arg(long)]
    json: bool,
}

/// Where the Bluetooth controller is.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Transport {
    /// A Bluetooth adapter of this machine, taken as a whole (HCI user channel; needs CAP_NET_ADMIN).
    #[cfg(target_os = "linux")]
    #[arg(long, value_name = "NUMBER")]
    hci: Option<u16>,
    /// A controller that listens on this unix socket and speaks H4.
    #[arg(long, value_name = "PATH")]
    hci_socket: Option<PathBuf>,
}

fn presence(text: &str) -> Result<PressKind, String> {
    match text {
        "touch" => Ok(PressKind::Touch),
        "press" => Ok(PressKind::Press),
        "power-cycle" => Ok(PressKind::PowerCycle),
        _ => Err("one of touch, press, power-cycle".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(hci::open(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Is a device behind `controller` until that goes away.
async fn serve<C: Controller<Error = HciError>>(
    controller: C,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    static POKE: Poke = Poke::new();
    let pki = touchstone_sim::factory();
    let ueid = pki.ueid(arguments.seed);
    let leaf = pki.leaf(&ueid, arguments.model);
    let events = Events::new(arguments.json);
    let mut storage = StorageFile::open(arguments.storage.clone(), events.clone())?;
    let boots = storage.count_boot()?;
    let identity = Identity {
        leaf: leaf.certificate.iter().copied().collect(),
        ueid,
        model_class: arguments.model,
        firmware: FirmwareVersion {
            major: 1,
            minor: 4,
            patch: 2,
        },
        secure_boot: true,
        debug_status: DebugStatus::DisabledPermanently,
        actuators: Actuators {
            sound: true,
            light: true,
            vibration: false,
        },
        max_level: if arguments.count {
            Level::L2
        } else {
            Level::L1
        },
        boot_count: boots.count,
        short_boots: boots.short,
        suites: Suites::WithHybrid,
    };
    let address = address(&ueid);
    events.started(
        &arguments
            .name
            .clone()
            .unwrap_or_else(|| product(arguments.model)),
        &ueid,
        &address,
        identity.boot_count,
    );
    let button = Button::new(arguments.presence);
    body::touch_by_keyboard(button.clone(), &POKE);
    let body = Body::new(
        FactoryKeyFile(leaf.key),
        button.clone(),
        events.clone(),
        SimulatedWifi::new(networks(arguments), events.clone()),
        storage,
    );
    let device = Device::new(identity, body, now());
    let mut role = Simulated::new(device, button, arguments.touch_after, events.clone());
    match touchstone_peripheral::run(controller, Some(address), &mut role, &POKE).await {
        Ok(never) => match never {},
        Err(BleHostError::Controller(HciError::Stream(_))) => {
            events.ended();
            Ok(())
        }
        Err(BleHostError::Controller(error)) => {
            Err(error).context("the Bluetooth controller failed")
        }
        Err(BleHostError::BleHost(error)) => {
            anyhow::bail!("the Bluetooth controller cannot be used: {error:?}")
        }
    }
}

fn networks(arguments: &Arguments) -> Vec<AccessPoint> {
    if arguments.wifi.is_empty() {
        vec![AccessPoint::new("Home", HOME_PASSWORD)]
    } else {
        arguments.wifi.clone()
    }
}

fn product(model: u16) -> String {
    let name = MODELS.iter().find(|(class, _, _)| *class == model);
    name.map_or_else(
        || "Device".to_owned(),
        |(_, english, _)| (*english).to_owned(),
    )
}

/// A static random address that follows from the identity; the two highest bits mark its kind (Core Specification volume 6, part B, 1.3.2.1).
fn address(ueid: &[u8; 17]) -> Address {
    let [_, a, b, c, d, e, f, ..] = *ueid;
    Address::random([a, b, c, d, e, f | 0xc0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_devices_have_two_static_random_addresses() {
        let pki = touchstone_sim::factory();
        let (one, two) = (address(&pki.ueid(1)), address(&pki.ueid(2)));
        assert_ne!(one, two);
        for address in [one, two] {
            assert_eq!(address.addr.raw()[5] & 0xc0, 0xc0);
        }
    }

    #[test]
    fn fractions_of_a_second_are_understood_and_nonsense_is_not() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
    }
}
