//! `cargo xtask bench`: the figures of docs/PERFORMANCE.md.
//!
//! Everything that needs the simulator is measured by the package `touchstone-bench`; this file runs it and puts the figures together.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use crate::shell;

/// Print the figures of docs/PERFORMANCE.md.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench --counts --check\n  cargo xtask bench --counts --json | tail -n 1"
)]
pub(crate) struct Bench {
    /// Only the figures that are counted, and are the same on every machine.
    #[arg(long)]
    counts: bool,
    /// Print one JSON object, on the last line of standard output.
    #[arg(long)]
    json: bool,
    /// Fail when a figure is over its limit.
    #[arg(long)]
    check: bool,
}

/// A figure and what it is, in the order of the table.
type Row = (&'static str, &'static str);

const COUNTED: &[Row] = &[
    (
        "round_trips",
        "round trips not paced by a person or the Wi-Fi",
    ),
    ("round_trips_to_accepted", "... of these until \"accepted\""),
    (
        "bytes_x5chain",
        "bytes of messages 1-4, PREPARE, ARM; certificate sent",
    ),
    ("bytes_x5t", "... certificate known to the phone"),
    (
        "bytes_to_accepted_x5chain",
        "bytes until \"accepted\"; certificate sent",
    ),
    (
        "bytes_to_accepted_x5t",
        "... certificate known to the phone",
    ),
    (
        "bytes_networks",
        "bytes of the device's list of networks, apart",
    ),
    ("bytes_leaf", "bytes of the device's certificate"),
    ("bytes_evidence", "bytes of the evidence"),
    (
        "att_pdus_after_discovery",
        "ATT PDUs until \"accepted\"; certificate sent",
    ),
    (
        "att_pdus_after_discovery_x5t",
        "... certificate known to the phone",
    ),
    (
        "att_pdus_from_phone",
        "... from the phone; certificate sent",
    ),
    (
        "att_pdus_networks",
        "ATT PDUs of the list of networks, apart",
    ),
    ("att_pdus_keep_alive", "ATT PDUs of KEEPALIVEs, apart"),
    ("att_pdus_other_links", "ATT PDUs on other links, apart"),
    ("round_trips_hybrid", "round trips in the hybrid suite"),
    (
        "bytes_hybrid_x5chain",
        "bytes of its handshake; certificate sent",
    ),
    (
        "bytes_to_accepted_hybrid_x5chain",
        "... until \"accepted\"; certificate sent",
    ),
    (
        "att_pdus_after_discovery_hybrid",
        "... ATT PDUs until \"accepted\"; certificate sent",
    ),
    ("mtu", "ATT_MTU"),
];

const MEASURED: &[Row] = &[
    ("handshakes", "handshakes timed"),
    ("device_us", "device, us per handshake, median"),
    ("device_us_fastest", "... fastest"),
    ("device_message_2_us", "... message_1 to message_2"),
    ("device_message_4_us", "... message_3 to message_4"),
    ("phone_us", "phone, us per handshake, median"),
    ("phone_us_fastest", "... fastest"),
    ("phone_message_1_us", "... to message_1"),
    ("phone_message_3_us", "... message_2 to message_3"),
    ("phone_verdict_us", "... message_4 to the verdict"),
    ("instructions_device", "device, instructions per handshake"),
    (
        "instructions_device_message_2",
        "... message_1 to message_2",
    ),
    (
        "instructions_device_message_4",
        "... message_3 to message_4",
    ),
    ("instructions_device_arm", "device, instructions for ARM"),
    (
        "instructions_device_hybrid",
        "device, instructions per handshake in the hybrid suite",
    ),
    ("device_heap_peak", "device role, peak heap, bytes"),
    ("device_state_bytes", "device role, state, bytes"),
    (
        "device_stack_bytes",
        "device role, stack of a handshake, bytes",
    ),
    ("device_stack_hybrid_bytes", "... in the hybrid suite"),
    (
        "device_stack_start_bytes",
        "device role, stack of Device::new, bytes",
    ),
    (
        "phone_handshake_heap_peak",
        "phone session and verification, peak heap, bytes",
    ),
    ("phone_session_bytes", "phone session, state, bytes"),
    (
        "phone_sdk_heap_peak",
        "SDK, a whole set-up, peak heap, bytes",
    ),
    ("phone_sdk_heap_peak_four_devices", "... among four devices"),
    (
        "trust_bundle_heap",
        "trust bundle of three products, heap, bytes",
    ),
    ("size_cli", "command line, stripped, bytes"),
    ("size_role_x86_64", "device role, x86-64, bytes"),
    ("size_role_thumbv7em", "device role, Cortex-M4F, bytes"),
    ("size_role_riscv32imc", "device role, ESP32-C3, bytes"),
    (
        "size_role_hybrid_x86_64",
        "device role with the hybrid suite, x86-64, bytes",
    ),
    (
        "size_role_hybrid_thumbv7em",
        "device role with the hybrid suite, Cortex-M4F, bytes",
    ),
    (
        "size_role_hybrid_riscv32imc",
        "device role with the hybrid suite, ESP32-C3, bytes",
    ),
    (
        "size_role_and_key_x86_64",
        "device role and factory key, x86-64, bytes",
    ),
    (
        "size_role_and_key_thumbv7em",
        "device role and factory key, Cortex-M4F, bytes",
    ),
    (
        "size_role_and_key_riscv32imc",
        "device role and factory key, ESP32-C3, bytes",
    ),
];

