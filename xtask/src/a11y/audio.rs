//! A story as it is heard: what the voice says and the short sounds, each at its time, in one file.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::{catalogue, shell};

/// Where the files for people to hear are written.
const FOLDER: &str = "artefacts/audio";
/// Samples a second, of the voice and of the sounds.
const RATE: u32 = 22_050;
/// After the last sound, in samples.
const TAIL: usize = RATE as usize;
/// Quieter than this in the mean is silence.
const SILENCE: f64 = 100.0;

/// A story that was written to a file.
#[derive(Debug)]
pub(super) struct Heard {
    file: PathBuf,
    seconds: f64,
    /// What is said, each announcement to its end.
    pub(super) speech: f64,
    /// The same by the planner's formula.
    pub(super) estimate: f64,
    pub(super) utterances: usize,
    sounds: usize,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:.1} s, {} utterances, {} sounds",
            self.file.display(),
            self.seconds,
            self.utterances,
            self.sounds
        )
    }
}

/// Something to be heard.
#[derive(Clone, Debug)]
struct Cue {
    at: f64,
    samples: Vec<i16>,
    speech: Option<Speech>,
}

/// How an announcement treats the one before.
#[derive(Clone, Debug)]
struct Speech {
    text: String,
    interrupt: bool,
    must: bool,
    expires: f64,
}

/// A cue at its place.
#[derive(Clone, Debug)]
struct Placed {
    /// In samples.
    start: usize,
    samples: Vec<i16>,
    text: Option<String>,
}

/// Plays the scenario to files: the sound, and the transcript that it follows.
///
/// # Errors
/// No voice on this machine, a file that cannot be written, or a sound that is not there when it should be.
pub(super) fn write(scenario: &str) -> anyhow::Result<Heard> {
    let folder = shell::target()?.join(FOLDER);
    fs::create_dir_all(&folder)?;
    shell::touchstone(&["earcons", "--out", &folder.display().to_string()])?;
    let story = ["connect", "--simulated", "--scenario", scenario];
    let transcript = shell::touchstone(&[&story[..], &["--narrate"]].concat())?;
    fs::write(folder.join(format!("{scenario}.txt")), transcript)?;
    let events = shell::touchstone(&[&story[..], &["--json"]].concat())?;
    let cues = cues(&events, &folder)?;
    let spoken: Vec<_> = cues
        .iter()
        .filter_map(|cue| Some((&cue.speech.as_ref()?.text, cue.samples.len())))
        .map(|(text, length)| (estimate(text), seconds(length)))
        .collect();
    let (utterances, sounds) = (spoken.len(), cues.len() - spoken.len());
    let estimate = spoken.iter().map(|(estimate, _)| estimate).sum();
    let speech = spoken.iter().map(|(_, length)| length).sum();
    let placed = schedule(cues);
    let mixed = mix(&placed);
    check(&placed, &mixed)?;
    let file = folder.join(format!("{scenario}.wav"));
    save(&file, &mixed)?;
    Ok(Heard {
        file,
        seconds: seconds(mixed.len()),
        speech,
        estimate,
        utterances,
        sounds,
    })
}

fn cues(events: &str, folder: &Path) -> anyhow::Result<Vec<Cue>> {
    let mut cues = Vec::new();
    for line in events.lines() {
        let event: serde_json::Value = serde_json::from_str(line)?;
        let at = event["at"].as_f64().context("an event has a time")?;
        let cue = &event["cue"];
        if let Some(earcon) = cue["play"].as_str() {
            cues.push(Cue {
                at,
                samples: read(&folder.join(format!("{earcon}.wav")))?,
                speech: None,
            });
        } else if let Some(text) = event["text"].as_str() {
            let said = &cue["say"];
            let flag = |name: &str| {
                said[name]
                    .as_bool()
                    .context("an announcement has its flags")
            };
            cues.push(Cue {
                at,
                samples: catalogue::voice(text)?,
                speech: Some(Speech {
                    text: text.to_owned(),
                    interrupt: flag("interrupt")?,
                    must: flag("must")?,
                    expires: said["expires"]["secs"].as_f64().context("it expires")?,
                }),
            });
        }
    }
    Ok(cues)
}

fn read(path: &Path) -> anyhow::Result<Vec<i16>> {
    let reader = hound::WavReader::open(path).with_context(|| path.display().to_string())?;
    ensure!(reader.spec().sample_rate == RATE, "{}", path.display());
    Ok(reader.into_samples().collect::<Result<_, _>>()?)
}

fn save(path: &Path, samples: &[i16]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    Ok(writer.finalize()?)
}

