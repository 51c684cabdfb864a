//! `cargo xtask xcframework`: the Swift package as an app takes it, with the library of each Apple platform in it.
//!
//! What `xcodebuild -create-xcframework` lays out on a Mac, written by hand: it needs no Mac, and is checked after it is written.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use crate::shell;

mod inspect;
#[cfg(test)]
mod tests;

use inspect::check;

/// The C module of the bindings, by which the package imports the library.
pub(super) const MODULE: &str = "TouchstoneFFIC";
pub(super) const LIBRARY: &str = "libtouchstone_ffi.a";
const HEADERS: &str = "bindings/swift/TouchstoneFFIC";
/// What the package is made of.
const PACKAGE: &str = "ios";

/// Lay out the Swift package with an XCFramework of these static libraries.
///
/// The result is what a Swift package repository of its own contains: Package.swift at its root.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask xcframework --slices aarch64-apple-ios=target/aarch64-apple-ios/packaged/libtouchstone_ffi.a --out /tmp/touchstone-swift\n  cargo xtask xcframework --check /tmp/touchstone-swift/TouchstoneFFIC.xcframework"
)]
pub(crate) struct Task {
    /// Static libraries, by Rust target.
    #[arg(long, value_name = "TARGET=FILE", num_args = 1.., required_unless_present = "check")]
    slices: Vec<Slice>,
    /// Where to; must not exist.
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Only check an XCFramework that exists.
    #[arg(long, value_name = "DIR")]
    check: Option<PathBuf>,
}

/// A library for one target.
#[derive(Clone, Debug)]
struct Slice {
    target: Target,
    file: PathBuf,
}

/// What Apple calls a Rust target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) platform: Platform,
    pub(super) architecture: Architecture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Platform {
    Ios,
    IosSimulator,
    Macos,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Architecture {
    Arm64,
    X86_64,
}

/// Info.plist.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Info {
    pub(super) available_libraries: Vec<Library>,
    #[serde(rename = "CFBundlePackageType")]
    pub(super) package_type: String,
    #[serde(rename = "XCFrameworkFormatVersion")]
    pub(super) format: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Library {
    pub(super) binary_path: String,
    pub(super) headers_path: String,
    pub(super) library_identifier: String,
    pub(super) library_path: String,
    pub(super) supported_architectures: Vec<String>,
    pub(super) supported_platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supported_platform_variant: Option<String>,
}

impl Task {
    /// Runs the subcommand; false if what was laid out is not as it must be.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        if let Some(framework) = &self.check {
            return Ok(report(&check(framework)?));
        }
        let out = self.out.as_deref().context("--out says where to")?;
        ensure!(!out.exists(), "{} exists", out.display());
        let root = crate::swift::root();
        let framework = out.join(format!("{MODULE}.xcframework"));
        lay_out(&self.slices, &root.join(HEADERS), &framework)?;
        let problems = check(&framework)?;
        if !report(&problems) {
            fs::remove_dir_all(out)?;
            return Ok(false);
        }
        let package = root.join(PACKAGE);
        fs::copy(package.join("Package.swift"), out.join("Package.swift"))?;
        copy(&package.join("Sources"), &out.join("Sources"))?;
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            fs::copy(root.join(licence), out.join(licence))?;
        }
        println!("{}", out.display());
        Ok(true)
    }
}

fn report(problems: &[String]) -> bool {
    for problem in problems {
        println!("{problem}");
    }
    problems.is_empty()
}

/// Writes the framework: a folder for each platform, its architectures in one library.
fn lay_out(slices: &[Slice], headers: &Path, framework: &Path) -> anyhow::Result<()> {
    let mut platforms: BTreeMap<Platform, BTreeMap<Architecture, Vec<u8>>> = BTreeMap::new();
    for slice in slices {
        let content = fs::read(&slice.file).with_context(|| slice.file.display().to_string())?;
        let of_platform = platforms.entry(slice.target.platform).or_default();
        if of_platform
            .insert(slice.target.architecture, content)
            .is_some()
        {
            bail!("two libraries for {}", slice.target);
        }
    }
    let mut libraries = Vec::new();
    for (platform, architectures) in &platforms {
        let library = Library::new(*platform, architectures.keys().copied());
        let folder = framework.join(&library.library_identifier);
        let to = folder.join(&library.headers_path).join(MODULE);
        copy(headers, &to)?;
        fs::write(folder.join(&library.library_path), joined(architectures)?)?;
        libraries.push(library);
    }
    let info = Info {
        available_libraries: libraries,
        package_type: "XFWK".to_owned(),
        format: "1.0".to_owned(),
    };
    plist::to_file_xml(framework.join("Info.plist"), &info)?;
    Ok(())
}

