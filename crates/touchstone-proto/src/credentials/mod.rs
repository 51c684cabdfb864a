//! Wi-Fi credentials: what the phone hands over once it may (docs/PROTOCOL.md section 7).
//!
//! Every value is checked when it is made, so that nothing out of range is ever sealed or joined. Passwords are zeroized on drop and never printed.

use zeroize::{Zeroize, Zeroizing};

use crate::{cbor::Writer, record::MAX_PLAINTEXT, secret::SecretBytes};

mod codec;
mod error;
mod network;

pub use error::CredentialError;
pub use network::{
    Enterprise, EnterpriseMethod, Network, Passphrase, Secret, Security, Ssid, StaticAddress,
};

/// Most networks in one [`Credentials`].
pub const MAX_NETWORKS: usize = 8;
/// Most bytes of vendor data in one [`Credentials`].
pub const MAX_CUSTOM: usize = 512;

/// Everything one CRED record carries.
///
/// When it is dropped its whole place is covered with zeros, not only what is secret: a move copies bytes that hold nothing as well, and an earlier copy
/// of a password may have lain there.
#[derive(Clone, Debug)]
pub struct Credentials {
    held: Held,
}

// No indirection: firmware has no heap.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
enum Held {
    Here(Contents),
    Gone([u64; COVER]),
}

/// Words as long as the contents.
const COVER: usize = size_of::<Contents>().div_ceil(size_of::<u64>());

#[derive(Clone, Debug)]
struct Contents {
    networks: heapless::Vec<Network, MAX_NETWORKS>,
    country: Option<[u8; 2]>,
    custom: SecretBytes<MAX_CUSTOM>,
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.held = Held::Gone([0; COVER]);
        // Zeros that nobody reads would not be written otherwise.
        if let Held::Gone(cover) = &mut self.held {
            cover.zeroize();
        }
    }
}

impl Credentials {
    /// Checks that one record holds it all.
    fn fitting(self) -> Result<Self, CredentialError> {
        // The scratch copy holds passwords.
        let mut scratch = Zeroizing::new(heapless::Vec::<u8, MAX_PLAINTEXT>::new());
        // One byte is the record's type.
        let fits = scratch.push(0).is_ok() && self.write(&mut Writer::new(&mut scratch)).is_ok();
        if fits {
            Ok(self)
        } else {
            Err(CredentialError::TooLarge)
        }
    }

    /// At least one network, no country and no vendor data.
    ///
    /// # Errors
    /// [`CredentialError::NoNetworks`], [`CredentialError::TooManyNetworks`] or [`CredentialError::TooLarge`].
    pub fn new<I: IntoIterator<Item = Network>>(networks: I) -> Result<Self, CredentialError> {
        let mut list = heapless::Vec::new();
        for network in networks {
            list.push(network)
                .map_err(|_| CredentialError::TooManyNetworks)?;
        }
        if list.is_empty() {
            return Err(CredentialError::NoNetworks);
        }
        let held = Held::Here(Contents {
            networks: list,
            country: None,
            custom: SecretBytes::empty(),
        });
        Self { held }.fitting()
    }

    /// The same, with the country whose radio rules apply: two capital letters.
    ///
    /// # Errors
    /// [`CredentialError::Country`] or [`CredentialError::TooLarge`].
    pub fn with_country(mut self, country: [u8; 2]) -> Result<Self, CredentialError> {
        if !country.iter().all(u8::is_ascii_uppercase) {
            return Err(CredentialError::Country);
        }
        if let Held::Here(contents) = &mut self.held {
            contents.country = Some(country);
        }
        self.fitting()
    }

    /// The same, with vendor data that this project never looks into.
    ///
    /// # Errors
    /// [`CredentialError::CustomLength`] or [`CredentialError::TooLarge`].
    pub fn with_custom(mut self, custom: &[u8]) -> Result<Self, CredentialError> {
        let custom = SecretBytes::new(custom).ok_or(CredentialError::CustomLength {
            length: custom.len(),
        })?;
        if let Held::Here(contents) = &mut self.held {
            contents.custom = custom;
        }
        self.fitting()
    }

    /// The networks, in the order given; at least one.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        match &self.held {
            Held::Here(contents) => &contents.networks,
            Held::Gone(_) => &[],
        }
    }

    /// The country whose radio rules apply.
    #[must_use]
    pub const fn country(&self) -> Option<[u8; 2]> {
        match &self.held {
            Held::Here(contents) => contents.country,
            Held::Gone(_) => None,
        }
    }

    /// Vendor data.
    #[must_use]
    pub fn custom(&self) -> &[u8] {
        match &self.held {
            Held::Here(contents) => contents.custom.expose(),
            Held::Gone(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests;
