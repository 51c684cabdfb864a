//! What the person is asked for while devices are being looked for, and when to stop instead.

use std::time::Duration;

use touchstone_flow::{Event, PresenceKind};
use touchstone_proto::record::{PresenceKinds, PressKind};

use super::{
    Core,
    candidate::{ARMING, Candidate, EXPECTED, State},
};
use crate::report::Outcome;

/// Once one device waits for its touch, others being verified delay the prompt at most this long.
const GATHER: Duration = Duration::from_secs(2);
/// A stop is shown only when nothing better has turned up for this long.
const SETTLE: Duration = Duration::from_secs(1);

/// What the person was last asked for.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// When the first device was ready.
    ready_since: Option<Duration>,
    /// Whether it asks for one of several.
    shown: Option<bool>,
    found: u32,
    verifying: bool,
}

impl Prompt {
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// The next prompt is a new one.
    pub(super) fn forget(&mut self) {
        self.shown = None;
        self.ready_since = None;
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let waiting = self.ready_since.filter(|_| self.shown.is_none());
        waiting.map(|since| since + GATHER)
    }
}

/// The most telling refusal so far.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    stop: Option<(Outcome, Event)>,
    at: Duration,
}

impl Verdicts {
    /// A device that is not genuine is passed over in silence beside a genuine one, even one that cannot be set up now.
    fn rank(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::NotGenuine => 1,
            Outcome::Revoked => 2,
            Outcome::AlreadyOwned => 3,
            Outcome::UpdateRequired | Outcome::CannotSignal => 4,
            Outcome::Busy | Outcome::AnotherNearby => 5,
            Outcome::OwnedByYou => 6,
            _ => 0,
        }
    }

    pub(super) fn note(&mut self, now: Duration, outcome: Outcome, event: Event) {
        let known = self
            .stop
            .as_ref()
            .map_or(0, |(outcome, _)| Self::rank(*outcome));
        if Self::rank(outcome) >= known {
            self.stop = Some((outcome, event));
        }
        self.at = now;
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.stop.as_ref().map(|_| self.at + SETTLE)
    }
}

impl Core {
    pub(super) fn say_what_was_found(&mut self, now: Duration) {
        let n = u32::try_from(self.candidates.len()).unwrap_or(u32::MAX);
        if n > self.prompt.found && self.prompt.shown.is_none() {
            self.prompt.found = n;
            self.tell(now, Event::Found { n });
        }
        let verifying = self.candidates.iter().any(Candidate::is_verifying);
        if verifying && !self.prompt.verifying && self.prompt.shown.is_none() {
            self.prompt.verifying = true;
            self.tell(now, Event::Verifying);
        }
    }

    pub(super) fn update_prompt(&mut self, now: Duration) {
        let (mut ready, mut kind, mut unanswered) = (0_u32, None, false);
        for candidate in &self.candidates {
            // Feedback is not late, and "your turn" is not taken back for a device that answers that it is busy.
            let since = candidate.arming_since();
            unanswered |= since.is_some_and(|since| now < since + EXPECTED);
            let arming =
                since.is_some_and(|since| (since + EXPECTED..since + ARMING).contains(&now));
            if candidate.is_ready() || arming || candidate.is_expected_back() {
                ready += 1;
                kind = kind.or(candidate
                    .verdict
                    .as_ref()
                    .map(|verdict| presence_kind(verdict.presence())));
            }
        }
        let Some(kind) = kind else {
            self.prompt.ready_since = None;
            if self.prompt.shown.take().is_some() {
                self.prompt.verifying = false;
                self.tell(now, Event::PresenceWithdrawn);
            }
            return;
        };
        let since = *self.prompt.ready_since.get_or_insert(now);
        let verifying = self.candidates.iter().any(Candidate::is_verifying);
        let pending = unanswered || verifying;
        let several = ready > 1;
        // A prompt that is shown only grows: taking "several" back would tell a person to look for one device among others.
        let grows = self.prompt.shown.is_none_or(|shown| several && !shown);
        if grows && (self.prompt.is_shown() || !pending || now >= since + GATHER) {
            self.prompt.shown = Some(several);
            self.tell(now, Event::AwaitPresence { kind, several });
        }
    }

