//! Owner keys in files, one a device, readable by their owner only.
//!
//! A file holds the 32 bytes of a P-256 scalar. A second file beside it says that credentials were sent and the set-up is not finished: it holds the name
//! of that set-up.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use futures::{
    FutureExt,
    future::{BoxFuture, ready},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone::{
    OwnerPublicKey,
    native::SystemEntropy,
    ports::{Entropy, OwnerKey, OwnerKeyError},
};
use zeroize::Zeroizing;

type Ueid = [u8; 17];

pub(crate) struct OwnerKeyFiles {
    directory: PathBuf,
}

impl OwnerKeyFiles {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot keep owner keys in {}", directory.display()))?;
        restrict(directory, 0o700)?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    fn path(&self, ueid: &Ueid, ending: &str) -> PathBuf {
        let name: String = ueid.iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(format!("{name}.{ending}"))
    }

    fn load(&self, ueid: &Ueid) -> Result<Option<SigningKey>, OwnerKeyError> {
        let path = self.path(ueid, "key");
        match fs::read(&path).map(Zeroizing::new) {
            Ok(scalar) => SigningKey::from_slice(&scalar)
                .map(Some)
                .map_err(|_| OwnerKeyError(format!("{} is not an owner key", path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OwnerKeyError(error.to_string())),
        }
    }

    fn create(&self, ueid: &Ueid) -> Result<SigningKey, OwnerKeyError> {
        let mut scalar = Zeroizing::new([0; 32]);
        let key = loop {
            SystemEntropy.fill(scalar.as_mut());
            // One draw in 2^32 is out of range.
            if let Ok(key) = SigningKey::from_slice(scalar.as_ref()) {
                break key;
            }
        };
        write_durably(&self.path(ueid, "key"), scalar.as_ref())
            .map_err(|error| OwnerKeyError(error.to_string()))?;
        Ok(key)
    }

    fn public(&self, ueid: &Ueid) -> Result<OwnerPublicKey, OwnerKeyError> {
        let key = match self.load(ueid)? {
            Some(key) => key,
            None => self.create(ueid)?,
        };
        let point = key.verifying_key().to_sec1_point(false);
        OwnerPublicKey::from_sec1(point.as_bytes())
            .map_err(|error| OwnerKeyError(error.to_string()))
    }

    fn sign(&self, ueid: &Ueid, message: &[u8]) -> Result<[u8; 64], OwnerKeyError> {
        let key = self
            .load(ueid)?
            .ok_or_else(|| OwnerKeyError("the owner key is gone".to_owned()))?;
        let signature: Signature = key.sign(message);
        Ok(signature.to_bytes().into())
    }

    fn mark_sent(&self, ueid: &Ueid, set_up: Option<[u8; 16]>) -> Result<(), OwnerKeyError> {
        let path = self.path(ueid, "sent");
        let outcome = match set_up {
            Some(set_up) => write_durably(&path, &set_up),
            None => remove(&path),
        };
        outcome.map_err(|error| OwnerKeyError(error.to_string()))
    }

    fn sent(&self, ueid: &Ueid) -> Result<Option<[u8; 16]>, OwnerKeyError> {
        match fs::read(self.path(ueid, "sent")) {
            // Anything else names no set-up that could be finished.
            Ok(set_up) => Ok(set_up.try_into().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OwnerKeyError(error.to_string())),
        }
    }
}

impl OwnerKey for OwnerKeyFiles {
    fn public(&self, ueid: Ueid) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>> {
        ready(self.public(&ueid)).boxed()
    }

    fn sign(&self, ueid: Ueid, message: Vec<u8>) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>> {
        ready(self.sign(&ueid, &message)).boxed()
    }

    fn mark_sent(
        &self,
        ueid: Ueid,
        set_up: Option<[u8; 16]>,
    ) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        ready(self.mark_sent(&ueid, set_up)).boxed()
    }

    fn sent(&self, ueid: Ueid) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>> {
        ready(self.sent(&ueid)).boxed()
    }

    fn forget(&self, ueid: Ueid) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        let forgotten = remove(&self.path(&ueid, "key"))
            .and_then(|()| remove(&self.path(&ueid, "sent")))
            .map_err(|error| OwnerKeyError(error.to_string()));
        ready(forgotten).boxed()
    }
}

/// The file is there whole, or not at all, and survives a power cut.
fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = private().open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(directory) if cfg!(unix) => fs::File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str) -> OwnerKeyFiles {
        let directory = std::env::temp_dir().join(format!(
            "touchstone-owner-keys-{}-{name}",
            std::process::id()
        ));
        drop(fs::remove_dir_all(&directory));
        OwnerKeyFiles::open(&directory).expect("a folder")
    }

    #[test]
    fn each_device_has_its_own_key_and_keeps_it() {
        let keys = store("keeps");
        let first = keys.public(&[1; 17]).expect("a key");
        assert_eq!(
            first.to_ccs(),
            keys.public(&[1; 17]).expect("the same key").to_ccs()
        );
        assert_ne!(
            first.to_ccs(),
            keys.public(&[2; 17]).expect("another key").to_ccs()
        );
    }

    #[test]
    fn what_was_sent_is_known_to_the_next_run_until_it_is_finished() {
        let keys = store("sent");
        assert_eq!(keys.sent(&[1; 17]), Ok(None));
        keys.mark_sent(&[1; 17], Some([7; 16])).expect("marked");
        let next = OwnerKeyFiles {
            directory: keys.directory.clone(),
        };
        assert_eq!(next.sent(&[1; 17]), Ok(Some([7; 16])));
        assert_eq!(next.sent(&[2; 17]), Ok(None));
        next.mark_sent(&[1; 17], None).expect("taken back");
        assert_eq!(keys.sent(&[1; 17]), Ok(None));
    }

    #[test]
    fn a_forgotten_key_cannot_sign() {
        let keys = store("forgets");
        keys.public(&[1; 17]).expect("a key");
        keys.sign(&[1; 17], b"message").expect("a signature");
        remove(&keys.path(&[1; 17], "key")).expect("removed");
        keys.sign(&[1; 17], b"message").expect_err("no key");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let keys = store("private");
        keys.public(&[1; 17]).expect("a key");
        let mode = fs::metadata(keys.path(&[1; 17], "key"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_an_error_and_not_replaced() {
        let keys = store("damaged");
        fs::write(keys.path(&[1; 17], "key"), b"short").expect("written");
        keys.public(&[1; 17]).expect_err("damaged");
    }
}
