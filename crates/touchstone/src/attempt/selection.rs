//! From the touch to the person's confirmation (protocol rules A-b, A-d, A-j): genuine is not yet "mine".

use std::time::Duration;

use touchstone_flow::{Actuators, AgainReason, Event};
use touchstone_proto::{
    credentials::Network,
    record::{IdentifyMode, Level, ReleaseReason, Resumed, Status},
};

use super::{
    Core, Phase,
    candidate::{Candidate, State},
    codes,
    command::Press,
};
use crate::report::Outcome;

/// How long another touch, or another armed device, can still show up (docs/PROTOCOL.md section 8).
const GUARD: Duration = Duration::from_millis(1500);
/// How much longer a device that lost its link, or does not answer, is waited for (rule A-j).
const SILENCE: Duration = Duration::from_secs(8);
/// Patience for the response signal and the list of networks.
const RESPONSE: Duration = Duration::from_secs(5);
/// A device that does not respond that often will not.
const RESPONSES: u8 = 3;
/// The device stops responding by itself after 30 s; a person may take longer.
const RESPOND_AGAIN: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Guard,
    AwaitResponding,
    AwaitNetworks,
    /// Level L2: the person counts.
    Counting,
    AwaitChoice,
    /// The person has decided on device and network; other devices are still waited for.
    Decided,
}

/// The touched device on its way to being confirmed.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) index: usize,
    /// The level of its touch.
    level: Level,
    /// Signals were given for it.
    pub(super) revealed: bool,
    stage: Stage,
    /// Devices that have not yet said that nobody touched them.
    unanswered: Vec<usize>,
    until: Duration,
    /// When the silence of other devices counts as an overlap.
    silent_until: Duration,
    missed: u8,
    pub(super) press: Option<Press>,
    pub(super) decided: Option<Box<Network>>,
}

impl Selection {
    pub(super) fn asks_for_a_network(&self) -> bool {
        self.stage == Stage::AwaitChoice
    }

    pub(super) fn asks_for_counts(&self) -> bool {
        self.stage == Stage::Counting
    }
}

impl Core {
    /// The device the person touched, if it is still the only one.
    pub(super) fn chosen(&self) -> Option<usize> {
        match &self.phase {
            Phase::Selected(selection) => Some(selection.index),
            Phase::Delivering(delivery) => Some(delivery.index),
            Phase::Cancelling(cancelling) => cancelling.index(),
            Phase::Forgetting { index, .. } => Some(*index),
            Phase::Unfinished(unfinished) => Some(unfinished.index),
            _ => None,
        }
    }

    pub(super) fn is_wired(&self, index: usize) -> bool {
        self.candidates.get(index).is_some_and(Candidate::is_wired)
    }

    pub(super) fn selection_deadline(&self) -> Option<Duration> {
        let Phase::Selected(selection) = &self.phase else {
            return None;
        };
        let responding = selection.stage == Stage::AwaitChoice && selection.press.is_none();
        let person = matches!(selection.stage, Stage::AwaitChoice | Stage::Counting);
        let waits = !person || responding;
        let until = waits.then_some(selection.until);
        let silent = matches!(selection.stage, Stage::Guard | Stage::Decided)
            .then_some(selection.silent_until);
        let quiet = (selection.stage == Stage::Guard).then_some(self.turns.quiet_until());
        // What is due and cannot be done is looked at again with the next fact.
        until
            .into_iter()
            .chain(silent)
            .chain(quiet)
            .filter(|deadline| *deadline > self.now)
            .min()
    }

    pub(super) fn touched(&mut self, now: Duration, index: usize, contended: u32) {
        self.note(
            now,
            index,
            "touched",
            Some(format!("contended {contended}")),
        );
        match &self.phase {
            Phase::Searching if contended > 0 && self.level_of(index) == Level::L1 => {
                self.release_for_overlap(now, index, "contended")
            }
            Phase::Searching => self.select(now, index),
            Phase::Selected(selection) if selection.index != index => {
                self.several_touched(now, index)
            }
            _ if self.chosen() == Some(index) => {}
            _ => self.release(now, index, ReleaseReason::AnotherChosen),
        }
    }

