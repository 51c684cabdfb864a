//! `cargo xtask test`: everything, from a clean clone. What runs in CI.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    android, bindings, cross, e2e,
    shell::{self, Outcome},
    swift,
};

/// Run every check and every test.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --list\n  cargo xtask test --only clippy"
)]
pub(crate) struct Test {
    /// Only the checks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Name the checks and end.
    #[arg(long)]
    list: bool,
}

struct Check {
    name: &'static str,
    run: fn() -> anyhow::Result<Outcome>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "format",
        run: || cargo(&["fmt", "--all", "--check"]),
    },
    Check {
        name: "clippy",
        run: || {
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Check {
        name: "unit and integration tests",
        run: || cargo(&["test", "--workspace", "--quiet"]),
    },
    // Without optimisation nothing is left out, and every move writes the whole of its place.
    Check {
        name: "remains of secrets, optimised",
        run: || {
            cargo(&[
                "test",
                "--release",
                "--quiet",
                "-p",
                "touchstone-sim",
                "-p",
                "touchstone-device",
                "--test",
                "memory",
                "--test",
                "remains",
                // What a compiler leaves on the stack may get anywhere.
                "--",
                "--skip",
                "anywhere",
            ])
        },
    },
    Check {
        name: "unit tests of the device role without what is optional",
        run: || {
            cargo(&[
                "test",
                "--quiet",
                "--lib",
                "-p",
                "touchstone-proto",
                "-p",
                "touchstone-device",
            ])
        },
    },
    Check {
        name: "documentation",
        run: documentation,
    },
    Check {
        name: "vectors",
        run: vectors,
    },
    Check {
        name: "second implementation",
        run: second_implementation,
    },
    Check {
        name: "second decoder",
        run: second_decoder,
    },
    Check {
        name: "main job",
        run: main_job,
    },
    Check {
        name: "scenarios",
        run: scenarios,
    },
    Check {
        name: "catalogue",
        run: || cargo(&["xtask", "catalogue", "--check"]),
    },
    Check {
        name: "bindings",
        run: bindings::check,
    },
    Check {
        name: "Kotlin suite",
        run: || android::suite(None),
    },
    Check {
        name: "phones and firmware, checked for their targets",
        run: cross::check,
    },
    Check {
        name: "accessibility",
        run: || cargo(&["xtask", "a11y"]),
    },
    Check {
        name: "counted figures",
        run: || cargo(&["xtask", "bench", "--counts", "--json", "--check"]),
    },
    Check {
        name: "fuzz targets, five seconds each",
        run: || cargo(&["xtask", "fuzz", "--smoke"]),
    },
    Check {
        name: "dependency policy",
        run: dependency_policy,
    },
    Check {
        name: "Swift suite",
        run: || swift::Task::default().run(),
    },
    Check {
        name: "end to end on a real Bluetooth stack",
        run: || e2e::E2e::default().run(),
    },
];

impl Test {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let mut results: Vec<(&str, Outcome, Duration)> = Vec::new();
        for check in CHECKS {
            if self
                .only
                .as_ref()
                .is_some_and(|only| !check.name.contains(only.as_str()))
            {
                continue;
            }
            if self.list {
                println!("{}", check.name);
                continue;
            }
            println!("== {}", check.name);
            let start = Instant::now();
            let outcome =
                (check.run)().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
            results.push((check.name, outcome, start.elapsed()));
        }
        if self.list {
            return Ok(true);
        }
        Ok(summarise(&results))
    }
}

