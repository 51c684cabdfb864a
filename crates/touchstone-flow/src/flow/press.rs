//! What a press does.

use super::{Flow, PRESS_GUARD};
use crate::{ActionId, Command, Step};

impl Flow {
    pub(super) fn press(&mut self, action: ActionId, seq: u64) {
        self.planner.pressed(self.now);
        self.collect_cues();
        if !self.is_meant(action, seq) {
            self.say_again();
            return;
        }
        // A second activation by tremor meets the guard again.
        for control in &mut self.controls {
            if control.action.id == action {
                control.since = Some(self.now);
            }
        }
        self.act(action);
    }

    /// Whether the person can have meant this control: it is on the screen the press came from and has been long enough.
    fn is_meant(&self, action: ActionId, seq: u64) -> bool {
        let Some(control) = self.controls.iter().find(|c| c.action.id == action) else {
            return false;
        };
        // Cancel and Help stand in one place and mean the same on every screen.
        if matches!(action, ActionId::Cancel | ActionId::Help) {
            return (control.since_seq..=self.seq).contains(&seq);
        }
        seq == self.seq
            && control
                .since
                .is_none_or(|since| self.now >= since + PRESS_GUARD)
    }

    fn act(&mut self, action: ActionId) {
        match action {
            ActionId::SayAgain => self.say_again(),
            ActionId::Help => self.open_help(),
            ActionId::ShowPassword => {
                self.revealed = !self.revealed;
                self.show(None);
            }
            ActionId::ConnectDevice => self.command(Command::Start),
            ActionId::Continue => match self.step {
                Step::AskNetworkName { .. } => self.submit_name(true),
                _ => self.command(Command::RequestPermission),
            },
            ActionId::OpenSettings | ActionId::TurnOnLocation => {
                self.command(Command::OpenSettings);
            }
            ActionId::TurnOnBluetooth => self.command(Command::TurnOnBluetooth),
            ActionId::LookAgain => self.command(Command::LookAgain),
            ActionId::TryAgain => match self.step {
                Step::WrongPassword { .. } => self.submit_password(),
                Step::NetworkNotFound { .. } | Step::DhcpFailed { .. } => self.send_again(),
                _ => self.command(Command::Retry),
            },
            ActionId::Connect => self.submit_password(),
            ActionId::UseNetwork => match self.step {
                Step::ChooseNetwork { .. } => self.confirm_and_use(),
                _ => self.use_listed(),
            },
            ActionId::OtherNetworks => self.open_list(),
            ActionId::TypeName => self.enter(Step::AskNetworkName { problem: None }),
            ActionId::NoPassword => self.submit_name(false),
            ActionId::Refresh => self.refresh(),
            ActionId::NotMyDevice => {
                self.wifi.confirmed = false;
                self.command(Command::NotMyDevice);
            }
            ActionId::CheckAgain => self.command(Command::CheckInternet),
            ActionId::FinishAnyway => self.command(Command::FinishAnyway),
            ActionId::Finish => self.command(match self.step {
                Step::Unfinished { .. } => Command::FinishEarlier,
                _ => Command::Finish,
            }),
            ActionId::ConnectAnother => {
                self.wifi.begin_another();
                self.command(Command::ConnectAnother);
            }
            ActionId::ChangeWifi => self.command(Command::ChangeWifi),
            ActionId::ForgetDevice => self.command(Command::ForgetDevice),
            ActionId::Cancel => self.command(Command::Cancel),
            ActionId::Enter => self.enter_counts(),
            ActionId::Repeat => self.give_signals(),
            ActionId::ChangeSignals => self.open_signal_options(),
            ActionId::RepeatSlower => self.count_slower(),
            ActionId::RepeatFaster => self.count_faster(),
            ActionId::OtherSignal => self.count_other(),
        }
    }

    /// The person who asks wants to know what to do, not that a reminder is due.
    pub(super) fn say_again(&mut self) {
        if matches!(self.step, Step::AwaitPresence { waited: true, .. }) {
            self.step = self.step.clone().reminded(false);
            self.show(None);
        }
        self.planner
            .ask(self.now, self.step.status(), self.step.row());
    }

    fn open_help(&mut self) {
        self.help_open = true;
        self.show(None);
        // An error code is to be read, not heard.
        if !matches!(self.step, Step::Failed { .. }) {
            let help = self.help();
            self.planner.ask(self.now, help, self.step.row());
        }
    }

    fn submit_name(&mut self, secured: bool) {
        match self.wifi.take_named(secured) {
            Ok(()) if self.wifi.confirmed => self.use_network(),
            Ok(()) => self.return_to_confirmation(),
            Err(problem) => self.complain(Step::AskNetworkName {
                problem: Some(problem),
            }),
        }
    }

    /// Shows and says what is wrong, again if it was wrong before.
    pub(super) fn complain(&mut self, step: Step) {
        if self.step == step {
            self.present();
        } else {
            self.enter(step);
        }
    }
}
