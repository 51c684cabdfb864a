//! Figures that are counted, not timed: the same on every machine.

use std::{cell::Cell, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use touchstone::{A11yContext, Policy, PostQuantum};
use touchstone_device::Suites;
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    phone::CredentialForm,
};
use touchstone_sim::{
    BareSession, HOME_PASSWORD, Nobody, Room, Spec, Unit,
    air::{Direction, Envelope, Log, Settings, Summary},
    scenarios,
};

use crate::pair::{Blind, MTU, Pair};

const SEED: u64 = 1;
/// How long the phone is silent before it sends a KEEPALIVE, less a connection interval.
const KEEP_ALIVE: Duration = Duration::from_millis(9_970);
/// One with its framing and tag.
const KEEP_ALIVE_BYTES: usize = 5 + 1 + 16 + 16;

/// Limits the figures have to keep.
const LIMITS: [(&str, u64); 6] = [
    ("round_trips", 4),
    ("round_trips_to_accepted", 3),
    ("bytes_x5chain", 1100),
    ("bytes_x5t", 650),
    ("att_pdus_after_discovery", 16),
    ("att_pdus_from_phone", 7),
];

/// One complete set-up by hand, so that the leaf can go by value or by reference on a fresh link.
struct SetUp {
    log: Log,
    leaf: Vec<u8>,
}

async fn by_hand(room: &Room, lamp: &Unit, known_leaf: Option<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    let home = Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes())?;
    let mut phone = BareSession::open(&room.phone, lamp, known_leaf).await?;
    phone.arm([7; 16]).await?;
    let touch = lamp.clone();
    room.world
        .after(Duration::from_secs(2), move |_| touch.touch());
    phone.networks().await?;
    let touched = phone.touched().await?;
    phone.respond().await?;
    phone.deliver(touched, &Credentials::new([home])?).await?;
    let leaf = phone.leaf().to_vec();
    phone.close().await;
    Ok(leaf)
}

fn set_up(known_leaf: Option<Vec<u8>>) -> anyhow::Result<SetUp> {
    let room = Room::new(SEED);
    room.world.set_air(Settings {
        mtu: MTU,
        ..Settings::default()
    });
    let lamp = room.unit(&Spec::lamp(1));
    let leaf = room.world.block_on(by_hand(&room, &lamp, known_leaf))?;
    ensure!(lamp.is_owned(), "the device is set up");
    Ok(SetUp {
        log: room.world.log(),
        leaf,
    })
}

/// The log up to and including the fragment with which "accepted" has arrived; what shares a connection event with it comes after it.
fn until_accepted(log: &Log) -> anyhow::Result<Summary> {
    let first = |count: usize| {
        let kept = Cell::new(0);
        let part = log.only(|_| kept.replace(kept.get() + 1) < count);
        part.summary()
    };
    let accepted = |summary: &Summary| {
        let mut envelopes = summary.envelopes.iter();
        envelopes.any(Envelope::carries_credentials)
            && envelopes.any(|envelope| {
                envelope.direction == Direction::Down && envelope.carries_record(48)
            })
    };
    (0..=log.entries().len())
        .map(first)
        .find(accepted)
        .context("the credentials are accepted")
}

/// ATT PDUs and bytes that the figures leave out and report apart.
struct Apart {
    networks_pdus: usize,
    networks_bytes: usize,
    /// Questions; each has an answer.
    keep_alives: usize,
}

impl Apart {
    fn of(summary: &Summary) -> Self {
        let networks = summary.envelopes.iter().filter(|envelope| {
            envelope.direction == Direction::Down
                && (envelope.carries_record(512) || envelope.carries_record(1024))
        });
        let (networks_pdus, networks_bytes) = networks.fold((0, 0), |(pdus, bytes), envelope| {
            (pdus + envelope.fragments, bytes + envelope.bytes)
        });
        Self {
            networks_pdus,
            networks_bytes,
            keep_alives: keep_alives(summary),
        }
    }

    fn pdus(&self) -> usize {
        self.networks_pdus + 2 * self.keep_alives
    }

    fn bytes(&self) -> usize {
        self.networks_bytes + 2 * self.keep_alives * KEEP_ALIVE_BYTES
    }
}

/// By size a KEEPALIVE cannot be told from its neighbours, but it is what the phone sends after 10 s of its own silence, and nothing else is.
fn keep_alives(summary: &Summary) -> usize {
    let up = || {
        let envelopes = summary.envelopes.iter();
        envelopes.filter(|envelope| envelope.direction == Direction::Up)
    };
    let after_silence = up().zip(up().skip(1)).filter(|(before, envelope)| {
        envelope.carries_record(16) && envelope.at.saturating_sub(before.at) >= KEEP_ALIVE
    });
    after_silence.count()
}

