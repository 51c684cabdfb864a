//! The rules that need nothing but the texts.

use std::{collections::BTreeSet, fmt};

use icu_plurals::{PluralCategory, PluralRules};

use super::source::{Catalogue, Category, Language, Message, Placeholder, Text, example};

/// More words are too many to keep in mind.
const MAX_WORDS: usize = 18;
/// The same for a language without spaces.
const MAX_CHARACTERS: usize = 60;
/// Flesch-Kincaid grade: about what is taught by the age of twelve.
pub(super) const MAX_GRADE: f64 = 6.0;
/// A single long word decides the grade of anything shorter.
const GRADED_WORDS: usize = 6;

/// What a text has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Every id in every language, in one order.
    Ids,
    /// The same placeholders everywhere.
    Placeholders,
    /// Every plural category of the language and no other.
    Plurals,
    /// No banned words.
    Banned,
    /// No more words than can be kept in mind.
    Words,
    /// No characters that are not for reading.
    Characters,
    /// Readable at school (English).
    Grade,
    /// Fits a braille display.
    Braille,
    /// Said in six seconds.
    Speech,
    /// What is committed is what is generated.
    Drift,
}

/// A rule that is broken.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    pub(crate) language: String,
    pub(crate) id: String,
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.language.is_empty() {
            write!(f, "{}: ", self.language)?;
        }
        write!(f, "{}: {} ({:?})", self.id, self.what, self.rule)
    }
}

/// What is wrong with the texts.
pub(super) fn lint(catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Vec::new();
    for language in &catalogue.languages {
        let mut report = |rule, message: &Message, what: String| {
            problems.push(Problem {
                rule,
                language: language.tag.clone(),
                id: message.id.clone(),
                what,
            });
        };
        ids(catalogue.source(), language, &mut report);
        for message in &language.messages {
            for text in message.forms() {
                characters(message, text, &mut report);
                words(language, message, text, &mut report);
            }
            plurals(language, message, &mut report);
            if language.tag == "en" && message.is_sentence() {
                let text = example(message.general());
                let grade = grade(&text);
                if grade > MAX_GRADE && is_graded(&text) {
                    report(Rule::Grade, message, format!("grade {grade:.1}: {text}"));
                }
            }
        }
    }
    problems
}

fn ids(source: &Language, language: &Language, report: &mut impl FnMut(Rule, &Message, String)) {
    let known: BTreeSet<&str> = source.messages.iter().map(|m| m.id.as_str()).collect();
    let here: BTreeSet<&str> = language.messages.iter().map(|m| m.id.as_str()).collect();
    for message in &source.messages {
        if !here.contains(message.id.as_str()) {
            report(Rule::Ids, message, "is missing".to_owned());
        }
    }
    for message in &language.messages {
        if !known.contains(message.id.as_str()) {
            report(Rule::Ids, message, "is unknown".to_owned());
        }
    }
    for (message, original) in language.messages.iter().zip(&source.messages) {
        if message.id != original.id {
            report(
                Rule::Ids,
                message,
                format!("stands where {} belongs", original.id),
            );
            return;
        }
        if matches!(message.text(), Text::Plural(_)) != matches!(original.text(), Text::Plural(_)) {
            report(
                Rule::Plurals,
                message,
                "has plural forms in one language only".to_owned(),
            );
        }
        let (wanted, found) = (original.placeholders(), message.placeholders());
        if wanted != found {
            report(
                Rule::Placeholders,
                message,
                format!("has {found:?}, not {wanted:?}"),
            );
        }
    }
    if language.messages.len() != here.len() {
        for pair in language.messages.windows(2) {
            if pair[0].id == pair[1].id {
                report(Rule::Ids, &pair[1], "is there twice".to_owned());
            }
        }
    }
}

fn characters(message: &Message, text: &str, report: &mut impl FnMut(Rule, &Message, String)) {
    let plain = Placeholder::ALL
        .iter()
        .fold(text.to_owned(), |text, placeholder| {
            text.replacen(placeholder.written(), "", 1)
        });
    if plain.contains(['{', '}']) {
        report(
            Rule::Placeholders,
            message,
            format!("has a brace that is no placeholder, or one twice: {text}"),
        );
    }
    // Direction marks are the generator's to write, and only around names.
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{00AD}' | '\u{FEFF}')
    };
    if text.contains(invisible) {
        report(
            Rule::Characters,
            message,
            format!("has an invisible character: {text:?}"),
        );
    }
    if text.trim() != text || text.contains("  ") || text.is_empty() {
        report(
            Rule::Characters,
            message,
            format!("has a space too many, or nothing: {text:?}"),
        );
    }
}

