//! `touchstone scan`.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use futures::StreamExt;
use serde_json::json;
use touchstone::ports::{Radio, RadioState, Sighting};
use touchstone_ble::BleRadio;
use touchstone_proto::advert::Advert;

use crate::{exit, render::write_line};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  touchstone scan\n  touchstone scan --json --timeout 10")]
pub(crate) struct Arguments {
    /// One JSON object per device.
    #[arg(long)]
    json: bool,
    /// How long to look, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
    /// The Bluetooth adapter to use, such as hci0.
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(scan(arguments, BleRadio::new(runtime.handle().clone())));
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn scan(arguments: &Arguments, radio: BleRadio) -> anyhow::Result<ExitCode> {
    let radio = match &arguments.adapter {
        Some(adapter) => radio.on_adapter(adapter),
        None => radio,
    };
    let sentence = match radio.state().await {
        RadioState::On => None,
        RadioState::Missing => Some(
            "This machine has no Bluetooth adapter. Plug one in, or try: touchstone connect --simulated",
        ),
        RadioState::Off => Some("Bluetooth is off. Turn it on, then scan again."),
        RadioState::NeedsPermission | RadioState::NeedsLocation | RadioState::Blocked => {
            Some("Access to Bluetooth is off. Allow it in the settings, then scan again.")
        }
        RadioState::LocationOff => Some("Location is off. Turn it on, then scan again."),
    };
    if let Some(sentence) = sentence {
        eprintln!("{sentence}");
        return Ok(exit::NO_BLUETOOTH.into());
    }
    let mut best: BTreeMap<String, Sighting> = BTreeMap::new();
    let mut sightings = radio.scan().await?;
    let end = tokio::time::sleep(Duration::from_secs(arguments.timeout));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            sighting = sightings.next() => match sighting {
                Some(sighting) => drop(best.insert(sighting.id.0.clone(), sighting)),
                None => break,
            },
        }
    }
    let mut found: Vec<Sighting> = best.into_values().collect();
    found.sort_by_key(|sighting| std::cmp::Reverse(sighting.rssi));
    for sighting in &found {
        write_line(&line(sighting, arguments.json));
    }
    if found.is_empty() && !arguments.json {
        write_line("No device found. Check that it has power and is near.");
    }
    Ok(ExitCode::SUCCESS)
}

fn line(sighting: &Sighting, as_json: bool) -> String {
    let advert = Advert::parse(&sighting.service_data).ok();
    let rssi = sighting.rssi.unwrap_or(i16::MIN);
    let flags = advert.map(|advert| advert.flags);
    let is =
        |flag: fn(&touchstone_proto::advert::AdvertFlags) -> bool| flags.as_ref().is_some_and(flag);
    if as_json {
        return json!({
            "id": sighting.id.0,
            "rssi": rssi,
            "version": advert.map(|advert| advert.version),
            "model_class": advert.map(|advert| advert.model_class),
            "window_open": is(|flags| flags.window_open),
            "unowned": is(|flags| flags.unowned),
            "armed": is(|flags| flags.armed),
            "touched": is(|flags| flags.touched),
        })
        .to_string();
    }
    let state = match advert {
        None => "not readable",
        Some(_) if is(|flags| flags.armed) || is(|flags| flags.touched) => "being connected",
        Some(_) if !is(|flags| flags.window_open) => "closed",
        Some(_) if is(|flags| flags.unowned) => "new",
        Some(_) => "owned",
    };
    format!("{rssi:>5} dBm  {}  {state}", sighting.id)
}
