//! Wall time of the handshake, each side by itself.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use touchstone_proto::phone::CredentialForm;

use crate::pair::{Observer, Pair, Step};

const HANDSHAKES: u64 = 300;
/// Not counted: caches and clocks settle.
const WARM_UP: u64 = 20;

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

/// Medians over many handshakes, and the fastest, with the certificate by value, in microseconds.
pub(crate) fn figures() -> anyhow::Result<Value> {
    let pair = Pair::new()?;
    let mut samples: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for seed in 0..WARM_UP + HANDSHAKES {
        let mut stopwatch = Stopwatch::default();
        pair.handshake(seed, CredentialForm::ByValue, &mut stopwatch)?;
        if seed < WARM_UP {
            continue;
        }
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
