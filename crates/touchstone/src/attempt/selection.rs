//! From the touch to the person's confirmation (protocol rules A-b, A-d, A-j): genuine is not yet "mine".

use std::time::Duration;

use touchstone_flow::{Actuators, Event, NetworkItem, NetworkName, Strength};
use touchstone_proto::{
    phone::Confirmed,
    record::{IdentifyMode, ReleaseReason, Resumed, SeenNetwork, Status},
};

use super::{
    Core, Phase,
    candidate::{Candidate, State},
};
use crate::report::Outcome;

/// How long another touch, or another armed device, can still show up (docs/PROTOCOL.md section 8).
const GUARD: Duration = Duration::from_millis(1500);
/// Patience for the response signal and the list of networks.
const RESPONSE: Duration = Duration::from_secs(5);
/// After this many releases because of an overlap, the person is asked to try later (rule A-b).
const OVERLAPS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Guard,
    AwaitResponding,
    AwaitNetworks,
    AwaitChoice,
}

/// The touched device on its way to being confirmed.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) index: usize,
    stage: Stage,
    /// Devices that have not yet said that nobody touched them.
    unanswered: Vec<usize>,
    until: Duration,
    pub(super) confirmed: Option<Confirmed>,
}

impl Selection {
    pub(super) fn deadline(&self) -> Option<Duration> {
        (self.stage != Stage::AwaitChoice).then_some(self.until)
    }

    pub(super) fn asks_for_a_network(&self) -> bool {
        self.stage == Stage::AwaitChoice
    }
}

impl Core {
    /// The device the person touched, if it is still the only one.
    pub(super) fn chosen(&self) -> Option<usize> {
        match &self.phase {
            Phase::Selected(selection) => Some(selection.index),
            Phase::Delivering(delivery) => Some(delivery.index),
            Phase::Cancelling { index, .. } => *index,
            _ => None,
        }
    }

    pub(super) fn touched(&mut self, now: Duration, index: usize, contended: u32) {
        self.note(
            now,
            index,
            "touched",
            Some(format!("contended {contended}")),
        );
        match &self.phase {
            Phase::Searching if contended > 0 => self.release_for_overlap(now, "contended"),
            Phase::Searching => self.select(now, index),
            Phase::Selected(selection) if selection.index != index => {
                self.several_touched(now, index)
            }
            Phase::Selected(_) | Phase::Delivering(_) if self.chosen() == Some(index) => {}
            _ => {
                self.act_on(now, index, |candidate, _| {
                    candidate.release(now, ReleaseReason::AnotherChosen)
                });
            }
        }
    }

    fn select(&mut self, now: Duration, index: usize) {
        let mut unanswered = Vec::new();
        for other in 0..self.candidates.len() {
            let armed = self
                .candidates
                .get(other)
                .is_some_and(Candidate::may_be_armed);
            if other != index && armed {
                unanswered.push(other);
                self.act_on(now, other, |candidate, _| {
                    candidate.tell(now, |session| session.identify(IdentifyMode::Off))
                });
            }
        }
        self.phase = Phase::Selected(Selection {
            index,
            stage: Stage::Guard,
            unanswered,
            until: now + GUARD,
            confirmed: None,
        });
        let product = self.product(index);
        self.tell(now, Event::Touched { product });
    }

    /// Both are released, and the person is asked again.
    fn several_touched(&mut self, now: Duration, other: usize) {
        let Some(chosen) = self.chosen() else { return };
        self.overlaps += 1;
        for index in [chosen, other] {
            self.act_on(now, index, |candidate, _| {
                candidate.release(now, ReleaseReason::SeveralTouched)
            });
        }
        if self.overlaps >= OVERLAPS {
            return self.stop(now, Outcome::AnotherNearby, Event::AnotherNearby);
        }
        self.phase = Phase::Searching;
        // The sentence asks for the touch itself.
        self.prompt.already_asked();
        self.tell(now, Event::SeveralTouched);
    }

