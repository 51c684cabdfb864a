//! HCI packets in H4 framing (Bluetooth Core, volume 4, part A), as far as the air has to understand them.

use std::io::{self, Read};

pub(super) const COMMAND: u8 = 1;
pub(super) const ACL: u8 = 2;
pub(super) const EVENT: u8 = 4;
/// Answer of /dev/vhci to the creation of a controller.
pub(super) const VENDOR: u8 = 0xff;

pub(super) const DISCONNECT: u16 = 0x0406;
pub(super) const RESET: u16 = 0x0c03;
pub(super) const READ_ADDRESS: u16 = 0x1009;
pub(super) const SET_RANDOM_ADDRESS: u16 = 0x2005;
pub(super) const ADVERTISING_PARAMETERS: u16 = 0x2006;
pub(super) const ADVERTISING_DATA: u16 = 0x2008;
pub(super) const SCAN_RESPONSE_DATA: u16 = 0x2009;
pub(super) const ADVERTISING_ENABLE: u16 = 0x200a;
pub(super) const SCAN_PARAMETERS: u16 = 0x200b;
pub(super) const SCAN_ENABLE: u16 = 0x200c;

/// Cuts a stream into packets; /dev/vhci, which gives one packet a read, is cut the same way.
pub(super) struct Packets<R> {
    from: R,
    pending: Vec<u8>,
}

impl<R: Read> Packets<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            pending: Vec::new(),
        }
    }

    /// The next packet, its type byte first; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(length) = packet_length(&self.pending)? {
                let rest = self.pending.split_off(length);
                return Ok(Some(std::mem::replace(&mut self.pending, rest)));
            }
            match self.from.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(length) => self.pending.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Length of the packet at the start of `bytes`, once all of it is there.
fn packet_length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let length = match *bytes {
        [] => return Ok(None),
        [COMMAND, _, _, length, ..] => 4 + usize::from(length),
        [ACL, _, _, low, high, ..] => 5 + usize::from(u16::from_le_bytes([low, high])),
        [EVENT, _, length, ..] => 3 + usize::from(length),
        [VENDOR, _, _, _, ..] => 4,
        [COMMAND | ACL | EVENT | VENDOR, ..] => return Ok(None),
        [other, ..] => return Err(io::Error::other(format!("packet type {other:#04x}"))),
    };
    Ok((bytes.len() >= length).then_some(length))
}

/// Opcode and parameters, if it is a command.
pub(super) fn as_command(packet: &[u8]) -> Option<(u16, &[u8])> {
    match packet {
        [COMMAND, low, high, _, parameters @ ..] => {
            Some((u16::from_le_bytes([*low, *high]), parameters))
        }
        _ => None,
    }
}

pub(super) fn command(opcode: u16, parameters: &[u8]) -> Vec<u8> {
    let [low, high] = opcode.to_le_bytes();
    let length = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
    [&[COMMAND, low, high, length], parameters].concat()
}

/// An event the air reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// Command Complete or Command Status: the command it answers, and the return parameters after the status.
    Answer(u16, &'a [u8]),
    Connected {
        handle: u16,
        peer: [u8; 6],
    },
    Disconnected {
        handle: u16,
    },
    AdvertisingReport,
    Other,
}

pub(super) fn as_event(packet: &[u8]) -> Option<Event<'_>> {
    Some(match *packet {
        [EVENT, 0x0e, _, _, low, high, _status, ref values @ ..] => {
            Event::Answer(u16::from_le_bytes([low, high]), values)
        }
        [EVENT, 0x0f, _, _, _, low, high] => Event::Answer(u16::from_le_bytes([low, high]), &[]),
        [
            EVENT,
            0x3e,
            _,
            0x01 | 0x0a,
            0,
            low,
            high,
            _,
            _,
            a,
            b,
            c,
            d,
            e,
            f,
            ..,
        ] => Event::Connected {
            handle: u16::from_le_bytes([low, high]),
            peer: [a, b, c, d, e, f],
        },
        [EVENT, 0x05, _, 0, low, high, _] => Event::Disconnected {
            handle: u16::from_le_bytes([low, high]),
        },
        [EVENT, 0x3e, _, 0x02, ..] => Event::AdvertisingReport,
        [EVENT, ..] => Event::Other,
        _ => return None,
    })
}

