//! What the person decided, turned into what is to be done.

use std::time::Duration;

use touchstone_flow::Command;
use touchstone_proto::phone::{Confirmed, Session};

use super::{Action, Core, Phase, candidate::Candidate};

/// The person's press on "Use this network", which confirms the device that responds (rule A-e). Made here alone.
#[derive(Debug)]
pub(super) struct Press(());

impl Press {
    /// The press holds for every link to the device it confirmed.
    pub(super) fn confirmed(&self) -> Confirmed {
        Confirmed::by_the_persons_press()
    }
}

impl Core {
    pub(super) fn command(&mut self, now: Duration, command: Command) {
        match command {
            Command::Start | Command::LookAgain | Command::ConnectAnother => {
                self.prepare(now, false)
            }
            Command::RequestPermission | Command::TurnOnBluetooth | Command::OpenSettings => {
                self.ask_radio(true)
            }
            Command::Recheck => self.ask_radio(false),
            Command::Retry => match &self.phase {
                Phase::Overlapped => self.search_again(now),
                Phase::Delivering(_) => self.deliver_again(now),
                Phase::Selected(selection) if selection.asks_for_a_network() => {
                    let index = selection.index;
                    self.offer_networks(now, index);
                }
                _ => self.prepare(now, false),
            },
            Command::ConfirmDevice => {
                if let Phase::Selected(selection) = &mut self.phase
                    && selection.asks_for_a_network()
                {
                    selection.press = Some(Press(()));
                }
            }
            Command::UseNetwork { network, password } => {
                self.use_network(now, &network, password.as_ref())
            }
            Command::NotMyDevice => self.not_my_device(now),
            Command::RefreshNetworks => self.mention(now, Session::rescan),
            // The device pushes its state when it changes; the keep-alive makes sure that it can.
            Command::CheckInternet => self.mention(now, Session::keep_alive),
            Command::FinishAnyway => self.finish_anyway(now),
            Command::Finish => self.finish(now),
            Command::FinishEarlier => self.finish_earlier(now),
            Command::Cancel => self.cancel(now),
            Command::ChangeWifi => self.change_wifi(now),
            Command::ForgetDevice => self.forget_device(now),
            Command::GiveSignals { signal, pace } => self.give_signals(now, signal, pace),
            Command::EnterCounts(counts) => self.compare_counts(now, &counts),
            _ => {}
        }
    }

    fn ask_radio(&mut self, request: bool) {
        if matches!(self.phase, Phase::Preparing) {
            self.actions.push_back(Action::QueryRadio { request });
        }
    }

    fn mention(
        &mut self,
        now: Duration,
        record: fn(
            &mut Session,
        ) -> Result<touchstone_proto::message::Envelope, touchstone_proto::Error>,
    ) {
        let open = |candidate: &&Candidate| candidate.state.is_after_evidence();
        let chosen = self
            .chosen()
            .filter(|index| self.candidates.get(*index).as_ref().is_some_and(open));
        if let Some(index) = chosen {
            self.act_on(now, index, |candidate, _| candidate.mention(now, record));
        }
    }
}
