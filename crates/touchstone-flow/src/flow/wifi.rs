//! The network and the password of an attempt, and the presses about them.

use alloc::{string::String, vec::Vec};
use core::mem;

use super::Flow;
use crate::{
    Actuators, Command, NameProblem, NetworkChoice, NetworkItem, NetworkName, Password, Product,
    Step,
};

/// Longest SSID, in bytes (IEEE 802.11).
const LONGEST_SSID: usize = 32;

/// What is known about the network of this attempt.
#[derive(Debug, Default)]
pub(super) struct Wifi {
    pub(super) product: Option<Product>,
    pub(super) actuators: Actuators,
    pub(super) items: Vec<NetworkItem>,
    /// A list that came while another was shown.
    pub(super) newer: Option<Vec<NetworkItem>>,
    pub(super) refreshing: bool,
    pub(super) choice: Option<NetworkChoice>,
    pub(super) confirmed: bool,
    /// Content of the name field, and whether that network needs a password.
    pub(super) named: Option<(String, bool)>,
    password: Option<Password>,
    /// The network the password was typed for; `None` when it was given before there was a choice.
    password_for: Option<NetworkName>,
    refused: bool,
}

impl Wifi {
    pub(super) fn typed(&mut self, password: Password) {
        self.password = Some(password);
        self.password_for = self.choice.as_ref().map(|choice| choice.ssid().clone());
        self.refused = false;
    }

    pub(super) fn refuse_password(&mut self) {
        self.refused = true;
    }

    /// Dropping a password zeroizes it.
    pub(super) fn forget_password(&mut self) {
        self.password = None;
        self.password_for = None;
        self.refused = false;
    }

    /// Another device: the network stays, its list and the confirmation do not.
    pub(super) fn begin_another(&mut self) {
        *self = Self {
            choice: self.choice.take(),
            ..Self::default()
        };
    }

    /// Takes the device's list; a network chosen before stays chosen.
    pub(super) fn take_list(&mut self, items: Vec<NetworkItem>, preselected: usize) {
        let position = |ssid: &NetworkName| items.iter().position(|item| item.ssid == *ssid);
        let index = match &self.choice {
            Some(NetworkChoice::Typed { ssid, .. }) if position(ssid).is_none() => None,
            Some(choice) => position(choice.ssid()).or(Some(preselected)),
            None => Some(preselected),
        };
        if let Some(index) = index {
            let index = if index < items.len() { index } else { 0 };
            self.choice = items
                .get(index)
                .cloned()
                .map(|item| NetworkChoice::Listed { index, item });
        }
        self.items = items;
        self.newer = None;
        self.refreshing = false;
        self.drop_foreign_password();
    }

    pub(super) fn take_newer(&mut self) {
        if let Some(items) = self.newer.take() {
            self.take_list(items, 0);
        }
    }

    fn choose(&mut self, choice: NetworkChoice) {
        self.choice = Some(choice);
        self.drop_foreign_password();
    }

    /// A password typed for one network is never sent to another.
    fn drop_foreign_password(&mut self) {
        if let (Some(typed_for), Some(choice)) = (&self.password_for, &self.choice)
            && typed_for != choice.ssid()
        {
            self.forget_password();
        }
    }

    /// Open if either the person or the host says so.
    pub(super) fn take_named(&mut self, secured: bool) -> Result<(), NameProblem> {
        let (name, believed) = self.named.clone().ok_or(NameProblem::Empty)?;
        match name.len() {
            0 => Err(NameProblem::Empty),
            1..=LONGEST_SSID => {
                self.choose(NetworkChoice::Typed {
                    ssid: NetworkName::new(name.as_bytes()),
                    secured: secured && believed,
                });
                Ok(())
            }
            _ => Err(NameProblem::TooLong),
        }
    }

    pub(super) fn offered(&self) -> Option<NetworkName> {
        self.choice.as_ref().map(|choice| choice.ssid().clone())
    }

    /// The chosen network's name, empty when the attempt was taken up in the middle.
    pub(super) fn name(&self) -> NetworkName {
        self.offered().unwrap_or_else(|| NetworkName::new(b""))
    }

    fn selected(&self) -> Option<u32> {
        match self.choice {
            Some(NetworkChoice::Listed { index, .. }) => u32::try_from(index).ok(),
            _ => None,
        }
    }
}

