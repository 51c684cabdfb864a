//! What the attacks share: a room, a person, an attacker's phone, and oracles that look at the air alone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use touchstone::{Outcome, Policy, Report};
use touchstone_flow::{Screen, Step};
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    message::{self, Message},
};
use touchstone_sim::{
    DeviceId, HOME_PASSWORD, Nobody, Room, Script, Spec, Unit,
    air::{Direction, Fate, LinkNumber, Log, PhoneId, What},
};

pub(crate) const PERSON: PhoneId = PhoneId(0);
pub(crate) const STRANGER: PhoneId = PhoneId(1);

pub(crate) const HELLO: u8 = 0x01;
pub(crate) const MESSAGE_2: u8 = 0x02;
pub(crate) const MESSAGE_3: u8 = 0x03;
pub(crate) const MESSAGE_4: u8 = 0x04;
pub(crate) const EDHOC_ERROR: u8 = 0x05;
pub(crate) const RECORD: u8 = 0x06;

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn room_with_lamp(seed: u64) -> (Room, Unit) {
    let room = Room::new(seed);
    let lamp = room.unit(&Spec::lamp(1));
    (room, lamp)
}

/// Touches this lamp, uses Home, types the right password.
pub(crate) fn honest(lamp: &Unit) -> Script {
    Script::new(lamp, "Home", HOME_PASSWORD)
}

/// What somebody else would want the device to join.
pub(crate) fn network(name: &str) -> Credentials {
    Credentials::new([Network::personal(
        name.as_bytes(),
        Security::Wpa2Psk,
        HOME_PASSWORD.as_bytes(),
    )
    .unwrap()])
    .unwrap()
}

/// How a set-up went, as far as it went.
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) screens: Vec<(Duration, Screen)>,
}

impl Told {
    pub(crate) fn outcome(&self) -> Outcome {
        self.report.outcome
    }

    pub(crate) fn shows(&self, test: impl Fn(&Step) -> bool) -> bool {
        self.screens.iter().any(|(_, screen)| test(&screen.step))
    }

    pub(crate) fn asks_for_a_touch(&self) -> bool {
        self.shows(|step| matches!(step, Step::AwaitPresence { .. }))
    }

    /// Whether anything was said that only an authenticated device may cause to be said.
    pub(crate) fn accuses(&self) -> bool {
        self.shows(|step| {
            matches!(
                step,
                Step::NotGenuine { .. }
                    | Step::AlreadyOwned
                    | Step::OwnedByYou { .. }
                    | Step::Busy
                    | Step::Revoked
                    | Step::UpdateRequired { .. }
            )
        })
    }
}

/// A set-up by a person who gives up after `patience`.
pub(crate) fn try_for(room: &Room, script: Script, patience: Duration) -> Told {
    try_with(room, script, Policy::default(), patience)
}

pub(crate) fn try_with(room: &Room, script: Script, policy: Policy, patience: Duration) -> Told {
    let (person, run) = room.begin(&room.phone, script, policy, Arc::new(Nobody));
    let leaving = person.clone();
    room.world.after(patience, move |_| leaving.leaves());
    let report = room
        .world
        .try_block_on(run, patience + s(60))
        .unwrap_or_else(|stalled| panic!("{stalled}\n{}", room.world.log()));
    // Whatever is still on its way arrives.
    room.world.run_for(s(5));
    Told {
        report,
        screens: person.screens(),
    }
}

/// The attack is over: the same person sets the same lamp up.
pub(crate) fn assert_works_again(room: &Room, lamp: &Unit) {
    room.world.clear_the_middle();
    // Contention and an attacker's arm are remembered for two minutes.
    room.world.run_for(s(200));
    lamp.set_power(false);
    room.world.run_for(s(5));
    lamp.set_power(true);
    let told = try_for(room, honest(lamp), s(240));
    assert_eq!(
        told.outcome(),
        Outcome::Connected,
        "{:#?}",
        told.report.entries
    );
    assert!(lamp.is_owned() && lamp.is_online());
}

/// Nothing was entrusted to this device, by anybody.
pub(crate) fn assert_got_nothing(room: &Room, unit: &Unit) {
    assert_eq!(
        room.world
            .log()
            .with_device(unit.id())
            .summary()
            .credential_records(),
        0
    );
    assert!(unit.joins().is_empty());
    assert!(!unit.is_owned());
}

