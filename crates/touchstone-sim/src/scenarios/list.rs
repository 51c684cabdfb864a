//! The stories themselves.

use std::{sync::Arc, time::Duration};

use touchstone::{Level, Outcome, Policy, flow::Step, ports::RadioState};
use touchstone_device::ports::{Ownership, Stored};
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    evidence::{DebugStatus, FirmwareVersion},
};

use super::{Scenario, attacks, counting, killed, power_cycle};
use crate::{
    air::{
        Direction, PhoneId, Settings,
        fault::{At, Effect, Fault},
    },
    device::{Factory, FlashCut, Spec, Unit},
    person::{AtStop, Script},
    room::{HOME_PASSWORD, Nobody, Room, factory},
};

pub(super) const fn scenario(
    name: &'static str,
    description: &'static str,
    expected: Outcome,
    setting: fn(&Room) -> Script,
) -> Scenario {
    Scenario {
        name,
        description,
        expected,
        bundle: None,
        minimum_level: Level::L1,
        differs: |_| {},
        setting,
    }
}

pub(super) static SCENARIOS: [Scenario; 59] = [
    scenario(
        "success",
        "One new kitchen lamp is touched and joins Home.",
        Outcome::Connected,
        |room| lamp_script(room, &room.unit(&Spec::lamp(1))),
    ),
    scenario(
        "wrong-password",
        "The first password is wrong; the second is right, in the same session and without a new touch.",
        Outcome::Connected,
        |room| {
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.passwords = vec!["incorrect donkey".into(), HOME_PASSWORD.into()];
            script
        },
    ),
    scenario(
        "network-not-found",
        "The lamp cannot find Home until it is moved nearer to the router.",
        Outcome::Connected,
        |room| {
            room.neighbourhood
                .change("Home", |home| home.reachable = false);
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.remedy = Some(Arc::new(|networks| {
                networks.change("Home", |home| home.reachable = true)
            }));
            script
        },
    ),
    scenario(
        "dhcp-failed",
        "The router gives no address until it is restarted.",
        Outcome::Connected,
        |room| {
            room.neighbourhood.change("Home", |home| home.dhcp = false);
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.remedy = Some(Arc::new(|networks| {
                networks.change("Home", |home| home.dhcp = true)
            }));
            script
        },
    ),
    scenario(
        "no-internet",
        "Home has no internet; the person restarts the router and checks again.",
        Outcome::Connected,
        |room| {
            room.neighbourhood
                .change("Home", |home| home.internet = false);
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.remedy = Some(Arc::new(|networks| {
                networks.change("Home", |home| home.internet = true)
            }));
            script
        },
    ),
    scenario(
        "no-internet-finish",
        "Home has no internet, and the person finishes anyway.",
        Outcome::Connected,
        |room| {
            room.neighbourhood
                .change("Home", |home| home.internet = false);
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.finishes_offline = true;
            script
        },
    ),
    scenario(
        "open-network",
        "The lamp joins a network without a password.",
        Outcome::Connected,
        |room| Script::new(&room.unit(&Spec::lamp(1)), "Café", ""),
    ),
    scenario(
        "saved-network",
        "The phone knows the password of Home; nothing is typed.",
        Outcome::Connected,
        |room| {
            let home = Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes())
                .expect("a valid network");
            room.phone.networks.insert(home);
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.passwords.clear();
            script
        },
    ),
    scenario(
        "impostor",
        "A look-alike with a certificate of its own making.",
        Outcome::NotGenuine,
        |room| impostor(room, Factory::ForeignRoot),
    ),
    scenario(
        "impostor-copied-leaf",
        "A look-alike with the certificate of a genuine lamp, but not its key: it cannot be checked.",
        Outcome::Unfinished,
        |room| impostor(room, Factory::CopiedLeaf),
    ),
    scenario(
        "impostor-leaf-as-authority",
        "A look-alike whose certificate is signed by the key of a genuine lamp.",
        Outcome::NotGenuine,
        |room| impostor(room, Factory::LeafAsAuthority),
    ),
    scenario(
        "impostor-forged-evidence",
        "A genuine key for the channel, but another for the evidence.",
        Outcome::NotGenuine,
        |room| impostor(room, Factory::ForgedEvidence),
    ),
    scenario(
        "impostor-beside",
        "A look-alike stands beside the genuine lamp; only the lamp is asked for.",
        Outcome::Connected,
        |room| {
            let _impostor = room.unit(
                &Spec::lamp(66)
                    .from_factory(Factory::CopiedLeaf)
                    .at_rssi(-40),
            );
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    Scenario {
        // Under a development root an open debug port is nothing unusual; here the root is taken for the maker's own.
        bundle: Some(|contents| contents.roots = std::mem::take(&mut contents.development_roots)),
        ..scenario(
            "debug-firmware",
            "A genuine lamp whose debug port is open.",
            Outcome::NotGenuine,
            |room| {
                let spec = Spec {
                    debug_status: DebugStatus::Enabled,
                    ..Spec::lamp(1)
                };
                lamp_script(room, &room.unit(&spec))
            },
        )
    },
    Scenario {
        bundle: Some(|contents| contents.revoked_ueids.push(factory().ueid(1))),
        ..scenario(
            "revoked",
            "The maker has withdrawn this lamp.",
            Outcome::Revoked,
            |room| lamp_script(room, &room.unit(&Spec::lamp(1))),
        )
    },
    Scenario {
        bundle: Some(|contents| {
            for model in &mut contents.models {
                model.policy.minimum_firmware = FirmwareVersion {
                    major: 2,
                    minor: 0,
                    patch: 0,
                };
            }
        }),
        ..scenario(
            "old-firmware",
            "The lamp's firmware is older than the maker allows.",
            Outcome::UpdateRequired,
            |room| lamp_script(room, &room.unit(&Spec::lamp(1))),
        )
    },
    scenario(
        "several-devices",
        "A lamp, a fan and a heater are new; the touched one is connected.",
        Outcome::Connected,
        |room| {
            let _fan = room.unit(&Spec::lamp(2).of_model(2).at_rssi(-55));
            let _heater = room.unit(&Spec::lamp(3).of_model(3).at_rssi(-60));
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "two-touched",
        "Two lamps are touched; both are let go, and one touch of one lamp is enough then.",
        Outcome::Connected,
        |room| {
            let (lamp, other) = (room.unit(&Spec::lamp(1)), room.unit(&Spec::lamp(2)));
            lamp_script(room, &lamp)
                .with_touches(vec![vec![(3.0, &lamp), (3.4, &other)], vec![(4.0, &lamp)]])
        },
    ),
    scenario(
        "neighbour-first",
        "The neighbour's lamp is pressed first; it is not the one that responds here.",
        Outcome::Connected,
        |room| {
            let neighbour = room.unit(&Spec::lamp(9).at_rssi(-62));
            let lamp = room.unit(&Spec::lamp(1));
            lamp_script(room, &lamp).with_touches(vec![vec![(3.0, &neighbour)], vec![(3.0, &lamp)]])
        },
    ),
    scenario(
        "already-owned",
        "The lamp belongs to another phone.",
        Outcome::AlreadyOwned,
        |room| {
            let lamp = room.unit(&Spec::lamp(1));
            lamp.preload(Stored {
                reset_epoch: 0,
                power_cycle: None,
                ownership: Some(Ownership {
                    owner_kid: [7; 32],
                    credentials: home_credentials(),
                    commit_id: [7; 16],
                }),
            });
            lamp_script(room, &lamp)
        },
    ),
    scenario(
        "busy",
        "Another phone has armed the lamp and waits for a touch that does not come.",
        Outcome::Busy,
        |room| {
            let lamp = room.unit(&Spec::lamp(1));
            someone_else_arms(room, &lamp, Duration::from_secs(3600));
            lamp_script(room, &lamp)
        },
    ),
    scenario(
        "busy-then-free",
        "Another phone has armed the lamp and gives up; the person waits two minutes, as Help says, and the second try succeeds.",
        Outcome::Connected,
        |room| {
            let lamp = room.unit(&Spec::lamp(1));
            someone_else_arms(room, &lamp, Duration::from_secs(15));
            let mut script = lamp_script(room, &lamp);
            script.stops = vec![AtStop::PressAgain];
            script.pause = Some((is_taken, Duration::from_secs(130)));
            script
        },
    ),
    scenario(
        "slow-touch",
        "The person needs seven minutes to reach the lamp.",
        Outcome::Connected,
        |room| {
            let lamp = room.unit(&Spec::lamp(1));
            lamp_script(room, &lamp).with_touches(vec![vec![(420.0, &lamp)]])
        },
    ),
    scenario(
        "cancelled",
        "The person cancels at the password.",
        Outcome::Cancelled,
        |room| {
            let mut script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            script.cancels_at_password = true;
            script
        },
    ),
    scenario(
        "permission",
        "The phone has to ask about nearby devices first.",
        Outcome::Connected,
        |room| {
            room.phone
                .radio
                .set_state(RadioState::NeedsPermission, RadioState::On);
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "permission-blocked",
        "The person refuses access to nearby devices.",
        Outcome::RadioUnusable,
        |room| {
            room.phone
                .radio
                .set_state(RadioState::NeedsPermission, RadioState::Blocked);
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "bluetooth-off",
        "Bluetooth is off and is switched on.",
        Outcome::Connected,
        |room| {
            room.phone.radio.set_state(RadioState::Off, RadioState::On);
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "location-permission",
        "An old phone has to ask about location first.",
        Outcome::Connected,
        |room| {
            room.phone
                .radio
                .set_state(RadioState::NeedsLocation, RadioState::On);
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "location-off",
        "On an old phone location is off and is switched on.",
        Outcome::Connected,
        |room| {
            room.phone
                .radio
                .set_state(RadioState::LocationOff, RadioState::On);
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "small-mtu",
        "The link carries 18 bytes at a time.",
        Outcome::Connected,
        |room| {
            room.world.set_air(Settings {
                mtu: 23,
                ..Settings::default()
            });
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "lossy",
        "One fragment in ten is lost.",
        Outcome::Connected,
        |room| {
            room.world.set_air(Settings {
                fragment_loss: 0.1,
                ..Settings::default()
            });
            lamp_script(room, &room.unit(&Spec::lamp(1)))
        },
    ),
    scenario(
        "stall",
        "The link stalls for three seconds in the middle of the handshake.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Down,
                At::Message { kind: 0x02, nth: 0 },
                Effect::Stall(Duration::from_secs(3)),
            );
            script
        },
    ),
    scenario(
        "bit-flip",
        "One bit of the evidence is changed in the air: detected, and nothing is sent on that link.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Down,
                At::Message { kind: 0x04, nth: 0 },
                Effect::FlipBit(200),
            );
            script
        },
    ),
    scenario(
        "link-loss",
        "The link is lost right after the touch and comes back; nothing is touched again.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Down,
                At::Record { class: 80, nth: 0 },
                Effect::LoseLinkAfter,
            );
            script
        },
    ),
    scenario(
        "lost-confirm",
        "The link is lost with CONFIRM.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Up,
                At::Record { class: 48, nth: 1 },
                Effect::LoseLink,
            );
            script
        },
    ),
    scenario(
        "lost-committed",
        "The lamp has stored everything, and the link is lost before it can say so.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Up,
                At::Record { class: 48, nth: 1 },
                Effect::LoseLinkAfter,
            );
            script
        },
    ),
    scenario(
        "power-cut",
        "The lamp loses power when it has the credentials; it has kept nothing and is touched again.",
        Outcome::Connected,
        |room| {
            let script = lamp_script(room, &room.unit(&Spec::lamp(1)));
            plan(
                room,
                &script,
                Direction::Up,
                At::Record { class: 192, nth: 0 },
                Effect::PowerCutAfter(Duration::from_secs(2)),
            );
            script
        },
    ),
    scenario(
        "power-cut-while-storing",
        "The lamp loses power while it stores the result; the new state is there or the old one.",
        Outcome::Connected,
        |room| {
            let lamp = room.unit(&Spec::lamp(1));
            lamp.cut_power_at_next_write(FlashCut {
                written: true,
                off_for: Duration::from_secs(2),
            });
            lamp_script(room, &lamp)
        },
    ),
    attacks::ROGUE_UNIT,
    attacks::RELAY,
    attacks::EARLY_PHONE,
    attacks::OVERLAP,
    killed::AFTER_SENDING,
    killed::TAKEN_BACK,
    power_cycle::POWER_CYCLE,
    power_cycle::CONTENDED,
    power_cycle::TWICE,
    power_cycle::LEFT_OFF,
    power_cycle::MAINS_FLICKER,
    counting::COUNTED,
    counting::SLOWER,
    counting::DEAF,
    counting::MISCOUNTED,
    counting::NOT_CONFIRMED,
    counting::LINK_LOSS,
    counting::OVERLAP,
    counting::CONTENDED,
    counting::CANNOT_SIGNAL,
    counting::ROGUE_UNIT,
];

