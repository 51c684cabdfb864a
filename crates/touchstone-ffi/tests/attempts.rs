//! Attempts as an application runs them, on a radio of its own.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_ffi::{
    ConnectAttempt, ConnectError, HostError, HostRadio, NetworkStore, Outcome, OwnerKey, Policy,
    PostQuantum, Provisioner, RadioHost, RadioState, SavedNetwork, Stage, TrustBundle,
};
use touchstone_flow::{A11yContext, ActionId, Cue, MsgId, Screen, Step};

/// Everything an application gives; scans in a room without devices.
#[derive(Default)]
struct App {
    attempt: OnceLock<Weak<ConnectAttempt>>,
    throws: bool,
    cancels: bool,
    screens: Mutex<Vec<Screen>>,
    scans: AtomicUsize,
}

fn failed() -> HostError {
    HostError::Failed {
        reason: "out of order".to_owned(),
    }
}

impl Stage for App {
    fn show(&self, screen: Screen) -> Result<(), HostError> {
        let attempt = self.attempt.get().and_then(Weak::upgrade);
        let attempt = attempt.expect("screens come while an attempt runs");
        match screen.step {
            Step::Idle => attempt.press(ActionId::ConnectDevice, screen.seq),
            Step::Scanning { .. } if self.cancels => attempt.cancel(),
            _ => {}
        }
        self.screens.lock().unwrap().push(screen);
        if self.throws { Err(failed()) } else { Ok(()) }
    }

    fn cue(&self, _: Cue) -> Result<(), HostError> {
        if self.throws { Err(failed()) } else { Ok(()) }
    }
}

impl RadioHost for App {
    fn state(&self) -> Result<RadioState, HostError> {
        Ok(RadioState::On)
    }
    fn request_access(&self, _: u64) -> Result<(), HostError> {
        Ok(())
    }
    fn start_scan(&self, _: u64) -> Result<(), HostError> {
        self.scans.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
    fn stop_scan(&self, _: u64) -> Result<(), HostError> {
        self.scans.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
    fn connect(&self, _: u64, _: String) -> Result<(), HostError> {
        Err(failed())
    }
    fn write(&self, _: u64, _: Vec<u8>) -> Result<(), HostError> {
        Err(failed())
    }
    fn disconnect(&self, _: u64) -> Result<(), HostError> {
        Ok(())
    }
}

impl OwnerKey for App {
    fn public_key(&self, _: Vec<u8>) -> Result<Vec<u8>, HostError> {
        Err(failed())
    }
    fn sign(&self, _: Vec<u8>, _: Vec<u8>) -> Result<Vec<u8>, HostError> {
        Err(failed())
    }
    fn mark_sent(&self, _: Vec<u8>, _: Option<Vec<u8>>) -> Result<(), HostError> {
        Err(failed())
    }
    fn sent(&self, _: Vec<u8>) -> Result<Option<Vec<u8>>, HostError> {
        Err(failed())
    }
    fn forget(&self, _: Vec<u8>) -> Result<(), HostError> {
        Err(failed())
    }
}

impl NetworkStore for App {
    fn saved(&self) -> Result<Vec<SavedNetwork>, HostError> {
        Err(failed())
    }
    fn save(&self, _: SavedNetwork) -> Result<(), HostError> {
        Err(failed())
    }
}

fn vendor() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn trust() -> TrustBundle {
    let contents = touchstone_sim::factory().contents();
    let signature: Signature = vendor().sign(&contents.to_be_signed());
    let point = vendor().verifying_key().to_sec1_point(false);
    TrustBundle {
        signed: contents.signed(&signature.to_bytes().into()),
        vendor_key: point.as_bytes().to_vec(),
        known_sequence: 0,
    }
}

fn policy() -> Policy {
    Policy {
        language: "en".to_owned(),
        demand_counting: false,
        post_quantum: PostQuantum::Prefer,
    }
}

fn provisioner(app: &Arc<App>) -> Arc<Provisioner> {
    let radio = HostRadio::new(app.clone());
    Provisioner::with_radio(radio, trust(), policy(), app.clone(), app.clone()).unwrap()
}

fn attempt(app: &Arc<App>) -> Arc<ConnectAttempt> {
    let attempt = provisioner(app).attempt(A11yContext::default());
    app.attempt.set(Arc::downgrade(&attempt)).unwrap();
    attempt
}

fn refused(change: impl FnOnce(&mut TrustBundle)) -> ConnectError {
    let app = Arc::new(App::default());
    let mut trust = trust();
    change(&mut trust);
    let radio = HostRadio::new(app.clone());
    let made = Provisioner::with_radio(radio, trust, policy(), app.clone(), app);
    made.err().expect("refused")
}

#[test]
fn a_bundle_that_cannot_be_believed_is_refused_with_advice() {
    let sequence = provisioner(&Arc::new(App::default())).bundle_sequence();
    for error in [
        refused(|trust| trust.vendor_key.truncate(64)),
        refused(|trust| trust.vendor_key = vec![4; 65]),
        refused(|trust| trust.signed[40] ^= 1),
        refused(|trust| trust.known_sequence = sequence + 1),
    ] {
        assert_eq!(error.advice().id, MsgId::HelpUpdateApp, "{error}");
    }
    assert!(matches!(
        refused(|trust| trust.vendor_key.truncate(64)),
        ConnectError::VendorKey
    ));
}

#[tokio::test]
async fn an_attempt_is_cancelled_with_a_report_and_runs_once() {
    let app = Arc::new(App {
        cancels: true,
        ..App::default()
    });
    let attempt = attempt(&app);
    let report = attempt.run(app.clone()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unfinished);
    let again = attempt.run(app.clone()).await;
    assert!(matches!(again, Err(ConnectError::AlreadyRun)));
    assert_eq!(app.scans.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_stage_that_throws_at_everything_still_gets_every_screen() {
    let app = Arc::new(App {
        cancels: true,
        throws: true,
        ..App::default()
    });
    attempt(&app).run(app.clone()).await.unwrap();
    let screens = app.screens.lock().unwrap();
    assert!(
        screens
            .iter()
            .any(|screen| matches!(screen.step, Step::Scanning { .. }))
    );
}

#[test]
fn a_thousand_attempts_given_up_at_any_point_leave_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let entered = runtime.enter();
    let phone = Arc::new(App::default());
    let provisioner = provisioner(&phone);
    for polls in (0..4).cycle().take(1_000) {
        let app = Arc::new(App::default());
        let attempt = provisioner.attempt(A11yContext::default());
        app.attempt.set(Arc::downgrade(&attempt)).unwrap();
        {
            let mut run = pin!(attempt.run(app.clone()));
            for _ in 0..polls {
                let poll = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(poll.is_pending());
            }
        }
        let gone = (Arc::downgrade(&app), Arc::downgrade(&attempt));
        drop((attempt, app));
        assert!(gone.0.upgrade().is_none() && gone.1.upgrade().is_none());
    }
    assert_eq!(phone.scans.load(Ordering::Relaxed), 0);
    drop((provisioner, entered));
    // Waits for the threads that ask the phone's stores.
    drop(runtime);
    assert_eq!(Arc::strong_count(&phone), 1);
}
