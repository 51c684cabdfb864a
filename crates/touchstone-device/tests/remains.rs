//! What a device keeps of the passwords that it was given: nothing, once their claim has ended. An optimiser leaves out writes that nobody reads, so that
//! this is run with optimisation as well (`cargo xtask test --only remains`).

// Shared with the other tests, which use more of it.
#[allow(dead_code, unused_imports)]
#[path = "support/mod.rs"]
mod support;

use support::{ADDRESS, FRAGMENT, Heard, Room, Who, network, s};
use touchstone_device::ports::JoinStatus;
use touchstone_proto::record::ReleaseReason;

/// How often the password, its end or not, lies in the device's own memory.
fn remains(room: &Room, password: &str) -> usize {
    let device = &raw const room.device;
    let bytes: Vec<u8> = (0..size_of_val(&room.device))
        // SAFETY: within the device. Volatile, as it may be a byte that was never written.
        .map(|at| unsafe { device.cast::<u8>().add(at).read_volatile() })
        .collect();
    let part = &password.as_bytes()[..12];
    bytes.windows(12).filter(|window| *window == part).count()
}

#[test]
fn a_password_is_gone_when_its_claim_has_ended_however_it_ends() {
    type End = fn(&mut Room, Who);
    let ends: [(&str, End); 8] = [
        ("released", |room, phone| {
            room.release(phone, ReleaseReason::Failed);
        }),
        ("replaced and released", |room, phone| {
            let credentials = network("Home", "another password");
            let envelope = room.phones[phone].session.correct_credentials(&credentials);
            room.phones[phone].send(&envelope.unwrap());
            room.settle();
            room.release(phone, ReleaseReason::Failed);
        }),
        ("silence", |room, phone| {
            room.hang_up(phone);
            room.wait(s(11 * 60));
        }),
        ("the end of the window", |room, phone| {
            room.keep(phone, s(61 * 60));
        }),
        ("reset", |room, _| room.press(s(11))),
        ("confirmed", |room, phone| {
            room.wifi(JoinStatus::Joined { address: ADDRESS });
            room.confirm(phone);
            assert!(
                room.heard(phone)
                    .iter()
                    .any(|heard| matches!(heard, Heard::Committed(_)))
            );
        }),
        ("released by a later session", |room, phone| {
            room.hang_up(phone);
            let phone = room.session(1);
            room.release(phone, ReleaseReason::Cancelled);
        }),
        ("reset, and others since", |room, _| {
            room.press(s(11));
            let phone = room.dial(2, FRAGMENT);
            room.settle();
            room.hang_up(phone);
        }),
    ];
    for (number, (name, end)) in ends.into_iter().enumerate() {
        // One of its own: what the rooms before have left on the stack is not this device's.
        let password = format!("{number} correct horses");
        let mut room = Room::new();
        let phone = room.touched(1);
        room.credentials(phone, &network("Home", &password));
        // Held as long as it is tried.
        assert!(remains(&room, &password) >= 1, "{name}");
        end(&mut room, phone);
        assert_eq!(remains(&room, &password), 0, "{name}");
    }
}
