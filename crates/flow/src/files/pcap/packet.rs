//! One IP packet: what a flow record needs of it.

use std::net::IpAddr;

use etherparse::{Ipv6ExtensionSlice, LaxIpSlice};

use crate::files::bytes::Order;
use crate::protocol;

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

/// A piece of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// What all pieces have in common.
    pub(super) identification: u32,
    /// Whether it is the piece with the ports.
    pub(super) first: bool,
}

/// Reads an IP packet of which `data` was kept, and which was `length` bytes long on the wire.
pub(super) fn read(data: &[u8], length: usize, micros: i64) -> Option<Packet<'_>> {
    let (ip, _) = LaxIpSlice::from_slice(data).ok()?;
    let fragment = fragment(&ip);
    let payload = ip.payload();
    let protocol = payload.ip_number.0;
    let whole = fragment.is_none_or(|fragment| fragment.first);
    let upper = if whole { payload.payload } else { &[] };
    let (source_port, destination_port, flags) = transport(protocol, upper);
    let sequence = Order::Big.u32(upper, 4).filter(|_| protocol == protocol::TCP).unwrap_or(0);
    Some(Packet {
        micros,
        source: ip.source_addr().to_canonical(),
        destination: ip.destination_addr().to_canonical(),
        protocol,
        source_port,
        destination_port,
        flags,
        sequence,
        bytes: ip_length(&ip, length),
        fragment,
        datagram: datagram(protocol, upper).filter(|_| fragment.is_none()),
    })
}

fn datagram(protocol: u8, payload: &[u8]) -> Option<&[u8]> {
    let length = usize::from(Order::Big.u16(payload, 4).filter(|_| protocol == protocol::UDP)?);
    payload.get(8..length)
}

/// What the header says, which padding and a short snapshot do not change; 0 is left there where the network card cuts
/// the segments.
fn ip_length(ip: &LaxIpSlice<'_>, length: usize) -> u64 {
    let told = match ip {
        LaxIpSlice::Ipv4(ip) => u64::from(ip.header().total_len()),
        LaxIpSlice::Ipv6(ip) => match ip.header().payload_length() {
            0 => 0,
            payload => u64::from(payload) + 40,
        },
    };
    if told == 0 { length as u64 } else { told }
}

fn fragment(ip: &LaxIpSlice<'_>) -> Option<Fragment> {
    match ip {
        LaxIpSlice::Ipv4(ip) => ip.is_payload_fragmented().then(|| Fragment {
            identification: u32::from(ip.header().identification()),
            first: ip.header().fragments_offset().value() == 0,
        }),
        LaxIpSlice::Ipv6(ip) => ip.extensions().clone().into_iter().find_map(|extension| match extension {
            Ipv6ExtensionSlice::Fragment(header) if header.is_fragmenting_payload() => Some(Fragment {
                identification: header.identification(),
                first: header.fragment_offset().value() == 0,
            }),
            _ => None,
        }),
    }
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
