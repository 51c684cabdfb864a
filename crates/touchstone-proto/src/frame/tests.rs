//! Two framers and a pipe that loses, repeats and reorders.

use std::{collections::VecDeque, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::message::MAX_ENVELOPE;

type Fragment = Vec<u8>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A phone and a device that answer each other's envelopes by turns.
struct Pair {
    phone: Framer,
    device: Framer,
    up: VecDeque<Fragment>,
    down: VecDeque<Fragment>,
    at_device: Vec<Vec<u8>>,
    at_phone: Vec<Vec<u8>>,
    sent: [usize; 2],
}

fn drain(framer: &mut Framer) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut out = [0; MAX_FRAGMENT];
    while let Some(length) = framer.poll_transmit(&mut out) {
        fragments.push(out[..length].to_vec());
    }
    fragments
}

impl Pair {
    fn new(fragment_size: usize) -> Self {
        Self {
            phone: Framer::new(fragment_size),
            device: Framer::new(fragment_size),
            up: VecDeque::new(),
            down: VecDeque::new(),
            at_device: Vec::new(),
            at_phone: Vec::new(),
            sent: [0, 0],
        }
    }

    /// Moves fragments until nobody has anything to say; `fate` says how often a fragment arrives.
    fn settle(&mut self, mut fate: impl FnMut(Way, usize) -> usize) {
        loop {
            for fragment in drain(&mut self.phone) {
                for _ in 0..fate(Way::Up, self.sent[0]) {
                    self.up.push_back(fragment.clone());
                }
                self.sent[0] += 1;
            }
            for fragment in drain(&mut self.device) {
                for _ in 0..fate(Way::Down, self.sent[1]) {
                    self.down.push_back(fragment.clone());
                }
                self.sent[1] += 1;
            }
            if let Some(fragment) = self.up.pop_front() {
                if let Some(envelope) = self.device.receive(&fragment).unwrap() {
                    self.at_device.push(envelope.to_vec());
                }
            } else if let Some(fragment) = self.down.pop_front() {
                if let Some(envelope) = self.phone.receive(&fragment).unwrap() {
                    self.at_phone.push(envelope.to_vec());
                }
            } else {
                return;
            }
        }
    }

    /// Sends each envelope up, and its answer down once it has arrived; polls while the answer is late.
    fn converse(
        &mut self,
        turns: &[(Vec<u8>, Vec<u8>)],
        polls: usize,
        mut fate: impl FnMut(Way, usize) -> usize,
    ) {
        for (turn, (question, answer)) in turns.iter().enumerate() {
            self.phone.send(question).unwrap();
            let mut answered = false;
            for _ in 0..=polls {
                self.settle(&mut fate);
                if self.at_device.len() > turn && !answered {
                    answered = true;
                    self.device.send(answer).unwrap();
                    self.settle(&mut fate);
                }
                if self.at_phone.len() > turn {
                    break;
                }
                self.phone.poll();
            }
            assert_eq!(self.at_device.len(), turn + 1, "question {turn} arrived");
            assert_eq!(self.at_phone.len(), turn + 1, "answer {turn} arrived");
            assert_eq!(self.at_device[turn], *question);
            assert_eq!(self.at_phone[turn], *answer);
        }
    }
}

fn bytes(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + seed) as u8).collect()
}

/// The sizes of a whole set-up: handshake, records, networks, credentials.
fn set_up() -> Vec<(Vec<u8>, Vec<u8>)> {
    [
        (41, 560),
        (192, 300),
        (65, 33),
        (33, 1041),
        (209, 65),
        (65, 65),
    ]
    .into_iter()
    .enumerate()
    .map(|(turn, (up, down))| (bytes(up, turn), bytes(down, turn + 100)))
    .collect()
}

#[test]
fn every_fragment_size_carries_a_whole_set_up() {
    for fragment_size in MIN_FRAGMENT..=MAX_FRAGMENT {
        Pair::new(fragment_size).converse(&set_up(), 0, |_, _| 1);
    }
}

#[test]
fn the_longest_envelope_fits_at_every_fragment_size_both_ways() {
    let longest = bytes(MAX_ENVELOPE, 1);
    for fragment_size in MIN_FRAGMENT..=MAX_FRAGMENT {
        Pair::new(fragment_size).converse(&[(longest.clone(), longest.clone())], 0, |_, _| 1);
    }
}

