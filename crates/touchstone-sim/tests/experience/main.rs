//! What a person may rely on, whatever the world is like.
//!
//! `EXPERIENCE_WORLDS=5000 cargo test -p touchstone-sim --test experience` looks at more worlds.

mod world;

use std::{collections::BTreeSet, convert::identity, mem::discriminant, sync::Arc, time::Duration};

use touchstone::{A11yContext, Outcome, Policy, ports::RadioState};
use touchstone_flow::{
    ActionId, Arg, Cue, Earcon, Haptic, Msg, Screen, Step,
    catalogue::{Language, english_plain, render_plain},
};
use touchstone_sim::{
    AtStep, HOME_PASSWORD, Nobody, Room, Script, Spec,
    air::{Direction, PhoneId},
    scenarios,
    wifi::AccessPoint,
};

use self::world::{Story, WRONG_PASSWORD, faulty, reader, stories, worlds};

/// Longest silence while the phone is at work.
const SILENCE: Duration = Duration::from_secs(15);
/// How late an announcement that must be delivered may begin.
const LATE: Duration = Duration::from_secs(1);
/// How soon a touch is acknowledged.
const ACKNOWLEDGED: Duration = Duration::from_millis(300);
/// How long a wait may last without anything being lost.
const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

/// The steps whose announcement must be delivered: `*` in the state table.
fn must_be_said(step: &Step) -> bool {
    match step {
        Step::AwaitPresence { waited, .. } => !waited,
        Step::AskPassword { problem, .. } => problem.is_some(),
        Step::AskNetworkName { problem } => problem.is_some(),
        Step::Idle
        | Step::PermissionNeeded { .. }
        | Step::Scanning { .. }
        | Step::Found { .. }
        | Step::Verifying
        | Step::NetworkList { .. }
        | Step::Sending
        | Step::Joining { .. }
        | Step::Saving
        | Step::LinkLost
        | Step::OwnedByYou { .. } => false,
        _ => true,
    }
}

/// Every announcement: when, what, and whether it must be delivered.
fn said(cues: &[(Duration, Cue)]) -> Vec<(Duration, &Msg, bool)> {
    cues.iter()
        .filter_map(|(at, cue)| match cue {
            Cue::Say { msg, must, .. } => Some((*at, msg, *must)),
            _ => None,
        })
        .collect()
}

/// About as long as the sentence takes to say at 175 words a minute.
fn speech(msg: &Msg) -> Duration {
    let words = english_plain(msg).split_whitespace().count();
    Duration::from_millis(350) + Duration::from_millis(343) * u32::try_from(words).unwrap()
}

#[test]
fn every_path_ends_in_an_announcement_that_must_be_delivered() {
    for story in stories() {
        let (_, last) = story.screens().last().expect("there is always a screen");
        let announced = said(story.cues())
            .into_iter()
            .any(|(_, msg, must)| must && *msg == last.status);
        assert!(announced, "{}", story.told());
    }
}

#[test]
fn every_scenario_is_a_story_whose_end_is_said() {
    for scenario in scenarios::all() {
        let told = scenario
            .run_before(1, reader(), identity, |_| Arc::new(Nobody))
            .unwrap_or_else(|stalled| panic!("{}: {stalled}", scenario.name));
        if !scenario.context(reader()).screen_reader {
            assert_every_turn_and_end_is_felt(scenario.name, &told.screens, &told.cues);
            continue;
        }
        // After the last press the flow is idle again; what counts is what was shown before.
        let ends = told.screens.iter().rev();
        let (_, last) = ends
            .clone()
            .find(|(_, screen)| !matches!(screen.step, Step::Idle))
            .expect("something happens");
        let said = said(&told.cues);
        let end = said
            .iter()
            .rposition(|(_, msg, must)| *must && **msg == last.status);
        let end = end.unwrap_or_else(|| panic!("{} ends unsaid", scenario.name));
        // Nothing but what to do about it follows.
        for (_, msg, _) in &said[end + 1..] {
            assert_eq!(Some(*msg), last.detail.as_ref(), "{}", scenario.name);
        }
        // Every screen that waits for the person has been said, all of it that is new.
        for (index, (at, screen)) in told.screens.iter().enumerate() {
            let until = told.screens.get(index + 1).map(|(next, _)| *next);
            let lasts = until.is_none_or(|until| until >= *at + Duration::from_secs(3));
            if screen.busy || !lasts || matches!(screen.step, Step::Idle) {
                continue;
            }
            let heard = said.iter().any(|(when, msg, _)| {
                **msg == screen.status && when <= &until.unwrap_or(Duration::MAX)
            });
            let why = screen.detail.as_ref().is_some_and(|detail| {
                said.iter()
                    .any(|(when, msg, _)| *msg == detail && when >= at)
            });
            assert!(
                heard || why,
                "{}: {}",
                scenario.name,
                english_plain(&screen.status)
            );
        }
    }
}

