//! From the person's confirmation to COMMITTED: credentials, join, commit.

use std::time::Duration;

use touchstone_flow::{DoneNote, Event, NetworkChoice, Password};
use touchstone_proto::{
    credentials::{CredentialError, Credentials, Network},
    record::{ReleaseReason, Resumed, ResumedState, Status},
};
use touchstone_trust::Ueid;

use super::{
    Action, Core, Phase,
    candidate::{Candidate, State},
    codes,
    command::Press,
};
use crate::{ports::OwnerKeyError, report::Outcome};

/// The confirmed device and what it is given.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) index: usize,
    pub(super) network: Network,
    /// The press that confirmed the device.
    press: Press,
    /// The key store remembers durably that credentials went out; nothing is sealed before.
    durable: bool,
    /// Credentials were sealed for this device at least once.
    sealed: bool,
    /// The device has said that it holds the present ones.
    accepted: bool,
    offline: bool,
    /// The person is content without internet, with this network.
    anyway: bool,
}

impl Core {
    /// The person decided on a network, and with the same press or an earlier one on the device.
    pub(super) fn use_network(
        &mut self,
        now: Duration,
        choice: &NetworkChoice,
        password: Option<&Password>,
    ) {
        let index = match &self.phase {
            Phase::Selected(selection)
                if selection.asks_for_a_network() && selection.press.is_some() =>
            {
                selection.index
            }
            Phase::Delivering(delivery) => delivery.index,
            _ => return,
        };
        let network = match self.network(index, choice, password) {
            Ok(network) => network,
            Err(error) => return self.credentials_refused(now, index, error),
        };
        self.tell(now, Event::Sending);
        match &mut self.phase {
            Phase::Selected(_) => self.decide(now, network),
            Phase::Delivering(delivery) => {
                delivery.network = network;
                delivery.accepted = false;
                delivery.anyway = false;
                self.deliver(now);
            }
            _ => {}
        }
    }

    /// Nothing out of range is ever sealed; the person can correct a password.
    fn credentials_refused(&mut self, now: Duration, index: usize, error: CredentialError) {
        self.note(now, index, "credentials refused", Some(error.to_string()));
        let event = match error {
            CredentialError::PassphraseLength { .. }
            | CredentialError::PassphraseCharacter
            | CredentialError::KeyNotHexadecimal => Event::WrongPassword,
            _ => Event::Failed {
                code: codes::CREDENTIALS,
            },
        };
        self.tell(now, event);
    }

    pub(super) fn begin_delivery(&mut self, now: Duration) {
        let Phase::Selected(selection) = &mut self.phase else {
            return;
        };
        let index = selection.index;
        let (Some(network), Some(press)) = (selection.decided.take(), selection.press.take())
        else {
            return;
        };
        self.phase = Phase::Delivering(Box::new(Delivery {
            index,
            network: *network,
            press,
            durable: false,
            sealed: false,
            accepted: false,
            offline: false,
            anyway: false,
        }));
        if self.is_wired(index) {
            self.stop_scan();
        }
        self.release_losers(now, index);
        let device = self.candidates.get(index);
        let set_up = device.and_then(Candidate::commit_id);
        if let Some(ueid) = device.and_then(Candidate::ueid) {
            self.actions.push_back(Action::MarkSent(ueid, set_up));
        }
    }

    pub(super) fn release_losers(&mut self, now: Duration, chosen: usize) {
        for index in 0..self.candidates.len() {
            if index == chosen {
                continue;
            }
            if self
                .candidates
                .get(index)
                .is_some_and(|candidate| candidate.state.is_after_evidence())
            {
                self.release(now, index, ReleaseReason::AnotherChosen);
            } else {
                self.drop_candidate(index);
            }
        }
    }

    pub(super) fn sent_marked(
        &mut self,
        now: Duration,
        ueid: Ueid,
        sent: bool,
        outcome: &Result<(), OwnerKeyError>,
    ) {
        let waiting = match &self.phase {
            Phase::Delivering(delivery) => {
                let device = self.candidates.get(delivery.index);
                sent && !delivery.durable && device.and_then(Candidate::ueid) == Some(ueid)
            }
            _ => false,
        };
        match (&mut self.phase, outcome) {
            (Phase::Delivering(delivery), Ok(())) if waiting => {
                delivery.durable = true;
                self.deliver(now);
            }
            (_, Err(_)) => {
                self.recorder.note(now, "owner key failed", None, None);
                if waiting {
                    self.failed(now, Outcome::HostFault, codes::OWNER_KEY);
                }
            }
            _ => {}
        }
    }

    /// Seals and sends the credentials, if the link is there; otherwise the resumed session does it.
    fn deliver(&mut self, now: Duration) {
        let Phase::Delivering(delivery) = &mut self.phase else {
            return;
        };
        let index = delivery.index;
        let candidate = self.candidates.get(index);
        let is_there = candidate.is_some_and(|c| c.state == State::Touched);
        if !delivery.durable || !is_there {
            return;
        }
        let confirmed = delivery.press.confirmed();
        match Credentials::new([delivery.network.clone()]) {
            Ok(credentials) => {
                delivery.sealed = true;
                self.act_on(now, index, |c, _| c.deliver(now, confirmed, &credentials));
            }
            Err(error) => self.credentials_refused(now, index, error),
        }
    }

