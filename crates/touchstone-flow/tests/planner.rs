//! When announcements are given: the planner's rules, with a fake clock.

mod common;

use common::{Host, choose, lamp, network, reader, seconds, touch};
use touchstone_flow::{A11yContext, ActionId, Cue, Event, Haptic, Input, Politeness};

const LOOKING: &str = "Looking for your device.";
const YOUR_TURN: &str = "Your turn. Touch the device once. Take your time.";

fn texts(said: &[(f64, String)]) -> Vec<&str> {
    said.iter().map(|(_, text)| text.as_str()).collect()
}

fn ids(host: &Host, text: &str) -> Vec<u64> {
    host.cues(0)
        .into_iter()
        .filter_map(|(_, cue)| match cue {
            Cue::Say { id, msg, .. } if common::text(msg) == text => Some(*id),
            _ => None,
        })
        .collect()
}

#[test]
fn the_first_status_after_a_press_is_said_half_a_second_after_it() {
    let mut host = Host::new();
    host.wait(seconds(3.0));
    host.press(ActionId::ConnectDevice);
    host.event(Event::Scanning);
    host.wait(seconds(4.0));
    assert_eq!(host.said(0), [(3.5, LOOKING.to_owned())]);
    let felt: Vec<_> = host
        .cues(0)
        .into_iter()
        .filter(|(_, cue)| matches!(cue, Cue::Feel(_)))
        .collect();
    assert_eq!(
        felt,
        [(seconds(3.0), &Cue::Feel(Haptic::Heard))],
        "one press, one pulse"
    );
}

#[test]
fn a_polite_status_is_said_only_when_it_has_lasted() {
    let mut host = Host::new();
    host.event(Event::Verifying);
    host.wait(seconds(1.9));
    host.event(Event::Joining);
    host.wait(seconds(1.4));
    host.event(Event::Saving);
    host.wait(seconds(1.9));
    assert!(host.said(0).is_empty());
    host.wait(seconds(0.1));
    assert_eq!(texts(&host.said(0)), ["Saving."]);
}

#[test]
fn polite_announcements_are_five_seconds_apart_and_the_newest_wins() {
    let mut host = Host::new();
    host.event(Event::Scanning);
    host.wait(seconds(2.0));
    host.event(Event::Found { n: 2 });
    host.wait(seconds(1.8));
    host.event(Event::Verifying);
    host.wait(seconds(8.0));
    let said = host.said(0);
    assert_eq!(
        texts(&said),
        [LOOKING, "Checking that the device is genuine."]
    );
    assert_eq!([said[0].0, said[1].0], [1.5, 6.5]);
}

#[test]
fn devices_that_are_found_while_one_is_announced_are_merged_and_never_recounted() {
    let mut host = Host::new();
    host.event(Event::Found { n: 1 });
    host.wait(seconds(1.0));
    host.event(Event::Found { n: 3 });
    host.wait(seconds(0.5));
    host.event(Event::Found { n: 4 });
    host.wait(seconds(10.0));
    host.event(Event::Found { n: 2 });
    host.wait(seconds(10.0));
    assert_eq!(
        host.said(0),
        [(1.5, "Found 3 devices. Checking them.".to_owned())]
    );
    assert_eq!(host.status(), "Found 3 devices. Checking them.");
}

#[test]
fn an_assertive_announcement_is_given_at_once_and_drops_what_waits_politely() {
    let mut host = Host::new();
    host.event(Event::Scanning);
    host.wait(seconds(1.4));
    host.event(touch(false));
    host.wait(seconds(15.0));
    assert_eq!(host.said(0), [(1.4, YOUR_TURN.to_owned())]);
}

