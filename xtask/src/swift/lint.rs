//! What the sources of the Swift package must and must not contain, so that everyone can use what they draw.
//!
//! The parts that need Apple's frameworks cannot be compiled here; these rules read their syntax trees, inactive `#if` branches included.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tree_sitter::{Node, Parser, Tree};

/// The sources that are read.
const FOLDERS: [&str; 2] = ["ios/Sources/Touchstone", "examples/ios-app"];
/// Least height of what a finger has to hit, in points.
const TARGET: u32 = 44;
/// What has a role that a person acts on.
const CONTROLS: [&str; 7] = [
    "Button",
    "TextField",
    "SecureField",
    "Menu",
    "Toggle",
    "Picker",
    "Stepper",
];
/// What the views cannot be without.
const NEEDED: [(&str, &str); 8] = [
    ("accessibilityAddTraits", ".isHeader"),
    ("accessibilityAddTraits", ".updatesFrequently"),
    ("accessibilityAddTraits", ".isSelected"),
    ("accessibilityInputLabels", ""),
    ("accessibilityAction", ".magicTap"),
    ("accessibilityAction", ".escape"),
    ("accessibilityFocused", ".field"),
    ("textContentType", ".password"),
];

/// Something that keeps somebody from using the component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Everything that is wrong with the sources of the Swift package and of the example.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn examine() -> anyhow::Result<Vec<Problem>> {
    let root = super::root();
    let mut problems = Vec::new();
    let mut calls = Vec::new();
    for folder in FOLDERS {
        for path in sources(&root.join(folder))? {
            let text = fs::read_to_string(&path)?;
            let source = Source::parse(&text)?;
            let file = path.strip_prefix(&root).unwrap_or(&path);
            problems.extend(source.problems(file));
            calls.extend(source.calls().map(|call| (call.name, call.arguments)));
        }
    }
    for (modifier, argument) in NEEDED {
        let found =
            |(name, arguments): &(String, String)| name == modifier && arguments.contains(argument);
        if !calls.iter().any(found) {
            problems.push(Problem {
                file: FOLDERS[0].into(),
                line: 0,
                what: format!("nothing has .{modifier}({argument})"),
            });
        }
    }
    Ok(problems)
}

/// Every Swift file in a folder.
pub(super) fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|it| it == "swift") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

struct Source<'a> {
    text: &'a str,
    tree: Tree,
}

/// `name(arguments)` or `something.name(arguments)`.
struct Call<'a> {
    node: Node<'a>,
    name: String,
    /// Closures included.
    arguments: String,
}

impl<'a> Source<'a> {
    fn parse(text: &'a str) -> anyhow::Result<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_swift::LANGUAGE.into())?;
        let tree = parser.parse(text, None).context("no syntax tree")?;
        Ok(Self { text, tree })
    }

