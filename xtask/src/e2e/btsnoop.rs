//! Reads btsnoop logs of the kernel's Bluetooth monitor (datalink 2001): connections and ATT operations as the phone's host saw them.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, ensure};

const MONITOR: u32 = 2001;
const EVENT: u32 = 3;
const ACL_SENT: u32 = 4;
const ACL_RECEIVED: u32 = 5;
/// L2CAP channel of the attribute protocol on LE.
const ATT_CHANNEL: usize = 4;
/// From 0000-01-01 (btsnoop) to 2000-01-01, in microseconds, as btmon counts.
const EPOCH: u64 = 0x00E0_3AB4_4A67_6000;

/// One operation of the attribute protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pdu {
    /// Since the beginning of the log.
    pub(super) at: Duration,
    pub(super) from_phone: bool,
    /// Opcode first.
    pub(super) bytes: Vec<u8>,
}

impl Pdu {
    pub(super) fn opcode(&self) -> u8 {
        self.bytes.first().copied().unwrap_or(0)
    }

    /// Attribute handle and value of a write, command or notification.
    pub(super) fn handle_and_value(&self) -> Option<(u16, &[u8])> {
        match self.bytes.as_slice() {
            [0x12 | 0x52 | 0x1b, low, high, value @ ..] => {
                Some((u16::from_le_bytes([*low, *high]), value))
            }
            _ => None,
        }
    }
}

/// One connection, from its establishment to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// The peer's address, as printed: most significant byte first.
    pub(super) peer: [u8; 6],
    pub(super) opened: Duration,
    pub(super) closed: Option<Duration>,
    /// Controller's reason for the end (0x08 supervision timeout, 0x13 by the peer, 0x16 by the phone).
    pub(super) reason: u8,
    pub(super) pdus: Vec<Pdu>,
}