/// Prints what ran and what was skipped and why. In CI a skipped check has failed.
fn summarise(results: &[(&str, Outcome, Duration)]) -> bool {
    let ci = std::env::var_os("CI").is_some();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    println!();
    for (name, outcome, time) in results {
        let (word, why) = match outcome {
            Outcome::Passed => {
                passed += 1;
                ("passed", String::new())
            }
            Outcome::Skipped(why) if !ci => {
                skipped += 1;
                ("skipped", format!(": {why}"))
            }
            Outcome::Skipped(why) | Outcome::Failed(why) => {
                failed += 1;
                ("FAILED", format!(": {why}"))
            }
        };
        println!("{word:8} {:6.1} s  {name}{why}", time.as_secs_f64());
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    failed == 0
}

fn cargo(arguments: &[&str]) -> anyhow::Result<Outcome> {
    shell::run(shell::cargo().args(arguments))
}

fn documentation() -> anyhow::Result<Outcome> {
    shell::run(
        shell::cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn vectors() -> anyhow::Result<Outcome> {
    cargo(&[
        "xtask",
        "vectors",
        "crates/touchstone-proto/vectors/edhoc-p256-crosschecked.json",
    ])
}

/// Recomputes our own vectors in Python, from RFC 9528 alone.
fn second_implementation() -> anyhow::Result<Outcome> {
    let python = shell::python(&["cryptography==48.0.0"])?;
    shell::run(Command::new(python).arg("crates/touchstone-proto/vectors/check_ts1.py"))
}

/// Decodes what the codec writes by the CDDL of docs/PROTOCOL.md, and damages it.
fn second_decoder() -> anyhow::Result<Outcome> {
    let wire = [
        "build",
        "--quiet",
        "-p",
        "touchstone-proto",
        "--features",
        "fuzz,ml-kem",
        "--example",
        "wire",
    ];
    let bundle = [
        "build",
        "--quiet",
        "-p",
        "touchstone-trust",
        "--example",
        "bundle",
    ];
    for example in [&wire[..], &bundle] {
        if let failed @ Outcome::Failed(_) = cargo(example)? {
            return Ok(failed);
        }
    }
    let examples = shell::target()?.join("debug/examples");
    let python = shell::python(&["cbor2==5.9.0", "cryptography==48.0.0", "zcbor==0.9.1"])?;
    shell::run(
        Command::new(python)
            .arg("crates/touchstone-proto/vectors/check_cddl.py")
            .arg(examples.join("wire"))
            .arg(examples.join("bundle")),
    )
}

/// The README's first command, and what it promises.
fn main_job() -> anyhow::Result<Outcome> {
    let simulated = [
        "run",
        "--release",
        "--quiet",
        "-p",
        "touchstone-cli",
        "--",
        "connect",
        "--simulated",
    ];
    let output = shell::cargo().args(simulated).output()?;
    let text = String::from_utf8(output.stdout)?;
    print!("{text}");
    if !output.status.success()
        || text.lines().last() != Some("Done. Kitchen lamp is connected to Home.")
    {
        return Ok(Outcome::Failed(format!(
            "{}; {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    Ok(Outcome::Passed)
}

/// Every scenario from the command line: JSON that parses, and an exit code that fits the last screen.
fn scenarios() -> anyhow::Result<Outcome> {
    let touchstone = shell::target()?.join("release/touchstone");
    let list = Command::new(&touchstone)
        .args(["connect", "--simulated", "--scenario", "list", "--json"])
        .output()?;
    let mut problems = Vec::new();
    for line in String::from_utf8(list.stdout)?.lines() {
        let scenario: serde_json::Value = serde_json::from_str(line)?;
        let name = scenario["name"].as_str().context("a scenario has a name")?;
        let output = Command::new(&touchstone)
            .args(["connect", "--simulated", "--json", "--scenario", name])
            .output()?;
        let lines: Result<Vec<serde_json::Value>, _> = String::from_utf8(output.stdout)?
            .lines()
            .map(serde_json::from_str)
            .collect();
        let step = lines?.last().map(|last| {
            last["screen"]["step"]["kind"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        });
        let done = step.as_deref() == Some("done");
        println!(
            "{name}: {}, {}",
            step.as_deref().unwrap_or("no screen"),
            output.status
        );
        if done != output.status.success() {
            problems.push(format!("{name} ends with {step:?} and {}", output.status));
        }
    }
    Ok(if problems.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(problems.join("; "))
    })
}

/// Licences, sources and banned crates. Advisories need a database that not every machine can reach.
fn dependency_policy() -> anyhow::Result<Outcome> {
    let deny = shell::tool("cargo-deny", "0.20.2")?;
    shell::run(Command::new(deny).args(["--all-features", "check", "bans", "licenses", "sources"]))
}
