//! Every named story ends as it must, and leaves in the air only what it may.

use std::{sync::Arc, time::Duration};

use touchstone::{A11yContext, Outcome};
use touchstone_device::ports::Signal;
use touchstone_flow::{ActionId, Permission, Step};
use touchstone_sim::{
    Nobody, Unit,
    air::{Log, PhoneId},
    scenarios::{self, ScenarioResult},
};

fn tell(name: &str) -> ScenarioResult {
    tell_with(name, 1)
}

fn tell_with(name: &str, seed: u64) -> ScenarioResult {
    let result = scenarios::run(name, seed, Arc::new(Nobody))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        result.is_as_expected(),
        "{name} (seed {seed}) ended as {:?}, not {:?}\n{}",
        result.report.outcome,
        result.expected,
        story(&result),
    );
    result
}

/// What was shown, what the SDK noted and what flew, a line each.
fn story(result: &ScenarioResult) -> String {
    let screens = result
        .screens
        .iter()
        .map(|(at, screen)| format!("{at:>12.3?} {:?}", screen.step));
    let entries = result.report.entries.iter().map(|entry| {
        format!(
            "{:>12.3} {} {:?} {:?}",
            entry.at, entry.what, entry.device, entry.detail
        )
    });
    let lines: Vec<String> = screens.chain(entries).collect();
    format!("{}\n{}", lines.join("\n"), result.log)
}

fn credential_records(log: &Log) -> usize {
    log.summary().credential_records()
}

fn count_steps(result: &ScenarioResult, test: impl Fn(&Step) -> bool) -> usize {
    let mut count = 0;
    let mut before = false;
    for (_, screen) in &result.screens {
        let is = test(&screen.step);
        count += usize::from(is && !before);
        before = is;
    }
    count
}

fn prompts(result: &ScenarioResult) -> usize {
    count_steps(result, |step| matches!(step, Step::AwaitPresence { .. }))
}

fn shows(result: &ScenarioResult, test: impl Fn(&Step) -> bool) -> bool {
    count_steps(result, test) > 0
}

fn assert_set_up(unit: &Unit) {
    assert!(unit.is_owned());
    assert!(unit.is_online());
}

fn assert_untouched(unit: &Unit) {
    assert!(!unit.is_owned());
    assert!(unit.joins().is_empty());
    assert_eq!(unit.writes(), 0);
}

#[test]
fn every_scenario_has_its_own_name_and_a_sentence() {
    for (index, scenario) in scenarios::all().iter().enumerate() {
        assert!(scenario.description.ends_with('.'), "{}", scenario.name);
        let first = scenarios::all()
            .iter()
            .position(|other| other.name == scenario.name);
        assert_eq!(first, Some(index), "{}", scenario.name);
    }
    assert!(scenarios::run("no such story", 1, Arc::new(Nobody)).is_err());
}

#[test]
fn every_scenario_ends_as_it_must_with_several_seeds() {
    for scenario in scenarios::all() {
        for seed in [2, 3] {
            tell_with(scenario.name, seed);
        }
    }
}