    /// Somebody else is about: nothing is confirmed while that is so.
    fn release_for_overlap(&mut self, now: Duration, why: &'static str) {
        self.recorder
            .note(now, "overlap", None, Some(why.to_owned()));
        self.overlaps += 1;
        if self.overlaps >= OVERLAPS {
            return self.stop(now, Outcome::AnotherNearby, Event::AnotherNearby);
        }
        for index in 0..self.candidates.len() {
            if self
                .candidates
                .get(index)
                .is_some_and(|c| c.is_ready() || c.state == State::AwaitArmed)
            {
                self.act_on(now, index, |candidate, _| {
                    candidate.release(now, ReleaseReason::Overlap)
                });
            }
        }
        self.phase = Phase::Overlapped;
        self.prompt.forget();
        self.recorder.outcome(Outcome::AnotherNearby);
        self.tell(now, Event::AnotherNearby);
    }

    fn foreign_armed(&self, now: Duration) -> bool {
        self.sightings.foreign_armed(now, |id, advert| {
            self.candidates.iter().any(|candidate| {
                candidate.made(now, advert) || (candidate.id == *id && candidate.is_ours())
            })
        })
    }

    pub(super) fn advance_phase(&mut self, now: Duration) {
        match &self.phase {
            Phase::Selected(_) if self.foreign_armed(now) => {
                self.release_for_overlap(now, "foreign device armed")
            }
            Phase::Selected(selection) => {
                let (index, stage, due) =
                    (selection.index, selection.stage, selection.until <= now);
                match stage {
                    Stage::Guard if due && !selection.unanswered.is_empty() => {
                        self.release_for_overlap(now, "a candidate is silent");
                    }
                    Stage::Guard if due => self.ask_for_response(now, index),
                    Stage::AwaitResponding if due => {
                        self.act_on(now, index, |candidate, _| {
                            vec![candidate.lost(now, "no response")]
                        });
                        self.wait_again(now);
                    }
                    Stage::AwaitNetworks if due => self.offer_networks(now, index),
                    _ => {}
                }
            }
            _ => self.advance_delivery(now),
        }
    }

    fn ask_for_response(&mut self, now: Duration, index: usize) {
        self.set_stage(Stage::AwaitResponding, now + RESPONSE);
        self.act_on(now, index, |candidate, _| {
            candidate.tell(now, |session| session.identify(IdentifyMode::Respond))
        });
    }

    fn set_stage(&mut self, stage: Stage, until: Duration) {
        if let Phase::Selected(selection) = &mut self.phase {
            selection.stage = stage;
            selection.until = until;
        }
    }

    fn wait_again(&mut self, now: Duration) {
        self.set_stage(Stage::AwaitResponding, now + RESPONSE);
    }

    /// A status while one device is selected.
    pub(super) fn selection_status(&mut self, now: Duration, index: usize, status: Status) {
        let Phase::Selected(selection) = &mut self.phase else {
            return;
        };
        match status {
            Status::Untouched => selection.unanswered.retain(|other| *other != index),
            Status::Responding
                if index == selection.index && selection.stage == Stage::AwaitResponding =>
            {
                selection.stage = Stage::AwaitNetworks;
                selection.until = now + RESPONSE;
                if self
                    .candidates
                    .get(index)
                    .is_some_and(|candidate| candidate.networks.is_some())
                {
                    self.offer_networks(now, index);
                }
            }
            Status::RespondRefused if index == selection.index => {
                self.release_for_overlap(now, "respond refused")
            }
            Status::Disarmed if index == selection.index => self.claim_gone(now, index),
            _ => {}
        }
    }

    pub(super) fn networks_came(&mut self, now: Duration, index: usize) {
        self.note(now, index, "networks", None);
        match &self.phase {
            Phase::Selected(selection) if selection.index == index => match selection.stage {
                Stage::AwaitNetworks => self.offer_networks(now, index),
                Stage::AwaitChoice => {
                    let items = self.network_items(index);
                    self.tell(now, Event::Networks(items));
                }
                _ => {}
            },
            Phase::Delivering(delivery) if delivery.index == index => {
                let items = self.network_items(index);
                self.tell(now, Event::Networks(items));
            }
            _ => {}
        }
    }