/// Puts each cue at its time. One voice speaks: what may interrupt cuts off what need not arrive; everything else waits until the
/// voice is free, and is left out when it has expired by then.
fn schedule(cues: Vec<Cue>) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    // The announcement spoken last: its place in the list, and whether it must arrive.
    let mut voice: Option<(usize, bool)> = None;
    for cue in cues {
        let at = samples(cue.at);
        let mut start = at;
        if let (Some(speech), Some((index, must))) = (&cue.speech, voice) {
            let before: &mut Placed = &mut placed[index];
            if speech.interrupt && !must {
                before.samples.truncate(at.saturating_sub(before.start));
            }
            start = at.max(before.start + before.samples.len());
            if start > at + samples(speech.expires) {
                continue;
            }
        }
        if let Some(speech) = &cue.speech {
            voice = Some((placed.len(), speech.must));
        }
        placed.push(Placed {
            start,
            samples: cue.samples,
            text: cue.speech.map(|speech| speech.text),
        });
    }
    // One that was cut off before it began is not heard at all.
    placed.retain(|cue| !cue.samples.is_empty());
    placed
}

fn mix(placed: &[Placed]) -> Vec<i16> {
    let end = |cue: &Placed| cue.start + cue.samples.len();
    let length = placed.iter().map(end).max().unwrap_or(0) + TAIL;
    let mut mixed = vec![0_i16; length];
    for cue in placed {
        for (sum, sample) in mixed[cue.start..].iter_mut().zip(&cue.samples) {
            *sum = sum.saturating_add(*sample / 2);
        }
    }
    mixed
}

/// Whether everything is heard, and nothing where nothing is.
fn check(placed: &[Placed], mixed: &[i16]) -> anyhow::Result<()> {
    ensure!(!placed.is_empty(), "nothing is heard");
    let mut quiet = vec![true; mixed.len()];
    for cue in placed {
        let range = cue.start..cue.start + cue.samples.len();
        if loudness(&mixed[range.clone()]) < SILENCE {
            let what = cue.text.as_deref().unwrap_or("a sound");
            bail!("{what:?} is not heard at {:.1} s", seconds(cue.start));
        }
        quiet[range].fill(false);
    }
    let stray = mixed
        .iter()
        .zip(quiet)
        .position(|(sample, quiet)| quiet && *sample != 0);
    if let Some(at) = stray {
        bail!("something is heard at {:.1} s", seconds(at));
    }
    Ok(())
}

fn loudness(samples: &[i16]) -> f64 {
    let squares: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (squares / samples.len().max(1) as f64).sqrt()
}

/// How long the planner takes it to be spoken (`planner.rs`).
fn estimate(text: &str) -> f64 {
    0.35 + 0.343 * text.split_whitespace().count() as f64
}

fn samples(seconds: f64) -> usize {
    (seconds * f64::from(RATE)).round() as usize
}

fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = RATE as usize;

    fn sound(at: f64) -> Cue {
        Cue {
            at,
            samples: vec![4_000; SECOND / 10],
            speech: None,
        }
    }

    /// An announcement of this many seconds.
    fn said(at: f64, text: &str, length: usize, must: bool) -> Cue {
        Cue {
            at,
            samples: vec![2_000; length * SECOND],
            speech: Some(Speech {
                text: text.to_owned(),
                interrupt: must,
                must,
                expires: if must { 30.0 } else { 4.0 },
            }),
        }
    }

    fn heard(cues: Vec<Cue>) -> Vec<(Option<String>, f64, f64)> {
        let placed = schedule(cues);
        let heard = |cue: &Placed| {
            (
                cue.text.clone(),
                seconds(cue.start),
                seconds(cue.samples.len()),
            )
        };
        placed.iter().map(heard).collect()
    }

    #[test]
    fn an_announcement_waits_for_the_voice_and_a_sound_does_not() {
        let cues = vec![
            said(1.0, "first", 3, true),
            sound(2.0),
            said(2.0, "second", 1, true),
        ];
        assert_eq!(
            heard(cues),
            [
                (Some("first".into()), 1.0, 3.0),
                (None, 2.0, 0.1),
                (Some("second".into()), 4.0, 1.0)
            ]
        );
    }

    #[test]
    fn what_need_not_arrive_is_cut_off_or_left_out() {
        let cues = vec![
            said(0.0, "polite", 3, false),
            said(1.0, "urgent", 9, true),
            said(2.0, "late", 1, false),
        ];
        assert_eq!(
            heard(cues),
            [
                (Some("polite".into()), 0.0, 1.0),
                (Some("urgent".into()), 1.0, 9.0)
            ]
        );
    }

    #[test]
    fn a_silent_announcement_and_a_stray_sound_are_found() {
        let placed = schedule(vec![said(0.0, "first", 1, true), sound(2.0)]);
        let good = mix(&placed);
        assert!(check(&placed, &good).is_ok());
        let mut silent = good.clone();
        silent[..SECOND].fill(0);
        assert!(check(&placed, &silent).is_err());
        let mut stray = good;
        *stray.last_mut().unwrap() = 1;
        assert!(check(&placed, &stray).is_err());
        assert!(check(&[], &[]).is_err());
    }
}
