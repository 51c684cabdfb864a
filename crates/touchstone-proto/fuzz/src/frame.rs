//! Fragments: a hostile peer, and a bad air between two honest ones.

use std::collections::VecDeque;

use touchstone_proto::frame::{FrameError, Framer};

const LONGEST: usize = 2048;

pub fn run(input: &[u8]) {
    match input.split_first() {
        Some((mode, script)) if mode & 1 == 0 => hostile(*mode, script),
        Some((mode, script)) => bad_air(*mode, script),
        None => {}
    }
}

fn size(mode: u8) -> usize {
    [18, 19, 64, 244, 512, 0][usize::from(mode >> 1) % 6]
}

/// Whatever arrives: no panic, no envelope longer than allowed, nothing after a malformed fragment.
fn hostile(mode: u8, script: &[u8]) {
    let mut framer = Framer::new(size(mode));
    let mut rest = script;
    let mut failed = false;
    let mut expected = 0u8;
    while let Some((operation, after)) = rest.split_first() {
        rest = after;
        let length = usize::from(*rest.first().unwrap_or(&0));
        match operation % 8 {
            0 => drop(framer.send(&vec![*operation; length * 9])),
            1 => framer.poll(),
            2 => {
                let mut out = [0; 512];
                if let Some(length) = framer.poll_transmit(&mut out[..(length * 3).min(512)]) {
                    assert!((3..=512).contains(&length));
                }
            }
            kind => {
                let (fragment, after) = rest.split_at(rest.len().min(length % 64 + 1));
                rest = after;
                let mut fragment = fragment.to_vec();
                // Most random fragments would be refused for their number.
                if kind > 4 && fragment.len() > 3 {
                    fragment[1] = expected;
                    fragment[2] = 0;
                }
                let before = framer.fragments_received();
                match framer.receive(&fragment) {
                    Ok(envelope) => {
                        assert!(!failed);
                        if let Some(envelope) = envelope {
                            assert!((1..=LONGEST).contains(&envelope.len()));
                        }
                        assert!(framer.fragments_received() > before);
                        if kind > 4 && fragment.len() > 3 && fragment[0] & 0x20 == 0 {
                            expected = expected.wrapping_add(1);
                        }
                    }
                    Err(error) => {
                        assert_eq!(error == FrameError::Failed, failed);
                        failed = true;
                    }
                }
            }
        }
    }
}

struct End {
    framer: Framer,
    /// Envelopes that the other side must receive, in order.
    due: VecDeque<Vec<u8>>,
    air: VecDeque<Vec<u8>>,
}

/// Fragments are lost, repeated and overtaken; both sides still read exactly what was sent, in order, and never call each other malformed.
fn bad_air(mode: u8, script: &[u8]) {
    let mut ends = [(); 2].map(|()| End {
        framer: Framer::new(size(mode)),
        due: VecDeque::new(),
        air: VecDeque::new(),
    });
    let mut script = script.iter().copied();
    while let Some(step) = script.next() {
        let [one, other] = &mut ends;
        let (from, to) = if step & 1 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        match step >> 1 & 7 {
            0 => {
                let length = usize::from(script.next().unwrap_or(0)) * 8 + 1;
                let envelope: Vec<u8> = (0..length).map(|at| at as u8 ^ step).collect();
                if length <= LONGEST && from.framer.send(&envelope).is_ok() {
                    from.due.push_back(envelope);
                }
            }
            1 => from.framer.poll(),
            2 => drop(from.air.pop_front()),
            // A repeat or a turn in order, of what is in the air at the same time.
            3 if from.air.len() > 1 => from.air.swap(0, 1),
            4 => {
                if let Some(fragment) = from.air.front().cloned() {
                    from.air.push_front(fragment);
                }
            }
            5 | 6 => arrive(from, to),
            _ => transmit(from),
        }
    }
    // The air clears: whatever was sent arrives.
    for _ in 0..400 {
        let [one, other] = &mut ends;
        if [&*one, &*other].iter().all(|end| end.due.is_empty()) {
            break;
        }
        for end in [&mut *one, &mut *other] {
            end.framer.poll();
        }
        for _ in 0..20 {
            transmit(one);
            transmit(other);
            while !one.air.is_empty() {
                arrive(one, other);
            }
            while !other.air.is_empty() {
                arrive(other, one);
            }
        }
    }
    for end in &ends {
        assert!(end.due.is_empty(), "{:?}", end.framer);
    }
}

fn transmit(from: &mut End) {
    let mut out = [0; 512];
    if from.air.len() < 16
        && let Some(length) = from.framer.poll_transmit(&mut out)
    {
        from.air.push_back(out[..length].to_vec());
    }
}

fn arrive(from: &mut End, to: &mut End) {
    let Some(fragment) = from.air.pop_front() else {
        return;
    };
    match to.framer.receive(&fragment) {
        Ok(Some(envelope)) => assert_eq!(Some(envelope), from.due.pop_front().as_deref()),
        Ok(None) => {}
        Err(error) => panic!("{error}: {fragment:x?}"),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    // Two fragments of an envelope of 20 bytes, as an end with the smallest size sends them.
    let mut framer = Framer::new(18);
    framer.send(&[7; 20]).expect("it fits");
    let mut script = vec![0];
    let mut out = [0; 18];
    while let Some(length) = framer.poll_transmit(&mut out) {
        // The length is the first byte of the fragment too: flags 0x80 and 0x40 take more than there is.
        script.push(3);
        script.extend_from_slice(&out[..length]);
    }
    vec![
        script,
        vec![0, 0, 60, 2, 255, 2, 255, 3, 0x30, 0, 0, 1, 2, 255],
        vec![1, 0, 40, 0x0e, 0x0e, 0x0a, 0x0a, 1, 9, 0x0f, 0x0b],
        vec![3, 0, 255, 0x0e, 0x0e, 0x0e, 4, 6, 8, 0x0a, 0x0c, 2, 0x0e],
    ]
}
