//! Random worlds and what was told in them.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, OnceLock},
    time::Duration,
};

use touchstone::{A11yContext, Policy, ports::RadioState};
use touchstone_device::ports::{Ownership, Stored};
use touchstone_flow::{Cue, Screen, Transcript};
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    record::{Actuators, PressKind},
};
use touchstone_sim::{
    AtStop, Factory, HOME_PASSWORD, Nobody, Room, Script, Spec, Unit,
    air::{
        Direction, Log, Settings,
        fault::{At, Effect, Fault},
    },
};

/// As long as the right one.
pub(crate) const WRONG_PASSWORD: &str = "incorrect donkey";
/// Refused before it is sent.
const SHORT_PASSWORD: &str = "donkey7";

/// Nobody waits longer for what never comes.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// What happened in one world.
pub(crate) struct Story {
    seed: u64,
    shown: Vec<(Duration, Screen)>,
    given: Vec<(Duration, Cue)>,
    entries: Vec<String>,
    /// When it was over.
    pub(crate) ended: Duration,
    /// Everything in the air.
    pub(crate) log: Log,
    /// Whatever was typed.
    pub(crate) passwords: Vec<String>,
    /// The names of the genuine devices of this world.
    pub(crate) genuine: BTreeSet<&'static str>,
    /// The names of the networks of this world.
    pub(crate) networks: BTreeSet<&'static str>,
}

impl Story {
    /// Everything shown.
    pub(crate) fn screens(&self) -> &[(Duration, Screen)] {
        &self.shown
    }

    /// Everything said, felt and played.
    pub(crate) fn cues(&self) -> &[(Duration, Cue)] {
        &self.given
    }

    /// The transcript, and what the SDK noted.
    pub(crate) fn told(&self) -> String {
        let mut transcript = Transcript::new();
        let mut cues = self.given.iter().peekable();
        for (at, screen) in &self.shown {
            while let Some((when, cue)) = cues.next_if(|(when, _)| when < at) {
                transcript.cue(*when, cue);
            }
            transcript.screen(*at, screen);
        }
        for (when, cue) in cues {
            transcript.cue(*when, cue);
        }
        format!(
            "seed {}\n{transcript}\n{}",
            self.seed,
            self.entries.join("\n")
        )
    }
}

/// Every random world.
pub(crate) fn stories() -> &'static [Story] {
    static STORIES: OnceLock<Vec<Story>> = OnceLock::new();
    STORIES.get_or_init(|| worlds().map(random).collect())
}

/// How many worlds there are of each sort.
pub(crate) fn worlds() -> Range<u64> {
    let worlds = std::env::var("EXPERIENCE_WORLDS").ok();
    0..worlds.and_then(|number| number.parse().ok()).unwrap_or(150)
}

/// Someone who hears the screen, feels haptics and hears sounds.
pub(crate) fn reader() -> A11yContext {
    A11yContext {
        screen_reader: true,
        ..A11yContext::default()
    }
}

/// A world in which anything may be wrong: devices, networks, passwords, radio, air and people.
fn random(seed: u64) -> Story {
    let mut rng = fastrand::Rng::with_seed(seed);
    let room = Room::new(seed);
    room.world.set_air(air(&mut rng, 0.1));
    let mut genuine = BTreeSet::new();
    let wanted = wanted(&room, &mut rng, &mut genuine);
    let others = others(&room, &mut rng, &mut genuine);
    for _ in 0..rng.usize(0..3) {
        room.world.plan(fault(&mut rng, &wanted));
    }
    let mut script = script(&room, &mut rng, &wanted, &others);
    script.stops = vec![AtStop::PressAgain; rng.usize(0..3)];
    match rng.u32(0..20) {
        0 => room.phone.radio.set_state(RadioState::Off, RadioState::On),
        1 => room
            .phone
            .radio
            .set_state(RadioState::NeedsPermission, RadioState::On),
        2 => {
            room.phone
                .radio
                .set_state(RadioState::NeedsPermission, RadioState::Blocked);
            // Nobody in this room goes to the settings.
            script.stops.clear();
        }
        _ => {}
    }
    script.cancels_at_password = chance(&mut rng, 8);
    if chance(&mut rng, 15) {
        // Looked for before it has power.
        wanted.set_power(false);
        let lamp = wanted.clone();
        let off = Duration::from_secs(rng.u64(5..180));
        room.world.after(off, move |_| lamp.set_power(true));
    }
    tell(seed, &room, script, genuine)
}

/// A world with one genuine lamp, a right password and clear air of any speed.
pub(crate) fn clear(seed: u64) -> Story {
    let mut rng = fastrand::Rng::with_seed(seed);
    let room = Room::new(seed);
    room.world.set_air(air(&mut rng, 0.0));
    let lamp = room.unit(&Spec::lamp(1));
    let script = Script::new(&lamp, "Home", HOME_PASSWORD);
    tell(seed, &room, script, ["Kitchen lamp"].into())
}

/// The same with one to three faults of the air, and how many of them happened.
pub(crate) fn faulty(seed: u64) -> (Story, usize) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let room = Room::new(seed);
    room.world.set_air(air(&mut rng, 0.1));
    let lamp = room.unit(&Spec::lamp(1));
    let planned = rng.usize(1..4);
    for _ in 0..planned {
        room.world.plan(fault(&mut rng, &lamp));
    }
    let mut script = Script::new(&lamp, "Home", HOME_PASSWORD);
    script.stops = vec![AtStop::PressAgain; 2];
    let story = tell(seed, &room, script, ["Kitchen lamp"].into());
    (story, planned - room.world.pending_faults())
}

