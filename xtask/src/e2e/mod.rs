//! `cargo xtask e2e`: the command line program on a real Bluetooth stack, in a virtual machine.
//!
//! Outside: set-up, build, one boot, the table. Inside ([`inside`]): kernel Bluetooth, bluetoothd, D-Bus; `touchstone connect` is the phone,
//! `touchstone simulate` the device, and the [`air`] between their controllers is where things go wrong.

mod air;
mod btsnoop;
mod inside;
mod machine;
mod room;
mod scenario;
mod setup;
mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use self::inside::{Plan, ScenarioResult, TRY_AGAIN};
use self::machine::{Ended, Kind};
use crate::shell::{self, Outcome};

/// Run the scenarios on a real Bluetooth stack in a virtual machine.
#[derive(Debug, Default, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask e2e\n  cargo xtask e2e --scenario list\n  cargo xtask e2e --scenario wrong-password --keep"
)]
pub(crate) struct E2e {
    /// Run only this scenario (may be repeated); "list" names them
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// Print one JSON object for each scenario and one with the figures instead of the table
    #[arg(long)]
    json: bool,
    /// Keep the logs and traces even when everything is as it should be
    #[arg(long)]
    keep: bool,
    /// The virtual machine; the default tries User-Mode Linux, then QEMU
    #[arg(long, value_enum)]
    machine: Option<Kind>,
    /// Use this program instead of building touchstone-cli
    #[arg(long, value_name = "PROGRAM")]
    touchstone: Option<PathBuf>,
    /// The runner inside the machine
    #[arg(long, value_name = "PLAN", hide = true)]
    inside: Option<PathBuf>,
}

impl E2e {
    /// # Errors
    /// Nothing can be said about the scenarios: the set-up failed, or the machine broke. The text says which log to read.
    pub(crate) fn run(&self) -> Result<Outcome> {
        let outcome = self.play()?;
        if let Outcome::Failed(reason) = &outcome {
            eprintln!("e2e: FAILED: {reason}");
        }
        Ok(outcome)
    }

    fn play(&self) -> Result<Outcome> {
        if let Some(plan) = &self.inside {
            return inside::run(plan).map(|()| Outcome::Passed);
        }
        let names = chosen(&self.scenario)?;
        if names.is_empty() {
            return Ok(Outcome::Passed);
        }
        let touchstone = match &self.touchstone {
            Some(program) => fs::canonicalize(program)
                .with_context(|| format!("no program {}", program.display()))?,
            None => build()?,
        };
        let control = control_folder()?;
        let mut refusals = Vec::new();
        for kind in self
            .machine
            .map_or(vec![Kind::UserModeLinux, Kind::Qemu], |kind| vec![kind])
        {
            match run_on(kind, &names, &touchstone, &control) {
                Ok(results) => return self.conclude(&names, &results, &control),
                Err(Trouble::CannotRun(why)) => {
                    eprintln!("e2e: {} cannot run here: {why}", kind.name());
                    refusals.push(format!("{}: {why}", kind.name()));
                }
                Err(Trouble::Broke(error)) => {
                    return Err(error.context(format!(
                        "read console.log and kernel.log in {} first",
                        control.display()
                    )));
                }
            }
        }
        fs::remove_dir_all(&control).ok();
        let reason = format!("no virtual machine runs here ({})", refusals.join("; "));
        if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
            return Ok(Outcome::Failed(reason));
        }
        eprintln!("e2e: skipped because {reason}");
        Ok(Outcome::Skipped(reason))
    }

    fn conclude(
        &self,
        names: &[String],
        results: &[ScenarioResult],
        control: &Path,
    ) -> Result<Outcome> {
        print(self.json, results)?;
        let mut failed = 0;
        for result in results {
            let Some(failure) = &result.failure else {
                continue;
            };
            failed += 1;
            explain(&result.scenario, failure, &control.join(&result.scenario));
        }
        if results.len() != names.len() {
            return Ok(Outcome::Failed(format!(
                "only {} of {} scenarios ran; the logs are in {}",
                results.len(),
                names.len(),
                control.display()
            )));
        }
        if failed > 0 {
            return Ok(Outcome::Failed(format!(
                "{failed} of {} scenarios; the logs are in {}",
                results.len(),
                control.display()
            )));
        }
        if self.keep {
            eprintln!("e2e: logs and traces are in {}", control.display());
        } else {
            fs::remove_dir_all(control).ok();
        }
        Ok(Outcome::Passed)
    }
}

enum Trouble {
    /// Another kind of machine may do better.
    CannotRun(String),
    Broke(anyhow::Error),
}

fn chosen(wanted: &[String]) -> Result<Vec<String>> {
    if wanted.iter().any(|name| name == "list") {
        for scenario in scenario::ALL {
            println!("{:<28} {}", scenario.name, scenario.about);
        }
        return Ok(Vec::new());
    }
    if let Some(unknown) = wanted.iter().find(|name| scenario::named(name).is_none()) {
        bail!("no scenario {unknown:?}; `cargo xtask e2e --scenario list` names them");
    }
    let all = scenario::ALL
        .iter()
        .map(|scenario| scenario.name.to_owned());
    Ok(all
        .filter(|name| wanted.is_empty() || wanted.contains(name))
        .collect())
}