    fn of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let mut waiting = vec![self.tree.root_node()];
        std::iter::from_fn(move || {
            let node = waiting.pop()?;
            waiting.extend(
                (0..node.child_count())
                    .rev()
                    .filter_map(|index| node.child(index)),
            );
            Some(node)
        })
    }

    fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.nodes().filter_map(|node| self.call(node))
    }

    fn call<'b>(&self, node: Node<'b>) -> Option<Call<'b>> {
        if node.kind() != "call_expression" {
            return None;
        }
        let callee = node.named_child(0)?;
        let name = self.of(callee);
        let name = name.rsplit('.').next().unwrap_or(name).trim().to_owned();
        let arguments = self.text.get(callee.end_byte()..node.end_byte())?;
        Some(Call {
            node,
            name,
            arguments: arguments.to_owned(),
        })
    }

    fn problems(&self, file: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |node: Node<'_>, what: String| {
            problems.push(Problem {
                file: file.to_owned(),
                line: node.start_position().row + 1,
                what,
            });
        };
        for node in self.nodes() {
            if node.is_error() || node.is_missing() {
                add(node, "cannot be parsed".to_owned());
            }
            if self.forces(node) {
                add(node, "forces what may not be there".to_owned());
            }
            if node.kind() == "simple_identifier"
                && ["AVSpeechSynthesizer", "AccessibilityNotification"].contains(&self.of(node))
            {
                add(
                    node,
                    "speaks past the announcer, which knows priorities".to_owned(),
                );
            }
            if let Some(call) = self.call(node) {
                for what in self.faults(&call) {
                    add(node, what);
                }
            }
        }
        problems
    }

    fn forces(&self, node: Node<'_>) -> bool {
        match node.kind() {
            // Before an expression it negates.
            "bang" => node
                .parent()
                .is_some_and(|parent| parent.kind() == "postfix_expression"),
            "as!" | "try!" => true,
            "try_operator" | "as_operator" => self.of(node).ends_with('!'),
            _ => false,
        }
    }

    fn faults(&self, call: &Call<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        let (name, arguments) = (call.name.as_str(), call.arguments.as_str());
        let has = |label: &str| labels(arguments).any(|found| found == label);
        match name {
            "lineLimit" | "minimumScaleFactor" | "truncationMode" | "allowsTightening"
            | "fixedSize" => faults.push(format!(".{name} cuts large text off")),
            "frame" if has("width") || has("height") => {
                faults.push("a fixed frame does not grow with its text".to_owned());
            }
            "system" if has("size") => {
                faults.push("a font of fixed size does not grow".to_owned());
            }
            "disabled" | "allowsHitTesting" => {
                faults.push(format!(".{name} takes a control away without a word"));
            }
            "onTapGesture" | "onLongPressGesture" | "gesture" | "highPriorityGesture" => {
                faults.push(format!(
                    ".{name} is out of reach of a screen reader or a switch"
                ));
            }
            "withAnimation" | "animation" | "transition" => {
                faults.push(format!("{name} moves what some people need still"));
            }
            "foregroundColor" | "foregroundStyle" | "tint"
                if arguments.contains(".secondary") || arguments.contains(".gray") =>
            {
                faults.push("too little contrast".to_owned());
            }
            "post" if arguments.contains("notification:") => {
                let announces = [".announcement", ".screenChanged", ".layoutChanged"]
                    .iter()
                    .any(|kind| arguments.contains(kind));
                if announces && !arguments.contains("argument: Self.spoken(") {
                    faults.push("an announcement without priority and language".to_owned());
                }
            }
            _ => {}
        }
        if ["Text", "Label", "accessibilityLabel", "accessibilityHint"].contains(&name)
            || CONTROLS.contains(&name)
        {
            let words = literal(arguments);
            if words.is_some_and(|words| words.contains(char::is_alphabetic)) {
                faults.push("text that is in no catalogue".to_owned());
            }
        }
        if CONTROLS.contains(&name) && !self.is_labelled(call.node) {
            faults.push(format!("a {name} without a label for the screen reader"));
        }
        if name == "Image" && !self.is_labelled(call.node) {
            faults.push("an Image neither labelled nor hidden from the screen reader".to_owned());
        }
        if name == "Button" && !self.is_in(call.node, "Menu") && !is_large(arguments) {
            faults.push(format!("a Button that may be lower than {TARGET} points"));
        }
        faults
    }

    /// Whether the control has a label of its own, directly or through the group or modifier that it shares with others of its kind.
    fn is_labelled(&self, control: Node<'_>) -> bool {
        let mut node = control;
        while let Some(parent) = node.parent() {
            if let Some(call) = self.call(parent) {
                let inside = parent.named_child(0).is_some_and(|callee| {
                    callee.start_byte() <= control.start_byte()
                        && control.end_byte() <= callee.end_byte()
                });
                if inside {
                    let labels = match call.name.as_str() {
                        "accessibilityLabel" => true,
                        "accessibilityHidden" => call.arguments.contains("true"),
                        "modifier" => call.arguments.contains("Typed("),
                        _ => false,
                    };
                    if labels {
                        return true;
                    }
                } else if call.name != "Group" {
                    return false;
                }
            }
            if parent.kind().ends_with("_declaration") {
                return false;
            }
            node = parent;
        }
        false
    }

    fn is_in(&self, node: Node<'_>, container: &str) -> bool {
        std::iter::successors(node.parent(), Node::parent)
            .filter_map(|node| self.call(node))
            .any(|call| call.name == container)
    }
}

/// The labels of `(label: value, ...)`, of the arguments themselves and not of calls in them.
fn labels(arguments: &str) -> impl Iterator<Item = &str> {
    let inner = arguments.trim_start().strip_prefix('(').unwrap_or("");
    let mut depth = 0_usize;
    let mut start = 0;
    let mut found = Vec::new();
    for (at, character) in inner.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => start = at + 1,
            ':' if depth == 0 => found.extend(inner.get(start..at).map(str::trim)),
            _ => {}
        }
    }
    found.into_iter()
}

/// The text, if the first argument is a string that is written out.
fn literal(arguments: &str) -> Option<&str> {
    let inside = arguments.trim_start().strip_prefix('(')?.trim_start();
    inside.strip_prefix('"')?.split('"').next()
}

