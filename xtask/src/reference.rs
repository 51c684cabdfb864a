//! The references of the phones' APIs, from the comments of their public declarations.

/// A public declaration that has a comment.
#[derive(Debug, PartialEq, Eq)]
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

/// Swift's and Kotlin's words before a name.
const KINDS: [&str; 17] = [
    "actor",
    "case",
    "class",
    "constructor",
    "enum",
    "extension",
    "fun",
    "func",
    "init",
    "interface",
    "let",
    "object",
    "protocol",
    "struct",
    "typealias",
    "val",
    "var",
];
/// Of these, what has declarations in it.
const ENCLOSING: [&str; 8] = [
    "actor",
    "class",
    "enum",
    "extension",
    "interface",
    "object",
    "protocol",
    "struct",
];

/// The part of a reference that tells of one source file; empty if it has nothing public.
pub(crate) fn section(title: &str, language: &str, source: &str) -> String {
    let declarations = declarations(source);
    if declarations.is_empty() {
        return String::new();
    }
    let mut out = format!("\n## {title}\n");
    for declaration in declarations {
        let Declaration {
            name,
            code,
            comment,
        } = declaration;
        out += &format!("\n### `{name}`\n\n```{language}\n{code}\n```\n\n{comment}\n");
    }
    out
}

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
        if let Some(text) = code.strip_prefix("/**") {
            comment = block_comment(text, &mut lines);
            continue;
        }
        if code.is_empty() || code.starts_with('@') || code.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        around.retain(|outer| outer.indent < indent);
        let comment = std::mem::take(&mut comment).join("\n").trim().to_owned();
        let Some((kind, name)) = declared(code) else {
            continue;
        };
        let public = code.starts_with("public ")
            || around.last().is_some_and(|outer| outer.opens) && !code.starts_with("private ");
        let mut path: Vec<&str> = around.iter().map(|outer| outer.name.as_str()).collect();
        path.push(name);
        path.retain(|part| !part.is_empty());
        let path = path.join(".");
        let mut whole = code.to_owned();
        // Parameters on lines of their own.
        while whole.matches('(').count() > whole.matches(')').count() {
            let Some(next) = lines.next() else { break };
            let next = next.get(indent..).unwrap_or_else(|| next.trim_start());
            whole = format!("{whole}\n{next}");
        }
        if public && !comment.is_empty() {
            found.push(Declaration {
                name: path,
                code: head(&whole).to_owned(),
                comment,
            });
        }
        if ENCLOSING.contains(&kind) {
            around.push(Around {
                indent,
                name: name.to_owned(),
                opens: public && ["enum", "protocol"].contains(&kind),
            });
        }
    }
    found
}

/// The lines of a comment that begins with `first`, up to where it is closed.
fn block_comment<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut comment = Vec::new();
    let mut line = first;
    loop {
        let text = line.trim_end_matches("*/").trim_end();
        comment.push(text.trim_start_matches('*').trim_start().to_owned());
        if line.ends_with("*/") {
            return comment;
        }
        line = lines.next().map_or("*/", str::trim);
    }
}

/// What kind of thing is declared, and its name.
fn declared(code: &str) -> Option<(&str, &str)> {
    let mut words = code.split_whitespace().peekable();
    let mut kind = kind_of(words.find(|word| KINDS.contains(&kind_of(word)))?);
    // `enum class`, `fun interface`.
    while let Some(next) = words.next_if(|word| KINDS.contains(word)) {
        kind = next;
    }
    let name = if ["init", "constructor"].contains(&kind) {
        kind
    } else {
        words.next()?
    };
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some((kind, name.get(..end.unwrap_or(name.len())).unwrap_or(name)))
}

/// `init(` is `init`.
fn kind_of(word: &str) -> &str {
    word.split(['(', '?']).next().unwrap_or(word)
}

/// Without its body, without what it is set to (a default of a parameter stays) and without a constructor that no app can call.
fn head(code: &str) -> &str {
    let mut depth = 0_usize;
    let hidden = [" private constructor(", " internal constructor("];
    let mut end = hidden
        .iter()
        .find_map(|constructor| code.find(constructor))
        .unwrap_or(code.len());
    for (at, character) in code.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '{' | '=' if depth == 0 => {
                end = end.min(at);
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

    fn expected<const N: usize>(rows: [(&str, &str, &str); N]) -> Vec<(String, String, String)> {
        rows.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
            .to_vec()
    }

    #[test]
    fn of_swift_only_what_is_public_and_has_a_comment_is_in_the_reference() {
        let source = "/// A ``Thing``.\n///\n/// Long.\n@MainActor\npublic final class Thing {\n    /// Kept.\n    public private(set) var kept = 1 {\n        willSet { changes() }\n    }\n    public let bare: Int\n    /// Hidden.\n    func hidden() {}\n    /// Made.\n    public init(\n        a: Int,\n        b: Int = 2\n    ) throws {\n        self.a = a\n    }\n}\n";
        let rows = expected([
            ("Thing", "public final class Thing", "A `Thing`.\n\nLong."),
            ("Thing.kept", "public private(set) var kept", "Kept."),
            (
                "Thing.init",
                "public init(\n    a: Int,\n    b: Int = 2\n) throws",
                "Made.",
            ),
        ]);
        assert_eq!(of(source), rows);
    }

    #[test]
    fn of_kotlin_only_what_is_public_and_has_a_comment_is_in_the_reference() {
        let source = "/** A thing. */\npublic class Thing(\n    private val a: Int,\n) {\n    /** Does\n     * it. */\n    @Throws(X::class)\n    public fun act(): Unit = b()\n\n    /** Hidden. */\n    internal fun c() = 1\n    public val d = 2\n\n    public companion object {\n        /** Opens. */\n        public fun open(\n            e: Int = 1,\n        ): Thing = Thing(e)\n    }\n}\n\n/** One of two. */\npublic enum class Two { A, B }\n\n/** Made by [Thing]. */\npublic class Made internal constructor(\n    f: Int,\n) : Thing(f)\n";
        let rows = expected([
            (
                "Thing",
                "public class Thing(\n    private val a: Int,\n)",
                "A thing.",
            ),
            ("Thing.act", "public fun act(): Unit", "Does\nit."),
            (
                "Thing.open",
                "public fun open(\n    e: Int = 1,\n): Thing",
                "Opens.",
            ),
            ("Two", "public enum class Two", "One of two."),
            ("Made", "public class Made", "Made by [Thing]."),
        ]);
        assert_eq!(of(source), rows);
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
    fn a_file_without_anything_public_has_no_section() {
        assert_eq!(section("A", "swift", "/// Hidden.\nfunc hidden() {}\n"), "");
        assert_eq!(
            section("A", "swift", "/// Seen.\npublic func seen() {}\n"),
            "\n## A\n\n### `seen`\n\n```swift\npublic func seen()\n```\n\nSeen.\n"
        );
    }
}
