//! Somebody else, or something else, is about (rules A-b and A-j).

use touchstone_proto::advert::{Advert, AdvertFlags};

use super::{super::candidate::State, *};

pub(super) fn armed_advert() -> Vec<u8> {
    let advert = Advert {
        version: 1,
        flags: AdvertFlags {
            window_open: true,
            unowned: true,
            armed: true,
            touched: false,
            l2_capable: false,
        },
        model_class: 1,
        epoch: 77,
        tag: [1, 2, 3, 4],
    };
    advert.encode().to_vec()
}

#[test]
fn a_foreign_device_armed_nearby_stops_the_choice_and_a_distant_one_does_not() {
    for (rssi, stops) in [(-60, true), (-80, false)] {
        let mut desk = Desk::prompted(1);
        desk.touch(0);
        desk.hear("neighbour", rssi, armed_advert());
        desk.run(seconds(2.0));
        assert_eq!(
            *desk.step() == Step::AnotherNearby,
            stops,
            "{rssi} dBm: {:?}",
            desk.step()
        );
    }
}

#[test]
fn an_address_of_ours_does_not_excuse_a_foreign_tag() {
    let mut desk = Desk::prompted(1);
    desk.touch(0);
    desk.at("one").heard = false;
    desk.hear("one", -50, armed_advert());
    assert_eq!(*desk.step(), Step::AnotherNearby);
}

#[test]
fn our_own_advertisement_is_ours_however_late_we_look_at_it() {
    let mut desk = Desk::prompted(1);
    desk.run(seconds(3.0));
    desk.at("one").heard = false;
    // Just before it is forgotten.
    desk.run(seconds(4.7));
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn our_own_tags_stay_ours_after_a_lost_link() {
    for moment in 0..40_u32 {
        let mut desk = Desk::prompted(2);
        desk.cut(1);
        desk.run(STEP * moment);
        desk.touch(0);
        desk.run(seconds(8.0));
        assert!(
            matches!(desk.step(), Step::ChooseNetwork { .. }),
            "touched {moment} steps after the loss: {:?}",
            desk.step()
        );
    }
}

#[test]
fn a_near_device_that_is_gone_after_arm_counts_as_an_overlap_and_a_distant_one_does_not() {
    for (rssi, stops) in [(-55, true), (-85, false)] {
        let mut desk = Desk::new(2);
        desk.at("two").rssi = rssi;
        desk.run(seconds(5.0));
        desk.lose(1);
        desk.touch(0);
        desk.run(seconds(11.0));
        assert_eq!(
            *desk.step() == Step::AnotherNearby,
            stops,
            "{rssi} dBm: {:?}",
            desk.step()
        );
    }
}

#[test]
fn a_near_device_that_is_gone_when_the_person_decides_is_waited_for() {
    let mut desk = Desk::asked(2);
    desk.lose(1);
    desk.decide(PASSWORD);
    desk.run(seconds(3.0));
    assert_eq!(*desk.step(), Step::Sending);
    assert_eq!(desk.joins(0), 0);
    desk.bring_back(1);
    desk.run(seconds(4.0));
    desk.assert_done();

    let mut desk = Desk::asked(2);
    desk.lose(1);
    desk.decide(PASSWORD);
    desk.run(seconds(8.0));
    assert_eq!(*desk.step(), Step::AnotherNearby);
    assert_eq!(desk.joins(0), 0);
}

#[test]
fn a_touch_told_of_only_after_a_lost_link_releases_both() {
    let mut desk = Desk::asked(2);
    desk.lose(1);
    desk.touch(1);
    desk.bring_back(1);
    desk.run(seconds(4.0));
    assert!(
        desk.shown(|step| matches!(step, Step::TwoTouched { .. })),
        "{:?}",
        desk.step()
    );
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0) + desk.joins(1), 0);
}