/// Whether something in these arguments is at least as high as a finger needs.
fn is_large(arguments: &str) -> bool {
    arguments.split("minHeight:").skip(1).any(|rest| {
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<u32>().is_ok_and(|height| height >= TARGET)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with this view.
    fn faults(body: &str) -> String {
        let text = format!("struct A: View {{\n  var body: some View {{\n{body}\n  }}\n}}\n");
        let problems = Source::parse(&text).unwrap().problems(Path::new("A.swift"));
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        lines.join("\n")
    }

    const GOOD: &str = "Button(action: go) { Text(label).frame(maxWidth: .infinity, minHeight: 64) }.accessibilityLabel(label)";

    #[test]
    fn a_button_that_everyone_can_use_passes() {
        assert_eq!(faults(GOOD), "");
    }

    #[test]
    fn each_rule_finds_its_bad_sample() {
        for (bad, what) in [
            ("Text(a).lineLimit(1)", "cuts large text off"),
            ("Text(a).minimumScaleFactor(0.5)", "cuts large text off"),
            ("Text(a).fixedSize()", "cuts large text off"),
            ("Text(a).frame(width: 200)", "fixed frame"),
            (
                "Text(a).frame(maxWidth: .infinity).frame(height: 44)",
                "fixed frame",
            ),
            ("Text(a).font(.system(size: 12))", "fixed size"),
            ("Text(a).disabled(busy)", "takes a control away"),
            ("Text(a).onTapGesture { go() }", "out of reach"),
            ("Text(a).gesture(drag)", "out of reach"),
            ("Text(a).animation(.default, value: b)", "moves"),
            ("Text(a).foregroundColor(.secondary)", "contrast"),
            ("Text(\"Connect\")", "in no catalogue"),
            ("Text(a).accessibilityLabel(\"Connect\")", "in no catalogue"),
            ("Image(systemName: a)", "neither labelled nor hidden"),
            ("TextField(a, text: $b)", "TextField without a label"),
            (
                "SecureField(a, text: $b).textContentType(.password)",
                "SecureField without a label",
            ),
            (
                "VStack { Toggle(a, isOn: $b) }.accessibilityLabel(a)",
                "Toggle without a label",
            ),
            (
                "Button(action: go) { Text(a).frame(minHeight: 64) }",
                "Button without a label",
            ),
            (
                "Button(action: go) { Text(a) }.accessibilityLabel(a)",
                "lower than 44",
            ),
            (
                "Button(action: go) { Text(a).frame(minHeight: 40) }.accessibilityLabel(a)",
                "lower than 44",
            ),
            ("Text(a!)", "forces"),
            ("Text(try! b())", "forces"),
            ("Text(b as! String)", "forces"),
            (
                "UIAccessibility.post(notification: .announcement, argument: a)",
                "without priority",
            ),
            (
                "UIAccessibility.post(notification: .screenChanged, argument: a)",
                "without priority",
            ),
            (
                "AccessibilityNotification.Announcement(a).post()",
                "past the announcer",
            ),
            ("AVSpeechSynthesizer().speak(a)", "past the announcer"),
            ("Text(a", "cannot be parsed"),
        ] {
            let found = faults(bad);
            assert!(found.contains(what), "{bad}: {found}");
        }
    }

    #[test]
    fn what_only_looks_like_a_fault_passes() {
        for good in [
            "Text(a).frame(maxWidth: .infinity, alignment: .leading)",
            "Text(a).foregroundColor(.primary)",
            "Text(String(1))",
            "Image(systemName: \"checkmark\").accessibilityHidden(true)",
            "Group { if a { TextField(b, text: $c) } else { SecureField(b, text: $c) } }.accessibilityLabel(b)",
            "Menu { Button(a) { go() }.accessibilityLabel(a) } label: { Text(a) }.accessibilityLabel(a)",
            "UIAccessibility.post(notification: .announcement, argument: Self.spoken(a))",
            "Text(!a ? b : c)",
        ] {
            assert_eq!(faults(good), "", "{good}");
        }
    }

    #[test]
    fn an_inactive_branch_is_read_too() {
        let text = "#if canImport(Nothing)\nlet a = Text(b).lineLimit(1)\n#endif\n";
        let problems = Source::parse(text).unwrap().problems(Path::new("A.swift"));
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[test]
    fn the_sources_of_the_package_pass() {
        assert_eq!(examine().unwrap(), Vec::new());
    }
}
