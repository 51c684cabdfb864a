//! Reminders, the heartbeat and broken links.

mod common;

use std::time::Duration;

use common::{Host, network, reader, seconds, touch};
use touchstone_flow::{A11yContext, ActionId, Cue, Earcon, Event, Input};

const YOUR_TURN: &str = "Your turn. Touch the device once. Take your time.";

#[test]
fn reminders_back_off_and_stop_after_three() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(1800.0));
    let said = host.said(0);
    let times: Vec<_> = said.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0.0, 20.0, 60.0, 120.0]);
    assert!(
        said[1..]
            .iter()
            .all(|(_, text)| text == "Still waiting for your touch.")
    );
    assert_eq!(host.flow.poll_timeout(), None);
}

#[test]
fn the_time_scale_stretches_every_reminder() {
    let mut host = Host::with(A11yContext {
        time_scale: 3.0,
        ..reader()
    });
    host.event(touch(false));
    host.wait(seconds(1800.0));
    let times: Vec<_> = host.said(0).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0.0, 60.0, 180.0, 360.0]);

    for scale in [f32::NAN, -1.0, 0.0, f32::INFINITY] {
        let mut host = Host::with(A11yContext {
            time_scale: scale,
            ..reader()
        });
        host.event(touch(false));
        host.wait(seconds(1800.0));
        assert_eq!(host.said(0).len(), 4, "{scale}");
    }
}

#[test]
fn reminders_count_only_the_time_the_person_could_see_the_screen() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(15.0));
    host.send(Input::UiReady(false));
    host.wait(seconds(600.0));
    host.send(Input::UiReady(true));
    host.wait(seconds(4.9));
    assert_eq!(host.said(0).len(), 1);
    host.wait(seconds(0.2));
    assert_eq!(host.said(0).last().map(|(at, _)| *at), Some(620.0));
}

#[test]
fn a_search_that_finds_and_loses_devices_does_not_remind_from_the_beginning() {
    let mut host = Host::new();
    host.event(Event::Scanning);
    for _ in 0..40 {
        host.wait(seconds(5.0));
        host.event(Event::Verifying);
        host.wait(seconds(1.0));
        host.event(Event::Scanning);
    }
    let slow = host
        .said(0)
        .into_iter()
        .filter(|(_, text)| text.starts_with("Still looking."));
    assert!(slow.count() <= 3);
}

#[test]
fn say_again_after_a_reminder_says_what_to_do() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(30.0));
    assert_eq!(host.status(), "Still waiting for your touch.");
    assert_eq!(
        host.screen().detail.as_ref().map(common::text).as_deref(),
        Some(YOUR_TURN)
    );
    host.press(ActionId::SayAgain);
    host.wait(seconds(1.0));
    assert_eq!(host.status(), YOUR_TURN);
    assert_eq!(
        host.said(0).last().map(|(_, text)| text.as_str()),
        Some(YOUR_TURN)
    );
}

#[test]
fn while_something_is_under_way_it_is_never_silent_for_more_than_five_seconds() {
    for event in [
        Event::Scanning,
        Event::Verifying,
        Event::Sending,
        Event::Joining,
        Event::Saving,
    ] {
        let mut host = Host::new();
        host.event(event);
        host.wait(seconds(300.0));
        let mut last = Duration::ZERO;
        for (at, _) in host.cues(0) {
            assert!(at - last <= seconds(5.0), "silence from {last:?} to {at:?}");
            last = at;
        }
        assert!(last >= seconds(295.0));
        assert!(
            host.cues(0)
                .iter()
                .any(|(_, cue)| **cue == Cue::Play(Earcon::Tick))
        );
    }
}

#[test]
fn a_broken_link_that_comes_back_within_three_seconds_is_not_mentioned() {
    let mut host = Host::new();
    host.event(Event::Joining);
    host.wait(seconds(4.0));
    host.event(Event::LinkLost);
    host.wait(seconds(2.9));
    host.event(Event::LinkBack);
    host.wait(seconds(20.0));
    assert!(
        host.said(0)
            .iter()
            .all(|(_, text)| !text.contains("Lost contact"))
    );
}

#[test]
fn after_a_lost_link_the_person_is_back_where_they_were() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(10.0));
    host.event(Event::LinkLost);
    host.wait(seconds(10.0));
    assert_eq!(
        host.status(),
        "Lost contact. Stay near the device. Trying again."
    );
    let mark = host.mark();
    host.event(Event::LinkBack);
    assert_eq!(host.status(), YOUR_TURN);
    assert_eq!(
        host.said(mark),
        [(host.now.as_secs_f64(), YOUR_TURN.to_owned())]
    );
}

#[test]
fn a_broken_link_does_not_take_the_password_field_away() {
    let mut host = Host::at_choice(vec![network("Home", true, false)]);
    host.press(ActionId::UseNetwork);
    host.event(Event::LinkLost);
    host.wait(seconds(60.0));
    assert_eq!(
        host.status(),
        "Type the Wi-Fi password for Home, or paste it."
    );
    host.send(common::password("correct horse"));
    host.press(ActionId::Connect);
    assert_eq!(
        host.status(),
        "Lost contact. Stay near the device. Trying again."
    );
    host.event(Event::LinkBack);
    assert_eq!(host.status(), "Sending the Wi-Fi details.");
}

#[test]
fn a_reminder_does_not_cover_up_what_the_person_has_just_asked_for() {
    let mut host = Host::new();
    host.event(touch(false));
    host.wait(seconds(19.8));
    host.press(ActionId::SayAgain);
    host.wait(seconds(1.0));
    assert_eq!(host.status(), YOUR_TURN);
    assert_eq!(host.said(0).last(), Some(&(20.3, YOUR_TURN.to_owned())));
}
