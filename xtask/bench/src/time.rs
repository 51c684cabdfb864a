//! Wall time of the handshake, each side by itself.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use serde_json::{Value, json};
use touchstone_device::Suites;
use touchstone_proto::phone::CredentialForm;

use crate::pair::{Observer, Pair, Step};

const HANDSHAKES: u64 = 300;
/// Not counted: caches and clocks settle.
const WARM_UP: u64 = 20;
/// Handshakes tried before giving up.
const PATIENCE: u64 = 30 * HANDSHAKES;

#[derive(Default)]
struct Stopwatch {
    lap: Vec<(Step, Duration)>,
}

impl Observer for Stopwatch {
    fn observe<T>(&mut self, step: Step, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let output = work();
        self.lap.push((step, start.elapsed()));
        output
    }
}

/// Medians over many handshakes, and the fastest, with the certificate by value, in microseconds. A handshake during which somebody else had the
/// processor is not counted.
pub(crate) fn figures() -> anyhow::Result<Value> {
    let pair = Pair::new(Suites::Classical)?;
    let mut samples: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    let (mut seed, mut counted) = (0, 0);
    while counted < HANDSHAKES {
        let mut stopwatch = Stopwatch::default();
        let before = interruptions();
        pair.handshake(seed, CredentialForm::ByValue, &mut stopwatch)?;
        seed += 1;
        ensure!(seed < PATIENCE, "the machine is too busy to time anything");
        if seed <= WARM_UP || interruptions() != before {
            continue;
        }
        counted += 1;
        let sum = |steps: &[Step]| {
            let counted = stopwatch
                .lap
                .iter()
                .filter(|(step, _)| steps.contains(step));
            counted.map(|(_, time)| *time).sum::<Duration>()
        };
        use Step::{Message1, Message2, Message3, Message4, Verdict};
        for (name, steps) in [
            ("device_us", &[Message2, Message4][..]),
            ("device_message_2_us", &[Message2]),
            ("device_message_4_us", &[Message4]),
            ("phone_us", &[Message1, Message3, Verdict]),
            ("phone_message_1_us", &[Message1]),
            ("phone_message_3_us", &[Message3]),
            ("phone_verdict_us", &[Verdict]),
        ] {
            samples.entry(name).or_default().push(sum(steps));
        }
    }
    let mut figures = serde_json::Map::from_iter([("handshakes".to_owned(), json!(HANDSHAKES))]);
    for (name, times) in &mut samples {
        figures.insert((*name).to_owned(), json!(median(times).as_micros()));
        let fastest = times.iter().min().copied().unwrap_or_default();
        figures.insert(format!("{name}_fastest"), json!(fastest.as_micros()));
    }
    Ok(Value::Object(figures))
}

/// How often this thread has had to give way.
#[cfg(target_os = "linux")]
fn interruptions() -> i64 {
    // SAFETY: all-zero is a valid `rusage`, and `usage` is one for the call to fill.
    let (usage, result) = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        let result = libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
        (usage, result)
    };
    if result == 0 { usage.ru_nivcsw } else { 0 }
}

/// Not known here: every handshake counts.
#[cfg(not(target_os = "linux"))]
fn interruptions() -> i64 {
    0
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_time_in_the_middle() {
        let mut times = [9, 1, 5, 3, 7].map(Duration::from_micros);
        assert_eq!(median(&mut times), Duration::from_micros(5));
    }
}
