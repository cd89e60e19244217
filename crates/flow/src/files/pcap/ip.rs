//! The headers of IP, version 4 (RFC 791) and 6 (RFC 8200).
//!
//! Read here and not by a crate: the one in common use reads beyond the packet where an IPv6 extension header breaks off
//! (etherparse 0.21.0, found by our fuzzer), and what is asked of it is little.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::files::bytes::{Order, array};

/// As many extension headers as are stepped over.
const MOST_EXTENSIONS: usize = 16;

/// What the headers of a packet tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ip<'p> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// What follows all headers of IP.
    pub(super) protocol: u8,
    /// The whole packet by its own word; 0 where it does not say.
    pub(super) length: u64,
    pub(super) fragment: Option<Fragment>,
    /// What was kept of that which follows, without what the link put after it.
    pub(super) payload: &'p [u8],
}

/// A piece of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// What all pieces have in common.
    pub(super) identification: u32,
    /// Whether it is the piece with the ports.
    pub(super) first: bool,
}

/// Reads the headers at the beginning of `data`.
pub(super) fn read(data: &[u8]) -> Option<Ip<'_>> {
    match data.first()? >> 4 {
        4 => v4(data),
        6 => v6(data),
        _ => None,
    }
}

fn v4(data: &[u8]) -> Option<Ip<'_>> {
    let header = usize::from(data.first()? & 0x0f) * 4;
    let length = Order::Big.u16(data, 2)?;
    let place = Order::Big.u16(data, 6)?;
    let fragment =
        Fragment { identification: u32::from(Order::Big.u16(data, 4)?), first: place & 0x1fff == 0 };
    Some(Ip {
        source: Ipv4Addr::from(array::<4>(data, 12)?).into(),
        destination: Ipv4Addr::from(array::<4>(data, 16)?).into(),
        protocol: *data.get(9)?,
        length: u64::from(length),
        fragment: (place & 0x3fff != 0).then_some(fragment),
        payload: within(data, usize::from(length)).get(header.max(20)..).unwrap_or_default(),
    })
}

fn v6(data: &[u8]) -> Option<Ip<'_>> {
    let length = Order::Big.u16(data, 4)?;
    let whole = if length == 0 { 0 } else { usize::from(length) + 40 };
    let mut ip = Ip {
        source: Ipv6Addr::from(array::<16>(data, 8)?).into(),
        destination: Ipv6Addr::from(array::<16>(data, 24)?).into(),
        protocol: *data.get(6)?,
        length: whole as u64,
        fragment: None,
        payload: within(data, whole).get(40..)?,
    };
    for _ in 0..MOST_EXTENSIONS {
        let Some(size) = extension(&ip) else { break };
        if ip.protocol == 44 {
            ip.fragment = piece(ip.payload).or(ip.fragment);
        }
        ip.protocol = *ip.payload.first()?;
        ip.payload = ip.payload.get(size..).unwrap_or_default();
        // Only the first piece has the headers that follow.
        if ip.fragment.is_some_and(|fragment| !fragment.first) || ip.payload.is_empty() {
            break;
        }
    }
    Some(ip)
}

/// The size of the extension header that comes next: hop-by-hop and destination options, routing, fragment,
/// authentication (RFC 4302), mobility, host identity, shim.
fn extension(ip: &Ip<'_>) -> Option<usize> {
    let told = usize::from(*ip.payload.get(1)?);
    match ip.protocol {
        0 | 43 | 60 | 135 | 139 | 140 => Some(told * 8 + 8),
        44 => Some(8),
        51 => Some(told * 4 + 8),
        _ => None,
    }
}

/// A fragment header, unless it stands before a packet in one piece (RFC 6946).
fn piece(header: &[u8]) -> Option<Fragment> {
    let place = Order::Big.u16(header, 2)?;
    let fragment = Fragment { identification: Order::Big.u32(header, 4)?, first: place & 0xfff8 == 0 };
    (place & 0xfff9 != 0).then_some(fragment)
}

/// What belongs to a packet of `length` bytes; all where it does not say.
fn within(data: &[u8], length: usize) -> &[u8] {
    data.get(..length).filter(|_| length > 0).unwrap_or(data)
}
