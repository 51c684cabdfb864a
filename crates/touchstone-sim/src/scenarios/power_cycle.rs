//! Stories of a lamp without a button: the person turns it off and on.

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};

use super::{
    Scenario,
    list::{is_taken, lamp_script, scenario},
};
use crate::{
    air::PhoneId,
    device::{Spec, Unit},
    person::{AtStop, Script, Touch},
    room::{HOME_PASSWORD, Nobody, Room},
};

/// How long the switch stays off.
const OFF: Duration = Duration::from_secs(2);

pub(super) const POWER_CYCLE: Scenario = scenario(
    "power-cycle",
    "A ceiling lamp has nothing to touch; it is turned off and on, and blinks.",
    Outcome::Connected,
    |room| {
        switched(
            room,
            &room.unit(&Spec::ceiling_lamp(1)),
            vec![vec![(3.0, OFF)]],
        )
    },
);

pub(super) const CONTENDED: Scenario = scenario(
    "power-cycle-contended",
    "Somebody else's phone asks the ceiling lamp too before it is turned off and on; it is let go, and the next try succeeds.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::ceiling_lamp(1));
        let stranger = room.another_phone(PhoneId(1));
        let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
        script.touches = vec![vec![]];
        let (person, run) = room.begin(&stranger, script, Policy::default(), Arc::new(Nobody));
        // The second phone comes when the lamp waits for the first one's person, and is sent away.
        let late = room.world.clone();
        room.world.spawn(async move {
            crate::clock::SimClock::new(&late)
                .sleep(Duration::from_secs(4))
                .await;
            run.await;
            drop(person);
        });
        let mut script = switched(room, &lamp, vec![vec![(9.0, OFF)]]);
        script.stops = vec![AtStop::PressAgain; 2];
        script.pause = Some((is_taken, Duration::from_secs(8)));
        script
    },
);

pub(super) const TWICE: Scenario = scenario(
    "power-cycle-twice",
    "The switch is turned off and on twice in a row, which is no touch; the person is asked again.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::ceiling_lamp(1));
        let twice = vec![
            (3.0, Duration::from_millis(700)),
            (4.0, Duration::from_millis(700)),
        ];
        switched(room, &lamp, vec![twice, vec![(3.0, OFF)]])
    },
);

pub(super) const LEFT_OFF: Scenario = scenario(
    "power-cycle-left-off",
    "The ceiling lamp stays off for half a minute before it is turned on again.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::ceiling_lamp(1));
        switched(room, &lamp, vec![vec![(3.0, Duration::from_secs(30))]])
    },
);

pub(super) const MAINS_FLICKER: Scenario = scenario(
    "mains-flicker",
    "The mains fail for a moment while two ceiling lamps wait; both are let go, and one is then turned off and on.",
    Outcome::Connected,
    |room| {
        let (lamp, other) = (
            room.unit(&Spec::ceiling_lamp(1)),
            room.unit(&Spec::ceiling_lamp(2)),
        );
        let flicker = Duration::from_millis(300);
        let mut script = switched(room, &lamp, vec![vec![(3.0, flicker)], vec![(5.0, OFF)]]);
        if let Some(first) = script.touches.first_mut() {
            first.push(Touch {
                after: Duration::from_secs(3),
                unit: other,
                hold: flicker,
            });
        }
        script
    },
);

/// A person who turns the lamp off so long after each prompt, and on again after that time.
fn switched(room: &Room, lamp: &Unit, prompts: Vec<Vec<(f64, Duration)>>) -> Script {
    let mut script = lamp_script(room, lamp);
    script.touches = prompts
        .into_iter()
        .map(|prompt| {
            let switch = |(after, off)| Touch {
                after: Duration::from_secs_f64(after),
                unit: lamp.clone(),
                hold: off,
            };
            prompt.into_iter().map(switch).collect()
        })
        .collect();
    script
}
