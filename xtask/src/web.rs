//! `cargo xtask web`: the reference page in a real browser.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::shell;

/// Where the page is, from the root of the repository.
const PAGE: &str = "examples/web-preview";
const PARTS: [&str; 3] = ["index.html", "style.css", "preview.js"];
/// Where it is put together with its recording, and where its pictures go.
const FOLDER: &str = "artefacts/web-preview";
const BROWSER: &str = "/usr/bin/chromium";

/// Check the reference page in a real browser, every distinct screen of every story.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask web\n  cargo xtask web --record")]
pub(crate) struct Task {
    /// Check nothing: only put the page together with its recording, to be opened by hand.
    #[arg(long)]
    record: bool,
}

/// What the browser found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    checks: Vec<Check>,
    mutants: Vec<Mutant>,
}

/// One kind of check.
#[derive(Debug, Deserialize)]
struct Check {
    check: String,
    times: usize,
    /// The first of them.
    problems: Vec<String>,
    count: usize,
}

/// One way to break the page.
#[derive(Debug, Deserialize)]
struct Mutant {
    mutant: String,
    check: String,
    /// Whether the check was content before and not after.
    found: bool,
}

impl Task {
    /// Runs the subcommand; false if a check finds something, or does not find what was broken for it.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        if self.record {
            println!("{}", assemble()?.join("index.html").display());
            return Ok(true);
        }
        let findings = check()?;
        findings.print();
        Ok(findings
            .checks
            .iter()
            .all(|check| findings.passed(&check.check)))
    }
}

impl Findings {
    /// Whether this check ran, found nothing on the page, and found everything that was broken for it.
    pub(crate) fn passed(&self, name: &str) -> bool {
        let mut mutants = self.mutants.iter().filter(|mutant| mutant.check == name);
        self.checks
            .iter()
            .any(|check| check.check == name && check.times > 0 && check.count == 0)
            && mutants.clone().count() > 0
            && mutants.all(|mutant| mutant.found)
    }

    pub(crate) fn print(&self) {
        for check in &self.checks {
            let name = &check.check;
            println!(
                "{name:16} {:5} times, {} problems",
                check.times, check.count
            );
            for problem in &check.problems {
                println!("                   {problem}");
            }
        }
        for mutant in self.mutants.iter().filter(|mutant| !mutant.found) {
            println!("{}: not found by {}", mutant.mutant, mutant.check);
        }
        let found = self.mutants.iter().filter(|mutant| mutant.found).count();
        println!(
            "{found} of {} ways to break the page are found",
            self.mutants.len()
        );
    }
}

/// Runs every check; what it needs is installed on a Debian where this may be done.
///
/// # Errors
/// No browser, no Node.js, or a check that cannot run.
pub(crate) fn check() -> anyhow::Result<Findings> {
    let page = assemble()?;
    let modules = modules()?;
    if !Path::new(BROWSER).exists() {
        shell::debian(&["chromium", "fonts-dejavu-core"])?;
    }
    let script = root().join("xtask/web/check.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(&page)
        .arg(page.join("screenshots"))
        .arg(modules)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    if !output.status.success() {
        bail!("the page cannot be checked: {}", output.status);
    }
    parse(&String::from_utf8(output.stdout)?)
}

fn parse(lines: &str) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for line in lines.lines() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        if value["mutant"].is_string() {
            findings.mutants.push(serde_json::from_value(value)?);
        } else {
            findings.checks.push(serde_json::from_value(value)?);
        }
    }
    Ok(findings)
}

/// The page beside a fresh recording: nothing that is generated is committed, so nothing can be out of date.
fn assemble() -> anyhow::Result<PathBuf> {
    let folder = shell::target()?.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for part in PARTS {
        fs::copy(root().join(PAGE).join(part), folder.join(part)).context(part)?;
    }
    let recording = shell::touchstone(&["record"])?;
    let script = format!("globalThis.recordings = {};\n", recording.trim_end());
    fs::write(folder.join("recordings.js"), script)?;
    Ok(folder)
}

/// The folder of the pinned packages, with nothing of theirs run while they are installed.
fn modules() -> anyhow::Result<PathBuf> {
    let runs = |program: &str| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    if !runs("node") || !runs("npm") {
        shell::debian(&["nodejs", "npm"])?;
    }
    let source = root().join("xtask/web");
    let lock = fs::read(source.join("package-lock.json"))?;
    let digest = hex::encode(Sha256::digest(&lock));
    let folder = shell::cache()?.join(format!("web-{}", &digest[..16]));
    if folder.join("node_modules/.package-lock.json").exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), folder.join(file))?;
    }
    let arguments = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
    ];
    let status = Command::new("npm")
        .args(arguments)
        .current_dir(&folder)
        .status()
        .context("cannot run npm")?;
    if !status.success() {
        bail!("npm cannot install what xtask/web/package-lock.json pins");
    }
    Ok(folder)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = concat!(
        r#"{"check":"axe","times":2,"problems":[],"count":0}"#,
        "\n",
        r#"{"mutant":"no label","check":"axe","found":true,"saw":"label"}"#,
    );

    #[test]
    fn a_check_passes_that_finds_nothing_but_what_was_broken() {
        let findings = parse(GOOD).unwrap();
        assert!(findings.passed("axe"));
        assert!(!findings.passed("contrast"));
    }

    #[test]
    fn a_problem_a_blind_check_and_one_that_did_not_run_fail() {
        for (good, bad) in [
            (r#""count":0"#, r#""count":1"#),
            (r#""found":true"#, r#""found":false"#),
            (r#""times":2"#, r#""times":0"#),
            (r#""check":"axe","found""#, r#""check":"tree","found""#),
        ] {
            assert!(
                !parse(&GOOD.replace(good, bad)).unwrap().passed("axe"),
                "{bad}"
            );
        }
    }
}
