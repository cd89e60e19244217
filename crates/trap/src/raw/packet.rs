//! Ethernet frames with IPv4 (RFC 791) or IPv6 (RFC 8200) and TCP (RFC 9293), UDP (RFC 768) or ICMP, read and answered.
//!
//! Fragments, extension headers and tagged frames are passed over: no scanner sends its first packet in them. Checksums of
//! what comes are not looked at: whoever completes a handshake has had its packets whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::bytes::Rest;
use crate::hit::Transport;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
#[cfg(test)]
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// Hops that our answers may take.
const HOPS: u8 = 64;
/// The window we offer.
const WINDOW: u16 = 65_535;
/// Maximum segment size, as an option (RFC 9293 3.7.1): what every path takes.
const SEGMENT: [u8; 4] = [2, 4, 0x04, 0xc4];

/// A packet for a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// The Ethernet addresses: to, from.
    hardware: ([u8; 6], [u8; 6]),
    /// Who sent it, with the port; 0 for ICMP.
    pub from: SocketAddr,
    /// To whom, with the port; for ICMP type times 256 plus code.
    pub to: SocketAddr,
    /// How.
    pub transport: Transport,
    /// TCP's sequence number.
    pub sequence: u32,
    /// What TCP acknowledges.
    pub acknowledged: u32,
    /// TCP's flags.
    pub flags: u8,
    /// What is carried.
    pub payload: &'b [u8],
}

/// Reads a frame; `None` for whatever is no whole packet of those kinds.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let mut rest = Rest(bytes);
    let hardware = (rest.array()?, rest.array()?);
    let kind: [u8; 2] = rest.array()?;
    match kind {
        IPV4 => v4(hardware, rest.0),
        IPV6 => v6(hardware, rest.0),
        _ => None,
    }
}

fn v4(hardware: ([u8; 6], [u8; 6]), packet: &[u8]) -> Option<Frame<'_>> {
    let mut rest = Rest(packet);
    let first = rest.u8()?;
    let header = usize::from(first & 0x0f) * 4;
    rest.take(1)?;
    let length = usize::from(rest.u16()?);
    rest.take(2)?;
    // More fragments, or not the first.
    if first >> 4 != 4 || header < 20 || rest.u16()? & 0x3fff != 0 {
        return None;
    }
    rest.take(1)?;
    let protocol = rest.u8()?;
    rest.take(2)?;
    let (from, to) = (Ipv4Addr::from(rest.array::<4>()?), Ipv4Addr::from(rest.array::<4>()?));
    // What follows the packet is padding of Ethernet.
    let upper = packet.get(header..length)?;
    above(hardware, (from.into(), to.into()), protocol, upper)
}

fn v6(hardware: ([u8; 6], [u8; 6]), packet: &[u8]) -> Option<Frame<'_>> {
    let mut rest = Rest(packet);
    let [first, _, _, _] = rest.array()?;
    let length = usize::from(rest.u16()?);
    let [protocol, _] = rest.array()?;
    let (from, to) = (Ipv6Addr::from(rest.array::<16>()?), Ipv6Addr::from(rest.array::<16>()?));
    let upper = rest.take(length)?;
    (first >> 4 == 6).then(|| above(hardware, (from.into(), to.into()), protocol, upper)).flatten()
}

fn above(
    hardware: ([u8; 6], [u8; 6]),
    (from, to): (IpAddr, IpAddr),
    protocol: u8,
    upper: &[u8],
) -> Option<Frame<'_>> {
    let mut rest = Rest(upper);
    let frame = |ports: (u16, u16), transport, payload| Frame {
        hardware,
        from: SocketAddr::new(from, ports.0),
        to: SocketAddr::new(to, ports.1),
        transport,
        sequence: 0,
        acknowledged: 0,
        flags: 0,
        payload,
    };
    match protocol {
        TCP => {
            let ports = (rest.u16()?, rest.u16()?);
            let (sequence, acknowledged) =
                (u32::from_be_bytes(rest.array()?), u32::from_be_bytes(rest.array()?));
            let [offset, flags] = rest.array()?;
            let payload = upper.get(usize::from(offset >> 4).max(5) * 4..)?;
            Some(Frame { sequence, acknowledged, flags, ..frame(ports, Transport::Tcp, payload) })
        }
        UDP => {
            let ports = (rest.u16()?, rest.u16()?);
            let length = usize::from(rest.u16()?);
            Some(frame(ports, Transport::Udp, upper.get(8..length)?))
        }
        ICMP | ICMPV6 => {
            let kind = rest.u16()?;
            // Only what asks: an answer came for somebody else.
            let asks = kind >> 8 == if protocol == ICMP { 8 } else { 128 };
            asks.then(|| frame((0, kind), Transport::Icmp, upper.get(..64).unwrap_or(upper)))
        }
        _ => None,
    }
}

