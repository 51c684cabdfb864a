//! Level 2: signals to count, said first and given afterwards, on what the person can perceive.

mod common;

use common::{Host, choose, lamp, reader, seconds, secured, text, touch};
use touchstone_flow::{
    A11yContext, ActionId, Actuators, AgainReason, Command, Counts, Cue, Event, FieldKind, Input,
    SignalKind, SignalPace, Step,
};

const COUNT: &str = "After the long beep, count the short ones. Choose how many in each group.";
const WRONG: &str = "Choose a number from 1 to 6 for each of the three groups.";

fn all() -> Actuators {
    Actuators {
        sound: true,
        light: true,
        vibration: true,
    }
}

fn only(signal: SignalKind) -> Actuators {
    Actuators {
        sound: signal == SignalKind::Beeps,
        light: signal == SignalKind::Blinks,
        vibration: signal == SignalKind::Vibrations,
    }
}

fn asked(context: A11yContext, actuators: Actuators) -> Host {
    let mut host = Host::with(context);
    host.event(touch(false));
    host.wait(seconds(6.0));
    host.event(Event::Touched { product: lamp() });
    host.wait(seconds(2.0));
    host.event(Event::CountSignals { actuators });
    host
}

/// The signals have begun.
fn counting(context: A11yContext, actuators: Actuators) -> Host {
    let mut host = asked(context, actuators);
    host.wait(seconds(8.0));
    assert_eq!(given(&host, 0).len(), 1);
    host
}

fn given(host: &Host, from: usize) -> Vec<(SignalKind, SignalPace)> {
    host.commands(from)
        .into_iter()
        .filter_map(|command| match command {
            Command::GiveSignals { signal, pace } => Some((*signal, *pace)),
            _ => None,
        })
        .collect()
}

fn entered(host: &Host, from: usize) -> Vec<[u8; 3]> {
    host.commands(from)
        .into_iter()
        .filter_map(|command| match command {
            Command::EnterCounts(counts) => Some(counts.expose()),
            _ => None,
        })
        .collect()
}

fn enter(host: &mut Host, counts: [u8; 3]) {
    host.send(Input::Counts(Counts::new(counts)));
    host.press_later(ActionId::Enter);
}

#[test]
fn what_to_count_is_said_to_the_end_before_the_device_signals() {
    let mut host = asked(reader(), all());
    host.wait(seconds(0.5));
    assert_eq!(
        host.said(0).last().map(|(_, said)| said.as_str()),
        Some(COUNT)
    );
    assert!(given(&host, 0).is_empty());
    // Fourteen words; nobody has said that they were spoken sooner.
    host.wait(seconds(4.0));
    assert!(given(&host, 0).is_empty());
    host.wait(seconds(1.5));
    assert_eq!(given(&host, 0), [(SignalKind::Beeps, SignalPace::Normal)]);
}

#[test]
fn the_device_signals_as_soon_as_the_screen_reader_has_finished() {
    let mut host = asked(reader(), all());
    host.wait(seconds(1.0));
    let id = host.cues(0).into_iter().find_map(|(_, cue)| match cue {
        Cue::Say { id, msg, .. } if text(msg) == COUNT => Some(*id),
        _ => None,
    });
    let (id, delivered) = (id.expect("it is said"), true);
    host.send(Input::Said { id, delivered });
    assert_eq!(given(&host, 0).len(), 1);
}

#[test]
fn an_announcement_that_did_not_arrive_is_said_again_first() {
    let mut host = asked(reader(), all());
    host.wait(seconds(1.0));
    let mark = host.mark();
    let id = host
        .cues(0)
        .into_iter()
        .rev()
        .find_map(|(_, cue)| match cue {
            Cue::Say { id, .. } => Some(*id),
            _ => None,
        });
    let (id, delivered) = (id.expect("it is said"), false);
    host.send(Input::Said { id, delivered });
    host.wait(seconds(4.0));
    assert_eq!(host.said(mark).len(), 1);
    assert!(given(&host, 0).is_empty());
    host.wait(seconds(4.0));
    assert_eq!(given(&host, 0).len(), 1);
}

#[test]
fn whoever_reads_has_the_time_to_read_and_as_much_more_as_they_need() {
    let quick = A11yContext::default();
    let slow = A11yContext {
        time_scale: 3.0,
        ..quick
    };
    for (context, early, late) in [(quick, 5.0, 5.5), (slow, 15.0, 15.6)] {
        let mut host = asked(context, all());
        host.wait(seconds(early));
        assert!(given(&host, 0).is_empty());
        host.wait(seconds(late - early));
        assert_eq!(given(&host, 0).len(), 1);
    }
}

