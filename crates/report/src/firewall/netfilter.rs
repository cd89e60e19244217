//! iptables, nftables and ufw: `SRC= DST= PROTO= SPT= DPT=` in this order (Linux, net/netfilter/nf_log_syslog.c); psad
//! and UniFi gateways write the same. Read by hand, since such logs are the longest that are sent in.

use std::net::IpAddr;
use std::ops::Range;

use memchr::memmem;

use super::{End, Packet, protocol, spoken};

pub(super) const MARKS: &[&str] = &["SRC="];

pub(super) fn read(line: &str) -> Option<Packet> {
    let source = field(line, "SRC=", 0)?;
    let target = field(line, "DST=", source.end);
    let behind = target.as_ref().map_or(source.end, |target| target.end);
    let number = |name: &str| {
        let port = line.get(field(line, name, behind)?)?;
        port.parse().ok().filter(|&port: &u16| port > 0)
    };
    let end = |range: Range<usize>, port: &str| {
        let address: IpAddr = line.get(range.clone())?.parse().ok()?;
        Some(End { address: address.to_canonical(), range, port: number(port) })
    };
    let named = field(line, "PROTO=", behind).and_then(|range| protocol(line.get(range)?));
    let outgoing = is_outgoing(line, source.start);
    Some(Packet {
        source: end(source, "SPT=")?,
        destination: target.and_then(|target| end(target, "DPT=")),
        protocol: named.or_else(|| spoken(line)),
        allowed: outgoing || super::is_allowed(line),
        outgoing,
    })
}

/// Where the value of a field stands, from `start` on.
fn field(line: &str, name: &str, start: usize) -> Option<Range<usize>> {
    let rest = line.get(start..)?;
    let mut found = memmem::find_iter(rest.as_bytes(), name.as_bytes());
    let at = found
        .find(|&at| at == 0 || rest.as_bytes().get(at - 1).is_some_and(|c| !c.is_ascii_alphanumeric()))?;
    let value = start + at + name.len();
    let length = line.get(value..)?.bytes().take_while(|c| !c.is_ascii_whitespace()).count();
    Some(value..value + length)
}

/// A packet with an interface it leaves by and none it came by is the reporter's own; so is one in a chain of that name.
fn is_outgoing(line: &str, source: usize) -> bool {
    let Some(before) = line.get(..source) else { return false };
    let has = |name: &str| field(before, name, 0).is_some_and(|value| !value.is_empty());
    !has("IN=") && has("OUT=") || memmem::find(before.as_bytes(), b"-OUT ").is_some()
}
