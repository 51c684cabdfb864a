//! `cargo xtask natives`: the library as a package carries it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::shell::{self, Outcome};

/// The text that touchstone-ffi-sim carries.
const SIMULATOR: &[u8] = shell::SIMULATOR_MARKER.as_bytes();

/// Build the library of this machine as a package carries it, and weigh it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask natives\n  cargo xtask natives --static")]
pub(crate) struct Natives {
    /// The static library instead of the shared one.
    #[arg(long = "static")]
    archive: bool,
    /// Without the radio of touchstone-ble.
    #[arg(long)]
    without_radio: bool,
}

impl Natives {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let library = self.build()?;
        println!(
            "{} {} bytes",
            library.display(),
            fs::metadata(&library)?.len()
        );
        Ok(true)
    }

    fn build(&self) -> anyhow::Result<PathBuf> {
        let kind = if self.archive { "staticlib" } else { "cdylib" };
        let mut cargo = shell::cargo();
        // One crate type by name: with several, cargo drops link-time optimisation without a word.
        cargo.args([
            "rustc",
            "--quiet",
            "--profile",
            "packaged",
            "-p",
            "touchstone-ffi",
        ]);
        cargo.args(["--lib", "--crate-type", kind]);
        if self.without_radio {
            cargo.arg("--no-default-features");
        }
        if let Outcome::Failed(why) = shell::run(&mut cargo)? {
            bail!("touchstone-ffi does not build: {why}");
        }
        let name = if self.archive {
            "libtouchstone_ffi.a".to_owned()
        } else {
            format!(
                "{}touchstone_ffi{}",
                std::env::consts::DLL_PREFIX,
                std::env::consts::DLL_SUFFIX
            )
        };
        let library = shell::target()?.join("packaged").join(name);
        releasable(&library)?;
        Ok(library)
    }
}

/// Refuses a library that must not be in any package: one with the simulator in it.
///
/// # Errors
/// When it is one, or cannot be read.
pub(crate) fn releasable(library: &Path) -> anyhow::Result<()> {
    let content = fs::read(library).with_context(|| library.display().to_string())?;
    ensure!(
        !content
            .windows(SIMULATOR.len())
            .any(|window| window == SIMULATOR),
        "{} has the simulator in it and must not be packaged",
        library.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_with_the_simulator_is_refused_and_another_is_not() {
        let folder =
            std::env::temp_dir().join(format!("touchstone-natives-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (clean, marked) = (folder.join("clean"), folder.join("marked"));
        fs::write(&clean, b"\x7fELF TOUCHSTONE").unwrap();
        fs::write(&marked, [b"\x7fELF ", SIMULATOR, b"\0"].concat()).unwrap();
        releasable(&clean).unwrap();
        releasable(&marked).unwrap_err();
        releasable(&folder.join("absent")).unwrap_err();
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_simulator_carries_the_text_that_is_looked_for() {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../crates/touchstone-ffi-sim/src/lib.rs"
        );
        let source = fs::read_to_string(source).unwrap();
        assert!(source.contains(str::from_utf8(SIMULATOR).unwrap()));
    }
}
