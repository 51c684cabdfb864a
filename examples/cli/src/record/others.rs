//! The screens that no story reaches, so that a page can be looked at with every screen there is.

use std::time::Duration;

use touchstone::{
    A11yContext, ActionId,
    flow::{
        Actuators, AgainReason, DoneNote, Event, Flow, FlowOptions, Input, NetworkItem,
        NetworkName, NotGenuineReason, Output, Password, Permission, PresenceKind, Product,
        Strength, UpdateTarget,
    },
};

/// Between two things that happen: long enough for everything to have been said.
const APART: Duration = Duration::from_secs(15);

pub(super) const NAME: &str = "other-screens";
pub(super) const DESCRIPTION: &str = "Screens that no story reaches, one after the other.";

enum Act {
    Fact(Event),
    Press(ActionId),
    Give(Input),
}

use Act::{Fact, Give, Press};

fn acts() -> Vec<Act> {
    let lamp = || Product::new("Kitchen lamp");
    let all = Actuators {
        sound: true,
        light: true,
        vibration: true,
    };
    let none = Actuators::default();
    let home = |secured| NetworkItem {
        ssid: NetworkName::new(b"Home"),
        secured,
        saved: false,
        strength: Strength::Strong,
    };
    let choose = |actuators, networks| {
        Fact(Event::ChooseNetwork {
            product: lamp(),
            actuators,
            networks,
            preselected: 0,
        })
    };
    let mut acts = vec![
        Fact(Event::PermissionNeeded {
            what: Permission::Location,
        }),
        Press(ActionId::Help),
        Fact(Event::PermissionBlocked),
        Fact(Event::BluetoothMissing),
        Fact(Event::LocationOff),
        Fact(Event::Found { n: 3 }),
        Press(ActionId::Help),
    ];
    for kind in [
        PresenceKind::Touch,
        PresenceKind::Press,
        PresenceKind::PowerCycle,
        PresenceKind::Knock,
        PresenceKind::Remote,
        PresenceKind::Nfc,
    ] {
        for several in [false, true] {
            acts.push(Fact(Event::Verifying));
            acts.push(Fact(Event::PresenceWithdrawn));
            acts.push(Fact(Event::AwaitPresence { kind, several }));
        }
    }
    acts.extend([
        Press(ActionId::Help),
        Fact(Event::LinkLost),
        Fact(Event::LinkBack),
    ]);
    acts.extend(again());
    acts.push(Fact(Event::AwaitPresence {
        kind: PresenceKind::Touch,
        several: false,
    }));
    acts.extend(again());
    acts.extend([
        Fact(Event::Touched { product: lamp() }),
        Fact(Event::CountSignals { actuators: all }),
        Press(ActionId::Enter),
        Press(ActionId::ChangeSignals),
        Press(ActionId::RepeatSlower),
        Press(ActionId::ChangeSignals),
        Press(ActionId::RepeatSlower),
        Press(ActionId::ChangeSignals),
        Press(ActionId::OtherSignal),
        Press(ActionId::ChangeSignals),
        Press(ActionId::OtherSignal),
        Press(ActionId::ChangeSignals),
        Fact(Event::CountSignals {
            actuators: Actuators {
                sound: true,
                ..none
            },
        }),
        Press(ActionId::ChangeSignals),
        Press(ActionId::Help),
        Fact(Event::NotConfirmed),
        Fact(Event::CannotSignal),
        Press(ActionId::Help),
        Fact(Event::Joining),
    ]);
    for bits in 0..8_u8 {
        let actuators = Actuators {
            sound: bits & 1 != 0,
            light: bits & 2 != 0,
            vibration: bits & 4 != 0,
        };
        acts.push(choose(actuators, vec![home(true)]));
    }
    acts.extend([
        Press(ActionId::OtherNetworks),
        Press(ActionId::Refresh),
        Fact(Event::Networks(Vec::new())),
        choose(none, Vec::new()),
        Press(ActionId::TypeName),
        Press(ActionId::Continue),
        Give(Input::TypeNetwork {
            name: "A name that nobody can give to any network".to_owned(),
            secured: true,
        }),
        Press(ActionId::Continue),
        choose(all, vec![home(true)]),
        Press(ActionId::UseNetwork),
        Press(ActionId::ShowPassword),
        Press(ActionId::Connect),
        Give(Input::Password(Password::new("x".repeat(64)))),
        Press(ActionId::Connect),
        Fact(Event::Joining),
        Press(ActionId::SayAgain),
        Press(ActionId::SayAgain),
        Fact(Event::WrongPassword),
        Fact(Event::NetworkNotFound),
        Press(ActionId::Help),
        Fact(Event::Busy),
        Press(ActionId::Help),
    ]);
    acts.extend(ends());
    acts
}

