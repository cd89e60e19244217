//! Rows of one connection put together: who began it, and what our side answered.
//!
//! An exporter of one direction at a time tells a connection in two records, and a long one in many. Only together they
//! say whether a stranger came to us and was answered, or we went out and were.

use std::collections::HashMap;

use flow::{Way, protocol, tcp};
use serde::Serialize;

use crate::row::Row;

/// How many connections one question keeps in memory; about 100 bytes each.
pub(crate) const MOST: usize = 500_000;

/// What an IPv4 header and a TCP header with the options of an ordinary stack take (RFC 791, RFC 9293, RFC 7323): bytes
/// beyond so many a packet are payload for certain.
const TCP_HEADERS: u64 = 60;

/// The same for UDP (RFC 768).
const UDP_HEADERS: u64 = 28;

/// By so much an IPv6 header is longer (RFC 8200).
const V6_MORE: u64 = 20;

/// What our side answered to somebody who came to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Nothing that was seen.
    Silent,
    /// The port is closed: a reset and no handshake.
    Refused,
    /// A handshake and no payload: the port is open.
    Opened,
    /// A handshake and payload, or a datagram back: a service answered.
    Answered,
}

/// Who began a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Began {
    /// Our side.
    Home,
    /// The other end.
    Peer,
    /// It cannot be told.
    Unknown,
}

/// What makes rows one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ends {
    pub(crate) home: u128,
    pub(crate) home_port: u16,
    pub(crate) protocol: u8,
    pub(crate) peer: u128,
    pub(crate) peer_port: u16,
}

impl Ends {
    pub(crate) fn of(row: &Row) -> Ends {
        Ends {
            home: row.home,
            home_port: row.home_port,
            protocol: row.protocol,
            peer: row.peer,
            peer_port: row.peer_port,
        }
    }
}

/// All that was seen of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Conversation {
    /// When the first packet to us, and from us, was seen by records of one direction.
    first_in: Option<i64>,
    first_out: Option<i64>,
    /// Who began it, by a record of both directions.
    told: Option<bool>,
    first: Option<i64>,
    last: i64,
    inward: Way,
    outward: Way,
    rows: u64,
}

impl Conversation {
    pub(crate) fn add(&mut self, row: &Row) {
        self.rows += 1;
        self.first = Some(self.first.map_or(row.first, |first| first.min(row.first)));
        self.last = self.last.max(row.last());
        join(&mut self.inward, row.inward);
        join(&mut self.outward, row.outward);
        if row.both_ways {
            self.told.get_or_insert(row.inbound);
            return;
        }
        let seen = if row.inbound { &mut self.first_in } else { &mut self.first_out };
        *seen = Some(seen.map_or(row.first, |first| first.min(row.first)));
    }

    pub(crate) fn first(&self) -> i64 {
        self.first.unwrap_or(self.last)
    }

    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn inward(&self) -> Way {
        self.inward
    }

    pub(crate) fn outward(&self) -> Way {
        self.outward
    }

    /// Who began it. Where both first packets have one time, by a clock of whole seconds or on a near machine, the ports
    /// may say; otherwise nobody says.
    pub(crate) fn began(&self, ends: &Ends) -> Began {
        if let Some(inbound) = self.told {
            return if inbound { Began::Peer } else { Began::Home };
        }
        match (self.first_in, self.first_out) {
            (Some(came), Some(went)) if came < went => Began::Peer,
            (Some(came), Some(went)) if went < came => Began::Home,
            (Some(_), Some(_)) => by_port(ends),
            (Some(_), None) => self.only_came(ends),
            (None, _) => Began::Home,
        }
    }

