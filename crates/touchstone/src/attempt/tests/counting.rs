//! Level L2: the person counts, once a touch, and nothing else makes a device theirs.

use touchstone_device::ports::{JoinStatus, Signal};
use touchstone_flow::{AgainReason, Command, Counts, SignalKind, SignalPace};
use touchstone_proto::record::{Actuator, Actuators, Level, PressKind};

use super::{overlaps::armed_advert, *};
use crate::report::Outcome;

fn l2() -> Policy {
    Policy {
        minimum_level: Level::L2,
        ..Policy::default()
    }
}

fn capable(_: usize, identity: &mut Identity) {
    identity.max_level = Level::L2;
}

fn incapable(_: usize, identity: &mut Identity) {
    identity.max_level = Level::L1;
}

fn only_the_first(index: usize, identity: &mut Identity) {
    if index == 0 {
        identity.max_level = Level::L2;
    }
}

fn without_actuators(_: usize, identity: &mut Identity) {
    identity.max_level = Level::L2;
    identity.actuators = Actuators::default();
}

impl Desk {
    /// Capable devices, up to the prompt.
    fn prompted_with(units: u32, policy: Policy) -> Self {
        let mut desk = Self::with(units, policy, capable);
        desk.run(seconds(5.0));
        desk.assert_prompts();
        desk
    }

    /// The first device touched, at level L2, up to its signals.
    fn counting(units: u32) -> (Self, [u8; 3]) {
        let mut desk = Self::prompted_with(units, l2());
        let counts = desk.touch_and_listen(0);
        (desk, counts)
    }

    fn assert_prompts(&self) {
        assert!(
            matches!(self.step(), Step::AwaitPresence { .. }),
            "{:?}",
            self.step()
        );
    }

    fn touch_and_listen(&mut self, unit: usize) -> [u8; 3] {
        self.run(seconds(1.0));
        self.touch(unit);
        self.listen(unit)
    }

    /// What a person hears: signals that follow each other soon are one group.
    fn listen(&mut self, unit: usize) -> [u8; 3] {
        let heard = |desk: &Self| {
            let body = desk.units[unit].body.borrow();
            let counts = |signal: &&Signal| matches!(signal, Signal::Count(_));
            body.signals.iter().filter(counts).count()
        };
        let (mut before, mut last) = (heard(self), None);
        let mut groups = Vec::new();
        for _ in 0..1200 {
            self.run(STEP);
            let now = heard(self);
            if now == before {
                continue;
            }
            assert_eq!(now, before + 1);
            before = now;
            match (groups.last_mut(), last) {
                (Some(group), Some(at)) if self.now - at < seconds(1.4) => *group += 1,
                _ => groups.push(1_u8),
            }
            last = Some(self.now);
        }
        groups
            .try_into()
            .unwrap_or_else(|groups| panic!("{groups:?} at {:?}", self.step()))
    }

    fn enter(&mut self, counts: [u8; 3]) {
        self.tell(Fact::Person(Input::Counts(Counts::new(counts))));
        self.press(ActionId::Enter);
    }

    fn was_told_again(&self, why: AgainReason) -> bool {
        self.shown(|step| matches!(step, Step::TouchAgain { why: told, .. } if *told == why))
    }

    fn responded(&self, unit: usize) -> bool {
        let body = self.units[unit].body.borrow();
        body.signals.contains(&Signal::Respond)
    }
}

fn wrong(counts: [u8; 3]) -> [u8; 3] {
    [counts[0] % 6 + 1, counts[1], counts[2]]
}

#[test]
fn the_right_counts_and_one_press_connect_a_device_at_level_2() {
    let (mut desk, counts) = Desk::counting(2);
    assert!(matches!(desk.step(), Step::CountSignals { .. }));
    desk.enter(counts);
    let Step::ChooseNetwork { actuators, .. } = desk.step() else {
        panic!("{:?}", desk.step());
    };
    assert_eq!(*actuators, touchstone_flow::Actuators::default());
    assert!(!desk.responded(0));
    desk.decide(PASSWORD);
    desk.assert_done();
    assert_eq!((desk.joins(0), desk.joins(1)), (1, 0));
}

#[test]
fn wrong_counts_spend_the_touch_and_the_right_ones_cannot_follow() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(wrong(counts));
    assert!(desk.was_told_again(AgainReason::CountsDiffer));
    desk.enter(counts);
    desk.run(seconds(3.0));
    desk.assert_prompts();
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn after_three_wrong_counts_the_person_is_asked_to_try_later_and_nothing_was_sent() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(wrong(counts));
    for _ in 0..2 {
        assert_ne!(*desk.step(), Step::NotConfirmed);
        desk.run(seconds(3.0));
        let counts = desk.touch_and_listen(0);
        desk.enter(wrong(counts));
    }
    assert_eq!(*desk.step(), Step::NotConfirmed);
    desk.run(seconds(3.0));
    assert!(desk.links.is_empty() && desk.marked.is_empty());
    assert_eq!(desk.joins(0), 0);
    desk.core.handle(desk.now, Fact::HostGone);
    desk.run(seconds(3.0));
    let report = desk.report.take().unwrap();
    assert_eq!(report.outcome, Outcome::NotConfirmed);
}

