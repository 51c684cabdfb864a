//! What counts as a press (rule R-b), and the reset gesture.

use core::time::Duration;

/// How long a level must last to be believed. A press shorter than this is a bounce.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a press must be held to reset the device.
const RESET_HOLD: Duration = Duration::from_secs(10);
/// When a held press begins to be answered with the help signal: later than slow hands release.
const HELP_AFTER: Duration = Duration::from_secs(3);
/// How often the help signal repeats.
const HELP_EVERY: Duration = Duration::from_secs(1);

/// Something the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    /// A press has lasted long enough to count; it began at `began`.
    Began {
        /// When it went from released to pressed.
        began: Duration,
    },
    /// It is still held, and going on will reset the device.
    Help,
    /// It was held for ten seconds.
    Reset,
    /// A press that had asked for help or reset has ended.
    HelpEnded,
}

/// A debounced button. One that was never seen released never presses: neither a stuck one nor one held while power came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Button {
    settled: Level,
    /// The raw level differs from the settled one since then.
    changing_since: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Released,
    /// Pressed since before we looked, or after its reset: says nothing more until it is released.
    Spent,
    Pressed {
        began: Duration,
        next_help: Duration,
    },
}

impl Button {
    /// A button whose level has not been seen yet: counts as stuck until it is seen released.
    pub(crate) fn new() -> Self {
        Self {
            settled: Level::Spent,
            changing_since: None,
        }
    }

    /// Takes a sample of the raw level.
    pub(crate) fn sample(&mut self, now: Duration, pressed: bool) -> Option<Press> {
        let settled_pressed = !matches!(self.settled, Level::Released);
        if pressed == settled_pressed {
            self.changing_since = None;
            return self.hold(now);
        }
        let since = *self.changing_since.get_or_insert(now);
        if now < since.saturating_add(SETTLE) {
            return None;
        }
        self.changing_since = None;
        if pressed {
            self.settled = Level::Pressed {
                began: since,
                next_help: since.saturating_add(HELP_AFTER),
            };
            return Some(Press::Began { began: since });
        }
        let helped = match self.settled {
            Level::Pressed { began, next_help } => next_help > began.saturating_add(HELP_AFTER),
            Level::Released | Level::Spent => false,
        };
        self.settled = Level::Released;
        helped.then_some(Press::HelpEnded)
    }

    fn hold(&mut self, now: Duration) -> Option<Press> {
        let Level::Pressed { began, next_help } = &mut self.settled else {
            return None;
        };
        if now >= began.saturating_add(RESET_HOLD) {
            self.settled = Level::Spent;
            return Some(Press::Reset);
        }
        if now < *next_help {
            return None;
        }
        // Not from when it was due: a device that slept gives one signal, not a burst of missed ones.
        *next_help = now.saturating_add(HELP_EVERY);
        Some(Press::Help)
    }

    /// When a sample could mean something new although the raw level did not change.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        if let Some(since) = self.changing_since {
            return Some(since.saturating_add(SETTLE));
        }
        match self.settled {
            Level::Pressed { began, next_help } => {
                let reset = began.saturating_add(RESET_HOLD);
                Some(next_help.min(reset))
            }
            Level::Released | Level::Spent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn released() -> Button {
        let mut button = Button::new();
        assert_eq!(button.sample(ms(0), false), None);
        assert_eq!(button.sample(ms(50), false), None);
        button
    }

    #[test]
    fn a_press_counts_after_fifty_milliseconds_and_from_its_beginning() {
        let mut button = released();
        assert_eq!(button.sample(ms(1_000), true), None);
        assert_eq!(button.deadline(), Some(ms(1_050)));
        assert_eq!(button.sample(ms(1_049), true), None);
        assert_eq!(
            button.sample(ms(1_050), true),
            Some(Press::Began { began: ms(1_000) })
        );
        assert_eq!(button.sample(ms(1_051), true), None);
    }

    #[test]
    fn a_bounce_is_ignored_and_restarts_the_measure() {
        let mut button = released();
        assert_eq!(button.sample(ms(1_000), true), None);
        assert_eq!(button.sample(ms(1_040), false), None);
        assert_eq!(button.sample(ms(1_045), true), None);
        assert_eq!(button.sample(ms(1_060), true), None);
        assert_eq!(
            button.sample(ms(1_095), true),
            Some(Press::Began { began: ms(1_045) })
        );
    }

    #[test]
    fn a_stuck_button_never_presses_and_never_resets() {
        let mut button = Button::new();
        for second in 0..30 {
            assert_eq!(button.sample(ms(second * 1_000), true), None);
        }
        assert_eq!(button.deadline(), None);
    }

    #[test]
    fn a_chattering_stuck_button_is_not_released() {
        let mut button = Button::new();
        for step in 0..100 {
            assert_eq!(button.sample(ms(step * 100), true), None);
            assert_eq!(button.sample(ms(step * 100 + 60), false), None);
        }
    }

    #[test]
    fn a_short_gap_does_not_make_two_presses_of_one() {
        let mut button = released();
        button.sample(ms(1_000), true);
        assert!(button.sample(ms(1_050), true).is_some());
        assert_eq!(button.sample(ms(1_100), false), None);
        assert_eq!(button.sample(ms(1_120), true), None);
        assert_eq!(button.sample(ms(1_300), true), None);
    }

    #[test]
    fn ten_seconds_reset_once_and_ask_for_help_on_the_way() {
        let mut button = released();
        button.sample(ms(1_000), true);
        button.sample(ms(1_050), true);
        let mut seen = std::vec::Vec::new();
        while let Some(due) = button.deadline() {
            seen.extend(button.sample(due, true));
        }
        assert_eq!(
            seen.iter().filter(|press| **press == Press::Help).count(),
            7
        );
        assert_eq!(seen.last(), Some(&Press::Reset));
        assert_eq!(button.sample(ms(30_000), true), None);
    }

    #[test]
    fn letting_go_before_ten_seconds_does_not_reset() {
        let mut button = released();
        button.sample(ms(1_000), true);
        button.sample(ms(1_050), true);
        assert_eq!(button.sample(ms(10_990), true), Some(Press::Help));
        assert_eq!(button.sample(ms(10_995), false), None);
        assert_eq!(button.sample(ms(11_045), false), Some(Press::HelpEnded));
        assert_eq!(button.sample(ms(30_000), false), None);
    }

    #[test]
    fn a_slow_press_ends_quietly() {
        let mut button = released();
        button.sample(ms(1_000), true);
        button.sample(ms(1_050), true);
        assert_eq!(button.sample(ms(3_900), false), None);
        assert_eq!(button.sample(ms(3_950), false), None);
    }
}
