//! Where an application begins.

use std::sync::Arc;

use futures::{
    FutureExt,
    future::{BoxFuture, ready},
};
use touchstone::{
    Level, Ports,
    native::{SystemClock, SystemEntropy},
    ports::{Radio, TrustSource},
    trust::{Bundle, BundleError},
};
use touchstone_flow::A11yContext;

use crate::{
    ConnectAttempt, ConnectError, HostRadio, NetworkStore, OwnerKey,
    host::{NetworkStoreOf, OwnerKeyOf},
};

/// The vendor's signed list of genuine products.
#[derive(Clone, Debug, uniffi::Record)]
pub struct TrustBundle {
    /// The bundle as it was signed.
    pub signed: Vec<u8>,
    /// The vendor's public key as an uncompressed P-256 point of 65 bytes, compiled into the application.
    pub vendor_key: Vec<u8>,
    /// The highest number of a bundle that this application has ever believed, or 0. An older bundle is refused.
    pub known_sequence: u64,
}

/// What an application decides for every attempt.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Policy {
    /// Language of product names, as in the bundle: "en".
    pub language: String,
    /// Demand that the person counts signals (level 2), also for products whose maker does not.
    pub demand_counting: bool,
    /// Whether what somebody records of a set-up stays closed to a quantum computer of a later day.
    pub post_quantum: PostQuantum,
}

/// Whether keys are agreed on with ML-KEM-768 beside P-256. It keeps recordings closed; who answers is proved by P-256 alone, as always. All of this holds as
/// long as nobody breaks P-256 during the set-up itself.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum PostQuantum {
    /// P-256 alone: the shortest messages.
    Off,
    /// With every device that has it; one that has not is set up without. Nobody in between can make one that has it do without.
    Prefer,
    /// Neither owner key nor credentials are sent to a device that has it not: it ends as one that could not be checked.
    Require,
}

/// Connects devices for one application. Keep one.
#[derive(uniffi::Object)]
pub struct Provisioner {
    inner: touchstone::Provisioner,
    sequence: u64,
}

#[uniffi::export]
impl Provisioner {
    /// A provisioner with the radio of this library. On Android its Java half must have been initialised before.
    ///
    /// # Errors
    /// When the bundle cannot be believed, or this library was built without a radio.
    #[uniffi::constructor]
    pub fn new(
        trust: TrustBundle,
        policy: Policy,
        owner: Arc<dyn OwnerKey>,
        networks: Arc<dyn NetworkStore>,
    ) -> Result<Arc<Self>, ConnectError> {
        Self::over(own_radio()?, trust, policy, owner, networks)
    }

    /// A provisioner with a radio of the application.
    ///
    /// # Errors
    /// When the bundle cannot be believed.
    #[uniffi::constructor]
    pub fn with_radio(
        radio: Arc<HostRadio>,
        trust: TrustBundle,
        policy: Policy,
        owner: Arc<dyn OwnerKey>,
        networks: Arc<dyn NetworkStore>,
    ) -> Result<Arc<Self>, ConnectError> {
        Self::over(radio, trust, policy, owner, networks)
    }

    /// The number of the trust bundle, to be kept durably and given as known_sequence next time.
    pub fn bundle_sequence(&self) -> u64 {
        self.sequence
    }

    /// A new attempt by a person who uses the phone in this way. Nothing happens before it is run.
    pub fn attempt(&self, context: A11yContext) -> Arc<ConnectAttempt> {
        let (person, work) = self.inner.attempt(context);
        ConnectAttempt::new(person, move |stage| work.run(stage).boxed())
    }
}

impl Provisioner {
    fn over(
        radio: Arc<dyn Radio>,
        trust: TrustBundle,
        policy: Policy,
        owner: Arc<dyn OwnerKey>,
        networks: Arc<dyn NetworkStore>,
    ) -> Result<Arc<Self>, ConnectError> {
        let bundle = trust.open()?;
        let sequence = bundle.sequence();
        let ports = Ports {
            radio,
            owner: Arc::new(OwnerKeyOf(owner)),
            trust: Arc::new(Believed(Arc::new(bundle))),
            networks: Arc::new(NetworkStoreOf(networks)),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
        };
        Ok(Arc::new(Self {
            inner: touchstone::Provisioner::new(ports, policy.into()),
            sequence,
        }))
    }
}

impl TrustBundle {
    fn open(&self) -> Result<Bundle, ConnectError> {
        let key = self.vendor_key.as_slice().try_into();
        let key = key.map_err(|_| ConnectError::VendorKey)?;
        Ok(Bundle::from_signed(&self.signed, key)?.at_least(self.known_sequence)?)
    }
}

impl From<Policy> for touchstone::Policy {
    fn from(policy: Policy) -> Self {
        let mut inner = Self::default();
        inner.language = policy.language;
        inner.minimum_level = match policy.demand_counting {
            true => Level::L2,
            false => Level::L1,
        };
        inner.post_quantum = match policy.post_quantum {
            PostQuantum::Off => touchstone::PostQuantum::Off,
            PostQuantum::Prefer => touchstone::PostQuantum::Prefer,
            PostQuantum::Require => touchstone::PostQuantum::Require,
        };
        inner
    }
}

/// The bundle the application gave.
struct Believed(Arc<Bundle>);

impl TrustSource for Believed {
    fn bundle(&self) -> BoxFuture<'_, Result<Arc<Bundle>, BundleError>> {
        ready(Ok(self.0.clone())).boxed()
    }
}

#[cfg(feature = "btleplug")]
fn own_radio() -> Result<Arc<dyn Radio>, ConnectError> {
    // The runtime that uniffi polls every future of this library in.
    let runtime = async_compat::Compat::new(async { tokio::runtime::Handle::current() });
    let runtime = runtime.now_or_never().ok_or(ConnectError::NoRadio)?;
    Ok(Arc::new(touchstone_ble::BleRadio::new(runtime)))
}

#[cfg(not(feature = "btleplug"))]
fn own_radio() -> Result<Arc<dyn Radio>, ConnectError> {
    Err(ConnectError::NoRadio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_application_decides_is_what_the_sdk_is_told() {
        let told = |demand_counting, post_quantum| {
            touchstone::Policy::from(Policy {
                language: "de".to_owned(),
                demand_counting,
                post_quantum,
            })
        };
        for (given, expected) in [
            (PostQuantum::Off, touchstone::PostQuantum::Off),
            (PostQuantum::Prefer, touchstone::PostQuantum::Prefer),
            (PostQuantum::Require, touchstone::PostQuantum::Require),
        ] {
            assert_eq!(told(false, given).post_quantum, expected);
        }
        assert_eq!(told(false, PostQuantum::Off).minimum_level, Level::L1);
        assert_eq!(told(true, PostQuantum::Off).minimum_level, Level::L2);
        assert_eq!(told(true, PostQuantum::Off).language, "de");
    }
}
