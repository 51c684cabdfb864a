//! `cargo xtask swift`: the Swift package's tests, over the host's build of the library.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::shell::{self, Outcome};

pub(crate) mod lint;
mod reference;
mod toolchain;

use toolchain::{Folder, Toolchain};

/// In `$1` the project, in `$2` the library, in `$3` what is built. Further words go to `swift test`.
const TEST: &str = r#"
package=$1/ios library=$2 build=$3
# What cannot be compiled without Apple's frameworks is at least Swift, in every branch.
find "$package/Sources/Touchstone" "$1/examples/ios-app" -name '*.swift' -exec swiftc -parse -parse-as-library -swift-version 6 {} +
# The package as an app takes it.
swift package --package-path "$package" --scratch-path "$build" dump-package | grep -q '"path" : "TouchstoneFFIC.xcframework"'
export TOUCHSTONE_SIMULATOR=1 LD_LIBRARY_PATH="$library" DYLD_LIBRARY_PATH="$library"
swift test --quiet --package-path "$package" --scratch-path "$build" -Xlinker "-L$library""#;

/// Build the Swift package and run its tests.
///
/// On Linux as root a Swift of Debian's is set up in the cache, once; elsewhere the Swift on the path is used.
#[derive(Debug, Default, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask swift\n  cargo xtask swift -- --filter ModelTests\n  cargo xtask swift --setup\n  cargo xtask swift --lint\n  cargo xtask swift --reference"
)]
pub(crate) struct Task {
    /// Only set the toolchain up.
    #[arg(long)]
    setup: bool,
    /// Only check what the sources must and must not contain.
    #[arg(long, conflicts_with = "setup")]
    lint: bool,
    /// Only write docs/guide/ios-api.md from the comments of the sources.
    #[arg(long, conflicts_with_all = ["setup", "lint"])]
    reference: bool,
    /// Handed to `swift test`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Task {
    /// Runs the subcommand.
    pub(crate) fn run(&self) -> anyhow::Result<Outcome> {
        if self.reference {
            reference::write()?;
            return Ok(Outcome::Passed);
        }
        let problems = lint::examine()?;
        for problem in &problems {
            println!("{problem}");
        }
        if !problems.is_empty() {
            return Ok(Outcome::Failed(format!(
                "{} problems in Swift sources",
                problems.len()
            )));
        }
        if self.lint {
            return Ok(Outcome::Passed);
        }
        let toolchain = match Toolchain::find()? {
            Ok(toolchain) => toolchain,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };
        if self.setup {
            return Ok(Outcome::Passed);
        }
        let library = shell::simulator_library()?;
        let library = library.parent().context("a library is in a folder")?;
        let build = shell::target()?.join("swift");
        fs::create_dir_all(&build)?;
        let folder = |host, inside, writable| Folder {
            host,
            inside,
            writable,
        };
        let root = root();
        let folders = [
            folder(&root, "/src", false),
            folder(library, "/library", false),
            folder(&build, "/build", true),
        ];
        let script = format!("{} {}", TEST.trim_start(), quoted(&self.arguments));
        shell::run(&mut toolchain.command(&script, &folders))
    }
}

/// The folder of the whole project.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// For sh.
fn quoted(arguments: &[String]) -> String {
    let quote = |argument: &String| format!("'{}'", argument.replace('\'', "'\\''"));
    let quoted: Vec<String> = arguments.iter().map(quote).collect();
    quoted.join(" ")
}
