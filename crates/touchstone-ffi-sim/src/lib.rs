//! The simulated living room in other languages, for tests of the bindings and of what is built on them. Never part of a package.
//!
//! Every scenario runs through the same ConnectAttempt and Stage as in an application, in virtual time and on the calling thread; the simulated
//! person's fingers are given to the other language too, so that both directions cross it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone::{Outcome, Provisioner};
use touchstone_ffi::{ConnectAttempt, TrustBundle};
use touchstone_flow::{A11yContext, ActionId, Counts, Cue, Password, Screen};
use touchstone_sim::{
    PATIENCE, Person, Room, Script, factory,
    scenarios::{self, Recorder, Scenario},
};

uniffi::setup_scaffolding!();
uniffi::use_remote_type!(touchstone_ffi::Outcome);

// Written into the library, where packaging looks for it and refuses.
const MARKER: &str = "TOUCHSTONE-SIMULATOR-NOT-FOR-RELEASE";

/// The text that no packaged library may contain.
#[uniffi::export]
pub fn simulator_marker() -> String {
    MARKER.to_owned()
}

/// The list of genuine products of the simulated maker, signed as every maker signs: for attempts without a simulated radio.
#[uniffi::export]
pub fn simulated_trust() -> TrustBundle {
    let key = SigningKey::from_slice(&[1; 32]).expect("a number below the order of the curve");
    let contents = factory().contents();
    let signature: Signature = key.sign(&contents.to_be_signed());
    TrustBundle {
        signed: contents.signed(&signature.to_bytes().into()),
        vendor_key: key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        known_sequence: 0,
    }
}

/// A story of the simulator.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Story {
    /// How it is called; also the name of its golden transcript.
    pub name: String,
    /// One sentence about what happens.
    pub description: String,
    /// How it must end.
    pub expected: Outcome,
}

/// Every story.
#[uniffi::export]
pub fn stories() -> Vec<Story> {
    let stories = scenarios::all().iter();
    stories
        .map(|scenario| Story {
            name: scenario.name.to_owned(),
            description: scenario.description.to_owned(),
            expected: scenario.expected,
        })
        .collect()
}

/// Virtual time since a story began, in milliseconds on the way.
pub struct Moment(Duration);

uniffi::custom_type!(Moment, u64, {
    lower: |moment| u64::try_from(moment.0.as_millis()).unwrap_or(u64::MAX),
    try_lift: |milliseconds| Ok(Moment(Duration::from_millis(milliseconds))),
});

/// Why there is no simulation.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum SimulationError {
    /// There is no story of this name.
    #[error("there is no such story")]
    Unknown,
    /// The person of this simulation has begun before.
    #[error("the person of this simulation has begun before")]
    Begun,
}