impl Frame<'_> {
    /// How much of the sequence the payload takes.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(0)
    }

    /// Writes the segment that answers this one: back to where it came from, and nowhere else.
    pub(super) fn answer(&self, flags: u8, sequence: u32, acknowledged: u32, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.hardware.1);
        out.extend_from_slice(&self.hardware.0);
        let segment = self.segment(flags, sequence, acknowledged);
        match (self.to.ip(), self.from.ip()) {
            (IpAddr::V4(own), IpAddr::V4(visitor)) => wrap_v4(own, visitor, &segment, out),
            (IpAddr::V6(own), IpAddr::V6(visitor)) => wrap_v6(own, visitor, &segment, out),
            // Both ends were read from one header.
            _ => out.clear(),
        }
    }

    fn segment(&self, flags: u8, sequence: u32, acknowledged: u32) -> Vec<u8> {
        let options: &[u8] = if flags & SYN != 0 { &SEGMENT } else { &[] };
        let words = if options.is_empty() { 5u8 } else { 6 };
        let mut segment = Vec::with_capacity(24);
        segment.extend_from_slice(&self.to.port().to_be_bytes());
        segment.extend_from_slice(&self.from.port().to_be_bytes());
        segment.extend_from_slice(&sequence.to_be_bytes());
        segment.extend_from_slice(&acknowledged.to_be_bytes());
        segment.extend_from_slice(&[words << 4, flags]);
        segment.extend_from_slice(&WINDOW.to_be_bytes());
        segment.extend_from_slice(&[0; 4]);
        segment.extend_from_slice(options);
        segment
    }
}

fn wrap_v4(own: Ipv4Addr, visitor: Ipv4Addr, segment: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(segment.len()).unwrap_or(0);
    out.extend_from_slice(&IPV4);
    let mut header = [0x45, 0, 0, 0, 0, 0, 0x40, 0, HOPS, TCP, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let put = |header: &mut [u8; 20], at: usize, bytes: &[u8]| {
        header.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
    };
    put(&mut header, 2, &length.saturating_add(20).to_be_bytes());
    put(&mut header, 12, &own.octets());
    put(&mut header, 16, &visitor.octets());
    let sum = checksum(&[&header]);
    put(&mut header, 10, &sum);
    out.extend_from_slice(&header);
    let sum = checksum(&[&own.octets(), &visitor.octets(), &[0, TCP], &length.to_be_bytes(), segment]);
    push_summed(segment, sum, out);
}

fn wrap_v6(own: Ipv6Addr, visitor: Ipv6Addr, segment: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(segment.len()).unwrap_or(0);
    out.extend_from_slice(&IPV6);
    out.extend_from_slice(&[0x60, 0, 0, 0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[TCP, HOPS]);
    out.extend_from_slice(&own.octets());
    out.extend_from_slice(&visitor.octets());
    let sum = checksum(&[&own.octets(), &visitor.octets(), &length.to_be_bytes(), &[0, TCP], segment]);
    push_summed(segment, sum, out);
}

/// A segment with its checksum in its place.
fn push_summed(segment: &[u8], [high, low]: [u8; 2], out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(segment);
    for (byte, sum) in out.iter_mut().skip(at.saturating_add(16)).zip([high, low]) {
        *byte = sum;
    }
}

/// The Internet checksum (RFC 1071) over parts of even length.
pub(super) fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.as_chunks::<2>().0);
    let mut sum: u32 = words.map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = (!sum).to_be_bytes();
    [high, low]
}
