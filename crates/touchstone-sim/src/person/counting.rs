//! How a person counts what the device in front of them signals.

use std::time::Duration;

use touchstone_flow::{ActionId, Actuators, Counts, SignalKind, Step};
use touchstone_proto::record::Actuator;

use super::Person;

/// How often a person who pays attention thinks about what has been given so far.
const ATTENDS: Duration = Duration::from_millis(500);
/// Whoever has noticed nothing for so long does not expect it any more.
const GIVES_UP: Duration = Duration::from_secs(70);

/// What a person perceives, and how well they count.
#[derive(Clone, Debug)]
pub struct Counting {
    /// What the person can hear, see or feel.
    pub perceives: Actuators,
    /// How many times the numbers are given again before the person trusts them.
    pub repeats: usize,
    /// Whether the person wants them slower first.
    pub slower: bool,
    /// How many times the person enters a wrong number.
    pub miscounts: usize,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            perceives: Actuators {
                sound: true,
                light: true,
                vibration: true,
            },
            repeats: 0,
            slower: false,
            miscounts: 0,
        }
    }
}

impl Person {
    /// "After the long beep, count the short ones."
    pub(super) fn count(&self, step: &Step) {
        let Step::CountSignals { signal, .. } = step else {
            return;
        };
        if self.lock().script.counting.perceives.can(*signal) {
            let since = self.world.now() - self.lock().script.reaction;
            self.attend(*signal, since, since + GIVES_UP);
        } else {
            self.press(ActionId::ChangeSignals);
        }
    }

    /// Pays attention to the device in front of them, which is the one wanted.
    fn attend(&self, signal: SignalKind, since: Duration, until: Duration) {
        let actuator = match signal {
            SignalKind::Blinks => Actuator::Light,
            SignalKind::Vibrations => Actuator::Vibration,
            _ => Actuator::Sound,
        };
        let person = self.clone();
        self.world.after(ATTENDS, move |world| {
            let asked = person.lock().screen.as_ref().is_some_and(|screen| {
                matches!(&screen.step, Step::CountSignals { signal: shown, .. } if *shown == signal)
            });
            if !asked {
                return;
            }
            let wanted = person.lock().script.wanted.clone();
            match wanted.counted(actuator, since) {
                Some(counted) => person.has_counted(signal, counted),
                None if world.now() >= until => {
                    person.lock().script.counting.perceives = Actuators::default();
                    person.press(ActionId::ChangeSignals);
                }
                None => person.attend(signal, since, until),
            }
        });
    }

    fn has_counted(&self, signal: SignalKind, mut counted: [u8; 3]) {
        let counting = self.lock().script.counting.clone();
        if counting.slower {
            return self.press(ActionId::ChangeSignals);
        }
        if counting.repeats > 0 {
            self.lock().script.counting.repeats -= 1;
            self.press(ActionId::Repeat);
            let since = self.world.now();
            return self.attend(signal, since, since + GIVES_UP);
        }
        if counting.miscounts > 0 {
            self.lock().script.counting.miscounts -= 1;
            counted[1] = counted[1] % 6 + 1;
        }
        self.with_hands(|hands| hands.counts(Counts::new(counted)));
        self.press(ActionId::Enter);
    }

    /// "Choose how the device signals, then count again."
    pub(super) fn change_signals(&self, step: &Step) {
        let Step::SignalOptions { signal, other, .. } = step else {
            return;
        };
        let counting = self.lock().script.counting.clone();
        let action = match other {
            _ if counting.perceives.can(*signal) && counting.slower => {
                self.lock().script.counting.slower = false;
                ActionId::RepeatSlower
            }
            Some(other) if counting.perceives.can(*other) => ActionId::OtherSignal,
            _ => ActionId::NotMyDevice,
        };
        self.press(action);
    }
}
