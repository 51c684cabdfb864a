//! Stories of an app that was killed when the lamp had the credentials already.

use touchstone::Outcome;

use super::{
    Scenario,
    list::{lamp_script, scenario},
};
use crate::{
    air::{Direction, Envelope, Log},
    device::{Spec, Unit},
    room::Room,
};

pub(super) const AFTER_SENDING: Scenario = scenario(
    "killed-after-sending",
    "The app is killed when the lamp has the credentials; opened again, it offers to finish, and nothing is touched or typed again.",
    Outcome::Connected,
    |room| {
        let lamp = room.unit(&Spec::lamp(1));
        kill(room, &lamp);
        lamp_script(room, &lamp)
    },
);

pub(super) const TAKEN_BACK: Scenario = scenario(
    "killed-after-sending-cancel",
    "The app is killed when the lamp has the credentials; opened again, the person cancels, and the lamp forgets them.",
    Outcome::Cancelled,
    |room| {
        let lamp = room.unit(&Spec::lamp(1));
        kill(room, &lamp);
        let mut script = lamp_script(room, &lamp);
        script.cancels_unfinished = true;
        script
    },
);

/// A first app, up to the credentials.
fn kill(room: &Room, lamp: &Unit) {
    let killed = room.visit_killed(lamp_script(room, lamp), credentials_are_there);
    debug_assert!(matches!(killed, Ok(None)));
}

/// The lamp has said something after the credentials were sent to it.
fn credentials_are_there(log: &Log) -> bool {
    let envelopes = log.summary().envelopes;
    let sent = envelopes.iter().position(Envelope::carries_credentials);
    sent.is_some_and(|sent| {
        let mut later = envelopes.iter().skip(sent);
        later.any(|envelope| envelope.direction == Direction::Down)
    })
}
