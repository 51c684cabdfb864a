//! Signals and speech do not talk over each other (rule P11), and devices that wait take turns, so that a sound has a direction.

use std::time::Duration;

use touchstone_proto::record::IdentifyMode;

use super::{
    Core, Phase,
    candidate::{
        Candidate, State,
        signals::{HOLD, Signals},
    },
};

/// Between the signals of two devices.
const SPACING: Duration = Duration::from_millis(1500);
/// How long before its signal a device is told to keep it back.
const MARGIN: Duration = Duration::from_millis(500);

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The phone speaks until then.
    quiet_until: Duration,
}

impl Turns {
    /// What to tell whom now. One device alone needs no turns.
    fn plan(&self, now: Duration, devices: &mut [(usize, Signals)]) -> Vec<(usize, IdentifyMode)> {
        for (_, signals) in &mut *devices {
            signals.pass(now);
        }
        if devices.len() < 2 {
            return Vec::new();
        }
        let mut words = Vec::new();
        let mut slot = self.free(devices);
        let mut remaining: Vec<&mut (usize, Signals)> = devices.iter_mut().collect();
        while let Some(next) = remaining
            .iter()
            .enumerate()
            .min_by_key(|(_, device)| Self::order(slot, &device.1))
            .map(|(position, _)| position)
        {
            let (index, signals) = remaining.swap_remove(next);
            let own = slot.max(signals.may_be_due());
            if own <= now {
                signals.turn(now);
                words.push((*index, IdentifyMode::Turn));
            } else if signals.next < own && signals.next <= now + MARGIN && signals.hold(now) {
                words.push((*index, IdentifyMode::Hold));
            }
            slot = own.max(now) + SPACING;
        }
        words
    }

    /// Until when the phone speaks.
    pub(super) fn quiet_until(&self) -> Duration {
        self.quiet_until
    }

    /// When there is something to plan again.
    fn deadline(&self, now: Duration, devices: &[(usize, Signals)]) -> Option<Duration> {
        if devices.len() < 2 {
            return None;
        }
        let free = self.free(devices);
        devices
            .iter()
            .flat_map(|(_, signals)| {
                let own = free.max(signals.may_be_due());
                [own, signals.next, signals.next.saturating_sub(MARGIN)]
            })
            .filter(|deadline| *deadline > now)
            .min()
    }

    /// From when on nobody is talked over.
    fn free(&self, devices: &[(usize, Signals)]) -> Duration {
        let given = devices.iter().filter_map(|(_, signals)| signals.given);
        let last = given.max().map_or(Duration::ZERO, |given| given + SPACING);
        last.max(self.quiet_until)
    }

    /// Who can go first does; of several, the one that has been silent longest.
    fn order(slot: Duration, signals: &Signals) -> (Duration, Duration) {
        (slot.max(signals.may_be_due()), signals.at_the_latest())
    }
}

impl Core {
    /// Whether a device that is armed now is to begin in silence.
    pub(super) fn is_to_hush(&self, now: Duration) -> bool {
        let waits =
            |candidate: &Candidate| matches!(candidate.state, State::AwaitArmed | State::Armed);
        self.flow.speaks() || now < self.turns.quiet_until || self.candidates.iter().any(waits)
    }

    /// The phone begins to speak: whatever would give a signal now waits.
    pub(super) fn announcement_begins(&mut self, now: Duration) {
        self.turns.quiet_until = now + HOLD;
        let responds = match &self.phase {
            Phase::Selected(selection) => Some(selection.index),
            _ => None,
        };
        for index in 0..self.candidates.len() {
            let Some(candidate) = self.candidates.get_mut(index) else {
                continue;
            };
            let held = match candidate.waiting_signals() {
                Some(mut signals) => {
                    signals.pass(now);
                    let held = signals.hold(now);
                    candidate.signals = Some(signals);
                    held
                }
                None => responds == Some(index) && candidate.state == State::Touched,
            };
            if held {
                self.act_on(now, index, |candidate, _| {
                    candidate.hint(IdentifyMode::Hold)
                });
            }
        }
    }

