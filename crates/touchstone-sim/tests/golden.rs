//! What each story shows, says, lets feel and plays, as text: read it in the diff.
//!
//! `BLESS=1 cargo test -p touchstone-sim --test golden` writes the files anew.

use std::{
    convert::identity,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use touchstone::{A11yContext, Stage};
use touchstone_flow::{Cue, Screen};
use touchstone_sim::{
    World,
    scenarios::{self, Recorder, Scenario},
};

/// Writes down what the person gets.
struct Audience {
    world: World,
    began: Duration,
    recorder: Mutex<Recorder>,
}

impl Stage for Audience {
    fn show(&self, screen: Screen) {
        let at = self.world.now() - self.began;
        self.recorder.lock().unwrap().show(at, &screen);
    }

    fn cue(&self, cue: Cue) {
        let at = self.world.now() - self.began;
        self.recorder.lock().unwrap().cue(at, &cue);
    }
}

fn transcript(scenario: &Scenario) -> String {
    let mut audience = None;
    let reader = A11yContext {
        screen_reader: true,
        ..A11yContext::default()
    };
    let result = scenario
        .run_before(Recorder::SEED, reader, identity, |world| {
            let here = Arc::new(Audience {
                world: world.clone(),
                began: world.now(),
                recorder: Mutex::default(),
            });
            audience = Some(here.clone());
            here
        })
        .unwrap_or_else(|stalled| panic!("{}: {stalled}", scenario.name));
    let audience = audience.expect("the story has an audience");
    let recorder = audience.recorder.lock().unwrap();
    recorder.text(scenario, result.report.outcome)
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
