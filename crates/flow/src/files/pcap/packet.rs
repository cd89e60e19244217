//! One IP packet: what a flow record needs of it.

use std::net::IpAddr;

use crate::files::bytes::Order;
use crate::protocol;

use super::ip::{self, Fragment};

/// What was read of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'p> {
    /// Microseconds since 1970.
    pub(super) micros: i64,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    /// Ports; for ICMP, 0 and type times 256 plus code.
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    /// TCP's flags, and its sequence number.
    pub(super) flags: u8,
    pub(super) sequence: u32,
    /// The whole IP packet, on the wire.
    pub(super) bytes: u64,
    /// Which of several pieces of a larger packet it is.
    pub(super) fragment: Option<Fragment>,
    /// What a UDP datagram carries, where all of it was kept.
    pub(super) datagram: Option<&'p [u8]>,
}

/// Reads an IP packet of which `data` was kept, and which was `length` bytes long on the wire.
pub(super) fn read(data: &[u8], length: usize, micros: i64) -> Option<Packet<'_>> {
    let ip = ip::read(data)?;
    let protocol = ip.protocol;
    let whole = ip.fragment.is_none_or(|fragment| fragment.first);
    let upper = if whole { ip.payload } else { &[] };
    let (source_port, destination_port, flags) = transport(protocol, upper);
    let sequence = Order::Big.u32(upper, 4).filter(|_| protocol == protocol::TCP).unwrap_or(0);
    Some(Packet {
        micros,
        source: ip.source.to_canonical(),
        destination: ip.destination.to_canonical(),
        protocol,
        source_port,
        destination_port,
        flags,
        sequence,
        bytes: on_the_wire(ip.length, length as u64),
        fragment: ip.fragment,
        datagram: datagram(protocol, upper).filter(|_| ip.fragment.is_none()),
    })
}

fn datagram(protocol: u8, payload: &[u8]) -> Option<&[u8]> {
    let length = usize::from(Order::Big.u16(payload, 4).filter(|_| protocol == protocol::UDP)?);
    payload.get(8..length)
}

/// What the header says, which padding and a short snapshot do not change, unless it cannot be: 0 is left there where the
/// network card cuts the segments.
fn on_the_wire(told: u64, length: u64) -> u64 {
    if (20..=length).contains(&told) { told } else { length }
}

/// Ports and flags, from however much of the header was kept.
fn transport(protocol: u8, payload: &[u8]) -> (u16, u16, u8) {
    let port = |at| Order::Big.u16(payload, at).unwrap_or(0);
    match protocol {
        // TCP, UDP, DCCP, SCTP and UDP-Lite all begin with their ports.
        protocol::TCP => (port(0), port(2), payload.get(13).copied().unwrap_or(0)),
        protocol::UDP | 33 | 132 | 136 => (port(0), port(2), 0),
        protocol::ICMP | protocol::ICMPV6 => (0, port(0), 0),
        _ => (0, 0, 0),
    }
}
