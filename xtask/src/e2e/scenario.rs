//! The scenarios: what happens in the room, and what must come of it.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::air::{Deed, Seen, Toward};
use super::room::{Ending, PASSWORD, Room};
use super::trace;

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The phone's side of the MTU exchange (bluetoothd takes 48..517).
    pub(super) exchange_mtu: u16,
    pub(super) run: fn(&mut Room<'_>) -> Result<()>,
}

const TOUCHED_SOON: [&str; 2] = ["--touch-after", "0.8"];
/// Plaintext classes of section 6 that tell a record by its length.
const ARM: usize = 48;
const TOUCH: usize = 80;

const fn scenario(
    name: &'static str,
    about: &'static str,
    run: fn(&mut Room<'_>) -> Result<()>,
) -> Scenario {
    Scenario {
        name,
        about,
        exchange_mtu: 247,
        run,
    }
}

/// All of them, in the order in which they run.
pub(super) const ALL: &[Scenario] = &[
    scenario(
        "success",
        "one device, touched once; ATT operations counted at MTU 247",
        success,
    ),
    scenario(
        "wrong-password",
        "corrected in the same session, without a new touch",
        wrong_password,
    ),
    scenario(
        "nobody-touches",
        "no touch: no credential record leaves the phone",
        nobody_touches,
    ),
    scenario(
        "link-lost-at-message-1",
        "message_1 is lost with the link",
        |room| link_lost(room, message(Toward::Device, 1)),
    ),
    scenario(
        "link-lost-at-message-2",
        "message_2 is lost with the link",
        |room| link_lost(room, message(Toward::Phone, 2)),
    ),
    scenario(
        "link-lost-at-message-3",
        "message_3 is lost with the link",
        |room| link_lost(room, message(Toward::Device, 3)),
    ),
    scenario(
        "link-lost-at-message-4",
        "message_4 is lost with the link",
        |room| link_lost(room, message(Toward::Phone, 4)),
    ),
    scenario("link-lost-at-arm", "ARM is lost with the link", |room| {
        link_lost(room, |seen| seen.is_record(Toward::Device, ARM))
    }),
    scenario(
        "link-lost-at-touch",
        "TOUCH is lost with the link: resumed without a second touch",
        link_lost_at_touch,
    ),
    scenario(
        "power-cut-before-confirm",
        "nothing was stored: touched again",
        power_cut_before_confirm,
    ),
    scenario(
        "power-cut-after-confirm",
        "all was stored: phone and device agree without a touch",
        power_cut_after_confirm,
    ),
    scenario("interval-30-ms", "a connection interval of 30 ms", interval),
    scenario(
        "stall-3-s",
        "the air stands still for 3 s within message_2",
        stall,
    ),
    scenario(
        "bit-flipped-in-message-2",
        "an altered message_2 is noticed",
        |room| bit_flipped(room, message(Toward::Phone, 2)),
    ),
    scenario(
        "bit-flipped-in-message-3",
        "an altered message_3 is noticed",
        |room| bit_flipped(room, message(Toward::Device, 3)),
    ),
    scenario(
        "bit-flipped-in-touch",
        "an altered TOUCH is noticed",
        |room| bit_flipped(room, |seen| seen.is_record(Toward::Phone, TOUCH)),
    ),
    scenario("mtu-23", "the smallest MTU, set by the device", mtu_23),
    Scenario {
        name: "mtu-48",
        about: "the smallest MTU of bluetoothd",
        exchange_mtu: 48,
        run: mtu_48,
    },
    Scenario {
        name: "mtu-517",
        about: "the largest MTU",
        exchange_mtu: 517,
        run: mtu_517,
    },
    scenario(
        "two-devices",
        "both are verified, one is touched: the other gets nothing",
        two_devices,
    ),
    scenario(
        "nearest-first",
        "two devices: the nearer one is verified first, wherever it is",
        nearest_first,
    ),
];

/// The scenario of this name.
pub(super) fn named(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

fn success(room: &mut Room<'_>) -> Result<()> {
    room.switch_on(0, &TOUCHED_SOON)?;
    connect(room)?.is_done()?;
    let trace = room.trace()?;
    ensure!(
        trace.len() == 1,
        "{} connections where one is enough",
        trace.len()
    );
    let figures = trace::figures(&trace);
    ensure!(
        figures
            .is_some_and(|figures| figures.att_pdus_after_discovery <= 16
                && figures.att_pdus_from_phone <= 7),
        "at most 16 ATT operations, 7 from the phone, are allowed: {figures:?}"
    );
    Ok(())
}

fn wrong_password(room: &mut Room<'_>) -> Result<()> {
    room.switch_on(0, &TOUCHED_SOON)?;
    let phone = room.phone(&["wrong-horse", PASSWORD])?;
    let ending = room.finish(phone)?;
    ending.is_done()?;
    ensure!(
        ending.steps().contains(&"wrong_password"),
        "the person was never told: {:?}",
        ending.steps()
    );
    let trace = room.trace()?;
    ensure!(
        trace.len() == 1,
        "{} connections where one is enough",
        trace.len()
    );
    ensure!(
        trace::credential_records(&trace) == 2,
        "{} credential records instead of 2",
        trace::credential_records(&trace)
    );
    touched(room, 1)?;
    Ok(())
}

fn nobody_touches(room: &mut Room<'_>) -> Result<()> {
    room.switch_on(0, &[])?;
    let phone = room.phone(&[PASSWORD])?;
    room.wait("ARMED", Duration::from_secs(30), |room| {
        room.air
            .log()
            .iter()
            .any(|line| line.contains("toward Phone: kind 6, 33 bytes"))
    })?;
    std::thread::sleep(Duration::from_secs(3));
    drop(phone);
    let trace = room.trace()?;
    ensure!(
        trace::credential_records(&trace) == 0,
        "a credential record left the phone"
    );
    Ok(())
}

/// The link is lost with the first envelope that `at` accepts; the phone makes a new one and succeeds.
fn link_lost(room: &mut Room<'_>, at: impl Fn(&Seen) -> bool + Send + 'static) -> Result<()> {
    room.air.on_envelope(once(at, Deed::LoseLink));
    room.switch_on(0, &TOUCHED_SOON)?;
    connect(room)?.is_done()?;
    fault_happened(room)?;
    let trace = room.trace()?;
    ensure!(trace.len() == 2, "{} connections instead of 2", trace.len());
    ensure!(
        trace[0].reason == 0x08,
        "the first connection ended for reason {:#04x}, not by a timeout",
        trace[0].reason
    );
    ensure!(
        trace::credential_records(&trace[..1]) == 0,
        "credentials on the lost connection"
    );
    Ok(())
}

fn link_lost_at_touch(room: &mut Room<'_>) -> Result<()> {
    link_lost(room, |seen| seen.is_record(Toward::Phone, TOUCH))?;
    touched(room, 1)
}

fn power_cut_before_confirm(room: &mut Room<'_>) -> Result<()> {
    let mut arms = 0;
    room.air.on_envelope(move |seen| {
        arms += u32::from(seen.is_record(Toward::Device, ARM));
        // ARM and CONFIRM are of the same class; CONFIRM is the second.
        if arms == 2 && seen.is_record(Toward::Device, ARM) {
            Deed::CutPower
        } else {
            Deed::Pass
        }
    });
    room.switch_on(0, &TOUCHED_SOON)?;
    let phone = room.phone(&[PASSWORD])?;
    let device = room.wait_for_power_cut()?;
    ensure!(
        !room.has_stored(device, PASSWORD),
        "the device stored credentials before CONFIRM"
    );
    std::thread::sleep(Duration::from_millis(1500));
    room.switch_on(0, &TOUCHED_SOON)?;
    room.finish(phone)?.is_done()?;
    touched(room, 2)?;
    ensure!(
        room.has_stored(device, PASSWORD),
        "done, but the device stored nothing"
    );
    Ok(())
}

fn power_cut_after_confirm(room: &mut Room<'_>) -> Result<()> {
    let (mut arms, mut cut) = (0, false);
    room.air.on_envelope(move |seen| {
        arms += u32::from(seen.is_record(Toward::Device, ARM));
        let committed = arms == 2 && !cut && seen.is_record(Toward::Phone, ARM);
        cut |= committed;
        if committed {
            Deed::CutPower
        } else {
            Deed::Pass
        }
    });
    room.switch_on(0, &TOUCHED_SOON)?;
    let phone = room.phone(&[PASSWORD])?;
    let device = room.wait_for_power_cut()?;
    ensure!(
        room.has_stored(device, PASSWORD),
        "the device said COMMITTED before it stored the credentials"
    );
    std::thread::sleep(Duration::from_millis(1500));
    room.switch_on(0, &[])?;
    room.finish(phone)?.is_done()?;
    let trace = room.trace()?;
    ensure!(
        trace::credential_records(&trace) == 1,
        "{} credential records instead of 1",
        trace::credential_records(&trace)
    );
    touched(room, 1)?;
    Ok(())
}

fn interval(room: &mut Room<'_>) -> Result<()> {
    room.air.set_connection_interval(Duration::from_millis(30));
    room.switch_on(0, &TOUCHED_SOON)?;
    connect(room)?.is_done()?;
    let trace = room.trace()?;
    ensure!(
        trace.len() == 1,
        "{} connections where one is enough",
        trace.len()
    );
    let envelopes = trace::envelopes(&trace[0]);
    let at = |kind: u8| {
        envelopes
            .iter()
            .find(|envelope| envelope.has(kind))
            .map(|envelope| trace[0].pdus[envelope.last].at)
    };
    let (Some(sent), Some(answered)) = (at(1), at(2)) else {
        anyhow::bail!("no message_1 or message_2")
    };
    ensure!(
        answered - sent >= Duration::from_millis(30),
        "answered after {:?}: the interval had no effect",
        answered - sent
    );
    Ok(())
}

fn stall(room: &mut Room<'_>) -> Result<()> {
    room.air.on_envelope(once(
        message(Toward::Phone, 2),
        Deed::Stall(Duration::from_secs(3)),
    ));
    room.switch_on(0, &TOUCHED_SOON)?;
    connect(room)?.is_done()?;
    fault_happened(room)?;
    let trace = room.trace()?;
    ensure!(trace.len() == 1, "a stall of 3 s cost the connection");
    Ok(())
}

/// An altered envelope is noticed: that link brings nothing, and either a new one does or the phone says that it failed.
fn bit_flipped(room: &mut Room<'_>, at: impl Fn(&Seen) -> bool + Send + 'static) -> Result<()> {
    room.air.on_envelope(once(at, Deed::FlipBit));
    room.switch_on(0, &TOUCHED_SOON)?;
    let ending = connect(room)?;
    fault_happened(room)?;
    let trace = room.trace()?;
    let first = trace.first().into_iter().cloned().collect::<Vec<_>>();
    ensure!(
        trace::credential_records(&first) == 0,
        "credentials on the connection that was tampered with"
    );
    match ending.code {
        Some(0) => {
            ending.is_done()?;
            ensure!(
                trace.len() > 1,
                "done on the connection that was tampered with"
            );
        }
        Some(_) => ensure!(
            trace::credential_records(&trace) == 0,
            "the phone failed, but credentials had left it"
        ),
        None => anyhow::bail!("the phone was killed by a signal"),
    }
    Ok(())
}

fn mtu_23(room: &mut Room<'_>) -> Result<()> {
    with_mtu(
        room,
        &[TOUCHED_SOON[0], TOUCHED_SOON[1], "--mtu", "23"],
        23..=23,
    )
}

fn mtu_48(room: &mut Room<'_>) -> Result<()> {
    with_mtu(room, &TOUCHED_SOON, 48..=48)
}

fn mtu_517(room: &mut Room<'_>) -> Result<()> {
    // The host stack of the device holds a little less than 517.
    with_mtu(room, &TOUCHED_SOON, 500..=517)
}

fn with_mtu(
    room: &mut Room<'_>,
    options: &[&str],
    expected: std::ops::RangeInclusive<usize>,
) -> Result<()> {
    room.switch_on(0, options)?;
    connect(room)?.is_done()?;
    let trace = room.trace()?;
    let mtu = trace.first().map_or(0, trace::mtu);
    ensure!(expected.contains(&mtu), "the MTU is {mtu}");
    let largest = trace::figures(&trace).map_or(0, |figures| figures.largest_fragment_pdu);
    // Fragments are 2 bytes below what an operation can carry, and of at most 512 bytes; message_2 fills one whatever its size.
    ensure!(
        largest == (mtu - 2).min(512 + 3),
        "the largest fragment takes {largest} bytes at MTU {mtu}"
    );
    Ok(())
}

fn two_devices(room: &mut Room<'_>) -> Result<()> {
    room.switch_on(0, &TOUCHED_SOON)?;
    room.switch_on(1, &[])?;
    connect(room)?.is_done()?;
    let trace = room.trace()?;
    let other = room.air.address(1);
    let to_other: Vec<_> = trace
        .iter()
        .filter(|link| link.peer == other)
        .cloned()
        .collect();
    ensure!(!to_other.is_empty(), "the second device was never verified");
    ensure!(
        trace::credential_records(&to_other) == 0,
        "credentials went to the device nobody touched"
    );
    ensure!(
        !room.has_stored(1, PASSWORD),
        "the other device stored credentials"
    );
    ensure!(
        room.has_stored(0, PASSWORD),
        "the touched device stored nothing"
    );
    Ok(())
}

fn nearest_first(room: &mut Room<'_>) -> Result<()> {
    room.switch_on(0, &[])?;
    room.switch_on(1, &[])?;
    for nearest in [1, 0] {
        room.air.set_rssi(nearest, -45);
        room.air.set_rssi(1 - nearest, -80);
        let before = room.trace()?.len();
        let phone = room.phone(&[PASSWORD])?;
        room.wait("a connection", Duration::from_secs(30), |room| {
            room.trace().is_ok_and(|trace| trace.len() > before)
        })?;
        drop(phone);
        // BlueZ keeps the links of a client that died.
        for device in [0, 1] {
            room.air.lose_link(device);
        }
        let trace = room.trace()?;
        let (first, wanted) = (trace[before].peer, room.air.address(nearest));
        ensure!(
            first == wanted,
            "the first connection went to {first:02x?}, the nearest device is {wanted:02x?}"
        );
    }
    Ok(())
}

/// The phone from start to end, with the right password.
fn connect(room: &Room<'_>) -> Result<Ending> {
    let phone = room.phone(&[PASSWORD])?;
    room.finish(phone)
}

fn message(toward: Toward, kind: u8) -> impl Fn(&Seen) -> bool + Send + 'static {
    move |seen| seen.toward == toward && seen.kind == kind
}

/// A rule that acts on the first envelope `at` accepts, and never again.
fn once(
    at: impl Fn(&Seen) -> bool + Send + 'static,
    deed: Deed,
) -> impl FnMut(Seen) -> Deed + Send + 'static {
    let mut done = false;
    move |seen| {
        let now = !done && at(&seen);
        done |= now;
        if now { deed } else { Deed::Pass }
    }
}

/// # Errors
/// The device was touched more or fewer times.
fn touched(room: &Room<'_>, times: usize) -> Result<()> {
    let touches = room.events(0, "touched")?;
    ensure!(
        touches == times,
        "the device was touched {touches} times instead of {times}"
    );
    Ok(())
}

/// A scenario whose fault never came would prove nothing.
fn fault_happened(room: &Room<'_>) -> Result<()> {
    let deeds = ["LoseLink", "FlipBit", "Stall", "CutPower"];
    ensure!(
        room.air
            .log()
            .iter()
            .any(|line| deeds.iter().any(|deed| line.contains(deed))),
        "the envelope to be disturbed never passed; read air.log"
    );
    Ok(())
}
