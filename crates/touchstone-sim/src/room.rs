//! A room with devices, a phone, and Wi-Fi around it.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, OnceLock},
    task::Poll,
    time::Duration,
};

use touchstone::{Policy, Provisioner, Report, Stage};
use touchstone_flow::{Cue, Screen};
use touchstone_trust::{Bundle, BundleContents, DevelopmentPolicy, issue::DevelopmentPki};

use crate::{
    air::{Log, PhoneId},
    device::{Spec, Unit},
    person::{Person, Script},
    phone::Phone,
    wifi::{AccessPoint, Neighbourhood},
    world::{Stalled, World},
};

/// The password of the network "Home".
pub const HOME_PASSWORD: &str = "correct horse battery staple";
/// The seed of the simulated factory: certificates are the same in every world.
const FACTORY_SEED: [u8; 32] = *b"touchstone simulated factory 001";
/// No scenario takes longer than this.
pub const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// The built-in living room.
#[derive(Clone)]
pub struct Room {
    /// Time, air and everything in them.
    pub world: World,
    /// The factory of every genuine device.
    pub pki: Arc<DevelopmentPki>,
    /// The networks around: "Home", and what one sees in a town.
    pub neighbourhood: Neighbourhood,
    /// The person's phone.
    pub phone: Phone,
}

impl Room {
    /// A room without devices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Verifying the same certificates again for every room makes thousands of rooms slow.
        static BUNDLE: OnceLock<Arc<Bundle>> = OnceLock::new();
        let bundle = BUNDLE.get_or_init(|| bundle(factory().contents())).clone();
        Self::with_bundle(seed, bundle)
    }

    /// A room whose phone has a changed bundle.
    ///
    /// # Panics
    /// When the changed bundle is not one.
    #[must_use]
    pub fn with_contents(seed: u64, change: impl FnOnce(&mut BundleContents)) -> Self {
        let mut contents = factory().contents();
        change(&mut contents);
        Self::with_bundle(seed, bundle(contents))
    }

    /// A room whose phone treats development devices as a shipped app does: they are refused.
    ///
    /// # Panics
    /// When the changed bundle is not one.
    #[must_use]
    pub fn in_production(seed: u64, change: impl FnOnce(&mut BundleContents)) -> Self {
        let mut contents = factory().contents();
        change(&mut contents);
        let bundle = Bundle::new(contents).expect("a bundle of the development PKI");
        Self::with_bundle(
            seed,
            Arc::new(bundle.with_development_policy(DevelopmentPolicy::Refuse)),
        )
    }

    fn with_bundle(seed: u64, bundle: Arc<Bundle>) -> Self {
        let world = World::new(seed);
        let phone = Phone::new(&world, PhoneId(0), bundle);
        let neighbourhood = Neighbourhood::new([
            AccessPoint::new("Home", HOME_PASSWORD, -52),
            AccessPoint::new("FRITZ!Box 7590", "11112222333344445555", -71),
            AccessPoint::new("Café", "", -83).open(),
        ]);
        Self {
            world,
            pki: Arc::new(factory()),
            neighbourhood,
            phone,
        }
    }

    /// Puts a device into the room.
    #[must_use]
    pub fn unit(&self, spec: &Spec) -> Unit {
        Unit::install(&self.world, &self.pki, &self.neighbourhood, spec)
    }

    /// Another phone with the same bundle as the person's.
    #[must_use]
    pub fn another_phone(&self, id: PhoneId) -> Phone {
        self.phone.another(id)
    }

    /// Lets a person set a device up, from the first press to the end.
    ///
    /// # Errors
    /// [`Stalled`] when it does not end: the person waits for something that never comes.
    pub fn visit(
        &self,
        script: Script,
        policy: Policy,
        audience: Arc<dyn Stage>,
    ) -> Result<Visit, Stalled> {
        self.visit_with(&self.phone, script, policy, audience)
    }

    /// The same with another phone in the hand.
    ///
    /// # Errors
    /// As [`Room::visit`].
    pub fn visit_with(
        &self,
        phone: &Phone,
        script: Script,
        policy: Policy,
        audience: Arc<dyn Stage>,
    ) -> Result<Visit, Stalled> {
        let (person, run) = self.begin(phone, script, policy, audience);
        let report = self.world.try_block_on(run, PATIENCE)?;
        Ok(Visit { report, person })
    }

    /// Lets a person begin, and kills the app as soon as `when` holds for the air; `None` if that came before the end.
    ///
    /// # Errors
    /// As [`Room::visit`].
    pub fn visit_killed(
        &self,
        script: Script,
        when: impl Fn(&Log) -> bool,
    ) -> Result<Option<Report>, Stalled> {
        let (person, run) = self.begin(&self.phone, script, Policy::default(), Arc::new(Nobody));
        let mut run = pin!(run);
        let app = poll_fn(|context| {
            if self.world.with(|inner| when(&inner.air.log)) {
                return Poll::Ready(None);
            }
            run.as_mut().poll(context).map(Some)
        });
        let report = self.world.try_block_on(app, PATIENCE);
        // Nobody presses anything in an app that is not there.
        person.leaves();
        report
    }

    /// Lets a person begin; the future is the rest of it, and ends with the report.
    pub fn begin(
        &self,
        phone: &Phone,
        script: Script,
        policy: Policy,
        audience: Arc<dyn Stage>,
    ) -> (Person, impl Future<Output = Report> + Send + use<>) {
        let context = script.context;
        let person = Person::new(&self.world, &self.neighbourhood, script, audience);
        let (attempt, run) = Provisioner::new(phone.ports(), policy).attempt(context);
        person.holds(attempt);
        let stage: Arc<dyn Stage> = Arc::new(person.clone());
        (person, run.run(stage))
    }
}

/// The factory of every genuine device: the same in every world.
#[must_use]
pub fn factory() -> DevelopmentPki {
    DevelopmentPki::from_seed(FACTORY_SEED)
}

fn bundle(contents: BundleContents) -> Arc<Bundle> {
    let bundle = Bundle::new(contents).expect("a bundle of the development PKI");
    Arc::new(bundle.with_development_policy(DevelopmentPolicy::Announce))
}

/// How a set-up went.
pub struct Visit {
    /// The SDK's report.
    pub report: Report,
    /// Who did it, and what they were shown.
    pub person: Person,
}

/// An audience that does not look.
pub struct Nobody;

impl Stage for Nobody {
    fn show(&self, _screen: Screen) {}
    fn cue(&self, _cue: Cue) {}
}
