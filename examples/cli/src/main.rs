//! Touchstone on the command line: connect a device, look around, or be a device.

mod aloud;
mod connect;
mod earcons;
mod exit;
mod host;
mod record;
mod render;
mod scan;
mod simulate;
mod simulated;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Bring a new device onto Wi-Fi with one button and one touch.
#[derive(Parser)]
#[command(
    name = "touchstone",
    version,
    after_help = "Examples:\n  touchstone connect --simulated\n  touchstone connect --simulated --scenario wrong-password --narrate\n  touchstone connect\n  touchstone connect --narrate --speak\n  touchstone scan --json\n  touchstone simulate --help\n\nExit codes:\n  0 connected   1 failed   2 wrong arguments   3 Bluetooth cannot be used   4 not genuine   5 already owned\n  6 busy or another one nearby   7 withdrawn or update required   8 cancelled   9 out of time\n  10 nothing here can speak"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Connect a device, over the real radio or in the built-in living room.
    Connect(connect::Arguments),
    /// List Touchstone devices in range, nearest first.
    Scan(scan::Arguments),
    /// Be a device: a real Bluetooth LE peripheral with a simulated button and Wi-Fi.
    Simulate(simulate::Arguments),
    /// Write the short sounds as WAV files.
    Earcons(earcons::Arguments),
    /// Record every story of the built-in living room in every language, as one JSON document.
    Record(record::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Connect(arguments) => connect::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Earcons(arguments) => earcons::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("touchstone: {error:#}");
        exit::FAILED.into()
    })
}