/// All LE connections in a log, in the order of their establishment.
///
/// # Errors
/// The log is not a monitor log, or a record in it is cut short other than at the end.
pub(super) fn links(log: &[u8]) -> Result<Vec<Link>> {
    ensure!(log.get(..8) == Some(b"btsnoop\0"), "not a btsnoop log");
    ensure!(
        be32(log, 12)? == MONITOR,
        "not a log of the kernel's monitor"
    );
    let mut links: Vec<Link> = Vec::new();
    let mut open: HashMap<(u32, u16), usize> = HashMap::new();
    let mut frames: HashMap<(u32, u16, bool), Vec<u8>> = HashMap::new();
    let mut origin = None;
    let mut offset = 16;
    // The writer may have been stopped within a record: that one is not there.
    while let Some(header) = log.get(offset..offset + 24) {
        let length = usize::try_from(be32(header, 4)?)?;
        let (controller, opcode) = (be32(header, 8)? >> 16, be32(header, 8)? & 0xffff);
        let stamp = u64::from(be32(header, 16)?) << 32 | u64::from(be32(header, 20)?);
        let stamp = Duration::from_micros(stamp.saturating_sub(EPOCH));
        let at = stamp.saturating_sub(*origin.get_or_insert(stamp));
        let Some(packet) = log.get(offset + 24..offset + 24 + length) else {
            break;
        };
        offset += 24 + length;
        match (opcode, packet) {
            // LE Connection Complete and LE Enhanced Connection Complete, successful
            (
                EVENT,
                [
                    0x3e,
                    _,
                    0x01 | 0x0a,
                    0,
                    low,
                    high,
                    _role,
                    _kind,
                    address @ ..,
                ],
            ) if address.len() >= 6 => {
                let handle = u16::from_le_bytes([*low, *high]) & 0x0fff;
                let mut peer = [0; 6];
                for (to, from) in peer.iter_mut().zip(address[..6].iter().rev()) {
                    *to = *from;
                }
                open.insert((controller, handle), links.len());
                links.push(Link {
                    peer,
                    opened: at,
                    ..Link::default()
                });
                frames.retain(|(index, of, _), _| (*index, *of) != (controller, handle));
            }
            (EVENT, [0x05, _, 0, low, high, reason, ..]) => {
                let handle = u16::from_le_bytes([*low, *high]) & 0x0fff;
                if let Some(link) = open
                    .remove(&(controller, handle))
                    .and_then(|index| links.get_mut(index))
                {
                    (link.closed, link.reason) = (Some(at), *reason);
                }
            }
            (ACL_SENT | ACL_RECEIVED, [low, high, _, _, data @ ..]) => {
                let word = u16::from_le_bytes([*low, *high]);
                let (handle, continued) = (word & 0x0fff, word >> 12 & 3 == 1);
                let from_phone = opcode == ACL_SENT;
                let frame = frames.entry((controller, handle, from_phone)).or_default();
                if !continued {
                    frame.clear();
                }
                frame.extend_from_slice(data);
                let Some((header, body)) = frame.split_first_chunk::<4>() else {
                    continue;
                };
                let length = usize::from(u16::from_le_bytes([header[0], header[1]]));
                let channel = usize::from(u16::from_le_bytes([header[2], header[3]]));
                if channel == ATT_CHANNEL && body.len() == length {
                    let pdu = Pdu {
                        at,
                        from_phone,
                        bytes: body.to_vec(),
                    };
                    if let Some(link) = open
                        .get(&(controller, handle))
                        .and_then(|index| links.get_mut(*index))
                    {
                        link.pdus.push(pdu);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(links)
}

fn be32(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    Ok(u32::from_be_bytes(
        word.ok_or_else(|| anyhow::anyhow!("the log is cut short"))?,
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a log as btmon does.
    pub(in crate::e2e) struct Writer(Vec<u8>, u64);

    impl Writer {
        pub(in crate::e2e) fn new() -> Self {
            let mut log = b"btsnoop\0".to_vec();
            log.extend([0, 0, 0, 1, 0, 0, 7, 0xd1]);
            Self(log, EPOCH + 1_000_000)
        }

        pub(in crate::e2e) fn record(&mut self, opcode: u32, packet: &[u8]) {
            let length = u32::try_from(packet.len()).unwrap();
            for word in [length, length, opcode, 0] {
                self.0.extend(word.to_be_bytes());
            }
            self.0.extend(self.1.to_be_bytes());
            self.0.extend(packet);
            self.1 += 1_000;
        }

        pub(in crate::e2e) fn connected(&mut self, handle: u8, last_of_address: u8) {
            self.record(
                EVENT,
                &[
                    0x3e,
                    19,
                    1,
                    0,
                    handle,
                    0,
                    0,
                    1,
                    last_of_address,
                    2,
                    3,
                    4,
                    5,
                    0xc6,
                    24,
                    0,
                    0,
                    0,
                    42,
                    0,
                    0,
                ],
            );
        }

        pub(in crate::e2e) fn att(&mut self, handle: u8, from_phone: bool, pdu: &[u8]) {
            let length = u8::try_from(pdu.len()).unwrap_or(u8::MAX);
            let mut packet = vec![
                handle,
                if from_phone { 0 } else { 0x20 },
                length.wrapping_add(4),
                0,
            ];
            packet.extend(u16::try_from(pdu.len()).unwrap().to_le_bytes());
            packet.extend([4, 0]);
            packet.extend(pdu);
            self.record(if from_phone { ACL_SENT } else { ACL_RECEIVED }, &packet);
        }

        pub(in crate::e2e) fn links(&self) -> Vec<Link> {
            links(&self.0).unwrap()
        }
    }

    #[test]
    fn operations_belong_to_the_connection_their_handle_names() {
        let mut log = Writer::new();
        log.connected(42, 0x11);
        log.connected(43, 0x22);
        log.att(43, true, &[0x52, 9, 0, 0xaa]);
        log.att(42, false, &[0x1b, 7, 0, 0xbb, 0xcc]);
        let links = log.links();
        assert_eq!(links.len(), 2);
        assert_eq!(links[0].peer, [0xc6, 5, 4, 3, 2, 0x11]);
        assert_eq!(
            links[0].pdus[0].handle_and_value(),
            Some((7, &[0xbb, 0xcc][..]))
        );
        assert!(!links[0].pdus[0].from_phone);
        assert_eq!(
            links[1].pdus,
            [Pdu {
                at: Duration::from_millis(2),
                from_phone: true,
                bytes: vec![0x52, 9, 0, 0xaa]
            }]
        );
    }

    #[test]
    fn a_frame_in_three_packets_is_one_operation() {
        let mut log = Writer::new();
        log.connected(42, 1);
        log.record(ACL_SENT, &[42, 0x00, 6, 0, 5, 0, 4, 0, 0x52, 9]);
        log.record(ACL_SENT, &[42, 0x10, 2, 0, 0, 1]);
        log.record(ACL_SENT, &[42, 0x10, 1, 0, 2]);
        assert_eq!(log.links()[0].pdus[0].bytes, [0x52, 9, 0, 1, 2]);
        assert_eq!(log.links()[0].pdus.len(), 1);
    }

    #[test]
    fn other_channels_are_not_counted() {
        let mut log = Writer::new();
        log.connected(42, 1);
        log.record(ACL_RECEIVED, &[42, 0x20, 5, 0, 1, 0, 5, 0, 0x12]);
        assert!(log.links()[0].pdus.is_empty());
    }

    #[test]
    fn a_handle_used_again_is_a_new_connection() {
        let mut log = Writer::new();
        log.connected(42, 1);
        log.record(EVENT, &[0x05, 4, 0, 42, 0, 0x08]);
        log.connected(42, 1);
        log.att(42, true, &[0x02, 23, 0]);
        let links = log.links();
        assert_eq!(
            (links[0].closed, links[0].reason),
            (Some(Duration::from_millis(1)), 0x08)
        );
        assert!(links[0].pdus.is_empty());
        assert_eq!(links[1].pdus.len(), 1);
    }

    #[test]
    fn a_record_cut_short_by_the_end_is_left_out() {
        let mut log = Writer::new();
        log.connected(42, 1);
        log.att(42, true, &[0x02, 23, 0]);
        let cut = &log.0[..log.0.len() - 1];
        assert!(links(cut).unwrap()[0].pdus.is_empty());
    }

    #[test]
    fn anything_but_a_monitor_log_is_refused() {
        assert!(links(b"").is_err());
        assert!(links(b"btsnoop\0\0\0\0\x01\0\0\x03\xea").is_err());
    }
}