    pub(super) fn stop_if_nothing_is_left(&mut self, now: Duration) {
        let alive = self
            .candidates
            .iter()
            .any(|candidate| candidate.state != State::Owned);
        let hope = self.sightings.next_retry(now).is_some();
        if alive || hope || now < self.verdicts.at + SETTLE {
            return;
        }
        match self.verdicts.stop.take() {
            Some((Outcome::OwnedByYou, event)) => self.show_owned(now, event),
            Some((outcome, event)) => self.stop(now, outcome, event),
            None => {}
        }
    }
}

/// What the person is asked to do: the first kind the device offers, plain touches first.
pub(super) fn presence_kind(kinds: PresenceKinds) -> PresenceKind {
    let kind = PressKind::ALL
        .into_iter()
        .find(|kind| kinds.contains(*kind));
    match kind.unwrap_or(PressKind::Touch) {
        PressKind::Touch => PresenceKind::Touch,
        PressKind::Press => PresenceKind::Press,
        PressKind::PowerCycle => PresenceKind::PowerCycle,
        PressKind::Knock => PresenceKind::Knock,
        PressKind::Remote => PresenceKind::Remote,
        PressKind::Nfc => PresenceKind::Nfc,
    }
}

#[cfg(test)]
mod tests {
    use touchstone_flow::NotGenuineReason;

    use super::*;

    #[test]
    fn not_genuine_is_not_said_beside_a_genuine_device() {
        let not_genuine = Event::NotGenuine {
            reason: NotGenuineReason::Certificate,
        };
        let others = [
            (Outcome::AlreadyOwned, Event::AlreadyOwned),
            (Outcome::Busy, Event::Busy),
        ];
        for (outcome, event) in others {
            for not_genuine_first in [true, false] {
                let mut verdicts = Verdicts::default();
                if not_genuine_first {
                    verdicts.note(Duration::ZERO, Outcome::NotGenuine, not_genuine.clone());
                }
                verdicts.note(Duration::ZERO, outcome, event.clone());
                if !not_genuine_first {
                    verdicts.note(Duration::ZERO, Outcome::NotGenuine, not_genuine.clone());
                }
                assert_eq!(verdicts.stop, Some((outcome, event.clone())));
            }
        }
    }

    #[test]
    fn the_most_telling_refusal_is_kept_whichever_came_first() {
        let ranks: [&[Outcome]; 7] = [
            &[Outcome::Unfinished],
            &[Outcome::NotGenuine],
            &[Outcome::Revoked],
            &[Outcome::AlreadyOwned],
            &[Outcome::UpdateRequired, Outcome::CannotSignal],
            &[Outcome::Busy, Outcome::AnotherNearby],
            &[Outcome::OwnedByYou],
        ];
        let kept = |first: Outcome, second: Outcome| {
            let mut verdicts = Verdicts::default();
            verdicts.note(Duration::ZERO, first, Event::Busy);
            verdicts.note(Duration::ZERO, second, Event::Busy);
            verdicts.stop.map(|(outcome, _)| outcome)
        };
        for (rank, outcomes) in ranks.iter().enumerate() {
            for outcome in *outcomes {
                for lower in ranks[..rank].iter().copied().flatten() {
                    assert_eq!(kept(*lower, *outcome), Some(*outcome));
                    assert_eq!(kept(*outcome, *lower), Some(*outcome));
                }
                // Of two alike the later one is told.
                for alike in *outcomes {
                    assert_eq!(kept(*alike, *outcome), Some(*outcome));
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_told_after_a_second_in_which_nothing_better_came() {
        let mut verdicts = Verdicts::default();
        assert_eq!(verdicts.deadline(), None);
        let now = Duration::from_secs(5);
        verdicts.note(now, Outcome::Busy, Event::Busy);
        assert_eq!(verdicts.deadline(), Some(now + SETTLE));
    }
}