    fn select(&mut self, now: Duration, index: usize) {
        let mut unanswered = Vec::new();
        for other in 0..self.candidates.len() {
            let armed = self
                .candidates
                .get(other)
                .is_some_and(|c| c.may_be_armed() && c.state.is_after_evidence());
            if other != index && armed {
                unanswered.push(other);
                self.act_on(now, other, |candidate, _| {
                    candidate.tell(now, |session| session.identify(IdentifyMode::Off))
                });
            }
        }
        self.phase = Phase::Selected(Selection {
            index,
            level: self.level_of(index),
            revealed: false,
            stage: Stage::Guard,
            unanswered,
            until: now + GUARD,
            silent_until: now + GUARD + SILENCE,
            missed: 0,
            press: None,
            decided: None,
        });
        let product = self.product(index);
        self.tell(now, Event::Touched { product });
    }

    /// Whether another near device may have been touched without our knowing (rule A-j).
    fn somebody_is_silent(&self) -> bool {
        let Phase::Selected(selection) = &self.phase else {
            return false;
        };
        self.candidates
            .iter()
            .enumerate()
            .any(|(index, candidate)| {
                index != selection.index
                    && (candidate.may_hide_a_touch() || selection.unanswered.contains(&index))
                    && self.sightings.may_be_near(&candidate.id)
            })
    }

    pub(super) fn advance_selection(&mut self, now: Duration) {
        let Phase::Selected(selection) = &self.phase else {
            return;
        };
        let (index, stage) = (selection.index, selection.stage);
        let (due, overdue) = (selection.until <= now, selection.silent_until <= now);
        // Who else is about makes no difference to what the person counts.
        let counted = selection.level > Level::L1;
        if !counted && self.foreign_armed(now) {
            return self.release_for_overlap(now, index, "foreign device armed");
        }
        if !counted && self.busy_at.is_some() {
            return self.release_for_overlap(now, index, "a device is busy");
        }
        match stage {
            Stage::Guard | Stage::Decided if !due => {}
            Stage::Guard | Stage::Decided if !counted && self.somebody_is_silent() => {
                if overdue {
                    self.release_for_overlap(now, index, "a device is silent");
                }
            }
            // A device that has lost its link is waited for.
            Stage::Guard if !self.is_touched(index) => {}
            // "Touch received" is heard to its end before the device is.
            Stage::Guard if now < self.turns.quiet_until() => {}
            Stage::Guard if counted => self.await_networks(now, index),
            Stage::Guard => self.ask_for_response(now, index),
            Stage::Decided => self.begin_delivery(now),
            _ if !due => {}
            Stage::Counting => {}
            Stage::AwaitResponding => self.no_response(now, index),
            Stage::AwaitNetworks => self.ask_the_person(now, index),
            Stage::AwaitChoice => self.respond_again(now, index),
        }
    }

    /// Whether the touched device is there.
    pub(super) fn is_touched(&self, index: usize) -> bool {
        self.candidates
            .get(index)
            .is_some_and(|candidate| candidate.state == State::Touched)
    }

    fn ask_for_response(&mut self, now: Duration, index: usize) {
        self.set_stage(Stage::AwaitResponding, now + RESPONSE);
        self.act_on(now, index, |candidate, _| {
            candidate.tell(now, |session| session.identify(IdentifyMode::Respond))
        });
    }

    /// Over a new link, perhaps.
    fn no_response(&mut self, now: Duration, index: usize) {
        if !self.is_touched(index) {
            return;
        }
        let Phase::Selected(selection) = &mut self.phase else {
            return;
        };
        selection.missed += 1;
        if selection.missed >= RESPONSES {
            return self.failed(now, Outcome::Unfinished, codes::DEVICE);
        }
        self.act_on(now, index, |candidate, _| {
            vec![candidate.lost("no response")]
        });
    }

