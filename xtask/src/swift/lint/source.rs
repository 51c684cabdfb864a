//! One Swift source: its syntax tree, and what is wrong in it.

use std::path::Path;

use anyhow::Context;
use tree_sitter::{Node, Parser, Tree};

use super::Problem;

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
/// What makes the system ask the person for more than Bluetooth.
const ASKING: [&str; 6] = [
    "CoreLocation",
    "Network",
    "NetworkExtension",
    "UserNotifications",
    "MultipeerConnectivity",
    "AccessorySetupKit",
];

pub(super) struct Source<'a> {
    text: &'a str,
    tree: Tree,
}

/// `name(arguments)` or `something.name(arguments)`.
pub(super) struct Call<'a> {
    node: Node<'a>,
    pub(super) name: String,
    /// Closures included.
    pub(super) arguments: String,
}

impl<'a> Source<'a> {
    pub(super) fn parse(text: &'a str) -> anyhow::Result<Self> {
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

    pub(super) fn calls(&self) -> impl Iterator<Item = Call<'_>> {
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

    pub(super) fn problems(&self, file: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |node: Node<'_>, criterion, what: String| {
            problems.push(Problem {
                criterion,
                file: file.to_owned(),
                line: node.start_position().row + 1,
                what,
            });
        };
        for node in self.nodes() {
            if node.is_error() || node.is_missing() {
                add(node, "X15", "cannot be parsed".to_owned());
            }
            if self.forces(node) {
                add(node, "X15", "forces what may not be there".to_owned());
            }
            if node.kind() == "simple_identifier"
                && ["AVSpeechSynthesizer", "AccessibilityNotification"].contains(&self.of(node))
            {
                add(
                    node,
                    "X15",
                    "speaks past the announcer, which knows priorities".to_owned(),
                );
            }
            if node.kind() == "import_declaration"
                && let Some(framework) = self.of(node).split_whitespace().last()
                && ASKING.contains(&framework)
            {
                add(
                    node,
                    "X11",
                    format!("{framework} makes the system ask for more"),
                );
            }
            if let Some(call) = self.call(node) {
                for (criterion, what) in self.faults(&call) {
                    add(node, criterion, what);
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

    fn faults(&self, call: &Call<'_>) -> Vec<(&'static str, String)> {
        let mut faults: Vec<(&'static str, String)> = Vec::new();
        let mut add = |criterion, what: &str| faults.push((criterion, what.to_owned()));
        let (name, arguments) = (call.name.as_str(), call.arguments.as_str());
        let has = |label: &str| labels(arguments).any(|found| found == label);
        match name {
            "lineLimit" | "minimumScaleFactor" | "truncationMode" | "allowsTightening"
            | "fixedSize" => add("X16", &format!(".{name} cuts large text off")),
            "frame" if has("width") || has("height") => {
                add("X16", "a fixed frame does not grow with its text");
            }
            "system" if has("size") => {
                add("X16", "a font of fixed size does not grow");
            }
            "disabled" | "allowsHitTesting" => {
                add(
                    "X4",
                    &format!(".{name} takes a control away without a word"),
                );
            }
            "onTapGesture" | "onLongPressGesture" | "gesture" | "highPriorityGesture" => {
                add(
                    "X4",
                    &format!(".{name} is out of reach of a screen reader or a switch"),
                );
            }
            "withAnimation" | "animation" | "transition" => {
                add("X16", &format!("{name} moves what some people need still"));
            }
            "foregroundColor" | "foregroundStyle" | "tint"
                if arguments.contains(".secondary") || arguments.contains(".gray") =>
            {
                add("X16", "too little contrast");
            }
            "post" if arguments.contains("notification:") => {
                let announces = [".announcement", ".screenChanged", ".layoutChanged"]
                    .iter()
                    .any(|kind| arguments.contains(kind));
                if announces && !arguments.contains("argument: Self.spoken(") {
                    add("X15", "an announcement without priority and language");
                }
            }
            _ => {}
        }
        if ["Text", "Label", "accessibilityLabel", "accessibilityHint"].contains(&name)
            || CONTROLS.contains(&name)
        {
            let words = literal(arguments);
            if words.is_some_and(|words| words.contains(char::is_alphabetic)) {
                add("X13", "text that is in no catalogue");
            }
        }
        if CONTROLS.contains(&name) && !self.is_labelled(call.node) {
            add(
                "X4",
                &format!("a {name} without a label for the screen reader"),
            );
        }
        if name == "Image" && !self.is_labelled(call.node) {
            add(
                "X15",
                "an Image neither labelled nor hidden from the screen reader",
            );
        }
        if name == "Button" && !self.is_in(call.node, "Menu") && !is_large(arguments) {
            add(
                "X4",
                &format!("a Button that may be lower than {TARGET} points"),
            );
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
    fn a_fault_names_the_criterion_it_breaks() {
        for (bad, criterion) in [
            ("Text(a).disabled(busy)", "(X4)"),
            ("Text(\"Connect\")", "(X13)"),
            ("AVSpeechSynthesizer().speak(a)", "(X15)"),
            ("Text(a).lineLimit(1)", "(X16)"),
        ] {
            assert!(faults(bad).ends_with(criterion), "{bad}: {}", faults(bad));
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
    fn a_framework_that_makes_the_system_ask_for_more_is_a_fault() {
        for (import, found) in [("CoreLocation", 1), ("Foundation", 0)] {
            let text = format!("import {import}\n");
            let problems = Source::parse(&text).unwrap().problems(Path::new("A.swift"));
            assert_eq!(problems.len(), found, "{problems:?}");
        }
    }
}
