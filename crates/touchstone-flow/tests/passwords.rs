//! Networks and passwords.

mod common;

use common::{
    Host, choose, confirmations, lamp, network, password, seconds, secured, sent, text, touch,
};
use touchstone_flow::{ActionId, Command, Event, Input, NetworkChoice, Screen, Step};

#[test]
fn use_home_confirms_the_device_and_asks_for_the_password_of_a_secured_network() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::UseNetwork);
    assert!(matches!(host.commands(0)[..], [Command::ConfirmDevice]));
    assert!(matches!(
        host.screen().step,
        Step::AskPassword { problem: None, .. }
    ));
    let mark = host.mark();
    host.send(password("correct horse"));
    assert_eq!(host.mark(), mark, "typing shows no new screen");
    host.press_later(ActionId::Connect);
    assert_eq!(
        sent(&host, mark),
        Some(("Home".to_owned(), Some("correct horse".to_owned())))
    );
    assert!(matches!(host.screen().step, Step::Sending));
}

#[test]
fn open_and_saved_networks_need_no_password() {
    for item in [network("Home", true, true), network("Home", false, false)] {
        let mut host = Host::at_choice(vec![item]);
        host.press(ActionId::UseNetwork);
        assert!(matches!(
            host.commands(0)[..],
            [
                Command::ConfirmDevice,
                Command::UseNetwork { password: None, .. }
            ]
        ));
    }
}

#[test]
fn a_password_given_beforehand_is_used_without_asking() {
    let mut host = Host::new();
    host.send(password("correct horse"));
    host.event(choose(secured()));
    host.press_later(ActionId::UseNetwork);
    assert_eq!(
        sent(&host, 0),
        Some(("Home".to_owned(), Some("correct horse".to_owned())))
    );
}

#[test]
fn a_password_of_seven_characters_is_refused_in_one_plain_sentence_and_nothing_is_sent() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::UseNetwork);
    for typed in ["1234567", "", &"z".repeat(64), &"a".repeat(65)] {
        host.send(password(typed));
        host.press_later(ActionId::Connect);
        assert_eq!(sent(&host, 0), None, "{typed}");
        assert!(matches!(
            host.screen().step,
            Step::AskPassword {
                problem: Some(_),
                ..
            }
        ));
        assert_eq!(text(&host.screen().primary.label), "Connect");
        let error = host
            .screen()
            .field
            .as_ref()
            .and_then(|field| field.error.clone());
        assert_eq!(error.as_ref(), Some(&host.screen().status));
    }
    assert_eq!(
        host.status(),
        "The password has 8 to 63 characters. Check it and try again."
    );
    host.send(password("12345678"));
    host.press_later(ActionId::Connect);
    assert_eq!(
        sent(&host, 0),
        Some(("Home".to_owned(), Some("12345678".to_owned())))
    );
}

#[test]
fn connect_without_a_password_complains_each_time_it_is_pressed() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::UseNetwork);
    let mark = host.mark();
    host.press_later(ActionId::Connect);
    host.press_later(ActionId::Connect);
    host.wait(seconds(5.0));
    let complaints = host
        .said(mark)
        .into_iter()
        .filter(|(_, said)| said.starts_with("The password has"));
    assert!(complaints.count() >= 1);
    assert!(host.commands(mark).is_empty());
}

#[test]
fn a_wrong_password_is_corrected_in_place_and_nothing_else_is_asked_again() {
    let mut host = Host::at_choice(secured());
    host.send(password("first guess"));
    host.press(ActionId::UseNetwork);
    host.event(Event::Joining);
    host.event(Event::WrongPassword);
    let mark = host.mark();
    host.send(password("short"));
    host.press_later(ActionId::TryAgain);
    assert_eq!(
        host.status(),
        "The password has 8 to 63 characters. Check it and try again."
    );
    assert!(matches!(
        host.screen().step,
        Step::WrongPassword {
            problem: Some(_),
            ..
        }
    ));
    host.send(password("second guess"));
    host.press_later(ActionId::TryAgain);
    assert_eq!(
        sent(&host, mark),
        Some(("Home".to_owned(), Some("second guess".to_owned())))
    );
    assert_eq!(confirmations(&host), 1);
}