/// Builds the command line program and says where it is.
fn build() -> Result<PathBuf> {
    eprintln!("e2e: building touchstone-cli");
    let mut command = shell::cargo();
    command.args([
        "build",
        "--quiet",
        "--package",
        "touchstone-cli",
        "--message-format",
        "json-render-diagnostics",
    ]);
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(std::process::Stdio::inherit());
    let output = command.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "building touchstone-cli failed");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == "touchstone"
        })
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("touchstone-cli built no program touchstone")
}

/// A new folder whose path has no space, because it travels on a kernel's command line.
fn control_folder() -> Result<PathBuf> {
    let stamp = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs();
    let folder =
        std::env::temp_dir().join(format!("touchstone-e2e-{stamp}-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn run_on(
    kind: Kind,
    names: &[String],
    touchstone: &Path,
    control: &Path,
) -> Result<Vec<ScenarioResult>, Trouble> {
    let kernel = setup::ready(kind).map_err(|error| Trouble::CannotRun(format!("{error:#}")))?;
    let plan = Plan {
        touchstone: touchstone.to_owned(),
        scenarios: names.to_vec(),
        slowness: kind.slowness(),
    };
    let prepare = || -> Result<PathBuf> {
        fs::write(control.join("plan.json"), serde_json::to_vec(&plan)?)?;
        Ok(std::env::current_exe()?)
    };
    let runner = prepare().map_err(Trouble::Broke)?;
    let each = Duration::from_secs(120);
    let limit = Duration::from_secs(60) + each * u32::try_from(names.len()).unwrap_or(u32::MAX);
    for _ in 0..3 {
        let start = Instant::now();
        eprintln!("e2e: booting {} for {} scenarios", kind.name(), names.len());
        match machine::boot(kind, &kernel, control, &runner, limit).map_err(Trouble::Broke)? {
            Ended::Ran(0) => {
                eprintln!(
                    "e2e: the machine ran for {:.0} s",
                    start.elapsed().as_secs_f32()
                );
                let text = fs::read_to_string(control.join("results.jsonl"))
                    .map_err(|error| Trouble::Broke(error.into()))?;
                return text
                    .lines()
                    .map(|line| {
                        serde_json::from_str(line).map_err(|error| Trouble::Broke(error.into()))
                    })
                    .collect();
            }
            Ended::Ran(code) if code == i32::from(TRY_AGAIN) => {
                eprintln!("e2e: the controller did not come up in time, booting again")
            }
            Ended::Ran(code) => {
                return Err(Trouble::Broke(anyhow::anyhow!(
                    "the runner inside ended with {code}"
                )));
            }
            Ended::Refused => return Err(Trouble::CannotRun(refusal(control))),
            Ended::Broke(how) => {
                return Err(Trouble::Broke(anyhow::anyhow!("the machine broke: {how}")));
            }
        }
    }
    Err(Trouble::Broke(anyhow::anyhow!(
        "the controller never came up"
    )))
}

/// The kernel's own reason, or the last thing it said.
fn refusal(control: &Path) -> String {
    let said = machine::said(control);
    let telling = said.lines().find(|line| {
        ["ptrace", "PROT_EXEC"]
            .iter()
            .any(|word| line.contains(word))
            && !line.ends_with("OK")
    });
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    telling
        .or(last)
        .unwrap_or("it does not boot")
        .trim()
        .to_owned()
}

/// What failed and where to read on; the ends of the logs for those who cannot.
fn explain(scenario: &str, failure: &str, folder: &Path) {
    eprintln!("e2e: {scenario} failed: {failure}");
    for name in ["phone.err", "device-0.err", "air.log"] {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(12)..] {
            eprintln!("e2e:   {name}: {line}");
        }
    }
    eprintln!(
        "e2e:   read phone.out, phone.err, device-0.out, air.log, btmon.log in {}",
        folder.display()
    );
}

fn print(json: bool, results: &[ScenarioResult]) -> Result<()> {
    // The figures are those of the plain case: other scenarios count their own disturbance.
    let figures = results
        .iter()
        .find(|result| result.scenario == "success")
        .and_then(|result| result.figures);
    if json {
        for result in results {
            println!("{}", serde_json::to_string(result)?);
        }
        if let Some(figures) = figures {
            println!("{}", serde_json::to_string(&figures)?);
        }
        return Ok(());
    }
    println!("{:<28} {:<8} {:>7}", "scenario", "result", "seconds");
    for result in results {
        println!(
            "{:<28} {:<8} {:>7.1}",
            result.scenario,
            if result.failure.is_none() {
                "ok"
            } else {
                "FAILED"
            },
            result.seconds
        );
    }
    if let Some(figures) = figures {
        println!(
            "att_pdus_after_discovery {}",
            figures.att_pdus_after_discovery
        );
        println!("att_pdus_from_phone {}", figures.att_pdus_from_phone);
        println!(
            "reported apart: networks {}, keepalive {}, other links {}",
            figures.att_pdus_networks, figures.att_pdus_keepalive, figures.att_pdus_other_links
        );
    }
    Ok(())
}
