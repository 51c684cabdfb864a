//! Every row of the state table: button, text, politeness, haptic, earcon, interruption.

mod common;

use common::{Host, choose, lamp, network, password, seconds, text, touch};
use touchstone_flow::{
    ActionId, Actuators, AgainReason, Cue, DoneNote, Earcon, Event, FieldKind, FocusTarget, Haptic,
    Input, MsgId, NotGenuineReason, Permission, Politeness, PresenceKind, UpdateTarget,
};

/// Pol, with `*` for what must be delivered, and I.
type Speech = Option<(Politeness, bool, bool)>;

const POLITE: Speech = Some((Politeness::Polite, false, false));
const POLITE_MUST: Speech = Some((Politeness::Polite, true, false));
const ASSERTIVE: Speech = Some((Politeness::Assertive, true, true));

type Senses = (Option<Haptic>, Option<Earcon>);

const NOTHING: Senses = (None, None);
const HEARD: Senses = (Some(Haptic::Heard), Some(Earcon::Tick));
const TURN: Senses = (Some(Haptic::YourTurn), Some(Earcon::Turn));
const STOP: Senses = (Some(Haptic::Problem), Some(Earcon::Stop));
const DONE: Senses = (Some(Haptic::Done), Some(Earcon::Ok));

/// One row: how to get there, then what must be there.
struct Row {
    before: Vec<Input>,
    at: Trigger,
    button: &'static str,
    status: &'static str,
    speech: Speech,
    senses: Senses,
}

enum Trigger {
    Event(Event),
    Press(ActionId),
    Wait(f64),
}

fn row(
    at: Trigger,
    button: &'static str,
    status: &'static str,
    speech: Speech,
    senses: Senses,
) -> Row {
    Row {
        before: Vec::new(),
        at,
        button,
        status,
        speech,
        senses,
    }
}

fn event(
    event: Event,
    button: &'static str,
    status: &'static str,
    speech: Speech,
    senses: Senses,
) -> Row {
    row(Trigger::Event(event), button, status, speech, senses)
}

impl Row {
    fn after(mut self, before: impl IntoIterator<Item = Input>) -> Self {
        self.before = before.into_iter().collect();
        self
    }
}

fn presence(kind: PresenceKind, several: bool) -> Event {
    Event::AwaitPresence { kind, several }
}

