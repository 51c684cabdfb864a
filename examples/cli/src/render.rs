//! The stream of screens and cues as text, as a narrated transcript, or as JSON.

use std::{
    io::{Write, stdout},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use touchstone::{
    Cue, Screen, Stage,
    flow::{Msg, Step, Transcript, catalogue::english_plain},
};

/// How the stream is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// What is on the screen, a line a change.
    Text,
    /// What is shown, said, felt and played, with times.
    Narrated,
    /// One JSON object per screen or cue; the last one is the last screen.
    Json,
}

/// Time since the attempt began: real, or the simulator's.
pub(crate) type Now = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Writes the stream to standard output.
pub(crate) struct Renderer {
    format: Format,
    now: Now,
    state: Mutex<State>,
}

struct State {
    transcript: Transcript,
    written: usize,
    status: String,
    last: Option<Screen>,
    ends_with_screen: bool,
    progress: Option<ProgressBar>,
}

impl Renderer {
    /// `progress`: whether a person watches a terminal.
    pub(crate) fn new(format: Format, now: Now, progress: bool) -> Self {
        let progress = (progress && format == Format::Text).then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::default_spinner());
            bar
        });
        let state = State {
            transcript: Transcript::new(),
            written: 0,
            status: String::new(),
            last: None,
            ends_with_screen: false,
            progress,
        };
        Self {
            format,
            now,
            state: Mutex::new(state),
        }
    }

    /// What ends the stream: nothing is written after it.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = state.progress.take() {
            progress.finish_and_clear();
        }
        match (self.format, &state.last) {
            // The last line is the result, even when cues followed it.
            (Format::Json, Some(screen)) if !state.ends_with_screen => {
                write_line(&screen_json((self.now)(), screen))
            }
            (Format::Json, _) => {}
            (Format::Text, Some(screen)) if !matches!(screen.step, Step::Done { .. }) => {}
            (_, Some(screen)) => {
                // Details come first, so that the last line is the result.
                if let Some(detail) = &screen.detail {
                    write_line(&english_plain(detail));
                }
                write_line(&english_plain(&screen.status));
            }
            (_, None) => {}
        }
    }

    fn status(&self, state: &mut State, screen: &Screen) {
        let status = english_plain(&screen.status);
        if status == state.status || status.is_empty() {
            return;
        }
        state.status.clone_from(&status);
        // The end is written once, by `finish`.
        if matches!(screen.step, Step::Done { .. }) {
            return;
        }
        match &state.progress {
            Some(bar) if screen.busy => {
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_message(status);
            }
            Some(bar) => bar.suspend(|| write_line(&status)),
            None => write_line(&status),
        }
    }
}

impl Stage for Renderer {
    fn show(&self, screen: Screen) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.now)();
        match self.format {
            Format::Text => self.status(&mut state, &screen),
            Format::Narrated => {
                state.transcript.screen(now, &screen);
                state.narrate();
            }
            Format::Json => {
                write_line(&screen_json(now, &screen));
                state.ends_with_screen = true;
            }
        }
        // After the end the flow is idle again; the result is the screen before.
        if matches!(screen.step, Step::Idle) && state.last.is_some() {
            state.ends_with_screen = false;
        } else {
            state.last = Some(screen);
        }
    }

    fn cue(&self, cue: Cue) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.now)();
        match self.format {
            Format::Text => {}
            Format::Narrated => {
                state.transcript.cue(now, &cue);
                state.narrate();
            }
            Format::Json => {
                write_line(&cue_json(now, &cue));
                state.ends_with_screen = false;
            }
        }
    }
}

impl State {
    fn narrate(&mut self) {
        for line in self.transcript.lines().iter().skip(self.written) {
            write_line(line);
        }
        self.written = self.transcript.lines().len();
    }
}

fn screen_json(now: Duration, screen: &Screen) -> String {
    screen_event(now, screen, &mut |msg| english_plain(msg).into()).to_string()
}

fn cue_json(now: Duration, cue: &Cue) -> String {
    cue_event(now, cue, &mut |msg| english_plain(msg).into()).to_string()
}

/// What becomes of a message: its text, or where to find it.
pub(crate) type InWords<'a> = &'a mut dyn FnMut(&Msg) -> Value;

/// A screen as an object of the stream.
pub(crate) fn screen_event(now: Duration, screen: &Screen, words: InWords<'_>) -> Value {
    let secondary: Vec<Value> = screen
        .secondary
        .iter()
        .map(|action| words(&action.label))
        .collect();
    let field = screen.field.as_ref().map(|field| {
        json!({
            "label": words(&field.label),
            "hint": words(&field.hint),
            "error": field.error.as_ref().map(&mut *words),
        })
    });
    json!({
        "at": now.as_secs_f64(),
        "screen": screen,
        "text": {
            "title": words(&screen.title),
            "status": words(&screen.status),
            "detail": screen.detail.as_ref().map(&mut *words),
            "field": field,
            "primary": words(&screen.primary.label),
            "secondary": secondary,
            "help": screen.help.as_ref().map(&mut *words),
        },
    })
}

/// A cue as an object of the stream.
pub(crate) fn cue_event(now: Duration, cue: &Cue, words: InWords<'_>) -> Value {
    let text = match cue {
        Cue::Say { msg, .. } => Some(words(msg)),
        _ => None,
    };
    json!({ "at": now.as_secs_f64(), "cue": cue, "text": text })
}

/// Writes one line; a reader that has gone away ends nothing.
pub(crate) fn write_line(line: &str) {
    let mut out = stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
