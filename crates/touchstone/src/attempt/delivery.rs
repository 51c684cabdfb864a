//! From the person's confirmation to COMMITTED: credentials, join, commit; and the way back by cancelling.

use std::time::Duration;

use touchstone_flow::{DoneNote, Event, NetworkChoice, Password};
use touchstone_proto::{
    credentials::{CredentialError, Credentials, Network, Passphrase, Secret, Security, Ssid},
    phone::Confirmed,
    record::{ErrorCode, ReleaseReason, Resumed, ResumedState, Status},
};

use super::{
    Action, Core, Phase,
    candidate::{Candidate, State},
    codes,
};
use crate::report::Outcome;

/// How long RELEASED may take when nothing was sent to the device.
const RELEASING: Duration = Duration::from_secs(2);
/// How long it may take when credentials were: the roll-back must be confirmed.
pub(super) const ROLLING_BACK: Duration = Duration::from_secs(10);

/// The confirmed device and what it is given.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) index: usize,
    network: Network,
    /// The key store remembers durably that credentials went out; nothing is sealed before.
    durable: bool,
    /// The person was told that the device is joining.
    joining: bool,
    offline: bool,
}

impl Core {
    pub(super) fn phase_deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Selected(selection) => selection.deadline(),
            Phase::Cancelling { until, .. } => Some(*until),
            _ => None,
        }
    }

    pub(super) fn advance_delivery(&mut self, now: Duration) {
        let Phase::Cancelling { index, until, .. } = self.phase else {
            return;
        };
        let waiting = self
            .candidates
            .iter()
            .any(|candidate| candidate.state == State::AwaitReleased);
        if !waiting {
            self.cancelled(now);
        } else if now >= until && index.is_none() {
            // Nothing was sent: whatever the device missed ends with its own timers.
            self.cancelled(now);
        } else if now >= until {
            self.phase = Phase::Stopped;
            self.let_everyone_go(now, ReleaseReason::Cancelled);
            self.tell(now, Event::LinkLost);
        }
    }

    fn cancelled(&mut self, now: Duration) {
        self.let_everyone_go(now, ReleaseReason::Cancelled);
        self.phase = Phase::Stopped;
        self.recorder.outcome(Outcome::Cancelled);
        self.tell(now, Event::Cancelled);
    }

    /// The person cancels: what was sent is taken back, and "not changed" is said only when the device says so.
    pub(super) fn cancel(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Cancelling { .. } | Phase::Done) {
            return;
        }
        let delivering = match &self.phase {
            Phase::Delivering(delivery) => Some(delivery.index),
            _ => None,
        };
        self.stop_scan();
        for index in 0..self.candidates.len() {
            self.act_on(now, index, |candidate, _| {
                candidate.release(now, ReleaseReason::Cancelled)
            });
        }
        let patience = if delivering.is_some() {
            ROLLING_BACK
        } else {
            RELEASING
        };
        self.phase = Phase::Cancelling {
            index: delivering,
            until: now + patience,
        };
    }

    /// RELEASED has come.
    pub(super) fn released(&mut self, now: Duration, index: usize) {
        self.note(now, index, "released", None);
        let for_good = !matches!(
            self.phase,
            Phase::Searching | Phase::Overlapped | Phase::Selected(_)
        ) || self
            .candidates
            .get(index)
            .is_some_and(|candidate| candidate.excluded);
        if !for_good || matches!(self.phase, Phase::Done) {
            return;
        }
        // Only now is it certain that the device keeps nothing of this key.
        if let Some(ueid) = self.candidates.get(index).and_then(Candidate::ueid) {
            self.actions
                .push_back(Action::MarkSent { ueid, sent: false });
            self.actions.push_back(Action::ForgetOwner(ueid));
        }
        self.drop_candidate(index);
    }

    /// The person decided on a network, and with the same press or an earlier one on the device.
    pub(super) fn use_network(
        &mut self,
        now: Duration,
        choice: &NetworkChoice,
        password: Option<&Password>,
    ) {
        let (index, first) = match &self.phase {
            Phase::Selected(selection)
                if selection.asks_for_a_network() && selection.confirmed.is_some() =>
            {
                (selection.index, true)
            }
            Phase::Delivering(delivery) => (delivery.index, false),
            _ => return,
        };
        let network = match self.network(index, choice, password) {
            Ok(network) => network,
            Err(error) => {
                self.note(now, index, "credentials refused", Some(error.to_string()));
                return self.tell(
                    now,
                    Event::Failed {
                        code: codes::CREDENTIALS,
                    },
                );
            }
        };
        self.phase = Phase::Delivering(Box::new(Delivery {
            index,
            network,
            durable: !first,
            joining: false,
            offline: false,
        }));
        self.tell(now, Event::Sending);
        if first {
            self.stop_scan();
            self.release_losers(now, index);
            if let Some(ueid) = self.candidates.get(index).and_then(Candidate::ueid) {
                self.actions
                    .push_back(Action::MarkSent { ueid, sent: true });
            }
        } else {
            self.deliver(now);
        }
    }

    fn release_losers(&mut self, now: Duration, chosen: usize) {
        for index in 0..self.candidates.len() {
            if index == chosen {
                continue;
            }
            if self
                .candidates
                .get(index)
                .is_some_and(|candidate| candidate.state.is_after_evidence())
            {
                self.act_on(now, index, |candidate, _| {
                    candidate.release(now, ReleaseReason::AnotherChosen)
                });
            } else {
                self.drop_candidate(index);
            }
        }
    }

    pub(super) fn sent_is_durable(&mut self, now: Duration) {
        if let Phase::Delivering(delivery) = &mut self.phase
            && !delivery.durable
        {
            delivery.durable = true;
            self.deliver(now);
        }
    }

    /// Seals and sends the credentials, if the link is there; otherwise the resumed session does it.
    fn deliver(&mut self, now: Duration) {
        let Phase::Delivering(delivery) = &self.phase else {
            return;
        };
        if !delivery.durable {
            return;
        }
        let index = delivery.index;
        match Credentials::new([delivery.network.clone()]) {
            Ok(credentials) => self.act_on(now, index, |c, _| {
                c.deliver(now, Confirmed::by_the_persons_press(), &credentials)
            }),
            Err(error) => {
                self.note(now, index, "credentials refused", Some(error.to_string()));
                self.tell(
                    now,
                    Event::Failed {
                        code: codes::CREDENTIALS,
                    },
                );
            }
        }
    }

    /// Sends the same again: "Try again" where nothing was corrected.
    pub(super) fn deliver_again(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Delivering(_)) {
            self.tell(now, Event::Sending);
            self.deliver(now);
        }
    }

    pub(super) fn delivery_resumed(&mut self, now: Duration, index: usize, resumed: Resumed) {
        self.tell(now, Event::LinkBack);
        match resumed.state {
            ResumedState::Touched => self.deliver(now),
            ResumedState::Joined => self.confirm(now, index),
            // The status that follows says more.
            _ => {}
        }
    }

    pub(super) fn status(&mut self, now: Duration, index: usize, status: Status) {
        self.note(now, index, status_name(status), None);
        let Phase::Delivering(delivery) = &mut self.phase else {
            return self.selection_status(now, index, status);
        };
        if delivery.index != index {
            return;
        }
        let event = match status {
            Status::Accepted | Status::Connecting if delivery.joining => return,
            Status::Accepted | Status::Connecting => {
                delivery.joining = true;
                Event::Joining
            }
            Status::WrongPassword => Event::WrongPassword,
            Status::NetworkNotFound => Event::NetworkNotFound { band: None },
            Status::DhcpFailed => Event::DhcpFailed,
            Status::NoInternet => {
                delivery.offline = true;
                Event::NoInternet
            }
            Status::Joined { .. } => {
                if std::mem::take(&mut delivery.offline) {
                    self.tell(now, Event::InternetBack);
                }
                return self.confirm(now, index);
            }
            Status::Disarmed => return self.claim_gone(now, index),
            _ => return,
        };
        self.tell(now, event);
    }

    /// Asks for the atomic commit, once.
    pub(super) fn confirm(&mut self, now: Duration, index: usize) {
        self.tell(now, Event::Saving);
        self.act_on(now, index, |candidate, _| candidate.confirm(now));
    }

    /// The person is content without internet.
    pub(super) fn finish_anyway(&mut self, now: Duration) {
        if let Phase::Delivering(delivery) = &self.phase {
            let index = delivery.index;
            self.confirm(now, index);
        }
    }

    /// The device has stored owner and network: ours, or those of an earlier set-up.
    pub(super) fn committed(&mut self, now: Duration, index: usize, commit_id: [u8; 16]) {
        self.note(now, index, "committed", None);
        let Some(candidate) = self.candidates.get(index) else {
            return;
        };
        match &self.phase {
            Phase::Delivering(delivery) if delivery.index == index => {
                if candidate.commit_id() != Some(commit_id) {
                    return self.stop(
                        now,
                        Outcome::Unfinished,
                        Event::Failed {
                            code: codes::COMMIT,
                        },
                    );
                }
                let network = delivery.network.clone();
                self.done(now, index, network);
            }
            _ => self.owned_by_us(now, index),
        }
    }

    fn done(&mut self, now: Duration, index: usize, network: Network) {
        let candidate = self.candidates.get(index);
        let ueid = candidate.and_then(Candidate::ueid);
        let development = candidate
            .and_then(|c| c.verdict.as_ref())
            .is_some_and(|verdict| verdict.is_development());
        let note = if development {
            DoneNote::DevelopmentDevice
        } else {
            DoneNote::NotYetConfirmedOnline
        };
        let product = self.product(index);
        self.phase = Phase::Done;
        self.recorder.outcome(Outcome::Connected);
        // RELEASE acknowledges COMMITTED; the device closes its window.
        self.act_on(now, index, |candidate, _| {
            candidate.release(now, ReleaseReason::Done)
        });
        self.let_everyone_go(now, ReleaseReason::Done);
        self.actions.push_back(Action::SaveNetwork(network));
        if let Some(ueid) = ueid {
            self.actions
                .push_back(Action::MarkSent { ueid, sent: false });
        }
        self.tell(
            now,
            Event::Done {
                product,
                note: Some(note),
            },
        );
    }

    pub(super) fn device_error(&mut self, now: Duration, index: usize, code: ErrorCode) {
        self.note(now, index, "device error", Some(format!("{code:?}")));
        if self.chosen() == Some(index) {
            self.tell(
                now,
                Event::Failed {
                    code: codes::DEVICE,
                },
            );
        }
    }

    pub(super) fn saved_network(&self, ssid: &[u8]) -> Option<&Network> {
        self.saved
            .iter()
            .flatten()
            .find(|network| network.ssid().as_bytes() == ssid)
    }

    /// What the person chose, as the device needs it.
    fn network(
        &self,
        index: usize,
        choice: &NetworkChoice,
        password: Option<&Password>,
    ) -> Result<Network, CredentialError> {
        let octets = choice.ssid().octets();
        let ssid = Ssid::new(octets)?;
        let seen = self
            .candidates
            .get(index)
            .and_then(|candidate| candidate.networks.as_ref());
        let seen = seen.and_then(|networks| networks.iter().find(|network| network.ssid == ssid));
        let typed = matches!(choice, NetworkChoice::Typed { .. });
        match (password, self.saved_network(octets)) {
            (None, Some(saved)) => Ok(saved.clone()),
            (None, None) => {
                let security = seen.map_or(Security::Open, |network| network.security);
                Ok(
                    Network::new(ssid, security, Secret::None)?
                        .with_hidden(typed && seen.is_none()),
                )
            }
            (Some(password), _) => {
                let security = seen.map_or(Security::Wpa2Wpa3, |network| network.security);
                let passphrase = Passphrase::new(password.expose().as_bytes())?;
                Ok(
                    Network::new(ssid, security, Secret::Passphrase(passphrase))?
                        .with_hidden(typed && seen.is_none()),
                )
            }
        }
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Untouched => "status untouched",
        Status::Responding => "status responding",
        Status::Accepted => "status accepted",
        Status::Connecting => "status connecting",
        Status::WrongPassword => "status wrong password",
        Status::NetworkNotFound => "status network not found",
        Status::DhcpFailed => "status dhcp failed",
        Status::NoInternet => "status no internet",
        Status::Joined { .. } => "status joined",
        Status::Disarmed => "status disarmed",
        Status::RespondRefused => "status respond refused",
        Status::UnownedUnclaimed => "status unowned and unclaimed",
        _ => "status",
    }
}
