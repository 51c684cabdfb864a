//! The reference of the Swift package, from the comments of its public declarations.

use std::{fs, path::Path};

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
    let root = super::root();
    let mut out = HEAD.to_owned();
    for path in super::lint::sources(&root.join(SOURCES))? {
        let text = fs::read_to_string(&path)?;
        let declarations = declarations(&text);
        if declarations.is_empty() {
            continue;
        }
        let file = path.strip_prefix(root.join(SOURCES)).unwrap_or(&path);
        out += &format!("\n## {}\n", title(file));
        for declaration in declarations {
            let Declaration {
                name,
                code,
                comment,
            } = declaration;
            out += &format!("\n### `{name}`\n\n```swift\n{code}\n```\n\n{comment}\n");
        }
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

fn title(file: &Path) -> String {
    file.with_extension("").display().to_string()
}

#[derive(Debug)]
struct Declaration {
    /// With what it is in: `Attempt.run`.
    name: String,
    code: String,
    comment: String,
}

/// What encloses the line that is read.
struct Around {
    indent: usize,
    name: String,
    /// What is in it is as public as it is.
    opens: bool,
}

/// What an app can use and has a comment, in order.
fn declarations(source: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut around: Vec<Around> = Vec::new();
    let mut comment: Vec<String> = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let code = line.trim();
        if let Some(text) = code.strip_prefix("///") {
            comment.push(text.strip_prefix(' ').unwrap_or(text).replace("``", "`"));
            continue;
        }
        if code.is_empty() || code.starts_with('@') || code.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        around.retain(|outer| outer.indent < indent);
        let comment = std::mem::take(&mut comment).join("\n");
        let Some((kind, name)) = declared(code) else {
            continue;
        };
        let public = code.starts_with("public ")
            || around.last().is_some_and(|outer| outer.opens) && !code.starts_with("private ");
        let path: Vec<&str> = around.iter().map(|outer| outer.name.as_str()).collect();
        let name = [path, vec![name]].concat().join(".");
        let mut whole = code.to_owned();
        // Parameters on lines of their own.
        while whole.matches('(').count() > whole.matches(')').count() {
            let Some(next) = lines.next() else { break };
            let next = next.get(indent..).unwrap_or_else(|| next.trim_start());
            whole = format!("{whole}\n{next}");
        }
        if public && !comment.is_empty() {
            found.push(Declaration {
                name: name.clone(),
                code: head(&whole).to_owned(),
                comment,
            });
        }
        if ["class", "struct", "enum", "actor", "protocol", "extension"].contains(&kind) {
            let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
            around.push(Around {
                indent,
                name,
                opens: public && ["enum", "protocol"].contains(&kind),
            });
        }
    }
    found
}

/// What kind of thing is declared, and its name.
fn declared(code: &str) -> Option<(&str, &str)> {
    const KINDS: [&str; 12] = [
        "class",
        "struct",
        "enum",
        "actor",
        "protocol",
        "extension",
        "func",
        "var",
        "let",
        "case",
        "init",
        "typealias",
    ];
    let mut words = code.split_whitespace();
    let word = words.find(|word| KINDS.contains(&kind_of(word)))?;
    let kind = kind_of(word);
    let name = if kind == "init" { kind } else { words.next()? };
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some((kind, name.get(..end.unwrap_or(name.len())).unwrap_or(name)))
}

/// `init(` is `init`.
fn kind_of(word: &str) -> &str {
    word.split(['(', '?']).next().unwrap_or(word)
}

/// Without its body and without what it is set to: a default of a parameter stays.
fn head(code: &str) -> &str {
    let mut depth = 0_usize;
    let mut end = code.len();
    for (at, character) in code.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '{' | '=' if depth == 0 => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    code.get(..end).unwrap_or(code).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Vec<(String, String, String)> {
        declarations(source)
            .into_iter()
            .map(|it| (it.name, it.code, it.comment))
            .collect()
    }

    #[test]
    fn only_what_is_public_and_has_a_comment_is_in_the_reference() {
        let found = of(
            "/// A ``Thing``.\n///\n/// Long.\n@MainActor\npublic final class Thing {\n    /// Kept.\n    public private(set) var kept = 1 {\n        willSet { changes() }\n    }\n    public let bare: Int\n    /// Hidden.\n    func hidden() {}\n    /// Made.\n    public init(\n        a: Int,\n        b: Int = 2\n    ) throws {\n        self.a = a\n    }\n}\n",
        );
        let expected = [
            ("Thing", "public final class Thing", "A `Thing`.\n\nLong."),
            ("Thing.kept", "public private(set) var kept", "Kept."),
            (
                "Thing.init",
                "public init(\n    a: Int,\n    b: Int = 2\n) throws",
                "Made.",
            ),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_public_protocol_asks_for_and_an_enum_can_be_is_public_too() {
        let found = of(
            "public protocol Acts {\n    /// Presses.\n    func press(seq: UInt64)\n}\npublic enum Moment {\n    /// A screen.\n    case screen(Screen)\n}\nenum Inner {\n    /// No.\n    case no\n}\nextension Policy {\n    /// Usual.\n    public static var standard: Policy { Policy() }\n}\n",
        );
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["Acts.press", "Moment.screen", "Policy.standard"]);
        assert_eq!(found[2].1, "public static var standard: Policy");
    }

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
