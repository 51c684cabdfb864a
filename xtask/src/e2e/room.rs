//! What a scenario works with: the phone, up to two devices, the air between them, and the trace afterwards.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::air::Air;
use super::btsnoop::{self, Link};

pub(super) const DEVICES: usize = 2;
pub(super) const NETWORK: &str = "Home";
pub(super) const PASSWORD: &str = "correct-horse";
/// How long anything a scenario waits for may take on a machine of native speed.
const PATIENCE: Duration = Duration::from_secs(90);

/// The room of one scenario.
pub(super) struct Room<'a> {
    pub(super) air: &'a Air,
    power_cuts: &'a Receiver<usize>,
    touchstone: &'a Path,
    slowness: u32,
    /// Logs, storage and owner keys of this scenario.
    folder: PathBuf,
    devices: [Option<Process>; DEVICES],
}

/// How a run of the phone ended.
pub(super) struct Ending {
    pub(super) code: Option<i32>,
    /// Every object it printed.
    pub(super) printed: Vec<Value>,
}

impl<'a> Room<'a> {
    pub(super) fn new(
        air: &'a Air,
        power_cuts: &'a Receiver<usize>,
        touchstone: &'a Path,
        slowness: u32,
        folder: PathBuf,
    ) -> Self {
        // A cut that nobody took, from the scenario before.
        while power_cuts.try_recv().is_ok() {}
        Self {
            air,
            power_cuts,
            touchstone,
            slowness,
            folder,
            devices: Default::default(),
        }
    }

    /// Switches a device on and waits until it can be found. Its storage is what an earlier start in this scenario left.
    pub(super) fn switch_on(&mut self, device: usize, options: &[&str]) -> Result<()> {
        let names = ["Kitchen lamp", "Desk lamp"];
        let mut command = Command::new(self.touchstone);
        command.args([
            "simulate",
            "--json",
            "--name",
            names[device],
            "--seed",
            &(device + 1).to_string(),
        ]);
        command
            .arg("--hci-socket")
            .arg(self.air.socket(device))
            .arg("--storage")
            .arg(self.storage(device));
        command
            .arg("--wifi")
            .arg(format!("{NETWORK}:{PASSWORD}"))
            .args(options);
        self.devices[device] = Some(Process::start(
            &mut command,
            &self.folder,
            &format!("device-{device}"),
        )?);
        self.wait(&format!("device {device} to advertise"), PATIENCE, |room| {
            room.air.is_advertising(device)
        })
        .with_context(|| format!("read device-{device}.err"))
    }

    /// As if somebody pulled the plug.
    pub(super) fn switch_off(&mut self, device: usize) {
        self.devices[device] = None;
    }

    /// Waits until a rule cuts a device's power, and cuts it.
    pub(super) fn wait_for_power_cut(&mut self) -> Result<usize> {
        let device = self
            .power_cuts
            .recv_timeout(PATIENCE * self.slowness)
            .context("the moment of the power cut never came")?;
        self.switch_off(device);
        Ok(device)
    }

    /// Whether a device has stored a text, as it is on its flash.
    pub(super) fn has_stored(&self, device: usize, text: &str) -> bool {
        let flash = fs::read_to_string(self.storage(device)).unwrap_or_default();
        // Octet strings are lists of numbers there.
        let octets: Vec<String> = text.bytes().map(|octet| octet.to_string()).collect();
        flash.contains(text) || flash.replace(' ', "").contains(&octets.join(","))
    }

    /// How often a device told of an event, over all its starts.
    pub(super) fn events(&self, device: usize, name: &str) -> Result<usize> {
        let told = fs::read_to_string(self.folder.join(format!("device-{device}.out")))?;
        let events = told
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(events.filter(|event| event["event"] == name).count())
    }

    fn storage(&self, device: usize) -> PathBuf {
        self.folder.join(format!("device-{device}.flash"))
    }