fn home() -> Vec<Input> {
    vec![
        Input::Event(Event::Touched { product: lamp() }),
        Input::Event(choose(vec![
            network("Home", true, false),
            network("Cabin", true, false),
        ])),
    ]
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Trigger::{Press, Wait};
    let choosing = |sound, light, vibration| Event::ChooseNetwork {
        product: lamp(),
        actuators: Actuators { sound, light, vibration },
        networks: vec![network("Home", true, false)],
        preselected: 0,
    };
    let counting = |sound, light, vibration| Event::CountSignals {
        actuators: Actuators { sound, light, vibration },
    };
    vec![
        event(Event::PermissionNeeded { what: Permission::NearbyDevices }, "Continue",
            "Your phone will ask about nearby devices. Choose Allow.", POLITE, NOTHING),
        event(Event::PermissionBlocked, "Open settings",
            "Access to nearby devices is off. Open settings to allow it.", ASSERTIVE, STOP),
        event(Event::BluetoothOff, "Turn on Bluetooth",
            "Bluetooth is off. Turn it on to find your device.", ASSERTIVE, STOP),
        event(Event::LocationOff, "Turn on location",
            "Location is off. Turn it on to find your device.", ASSERTIVE, STOP),
        event(Event::BluetoothMissing, "Try again",
            "There is no Bluetooth here. Plug in a Bluetooth adapter, then try again.", ASSERTIVE, STOP),
        event(Event::Scanning, "Say again", "Looking for your device.", POLITE, HEARD),
        event(Event::LetGo, "Say again",
            "Not used. Nothing was sent to that device. Looking for yours.", POLITE, HEARD),
        row(Wait(10.0), "Say again",
            "Still looking. Check that the device has power and is near your phone.", POLITE, NOTHING)
            .after([Input::Event(Event::Scanning)]),
        event(Event::Found { n: 1 }, "Say again", "Found a device. Checking it.", POLITE, NOTHING),
        event(Event::Found { n: 3 }, "Say again", "Found 3 devices. Checking them.", POLITE, NOTHING),
        event(Event::Verifying, "Say again", "Checking that the device is genuine.", POLITE, NOTHING),
        event(Event::NotGenuine { reason: NotGenuineReason::Certificate }, "Look again",
            "Stopped. This device could not prove it is genuine. Nothing was sent to it.", ASSERTIVE, STOP),
        event(Event::NotChecked, "Look again",
            "Stopped. This device could not be checked. Nothing was sent to it.", ASSERTIVE, STOP),
        event(touch(false), "Say again", "Your turn. Touch the device once. Take your time.", ASSERTIVE, TURN),
        event(touch(true), "Say again", "Your turn. Touch the device you want, once. Take your time.", ASSERTIVE, TURN),
        event(presence(PresenceKind::Press, false), "Say again",
            "Your turn. Press the button once. Take your time.", ASSERTIVE, TURN),
        event(presence(PresenceKind::PowerCycle, false), "Say again",
            "Your turn. Turn the device off, then on. Take your time.", ASSERTIVE, TURN),
        event(presence(PresenceKind::Knock, false), "Say again",
            "Your turn. Knock on the device. Take your time.", ASSERTIVE, TURN),
        event(presence(PresenceKind::Nfc, false), "Say again",
            "Your turn. Hold your phone to the device. Take your time.", ASSERTIVE, TURN),
        event(presence(PresenceKind::Remote, false), "Say again",
            "Your turn. Press a button on the remote control. Take your time.", ASSERTIVE, TURN),
        row(Wait(20.0), "Say again", "Still waiting for your touch.", POLITE, TURN)
            .after([Input::Event(touch(false))]),
        event(Event::Touched { product: lamp() }, "Say again", "Touch received.", ASSERTIVE, HEARD),
        event(Event::Touched { product: lamp() }, "Say again", "Received.", ASSERTIVE, HEARD)
            .after([Input::Event(presence(PresenceKind::PowerCycle, false))]),
        event(Event::SeveralTouched, "Say again",
            "Two devices were touched. Touch only the one you want.", ASSERTIVE, STOP),
        event(Event::SeveralTouched, "Say again",
            "Two devices were chosen. Choose only the one you want.", ASSERTIVE, STOP)
            .after([Input::Event(presence(PresenceKind::Knock, true))]),
        event(Event::AnotherNearby, "Try again",
            "Someone else is connecting a device nearby. Wait a moment, then try again.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::OthersNearby }, "Say again",
            "Someone else is connecting nearby. Touch your device again, then count its signals.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::TwoTouched }, "Say again",
            "Two devices were touched again. Touch only yours, then count its signals.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::CountsDiffer }, "Say again",
            "The numbers did not match. Touch your device again, then count its new signals.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::LinkLost }, "Say again",
            "Contact was lost. Touch your device again, then count its new signals.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::NoMoreRepeats }, "Say again",
            "Touch your device again. It then gives new signals to count.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::Restarted }, "Say again",
            "The device started over. It needs you once more.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::NotOnce }, "Say again",
            "The device is back. It must go off, then on, just once.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::NotMine }, "Say again",
            "Not used. Nothing was sent to that device.", ASSERTIVE, NOTHING),
        event(Event::TouchAgain { why: AgainReason::StaysOff }, "Say again",
            "No sign of the device yet. If it is off, turn it on.", ASSERTIVE, STOP),
        event(Event::TouchAgain { why: AgainReason::CountsDiffer }, "Say again",
            "The numbers did not match. Choose your device again, then count its new signals.", ASSERTIVE, STOP)
            .after([Input::Event(presence(PresenceKind::Press, false))]),
        event(counting(true, false, true), "Enter",
            "After the long beep, count the short ones. Choose how many in each group.", ASSERTIVE, TURN),
        event(counting(false, true, false), "Enter",
            "After the long blink, count the short ones. Choose how many in each group.", ASSERTIVE, TURN),
        event(counting(false, true, true), "Enter",
            "After the long vibration, count the short ones. Choose how many in each group.", ASSERTIVE, TURN),
        row(Press(ActionId::Enter), "Enter",
            "Choose a number from 1 to 6 for each of the three groups.", ASSERTIVE, HEARD)
            .after([Input::Event(counting(true, false, false))]),
        row(Press(ActionId::ChangeSignals), "Repeat slower",
            "Choose how the device signals, then count again.", POLITE, HEARD)
            .after([Input::Event(counting(true, false, false))]),
        event(Event::NotConfirmed, "Try again",
            "Your device could not be confirmed. Nothing was sent. Wait a moment, then try again.", ASSERTIVE, STOP),
        event(Event::CannotSignal, "Look again",
            "Stopped. This device cannot give the signals this app needs. Nothing was sent to it.", ASSERTIVE, STOP),
        event(choosing(true, false, false), "Use Home",
            "Kitchen lamp is beeping now. Use Home for it?", ASSERTIVE, TURN),
        event(choosing(false, true, false), "Use Home",
            "Kitchen lamp is blinking now. Use Home for it?", ASSERTIVE, TURN),
        event(choosing(false, false, true), "Use Home",
            "Kitchen lamp is vibrating now. Use Home for it?", ASSERTIVE, TURN),
        event(choosing(true, true, true), "Use Home",
            "Kitchen lamp is beeping, blinking and vibrating now. Use Home for it?", ASSERTIVE, TURN),
        event(choosing(false, false, false), "Use Home",
            "You touched Kitchen lamp. Use Home for it?", ASSERTIVE, TURN),
        row(Press(ActionId::UseNetwork), "Connect",
            "Type the Wi-Fi password for Home, or paste it.", POLITE, HEARD).after(home()),
        row(Press(ActionId::OtherNetworks), "Use Home", "Choose Wi-Fi for the device.", POLITE, HEARD).after(home()),
        event(Event::Sending, "Say again", "Sending the Wi-Fi details.", POLITE, NOTHING).after(home()),
        event(Event::Joining, "Say again", "Joining Home. This can take a minute.", POLITE, (Some(Haptic::Heard), None))
            .after(home()),
        row(Wait(25.0), "Say again", "Still joining Home. You can wait or cancel.", POLITE, NOTHING)
            .after(home().into_iter().chain([Input::Event(Event::Joining)])),
        event(Event::WrongPassword, "Try again",
            "The password for Home did not work. Check it and try again.", ASSERTIVE, STOP).after(home()),
        event(Event::NetworkNotFound, "Try again",
            "The device cannot find Home. Move it nearer to the router, or choose other Wi-Fi.", ASSERTIVE, STOP)
            .after(home()),
        event(Event::DhcpFailed, "Try again",
            "Joined Home, but the router did not answer. Restart the router, then try again.", ASSERTIVE, STOP)
            .after(home()),
        event(Event::NoInternet, "Check again",
            "Joined Home, but there is no internet. Check your router.", ASSERTIVE, STOP).after(home()),
        event(Event::Saving, "Say again", "Saving.", POLITE, NOTHING).after(home()),
        event(Event::Done { product: lamp(), note: None }, "Finish",
            "Done. Kitchen lamp is connected to Home.", ASSERTIVE, DONE).after(home()),
        event(Event::Cancelled, "Connect device",
            "Cancelled. The device was not changed.", POLITE_MUST, HEARD).after([Input::Event(Event::Scanning)]),
        row(Wait(3.0), "Say again", "Lost contact. Stay near the device. Trying again.", POLITE, STOP)
            .after([Input::Event(Event::Saving), Input::Event(Event::LinkLost)]),
        event(Event::AlreadyOwned, "Look again",
            "This device is already set up with another phone. Reset it to set it up again.", ASSERTIVE, STOP),
        event(Event::OwnedByYou { product: lamp() }, "Change Wi-Fi",
            "Kitchen lamp is already yours. You can change its Wi-Fi.", POLITE, TURN),
        event(Event::Busy, "Try again",
            "Another phone is connecting this device. Wait a moment, then try again.", ASSERTIVE, STOP),
        event(Event::Revoked, "Look again",
            "Stopped. The maker has withdrawn this device. Nothing was sent to it.", ASSERTIVE, STOP),
        event(Event::UpdateRequired { what: UpdateTarget::App }, "Look again",
            "This device needs a newer app or newer software first.", ASSERTIVE, STOP),
        event(Event::Failed { code: 7 }, "Try again",
            "Could not connect. Turn the device off and on, then try again.", ASSERTIVE, STOP),
    ]
}