/// For a person who has no voice on.
fn assert_every_turn_and_end_is_felt(
    name: &str,
    screens: &[(Duration, Screen)],
    cues: &[(Duration, Cue)],
) {
    assert!(said(cues).is_empty(), "{name}");
    for (at, screen) in screens {
        let felt = cues
            .iter()
            .any(|(when, cue)| (*at..=*at + LATE).contains(when) && matches!(cue, Cue::Feel(_)));
        assert!(felt || !must_be_said(&screen.step), "{name}: {screen:?}");
    }
}

#[test]
fn every_stop_has_a_next_step_and_the_button_to_take_it() {
    for story in stories() {
        for (_, screen) in story.screens() {
            let actions = std::iter::once(&screen.primary).chain(&screen.secondary);
            assert!(actions.count() <= 4, "{screen:?}");
            // While the phone is at work the button repeats; everywhere else it does what the text says next.
            let waits_elsewhere = matches!(
                screen.step,
                Step::AwaitPresence { .. } | Step::TwoTouched { .. } | Step::TouchAgain { .. }
            );
            if !screen.busy && !waits_elsewhere {
                assert_ne!(screen.primary.id, ActionId::SayAgain, "{screen:?}");
            }
        }
    }
}

#[test]
fn it_is_never_silent_for_more_than_fifteen_seconds_while_something_is_under_way() {
    for story in stories() {
        let screens = story.screens();
        let mut heard_last = Duration::ZERO;
        for (index, (at, screen)) in screens.iter().enumerate() {
            let until = screens
                .get(index + 1)
                .map_or(story.ended, |(next, _)| *next);
            if !screen.busy {
                continue;
            }
            if index == 0 || !screens[index - 1].1.busy {
                heard_last = *at;
            }
            let cues = story.cues().iter().map(|(at, _)| *at);
            for heard in cues.filter(|cue| (*at..until).contains(cue)).chain([until]) {
                let silent = heard.saturating_sub(heard_last);
                assert!(
                    silent <= SILENCE,
                    "{silent:?} before {heard:?}\n{}",
                    story.told()
                );
                if heard < until {
                    heard_last = heard;
                }
            }
        }
    }
}

#[test]
fn what_must_be_delivered_is_said_within_a_second() {
    for story in stories() {
        let screens = story.screens();
        let said = said(story.cues());
        for (index, (at, screen)) in screens.iter().enumerate() {
            let entered = index == 0 || screens[index - 1].1.status != screen.status;
            if !entered || !must_be_said(&screen.step) {
                continue;
            }
            // As long as the screen says so.
            let until = screens[index..]
                .iter()
                .find(|(_, later)| later.status != screen.status)
                .map_or(story.ended, |(next, _)| *next);
            let spoken = said
                .iter()
                .find(|(when, msg, _)| (*at..=until).contains(when) && **msg == screen.status)
                .map(|(when, ..)| *when);
            // Said less than ten seconds ago: a prompt taken back and given again is not said twice.
            let repeated = said.iter().any(|(when, msg, _)| {
                **msg == screen.status && when < at && *at < *when + Duration::from_secs(10)
            });
            // P4: what must be delivered does not cut off what must be delivered and is not obsolete yet.
            let free = said
                .iter()
                .filter(|(_, msg, must)| *must && **msg != screen.status)
                .fold(*at, |free, (when, msg, _)| {
                    // Why something is asked for again is on the screen too, and said first, once the press has been heard.
                    let why = screen.detail.as_ref() == Some(*msg) && *when <= free + LATE;
                    if *when <= free || why {
                        free.max(*when + speech(msg))
                    } else {
                        free
                    }
                });
            let late = match spoken {
                Some(when) => when.saturating_sub(free),
                None if repeated => Duration::ZERO,
                None => until.saturating_sub(free),
            };
            assert!(
                late <= LATE,
                "{late:?} late: {:?}\n{}",
                screen.step,
                story.told()
            );
        }
    }
}

