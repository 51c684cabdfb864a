//! Peak heap of both sides, and what the device role needs instead of a heap.

use std::{hint::black_box, mem::size_of};

use anyhow::ensure;
use serde_json::{Value, json};
use touchstone::Outcome;
use touchstone_device::{Device, Suites};
use touchstone_proto::phone::{CredentialForm, Session};
use touchstone_sim::factory;
use touchstone_trust::DevelopmentPolicy;

use crate::{
    heap::{Side, Use, on_behalf, restart, used},
    pair::{Observer, Pair, Step},
    ports::BenchPorts,
    replay::Recording,
    sdk, stack,
};

struct Sides;

impl Observer for Sides {
    fn observe<T>(&mut self, step: Step, work: impl FnOnce() -> T) -> T {
        on_behalf(step.side(), work)
    }
}

pub(crate) fn figures() -> anyhow::Result<Value> {
    let recording = Recording::new(Suites::Classical)?;
    let start_stack = stack::depth(|| {
        black_box(recording.device().is_ok());
    });
    let device_stack = played(&recording)?;
    let hybrid_stack = played(&Recording::new(Suites::WithHybrid)?)?;
    let (phone, device) = handshake()?;
    let one = set_up(1)?;
    let four = set_up(4)?;
    restart(Side::Phone);
    let before = used(Side::Phone).live;
    let bundle = on_behalf(Side::Phone, || {
        factory().bundle(DevelopmentPolicy::Announce)
    });
    let bundle_bytes = used(Side::Phone).live - before;
    drop(bundle);
    Ok(json!({
        "device_heap_peak": device.peak,
        "device_heap_allocations": device.allocations,
        "device_state_bytes": size_of::<Device<BenchPorts>>() - size_of::<BenchPorts>(),
        "device_stack_bytes": device_stack,
        "device_stack_start_bytes": start_stack.ok(),
        "device_stack_hybrid_bytes": hybrid_stack,
        "phone_handshake_heap_peak": phone.peak,
        "phone_session_bytes": size_of::<Session>(),
        "phone_sdk_heap_peak": one.peak,
        "phone_sdk_heap_peak_four_devices": four.peak,
        "phone_sdk_heap_left": one.live,
        "trust_bundle_heap": bundle_bytes,
    }))
}

/// How deep the stack of a device gets that hears this; `None` where that is not measured.
fn played(recording: &Recording) -> anyhow::Result<Option<usize>> {
    let mut device = Box::new(recording.device()?);
    let depth = stack::depth(|| {
        recording.play(&mut device, recording.up.len());
    });
    Ok(depth.ok())
}

/// What phone and device use in one handshake, without the SDK.
fn handshake() -> anyhow::Result<(Use, Use)> {
    let pair = Pair::new(Suites::Classical)?;
    restart(Side::Phone);
    restart(Side::Device);
    let before = used(Side::Phone).live;
    pair.handshake(1, CredentialForm::ByValue, &mut Sides)?;
    let mut phone = used(Side::Phone);
    phone.peak -= before;
    Ok((phone, used(Side::Device)))
}

/// What the SDK uses for a whole set-up among this many devices.
fn set_up(lamps: u32) -> anyhow::Result<Use> {
    let before = used(Side::Phone).live;
    restart(Side::Phone);
    let report = sdk::set_up(lamps);
    ensure!(
        report.outcome == Outcome::Connected,
        "the set-up ends with {:?}",
        report.outcome
    );
    drop(report);
    let mut sdk = used(Side::Phone);
    sdk.peak -= before;
    sdk.live -= before;
    Ok(sdk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_role_needs_no_heap() {
        let (phone, device) = handshake().expect("a handshake");
        assert_eq!((device.peak, device.allocations), (0, 0));
        // The measure works: the phone parses certificates on the heap.
        assert!(phone.peak > 0);
    }

    #[test]
    fn the_sdk_gives_all_its_memory_back() {
        assert_eq!(set_up(1).expect("a set-up").live, 0);
    }
}
