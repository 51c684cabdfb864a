//! The Wi-Fi around a simulated home, and a station that scans and joins it.
//!
//! No frame is simulated: only what a device learns, and how long it takes.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use touchstone_device::ports::JoinStatus;
use touchstone_proto::{
    credentials::{Credentials, Network, Secret, Security, Ssid},
    record::{MAX_SEEN, SeenNetwork, SeenNetworks},
};

/// How long a scan takes.
const SCAN: Duration = Duration::from_millis(1_800);
/// How long it takes to find that a network is not there.
const NOT_FOUND: Duration = Duration::from_secs(4);
/// How long it takes to be refused for a wrong password.
const REFUSED: Duration = Duration::from_secs(3);
/// How long it takes to join and get an address.
const JOINED: Duration = Duration::from_millis(2_500);
/// How long a station waits for an address.
const NO_ADDRESS: Duration = Duration::from_secs(12);

/// One network of the neighbourhood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPoint {
    /// Network name, 1 to 32 octets.
    pub ssid: Vec<u8>,
    /// How it protects itself.
    pub security: Security,
    /// The right passphrase; empty where there is none.
    pub passphrase: Vec<u8>,
    /// Signal strength at the devices, in dBm.
    pub rssi: i8,
    /// IEEE 802.11 channel number.
    pub channel: u8,
    /// Whether a scan shows it.
    pub present: bool,
    /// Whether it can be joined; a network at the edge of its range is sometimes seen and not joined.
    pub reachable: bool,
    /// Whether it keeps its name out of scans; it can be joined all the same.
    pub hidden: bool,
    /// Whether it gives addresses.
    pub dhcp: bool,
    /// Whether it reaches the internet.
    pub internet: bool,
}

impl AccessPoint {
    /// A faultless WPA2 network.
    #[must_use]
    pub fn new(ssid: &str, passphrase: &str, rssi: i8) -> Self {
        Self {
            ssid: ssid.as_bytes().to_vec(),
            security: Security::Wpa2Psk,
            passphrase: passphrase.as_bytes().to_vec(),
            rssi,
            channel: 6,
            present: true,
            reachable: true,
            hidden: false,
            dhcp: true,
            internet: true,
        }
    }

    /// The same network without a password.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.security = Security::Open;
        self.passphrase.clear();
        self
    }

    fn admits(&self, network: &Network) -> bool {
        match network.secret() {
            Secret::None => !self.security.is_secured(),
            Secret::Passphrase(passphrase) => {
                self.security.is_personal() && passphrase.expose() == self.passphrase
            }
            // No simulated network has an authentication server.
            Secret::Enterprise(_) => false,
        }
    }
}

/// The networks around; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Neighbourhood(Arc<Mutex<Vec<AccessPoint>>>);

impl Neighbourhood {
    /// These networks.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = AccessPoint>) -> Self {
        Self(Arc::new(Mutex::new(networks.into_iter().collect())))
    }

    /// Changes the network of this name; devices see it at once.
    pub fn change(&self, ssid: &str, change: impl FnOnce(&mut AccessPoint)) {
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(network) = networks
            .iter_mut()
            .find(|network| network.ssid == ssid.as_bytes())
        {
            change(network);
        }
    }

    fn seen(&self, bands: Bands) -> SeenNetworks {
        let networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut visible: Vec<_> = networks
            .iter()
            .filter(|network| network.present && !network.hidden && bands.hears(network))
            .collect();
        visible.sort_by_key(|network| std::cmp::Reverse(network.rssi));
        visible
            .into_iter()
            .filter_map(|network| {
                Some(SeenNetwork {
                    ssid: Ssid::new(&network.ssid).ok()?,
                    security: network.security,
                    rssi: network.rssi,
                    channel: network.channel,
                })
            })
            .take(MAX_SEEN)
            .collect()
    }

    fn find(&self, ssid: &[u8], bands: Bands) -> Option<AccessPoint> {
        let networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        networks
            .iter()
            .find(|network| {
                network.present && network.reachable && network.ssid == ssid && bands.hears(network)
            })
            .cloned()
    }
}

