//! A connection as one of our lines has it: inward or outward, with a peer.

use std::net::IpAddr;

use flow::{Flow, Millis, Seen, Way, protocol, tcp};

use crate::home::Home;
use crate::sketch;

/// One connection of a home address, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact {
    pub(crate) home: IpAddr,
    pub(crate) home_port: u16,
    pub(crate) peer: IpAddr,
    /// Whether the peer began it.
    pub(crate) inward: bool,
    /// Whether the peer is ours too.
    pub(crate) within: bool,
    /// Whether this is the first that is heard of it.
    pub(crate) new: bool,
    /// Whether it was answered: see [`answers`].
    pub(crate) answered: bool,
    /// Whether it was known as answered the last time.
    pub(crate) was_answered: bool,
    pub(crate) flow: Flow,
    pub(crate) before: Option<Flow>,
}

impl Contact {
    pub(crate) fn is_tcp(&self) -> bool {
        self.flow.protocol == protocol::TCP
    }

    pub(crate) fn first(&self) -> Millis {
        self.flow.first
    }

    pub(crate) fn last(&self) -> Millis {
        self.flow.last
    }

    /// What went from home to the peer.
    pub(crate) fn sent(&self) -> Way {
        if self.inward { self.flow.reverse } else { self.flow.forward }
    }

    /// What came from the peer.
    pub(crate) fn received(&self) -> Way {
        if self.inward { self.flow.forward } else { self.flow.reverse }
    }

    /// Whether it became answered just now.
    pub(crate) fn just_answered(&self) -> bool {
        self.answered && !self.was_answered
    }

    /// Whether nobody took the call: for TCP, the caller never had anything to acknowledge and nothing but headers came
    /// back. Where flags are not told, that almost nothing came back.
    pub(crate) fn failed(&self) -> bool {
        let flow = &self.flow;
        if flow.protocol != protocol::TCP {
            return flow.reverse.packets == 0;
        }
        let unheard = if flow.forward.flags == 0 {
            flow.reverse.packets <= 1
        } else {
            flow.forward.flags & tcp::ACK == 0
        };
        unheard && flow.forward.packets > 0 && payload(&flow.reverse) == 0
    }

    /// Bytes since it was last seen: sent by home, and received.
    pub(crate) fn grown(&self) -> (u64, u64) {
        let seen = Seen { flow: self.flow, before: self.before };
        let (ahead, back) = seen.grown();
        if self.inward { (back, ahead) } else { (ahead, back) }
    }

    /// The port that is called.
    pub(crate) fn service(&self) -> u16 {
        self.flow.destination_port
    }

    /// A number for the peer.
    pub(crate) fn peer_mark(&self) -> u64 {
        sketch::mark(self.peer)
    }
}

/// The contacts of our lines in a connection: none, one, or two where both ends are ours.
pub(crate) fn of(seen: &Seen, home: &Home) -> [Option<Contact>; 2] {
    let flow = &seen.flow;
    let ours = (home.holds(flow.source), home.holds(flow.destination));
    if ours == (false, false) || nobody(flow.source) || nobody(flow.destination) {
        return [None, None];
    }
    let contact = |inward: bool| {
        let (home, home_port, peer) = if inward {
            (flow.destination, flow.destination_port, flow.source)
        } else {
            (flow.source, flow.source_port, flow.destination)
        };
        Contact {
            home,
            home_port,
            peer,
            inward,
            within: ours == (true, true),
            new: seen.before.is_none(),
            answered: answers(flow),
            was_answered: seen.before.as_ref().is_some_and(answers),
            flow: *flow,
            before: seen.before,
        }
    };
    [ours.0.then(|| contact(false)), ours.1.then(|| contact(true))]
}

/// Whether an address is no single host: multicast, broadcast, unspecified.
fn nobody(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_unspecified(),
    }
}

/// Whether a connection was answered: not by a mere SYN-ACK or RST but with a completed handshake and payload back.
pub(crate) fn answers(flow: &Flow) -> bool {
    if flow.protocol != protocol::TCP {
        return flow.reverse.packets > 0 && flow.reverse.bytes > 0;
    }
    let shaken = flow.forward.packets >= 2 || (flow.forward.packets == 0 && flow.reverse.packets >= 3);
    let heard = flow.forward.flags == 0 || flow.forward.packets == 0 || flow.forward.flags & tcp::ACK != 0;
    shaken && heard && payload(&flow.reverse) > 0
}

/// Payload bytes of one way of TCP, about: what is beyond the largest usual headers (20 of IPv4, 20 of TCP, 12 of timestamps,
/// RFC 7323) and a few options of the handshake. 0 for what may be headers alone.
pub(crate) fn payload(way: &Way) -> u64 {
    let headers = way.packets.saturating_mul(52).saturating_add(20);
    if way.bytes <= headers {
        return 0;
    }
    way.bytes.saturating_sub(way.packets.saturating_mul(40))
}
