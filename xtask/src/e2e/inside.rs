//! The runner inside the virtual machine: system bus, controllers, bluetoothd, and one scenario after the other.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::air::Air;
use super::machine::MARK;
use super::room::{DEVICES, Room};
use super::scenario::{self, Scenario};
use super::trace::{self, Figures};

/// The exit code that says: the Bluetooth stack did not come up, boot again.
pub(super) const TRY_AGAIN: u8 = 75;
const BUS: &str = "/run/dbus/system_bus_socket";
const BTVIRT: &str = "/tmp/bt-server-le";

/// What the host asks for.
#[derive(Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) touchstone: PathBuf,
    pub(super) scenarios: Vec<String>,
    pub(super) slowness: u32,
}

/// What became of one scenario.
#[derive(Serialize, Deserialize)]
pub(super) struct ScenarioResult {
    pub(super) scenario: String,
    /// None: it is as it should be.
    pub(super) failure: Option<String>,
    pub(super) seconds: f32,
    pub(super) figures: Option<Figures>,
}

/// Runs the plan; results go, one JSON object a line, to `results.jsonl` beside it.
pub(super) fn run(plan: &Path) -> Result<()> {
    // It empties the Bluetooth daemon's folder, among others.
    ensure!(
        std::env::var_os("TOUCHSTONE_E2E_INSIDE").is_some(),
        "this runs only inside the machine of `cargo xtask e2e`"
    );
    let control = plan.parent().context("the plan has no folder")?;
    let plan: Plan = serde_json::from_slice(&fs::read(plan)?)?;
    let mut results = File::create(control.join("results.jsonl"))?;
    fs::remove_file(BTVIRT).ok();
    let _bus = Service::start(
        Command::new("dbus-daemon").args(["--system", "--nofork", "--nopidfile"]),
        &control.join("dbus.log"),
    )?;
    let _btvirt = Service::start(
        Command::new("btvirt").arg("-s"),
        &control.join("btvirt.log"),
    )?;
    wait(Duration::from_secs(5) * plan.slowness, || {
        Path::new(BUS).exists()
    })
    .context("dbus-daemon did not start; read dbus.log")?;
    let (air, power_cuts) = Air::start(Path::new(BTVIRT), Path::new("/run"), DEVICES)?;
    wait(Duration::from_secs(5) * plan.slowness, || {
        Path::new("/sys/class/bluetooth/hci0").exists()
    })
    .context("the kernel shows no controller")?;
    for (number, name) in plan.scenarios.iter().enumerate() {
        let scenario = scenario::named(name).with_context(|| format!("no scenario {name:?}"))?;
        let folder = control.join(name);
        fs::create_dir_all(&folder)?;
        let start = Instant::now();
        let mut figures = None;
        let played = play(scenario, &plan, &air, &power_cuts, &folder, &mut figures);
        fs::write(folder.join("air.log"), air.log().join("\n") + "\n")?;
        if let Err(error) = &played
            && number == 0
            && error.is::<NoAdapter>()
        {
            std::process::exit(TRY_AGAIN.into());
        }
        let failure = played.err().map(|error| format!("{error:#}"));
        let result = ScenarioResult {
            scenario: name.clone(),
            failure,
            seconds: start.elapsed().as_secs_f32(),
            figures,
        };
        println!(
            "{MARK}{:<28} {} {:5.1} s",
            result.scenario,
            if result.failure.is_none() {
                "ok    "
            } else {
                "FAILED"
            },
            result.seconds
        );
        writeln!(results, "{}", serde_json::to_string(&result)?)?;
    }
    Ok(())
}

/// The controller did not come up: the kernel gives it two seconds, which a busy host may miss.
#[derive(Debug)]
struct NoAdapter;

impl std::fmt::Display for NoAdapter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("bluetoothd shows no powered adapter; read bluetoothd.log")
    }
}

impl std::error::Error for NoAdapter {}

