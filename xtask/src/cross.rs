//! `cargo xtask cross`: what phones and firmware link is checked for their targets, on a machine that has none of their tools.
//!
//! rustup's targets are not needed: the standard library is checked from its sources along with everything else. Checking is not linking; what can be
//! linked here is in `cargo xtask natives`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

use crate::shell::{self, Outcome};

/// Check the phones' stack and the device's for their targets.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask cross\n  cargo xtask cross --only thumbv7em")]
pub(crate) struct Cross {
    /// Only the targets whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

struct Target {
    triple: &'static str,
    packages: &'static [&'static str],
    features: &'static str,
    /// The parts of the standard library.
    library: &'static str,
}

const PHONE: &[&str] = &["touchstone-ffi"];
const DEVICE: &[&str] = &[
    "touchstone-proto",
    "touchstone-device",
    "touchstone-peripheral",
];
/// The role alone, with everything that is optional in it.
const ROLE: &[&str] = &["touchstone-device"];
const TARGETS: &[Target] = &[
    Target {
        triple: "aarch64-linux-android",
        packages: PHONE,
        features: "",
        library: "std,panic_unwind,panic_abort",
    },
    Target {
        triple: "aarch64-apple-ios",
        packages: PHONE,
        features: "",
        library: "std,panic_unwind,panic_abort",
    },
    Target {
        triple: "riscv32imc-unknown-none-elf",
        packages: DEVICE,
        features: "",
        library: "core,alloc",
    },
    Target {
        triple: "riscv32imc-unknown-none-elf",
        packages: ROLE,
        features: "touchstone-device/ml-kem",
        library: "core,alloc",
    },
    Target {
        triple: "thumbv7em-none-eabihf",
        packages: DEVICE,
        features: "",
        library: "core,alloc",
    },
    Target {
        triple: "thumbv7em-none-eabihf",
        packages: ROLE,
        features: "touchstone-device/ml-kem",
        library: "core,alloc",
    },
];

impl Cross {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let mut passed = true;
        for target in TARGETS {
            let meant = self.only.as_deref().unwrap_or_default();
            if !target.triple.contains(meant) {
                continue;
            }
            let mut check = cargo_for(target.triple, "check", target.library)?;
            for package in target.packages {
                check.args(["-p", package]);
            }
            check.args(["--features", target.features]);
            let outcome = shell::run(&mut check)?;
            println!(
                "{}: {} {} {outcome:?}",
                target.triple,
                target.packages.join(" "),
                target.features
            );
            passed &= matches!(outcome, Outcome::Passed);
        }
        Ok(passed)
    }
}

/// The check of `cargo xtask test`. In CI, where nothing runs twice, its folder goes away: it is large.
pub(crate) fn check() -> anyhow::Result<Outcome> {
    let passed = (Cross { only: None }).run()?;
    if passed && std::env::var_os("CI").is_some() {
        fs::remove_dir_all(target()?)?;
    }
    Ok(match passed {
        true => Outcome::Passed,
        false => Outcome::Failed("something does not compile for its target".to_owned()),
    })
}

/// A target folder of its own, so that nothing else is built anew.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    Ok(shell::target()?.join("cross"))
}

/// This cargo on a target whose standard library is built from source.
pub(crate) fn cargo_for(triple: &str, subcommand: &str, library: &str) -> anyhow::Result<Command> {
    let mut cargo = shell::cargo();
    cargo
        .args([subcommand, "--quiet", "--target", triple])
        .arg(format!("-Zbuild-std={library}"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", standard_library()?)
        .env("CARGO_TARGET_DIR", target()?)
        // Nothing of it is ever run.
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("IPHONEOS_DEPLOYMENT_TARGET", "15.0")
        // It has no compare-and-swap, and one core: firmware decides this, and so do its hardware crates for it.
        .env(
            "CARGO_TARGET_RISCV32IMC_UNKNOWN_NONE_ELF_RUSTFLAGS",
            "--cfg portable_atomic_unsafe_assume_single_core",
        );
    Ok(cargo)
}

/// The sources of the standard library of exactly this compiler: rustup's, or else Debian's, which need no rustup server.
fn standard_library() -> anyhow::Result<PathBuf> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()?;
    let own = PathBuf::from(String::from_utf8(sysroot.stdout)?.trim())
        .join("lib/rustlib/src/rust/library");
    if own.join("Cargo.lock").exists() {
        return Ok(own);
    }
    let version = Command::new("rustc").arg("--version").output()?;
    let version = String::from_utf8(version.stdout)?;
    let version = version.split_whitespace().nth(1).context("a version")?;
    let cached = shell::cache()?.join(format!("rust-src-{version}"));
    if !cached.exists() {
        fetch(version, &cached)?;
    }
    Ok(cached)
}

/// Debian's sources of this version. apt verifies the signature of the archive and the checksum of the package.
fn fetch(version: &str, cached: &Path) -> anyhow::Result<()> {
    println!("fetching the sources of the standard library {version}");
    let work = shell::target()?.join("rust-src");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(work.join("lists/partial"))?;
    fs::write(
        work.join("sources.list"),
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie-backports main\n",
    )?;
    let apt = |arguments: &[&str]| {
        // Lists of its own: the machine's are left alone.
        let options = [
            format!("Dir::Etc::sourcelist={}/sources.list", work.display()),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::lists={}/lists", work.display()),
            format!("Dir::Cache={}", work.display()),
            "APT::Sandbox::User=root".to_owned(),
        ];
        let mut command = Command::new("apt-get");
        command.args(options.iter().flat_map(|option| ["-o", option]));
        let run = shell::run(command.args(arguments).current_dir(&work));
        match run.context("cannot run apt-get: this machine is not Debian; `rustup component add rust-src` does as well")? {
            Outcome::Passed => Ok(()),
            other => bail!("apt-get {}: {other:?}", arguments.join(" ")),
        }
    };
    apt(&["update", "-qq"])?;
    apt(&["download", "-qq", &format!("rust-src={version}+*")])?;
    let package = fs::read_dir(&work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get left no package")?;
    let unpacked = work.join("unpacked");
    let unpack = shell::run(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(package)
            .arg(&unpacked),
    )?;
    ensure!(matches!(unpack, Outcome::Passed), "cannot unpack rust-src");
    let library = unpacked.join(format!("usr/src/rustc-{version}/library"));
    // Whole or not at all; the cache may be on another file system.
    let beside = cached.with_extension("new");
    let copy = shell::run(Command::new("cp").arg("-r").arg(&library).arg(&beside))?;
    ensure!(matches!(copy, Outcome::Passed), "cannot keep rust-src");
    fs::rename(beside, cached)?;
    fs::remove_dir_all(work)?;
    Ok(())
}