#[test]
fn every_row_has_the_button_text_politeness_haptic_earcon_and_interruption_of_the_table() {
    for row in table() {
        let mut host = Host::without_heartbeat();
        for input in row.before {
            let last = matches!(input, Input::Event(Event::LinkLost));
            host.send(input);
            if !last && !matches!(row.at, Trigger::Wait(_)) {
                host.wait(seconds(12.0));
            }
        }
        let mut mark = host.mark();
        match row.at {
            Trigger::Event(event) => host.event(event),
            Trigger::Press(action) => host.press(action),
            Trigger::Wait(time) => {
                host.wait(seconds(time - 0.001));
                assert_ne!(host.status(), row.status, "too early");
                mark = host.mark();
                host.wait(seconds(0.001));
            }
        }
        assert_eq!(
            text(&host.screen().primary.label),
            row.button,
            "{}",
            row.status
        );
        assert_eq!(host.status(), row.status);
        assert!(!host.screen().title.id.english().is_empty());
        host.wait(seconds(4.9));
        let cues = host.cues(mark);
        let speech = cues.iter().find_map(|(_, cue)| match cue {
            Cue::Say {
                msg,
                politeness,
                must,
                interrupt,
                ..
            } if text(msg) == row.status => Some((*politeness, *must, *interrupt)),
            _ => None,
        });
        assert_eq!(speech, row.speech, "{}", row.status);
        let haptic = cues.iter().find_map(|(_, cue)| match cue {
            Cue::Feel(haptic) => Some(*haptic),
            _ => None,
        });
        let earcon = cues.iter().find_map(|(_, cue)| match cue {
            Cue::Play(earcon) => Some(*earcon),
            _ => None,
        });
        assert_eq!((haptic, earcon), row.senses, "{}", row.status);
    }
}