#[test]
fn why_both_devices_were_released_is_said_to_the_end_before_the_next_prompt() {
    let mut host = Host::new();
    host.event(touch(true));
    host.wait(seconds(8.0));
    let mark = host.mark();
    host.event(Event::SeveralTouched);
    host.wait(seconds(0.2));
    host.event(touch(true));
    host.wait(seconds(10.0));
    let said = host.said(mark);
    assert_eq!(
        texts(&said),
        [
            "Two devices were touched. Touch only the one you want.",
            "Your turn. Touch the device you want, once. Take your time."
        ]
    );
    assert!((3.0..=5.0).contains(&(said[1].0 - said[0].0)));
    let detail = host.screen().detail.as_ref().map(common::text);
    assert_eq!(
        detail.as_deref(),
        Some("Two devices were touched. Touch only the one you want.")
    );
}

#[test]
fn an_announcement_that_was_spoken_lets_the_next_one_go() {
    let mut host = Host::new();
    host.event(Event::SeveralTouched);
    host.event(touch(true));
    host.wait(seconds(2.0));
    let id = ids(
        &host,
        "Two devices were touched. Touch only the one you want.",
    )[0];
    host.send(Input::Said {
        id,
        delivered: true,
    });
    assert_eq!(host.said(0).last().map(|(at, _)| *at), Some(2.0));
}

#[test]
fn a_touch_is_acknowledged_at_once_whatever_is_being_said() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(0.3));
    host.press(ActionId::SayAgain);
    host.wait(seconds(0.1));
    let mark = host.mark();
    host.event(Event::Touched { product: lamp() });
    assert_eq!(host.said(mark), [(0.4, "Touch received.".to_owned())]);
    assert!(
        host.cues(mark)
            .iter()
            .any(|(_, cue)| **cue == Cue::Feel(Haptic::Heard))
    );
}

#[test]
fn a_touch_is_acknowledged_while_it_is_being_said_that_two_were_touched() {
    let mut host = Host::new();
    host.event(touch(true));
    host.wait(seconds(8.0));
    host.event(Event::SeveralTouched);
    host.event(touch(true));
    host.wait(seconds(2.0));
    let mark = host.mark();
    host.event(Event::Touched { product: lamp() });
    assert_eq!(host.said(mark), [(10.0, "Touch received.".to_owned())]);
}

#[test]
fn a_prompt_that_has_been_answered_is_not_spoken_to_its_end() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(1.2));
    host.event(Event::Touched { product: lamp() });
    host.wait(seconds(5.0));
    let touched = (1.2, "Touch received.".to_owned());
    assert_eq!(host.said(0).last(), Some(&touched));
}

#[test]
fn what_must_be_delivered_is_posted_once_more_and_only_once() {
    let mut host = Host::new();
    host.event(touch(false));
    for _ in 0..4 {
        let id = *ids(&host, YOUR_TURN).last().expect("said");
        host.send(Input::Said {
            id,
            delivered: false,
        });
        host.wait(seconds(2.0));
    }
    assert_eq!(texts(&host.said(0)), [YOUR_TURN, YOUR_TURN]);
    let turns = host
        .cues(0)
        .into_iter()
        .filter(|(_, cue)| **cue == Cue::Feel(Haptic::YourTurn));
    assert_eq!(turns.count(), 1, "the haptic has arrived");
}

#[test]
fn what_was_lost_is_not_posted_again_when_its_step_has_passed() {
    let mut host = Host::new();
    host.event(touch(false));
    let id = ids(&host, YOUR_TURN)[0];
    host.event(Event::Touched { product: lamp() });
    host.send(Input::Said {
        id,
        delivered: false,
    });
    host.wait(seconds(5.0));
    assert_eq!(texts(&host.said(0)), [YOUR_TURN, "Touch received."]);
}

