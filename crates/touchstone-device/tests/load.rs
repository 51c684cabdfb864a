//! Much of everything for one device in one boot: what it computes under a flood, and what it keeps after thousands of sessions.

// Shared with the other tests, which use more of it.
#[allow(dead_code, unused_imports)]
#[path = "support/mod.rs"]
mod support;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use support::{FRAGMENT, Heard, Room, ms, network, s};
use touchstone_device::{Device, LinkId, ports::JoinStatus};
use touchstone_proto::record::ReleaseReason;

/// Counts the bytes that this thread holds: each test has a thread of its own.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: usize, sign: isize) {
    let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
    // The thread may be on its way out.
    let _ = LIVE.try_with(|live| live.set(live.get() + sign * bytes));
}

// SAFETY: everything is the system allocator's; it is only counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

fn live() -> isize {
    LIVE.with(Cell::get)
}

/// The flood: connect, one message_1, disconnect, as fast as a radio could at best, one a millisecond.
#[test]
fn a_flood_of_100_000_beginnings_costs_no_more_signatures_than_the_bucket_holds() {
    const FLOOD: u32 = 100_000;
    let mut room = Room::new();
    let stranger = room.dial(9, FRAGMENT);
    let mut buffer = [0; 512];
    let length = room.phones[stranger].transmit(&mut buffer).unwrap();
    let hello = buffer[..length].to_vec();
    room.hang_up(stranger);
    let (began, before) = (room.now, room.signatures());
    let mut answers = 0;
    for number in 0..FLOOD {
        room.now += ms(1);
        let link = LinkId(1_000 + number);
        assert!(room.device.connected(room.now, link, FRAGMENT));
        room.device.received(room.now, link, &hello);
        while room.device.poll_transmit(link, &mut buffer).is_some() {
            answers += 1;
        }
        room.device.disconnected(room.now, link);
        while room.device.poll_disconnect().is_some() {}
    }
    let elapsed = (room.now - began).as_secs();
    let allowed = 5 + usize::try_from(elapsed / 2).unwrap();
    let signed = room.signatures() - before;
    println!("{FLOOD} beginnings in {elapsed} s: {signed} signatures, {allowed} allowed");
    assert!(signed > 5, "the flood was not noticed at all");
    assert!(signed <= allowed, "{signed} signatures in {elapsed} s");
    assert!(answers > 0);
    // And then an honest phone gets its turn.
    room.wait(s(20));
    room.armed(1);
}

/// One session after the other, every fourth of them touched and given up after it had credentials.
fn sessions(room: &mut Room, count: usize) {
    for number in 0..count {
        let phone = room.armed(u8::try_from(number % 5 + 1).unwrap());
        if number % 4 == 0 {
            room.touch();
            room.credentials(phone, &network("Home", "correct horse"));
            room.wifi(JoinStatus::WrongPassword);
        }
        room.heard(phone);
        room.release(phone, ReleaseReason::Cancelled);
        room.hang_up(phone);
        room.phones.clear();
        // The press that keeps the window open, and the bucket's refill.
        room.wait(s(4));
        room.press(ms(120));
        room.world.with(|world| {
            world.signals = Vec::new();
            world.joins = Vec::new();
        });
    }
}

fn flat(count: usize) {
    let mut room = Room::new();
    sessions(&mut room, 20);
    let before = live();
    sessions(&mut room, count);
    let after = live();
    println!("{count} sessions: {before} bytes before, {after} after");
    // Buffers of the test may grow and shrink by a few bytes; a byte a session would show.
    assert!(
        (after - before).unsigned_abs() < count.min(400),
        "{before} bytes before, {after} after {count} sessions"
    );
    let phone = room.armed(1);
    room.touch();
    assert!(matches!(room.heard(phone)[..], [Heard::Touched { .. }]));
}

#[test]
fn r9_memory_is_flat_over_500_sessions_in_a_row() {
    flat(500);
}

/// `cargo test --release -p touchstone-device --test load -- --ignored`
#[test]
#[ignore = "takes a minute in release; figures in docs/THREATS.md"]
fn r9_memory_is_flat_over_10_000_sessions_in_a_row() {
    flat(10_000);
}

/// What a device holds for a peer is part of its size, which never changes.
#[test]
fn reassembly_is_part_of_the_fixed_size_of_the_device() {
    assert!(size_of::<Device<support::TestPorts>>() < 48 * 1024);
    let mut room = Room::new();
    let phone = room.dial(1, FRAGMENT);
    let before = live();
    // The first fragment of the longest envelope there is, and no last one.
    let mut first = vec![0x80, 0, 0, 0x08, 0x00];
    first.resize(FRAGMENT, 1);
    let link = room.phones[phone].link;
    room.device.received(room.now, link, &first);
    for sequence in 1..9 {
        // In turn, again, and ahead of what is missing.
        for number in [sequence, sequence, sequence + 5] {
            let mut next = vec![0, number, 0];
            next.resize(FRAGMENT, 1);
            room.device.received(room.now, link, &next);
        }
    }
    assert_eq!(live() - before, isize::try_from(first.capacity()).unwrap());
}
