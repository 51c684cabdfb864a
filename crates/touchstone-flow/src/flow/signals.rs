//! Level 2: the signals the person counts, and the presses about them.

use core::time::Duration;

use super::Flow;
use crate::{
    A11yContext, Actuators, Command, Counts, SignalKind, SignalPace, Step, planner::speech_length,
};

/// Which signals are given, and what was entered for them.
#[derive(Debug, Default)]
pub(super) struct Signals {
    actuators: Actuators,
    /// What the person counts; kept for the next touch.
    kind: Option<SignalKind>,
    pace: SignalPace,
    /// They are asked for when the person knows what to count.
    pending: bool,
    /// They were given for the present touch.
    given: bool,
    counts: Option<Counts>,
    /// The numbers are being compared.
    compared: bool,
}

impl SignalPace {
    fn slower(self) -> Self {
        match self {
            Self::Normal => Self::Slow,
            Self::Slow | Self::Slower => Self::Slower,
        }
    }

    /// Three groups of six, with all that comes before and between, take no longer (docs/PROTOCOL.md section 8).
    fn longest(self) -> Duration {
        Duration::from_secs(match self {
            Self::Normal => 25,
            Self::Slow => 35,
            Self::Slower => 45,
        })
    }
}

impl Signals {
    pub(super) fn entered(&mut self, counts: Counts) {
        self.counts = Some(counts);
    }

    /// The link is gone: there is nobody to give them.
    pub(super) fn cancel(&mut self) {
        self.pending = false;
    }

    /// They belong to one touch. What the person is able to count stays.
    pub(super) fn forget_counts(&mut self) {
        self.counts = None;
        self.compared = false;
        self.pending = false;
        self.given = false;
    }

    /// What comes after `kind` among what the device has.
    fn other(&self, kind: SignalKind) -> Option<SignalKind> {
        let all = [
            SignalKind::Beeps,
            SignalKind::Blinks,
            SignalKind::Vibrations,
        ];
        let mut round = all.iter().chain(&all).skip_while(|next| **next != kind);
        round
            .find(|next| **next != kind && self.actuators.can(**next))
            .copied()
    }
}

impl Step {
    pub(super) fn is_about_signals(&self) -> bool {
        matches!(self, Self::CountSignals { .. } | Self::SignalOptions { .. })
    }
}

impl Flow {
    pub(super) fn begin_counting(&mut self, actuators: Actuators) {
        self.signals.forget_counts();
        self.signals.actuators = actuators;
        let known = self.signals.kind.filter(|kind| actuators.can(*kind));
        match known.or(first(self.planner.context(), actuators)) {
            Some(kind) => self.count(kind),
            None => self.enter(Step::CannotSignal),
        }
    }

    /// Says what to count; the signals follow.
    fn count(&mut self, signal: SignalKind) {
        self.signals.kind = Some(signal);
        self.enter(Step::CountSignals {
            signal,
            incomplete: false,
        });
        self.signals.pending = true;
    }

    /// When the signals are to be given: what to count has been said by then, or could have been read. Speech and signals at once would spoil both.
    pub(super) fn signals_time(&self) -> Option<Duration> {
        if !self.signals.pending || !matches!(self.step, Step::CountSignals { .. }) {
            return None;
        }
        let silent = self.planner.silent_from()?;
        let context = self.planner.context();
        if context.screen_reader {
            return Some(silent);
        }
        let reading = context.scaled(speech_length(&self.step.status()));
        Some(silent.max(self.entered + reading))
    }

    pub(super) fn give_signals(&mut self) {
        let (Some(signal), pace) = (self.signals.kind, self.signals.pace) else {
            return;
        };
        self.signals.pending = false;
        self.signals.given = true;
        self.planner.hold(self.now, pace.longest());
        self.command(Command::GiveSignals { signal, pace });
    }

    pub(super) fn enter_counts(&mut self) {
        // The answer is on its way.
        if self.signals.compared {
            return;
        }
        let entered = self.signals.counts.take();
        if !self.signals.given {
            // Nothing can have been counted yet.
            return self.say_again();
        }
        match (entered, self.signals.kind) {
            (Some(counts), _) if counts.is_complete() => {
                self.signals.compared = true;
                self.signals.pending = false;
                self.command(Command::EnterCounts(counts));
            }
            (_, Some(signal)) => self.complain(Step::CountSignals {
                signal,
                incomplete: true,
            }),
            (_, None) => {}
        }
    }

    pub(super) fn open_signal_options(&mut self) {
        if let Some(signal) = self.signals.kind {
            self.signals.pending = false;
            self.enter(Step::SignalOptions {
                signal,
                other: self.signals.other(signal),
                slowest: self.signals.pace == SignalPace::Slower,
            });
        }
    }

    pub(super) fn count_slower(&mut self) {
        self.signals.pace = self.signals.pace.slower();
        self.count_again();
    }

    pub(super) fn count_faster(&mut self) {
        self.signals.pace = SignalPace::Normal;
        self.count_again();
    }

    fn count_again(&mut self) {
        if let Some(signal) = self.signals.kind {
            self.count(signal);
        }
    }

    pub(super) fn count_other(&mut self) {
        let other = self.signals.kind.and_then(|kind| self.signals.other(kind));
        if let Some(signal) = other {
            self.count(signal);
        }
    }
}

/// What is tried first. Whoever wants sounds from the phone is given the sound, which needs neither a look nor a hand on the device. Without sounds comes
/// what can be felt, by whoever neither sees nor hears; light comes before sound only for whoever reads the screen with their eyes.
fn first(context: &A11yContext, actuators: Actuators) -> Option<SignalKind> {
    use SignalKind::{Beeps, Blinks, Vibrations};
    let order = match (context.sounds, context.screen_reader) {
        (true, _) => [Beeps, Vibrations, Blinks],
        (false, true) => [Vibrations, Beeps, Blinks],
        (false, false) => [Vibrations, Blinks, Beeps],
    };
    order.into_iter().find(|kind| actuators.can(*kind))
}