    fn offer_networks(&mut self, now: Duration, index: usize) {
        self.set_stage(Stage::AwaitChoice, now);
        let networks = self.network_items(index);
        let preselected = networks.iter().position(|item| item.saved).unwrap_or(0);
        let actuators = self
            .candidates
            .get(index)
            .and_then(|c| c.verdict.as_ref())
            .map_or(Actuators::default(), |verdict| Actuators {
                sound: verdict.actuators().sound,
                light: verdict.actuators().light,
                vibration: verdict.actuators().vibration,
            });
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

    /// The device's scan as the person sees it: one entry a name, strongest first, nothing we could not join.
    fn network_items(&self, index: usize) -> Vec<NetworkItem> {
        let seen = self
            .candidates
            .get(index)
            .and_then(|candidate| candidate.networks.as_deref())
            .unwrap_or_default();
        let mut items: Vec<NetworkItem> = Vec::new();
        for network in seen {
            let saved = self.saved_network(network.ssid.as_bytes()).is_some();
            let known = items
                .iter()
                .any(|item| item.ssid.octets() == network.ssid.as_bytes());
            if !known && (saved || network.security.is_personal() || !network.security.is_secured())
            {
                items.push(NetworkItem {
                    ssid: NetworkName::new(network.ssid.as_bytes()),
                    secured: network.security.is_secured(),
                    saved,
                    strength: strength(network),
                });
            }
        }
        items
    }

    /// The claim was found again after a lost link.
    pub(super) fn resumed(&mut self, now: Duration, index: usize, resumed: Resumed) {
        self.note(now, index, "resumed", Some(format!("{:?}", resumed.state)));
        match &self.phase {
            Phase::Selected(selection) if selection.index == index => {
                let choosing = selection.stage == Stage::AwaitChoice;
                self.tell(now, Event::LinkBack);
                if resumed.contended > 0 {
                    self.release_for_overlap(now, "contended");
                } else if choosing {
                    self.act_on(now, index, |c, _| {
                        c.tell(now, |session| session.identify(IdentifyMode::Respond))
                    });
                } else {
                    self.set_stage(Stage::Guard, now + GUARD);
                }
            }
            Phase::Delivering(delivery) if delivery.index == index => {
                self.delivery_resumed(now, index, resumed)
            }
            Phase::Cancelling { .. } => {
                self.act_on(now, index, |candidate, _| {
                    candidate.release(now, ReleaseReason::Cancelled)
                });
            }
            // A touch nobody saw arrive: as if it came now.
            Phase::Searching => self.touched(now, index, resumed.contended),
            _ => {}
        }
    }

    /// The touch is void: the person is asked again, and nothing typed is lost.
    pub(super) fn claim_gone(&mut self, now: Duration, index: usize) {
        self.note(now, index, "claim gone", None);
        if let Some(candidate) = self.candidates.get_mut(index) {
            candidate.forget_touch();
        }
        if self.chosen() == Some(index) && !matches!(self.phase, Phase::Cancelling { .. }) {
            self.phase = Phase::Searching;
            self.prompt.forget();
            self.start_scan();
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
        }
        self.act_on(now, index, |candidate, _| {
            candidate.release(now, ReleaseReason::NotMyDevice)
        });
        self.phase = Phase::Searching;
        self.prompt.forget();
        if !self.candidates.iter().any(Candidate::is_ready) {
            // Nothing else waits for a touch: the question about the refused device must not stay on the screen.
            self.tell(now, Event::Scanning);
        }
    }

    /// Back to the prompt after an overlap.
    pub(super) fn search_again(&mut self) {
        self.phase = Phase::Searching;
        self.prompt.forget();
    }

    pub(super) fn person_was_told_of_the_link(&self) -> bool {
        !matches!(self.phase, Phase::Cancelling { .. })
    }
}

fn strength(network: &SeenNetwork) -> Strength {
    match network.rssi {
        -60.. => Strength::Strong,
        -75.. => Strength::Fair,
        _ => Strength::Weak,
    }
}