#[test]
fn a_touch_while_the_person_decides_releases_both() {
    let mut desk = Desk::asked(2);
    desk.press(ActionId::UseNetwork);
    desk.touch(1);
    desk.run(seconds(3.0));
    assert!(desk.shown(|step| matches!(step, Step::TwoTouched { .. })));
    // Nothing sent before counts; the device has to be confirmed anew.
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0) + desk.joins(1), 0);
}

#[test]
fn the_second_overlap_stops_and_trying_again_begins_with_a_clean_slate() {
    let mut desk = Desk::asked(2);
    desk.touch(1);
    desk.run(seconds(3.0));
    desk.touch(0);
    desk.touch(1);
    assert_eq!(*desk.step(), Step::AnotherNearby);
    desk.run(seconds(2.0));
    assert!(desk.links.is_empty());
    desk.press(ActionId::TryAgain);
    desk.run(seconds(6.0));
    desk.touch(0);
    desk.touch(1);
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.run(seconds(1.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn the_other_devices_call_for_a_touch_again_when_the_choice_was_wrong() {
    let mut desk = Desk::asked(2);
    desk.units[1].body.borrow_mut().signals.clear();
    desk.press(ActionId::NotMyDevice);
    desk.run(seconds(2.0));
    let waiting = touchstone_device::ports::Signal::Waiting;
    assert!(desk.units[1].body.borrow().signals.contains(&waiting));
    assert_eq!(desk.forgotten, [desk.units[0].ueid]);
}

#[test]
fn a_busy_device_nearby_stops_the_choice_of_another() {
    let mut desk = Desk::new(2);
    // Somebody else's session has armed the second one before ours asks.
    let mut rival = Desk::new(0);
    std::mem::swap(&mut rival.units, &mut desk.units);
    std::mem::swap(&mut rival.places, &mut desk.places);
    rival.at("one").reachable = false;
    rival.core.entropy = Arc::new(Counter(AtomicU64::new(5)));
    let ueid = rival.units[1].ueid;
    rival
        .keys
        .insert(ueid, SigningKey::from_slice(&[5; 32]).unwrap());
    rival.run(seconds(5.0));
    assert!(
        matches!(rival.step(), Step::AwaitPresence { .. }),
        "{:?}",
        rival.step()
    );
    std::mem::swap(&mut rival.units, &mut desk.units);
    std::mem::swap(&mut rival.places, &mut desk.places);
    desk.now = rival.now;
    desk.at("one").reachable = true;
    // Its advertisements are jammed; only its word is heard.
    desk.tamper = |service_data| {
        service_data[1] &= !0x0c;
    };
    desk.run(seconds(6.0));
    assert!(
        matches!(desk.step(), Step::AwaitPresence { .. }),
        "{:?}",
        desk.step()
    );
    desk.touch(0);
    desk.run(seconds(2.0));
    assert_eq!(*desk.step(), Step::AnotherNearby);
    assert_eq!(desk.joins(0), 0);
}

#[test]
fn a_touch_right_after_the_prompt_still_needs_the_confirming_press() {
    let mut desk = Desk::new(1);
    while !matches!(desk.step(), Step::AwaitPresence { .. }) {
        desk.run(STEP);
    }
    desk.run(seconds(0.4));
    desk.touch(0);
    desk.run(seconds(30.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
    assert_eq!(desk.joins(0), 0);
    assert!(desk.marked.is_empty());
}

/// Rule A-b: whoever keeps RELEASE from a device, and breaks its link, does not bring the touch back.
#[test]
fn a_touch_that_was_given_up_stays_void_although_the_device_did_not_hear_of_it() {
    let mut desk = Desk::asked(2);
    desk.deaf = Some(0);
    desk.touch(1);
    assert!(desk.shown(|step| matches!(step, Step::TwoTouched { .. })));
    desk.cut(0);
    desk.deaf = None;
    let screens = desk.screens.len();
    desk.run(seconds(8.0));
    let believed = |screen: &Screen| matches!(screen.step, Step::Touched { .. });
    assert!(!desk.screens[screens..].iter().any(believed));
    assert!(desk.core.candidates[0].state == State::Armed, "armed anew");
}
