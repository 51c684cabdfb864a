//! The Wi-Fi password on its way from the person to a command.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

/// What the person typed. Zeroized on drop; `Debug` shows the length only; there is no equality.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed. The caller's own copies are the caller's to erase.
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    /// The characters, for the credential record only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Checks the length a WPA passphrase or pre-shared key must have: 8 to 63 bytes, or 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`PasswordProblem::Length`] for any other length, [`PasswordProblem::Key`] for 64 bytes that are not all hexadecimal digits.
    pub fn check(&self) -> Result<(), PasswordProblem> {
        match self.0.len() {
            8..=63 => Ok(()),
            64 if self.0.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(()),
            64 => Err(PasswordProblem::Key),
            _ => Err(PasswordProblem::Length),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({} bytes)", self.0.len())
    }
}

/// Why a password cannot be right, seen before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// Fewer than 8 or more than 64 bytes.
    Length,
    /// 64 bytes, but not 64 hexadecimal digits.
    Key,
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn passwords_of_8_to_63_bytes_and_keys_of_64_hex_digits_are_accepted() {
        let check = |text: &str| Password::new(text.to_string()).check();
        assert_eq!(check(&"a".repeat(7)), Err(PasswordProblem::Length));
        assert_eq!(check(&"a".repeat(8)), Ok(()));
        assert_eq!(check(&"z".repeat(63)), Ok(()));
        assert_eq!(check(&"aB09".repeat(16)), Ok(()));
        assert_eq!(check(&"z".repeat(64)), Err(PasswordProblem::Key));
        assert_eq!(check(&"a".repeat(65)), Err(PasswordProblem::Length));
        assert_eq!(check(""), Err(PasswordProblem::Length));
    }

    #[test]
    fn debug_never_shows_a_password() {
        assert_eq!(
            format!("{:?}", Password::new("correct horse".to_string())),
            "Password(13 bytes)"
        );
    }
}
