//! Every story through the surface, with both sides in Rust: what Kotlin and Swift repeat with their own.

use std::{fs, path::Path, sync::OnceLock};

use futures::executor::block_on;
use touchstone_ffi::{HostError, Stage};
use touchstone_flow::{Step, UniFfiTag};
use uniffi::FfiConverter;

use super::*;

/// A host: its stage, and hands that act on its attempt.
struct Host {
    simulation: Arc<Simulation>,
    recorder: Arc<TranscriptRecorder>,
    attempt: OnceLock<Arc<ConnectAttempt>>,
    screens: Mutex<Vec<Screen>>,
}

impl Host {
    fn told(story: &str) -> (Arc<Self>, touchstone_ffi::Report) {
        let simulation = Simulation::new(story.to_owned()).expect("a story");
        let host = Arc::new(Self {
            recorder: TranscriptRecorder::new(simulation.clone()),
            simulation,
            attempt: OnceLock::new(),
            screens: Mutex::default(),
        });
        let reader = A11yContext {
            screen_reader: true,
            ..A11yContext::default()
        };
        let attempt = host.simulation.attempt(reader, host.clone());
        let attempt = attempt.expect("the first attempt");
        drop(host.attempt.set(attempt.clone()));
        let report = block_on(attempt.run(host.clone())).expect("the first run");
        (host, report)
    }

    fn with(&self, act: impl FnOnce(&ConnectAttempt)) -> Result<(), HandsError> {
        act(self.attempt.get().expect("an attempt"));
        Ok(())
    }
}

impl Stage for Host {
    fn show(&self, screen: Screen) -> Result<(), HostError> {
        let screen = there_and_back(screen);
        lock(&self.screens).push(screen.clone());
        self.recorder.show(self.simulation.now(), screen);
        Ok(())
    }

    fn cue(&self, cue: Cue) -> Result<(), HostError> {
        self.recorder
            .cue(self.simulation.now(), there_and_back(cue));
        Ok(())
    }
}

impl Hands for Host {
    fn press(&self, action: ActionId, seq: u64) -> Result<(), HandsError> {
        self.with(|attempt| attempt.press(there_and_back(action), seq))
    }

    fn password(&self, typed: String) -> Result<(), HandsError> {
        self.with(|attempt| attempt.password(typed))
    }

    fn select_network(&self, index: u32) -> Result<(), HandsError> {
        self.with(|attempt| attempt.select_network(index))
    }

    fn counts(&self, first: u8, second: u8, third: u8) -> Result<(), HandsError> {
        self.with(|attempt| attempt.counts(first, second, third))
    }

    fn leave(&self) -> Result<(), HandsError> {
        self.with(ConnectAttempt::cancel)
    }
}

/// What another language gets, and gives back.
fn there_and_back<T: FfiConverter<UniFfiTag>>(value: T) -> T {
    let mut bytes = Vec::new();
    T::write(value, &mut bytes);
    let mut rest = bytes.as_slice();
    let back = T::try_read(&mut rest).expect("what was written can be read");
    assert!(rest.is_empty());
    back
}

#[test]
fn every_story_through_the_surface_is_its_golden_transcript() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../touchstone-sim/tests/golden");
    for story in stories() {
        let (host, report) = Host::told(&story.name);
        assert_eq!(report.outcome, story.expected, "{}", story.name);
        let expected = fs::read_to_string(golden.join(format!("{}.txt", story.name)));
        assert!(
            expected.is_ok_and(|expected| expected == host.recorder.text(report.outcome)),
            "{} differs from its golden transcript",
            story.name
        );
    }
}

#[test]
fn every_message_and_language_crosses_whole() {
    for id in touchstone_flow::MsgId::ALL {
        assert_eq!(there_and_back(*id), *id);
        for language in touchstone_flow::catalogue::Language::ALL {
            let text = touchstone_ffi::render((*id).into(), language.tag().to_owned());
            assert!(!text.is_empty());
        }
    }
}

#[test]
fn a_report_for_support_names_nothing_of_the_person() {
    let (host, report) = Host::told("success");
    assert!(
        lock(&host.screens)
            .iter()
            .any(|screen| matches!(screen.step, Step::Done { .. }))
    );
    assert!(
        report.support.starts_with('{') && report.support.contains("\"outcome\":\"connected\"")
    );
    for secret in ["Home", "Kitchen", "correct horse"] {
        assert!(!report.support.contains(secret), "{secret}");
    }
}

#[test]
fn an_unknown_story_and_a_second_person_are_errors() {
    assert!(matches!(
        Simulation::new("no such story".to_owned()),
        Err(SimulationError::Unknown)
    ));
    let (host, _) = Host::told("success");
    let again = host
        .simulation
        .attempt(A11yContext::default(), host.clone());
    assert!(matches!(again, Err(SimulationError::Begun)));
}
