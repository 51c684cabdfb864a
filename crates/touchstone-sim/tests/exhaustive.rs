//! The virtual air, exhaustively: every fragment size, every single loss, every place where a link can break.

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};
use touchstone_flow::Step;
use touchstone_sim::{
    AtStop, HOME_PASSWORD, Nobody, Room, Script, Spec, Unit, Visit,
    air::{
        Direction, Log, Settings, What,
        fault::{At, Effect, Fault},
    },
};

const SEED: u64 = 42;

struct Outing {
    outcome: Outcome,
    log: Log,
    lamp: Unit,
    unused_faults: usize,
    steps: Vec<Step>,
    took: Duration,
    story: String,
}

fn set_up(settings: Settings, faults: impl Fn(&Unit) -> Vec<Fault>) -> Outing {
    set_up_with(settings, faults, 0)
}

/// The same by a person who presses "Try again" so many times when a set-up has stopped.
fn set_up_with(
    settings: Settings,
    faults: impl Fn(&Unit) -> Vec<Fault>,
    patience: usize,
) -> Outing {
    let room = Room::new(SEED);
    room.world.set_air(settings);
    let lamp = room.unit(&Spec::lamp(1));
    for fault in faults(&lamp) {
        room.world.plan(fault);
    }
    let began = room.world.now();
    let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
    script.stops = vec![AtStop::PressAgain; patience];
    let visit = room.visit(script, Policy::default(), Arc::new(Nobody));
    let visit = visit.unwrap_or_else(|stalled| panic!("{stalled}\n{}", room.world.log()));
    let took = room.world.now() - began;
    // A device that lost power at the very end joins again.
    room.world.run_for(Duration::from_secs(20));
    Outing {
        outcome: visit.report.outcome,
        log: room.world.log(),
        lamp,
        unused_faults: room.world.pending_faults(),
        steps: visit
            .person
            .screens()
            .into_iter()
            .map(|(_, screen)| screen.step)
            .collect(),
        took,
        story: story(&room, &visit),
    }
}

/// What was shown, what the SDK noted and what flew, a line each.
fn story(room: &Room, visit: &Visit) -> String {
    let screens = visit.person.screens();
    let screens = screens
        .iter()
        .map(|(at, screen)| format!("{at:>12.3?} {:?}", screen.step));
    let entries = visit.report.entries.iter().map(|entry| {
        format!(
            "{:>12.3} {} {:?} {:?}",
            entry.at, entry.what, entry.device, entry.detail
        )
    });
    let lines: Vec<String> = screens.chain(entries).collect();
    format!("{}\n{}", lines.join("\n"), room.world.log())
}

fn assert_connected(outing: &Outing, what: &str) {
    assert_eq!(
        outing.outcome,
        Outcome::Connected,
        "{what}\n{}",
        outing.story
    );
    assert!(
        outing.lamp.is_owned() && outing.lamp.is_online(),
        "{what}\n{}",
        outing.story
    );
    assert_eq!(outing.unused_faults, 0, "{what}: the fault did not happen");
}

/// A touch that has arrived is never asked for again.
fn assert_one_touch(outing: &Outing, what: &str) {
    let touched = outing
        .steps
        .iter()
        .position(|step| matches!(step, Step::Touched { .. }))
        .unwrap_or(0);
    let asked_again = outing
        .steps
        .iter()
        .skip(touched)
        .any(|step| matches!(step, Step::AwaitPresence { .. }));
    assert!(!asked_again, "{what}\n{}", outing.story);
}

fn fault(lamp: &Unit, direction: Direction, at: At, effect: Effect) -> Fault {
    Fault {
        device: lamp.id(),
        link: Some(0),
        direction,
        at,
        effect,
    }
}

/// How many fragments, and how many envelopes, each direction has in a run without faults.
fn counts(log: &Log, direction: Direction) -> (u32, u32) {
    let fragments = log.entries().iter().filter(|entry| matches!(&entry.what, What::Fragment { direction: way, .. } if *way == direction)).count();
    let envelopes = log
        .summary()
        .envelopes
        .iter()
        .filter(|envelope| envelope.direction == direction)
        .count();
    (
        u32::try_from(fragments).unwrap(),
        u32::try_from(envelopes).unwrap(),
    )
}