fn words(
    language: &Language,
    message: &Message,
    text: &str,
    report: &mut impl FnMut(Rule, &Message, String),
) {
    let text = example(text);
    let spaced = language.tag != "ja";
    let length = if spaced {
        text.split_whitespace().count()
    } else {
        text.chars().count()
    };
    if length > if spaced { MAX_WORDS } else { MAX_CHARACTERS } {
        report(
            Rule::Words,
            message,
            format!("is too long ({length}): {text}"),
        );
    }
    let lower = text.to_lowercase();
    let found: BTreeSet<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    for banned in &language.banned {
        let is_there = match language.tag.as_str() {
            "ja" if banned.is_ascii() => found.contains(banned.as_str()),
            "ja" => lower.contains(banned.as_str()),
            // The article is written together with its word.
            "ar" => found
                .iter()
                .any(|word| word == banned || word.strip_prefix("ال") == Some(banned)),
            _ => found.contains(banned.as_str()),
        };
        if is_there {
            report(Rule::Banned, message, format!("says {banned}: {text}"));
        }
    }
}

fn plurals(
    language: &Language,
    message: &Message,
    report: &mut impl FnMut(Rule, &Message, String),
) {
    let Text::Plural(forms) = message.text() else {
        return;
    };
    let wanted = categories(&language.tag);
    let found: BTreeSet<Category> = forms.keys().copied().collect();
    if wanted != found {
        report(
            Rule::Plurals,
            message,
            format!("has the forms {found:?}, not {wanted:?}"),
        );
    }
    for (category, text) in forms {
        // "A device" may stand for "1 device" where the form is for that one number.
        let exact = matches!(category, Category::Zero | Category::One | Category::Two);
        for placeholder in message.placeholders() {
            let may_lack = exact && placeholder == Placeholder::Number;
            if !may_lack && !text.contains(placeholder.written()) {
                report(
                    Rule::Placeholders,
                    message,
                    format!("lacks {} in {}", placeholder.written(), category.name()),
                );
            }
        }
    }
}

/// The cardinal categories of a language (CLDR).
fn categories(tag: &str) -> BTreeSet<Category> {
    let locale: icu_locale_core::Locale = tag.parse().unwrap_or(icu_locale_core::Locale::UNKNOWN);
    let Ok(rules) = PluralRules::try_new_cardinal(locale.into()) else {
        return BTreeSet::new();
    };
    rules
        .categories()
        .map(|category| match category {
            PluralCategory::Zero => Category::Zero,
            PluralCategory::One => Category::One,
            PluralCategory::Two => Category::Two,
            PluralCategory::Few => Category::Few,
            PluralCategory::Many => Category::Many,
            PluralCategory::Other => Category::Other,
        })
        .collect()
}

/// Whether the grade of a text says anything about it.
pub(super) fn is_graded(text: &str) -> bool {
    text.split_whitespace().count() >= GRADED_WORDS
}

/// The Flesch-Kincaid grade of an English text (Kincaid et al. 1975), syllables counted by groups of vowels.
pub(super) fn grade(text: &str) -> f64 {
    let count = |n: usize| f64::from(u32::try_from(n.max(1)).unwrap_or(u32::MAX));
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let sentences = text
        .split(['.', '?', '!'])
        .filter(|sentence| !sentence.trim().is_empty())
        .count();
    let syllables = words.iter().map(|word| syllables(word)).sum();
    0.39 * count(words.len()) / count(sentences) + 11.8 * count(syllables) / count(words.len())
        - 15.59
}

