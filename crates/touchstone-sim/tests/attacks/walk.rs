//! Two phones without rules and a person at random (R6): whatever is said, touched, cut or waited for, in whatever order.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use touchstone_sim::{Room, SimClock, Spec, Unit};

use crate::{
    matrix_device::{RawPhone, SAYINGS, Saying},
    support::*,
};

#[derive(Clone, Debug)]
enum Act {
    Say(usize, usize),
    /// The ordinary course of a set-up, so that walks get far.
    Next(usize),
    Reconnect(usize),
    Touch,
    Wait(u64),
    PowerCut,
    Reset,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..2_usize, 5..SAYINGS.len()).prop_map(|(who, saying)| Act::Say(who, saying)),
        6 => (0..2_usize).prop_map(Act::Next),
        2 => (0..2_usize).prop_map(Act::Reconnect),
        4 => Just(Act::Touch),
        2 => (1..40_u64).prop_map(Act::Wait),
        1 => Just(Act::PowerCut),
        1 => Just(Act::Reset),
    ];
    proptest::collection::vec(act, 4..24)
}

/// One of the two phones, and what its present session has heard and said.
#[derive(Default)]
struct Side {
    phone: Option<RawPhone>,
    /// How far the ordinary course has come.
    course: usize,
}

const COURSE: [Saying; 4] = [
    Saying::Prepare,
    Saying::ArmL1,
    Saying::Credentials,
    Saying::Confirm,
];

impl Side {
    fn heard(&self, kinds: &[u8]) -> bool {
        self.phone
            .as_ref()
            .is_some_and(|phone| kinds.iter().any(|kind| phone.heard_record(*kind)))
    }

    fn touches_heard(&self) -> usize {
        self.phone.as_ref().map_or(0, |phone| {
            phone
                .heard
                .iter()
                .filter(|(kind, body)| *kind == RECORD && body.first() == Some(&0x20))
                .count()
        })
    }
}

struct Walk {
    room: Room,
    lamp: Unit,
    sides: [Side; 2],
    /// Presses so far, and how many of them sessions that are gone were told of.
    presses: usize,
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

    async fn say(&mut self, who: usize, saying: Saying) {
        if let Some(phone) = &mut self.sides[who].phone {
            phone.say(saying).await;
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

    async fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        let (joins, owned) = (self.lamp.joins().len(), self.lamp.is_owned());
        let (mut says, mut restarts) = (None, false);
        match act {
            Act::Say(who, saying) => {
                says = Some((*who, SAYINGS[*saying]));
                self.say(*who, SAYINGS[*saying]).await;
            }
            Act::Next(who) => {
                if self.sides[*who].phone.is_none() {
                    self.connect(*who).await;
                }
                let course = self.sides[*who].course;
                self.sides[*who].course = (course + 1) % COURSE.len();
                says = Some((*who, COURSE[course]));
                self.say(*who, COURSE[course]).await;
            }
            Act::Reconnect(who) => self.connect(*who).await,
            Act::Touch => {
                self.presses += 1;
                self.listen(s(1)).await;
                self.lamp.touch();
            }
            Act::Wait(seconds) => self.listen(s(*seconds)).await,
            Act::PowerCut => {
                restarts = true;
                self.lamp.set_power(false);
                self.listen(s(3)).await;
                self.lamp.set_power(true);
            }
            Act::Reset => {
                restarts = true;
                // It begins like a touch.
                self.presses += 1;
                self.lamp.hold(s(11));
                self.listen(s(13)).await;
            }
        }
        self.listen(Duration::from_millis(500)).await;

        // One armed session: no press is told to more than one phone.
        let heard: usize = self.sides.iter().map(Side::touches_heard).sum();
        prop_assert!(self.told + heard <= self.presses);
        // Credentials are tried only for a session that was told TOUCH, RESUMED or COMMITTED. A restart may join what is stored.
        if self.lamp.joins().len() > joins && !restarts && !owned {
            let Some((who, Saying::Credentials)) = says else {
                return Err(TestCaseError::fail(format!("{act:?} made it join")));
            };
            prop_assert!(self.sides[who].heard(&[0x15, 0x20, 0x21]), "{act:?}");
        }
        // The owner changes only by CONFIRM of such a session, FORGET of the owner, or a reset.
        if self.lamp.is_owned() != owned && !restarts {
            match says {
                Some((who, Saying::Confirm)) => {
                    prop_assert!(self.sides[who].heard(&[0x15, 0x20, 0x21]), "{act:?}");
                }
                Some((_, Saying::Forget)) => prop_assert!(owned),
                _ => return Err(TestCaseError::fail(format!("{act:?} changed the owner"))),
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r6_whatever_two_phones_and_a_person_do_the_rules_hold(acts in acts()) {
        let room = Room::new(211);
        let lamp = room.unit(&Spec::lamp(1));
        let world = room.world.clone();
        let mut walk = Walk { room, lamp, sides: Default::default(), presses: 0, told: 0 };
        world.block_on(async {
            for act in &acts {
                walk.act(act).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
        // No record was ever sealed twice.
        let mut seen = BTreeSet::new();
        for (kind, body) in envelopes(&world.log()).iter().flat_map(Flown::messages) {
            prop_assert!(kind != RECORD || seen.insert(body), "the same record twice");
        }
    }
}