    /// Devices that wait for the same person take turns.
    pub(super) fn take_turns(&mut self, now: Duration) {
        let mut devices = self.waiting_devices();
        let words = self.turns.plan(now, &mut devices);
        for (index, signals) in devices {
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.signals = Some(signals);
            }
        }
        for (index, mode) in words {
            self.act_on(now, index, |candidate, _| candidate.hint(mode));
        }
    }

    pub(super) fn turns_deadline(&self) -> Option<Duration> {
        self.turns.deadline(self.now, &self.waiting_devices())
    }

    fn waiting_devices(&self) -> Vec<(usize, Signals)> {
        self.candidates
            .iter()
            .enumerate()
            .filter_map(|(index, candidate)| Some((index, candidate.waiting_signals()?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Plays `devices` for five minutes: the device gives its signals by itself unless told otherwise. Returns when which gave one, and how many words
    /// the phone needed.
    fn play(devices: usize, speaks_at: &[u64]) -> (Vec<(Duration, usize)>, usize) {
        let start = ms(10_000);
        let mut turns = Turns::default();
        let mut model: Vec<(usize, Signals)> = Vec::new();
        let mut truth: Vec<Signals> = Vec::new();
        for index in 0..devices {
            let asked = start + ms(400) * u32::try_from(index).unwrap();
            model.push((index, Signals::asked(asked, index > 0, None)));
            truth.push(model[index].1);
        }
        let (mut given, mut words) = (vec![(start, 0)], 0);
        let mut now = start + ms(2_000);
        while now < start + ms(300_000) {
            let millis = u64::try_from((now - start).as_millis()).unwrap();
            if speaks_at.contains(&millis) {
                turns.quiet_until = now + HOLD;
                for (index, signals) in &mut model {
                    signals.pass(now);
                    words += usize::from(signals.hold(now));
                    truth[*index].hold(now);
                }
            }
            for (index, mode) in turns.plan(now, &mut model) {
                words += 1;
                match mode {
                    IdentifyMode::Turn => {
                        assert!(truth[index].may_be_due() <= now, "a turn that is refused");
                        truth[index].turn(now);
                        given.push((now, index));
                    }
                    _ => drop(truth[index].hold(now)),
                }
            }
            now += ms(50);
            for (index, signals) in truth.iter_mut().enumerate() {
                let before = signals.given;
                signals.pass(now);
                given.extend((signals.given != before).then_some((now, index)));
            }
        }
        (given, words)
    }

    #[test]
    fn turns_are_a_second_and_a_half_apart_and_everybody_has_one() {
        for devices in 2..=4 {
            let (given, words) = play(devices, &[]);
            // Hardly more words than signals: 75 at most of each in five minutes.
            assert!(words <= devices * 76, "{devices}: {words}");
            for pair in given.windows(2) {
                assert!(pair[1].0 - pair[0].0 >= ms(1_450), "{devices}: {pair:?}");
            }
            for device in 0..devices {
                let own: Vec<_> = given.iter().filter(|(_, which)| *which == device).collect();
                assert!(
                    own.windows(2)
                        .all(|pair| pair[1].0 - pair[0].0 <= ms(6_100))
                );
                assert!(
                    own.windows(2)
                        .all(|pair| pair[1].0 - pair[0].0 >= ms(3_950))
                );
            }
        }
    }

    #[test]
    fn one_device_alone_is_told_nothing_and_wakes_nobody() {
        assert_eq!(play(1, &[]).1, 0);
        let alone = [(0, Signals::asked(ms(10_000), false, None))];
        assert_eq!(Turns::default().deadline(ms(10_000), &alone), None);
    }

    #[test]
    fn nobody_is_talked_over_and_turns_go_on_behind_the_announcement() {
        for devices in 1..=4 {
            for offset in (0..6_000).step_by(250) {
                let speaks_at = [20_000 + offset, 60_000 + offset, 100_000 + offset];
                let (given, _) = play(devices, &speaks_at);
                for at in speaks_at {
                    let at = ms(10_000 + at);
                    let over = given.iter().find(|(given_at, which)| {
                        let before = given
                            .iter()
                            .rfind(|(before, other)| before < given_at && other == which);
                        let forced =
                            before.is_some_and(|(before, _)| *given_at - *before >= ms(9_950));
                        *given_at > at + ms(50) && *given_at < at + HOLD && !forced
                    });
                    assert_eq!(over, None, "{devices} {at:?}");
                }
                for pair in given.windows(2) {
                    assert!(pair[1].0 - pair[0].0 >= ms(1_400), "{devices} {pair:?}");
                }
                for device in 0..devices {
                    let own: Vec<_> = given.iter().filter(|(_, which)| *which == device).collect();
                    assert!(
                        own.windows(2)
                            .all(|pair| pair[1].0 - pair[0].0 <= ms(10_050))
                    );
                }
            }
        }
    }

    #[test]
    fn there_is_something_to_plan_when_a_turn_or_a_signal_is_due() {
        let devices = [
            (0, Signals::asked(ms(10_000), false, None)),
            (1, Signals::asked(ms(10_000), true, None)),
        ];
        let turns = Turns::default();
        // A second and a half after the first signal the second device may have a turn; at 14 s it signals by itself.
        for (now, due) in [
            (10_000, 11_500),
            (11_499, 11_500),
            (11_500, 13_500),
            (13_500, 14_000),
            (14_000, 14_250),
        ] {
            assert_eq!(turns.deadline(ms(now), &devices), Some(ms(due)), "{now}");
        }
    }

    #[test]
    fn a_device_is_told_to_wait_just_before_its_signal_would_come_too_soon() {
        let mut devices = [
            (0, Signals::asked(ms(10_000), false, None)),
            (1, Signals::asked(ms(10_000), true, None)),
        ];
        let turns = Turns {
            quiet_until: ms(18_000),
        };
        assert_eq!(turns.plan(ms(13_499), &mut devices), []);
        assert_eq!(
            turns.plan(ms(13_500), &mut devices),
            [(1, IdentifyMode::Hold)]
        );
        assert_eq!(turns.plan(ms(13_500), &mut devices), []);
    }
}