#[test]
fn a_touch_is_felt_heard_and_said_the_moment_its_screen_appears() {
    let mut touches = 0;
    for story in stories() {
        let screens = story.screens();
        for (index, (at, screen)) in screens.iter().enumerate() {
            let entered = index == 0 || screens[index - 1].1.step != screen.step;
            if !entered || !matches!(screen.step, Step::Touched { .. }) {
                continue;
            }
            touches += 1;
            let window = *at..=*at + ACKNOWLEDGED;
            let has = |wanted: &dyn Fn(&Cue) -> bool| {
                story
                    .cues()
                    .iter()
                    .any(|(when, cue)| window.contains(when) && wanted(cue))
            };
            assert!(
                has(&|cue| *cue == Cue::Feel(Haptic::Heard))
                    && has(&|cue| *cue == Cue::Play(Earcon::Tick))
                    && has(&|cue| matches!(cue, Cue::Say { msg, .. } if *msg == screen.status)),
                "{}",
                story.told()
            );
        }
    }
    assert!(touches > 0);
}

#[test]
fn a_touch_is_acknowledged_within_300_ms_of_its_record() {
    for seed in worlds() {
        let story = world::clear(seed);
        let record = story
            .log
            .summary()
            .envelopes
            .into_iter()
            .find(|envelope| envelope.direction == Direction::Down && envelope.carries_record(80))
            .expect("the device was touched");
        // Longer than one fragment, it is there when its last fragment is.
        let arrived = story
            .log
            .entries()
            .iter()
            .filter(|entry| entry.link == record.link && entry.at >= record.at)
            .take(record.fragments)
            .map(|entry| entry.at)
            .max()
            .unwrap();
        let felt = story
            .cues()
            .iter()
            .find(|(at, cue)| *at >= record.at && *cue == Cue::Feel(Haptic::Heard))
            .expect("it is acknowledged")
            .0;
        assert!(
            felt <= arrived + ACKNOWLEDGED,
            "{arrived:?} {felt:?}\n{}",
            story.told()
        );
    }
}

#[test]
fn nobody_is_reminded_more_than_three_times_of_the_same() {
    for story in stories() {
        let mut reminders = 0;
        let mut before: Option<&Msg> = None;
        for (_, msg, must) in said(story.cues()) {
            reminders = match before {
                Some(same) if same == msg && !must => reminders + 1,
                _ => 0,
            };
            assert!(reminders < 3, "{}", story.told());
            before = Some(msg);
        }
    }
}

/// Shows that half an hour at one screen of a story changes nothing but the time it takes.
fn patient(at: AtStep, change: impl Fn(&Room, &mut Script)) {
    let room = Room::new(7);
    let lamp = room.unit(&Spec::lamp(1));
    let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
    script.context = reader();
    script.pause = Some((at, HALF_AN_HOUR));
    change(&room, &mut script);
    let visit = room
        .visit(script, Policy::default(), Arc::new(Nobody))
        .unwrap_or_else(|stalled| panic!("{stalled}"));
    let screens = visit.person.screens();
    let steps: Vec<_> = screens
        .iter()
        .map(|(at, screen)| (at, &screen.step))
        .collect();
    let entered = |test: AtStep| {
        let mut before = false;
        steps
            .iter()
            .filter(|(_, step)| {
                let now = test(step);
                now && !std::mem::replace(&mut before, now)
            })
            .count()
    };
    assert_eq!(visit.report.outcome, Outcome::Connected, "{steps:#?}");
    assert!(lamp.is_owned() && lamp.is_online());
    assert_eq!(entered(at), 1, "{steps:#?}");
    let prompts = entered(|step| matches!(step, Step::AwaitPresence { .. }));
    let questions = entered(|step| matches!(step, Step::AskPassword { .. }));
    assert_eq!((prompts, questions), (1, 1), "{steps:#?}");
    assert_eq!(room.world.log().summary().links, 1);
    assert!(room.world.now() >= HALF_AN_HOUR);
}

#[test]
fn half_an_hour_before_the_touch_loses_nothing() {
    patient(
        |step| matches!(step, Step::AwaitPresence { .. }),
        |_, script| {
            script.touches[0][0].after = HALF_AN_HOUR;
        },
    );
}

#[test]
fn half_an_hour_before_the_confirmation_loses_nothing() {
    patient(|step| matches!(step, Step::ChooseNetwork { .. }), |_, _| {});
}

