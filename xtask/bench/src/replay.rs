//! The device's side of a recorded handshake, as often as asked, for instruction counts and stack depth.

use std::hint::black_box;

use anyhow::ensure;
use serde_json::{Value, json};
use touchstone_device::{Device, Suites};
use touchstone_proto::{gatt, phone::CredentialForm};

use crate::{
    pair::{Blind, Flight, LINK, NOW, Pair, Step},
    ports::BenchPorts,
};

/// The same numbers in every run, so that what the phone once said fits the device again.
const SEED: u64 = 7;

/// What the phone said in one handshake with the certificate by value.
pub(crate) struct Recording {
    pair: Pair,
    /// message_1; message_3 and PREPARE; ARM.
    pub(crate) up: [Flight; 3],
    /// How many fragments the device answered with.
    pub(crate) answers: usize,
}

impl Recording {
    pub(crate) fn new(suites: Suites) -> anyhow::Result<Self> {
        let pair = Pair::new(suites)?;
        let handshake = pair.handshake(SEED, CredentialForm::ByValue, &mut Blind)?;
        let up =
            [Step::Message1, Step::Message3, Step::Arm].map(|step| handshake.flight(step).to_vec());
        let answers = [Step::Message2, Step::Message4, Step::Armed]
            .map(|step| handshake.flight(step).len())
            .iter()
            .sum();
        Ok(Self { pair, up, answers })
    }

    /// A device that will draw the numbers it drew in the recording.
    pub(crate) fn device(&self) -> anyhow::Result<Device<BenchPorts>> {
        self.pair.device(SEED)
    }

    /// Lets the device hear the first `steps` things the phone said; how many fragments it answered with.
    pub(crate) fn play(&self, device: &mut Device<BenchPorts>, steps: usize) -> usize {
        let mut answers = 0;
        let mut out = [0; gatt::MAX_FRAGMENT];
        for flight in self.up.iter().take(steps) {
            for fragment in flight {
                device.received(NOW, LINK, fragment);
            }
            while let Some(length) = device.poll_transmit(LINK, &mut out) {
                black_box(&out[..length]);
                answers += 1;
            }
        }
        answers
    }
}

/// Plays the recording to a new device, `handshakes` times.
pub(crate) fn device(handshakes: u32, steps: usize, suites: Suites) -> anyhow::Result<Value> {
    let recording = Recording::new(suites)?;
    for _ in 0..handshakes {
        let answers = recording.play(&mut recording.device()?, steps);
        ensure!(
            steps < recording.up.len() || answers == recording.answers,
            "the device answers as it did in the recording"
        );
    }
    Ok(json!({ "handshakes": handshakes, "steps": steps }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replayed_phone_arms_the_device() {
        for suites in [Suites::Classical, Suites::WithHybrid] {
            let recording = Recording::new(suites).expect("a recording");
            let mut device = recording.device().expect("a device");
            assert_eq!(recording.play(&mut device, 3), recording.answers);
            assert!(
                device
                    .advertisement(NOW)
                    .is_some_and(|advert| advert.flags.armed)
            );
        }
    }
}