/// Whoever hears what his own unit gives must not gain anything by breaking its link.
#[test]
fn signals_are_given_for_three_touches_whatever_became_of_them() {
    let (mut desk, _) = Desk::counting(1);
    for touches in 1..4 {
        desk.cut(0);
        desk.run(seconds(6.0));
        assert_eq!(*desk.step() == Step::NotConfirmed, touches == 3);
        if touches < 3 {
            desk.touch_and_listen(0);
        }
    }
    assert_eq!(desk.joins(0), 0);
}

#[test]
fn a_slip_of_the_fingers_spends_nothing() {
    let (mut desk, counts) = Desk::counting(1);
    for slip in [[0, 0, 0], [7, 1, 1]] {
        desk.enter(slip);
        assert!(matches!(
            desk.step(),
            Step::CountSignals {
                incomplete: true,
                ..
            }
        ));
    }
    desk.enter(counts);
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn the_signals_are_the_same_however_often_and_slowly_they_come() {
    let (mut desk, counts) = Desk::counting(1);
    desk.press(ActionId::Repeat);
    assert_eq!(desk.listen(0), counts);
    for _ in 0..2 {
        desk.press(ActionId::ChangeSignals);
        desk.press(ActionId::RepeatSlower);
        assert_eq!(desk.listen(0), counts);
    }
    desk.enter(counts);
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn when_the_device_gives_no_more_signals_another_touch_gives_new_ones() {
    let (mut desk, _) = Desk::counting(1);
    for _ in 0..30 {
        if matches!(desk.step(), Step::CountSignals { .. }) {
            desk.press(ActionId::Repeat);
        }
        desk.run(seconds(40.0));
    }
    assert!(desk.was_told_again(AgainReason::NoMoreRepeats));
    desk.run(seconds(3.0));
    desk.assert_prompts();
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn a_link_lost_before_the_counts_were_entered_needs_a_new_touch() {
    let (mut desk, counts) = Desk::counting(1);
    desk.cut(0);
    desk.enter(counts);
    desk.run(seconds(4.0));
    assert!(desk.was_told_again(AgainReason::LinkLost));
    desk.assert_prompts();
    // What was counted before is worth nothing.
    desk.enter(counts);
    assert!(!desk.shown(|step| matches!(step, Step::ChooseNetwork { .. })));
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_link_lost_after_the_counts_needs_a_new_touch_too_and_nothing_typed_is_lost() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(counts);
    desk.lose(0);
    desk.decide(PASSWORD);
    assert_eq!(desk.joins(0), 0);
    desk.bring_back(0);
    desk.run(seconds(6.0));
    assert!(desk.was_told_again(AgainReason::LinkLost));
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    // The password is there already.
    desk.press(ActionId::UseNetwork);
    desk.assert_done();
}

#[test]
fn a_link_lost_while_joining_is_taken_up_without_a_touch_at_level_2_too() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(counts);
    desk.units[0].body.borrow_mut().join = JoinStatus::Connecting;
    desk.decide(PASSWORD);
    desk.run(STEP);
    assert!(matches!(desk.step(), Step::Joining { .. }));
    desk.cut(0);
    desk.run(seconds(3.0));
    desk.units[0].body.borrow_mut().join = unit::JOINED;
    desk.assert_done();
    assert_eq!(desk.joins(0), 1);
}

#[test]
fn a_device_switched_off_while_it_is_counted_is_touched_again() {
    let (mut desk, counts) = Desk::counting(1);
    desk.cut(0);
    let now = desk.now;
    desk.units[0].reboot(now);
    desk.run(seconds(4.0));
    assert!(desk.was_told_again(AgainReason::LinkLost));
    desk.enter(counts);
    assert!(!desk.shown(|step| matches!(step, Step::ChooseNetwork { .. })));
}

#[test]
fn a_foreign_armed_device_raises_the_level_and_does_not_stop_the_choice_any_more() {
    for policy in [Policy::default(), l2()] {
        let raised = policy.minimum_level == Level::L1;
        let mut desk = Desk::prompted_with(1, policy);
        desk.hear("neighbour", -60, armed_advert());
        desk.touch(0);
        desk.run(seconds(3.0));
        assert_eq!(desk.was_told_again(AgainReason::OthersNearby), raised);
        if raised {
            desk.assert_prompts();
            desk.touch(0);
        }
        for _ in 0..20 {
            desk.hear("neighbour", -60, armed_advert());
            desk.run(seconds(0.2));
        }
        let counts = desk.listen(0);
        desk.hear("neighbour", -60, armed_advert());
        desk.enter(counts);
        desk.hear("neighbour", -60, armed_advert());
        desk.decide(PASSWORD);
        desk.assert_done();
        assert!(!desk.shown(|step| *step == Step::AnotherNearby));
    }
}

#[test]
fn where_the_touched_device_cannot_be_counted_an_overlap_stops_as_before() {
    let mut desk = Desk::prompted(1);
    desk.hear("neighbour", -60, armed_advert());
    desk.touch(0);
    desk.run(seconds(2.0));
    assert_eq!(*desk.step(), Step::AnotherNearby);
}

#[test]
fn a_device_that_cannot_be_counted_is_not_armed_once_the_level_was_raised() {
    let mut desk = Desk::with(2, Policy::default(), only_the_first);
    desk.run(seconds(5.0));
    desk.hear("neighbour", -60, armed_advert());
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(desk.was_told_again(AgainReason::OthersNearby));
    assert_eq!(
        desk.step(),
        &Step::AwaitPresence {
            kind: touchstone_flow::PresenceKind::Touch,
            several: false,
            waited: false
        }
    );
    desk.touch(1);
    desk.run(seconds(3.0));
    desk.assert_prompts();
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn two_touches_twice_raise_the_level_where_both_can_be_counted() {
    let mut desk = Desk::prompted_with(2, Policy::default());
    for round in 0..4 {
        desk.touch(0);
        desk.touch(1);
        desk.run(seconds(3.0));
        assert_eq!(desk.was_told_again(AgainReason::TwoTouched), round > 0);
        assert_eq!(*desk.step() == Step::AnotherNearby, round == 3);
    }
    assert_eq!(desk.joins(0) + desk.joins(1), 0);
}

#[test]
fn a_second_touch_while_counting_releases_both() {
    let (mut desk, counts) = Desk::counting(2);
    desk.touch(1);
    desk.enter(counts);
    desk.run(seconds(3.0));
    assert!(desk.shown(|step| matches!(step, Step::TwoTouched { .. })));
    desk.assert_prompts();
    assert_eq!(desk.joins(0) + desk.joins(1), 0);
}

#[test]
fn a_silent_device_beside_does_not_hold_up_the_counting() {
    let mut desk = Desk::prompted_with(2, l2());
    desk.lose(1);
    let counts = desk.touch_and_listen(0);
    desk.enter(counts);
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn not_my_device_while_counting_leads_to_another_touch_and_never_past_it() {
    let (mut desk, counts) = Desk::counting(2);
    desk.press(ActionId::ChangeSignals);
    desk.press(ActionId::NotMyDevice);
    desk.enter(counts);
    desk.run(seconds(3.0));
    desk.assert_prompts();
    desk.touch(0);
    desk.run(seconds(2.0));
    desk.assert_prompts();
    assert_eq!(desk.joins(0), 0);
}

#[test]
fn a_device_below_the_level_demanded_is_refused_in_plain_words_and_never_armed() {
    for change in [without_actuators, incapable] {
        let mut desk = Desk::with(1, l2(), change);
        desk.run(seconds(6.0));
        assert_eq!(*desk.step(), Step::CannotSignal);
        assert!(!desk.shown(|step| matches!(step, Step::AwaitPresence { .. })));
        desk.touch(0);
        desk.run(seconds(3.0));
        assert_eq!(*desk.step(), Step::CannotSignal);
    }
}

#[test]
fn a_device_that_cannot_respond_at_all_is_refused_at_level_1_too() {
    let mut desk = Desk::with(1, Policy::default(), without_actuators);
    desk.run(seconds(6.0));
    assert_eq!(*desk.step(), Step::CannotSignal);
}

#[test]
fn trying_again_begins_at_the_level_the_application_demands() {
    let mut desk = Desk::prompted_with(1, Policy::default());
    desk.hear("neighbour", -60, armed_advert());
    desk.touch(0);
    desk.run(seconds(3.0));
    desk.press(ActionId::Cancel);
    desk.run(seconds(6.0));
    desk.press(ActionId::ConnectDevice);
    desk.run(seconds(6.0));
    desk.touch(0);
    desk.run(seconds(3.0));
    assert!(
        matches!(desk.step(), Step::ChooseNetwork { .. }),
        "{:?}",
        desk.step()
    );
}

#[test]
fn an_arm_that_ended_with_its_link_is_made_again_at_once() {
    let mut desk = Desk::prompted_with(1, l2());
    desk.cut(0);
    desk.run(seconds(1.0));
    let now = desk.now;
    let advert = desk.units[0].device.advertisement(now).unwrap();
    assert!(advert.flags.armed);
}

#[test]
fn signals_are_given_on_what_the_person_asked_for_and_as_slowly() {
    let vibrating = |_: usize, identity: &mut Identity| {
        identity.max_level = Level::L2;
        identity.actuators = Actuators {
            sound: true,
            light: true,
            vibration: true,
        };
    };
    let kinds = [
        (SignalKind::Beeps, Actuator::Sound),
        (SignalKind::Blinks, Actuator::Light),
        (SignalKind::Vibrations, Actuator::Vibration),
    ];
    let paces = [
        (SignalPace::Normal, 0.6, 2.5),
        (SignalPace::Slow, 0.9, 3.75),
        (SignalPace::Slower, 1.3, 5.4),
    ];
    for ((kind, actuator), (pace, within, between)) in kinds.into_iter().zip(paces) {
        let mut desk = Desk::with(1, l2(), vibrating);
        desk.run(seconds(5.0));
        desk.touch_and_listen(0);
        desk.units[0].body.borrow_mut().signals.clear();
        desk.core
            .command(desk.now, Command::GiveSignals { signal: kind, pace });
        desk.settle();
        let mut at = Vec::new();
        for _ in 0..1200 {
            desk.run(STEP);
            let body = desk.units[0].body.borrow();
            let given = body
                .signals
                .iter()
                .filter(|s| matches!(s, Signal::Count(_)));
            if given.count() > at.len() {
                at.push(desk.now);
            }
        }
        let body = desk.units[0].body.borrow();
        let other = |signal: &&Signal| matches!(signal, Signal::Count(on) if *on != actuator);
        assert_eq!(body.signals.iter().find(other), None);
        let gaps: Vec<f64> = at
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_secs_f64())
            .collect();
        let fits = |gap: &f64| (gap - within).abs() < 0.1 || (gap - between).abs() < 0.1;
        assert!(
            gaps.len() >= 2 && gaps.iter().all(fits),
            "{pace:?}: {gaps:?}"
        );
    }
}

#[test]
fn signals_are_given_only_while_the_person_counts() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(counts);
    let links = desk.links.clone();
    let tries = desk.core.tries;
    let signal = SignalKind::Beeps;
    let pace = SignalPace::Normal;
    desk.core
        .command(desk.now, Command::GiveSignals { signal, pace });
    desk.run(seconds(1.0));
    assert_eq!((&desk.links, desk.core.tries), (&links, tries));
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
}

#[test]
fn whoever_takes_long_to_choose_after_counting_is_not_disturbed() {
    let (mut desk, counts) = Desk::counting(1);
    desk.enter(counts);
    desk.run(seconds(70.0));
    assert!(matches!(desk.step(), Step::ChooseNetwork { .. }));
    assert!(!desk.responded(0));
    desk.decide(PASSWORD);
    desk.assert_done();
}

#[test]
fn a_device_that_is_away_is_not_counted() {
    let mut desk = Desk::prompted_with(1, l2());
    desk.units[0].body.borrow_mut().still_scans = true;
    desk.core.command(desk.now, Command::RefreshNetworks);
    desk.core.candidates[0].networks = None;
    desk.touch(0);
    desk.run(seconds(2.0));
    desk.lose(0);
    desk.run(seconds(8.0));
    assert!(!desk.shown(|step| matches!(step, Step::CountSignals { .. })));
}

#[test]
fn a_touch_after_the_third_that_was_given_signals_is_given_none() {
    let mut desk = Desk::prompted_with(1, l2());
    desk.core.tries = 3;
    desk.touch(0);
    desk.run(seconds(4.0));
    assert_eq!(*desk.step(), Step::NotConfirmed);
    let body = desk.units[0].body.borrow();
    let counts = |signal: &Signal| matches!(signal, Signal::Count(_));
    assert!(!body.signals.iter().any(counts));
}

/// "Nothing falls back to L1": neither to a touch that comes with its link, nor to one that comes with the power.
#[test]
fn a_touch_below_the_level_demanded_by_now_is_none() {
    for kind in [PressKind::Touch, PressKind::PowerCycle] {
        for (level, counts) in [(Level::L1, true), (Level::L2, false)] {
            let mut desk = Desk::new(1);
            desk.units[0].body.borrow_mut().kind = kind;
            desk.run(seconds(5.0));
            desk.assert_prompts();
            desk.lose(0);
            desk.core.level = level;
            if kind == PressKind::Touch {
                desk.touch(0);
            } else {
                let now = desk.now;
                desk.units[0].reboot(now);
            }
            desk.bring_back(0);
            desk.run(seconds(5.0));
            let believed = desk.shown(|step| matches!(step, Step::Touched { .. }));
            assert_eq!(believed, counts, "{kind:?} {level:?}");
        }
    }
}