    /// Sends the same again: "Try again" where nothing was corrected.
    pub(super) fn deliver_again(&mut self, now: Duration) {
        if let Phase::Delivering(delivery) = &mut self.phase {
            delivery.accepted = false;
            self.tell(now, Event::Sending);
            self.deliver(now);
        }
    }

    pub(super) fn delivery_resumed(&mut self, now: Duration, index: usize, resumed: Resumed) {
        let Phase::Delivering(delivery) = &mut self.phase else {
            return;
        };
        let sealed = delivery.sealed;
        if resumed.state == ResumedState::Touched {
            delivery.accepted = false;
        }
        let accepted = delivery.accepted;
        self.stop_scan();
        self.tell(now, Event::LinkBack);
        let confirming = self.candidates.get(index).is_some_and(|c| c.confirming);
        if resumed.contended > 0 && !sealed {
            self.release_for_overlap(now, index, "contended");
        } else if !accepted {
            self.deliver(now);
        } else if confirming && resumed.state == ResumedState::Joined {
            self.confirm(now, index);
        }
        // Otherwise the status that follows says more: joined may be without internet.
    }

    pub(super) fn status(&mut self, now: Duration, index: usize, status: Status) {
        self.note(now, index, status_name(status), None);
        match &self.phase {
            Phase::Forgetting { index: which, .. } if *which == index => {
                self.forgetting_status(now, index, status)
            }
            Phase::Delivering(delivery) if delivery.index == index => {
                self.delivery_status(now, index, status)
            }
            Phase::Unfinished(unfinished) if unfinished.index == index => {
                self.unfinished_status(now, index, status)
            }
            _ => self.selection_status(now, index, status),
        }
    }

    fn delivery_status(&mut self, now: Duration, index: usize, status: Status) {
        let Phase::Delivering(delivery) = &mut self.phase else {
            return;
        };
        let confirming = self.candidates.get(index).is_some_and(|c| c.confirming);
        let event = match status {
            Status::Disarmed => return self.claim_gone(now, index),
            Status::Accepted => {
                delivery.accepted = true;
                Event::Joining
            }
            // About what the device tried before.
            _ if !delivery.accepted => return,
            Status::Joined { .. } if confirming => return self.confirm(now, index),
            Status::NoInternet if delivery.anyway => return self.confirm(now, index),
            Status::Joined { .. } => {
                if std::mem::take(&mut delivery.offline) {
                    self.tell(now, Event::InternetBack);
                }
                return self.confirm(now, index);
            }
            Status::WrongPassword => Event::WrongPassword,
            Status::NetworkNotFound => Event::NetworkNotFound,
            Status::DhcpFailed => Event::DhcpFailed,
            Status::NoInternet => {
                delivery.offline = true;
                Event::NoInternet
            }
            _ => return,
        };
        self.tell(now, event);
    }

    /// Asks for the atomic commit, once a link.
    pub(super) fn confirm(&mut self, now: Duration, index: usize) {
        self.tell(now, Event::Saving);
        self.act_on(now, index, |candidate, _| candidate.confirm(now));
    }

    /// The person is content without internet.
    pub(super) fn finish_anyway(&mut self, now: Duration) {
        if let Phase::Delivering(delivery) = &mut self.phase
            && delivery.offline
        {
            delivery.anyway = true;
            let index = delivery.index;
            self.confirm(now, index);
        }
    }

    /// The device has stored owner and network: ours, or those of an earlier set-up.
    pub(super) fn committed(&mut self, now: Duration, index: usize, commit_id: [u8; 16]) {
        self.note(now, index, "committed", None);
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        let finished = candidate.confirming && candidate.commit_id() == Some(commit_id);
        let known = candidate.earlier == Some(commit_id);
        let earlier_run = candidate.is_unfinished();
        candidate.is_ours(commit_id);
        if finished && earlier_run && !matches!(self.phase, Phase::Leaving { .. }) {
            return self.done(now, index, None);
        }
        let network = match &self.phase {
            Phase::Delivering(delivery) if delivery.index == index => Some(&delivery.network),
            // Too late to cancel: the device has it, and phone and device have to agree.
            Phase::Cancelling(cancelling) if cancelling.index() == Some(index) => {
                cancelling.network()
            }
            _ => None,
        };
        match (network.cloned(), &self.phase) {
            (Some(network), _) if finished => self.done(now, index, Some(network)),
            (Some(_), Phase::Delivering(_)) if !known => {
                self.failed(now, Outcome::Unfinished, codes::COMMIT)
            }
            (None, Phase::Leaving { .. }) if finished => self.recorder.outcome(Outcome::Connected),
            (None, _) => self.owned_by_us(now, index),
            (Some(_), _) => {}
        }
    }

    /// The name of the network is not known any more when an earlier run of the app has sent it.
    fn done(&mut self, now: Duration, index: usize, network: Option<Network>) {
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
        self.stop_scan();
        self.recorder.outcome(Outcome::Connected);
        // RELEASE acknowledges COMMITTED; the device closes its window. The link stays until RELEASED.
        self.release(now, index, ReleaseReason::Done);
        if let Some(network) = network {
            self.actions.push_back(Action::SaveNetwork(network));
        }
        if let Some(ueid) = ueid {
            self.actions.push_back(Action::MarkSent(ueid, None));
        }
        self.tell(
            now,
            Event::Done {
                product,
                note: Some(note),
            },
        );
    }
}

pub(super) fn status_name(status: Status) -> &'static str {
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
        Status::Counting => "status counting",
        Status::UnownedUnclaimed => "status unowned and unclaimed",
        _ => "status",
    }
}
