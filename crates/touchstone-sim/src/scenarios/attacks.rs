//! Stories with somebody in them who means harm, or is only in the way.

use std::{sync::Arc, time::Duration};

use touchstone::{Outcome, Policy};

use super::{
    Scenario,
    list::{is_taken, lamp_script, scenario},
};
use crate::{
    adversary::Relay,
    air::PhoneId,
    bare::BareSession,
    device::{Spec, Unit},
    person::{AtStop, Script},
    phone::Phone,
    room::{HOME_PASSWORD, Nobody, Room},
};

/// How long the person takes to hear that somebody else is at it.
const HEARD: Duration = Duration::from_secs(8);
/// How long the jammer of [`ROGUE_UNIT`] hides the lamp.
const JAMMED: Duration = Duration::from_secs(45);

pub(super) const ROGUE_UNIT: Scenario = scenario(
    "rogue-unit",
    "A stranger hides the lamp's radio and presses a genuine lamp of his own; it does not respond here and gets nothing, and the real lamp is connected later.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::lamp(1));
        let rogue = room.unit(&Spec::lamp(66).at_rssi(-52));
        room.world.set_reach(lamp.id(), Some(Vec::new()));
        let jammed = lamp.id();
        room.world
            .after(JAMMED, move |world| world.set_reach(jammed, None));
        lamp_script(room, &lamp).with_touches(vec![vec![(3.0, &rogue)], vec![(3.0, &lamp)]])
    },
);

pub(super) const RELAY: Scenario = scenario(
    "relay",
    "A relay beside the person reaches a genuine lamp elsewhere, where an accomplice presses it; the person does not hear it and it gets nothing.",
    Outcome::Connected,
    |room| {
        let far = room.unit(&Spec::lamp(66));
        let accomplice = room.another_phone(PhoneId(1));
        room.world.set_reach(far.id(), Some(vec![PhoneId(1)]));
        let _relay = Relay::install(&room.world, &accomplice, &far, -44);
        let lamp = room.unit(&Spec::lamp(1));
        lamp_script(room, &lamp).with_touches(vec![vec![(3.0, &far)], vec![(3.0, &lamp)]])
    },
);

pub(super) const EARLY_PHONE: Scenario = scenario(
    "early-phone",
    "A stranger's phone has asked the lamp for a touch first; the person's phone says so and sends nothing.",
    Outcome::Busy,
    |room| {
        let lamp = room.unit(&Spec::lamp(1));
        let stranger = room.another_phone(PhoneId(1));
        arm_and_wait(room, &stranger, &lamp);
        lamp_script(room, &lamp)
    },
);

pub(super) const OVERLAP: Scenario = scenario(
    "overlap",
    "The neighbour sets up a lamp at the same time; both touches could be meant, so the person is asked to wait, twice, and nothing is sent.",
    Outcome::AnotherNearby,
    |room| {
        let lamp = room.unit(&Spec::lamp(1));
        neighbour_waits(room, &lamp);
        let mut script = lamp_script(room, &lamp);
        script.stops = vec![AtStop::PressAgain];
        script.pause = Some((is_taken, HEARD));
        script
    },
);

/// The neighbour is asked to touch a lamp of their own, and takes their time. They do not hear of `lamp`.
pub(super) fn neighbour_waits(room: &Room, lamp: &Unit) {
    room.world.set_reach(lamp.id(), Some(vec![PhoneId(0)]));
    let other = room.unit(&Spec::lamp(2).at_rssi(-58));
    let mut slow = Script::new(&other, "Home", HOME_PASSWORD);
    slow.touches = vec![vec![]];
    let neighbour = room.another_phone(PhoneId(1));
    let (_person, run) = room.begin(&neighbour, slow, Policy::default(), Arc::new(Nobody));
    room.world.spawn(async move {
        run.await;
    });
    room.world.run_for(Duration::from_secs(8));
}

/// A phone that arms `lamp` now and holds on, without a person or a device of its own.
fn arm_and_wait(room: &Room, stranger: &Phone, lamp: &Unit) {
    let (stranger, lamp) = (stranger.clone(), lamp.clone());
    room.world.spawn(async move {
        let Ok(mut session) = BareSession::open(&stranger, &lamp, None).await else {
            return;
        };
        if session.arm([1; 16]).await.is_ok() {
            // The touch, if it comes, is the stranger's; the credentials never are.
            let _ = session.touched().await;
        }
    });
    room.world.run_for(Duration::from_secs(4));
}
