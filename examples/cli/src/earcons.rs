//! `touchstone earcons`: the short sounds as files, from the one definition in `touchstone-flow`.

use std::{
    f64::consts::TAU,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use touchstone::flow::{Earcon, Tone};

use crate::render::write_line;

/// Samples a second; what espeak-ng speaks with, so that both can be mixed as they are.
const RATE: u32 = 22_050;
/// The peak of the loudest note: half of what is possible.
const PEAK: f64 = 0.5;
/// A note swells and fades this long, in seconds; without it, it clicks.
const EDGE: f64 = 0.005;
/// Overtones let the low notes be heard from a small loudspeaker.
const OVERTONES: u32 = 4;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  touchstone earcons --out sounds")]
pub(crate) struct Arguments {
    /// The folder for tick.wav, turn.wav, stop.wav and ok.wav.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    for earcon in Earcon::ALL {
        let path = arguments.out.join(format!("{}.wav", name(earcon)?));
        write(&path, &samples(earcon))
            .with_context(|| format!("cannot write {}", path.display()))?;
        write_line(&path.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// As it is called in the JSON stream.
fn name(earcon: Earcon) -> anyhow::Result<String> {
    let name = serde_json::to_value(earcon)?;
    Ok(name.as_str().context("an earcon has a name")?.to_owned())
}

fn write(path: &Path, samples: &[i16]) -> Result<(), hound::Error> {
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
    writer.finalize()
}

fn samples(earcon: Earcon) -> Vec<i16> {
    let mut samples = Vec::new();
    for tone in earcon.tones() {
        let on = tone.pulse.on.as_secs_f64();
        samples.extend(times(on).map(|time| sample(tone, time, on)));
        samples.extend(times(tone.pulse.off.as_secs_f64()).map(|_| 0));
    }
    samples
}

/// The time of each sample of a stretch, in seconds.
fn times(seconds: f64) -> impl Iterator<Item = f64> {
    let rate = f64::from(RATE);
    (0_u32..)
        .map(move |index| f64::from(index) / rate)
        .take_while(move |time| *time < seconds)
}

fn sample(tone: &Tone, time: f64, length: f64) -> i16 {
    let note = |hertz: &u16| -> f64 {
        let overtone =
            |n: u32| (TAU * f64::from(n) * f64::from(*hertz) * time).sin() / f64::from(n * n);
        (1..=OVERTONES).map(overtone).sum()
    };
    let loudest: f64 = (1..=OVERTONES).map(|n| 1.0 / f64::from(n * n)).sum();
    let voices = tone.hertz.len().max(1);
    let wave = tone.hertz.iter().map(note).sum::<f64>() / (loudest * voices as f64);
    let edge = (time.min(length - time) / EDGE).clamp(0.0, 1.0);
    (wave * edge * PEAK * f64::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of what is heard, in milliseconds, silence left out: what an ear has to tell them apart by.
    fn rhythm(samples: &[i16]) -> Vec<usize> {
        let window = RATE as usize / 100;
        let heard = samples
            .chunks(window)
            .map(|chunk| chunk.iter().any(|sample| sample.unsigned_abs() > 500));
        let mut lengths = vec![0];
        for loud in heard {
            match (loud, lengths.last_mut()) {
                (true, Some(length)) => *length += 10,
                (false, Some(0)) | (_, None) => {}
                (false, Some(_)) => lengths.push(0),
            }
        }
        lengths.retain(|length| *length > 0);
        lengths
    }

    #[test]
    fn the_ear_tells_each_sound_from_every_other_by_count_or_length() {
        let heard: Vec<(Earcon, Vec<usize>)> = Earcon::ALL
            .map(|earcon| (earcon, rhythm(&samples(earcon))))
            .into();
        for (index, (a, rhythm_a)) in heard.iter().enumerate() {
            assert!(!rhythm_a.is_empty(), "{a:?} is silent");
            for (b, rhythm_b) in &heard[index + 1..] {
                let long = |rhythm: &[usize]| rhythm.iter().any(|length| *length >= 300);
                assert!(
                    rhythm_a.len() != rhythm_b.len() || long(rhythm_a) != long(rhythm_b),
                    "{a:?} {rhythm_a:?} {b:?} {rhythm_b:?}"
                );
            }
        }
        let counts = heard.iter().map(|(_, rhythm)| rhythm.len());
        assert!(counts.eq([1, 2, 3, 1]), "{heard:?}");
    }

    #[test]
    fn no_sound_is_longer_than_600_ms_or_as_loud_as_it_could_be() {
        for earcon in Earcon::ALL {
            let samples = samples(earcon);
            assert!(samples.len() * 10 <= RATE as usize * 6, "{earcon:?}");
            let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
            assert!(
                (4_000..=16_384).contains(&peak.unwrap()),
                "{earcon:?} {peak:?}"
            );
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let path = std::env::temp_dir().join(format!("touchstone-{}.wav", std::process::id()));
        let turn = samples(Earcon::Turn);
        write(&path, &turn).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().sample_rate, RATE);
        let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        std::fs::remove_file(path).unwrap();
        assert_eq!(read, turn);
    }
}