/// What a test throws when the person's fingers cannot do what they were asked for. Not the error of the product's traits: Kotlin's generator mixes up
/// the buffers of two packages when one throws the other's.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum HandsError {
    /// It did not work.
    #[error("{reason}")]
    Failed {
        /// In the test's words.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HandsError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}

/// The simulated person's fingers. Called while the attempt runs, on the same thread: act on the attempt before returning.
#[uniffi::export(foreign)]
pub trait Hands: Send + Sync {
    /// Activate a control of the screen with this number.
    fn press(&self, action: ActionId, seq: u64) -> Result<(), HandsError>;
    /// Type a password.
    fn password(&self, typed: String) -> Result<(), HandsError>;
    /// Choose an entry of the list of networks.
    fn select_network(&self, index: u32) -> Result<(), HandsError>;
    /// Enter the numbers of signals in the three groups.
    fn counts(&self, first: u8, second: u8, third: u8) -> Result<(), HandsError>;
    /// Put the phone away: cancel the attempt.
    fn leave(&self) -> Result<(), HandsError>;
}

/// A room, a phone and a person, before anything has happened.
#[derive(uniffi::Object)]
pub struct Simulation {
    scenario: &'static Scenario,
    room: Room,
    began: Duration,
    script: Mutex<Option<Script>>,
}

#[uniffi::export]
impl Simulation {
    /// The room of the story with this name. Told twice, it is the same story.
    ///
    /// # Errors
    /// When there is none of this name.
    #[uniffi::constructor]
    pub fn new(story: String) -> Result<Arc<Self>, SimulationError> {
        let scenario = scenarios::by_name(&story).ok_or(SimulationError::Unknown)?;
        let (room, script) = scenario.set(Recorder::SEED);
        Ok(Arc::new(Self {
            scenario,
            began: room.world.now(),
            room,
            script: Mutex::new(Some(script)),
        }))
    }

    /// The attempt of this story's person, who acts through these hands. Its run returns when the story has ended; it never waits for real time.
    ///
    /// # Errors
    /// When the person has begun before: a story has one attempt.
    pub fn attempt(
        &self,
        context: A11yContext,
        hands: Arc<dyn Hands>,
    ) -> Result<Arc<ConnectAttempt>, SimulationError> {
        let mut script = lock(&self.script).take().ok_or(SimulationError::Begun)?;
        script.context = self.scenario.context(context);
        let room = self.room.clone();
        let provisioner = Provisioner::new(room.phone.ports(), self.scenario.policy());
        let (attempt, work) = provisioner.attempt(script.context);
        Ok(ConnectAttempt::new(attempt, move |stage| {
            async move {
                let person = Person::new(&room.world, &room.neighbourhood, script, stage);
                person.holds(HandsOf(hands));
                let ended = room
                    .world
                    .try_block_on(work.run(Arc::new(person)), PATIENCE);
                // Stage and hands are the other language's; they must not outlive the story.
                room.world.end();
                match ended {
                    Ok(report) => report,
                    // A fault of whoever tests: seen there as an exception with these words.
                    Err(stalled) => panic!("{stalled}"),
                }
            }
            .boxed()
        }))
    }

    /// Virtual time since the story began.
    pub fn now(&self) -> Moment {
        Moment(self.room.world.now().saturating_sub(self.began))
    }
}

/// Writes down what the person of a simulation gets, as the golden transcripts do.
#[derive(uniffi::Object)]
pub struct TranscriptRecorder {
    scenario: &'static Scenario,
    recorder: Mutex<Recorder>,
}

#[uniffi::export]
impl TranscriptRecorder {
    /// An empty transcript of this simulation.
    #[uniffi::constructor]
    pub fn new(simulation: Arc<Simulation>) -> Arc<Self> {
        Arc::new(Self {
            scenario: simulation.scenario,
            recorder: Mutex::default(),
        })
    }

    /// A screen, and the simulation's now when it was shown.
    pub fn show(&self, at: Moment, screen: Screen) {
        lock(&self.recorder).show(at.0, &screen);
    }

    /// A cue, and the simulation's now when it was given.
    pub fn cue(&self, at: Moment, cue: Cue) {
        lock(&self.recorder).cue(at.0, &cue);
    }

    /// The transcript of a story that ended so: byte for byte the golden file of its name.
    pub fn text(&self, outcome: Outcome) -> String {
        lock(&self.recorder).text(self.scenario, outcome)
    }
}

/// Another language's fingers as the person's.
struct HandsOf(Arc<dyn Hands>);

impl touchstone_sim::Hands for HandsOf {
    fn press(&self, action: ActionId, seq: u64) {
        drop(self.0.press(action, seq));
    }

    fn password(&self, password: Password) {
        drop(self.0.password(password.expose().to_owned()));
    }

    fn select_network(&self, index: usize) {
        drop(
            self.0
                .select_network(u32::try_from(index).unwrap_or(u32::MAX)),
        );
    }

    fn counts(&self, counts: Counts) {
        let [first, second, third] = counts.expose();
        drop(self.0.counts(first, second, third));
    }

    fn leave(&self) {
        drop(self.0.leave());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