/// Touch the lamp, use Home, type the right password.
pub(super) fn lamp_script(_room: &Room, lamp: &Unit) -> Script {
    Script::new(lamp, "Home", HOME_PASSWORD)
}

/// Somebody else is at it: the person hears it out and waits.
pub(super) fn is_taken(step: &Step) -> bool {
    matches!(step, Step::AnotherNearby | Step::Busy)
}

fn impostor(room: &Room, factory: Factory) -> Script {
    lamp_script(room, &room.unit(&Spec::lamp(1).from_factory(factory)))
}

pub(super) fn plan(room: &Room, script: &Script, direction: Direction, at: At, effect: Effect) {
    room.world.plan(Fault {
        device: script.wanted.id(),
        link: Some(0),
        direction,
        at,
        effect,
    });
}

pub(super) fn home_credentials() -> Credentials {
    let home = Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes())
        .expect("a valid network");
    Credentials::new([home]).expect("one network")
}

/// A second person begins now, waits at the prompt without touching, and leaves after `patience`. The first begins when the lamp is armed.
fn someone_else_arms(room: &Room, lamp: &Unit, patience: Duration) {
    let mut idle = Script::new(lamp, "Home", HOME_PASSWORD);
    idle.touches = vec![vec![]];
    let phone = room.another_phone(PhoneId(1));
    let (person, run) = room.begin(&phone, idle, Policy::default(), Arc::new(Nobody));
    room.world.after(patience, move |_| person.leaves());
    room.world.spawn(async move {
        run.await;
    });
    room.world.run_for(Duration::from_secs(8));
}
