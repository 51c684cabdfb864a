//! The languages of the catalogue and how they count.

/// A language of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "&str"))]
#[non_exhaustive]
pub enum Language {
    /// English, the source of the others.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// Arabic, written from right to left.
    Arabic,
    /// Japanese, written without spaces.
    Japanese,
    /// Polish.
    Polish,
}

/// How a language counts (Unicode CLDR, cardinal plural categories).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plural {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Arabic,
        Self::Japanese,
        Self::Polish,
    ];

    /// The language tag (BCP 47), to mark texts with.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Arabic => "ar",
            Self::Japanese => "ja",
            Self::Polish => "pl",
        }
    }

    /// The language of a tag or of a POSIX locale: `de-AT` and `de_AT.UTF-8` are German. `None` when there is no translation.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next()?;
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Whether it is written from right to left.
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic)
    }

    /// The category of a whole number (CLDR 48).
    pub(super) const fn plural(self, n: u32) -> Plural {
        match self {
            Self::English | Self::German => match n {
                1 => Plural::One,
                _ => Plural::Other,
            },
            Self::Spanish => match n {
                1 => Plural::One,
                n if is_round_million(n) => Plural::Many,
                _ => Plural::Other,
            },
            Self::French => match n {
                0 | 1 => Plural::One,
                n if is_round_million(n) => Plural::Many,
                _ => Plural::Other,
            },
            Self::Arabic => match (n, n % 100) {
                (0, _) => Plural::Zero,
                (1, _) => Plural::One,
                (2, _) => Plural::Two,
                (_, 3..=10) => Plural::Few,
                (_, 11..=99) => Plural::Many,
                _ => Plural::Other,
            },
            Self::Japanese => Plural::Other,
            Self::Polish => match (n, n % 10, n % 100) {
                (1, ..) => Plural::One,
                (_, 2..=4, 0..=11 | 15..=99) => Plural::Few,
                _ => Plural::Many,
            },
        }
    }
}

const fn is_round_million(n: u32) -> bool {
    n != 0 && n.is_multiple_of(1_000_000)
}

impl From<Language> for &str {
    fn from(language: Language) -> Self {
        language.tag()
    }
}

#[cfg(test)]
mod tests {
    use icu_plurals::{PluralCategory, PluralRules};

    use super::*;

    #[test]
    fn every_number_has_the_category_that_cldr_gives_it() {
        for language in Language::ALL {
            let locale: icu_locale_core::Locale = language.tag().parse().unwrap();
            let rules = PluralRules::try_new_cardinal(locale.into()).unwrap();
            for n in (0..1_200)
                .chain(999_990..1_000_120)
                .chain([2_000_000, u32::MAX])
            {
                let expected = match rules.category_for(n) {
                    PluralCategory::Zero => Plural::Zero,
                    PluralCategory::One => Plural::One,
                    PluralCategory::Two => Plural::Two,
                    PluralCategory::Few => Plural::Few,
                    PluralCategory::Many => Plural::Many,
                    PluralCategory::Other => Plural::Other,
                };
                assert_eq!(language.plural(n), expected, "{language:?} {n}");
            }
        }
    }

    #[test]
    fn a_regional_tag_or_a_posix_locale_finds_its_language() {
        for tag in ["de", "de-AT", "de_CH.UTF-8", "DE"] {
            assert_eq!(Language::from_tag(tag), Some(Language::German), "{tag}");
        }
        for tag in ["", "C", "deu", "tlh", "POSIX"] {
            assert_eq!(Language::from_tag(tag), None, "{tag}");
        }
    }
}