    /// Only packets to us were seen. A handshake's second packet alone is an answer to somebody who used our address.
    fn only_came(&self, ends: &Ends) -> Began {
        let flags = self.inward.flags;
        let is = |bits: u8| flags & bits == bits;
        match ends.protocol {
            protocol::TCP if flags == 0 => by_port(ends),
            protocol::TCP if is(tcp::SYN) && !is(tcp::ACK) => Began::Peer,
            protocol::TCP => Began::Unknown,
            protocol::UDP if ends.peer_port < 1024 && ends.home_port >= 1024 => Began::Unknown,
            _ => Began::Peer,
        }
    }

    /// What our side answered to somebody who came.
    pub(crate) fn reply(&self, ends: &Ends) -> Reply {
        let is = |bits: u8| self.outward.flags & bits == bits;
        if self.outward.packets == 0 {
            return Reply::Silent;
        }
        match ends.protocol {
            protocol::TCP if is(tcp::SYN | tcp::ACK) && self.has_payload(ends) => Reply::Answered,
            protocol::TCP if is(tcp::SYN | tcp::ACK) => Reply::Opened,
            protocol::TCP if is(tcp::RST) => Reply::Refused,
            // The handshake came before what was looked at, or the exporter tells no flags: payload is proof enough.
            protocol::TCP if self.has_payload(ends) => Reply::Answered,
            protocol::UDP if self.has_payload(ends) => Reply::Answered,
            // An echo reply says that a host is there and nothing of a service.
            _ => Reply::Silent,
        }
    }

    /// Whether our side sent more than headers.
    fn has_payload(&self, ends: &Ends) -> bool {
        let mapped = ends.home >> 32 == 0xffff;
        let headers = if ends.protocol == protocol::TCP { TCP_HEADERS } else { UDP_HEADERS };
        let headers = headers + if mapped { 0 } else { V6_MORE };
        self.outward.bytes > self.outward.packets.saturating_mul(headers)
    }
}

/// The end of system ports (RFC 6335 section 6).
const SYSTEM: u16 = 1024;
/// Where the ports begin that systems call from: 49152 by IANA (RFC 6335 section 6), 32768 on Linux (its
/// `ip_local_port_range`).
const CALLERS: u16 = 32_768;

/// The service's is the one system port of the two, or else the one that nobody calls from.
fn by_port(ends: &Ends) -> Began {
    let below = |bound: u16| match (ends.home_port < bound, ends.peer_port < bound) {
        (true, false) => Began::Peer,
        (false, true) => Began::Home,
        _ => Began::Unknown,
    };
    match below(SYSTEM) {
        Began::Unknown => below(CALLERS),
        known => known,
    }
}

fn join(all: &mut Way, more: Way) {
    all.packets = all.packets.saturating_add(more.packets);
    all.bytes = all.bytes.saturating_add(more.bytes);
    all.flags |= more.flags;
}

/// Conversations by their ends, so many at most.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    pub(crate) all: HashMap<Ends, Conversation>,
    /// Rows of further connections than can be kept.
    pub(crate) left_out: u64,
}

impl Conversations {
    pub(crate) fn add(&mut self, row: &Row) {
        let ends = Ends::of(row);
        if self.all.len() >= MOST && !self.all.contains_key(&ends) {
            self.left_out += 1;
            return;
        }
        self.all.entry(ends).or_default().add(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_two_packets_have_one_time_the_ports_say_who_began_if_they_can() {
        let began = |home_port, peer_port| {
            by_port(&Ends { home: 1, home_port, protocol: protocol::TCP, peer: 2, peer_port })
        };
        assert_eq!((began(25, 51_276), began(51_276, 25)), (Began::Peer, Began::Home));
        assert_eq!(began(25, 8080), Began::Peer, "a system port is a service's before all else");
        assert_eq!(began(31_234, 51_276), Began::Peer, "an odd port below those that systems call from");
        assert_eq!(began(40_000, 8080), Began::Home);
        for (home, peer) in [(8080, 31_234), (40_000, 51_276), (25, 53)] {
            assert_eq!(began(home, peer), Began::Unknown, "{home} {peer}");
        }
    }
}
