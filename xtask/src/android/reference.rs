//! The reference of the Android API, from the comments of its public declarations.

use std::{fs, path::Path};

use anyhow::Context;

const SOURCES: [&str; 6] = [
    "Touchstone.kt",
    "Attempt.kt",
    "Person.kt",
    "ui/ConnectButton.kt",
    "ui/Announcer.kt",
    "ui/Texts.kt",
];
const SIGNALS: &str = "ui/Signals.kt";

/// Below the repository.
pub(super) const DOCUMENT: &str = "docs/guide/android-api.md";

/// The document as the sources have it.
pub(super) fn generate(module: &Path) -> anyhow::Result<String> {
    let mut out = String::from(
        "<!-- Written by `cargo xtask android --reference` from android/src/main/kotlin; edit that. -->\n# Android API\n\nEverything an app calls. [The guide](android.md) says in which order. Records and enums of a screen are in `dev.touchstone.flow`, those of trust and \
         reports in `dev.touchstone.ffi`: [bindings/kotlin](../../bindings/kotlin).\n",
    );
    for name in SOURCES.iter().chain([&SIGNALS]) {
        let path = module.join("src/main/kotlin/dev/touchstone").join(name);
        let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let package = source
            .lines()
            .find_map(|line| line.strip_prefix("package "))
            .unwrap_or_default();
        for declaration in declarations(&source) {
            let level = if declaration.indent == 0 { "##" } else { "###" };
            let within = if declaration.indent == 0 {
                format!(" (`{package}`)")
            } else {
                String::new()
            };
            out += &format!("\n{level} {}{within}\n\n", declaration.name);
            out += &format!(
                "```kotlin\n{}\n```\n\n{}\n",
                declaration.code, declaration.comment
            );
        }
    }
    Ok(out)
}

struct Declaration {
    indent: usize,
    name: String,
    code: String,
    comment: String,
}

/// The public declarations that have a comment, in order.
fn declarations(source: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut comment: Vec<String> = Vec::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let code = line.trim();
        if let Some(rest) = code.strip_prefix("/**") {
            comment.clear();
            let mut rest = rest;
            loop {
                let text = rest.trim_end_matches("*/").trim_end();
                comment.push(
                    text.trim_start_matches('*')
                        .trim_start_matches(' ')
                        .to_owned(),
                );
                if rest.ends_with("*/") {
                    break;
                }
                rest = lines.next().map_or("*/", str::trim);
            }
            continue;
        }
        if code.starts_with('@') {
            continue;
        }
        if let Some(declared) = code.strip_prefix("public ")
            && !comment.is_empty()
        {
            let mut whole = declared.to_owned();
            // Parameters on lines of their own.
            while whole.matches('(').count() > whole.matches(')').count() {
                let Some(next) = lines.next() else { break };
                whole = format!("{whole}\n{}", next.trim_end());
            }
            let cut = whole.find(" = ").filter(|_| !whole.contains('\n'));
            let code = cut.map_or(whole.as_str(), |at| whole.get(..at).unwrap_or(&whole));
            let code = code.trim_end_matches('{').trim_end();
            found.push(Declaration {
                indent: line.len() - line.trim_start().len(),
                name: name(declared),
                code: code.to_owned(),
                comment: comment.join("\n").trim().to_owned(),
            });
        }
        comment.clear();
    }
    found
}

/// The name of what is declared: the word after `fun`, `val`, `class` and the like.
fn name(declared: &str) -> String {
    let kinds = ["fun", "val", "var", "class", "interface", "object"];
    let mut words = declared.split_whitespace();
    let named = words
        .by_ref()
        .find(|word| kinds.contains(word))
        .and(words.next());
    let name = named.unwrap_or("constructor");
    let end = name
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(name.len());
    let name = name.get(..end).unwrap_or(name);
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_and_has_a_comment_is_in_the_reference() {
        let source = "/** A thing. */\npublic class Thing(\n    private val a: Int,\n) {\n    /** Does\n     * it. */\n    @Throws(X::class)\n    public fun act(): Unit = b()\n\n    /** Hidden. */\n    internal fun c() = 1\n    public val d = 2\n}\n";
        let found = declarations(source);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "`Thing`");
        assert_eq!(found[0].code, "class Thing(\n    private val a: Int,\n)");
        assert_eq!(found[1].name, "`act`");
        assert_eq!(found[1].code, "fun act(): Unit");
        assert_eq!(found[1].comment, "Does\nit.");
    }

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
