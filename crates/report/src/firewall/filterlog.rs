//! pf: filterlog of pfSense and OPNsense (Netgate, "Raw Filter Log Format"), and pflog as tcpdump prints it.

use super::{End, Packet, Patterns, compiled, first, protocol};

pub(super) const MARKS: &[&str] = &[",match,", "filterlog", " > "];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        // rule 5/0(match): block in on em0: 192.0.2.1.1025 > 198.51.100.2.445: S; IP 192.0.2.1.1025 > ...
        r"(?:^|[\s(])(?P<s>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:[.:](?P<sp>[0-9]{1,5}))?\s>\s(?P<d>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:[.:](?P<dp>[0-9]{1,5}))?(?:[:,\s]|$)",
        r"\bIP6\s(?P<s>[0-9A-Fa-f:]{3,39})(?:\.(?P<sp>[0-9]{1,5}))?\s>\s(?P<d>[0-9A-Fa-f:]{3,39})(?:\.(?P<dp>[0-9]{1,5}))?[:\s]",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    columns(line).or_else(|| first(line, &PATTERNS)).map(|mut packet| {
        // An answer to somebody's first packet is the reporter's own.
        packet.outgoing |= ["Flags [S.]", "Flags [R.]"].iter().any(|flags| line.contains(flags));
        packet.allowed |= packet.outgoing || line.contains(": pass ");
        packet
    })
}

/// Columns are counted from `match`: action, direction, version; what follows depends on the version (4 or 6).
fn columns(line: &str) -> Option<Packet> {
    let fields = super::comma_fields(line);
    let reason = fields.iter().position(|(_, field)| *field == "match")?;
    let field = |offset: usize| fields.get(reason + offset).map(|(_, field)| *field);
    let (proto, source) = match field(3)? {
        "4" => (field(10)?, 12),
        "6" => (field(7)?, 10),
        _ => return None,
    };
    // A newer layout has one column more in front of the protocol's name than an older one.
    let at = (source - 1..=source + 1)
        .find(|&at| field(at).is_some_and(|words| words.parse::<std::net::IpAddr>().is_ok()))?;
    let end = |at: usize, port: usize| {
        let (range, words) = fields.get(reason + at)?;
        let port = field(port).and_then(|port| port.parse().ok()).filter(|&port: &u16| port > 0);
        Some(End {
            address: words.parse::<std::net::IpAddr>().ok()?.to_canonical(),
            range: range.clone(),
            port,
        })
    };
    let protocol = (4..at).rev().find_map(|at| field(at).and_then(protocol)).or_else(|| protocol(proto));
    let ported = matches!(protocol, Some(crate::reading::Protocol::Tcp | crate::reading::Protocol::Udp));
    let port = |at: usize| if ported { at } else { usize::MAX - reason };
    Some(Packet {
        source: end(at, port(at + 2))?,
        destination: end(at + 1, port(at + 3)),
        protocol,
        allowed: field(1) == Some("pass") || field(2) == Some("out"),
        outgoing: field(2) == Some("out"),
    })
}
