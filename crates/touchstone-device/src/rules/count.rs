//! When the counts of level L2 are given, signal by signal.

use core::time::Duration;

use touchstone_proto::{
    record::{Actuator, Pace},
    sas::Counts,
};

/// Between REVEAL and the first signal: the phone has something to say first.
const LEAD_IN: Duration = Duration::from_millis(1500);

/// Counts under way. Zeroized when they end.
#[derive(Debug)]
pub(crate) struct Count {
    counts: Counts,
    actuator: Actuator,
    pace: Pace,
    /// The group under way, and how many of its signals were given.
    group: usize,
    given: u8,
    next: Duration,
}

/// From one signal to the next, within a group and from one group to the next. Never above 2 Hz: faster light can harm.
const fn gaps(pace: Pace) -> (Duration, Duration) {
    let (within, between) = match pace {
        Pace::Normal => (600, 2_500),
        Pace::Slow => (900, 3_750),
        Pace::Slower => (1_300, 5_400),
    };
    (
        Duration::from_millis(within),
        Duration::from_millis(between),
    )
}

impl Count {
    /// The counts from their beginning.
    pub(crate) fn starting(now: Duration, counts: Counts, actuator: Actuator, pace: Pace) -> Self {
        Self {
            counts,
            actuator,
            pace,
            group: 0,
            given: 0,
            next: now.saturating_add(LEAD_IN),
        }
    }

    /// The actuator to signal on once, if a signal is due; counts it as given.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Actuator> {
        let of = *self.counts.groups().get(self.group)?;
        if now < self.next {
            return None;
        }
        self.given = self.given.saturating_add(1);
        let (within, between) = gaps(self.pace);
        let gap = if self.given < of {
            within
        } else {
            self.group = self.group.saturating_add(1);
            self.given = 0;
            between
        };
        // Not from `next`: a device that slept must not give two signals as one.
        self.next = now.saturating_add(gap);
        Some(self.actuator)
    }

    /// Whether every signal was given.
    pub(crate) fn is_over(&self) -> bool {
        self.group >= self.counts.groups().len()
    }

    /// When to look again.
    pub(crate) const fn deadline(&self) -> Duration {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn counts() -> Counts {
        Counts::entered([2, 1, 6]).unwrap()
    }

    /// The times of all signals, in ms, looked at as soon as they are due.
    fn times(pace: Pace) -> Vec<u128> {
        let mut count =
            Count::starting(Duration::from_secs(5), counts(), Actuator::Vibration, pace);
        let mut times = Vec::new();
        while !count.is_over() {
            let now = count.deadline();
            assert_eq!(count.due(now - Duration::from_millis(1)), None);
            assert_eq!(count.due(now), Some(Actuator::Vibration));
            assert_eq!(count.due(now), None);
            times.push(now.as_millis());
        }
        assert_eq!(count.due(Duration::MAX), None);
        times
    }

    #[test]
    fn each_group_is_given_in_order_at_the_pace_asked_for() {
        assert_eq!(
            times(Pace::Normal),
            [
                6_500, 7_100, 9_600, 12_100, 12_700, 13_300, 13_900, 14_500, 15_100
            ]
        );
        assert_eq!(
            times(Pace::Slow),
            [
                6_500, 7_400, 11_150, 14_900, 15_800, 16_700, 17_600, 18_500, 19_400
            ]
        );
        assert_eq!(
            times(Pace::Slower),
            [
                6_500, 7_800, 13_200, 18_600, 19_900, 21_200, 22_500, 23_800, 25_100
            ]
        );
    }

    /// Three flashes a second are the limit of WCAG 2.3.1; two are ours. And no gap within a group may pass for one between groups.
    #[test]
    fn no_pace_flashes_above_two_hertz_or_blurs_the_groups() {
        for pace in Pace::ALL {
            let (within, between) = gaps(pace);
            assert!(within >= Duration::from_millis(500));
            assert!(between >= within * 4);
        }
    }

    #[test]
    fn a_device_that_slept_gives_no_burst() {
        let mut count = Count::starting(Duration::ZERO, counts(), Actuator::Light, Pace::Normal);
        let late = Duration::from_secs(100);
        assert!(count.due(late).is_some());
        assert_eq!(count.due(late), None);
        assert_eq!(count.deadline(), late + Duration::from_millis(600));
    }

    #[test]
    fn debug_shows_no_counts() {
        let count = Count::starting(Duration::ZERO, counts(), Actuator::Light, Pace::Normal);
        assert!(std::format!("{count:?}").contains("Counts(..)"));
    }
}
