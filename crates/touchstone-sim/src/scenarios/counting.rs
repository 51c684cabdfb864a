//! Stories of level L2: signals that the person counts.

use std::time::Duration;

use touchstone::{Level, Outcome};
use touchstone_flow::Actuators;

use super::{
    Scenario, attacks,
    list::{lamp_script, plan, scenario},
};
use crate::{
    adversary::{Ventriloquist, Wile},
    air::{
        Direction, PhoneId,
        fault::{At, Effect},
    },
    bare::BareSession,
    device::Spec,
    person::{Counting, Script},
    room::Room,
};

/// The application demands level L2.
const fn demanded(
    name: &'static str,
    description: &'static str,
    expected: Outcome,
    setting: fn(&Room) -> Script,
) -> Scenario {
    Scenario {
        minimum_level: Level::L2,
        ..scenario(name, description, expected, setting)
    }
}

fn counted_lamp(room: &Room) -> Script {
    lamp_script(room, &room.unit(&Spec::lamp(1).that_counts()))
}

fn counting(room: &Room, counting: Counting) -> Script {
    Script {
        counting,
        ..counted_lamp(room)
    }
}

pub(super) const COUNTED: Scenario = demanded(
    "counted",
    "The app demands that signals are counted; the person counts three groups of beeps, and the lamp joins Home.",
    Outcome::Connected,
    counted_lamp,
);

pub(super) const SLOWER: Scenario = demanded(
    "counted-slower",
    "The person has the beeps repeated, then slower, and counts them at the third time.",
    Outcome::Connected,
    |room| {
        counting(
            room,
            Counting {
                repeats: 1,
                slower: true,
                ..Counting::default()
            },
        )
    },
);

pub(super) const DEAF: Scenario = Scenario {
    differs: |context| {
        context.screen_reader = false;
        context.sounds = false;
    },
    ..demanded(
        "counted-deaf",
        "A person who does not hear counts the blinks of the lamp.",
        Outcome::Connected,
        |room| {
            let perceives = Actuators {
                sound: false,
                light: true,
                vibration: true,
            };
            counting(
                room,
                Counting {
                    perceives,
                    ..Counting::default()
                },
            )
        },
    )
};

pub(super) const MISCOUNTED: Scenario = demanded(
    "miscounted",
    "The person miscounts once; the lamp is touched again, gives new beeps, and joins Home.",
    Outcome::Connected,
    |room| miscounting(room, 1),
);

pub(super) const NOT_CONFIRMED: Scenario = demanded(
    "miscounted-thrice",
    "The person miscounts three times; nothing is sent, and they are asked to try later.",
    Outcome::NotConfirmed,
    |room| miscounting(room, 3),
);

fn miscounting(room: &Room, miscounts: usize) -> Script {
    counting(
        room,
        Counting {
            miscounts,
            ..Counting::default()
        },
    )
}

pub(super) const LINK_LOSS: Scenario = demanded(
    "counted-link-loss",
    "The link is lost while the lamp beeps; what was counted is worth nothing, and the lamp is touched again.",
    Outcome::Connected,
    |room| {
        let script = counted_lamp(room);
        plan(
            room,
            &script,
            Direction::Up,
            At::Record { class: 48, nth: 1 },
            Effect::LoseLinkAfter,
        );
        script
    },
);

pub(super) const OVERLAP: Scenario = scenario(
    "overlap-counted",
    "The neighbour sets up a lamp at the same time; the person is asked for another touch, counts the beeps, and the lamp joins Home.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::lamp(1).that_counts());
        attacks::neighbour_waits(room, &lamp);
        lamp_script(room, &lamp)
    },
);

pub(super) const CONTENDED: Scenario = scenario(
    "contention-counted",
    "Another phone has just been connected to the lamp; the person is asked for another touch and counts its beeps.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::lamp(1).that_counts());
        let (other, target) = (room.another_phone(PhoneId(1)), lamp.clone());
        room.world.spawn(async move {
            if let Ok(session) = BareSession::open(&other, &target, None).await {
                session.close().await;
            }
        });
        room.world.run_for(Duration::from_secs(4));
        lamp_script(room, &lamp)
    },
);

pub(super) const CANNOT_SIGNAL: Scenario = demanded(
    "cannot-count",
    "The app demands that signals are counted, and the lamp cannot give any; it is never asked for a touch.",
    Outcome::CannotSignal,
    |room| lamp_script(room, &room.unit(&Spec::lamp(1))),
);

pub(super) const ROGUE_UNIT: Scenario = demanded(
    "rogue-unit-counted",
    "A stranger hides the lamp's radio, presses a genuine lamp of his own, and lets the person's lamp beep for his own phone; the numbers differ, and nothing is sent.",
    Outcome::NotConfirmed,
    |room| {
        let lamp = room.unit(&Spec::lamp(1).that_counts());
        let rogue = room.unit(&Spec::lamp(66).that_counts().at_rssi(-52));
        let stranger = room.another_phone(PhoneId(1));
        room.world.set_reach(lamp.id(), Some(vec![PhoneId(1)]));
        Ventriloquist::begins(&room.world, &stranger, &lamp, &rogue, Wile::InTime);
        lamp_script(room, &lamp).with_touches(vec![vec![(3.0, &rogue), (3.3, &lamp)]])
    },
);