/// What a person is told to do begins with one of these.
const ACTS: [&str; 25] = [
    "Ask",
    "Check",
    "Choose",
    "Count",
    "Help says",
    "Hold",
    "If it is off",
    "It must",
    "It needs you",
    "Knock",
    "Look",
    "Move",
    "Open",
    "Plug",
    "Press",
    "Reset",
    "Restart",
    "Stay",
    "Touch",
    "Try",
    "Turn",
    "Type",
    "Use",
    "Wait",
    "You can",
];

#[test]
fn every_stop_says_what_is_so_and_what_to_do() {
    let mut stops = 0;
    for row in table() {
        if row.senses != STOP {
            continue;
        }
        stops += 1;
        let mut host = Host::new();
        row.before.into_iter().for_each(|input| host.send(input));
        host.wait(seconds(2.0));
        let mark = host.mark();
        match row.at {
            Trigger::Event(event) => host.event(event),
            Trigger::Press(action) => host.press(action),
            Trigger::Wait(time) => host.wait(seconds(time)),
        }
        let detail = host.screen().detail.as_ref().map(text);
        host.wait(seconds(20.0));
        let said: Vec<String> = host.said(mark).into_iter().map(|(_, said)| said).collect();
        let said = said.join(" ");
        let sentences: Vec<&str> = said.split_inclusive(['.', '?']).map(str::trim).collect();
        let is_act = |sentence: &&str| ACTS.iter().any(|act| sentence.starts_with(act));
        assert!(sentences.iter().any(is_act), "what to do? {said}");
        assert!(!sentences.iter().all(is_act), "what is so? {said}");
        // P10: whatever is said is on the screen.
        let shown = format!("{} {}", row.status, detail.unwrap_or_default());
        assert!(
            sentences.iter().all(|sentence| shown.contains(sentence)),
            "{said}"
        );
    }
    assert!(stops > 15, "{stops}");
}