#[test]
fn whatever_a_story_says_goes_wrong_does_go_wrong_for_those_who_hear_and_those_who_do_not() {
    for scenario in scenarios::all() {
        for screen_reader in [false, true] {
            let (room, mut script) = scenario.set(1);
            script.context = scenario.context(A11yContext {
                screen_reader,
                ..A11yContext::default()
            });
            room.visit(script, scenario.policy(), Arc::new(Nobody))
                .unwrap_or_else(|stalled| panic!("{}: {stalled}", scenario.name));
            assert_eq!(room.world.pending_faults(), 0, "{}", scenario.name);
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for name in ["success", "several-devices", "lossy", "link-loss"] {
        let (one, two) = (tell_with(name, 5), tell_with(name, 5));
        assert_eq!(one.log, two.log, "{name}");
        assert_eq!(one.screens, two.screens, "{name}");
        assert_ne!(one.log, tell_with(name, 6).log, "{name}");
    }
}

#[test]
fn success_ends_with_a_lamp_that_has_an_owner_and_is_online() {
    let result = tell("success");
    assert_set_up(&result.wanted);
    assert_eq!(prompts(&result), 1);
    let (_, last) = result.screens.last().unwrap();
    let Step::Done {
        product, network, ..
    } = &last.step
    else {
        panic!("{last:?}")
    };
    assert_eq!((product.name(), network.shown()), ("Kitchen lamp", "Home"));
    assert_eq!(credential_records(&result.log), 1);
    assert_eq!(result.log.summary().links, 1);
    assert_eq!(result.log.summary().round_trips(), 4);
    assert_eq!(result.log.until_accepted().summary().round_trips(), 3);
}

#[test]
fn credentials_fly_only_after_the_touch_and_the_confirming_press() {
    let result = tell("success");
    let pressed = result
        .screens
        .iter()
        .find(|(_, screen)| matches!(screen.step, Step::AskPassword { .. }))
        .unwrap()
        .0;
    let envelopes = result.log.summary().envelopes;
    let sent = envelopes
        .iter()
        .find(|envelope| envelope.carries_credentials())
        .unwrap()
        .at;
    let touched = envelopes
        .iter()
        .find(|envelope| envelope.carries_record(80))
        .unwrap()
        .at;
    assert!(touched < pressed && pressed < sent);
}

#[test]
fn the_touched_lamp_responds_before_the_person_is_asked_to_confirm_it() {
    let result = tell("success");
    let asked = result
        .screens
        .iter()
        .find(|(_, screen)| matches!(screen.step, Step::ChooseNetwork { .. }))
        .unwrap()
        .0;
    let responded = result
        .wanted
        .signals()
        .iter()
        .find(|(_, signal)| *signal == Signal::Respond)
        .unwrap()
        .0;
    // The prompt says that it responds now.
    assert!(
        responded <= asked + Duration::from_millis(500),
        "{responded:?} {asked:?}"
    );
}

#[test]
fn a_wrong_password_is_corrected_on_the_same_link_without_a_new_touch() {
    let result = tell("wrong-password");
    assert_set_up(&result.wanted);
    assert_eq!(prompts(&result), 1);
    assert_eq!(result.log.summary().links, 1);
    assert_eq!(credential_records(&result.log), 2);
    assert_eq!(
        count_steps(&result, |step| matches!(step, Step::WrongPassword { .. })),
        1
    );
}

#[test]
fn a_network_out_of_reach_is_tried_again_on_the_same_link() {
    let result = tell("network-not-found");
    assert_set_up(&result.wanted);
    assert_eq!((prompts(&result), result.log.summary().links), (1, 1));
    assert!(shows(&result, |step| matches!(
        step,
        Step::NetworkNotFound { .. }
    )));
}

#[test]
fn a_router_without_addresses_or_internet_is_named_as_such() {
    assert!(shows(&tell("dhcp-failed"), |step| matches!(
        step,
        Step::DhcpFailed { .. }
    )));
    let online = tell("no-internet");
    assert!(shows(&online, |step| matches!(
        step,
        Step::NoInternet { .. }
    )));
    assert_set_up(&online.wanted);
    assert_set_up(&tell("no-internet-finish").wanted);
}

#[test]
fn a_saved_or_open_network_asks_for_no_password() {
    for name in ["saved-network", "open-network"] {
        let result = tell(name);
        assert!(
            !shows(&result, |step| matches!(step, Step::AskPassword { .. })),
            "{name}"
        );
        assert_set_up(&result.wanted);
    }
}

#[test]
fn no_impostor_gets_a_credential_record_a_touch_prompt_or_an_arm() {
    for name in [
        "impostor",
        "impostor-copied-leaf",
        "impostor-leaf-as-authority",
        "impostor-forged-evidence",
        "debug-firmware",
    ] {
        let result = tell(name);
        assert_eq!(credential_records(&result.log), 0, "{name}");
        // Without the key it has proved nothing, not even that it is a copy.
        let copied = name == "impostor-copied-leaf";
        assert_eq!(
            shows(&result, |step| matches!(step, Step::NotChecked)),
            copied,
            "{name}"
        );
        assert_eq!(
            shows(&result, |step| matches!(step, Step::NotGenuine { .. })),
            !copied,
            "{name}"
        );
        assert!(
            !shows(&result, |step| matches!(step, Step::AwaitPresence { .. })),
            "{name}"
        );
        // ARM is the only record of its class that a phone sends before credentials.
        let armed = result.log.summary().envelopes.iter().any(|envelope| {
            envelope.carries_record(48) && envelope.direction == touchstone_sim::air::Direction::Up
        });
        assert!(!armed, "{name}");
        assert_untouched(&result.wanted);
    }
}

#[test]
fn an_impostor_without_the_key_never_learns_the_owner_key() {
    // message_3 carries it; it must not be sent before the certificate and its signature are checked.
    for name in [
        "impostor",
        "impostor-copied-leaf",
        "impostor-leaf-as-authority",
        "revoked",
    ] {
        let result = tell(name);
        assert!(
            !result
                .log
                .summary()
                .envelopes
                .iter()
                .any(|envelope| envelope.carries(0x03)),
            "{name}"
        );
    }
}

#[test]
fn an_impostor_beside_the_genuine_lamp_changes_nothing() {
    let result = tell("impostor-beside");
    assert_set_up(&result.wanted);
    assert!(!shows(&result, |step| matches!(
        step,
        Step::NotGenuine { .. } | Step::NotChecked
    )));
    let others = result.log.only(|entry| entry.device != result.wanted.id());
    assert_eq!(credential_records(&others), 0);
}

#[test]
fn withdrawn_and_outdated_devices_get_nothing() {
    for name in ["revoked", "old-firmware"] {
        let result = tell(name);
        assert_eq!(credential_records(&result.log), 0, "{name}");
        assert_untouched(&result.wanted);
    }
}

#[test]
fn of_several_devices_only_the_touched_one_gets_credentials() {
    let result = tell("several-devices");
    assert_set_up(&result.wanted);
    assert!(shows(&result, |step| matches!(
        step,
        Step::AwaitPresence { several: true, .. }
    )));
    let others = result.log.only(|entry| entry.device != result.wanted.id());
    assert_eq!(credential_records(&others), 0);
    assert!(others.summary().links >= 2);
}

#[test]
fn two_touches_release_both_and_one_touch_afterwards_is_enough() {
    let result = tell("two-touched");
    assert_set_up(&result.wanted);
    assert!(shows(&result, |step| matches!(
        step,
        Step::TwoTouched { .. }
    )));
    assert!(prompts(&result) >= 2);
    let others = result.log.only(|entry| entry.device != result.wanted.id());
    assert_eq!(credential_records(&others), 0);
    // Nothing was sent to anybody before the second touch of the wanted one.
    let envelopes = result.log.summary().envelopes;
    let sent = envelopes
        .iter()
        .find(|envelope| envelope.carries_credentials())
        .unwrap()
        .at;
    let touches = envelopes
        .iter()
        .filter(|envelope| envelope.carries_record(80) && envelope.at < sent)
        .count();
    assert!(touches >= 3, "{touches}");
}

#[test]
fn a_neighbours_unit_pressed_first_is_refused_by_the_person_who_does_not_hear_it() {
    let result = tell("neighbour-first");
    assert_set_up(&result.wanted);
    let others = result.log.only(|entry| entry.device != result.wanted.id());
    assert_eq!(credential_records(&others), 0);
    assert_eq!(prompts(&result), 2);
}

#[test]
fn an_owned_device_says_so_and_gets_nothing() {
    let result = tell("already-owned");
    assert!(shows(&result, |step| matches!(step, Step::AlreadyOwned)));
    assert_eq!(credential_records(&result.log), 0);
    assert_eq!(
        result.wanted.stored().unwrap().ownership.unwrap().owner_kid,
        [7; 32]
    );
}

#[test]
fn a_device_that_another_phone_has_armed_is_left_to_it() {
    let result = tell("busy");
    assert_eq!(credential_records(&result.log), 0);
    assert!(shows(&result, |step| matches!(step, Step::Busy)));
    let freed = tell("busy-then-free");
    assert_set_up(&freed.wanted);
    assert_eq!(
        credential_records(&freed.log.only(|entry| entry.phone == PhoneId(1))),
        0
    );
}

#[test]
fn nobody_is_hurried() {
    let result = tell("slow-touch");
    assert_eq!((prompts(&result), result.log.summary().links), (1, 1));
    let waiting: Vec<_> = result
        .wanted
        .signals()
        .iter()
        .filter(|(_, signal)| *signal == Signal::Waiting)
        .map(|(at, _)| *at)
        .collect();
    assert!(waiting.len() >= 40, "{}", waiting.len());
    assert!(
        waiting
            .windows(2)
            .all(|pair| pair[1] - pair[0] <= Duration::from_secs(10))
    );
}

#[test]
fn cancelling_leaves_the_device_as_it_was() {
    let result = tell("cancelled");
    assert_untouched(&result.wanted);
    assert_eq!(credential_records(&result.log), 0);
}

#[test]
fn a_radio_that_needs_something_is_asked_for_once() {
    assert_eq!(
        count_steps(&tell("permission"), |step| matches!(
            step,
            Step::PermissionNeeded { .. }
        )),
        1
    );
    assert!(shows(&tell("permission-blocked"), |step| matches!(
        step,
        Step::PermissionBlocked { .. }
    )));
    assert!(shows(&tell("bluetooth-off"), |step| matches!(
        step,
        Step::BluetoothOff
    )));
    assert_eq!(
        count_steps(&tell("location-permission"), |step| matches!(
            step,
            Step::PermissionNeeded {
                what: Permission::Location
            }
        )),
        1
    );
    assert!(shows(&tell("location-off"), |step| matches!(
        step,
        Step::LocationOff
    )));
}

#[test]
fn a_link_lost_after_the_touch_comes_back_without_a_new_touch() {
    let result = tell("link-loss");
    assert_set_up(&result.wanted);
    assert_eq!(result.log.summary().links, 2);
    assert_eq!(
        count_steps(&result, |step| matches!(step, Step::AwaitPresence { .. })),
        1
    );
}

#[test]
fn a_lost_confirm_or_committed_leaves_phone_and_device_agreeing() {
    for name in ["lost-confirm", "lost-committed", "power-cut-while-storing"] {
        let result = tell(name);
        // After a power cut it joins again by itself, whether or not the phone is still there.
        assert!(result.wanted.is_owned(), "{name}");
        assert_eq!(prompts(&result), 1, "{name}");
        assert!(result.log.summary().links >= 2, "{name}");
    }
}

#[test]
fn a_power_cut_before_confirm_leaves_nothing_behind() {
    let result = tell("power-cut");
    assert_set_up(&result.wanted);
    assert_eq!(result.wanted.writes(), 1);
    assert_eq!(prompts(&result), 2);
}

#[test]
fn a_flipped_bit_is_noticed_and_that_link_carries_nothing_more() {
    let result = tell("bit-flip");
    assert_set_up(&result.wanted);
    let first = result.log.only(|entry| entry.link.0 == 0);
    assert_eq!(credential_records(&first), 0);
    assert!(
        !first
            .summary()
            .envelopes
            .iter()
            .any(|envelope| envelope.carries_record(48))
    );
}

#[test]
fn a_stall_and_a_small_mtu_need_no_second_link() {
    for name in ["stall", "small-mtu", "lossy"] {
        let result = tell(name);
        assert_set_up(&result.wanted);
        assert_eq!(result.log.summary().links, 1, "{name}");
    }
}

#[test]
fn the_screen_before_the_first_press_says_what_the_button_does() {
    let result = tell("success");
    assert_eq!(result.screens[0].1.primary.id, ActionId::ConnectDevice);
    assert_eq!(result.report.outcome, Outcome::Connected);
}
