//! What presses do, and what they must not do.

mod common;

use common::{Host, LATER, confirmations, seconds, secured, text, touch};
use touchstone_flow::{ActionId, Command, Cue, Event, Haptic, Input, Step};

#[test]
fn a_press_within_800_ms_of_a_new_label_repeats_the_status_instead_of_acting() {
    let mut host = Host::new();
    host.event(Event::BluetoothOff);
    host.wait(seconds(0.799));
    let mark = host.mark();
    host.press(ActionId::TurnOnBluetooth);
    host.wait(seconds(1.0));
    assert!(host.commands(mark).is_empty());
    assert_eq!(
        host.said(mark)[0].1,
        "Bluetooth is off. Turn it on to find your device."
    );
    host.press(ActionId::TurnOnBluetooth);
    assert!(matches!(
        host.commands(mark)[..],
        [Command::TurnOnBluetooth]
    ));
}

#[test]
fn a_label_that_names_another_network_is_a_new_label() {
    let mut host = Host::at_choice(secured());
    host.send(Input::SelectNetwork { index: 1 });
    assert_eq!(text(&host.screen().primary.label), "Use Cabin");
    host.press(ActionId::UseNetwork);
    assert_eq!(confirmations(&host), 0);
}

#[test]
fn a_double_activation_acts_once() {
    let mut host = Host::new();
    host.wait(LATER);
    for _ in 0..3 {
        host.press(ActionId::ConnectDevice);
        host.wait(seconds(0.2));
    }
    assert!(matches!(host.commands(0)[..], [Command::Start]));
}

#[test]
fn a_press_from_an_older_screen_repeats_the_status_instead_of_acting() {
    let mut host = Host::at_choice(secured());
    let stale = host.screen().seq - 1;
    let mark = host.mark();
    for seq in [0, stale, u64::MAX] {
        host.send(Input::Press {
            action: ActionId::UseNetwork,
            seq,
        });
        host.wait(seconds(1.0));
    }
    assert!(host.commands(mark).is_empty());
    assert_eq!(host.said(mark).len(), 3);
}

#[test]
fn a_press_on_what_is_not_shown_does_nothing_but_repeat() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(LATER);
    let mark = host.mark();
    host.press(ActionId::UseNetwork);
    host.press(ActionId::Finish);
    assert!(host.commands(mark).is_empty());
}

#[test]
fn cancel_works_at_once_and_from_every_screen_that_has_shown_it_since() {
    let mut host = Host::new();
    host.event(Event::Scanning);
    let seq = host.screen().seq;
    host.event(Event::Found { n: 1 });
    host.event(Event::Verifying);
    host.send(Input::Press {
        action: ActionId::Cancel,
        seq,
    });
    assert!(matches!(host.commands(0)[..], [Command::Cancel]));

    let mut host = Host::new();
    let seq = host.screen().seq;
    host.event(Event::Scanning);
    host.send(Input::Press {
        action: ActionId::Cancel,
        seq,
    });
    assert!(
        host.commands(0).is_empty(),
        "the first screen has no Cancel"
    );
}

#[test]
fn cancelled_is_shown_only_when_the_roll_back_is_confirmed() {
    let mut host = Host::at_choice(secured());
    host.press(ActionId::Cancel);
    assert!(matches!(host.screen().step, Step::ChooseNetwork { .. }));
    host.event(Event::Cancelled);
    assert_eq!(host.status(), "Cancelled. The device was not changed.");
    host.press_later(ActionId::ConnectDevice);
    assert!(matches!(
        host.commands(0)[..],
        [Command::Cancel, Command::Start]
    ));
}

#[test]
fn every_press_is_felt_at_once() {
    let mut host = Host::new();
    host.event(Event::Busy);
    host.wait(LATER);
    let mark = host.mark();
    host.press(ActionId::TryAgain);
    assert_eq!(host.cues(mark)[0], (host.now, &Cue::Feel(Haptic::Heard)));
    assert!(matches!(host.commands(mark)[..], [Command::Retry]));
}

#[test]
fn not_my_device_sends_nothing_to_it() {
    let mut host = Host::at_choice(secured());
    let mark = host.mark();
    host.press(ActionId::NotMyDevice);
    assert!(matches!(host.commands(mark)[..], [Command::NotMyDevice]));
}

#[test]
fn no_internet_can_be_checked_again_left_or_heals_by_itself() {
    let mut host = Host::at_choice(secured());
    host.event(Event::NoInternet);
    host.press_later(ActionId::CheckAgain);
    host.press_later(ActionId::FinishAnyway);
    assert!(matches!(
        host.commands(0)[..],
        [Command::CheckInternet, Command::FinishAnyway]
    ));
    host.event(Event::InternetBack);
    assert!(matches!(host.screen().step, Step::Saving));
}

#[test]
fn coming_back_to_the_app_checks_again_and_says_the_result() {
    let mut host = Host::new();
    host.event(Event::PermissionBlocked);
    host.press_later(ActionId::OpenSettings);
    host.send(Input::UiReady(false));
    host.wait(seconds(60.0));
    let mark = host.mark();
    host.send(Input::Resume);
    host.wait(seconds(2.0));
    assert!(matches!(host.commands(mark)[..], [Command::Recheck]));
    assert_eq!(
        host.said(mark)[0].1,
        "Access to nearby devices is off. Open settings to allow it."
    );
}
