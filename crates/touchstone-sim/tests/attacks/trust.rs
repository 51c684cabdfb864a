//! Who is believed (T6, T14, T20).

use std::sync::Arc;

use touchstone::Outcome;
use touchstone_flow::Step;
use touchstone_proto::evidence::DebugStatus;
use touchstone_sim::{Factory, Nobody, Room, Spec, factory, scenarios};

use crate::support::*;

fn refused(room: &Room, spec: &Spec, outcome: Outcome) {
    let lamp = room.unit(spec);
    let told = try_for(room, honest(&lamp), s(60));
    assert_eq!(told.outcome(), outcome);
    assert!(!told.asks_for_a_touch());
    assert_got_nothing(room, &lamp);
}

#[test]
fn t20_a_development_device_is_refused_by_a_shipped_app() {
    let room = Room::in_production(111, |_| {});
    refused(&room, &Spec::lamp(1), Outcome::NotGenuine);
    assert!(room.phone.keys.devices().is_empty(), "learnt an owner key");
}

#[test]
fn t20_a_development_device_is_announced_by_a_development_app() {
    let (room, lamp) = room_with_lamp(112);
    let told = try_for(&room, honest(&lamp), s(60));
    assert!(told.shows(|step| matches!(step, Step::Done { note: Some(_), .. })));
}

#[test]
fn t20_debug_firmware_is_refused_in_production() {
    let room = Room::in_production(113, |contents| {
        contents.roots = std::mem::take(&mut contents.development_roots);
    });
    let debuggable = Spec {
        debug_status: DebugStatus::Enabled,
        ..Spec::lamp(1)
    };
    refused(&room, &debuggable, Outcome::NotGenuine);
    // The same device with its debug port closed is welcome.
    let room = Room::in_production(113, |contents| {
        contents.roots = std::mem::take(&mut contents.development_roots);
    });
    let lamp = room.unit(&Spec::lamp(1));
    assert_eq!(
        try_for(&room, honest(&lamp), s(60)).outcome(),
        Outcome::Connected
    );
}

#[test]
fn t6_a_withdrawn_device_and_every_copy_of_its_key_gets_nothing() {
    let room = Room::with_contents(114, |contents| {
        contents.revoked_ueids.push(factory().ueid(1));
    });
    // The original and the copy are the same to a phone without the cloud: both are withdrawn together.
    let copy = room.unit(&Spec::lamp(1).at_rssi(-40));
    refused(&room, &Spec::lamp(1), Outcome::Revoked);
    assert_got_nothing(&room, &copy);
}

#[test]
fn t14_a_stolen_line_ca_vouches_for_no_other_model() {
    // Certificates of the line of model 1 for a device that says it is model 2.
    let room = Room::with_contents(115, |contents| {
        // Every line may vouch for the models it makes; here the first one's list is what the thief has.
        assert!(contents.lines.len() >= 2);
        assert!(
            contents.lines[0]
                .models
                .iter()
                .all(|model| !contents.lines[1].models.contains(model))
        );
    });
    let lamp = room.unit(&Spec::lamp(1));
    assert_eq!(
        try_for(&room, honest(&lamp), s(60)).outcome(),
        Outcome::Connected
    );
    let room = Room::with_contents(116, |contents| {
        // The stolen line is taken out of the bundle: nothing it ever signed is believed any more, other lines go on.
        contents.lines.remove(0);
        contents.models.retain(|model| {
            contents
                .lines
                .iter()
                .any(|line| line.models.contains(&model.class))
        });
    });
    refused(&room, &Spec::lamp(1), Outcome::NotGenuine);
}

#[test]
fn t14_no_device_key_is_an_authority() {
    for (factory, outcome) in [
        (Factory::ForeignRoot, Outcome::NotGenuine),
        (Factory::CopiedLeaf, Outcome::Unfinished),
        (Factory::LeafAsAuthority, Outcome::NotGenuine),
        (Factory::ForgedEvidence, Outcome::NotGenuine),
    ] {
        let room = Room::new(117);
        refused(&room, &Spec::lamp(1).from_factory(factory), outcome);
    }
}

#[test]
fn t2_a_copied_certificate_accuses_nobody_not_even_a_withdrawn_one() {
    for withdrawn in [false, true] {
        let room = Room::with_contents(119, |contents| {
            if withdrawn {
                contents.revoked_ueids.push(factory().ueid(1));
            }
        });
        let copy = room.unit(&Spec::lamp(1).from_factory(Factory::CopiedLeaf));
        let told = try_for(&room, honest(&copy), s(60));
        assert!(!told.accuses(), "{withdrawn}");
        assert!(told.shows(|step| matches!(step, Step::NotChecked)));
        assert_got_nothing(&room, &copy);
    }
}

#[test]
fn r15_what_is_shown_follows_from_the_verdict_and_nothing_else() {
    // Every story with a device that is refused says which refusal it was.
    for (name, expected) in [
        ("impostor", "NotGenuine"),
        ("revoked", "Revoked"),
        ("old-firmware", "UpdateRequired"),
        ("debug-firmware", "NotGenuine"),
        ("already-owned", "AlreadyOwned"),
    ] {
        let result = scenarios::run(name, 118, Arc::new(Nobody)).unwrap();
        let (_, last) = result.screens.last().unwrap();
        assert!(
            format!("{:?}", last.step).starts_with(expected),
            "{name}: {:?}",
            last.step
        );
    }
}
