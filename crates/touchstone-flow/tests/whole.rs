//! Whole flows: passable without cues, patient, and the same text every time.

mod common;

use common::{Host, LATER, choose, lamp, network, password, seconds, text, touch};
use touchstone_flow::{
    A11yContext, ActionId, Command, Cue, Event, FieldKind, Input, NotGenuineReason, Output,
    Permission, Screen, Step, Transcript,
};

/// Answers the flow's commands as a device whose password is "correct horse".
fn provision(host: &mut Host, from: usize) {
    let answers: Vec<Vec<Event>> = host
        .commands(from)
        .into_iter()
        .map(|command| match command {
            Command::Start => vec![Event::PermissionNeeded {
                what: Permission::NearbyDevices,
            }],
            Command::RequestPermission => vec![Event::BluetoothOff],
            Command::TurnOnBluetooth => vec![
                Event::Scanning,
                Event::Found { n: 2 },
                Event::Verifying,
                touch(true),
                Event::SeveralTouched,
                touch(true),
                Event::Touched { product: lamp() },
                choose(vec![network("Home", true, false)]),
            ],
            Command::UseNetwork { password, .. } => {
                let right = password
                    .as_ref()
                    .is_some_and(|password| password.expose() == "correct horse");
                let end = if right {
                    vec![
                        Event::Saving,
                        Event::Done {
                            product: lamp(),
                            note: None,
                        },
                    ]
                } else {
                    vec![Event::WrongPassword]
                };
                [vec![Event::Sending, Event::Joining], end].concat()
            }
            _ => Vec::new(),
        })
        .collect();
    for event in answers.into_iter().flatten() {
        host.wait(seconds(2.0));
        host.event(event);
    }
}

#[test]
fn someone_who_gets_no_cue_at_all_reaches_the_end_with_the_large_button_alone() {
    let context = A11yContext {
        haptics: false,
        sounds: false,
        ..A11yContext::default()
    };
    let mut host = Host::with(context);
    let mut guesses = ["short", "first guess", "correct horse"].into_iter();
    for _ in 0..20 {
        host.wait(LATER);
        if matches!(host.screen().step, Step::Done { .. }) {
            break;
        }
        if host
            .screen()
            .field
            .as_ref()
            .is_some_and(|field| field.kind == FieldKind::Password)
        {
            host.send(password(guesses.next().expect("asked once too often")));
        }
        let mark = host.mark();
        let action = host.screen().primary.id;
        host.press(action);
        provision(&mut host, mark);
    }
    assert_eq!(host.status(), "Done. Kitchen lamp is connected to Home.");
    assert!(host.cues(0).is_empty());
}

#[test]
fn nothing_is_lost_by_thirty_minutes_of_waiting_anywhere() {
    let home = || choose(vec![network("Home", true, false)]);
    let waits = [
        vec![Event::PermissionNeeded {
            what: Permission::NearbyDevices,
        }],
        vec![Event::BluetoothOff],
        vec![Event::Scanning],
        vec![Event::NotGenuine {
            reason: NotGenuineReason::Certificate,
        }],
        vec![touch(false)],
        vec![home()],
        vec![home(), Event::Joining],
        vec![home(), Event::WrongPassword],
        vec![home(), Event::NoInternet],
        vec![
            home(),
            Event::Done {
                product: lamp(),
                note: None,
            },
        ],
        vec![Event::LinkLost],
        vec![Event::Failed { code: 9 }],
    ];
    let kind = |screen: &Screen| std::mem::discriminant(&screen.step);
    for events in waits {
        let mut host = Host::new();
        events.into_iter().for_each(|event| host.event(event));
        let before = host.screen().clone();
        host.wait(seconds(1800.0));
        assert_eq!(kind(host.screen()), kind(&before));
        assert_eq!(host.screen().primary, before.primary);
        let spoken = host.said(0).len();
        assert!(spoken <= 4, "{spoken} announcements for one wait");
    }
}