fn syllables(word: &str) -> usize {
    let word = word.to_lowercase();
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let mut groups = 0;
    let mut before = false;
    for c in word.chars() {
        groups += usize::from(vowel(c) && !before);
        before = vowel(c);
    }
    let silent = (word.ends_with('e') && !word.ends_with("le"))
        || (word.ends_with("ed") && !word.ends_with("ted") && !word.ends_with("ded"));
    if silent && groups > 1 {
        groups -= 1;
    }
    groups.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: &str = r#"
        language = "en"
        name = "English"
        banned = ["led"]
        [[message]]
        id = "done"
        text = "Done. {product} uses {network}."
        [[message]]
        id = "found"
        plural.one = "A device."
        plural.other = "{n} devices."
    "#;
    const PL: &str = r#"
        language = "pl"
        name = "Polski"
        banned = ["dioda"]
        [[message]]
        id = "done"
        text = "Gotowe. {product}, {network}."
        [[message]]
        id = "found"
        plural.one = "Jedno."
        plural.few = "{n} a."
        plural.many = "{n} b."
        plural.other = "{n} c."
    "#;

    fn rules(en: &str, pl: &str) -> Vec<Rule> {
        let languages = [en, pl].map(|text| toml::from_str(text).unwrap()).into();
        lint(&Catalogue { languages })
            .into_iter()
            .map(|problem| problem.rule)
            .collect()
    }

    #[test]
    fn a_clean_catalogue_has_no_problems() {
        assert_eq!(rules(EN, PL), []);
    }

    #[test]
    fn a_missing_an_unknown_and_a_misplaced_id_are_found() {
        let missing = PL
            .split("[[message]]\n        id = \"found\"")
            .next()
            .unwrap();
        assert_eq!(rules(EN, missing), [Rule::Ids]);
        assert!(rules(EN, &PL.replace("\"found\"", "\"lost\"")).contains(&Rule::Ids));
    }

    #[test]
    fn a_lost_a_misspelt_and_a_doubled_placeholder_are_found() {
        assert_eq!(
            rules(EN, &PL.replace("{network}", "sieć")),
            [Rule::Placeholders]
        );
        assert!(rules(EN, &PL.replace("{network}", "{netz}")).contains(&Rule::Placeholders));
        assert_eq!(
            rules(EN, &PL.replace("{network}", "{network} {network}")),
            [Rule::Placeholders]
        );
        assert_eq!(rules(EN, &PL.replace("{n} a", "x")), [Rule::Placeholders]);
    }

    #[test]
    fn a_plural_category_too_few_or_too_many_is_found() {
        assert_eq!(
            rules(EN, &PL.replace("plural.few = \"{n} a.\"", "")),
            [Rule::Plurals]
        );
        assert_eq!(
            rules(&EN.replace("plural.one", "plural.two"), PL),
            [Rule::Plurals]
        );
    }

    #[test]
    fn banned_words_long_texts_and_hard_texts_are_found() {
        assert_eq!(rules(&EN.replace("uses", "LED uses"), PL), [Rule::Banned]);
        assert_eq!(
            rules(EN, &PL.replace("Gotowe.", "tak ".repeat(18).trim_end())),
            [Rule::Words]
        );
        let hard =
            "Authentication necessitates unprecedented communication of {product} via {network}.";
        assert_eq!(
            rules(&EN.replace("Done. {product} uses {network}.", hard), PL),
            [Rule::Grade]
        );
    }

    #[test]
    fn invisible_characters_and_stray_spaces_are_found() {
        assert_eq!(
            rules(EN, &PL.replace("Gotowe.", "Gotowe\u{202E}.")),
            [Rule::Characters]
        );
        assert_eq!(
            rules(EN, &PL.replace("Gotowe.", "Gotowe. ")),
            [Rule::Characters]
        );
    }

    #[test]
    fn syllables_are_counted_as_they_are_spoken() {
        for (word, n) in [
            ("device", 2),
            ("touch", 1),
            ("Bluetooth", 2),
            ("connected", 3),
            ("changed", 1),
            ("able", 2),
            ("the", 1),
            ("Wi", 1),
            ("64", 1),
        ] {
            assert_eq!(syllables(word), n, "{word}");
        }
    }

    #[test]
    fn the_grade_follows_the_published_formula() {
        // 4 words, 1 sentence, 5 syllables.
        let expected = 0.39 * 4.0 + 11.8 * 5.0 / 4.0 - 15.59;
        assert!((grade("Touch the device once.") - expected).abs() < 1e-9);
    }
}