#[test]
fn an_unchanged_password_can_be_tried_again() {
    let mut host = Host::at_choice(secured());
    host.send(password("correct horse"));
    host.press(ActionId::UseNetwork);
    for event in [
        Event::WrongPassword,
        Event::NetworkNotFound,
        Event::DhcpFailed,
    ] {
        host.event(event);
        let mark = host.mark();
        host.press_later(ActionId::TryAgain);
        assert_eq!(
            sent(&host, mark),
            Some(("Home".to_owned(), Some("correct horse".to_owned())))
        );
    }
}

#[test]
fn a_password_is_never_sent_to_another_network() {
    let mut host = Host::at_choice(secured());
    host.send(password("for home only"));
    host.press(ActionId::UseNetwork);
    host.event(Event::WrongPassword);
    host.press_later(ActionId::OtherNetworks);
    let mark = host.mark();
    host.send(Input::SelectNetwork { index: 1 });
    assert!(matches!(host.screen().step, Step::AskPassword { .. }));
    host.press_later(ActionId::Connect);
    assert_eq!(sent(&host, mark), None);

    host.press_later(ActionId::OtherNetworks);
    let mark = host.mark();
    host.send(Input::SelectNetwork { index: 2 });
    assert_eq!(sent(&host, mark), Some(("Guest".to_owned(), None)));
}

#[test]
fn a_retry_after_a_failure_asks_nothing_twice() {
    let mut host = Host::at_choice(secured());
    host.send(Input::SelectNetwork { index: 1 });
    host.send(password("correct horse"));
    host.press_later(ActionId::UseNetwork);
    host.event(Event::Failed { code: 3 });
    host.press_later(ActionId::TryAgain);
    host.event(Event::Scanning);
    host.event(touch(false));
    host.event(Event::Touched { product: lamp() });
    host.event(choose(secured()));
    let mark = host.mark();
    host.press_later(ActionId::UseNetwork);
    assert_eq!(
        sent(&host, mark),
        Some(("Cabin".to_owned(), Some("correct horse".to_owned())))
    );
    assert_eq!(
        confirmations(&host),
        2,
        "another touch, another confirmation"
    );
}

#[test]
fn passwords_are_forgotten_at_the_end() {
    for end in [
        Event::Done {
            product: lamp(),
            note: None,
        },
        Event::Cancelled,
    ] {
        let mut host = Host::at_choice(secured());
        host.send(password("correct horse"));
        host.press(ActionId::UseNetwork);
        host.event(end);
        host.event(choose(secured()));
        let mark = host.mark();
        host.press_later(ActionId::UseNetwork);
        assert_eq!(sent(&host, mark), None);
        assert!(matches!(host.screen().step, Step::AskPassword { .. }));
    }
}

#[test]
fn another_device_keeps_the_network() {
    let mut host = Host::at_choice(secured());
    host.send(Input::SelectNetwork { index: 1 });
    host.send(password("correct horse"));
    host.press_later(ActionId::UseNetwork);
    host.event(Event::Done {
        product: lamp(),
        note: None,
    });
    host.press_later(ActionId::ConnectAnother);
    host.event(Event::Scanning);
    host.event(choose(vec![
        network("Home", true, false),
        network("Cabin", true, true),
    ]));
    assert_eq!(text(&host.screen().primary.label), "Use Cabin");
    let mark = host.mark();
    host.press_later(ActionId::UseNetwork);
    assert_eq!(sent(&host, mark), Some(("Cabin".to_owned(), None)));
}

