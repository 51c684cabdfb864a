//! Counted signals as somebody beside the device perceives them.

use std::time::Duration;

use touchstone_device::ports::Signal;
use touchstone_proto::record::Actuator;

use super::Unit;

/// Signals farther apart than this are not of one group: within groups there are at most 1.3 s, between them at least 2.5 s.
const ONE_GROUP: Duration = Duration::from_millis(1_900);
/// After so much quiet nobody expects another signal of the last group.
const QUIET: Duration = Duration::from_secs(3);

impl Unit {
    /// The numbers that somebody has counted who pays attention to this actuator from `since` on: what follows the latest long signal, once there are three
    /// whole groups. Whatever else the device gives by then is counted too, as a person would.
    #[must_use]
    pub fn counted(&self, actuator: Actuator, since: Duration) -> Option<[u8; 3]> {
        let now = self.world.now();
        let signals = self.signals();
        let begins = |(at, signal): &(Duration, Signal)| {
            *at >= since && *signal == Signal::CountStart(actuator)
        };
        let start = signals.iter().rposition(begins)?;
        let (mut groups, mut last) = (Vec::new(), None);
        for (at, signal) in &signals[start + 1..] {
            let perceived = match signal {
                Signal::Count(on) | Signal::CountStart(on) => *on == actuator,
                other => *other != Signal::Off,
            };
            if !perceived {
                continue;
            }
            match (groups.last_mut(), last) {
                (Some(count), Some(before)) if *at - before < ONE_GROUP => *count += 1,
                _ => groups.push(1_u8),
            }
            last = Some(*at);
        }
        let over = last.is_some_and(|last| last + QUIET <= now);
        groups.try_into().ok().filter(|_| over)
    }

    /// Every beginning of counted signals, and on what.
    #[must_use]
    pub fn count_starts(&self) -> Vec<(Duration, Actuator)> {
        let signals = self.signals().into_iter();
        signals
            .filter_map(|(at, signal)| match signal {
                Signal::CountStart(actuator) => Some((at, actuator)),
                _ => None,
            })
            .collect()
    }
}
