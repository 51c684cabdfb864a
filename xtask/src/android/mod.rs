//! `cargo xtask android`: the Kotlin of the AAR, compiled, linted and tested without an Android SDK.
//!
//! Maven fetches the compiler and the framework's classes from Maven Central; aapt2 comes from Debian. Neither Gradle nor the Android Gradle Plugin
//! is used: they come from a registry that not every machine reaches.

mod build;
mod lint;
mod reference;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

pub(crate) use build::{Build, MIN_SDK, version};
use build::{COMPILE, absent, link, versioned};

use crate::{
    aar,
    shell::{self, Outcome},
};

/// Compile the Android package and run its tests on the JVM.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask android\n  cargo xtask android --check\n  cargo xtask android --test ScenariosTest"
)]
pub(crate) struct Task {
    /// Only the static checks: resources, manifest, layouts and sources.
    #[arg(long)]
    check: bool,
    /// Write the reference of the API.
    #[arg(long)]
    reference: bool,
    /// Only the tests of this class.
    #[arg(long, value_name = "CLASS")]
    test: Option<String>,
}

impl Task {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        if self.reference {
            let root = folder().join("..");
            fs::write(
                root.join(reference::DOCUMENT),
                reference::generate(&folder())?,
            )?;
            return Ok(true);
        }
        let outcome = if self.check {
            check()?
        } else {
            suite(self.test.as_deref())?
        };
        if let Outcome::Failed(why) = &outcome {
            eprintln!("{why}");
        }
        Ok(matches!(outcome, Outcome::Passed))
    }
}

/// The folder of the Maven module.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../android")
}

fn folder_of_resources() -> PathBuf {
    folder().join("src/main/res")
}

/// A value of a layout that does not exist, in the place of one that does.
const NONSENSE: (&str, &str, &str) = (
    "layout/touchstone_connect.xml",
    "accessibilityLiveRegion=\"polite\"",
    "accessibilityLiveRegion=\"loud\"",
);

/// Whether the resources are really looked at: nonsense in them must be refused.
fn refuses_nonsense(build: &Build) -> anyhow::Result<()> {
    let folder = build.folder.join("nonsense");
    let (path, good, bad) = NONSENSE;
    for (name, content) in aar::files(&folder_of_resources())? {
        let content = if name == path {
            let layout = String::from_utf8(content)?;
            if !layout.contains(good) {
                bail!("{path} has no {good}");
            }
            layout.replace(good, bad).into_bytes()
        } else {
            content
        };
        let copy = folder.join("res").join(name);
        fs::create_dir_all(copy.parent().context("a file has a folder")?)?;
        fs::write(copy, content)?;
    }
    if link(
        &folder.join("res"),
        &Build::manifest()?,
        &folder.join("out"),
    )
    .is_ok()
    {
        bail!("aapt2 takes a layout with {bad}");
    }
    Ok(())
}

/// What can be seen without running anything: resources, manifest, layouts, sources.
pub(crate) fn check() -> anyhow::Result<Outcome> {
    let build = Build::prepare()?;
    refuses_nonsense(&build)?;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/android-app");
    link_app(&example, &build.folder.join("example"))?;
    let problems = lint::everything()?;
    for (criterion, problem) in &problems {
        println!("{criterion} {problem}");
    }
    println!("{} rules, {} problems", lint::RULES.len(), problems.len());
    Ok(match problems.len() {
        0 => Outcome::Passed,
        n => Outcome::Failed(format!("{n} problems")),
    })
}

/// The criteria of accessibility whose rules are broken.
pub(crate) fn broken() -> anyhow::Result<BTreeSet<&'static str>> {
    let problems = lint::everything()?;
    for (criterion, problem) in &problems {
        println!("{criterion} {problem}");
    }
    Ok(problems
        .into_iter()
        .map(|(criterion, _)| criterion)
        .collect())
}

/// Compiles everything and runs the tests on the JVM, with the simulator's library; then packs the AAR and uses it as an app would.
pub(crate) fn suite(only: Option<&str>) -> anyhow::Result<Outcome> {
    if let failed @ Outcome::Failed(_) = check()? {
        return Ok(failed);
    }
    let library = shell::simulator_library()?;
    let build = Build::prepare()?;
    build.compile_bindings()?;
    let mut maven = build.maven()?;
    maven
        .arg("test")
        .arg(format!("-Dlibrary={}", library.display()))
        .arg(format!("-Dgolden={}", golden()?.display()));
    if let Some(class) = only {
        maven.arg(format!("-Dtest={class}"));
    }
    let reports = build.folder.join("surefire-reports");
    absent(&reports)?;
    let ran = shell::run(&mut maven)?;
    println!("{}", counted(&reports)?);
    match ran {
        Outcome::Passed if only.is_none() => consumer(&build, &library),
        outcome => Ok(outcome),
    }
}

