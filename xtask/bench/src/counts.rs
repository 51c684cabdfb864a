//! Figures that are counted, not timed: the same on every machine.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use touchstone_proto::credentials::{Credentials, Network, Security};
use touchstone_sim::{
    BareSession, HOME_PASSWORD, Nobody, Room, Spec, Unit,
    air::{Direction, Settings, Summary, summary::Envelope},
    scenarios,
};

/// The MTU the figures are stated for.
const MTU: u16 = 247;
const SEED: u64 = 1;

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
    whole: Summary,
    accepted: Summary,
    leaf: Vec<u8>,
}

async fn by_hand(room: &Room, lamp: &Unit, known_leaf: Option<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    let home = Network::personal(b"Home", Security::Wpa2Psk, HOME_PASSWORD.as_bytes())?;
    let mut phone = BareSession::open(&room.phone, lamp, known_leaf).await?;
    phone.arm([7; 16]).await?;
    let touch = lamp.clone();
    room.world.after(Duration::from_secs(2), move |_| touch.touch());
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
    room.world.set_air(Settings { mtu: MTU, ..Settings::default() });
    let lamp = room.unit(&Spec::lamp(1));
    let leaf = room.world.block_on(by_hand(&room, &lamp, known_leaf))?;
    ensure!(lamp.is_owned(), "the device is set up");
    let log = room.world.log();
    Ok(SetUp { whole: log.summary(), accepted: log.until_accepted().summary(), leaf })
}

/// KEEPALIVE is the only record of its class that comes back unasked; by size it cannot be told from its neighbours, so it is counted by the silence before it.
fn keep_alive_pdus(summary: &Summary) -> usize {
    let quiet = |pair: &[Envelope]| pair[1].at.saturating_sub(pair[0].at) >= Duration::from_secs(9);
    let asked = summary.envelopes.windows(2).filter(|pair| {
        pair[1].direction == Direction::Up && pair[1].carries_record(16) && quiet(pair)
    });
    2 * asked.count()
}

/// Every counted figure, as one object.
pub(crate) fn counts() -> anyhow::Result<Value> {
    let by_value = set_up(None)?;
    let by_reference = set_up(Some(by_value.leaf.clone()))?;
    // The figures of a set-up by a person, through the SDK.
    let story = scenarios::by_name("success").context("the main scenario")?;
    let told = story.run(SEED, Arc::new(Nobody))?;
    ensure!(told.is_as_expected(), "the main scenario succeeds");
    let log = told.own_log();
    let (sdk, accepted) = (log.summary(), log.until_accepted().summary());
    let (networks, keep_alive) = (accepted.networks_pdus(), keep_alive_pdus(&accepted));
    Ok(json!({
        "round_trips": sdk.round_trips(),
        "round_trips_to_accepted": accepted.round_trips(),
        "bytes_x5chain": by_value.whole.handshake_bytes(),
        "bytes_x5t": by_reference.whole.handshake_bytes(),
        "bytes_to_accepted_x5chain": by_value.accepted.bytes(),
        "bytes_to_accepted_x5t": by_reference.accepted.bytes(),
        "leaf_bytes": by_value.leaf.len(),
        "att_pdus_after_discovery": accepted.att_pdus - networks - keep_alive,
        "att_pdus_from_phone": accepted.att_pdus_from_phone - keep_alive / 2,
        "att_pdus_networks": networks,
        "att_pdus_keep_alive": keep_alive,
        "att_pdus_whole": sdk.att_pdus,
        "mtu": MTU,
    }))
}

/// Whether every figure keeps its limit; says which does not.
pub(crate) fn check(figures: &Value) -> anyhow::Result<()> {
    for (name, limit) in LIMITS {
        let figure = figures[name].as_u64().with_context(|| format!("{name} is counted"))?;
        ensure!(figure <= limit, "{name} is {figure}, at most {limit} is allowed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counted_figures_keep_their_limits() {
        check(&counts().expect("figures")).expect("within limits");
    }

    #[test]
    fn a_figure_over_its_limit_is_named() {
        let mut figures = counts().expect("figures");
        figures["bytes_x5t"] = json!(651);
        let error = check(&figures).expect_err("over the limit").to_string();
        assert!(error.contains("bytes_x5t"), "{error}");
    }
}
