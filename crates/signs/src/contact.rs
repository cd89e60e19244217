//! A connection as one of our lines has it: inward or outward, with a peer.

use std::net::IpAddr;

use flow::{Before, Flow, Millis, Seen, Way, protocol, tcp};

use crate::home::Home;
use crate::sketch;

/// One connection of a home address, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact<'a> {
    pub(crate) home: IpAddr,
    pub(crate) home_port: u16,
    pub(crate) peer: IpAddr,
    /// A number for the peer.
    pub(crate) mark: u64,
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
    pub(crate) flow: &'a Flow,
    pub(crate) before: Option<Before>,
    /// Where what is new of it begins.
    pub(crate) since: Millis,
    /// Whether who began it was guessed by port numbers alone.
    pub(crate) guessed: bool,
}

impl Contact<'_> {
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
        let flow = self.flow;
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
        self.since_before(|way| way.bytes)
    }

    fn since_before(&self, of: impl Fn(&Way) -> u64) -> (u64, u64) {
        let none = Before { forward: Way::default(), reverse: Way::default() };
        let before = self.before.unwrap_or(none);
        let ahead = of(&self.flow.forward).saturating_sub(of(&before.forward));
        let back = of(&self.flow.reverse).saturating_sub(of(&before.reverse));
        if self.inward { (back, ahead) } else { (ahead, back) }
    }

    /// Payload since it was last seen, about: sent by home, and received.
    pub(crate) fn carried(&self) -> (u64, u64) {
        self.since_before(|way| self.load(way))
    }

    /// Payload of all of it: sent by home, and received.
    pub(crate) fn payload(&self) -> (u64, u64) {
        (self.load(&self.sent()), self.load(&self.received()))
    }

    /// What of one way is not headers. Of UDP, what is beyond the headers of a tunnel and of the empty TCP packet in it: an
    /// acknowledgement of 52 bytes within WireGuard's 32 or OpenVPN's 60 bytes within 28 of IP and UDP.
    fn load(&self, way: &Way) -> u64 {
        if self.is_tcp() { payload(way) } else { way.bytes.saturating_sub(way.packets.saturating_mul(125)) }
    }

    /// The peer's port.
    pub(crate) fn peer_port(&self) -> u16 {
        if self.inward { self.flow.source_port } else { self.flow.destination_port }
    }

    /// The port that is called.
    pub(crate) fn service(&self) -> u16 {
        self.flow.destination_port
    }
}

/// Shows the contacts of our lines in a connection: none, one, or two where both ends are ours.
pub(crate) fn each(seen: &Seen, home: &Home, mut show: impl FnMut(&Contact)) {
    let flow = &seen.flow;
    let ours = (home.holds(flow.source), home.holds(flow.destination));
    if ours == (false, false) || nobody(flow.source) || nobody(flow.destination) {
        return;
    }
    let answered = answers(flow.protocol, &flow.forward, &flow.reverse);
    let was_answered =
        seen.before.is_some_and(|before| answers(flow.protocol, &before.forward, &before.reverse));
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
            mark: sketch::mark_of(peer),
            inward,
            within: ours == (true, true),
            new: seen.before.is_none(),
            answered,
            was_answered,
            flow,
            before: seen.before,
            since: seen.since,
            guessed: seen.guessed,
        }
    };
    if ours.0 {
        show(&contact(false));
    }
    if ours.1 {
        show(&contact(true));
    }
}

/// Whether an address is no single host: multicast, broadcast, unspecified.
fn nobody(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_unspecified(),
    }
}

/// Whether a connection was answered: not by a mere SYN-ACK or RST but with a completed handshake and payload back.
fn answers(protocol: u8, forward: &Way, reverse: &Way) -> bool {
    if protocol != protocol::TCP {
        return reverse.packets > 0 && reverse.bytes > 0;
    }
    let shaken = forward.packets >= 2 || (forward.packets == 0 && reverse.packets >= 3);
    let heard = forward.flags == 0 || forward.packets == 0 || forward.flags & tcp::ACK != 0;
    shaken && heard && payload(reverse) > 0
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