#[test]
fn no_signal_is_given_while_a_dialog_hides_the_screen() {
    let mut host = asked(reader(), all());
    host.send(Input::UiReady(false));
    host.wait(seconds(60.0));
    assert!(given(&host, 0).is_empty());
    host.send(Input::UiReady(true));
    host.wait(seconds(7.0));
    assert_eq!(given(&host, 0).len(), 1);
}

#[test]
fn nothing_is_said_by_itself_while_the_device_signals() {
    let mut host = counting(reader(), all());
    let mark = host.mark();
    host.wait(seconds(11.0));
    host.send(Input::Resume);
    host.wait(seconds(7.0));
    assert!(host.said(mark).is_empty());
    host.wait(seconds(10.0));
    assert_eq!(host.said(mark).len(), 1, "said when the signals are over");
}

#[test]
fn the_first_signal_is_one_the_person_perceives() {
    use SignalKind::{Beeps, Blinks, Vibrations};
    let context = |sounds, screen_reader| A11yContext {
        sounds,
        screen_reader,
        ..A11yContext::default()
    };
    let without = |signal| Actuators {
        sound: signal != Beeps,
        light: signal != Blinks,
        vibration: signal != Vibrations,
    };
    let cases = [
        (context(true, false), all(), Beeps),
        (context(true, true), all(), Beeps),
        (context(true, true), without(Beeps), Vibrations),
        (context(false, false), all(), Vibrations),
        (context(false, false), without(Vibrations), Blinks),
        (context(false, true), all(), Vibrations),
        (context(false, true), without(Vibrations), Beeps),
        (context(true, true), only(Blinks), Blinks),
    ];
    for (context, actuators, first) in cases {
        let host = counting(context, actuators);
        assert_eq!(given(&host, 0)[0].0, first, "{context:?} {actuators:?}");
    }
}

#[test]
fn signals_are_repeated_at_once_and_as_often_as_wanted() {
    let mut host = counting(reader(), all());
    let mark = host.mark();
    for _ in 0..20 {
        host.press_later(ActionId::Repeat);
    }
    assert_eq!(given(&host, mark).len(), 20);
    assert!(host.said(mark).is_empty());
}

#[test]
fn signals_come_slower_and_faster_again() {
    let mut host = counting(reader(), all());
    let mut paces = Vec::new();
    for action in [
        ActionId::RepeatSlower,
        ActionId::RepeatSlower,
        ActionId::RepeatFaster,
    ] {
        let mark = host.mark();
        host.press_later(ActionId::ChangeSignals);
        assert!(matches!(host.screen().step, Step::SignalOptions { .. }));
        host.press_later(action);
        host.wait(seconds(8.0));
        paces.extend(given(&host, mark));
    }
    use SignalPace::{Normal, Slow, Slower};
    assert_eq!(
        paces,
        [Slow, Slower, Normal].map(|pace| (SignalKind::Beeps, pace))
    );
}

#[test]
fn another_kind_of_signal_is_offered_only_where_the_device_has_one() {
    let mut host = counting(reader(), all());
    let mut kinds = Vec::new();
    for label in ["Count blinks", "Count vibrations", "Count beeps"] {
        host.press_later(ActionId::ChangeSignals);
        let other = &host.screen().secondary[1];
        assert_eq!(
            (other.id, text(&other.label).as_str()),
            (ActionId::OtherSignal, label)
        );
        host.press_later(ActionId::OtherSignal);
        host.wait(seconds(8.0));
        kinds.push(given(&host, 0).last().unwrap().0);
    }
    use SignalKind::{Beeps, Blinks, Vibrations};
    assert_eq!(kinds, [Blinks, Vibrations, Beeps]);

    let mut host = counting(reader(), only(Beeps));
    host.press_later(ActionId::ChangeSignals);
    let ids: Vec<_> = host.screen().secondary.iter().map(|a| a.id).collect();
    assert_eq!(
        ids,
        [ActionId::Cancel, ActionId::NotMyDevice, ActionId::Help]
    );
}

#[test]
fn what_the_person_can_count_is_not_asked_twice() {
    let mut host = counting(reader(), all());
    host.press_later(ActionId::ChangeSignals);
    host.press_later(ActionId::RepeatSlower);
    host.press_later(ActionId::ChangeSignals);
    host.press_later(ActionId::OtherSignal);
    host.event(Event::TouchAgain {
        why: AgainReason::CountsDiffer,
    });
    host.event(touch(false));
    host.wait(seconds(12.0));
    host.event(Event::Touched { product: lamp() });
    let mark = host.mark();
    host.event(Event::CountSignals { actuators: all() });
    host.wait(seconds(9.0));
    assert_eq!(given(&host, mark), [(SignalKind::Blinks, SignalPace::Slow)]);
}