fn tell(seed: u64, room: &Room, mut script: Script, genuine: BTreeSet<&'static str>) -> Story {
    script.context = reader();
    let passwords = script.passwords.clone();
    let (person, run) = room.begin(&room.phone, script, Policy::default(), Arc::new(Nobody));
    let someone = person.clone();
    room.world.after(PATIENCE, move |_| someone.gives_up());
    let report = room.world.try_block_on(run, PATIENCE * 2);
    let story = |entries| Story {
        seed,
        shown: person.screens(),
        given: person.cues(),
        entries,
        ended: room.world.now(),
        log: room.world.log(),
        passwords: passwords
            .into_iter()
            .filter(|typed| !typed.is_empty())
            .collect(),
        genuine,
        networks: ["Home", "FRITZ!Box 7590", "Café"].into(),
    };
    match report {
        Ok(report) => story(
            report
                .entries
                .iter()
                .map(|entry| format!("{:>12.3?} {} {:?}", entry.at, entry.what, entry.detail))
                .collect(),
        ),
        Err(stalled) => panic!("{stalled}\n{}", story(Vec::new()).told()),
    }
}

fn chance(rng: &mut fastrand::Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

fn air(rng: &mut fastrand::Rng, loss: f64) -> Settings {
    Settings {
        mtu: rng.u16(23..=517),
        interval: Duration::from_millis(rng.u64(8..=60)),
        packets_per_event: rng.usize(1..=6),
        fragment_loss: rng.f64() * loss,
        ..Settings::default()
    }
}

fn fault(rng: &mut fastrand::Rng, unit: &Unit) -> Fault {
    let effect = match rng.u32(0..8) {
        0 => Effect::Drop,
        1 => Effect::Duplicate,
        2 => Effect::FlipBit(rng.usize(0..4096)),
        3 => Effect::LoseLink,
        4 => Effect::LoseLinkAfter,
        5 => Effect::Stall(Duration::from_millis(rng.u64(100..6_000))),
        6 => Effect::PowerCut(Duration::from_millis(rng.u64(500..5_000))),
        _ => Effect::PowerCutAfter(Duration::from_millis(rng.u64(500..5_000))),
    };
    Fault {
        device: unit.id(),
        link: Some(rng.u32(0..2)),
        direction: [Direction::Up, Direction::Down][rng.usize(0..2)],
        at: At::Envelope(rng.u32(0..10)),
        effect,
    }
}

fn wanted(room: &Room, rng: &mut fastrand::Rng, genuine: &mut BTreeSet<&'static str>) -> Unit {
    let factory = match rng.u32(0..24) {
        0 => Factory::ForeignRoot,
        1 => Factory::CopiedLeaf,
        2 => Factory::ForgedEvidence,
        _ => Factory::Genuine,
    };
    if matches!(factory, Factory::Genuine) {
        genuine.insert("Kitchen lamp");
    }
    let kinds = [PressKind::Touch, PressKind::Press, PressKind::Knock];
    let spec = Spec {
        press_kind: kinds[rng.usize(0..kinds.len())],
        actuators: Actuators {
            sound: rng.bool(),
            light: rng.bool(),
            vibration: rng.bool(),
        },
        ..Spec::lamp(1).from_factory(factory)
    };
    let lamp = room.unit(&spec);
    if chance(rng, 5) {
        let home = Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes()).unwrap();
        lamp.preload(Stored {
            reset_epoch: 0,
            power_cycle: None,
            ownership: Some(Ownership {
                owner_kid: [7; 32],
                credentials: Credentials::new([home]).unwrap(),
                commit_id: [7; 16],
            }),
        });
    }
    lamp
}

fn others(room: &Room, rng: &mut fastrand::Rng, genuine: &mut BTreeSet<&'static str>) -> Vec<Unit> {
    let mut others = Vec::new();
    for (number, model, name) in [(2, 2, "Desk fan"), (3, 3, "Hall heater")] {
        if chance(rng, 25) {
            let factory = if chance(rng, 70) {
                genuine.insert(name);
                Factory::Genuine
            } else {
                Factory::CopiedLeaf
            };
            let spec = Spec::lamp(number)
                .of_model(model)
                .at_rssi(-50 - rng.i16(0..20));
            others.push(room.unit(&spec.from_factory(factory)));
        }
    }
    others
}

fn script(room: &Room, rng: &mut fastrand::Rng, lamp: &Unit, others: &[Unit]) -> Script {
    let network = if chance(rng, 10) { "Café" } else { "Home" };
    let mut script = Script::new(lamp, network, HOME_PASSWORD);
    script.reaction = Duration::from_millis(rng.u64(1_000..8_000));
    let first = [WRONG_PASSWORD, SHORT_PASSWORD, HOME_PASSWORD][rng.usize(0..3)];
    script.passwords = vec![first.into(), HOME_PASSWORD.into()];
    let after = if chance(rng, 10) {
        150.0
    } else {
        1.0 + rng.f64() * 20.0
    };
    let mut touches = vec![vec![(after, lamp)]];
    if let Some(other) = others.first().filter(|_| chance(rng, 40)) {
        touches.insert(0, vec![(after, lamp), (after + rng.f64(), other)]);
    }
    script = script.with_touches(touches);
    let trouble: Option<fn(&mut touchstone_sim::wifi::AccessPoint, bool)> = match rng.u32(0..8) {
        0 => Some(|home, mended| home.reachable = mended),
        1 => Some(|home, mended| home.dhcp = mended),
        2 => Some(|home, mended| home.internet = mended),
        _ => None,
    };
    if let Some(trouble) = trouble {
        room.neighbourhood
            .change("Home", |home| trouble(home, false));
        if chance(rng, 80) {
            script.remedy = Some(Arc::new(move |networks| {
                networks.change("Home", |home| trouble(home, true));
            }));
        }
    }
    script.finishes_offline = rng.bool();
    script
}