fn play(
    scenario: &Scenario,
    plan: &Plan,
    air: &Air,
    power_cuts: &Receiver<usize>,
    folder: &Path,
    figures: &mut Option<Figures>,
) -> Result<()> {
    air.calm();
    let bluetoothd = Bluetoothd::start(scenario.exchange_mtu, folder, plan.slowness)?;
    let mut btmon = Service::start(
        Command::new("btmon")
            .arg("-w")
            .arg(folder.join("trace.btsnoop")),
        &folder.join("btmon.log"),
    )?;
    wait(Duration::from_secs(5) * plan.slowness, || {
        fs::metadata(folder.join("trace.btsnoop")).is_ok_and(|file| file.len() > 16)
    })
    .context("btmon writes nothing")?;
    let mut room = Room::new(
        air,
        power_cuts,
        &plan.touchstone,
        plan.slowness,
        folder.to_owned(),
    );
    let mut result = (scenario.run)(&mut room);
    ensure!(
        btmon.runs(),
        "btmon died, the trace is not complete; read btmon.log"
    );
    let trace = room.trace()?;
    *figures = trace::figures(&trace);
    drop(room);
    // Whatever a scenario is about, this must hold in it, and it is what a reader of the result must see first.
    if let Err(leak) = trace::no_credentials_before_a_touch(&trace) {
        result = Err(anyhow::Error::msg(leak));
    }
    drop(bluetoothd);
    drop(btmon);
    wait(Duration::from_secs(5) * plan.slowness, || !air.has_links()).ok();
    result
}

/// bluetoothd with what it knows about devices emptied, so that scenarios do not see each other's.
struct Bluetoothd {
    _service: Service,
}

impl Bluetoothd {
    fn start(exchange_mtu: u16, folder: &Path, slowness: u32) -> Result<Self> {
        for left in fs::read_dir("/var/lib/bluetooth")?.flatten() {
            fs::remove_dir_all(left.path()).ok();
        }
        let conf = Path::new("/run/main.conf");
        fs::write(
            conf,
            format!(
                "[General]\nControllerMode = le\nName = touchstone-e2e\n[GATT]\nCache = no\nChannels = 1\nExchangeMTU = {exchange_mtu}\n[Policy]\nAutoEnable = true\n"
            ),
        )?;
        let mut command = Command::new("/usr/libexec/bluetooth/bluetoothd");
        let service = Service::start(
            command.arg("-n").arg("-f").arg(conf),
            &folder.join("bluetoothd.log"),
        )?;
        let powered = || {
            let mut ask = Command::new("dbus-send");
            ask.args([
                "--system",
                "--print-reply",
                "--reply-timeout=2000",
                "--dest=org.bluez",
                "/org/bluez/hci0",
            ]);
            ask.args([
                "org.freedesktop.DBus.Properties.Get",
                "string:org.bluez.Adapter1",
                "string:Powered",
            ]);
            ask.stderr(Stdio::null())
                .output()
                .is_ok_and(|reply| String::from_utf8_lossy(&reply.stdout).contains("boolean true"))
        };
        wait(Duration::from_secs(8) * slowness, powered).map_err(|_| NoAdapter)?;
        Ok(Self { _service: service })
    }
}

/// A program in the background: its output in a log, ended when dropped.
struct Service(Child);

impl Service {
    fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        Ok(Self(child.with_context(|| {
            format!("cannot start {:?}", command.get_program())
        })?))
    }
}

impl Service {
    fn runs(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_none())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // bluetoothd leaves a clean adapter behind when it may say good-bye.
        Command::new("kill")
            .arg(self.0.id().to_string())
            .status()
            .ok();
        let child = &mut self.0;
        if wait(Duration::from_secs(5), || {
            child.try_wait().is_ok_and(|status| status.is_some())
        })
        .is_err()
        {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn wait(limit: Duration, mut holds: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + limit;
    while !holds() {
        if Instant::now() >= end {
            bail!("waited {:.0} s in vain", limit.as_secs_f32());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
