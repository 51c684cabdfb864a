//! Simulated Wi-Fi: which networks there are, and how long things take.

use std::{net::Ipv4Addr, time::Duration};

use touchstone_device::ports::{JoinStatus, Wifi};
use touchstone_peripheral::now;
use touchstone_proto::{
    credentials::{Credentials, Network, Secret, Security, Ssid},
    record::{SeenNetwork, SeenNetworks},
};

use super::events::Events;

/// Short enough for tests, long enough to be seen.
const SCAN: Duration = Duration::from_millis(300);
const JOIN: Duration = Duration::from_millis(400);

/// Signal strength of the first network, and how much weaker each of the next is, in dB.
const STRONGEST: i8 = -45;
const STEP: i8 = 6;

/// A network in range.
#[derive(Clone)]
pub(super) struct AccessPoint {
    ssid: String,
    password: String,
}

impl AccessPoint {
    pub(super) fn new(ssid: &str, password: &str) -> Self {
        Self {
            ssid: ssid.to_owned(),
            password: password.to_owned(),
        }
    }

    /// `SSID:PASSWORD`, split at the first colon.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (ssid, password) = text.split_once(':').unwrap_or((text, ""));
        Ssid::new(ssid.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Self::new(ssid, password))
    }

    fn security(&self) -> Security {
        if self.password.is_empty() {
            Security::Open
        } else {
            Security::Wpa2Psk
        }
    }

    fn admits(&self, network: &Network) -> bool {
        match network.secret() {
            Secret::None => self.password.is_empty(),
            Secret::Passphrase(passphrase) => passphrase.expose() == self.password.as_bytes(),
            Secret::Enterprise(_) => false,
        }
    }
}

/// The device's station.
pub(super) struct SimulatedWifi {
    networks: Vec<AccessPoint>,
    scanned_at: Option<Duration>,
    joining: Option<(Duration, JoinStatus)>,
    told: JoinStatus,
    events: Events,
}

impl SimulatedWifi {
    pub(super) fn new(networks: Vec<AccessPoint>, events: Events) -> Self {
        Self {
            networks,
            scanned_at: None,
            joining: None,
            told: JoinStatus::Idle,
            events,
        }
    }

    /// When a scan or a join ends.
    pub(super) fn next_change(&self) -> Option<Duration> {
        let now = now();
        let joined = self.joining.map(|(at, _)| at).filter(|&at| at > now);
        [self.scanned_at, joined].into_iter().flatten().min()
    }

    /// What joining comes to: the first network in range decides.
    fn outcome(&self, credentials: &Credentials) -> JoinStatus {
        let mut networks: Vec<_> = credentials.networks().iter().collect();
        networks.sort_by_key(|network| std::cmp::Reverse(network.priority()));
        let in_range = networks.into_iter().find_map(|network| {
            let same = |point: &&AccessPoint| point.ssid.as_bytes() == network.ssid().as_bytes();
            self.networks
                .iter()
                .find(same)
                .map(|point| (point, network))
        });
        match in_range {
            None => JoinStatus::NetworkNotFound,
            Some((point, network)) if point.admits(network) => JoinStatus::Joined {
                address: Ipv4Addr::new(192, 168, 1, 23).into(),
            },
            Some(_) => JoinStatus::WrongPassword,
        }
    }
}

impl Wifi for SimulatedWifi {
    fn start_scan(&mut self) {
        self.scanned_at.get_or_insert(now() + SCAN);
    }

    fn scan_results(&mut self) -> Option<SeenNetworks> {
        self.scanned_at.take_if(|at| *at <= now())?;
        let seen = self
            .networks
            .iter()
            .enumerate()
            .filter_map(|(place, point)| {
                let weaker = i8::try_from(place).unwrap_or(i8::MAX).saturating_mul(STEP);
                Some(SeenNetwork {
                    ssid: Ssid::new(point.ssid.as_bytes()).ok()?,
                    security: point.security(),
                    rssi: STRONGEST.saturating_sub(weaker),
                    channel: 6,
                })
            });
        Some(seen.take(touchstone_proto::record::MAX_SEEN).collect())
    }

    fn join(&mut self, credentials: &Credentials) {
        self.joining = Some((now() + JOIN, self.outcome(credentials)));
    }

    fn status(&mut self) -> JoinStatus {
        let status = match self.joining {
            None => JoinStatus::Idle,
            Some((at, _)) if now() < at => JoinStatus::Connecting,
            Some((_, outcome)) => outcome,
        };
        if self.told != status {
            self.told = status;
            self.events.wifi(status);
        }
        status
    }

    fn leave(&mut self) {
        self.joining = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wifi() -> SimulatedWifi {
        let networks = ["Home:correct-horse", "Café"].map(|text| AccessPoint::parse(text).unwrap());
        SimulatedWifi::new(networks.into(), Events::new(true))
    }

    fn outcome(network: Network) -> JoinStatus {
        wifi().outcome(&Credentials::new([network]).unwrap())
    }

    #[test]
    fn only_the_right_password_joins() {
        let with = |password: &str| {
            Network::personal(b"Home", Security::Wpa2Psk, password.as_bytes()).unwrap()
        };
        assert!(matches!(
            outcome(with("correct-horse")),
            JoinStatus::Joined { .. }
        ));
        assert_eq!(outcome(with("correct-house")), JoinStatus::WrongPassword);
        assert_eq!(
            outcome(Network::open(b"Home").unwrap()),
            JoinStatus::WrongPassword
        );
    }

    #[test]
    fn an_absent_network_is_not_found_and_an_open_one_needs_nothing() {
        assert_eq!(
            outcome(Network::open(b"Elsewhere").unwrap()),
            JoinStatus::NetworkNotFound
        );
        assert!(matches!(
            outcome(Network::open("Café".as_bytes()).unwrap()),
            JoinStatus::Joined { .. }
        ));
    }

    #[test]
    fn a_password_may_contain_colons() {
        let point = AccessPoint::parse("Home:a:b:c:d:e").unwrap();
        assert_eq!(
            (point.ssid.as_str(), point.password.as_str()),
            ("Home", "a:b:c:d:e")
        );
        assert!(AccessPoint::parse(":password").is_err());
    }
}
