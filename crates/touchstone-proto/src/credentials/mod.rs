//! Wi-Fi credentials: what the phone hands over once it may (docs/PROTOCOL.md section 7).
//!
//! Every value is checked when it is made, so that nothing out of range is ever sealed or joined. Passwords are zeroized on drop and never printed.

use core::{fmt, net::Ipv4Addr};

use zeroize::Zeroizing;

use crate::{cbor::Writer, record::MAX_PLAINTEXT, secret::SecretBytes};

mod codec;

/// Most networks in one [`Credentials`].
pub const MAX_NETWORKS: usize = 8;
/// Most bytes of vendor data in one [`Credentials`].
pub const MAX_CUSTOM: usize = 512;

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

/// A network name: 1 to 32 raw octets, not necessarily text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssid {
    octets: heapless::Vec<u8, 32>,
}

impl Ssid {
    /// Checks and copies `octets`.
    ///
    /// # Errors
    /// [`CredentialError::SsidLength`] unless there are 1 to 32 octets.
    pub fn new(octets: &[u8]) -> Result<Self, CredentialError> {
        let length = octets.len();
        if length == 0 {
            return Err(CredentialError::SsidLength { length });
        }
        let octets = heapless::Vec::from_slice(octets)
            .map_err(|_| CredentialError::SsidLength { length })?;
        Ok(Self { octets })
    }

    /// The raw octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssid({})", self.octets.escape_ascii())
    }
}

/// How a network protects itself. The discriminants are the numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Security {
    /// Not at all.
    Open = 0,
    /// Opportunistic encryption without a password.
    Owe = 1,
    /// WPA2 personal.
    Wpa2Psk = 2,
    /// WPA3 personal.
    Wpa3Sae = 3,
    /// WPA2 and WPA3 personal side by side.
    Wpa2Wpa3 = 4,
    /// WPA enterprise.
    Enterprise = 5,
}

impl Security {
    /// Every kind, in wire order.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Owe,
        Self::Wpa2Psk,
        Self::Wpa3Sae,
        Self::Wpa2Wpa3,
        Self::Enterprise,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Owe => 1,
            Self::Wpa2Psk => 2,
            Self::Wpa3Sae => 3,
            Self::Wpa2Wpa3 => 4,
            Self::Enterprise => 5,
        }
    }

    /// Whether a passphrase is what it takes.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Wpa2Psk | Self::Wpa3Sae | Self::Wpa2Wpa3)
    }

    /// Whether any secret is needed.
    #[must_use]
    pub const fn is_secured(self) -> bool {
        !matches!(self, Self::Open | Self::Owe)
    }
}

/// A Wi-Fi passphrase of 8 to 63 bytes, or a key of 64 hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Passphrase {
    bytes: SecretBytes<64>,
}

impl Passphrase {
    /// Checks and copies `bytes`.
    ///
    /// # Errors
    /// [`CredentialError::PassphraseLength`], [`CredentialError::KeyNotHexadecimal`] or [`CredentialError::PassphraseCharacter`].
    pub fn new(bytes: &[u8]) -> Result<Self, CredentialError> {
        let length = bytes.len();
        match length {
            8..=63 if bytes.iter().any(u8::is_ascii_control) => {
                Err(CredentialError::PassphraseCharacter)
            }
            64 if !bytes.iter().all(u8::is_ascii_hexdigit) => {
                Err(CredentialError::KeyNotHexadecimal)
            }
            8..=64 => Ok(Self {
                bytes: SecretBytes::new(bytes)
                    .ok_or(CredentialError::PassphraseLength { length })?,
            }),
            _ => Err(CredentialError::PassphraseLength { length }),
        }
    }

    /// The passphrase itself, for joining the network.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose()
    }
}

/// The tunnelled method of an enterprise network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EnterpriseMethod {
    /// PEAP with MSCHAPv2.
    Peap = 0,
    /// EAP-TTLS.
    Ttls = 1,
}

