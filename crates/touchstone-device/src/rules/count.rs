//! When the counts of level L2 are given, signal by signal.
//!
//! The phone that asks for them may be an attacker's, whose unit the person's phone talks to. Whoever could cut, join or shift what is played would need
//! no luck any more; so what has begun is played to its end, with its beginning marked and nothing else around it.

use core::time::Duration;

use touchstone_proto::{
    record::{Actuator, Pace},
    sas::Counts,
};

use crate::ports::Signal;

/// Between REVEAL and the start signal: the phone has something to say first.
const LEAD_IN: Duration = Duration::from_millis(1500);
/// Quiet after the last signal, so that it is heard to be the last.
const REST: Duration = Duration::from_secs(4);

/// Counts to be given. Zeroized when they were.
#[derive(Debug)]
pub(crate) struct Count {
    counts: Counts,
    actuator: Actuator,
    pace: Pace,
}

impl Count {
    /// These counts, on this actuator.
    pub(crate) const fn new(counts: Counts, actuator: Actuator, pace: Pace) -> Self {
        Self {
            counts,
            actuator,
            pace,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    LeadIn,
    /// The group under way, and how many of its signals were given.
    Group(usize, u8),
    Rest,
}

#[derive(Debug)]
struct Play {
    count: Count,
    stage: Stage,
    next: Duration,
}

impl Play {
    fn starting(now: Duration, count: Count) -> Self {
        Self {
            count,
            stage: Stage::LeadIn,
            next: now.saturating_add(LEAD_IN),
        }
    }

    /// The signal that is due; counts it as given.
    fn due(&mut self) -> Option<Signal> {
        let (within, between) = gaps(self.count.pace);
        match self.stage {
            Stage::LeadIn => {
                self.stage = Stage::Group(0, 0);
                self.next = self.next.saturating_add(between);
                Some(Signal::CountStart(self.count.actuator))
            }
            Stage::Group(group, given) => {
                let groups = self.count.counts.groups();
                let of = *groups.get(group)?;
                let given = given.saturating_add(1);
                let gap = if given < of {
                    self.stage = Stage::Group(group, given);
                    within
                } else if group.saturating_add(1) < groups.len() {
                    self.stage = Stage::Group(group.saturating_add(1), 0);
                    between
                } else {
                    self.stage = Stage::Rest;
                    REST
                };
                self.next = self.next.saturating_add(gap);
                Some(Signal::Count(self.count.actuator))
            }
            Stage::Rest => None,
        }
    }
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

/// What is played, and what waits for it to end.
#[derive(Debug)]
pub(crate) struct Plays {
    current: Option<Play>,
    waiting: Option<Count>,
}

impl Plays {
    pub(crate) const fn new() -> Self {
        Self {
            current: None,
            waiting: None,
        }
    }

    /// Plays it from its beginning: now, or when what is being played and its rest are over. The last one asked for is the one that waits.
    pub(crate) fn play(&mut self, now: Duration, count: Count) {
        match &self.current {
            Some(play) if play.stage != Stage::LeadIn => self.waiting = Some(count),
            _ => self.current = Some(Play::starting(now, count)),
        }
    }

    /// Gives up what has not begun: its claim is gone. What has begun is played to its end.
    pub(crate) fn give_up(&mut self) {
        self.waiting = None;
        self.current.take_if(|play| play.stage == Stage::LeadIn);
    }

    /// Ends everything: only the person may, with a hand on the device.
    pub(crate) fn stop(&mut self) {
        *self = Self::new();
    }

    /// The signal to give, if one is due; counts it as given.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Signal> {
        let play = self.current.as_mut()?;
        if now < play.next {
            return None;
        }
        // From now, not from when it was due: a device that slept must not give two signals as one.
        play.next = now;
        let signal = play.due();
        if signal.is_none() {
            self.current = self.waiting.take().map(|count| Play::starting(now, count));
        }
        signal
    }

    /// Until then no other signal that a phone can cause may sound; again to be asked for then. `None`: nothing is played.
    pub(crate) fn quiet_until(&self) -> Option<Duration> {
        self.current.as_ref().map(|play| play.next)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const BUZZ: Signal = Signal::Count(Actuator::Vibration);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn count(groups: [u8; 3], pace: Pace) -> Count {
        Count::new(Counts::entered(groups).unwrap(), Actuator::Vibration, pace)
    }

    /// The times of all signals, in ms, looked at as soon as they are due, and when it is over.
    fn rest_of(plays: &mut Plays) -> (Vec<(u128, Signal)>, u128) {
        let mut times = Vec::new();
        let mut last = 0;
        while let Some(now) = plays.quiet_until() {
            assert_eq!(plays.due(now - ms(1)), None);
            if let Some(signal) = plays.due(now) {
                times.push((now.as_millis(), signal));
                assert_eq!(plays.due(now), None);
            }
            last = now.as_millis();
        }
        (times, last)
    }

    fn times(pace: Pace) -> Vec<u128> {
        let mut plays = Plays::new();
        plays.play(ms(5_000), count([2, 1, 6], pace));
        let (signals, _) = rest_of(&mut plays);
        assert_eq!(signals[0].1, Signal::CountStart(Actuator::Vibration));
        assert!(signals[1..].iter().all(|(_, signal)| *signal == BUZZ));
        signals.into_iter().map(|(at, _)| at).collect()
    }

    #[test]
    fn after_its_start_signal_each_group_is_given_in_order_at_the_pace_asked_for() {
        assert_eq!(
            times(Pace::Normal),
            [
                6_500, 9_000, 9_600, 12_100, 14_600, 15_200, 15_800, 16_400, 17_000, 17_600
            ]
        );
        assert_eq!(
            times(Pace::Slow),
            [
                6_500, 10_250, 11_150, 14_900, 18_650, 19_550, 20_450, 21_350, 22_250, 23_150
            ]
        );
        assert_eq!(
            times(Pace::Slower),
            [
                6_500, 11_900, 13_200, 18_600, 24_000, 25_300, 26_600, 27_900, 29_200, 30_500
            ]
        );
    }

    /// Three flashes a second are the limit of WCAG 2.3.1; two are ours. And no gap within a group may pass for one between groups.
    #[test]
    fn no_pace_flashes_above_two_hertz_or_blurs_the_groups() {
        for pace in Pace::ALL {
            let (within, between) = gaps(pace);
            assert!(within >= ms(500));
            assert!(between >= within * 4);
        }
    }

    #[test]
    fn nothing_cuts_what_has_begun_and_the_next_waits_for_the_quiet_after_it() {
        let mut alone = Plays::new();
        alone.play(Duration::ZERO, count([6, 5, 4], Pace::Normal));
        let (whole, over) = rest_of(&mut alone);
        assert_eq!(over, whole.last().unwrap().0 + 4_000);

        // Cut at every signal, by giving up and by asking again.
        for (at, _) in &whole {
            let mut plays = Plays::new();
            plays.play(Duration::ZERO, count([6, 5, 4], Pace::Normal));
            let mut heard = Vec::new();
            while let Some(now) = plays.quiet_until().filter(|now| now.as_millis() <= *at) {
                heard.extend(plays.due(now).map(|signal| (now.as_millis(), signal)));
            }
            plays.play(ms(9_999), count([1, 1, 1], Pace::Slower));
            plays.give_up();
            plays.play(ms(9_999), count([1, 1, 1], Pace::Slow));
            plays.play(ms(9_999), count([2, 1, 1], Pace::Normal));
            let (rest, _) = rest_of(&mut plays);
            heard.extend(rest);
            assert_eq!(heard[..whole.len()], whole, "cut at {at}");
            let next = &heard[whole.len()..];
            assert_eq!(next[0].0, over + 1_500);
            assert_eq!(next.len(), 1 + 4, "the last one asked for");
        }
    }

    #[test]
    fn what_has_not_begun_is_given_up() {
        let mut plays = Plays::new();
        plays.play(Duration::ZERO, count([1, 1, 1], Pace::Normal));
        plays.give_up();
        assert_eq!(plays.due(ms(60_000)), None);
        assert_eq!(plays.quiet_until(), None);
    }

    #[test]
    fn what_has_not_begun_is_replaced_by_what_is_asked_for_later() {
        let mut plays = Plays::new();
        plays.play(Duration::ZERO, count([6, 6, 6], Pace::Slower));
        plays.play(ms(1_000), count([2, 1, 1], Pace::Normal));
        let (signals, _) = rest_of(&mut plays);
        assert_eq!(signals[0].0, 2_500);
        assert_eq!(signals.len(), 1 + 4);
    }

    #[test]
    fn a_device_that_slept_gives_no_burst() {
        let mut plays = Plays::new();
        plays.play(Duration::ZERO, count([6, 6, 6], Pace::Normal));
        let late = ms(100_000);
        assert!(plays.due(late).is_some());
        assert_eq!(plays.due(late), None);
        assert_eq!(plays.quiet_until(), Some(late + ms(2_500)));
    }

    #[test]
    fn debug_shows_no_counts() {
        let mut plays = Plays::new();
        plays.play(Duration::ZERO, count([1, 2, 3], Pace::Normal));
        assert!(std::format!("{plays:?}").contains("Counts(..)"));
    }
}
