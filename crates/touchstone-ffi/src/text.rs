//! Texts, for hosts without resources of their own.

use touchstone_flow::{
    Msg,
    catalogue::{self, Language},
};

/// The sentence in the language of this tag ("de", "de-AT", "ar"); in English when there is no translation. Names stand between direction isolates.
///
/// Applications on Android and Apple systems use the resources that come with their package instead.
#[uniffi::export]
pub fn render(msg: Msg, language: String) -> String {
    catalogue::render(known(&language), &msg)
}

/// Whether what render gives for this language is written from right to left.
#[uniffi::export]
pub fn is_right_to_left(language: String) -> bool {
    known(&language).is_right_to_left()
}

fn known(tag: &str) -> Language {
    Language::from_tag(tag).unwrap_or_default()
}