fn again() -> impl Iterator<Item = Act> {
    let reasons = [
        AgainReason::OthersNearby,
        AgainReason::CountsDiffer,
        AgainReason::LinkLost,
        AgainReason::NoMoreRepeats,
        AgainReason::TwoTouched,
        AgainReason::Restarted,
        AgainReason::NotOnce,
        AgainReason::NotMine,
        AgainReason::StaysOff,
    ];
    let again = |why| Fact(Event::TouchAgain { why });
    reasons.into_iter().map(again)
}

fn ends() -> Vec<Act> {
    let lamp = || Product::new("Kitchen lamp");
    vec![
        Fact(Event::AlreadyOwned),
        Press(ActionId::Help),
        Fact(Event::OwnedByYou { product: lamp() }),
        Fact(Event::NotGenuine {
            reason: NotGenuineReason::Evidence,
        }),
        Press(ActionId::Help),
        Fact(Event::NotChecked),
        Press(ActionId::Help),
        Fact(Event::Revoked),
        Press(ActionId::Help),
        Fact(Event::UpdateRequired {
            what: UpdateTarget::App,
        }),
        Press(ActionId::Help),
        Fact(Event::UpdateRequired {
            what: UpdateTarget::Device,
        }),
        Press(ActionId::Help),
        Fact(Event::Failed { code: 1234 }),
        Press(ActionId::Help),
        Fact(Event::Done {
            product: lamp(),
            note: Some(DoneNote::NotYetConfirmedOnline),
        }),
        Fact(Event::Forgotten { product: lamp() }),
    ]
}

/// What is shown and given, and when.
pub(super) fn outputs(context: A11yContext) -> Vec<(Duration, Output)> {
    let mut flow = Flow::new(FlowOptions::default(), context);
    let mut outputs = Vec::new();
    let mut now = Duration::ZERO;
    let mut seq = 0;
    for act in acts() {
        let input = match act {
            Fact(event) => Input::Event(event),
            Press(action) => Input::Press { action, seq },
            Give(input) => input,
        };
        flow.handle(now, input);
        let next = now + APART;
        loop {
            while let Some(output) = flow.poll_output() {
                if let Output::Screen(screen) = &output {
                    seq = screen.seq;
                }
                outputs.push((now, output));
            }
            match flow.poll_timeout().filter(|at| *at < next) {
                Some(at) => now = at.max(now),
                None => break,
            }
            flow.handle(now, Input::Timeout);
        }
        now = next;
    }
    outputs
}

#[cfg(test)]
mod tests {
    use touchstone::flow::{FieldKind, Step};

    use super::*;

    #[test]
    fn every_kind_of_field_an_opened_help_and_the_rarest_stop_are_shown() {
        let outputs = outputs(A11yContext::default());
        let screens: Vec<_> = outputs
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Screen(screen) => Some(screen),
                _ => None,
            })
            .collect();
        for kind in [
            FieldKind::Password,
            FieldKind::NetworkName,
            FieldKind::Counts,
        ] {
            let shown = screens.iter().any(|screen| {
                screen
                    .field
                    .as_ref()
                    .is_some_and(|field| field.kind == kind)
            });
            assert!(shown, "{kind:?}");
        }
        assert!(
            screens
                .iter()
                .filter(|screen| screen.help.is_some())
                .count()
                >= 8
        );
        assert!(
            screens
                .iter()
                .any(|screen| matches!(screen.step, Step::Failed { .. }))
        );
    }
}
