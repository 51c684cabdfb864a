//! Whatever happens, in whatever order: what always holds.

mod common;

use std::time::Duration;

use common::{Host, choose, lamp, network, reader, seconds};
use proptest::prelude::*;
use touchstone_flow::{
    A11yContext, ActionId, Actuators, AgainReason, Command, Counts, Cue, Earcon, Event, Haptic,
    Input, NotGenuineReason, Output, Password, Permission, Politeness, PresenceKind, Screen, Step,
    Transcript, UpdateTarget,
};

const SECRET: &str = "xyzzy-plugh-42";
const COUNTS: [u8; 3] = [4, 1, 6];

#[derive(Clone, Debug)]
enum Act {
    Input(Input),
    /// Presses one of the controls of the screen.
    Press(usize),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let networks = || {
        vec![
            network("Home", true, false),
            network("Cabin", true, true),
            network("Guest", false, false),
        ]
    };
    prop_oneof![
        Just(Event::PermissionNeeded {
            what: Permission::NearbyDevices
        }),
        Just(Event::PermissionBlocked),
        Just(Event::BluetoothOff),
        Just(Event::BluetoothMissing),
        Just(Event::LocationOff),
        Just(Event::Scanning),
        Just(Event::LetGo),
        (0_u32..5).prop_map(|n| Event::Found { n }),
        Just(Event::Verifying),
        Just(Event::NotChecked),
        Just(Event::NotGenuine {
            reason: NotGenuineReason::Evidence
        }),
        any::<bool>().prop_map(|several| Event::AwaitPresence {
            kind: PresenceKind::Touch,
            several
        }),
        Just(Event::AwaitPresence {
            kind: PresenceKind::Knock,
            several: false
        }),
        Just(Event::PresenceWithdrawn),
        Just(Event::Touched { product: lamp() }),
        Just(Event::SeveralTouched),
        Just(Event::AnotherNearby),
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(sound, light, vibration)| {
            Event::CountSignals {
                actuators: Actuators {
                    sound,
                    light,
                    vibration,
                },
            }
        }),
        Just(Event::TouchAgain {
            why: AgainReason::OthersNearby
        }),
        Just(Event::TouchAgain {
            why: AgainReason::CountsDiffer
        }),
        Just(Event::TouchAgain {
            why: AgainReason::Restarted
        }),
        Just(Event::TouchAgain {
            why: AgainReason::NotOnce
        }),
        Just(Event::TouchAgain {
            why: AgainReason::NotMine
        }),
        Just(Event::TouchAgain {
            why: AgainReason::StaysOff
        }),
        Just(Event::NotConfirmed),
        Just(Event::CannotSignal),
        Just(choose(networks())),
        Just(choose(Vec::new())),
        Just(Event::Networks(networks())),
        Just(Event::Networks(Vec::new())),
        Just(Event::Sending),
        Just(Event::Joining),
        Just(Event::WrongPassword),
        Just(Event::NetworkNotFound),
        Just(Event::DhcpFailed),
        Just(Event::NoInternet),
        Just(Event::InternetBack),
        Just(Event::Saving),
        Just(Event::Done {
            product: lamp(),
            note: None
        }),
        Just(Event::Cancelled),
        Just(Event::LinkLost),
        Just(Event::LinkBack),
        Just(Event::AlreadyOwned),
        Just(Event::OwnedByYou { product: lamp() }),
        Just(Event::Busy),
        Just(Event::Revoked),
        Just(Event::UpdateRequired {
            what: UpdateTarget::Device
        }),
        any::<u16>().prop_map(|code| Event::Failed { code }),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        10 => event().prop_map(Input::Event),
        2 => prop_oneof![Just(SECRET), Just("short")].prop_map(|text| Input::Password(Password::new(text.to_owned()))),
        1 => (0_usize..4).prop_map(|index| Input::SelectNetwork { index }),
        1 => (0_usize..40).prop_map(|n| Input::TypeNetwork { name: "n".repeat(n), secured: n % 2 == 0 }),
        1 => any::<bool>().prop_map(|on| Input::Context(A11yContext { screen_reader: on, ..reader() })),
        2 => any::<bool>().prop_map(Input::UiReady),
        1 => (0_u64..30, any::<bool>()).prop_map(|(id, delivered)| Input::Said { id, delivered }),
        1 => any::<[u8; 3]>().prop_map(|counts| Input::Counts(Counts::new(counts))),
        1 => Just(Input::Counts(Counts::new(COUNTS))),
        1 => Just(Input::Resume),
        1 => Just(Input::Timeout),
        1 => any::<u64>().prop_map(|seq| Input::Press { action: ActionId::UseNetwork, seq }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => input().prop_map(Act::Input),
        3 => (0_usize..5).prop_map(Act::Press),
        3 => prop_oneof![0_u64..3_000, 0_u64..60_000].prop_map(Act::Wait),
    ]
}

/// Checks each output against everything before it.
#[derive(Default)]
struct Watch {
    screen: Option<Screen>,
    seen: usize,
    last_polite: Option<Duration>,
    quiet_until: Option<Duration>,
    confirmed: bool,
    transcript: Transcript,
}

