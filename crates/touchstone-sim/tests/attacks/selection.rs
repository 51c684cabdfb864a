//! Genuine is not "mine": relays, rogue genuine units, stuck and automatic buttons, two people at once (T3, T4, T17, T18, R13, R24).

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};
use touchstone_device::ports::Signal;
use touchstone_flow::Step;
use touchstone_proto::{phone::Event, record::IdentifyMode};
use touchstone_sim::{
    AtStop, BareSession, DeviceId, Nobody, Room, Spec, Unit, adversary::Relay, scenarios,
};

use crate::support::*;

/// The person's lamp, and a genuine one that a stranger has bought, beside the person but out of hearing.
fn with_a_rogue(seed: u64) -> (Room, Unit, Unit) {
    let (room, lamp) = room_with_lamp(seed);
    let rogue = room.unit(&Spec::lamp(66).at_rssi(-44));
    (room, lamp, rogue)
}

fn assert_rogue_got_nothing(room: &Room, lamp: &Unit, rogue: DeviceId) {
    assert_eq!(strayed(&room.world.log(), PERSON, lamp.id()), 0);
    assert_eq!(
        room.world
            .log()
            .with_device(rogue)
            .summary()
            .credential_records(),
        0
    );
}

/// The stranger presses at each of these times after the prompt; the person presses after three seconds.
fn pressed_at(times: &[f64], jammed: bool) {
    for seed in [61, 62] {
        let (room, lamp, rogue) = with_a_rogue(seed);
        if jammed {
            room.world.set_reach(lamp.id(), Some(Vec::new()));
        }
        let mut touches: Vec<(f64, &Unit)> = times.iter().map(|at| (*at, &rogue)).collect();
        touches.push((3.0, &lamp));
        let mut script = honest(&lamp).with_touches(vec![touches]);
        script.stops = vec![AtStop::PressAgain; 3];
        let told = try_for(&room, script, s(90));
        assert_rogue_got_nothing(&room, &lamp, rogue.id());
        assert!(rogue.joins().is_empty() && !rogue.is_owned());
        if jammed {
            assert_ne!(told.outcome(), Outcome::Connected);
        }
        // Whoever is connected in the end is the one that was wanted.
        assert_eq!(told.outcome() == Outcome::Connected, lamp.is_owned());
    }
}

#[test]
fn t4_a_rogue_unit_pressed_before_the_person_gets_nothing() {
    pressed_at(&[0.2], false);
    pressed_at(&[1.0], false);
    pressed_at(&[2.7], false);
}

#[test]
fn t4_a_rogue_unit_pressed_with_the_person_gets_nothing() {
    pressed_at(&[3.0], false);
    pressed_at(&[3.01], false);
}

#[test]
fn t4_a_rogue_unit_pressed_after_the_person_gets_nothing() {
    pressed_at(&[3.2], false);
    pressed_at(&[4.4], false);
    pressed_at(&[6.0], false);
}

#[test]
fn t4_a_second_touch_releases_both_whoever_made_it() {
    for (rogue_at, seed) in [(2.6, 64), (3.05, 65), (3.4, 66), (4.3, 67)] {
        let (room, lamp, rogue) = with_a_rogue(seed);
        let script =
            honest(&lamp).with_touches(vec![vec![(rogue_at, &rogue), (3.0, &lamp)], vec![]]);
        let told = try_for(&room, script, s(20));
        assert!(
            told.shows(|step| matches!(step, Step::TwoTouched { .. })),
            "{rogue_at}: {:#?}",
            told.report.entries
        );
        assert_got_nothing(&room, &lamp);
        assert_rogue_got_nothing(&room, &lamp, rogue.id());
    }
}

#[test]
fn t4_a_rogue_unit_pressed_again_and_again_gets_nothing() {
    pressed_at(&[0.5, 1.5, 2.5, 3.5, 4.5, 5.5], false);
}

#[test]
fn t4_a_rogue_unit_gets_nothing_while_the_real_one_is_jammed() {
    for at in [0.2, 2.7, 3.0, 3.3, 6.0] {
        pressed_at(&[at], true);
    }
}

#[test]
fn t4_a_stranger_cannot_make_the_persons_lamp_respond_for_his_unit() {
    let (room, lamp, rogue) = with_a_rogue(63);
    // The stranger connects the person's lamp with his own phone as soon as it is armed, and asks it to respond again and again.
    let stranger = room.another_phone(STRANGER);
    let (target, world) = (lamp.clone(), room.world.clone());
    room.world.spawn(async move {
        touchstone::ports::Clock::sleep_until(
            &touchstone_sim::SimClock::new(&world),
            touchstone::ports::Clock::now(&touchstone_sim::SimClock::new(&world)) + s(4),
        )
        .await;
        let Ok(mut session) = BareSession::open(&stranger, &target, None).await else {
            return;
        };
        for _ in 0..20 {
            let Ok(identify) = session.session.identify(IdentifyMode::Respond) else {
                return;
            };
            if session.tell(&identify).await.is_err() {
                return;
            }
            let answer = session
                .expect(|event| matches!(event, Event::Status(_)).then_some(()))
                .await;
            if answer.is_err() {
                return;
            }
        }
    });
    let script = honest(&lamp).with_touches(vec![vec![(3.0, &rogue)]]);
    let told = try_for(&room, script, s(60));
    assert_ne!(told.outcome(), Outcome::Connected);
    assert!(
        lamp.signals()
            .iter()
            .all(|(_, signal)| *signal != Signal::Respond)
    );
    assert_rogue_got_nothing(&room, &lamp, rogue.id());
}