impl Library {
    fn new(platform: Platform, architectures: impl Iterator<Item = Architecture>) -> Self {
        let architectures: Vec<String> = architectures.map(|it| it.name().to_owned()).collect();
        let variant = platform.variant().map(str::to_owned);
        let mut identifier = format!("{}-{}", platform.name(), architectures.join("_"));
        if let Some(variant) = &variant {
            identifier += &format!("-{variant}");
        }
        Self {
            binary_path: LIBRARY.to_owned(),
            headers_path: "Headers".to_owned(),
            library_identifier: identifier,
            library_path: LIBRARY.to_owned(),
            supported_architectures: architectures,
            supported_platform: platform.name().to_owned(),
            supported_platform_variant: variant,
        }
    }
}

/// One library of several architectures, as `lipo` makes it: a header that says where each begins.
fn joined(architectures: &BTreeMap<Architecture, Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    const MAGIC: u32 = 0xcafe_babe;
    /// 16 KiB pages.
    const ALIGNMENT: u32 = 14;
    if let (1, Some(only)) = (architectures.len(), architectures.values().next()) {
        return Ok(only.clone());
    }
    let mut header = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    let page = 1_usize << ALIGNMENT;
    header.extend(MAGIC.to_be_bytes());
    header.extend(u32::try_from(architectures.len())?.to_be_bytes());
    for (architecture, content) in architectures {
        body.resize(body.len().next_multiple_of(page), 0);
        let (kind, subkind) = architecture.cpu();
        let offset = u32::try_from(page + body.len())?;
        for field in [
            kind,
            subkind,
            offset,
            u32::try_from(content.len())?,
            ALIGNMENT,
        ] {
            header.extend(field.to_be_bytes());
        }
        body.extend(content);
    }
    header.resize(page, 0);
    header.extend(body);
    Ok(header)
}

/// Copies a folder with everything in it; links become what they point to.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let beside = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &beside)?;
        } else {
            fs::copy(&path, &beside)?;
        }
    }
    Ok(())
}

impl Platform {
    pub(super) const ALL: [Self; 3] = [Self::Ios, Self::IosSimulator, Self::Macos];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ios | Self::IosSimulator => "ios",
            Self::Macos => "macos",
        }
    }

    pub(super) const fn variant(self) -> Option<&'static str> {
        match self {
            Self::IosSimulator => Some("simulator"),
            Self::Ios | Self::Macos => None,
        }
    }
}

impl Architecture {
    pub(super) const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Type and subtype in Apple's numbers.
    pub(super) const fn cpu(self) -> (u32, u32) {
        match self {
            Self::Arm64 => (0x0100_000c, 0),
            Self::X86_64 => (0x0100_0007, 3),
        }
    }
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(target: &str) -> anyhow::Result<Self> {
        use Architecture::{Arm64, X86_64};
        use Platform::{Ios, IosSimulator, Macos};
        let (platform, architecture) = match target {
            "aarch64-apple-ios" => (Ios, Arm64),
            "aarch64-apple-ios-sim" => (IosSimulator, Arm64),
            "x86_64-apple-ios" => (IosSimulator, X86_64),
            "aarch64-apple-darwin" => (Macos, Arm64),
            "x86_64-apple-darwin" => (Macos, X86_64),
            _ => bail!("{target} is no target of an XCFramework of ours"),
        };
        Ok(Self {
            platform,
            architecture,
        })
    }
}

impl FromStr for Slice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (target, file) = text.split_once('=').context("TARGET=FILE is expected")?;
        Ok(Self {
            target: target.parse()?,
            file: file.into(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variant = self.platform.variant().unwrap_or("device");
        let (platform, architecture) = (self.platform.name(), self.architecture.name());
        write!(f, "{platform} {variant} {architecture}")
    }
}