/// Where the device role is weighed: in the figure's name, and for the compiler; the host has no name.
const TARGETS: [(&str, Option<&str>); 3] = [
    ("x86_64", None),
    ("thumbv7em", Some("thumbv7em-none-eabihf")),
    ("riscv32imc", Some("riscv32imc-unknown-none-elf")),
];

impl Bench {
    /// Runs the subcommand; false if a figure is over its limit.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let mut figures = task(&["counts"])?;
        let limits = figures.remove("limits").context("limits of the figures")?;
        let limits = limits.as_object().context("limits of the figures")?.clone();
        if !self.counts {
            measure(&mut figures)?;
        }
        let exceeded = exceeded(&figures, &limits);
        if self.json {
            println!("{}", Value::Object(figures));
        } else {
            print(&figures, &limits, if self.counts { &[] } else { MEASURED });
        }
        for sentence in &exceeded {
            eprintln!("{sentence}");
        }
        Ok(!self.check || exceeded.is_empty())
    }
}

/// Runs one task of `touchstone-bench`; its figures.
fn task(arguments: &[&str]) -> anyhow::Result<Map<String, Value>> {
    let mut command = shell::cargo();
    command.args([
        "run",
        "--release",
        "--quiet",
        "-p",
        "touchstone-bench",
        "--",
    ]);
    let output = command
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "touchstone-bench {}: {}",
            arguments.join(" "),
            output.status
        );
    }
    match serde_json::from_slice(&output.stdout)? {
        Value::Object(figures) => Ok(figures),
        other => bail!("touchstone-bench printed {other}"),
    }
}

/// Everything that is not counted. What this machine cannot measure is left out, and said.
fn measure(figures: &mut Map<String, Value>) -> anyhow::Result<()> {
    eprintln!("measuring time and memory");
    figures.append(&mut task(&["time"])?);
    figures.append(&mut task(&["memory"])?);
    eprintln!("counting instructions");
    if let Err(error) = instructions(figures) {
        eprintln!("instructions are not counted: {error:#}");
    }
    eprintln!("weighing the command line");
    build(&["--release", "-p", "touchstone-cli"])?;
    let cli = size(&shell::target()?.join("release/touchstone"))?;
    figures.insert("size_cli".to_owned(), json!(cli));
    for (name, target) in TARGETS {
        eprintln!("weighing the device role on {name}");
        if let Err(error) = weigh(figures, name, target) {
            eprintln!("the device role is not weighed on {name}: {error:#}");
        }
    }
    Ok(())
}

