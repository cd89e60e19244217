//! iptables, nftables and ufw: `SRC= DST= PROTO= SPT= DPT=` in this order (Linux, net/netfilter/nf_log_syslog.c); psad
//! and UniFi gateways write the same.

use super::{Packet, Patterns, compiled, first};

pub(super) const MARKS: &[&str] = &["SRC="];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        r"\bSRC=(?P<s>IP)\s+DST=(?P<d>IP)(?:.*?\bPROTO=(?P<p>[A-Za-z0-9]+))?(?:.*?\bSPT=(?P<sp>[0-9]+)\s+DPT=(?P<dp>[0-9]+))?",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    let mut packet = first(line, &PATTERNS)?;
    packet.outgoing = is_outgoing(line);
    packet.allowed |= packet.outgoing;
    Some(packet)
}

/// A packet with an interface it leaves by and none it came by is the reporter's own; so is one in a chain of that name.
fn is_outgoing(line: &str) -> bool {
    let field = |name: &str| {
        let value = line.split([' ', '\t']).find_map(|word| word.strip_prefix(name))?;
        (!value.is_empty()).then_some(value)
    };
    field("IN=").is_none() && field("OUT=").is_some() || line.contains("-OUT ")
}
