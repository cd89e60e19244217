//! What lies below IP: where in a frame the IP header begins.
//!
//! Source of the numbers: tcpdump's register of link types, IANA's of EtherTypes.

use crate::files::bytes::Order;

/// As many tags, labels and headers of links as are looked through.
const DEPTH: usize = 12;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// IP; its header begins here.
    Ip(usize),
    /// Something else: ARP, spanning tree, a keep-alive.
    Other,
    /// The link layer is none that is known here.
    Unknown,
}

/// What `frame`, of the link layer `link`, carries.
pub(super) fn network(link: u32, frame: &[u8]) -> Carried {
    match link {
        // BSD loopback: the family in four bytes, in the order of the machine that captured or in the network's.
        0 | 108 => raw(frame, 4),
        1 => ethernet(frame, 0, DEPTH),
        // PPP, with or without HDLC's address and control bytes before it.
        9 | 50 => ppp(frame, if frame.starts_with(&[0xff, 0x03]) { 2 } else { 0 }),
        12 | 14 | 101 | 228 | 229 => raw(frame, 0),
        51 => pppoe(frame, 0),
        // Cisco's HDLC.
        104 => typed(frame, 2, 4, DEPTH),
        // Linux cooked: the EtherType at the end of 16 bytes, or at the beginning of 20.
        113 => typed(frame, 14, 16, DEPTH),
        276 => typed(frame, 0, 20, DEPTH),
        _ => Carried::Unknown,
    }
}

/// IP without any type before it, or what is not IP.
fn raw(frame: &[u8], at: usize) -> Carried {
    match frame.get(at).map(|byte| byte >> 4) {
        Some(4 | 6) => Carried::Ip(at),
        _ => Carried::Other,
    }
}

fn ethernet(frame: &[u8], at: usize, depth: usize) -> Carried {
    typed(frame, at + 12, at + 14, depth)
}

/// What the EtherType at `type_at` says of that which begins at `at`.
fn typed(frame: &[u8], type_at: usize, at: usize, depth: usize) -> Carried {
    let Some(depth) = depth.checked_sub(1) else { return Carried::Other };
    match Order::Big.u16(frame, type_at) {
        Some(0x0800 | 0x86dd) => Carried::Ip(at),
        // VLAN tags: 802.1Q, 802.1ad, and what was in use before it.
        Some(0x8100 | 0x88a8 | 0x9100 | 0x9200) => typed(frame, at + 2, at + 4, depth),
        Some(0x8847 | 0x8848) => mpls(frame, at, depth),
        Some(0x8864) => pppoe(frame, at),
        // A length instead of a type: LLC, which may hold a type of its own (SNAP).
        Some(0..=1500) if frame.get(at..at + 3) == Some(&[0xaa, 0xaa, 0x03]) => {
            typed(frame, at + 6, at + 8, depth)
        }
        _ => Carried::Other,
    }
}

/// After the label with the bottom bit comes IP, or a control word and a frame of a pseudo-wire (RFC 4385).
fn mpls(frame: &[u8], mut at: usize, depth: usize) -> Carried {
    for _ in 0..DEPTH {
        let Some(label) = Order::Big.u32(frame, at) else { return Carried::Other };
        at += 4;
        if label & 0x100 != 0 {
            return match frame.get(at).map(|byte| byte >> 4) {
                Some(4 | 6) => Carried::Ip(at),
                Some(0) => ethernet(frame, at + 4, depth),
                _ => Carried::Other,
            };
        }
    }
    Carried::Other
}

/// Six bytes of PPPoE, then PPP (RFC 2516).
fn pppoe(frame: &[u8], at: usize) -> Carried {
    ppp(frame, at + 6)
}

/// PPP's protocol takes one byte where it may be compressed (RFC 1661).
fn ppp(frame: &[u8], at: usize) -> Carried {
    match (frame.get(at), Order::Big.u16(frame, at)) {
        (_, Some(0x0021 | 0x0057)) => Carried::Ip(at + 2),
        (Some(0x21 | 0x57), _) => Carried::Ip(at + 1),
        _ => Carried::Other,
    }
}