impl Flow {
    pub(super) fn confirmation(&self) -> Option<Step> {
        Some(Step::ChooseNetwork {
            product: self.wifi.product.clone()?,
            actuators: self.wifi.actuators,
            items: self.wifi.items.clone(),
            selected: self.wifi.selected(),
            network: self.wifi.offered(),
        })
    }

    fn list(&self) -> Step {
        Step::NetworkList {
            items: self.wifi.items.clone(),
            selected: self.wifi.selected(),
        }
    }

    pub(super) fn return_to_confirmation(&mut self) {
        match self.confirmation() {
            Some(step) => self.enter(step),
            None => self.command(Command::Retry),
        }
    }

    /// Shows the list, or the confirmation, with what has changed.
    pub(super) fn show_networks(&mut self) {
        match self.step {
            Step::ChooseNetwork { .. } => self.return_to_confirmation(),
            Step::NetworkList { .. } => self.enter(self.list()),
            _ => {}
        }
    }

    pub(super) fn select_network(&mut self, index: usize) {
        let selectable = matches!(
            self.step,
            Step::ChooseNetwork { .. } | Step::NetworkList { .. }
        );
        let Some(item) = self.wifi.items.get(index).filter(|_| selectable).cloned() else {
            return;
        };
        self.planner.pressed(self.now);
        self.wifi.choose(NetworkChoice::Listed { index, item });
        self.use_listed();
    }

    /// A network from the list is used at once when the device is already confirmed.
    pub(super) fn use_listed(&mut self) {
        if self.wifi.confirmed {
            self.use_network();
        } else {
            self.return_to_confirmation();
        }
    }

    pub(super) fn confirm_and_use(&mut self) {
        if !mem::replace(&mut self.wifi.confirmed, true) {
            self.command(Command::ConfirmDevice);
        }
        self.use_network();
    }

    pub(super) fn use_network(&mut self) {
        let Some(choice) = self.wifi.choice.clone() else {
            self.open_list();
            return;
        };
        let checked = self.wifi.password.as_ref().map(Password::check);
        match checked {
            _ if !choice.secured() => self.send(choice, None),
            Some(Ok(())) if !self.wifi.refused => {
                let password = self.wifi.password.clone();
                self.send(choice, password);
            }
            Some(Err(problem)) if !self.wifi.refused => self.enter(Step::AskPassword {
                network: choice.ssid().clone(),
                problem: Some(problem),
            }),
            _ if !choice.needs_password() && !self.wifi.refused => self.send(choice, None),
            _ => self.enter(Step::AskPassword {
                network: choice.ssid().clone(),
                problem: None,
            }),
        }
    }

    pub(super) fn submit_password(&mut self) {
        let checked = match &self.wifi.password {
            Some(password) => password.check(),
            None => Err(crate::PasswordProblem::Length),
        };
        match (checked, self.wifi.choice.clone(), self.step.clone()) {
            (Ok(()), Some(choice), _) => {
                let password = self.wifi.password.clone();
                self.send(choice, password);
            }
            (Err(problem), _, Step::WrongPassword { network, .. }) => {
                self.complain(Step::WrongPassword {
                    network,
                    problem: Some(problem),
                });
            }
            (Err(problem), _, _) => self.complain(Step::AskPassword {
                network: self.wifi.name(),
                problem: Some(problem),
            }),
            (Ok(()), None, _) => self.open_list(),
        }
    }

    /// The same network and password once more.
    pub(super) fn send_again(&mut self) {
        if self.wifi.choice.is_some() {
            self.use_network();
        } else {
            self.command(Command::Retry);
        }
    }

    fn send(&mut self, network: NetworkChoice, password: Option<Password>) {
        // Nothing leaves for a device that the person has not confirmed.
        if !self.wifi.confirmed {
            self.return_to_confirmation();
            return;
        }
        self.wifi.refused = false;
        if password.is_some() {
            self.wifi.password_for = Some(network.ssid().clone());
        }
        self.command(Command::UseNetwork { network, password });
        self.enter(Step::Sending);
    }

    pub(super) fn open_list(&mut self) {
        self.wifi.take_newer();
        self.enter(self.list());
    }

    pub(super) fn refresh(&mut self) {
        self.wifi.take_newer();
        self.wifi.refreshing = true;
        self.command(Command::RefreshNetworks);
        self.show_networks();
    }
}
