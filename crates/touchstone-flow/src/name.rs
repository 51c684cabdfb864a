//! Names that are shown and spoken: cleaned, capped, and never able to disturb the text around them.

use alloc::{string::String, vec::Vec};
use core::fmt;

/// Longest name shown for a network, in bytes of UTF-8: the longest an SSID can be.
const NETWORK_NAME_CAP: usize = 32;
/// Longest product name shown, in bytes of UTF-8.
const PRODUCT_NAME_CAP: usize = 64;

/// A verified product name, out of the signed bundle; never a string from the air.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Product(String);

impl Product {
    /// Takes the name and cleans it for show: controls and direction overrides are removed, at most 64 bytes are kept.
    pub fn new(name: &str) -> Self {
        Self(cleaned(name, PRODUCT_NAME_CAP))
    }

    /// The cleaned name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a Wi-Fi network: the raw octets to use it by, and the cleaned text to show it by.
///
/// The raw octets come from the air and are never shown: `Debug`, `Display` and serialisation give the cleaned text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NetworkName {
    octets: Vec<u8>,
    shown: String,
}

impl NetworkName {
    /// Takes the octets of an SSID. Nothing is refused here; what is not text is shown as replacement characters.
    pub fn new(octets: &[u8]) -> Self {
        Self {
            octets: octets.to_vec(),
            shown: cleaned(&String::from_utf8_lossy(octets), NETWORK_NAME_CAP),
        }
    }

    /// The SSID exactly as it is on the air.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The cleaned name, at most 32 bytes; empty when nothing of it can be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl fmt::Debug for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NetworkName").field(&self.shown).finish()
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for NetworkName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

fn cleaned(name: &str, cap: usize) -> String {
    let mut clean = String::new();
    for word in name.split(|c: char| c.is_whitespace() || c.is_control()) {
        let separator = usize::from(!clean.is_empty());
        let mut first = true;
        for c in word.chars().filter(|c| !is_invisible(*c)) {
            let needed = c.len_utf8() + if first { separator } else { 0 };
            if clean.len() + needed > cap {
                return clean;
            }
            if first && separator == 1 {
                clean.push(' ');
            }
            first = false;
            clean.push(c);
        }
    }
    clean
}

/// Characters that change how other text is laid out or read and show nothing themselves (Unicode categories Cf, Zl, Zp without
/// the joiners, which Persian and Indic scripts need; and the tag block).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn direction_overrides_and_controls_are_removed_from_a_network_name() {
        let name = NetworkName::new("\u{202E}Ho\u{7}me\u{2069}\r\n\u{200B}".as_bytes());
        assert_eq!(name.shown(), "Ho me");
        assert_eq!(
            name.octets(),
            "\u{202E}Ho\u{7}me\u{2069}\r\n\u{200B}".as_bytes()
        );
    }

    #[test]
    fn a_network_name_is_shown_with_at_most_32_bytes_and_whole_characters() {
        let name = NetworkName::new("ääääääääääääääääääää".as_bytes());
        assert_eq!(name.shown(), "ääääääääääääääää");
        let octets = NetworkName::new(&[0xFF; 32]);
        assert!(octets.shown().len() <= 32 && octets.shown().chars().all(|c| c == '\u{FFFD}'));
    }

    #[test]
    fn a_name_of_nothing_visible_is_shown_as_empty() {
        assert_eq!(NetworkName::new(&[0; 8]).shown(), "");
        assert_eq!(NetworkName::new(b"").shown(), "");
    }

    #[test]
    fn ordinary_names_are_left_alone() {
        for name in ["Home", "Kafé 5 GHz", "بيت", "自宅", "نیم\u{200C}فاصله"] {
            assert_eq!(NetworkName::new(name.as_bytes()).shown(), name);
        }
        assert_eq!(Product::new("Kitchen lamp").to_string(), "Kitchen lamp");
    }

    #[test]
    fn debug_shows_the_cleaned_name_only() {
        assert_eq!(
            format!("{:?}", NetworkName::new("a\u{202E}b".as_bytes())),
            "NetworkName(\"ab\")"
        );
    }
}
