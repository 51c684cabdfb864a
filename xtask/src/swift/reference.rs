//! The reference of the Swift package.

use std::fs;

use crate::reference::section;

/// Below the repository.
pub(super) const DOCUMENT: &str = "docs/guide/ios-api.md";
const SOURCES: &str = "ios/Sources/Touchstone";
const HEAD: &str = "<!-- Written by `cargo xtask swift --reference` from ios/Sources/Touchstone; edit that. -->
# iOS API

Everything an app calls. [The guide](ios.md) says in which order. Records and enums of a screen, of trust and of reports are in
[bindings/swift](../../bindings/swift/TouchstoneFFI), which `import Touchstone` brings along.
";

/// The document as the sources have it.
///
/// # Errors
/// When they cannot be read.
pub(super) fn generate() -> anyhow::Result<String> {
    let folder = super::root().join(SOURCES);
    let mut out = HEAD.to_owned();
    for path in super::lint::sources(&folder)? {
        let file = path.strip_prefix(&folder).unwrap_or(&path);
        let title = file.with_extension("").display().to_string();
        out += &section(&title, "swift", &fs::read_to_string(&path)?);
    }
    Ok(out)
}

/// Writes the document.
///
/// # Errors
/// When it cannot be written, or the sources cannot be read.
pub(super) fn write() -> anyhow::Result<()> {
    Ok(fs::write(super::root().join(DOCUMENT), generate()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_the_sources_say() {
        let written = fs::read_to_string(super::super::root().join(DOCUMENT)).unwrap_or_default();
        assert_eq!(
            generate().unwrap(),
            written,
            "cargo xtask swift --reference"
        );
    }
}
