//! Cues: speech, haptics and earcons. Optional extras to a screen that says the same in text.

use core::time::Duration;

use crate::Msg;

/// Something to say, feel or hear, once, now.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cue {
    /// Give this to the screen reader.
    Say {
        /// Its number, to report under whether it was said.
        id: u64,
        /// What; always also on the screen.
        msg: Msg,
        /// How.
        politeness: Politeness,
        /// It may cut other speech off.
        interrupt: bool,
        /// It must arrive: report whether it did.
        must: bool,
        /// The person asked for it: say it even if it was just said.
        repeat: bool,
        /// Not worth saying later than this after it was handed over.
        expires: Expiry,
    },
    /// Vibrate.
    Feel(Haptic),
    /// Play a short sound.
    Play(Earcon),
}

/// How long an announcement is worth saying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Expiry(pub Duration);

/// How an announcement treats other speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Politeness {
    /// Waits for its turn.
    Polite,
    /// Goes first.
    Assertive,
}

/// A vibration, told apart by count alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Haptic {
    /// One: heard you.
    Heard,
    /// Two: your turn.
    YourTurn,
    /// Three: a problem.
    Problem,
    /// One long: done.
    Done,
}

/// A short sound with the rhythm of its haptic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Earcon {
    /// One short note: heard you, still at work.
    Tick,
    /// Two rising notes: your turn.
    Turn,
    /// Three low notes: a problem.
    Stop,
    /// One long major chord: done.
    Ok,
}

/// One stretch of a vibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// How long it vibrates.
    pub on: Duration,
    /// How long it rests afterwards.
    pub off: Duration,
}

/// One note of an earcon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// The pitches that sound together, in hertz.
    pub hertz: &'static [u16],
    /// Length and rest.
    pub pulse: Pulse,
}

const fn pulse(on: u64, off: u64) -> Pulse {
    Pulse {
        on: Duration::from_millis(on),
        off: Duration::from_millis(off),
    }
}

const fn tone(hertz: &'static [u16], on: u64, off: u64) -> Tone {
    Tone {
        hertz,
        pulse: pulse(on, off),
    }
}

impl Haptic {
    /// The waveform every host renders alike.
    pub const fn pulses(self) -> &'static [Pulse] {
        match self {
            Self::Heard => const { &[pulse(60, 0)] },
            Self::YourTurn => const { &[pulse(80, 120), pulse(80, 0)] },
            Self::Problem => const { &[pulse(80, 120), pulse(80, 120), pulse(80, 0)] },
            Self::Done => const { &[pulse(500, 0)] },
        }
    }
}

impl Earcon {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tick, Self::Turn, Self::Stop, Self::Ok];

    /// The notes every host renders alike.
    pub const fn tones(self) -> &'static [Tone] {
        match self {
            Self::Tick => const { &[tone(&[880], 60, 0)] },
            Self::Turn => const { &[tone(&[659], 80, 120), tone(&[880], 80, 0)] },
            Self::Stop => {
                const {
                    &[
                        tone(&[220], 80, 120),
                        tone(&[220], 80, 120),
                        tone(&[196], 80, 0),
                    ]
                }
            }
            Self::Ok => const { &[tone(&[523, 659, 784], 500, 0)] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haptics_are_told_apart_by_count_or_length_and_last_at_most_600_ms() {
        let all = [
            Haptic::Heard,
            Haptic::YourTurn,
            Haptic::Problem,
            Haptic::Done,
        ];
        for (i, a) in all.iter().enumerate() {
            let length: Duration = a.pulses().iter().map(|p| p.on + p.off).sum();
            assert!(length <= Duration::from_millis(600));
            for b in &all[i + 1..] {
                let long = |h: &Haptic| h.pulses()[0].on >= Duration::from_millis(300);
                assert!(
                    a.pulses().len() != b.pulses().len() || long(a) != long(b),
                    "{a:?} {b:?}"
                );
            }
        }
    }

    #[test]
    fn a_turn_rises_a_stop_is_low_and_done_is_a_major_chord() {
        let pitches = |earcon: Earcon| earcon.tones().iter().map(|tone| tone.hertz[0]);
        assert!(pitches(Earcon::Turn).is_sorted_by(|a, b| a < b));
        assert!(pitches(Earcon::Stop).max() < pitches(Earcon::Turn).min());
        assert!(pitches(Earcon::Stop).max() < pitches(Earcon::Tick).min());
        let [chord] = Earcon::Ok.tones() else {
            panic!("one chord");
        };
        let [root, third, fifth] = chord.hertz else {
            panic!("three notes");
        };
        // Four and seven semitones above the root.
        let ratio = |note: &u16| f64::from(*note) / f64::from(*root);
        assert!((ratio(third) - 1.2599).abs() < 0.005);
        assert!((ratio(fifth) - 1.4983).abs() < 0.005);
    }

    #[test]
    fn each_earcon_has_the_rhythm_of_its_haptic() {
        let pairs = [
            (Earcon::Tick, Haptic::Heard),
            (Earcon::Turn, Haptic::YourTurn),
            (Earcon::Stop, Haptic::Problem),
            (Earcon::Ok, Haptic::Done),
        ];
        assert!(pairs.map(|(earcon, _)| earcon) == Earcon::ALL);
        for (earcon, haptic) in pairs {
            assert!(
                earcon
                    .tones()
                    .iter()
                    .map(|t| t.pulse)
                    .eq(haptic.pulses().iter().copied()),
                "{earcon:?}"
            );
        }
    }
}
