//! Two phones without rules and a person at random (R6): whatever is said, touched, cut or waited for, in whatever order.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use touchstone_sim::{Room, SimClock, Spec, Unit};

use crate::{
    matrix_device::{RawPhone, SAYINGS, Saying},
    support::*,
};

#[derive(Clone, Debug)]
enum Act {
    Say(usize, Saying),
    Reconnect(usize),
    Touch,
    Wait(u64),
    PowerCut,
    Reset,
}

impl Act {
    /// A device that starts anew does what is stored.
    fn restarts(&self) -> bool {
        matches!(self, Self::PowerCut | Self::Reset)
    }

    fn says(&self) -> Option<(usize, Saying)> {
        match self {
            Self::Say(who, saying) => Some((*who, *saying)),
            _ => None,
        }
    }
}

const COURSE: [Saying; 4] = [
    Saying::Prepare,
    Saying::ArmL1,
    Saying::Credentials,
    Saying::Confirm,
];

/// What anybody can count who only looks on.
#[derive(Clone, Debug, Default)]
struct Onlooker {
    /// How far the ordinary course of each phone has come, so that walks get far.
    course: [usize; 2],
    presses: usize,
}

impl ReferenceStateMachine for Onlooker {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        let next = state.course.map(|step| COURSE[step % COURSE.len()]);
        prop_oneof![
            3 => (0..2_usize, 5..SAYINGS.len()).prop_map(|(who, saying)| Act::Say(who, SAYINGS[saying])),
            6 => (0..2_usize).prop_map(move |who| Act::Say(who, next[who])),
            2 => (0..2_usize).prop_map(Act::Reconnect),
            4 => Just(Act::Touch),
            2 => (1..40_u64).prop_map(Act::Wait),
            1 => Just(Act::PowerCut),
            1 => Just(Act::Reset),
        ]
        .boxed()
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        match act {
            Act::Say(who, saying) if *saying == COURSE[state.course[*who] % COURSE.len()] => {
                state.course[*who] += 1;
            }
            // A reset begins like a touch.
            Act::Touch | Act::Reset => state.presses += 1,
            _ => {}
        }
        state
    }
}

/// One of the two phones.
#[derive(Default)]
struct Side {
    phone: Option<RawPhone>,
}

impl Side {
    fn records(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        let heard = self.phone.iter().flat_map(|phone| &phone.heard);
        heard
            .filter(|(kind, _)| *kind == RECORD)
            .map(|(_, body)| body.as_slice())
    }

    fn heard(&self, kinds: &[u8]) -> bool {
        self.records().any(|body| kinds.contains(&body[0]))
    }

    fn touches_heard(&self) -> usize {
        self.records().filter(|body| body[0] == 0x20).count()
    }

    /// Whether the last that it was told is that it is armed.
    fn is_armed(&self) -> bool {
        let alive = self.phone.as_ref().is_some_and(|phone| !phone.lost);
        let telling = |body: &&[u8]| matches!(body[0], 0x03 | 0x06 | 0x13 | 0x14 | 0x16 | 0x20);
        // STATUS 9 and 11 are the end of an arm, the others say nothing of it.
        let silent = |body: &&[u8]| body[0] != 0x13 || matches!(body[2], 9 | 11);
        let last = self.records().filter(telling).rfind(silent);
        alive && last.is_some_and(|body| body[0] == 0x03)
    }
}

struct Walk {
    room: Room,
    lamp: Unit,
    sides: [Side; 2],
    /// How many presses sessions that are gone were told of.
    told: usize,
}

impl Walk {
    async fn connect(&mut self, who: usize) {
        self.told += self.sides[who].touches_heard();
        self.sides[who] = Side::default();
        let owner = u8::try_from(who + 2).unwrap();
        let Some(mut phone) = RawPhone::try_connect(&self.room, &self.lamp, owner).await else {
            return;
        };
        if phone.try_handshake(&self.room, &self.lamp).await {
            self.sides[who].phone = Some(phone);
        }
    }

    async fn listen(&mut self, duration: Duration) {
        SimClock::new(&self.room.world).sleep(duration).await;
        for side in &mut self.sides {
            if let Some(phone) = &mut side.phone {
                phone.listen(Duration::from_millis(50)).await;
            }
        }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Say(who, saying) => {
                if self.sides[*who].phone.is_none() {
                    self.connect(*who).await;
                }
                if let Some(phone) = &mut self.sides[*who].phone {
                    phone.say(*saying).await;
                }
            }
            Act::Reconnect(who) => self.connect(*who).await,
            Act::Touch => {
                self.listen(s(1)).await;
                self.lamp.touch();
            }
            Act::Wait(seconds) => self.listen(s(*seconds)).await,
            Act::PowerCut => {
                self.lamp.set_power(false);
                self.listen(s(3)).await;
                self.lamp.set_power(true);
            }
            Act::Reset => {
                self.lamp.hold(s(11));
                self.listen(s(13)).await;
            }
        }
        self.listen(Duration::from_millis(500)).await;
    }

    /// Whether this side may have sent credentials: its session was told TOUCH, RESUMED or COMMITTED.
    fn may_provision(&self, who: usize) -> bool {
        self.sides[who].heard(&[0x15, 0x20, 0x21])
    }
}

impl StateMachineTest for Walk {
    type SystemUnderTest = Self;
    type Reference = Onlooker;

    fn init_test(_: &Onlooker) -> Self {
        let room = Room::new(211);
        let lamp = room.unit(&Spec::lamp(1));
        Self {
            room,
            lamp,
            sides: Default::default(),
            told: 0,
        }
    }

    fn apply(mut walk: Self, _: &Onlooker, act: Act) -> Self {
        let (joins, owned) = (walk.lamp.joins().len(), walk.lamp.is_owned());
        let world = walk.room.world.clone();
        world.block_on(walk.act(&act));
        // Credentials are tried only for a session that was told of a touch. A restart may join what is stored.
        if walk.lamp.joins().len() > joins && !act.restarts() && !owned {
            let Some((who, Saying::Credentials)) = act.says() else {
                panic!("{act:?} made it join");
            };
            assert!(walk.may_provision(who), "{act:?}");
        }
        // The owner changes only by CONFIRM of such a session, FORGET of the owner, or a reset.
        if walk.lamp.is_owned() != owned && !act.restarts() {
            match act.says() {
                Some((who, Saying::Confirm)) => assert!(walk.may_provision(who), "{act:?}"),
                Some((_, Saying::Forget)) => assert!(owned),
                _ => panic!("{act:?} changed the owner"),
            }
        }
        walk
    }

    fn check_invariants(walk: &Self, onlooker: &Onlooker) {
        // No press is told to more than one phone.
        let heard: usize = walk.sides.iter().map(Side::touches_heard).sum();
        assert!(walk.told + heard <= onlooker.presses, "one press for two");
        assert!(!walk.sides.iter().all(Side::is_armed), "two armed sessions");
    }

    fn teardown(walk: Self, _: Onlooker) {
        // No record was ever sealed twice.
        let mut seen = BTreeSet::new();
        for (kind, body) in envelopes(&walk.room.world.log())
            .iter()
            .flat_map(Flown::messages)
        {
            assert!(kind != RECORD || seen.insert(body), "the same record twice");
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r6_whatever_two_phones_and_a_person_do_the_rules_hold(sequential 4..24 => Walk);
}
