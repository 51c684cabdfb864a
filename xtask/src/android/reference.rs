//! The reference of the Android API.

use std::{fs, path::Path};

use anyhow::Context;

use crate::reference::section;

const SOURCES: [&str; 7] = [
    "Touchstone",
    "Attempt",
    "Person",
    "ui/ConnectButton",
    "ui/Announcer",
    "ui/Texts",
    "ui/Signals",
];
const HEAD: &str = "<!-- Written by `cargo xtask android --reference` from android/src/main/kotlin; edit that. -->
# Android API

Everything an app calls, from the package `dev.touchstone` and from `dev.touchstone.ui`. [The guide](android.md) says in which order. Records and enums of a screen
are in `dev.touchstone.flow`, those of trust and reports in `dev.touchstone.ffi`: [bindings/kotlin](../../bindings/kotlin).
";

/// Below the repository.
pub(super) const DOCUMENT: &str = "docs/guide/android-api.md";

/// The document as the sources have it.
///
/// # Errors
/// When they cannot be read.
pub(super) fn generate(module: &Path) -> anyhow::Result<String> {
    let mut out = HEAD.to_owned();
    for title in SOURCES {
        let path = module
            .join("src/main/kotlin/dev/touchstone")
            .join(title)
            .with_extension("kt");
        let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        out += &section(title, "kotlin", &source);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_the_sources_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let written = fs::read_to_string(root.join(DOCUMENT)).unwrap();
        assert_eq!(
            generate(&root.join("android")).unwrap(),
            written,
            "cargo xtask android --reference"
        );
    }
}
