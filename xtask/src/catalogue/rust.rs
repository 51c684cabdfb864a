//! The Rust table.

use super::{
    Generated,
    source::{Catalogue, Category, Language, Text},
};

const FOLDER: &str = "crates/touchstone-flow/src/catalogue";
const HEADER: &str = "// Written by `cargo xtask catalogue` from catalogue/*.toml; edit those.\n";

pub(super) fn generate(catalogue: &Catalogue) -> Vec<Generated> {
    let file = |name: &str, content| (format!("{FOLDER}/{name}.rs").into(), content);
    let mut files = vec![file("ids", ids(catalogue.source()))];
    for language in &catalogue.languages {
        files.push(file(&language.tag, table(language)));
    }
    files
}

fn ids(source: &Language) -> String {
    let mut out = format!("//! The ids of the catalogue.\n{HEADER}\n");
    out += "/// The id of a message; the documentation of each is its English text.\n";
    out += "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n";
    out += "#[cfg_attr(feature = \"serde\", derive(serde::Serialize), serde(rename_all = \"snake_case\"))]\n";
    out += "#[cfg_attr(feature = \"uniffi\", derive(uniffi::Enum))]\n#[non_exhaustive]\npub enum MsgId {\n";
    for message in &source.messages {
        out += &format!(
            "    #[doc = {}]\n    {},\n",
            literal(message.general()),
            variant(&message.id)
        );
    }
    out += "}\n\nimpl MsgId {\n    /// Every id, for catalogues and their checks.\n";
    out += "    pub const ALL: &'static [Self] = &[\n";
    for message in &source.messages {
        out += &format!("        Self::{},\n", variant(&message.id));
    }
    out += "    ];\n\n    /// The id as the catalogue, serialised screens and, behind `ts_`, the resources of the platforms write it.\n";
    out += "    pub const fn name(self) -> &'static str {\n        match self {\n";
    for message in &source.messages {
        out += &format!(
            "            Self::{} => {},\n",
            variant(&message.id),
            literal(&message.id)
        );
    }
    out += "        }\n    }\n}\n";
    out
}

fn table(language: &Language) -> String {
    let mut out = format!("//! {} ({}).\n{HEADER}\n", language.name, language.tag);
    let plural = language
        .messages
        .iter()
        .any(|message| matches!(message.text(), Text::Plural(_)));
    out += if plural {
        "use super::{MsgId, Plural, Text::{self, Plain}};\n\n"
    } else {
        "use super::{MsgId, Text::{self, Plain}};\n\n"
    };
    out += "pub(super) const fn text(id: MsgId) -> Text {\n    match id {\n";
    for message in &language.messages {
        let text = match message.text() {
            Text::Plain(text) => format!("Plain({})", literal(text)),
            Text::Plural(forms) => {
                let forms: Vec<String> = forms
                    .iter()
                    .map(|(category, text)| {
                        format!("(Plural::{}, {})", category.variant(), literal(text))
                    })
                    .collect();
                format!("Text::Plural(&[{}])", forms.join(", "))
            }
        };
        out += &format!("        MsgId::{} => {text},\n", variant(&message.id));
    }
    out += "    }\n}\n";
    out
}

impl Category {
    const fn variant(self) -> &'static str {
        match self {
            Self::Zero => "Zero",
            Self::One => "One",
            Self::Two => "Two",
            Self::Few => "Few",
            Self::Many => "Many",
            Self::Other => "Other",
        }
    }
}

/// `link_lost` becomes `LinkLost`.
fn variant(id: &str) -> String {
    id.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + letters.as_str()
            })
        })
        .collect()
}

fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_variants_and_quotes_are_escaped() {
        assert_eq!(variant("nfc_one"), "NfcOne");
        assert_eq!(literal("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }
}
