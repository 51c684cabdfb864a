//! The hybrid suite, where it is wanted and where there is none.

use touchstone_device::Suites;

use super::*;
use crate::policy::PostQuantum;

fn wanting(post_quantum: PostQuantum) -> Policy {
    Policy {
        post_quantum,
        ..Policy::default()
    }
}

fn without_hybrid(_: usize, identity: &mut Identity) {
    identity.suites = Suites::Classical;
}

fn sets_up(desk: &mut Desk) {
    desk.run(seconds(5.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_device_is_set_up_in_the_hybrid_suite_where_both_have_it() {
    for wanted in [PostQuantum::Prefer, PostQuantum::Require] {
        let mut desk = Desk::with(1, wanting(wanted), |_, _| {});
        sets_up(&mut desk);
        assert_eq!(desk.connects.len(), 1);
    }
}

#[test]
fn a_device_that_has_it_not_is_set_up_over_the_first_link_all_the_same() {
    let mut desk = Desk::with(1, wanting(PostQuantum::Prefer), without_hybrid);
    sets_up(&mut desk);
    assert_eq!(desk.connects.len(), 1);
}

#[test]
fn where_it_is_required_a_device_that_has_it_not_is_one_that_could_not_be_checked() {
    let mut desk = Desk::with(1, wanting(PostQuantum::Require), without_hybrid);
    desk.run(seconds(10.0));
    assert!(matches!(desk.step(), Step::NotChecked), "{:?}", desk.step());
    // Not one link more than any other broken proof gets.
    assert_eq!(desk.connects.len(), 2);
    assert_eq!(desk.joins(0), 0);
}

/// The certificate travels by reference from the second link on; touch and claim outlive the first.
#[test]
fn a_touch_is_resumed_over_a_new_link_in_the_hybrid_suite() {
    let mut desk = Desk::with(1, wanting(PostQuantum::Require), |_, _| {});
    desk.run(seconds(5.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.cut(0);
    desk.run(seconds(3.0));
    desk.decide(PASSWORD);
    desk.assert_done();
    assert_eq!(desk.connects.len(), 2);
}

/// A device that drops its link with the refusal, as an older one may: the refusal is remembered.
#[test]
fn a_refusal_followed_by_the_loss_of_the_link_is_remembered() {
    let mut desk = Desk::with(1, wanting(PostQuantum::Prefer), without_hybrid);
    desk.holds_up = true;
    while desk.connects.is_empty() {
        desk.run(STEP);
    }
    // message_1, and nothing after it.
    while let Some(Flying(key, fragment)) = desk.up.pop_front() {
        let (unit, link) = desk.links[&key];
        desk.units[unit].device.received(desk.now, link, &fragment);
    }
    desk.collect();
    assert!(desk.core.candidates[0].has_refused_the_hybrid());
    desk.cut(0);
    desk.holds_up = false;
    sets_up(&mut desk);
    assert_eq!(desk.connects.len(), 2);
}

/// Refused once by somebody in between: the device itself refuses the classical suite then, and the next link begins with the hybrid one again.
#[test]
fn a_refusal_that_the_device_does_not_stand_by_is_forgotten() {
    let mut desk = Desk::with(1, wanting(PostQuantum::Prefer), |_, _| {});
    desk.holds_up = true;
    while desk.connects.is_empty() {
        desk.run(STEP);
    }
    desk.up.clear();
    let key = *desk.links.keys().next().unwrap();
    // An envelope of three bytes: EDHOC error, code 2, suite 3.
    desk.tell(Fact::Fragment(key, vec![0xc0, 0, 0, 0, 3, 5, 2, 3]));
    assert!(desk.core.candidates[0].has_refused_the_hybrid());
    desk.cut(0);
    desk.holds_up = false;
    // The link after it is refused, the one after that is hybrid.
    sets_up(&mut desk);
    assert!(!desk.core.candidates[0].has_refused_the_hybrid());
    assert_eq!(desk.connects.len(), 3);
}

/// Whatever the unauthenticated list says: a verdict, and not one link after the other for ever.
#[test]
fn where_it_is_required_any_refusal_of_it_is_a_doubt() {
    for suites_r in [&[0x22][..], &[0x02], &[0x82, 0x34, 0x03], &[0x03]] {
        let mut desk = Desk::with(1, wanting(PostQuantum::Require), |_, _| {});
        desk.holds_up = true;
        for _ in 0..200 {
            desk.run(STEP);
            desk.up.clear();
            if let Some(key) = desk.links.keys().next().copied() {
                let error = [&[5, 2], suites_r].concat();
                let length = u8::try_from(error.len()).unwrap();
                desk.tell(Fact::Fragment(
                    key,
                    [&[0xc0, 0, 0, 0, length], &error[..]].concat(),
                ));
            }
        }
        assert!(
            matches!(desk.step(), Step::NotChecked),
            "{suites_r:x?} {:?}",
            desk.step()
        );
        assert_eq!(desk.connects.len(), 2);
    }
}

#[test]
fn a_report_tells_in_which_suite_the_keys_were_agreed_on() {
    let told = |wanted, change| {
        let mut desk = Desk::with(1, wanting(wanted), change);
        sets_up(&mut desk);
        desk.press(ActionId::Finish);
        let report = desk.report.expect("the attempt has ended");
        let suites = report.entries.iter().filter(|entry| entry.what == "suite");
        suites.filter_map(|entry| entry.detail.clone()).collect()
    };
    let classical: Vec<String> = told(PostQuantum::Prefer, without_hybrid);
    assert_eq!(classical, ["classical"]);
    assert_eq!(told(PostQuantum::Prefer, |_, _| {}), ["hybrid"]);
    assert!(told(PostQuantum::Off, |_, _| {}).is_empty());
}