impl Watch {
    fn before(&mut self, now: Duration, input: &Input) {
        match input {
            Input::UiReady(false) => self.quiet_until = Some(Duration::MAX),
            Input::UiReady(true) | Input::Resume if self.quiet_until == Some(Duration::MAX) => {
                self.quiet_until = Some(now + Duration::from_millis(700));
            }
            Input::Event(
                Event::ChooseNetwork { .. }
                | Event::SeveralTouched
                | Event::TouchAgain { .. }
                | Event::AwaitPresence { .. }
                | Event::Cancelled,
            ) => self.confirmed = false,
            _ => {}
        }
    }

    fn check(&mut self, host: &Host) {
        for (now, output) in &host.log[self.seen..] {
            self.transcript.record(*now, output);
            match output {
                Output::Screen(screen) => self.screen(screen),
                Output::Cue(cue) => self.cue(*now, cue),
                Output::Command(command) => self.command(command),
                other => panic!("{other:?}"),
            }
            let shown = format!("{output:?}");
            assert!(!shown.contains(SECRET) && !shown.contains("4, 1, 6"));
        }
        self.seen = host.log.len();
    }

    fn screen(&mut self, screen: &Screen) {
        let before = self.screen.as_ref().map_or(0, |screen| screen.seq);
        assert!(screen.seq > before, "seq does not grow");
        for msg in [&screen.title, &screen.status, &screen.primary.label] {
            assert!(!common::text(msg).is_empty());
        }
        assert!(screen.secondary.len() <= 3);
        let busy_button = screen.primary.id == ActionId::SayAgain;
        assert!(
            !screen.busy || busy_button,
            "a busy screen whose button is not safe"
        );
        self.screen = Some(screen.clone());
    }

    fn cue(&mut self, now: Duration, cue: &Cue) {
        let quiet = self.quiet_until.is_some_and(|until| now < until);
        let feedback = matches!(cue, Cue::Feel(Haptic::Heard) | Cue::Play(Earcon::Tick));
        assert!(!quiet || feedback, "{cue:?} in a quiet window");
        let Cue::Say {
            msg,
            politeness,
            must,
            repeat,
            ..
        } = cue
        else {
            return;
        };
        let screen = self.screen.as_ref().expect("a screen comes first");
        assert!(
            *msg == screen.status
                || [&screen.detail, &screen.help]
                    .into_iter()
                    .flatten()
                    .any(|shown| shown == msg),
            "{msg:?} is said and not shown on {screen:?}"
        );
        if *politeness == Politeness::Polite && !must && !repeat {
            let early = self
                .last_polite
                .is_some_and(|last| now < last + seconds(5.0));
            assert!(!early, "polite announcements too close");
            self.last_polite = Some(now);
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::ConfirmDevice => self.confirmed = true,
            Command::NotMyDevice | Command::ConnectAnother => self.confirmed = false,
            Command::UseNetwork { network, password } => {
                assert!(self.confirmed, "a network without a confirmation");
                let octets = network.ssid().octets();
                assert!((1..=32).contains(&octets.len()));
                assert!(
                    password
                        .as_ref()
                        .is_none_or(|password| password.check().is_ok())
                );
            }
            Command::GiveSignals { signal, .. } => {
                let counted = matches!(
                    self.screen.as_ref().map(|screen| &screen.step),
                    Some(Step::CountSignals { signal: shown, .. }) if shown == signal
                );
                assert!(counted, "signals that nobody is asked to count");
            }
            Command::EnterCounts(counts) => assert!(counts.is_complete()),
            _ => {}
        }
    }
}

/// `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(512)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_path_keeps_the_promises(acts in proptest::collection::vec(act(), 1..80), spoken in any::<bool>()) {
        let context = A11yContext { screen_reader: spoken, ..reader() };
        let mut host = Host::with(context);
        let mut watch = Watch::default();
        for act in acts {
            match act {
                Act::Input(input) => {
                    watch.before(host.now, &input);
                    host.send(input);
                }
                Act::Press(at) => {
                    let screen = host.screen();
                    let action = std::iter::once(&screen.primary).chain(&screen.secondary).nth(at).map(|action| action.id);
                    if let Some(action) = action {
                        host.press(action);
                    }
                }
                Act::Wait(milliseconds) => host.wait(Duration::from_millis(milliseconds)),
            }
            watch.check(&host);
        }
        let kept = format!("{:?}", host.flow);
        let recorded = watch.transcript.to_string();
        prop_assert!(!kept.contains(SECRET) && !kept.contains("4, 1, 6"));
        prop_assert!(!recorded.contains(SECRET));
    }

    #[test]
    fn after_any_path_done_is_shown_and_said_in_time(acts in proptest::collection::vec(input(), 0..40)) {
        let mut host = Host::new();
        for input in acts {
            host.send(input);
            host.wait(seconds(0.3));
        }
        host.send(Input::Context(reader()));
        host.send(Input::UiReady(true));
        host.event(Event::Scanning);
        host.wait(seconds(10.0));
        let mark = host.mark();
        host.event(Event::Done { product: lamp(), note: None });
        host.wait(seconds(1.0));
        let said = host.said(mark);
        prop_assert_eq!(said.len(), 1);
        prop_assert!(said[0].1.starts_with("Done. Kitchen lamp is connected to "));
    }
}