impl EnterpriseMethod {
    /// Every one, in wire order.
    pub const ALL: [Self; 2] = [Self::Peap, Self::Ttls];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Peap => 0,
            Self::Ttls => 1,
        }
    }
}

/// What joins an enterprise network.
#[derive(Clone, Debug)]
pub struct Enterprise {
    method: EnterpriseMethod,
    identity: SecretBytes<64>,
    password: SecretBytes<64>,
    ca: [u8; 32],
}

impl Enterprise {
    /// `ca` is the SHA-256 fingerprint of the authority the network's server must chain to; there is no "any".
    ///
    /// # Errors
    /// [`CredentialError::IdentityLength`] or [`CredentialError::EnterprisePasswordLength`].
    pub fn new(
        method: EnterpriseMethod,
        identity: &[u8],
        password: &[u8],
        ca: [u8; 32],
    ) -> Result<Self, CredentialError> {
        let identity = SecretBytes::new(identity)
            .filter(|identity| !identity.is_empty())
            .ok_or(CredentialError::IdentityLength {
                length: identity.len(),
            })?;
        let password = SecretBytes::new(password)
            .filter(|password| !password.is_empty())
            .ok_or(CredentialError::EnterprisePasswordLength {
                length: password.len(),
            })?;
        Ok(Self {
            method,
            identity,
            password,
            ca,
        })
    }

    /// The tunnelled method.
    #[must_use]
    pub const fn method(&self) -> EnterpriseMethod {
        self.method
    }

    /// The user name, for joining.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        self.identity.expose()
    }

    /// The password, for joining.
    #[must_use]
    pub fn password(&self) -> &[u8] {
        self.password.expose()
    }

    /// SHA-256 fingerprint of the server's authority.
    #[must_use]
    pub const fn ca(&self) -> &[u8; 32] {
        &self.ca
    }
}

/// What it takes to join a network.
// No indirection: firmware has no heap, and the list is bounded anyway.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Secret {
    /// Nothing: open or OWE.
    None,
    /// WPA2 or WPA3 personal.
    Passphrase(Passphrase),
    /// WPA enterprise.
    Enterprise(Enterprise),
}

/// A fixed IPv4 configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticAddress {
    ip: Ipv4Addr,
    prefix: u8,
    gateway: Ipv4Addr,
    dns: Ipv4Addr,
}

impl StaticAddress {
    /// An address with its prefix length in bits, its gateway and its name server.
    ///
    /// # Errors
    /// [`CredentialError::PrefixLength`] above 32 bits.
    pub fn new(
        ip: Ipv4Addr,
        prefix: u8,
        gateway: Ipv4Addr,
        dns: Ipv4Addr,
    ) -> Result<Self, CredentialError> {
        if prefix > 32 {
            return Err(CredentialError::PrefixLength);
        }
        Ok(Self {
            ip,
            prefix,
            gateway,
            dns,
        })
    }

    /// The device's address.
    #[must_use]
    pub const fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// Length of the network prefix in bits.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The gateway.
    #[must_use]
    pub const fn gateway(&self) -> Ipv4Addr {
        self.gateway
    }

    /// The name server.
    #[must_use]
    pub const fn dns(&self) -> Ipv4Addr {
        self.dns
    }
}

/// One Wi-Fi network and what it takes to join it.
#[derive(Clone, Debug)]
pub struct Network {
    ssid: Ssid,
    security: Security,
    secret: Secret,
    hidden: bool,
    bssid: Option<[u8; 6]>,
    priority: u8,
    address: Option<StaticAddress>,
}

impl Network {
    /// A network whose secret belongs to its security; visible, any access point, priority 0, address by DHCP.
    ///
    /// # Errors
    /// [`CredentialError::SecretMismatch`].
    pub fn new(ssid: Ssid, security: Security, secret: Secret) -> Result<Self, CredentialError> {
        let belongs = match &secret {
            Secret::None => !security.is_secured(),
            Secret::Passphrase(_) => security.is_personal(),
            Secret::Enterprise(_) => security == Security::Enterprise,
        };
        if !belongs {
            return Err(CredentialError::SecretMismatch);
        }
        Ok(Self {
            ssid,
            security,
            secret,
            hidden: false,
            bssid: None,
            priority: 0,
            address: None,
        })
    }