#[test]
fn no_bare_acknowledgement_is_sent_from_mtu_185_on() {
    for fragment_size in [180, 242, 512] {
        let mut pair = Pair::new(fragment_size);
        pair.converse(&set_up(), 0, |_, _| 1);
        let data: usize = set_up()
            .iter()
            .flat_map(|(up, down)| [up.len(), down.len()])
            .map(|length| (length + 2).div_ceil(fragment_size - 3))
            .sum();
        assert_eq!(pair.sent[0] + pair.sent[1], data);
    }
}

#[test]
fn the_loss_of_any_single_fragment_is_recovered() {
    for fragment_size in [18, 23, 61, 128, 180, 242, 512] {
        let mut clean = Pair::new(fragment_size);
        clean.converse(&set_up(), 0, |_, _| 1);
        for (way, count) in [(Way::Up, clean.sent[0]), (Way::Down, clean.sent[1])] {
            for lost in 0..count {
                // One poll mends any loss, a lost tail included.
                Pair::new(fragment_size).converse(&set_up(), 1, |at, index| {
                    usize::from((at, index) != (way, lost))
                });
            }
        }
    }
}

#[test]
fn the_loss_of_any_two_fragments_is_recovered() {
    let turns = &set_up()[..3];
    let mut clean = Pair::new(61);
    clean.converse(turns, 0, |_, _| 1);
    let all: Vec<_> = (0..clean.sent[0] + 2)
        .map(|index| (Way::Up, index))
        .chain((0..clean.sent[1] + 2).map(|index| (Way::Down, index)))
        .collect();
    for first in &all {
        for second in &all {
            Pair::new(61).converse(turns, 3, |way, index| {
                usize::from((way, index) != *first && (way, index) != *second)
            });
        }
    }
}

#[test]
fn a_fragment_repeated_by_the_radio_is_dropped_silently() {
    let mut pair = Pair::new(50);
    pair.converse(&set_up(), 0, |_, _| 2);
    let mut once = Pair::new(50);
    once.converse(&set_up(), 0, |_, _| 1);
    // Nothing was said about the repeats.
    assert!(pair.sent[0] + pair.sent[1] <= once.sent[0] + once.sent[1]);
}

#[test]
fn a_resend_differs_in_nothing_but_the_acknowledgement() {
    let mut framer = Framer::new(20);
    framer.send(&bytes(100, 3)).unwrap();
    let first = drain(&mut framer);
    // The peer has sent one fragment in the meantime and has seen nothing.
    framer.receive(&[FIRST | LAST, 0, 0, 0, 1, 9]).unwrap();
    framer.receive(&[CONTROL | RESEND, 1, 0]).unwrap();
    let second = drain(&mut framer);
    assert_eq!(first.len(), second.len());
    for (mut first, second) in first.into_iter().zip(second) {
        assert_eq!((first[2], second[2]), (0, 1));
        first[2] = 1;
        assert_eq!(first, second);
    }
}

#[test]
fn a_gap_is_answered_once() {
    let mut framer = Framer::new(20);
    for seq in 1..5 {
        assert_eq!(framer.receive(&[0, seq, 0, 7]), Ok(None));
    }
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 0]]);
}

#[test]
fn the_next_gap_is_answered_again() {
    let mut framer = Framer::new(20);
    framer.receive(&[0, 1, 0, 7]).unwrap();
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 0]]);
    framer.receive(&[FIRST, 0, 0, 0, 9, 7]).unwrap();
    framer.receive(&[0, 2, 0, 7]).unwrap();
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 1]]);
}

#[test]
fn a_lost_tail_is_noticed_by_the_next_control() {
    let mut framer = Framer::new(20);
    // The peer has sent numbers 0..3, and nothing of it came.
    assert_eq!(framer.receive(&[CONTROL, 3, 0]), Ok(None));
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 0]]);
}

#[test]
fn at_most_sixteen_fragments_are_unacknowledged() {
    let mut framer = Framer::new(18);
    framer.send(&bytes(1000, 0)).unwrap();
    assert_eq!(drain(&mut framer).len(), 16);
    framer.receive(&[CONTROL, 0, 5]).unwrap();
    assert_eq!(drain(&mut framer).len(), 5);
    assert!(!framer.all_acknowledged());
}

#[test]
fn more_than_twelve_unacknowledged_fragments_are_acknowledged() {
    let mut receiver = Framer::new(18);
    let mut sender = Framer::new(18);
    sender.send(&bytes(1000, 0)).unwrap();
    let fragments = drain(&mut sender);
    for fragment in &fragments[..12] {
        receiver.receive(fragment).unwrap();
    }
    assert_eq!(drain(&mut receiver), Vec::<Fragment>::new());
    receiver.receive(&fragments[12]).unwrap();
    assert_eq!(drain(&mut receiver), [[CONTROL, 0, 13]]);
}