#[test]
fn counts_have_no_default_and_are_one_to_six_and_a_slip_costs_nothing() {
    let mut host = counting(reader(), all());
    let field = host.screen().field.clone().expect("a field");
    assert_eq!((field.kind, field.error), (FieldKind::Counts, None));
    host.press_later(ActionId::Enter);
    for wrong in [[0, 1, 1], [1, 7, 1], [0; 3]] {
        let mark = host.mark();
        enter(&mut host, wrong);
        assert_eq!(host.status(), WRONG);
        let field = host.screen().field.clone().expect("a field");
        assert_eq!(field.error.as_ref(), Some(&host.screen().status));
        host.wait(seconds(12.0));
        assert!(host.said(mark).iter().any(|(_, said)| said == WRONG));
    }
    assert!(entered(&host, 0).is_empty());
    enter(&mut host, [1, 6, 3]);
    assert_eq!(entered(&host, 0), [[1, 6, 3]]);
}

#[test]
fn counts_are_entered_once_a_touch_and_never_taken_over_to_the_next() {
    let mut host = counting(reader(), all());
    enter(&mut host, [1, 6, 3]);
    enter(&mut host, [1, 6, 4]);
    host.press_later(ActionId::Enter);
    assert_eq!(entered(&host, 0), [[1, 6, 3]]);
    host.send(Input::Counts(Counts::new([2, 2, 2])));
    host.event(Event::TouchAgain {
        why: AgainReason::CountsDiffer,
    });
    host.event(touch(false));
    host.event(Event::CountSignals { actuators: all() });
    host.wait(seconds(8.0));
    host.press_later(ActionId::Enter);
    assert_eq!(entered(&host, 0).len(), 1);
    assert_eq!(host.status(), WRONG);
}

#[test]
fn counts_entered_before_the_device_has_signalled_are_not_compared() {
    let mut host = asked(reader(), all());
    enter(&mut host, [3, 5, 2]);
    assert!(entered(&host, 0).is_empty());
    assert_eq!(host.status(), COUNT);
    host.wait(seconds(12.0));
    assert_eq!(given(&host, 0).len(), 1);
    enter(&mut host, [3, 5, 2]);
    assert_eq!(entered(&host, 0), [[3, 5, 2]]);
}

#[test]
fn why_there_is_another_touch_stays_on_the_screen_until_it_has_come() {
    let mut host = counting(reader(), all());
    let mark = host.mark();
    host.event(Event::TouchAgain {
        why: AgainReason::CountsDiffer,
    });
    let why = host.status();
    host.event(Event::Verifying);
    host.event(touch(false));
    host.wait(seconds(12.0));
    assert_eq!(host.screen().detail.as_ref().map(text), Some(why.clone()));
    let said: Vec<_> = host.said(mark).into_iter().map(|(_, said)| said).collect();
    assert_eq!(said[0], why);
    assert!(said[1].starts_with("Your turn. Touch the device"));
    host.event(Event::Touched { product: lamp() });
    assert_eq!(host.screen().detail, None);
}

#[test]
fn a_broken_link_gives_no_signals() {
    let mut host = asked(reader(), all());
    host.event(Event::LinkLost);
    host.wait(seconds(60.0));
    assert!(given(&host, 0).is_empty());
    assert!(matches!(host.screen().step, Step::LinkLost));
}

#[test]
fn counting_has_no_time_limit_and_no_reminder() {
    let mut host = counting(reader(), all());
    let mark = host.mark();
    host.wait(seconds(1800.0));
    assert!(host.said(mark).is_empty() && host.commands(mark).is_empty());
    enter(&mut host, [3, 5, 2]);
    assert_eq!(entered(&host, 0), [[3, 5, 2]]);
}

#[test]
fn not_my_device_is_offered_while_counting_and_sends_nothing() {
    let mut host = counting(reader(), all());
    let mark = host.mark();
    host.press_later(ActionId::ChangeSignals);
    host.press_later(ActionId::NotMyDevice);
    assert!(matches!(host.commands(mark)[..], [Command::NotMyDevice]));
}

#[test]
fn after_the_right_counts_the_network_is_asked_for_as_ever() {
    let mut host = counting(reader(), all());
    enter(&mut host, [3, 5, 2]);
    host.event(choose(secured()));
    assert!(matches!(host.screen().step, Step::ChooseNetwork { .. }));
    assert_eq!(host.screen().field, None);
}