#[test]
fn the_list_is_frozen_until_the_person_asks_for_a_newer_one() {
    let names = |screen: &Screen| match &screen.step {
        Step::ChooseNetwork { items, .. } | Step::NetworkList { items, .. } => items
            .iter()
            .map(|item| item.ssid.shown().to_owned())
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let mut host = Host::at_choice(secured());
    let mark = host.mark();
    host.event(Event::Networks(vec![
        network("Other", true, false),
        network("Home", true, false),
    ]));
    assert_eq!(host.mark(), mark);
    host.press(ActionId::OtherNetworks);
    assert_eq!(
        names(host.screen()),
        ["Other", "Home"],
        "a list that opens is new anyway"
    );
    host.event(Event::Networks(vec![
        network("Third", true, false),
        network("Home", true, false),
    ]));
    assert_eq!(names(host.screen()), ["Other", "Home"]);
    host.press_later(ActionId::Refresh);
    assert_eq!(names(host.screen()), ["Third", "Home"]);
    assert!(matches!(
        host.commands(mark)[..],
        [Command::RefreshNetworks]
    ));
    host.event(Event::Networks(secured()));
    assert_eq!(names(host.screen()), ["Home", "Cabin", "Guest"]);
    assert_eq!(
        text(&host.screen().primary.label),
        "Use Home",
        "the choice follows its network"
    );
}

#[test]
fn choosing_from_the_list_does_not_confirm_the_device() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::OtherNetworks);
    host.send(Input::SelectNetwork { index: 2 });
    assert_eq!(
        host.status(),
        "Kitchen lamp is beeping now. Use Guest for it?"
    );
    assert_eq!(confirmations(&host), 0);
    assert_eq!(sent(&host, 0), None);
    host.press_later(ActionId::UseNetwork);
    assert_eq!(confirmations(&host), 1);
    assert_eq!(sent(&host, 0), Some(("Guest".to_owned(), None)));
}

#[test]
fn a_device_without_wifi_in_reach_offers_to_look_again_or_to_type_a_name() {
    let mut host = Host::at_choice(Vec::new());
    assert_eq!(
        host.status(),
        "Kitchen lamp finds no Wi-Fi. Move it nearer to the router, then refresh."
    );
    assert_eq!(text(&host.screen().primary.label), "Refresh");
    host.press(ActionId::Refresh);
    host.event(Event::Networks(secured()));
    assert_eq!(
        host.status(),
        "Kitchen lamp is beeping now. Use Home for it?"
    );
}

#[test]
fn a_name_typed_by_hand_has_1_to_32_bytes() {
    let mut host = Host::at_choice(Vec::new());
    host.press(ActionId::TypeName);
    host.press_later(ActionId::Continue);
    assert_eq!(
        host.status(),
        "The Wi-Fi name is missing. Type it, then continue."
    );
    for (name, fits) in [
        ("", false),
        (&*"a".repeat(33), false),
        (&*"ä".repeat(17), false),
        (&*"ä".repeat(16), true),
    ] {
        host.send(Input::TypeNetwork {
            name: name.to_owned(),
            secured: true,
        });
        host.press_later(ActionId::Continue);
        assert_eq!(
            matches!(host.screen().step, Step::ChooseNetwork { .. }),
            fits,
            "{name}"
        );
        assert!(host.commands(0).is_empty());
    }
    host.send(password("correct horse"));
    host.press_later(ActionId::UseNetwork);
    let Some(Command::UseNetwork {
        network: NetworkChoice::Typed { ssid, secured },
        ..
    }) = host.commands(0).pop()
    else {
        panic!("nothing sent");
    };
    assert_eq!(ssid.octets(), "ä".repeat(16).as_bytes());
    assert!(secured);
}

#[test]
fn a_person_who_types_a_name_can_say_that_there_is_no_password() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::UseNetwork);
    host.press_later(ActionId::OtherNetworks);
    host.press_later(ActionId::TypeName);
    host.press_later(ActionId::NoPassword);
    assert_eq!(
        host.status(),
        "The Wi-Fi name is missing. Type it, then continue."
    );
    host.send(Input::TypeNetwork {
        name: "Guest".to_owned(),
        secured: true,
    });
    host.press_later(ActionId::NoPassword);
    assert_eq!(sent(&host, 0), Some(("Guest".to_owned(), None)));
}

#[test]
fn a_typed_name_needs_a_password_unless_somebody_says_otherwise() {
    for (secured, action, asks) in [
        (true, ActionId::Continue, true),
        (true, ActionId::NoPassword, false),
        (false, ActionId::Continue, false),
    ] {
        let mut host = Host::at_choice(Vec::new());
        host.press(ActionId::TypeName);
        host.send(Input::TypeNetwork {
            name: "Guest".to_owned(),
            secured,
        });
        host.press_later(action);
        host.press_later(ActionId::UseNetwork);
        let asked = matches!(host.screen().step, Step::AskPassword { .. });
        assert_eq!(asked, asks, "{secured} {action:?}");
        assert_eq!(sent(&host, 0).is_none(), asks, "{secured} {action:?}");
    }
}
