//! The device's scan as the person sees it, and the person's choice as the device needs it.

use touchstone_flow::{NetworkChoice, NetworkItem, NetworkName, Password, Strength};
use touchstone_proto::{
    credentials::{CredentialError, Network, Passphrase, Secret, Security, Ssid},
    record::SeenNetwork,
};

use super::Core;

impl Core {
    /// One entry a name, strongest first, nothing we could not join.
    pub(super) fn network_items(&self, index: usize) -> Vec<NetworkItem> {
        let mut items: Vec<NetworkItem> = Vec::new();
        for network in self.seen(index) {
            let name = network.ssid.as_bytes();
            let saved = self.saved_network(name).is_some();
            let known = items.iter().any(|item| item.ssid.octets() == name);
            let security = self.security(index, name);
            if !known && (saved || security.is_personal() || !security.is_secured()) {
                items.push(NetworkItem {
                    ssid: NetworkName::new(name),
                    secured: security.is_secured(),
                    saved,
                    strength: strength(network),
                });
            }
        }
        items
    }

    fn seen(&self, index: usize) -> &[SeenNetwork] {
        let candidate = self.candidates.get(index);
        candidate
            .and_then(|candidate| candidate.networks.as_deref())
            .unwrap_or_default()
    }

    /// How a name is protected. An open network beside a protected one of the same name is not the one that is meant, however strong it is.
    pub(super) fn security(&self, index: usize, ssid: &[u8]) -> Security {
        let all = self
            .seen(index)
            .iter()
            .filter(|network| network.ssid.as_bytes() == ssid)
            .map(|network| network.security);
        let mut known: Option<Security> = None;
        for security in all {
            known = Some(match known {
                Some(known) if known == security || !security.is_secured() => known,
                Some(known) if known.is_personal() && security.is_personal() => Security::Wpa2Wpa3,
                Some(known) if known.is_secured() => known,
                _ => security,
            });
        }
        known.unwrap_or(Security::Open)
    }

    pub(super) fn saved_network(&self, ssid: &[u8]) -> Option<&Network> {
        self.saved
            .iter()
            .flatten()
            .find(|network| network.ssid().as_bytes() == ssid)
    }

    /// What the person chose, as the device needs it.
    pub(super) fn network(
        &self,
        index: usize,
        choice: &NetworkChoice,
        password: Option<&Password>,
    ) -> Result<Network, CredentialError> {
        let octets = choice.ssid().octets();
        let ssid = Ssid::new(octets)?;
        let is_seen = self.seen(index).iter().any(|network| network.ssid == ssid);
        let hidden = matches!(choice, NetworkChoice::Typed { .. }) && !is_seen;
        let (security, secret) = match (password, self.saved_network(octets)) {
            (None, Some(saved)) => return Ok(saved.clone()),
            (None, None) => (Security::Open, Secret::None),
            (Some(password), _) => (
                Security::Wpa2Wpa3,
                Secret::Passphrase(Passphrase::new(password.expose().as_bytes())?),
            ),
        };
        let security = if is_seen {
            self.security(index, octets)
        } else {
            security
        };
        Ok(Network::new(ssid, security, secret)?.with_hidden(hidden))
    }
}

fn strength(network: &SeenNetwork) -> Strength {
    match network.rssi {
        -60.. => Strength::Strong,
        -75.. => Strength::Fair,
        _ => Strength::Weak,
    }
}