fn with_mtu(mtu: u16) -> Settings {
    Settings {
        mtu,
        ..Settings::default()
    }
}

#[test]
fn every_fragment_size_from_mtu_23_to_517_completes() {
    for mtu in 23..=517 {
        let outing = set_up(with_mtu(mtu), |_| vec![]);
        assert_connected(&outing, &format!("MTU {mtu}"));
        assert_eq!(outing.log.summary().links, 1, "MTU {mtu}");
        let longest = outing
            .log
            .entries()
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Fragment { bytes, .. } => Some(bytes.len()),
                _ => None,
            });
        assert!(longest.max() <= Some(usize::from(mtu - 5)), "MTU {mtu}");
    }
}

#[test]
fn the_loss_of_any_single_fragment_is_survived_on_the_same_link() {
    for mtu in [23, 247] {
        let plain = set_up(with_mtu(mtu), |_| vec![]);
        for direction in [Direction::Up, Direction::Down] {
            for index in 0..counts(&plain.log, direction).0 {
                let outing = set_up(with_mtu(mtu), |lamp| {
                    vec![fault(lamp, direction, At::Fragment(index), Effect::Drop)]
                });
                let what = format!("MTU {mtu}, {direction:?} fragment {index} lost");
                assert_connected(&outing, &what);
                // Only what is lost with the link's own end may cost a new one.
                assert_eq!(outing.log.summary().links, 1, "{what}\n{}", outing.story);
            }
        }
    }
}

#[test]
fn any_single_fragment_may_arrive_twice() {
    let plain = set_up(with_mtu(247), |_| vec![]);
    for direction in [Direction::Up, Direction::Down] {
        for index in 0..counts(&plain.log, direction).0 {
            let outing = set_up(with_mtu(247), |lamp| {
                vec![fault(
                    lamp,
                    direction,
                    At::Fragment(index),
                    Effect::Duplicate,
                )]
            });
            assert_connected(&outing, &format!("{direction:?} fragment {index} twice"));
            assert_eq!(outing.log.summary().links, 1);
        }
    }
}