#[test]
fn the_transcript_of_a_first_connection_is_known_to_the_millisecond() {
    let mut host = Host::new();
    host.wait(LATER);
    host.press(ActionId::ConnectDevice);
    host.event(Event::PermissionNeeded {
        what: Permission::NearbyDevices,
    });
    host.wait(seconds(6.0));
    host.press(ActionId::Continue);
    host.send(Input::UiReady(false));
    host.wait(seconds(4.0));
    host.event(Event::Scanning);
    host.send(Input::UiReady(true));
    host.wait(seconds(3.0));
    host.event(Event::Found { n: 2 });
    host.event(Event::Verifying);
    host.wait(seconds(0.8));
    host.event(touch(true));
    host.wait(seconds(25.0));
    host.event(Event::Touched { product: lamp() });
    host.wait(seconds(1.5));
    host.event(choose(vec![
        network("Home", true, false),
        network("Cabin", true, false),
    ]));
    host.wait(seconds(5.0));
    host.press(ActionId::UseNetwork);
    host.wait(seconds(4.0));
    host.send(password("wrong horse"));
    host.press(ActionId::Connect);
    host.event(Event::Sending);
    host.wait(seconds(0.5));
    host.event(Event::Joining);
    host.wait(seconds(6.0));
    host.event(Event::WrongPassword);
    host.wait(seconds(6.0));
    host.send(password("correct horse"));
    host.press(ActionId::TryAgain);
    host.wait(seconds(0.5));
    host.event(Event::Joining);
    host.wait(seconds(7.0));
    host.event(Event::Saving);
    host.wait(seconds(0.2));
    host.event(Event::Done {
        product: lamp(),
        note: None,
    });
    host.wait(seconds(10.0));

    let mut transcript = Transcript::new();
    host.log
        .iter()
        .for_each(|(now, output)| transcript.record(*now, output));
    let text = transcript.to_string();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/first_connection.txt");
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        std::fs::write(golden, &text).expect("the transcript can be written");
    }
    let expected = std::fs::read_to_string(golden).expect("the transcript is there");
    assert_eq!(
        text, expected,
        "run again with UPDATE_TRANSCRIPTS=1 when the change is meant"
    );
    assert!(!text.contains("horse"));
}

#[test]
fn names_from_the_air_cannot_disturb_the_text_around_them() {
    let mut host = Host::at_choice(vec![network("\u{202E}emoH\n{product}", true, false)]);
    host.press(ActionId::UseNetwork);
    let shown = touchstone_flow::catalogue::english(&host.screen().status);
    assert_eq!(
        shown,
        "Type the Wi-Fi password for \u{2068}emoH {product}\u{2069}, or paste it."
    );
    assert_eq!(text(&host.screen().title), "Choose Wi-Fi");
}

#[cfg(feature = "serde")]
#[test]
fn the_done_screen_and_the_cues_are_easy_to_recognise_as_json() {
    let mut host = Host::at_choice(vec![network("Home", false, false)]);
    let mark = host.mark();
    host.event(Event::Done {
        product: lamp(),
        note: None,
    });
    let screen = serde_json::to_value(host.screen()).expect("a screen is JSON");
    assert_eq!(
        screen["step"],
        serde_json::json!({"kind": "done", "product": "Kitchen lamp", "network": "Home", "note": null})
    );
    assert_eq!(screen["primary"]["id"], "finish");
    assert_eq!(screen["status"]["id"], "done");
    assert_eq!(
        screen["status"]["args"],
        serde_json::json!([{"product": "Kitchen lamp"}, {"network": "Home"}])
    );
    let cues: Vec<_> = host
        .cues(mark)
        .into_iter()
        .map(|(_, cue)| serde_json::to_value(cue).expect("JSON"))
        .collect();
    assert_eq!(cues[0], serde_json::json!({"feel": "done"}));
    assert_eq!(cues[1], serde_json::json!({"play": "ok"}));
    assert_eq!(cues[2]["say"]["politeness"], "assertive");
}

#[cfg(feature = "serde")]
#[test]
fn every_step_is_json_with_its_kind() {
    let mut host = Host::new();
    for event in [
        touch(true),
        choose(vec![network("Home", true, true)]),
        Event::Scanning,
        Event::Failed { code: 3 },
    ] {
        host.event(event);
    }
    let kinds: Vec<_> = host
        .screens()
        .into_iter()
        .map(|screen| serde_json::to_value(&screen.step).expect("JSON")["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "idle",
            "await_presence",
            "choose_network",
            "scanning",
            "failed"
        ]
    );
}

#[test]
fn a_cue_that_the_person_asked_for_says_so() {
    let mut host = Host::new();
    host.event(Event::Busy);
    host.wait(seconds(0.1));
    let mark = host.mark();
    host.press(ActionId::TryAgain);
    host.wait(LATER);
    assert!(
        host.log[mark..]
            .iter()
            .any(|(_, output)| matches!(output, Output::Cue(Cue::Say { repeat: true, .. })))
    );
}