/// Records of credential size that this phone has sent to anything but this device.
pub(crate) fn strayed(log: &Log, phone: PhoneId, wanted: DeviceId) -> usize {
    log.only(|entry| entry.phone == phone && entry.device != wanted)
        .summary()
        .credential_records()
}

/// One envelope as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Flown {
    pub(crate) at: Duration,
    pub(crate) link: LinkNumber,
    pub(crate) device: DeviceId,
    pub(crate) direction: Direction,
    pub(crate) bytes: Vec<u8>,
}

impl Flown {
    /// Kind and body of each message.
    pub(crate) fn messages(&self) -> Vec<(u8, Vec<u8>)> {
        message::messages(&self.bytes)
            .map_while(Result::ok)
            .map(|message| match message {
                Message::Hello { message_1, .. } => (HELLO, message_1.to_vec()),
                Message::Message2(body) => (MESSAGE_2, body.to_vec()),
                Message::Message3(body) => (MESSAGE_3, body.to_vec()),
                Message::Message4(body) => (MESSAGE_4, body.to_vec()),
                Message::EdhocError(body) => (EDHOC_ERROR, body.to_vec()),
                Message::Record(body) => (RECORD, body.to_vec()),
            })
            .collect()
    }

    pub(crate) fn is_record(&self, class: usize) -> bool {
        self.bytes.first() == Some(&RECORD) && self.bytes.len() == class + 17
    }
}

/// The envelopes of a log, each once, as their senders meant them.
pub(crate) fn envelopes(log: &Log) -> Vec<Flown> {
    let mut expected: BTreeMap<(LinkNumber, Direction), (u8, Vec<u8>)> = BTreeMap::new();
    let mut flown = Vec::new();
    for entry in log.entries() {
        let What::Fragment {
            direction, bytes, ..
        } = &entry.what
        else {
            continue;
        };
        let [flags, sequence, _, payload @ ..] = bytes.as_slice() else {
            continue;
        };
        let (next, collected) = expected.entry((entry.link, *direction)).or_default();
        if flags & 0x20 != 0 || sequence != next {
            continue;
        }
        *next = next.wrapping_add(1);
        if flags & 0x80 != 0 {
            collected.clear();
            collected.extend_from_slice(&payload[2..]);
        } else {
            collected.extend_from_slice(payload);
        }
        if flags & 0x40 != 0 {
            flown.push(Flown {
                at: entry.at,
                link: entry.link,
                device: entry.device,
                direction: *direction,
                bytes: std::mem::take(collected),
            });
        }
    }
    flown
}

/// Every byte that was in the air, whoever sent it.
pub(crate) fn everything(log: &Log) -> Vec<Vec<u8>> {
    log.entries()
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Fragment { bytes, .. } => Some(bytes.clone()),
            _ => None,
        })
        .chain(envelopes(log).into_iter().map(|flown| flown.bytes))
        .collect()
}

pub(crate) fn occurs(haystacks: &[Vec<u8>], needle: &[u8]) -> bool {
    assert!(needle.len() >= 3, "too short to say anything");
    haystacks
        .iter()
        .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}

/// How many fragments of a device arrived at all.
pub(crate) fn fragments_down(log: &Log, device: DeviceId) -> usize {
    log.entries()
        .iter()
        .filter(|entry| {
            entry.device == device
                && matches!(
                    entry.what,
                    What::Fragment { direction: Direction::Down, fate, .. } if fate != Fate::Dropped
                )
        })
        .count()
}

/// A fragment that holds a whole envelope.
pub(crate) fn fragment(sequence: u8, envelope: &[u8]) -> Vec<u8> {
    let total = u16::try_from(envelope.len()).unwrap().to_be_bytes();
    [&[0xc0, sequence, 0, total[0], total[1]], envelope].concat()
}

/// The sequence number that comes next in one direction of a link.
pub(crate) fn next_sequence(log: &Log, link: LinkNumber, direction: Direction) -> u8 {
    let mut next = 0_u8;
    for entry in log.entries().iter().filter(|entry| entry.link == link) {
        if let What::Fragment {
            direction: way,
            bytes,
            ..
        } = &entry.what
            && *way == direction
            && let [flags, sequence, ..] = bytes.as_slice()
            && flags & 0x20 == 0
            && *sequence == next
        {
            next = next.wrapping_add(1);
        }
    }
    next
}