    /// The phone begins; each line of `passwords` is given when it asks for one.
    pub(super) fn phone(&self, passwords: &[&str]) -> Result<Process> {
        let limit = (75 * self.slowness).to_string();
        let mut command = Command::new(self.touchstone);
        command.args([
            "connect",
            "--json",
            "--yes",
            "--network",
            NETWORK,
            "--password-stdin",
            "--timeout",
            &limit,
        ]);
        command
            .arg("--owner-dir")
            .arg(self.folder.join("owner"))
            .arg("--report")
            .arg(self.folder.join("report.json"));
        let mut phone = Process::start(&mut command, &self.folder, "phone")?;
        let mut stdin = phone.child.stdin.take().context("no standard input")?;
        for password in passwords {
            writeln!(stdin, "{password}")?;
        }
        Ok(phone)
    }

    /// The phone's run to its end.
    pub(super) fn finish(&self, phone: Process) -> Result<Ending> {
        phone.finish(PATIENCE * self.slowness)
    }

    /// Until it holds, within a limit.
    pub(super) fn wait(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let end = Instant::now() + limit * self.slowness;
        while !holds(self) {
            ensure!(
                Instant::now() < end,
                "waited {} s for {what}",
                limit.as_secs() * u64::from(self.slowness)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The kernel's trace so far.
    pub(super) fn trace(&self) -> Result<Vec<Link>> {
        let path = self.folder.join("trace.btsnoop");
        btsnoop::links(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)
    }
}

impl Ending {
    /// The kinds of the steps shown, each once when it was shown several times in a row.
    pub(super) fn steps(&self) -> Vec<&str> {
        let mut steps: Vec<&str> = self
            .printed
            .iter()
            .filter_map(|object| step(object))
            .collect();
        steps.dedup();
        steps
    }

    /// # Errors
    /// It did not end with "done" and exit code 0.
    pub(super) fn is_done(&self) -> Result<()> {
        let steps = self.steps();
        ensure!(
            self.code == Some(0),
            "the phone ended with {:?} after {steps:?}",
            self.code
        );
        ensure!(
            steps.last() == Some(&"done"),
            "the last screen is not done: {steps:?}"
        );
        let said = self
            .printed
            .iter()
            .rev()
            .find(|object| step(object).is_some());
        let said = said.and_then(|object| object["text"]["status"].as_str());
        ensure!(
            said == Some("Done. Kitchen lamp is connected to Home."),
            "the last screen says {said:?}"
        );
        Ok(())
    }
}

/// The kind of the step an object of the phone shows, if it is a screen.
fn step(object: &Value) -> Option<&str> {
    let step = &object.get("screen")?["step"];
    step.as_str().or_else(|| step.get("kind")?.as_str())
}

/// A program of the scenario; it is killed when dropped.
pub(super) struct Process {
    child: Child,
    name: String,
    lines: Receiver<String>,
}

impl Process {
    /// Its standard output goes line by line to `name.out`, its standard error to `name.err`.
    pub(super) fn start(command: &mut Command, folder: &Path, name: &str) -> Result<Self> {
        let append = |path: PathBuf| File::options().create(true).append(true).open(path);
        let mut out = append(folder.join(format!("{name}.out")))?;
        let err = append(folder.join(format!("{name}.err")))?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(err);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                writeln!(out, "{line}").ok();
                send.send(line).ok();
            }
        });
        Ok(Self {
            child,
            name: name.to_owned(),
            lines,
        })
    }

    fn finish(mut self, limit: Duration) -> Result<Ending> {
        let end = Instant::now() + limit;
        let mut printed = Vec::new();
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => printed.push(serde_json::from_str(&line).with_context(|| {
                    format!("{} printed a line that is not JSON: {line:?}", self.name)
                })?),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => bail!(
                    "{} did not end within {} s; read {0}.out and {0}.err",
                    self.name,
                    limit.as_secs()
                ),
            }
        }
        let code = self.child.wait()?.code();
        Ok(Ending { code, printed })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
