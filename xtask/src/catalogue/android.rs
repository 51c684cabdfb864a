//! Android's string resources, and the Kotlin that finds them.

use super::{
    Generated,
    source::{Catalogue, Language, Message, Placeholder, Text, fill},
};

pub(super) fn generate(catalogue: &Catalogue) -> Vec<Generated> {
    let mut files: Vec<Generated> = catalogue
        .languages
        .iter()
        .enumerate()
        .map(|(index, language)| {
            let qualifier = if index == 0 {
                String::new()
            } else {
                format!("-{}", language.tag)
            };
            let path = format!("android/src/main/res/values{qualifier}/touchstone_strings.xml");
            (path.into(), resources(catalogue.source(), language))
        })
        .collect();
    files.push((
        "android/src/main/kotlin/dev/touchstone/ui/TextResources.kt".into(),
        ids(catalogue.source()),
    ));
    files
}

/// Which resource belongs to which message. Kotlin's compiler sees when one is missing.
fn ids(source: &Language) -> String {
    let mut out = String::from(
        "// Written by `cargo xtask catalogue` from crates/touchstone-flow/catalogue; edit that.\n",
    );
    out += "package dev.touchstone.ui\n\nimport dev.touchstone.R\nimport dev.touchstone.flow.MsgId\n\n";
    out += "internal fun textResource(id: MsgId): Int = when (id) {\n";
    for message in &source.messages {
        let kind = match message.text() {
            Text::Plain(_) => "string",
            Text::Plural(_) => "plurals",
        };
        out += &format!(
            "    MsgId.{} -> R.{kind}.ts_{}\n",
            message.id.to_uppercase(),
            message.id
        );
    }
    out += "}\n\ninternal fun isPlural(id: MsgId): Boolean = when (id) {\n";
    let plurals: Vec<String> = source
        .messages
        .iter()
        .filter(|message| matches!(message.text(), Text::Plural(_)))
        .map(|message| format!("MsgId.{}", message.id.to_uppercase()))
        .collect();
    out += &format!(
        "    {} -> true\n    else -> false\n}}\n",
        plurals.join(", ")
    );
    out
}

fn resources(source: &Language, language: &Language) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out += "<!-- Written by `cargo xtask catalogue` from crates/touchstone-flow/catalogue; edit that.\n";
    out += "     Arguments are numbered: the product's name, the network's name, the number, as far as a text has them. -->\n";
    out += "<resources>\n";
    for (message, original) in language.messages.iter().zip(&source.messages) {
        if language.tag == source.tag
            && let Some(note) = &original.note
        {
            out += &format!("    <!-- {} -->\n", comment(note));
        }
        let arguments = original.placeholders();
        out += &match message.text() {
            Text::Plain(text) => format!(
                "    <string name=\"ts_{}\">{}</string>\n",
                message.id,
                value(text, &arguments)
            ),
            Text::Plural(_) => plurals(message, &arguments),
        };
    }
    out += "</resources>\n";
    out
}

fn plurals(message: &Message, arguments: &[Placeholder]) -> String {
    let mut out = format!("    <plurals name=\"ts_{}\">\n", message.id);
    if let Text::Plural(forms) = message.text() {
        for (category, text) in forms {
            out += &format!(
                "        <item quantity=\"{}\">{}</item>\n",
                category.name(),
                value(text, arguments)
            );
        }
    }
    out += "    </plurals>\n";
    out
}

/// Escaped for aapt: XML first, then what a string resource itself gives a meaning to.
fn value(text: &str, arguments: &[Placeholder]) -> String {
    let mut escaped = String::new();
    for (index, c) in text.chars().enumerate() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '\'' | '"' | '\\' => escaped.extend(['\\', c]),
            '@' | '?' if index == 0 => escaped.extend(['\\', c]),
            '%' if !arguments.is_empty() => escaped += "%%",
            _ => escaped.push(c),
        }
    }
    fill(&escaped, |placeholder| {
        let number = arguments
            .iter()
            .position(|argument| *argument == placeholder)
            .unwrap_or(arguments.len())
            + 1;
        match placeholder {
            Placeholder::Number => format!("%{number}$d"),
            // Names keep to their own direction.
            _ => format!("\\u2068%{number}$s\\u2069"),
        }
    })
}

fn comment(note: &str) -> String {
    note.replace("--", "\u{2013}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_string_resource_gives_a_meaning_to_is_escaped() {
        assert_eq!(
            value("l'appareil \"A\" & <B>", &[]),
            "l\\'appareil \\\"A\\\" &amp; &lt;B&gt;"
        );
        assert_eq!(value("?100 %", &[]), "\\?100 %");
        assert_eq!(
            value("100 % {n} @", &[Placeholder::Network, Placeholder::Number]),
            "100 %% %2$d @"
        );
    }

    #[test]
    fn names_are_isolated_and_numbered_as_in_the_source() {
        let arguments = [Placeholder::Product, Placeholder::Network];
        assert_eq!(
            value("{network}: {product}", &arguments),
            "\\u2068%2$s\\u2069: \\u2068%1$s\\u2069"
        );
    }
}