/// Every counted figure and their limits, as one object.
pub(crate) fn counts() -> anyhow::Result<Value> {
    let by_value = set_up(None)?;
    let by_reference = set_up(Some(by_value.leaf.clone()))?;
    // The figures of a set-up by a person, through the SDK.
    let story = scenarios::by_name("success").context("the main scenario")?;
    let told = |post_quantum| -> anyhow::Result<Log> {
        let decide = |mut policy: Policy| {
            policy.post_quantum = post_quantum;
            policy
        };
        let context = A11yContext::default();
        let told = story.run_before(SEED, context, decide, |_| Arc::new(Nobody))?;
        ensure!(told.is_as_expected(), "the main scenario succeeds");
        Ok(told.own_log())
    };
    let log = told(PostQuantum::Off)?;
    let hybrid = told(PostQuantum::Require)?;
    let (hybrid_accepted, hybrid) = (until_accepted(&hybrid)?, hybrid.summary());
    let hybrid_apart = Apart::of(&hybrid_accepted);
    let (whole, accepted) = (log.summary(), until_accepted(&log)?);
    let (chain, hash) = (
        until_accepted(&by_value.log)?,
        until_accepted(&by_reference.log)?,
    );
    let apart = Apart::of(&accepted);
    let handshake =
        Pair::new(Suites::Classical)?.handshake(SEED, CredentialForm::ByValue, &mut Blind)?;
    let evidence = handshake.session.evidence().context("evidence")?;
    Ok(json!({
        "round_trips": whole.round_trips(),
        "round_trips_to_accepted": accepted.round_trips(),
        "bytes_x5chain": by_value.log.summary().handshake_bytes(),
        "bytes_x5t": by_reference.log.summary().handshake_bytes(),
        "bytes_to_accepted_x5chain": chain.bytes() - Apart::of(&chain).bytes(),
        "bytes_to_accepted_x5t": hash.bytes() - Apart::of(&hash).bytes(),
        "bytes_networks": apart.networks_bytes,
        "bytes_leaf": by_value.leaf.len(),
        "bytes_evidence": evidence.len(),
        "att_pdus_after_discovery": accepted.att_pdus - apart.pdus(),
        "att_pdus_after_discovery_x5t": hash.att_pdus - Apart::of(&hash).pdus(),
        "att_pdus_from_phone": accepted.att_pdus_from_phone - apart.keep_alives,
        "att_pdus_networks": apart.networks_pdus,
        "att_pdus_keep_alive": 2 * apart.keep_alives,
        "att_pdus_other_links": other_links(&log),
        "round_trips_hybrid": hybrid.round_trips(),
        "bytes_hybrid_x5chain": hybrid.handshake_bytes(),
        "bytes_to_accepted_hybrid_x5chain": hybrid_accepted.bytes() - hybrid_apart.bytes(),
        "att_pdus_after_discovery_hybrid": hybrid_accepted.att_pdus - hybrid_apart.pdus(),
        "mtu": MTU,
        "limits": serde_json::Map::from_iter(LIMITS.map(|(name, limit)| (name.to_owned(), json!(limit)))),
    }))
}

/// ATT PDUs on links other than that of the device set up.
fn other_links(log: &Log) -> usize {
    let sent_on = log
        .summary()
        .envelopes
        .iter()
        .find(|envelope| envelope.carries_credentials())
        .map(|envelope| envelope.link);
    log.only(|entry| Some(entry.link) != sent_on)
        .summary()
        .att_pdus
}

#[cfg(test)]
mod tests {
    use touchstone_proto::{
        cbor::Reader,
        phone::CredentialForm::{ByReference, ByValue},
    };

    use super::*;
    use crate::pair::{Handshake, Step};

    fn handshake(form: CredentialForm) -> Handshake {
        let pair = Pair::new(Suites::Classical).expect("a pair");
        pair.handshake(SEED, form, &mut Blind).expect("a handshake")
    }

    #[test]
    fn the_counted_figures_keep_their_limits() {
        let figures = counts().expect("figures");
        for (name, limit) in LIMITS {
            let figure = figures[name].as_u64().expect("a figure");
            assert!(figure <= limit, "{name} is {figure}, at most {limit}");
        }
    }

    #[test]
    fn the_bytes_are_those_that_device_and_phone_exchange_without_an_air() {
        let figures = counts().expect("figures");
        for (name, form) in [("bytes_x5chain", ByValue), ("bytes_x5t", ByReference)] {
            let handshake = handshake(form);
            let steps = [
                Step::Message1,
                Step::Message2,
                Step::Message3,
                Step::Message4,
                Step::Arm,
            ];
            let fragments = steps.iter().flat_map(|step| handshake.flight(*step));
            let bytes: usize = fragments.map(Vec::len).sum();
            assert_eq!(figures[name], json!(bytes), "{name}");
        }
    }

    #[test]
    fn the_evidence_counted_carries_all_nine_claims() {
        let handshake = handshake(ByValue);
        let mut sign1 = Reader::new(handshake.session.evidence().expect("evidence"));
        sign1.array(4).expect("COSE_Sign1");
        sign1.bytes().expect("a protected header");
        sign1.map(0).expect("an empty header");
        let mut claims = Reader::new(sign1.bytes().expect("a payload"));
        // docs/PROTOCOL.md section 5: seven registered claims, and a private one that holds two more: reset_epoch and presence.
        claims.map(8).expect("eight entries");
        let mut labels = Vec::new();
        for _ in 0..7 {
            labels.push(claims.int().expect("a label"));
            claims.skip_item().expect("a claim");
        }
        labels.push(claims.int().expect("a label"));
        labels.sort_unstable();
        assert_eq!(labels, [-70_001, 10, 256, 259, 262, 263, 268, 271]);
        claims.array(6).expect("reset_epoch, presence and more");
    }

    #[test]
    fn what_flies_with_accepted_does_not_count() {
        let told = scenarios::by_name("success").expect("the main scenario");
        let told = told.run(SEED, Arc::new(Nobody)).expect("an end");
        let accepted = until_accepted(&told.own_log()).expect("accepted");
        let last = accepted.envelopes.last().expect("accepted");
        assert_eq!(last.direction, Direction::Down);
        let before = &accepted.envelopes[accepted.envelopes.len() - 2];
        assert!(before.carries_credentials());
    }
}