/// Instructions of the device's side, as the difference between replays of a recorded phone up to one message more.
fn instructions(figures: &mut Map<String, Value>) -> anyhow::Result<()> {
    shell::debian(&["valgrind"])?;
    let bench = shell::target()?.join("release/touchstone-bench");
    let up_to = |steps: &str, suite: &[&str]| -> anyhow::Result<u64> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        let output = valgrind
            .arg(&bench)
            .args(["device", "1", steps])
            .args(suite)
            .output()
            .context("cannot run valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let collected = text
            .lines()
            .find_map(|line| line.split_once("Collected : "));
        let (_, count) = collected.context("valgrind counts nothing")?;
        Ok(count.trim().parse()?)
    };
    let (made, message_2) = (up_to("0", &[])?, up_to("1", &[])?);
    let (message_4, armed) = (up_to("2", &[])?, up_to("3", &[])?);
    let hybrid = up_to("2", &["--hybrid"])? - up_to("0", &["--hybrid"])?;
    for (name, count) in [
        ("instructions_device", message_4 - made),
        ("instructions_device_hybrid", hybrid),
        ("instructions_device_message_2", message_2 - made),
        ("instructions_device_message_4", message_4 - message_2),
        ("instructions_device_arm", armed - message_4),
    ] {
        figures.insert(name.to_owned(), json!(count));
    }
    Ok(())
}

/// What the device role adds to the smallest program for this target.
fn weigh(figures: &mut Map<String, Value>, name: &str, target: Option<&str>) -> anyhow::Result<()> {
    let mut folder = shell::target()?;
    let mut arguments = vec!["--profile", "size", "-p", "touchstone-size"];
    if let Some(target) = target {
        let added = Command::new("rustup")
            .args(["--quiet", "target", "add", target])
            .status();
        if !added.is_ok_and(|status| status.success()) {
            bail!("rustup cannot add the target {target}");
        }
        arguments.extend(["--target", target]);
        folder.push(target);
    }
    folder.push("size");
    let suffix = std::env::consts::EXE_SUFFIX;
    let program = |program: &str| size(&folder.join(format!("{program}{suffix}")));
    let hybrid: &[&str] = &["--features", "ml-kem"];
    let role = ("size_role", "role");
    let role_and_key = ("size_role_and_key", "role-and-key");
    let role_hybrid = ("size_role_hybrid", "role");
    for (features, weighed) in [
        (&[][..], &[role, role_and_key][..]),
        (hybrid, &[role_hybrid]),
    ] {
        build(&[&arguments, features].concat())?;
        let nothing = program("nothing")?;
        for (figure, with) in weighed {
            figures.insert(format!("{figure}_{name}"), json!(program(with)? - nothing));
        }
    }
    Ok(())
}

fn build(arguments: &[&str]) -> anyhow::Result<()> {
    let built = shell::cargo()
        .args(["build", "--quiet"])
        .args(arguments)
        .status()?;
    if !built.success() {
        bail!("cannot build with {}", arguments.join(" "));
    }
    Ok(())
}

fn size(file: &Path) -> anyhow::Result<u64> {
    let metadata = fs::metadata(file).with_context(|| format!("no {}", file.display()))?;
    Ok(metadata.len())
}

/// A sentence for every figure that is over its limit.
fn exceeded(figures: &Map<String, Value>, limits: &Map<String, Value>) -> Vec<String> {
    let over = |(name, limit): (&String, &Value)| {
        let figure = figures.get(name).and_then(Value::as_u64);
        let kept = figure.is_some_and(|figure| limit.as_u64().is_some_and(|limit| figure <= limit));
        let figure = figure.map_or("missing".to_owned(), |figure| figure.to_string());
        (!kept).then(|| format!("{name} is {figure}, at most {limit} is allowed"))
    };
    limits.iter().filter_map(over).collect()
}

fn print(figures: &Map<String, Value>, limits: &Map<String, Value>, measured: &[Row]) {
    for (name, what) in COUNTED.iter().chain(measured) {
        let Some(figure) = figures.get(*name).and_then(Value::as_u64) else {
            continue;
        };
        let limit = limits
            .get(*name)
            .map(|limit| format!("  (at most {limit})"));
        let line = format!(
            "{:>11}  {what}{}",
            grouped(figure),
            limit.unwrap_or_default()
        );
        println!("{line}");
    }
}

/// With a space between thousands.
fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_figure_over_its_limit_or_missing_is_named() {
        let limits = map(json!({"round_trips": 4, "bytes_x5t": 650, "bytes_x5chain": 1100}));
        let figures = map(json!({"round_trips": 4, "bytes_x5t": 651}));
        let sentences = exceeded(&figures, &limits);
        assert_eq!(
            sentences,
            [
                "bytes_x5chain is missing, at most 1100 is allowed",
                "bytes_x5t is 651, at most 650 is allowed"
            ]
        );
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1 000");
        assert_eq!(grouped(12_345_678), "12 345 678");
    }
}
