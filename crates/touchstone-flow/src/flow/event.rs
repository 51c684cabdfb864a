//! What a fact from the provisioner does.

use core::time::Duration;

use super::Flow;
use crate::{Event, Step};

/// Until a found device is announced, others are merged into the announcement.
const MERGE: Duration = Duration::from_millis(1500);

impl Flow {
    pub(super) fn event(&mut self, event: Event) {
        // What other devices do says nothing about the link in use.
        if !matches!(
            event,
            Event::LinkLost | Event::Found { .. } | Event::Verifying
        ) {
            self.lost_since = None;
        }
        match event {
            Event::PermissionNeeded { what } => {
                self.permission = what;
                self.enter(Step::PermissionNeeded { what });
            }
            Event::PermissionBlocked => self.enter(Step::PermissionBlocked {
                what: self.permission,
            }),
            Event::BluetoothOff => self.enter(Step::BluetoothOff),
            Event::BluetoothMissing => self.enter(Step::BluetoothMissing),
            Event::LocationOff => self.enter(Step::LocationOff),
            Event::Scanning => self.enter(Step::Scanning {
                slow: false,
                let_go: false,
            }),
            Event::LetGo => self.enter(Step::Scanning {
                slow: false,
                let_go: true,
            }),
            Event::Found { n } => self.found(n.max(1)),
            Event::Verifying if self.step.is_with_one_device() => {}
            Event::Verifying => self.enter(Step::Verifying),
            Event::NotGenuine { reason } => self.enter(Step::NotGenuine { reason }),
            Event::NotChecked => self.enter(Step::NotChecked),
            Event::AwaitPresence { kind, several } => self.await_presence(kind, several),
            Event::PresenceWithdrawn => {
                if matches!(self.step, Step::AwaitPresence { .. }) {
                    self.enter(Step::Verifying);
                }
            }
            Event::Touched { product } => self.enter(Step::Touched {
                product,
                kind: self.presence,
            }),
            Event::SeveralTouched => {
                self.wifi.confirmed = false;
                self.enter(Step::TwoTouched {
                    kind: self.presence,
                });
            }
            Event::AnotherNearby => self.enter(Step::AnotherNearby),
            Event::TouchAgain { why } => {
                self.wifi.confirmed = false;
                self.enter(Step::TouchAgain {
                    why,
                    kind: self.presence,
                });
            }
            Event::CountSignals { actuators } => self.begin_counting(actuators),
            Event::NotConfirmed => self.enter(Step::NotConfirmed),
            Event::ChooseNetwork {
                product,
                actuators,
                networks,
                preselected,
            } => {
                self.wifi.product = Some(product);
                self.wifi.actuators = actuators;
                self.wifi.confirmed = false;
                self.wifi.take_list(networks, preselected);
                self.return_to_confirmation();
            }
            Event::Networks(networks) => {
                if self.wifi.refreshing || self.wifi.items.is_empty() {
                    self.wifi.take_list(networks, 0);
                    self.show_networks();
                } else {
                    self.wifi.newer = Some(networks);
                }
            }
            Event::Sending => self.enter(Step::Sending),
            Event::Joining => self.enter(Step::Joining {
                network: self.wifi.name(),
                slow: false,
            }),
            Event::WrongPassword => {
                self.wifi.refuse_password();
                self.enter(Step::WrongPassword {
                    network: self.wifi.name(),
                    problem: None,
                });
            }
            Event::NetworkNotFound => self.enter(Step::NetworkNotFound {
                network: self.wifi.name(),
            }),
            Event::DhcpFailed => self.enter(Step::DhcpFailed {
                network: self.wifi.name(),
            }),
            Event::NoInternet => self.enter(Step::NoInternet {
                network: self.wifi.name(),
            }),
            Event::InternetBack => {
                if matches!(self.step, Step::NoInternet { .. }) {
                    self.enter(Step::Saving);
                }
            }
            Event::Saving => self.enter(Step::Saving),
            Event::Done { product, note } => {
                self.wifi.forget_password();
                self.enter(Step::Done {
                    product,
                    network: self.wifi.name(),
                    note,
                });
            }
            Event::Cancelled => {
                self.wifi = super::Wifi::default();
                self.enter(Step::Cancelled);
            }
            Event::LinkLost => {
                self.lost_since.get_or_insert(self.now);
                self.signals.cancel();
            }
            Event::LinkBack => {
                if self.step == Step::LinkLost
                    && let Some(step) = self.before_loss.take()
                {
                    self.enter(step);
                }
            }
            Event::AlreadyOwned => self.enter(Step::AlreadyOwned),
            Event::OwnedByYou { product } => self.enter(Step::OwnedByYou { product }),
            Event::Forgotten { product } => self.enter(Step::Forgotten { product }),
            Event::Unfinished { product } => {
                self.wifi = super::Wifi::default();
                self.enter(Step::Unfinished { product });
            }
            Event::Busy => self.enter(Step::Busy),
            Event::Revoked => self.enter(Step::Revoked),
            Event::CannotSignal => self.enter(Step::CannotSignal),
            Event::UpdateRequired { what } => self.enter(Step::UpdateRequired { what }),
            Event::Failed { code } => self.enter(Step::Failed { code }),
        }
    }

    fn found(&mut self, n: u32) {
        match self.step {
            _ if self.step.is_with_one_device() || self.step == Step::Verifying => {}
            Step::Found { n: shown } => {
                if n != shown && self.now < self.entered + MERGE {
                    self.step = Step::Found { n };
                    self.show(None);
                    self.planner.reword(self.step.status());
                }
            }
            _ => self.enter(Step::Found { n }),
        }
    }

    fn await_presence(&mut self, kind: crate::PresenceKind, several: bool) {
        // "The device you want" stays true when one of several goes; saying so would only be noise.
        self.wifi.confirmed = false;
        self.presence = kind;
        let several = several
            || matches!(self.step, Step::AwaitPresence { kind: shown, several: true, .. } if shown == kind);
        self.enter(Step::AwaitPresence {
            kind,
            several,
            waited: false,
        });
    }
}
