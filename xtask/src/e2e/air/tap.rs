//! What passes in the air: the beginnings of envelopes, read out of ACL packets (docs/PROTOCOL.md sections 3 and 4).

use super::hci::ACL;

/// Of an ACL packet that starts a write command or a notification: where the value begins.
const VALUE: usize = 12;
const ATT_CHANNEL: [u8; 2] = [4, 0];
const WRITE_COMMAND: u8 = 0x52;
const NOTIFICATION: u8 = 0x1b;
const FIRST: u8 = 0x80;
const CONTROL: u8 = 0x20;
/// Fragment header of a first fragment: flags, seq, ack, total.
const FIRST_HEADER: usize = 5;

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::e2e) enum Toward {
    Device,
    Phone,
}

/// The beginning of an envelope on its way, before it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::e2e) struct Seen {
    /// Which device's link.
    pub(in crate::e2e) device: usize,
    pub(in crate::e2e) toward: Toward,
    /// Kind of the first message, section 4.
    pub(in crate::e2e) kind: u8,
    /// Length of the envelope.
    pub(in crate::e2e) total: usize,
}

impl Seen {
    /// Whether it is one record of a plaintext class, alone in its envelope.
    pub(in crate::e2e) fn is_record(&self, toward: Toward, class: usize) -> bool {
        self.toward == toward && self.kind == 6 && self.total == 1 + class + 16
    }
}

/// The envelope that starts in this packet.
pub(super) fn envelope_start(packet: &[u8], device: usize, toward: Toward) -> Option<Seen> {
    let opcode = match toward {
        Toward::Device => WRITE_COMMAND,
        Toward::Phone => NOTIFICATION,
    };
    // 0x1000: continuation of an L2CAP frame
    let starts = packet.first() == Some(&ACL) && packet.get(2)? & 0x30 != 0x10;
    if !starts || packet.get(7..9)? != ATT_CHANNEL || packet.get(9) != Some(&opcode) {
        return None;
    }
    match packet.get(VALUE..)? {
        [flags, _, _, high, low, kind, ..] if flags & FIRST != 0 && flags & CONTROL == 0 => {
            Some(Seen {
                device,
                toward,
                kind: kind & 0x7f,
                total: usize::from(u16::from_be_bytes([*high, *low])),
            })
        }
        _ => None,
    }
}

/// Flips one bit well inside the envelope that starts in this packet.
pub(super) fn flip_a_bit(packet: &mut [u8]) {
    let last = packet.len().saturating_sub(1);
    if let Some(byte) = packet.get_mut((VALUE + FIRST_HEADER + 8).min(last)) {
        *byte ^= 0x10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(opcode: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).unwrap();
        [
            &[
                ACL,
                42,
                0x20,
                length + 7,
                0,
                length + 3,
                0,
                4,
                0,
                opcode,
                9,
                0,
            ],
            value,
        ]
        .concat()
    }

    #[test]
    fn the_start_of_an_envelope_tells_kind_and_length() {
        let mut arm = packet(NOTIFICATION, &[0xc0, 7, 3, 0, 65, 6, 0xaa, 0xbb]);
        let seen = envelope_start(&arm, 1, Toward::Phone).unwrap();
        assert_eq!(
            seen,
            Seen {
                device: 1,
                toward: Toward::Phone,
                kind: 6,
                total: 65
            }
        );
        assert!(seen.is_record(Toward::Phone, 48) && !seen.is_record(Toward::Device, 48));
        let before = arm.clone();
        flip_a_bit(&mut arm);
        assert_eq!(
            before
                .iter()
                .zip(&arm)
                .map(|(one, other)| (one ^ other).count_ones())
                .sum::<u32>(),
            1
        );
        assert_eq!(
            before[..VALUE + FIRST_HEADER + 1],
            arm[..VALUE + FIRST_HEADER + 1]
        );
    }

    #[test]
    fn control_fragments_later_fragments_and_other_operations_are_no_start() {
        assert_eq!(
            envelope_start(&packet(NOTIFICATION, &[0x20, 7, 3]), 0, Toward::Phone),
            None
        );
        assert_eq!(
            envelope_start(
                &packet(NOTIFICATION, &[0x40, 7, 3, 1, 2, 3, 4]),
                0,
                Toward::Phone
            ),
            None
        );
        assert_eq!(
            envelope_start(&packet(0x12, &[0x80, 7, 3, 0, 9, 1, 1]), 0, Toward::Device),
            None
        );
        assert_eq!(
            envelope_start(
                &packet(NOTIFICATION, &[0x80, 7, 3, 0, 9, 1, 1]),
                0,
                Toward::Device
            ),
            None
        );
    }
}