#[test]
fn half_an_hour_before_the_list_of_networks_is_used_loses_nothing() {
    patient(
        |step| matches!(step, Step::NetworkList { .. }),
        |room, script| {
            // The strongest is another one.
            room.neighbourhood.change("Home", |home| home.rssi = -75);
            script.network = "Home".into();
        },
    );
}

#[test]
fn half_an_hour_before_the_password_loses_nothing() {
    patient(|step| matches!(step, Step::AskPassword { .. }), |_, _| {});
}

#[test]
fn half_an_hour_before_a_password_is_corrected_loses_nothing() {
    patient(
        |step| matches!(step, Step::WrongPassword { .. }),
        |_, script| {
            script.passwords = vec![WRONG_PASSWORD.into(), HOME_PASSWORD.into()];
        },
    );
}

#[test]
fn half_an_hour_before_a_network_is_mended_loses_nothing() {
    type Trouble = fn(&mut AccessPoint, bool);
    let troubles: [(AtStep, Trouble); 3] = [
        (
            |step| matches!(step, Step::NetworkNotFound { .. }),
            |home, mended| home.reachable = mended,
        ),
        (
            |step| matches!(step, Step::DhcpFailed { .. }),
            |home, mended| home.dhcp = mended,
        ),
        (
            |step| matches!(step, Step::NoInternet { .. }),
            |home, mended| home.internet = mended,
        ),
    ];
    for (at, trouble) in troubles {
        patient(at, |room, script| {
            room.neighbourhood
                .change("Home", |home| trouble(home, false));
            script.remedy = Some(Arc::new(move |networks| {
                networks.change("Home", |home| trouble(home, true));
            }));
        });
    }
}

#[test]
fn half_an_hour_before_a_permission_or_bluetooth_is_given_loses_nothing() {
    let states: [(AtStep, RadioState); 4] = [
        (
            |step| matches!(step, Step::PermissionNeeded { .. }),
            RadioState::NeedsPermission,
        ),
        (
            |step| matches!(step, Step::PermissionNeeded { .. }),
            RadioState::NeedsLocation,
        ),
        (|step| matches!(step, Step::BluetoothOff), RadioState::Off),
        (
            |step| matches!(step, Step::LocationOff),
            RadioState::LocationOff,
        ),
    ];
    for (at, state) in states {
        patient(at, |room, script| {
            room.phone.radio.set_state(state, RadioState::On);
            // It is switched on when it is looked for; how long it can be found after that is its own affair.
            let lamp = script.wanted.clone();
            lamp.set_power(false);
            room.world
                .after(HALF_AN_HOUR, move |_| lamp.set_power(true));
        });
    }
}

#[test]
fn half_an_hour_at_the_end_loses_nothing() {
    patient(|step| matches!(step, Step::Done { .. }), |_, _| {});
}

#[test]
fn dropping_every_cue_leaves_every_story_passable() {
    let silent = A11yContext {
        haptics: false,
        sounds: false,
        ..A11yContext::default()
    };
    // Who hears nothing watches for blinks, while the stranger lets the lamp beep: there is nothing to count. It has a test of its own.
    let passable = scenarios::all()
        .iter()
        .filter(|scenario| scenario.name != "rogue-unit-counted");
    for scenario in passable {
        let quiet = scenario
            .run_before(1, silent, identity, |_| Arc::new(Nobody))
            .unwrap_or_else(|stalled| panic!("{}: {stalled}", scenario.name));
        assert!(quiet.cues.is_empty(), "{}", scenario.name);
        assert!(quiet.is_as_expected(), "{}", scenario.name);
        let heard = scenario
            .run_before(1, reader(), identity, |_| Arc::new(Nobody))
            .unwrap();
        // Which signals are counted follows what the person perceives; the steps are the same.
        if scenario.name.contains("counted") {
            let steps = |screens: &[(Duration, Screen)]| -> Vec<_> {
                let kind = |(_, screen): &(Duration, Screen)| discriminant(&screen.step);
                screens.iter().map(kind).collect()
            };
            assert_eq!(
                steps(&quiet.screens),
                steps(&heard.screens),
                "{}",
                scenario.name
            );
            continue;
        }
        // What is shown is the same; where the phone speaks, the device waits for it.
        let shown = |screens: &[(Duration, Screen)]| -> Vec<Screen> {
            screens.iter().map(|(_, screen)| screen.clone()).collect()
        };
        assert_eq!(
            shown(&quiet.screens),
            shown(&heard.screens),
            "{}",
            scenario.name
        );
    }
}

