//! The catalogue: every text in every language.
//!
//! The texts are in `catalogue/*.toml`; `cargo xtask catalogue` writes the modules below, Android's resources and Apple's string
//! catalogue from them, and checks them.

use alloc::string::{String, ToString};

use crate::{Arg, Msg};

#[rustfmt::skip]
mod ar;
#[rustfmt::skip]
mod de;
#[rustfmt::skip]
mod en;
#[rustfmt::skip]
mod es;
#[rustfmt::skip]
mod fr;
#[rustfmt::skip]
mod ids;
#[rustfmt::skip]
mod ja;
#[rustfmt::skip]
mod pl;

mod language;

use self::language::Plural;
pub use self::{ids::MsgId, language::Language};

/// First strong isolate: what follows has its own direction.
const ISOLATE: &str = "\u{2068}";
/// Pop directional isolate.
const END_ISOLATE: &str = "\u{2069}";

/// One entry of a language.
enum Text {
    Plain(&'static str),
    /// Forms by the count in the message; the last one is for every other count.
    Plural(&'static [(Plural, &'static str)]),
}

/// The sentence in this language, names between direction isolates: for screens and screen readers.
pub fn render(language: Language, msg: &Msg) -> String {
    fill(language, msg, ISOLATE, END_ISOLATE)
}

/// The sentence in this language without isolates: for terminals and transcripts, which print them as rubbish.
pub fn render_plain(language: Language, msg: &Msg) -> String {
    fill(language, msg, "", "")
}

/// [`render`] in English.
pub fn english(msg: &Msg) -> String {
    render(Language::English, msg)
}

/// [`render_plain`] in English.
pub fn english_plain(msg: &Msg) -> String {
    render_plain(Language::English, msg)
}

impl MsgId {
    /// The English text with its placeholders `{product}`, `{network}` and `{n}`.
    pub fn english(self) -> &'static str {
        self.template(Language::English, 0)
    }

    fn template(self, language: Language, count: u32) -> &'static str {
        let text = match language {
            Language::English => en::text(self),
            Language::German => de::text(self),
            Language::Spanish => es::text(self),
            Language::French => fr::text(self),
            Language::Arabic => ar::text(self),
            Language::Japanese => ja::text(self),
            Language::Polish => pl::text(self),
        };
        match text {
            Text::Plain(text) => text,
            Text::Plural(forms) => {
                let category = language.plural(count);
                let form = forms.iter().find(|(form, _)| *form == category);
                form.or(forms.last()).map_or("", |(_, text)| text)
            }
        }
    }
}

fn fill(language: Language, msg: &Msg, before: &str, after: &str) -> String {
    let count = msg.args.iter().find_map(|arg| match arg {
        Arg::Count(n) => Some(*n),
        _ => None,
    });
    let isolated = |name: &str, unnamed: MsgId| {
        if name.is_empty() {
            unnamed.template(language, 0).to_string()
        } else {
            [before, name, after].concat()
        }
    };
    let mut text = String::new();
    let mut rest = msg.id.template(language, count.unwrap_or_default());
    while let Some((head, tail)) = rest.split_once('{') {
        text.push_str(head);
        let (name, tail) = tail.split_once('}').unwrap_or((tail, ""));
        rest = tail;
        let argument = msg.args.iter().find_map(|arg| match (name, arg) {
            ("product", Arg::Product(product)) => {
                Some(isolated(product.name(), MsgId::UnnamedDevice))
            }
            ("network", Arg::Network(network)) => {
                Some(isolated(network.shown(), MsgId::UnnamedNetwork))
            }
            ("n", Arg::Count(n)) => Some(n.to_string()),
            _ => None,
        });
        text.push_str(&argument.unwrap_or_default());
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::{NetworkName, Product};

    fn arguments(n: u32) -> Vec<Arg> {
        vec![
            Arg::Product(Product::new("Kitchen lamp")),
            Arg::Network(NetworkName::new(b"Home")),
            Arg::Count(n),
        ]
    }

    #[test]
    fn the_end_reads_exactly_as_promised() {
        let done = Msg::with(MsgId::Done, arguments(0));
        assert_eq!(
            english_plain(&done),
            "Done. Kitchen lamp is connected to Home."
        );
        assert_eq!(
            english(&done),
            "Done. \u{2068}Kitchen lamp\u{2069} is connected to \u{2068}Home\u{2069}."
        );
    }

    #[test]
    fn counts_have_an_english_plural() {
        assert_eq!(
            english_plain(&Msg::with(MsgId::FoundSeveral, arguments(1))),
            "Found a device. Checking it."
        );
        assert_eq!(
            english_plain(&Msg::with(MsgId::FoundSeveral, arguments(3))),
            "Found 3 devices. Checking them."
        );
    }

    #[test]
    fn a_name_with_braces_is_not_a_placeholder() {
        let msg = Msg::with(
            MsgId::LabelUse,
            [Arg::Network(NetworkName::new(b"{product}"))],
        );
        assert_eq!(english_plain(&msg), "Use {product}");
    }

    #[test]
    fn a_nameless_network_is_called_wifi() {
        let msg = Msg::with(MsgId::Joining, [Arg::Network(NetworkName::new(&[0, 1]))]);
        assert_eq!(english(&msg), "Joining Wi-Fi. This can take a minute.");
    }

    #[test]
    fn every_message_reads_as_a_text_in_every_language() {
        for language in Language::ALL {
            for id in MsgId::ALL {
                for n in [0, 1, 2, 5, 21] {
                    let text = render(language, &Msg::with(*id, arguments(n)));
                    assert!(
                        !text.is_empty() && !text.contains(['{', '}']),
                        "{language:?} {text}"
                    );
                    assert_eq!(
                        text.matches(ISOLATE).count(),
                        text.matches(END_ISOLATE).count(),
                        "{language:?} {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn arabic_and_polish_count_in_their_own_ways() {
        let found =
            |language, n| render_plain(language, &Msg::with(MsgId::FoundSeveral, arguments(n)));
        let polish: Vec<_> = [1, 3, 5, 22]
            .into_iter()
            .map(|n| found(Language::Polish, n))
            .collect();
        assert_eq!(
            polish,
            [
                "Znaleziono urządzenie. Sprawdzam je.",
                "Znaleziono 3 urządzenia. Sprawdzam je.",
                "Znaleziono 5 urządzeń. Sprawdzam je.",
                "Znaleziono 22 urządzenia. Sprawdzam je.",
            ]
        );
        let arabic: Vec<_> = [0, 1, 2, 3, 11, 100]
            .into_iter()
            .map(|n| found(Language::Arabic, n))
            .collect();
        for (i, one) in arabic.iter().enumerate() {
            assert!(arabic[i + 1..].iter().all(|other| other != one), "{one}");
        }
    }

    #[test]
    fn a_name_in_another_script_stays_within_its_isolates_in_arabic() {
        let done = Msg::with(MsgId::Done, arguments(0));
        assert_eq!(
            render(Language::Arabic, &done),
            "تم. \u{2068}Kitchen lamp\u{2069} متصل بالشبكة \u{2068}Home\u{2069}."
        );
    }
}