    /// The screen says that the device responds now, however long the person takes.
    fn respond_again(&mut self, now: Duration, index: usize) {
        let waiting = matches!(&self.phase, Phase::Selected(selection)
            if selection.press.is_none() && selection.level == Level::L1);
        self.set_stage(Stage::AwaitChoice, now + RESPOND_AGAIN);
        if waiting && self.is_touched(index) {
            self.act_on(now, index, |candidate, _| {
                candidate.tell(now, |session| session.identify(IdentifyMode::Respond))
            });
        }
    }

    fn set_stage(&mut self, stage: Stage, until: Duration) {
        if let Phase::Selected(selection) = &mut self.phase {
            selection.stage = stage;
            selection.until = until;
        }
    }

    /// The person has decided; the credentials go out as soon as no other device can have been touched.
    pub(super) fn decide(&mut self, now: Duration, network: Network) {
        if let Phase::Selected(selection) = &mut self.phase {
            selection.stage = Stage::Decided;
            selection.decided = Some(Box::new(network));
            selection.until = now;
            selection.silent_until = now + SILENCE;
        }
    }

    /// A status while one device is selected.
    pub(super) fn selection_status(&mut self, now: Duration, index: usize, status: Status) {
        let Phase::Selected(selection) = &mut self.phase else {
            return;
        };
        if index != selection.index {
            // A device that waits for no touch has not been touched either.
            if matches!(
                status,
                Status::Untouched | Status::Disarmed | Status::UnownedUnclaimed
            ) {
                selection.unanswered.retain(|other| *other != index);
            }
            return;
        }
        match status {
            Status::Responding if selection.stage == Stage::AwaitResponding => {
                self.await_networks(now, index)
            }
            Status::RespondRefused => self.release_for_overlap(now, index, "respond refused"),
            Status::Disarmed => self.claim_gone(now, index),
            _ => {}
        }
    }

    pub(super) fn networks_came(&mut self, now: Duration, index: usize) {
        self.note(now, index, "networks", None);
        if self.chosen() != Some(index) {
            return;
        }
        let stage = match &self.phase {
            Phase::Selected(selection) => Some(selection.stage),
            _ => None,
        };
        match stage {
            Some(Stage::AwaitNetworks) => self.ask_the_person(now, index),
            Some(Stage::Guard | Stage::AwaitResponding | Stage::Counting) => {}
            Some(Stage::AwaitChoice | Stage::Decided) | None => {
                let items = self.network_items(index);
                self.tell(now, Event::Networks(items));
            }
        }
    }

    /// What the device sees is waited for, within reason.
    fn await_networks(&mut self, now: Duration, index: usize) {
        self.set_stage(Stage::AwaitNetworks, now + RESPONSE);
        let candidate = self.candidates.get(index);
        if candidate.is_some_and(|candidate| candidate.networks.is_some()) {
            self.ask_the_person(now, index);
        }
    }

    /// Level L2 is counted first.
    fn ask_the_person(&mut self, now: Duration, index: usize) {
        match self.level_of(index) {
            Level::L1 => self.offer_networks(now, index),
            // One that has lost its link is touched again.
            Level::L2 if !self.is_touched(index) => {}
            Level::L2 if !self.may_count() => self.not_confirmed(now),
            Level::L2 => {
                self.set_stage(Stage::Counting, now);
                let actuators = self.actuators(index);
                self.tell(now, Event::CountSignals { actuators });
            }
        }
    }

    /// The level at which this device was armed.
    fn level_of(&self, index: usize) -> Level {
        self.candidates
            .get(index)
            .map_or(Level::L1, Candidate::level)
    }

    /// What the device has, as attested.
    fn actuators(&self, index: usize) -> Actuators {
        let verdict = self.candidates.get(index).and_then(|c| c.verdict.as_ref());
        verdict.map_or(Actuators::default(), |verdict| Actuators {
            sound: verdict.actuators().sound,
            light: verdict.actuators().light,
            vibration: verdict.actuators().vibration,
        })
    }

