//! One exporter that sends as many flows a second as it is told.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{setsockopt, sockopt};

use crate::Outcome;
use crate::exported::{Kind, datagrams, records};

/// How long it sends.
const FOR: Duration = Duration::from_secs(4);
/// Bytes that the kernel takes at once and cuts into datagrams (UDP_SEGMENT, udp(7)): no more than a datagram can have.
const AT_ONCE: usize = 65_000;

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) flows: u64,
    took: Duration,
}

impl Sent {
    /// Million flows a second.
    pub(crate) fn rate(&self) -> f64 {
        self.flows as f64 / 1e6 / self.took.as_secs_f64()
    }
}

/// Sends datagrams of one exporter, numbered as they should be, at so many flows a second.
pub(crate) fn send(kind: Kind, rate: f64, to: SocketAddr) -> Outcome<Sent> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(to)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let mut prepared = datagrams(kind, 64, u32::try_from(now)?);
    let mut sent = Sent { datagrams: 0, flows: 0, took: Duration::ZERO };
    if kind != Kind::V5 {
        socket.send(&prepared.remove(0))?;
        sent.datagrams = 1;
    }
    let length = prepared.first().map_or(1, Vec::len);
    prepared.truncate(AT_ONCE / length);
    setsockopt(&socket.as_fd(), sockopt::UdpGsoSegment, &i32::try_from(length)?)?;
    let each = u64::try_from(records(kind))?;
    let count = u64::try_from(prepared.len())?;
    let mut bytes = prepared.concat();
    let begun = Instant::now();
    while begun.elapsed() < FOR {
        for (datagram, number) in bytes.chunks_mut(length).zip(0..) {
            renumber(kind, datagram, &sent, number, each)?;
        }
        socket.send(&bytes)?;
        sent.datagrams += count;
        sent.flows += count * each;
        thread::sleep(Duration::from_secs_f64(sent.flows as f64 / rate).saturating_sub(begun.elapsed()));
    }
    sent.took = begun.elapsed();
    Ok(sent)
}

/// Writes the sequence number: of flows for NetFlow v5 and IPFIX, of datagrams for v9.
fn renumber(kind: Kind, datagram: &mut [u8], sent: &Sent, number: u64, each: u64) -> Outcome<()> {
    let (at, sequence) = match kind {
        Kind::V5 => (16, sent.flows + number * each),
        Kind::V9 => (12, sent.datagrams + number),
        Kind::Ipfix => (8, sent.flows + number * each),
    };
    let place = datagram.get_mut(at..at + 4).ok_or("a datagram without a header")?;
    place.copy_from_slice(&u32::try_from(sequence)?.to_be_bytes());
    Ok(())
}
