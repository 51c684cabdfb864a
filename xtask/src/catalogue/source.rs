//! The catalogue as it is written.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The languages; the first is the source of the others.
pub(crate) const LANGUAGES: [&str; 7] = ["en", "de", "es", "fr", "ar", "ja", "pl"];
/// Two lines of a display with 40 cells.
const MAX_CELLS: usize = 80;

/// Every language.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// In the order of [`LANGUAGES`].
    pub(crate) languages: Vec<Language>,
}

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// BCP 47.
    #[serde(rename = "language")]
    pub(crate) tag: String,
    /// In its own words.
    pub(crate) name: String,
    /// Words no text may contain.
    pub(crate) banned: Vec<String>,
    /// In the order of the source.
    #[serde(rename = "message")]
    pub(crate) messages: Vec<Message>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) id: String,
    text: Option<String>,
    plural: Option<BTreeMap<Category, String>>,
    /// For the translator.
    pub(crate) note: Option<String>,
    max_cells: Option<usize>,
}

/// CLDR's plural categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

/// What an entry says.
#[derive(Clone, Debug)]
pub(crate) enum Text<'a> {
    Plain(&'a str),
    Plural(&'a BTreeMap<Category, String>),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Placeholder {
    Product,
    Network,
    Number,
}

impl Catalogue {
    /// Reads every language.
    ///
    /// # Errors
    /// A file that is missing or not a catalogue.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join("crates/touchstone-flow/catalogue");
        let languages = LANGUAGES.iter().map(|tag| {
            let path = folder.join(format!("{tag}.toml"));
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let language: Language =
                toml::from_str(&text).with_context(|| path.display().to_string())?;
            if language.tag != *tag {
                bail!("{} says it is {:?}", path.display(), language.tag);
            }
            for message in &language.messages {
                if message.text.is_some() == message.plural.is_some() {
                    bail!("{}: {} needs text or plural", path.display(), message.id);
                }
            }
            Ok(language)
        });
        Ok(Self {
            languages: languages.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The language the others follow.
    pub(crate) fn source(&self) -> &Language {
        &self.languages[0]
    }
}

impl Message {
    pub(crate) fn text(&self) -> Text<'_> {
        match (&self.text, &self.plural) {
            (_, Some(forms)) => Text::Plural(forms),
            (text, None) => Text::Plain(text.as_deref().unwrap_or_default()),
        }
    }

    /// Every form of the text.
    pub(crate) fn forms(&self) -> Vec<&str> {
        match self.text() {
            Text::Plain(text) => vec![text],
            Text::Plural(forms) => forms.values().map(String::as_str).collect(),
        }
    }

    /// The form for every count that has no form of its own.
    pub(crate) fn general(&self) -> &str {
        match self.text() {
            Text::Plain(text) => text,
            Text::Plural(forms) => forms.get(&Category::Other).map_or("", String::as_str),
        }
    }

    /// The longest the text may be in braille.
    pub(crate) fn max_cells(&self) -> usize {
        self.max_cells.unwrap_or(MAX_CELLS)
    }

    /// Whether it stands on a control.
    pub(crate) fn is_label(&self) -> bool {
        self.id.starts_with("label_")
    }

    /// Whether it is a sentence that is spoken, and not a heading, a label or the caption of a field.
    pub(crate) fn is_sentence(&self) -> bool {
        !["label_", "title_", "field_", "unnamed_"]
            .iter()
            .any(|prefix| self.id.starts_with(prefix))
    }

    /// The placeholders of the text in the order in which every platform numbers them.
    pub(crate) fn placeholders(&self) -> Vec<Placeholder> {
        let text = self.general();
        Placeholder::ALL
            .into_iter()
            .filter(|placeholder| text.contains(placeholder.written()))
            .collect()
    }
}

impl Category {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::One => "one",
            Self::Two => "two",
            Self::Few => "few",
            Self::Many => "many",
            Self::Other => "other",
        }
    }
}

impl Placeholder {
    pub(crate) const ALL: [Self; 3] = [Self::Product, Self::Network, Self::Number];

    /// As it is written in the catalogue.
    pub(crate) const fn written(self) -> &'static str {
        match self {
            Self::Product => "{product}",
            Self::Network => "{network}",
            Self::Number => "{n}",
        }
    }
}

/// `text` with each placeholder replaced by what `with` makes of it.
pub(crate) fn fill(text: &str, with: impl Fn(Placeholder) -> String) -> String {
    Placeholder::ALL
        .into_iter()
        .fold(text.to_owned(), |text, placeholder| {
            text.replace(placeholder.written(), &with(placeholder))
        })
}

/// `text` as it reads in the main scenario.
pub(crate) fn example(text: &str) -> String {
    fill(text, |placeholder| {
        match placeholder {
            Placeholder::Product => "Kitchen lamp",
            Placeholder::Network => "Home",
            Placeholder::Number => "5",
        }
        .to_owned()
    })
}