#[test]
fn a_poll_is_always_answered() {
    let mut framer = Framer::new(18);
    framer.receive(&[CONTROL | POLL, 0, 0]).unwrap();
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 0]]);
    framer.receive(&[CONTROL | POLL, 0, 0]).unwrap();
    assert_eq!(drain(&mut framer), [[CONTROL | RESEND, 0, 0]]);
}

#[test]
fn malformed_fragments_end_the_link() {
    let malformed: &[&[u8]] = &[
        &[],
        &[FIRST],
        &[FIRST, 0],
        &[FIRST, 0, 0],                    // no total
        &[FIRST, 0, 0, 0],                 // half a total
        &[FIRST, 0, 0, 0, 5],              // empty payload
        &[FIRST | LAST, 0, 0, 0, 0, 1],    // total 0
        &[FIRST, 0, 0, 0x08, 0x01, 1],     // total 2049
        &[FIRST, 0, 0, 0xff, 0xff, 1],     // total 65535
        &[FIRST | LAST, 0, 0, 0, 2, 1],    // total above the sum, LAST early
        &[FIRST | LAST, 0, 0, 0, 1, 1, 1], // total below the sum
        &[FIRST, 0, 0, 0, 1, 1, 1],        // total below the sum, more to come
        &[FIRST, 0, 0, 0, 1, 1],           // complete without LAST
        &[0, 0, 0, 1],                     // no FIRST
        &[LAST, 0, 0, 1],                  // no FIRST
        &[0, 0, 0],                        // empty payload
        &[FIRST | 0x01, 0, 0, 0, 2, 1],    // reserved bit
        &[FIRST | 0x04, 0, 0, 0, 2, 1],    // reserved bit
        &[FIRST | POLL, 0, 0, 0, 2, 1],    // POLL in data
        &[FIRST | RESEND, 0, 0, 0, 2, 1],  // RESEND in data
        &[CONTROL | FIRST, 0, 0],          // CONTROL with FIRST
        &[CONTROL | LAST, 0, 0],           // CONTROL with LAST
        &[CONTROL | 0x02, 0, 0],           // reserved bit
        &[CONTROL, 0],                     // short CONTROL
        &[CONTROL, 0, 0, 0],               // long CONTROL
        &[FIRST | LAST, 0, 1, 0, 1, 1],    // acknowledges what was never sent
        &[CONTROL, 0, 255],                // acknowledges what was never sent
    ];
    for fragment in malformed {
        let mut framer = Framer::new(50);
        assert_eq!(
            framer.receive(fragment),
            Err(FrameError::Malformed),
            "{fragment:x?}"
        );
        assert_eq!(framer.receive(&[CONTROL, 0, 0]), Err(FrameError::Failed));
    }
    let long = vec![FIRST; MAX_FRAGMENT + 1];
    assert_eq!(Framer::new(512).receive(&long), Err(FrameError::Malformed));
}

#[test]
fn a_second_first_inside_an_envelope_ends_the_link() {
    let mut framer = Framer::new(50);
    framer.receive(&[FIRST, 0, 0, 0, 5, 1]).unwrap();
    assert_eq!(
        framer.receive(&[FIRST, 1, 0, 0, 5, 1]),
        Err(FrameError::Malformed)
    );
}

#[test]
fn a_fragment_after_the_end_ends_the_link() {
    let mut framer = Framer::new(50);
    assert_eq!(
        framer.receive(&[FIRST | LAST, 0, 0, 0, 1, 9]),
        Ok(Some(&[9][..]))
    );
    assert_eq!(framer.receive(&[LAST, 1, 0, 1]), Err(FrameError::Malformed));
}

#[test]
fn late_parts_beyond_the_total_end_the_link() {
    let mut framer = Framer::new(50);
    framer.receive(&[FIRST, 0, 0, 0, 3, 1]).unwrap();
    framer.receive(&[0, 1, 0, 2]).unwrap();
    assert_eq!(
        framer.receive(&[LAST, 2, 0, 3, 4]),
        Err(FrameError::Malformed)
    );
}

#[test]
fn every_write_length_up_to_the_largest_attribute_is_survived() {
    for length in 0..=600 {
        for flags in 0..=u8::MAX {
            let mut framer = Framer::new(512);
            let mut fragment = vec![0; length];
            if let Some(first) = fragment.first_mut() {
                *first = flags;
            }
            let _ = framer.receive(&fragment);
        }
    }
}