#[test]
fn what_to_do_is_said_once_the_stop_has_been_said_and_not_after_a_step_that_follows() {
    let refused = Event::NotGenuine {
        reason: NotGenuineReason::Evidence,
    };
    let mut host = Host::new();
    let mark = host.mark();
    host.event(refused.clone());
    host.wait(seconds(20.0));
    let said = host.said(mark);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].1.starts_with("Stopped."));
    assert_eq!(said[1].1, "Look again, or use another one.");
    // Not before the fourteen words have been said.
    assert!(said[1].0 >= said[0].0 + 4.0, "{said:?}");

    let mark = host.mark();
    host.event(Event::Scanning);
    host.event(refused);
    host.wait(seconds(1.0));
    host.event(Event::Scanning);
    host.wait(seconds(9.0));
    assert!(
        host.said(mark)
            .iter()
            .all(|(_, said)| !said.starts_with("Look again, or"))
    );
}

const PROMPT: &str = "Your turn. Press the button once. Take your time.";

#[test]
fn whoever_is_asked_once_more_hears_why_and_then_what_to_do() {
    let reasons = [
        (
            AgainReason::Restarted,
            "The device started over. It needs you once more.",
        ),
        (
            AgainReason::NotOnce,
            "The device is back. It must go off, then on, just once.",
        ),
        (
            AgainReason::NotMine,
            "Not used. Nothing was sent to that device.",
        ),
    ];
    for (why, reason) in reasons {
        let mut host = Host::new();
        // Asked for the first time a moment ago: the same words are news again.
        host.event(presence(PresenceKind::Press, false));
        host.wait(seconds(5.0));
        let mark = host.mark();
        host.event(Event::TouchAgain { why });
        host.event(presence(PresenceKind::Press, false));
        host.wait(seconds(15.0));
        let said: Vec<String> = host.said(mark).into_iter().map(|(_, said)| said).collect();
        assert_eq!(said, [reason, PROMPT]);
        let detail = host.screen().detail.as_ref().map(text);
        assert_eq!(detail.as_deref(), Some(reason));
    }
}

#[test]
fn a_device_that_is_back_is_not_called_away_any_more() {
    let mut host = Host::new();
    host.event(Event::TouchAgain {
        why: AgainReason::StaysOff,
    });
    host.wait(seconds(20.0));
    let mark = host.mark();
    host.event(presence(PresenceKind::Press, false));
    host.wait(seconds(15.0));
    let said: Vec<String> = host.said(mark).into_iter().map(|(_, said)| said).collect();
    assert_eq!(said, [PROMPT]);
    assert_eq!(host.screen().detail, None);
}

#[test]
fn every_screen_offers_at_most_four_controls_cancel_first_and_help_last() {
    for row in table() {
        let mut host = Host::new();
        row.before.into_iter().for_each(|input| host.send(input));
        host.wait(seconds(2.0));
        match row.at {
            Trigger::Event(event) => host.event(event),
            Trigger::Press(action) => host.press(action),
            Trigger::Wait(time) => host.wait(seconds(time)),
        }
        let ids: Vec<_> = host
            .screen()
            .secondary
            .iter()
            .map(|action| action.id)
            .collect();
        assert!(ids.len() <= 3, "{}", row.status);
        if let Some(at) = ids.iter().position(|id| *id == ActionId::Cancel) {
            assert_eq!(at, 0, "{}", row.status);
        } else {
            let ended = [
                "Done. Kitchen lamp is connected to Home.",
                "Cancelled. The device was not changed.",
            ];
            assert!(
                ended.contains(&row.status),
                "{} cannot be cancelled",
                row.status
            );
        }
        if let Some(at) = ids.iter().position(|id| *id == ActionId::Help) {
            assert_eq!(at, ids.len() - 1, "{}", row.status);
        }
    }
}