#[test]
fn whoever_hears_nothing_gives_a_strangers_unit_nothing() {
    let scenario = scenarios::by_name("rogue-unit-counted").unwrap();
    let (room, mut script) = scenario.set(1);
    script.context = A11yContext {
        haptics: false,
        sounds: false,
        ..A11yContext::default()
    };
    let (person, run) = room.begin(&room.phone, script, scenario.policy(), Arc::new(Nobody));
    room.world.after(HALF_AN_HOUR, move |_| person.gives_up());
    let report = room
        .world
        .try_block_on(run, HALF_AN_HOUR * 2)
        .unwrap_or_else(|stalled| panic!("{stalled}"));
    assert_ne!(report.outcome, Outcome::Connected);
    assert_eq!(room.world.log().summary().credential_records(), 0);
}

#[test]
fn whatever_is_said_is_also_shown() {
    for story in stories() {
        for (at, msg, _) in said(story.cues()) {
            let shown = story.screens().iter().any(|(shown_at, screen)| {
                *shown_at <= at
                    && [
                        Some(&screen.status),
                        screen.detail.as_ref(),
                        screen.help.as_ref(),
                    ]
                    .contains(&Some(msg))
            });
            assert!(shown, "{}\n{}", english_plain(msg), story.told());
        }
    }
}

/// Every message of a story, wherever it stands.
fn messages(story: &Story) -> Vec<Msg> {
    let on = |screen: &Screen| {
        let mut all = vec![screen.title.clone(), screen.status.clone()];
        all.extend(screen.detail.clone());
        all.extend(screen.help.clone());
        all.push(screen.primary.label.clone());
        all.extend(screen.secondary.iter().map(|action| action.label.clone()));
        if let Some(field) = &screen.field {
            all.extend([field.label.clone(), field.hint.clone()]);
            all.extend(field.error.clone());
        }
        all
    };
    let shown = story.screens().iter().flat_map(|(_, screen)| on(screen));
    let spoken = said(story.cues())
        .into_iter()
        .map(|(_, msg, _)| msg.clone());
    shown.chain(spoken).collect()
}

#[test]
fn no_message_contains_a_password_or_an_unverified_name() {
    let products: BTreeSet<&str> = touchstone_trust::issue::MODELS
        .iter()
        .map(|(_, english, _)| *english)
        .collect();
    for story in stories() {
        for msg in messages(story) {
            for language in Language::ALL {
                let text = render_plain(language, &msg);
                for password in &story.passwords {
                    assert!(!text.contains(password.as_str()), "{text}");
                }
            }
            for arg in &msg.args {
                match arg {
                    Arg::Product(name) => {
                        assert!(products.contains(name.name()), "{name}");
                        assert!(
                            story.genuine.contains(name.name()),
                            "{name}\n{}",
                            story.told()
                        );
                    }
                    Arg::Network(name) => assert!(story.networks.contains(name.shown()), "{name}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn no_devices_name_is_shown_before_its_touch() {
    for story in stories() {
        let touched = story
            .log
            .only(|entry| entry.phone == PhoneId(0))
            .summary()
            .envelopes
            .into_iter()
            .find(|envelope| envelope.direction == Direction::Down && envelope.carries_record(80))
            .map_or(story.ended, |envelope| envelope.at);
        for (at, screen) in story.screens() {
            let names = screen
                .status
                .args
                .iter()
                .any(|arg| matches!(arg, Arg::Product(_)));
            let owned = matches!(screen.step, Step::OwnedByYou { .. });
            assert!(!names || owned || *at >= touched, "{}", story.told());
        }
    }
}

#[test]
fn fewer_than_one_fault_in_a_hundred_ends_in_the_general_failure() {
    let (mut faults, mut failed) = (0, Vec::new());
    for seed in worlds() {
        let (story, happened) = faulty(seed);
        faults += happened;
        if story
            .screens()
            .iter()
            .any(|(_, screen)| matches!(screen.step, Step::Failed { .. }))
        {
            failed.push((seed, story.told()));
        }
    }
    assert!(faults >= 100, "{faults}");
    assert!(
        failed.len() * 100 < faults,
        "{} of {faults}\n{}",
        failed.len(),
        failed[0].1
    );
}
