//! `touchstone record`: the stories in every language, for pages and tools that play them.
//!
//! The events are those of `connect --simulated --json`; where that has a text, this has its place in `texts`, so that each
//! sentence is there once.

mod others;

use std::{
    collections::HashMap,
    convert::identity,
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use serde_json::{Map, Value, json};
use touchstone::{
    A11yContext, Cue, Screen, Stage,
    flow::{
        Msg, Output,
        catalogue::{Language, render},
    },
};
use touchstone_sim::{
    World,
    scenarios::{self, Scenario},
};

use crate::render::{InWords, cue_event, screen_event, write_line};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  touchstone record > stories.json\n  touchstone record --scenario impostor --out impostor.json"
)]
pub(crate) struct Arguments {
    /// Only this story; `connect --simulated --scenario list` names them all.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// The same seed plays the same story the same way.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the document here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Scenario> = match &arguments.scenario {
        None => scenarios::all().iter().collect(),
        Some(name) => vec![
            scenarios::by_name(name).with_context(|| format!("there is no scenario {name:?}"))?,
        ],
    };
    let document = record(&chosen, arguments.seed)?.to_string();
    match &arguments.out {
        None => write_line(&document),
        Some(path) => fs::write(path, document + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn record(chosen: &[&Scenario], seed: u64) -> anyhow::Result<Value> {
    let texts = Arc::new(Mutex::new(Texts::default()));
    let stories = stories(chosen, seed, &texts)?;
    let languages = Language::ALL.map(|language| {
        let direction = if language.is_right_to_left() {
            "rtl"
        } else {
            "ltr"
        };
        json!({"tag": language, "direction": direction})
    });
    let texts = std::mem::take(&mut lock(&texts).all);
    Ok(json!({"languages": languages, "texts": texts, "stories": stories}))
}

fn stories(
    chosen: &[&Scenario],
    seed: u64,
    texts: &Arc<Mutex<Texts>>,
) -> anyhow::Result<Vec<Value>> {
    let mut stories = Vec::new();
    let context = A11yContext {
        screen_reader: true,
        ..A11yContext::default()
    };
    for scenario in chosen {
        let mut recorder = None;
        let result = scenario.run_before(seed, context, identity, |world| {
            let here = Recorder {
                world: world.clone(),
                began: world.now(),
                events: Mutex::default(),
                texts: texts.clone(),
            };
            recorder.insert(Arc::new(here)).clone()
        })?;
        let recorder = recorder.context("the story has an audience")?;
        stories.push(json!({
            "name": scenario.name,
            "description": scenario.description,
            "outcome": result.report.outcome,
            "events": std::mem::take(&mut *lock(&recorder.events)),
        }));
    }
    if chosen.len() == scenarios::all().len() {
        let mut texts = lock(texts);
        let words: InWords<'_> = &mut |msg| texts.place(msg);
        let events = others::outputs(context).into_iter();
        let events = events.filter_map(|(at, output)| match output {
            Output::Screen(screen) => Some(screen_event(at, &screen, words)),
            Output::Cue(cue) => Some(cue_event(at, &cue, words)),
            _ => None,
        });
        stories.push(json!({
            "name": others::NAME,
            "description": others::DESCRIPTION,
            "outcome": null,
            "events": events.collect::<Vec<_>>(),
        }));
    }
    Ok(stories)
}

/// Every sentence once, in every language.
#[derive(Default)]
struct Texts {
    known: HashMap<Msg, usize>,
    all: Vec<Value>,
}

impl Texts {
    fn place(&mut self, msg: &Msg) -> Value {
        let place = *self.known.entry(msg.clone()).or_insert_with(|| {
            let text =
                |language: Language| (language.tag().to_owned(), render(language, msg).into());
            self.all.push(
                Language::ALL
                    .into_iter()
                    .map(text)
                    .collect::<Map<_, _>>()
                    .into(),
            );
            self.all.len() - 1
        });
        place.into()
    }
}

struct Recorder {
    world: World,
    began: Duration,
    events: Mutex<Vec<Value>>,
    texts: Arc<Mutex<Texts>>,
}

impl Recorder {
    fn now(&self) -> Duration {
        self.world.now().saturating_sub(self.began)
    }
}

impl Stage for Recorder {
    fn show(&self, screen: Screen) {
        let mut texts = lock(&self.texts);
        let event = screen_event(self.now(), &screen, &mut |msg| texts.place(msg));
        lock(&self.events).push(event);
    }

    fn cue(&self, cue: Cue) {
        let mut texts = lock(&self.texts);
        let event = cue_event(self.now(), &cue, &mut |msg| texts.place(msg));
        lock(&self.events).push(event);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use touchstone::flow::MsgId;

    use super::*;

    #[test]
    fn a_recording_has_every_sentence_once_in_every_language() {
        let success = scenarios::by_name("success").unwrap();
        let document = record(&[success], 1).unwrap();
        let texts = document["texts"].as_array().unwrap();
        let english: Vec<_> = texts.iter().map(|text| &text["en"]).collect();
        let done = "Done. \u{2068}Kitchen lamp\u{2069} is connected to \u{2068}Home\u{2069}.";
        assert_eq!(english.iter().filter(|text| **text == done).count(), 1);
        for text in texts {
            assert_eq!(text.as_object().unwrap().len(), Language::ALL.len());
        }
        let events = document["stories"][0]["events"].as_array().unwrap();
        let last = events
            .iter()
            .rfind(|event| event["screen"].is_object())
            .unwrap();
        let place = last["text"]["status"].as_u64().unwrap();
        assert_eq!(texts[usize::try_from(place).unwrap()]["en"], done);
        assert_eq!(events[0]["at"], 0.0);
        assert_eq!(document["languages"][4]["direction"], "rtl");
    }

    #[test]
    fn no_recording_contains_a_password() {
        let all: Vec<_> = scenarios::all().iter().collect();
        let document = record(&all, 1).unwrap().to_string();
        for password in [touchstone_sim::HOME_PASSWORD, "incorrect donkey"] {
            assert!(!document.contains(password));
        }
    }

    /// A page that is looked at with every screen is looked at with every text.
    #[test]
    fn every_text_is_on_a_screen_of_some_recording() {
        let texts = Arc::default();
        let all: Vec<_> = scenarios::all().iter().collect();
        stories(&all, 1, &texts).unwrap();
        let known = &lock(&texts).known;
        let missing: Vec<_> = MsgId::ALL
            .iter()
            .filter(|id| !known.keys().any(|msg| msg.id == **id))
            .map(|id| id.name())
            .collect();
        // Parts of other texts, and what is only listened for.
        assert_eq!(
            missing,
            [
                "label_start",
                "field_group",
                "unnamed_device",
                "unnamed_network"
            ]
        );
    }
}
