//! `cargo xtask bindings`: Kotlin and Swift from the library that the tests load.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use uniffi::{GenerateOptions, TargetLanguage};

use crate::shell::{self, Outcome};

/// Where the bindings are committed.
const FOLDER: &str = "bindings";

/// The C module of the product, and the one of the tests, which is the same and the simulator's: a buffer of one is a buffer of the other.
const PRODUCT: &str = "swift/TouchstoneFFIC";
const SIMULATOR: &str = "simulator/swift/TouchstoneFFIC";

/// Write the Kotlin and Swift bindings.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask bindings\n  cargo xtask bindings --check")]
pub(crate) struct Task {
    /// Write nothing: check that what is committed is what would be written.
    #[arg(long)]
    check: bool,
}

/// Files by their path below the folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

impl Task {
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(FOLDER);
        let files = generate()?;
        if !self.check {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            for (path, content) in &files {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().context("a file has a folder")?)?;
                fs::write(path, content)?;
            }
        }
        let committed = if folder.exists() {
            read(&folder)?
        } else {
            Files::new()
        };
        let paths: BTreeSet<_> = files.keys().chain(committed.keys()).collect();
        let drifted: Vec<_> = paths
            .into_iter()
            .filter(|path| files.get(*path) != committed.get(*path))
            .collect();
        for path in &drifted {
            println!(
                "{FOLDER}/{} is not what `cargo xtask bindings` writes",
                path.display()
            );
        }
        println!("{} files, {} out of date", files.len(), drifted.len());
        Ok(drifted.is_empty())
    }
}

/// Generates into a folder of its own, and puts each file where the packages look for it.
fn generate() -> anyhow::Result<Files> {
    // The simulator's library has every namespace, and is not stripped: what describes them is in its symbols.
    let library = shell::simulator_library()?;
    let out = shell::target()?.join("bindings");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
    uniffi::generate(GenerateOptions {
        languages: vec![TargetLanguage::Kotlin, TargetLanguage::Swift],
        source: text(&library)?.into(),
        out_dir: text(&out)?.into(),
        config_override: Some(
            concat!(env!("CARGO_MANIFEST_DIR"), "/../uniffi.toml")
                .to_owned()
                .into(),
        ),
        ..GenerateOptions::default()
    })?;
    let mut files = Files::new();
    for (path, content) in read(&out)? {
        // Comments become KDoc and DocC as they are, and a link of rustdoc leads nowhere there.
        ensure!(
            !String::from_utf8_lossy(&content).contains("](crate::"),
            "{} links to Rust",
            path.display()
        );
        files.insert(place(&path)?, content);
    }
    let product = ["touchstone_flow.h", "touchstone_ffi.h"];
    for header in product {
        let content = files.get(&Path::new(PRODUCT).join(header)).cloned();
        let content = content.with_context(|| format!("{header} is not generated"))?;
        files.insert(Path::new(SIMULATOR).join(header), content);
    }
    let [flow, ffi] = product;
    for (folder, headers) in [
        (PRODUCT, &product[..]),
        (SIMULATOR, &[flow, ffi, "touchstone_ffi_sim.h"]),
    ] {
        let map = module_map(headers).into_bytes();
        files.insert(Path::new(folder).join("module.modulemap"), map);
    }
    Ok(files)
}

/// Below `bindings/`: kotlin by package, swift by module, the simulator's apart.
fn place(path: &Path) -> anyhow::Result<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.context("a file name in UTF-8")?;
    let folder = match name {
        "TouchstoneFlow.swift" | "TouchstoneFFI.swift" => "swift/TouchstoneFFI",
        "touchstone_flow.h" | "touchstone_ffi.h" => PRODUCT,
        "TouchstoneSim.swift" => "simulator/swift/TouchstoneSim",
        "touchstone_ffi_sim.h" => SIMULATOR,
        "touchstone_ffi_sim.kt" => return Ok(Path::new("simulator/kotlin").join(path)),
        _ if name.ends_with(".kt") => return Ok(Path::new("kotlin").join(path)),
        _ => bail!("the generator wrote {name}, which has no place"),
    };
    Ok(Path::new(folder).join(name))
}

/// The C declarations, as one module.
fn module_map(headers: &[&str]) -> String {
    let headers: String = headers
        .iter()
        .map(|header| format!("    header \"{header}\"\n"))
        .collect();
    format!("module TouchstoneFFIC {{\n{headers}    export *\n}}\n")
}

fn read(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path)?;
                files.insert(path.strip_prefix(folder)?.to_owned(), content);
            }
        }
    }
    Ok(files)
}

/// The check of `cargo xtask test`.
pub(crate) fn check() -> anyhow::Result<Outcome> {
    Ok(if (Task { check: true }).run()? {
        Outcome::Passed
    } else {
        Outcome::Failed("run `cargo xtask bindings` and commit what it writes".to_owned())
    })
}
