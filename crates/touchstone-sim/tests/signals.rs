//! Rule P11 and turns, in the whole stack: device sounds and speech do not overlap, and of several devices one sounds at a time.

use std::{sync::Arc, time::Duration};

use touchstone::{A11yContext, Policy};
use touchstone_device::ports::Signal;
use touchstone_flow::{Cue, Step};
use touchstone_sim::{HOME_PASSWORD, Nobody, Room, Script, Spec, Touch, Unit};

/// A word of the phone needs a connection event or two.
const LATENCY: Duration = Duration::from_millis(150);

struct Heard {
    /// When an announcement began.
    announcements: Vec<Duration>,
    /// When which device gave a signal that a phone can ask for.
    signals: Vec<(Duration, usize, Signal)>,
    /// From the first prompt to the touch.
    waiting: (Duration, Duration),
}

/// Somebody takes a while to reach one of several devices.
fn listen(seed: u64, devices: u32, takes: f64, reader: bool) -> Heard {
    let room = Room::new(seed);
    let units: Vec<Unit> = (1..=devices)
        .map(|number| room.unit(&Spec::lamp(number).at_rssi(-45 - 2 * number as i16)))
        .collect();
    let mut script = Script::new(&units[0], "Home", HOME_PASSWORD);
    script.touches = vec![vec![Touch {
        after: Duration::from_secs_f64(takes),
        unit: units[0].clone(),
        hold: Duration::from_millis(200),
    }]];
    script.pause = Some((
        |step| matches!(step, Step::ChooseNetwork { .. }),
        Duration::from_secs(25),
    ));
    script.context = A11yContext {
        screen_reader: reader,
        ..A11yContext::default()
    };
    let visit = room
        .visit(script, Policy::default(), Arc::new(Nobody))
        .unwrap();
    let first = |test: fn(&Step) -> bool| {
        let screens = visit.person.screens();
        let found = screens.iter().find(|(_, screen)| test(&screen.step));
        found.map_or(Duration::ZERO, |(at, _)| *at)
    };
    let mut signals: Vec<_> = units
        .iter()
        .enumerate()
        .flat_map(|(index, unit)| {
            let signals = unit.signals().into_iter();
            signals.map(move |(at, signal)| (at, index, signal))
        })
        .filter(|(_, _, signal)| matches!(signal, Signal::Waiting | Signal::Respond))
        .collect();
    signals.sort_by_key(|(at, index, _)| (*at, *index));
    Heard {
        announcements: visit
            .person
            .cues()
            .into_iter()
            .filter(|(_, cue)| matches!(cue, Cue::Say { .. }))
            .map(|(at, _)| at)
            .collect(),
        signals,
        waiting: (
            first(|step| matches!(step, Step::AwaitPresence { .. })),
            first(|step| matches!(step, Step::Touched { .. })),
        ),
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn no_signal_begins_within_four_seconds_of_an_announcement_unless_it_has_been_ten() {
    for seed in 0..6 {
        for devices in 1..=4 {
            let heard = listen(seed, devices, 70.0 + 3.7 * seed as f64, true);
            assert!(heard.announcements.len() >= 4);
            for (at, index, signal) in &heard.signals {
                let over = heard
                    .announcements
                    .iter()
                    .find(|said| **said + LATENCY < *at && *at < **said + seconds(4.0));
                let Some(said) = over else { continue };
                let before = heard
                    .signals
                    .iter()
                    .rfind(|(before, other, kind)| before < at && other == index && kind == signal);
                let forced = before.is_some_and(|(before, ..)| *at - *before >= seconds(9.9));
                // A response is held once; twice would let a phone make groups of it (T4-L2).
                let first = heard.signals.iter().find(|(_, _, s)| *s == Signal::Respond);
                let held = first.map_or(0, |(first, ..)| {
                    let since = |at: &&Duration| *first <= **at && **at <= *said;
                    heard.announcements.iter().filter(since).count()
                });
                if *signal == Signal::Respond && held > 1 {
                    continue;
                }
                assert!(
                    forced,
                    "seed {seed}, {devices}: {signal:?} at {at:?}, said {said:?}"
                );
            }
        }
    }
}

#[test]
fn devices_take_turns_a_second_and_a_half_apart() {
    for reader in [false, true] {
        for seed in 0..6 {
            for devices in 2..=4 {
                let heard = listen(seed, devices, 60.0, reader);
                let (from, to) = heard.waiting;
                let waiting: Vec<_> = heard
                    .signals
                    .iter()
                    .filter(|(at, _, signal)| *signal == Signal::Waiting && *at < to)
                    .collect();
                for pair in waiting.windows(2) {
                    assert!(
                        pair[1].0 - pair[0].0 >= seconds(1.5) - LATENCY,
                        "seed {seed}, {devices}, {reader}: {pair:?}"
                    );
                }
                for device in 0..usize::try_from(devices).unwrap() {
                    let own: Vec<_> = waiting.iter().filter(|(_, of, _)| *of == device).collect();
                    assert!(own[0].0 < from + seconds(10.0));
                    for pair in own.windows(2) {
                        assert!(pair[1].0 - pair[0].0 <= seconds(10.0) + LATENCY);
                    }
                    // Four seconds without speech, six with four devices.
                    let most = if reader { 7 } else { 9 };
                    assert!(own.len() >= most, "{devices} {reader}: {}", own.len());
                }
            }
        }
    }
}

#[test]
fn one_device_without_a_screen_reader_is_told_nothing_more_than_before() {
    let heard = listen(1, 1, 30.0, false);
    assert!(heard.announcements.is_empty());
    let own: Vec<_> = heard
        .signals
        .iter()
        .filter(|(_, _, signal)| *signal == Signal::Waiting)
        .collect();
    // At once, and then every eight seconds by itself.
    assert!(own[0].0 <= heard.waiting.0 + LATENCY);
    for pair in own.windows(2) {
        assert_eq!(pair[1].0 - pair[0].0, seconds(8.0));
    }
}
