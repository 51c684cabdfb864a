//! How haptics and earcons are rendered alike everywhere.

use std::time::Duration;

use touchstone_flow::{Earcon, Haptic};

/// One note of an earcon.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Note {
    /// The pitches that sound together, in hertz.
    pub hertz: Vec<u16>,
    /// How long it sounds, in milliseconds.
    pub on: u32,
    /// The rest after it, in milliseconds.
    pub off: u32,
}

/// A vibration: milliseconds of vibrating and resting in turn, beginning with vibrating.
#[uniffi::export]
pub fn vibration(haptic: Haptic) -> Vec<u32> {
    let pulses = haptic.pulses().iter();
    pulses
        .flat_map(|pulse| [milliseconds(pulse.on), milliseconds(pulse.off)])
        .collect()
}

/// The notes of an earcon, in order.
#[uniffi::export]
pub fn notes(earcon: Earcon) -> Vec<Note> {
    let tones = earcon.tones().iter();
    tones
        .map(|tone| Note {
            hertz: tone.hertz.to_vec(),
            on: milliseconds(tone.pulse.on),
            off: milliseconds(tone.pulse.off),
        })
        .collect()
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
