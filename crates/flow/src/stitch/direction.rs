//! Who began a connection, where records of one direction each do not say.

use crate::stitch::connection::Connection;
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

/// Whether the low end began it.
///
/// A record of both directions knows. Else flags may tell: a direction with SYN and never ACK was never answered, so it
/// began; a direction with SYN alone in a record of its own is the first packet. Else, where the beginning was seen (a SYN,
/// or a protocol without one), whose packet came first. Else, and for ties, the ports: who is called listens on the lower.
pub(super) fn low_began(connection: &Connection, low_port: u16, high_port: u16, protocol: u8) -> bool {
    match connection.told {
        Told::Low => return true,
        Told::High => return false,
        Told::Nothing => {}
    }
    let [low, high] = &connection.sides;
    let by_ports = low_port > high_port || (low_port == high_port && low.is_told());
    if protocol == protocol::TCP {
        let opens = |flags: u8| flags & tcp::SYN != 0 && flags & tcp::ACK == 0;
        match (opens(low.way.flags), opens(high.way.flags)) {
            (true, false) => return true,
            (false, true) => return false,
            _ => {}
        }
    }
    if !(low.is_told() && high.is_told()) {
        // One direction alone: an answer whose question went another way looks like a question.
        return if by_service(low_port) == by_service(high_port) && protocol != protocol::TCP {
            low.is_told()
        } else {
            by_ports
        };
    }
    let begun = protocol != protocol::TCP || (low.way.flags & high.way.flags & tcp::SYN) != 0;
    if begun && low.first != high.first { low.first < high.first } else { by_ports }
}

/// Whether a port belongs to a service rather than to a caller: below 1024 (RFC 6335, section 6: System Ports).
fn by_service(port: u16) -> bool {
    port < 1024
}
