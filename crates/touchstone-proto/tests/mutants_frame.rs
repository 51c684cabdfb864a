//! What mutants of the fragment layer survived until it was tested (docs/FUZZING.md).

use touchstone_proto::frame::{ACK_THRESHOLD, Framer};

const CONTROL: u8 = 0x20;
const POLL: u8 = 0x10;
const RESEND: u8 = 0x08;
const SIZE: usize = 18;

fn next(framer: &mut Framer) -> Option<Vec<u8>> {
    let mut out = [0; SIZE];
    let length = framer.poll_transmit(&mut out)?;
    Some(out[..length].to_vec())
}

#[test]
fn a_poll_goes_out_before_the_data_that_waits() {
    let mut framer = Framer::new(SIZE);
    framer.send(&[1; 40]).unwrap();
    framer.poll();
    assert_eq!(next(&mut framer).unwrap(), [CONTROL | POLL, 0, 0]);
    assert_eq!(next(&mut framer).unwrap()[0] & CONTROL, 0);
}

#[test]
fn a_request_to_resend_goes_out_before_the_data_that_waits() {
    let mut framer = Framer::new(SIZE);
    framer.send(&[1; 40]).unwrap();
    // The peer's first fragment is missing.
    assert_eq!(framer.receive(&[0x40, 1, 0, 7]), Ok(None));
    assert_eq!(next(&mut framer).unwrap(), [CONTROL | RESEND, 0, 0]);
    assert_eq!(next(&mut framer).unwrap()[0] & CONTROL, 0);
}

#[test]
fn an_acknowledgement_alone_is_saved_when_data_carries_it() {
    let (mut sender, mut receiver) = (Framer::new(SIZE), Framer::new(SIZE));
    sender.send(&[2; 300]).unwrap();
    for _ in 0..=ACK_THRESHOLD {
        let fragment = next(&mut sender).unwrap();
        assert_eq!(receiver.receive(&fragment), Ok(None));
    }
    receiver.send(&[3; 5]).unwrap();
    let data = next(&mut receiver).unwrap();
    assert_eq!(data[0] & CONTROL, 0);
    assert_eq!(usize::from(data[2]), ACK_THRESHOLD + 1);
    assert_eq!(next(&mut receiver), None);
}

#[test]
fn every_fragment_that_is_heard_is_counted() {
    let mut framer = Framer::new(SIZE);
    assert_eq!(framer.fragments_received(), 0);
    framer.receive(&[0xc0, 0, 0, 0, 1, 7]).unwrap();
    framer.receive(&[0xc0, 0, 0, 0, 1, 7]).unwrap();
    framer.receive(&[CONTROL, 1, 0]).unwrap();
    assert_eq!(framer.fragments_received(), 3);
}

#[test]
fn an_old_acknowledgement_in_a_repeat_is_harmless() {
    let mut framer = Framer::new(SIZE);
    framer.send(&[1; 20]).unwrap();
    while next(&mut framer).is_some() {}
    framer.receive(&[0xc0, 0, 2, 0, 1, 7]).unwrap();
    assert!(framer.all_acknowledged());
    assert_eq!(framer.receive(&[0xc0, 0, 1, 0, 1, 7]), Ok(None));
}

#[test]
fn a_gap_is_reported_once() {
    let mut framer = Framer::new(SIZE);
    framer.receive(&[0x40, 1, 0, 7]).unwrap();
    assert_eq!(next(&mut framer).unwrap()[0], CONTROL | RESEND);
    framer.receive(&[0x40, 2, 0, 7]).unwrap();
    assert_eq!(next(&mut framer), None);
}
