//! What the simulated device keeps over a power cut: a JSON file, replaced as a whole.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use touchstone_device::{
    SHORT_BOOT,
    ports::{AwaitedPowerCycle, Ownership, Storage, StorageError, Stored},
};
use touchstone_proto::credentials::{Credentials, Network, Secret, Security, Ssid};

use super::events::Events;

/// The store; without a file it forgets when the program ends.
pub(super) struct StorageFile {
    path: Option<PathBuf>,
    /// `None` until something was stored.
    record: Option<Record>,
    boots: Boots,
    events: Events,
}

/// What a firmware keeps of its boots.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Boots {
    /// How many there were, this one included.
    pub(super) count: u32,
    /// How many in a row before this one were short.
    pub(super) short: u32,
    /// When this one began, in seconds of the machine's clock.
    at: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    boots: Boots,
    record: Option<Record>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Record {
    reset_epoch: u32,
    owner: Option<Owner>,
    power_cycle: Option<Awaited>,
}

/// An ARM that outlives its boot.
#[derive(Clone, Serialize, Deserialize)]
struct Awaited {
    kid: [u8; 32],
    h_arm: [u8; 32],
    boot_count: u32,
    contended: u8,
}

#[derive(Clone, Serialize, Deserialize)]
struct Owner {
    kid: [u8; 32],
    commit_id: [u8; 16],
    networks: Vec<SavedNetwork>,
}

/// As much of a network as the simulated Wi-Fi looks at.
#[derive(Clone, Serialize, Deserialize)]
struct SavedNetwork {
    ssid: Vec<u8>,
    security: u8,
    passphrase: Option<Vec<u8>>,
    priority: u8,
}

impl StorageFile {
    pub(super) fn open(path: Option<PathBuf>, events: Events) -> anyhow::Result<Self> {
        let mut content = Content::default();
        if let Some(path) = &path {
            match fs::read(path) {
                Ok(bytes) => {
                    content = serde_json::from_slice(&bytes)
                        .with_context(|| format!("{} is not a device's storage", path.display()))?
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("{} cannot be read", path.display()));
                }
            }
        }
        Ok(Self {
            path,
            record: content.record,
            boots: content.boots,
            events,
        })
    }

    /// Counts this boot.
    pub(super) fn count_boot(&mut self) -> anyhow::Result<Boots> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let since = now.saturating_sub(Duration::from_secs(self.boots.at));
        let short = self.boots.count > 0 && since < SHORT_BOOT;
        self.boots = Boots {
            count: self.boots.count.saturating_add(1),
            short: if short {
                self.boots.short.saturating_add(1)
            } else {
                0
            },
            at: now.as_secs(),
        };
        self.write().context("the storage file cannot be written")?;
        Ok(self.boots)
    }

    /// Replaces the file: whoever cuts power finds the old one or the new one.
    fn write(&self) -> std::io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let content = Content {
            boots: self.boots,
            record: self.record.clone(),
        };
        let new = path.with_extension("new");
        let mut file = private_file(&new)?;
        file.write_all(&serde_json::to_vec(&content)?)?;
        file.sync_all()?;
        fs::rename(new, path)
    }
}

/// It holds a Wi-Fi password.
fn private_file(path: &std::path::Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Storage for StorageFile {
    fn load(&mut self) -> Result<Option<Stored>, StorageError> {
        self.record.as_ref().map(Record::stored).transpose()
    }

    fn store(&mut self, stored: &Stored) -> Result<(), StorageError> {
        let before = self.record.replace(Record::from(stored));
        if self.write().is_err() {
            self.record = before;
            return Err(StorageError);
        }
        self.events
            .stored(stored.ownership.is_some(), stored.reset_epoch);
        Ok(())
    }
}

impl Record {
    fn from(stored: &Stored) -> Self {
        Self {
            reset_epoch: stored.reset_epoch,
            owner: stored.ownership.as_ref().map(|ownership| Owner {
                kid: ownership.owner_kid,
                commit_id: ownership.commit_id,
                networks: ownership
                    .credentials
                    .networks()
                    .iter()
                    .map(SavedNetwork::from)
                    .collect(),
            }),
            power_cycle: stored.power_cycle.map(|awaited| Awaited {
                kid: awaited.owner_kid,
                h_arm: awaited.h_arm,
                boot_count: awaited.boot_count,
                contended: awaited.contended,
            }),
        }
    }

    fn stored(&self) -> Result<Stored, StorageError> {
        let ownership = |owner: &Owner| {
            let networks: Option<Vec<_>> =
                owner.networks.iter().map(SavedNetwork::network).collect();
            let credentials =
                Credentials::new(networks.ok_or(StorageError)?).map_err(|_| StorageError)?;
            Ok(Ownership {
                owner_kid: owner.kid,
                credentials,
                commit_id: owner.commit_id,
            })
        };
        Ok(Stored {
            reset_epoch: self.reset_epoch,
            ownership: self.owner.as_ref().map(ownership).transpose()?,
            power_cycle: self.power_cycle.as_ref().map(|awaited| AwaitedPowerCycle {
                owner_kid: awaited.kid,
                h_arm: awaited.h_arm,
                boot_count: awaited.boot_count,
                contended: awaited.contended,
            }),
        })
    }
}

impl SavedNetwork {
    fn from(network: &Network) -> Self {
        Self {
            ssid: network.ssid().as_bytes().to_vec(),
            security: network.security().number(),
            passphrase: match network.secret() {
                Secret::Passphrase(passphrase) => Some(passphrase.expose().to_vec()),
                Secret::None | Secret::Enterprise(_) => None,
            },
            priority: network.priority(),
        }
    }

    fn network(&self) -> Option<Network> {
        let security = Security::ALL
            .into_iter()
            .find(|security| security.number() == self.security)?;
        let network = match &self.passphrase {
            Some(passphrase) => Network::personal(&self.ssid, security, passphrase),
            None => Network::new(Ssid::new(&self.ssid).ok()?, security, Secret::None),
        };
        Some(network.ok()?.with_priority(self.priority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_there_after_a_power_cut() {
        let path =
            std::env::temp_dir().join(format!("touchstone-storage-{}.json", std::process::id()));
        let open = || StorageFile::open(Some(path.clone()), Events::new(true)).unwrap();
        assert!(open().load().unwrap().is_none());
        let network = Network::personal(b"Home", Security::Wpa2Psk, b"correct-horse").unwrap();
        let stored = Stored {
            reset_epoch: 3,
            ownership: Some(Ownership {
                owner_kid: [7; 32],
                credentials: Credentials::new([network]).unwrap(),
                commit_id: [8; 16],
            }),
            power_cycle: Some(AwaitedPowerCycle {
                owner_kid: [1; 32],
                h_arm: [2; 32],
                boot_count: 3,
                contended: 4,
            }),
        };
        let mut storage = open();
        assert_eq!(storage.count_boot().unwrap().count, 1);
        storage.store(&stored).unwrap();
        drop(storage);
        let mut storage = open();
        let boots = storage.count_boot().unwrap();
        assert_eq!((boots.count, boots.short), (2, 1));
        let loaded = storage.load().unwrap().unwrap();
        assert_eq!(loaded.power_cycle, stored.power_cycle);
        let ownership = loaded.ownership.unwrap();
        assert_eq!(loaded.reset_epoch, 3);
        assert_eq!(
            (ownership.owner_kid, ownership.commit_id),
            ([7; 32], [8; 16])
        );
        assert_eq!(
            ownership.credentials.networks()[0].ssid().as_bytes(),
            b"Home"
        );
        fs::remove_file(path).unwrap();
    }
}