#[test]
fn an_envelope_out_of_range_is_not_queued() {
    let mut framer = Framer::new(50);
    assert_eq!(framer.send(&[]), Err(FrameError::EnvelopeLength));
    assert_eq!(
        framer.send(&[0; MAX_ENVELOPE + 1]),
        Err(FrameError::EnvelopeLength)
    );
    assert!(framer.all_acknowledged());
}

#[test]
fn a_full_store_refuses_whole_envelopes_and_asks_the_peer() {
    let mut framer = Framer::new(242);
    framer.send(&bytes(MAX_ENVELOPE, 0)).unwrap();
    drain(&mut framer);
    assert_eq!(framer.send(&bytes(1500, 1)), Err(FrameError::Full));
    assert_eq!(drain(&mut framer), [[CONTROL | POLL, 9, 0]]);
    framer.receive(&[CONTROL | RESEND, 0, 9]).unwrap();
    assert!(framer.all_acknowledged());
    framer.send(&bytes(1500, 1)).unwrap();
}

#[test]
fn small_envelopes_follow_each_other_without_acknowledgement() {
    let mut pair = Pair::new(242);
    for turn in 0..12 {
        pair.device.send(&bytes(65, turn)).unwrap();
    }
    pair.settle(|_, _| 1);
    assert_eq!(pair.at_phone.len(), 12);
    assert_eq!(pair.sent, [0, 12]);
}

#[test]
fn sequence_numbers_wrap_around() {
    let mut pair = Pair::new(18);
    let turns: Vec<_> = (0..20)
        .map(|turn| (bytes(300, turn), bytes(300, turn + 1)))
        .collect();
    pair.converse(&turns, 0, |_, _| 1);
    assert!(pair.sent[0] > 400);
}

#[test]
fn out_too_small_for_a_fragment_keeps_it() {
    let mut framer = Framer::new(50);
    framer.send(&[1, 2, 3]).unwrap();
    assert_eq!(framer.poll_transmit(&mut [0; 4]), None);
    assert_eq!(drain(&mut framer).len(), 1);
    framer.poll();
    assert_eq!(framer.poll_transmit(&mut [0; 2]), None);
    assert_eq!(drain(&mut framer).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_lost_repeated_or_delayed_arrives_once_and_in_order(
        fragment_size in MIN_FRAGMENT..=MAX_FRAGMENT,
        lengths in proptest::collection::vec((1..=MAX_ENVELOPE, 1..=600usize), 1..4),
        fates in proptest::collection::vec(0..100u8, 997),
    ) {
        let turns: Vec<_> = lengths
            .into_iter()
            .enumerate()
            .map(|(turn, (up, down))| (bytes(up, turn), bytes(down, turn + 9)))
            .collect();
        Pair::new(fragment_size).converse(&turns, 400, |way, index| {
            let at = index * 2 + usize::from(way == Way::Up);
            match fates[at % fates.len()] {
                0..=14 => 0,
                15..=24 => 2,
                _ => 1,
            }
        });
    }

    #[test]
    fn reordered_fragments_never_end_the_link(
        order in proptest::collection::vec(0..8usize, 600),
    ) {
        let mut pair = Pair::new(40);
        let mut order = order.into_iter().cycle();
        let question = bytes(700, 1);
        pair.phone.send(&question).unwrap();
        for _ in 0..200 {
            pair.up.extend(drain(&mut pair.phone));
            while !pair.up.is_empty() {
                let at = order.next().unwrap() % pair.up.len();
                let fragment = pair.up.remove(at).unwrap();
                if let Some(envelope) = pair.device.receive(&fragment).unwrap() {
                    pair.at_device.push(envelope.to_vec());
                }
            }
            for fragment in drain(&mut pair.device) {
                pair.phone.receive(&fragment).unwrap();
            }
            if !pair.at_device.is_empty() {
                break;
            }
            pair.phone.poll();
        }
        prop_assert_eq!(pair.at_device, [question]);
    }

    #[test]
    fn no_fragments_from_a_peer_panic_or_grow_memory(
        fragments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40),
    ) {
        let mut framer = Framer::new(40);
        framer.send(&bytes(100, 0)).unwrap();
        for fragment in &fragments {
            drain(&mut framer);
            if let Ok(Some(envelope)) = framer.receive(fragment) {
                prop_assert!(envelope.len() <= MAX_ENVELOPE);
            }
        }
    }
}
