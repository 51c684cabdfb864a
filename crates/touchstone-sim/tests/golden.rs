//! What each story shows, says, lets feel and plays, as text: read it in the diff.
//!
//! `BLESS=1 cargo test -p touchstone-sim --test golden` writes the files anew.

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use touchstone::{A11yContext, Stage};
use touchstone_flow::{Cue, Screen, Transcript};
use touchstone_sim::{
    World,
    scenarios::{self, Scenario},
};

/// The seed of every transcript.
const SEED: u64 = 1;
/// Times are rounded to this, so that a byte more or less in the air changes no transcript.
const GRAIN: Duration = Duration::from_millis(100);

/// Writes down what the person gets.
struct Recorder {
    world: World,
    began: Duration,
    transcript: Mutex<Transcript>,
}

impl Recorder {
    fn now(&self) -> Duration {
        let since = self.world.now() - self.began + GRAIN / 2;
        Duration::from_nanos(
            u64::try_from(since.as_nanos() / GRAIN.as_nanos() * GRAIN.as_nanos()).unwrap(),
        )
    }
}

impl Stage for Recorder {
    fn show(&self, screen: Screen) {
        let now = self.now();
        self.transcript.lock().unwrap().screen(now, &screen);
    }

    fn cue(&self, cue: Cue) {
        let now = self.now();
        self.transcript.lock().unwrap().cue(now, &cue);
    }
}

fn transcript(scenario: &Scenario) -> String {
    let mut recorder = None;
    let reader = A11yContext {
        screen_reader: true,
        ..A11yContext::default()
    };
    let result = scenario
        .run_before(SEED, reader, |world| {
            let here = Arc::new(Recorder {
                world: world.clone(),
                began: world.now(),
                transcript: Mutex::default(),
            });
            recorder = Some(here.clone());
            here
        })
        .unwrap_or_else(|stalled| panic!("{}: {stalled}", scenario.name));
    let recorder = recorder.expect("the story has an audience");
    let transcript = recorder.transcript.lock().unwrap();
    let mut text = format!("# {}\n# {}\n\n", scenario.name, scenario.description);
    write!(text, "{transcript}\n# {:?}\n", result.report.outcome).unwrap();
    text
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_story_reads_as_it_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut changed = Vec::new();
    for scenario in scenarios::all() {
        let path = folder().join(format!("{}.txt", scenario.name));
        let now = transcript(scenario);
        if bless {
            fs::create_dir_all(folder()).unwrap();
            fs::write(path, now).unwrap();
            continue;
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = difference(&before, &now) {
            changed.push(format!("{}: {difference}", scenario.name));
        }
    }
    assert!(
        changed.is_empty(),
        "bless with BLESS=1 if this is meant:\n{}",
        changed.join("\n")
    );
}

/// The first line that is not the same.
fn difference(before: &str, now: &str) -> Option<String> {
    let count = before.lines().count().max(now.lines().count());
    (0..count).find_map(|index| {
        let line = |text: &str| text.lines().nth(index).unwrap_or("(nothing)").to_owned();
        let (was, is) = (line(before), line(now));
        (was != is).then(|| format!("line {}\n  was {was}\n  is  {is}", index + 1))
    })
}

#[test]
fn no_transcript_is_left_over_from_a_story_that_is_gone() {
    if std::env::var_os("BLESS").is_some() {
        return;
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(scenarios::by_name(name).is_some(), "{name}");
    }
}
