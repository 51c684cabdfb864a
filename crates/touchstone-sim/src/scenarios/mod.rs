//! Named stories, each with the end it must have: for the command line, the tests and the bindings.

mod attacks;
mod counting;
mod killed;
mod list;
mod power_cycle;
mod recorder;

use std::{convert::identity, fmt, sync::Arc, time::Duration};

use touchstone::{A11yContext, Level, Outcome, Policy, Report, Stage};
use touchstone_flow::{Cue, Screen};
use touchstone_trust::BundleContents;

pub use self::recorder::Recorder;
use crate::{
    air::{Log, PhoneId},
    device::Unit,
    person::Script,
    room::Room,
    world::{Stalled, World},
};

/// One story.
pub struct Scenario {
    /// How it is called on the command line.
    pub name: &'static str,
    /// One sentence about what happens.
    pub description: &'static str,
    /// How it must end.
    pub expected: Outcome,
    bundle: Option<fn(&mut BundleContents)>,
    /// What the application demands.
    minimum_level: Level,
    /// What the person uses otherwise than whoever watches.
    differs: fn(&mut A11yContext),
    setting: fn(&Room) -> Script,
}

/// How a story went.
pub struct ScenarioResult {
    /// How it must have ended.
    pub expected: Outcome,
    /// The SDK's report.
    pub report: Report,
    /// Everything that was in the air.
    pub log: Log,
    /// Everything that was shown, and when.
    pub screens: Vec<(Duration, Screen)>,
    /// Everything that was said, played or felt, and when.
    pub cues: Vec<(Duration, Cue)>,
    /// The device the person wanted.
    pub wanted: Unit,
}

impl ScenarioResult {
    /// Whether it ended as it must.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.report.outcome == self.expected
    }

    /// What flew between the person's phone and the devices, without other phones.
    #[must_use]
    pub fn own_log(&self) -> Log {
        self.log.only(|entry| entry.phone == PhoneId(0))
    }
}

/// Why a story could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// There is none of this name.
    Unknown(String),
    /// It did not end.
    Stalled(Stalled),
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no scenario {name:?}"),
            Self::Stalled(stalled) => stalled.fmt(f),
        }
    }
}

impl std::error::Error for ScenarioError {}

/// Every story.
#[must_use]
pub fn all() -> &'static [Scenario] {
    &list::SCENARIOS
}

/// The story of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Scenario> {
    list::SCENARIOS
        .iter()
        .find(|scenario| scenario.name == name)
}

/// Tells the story of this name to `stage`. The same seed tells it the same way.
///
/// # Errors
/// [`ScenarioError`] for an unknown name, or a story without an end.
pub fn run(name: &str, seed: u64, stage: Arc<dyn Stage>) -> Result<ScenarioResult, ScenarioError> {
    by_name(name)
        .ok_or_else(|| ScenarioError::Unknown(name.to_owned()))?
        .run(seed, stage)
}

impl Scenario {
    /// Tells the story to `stage`.
    ///
    /// # Errors
    /// [`ScenarioError::Stalled`] when it does not end.
    pub fn run(&self, seed: u64, stage: Arc<dyn Stage>) -> Result<ScenarioResult, ScenarioError> {
        self.run_before(seed, A11yContext::default(), identity, |_| stage)
    }

    /// The same, by a person who uses the phone in this way, with an application that changes the story's policy like this, before an audience that
    /// knows the story's world, and with it the time.
    ///
    /// # Errors
    /// [`ScenarioError::Stalled`] when it does not end.
    pub fn run_before(
        &self,
        seed: u64,
        context: A11yContext,
        decide: impl FnOnce(Policy) -> Policy,
        audience: impl FnOnce(&World) -> Arc<dyn Stage>,
    ) -> Result<ScenarioResult, ScenarioError> {
        let (room, mut script) = self.set(seed);
        script.context = self.context(context);
        let wanted = script.wanted.clone();
        let visit = room
            .visit(script, decide(self.policy()), audience(&room.world))
            .map_err(ScenarioError::Stalled)?;
        Ok(ScenarioResult {
            expected: self.expected,
            report: visit.report,
            log: room.world.log(),
            screens: visit.person.screens(),
            cues: visit.person.cues(),
            wanted,
        })
    }

    /// What the application of the story demands.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.minimum_level = self.minimum_level;
        policy
    }

    /// How the person of the story uses the phone, before an audience that would use it like this.
    #[must_use]
    pub fn context(&self, watched: A11yContext) -> A11yContext {
        let mut context = watched;
        (self.differs)(&mut context);
        context
    }

    /// The room before anything has happened, and what the person in it wants.
    #[must_use]
    pub fn set(&self, seed: u64) -> (Room, Script) {
        let room = self.bundle.map_or_else(
            || Room::new(seed),
            |change| Room::with_contents(seed, change),
        );
        let script = (self.setting)(&room);
        (room, script)
    }
}
