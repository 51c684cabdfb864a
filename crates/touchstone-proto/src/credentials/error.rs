//! What cannot be a credential.

use core::fmt;

/// Why a value cannot be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialError {
    /// An SSID has 1 to 32 bytes.
    SsidLength {
        /// Bytes given.
        length: usize,
    },
    /// A passphrase has 8 to 63 bytes, or is a key of exactly 64 hexadecimal digits.
    PassphraseLength {
        /// Bytes given.
        length: usize,
    },
    /// 64 bytes that are not all hexadecimal digits.
    KeyNotHexadecimal,
    /// A passphrase holds a control character.
    PassphraseCharacter,
    /// The secret does not belong to the security of the network: a password for an open network, or none for a protected one.
    SecretMismatch,
    /// An identity has 1 to 64 bytes.
    IdentityLength {
        /// Bytes given.
        length: usize,
    },
    /// An enterprise password has 1 to 64 bytes.
    EnterprisePasswordLength {
        /// Bytes given.
        length: usize,
    },
    /// A prefix length has at most 32 bits.
    PrefixLength,
    /// A country is two capital letters (ISO 3166-1 alpha-2).
    Country,
    /// Vendor data has at most 512 bytes.
    CustomLength {
        /// Bytes given.
        length: usize,
    },
    /// The list of networks is empty.
    NoNetworks,
    /// The list has more than 8 networks.
    TooManyNetworks,
    /// Together the networks and the vendor data do not fit the largest credential record.
    TooLarge,
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SsidLength { length } => {
                write!(f, "network name of {length} bytes, need 1 to 32")
            }
            Self::PassphraseLength { length } => {
                write!(f, "passphrase of {length} bytes, need 8 to 63")
            }
            Self::KeyNotHexadecimal => {
                f.write_str("passphrase of 64 bytes that is not a hexadecimal key")
            }
            Self::PassphraseCharacter => f.write_str("control character in a passphrase"),
            Self::SecretMismatch => f.write_str("secret does not belong to the network's security"),
            Self::IdentityLength { length } => {
                write!(f, "identity of {length} bytes, need 1 to 64")
            }
            Self::EnterprisePasswordLength { length } => {
                write!(f, "enterprise password of {length} bytes, need 1 to 64")
            }
            Self::PrefixLength => f.write_str("address prefix longer than 32 bits"),
            Self::Country => f.write_str("country is not two capital letters"),
            Self::CustomLength { length } => {
                write!(f, "vendor data of {length} bytes, at most 512")
            }
            Self::NoNetworks => f.write_str("no network"),
            Self::TooManyNetworks => f.write_str("more than 8 networks"),
            Self::TooLarge => f.write_str("credentials do not fit one record"),
        }
    }
}

impl core::error::Error for CredentialError {}