#[test]
fn nothing_is_given_while_a_dialog_is_open_nor_until_it_has_settled() {
    let mut host = Host::new();
    host.press(ActionId::ConnectDevice);
    host.send(Input::UiReady(false));
    let mark = host.mark();
    host.event(Event::PermissionBlocked);
    host.wait(seconds(60.0));
    host.event(Event::BluetoothOff);
    host.wait(seconds(60.0));
    assert!(host.cues(mark).is_empty());
    host.send(Input::UiReady(true));
    host.wait(seconds(5.0));
    assert_eq!(
        host.said(mark),
        [(
            120.7,
            "Bluetooth is off. Turn it on to find your device.".to_owned()
        )]
    );
}

#[test]
fn a_prompt_taken_back_and_given_again_is_not_said_twice_in_ten_seconds() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(2.0));
    host.event(Event::PresenceWithdrawn);
    host.wait(seconds(1.0));
    host.event(touch(false));
    host.wait(seconds(10.0));
    assert_eq!(texts(&host.said(0)), [YOUR_TURN]);
    let turns = host
        .cues(0)
        .into_iter()
        .filter(|(_, cue)| **cue == Cue::Feel(Haptic::YourTurn));
    assert_eq!(turns.count(), 2, "it is still felt");
}

#[test]
fn a_second_wrong_password_is_said_however_soon() {
    let mut host = Host::at_choice(vec![network("Home", true, false)]);
    host.send(common::password("first guess"));
    host.press(ActionId::UseNetwork);
    let mark = host.mark();
    for _ in 0..2 {
        host.event(Event::WrongPassword);
        host.wait(seconds(4.5));
        host.press(ActionId::TryAgain);
        host.wait(seconds(0.5));
    }
    let wrong = host
        .said(mark)
        .into_iter()
        .filter(|(_, text)| text.contains("did not work"));
    assert_eq!(wrong.count(), 2);
}

#[test]
fn say_again_is_never_throttled() {
    let mut host = Host::new();
    host.event(Event::Verifying);
    host.wait(seconds(3.0));
    let mark = host.mark();
    host.press(ActionId::SayAgain);
    host.wait(seconds(1.0));
    host.press(ActionId::SayAgain);
    host.wait(seconds(1.0));
    assert_eq!(host.said(mark).len(), 2);
    for (_, cue) in host.cues(mark) {
        if let Cue::Say {
            repeat, politeness, ..
        } = cue
        {
            assert!(repeat);
            assert_eq!(*politeness, Politeness::Polite);
        }
    }
}

#[test]
fn without_a_screen_reader_nothing_is_said_but_everything_is_felt_heard_and_shown() {
    let mut spoken = Host::new();
    let mut silent = Host::with(A11yContext::default());
    for host in [&mut spoken, &mut silent] {
        host.event(touch(false));
        host.wait(seconds(30.0));
        host.event(Event::Touched { product: lamp() });
        host.wait(seconds(2.0));
        host.event(choose(vec![network("Home", false, false)]));
        host.wait(seconds(6.0));
        host.event(Event::Done {
            product: lamp(),
            note: None,
        });
        host.wait(seconds(6.0));
    }
    assert!(silent.said(0).is_empty());
    assert_eq!(silent.screens(), spoken.screens());
    let senses = |host: &Host| -> Vec<Cue> {
        let cues = host.cues(0).into_iter().map(|(_, cue)| cue.clone());
        cues.filter(|cue| !matches!(cue, Cue::Say { .. })).collect()
    };
    assert_eq!(senses(&silent), senses(&spoken));
    assert!(senses(&silent).contains(&Cue::Feel(Haptic::Done)));
}

#[test]
fn haptics_and_sounds_can_be_off() {
    let mut host = Host::with(A11yContext {
        haptics: false,
        sounds: false,
        ..reader()
    });
    host.event(Event::Scanning);
    host.wait(seconds(60.0));
    host.event(touch(false));
    assert!(
        host.cues(0)
            .iter()
            .all(|(_, cue)| matches!(cue, Cue::Say { .. }))
    );
}

