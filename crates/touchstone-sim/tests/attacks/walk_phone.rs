//! A device without rules, an app at random (R6): whatever the one says and the other asks for, in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use touchstone_proto::{
    message::Envelope,
    phone::{Confirmed, Event},
    record::{Actuator, IdentifyMode, Level, Pace, ReleaseReason},
    sas::{Counts, Sas},
};

use crate::{
    matrix_phone::{N_D, Pair, SAYINGS, Saying, State, assert_over, home},
    raw::hash,
};

#[derive(Clone, Debug)]
enum Act {
    /// The device, as it should be or a counter late.
    Hear(Saying, bool),
    /// With this N_p.
    Arm(Level, u8),
    Reveal,
    Count(bool),
    Send,
    Correct,
    Confirm,
    Identify(IdentifyMode),
    KeepAlive,
    Release,
    /// And RELEASED: what was touched for is over, but the app still has it.
    ReleaseAndHear,
}

const COURSES: [[Act; 5]; 2] = [
    [
        Act::Arm(Level::L1, 1),
        Act::Hear(Saying::ArmedL1, false),
        Act::Hear(Saying::Touch, false),
        Act::Send,
        Act::Confirm,
    ],
    [
        Act::Arm(Level::L2, 2),
        Act::Hear(Saying::ArmedL2, false),
        Act::Hear(Saying::TouchAtL2, false),
        Act::Reveal,
        Act::Count(true),
    ],
];

/// How far the ordinary course at either level has come, so that walks get far.
#[derive(Clone, Debug)]
struct Course {
    steps: [usize; 2],
    /// The level that most of this walk is about.
    level: usize,
}

impl Course {
    fn next(&self, level: usize) -> Act {
        self.after(level, 0)
    }

    /// What follows the next step.
    fn after(&self, level: usize, steps: usize) -> Act {
        COURSES[level][(self.steps[level] + steps) % 5].clone()
    }
}

impl ReferenceStateMachine for Course {
    type State = Self;
    type Transition = (Option<usize>, Act);

    fn init_state() -> BoxedStrategy<Self> {
        (0..2_usize)
            .prop_map(|level| Self {
                steps: [0; 2],
                level,
            })
            .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Self::Transition> {
        let next = [state.next(0), state.next(1)];
        let early = [state.after(0, 1), state.after(1, 1)];
        let level = prop_oneof![Just(Level::L1), Just(Level::L2)];
        let said = (0..SAYINGS.len(), prop::bool::weighted(0.1))
            .prop_map(|(saying, late)| Act::Hear(SAYINGS[saying], late));
        let asked = prop_oneof![
            (level, 0..4_u8).prop_map(|(level, n_p)| Act::Arm(level, n_p)),
            Just(Act::Reveal),
            any::<bool>().prop_map(Act::Count),
            Just(Act::Send),
            Just(Act::Correct),
            Just(Act::Confirm),
            Just(Act::Identify(IdentifyMode::Off)),
            Just(Act::Identify(IdentifyMode::Respond)),
            Just(Act::KeepAlive),
            Just(Act::Release),
        ];
        prop_oneof![
            8 => prop_oneof![4 => Just(state.level), 1 => Just(1 - state.level)]
                .prop_map(move |level| (Some(level), next[level].clone())),
            // A step too early: TOUCH before ARMED, counts before they were played.
            1 => (0..2_usize).prop_map(move |level| (None, early[level].clone())),
            2 => Just((None, Act::Count(false))),
            1 => said.prop_map(|act| (None, act)),
            2 => asked.prop_map(|act| (None, act)),
            // What ends a touch and lets another one follow.
            1 => Just((None, Act::Release)),
            1 => Just((None, Act::Hear(Saying::Released, false))),
            1 => Just((None, Act::ReleaseAndHear)),
        ]
        .boxed()
    }

    fn apply(mut state: Self, (level, _): &Self::Transition) -> Self {
        if let Some(level) = level {
            state.steps[*level] += 1;
        }
        state
    }
}

struct Walk {
    pair: Pair,
    /// The ARM in force, as it was read on the air, with its N_p; whether ARMED has answered it.
    arm: Option<(Level, [u8; 16], bool)>,
    floor: Level,
    /// SHA-256 of every N_p that was opened.
    opened: BTreeSet<Vec<u8>>,
    /// A touch was proved in this session, and is not spent.
    proved: bool,
    /// Everything that was sealed.
    sealed: BTreeSet<Vec<u8>>,
    over: bool,
}

impl Walk {
    fn hear(&mut self, saying: Saying, late: bool) {
        let bytes = self.pair.envelope(saying, late);
        let Ok(events) = self.pair.hear(&bytes) else {
            self.over = true;
            return assert_over(&mut self.pair, "an error");
        };
        assert!(!late, "{saying:?} late");
        for event in events {
            let armed = self.arm.filter(|(.., answered)| *answered);
            let level = armed.map(|(level, ..)| level);
            match event {
                Event::Armed { level: told, .. } => {
                    let (asked, n_p, answered) = self.arm.expect("an ARM was sent");
                    assert!(!answered && told >= asked, "ARMED {told:?} for {asked:?}");
                    self.floor = told;
                    self.arm = Some((told, n_p, true));
                }
                Event::Touched { touched, .. } => {
                    assert_eq!((saying, level), (Saying::Touch, Some(Level::L1)));
                    self.pair.touched = Some(touched);
                    self.proved = true;
                }
                Event::TouchedToCount { .. } => {
                    assert_eq!((saying, level), (Saying::TouchAtL2, Some(Level::L2)));
                }
                Event::Released | Event::Denied(_) => self.arm = None,
                _ => {}
            }
        }
    }

