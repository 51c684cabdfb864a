//! Credentials as the CBOR array of a CRED record.

use core::net::Ipv4Addr;

use super::{
    CredentialError, Credentials, Enterprise, EnterpriseMethod, MAX_NETWORKS, Network, Passphrase,
    Secret, Security, Ssid, StaticAddress,
};
use crate::{
    cbor::{Reader, Type, Writer},
    error::{LocalError, Misbehaviour},
    record::one_of,
};

impl Credentials {
    /// Writes the array.
    pub(crate) fn write<const N: usize>(&self, out: &mut Writer<'_, N>) -> Result<(), LocalError> {
        out.array(3)?.array(self.networks().len())?;
        for network in self.networks() {
            network.write(out)?;
        }
        out.bytes(
            self.country()
                .as_ref()
                .map_or(&[], |country| country.as_slice()),
        )?
        .bytes(self.custom())?;
        Ok(())
    }

    /// Reads the array; everything is checked as if it had been typed here.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Misbehaviour> {
        reader.array(3)?;
        let count = reader.array_any()?;
        let mut networks = heapless::Vec::<Network, MAX_NETWORKS>::new();
        for _ in 0..count {
            networks
                .push(Network::read(reader)?)
                .map_err(|_| CredentialError::TooManyNetworks)?;
        }
        let mut credentials = Self::new(networks)?;
        match reader.bytes()? {
            [] => {}
            country => {
                let country = country.try_into().map_err(|_| CredentialError::Country)?;
                credentials = credentials.with_country(country)?;
            }
        }
        Ok(credentials.with_custom(reader.bytes()?)?)
    }
}

impl Network {
    fn write<const N: usize>(&self, out: &mut Writer<'_, N>) -> Result<(), LocalError> {
        out.array(7)?
            .bytes(self.ssid().as_bytes())?
            .uint(self.security().number().into())?;
        match self.secret() {
            Secret::None => out.bytes(&[])?,
            Secret::Passphrase(passphrase) => out.bytes(passphrase.expose())?,
            Secret::Enterprise(enterprise) => out
                .array(4)?
                .uint(enterprise.method().number().into())?
                .bytes(enterprise.identity())?
                .bytes(enterprise.password())?
                .bytes(enterprise.ca())?,
        }
        .bool(self.hidden())?
        .bytes(self.bssid().as_ref().map_or(&[], |bssid| bssid.as_slice()))?
        .uint(self.priority().into())?;
        match self.address() {
            None => out.array(0)?,
            Some(address) => out
                .array(4)?
                .bytes(&address.ip().octets())?
                .uint(address.prefix().into())?
                .bytes(&address.gateway().octets())?
                .bytes(&address.dns().octets())?,
        };
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Misbehaviour> {
        reader.array(7)?;
        let ssid = Ssid::new(reader.bytes()?)?;
        let security = one_of(reader, &Security::ALL, Security::number)?;
        let secret = secret(reader, security)?;
        let network = Self::new(ssid, security, secret)?.with_hidden(reader.bool()?);
        let bssid = match reader.bytes()? {
            [] => None,
            bssid => Some(bssid.try_into().map_err(|_| Misbehaviour::WrongLength)?),
        };
        Ok(network
            .with_bssid(bssid)
            .with_priority(reader.uint_as()?)
            .with_address(address(reader)?))
    }
}

fn secret(reader: &mut Reader<'_>, security: Security) -> Result<Secret, Misbehaviour> {
    if reader.peek()? == Type::Array {
        reader.array(4)?;
        return Ok(Secret::Enterprise(Enterprise::new(
            one_of(reader, &EnterpriseMethod::ALL, EnterpriseMethod::number)?,
            reader.bytes()?,
            reader.bytes()?,
            *reader.byte_array()?,
        )?));
    }
    match reader.bytes()? {
        [] if !security.is_secured() => Ok(Secret::None),
        passphrase if security.is_personal() => {
            Ok(Secret::Passphrase(Passphrase::new(passphrase)?))
        }
        _ => Err(CredentialError::SecretMismatch.into()),
    }
}

fn address(reader: &mut Reader<'_>) -> Result<Option<StaticAddress>, Misbehaviour> {
    match reader.array_any()? {
        0 => Ok(None),
        4 => {
            let ip = Ipv4Addr::from(*reader.byte_array()?);
            let prefix = reader.uint_as()?;
            let gateway = Ipv4Addr::from(*reader.byte_array()?);
            let dns = Ipv4Addr::from(*reader.byte_array()?);
            Ok(Some(StaticAddress::new(ip, prefix, gateway, dns)?))
        }
        _ => Err(Misbehaviour::WrongLength),
    }
}
