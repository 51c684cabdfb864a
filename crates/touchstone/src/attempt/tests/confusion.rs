//! Which device is which: addresses change hands, and one device has several.

use super::*;

#[test]
fn another_device_under_the_chosen_address_gets_nothing_and_the_right_one_is_found_again() {
    let mut desk = Desk::new(2);
    desk.at("two").reachable = false;
    desk.run(seconds(5.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.press(ActionId::UseNetwork);
    // The chosen device has another address now, and a genuine one of somebody else answers under the old one.
    desk.at("one").unit = 1;
    desk.cut(0);
    desk.type_password(PASSWORD);
    desk.run(seconds(6.0));
    assert_eq!(desk.joins(1), 0);
    assert!(!desk.shown(|step| matches!(step, Step::NotGenuine { .. })));
    desk.at("two").unit = 0;
    desk.at("two").reachable = true;
    desk.run(seconds(12.0));
    desk.assert_done();
    assert_eq!((desk.joins(0), desk.joins(1)), (1, 0));
}

#[test]
fn another_device_under_an_address_that_nothing_hangs_on_is_simply_another_device() {
    let mut desk = Desk::new(2);
    desk.at("two").reachable = false;
    desk.mark = None;
    // Attested, and lost before it was armed.
    while !desk.core.candidates.iter().any(|c| c.ueid().is_some()) {
        desk.run(STEP);
    }
    desk.cut(0);
    desk.core.candidates[0].forget_touch();
    desk.at("one").unit = 1;
    desk.run(seconds(8.0));
    desk.touch(1);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    assert!(!desk.shown(|step| matches!(step, Step::NotGenuine { .. })));
}

#[test]
fn one_device_under_two_addresses_is_one_candidate() {
    let mut desk = Desk::new(1);
    desk.place("alias", 0);
    desk.run(seconds(20.0));
    assert!(desk.connects.len() <= 4, "{:?}", desk.connects);
    assert_eq!(desk.core.candidates.len(), 1);
    assert!(!desk.shown(|step| matches!(step, Step::AwaitPresence { several: true, .. })));
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_device_the_person_has_refused_stays_refused_under_another_address() {
    let mut desk = Desk::asked(1);
    desk.press(ActionId::NotMyDevice);
    desk.run(seconds(2.0));
    desk.at("one").address = "renamed";
    desk.run(seconds(8.0));
    let prompts = |desk: &Desk| {
        desk.screens
            .iter()
            .filter(|screen| matches!(screen.step, Step::AwaitPresence { .. }))
            .count()
    };
    assert_eq!(prompts(&desk), 1);
    assert!(
        matches!(
            desk.step(),
            Step::Scanning { .. } | Step::Found { .. } | Step::Verifying
        ),
        "{:?}",
        desk.step()
    );
    assert!(desk.connects.iter().any(|(_, id)| id == "renamed"));
}

#[test]
fn facts_of_a_link_that_was_given_up_mean_nothing() {
    let mut desk = Desk::prompted(1);
    let old = *desk.links.keys().next().unwrap();
    desk.cut(0);
    desk.run(seconds(3.0));
    desk.tell(Fact::LinkLost(old, RadioError::LinkLost));
    desk.tell(Fact::Fragment(old, vec![0xff; 20]));
    desk.tell(Fact::OwnerSigned(old, Ok([0; 64])));
    desk.tell(Fact::OwnerPublic(old, Err(OwnerKeyError("gone".into()))));
    desk.run(seconds(3.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_late_word_about_the_radio_does_not_disturb_the_search() {
    let mut desk = Desk::prompted(1);
    desk.tell(Fact::Radio(RadioState::Off));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_scan_that_ends_while_credentials_are_out_is_no_failure() {
    let mut desk = Desk::joining(1);
    desk.cut(0);
    assert!(desk.scanning);
    desk.tell(Fact::ScanEnded(None));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
}

#[test]
fn a_scan_that_ends_by_itself_is_begun_again_and_costs_nothing() {
    let mut desk = Desk::prompted(1);
    for _ in 0..2 {
        desk.scanning = false;
        desk.tell(Fact::ScanEnded(None));
        desk.run(seconds(0.4));
        assert!(!desk.scanning);
        desk.run(seconds(0.2));
        assert!(desk.scanning);
    }
    assert!(matches!(desk.step(), Step::AwaitPresence { .. }));
}

#[test]
fn a_radio_whose_scans_keep_ending_is_given_up() {
    let mut desk = Desk::prompted(1);
    desk.lose(0);
    for _ in 0..3 {
        desk.tell(Fact::ScanEnded(None));
        assert!(!matches!(desk.step(), Step::Failed { .. }));
        desk.run(seconds(0.6));
    }
    desk.tell(Fact::ScanEnded(None));
    assert!(matches!(desk.step(), Step::Failed { .. }));
}

#[test]
fn bluetooth_switched_off_after_the_touch_costs_no_second_touch() {
    let mut desk = Desk::asked(1);
    let off = RadioError::Unusable(RadioState::Off);
    desk.lose(0);
    desk.tell(Fact::ScanEnded(Some(off)));
    assert_eq!(*desk.step(), Step::BluetoothOff);
    desk.bring_back(0);
    desk.press(ActionId::TurnOnBluetooth);
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn a_host_that_never_connects_is_given_up_and_asked_again() {
    let mut desk = Desk::prompted(1);
    desk.cut(0);
    let candidate = &mut desk.core.candidates[0];
    candidate.connecting(desk.now, LinkKey(4711));
    desk.run(seconds(29.0));
    assert_eq!(desk.connects.len(), 1);
    desk.run(seconds(8.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.connects.len(), 2);
}

#[test]
fn candidates_stay_few_however_many_devices_are_heard() {
    let mut desk = Desk::new(1);
    let nobody = desk.units[0]
        .device
        .advertisement(desk.now)
        .unwrap()
        .encode();
    for round in 0..400_u32 {
        for address in 0..8 {
            desk.hear(&format!("ghost {round} {address}"), -40, nobody.to_vec());
        }
        desk.run(STEP);
        assert!(desk.core.candidates.len() <= 4);
    }
    assert!(desk.core.retired.len() <= 16);
}