    /// What the phone has sealed is read as the device would.
    fn sends(&mut self, envelope: &Envelope) {
        assert!(self.sealed.insert(envelope.to_vec()), "sealed twice");
        // In order, or it does not open: no counter is used twice or left out.
        let plaintext = self.pair.reads(envelope);
        match plaintext[0] {
            0x10 => {
                self.pair.h_arm = hash(&plaintext);
                assert!(
                    u64::from(plaintext[2]) >= self.floor.number().into(),
                    "the level fell"
                );
                assert!(!self.opened.contains(&plaintext[5..37]), "N_p once opened");
            }
            0x11 => {
                let (level, ..) = self.arm.expect("a touch was to be counted");
                assert_eq!(level, Level::L2, "REVEAL");
                self.opened.insert(hash(&plaintext[3..19]).to_vec());
            }
            0x38 => assert!(self.proved, "credentials without a touch"),
            0x12 => assert!(self.proved, "CONFIRM without credentials"),
            _ => {}
        }
    }

    fn count(&mut self, right: bool) {
        let n_p = self.arm.map_or([0; 16], |(_, n_p, _)| n_p);
        let counts = Sas {
            th_4: &self.pair.channel.th_4,
            h_arm: &self.pair.h_arm,
            n_p: &n_p,
            n_d: &N_D,
        }
        .counts(&self.pair.channel.touch_key);
        let entered = if right {
            counts
        } else {
            Counts::entered(counts.groups().map(|count| count % 6 + 1)).unwrap()
        };
        if let Ok((touched, _)) = self.pair.phone.compare_counts(&entered) {
            assert!(right, "other counts");
            assert!(self.opened.contains(hash(&n_p).as_slice()), "not played");
            self.pair.touched = Some(touched);
            self.proved = true;
        }
    }

    /// What the app asks for; what the session refuses changes nothing.
    fn ask(&mut self, act: &Act) {
        let phone = &mut self.pair.phone;
        let sealed = match act {
            Act::Arm(level, n_p) => {
                let Some(attested) = &self.pair.attested else {
                    return;
                };
                let n_p = [*n_p; 16];
                let sealed = phone.arm(attested, *level, &n_p);
                if sealed.is_ok() {
                    self.arm = Some((*level, n_p, false));
                    self.proved = false;
                }
                sealed
            }
            Act::Reveal => phone.reveal(Actuator::Sound, Pace::Normal),
            Act::Count(right) => return self.count(*right),
            Act::Send => {
                let attested = self.pair.attested.take();
                let touched = self.pair.touched.take();
                let (Some(attested), Some(touched)) = (attested, touched) else {
                    return;
                };
                let confirmed = Confirmed::by_the_persons_press();
                phone.send_credentials(attested, touched, confirmed, &home())
            }
            Act::Correct => phone.correct_credentials(&home()),
            Act::Confirm => phone.confirm(),
            Act::Identify(mode) => phone.identify(*mode),
            Act::KeepAlive => phone.keep_alive(),
            Act::Release | Act::ReleaseAndHear => phone.release(ReleaseReason::Cancelled),
            Act::Hear(..) => return,
        };
        if let Ok(envelope) = sealed {
            if matches!(act, Act::Release | Act::ReleaseAndHear) {
                self.proved = false;
            }
            self.sends(&envelope);
        }
    }
}

impl StateMachineTest for Walk {
    type SystemUnderTest = Self;
    type Reference = Course;

    fn init_test(_: &Course) -> Self {
        Self {
            pair: Pair::reach(State::Attested),
            arm: None,
            floor: Level::L1,
            opened: BTreeSet::new(),
            proved: false,
            sealed: BTreeSet::new(),
            over: false,
        }
    }

    fn apply(mut walk: Self, _: &Course, (_, act): (Option<usize>, Act)) -> Self {
        match act {
            Act::Hear(saying, late) if !walk.over => walk.hear(saying, late),
            Act::ReleaseAndHear if !walk.over => {
                walk.ask(&act);
                walk.hear(Saying::Released, false);
            }
            _ => walk.ask(&act),
        }
        walk
    }

    fn check_invariants(walk: &Self, _: &Course) {
        // An end leaves nothing that names the session, and nothing is sealed from then on.
        if walk.over {
            assert!(walk.pair.phone.th_4().is_none() && walk.pair.phone.advert_key().is_none());
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r6_whatever_a_device_says_and_an_app_asks_for_the_rules_hold(sequential 4..40 => Walk);
}
