//! What the person decided, turned into what is to be done.

use std::time::Duration;

use touchstone_flow::Command;
use touchstone_proto::{
    Error,
    message::Envelope,
    phone::{Confirmed, Session},
};

use super::{Action, Core, Phase};

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
            Command::Retry => match self.phase {
                Phase::Overlapped => self.search_again(),
                Phase::Delivering(_) => self.deliver_again(now),
                _ => self.prepare(now, false),
            },
            Command::ConfirmDevice => {
                if let Phase::Selected(selection) = &mut self.phase
                    && selection.asks_for_a_network()
                {
                    selection.confirmed = Some(Confirmed::by_the_persons_press());
                }
            }
            Command::UseNetwork { network, password } => {
                self.use_network(now, &network, password.as_ref())
            }
            Command::NotMyDevice => self.not_my_device(now),
            Command::RefreshNetworks => self.tell_chosen(now, Session::rescan),
            // The device pushes its state when it changes; the keep-alive makes sure that it can.
            Command::CheckInternet => self.tell_chosen(now, Session::keep_alive),
            Command::FinishAnyway => self.finish_anyway(now),
            Command::Finish => self.finish(now),
            Command::Cancel => self.cancel(now),
            Command::ChangeWifi => self.change_wifi(),
            Command::ForgetDevice => self.forget_device(now),
            // Level L2 is not armed yet, so nothing can be counted.
            Command::EnterCounts(_) | Command::RepeatSignals => {}
            _ => {}
        }
    }

    fn ask_radio(&mut self, request: bool) {
        if matches!(self.phase, Phase::Preparing) {
            self.actions.push_back(Action::QueryRadio { request });
        }
    }

    fn tell_chosen(
        &mut self,
        now: Duration,
        record: impl FnOnce(&mut Session) -> Result<Envelope, Error>,
    ) {
        if let Some(index) = self.chosen() {
            self.act_on(now, index, |candidate, _| candidate.tell(now, record));
        }
    }
}
