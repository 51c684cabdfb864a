//! A record of what was shown and said, as text.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use crate::{Cue, Output, Politeness, Screen, catalogue::english_plain};

/// Turns screens and cues into lines of text: golden tests, narration, bug reports. Commands are not recorded, so that no
/// password can be.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: Vec<String>,
}

impl Transcript {
    /// An empty transcript.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records an output given at `now`.
    pub fn record(&mut self, now: Duration, output: &Output) {
        match output {
            Output::Screen(screen) => self.screen(now, screen),
            Output::Cue(cue) => self.cue(now, cue),
            Output::Command(_) => {}
        }
    }

    /// Records a screen shown at `now`.
    pub fn screen(&mut self, now: Duration, screen: &Screen) {
        self.lines.push(screen_line(now, screen));
    }

    /// Records a cue given at `now`.
    pub fn cue(&mut self, now: Duration, cue: &Cue) {
        self.lines.push(cue_line(now, cue));
    }

    /// The lines so far, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn screen_line(now: Duration, screen: &Screen) -> String {
    let mut line = format!(
        "{}  show  {} | {}",
        stamp(now),
        english_plain(&screen.title),
        english_plain(&screen.status)
    );
    if let Some(detail) = &screen.detail {
        line += &format!(" | {}", english_plain(detail));
    }
    if let Some(error) = screen.field.as_ref().and_then(|field| field.error.as_ref()) {
        line += &format!(" | error: {}", english_plain(error));
    }
    line += &format!(" [{}]", english_plain(&screen.primary.label));
    for action in &screen.secondary {
        line += &format!(" ({})", english_plain(&action.label));
    }
    if let Some(help) = &screen.help {
        line += &format!(" | help: {}", english_plain(help));
    }
    line
}

fn cue_line(now: Duration, cue: &Cue) -> String {
    let stamp = stamp(now);
    match cue {
        Cue::Say {
            msg,
            politeness,
            must,
            ..
        } => {
            let how = match politeness {
                Politeness::Polite => "polite",
                Politeness::Assertive => "assertive",
            };
            format!(
                "{stamp}  say   {how}{} | {}",
                if *must { "*" } else { "" },
                english_plain(msg)
            )
        }
        Cue::Feel(haptic) => format!("{stamp}  feel  {haptic:?}"),
        Cue::Play(earcon) => format!("{stamp}  play  {earcon:?}"),
    }
}

fn stamp(now: Duration) -> String {
    format!("{:>4}.{:03}", now.as_secs(), now.subsec_millis())
}