/// How many tests ran, and how many of them are stories.
fn counted(reports: &Path) -> anyhow::Result<String> {
    let (mut tests, mut stories) = (0, 0);
    for (name, content) in aar::files(reports).unwrap_or_default() {
        if name.ends_with(".xml") {
            let report = String::from_utf8(content)?;
            tests += report.matches("<testcase ").count();
            stories += report.matches("()[").count();
        }
    }
    Ok(format!(
        "{tests} tests in Kotlin, {stories} of them stories"
    ))
}

fn golden() -> anyhow::Result<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/touchstone-sim/tests/golden");
    Ok(folder.canonicalize()?)
}

/// The story the packed classes tell.
const STORY: &str = "wrong-password";

/// Packs the AAR twice, compiles a program and the example app against its classes alone, and lets the program tell a story.
fn consumer(build: &Build, library: &Path) -> anyhow::Result<Outcome> {
    let repository = build.folder.join("repository");
    let aar = aar::packed(build, None)?;
    if aar != aar::packed(build, None)? {
        return Ok(Outcome::Failed("packed twice, the AAR differs".to_owned()));
    }
    aar::write(&repository, &aar)?;
    listed(&aar::path(&repository))?;
    refuses_simulator(build, library)?;
    println!("packed: {}", aar::Weight::of(&aar)?);
    let packed = fs::read(aar::path(&repository))?;
    let out = build.folder.join("consumer");
    absent(&out)?;
    fs::create_dir_all(&out)?;
    fs::write(out.join("classes.jar"), aar::classes_jar(&packed)?)?;

    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/android-app");
    let generated = out.join("example");
    link_app(&example, &generated)?;
    let compiled = shell::run(
        consumer_maven(&out.join("example-classes"), &out)?
            .arg(COMPILE)
            .arg(format!(
                "-Dsources={}",
                example.join("src/main/kotlin").display()
            ))
            .arg(format!("-Dmore={}", generated.join("java").display())),
    )?;
    if let Outcome::Failed(why) = compiled {
        return Ok(Outcome::Failed(format!(
            "the example app does not compile: {why}"
        )));
    }

    let output = consumer_maven(&out.join("program"), &out)?
        // The classes are a file of no repository, which Maven's word for that keeps from the scope that things are run in.
        .args([COMPILE, "exec:java", "-Dexec.classpathScope=compile"])
        .arg(format!("-Dexec.args={STORY}"))
        .args(
            ["touchstone_flow", "touchstone_ffi", "touchstone_ffi_sim"].map(|component| {
                format!(
                    "-Duniffi.component.{component}.libraryOverride={}",
                    library.display()
                )
            }),
        )
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let golden = fs::read_to_string(golden()?.join(format!("{STORY}.txt")))?;
    // Maven colours its own silence.
    let told = told
        .trim_start_matches("\u{1b}[0m")
        .trim_end_matches("\u{1b}[0m");
    Ok(if output.status.success() && told == golden {
        println!("the packed classes tell {STORY} as in Rust");
        Outcome::Passed
    } else {
        Outcome::Failed(format!(
            "the packed classes tell {STORY} differently:\n{told}{}",
            String::from_utf8_lossy(&output.stderr)
        ))
    })
}

/// Lists the AAR with the JDK's tool, which shares nothing with what packed it.
fn listed(aar: &Path) -> anyhow::Result<()> {
    let output = Command::new("jar").arg("tf").arg(aar).output()?;
    let listed = String::from_utf8(output.stdout)?;
    let documented = aar::documented()?;
    if !output.status.success() || !listed.lines().eq(&documented) {
        bail!("jar lists {listed}, and docs/guide/android.md {documented:#?}");
    }
    Ok(())
}

/// Whether packing refuses the very library that the tests run with.
fn refuses_simulator(build: &Build, library: &Path) -> anyhow::Result<()> {
    let natives = build.folder.join("simulator");
    let abi = natives.join("x86_64");
    fs::create_dir_all(&abi)?;
    fs::copy(library, abi.join(aar::LIBRARY))?;
    match aar::packed(build, Some(&natives)) {
        Err(refused) if format!("{refused:#}").contains("simulator") => Ok(()),
        Err(other) => Err(other),
        Ok(_) => bail!("an AAR with the simulator in it was packed"),
    }
}

/// Maven on the consumer.
fn consumer_maven(build: &Path, classes: &Path) -> anyhow::Result<Command> {
    let mut maven = versioned(&folder().join("consumer/pom.xml"))?;
    maven
        .arg(format!("-Dbuild={}", build.display()))
        .arg(format!(
            "-Dclasses={}",
            classes.join("classes.jar").display()
        ));
    Ok(maven)
}

/// The example's resources and manifest, as an app's.
fn link_app(example: &Path, out: &Path) -> anyhow::Result<()> {
    let manifest = fs::read_to_string(example.join("src/main/AndroidManifest.xml"))?;
    let manifest = manifest.replacen(
        "<manifest ",
        "<manifest package=\"dev.touchstone.example\" ",
        1,
    );
    link(&example.join("src/main/res"), &manifest, out)
}