#[test]
fn a_screen_reader_switched_on_is_told_where_it_is() {
    let mut host = Host::with(A11yContext::default());
    host.event(touch(false));
    host.wait(seconds(5.0));
    host.send(Input::Context(reader()));
    host.wait(seconds(2.0));
    assert_eq!(texts(&host.said(0)), [YOUR_TURN]);
}

#[test]
fn a_typical_flow_is_at_most_eight_utterances_and_the_two_that_matter_are_not_late() {
    let mut host = Host::new();
    host.press(ActionId::ConnectDevice);
    host.event(Event::Scanning);
    host.wait(seconds(2.0));
    host.event(Event::Found { n: 1 });
    host.wait(seconds(0.4));
    host.event(Event::Verifying);
    host.event(Event::Found { n: 3 });
    host.wait(seconds(1.2));
    let turn = host.now.as_secs_f64();
    host.event(touch(true));
    host.wait(seconds(7.0));
    host.event(Event::Touched { product: lamp() });
    host.wait(seconds(1.5));
    host.event(choose(vec![network("Home", true, true)]));
    host.wait(seconds(5.0));
    host.press(ActionId::UseNetwork);
    host.event(Event::Sending);
    host.wait(seconds(0.4));
    host.event(Event::Joining);
    host.wait(seconds(12.0));
    host.event(Event::Saving);
    host.wait(seconds(0.3));
    let done = host.now.as_secs_f64();
    host.event(Event::Done {
        product: lamp(),
        note: None,
    });
    host.wait(seconds(60.0));
    let said = host.said(0);
    assert_eq!(
        texts(&said),
        [
            LOOKING,
            "Your turn. Touch the device you want, once. Take your time.",
            "Touch received.",
            "Kitchen lamp is beeping now. Use Home for it?",
            "Joining Home. This can take a minute.",
            "Done. Kitchen lamp is connected to Home.",
        ]
    );
    assert_eq!(said[1].0, turn);
    assert_eq!(said[5].0, done);
    let words: usize = said
        .iter()
        .map(|(_, text)| text.split_whitespace().count())
        .sum();
    assert!(
        words <= 25 * 175 / 60,
        "more than 25 s at 175 words per minute"
    );
}

#[test]
fn a_prompt_that_was_lost_and_then_taken_back_is_not_posted_again() {
    let mut host = Host::new();
    host.event(touch(false));
    let id = ids(&host, YOUR_TURN)[0];
    host.event(Event::PresenceWithdrawn);
    host.send(Input::Said {
        id,
        delivered: false,
    });
    host.wait(seconds(1.5));
    assert_eq!(texts(&host.said(0)), [YOUR_TURN]);
}

#[test]
fn the_same_polite_text_is_not_repeated_within_ten_seconds() {
    let mut host = Host::new();
    host.event(Event::Scanning);
    host.wait(seconds(2.0));
    host.event(Event::Found { n: 1 });
    host.wait(seconds(1.0));
    host.event(Event::Scanning);
    host.wait(seconds(6.9));
    assert_eq!(texts(&host.said(0)), [LOOKING]);
}

#[test]
fn what_passed_while_a_dialog_was_open_is_not_said_afterwards() {
    let mut host = Host::new();
    host.send(Input::UiReady(false));
    host.event(Event::SeveralTouched);
    host.event(touch(false));
    host.send(Input::UiReady(true));
    host.wait(seconds(5.0));
    assert_eq!(texts(&host.said(0)), [YOUR_TURN]);
    assert!(host.screen().detail.is_some(), "why is still to be read");
}

#[test]
fn why_both_devices_were_released_is_said_even_when_the_next_prompt_is_there_already() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(5.0));
    host.press(ActionId::SayAgain);
    let mark = host.mark();
    host.event(Event::SeveralTouched);
    host.event(touch(true));
    host.wait(seconds(6.0));
    assert_eq!(host.said(mark).len(), 2);
    assert_eq!(
        host.said(mark)[0].1,
        "Two devices were touched. Touch only the one you want."
    );
}
