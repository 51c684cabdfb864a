//! HCI over a byte stream in the H4 format (Core Specification volume 4, part A): a unix socket, a serial line.

use core::fmt;
use std::{io, vec::Vec};

use bt_hci::{
    PacketKind, ReadHciError,
    controller::ExternalController,
    transport::{PacketToController, PacketToHost, Transport, WithIndicator},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::Mutex,
};

/// Commands in flight. More than the host stack ever has.
const COMMANDS: usize = 8;

/// A controller behind an H4 stream.
pub type StreamController<R, W> = ExternalController<H4<R, W>, COMMANDS>;

/// The controller at the other end of `reader` and `writer`, which never lets a peer agree to an ATT_MTU above `att_mtu` (at least 23).
pub fn controller<R, W>(reader: R, writer: W, att_mtu: u16) -> StreamController<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    ExternalController::new(H4 {
        reader: Mutex::new(reader),
        writer: Mutex::new(writer),
        att_mtu,
    })
}

/// The H4 transport.
pub struct H4<R, W> {
    reader: Mutex<R>,
    writer: Mutex<W>,
    att_mtu: u16,
}

/// Why the controller can no longer be used.
#[derive(Debug)]
pub enum HciError {
    /// The stream failed or ended.
    Stream(io::Error),
    /// What came is not HCI.
    Malformed,
}

impl<R, W> embedded_io::ErrorType for H4<R, W> {
    type Error = HciError;
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Transport for H4<R, W> {
    async fn read<'a, P: PacketToHost<'a>>(&self, rx: &'a mut [u8]) -> Result<P, HciError> {
        let mut packet = read_packet(&mut *self.reader.lock().await).await?;
        limit_att_mtu(&mut packet, self.att_mtu);
        let mut unread = packet.as_slice();
        let kind = PacketKind::read(&mut unread)?;
        Ok(P::read_hci(kind, &mut unread, rx)?)
    }

    async fn write<P: PacketToController>(&self, packet: &P) -> Result<(), HciError> {
        let mut bytes = Vec::with_capacity(1 + packet.size());
        // Writing to memory cannot fail.
        let _ = WithIndicator::new(packet).write_hci(&mut bytes);
        self.writer
            .lock()
            .await
            .write_all(&bytes)
            .await
            .map_err(HciError::Stream)
    }
}

/// One packet, its indicator byte included.
async fn read_packet(reader: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, HciError> {
    let mut packet = std::vec![0; 1];
    reader.read_exact(&mut packet).await?;
    // Where each kind keeps its length (Core Specification volume 4, part E, 5.4).
    let header = match packet[0] {
        0x02 | 0x05 => 4,
        0x03 => 3,
        0x04 => 2,
        _ => return Err(HciError::Malformed),
    };
    packet.resize(1 + header, 0);
    reader.read_exact(&mut packet[1..]).await?;
    let length = match packet[0] {
        0x02 => u16::from_le_bytes([packet[3], packet[4]]),
        0x05 => u16::from_le_bytes([packet[3], packet[4]]) & 0x3fff,
        _ => u16::from(packet[header]),
    };
    packet.resize(1 + header + usize::from(length), 0);
    reader.read_exact(&mut packet[1 + header..]).await?;
    Ok(packet)
}

/// Lowers what the peer offers in an ATT_EXCHANGE_MTU_REQ: the host stack has no setting for its own answer.
fn limit_att_mtu(packet: &mut [u8], att_mtu: u16) {
    // ACL data, L2CAP length 3, attribute channel, ATT_EXCHANGE_MTU_REQ (Core Specification volume 3, part F, 3.4.2.1).
    if let [0x02, _, _, 7, 0, 3, 0, 4, 0, 0x02, low, high] = packet {
        let offered = u16::from_le_bytes([*low, *high]);
        [*low, *high] = offered.min(att_mtu).to_le_bytes();
    }
}

impl fmt::Display for HciError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the HCI stream failed: {error}"),
            Self::Malformed => f.write_str("the HCI stream is malformed"),
        }
    }
}

impl core::error::Error for HciError {}

impl embedded_io::Error for HciError {
    fn kind(&self) -> embedded_io::ErrorKind {
        match self {
            Self::Stream(_) => embedded_io::ErrorKind::BrokenPipe,
            Self::Malformed => embedded_io::ErrorKind::InvalidData,
        }
    }
}

impl From<io::Error> for HciError {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl<E: embedded_io::Error> From<ReadHciError<E>> for HciError {
    fn from(_: ReadHciError<E>) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Result<Vec<u8>, HciError> {
        embassy_futures::block_on(read_packet(&mut bytes))
    }

    #[test]
    fn a_packet_is_read_to_its_own_length_and_not_further() {
        assert_eq!(read(&[4, 0x0e, 2, 1, 2, 9, 9]).unwrap(), [4, 0x0e, 2, 1, 2]);
        assert_eq!(
            read(&[2, 1, 0x20, 3, 0, 7, 7, 7, 4]).unwrap(),
            [2, 1, 0x20, 3, 0, 7, 7, 7]
        );
    }

    #[test]
    fn a_stream_that_ends_inside_a_packet_or_speaks_something_else_is_an_error() {
        assert!(matches!(read(&[4, 0x0e, 2, 1]), Err(HciError::Stream(_))));
        assert!(matches!(read(&[]), Err(HciError::Stream(_))));
        assert!(matches!(read(&[1, 3, 0x0c, 0]), Err(HciError::Malformed)));
        assert!(matches!(read(&[0xff, 0]), Err(HciError::Malformed)));
    }

    #[test]
    fn only_the_mtu_in_an_mtu_request_is_lowered() {
        let mut request = [2, 1, 0x20, 7, 0, 3, 0, 4, 0, 2, 5, 2];
        limit_att_mtu(&mut request, 23);
        assert_eq!(request, [2, 1, 0x20, 7, 0, 3, 0, 4, 0, 2, 23, 0]);
        limit_att_mtu(&mut request, 100);
        assert_eq!(request[10..], [23, 0]);
        let mut answer = [2, 1, 0x20, 7, 0, 3, 0, 4, 0, 3, 5, 2];
        limit_att_mtu(&mut answer, 23);
        assert_eq!(answer[10..], [5, 2]);
    }
}