#[test]
fn the_loss_of_the_link_at_any_message_is_survived() {
    let plain = set_up(with_mtu(247), |_| vec![]);
    for direction in [Direction::Up, Direction::Down] {
        for index in 0..counts(&plain.log, direction).1 {
            for effect in [Effect::LoseLink, Effect::LoseLinkAfter] {
                let outing = set_up(with_mtu(247), |lamp| {
                    vec![fault(lamp, direction, At::Envelope(index), effect)]
                });
                let what = format!("{effect:?} at {direction:?} envelope {index}");
                assert_connected(&outing, &what);
                assert_one_touch(&outing, &what);
                assert!(
                    outing.took < Duration::from_secs(45),
                    "{what}: {:?}\n{}",
                    outing.took,
                    outing.story
                );
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_message_is_survived() {
    let plain = set_up(with_mtu(247), |_| vec![]);
    for direction in [Direction::Up, Direction::Down] {
        for index in 0..counts(&plain.log, direction).1 {
            for effect in [Effect::PowerCut, Effect::PowerCutAfter] {
                let effect = effect(Duration::from_secs(3));
                let outing = set_up(with_mtu(247), |lamp| {
                    vec![fault(lamp, direction, At::Envelope(index), effect)]
                });
                assert_connected(
                    &outing,
                    &format!("{effect:?} at {direction:?} envelope {index}"),
                );
                assert_eq!(outing.lamp.writes(), 1, "{}", outing.story);
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_any_fragment_is_survived_and_leaks_nothing_more() {
    let plain = set_up(with_mtu(247), |_| vec![]);
    for direction in [Direction::Up, Direction::Down] {
        for index in 0..counts(&plain.log, direction).0 {
            for bit in [0, 9, 17, 30, 43, 77] {
                let outing = set_up_with(
                    with_mtu(247),
                    |lamp| {
                        vec![fault(
                            lamp,
                            direction,
                            At::Fragment(index),
                            Effect::FlipBit(bit),
                        )]
                    },
                    1,
                );
                assert_connected(
                    &outing,
                    &format!("bit {bit} of {direction:?} fragment {index} flipped"),
                );
            }
        }
    }
}

#[test]
fn an_app_killed_at_any_message_leaves_phone_and_device_agreeing() {
    let plain = set_up(with_mtu(247), |_| vec![]);
    for direction in [Direction::Up, Direction::Down] {
        for index in 0..counts(&plain.log, direction).1 {
            let what = format!("killed after {direction:?} envelope {index}");
            let room = Room::new(SEED);
            let lamp = room.unit(&Spec::lamp(1));
            let script = Script::new(&lamp, "Home", HOME_PASSWORD);
            let killed = room.visit_killed(script.clone(), |log| counts(log, direction).1 > index);
            if !matches!(killed, Ok(None)) {
                // The last envelope may fly after the person has put the phone away.
                continue;
            }
            if index + 1 == counts(&plain.log, direction).1 {
                // RELEASE and RELEASED are the last words: the device is set up and does not answer any more.
                assert!(lamp.is_owned(), "{what}");
                continue;
            }
            let again = room
                .visit(script, Policy::default(), Arc::new(Nobody))
                .unwrap_or_else(|stalled| panic!("{what}: {stalled}"));
            let story = format!(
                "{what}
{}",
                story(&room, &again)
            );
            assert!(
                matches!(
                    again.report.outcome,
                    Outcome::Connected | Outcome::OwnedByYou
                ),
                "{:?} {story}",
                again.report.outcome
            );
            assert!(lamp.is_owned() && lamp.is_online(), "{story}");
            assert_eq!(room.phone.keys.devices(), [lamp.ueid()], "{story}");
        }
    }
}

#[test]
fn half_an_hour_of_waiting_for_the_touch_loses_nothing() {
    let room = Room::new(SEED);
    let lamp = room.unit(&Spec::lamp(1));
    let script =
        Script::new(&lamp, "Home", HOME_PASSWORD).with_touches(vec![vec![(1800.0, &lamp)]]);
    let visit = room
        .visit(script, Policy::default(), Arc::new(Nobody))
        .unwrap();
    assert_eq!(
        visit.report.outcome,
        Outcome::Connected,
        "{:#?}",
        visit.report.entries
    );
    assert_eq!(room.world.log().summary().links, 1);
}

#[test]
fn the_same_seed_gives_the_same_air() {
    let (one, two) = (
        set_up(with_mtu(100), |_| vec![]),
        set_up(with_mtu(100), |_| vec![]),
    );
    assert_eq!(one.log, two.log);
    assert_eq!(one.log.summary(), two.log.summary());
}

#[test]
fn random_air_with_several_faults_at_once_is_survived() {
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let settings = Settings {
            mtu: rng.u16(23..=517),
            interval: Duration::from_millis(rng.u64(8..=60)),
            packets_per_event: rng.usize(1..=6),
            fragment_loss: rng.f64() * 0.15,
            ..Settings::default()
        };
        let what = format!("seed {seed}, {settings:?}");
        let outing = set_up_with(
            settings,
            |lamp| {
                (0..3)
                    .map(|link| Fault {
                        link: Some(link),
                        ..fault(
                            lamp,
                            if rng.clone().bool() {
                                Direction::Up
                            } else {
                                Direction::Down
                            },
                            At::Envelope(rng.clone().u32(0..9) + link),
                            Effect::LoseLink,
                        )
                    })
                    .collect()
            },
            2,
        );
        assert_eq!(
            outing.outcome,
            Outcome::Connected,
            "{what}\n{}",
            outing.story
        );
        assert!(
            outing.lamp.is_owned() && outing.lamp.is_online(),
            "{what}\n{}",
            outing.story
        );
    }
}
