//! Apple's string catalogue.

use serde::Serialize;
use serde_json::{Map, Value, json, ser::Formatter};

use super::{
    Generated,
    source::{Catalogue, Placeholder, Text, fill},
};

const PATH: &str = "ios/Sources/Touchstone/Resources/Localizable.xcstrings";

pub(super) fn generate(catalogue: &Catalogue) -> Generated {
    let mut strings = Map::new();
    for (index, source) in catalogue.source().messages.iter().enumerate() {
        let arguments = source.placeholders();
        let mut localizations = Map::new();
        for language in &catalogue.languages {
            let Some(message) = language.messages.get(index) else {
                continue;
            };
            let unit = |text: &str| json!({"stringUnit": {"state": "translated", "value": value(text, &arguments)}});
            let entry = match message.text() {
                Text::Plain(text) => unit(text),
                Text::Plural(forms) => {
                    let forms: Map<String, Value> = forms
                        .iter()
                        .map(|(category, text)| (category.name().to_owned(), unit(text)))
                        .collect();
                    json!({"variations": {"plural": forms}})
                }
            };
            localizations.insert(language.tag.clone(), entry);
        }
        let mut entry = Map::new();
        if let Some(note) = &source.note {
            entry.insert("comment".to_owned(), note.as_str().into());
        }
        entry.insert("extractionState".to_owned(), "manual".into());
        entry.insert("localizations".to_owned(), localizations.into());
        strings.insert(format!("ts_{}", source.id), entry.into());
    }
    let file = json!({"sourceLanguage": "en", "strings": strings, "version": "1.0"});
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Xcode::default());
    // Writing to memory fails for no value that `json!` makes.
    drop(file.serialize(&mut serializer));
    (
        PATH.into(),
        String::from_utf8_lossy(&out).into_owned() + "\n",
    )
}

fn value(text: &str, arguments: &[Placeholder]) -> String {
    let text = if arguments.is_empty() {
        text.to_owned()
    } else {
        text.replace('%', "%%")
    };
    fill(&text, |placeholder| {
        let number = arguments
            .iter()
            .position(|argument| *argument == placeholder)
            .unwrap_or(arguments.len())
            + 1;
        match placeholder {
            Placeholder::Number => format!("%{number}$lld"),
            // Names keep to their own direction.
            _ => format!("\u{2068}%{number}$@\u{2069}"),
        }
    })
}

/// As Xcode writes it, so that opening the file there changes nothing.
#[derive(Default)]
struct Xcode {
    depth: usize,
}

impl Xcode {
    fn line<W: ?Sized + std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b"\n")?;
        writer.write_all("  ".repeat(self.depth).as_bytes())
    }
}

impl Formatter for Xcode {
    fn begin_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.depth -= 1;
        self.line(writer)?;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b" : ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_isolated_and_numbered_as_in_the_source() {
        let arguments = [Placeholder::Network, Placeholder::Number];
        assert_eq!(
            value("{n} % {network}", &arguments),
            "%2$lld %% \u{2068}%1$@\u{2069}"
        );
    }

    #[test]
    fn the_file_is_json_with_every_language_of_every_text() {
        let catalogue = Catalogue::read(&crate::catalogue::root()).unwrap();
        let (_, text) = generate(&catalogue);
        let file: Value = serde_json::from_str(&text).unwrap();
        let strings = file["strings"].as_object().unwrap();
        assert_eq!(strings.len(), catalogue.source().messages.len());
        for (id, entry) in strings {
            assert_eq!(entry["localizations"].as_object().unwrap().len(), 7, "{id}");
        }
        assert_eq!(
            file["strings"]["ts_found_several"]["localizations"]["ar"]["variations"]["plural"]
                .as_object()
                .unwrap()
                .len(),
            6
        );
    }
}
