//! `cargo xtask fuzz`: runs the fuzz targets (docs/FUZZING.md).

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::shell::{self, Outcome};

const CRATE: &str = "crates/touchstone-proto";
const CARGO_FUZZ: &str = "0.13.2";
/// No message is longer than 2048 bytes; one byte says how the target takes the others.
const LONGEST_INPUT: &str = "-max_len=2100";
/// A busy machine may give a target little of its time.
const PATIENCE: u32 = 20;

/// Run the fuzz targets.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask fuzz --smoke\n  cargo xtask fuzz --seconds 600\n  cargo xtask fuzz --target frame --seconds 60"
)]
pub(crate) struct Fuzz {
    /// How long each target runs, in seconds of its own processor time.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Only this target.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Five seconds each: what CI does.
    #[arg(long, conflicts_with = "seconds")]
    smoke: bool,
}

struct Row {
    target: String,
    executions: u64,
    processor: Duration,
    outcome: Outcome,
}

impl Fuzz {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let targets = targets(self.target.as_deref())?;
        let seconds = if self.smoke { 5 } else { self.seconds };
        build()?;
        let folder = shell::target()?.join("fuzz");
        let mut rows = Vec::new();
        for target in targets {
            let row = fuzz(&folder, target, Duration::from_secs(seconds))?;
            print(&row);
            rows.push(row);
        }
        let failed = rows
            .iter()
            .filter(|row| !matches!(row.outcome, Outcome::Passed))
            .count();
        println!("{} targets, {failed} failed", rows.len());
        Ok(failed == 0)
    }
}

/// The names of the targets: one file each.
fn targets(only: Option<&str>) -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(Path::new(CRATE).join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .context("a target has a name")?
            .to_string_lossy();
        if only.is_none_or(|only| only == name) {
            targets.push(name.into_owned());
        }
    }
    if targets.is_empty() {
        bail!(
            "no such target; there are {}",
            self::targets(None)?.join(", ")
        );
    }
    targets.sort();
    Ok(targets)
}

/// Builds every target with the stable compiler: coverage without a sanitizer needs no other.
fn build() -> anyhow::Result<()> {
    let cargo_fuzz = shell::tool("cargo-fuzz", CARGO_FUZZ)?;
    let mut build = Command::new(cargo_fuzz);
    build
        .args(["build", "--sanitizer", "none", "--fuzz-dir"])
        .arg(Path::new(CRATE).join("fuzz"))
        .env("CARGO_TARGET_DIR", shell::target()?.join("fuzz/build"));
    match shell::run(&mut build)? {
        Outcome::Passed => Ok(()),
        Outcome::Failed(why) | Outcome::Skipped(why) => bail!("the targets do not build: {why}"),
    }
}

fn binary(folder: &Path, target: &str) -> anyhow::Result<PathBuf> {
    // cargo-fuzz builds for a named platform, whose folder lies in between.
    for platform in fs::read_dir(folder.join("build"))? {
        let path = platform?.path().join("release").join(target);
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!("{target} was not built")
}

fn fuzz(folder: &Path, target: String, budget: Duration) -> anyhow::Result<Row> {
    let corpus = folder.join("corpus").join(&target);
    let crashes = folder.join("crashes").join(&target);
    for folder in [&corpus, &crashes] {
        fs::create_dir_all(folder)?;
    }
    let log = folder.join(format!("{target}.log"));
    let limit = budget.as_secs().saturating_mul(PATIENCE.into());
    let mut child = Command::new(binary(folder, &target)?)
        .arg(&corpus)
        .args([LONGEST_INPUT, "-print_final_stats=1", "-timeout=30"])
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-max_total_time={limit}"))
        .env("TOUCHSTONE_SEEDS", &corpus)
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot run {target}"))?;
    let (finished, processor) = watch(&mut child, budget)?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let executions = executions(&text);
    // A run that was stopped says so; anything else has ended by itself, and only a clean end is one.
    let stopped = text.contains("libFuzzer: run interrupted");
    let outcome = match executions {
        Some(0) | None => Outcome::Failed(format!("see {}", log.display())),
        Some(_) if finished || stopped => Outcome::Passed,
        Some(_) => Outcome::Failed(format!("see {} and {}", log.display(), crashes.display())),
    };
    Ok(Row {
        target,
        executions: executions.unwrap_or(0),
        processor,
        outcome,
    })
}

/// Waits until the budget of processor time is used up; true if the target has ended by itself and well.
fn watch(child: &mut Child, budget: Duration) -> anyhow::Result<(bool, Duration)> {
    let start = Instant::now();
    let mut processor = Duration::ZERO;
    let mut asked = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status.success(), processor));
        }
        // Where the system does not tell, the clock must do.
        processor = processor_time(child.id()).unwrap_or_else(|| start.elapsed());
        if processor >= budget && !asked {
            asked = true;
            let pid = child.id().to_string();
            Command::new("kill").args(["-INT", &pid]).status()?;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// User and system time of a process, from `/proc/PID/stat`, in hundredths of a second.
fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; the fields count from behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(
        user.checked_add(system)?.checked_mul(10)?,
    ))
}

fn executions(log: &str) -> Option<u64> {
    let (_, rest) = log.rsplit_once("stat::number_of_executed_units:")?;
    rest.lines().next()?.trim().parse().ok()
}

fn print(row: &Row) {
    let result = match &row.outcome {
        Outcome::Passed => "no crash".to_owned(),
        Outcome::Failed(why) | Outcome::Skipped(why) => format!("FAILED: {why}"),
    };
    println!(
        "{:14} {:>12} executions {:7.1} s  {result}",
        row.target,
        row.executions,
        row.processor.as_secs_f64()
    );
}
