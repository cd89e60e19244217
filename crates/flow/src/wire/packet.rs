//! The first bytes of a packet, as sFlow samples carry them: who sent it to whom, and how long it was.

use std::net::{IpAddr, Ipv4Addr};

use super::bytes::Reader;
use super::record::canonical;
use super::scene::Told;
use crate::{Millis, Way, protocol};

/// EtherTypes (IEEE 802 Numbers, IANA).
mod ether {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const IPV6: u16 = 0x86DD;
    /// 802.1Q, 802.1ad, and what was used for it before: a tag of two bytes, and the type of what is tagged.
    pub(super) const TAGS: [u16; 3] = [0x8100, 0x88A8, 0x9100];
    pub(super) const MPLS: [u16; 2] = [0x8847, 0x8848];
    pub(super) const PPPOE: u16 = 0x8864;
}

/// Tags or labels on one packet that are looked through at most.
const STACKED: usize = 16;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) protocol: u8,
    pub(super) flags: u8,
    /// With its IP header.
    pub(super) bytes: u64,
}

impl Packet {
    /// The flow of this one packet.
    pub(super) fn told(&self, rate: u32, times: (Millis, Millis, bool)) -> Told {
        Told {
            source: self.source,
            destination: self.destination,
            source_port: self.source_port,
            destination_port: self.destination_port,
            protocol: self.protocol,
            both_ways: false,
            forward: Way { packets: 1, bytes: self.bytes, flags: self.flags },
            reverse: Way::default(),
            rate,
            translated: None,
            times,
        }
    }
}

/// A packet that begins with an Ethernet header. Of tunnels (VXLAN, GRE, IP in IP) the outer packet is read.
pub(super) fn ethernet(bytes: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(bytes);
    reader.take(12)?;
    let mut kind = reader.u16()?;
    for _ in 0..STACKED {
        if !ether::TAGS.contains(&kind) {
            break;
        }
        reader.take(2)?;
        kind = reader.u16()?;
    }
    match kind {
        ether::IPV4 | ether::IPV6 => ip(reader.left()),
        _ if ether::MPLS.contains(&kind) => mpls(reader.left()),
        // PPPoE session (RFC 2516 section 4): six bytes, then PPP's protocol (0x0021 IPv4, 0x0057 IPv6).
        ether::PPPOE => {
            reader.take(6)?;
            matches!(reader.u16()?, 0x0021 | 0x0057).then(|| ip(reader.left()))?
        }
        _ => None,
    }
}

/// Labels (RFC 3032): of four bytes each, the last with a bit set. What follows says by its first four bits whether it is
/// IP. Else it may be Ethernet, behind a control word of zeros (RFC 4448) or at once.
pub(super) fn mpls(bytes: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(bytes);
    for _ in 0..STACKED {
        if reader.u32()? & 0x100 != 0 {
            let inner = reader.left();
            let word = inner.get(4..).filter(|_| inner.first().is_some_and(|first| first >> 4 == 0));
            return ip(inner).or_else(|| word.and_then(ethernet)).or_else(|| ethernet(inner));
        }
    }
    None
}

/// A packet that begins with its IP header, of either version.
pub(super) fn ip(bytes: &[u8]) -> Option<Packet> {
    match bytes.first()? >> 4 {
        4 => ipv4(bytes),
        6 => ipv6(bytes),
        _ => None,
    }
}

/// RFC 791 section 3.1.
fn ipv4(bytes: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(bytes);
    let words = reader.u8()? & 0x0F;
    reader.take(1)?;
    let length = reader.u16()?;
    reader.take(2)?;
    let later_fragment = reader.u16()? & 0x1FFF != 0;
    reader.take(1)?;
    let protocol = reader.u8()?;
    reader.take(2)?;
    let source = Ipv4Addr::from(reader.ipv4()?).into();
    let destination = Ipv4Addr::from(reader.ipv4()?).into();
    let options = usize::from(words).checked_mul(4)?.checked_sub(20)?;
    reader.take(options.min(reader.len()))?;
    let payload = if later_fragment { Reader::new(&[]) } else { reader };
    Some(transport(
        payload,
        Packet {
            source,
            destination,
            source_port: 0,
            destination_port: 0,
            protocol,
            flags: 0,
            bytes: u64::from(length),
        },
    ))
}

/// RFC 8200 section 3, and the extension headers of section 4 that are passed through.
fn ipv6(bytes: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(bytes);
    reader.take(4)?;
    let length = reader.u16()?;
    let mut next = reader.u8()?;
    reader.take(1)?;
    let source = canonical(reader.ipv6()?);
    let destination = canonical(reader.ipv6()?);
    for _ in 0..STACKED {
        let before = reader;
        match extension(next, &mut reader) {
            Some(Some(after)) => next = after,
            Some(None) => break,
            None => {
                reader = before;
                break;
            }
        }
    }
    Some(transport(
        reader,
        Packet {
            source,
            destination,
            source_port: 0,
            destination_port: 0,
            protocol: next,
            flags: 0,
            bytes: u64::from(length) + 40,
        },
    ))
}

/// An extension header: what follows it, or `Some(None)` where `kind` is none to be passed. `None` where it breaks off.
fn extension(kind: u8, reader: &mut Reader<'_>) -> Option<Option<u8>> {
    match kind {
        // Hop-by-hop, routing, destination options: counted in eight bytes after the first eight.
        0 | 43 | 60 => {
            let next = reader.u8()?;
            let length = reader.u8()?;
            reader.take(6 + usize::from(length) * 8)?;
            Some(Some(next))
        }
        // A fragment: of a later one, what follows is no header.
        44 => {
            let next = reader.u8()?;
            reader.take(1)?;
            let later = reader.u16()? & 0xFFF8 != 0;
            reader.take(4)?;
            if later {
                reader.take(reader.len())?;
            }
            Some(Some(next))
        }
        _ => Some(None),
    }
}

/// Ports and flags, as far as they are there.
fn transport(mut reader: Reader<'_>, packet: Packet) -> Packet {
    let mut told = packet;
    match packet.protocol {
        protocol::ICMP | protocol::ICMPV6 => {
            told.destination_port = reader.u16().unwrap_or(0);
        }
        // TCP, UDP, DCCP, SCTP, UDP-Lite begin with two ports.
        protocol::TCP | protocol::UDP | 33 | 132 | 136 => {
            told.source_port = reader.u16().unwrap_or(0);
            told.destination_port = reader.u16().unwrap_or(0);
        }
        _ => {}
    }
    if packet.protocol == protocol::TCP {
        told.flags = reader.take(9).and_then(|_| reader.u8()).unwrap_or(0);
    }
    told
}
