//! Programs the tasks call, and how they come onto a fresh machine.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// In every library that contains the simulator. Packaging refuses such a library.
pub(crate) const SIMULATOR_MARKER: &str = "TOUCHSTONE-SIMULATOR-NOT-FOR-RELEASE";

/// How a check went.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    /// With the reason.
    Skipped(String),
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end; what it prints is seen as it comes.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed(status.to_string())
    })
}

/// What the program of this workspace prints with these arguments; how the story ends does not matter.
pub(crate) fn touchstone(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "-p", "touchstone-cli", "--"]);
    let output = command.args(arguments).output()?;
    let text = String::from_utf8(output.stdout)?;
    if text.is_empty() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("touchstone {}: {why}", arguments.join(" "));
    }
    Ok(text)
}

/// The target folder of this workspace.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["target_directory"]
        .as_str()
        .context("cargo names its target folder")?
        .into())
}

/// The library that the tests of the bindings load: the surface and the simulator, not stripped. Built anew when anything has changed.
pub(crate) fn simulator_library() -> anyhow::Result<PathBuf> {
    let build = ["build", "--quiet", "-p", "touchstone-ffi-sim"];
    if let Outcome::Failed(why) = run(cargo().args(build))? {
        bail!("touchstone-ffi-sim does not build: {why}");
    }
    let name = format!(
        "{}touchstone_ffi_sim{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    Ok(target()?.join("debug").join(name))
}

/// Where tools are kept between runs.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .context("no home directory")?;
    let cache = base.join("touchstone");
    std::fs::create_dir_all(&cache)?;
    Ok(cache)
}

/// Installs Debian packages that are missing; needs root.
pub(crate) fn debian(packages: &[&str]) -> anyhow::Result<()> {
    let installed = |package: &&&str| {
        let query = Command::new("dpkg-query")
            .args(["-W", "-f=${Status}", package])
            .output();
        query.is_ok_and(|output| output.stdout.ends_with(b"install ok installed"))
    };
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !installed(package))
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let apt = |arguments: &[&str], packages: &[&str]| {
        let lock = ["-o", "DPkg::Lock::Timeout=300"];
        let mut command = Command::new("apt-get");
        command
            .args(lock)
            .args(arguments)
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null());
        command
            .status()
            .context("cannot run apt-get: this machine is not Debian")
    };
    apt(&["update", "-qq"], &[])?;
    if !apt(
        &["install", "-y", "-qq", "--no-install-recommends"],
        &missing,
    )?
    .success()
    {
        bail!(
            "cannot install {}: run `apt-get install {}` as root",
            missing.join(", "),
            missing.join(" ")
        );
    }
    Ok(())
}

/// A Python with these packages, in an environment of its own.
pub(crate) fn python(packages: &[&str]) -> anyhow::Result<PathBuf> {
    let environment = cache()?.join("python");
    let python = environment.join("bin/python");
    if !python.exists()
        && Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment)
            .status()
            .is_ok_and(|status| !status.success())
    {
        debian(&["python3", "python3-venv"])?;
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment))?;
    }
    let pip = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(packages)
        .status();
    if !pip.context("no Python environment")?.success() {
        bail!("cannot install {}", packages.join(", "));
    }
    Ok(python)
}

/// Where a cargo tool of exactly this version is, once it is built.
pub(crate) fn tool_path(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    Ok(cache()?
        .join(format!("{name}-{version}"))
        .join("bin")
        .join(name))
}

/// A cargo tool of exactly this version, built once.
pub(crate) fn tool(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    tool_with(name, version, &[])
}

/// A cargo tool of exactly this version, built once with these flags of `cargo install`.
pub(crate) fn tool_with(name: &str, version: &str, flags: &[&str]) -> anyhow::Result<PathBuf> {
    let root = cache()?.join(format!("{name}-{version}"));
    let binary = tool_path(name, version)?;
    if !binary.exists() {
        eprintln!("building {name} {version}, once");
        // Its own target folder: the project's stays what the project builds.
        let build = cache()?.join("build");
        let mut install = cargo();
        install
            .args([
                "install",
                "--quiet",
                "--locked",
                "--version",
                version,
                "--root",
            ])
            .arg(&root)
            .args(flags)
            .arg(name);
        install.env("CARGO_TARGET_DIR", &build);
        let done = install.status()?.success();
        drop(std::fs::remove_dir_all(&build));
        if !done {
            bail!("cannot build {name}");
        }
    }
    Ok(binary)
}