    /// A network joined by a passphrase, from raw bytes.
    ///
    /// # Errors
    /// Any [`CredentialError`] of [`Ssid::new`], [`Passphrase::new`] and [`Network::new`].
    pub fn personal(
        ssid: &[u8],
        security: Security,
        passphrase: &[u8],
    ) -> Result<Self, CredentialError> {
        Self::new(
            Ssid::new(ssid)?,
            security,
            Secret::Passphrase(Passphrase::new(passphrase)?),
        )
    }

    /// An open network, from raw bytes.
    ///
    /// # Errors
    /// [`CredentialError::SsidLength`].
    pub fn open(ssid: &[u8]) -> Result<Self, CredentialError> {
        Self::new(Ssid::new(ssid)?, Security::Open, Secret::None)
    }

    /// The same, for a network that does not announce its name.
    #[must_use]
    pub fn with_hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// The same, with the access point to try first.
    #[must_use]
    pub fn with_bssid(mut self, bssid: Option<[u8; 6]>) -> Self {
        self.bssid = bssid;
        self
    }

    /// The same, with a priority; the highest is tried first.
    #[must_use]
    pub fn with_priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// The same, with a fixed address instead of DHCP.
    #[must_use]
    pub fn with_address(mut self, address: Option<StaticAddress>) -> Self {
        self.address = address;
        self
    }

    /// Its name.
    #[must_use]
    pub const fn ssid(&self) -> &Ssid {
        &self.ssid
    }

    /// How it protects itself.
    #[must_use]
    pub const fn security(&self) -> Security {
        self.security
    }

    /// What it takes to join it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether it does not announce its name.
    #[must_use]
    pub const fn hidden(&self) -> bool {
        self.hidden
    }

    /// The access point to try first.
    #[must_use]
    pub const fn bssid(&self) -> Option<[u8; 6]> {
        self.bssid
    }

    /// The highest is tried first.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.priority
    }

    /// A fixed address, or DHCP.
    #[must_use]
    pub const fn address(&self) -> Option<StaticAddress> {
        self.address
    }
}

/// Everything one CRED record carries.
#[derive(Clone, Debug)]
pub struct Credentials {
    networks: heapless::Vec<Network, MAX_NETWORKS>,
    country: Option<[u8; 2]>,
    custom: SecretBytes<MAX_CUSTOM>,
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
        Self {
            networks: list,
            country: None,
            custom: SecretBytes::empty(),
        }
        .fitting()
    }

    /// The same, with the country whose radio rules apply: two capital letters.
    ///
    /// # Errors
    /// [`CredentialError::Country`] or [`CredentialError::TooLarge`].
    pub fn with_country(mut self, country: [u8; 2]) -> Result<Self, CredentialError> {
        if !country.iter().all(u8::is_ascii_uppercase) {
            return Err(CredentialError::Country);
        }
        self.country = Some(country);
        self.fitting()
    }

    /// The same, with vendor data that this project never looks into.
    ///
    /// # Errors
    /// [`CredentialError::CustomLength`] or [`CredentialError::TooLarge`].
    pub fn with_custom(mut self, custom: &[u8]) -> Result<Self, CredentialError> {
        self.custom = SecretBytes::new(custom).ok_or(CredentialError::CustomLength {
            length: custom.len(),
        })?;
        self.fitting()
    }

    /// The networks, in the order given; at least one.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// The country whose radio rules apply.
    #[must_use]
    pub const fn country(&self) -> Option<[u8; 2]> {
        self.country
    }

    /// Vendor data.
    #[must_use]
    pub fn custom(&self) -> &[u8] {
        self.custom.expose()
    }
}

#[cfg(test)]
mod tests;