    /// Asks which network, and at level L1 with the answer whether it is the right device.
    pub(super) fn offer_networks(&mut self, now: Duration, index: usize) {
        if let Phase::Selected(selection) = &mut self.phase {
            selection.press = None;
        }
        self.set_stage(Stage::AwaitChoice, now + RESPOND_AGAIN);
        let networks = self.network_items(index);
        let preselected = networks.iter().position(|item| item.saved).unwrap_or(0);
        // After the counts the device is still.
        let actuators = match self.level_of(index) {
            Level::L1 => self.actuators(index),
            Level::L2 => Actuators::default(),
        };
        let product = self.product(index);
        self.tell(
            now,
            Event::ChooseNetwork {
                product,
                actuators,
                networks,
                preselected,
            },
        );
    }

    /// The claim was found again after a lost link.
    pub(super) fn resumed(&mut self, now: Duration, index: usize, resumed: Resumed) {
        self.note(now, index, "resumed", Some(format!("{:?}", resumed.state)));
        match &self.phase {
            Phase::Selected(selection) if selection.index == index => {
                let stage = selection.stage;
                self.tell(now, Event::LinkBack);
                if resumed.contended > 0 {
                    self.release_for_overlap(now, index, "contended");
                } else if stage == Stage::AwaitChoice {
                    self.respond_again(now, index);
                } else if stage != Stage::Decided {
                    self.set_stage(Stage::Guard, now + GUARD);
                    if let Phase::Selected(selection) = &mut self.phase {
                        selection.silent_until = now + GUARD + SILENCE;
                    }
                }
            }
            Phase::Delivering(delivery) if delivery.index == index => {
                self.delivery_resumed(now, index, resumed)
            }
            // A touch nobody saw arrive: as if it came now.
            Phase::Searching | Phase::Selected(_) => self.touched(now, index, resumed.contended),
            _ => self.release(now, index, ReleaseReason::Cancelled),
        }
    }

    /// A claim that this process cannot use: of an earlier process, or of an ARM that was given up.
    pub(super) fn resumed_elsewhere(&mut self, now: Duration, index: usize) {
        self.note(now, index, "resumed elsewhere", None);
        self.release(now, index, ReleaseReason::Cancelled);
        if matches!(self.phase, Phase::Selected(_) | Phase::Delivering(_)) {
            self.claim_gone(now, index);
        }
    }

    /// The touch is void: the person is asked again, and nothing typed is lost.
    pub(super) fn claim_gone(&mut self, now: Duration, index: usize) {
        let chosen = self.chosen() == Some(index);
        match &mut self.phase {
            Phase::Cancelling(_) => {
                return self.release(now, index, ReleaseReason::Cancelled);
            }
            Phase::Forgetting { .. } => return self.ask_whether_forgotten(now, index),
            Phase::Unfinished(_) if chosen => return self.nothing_to_finish(now, index),
            // It has told of no touch over its new link; it may still be touched.
            Phase::Selected(selection) if !chosen => {
                selection.unanswered.retain(|other| *other != index);
                return;
            }
            _ => {}
        }
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        let was_touched = candidate.is_touched();
        let counted = candidate.level() > Level::L1;
        candidate.forget_touch();
        if was_touched {
            self.note(now, index, "claim gone", None);
        }
        if chosen && counted {
            self.touch_again(now, AgainReason::LinkLost);
        } else if chosen {
            self.search_again(now);
            let why = AgainReason::Restarted;
            self.tell(now, Event::TouchAgain { why });
        }
    }

    /// The person says that another device is responding than the one meant.
    pub(super) fn not_my_device(&mut self, now: Duration) {
        let Phase::Selected(selection) = &self.phase else {
            return;
        };
        let index = selection.index;
        if let Some(candidate) = self.candidates.get_mut(index) {
            candidate.excluded = true;
            self.excluded.extend(candidate.ueid());
        }
        self.release(now, index, ReleaseReason::NotMyDevice);
        self.search_again(now);
        let others = self
            .candidates
            .iter()
            .enumerate()
            .any(|(other, candidate)| {
                other != index && candidate.state.is_after_evidence() && !candidate.excluded
            });
        let why = AgainReason::NotMine;
        self.tell(
            now,
            if others {
                Event::TouchAgain { why }
            } else {
                // Nothing else is about to wait for a touch.
                Event::LetGo
            },
        );
    }
}