#[test]
fn t3_a_relay_to_a_unit_elsewhere_gets_nothing() {
    for (at, jammed) in [(0.5, false), (3.0, false), (3.4, false), (2.0, true)] {
        let (room, lamp) = room_with_lamp(64);
        let far = room.unit(&Spec::lamp(66));
        let accomplice = room.another_phone(STRANGER);
        room.world.set_reach(far.id(), Some(vec![STRANGER]));
        let relay = Relay::install(&room.world, &accomplice, &far, -40);
        if jammed {
            room.world.set_reach(lamp.id(), Some(Vec::new()));
        }
        let mut script =
            honest(&lamp).with_touches(vec![vec![(at, &far), (3.0, &lamp)], vec![(3.0, &lamp)]]);
        script.stops = vec![AtStop::PressAgain; 3];
        let told = try_for(&room, script, s(90));
        assert_rogue_got_nothing(&room, &lamp, relay);
        assert!(far.joins().is_empty() && !far.is_owned());
        // The relay did work: the far unit was asked for a touch.
        assert!(
            far.signals()
                .iter()
                .any(|(_, signal)| *signal == Signal::Waiting)
        );
        assert_eq!(told.outcome() == Outcome::Connected, lamp.is_owned());
    }
}

#[test]
fn t3_a_relay_to_the_persons_own_lamp_is_only_a_longer_wire() {
    let (room, lamp) = room_with_lamp(65);
    let accomplice = room.another_phone(STRANGER);
    room.world.set_reach(lamp.id(), Some(vec![STRANGER]));
    let _relay = Relay::install(&room.world, &accomplice, &lamp, -40);
    let told = try_for(&room, honest(&lamp), s(120));
    assert_eq!(told.outcome(), Outcome::Connected);
    let air = everything(&room.world.log());
    assert!(!occurs(&air, touchstone_sim::HOME_PASSWORD.as_bytes()));
}

#[test]
fn t17_two_people_at_once_never_send_to_each_others_lamp() {
    for seed in 0..5 {
        let (room, mine) = room_with_lamp(70 + seed);
        let yours = room.unit(&Spec::lamp(2).at_rssi(-56));
        let your_phone = room.another_phone(STRANGER);
        let mut script = honest(&yours);
        script.stops = vec![AtStop::PressAgain; 2];
        let (you, run) = room.begin(&your_phone, script, Policy::default(), Arc::new(Nobody));
        room.world.after(s(200), move |_| you.leaves());
        room.world.spawn(async move {
            run.await;
        });
        room.world.run_for(s(seed));
        let mut script = honest(&mine);
        script.stops = vec![AtStop::PressAgain; 2];
        let told = try_for(&room, script, s(200));
        let log = room.world.log();
        assert_eq!(strayed(&log, PERSON, mine.id()), 0, "seed {seed}");
        assert_eq!(strayed(&log, STRANGER, yours.id()), 0, "seed {seed}");
        assert_eq!(told.outcome() == Outcome::Connected, mine.is_owned());
    }
}

/// Two phones, three devices, a stranger who presses the third again and again, and a radio that loses and repeats.
#[test]
fn t17_two_phones_and_three_devices_are_never_mixed_up() {
    for seed in 0..4 {
        let (room, mine) = room_with_lamp(170 + seed);
        let yours = room.unit(&Spec::lamp(2).at_rssi(-56));
        let nobodys = room.unit(&Spec::lamp(3).at_rssi(-46));
        let mut rng = fastrand::Rng::with_seed(seed);
        room.world
            .put_in_the_middle(move |passing| match rng.u8(..30) {
                0 => Vec::new(),
                1 => vec![passing.bytes.clone(); 2],
                _ => vec![passing.bytes.clone()],
            });
        for round in 0..4 {
            let stranger = nobodys.clone();
            let at = Duration::from_millis(3_300 + 700 * seed + 9_000 * round);
            room.world.after(at, move |_| stranger.touch());
        }
        let your_phone = room.another_phone(STRANGER);
        let mut script = honest(&yours);
        script.stops = vec![AtStop::PressAgain; 3];
        let (you, run) = room.begin(&your_phone, script, Policy::default(), Arc::new(Nobody));
        room.world.after(s(240), move |_| you.leaves());
        room.world.spawn(async move {
            run.await;
        });
        let mut script = honest(&mine);
        script.stops = vec![AtStop::PressAgain; 3];
        let told = try_for(&room, script, s(240));
        let log = room.world.log();
        assert_eq!(strayed(&log, PERSON, mine.id()), 0, "seed {seed}");
        assert_eq!(strayed(&log, STRANGER, yours.id()), 0, "seed {seed}");
        assert!(nobodys.joins().is_empty() && !nobodys.is_owned());
        assert_eq!(told.outcome() == Outcome::Connected, mine.is_owned());
    }
}

