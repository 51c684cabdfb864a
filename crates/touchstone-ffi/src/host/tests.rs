use std::sync::Mutex;

use p256::ecdsa::{
    SigningKey,
    signature::{Signer, Verifier},
};
use touchstone::ports::{NetworkStore as _, OwnerKey as _};

use super::*;

const UEID: [u8; 17] = [1; 17];

fn key() -> SigningKey {
    SigningKey::from_slice(&[3; 32]).unwrap()
}

/// A key store as platforms have it, and one that answers nonsense.
#[derive(Default)]
struct Store {
    nonsense: bool,
    sent: Mutex<Option<Vec<u8>>>,
}

impl Store {
    fn of_nonsense() -> Self {
        Self {
            nonsense: true,
            sent: Mutex::new(Some(vec![7; 15])),
        }
    }
}

impl OwnerKey for Store {
    fn public_key(&self, ueid: Vec<u8>) -> Result<Vec<u8>, HostError> {
        assert_eq!(ueid, UEID);
        let point = key().verifying_key().to_sec1_point(false);
        Ok(if self.nonsense {
            vec![4; 65]
        } else {
            point.as_bytes().to_vec()
        })
    }
    fn sign(&self, _: Vec<u8>, payload: Vec<u8>) -> Result<Vec<u8>, HostError> {
        let signature: Signature = key().sign(&payload);
        Ok(if self.nonsense {
            vec![0x30, 1, 2]
        } else {
            signature.to_der().as_bytes().to_vec()
        })
    }
    fn mark_sent(&self, _: Vec<u8>, set_up: Option<Vec<u8>>) -> Result<(), HostError> {
        *self.sent.lock().unwrap() = set_up;
        Ok(())
    }
    fn sent(&self, ueid: Vec<u8>) -> Result<Option<Vec<u8>>, HostError> {
        assert_eq!(ueid, UEID);
        Ok(self.sent.lock().unwrap().clone())
    }
    fn forget(&self, _: Vec<u8>) -> Result<(), HostError> {
        Err(HostError::Failed {
            reason: "the key store is locked".to_owned(),
        })
    }
}

#[tokio::test]
async fn a_signature_in_der_becomes_r_and_s() {
    let port = OwnerKeyOf(Arc::new(Store::default()));
    let signature = port.sign(UEID, b"payload".to_vec()).await.unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    key()
        .verifying_key()
        .verify(b"payload", &signature)
        .unwrap();
    let public = port.public(UEID).await.unwrap();
    assert_eq!(
        public.to_sec1(),
        key().verifying_key().to_sec1_point(false).as_bytes()
    );
}

#[tokio::test]
async fn what_a_key_store_throws_or_makes_up_is_an_error_of_the_port() {
    let port = OwnerKeyOf(Arc::new(Store::of_nonsense()));
    assert!(port.public(UEID).await.is_err());
    assert!(port.sign(UEID, vec![]).await.is_err());
    assert_eq!(port.sent(UEID).await, Ok(None));
    let locked = port.forget(UEID).await;
    assert_eq!(
        locked,
        Err(OwnerKeyError("the key store is locked".to_owned()))
    );
}

#[tokio::test]
async fn the_set_up_that_credentials_went_out_in_is_asked_for_until_it_is_over() {
    let store = Arc::new(Store::default());
    let port = OwnerKeyOf(store.clone());
    assert_eq!(port.sent(UEID).await, Ok(None));
    port.mark_sent(UEID, Some([7; 16])).await.unwrap();
    let after_a_kill = OwnerKeyOf(store);
    assert_eq!(after_a_kill.sent(UEID).await, Ok(Some([7; 16])));
    after_a_kill.mark_sent(UEID, None).await.unwrap();
    assert_eq!(after_a_kill.sent(UEID).await, Ok(None));
}

#[derive(Default)]
struct Networks(Mutex<Vec<SavedNetwork>>);

impl NetworkStore for Networks {
    fn saved(&self) -> Result<Vec<SavedNetwork>, HostError> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn save(&self, network: SavedNetwork) -> Result<(), HostError> {
        self.0.lock().unwrap().push(network);
        Ok(())
    }
}

#[tokio::test]
async fn networks_come_back_as_they_were_kept_and_nonsense_does_not() {
    let store = Arc::new(Networks::default());
    let port = NetworkStoreOf(store.clone());
    let home = Network::personal(b"Home", Security::Wpa2Psk, b"correct horse").unwrap();
    port.save(home.with_hidden(true)).await;
    store.0.lock().unwrap().push(SavedNetwork {
        ssid: vec![],
        security: Security::Open,
        passphrase: None,
        hidden: false,
    });
    port.save(Network::open(b"Park").unwrap()).await;
    let saved = port.saved().await;
    let [home, park] = saved.as_slice() else {
        panic!("{} networks", saved.len());
    };
    assert!(home.hidden() && home.security() == Security::Wpa2Psk);
    assert!(
        matches!(home.secret(), Secret::Passphrase(phrase) if phrase.expose() == b"correct horse")
    );
    assert_eq!(park.ssid().as_bytes(), b"Park");
}
