//! One network and what it takes to join it.

use core::{fmt, net::Ipv4Addr};

use super::CredentialError;
use crate::secret::SecretBytes;

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
