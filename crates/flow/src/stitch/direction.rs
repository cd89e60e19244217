//! Who began a connection, where records of one direction each do not say.

use crate::stitch::Key;
use crate::stitch::connection::Connection;
use crate::stitch::ends::Ends;
use crate::{protocol, tcp};

/// What records of both directions have said of who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// None has.
    Nothing,
    /// The low end.
    Low,
    /// The high end.
    High,
}

/// Who began a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Began {
    /// Whether it was the low end.
    pub(super) low: bool,
    /// Whether that is a guess by port numbers alone.
    pub(super) guessed: bool,
}

/// Whether the low end began it.
///
/// A record of both directions knows. Else flags may tell: a direction with SYN and never ACK was never answered, so it
/// began; a direction with SYN alone in a record of its own is the first packet. Else, where the beginning was seen (a SYN,
/// or a protocol without one), whose packet came first. Else, and for ties, the end that many others call is called; and
/// where that says nothing, the one with the lower port.
pub(super) fn began(connection: &Connection, key: &Key, ends: &Ends) -> Began {
    let sure = |low: bool| Began { low, guessed: false };
    let (low_port, high_port, protocol) = (key.low.port, key.high.port, key.protocol);
    match connection.told {
        Told::Low => return sure(true),
        Told::High => return sure(false),
        Told::Nothing => {}
    }
    let [low, high] = &connection.sides;
    let by_ends = || ends.low_is_called(key).map(|called| !called);
    let by_ports = || Began {
        low: low_port > high_port || (low_port == high_port && low.is_told()),
        guessed: by_service(low_port) == by_service(high_port),
    };
    if protocol == protocol::TCP {
        let opens = |flags: u8| flags & tcp::SYN != 0 && flags & tcp::ACK == 0;
        match (opens(low.way.flags), opens(high.way.flags)) {
            (true, false) => return sure(true),
            (false, true) => return sure(false),
            _ => {}
        }
    }
    if !(low.is_told() && high.is_told()) {
        // One direction alone: an answer whose question went another way looks like a question.
        if protocol == protocol::TCP
            && let Some(low_began) = by_ends()
        {
            return sure(low_began);
        }
        return if by_service(low_port) == by_service(high_port) && protocol != protocol::TCP {
            sure(low.is_told())
        } else {
            by_ports()
        };
    }
    let begun = protocol != protocol::TCP || (low.way.flags & high.way.flags & tcp::SYN) != 0;
    if begun && low.first != high.first {
        sure(low.first < high.first)
    } else {
        by_ends().map_or_else(by_ports, sure)
    }
}

/// Whether a port belongs to a service rather than to a caller: below 1024 (RFC 6335, section 6: System Ports).
fn by_service(port: u16) -> bool {
    port < 1024
}