#[test]
fn t18_a_stuck_button_is_not_a_touch() {
    for released in [false, true] {
        let (room, lamp) = room_with_lamp(81);
        if released {
            // Pressed since before it was asked, and not since power came.
            room.world.run_for(s(2));
        }
        lamp.set_pressed(true);
        let mut script = honest(&lamp);
        script.touches = vec![vec![]];
        let told = try_for(&room, script, s(9));
        assert!(told.asks_for_a_touch());
        assert!(!told.shows(|step| matches!(step, Step::Touched { .. })));
        assert_got_nothing(&room, &lamp);
    }
}

#[test]
fn t18_a_unit_that_presses_itself_is_never_chosen_silently() {
    for after in [0.05, 0.4, 1.9] {
        let (room, lamp, rogue) = with_a_rogue(82);
        let script = honest(&lamp).with_touches(vec![vec![(after, &rogue)], vec![(3.0, &lamp)]]);
        let told = try_for(&room, script, s(90));
        assert_rogue_got_nothing(&room, &lamp, rogue.id());
        assert_eq!(told.outcome(), Outcome::Connected);
        // Twice a device was selected, twice the person was asked whether it is theirs.
        let asked = told
            .screens
            .windows(2)
            .filter(|pair| {
                let asks = |step: &Step| matches!(step, Step::ChooseNetwork { .. });
                asks(&pair[1].1.step) && !asks(&pair[0].1.step)
            })
            .count();
        assert_eq!(asked, 2);
    }
}

#[test]
fn r13_no_credentials_before_attested_touched_and_confirmed_in_any_story() {
    for scenario in scenarios::all() {
        let result = scenario.run(91, Arc::new(Nobody)).unwrap();
        let flown = envelopes(&result.own_log());
        for sent in flown.iter().filter(|flown| {
            flown.direction == touchstone_sim::air::Direction::Up
                && [192, 512, 1536].iter().any(|class| flown.is_record(*class))
        }) {
            // What an app sent that was killed before this person looked.
            if result.screens.first().is_some_and(|(at, _)| sent.at < *at) {
                continue;
            }
            let before = |test: &dyn Fn(&Flown) -> bool| {
                flown
                    .iter()
                    .any(|flown| flown.device == sent.device && flown.at <= sent.at && test(flown))
            };
            // TOUCH or RESUMED, from this very device.
            let tells_of_a_touch = |flown: &Flown| {
                let records = flown.messages().into_iter().skip(1);
                let behind_message_4 = records.filter(|(_, sealed)| sealed.len() == 80 + 16);
                flown.is_record(80) || behind_message_4.count() > 0
            };
            assert!(before(&tells_of_a_touch), "{}", scenario.name);
            let on_this_link = before(&|flown| {
                flown.link == sent.link
                    && flown.messages().first().map(|message| message.0) == Some(MESSAGE_4)
            });
            assert!(on_this_link, "{}: no evidence", scenario.name);
            let asked = result.screens.iter().any(|(at, screen)| {
                *at <= sent.at && matches!(screen.step, Step::ChooseNetwork { .. })
            });
            assert!(asked, "{}: nobody was asked", scenario.name);
            assert_eq!(sent.device, result.wanted.id(), "{}", scenario.name);
        }
    }
}

#[test]
fn r24_the_waiting_signal_is_never_mistaken_for_the_response() {
    for scenario in scenarios::all() {
        let result = scenario.run(92, Arc::new(Nobody)).unwrap();
        let signals = result.wanted.signals();
        // It responds only after a touch was acknowledged, and never waits and responds at the same time.
        let mut touched = result.wanted.stored().is_some();
        let mut responding = false;
        for (at, signal) in signals {
            match signal {
                Signal::TouchAck => touched = true,
                Signal::Respond => {
                    assert!(touched, "{}: responds untouched at {at:?}", scenario.name);
                    responding = true;
                }
                Signal::Off | Signal::Chime | Signal::Help => responding = false,
                Signal::CountStart(_) | Signal::Count(_) => {
                    assert!(touched, "{}: counts untouched at {at:?}", scenario.name);
                    assert!(!responding, "{}: both at {at:?}", scenario.name);
                }
                Signal::Waiting => {
                    assert!(!responding, "{}: both at {at:?}", scenario.name);
                }
            }
        }
    }
}