/// Connection handle of an ACL packet.
pub(super) fn acl_handle(packet: &[u8]) -> u16 {
    packet
        .get(1..3)
        .and_then(|word| word.try_into().ok())
        .map_or(0, u16::from_le_bytes)
        & 0x0fff
}

/// An ACL packet as its receiver gets it: under its own handle, and as "first, flushable" where the sender said "first, not flushable".
pub(super) fn forward_acl(packet: &mut [u8], handle: u16) {
    if let Some([low, high]) = packet.get_mut(1..3) {
        let boundary = match u16::from(*high >> 4 & 3) {
            0 => 2,
            other => other,
        };
        let word = (handle & 0x0fff | boundary << 12).to_le_bytes();
        [*low, *high] = word;
    }
}

/// Changes the handle in an LE (Enhanced) Connection Complete event.
pub(super) fn set_connected_handle(packet: &mut [u8], handle: u16) {
    if let Some(place) = packet.get_mut(5..7) {
        place.copy_from_slice(&handle.to_le_bytes());
    }
}

/// Number Of Completed Packets: one, on this link.
pub(super) fn completed_packet(handle: u16) -> Vec<u8> {
    let [low, high] = handle.to_le_bytes();
    vec![EVENT, 0x13, 5, 1, low, high, 1, 0]
}

/// LE Advertising Report with one report.
pub(super) fn advertising_report(
    kind: u8,
    address_kind: u8,
    address: [u8; 6],
    data: &[u8],
    rssi: i8,
) -> Vec<u8> {
    let data_length = u8::try_from(data.len()).unwrap_or(31);
    let mut packet = vec![
        EVENT,
        0x3e,
        data_length.saturating_add(12),
        0x02,
        1,
        kind,
        address_kind,
    ];
    packet.extend(address);
    packet.push(data_length);
    packet.extend(data);
    packet.extend(rssi.to_le_bytes());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_at_the_packets_whatever_its_pieces() {
        let stream = [
            &command(RESET, &[])[..],
            &[ACL, 42, 0, 2, 0, 9, 9],
            &[EVENT, 0x0e, 4, 1, 3, 0x0c, 0],
        ]
        .concat();
        struct Drip<'a>(&'a [u8]);
        impl Read for Drip<'_> {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut to[..1])
            }
        }
        let mut packets = Packets::new(Drip(&stream));
        assert_eq!(packets.next().unwrap().unwrap(), [COMMAND, 3, 0x0c, 0]);
        assert_eq!(packets.next().unwrap().unwrap().len(), 7);
        assert_eq!(
            as_event(&packets.next().unwrap().unwrap()),
            Some(Event::Answer(RESET, &[]))
        );
        assert_eq!(packets.next().unwrap(), None);
    }

    #[test]
    fn an_unknown_packet_type_is_an_error_and_not_an_endless_wait() {
        assert!(Packets::new(&[0x77, 0, 0, 0, 0, 0][..]).next().is_err());
    }

    #[test]
    fn data_arrives_under_the_receivers_handle_and_with_its_boundary_kept() {
        let mut start = [ACL, 43, 0x00, 1, 0, 9];
        forward_acl(&mut start, 42);
        assert_eq!(start, [ACL, 42, 0x20, 1, 0, 9]);
        let mut continuation = [ACL, 42, 0x10, 1, 0, 9];
        forward_acl(&mut continuation, 0x0123);
        assert_eq!(continuation, [ACL, 0x23, 0x11, 1, 0, 9]);
        assert_eq!(acl_handle(&continuation), 0x0123);
    }

    #[test]
    fn a_report_has_the_length_it_says() {
        let report = advertising_report(0, 1, [1, 2, 3, 4, 5, 0xc6], &[2, 1, 6], -50);
        assert_eq!(packet_length(&report).unwrap(), Some(report.len()));
        assert_eq!(as_event(&report), Some(Event::AdvertisingReport));
        assert_eq!(report.last(), Some(&0xce));
    }
}