#[test]
fn the_first_screen_invites_and_says_nothing() {
    let mut host = Host::new();
    host.wait(seconds(60.0));
    assert_eq!(text(&host.screen().title), "Connect a device");
    assert_eq!(text(&host.screen().primary.label), "Connect device");
    assert_eq!(host.status(), "You will touch the device once.");
    assert!(host.cues(0).is_empty());
}

#[test]
fn location_has_its_own_words() {
    let mut host = Host::new();
    host.event(Event::PermissionNeeded {
        what: Permission::Location,
    });
    assert!(
        host.status()
            .starts_with("Your phone will ask about location.")
    );
    host.event(Event::PermissionBlocked);
    assert_eq!(
        host.status(),
        "Access to location is off. Open settings to allow it."
    );
}

#[test]
fn the_focus_moves_only_at_decisions_fields_and_ends() {
    let mut host = Host::at_choice(vec![network("Home", true, false)]);
    let moved: Vec<_> = host.screens().iter().filter_map(|s| s.focus).collect();
    assert_eq!(moved, [FocusTarget::Title]);
    host.press(ActionId::UseNetwork);
    assert_eq!(host.screen().focus, Some(FocusTarget::Field));
    host.press_later(ActionId::ShowPassword);
    assert_eq!(host.screen().focus, None);
    assert!(
        host.screen()
            .field
            .as_ref()
            .is_some_and(|field| field.revealed)
    );
    host.event(Event::Failed { code: 1 });
    assert_eq!(host.screen().focus, Some(FocusTarget::TitleIfLost));
}

#[test]
fn a_wrong_password_is_tied_to_the_field() {
    let mut host = Host::at_choice(vec![network("Home", true, false)]);
    host.send(password("correct horse"));
    host.press(ActionId::UseNetwork);
    host.event(Event::WrongPassword);
    let field = host.screen().field.clone().expect("a field");
    assert_eq!(field.kind, FieldKind::Password);
    assert_eq!(field.error.as_ref(), Some(&host.screen().status));
}

#[test]
fn quiet_second_lines_are_shown_and_never_said() {
    let mut host = Host::at_choice(vec![network("Home", false, false)]);
    host.event(Event::Done {
        product: lamp(),
        note: Some(DoneNote::DevelopmentDevice),
    });
    host.wait(seconds(60.0));
    assert_eq!(
        host.screen().detail.as_ref().map(|msg| msg.id),
        Some(MsgId::NoteDevelopment)
    );
    assert!(
        host.said(0)
            .iter()
            .all(|(_, said)| !said.contains("development"))
    );
}

#[test]
fn help_is_shown_and_an_error_code_is_never_spoken() {
    let mut host = Host::new();
    host.event(Event::Failed { code: 1234 });
    host.press_later(ActionId::Help);
    host.wait(seconds(10.0));
    let help = host.screen().help.as_ref().map(text);
    assert_eq!(
        help.as_deref(),
        Some("If it fails again, tell the maker error code 1234.")
    );
    assert!(host.said(0).iter().all(|(_, said)| !said.contains("1234")));

    host.event(Event::AlreadyOwned);
    assert_eq!(host.screen().help, None, "help belongs to its step");
    let mark = host.mark();
    host.press_later(ActionId::Help);
    host.wait(seconds(2.0));
    assert!(
        host.said(mark)
            .iter()
            .any(|(_, said)| said.starts_with("Ask its owner, or reset it."))
    );
}