/// Which bands a station has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bands {
    /// 2.4 GHz only, like most small devices.
    TwoPointFour,
    /// 2.4 and 5 GHz.
    Both,
}

impl Bands {
    fn hears(self, network: &AccessPoint) -> bool {
        self == Self::Both || network.channel <= 14
    }
}

/// A device's station.
#[derive(Debug)]
pub(crate) struct Station {
    neighbourhood: Neighbourhood,
    bands: Bands,
    scan_done: Option<Duration>,
    joining: Option<Joining>,
    /// Every join, for tests: when, and which networks were tried.
    pub(crate) joins: Vec<(Duration, Vec<Vec<u8>>)>,
}

#[derive(Debug)]
struct Joining {
    since: Duration,
    credentials: Credentials,
}

/// Where a join is going, and when it gets there.
enum Course {
    NotFound,
    Refused,
    NoAddress,
    Joined { internet: bool },
}

impl Station {
    pub(crate) fn new(neighbourhood: Neighbourhood, bands: Bands) -> Self {
        Self {
            neighbourhood,
            bands,
            scan_done: None,
            joining: None,
            joins: Vec::new(),
        }
    }

    /// Power is gone: nothing of what went on goes on.
    pub(crate) fn reset(&mut self) {
        self.scan_done = None;
        self.joining = None;
    }

    pub(crate) fn start_scan(&mut self, now: Duration) {
        self.scan_done.get_or_insert(now + SCAN);
    }

    pub(crate) fn scan_results(&mut self, now: Duration) -> Option<SeenNetworks> {
        self.scan_done
            .take_if(|done| *done <= now)
            .map(|_| self.neighbourhood.seen(self.bands))
    }

    pub(crate) fn join(&mut self, now: Duration, credentials: &Credentials) {
        let tried = credentials
            .networks()
            .iter()
            .map(|network| network.ssid().as_bytes().to_vec())
            .collect();
        self.joins.push((now, tried));
        self.joining = Some(Joining {
            since: now,
            credentials: credentials.clone(),
        });
    }

    pub(crate) fn leave(&mut self) {
        self.joining = None;
    }

    pub(crate) fn status(&self, now: Duration) -> JoinStatus {
        let Some(joining) = &self.joining else {
            return JoinStatus::Idle;
        };
        let course = self.course(&joining.credentials);
        if now < joining.since + course.takes() {
            return JoinStatus::Connecting;
        }
        match course {
            Course::NotFound => JoinStatus::NetworkNotFound,
            Course::Refused => JoinStatus::WrongPassword,
            Course::NoAddress => JoinStatus::DhcpFailed,
            Course::Joined { internet: false } => JoinStatus::NoInternet,
            Course::Joined { internet: true } => JoinStatus::Joined {
                address: IpAddr::V4(Ipv4Addr::new(192, 168, 1, 23)),
            },
        }
    }

    /// When something about this station changes by itself.
    pub(crate) fn next_change(&self, now: Duration) -> Option<Duration> {
        let joined = self
            .joining
            .as_ref()
            .map(|joining| joining.since + self.course(&joining.credentials).takes());
        [self.scan_done, joined.filter(|at| *at > now)]
            .into_iter()
            .flatten()
            .min()
    }

    fn course(&self, credentials: &Credentials) -> Course {
        let mut networks: Vec<&Network> = credentials.networks().iter().collect();
        networks.sort_by_key(|network| std::cmp::Reverse(network.priority()));
        let mut course = Course::NotFound;
        for network in networks {
            let Some(access_point) = self
                .neighbourhood
                .find(network.ssid().as_bytes(), self.bands)
            else {
                continue;
            };
            if !access_point.admits(network) {
                course = Course::Refused;
            } else if access_point.dhcp || network.address().is_some() {
                return Course::Joined {
                    internet: access_point.internet,
                };
            } else {
                course = Course::NoAddress;
            }
        }
        course
    }
}

impl Course {
    fn takes(&self) -> Duration {
        match self {
            Self::NotFound => NOT_FOUND,
            Self::Refused => REFUSED,
            Self::NoAddress => NO_ADDRESS,
            Self::Joined { .. } => JOINED,
        }
    }
}
