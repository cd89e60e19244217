//! Firewall lines: iptables and nftables, Cisco ASA, PIX and IOS, NetScreen, ipfw, pf.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Match, Regex};

use crate::address;
use crate::reading::Protocol;

/// One end of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) address: IpAddr,
    pub(crate) range: Range<usize>,
    pub(crate) port: Option<u16>,
}

/// A packet that a firewall speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) source: End,
    pub(crate) destination: Option<End>,
    pub(crate) protocol: Option<Protocol>,
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let ip = r"[0-9A-Fa-f][0-9A-Fa-f.:]{2,44}";
    [
        // iptables and nftables LOG; order of the fields is fixed, others may stand between
        format!(r"\bSRC=(?P<s>{ip})\s+DST=(?P<d>{ip})(?:.*?\bPROTO=(?P<p>\w+))?(?:.*?\bSPT=(?P<sp>\d+)\s+DPT=(?P<dp>\d+))?"),
        // ASA 106023, PIX: Deny tcp src outside:A/p dst inside:B/p
        format!(r"(?i)\bDeny\s+(?P<p>\w+)\s+src\s+\S+?:(?P<s>{ip})(?:/(?P<sp>\d+))?(?:\([^)]*\))?\s+dst\s+\S+?:(?P<d>{ip})(?:/(?P<dp>\d+))?"),
        // ASA 106001, 106006, 106015: Deny inbound UDP from A/p to B/p, Inbound TCP connection denied from A/p to B/p
        format!(r"(?i)\b(?P<p>tcp|udp|icmp)\b[^:]{{0,40}}?\bfrom\s+(?:\S+?:)?(?P<s>{ip})(?:/(?P<sp>\d+))?\s+to\s+(?:\S+?:)?(?P<d>{ip})(?:/(?P<dp>\d+))?"),
        // ASA 302013: Built inbound TCP connection 1 for outside:A/p (A/p) to inside:B/p (B/p)
        format!(r"(?i)\bBuilt\s+inbound\s+(?P<p>\w+)\s+connection\s+\d+\s+for\s+\S+?:(?P<s>{ip})/(?P<sp>\d+)\s+(?:\([^)]*\)\s*)*to\s+\S+?:(?P<d>{ip})/(?P<dp>\d+)"),
        // ASA 106100 and IOS: denied tcp outside/A(p) -> inside/B(p)
        format!(r"(?i)\b(?:denied|permitted)\s+(?P<p>\w+)\s+(?:\S+?/)?(?P<s>{ip})\((?P<sp>\d+)\)\s*(?:[\w./]+\s+)?->\s*(?:\S+?/)?(?P<d>{ip})\((?P<dp>\d+)\)"),
        // NetScreen and others: src=A dst=B src_port=p dst_port=p
        format!(r"(?i)\bsrc(?:_?ip)?\s*[=:]\s*(?P<s>{ip})\b.*?\bdst(?:_?ip)?\s*[=:]\s*(?P<d>{ip})\b(?:.*?\b(?:src_?port|spt)\s*[=:]\s*(?P<sp>\d+))?(?:.*?\b(?:dst_?port|dpt)\s*[=:]\s*(?P<dp>\d+))?"),
        // ipfw: Deny TCP A:p B:p in via
        r"(?i)\bDeny\s+(?P<p>\w+)(?::\S+)?\s+(?P<s>[\d.]+):(?P<sp>\d+)\s+(?P<d>[\d.]+):(?P<dp>\d+)".to_owned(),
        // snort, tcpdump, pf: A:p -> B:p, A.p > B.p
        r"(?P<s>\d{1,3}(?:\.\d{1,3}){3})[:.](?P<sp>\d{1,5})\s*-?>\s*(?P<d>\d{1,3}(?:\.\d{1,3}){3})[:.](?P<dp>\d{1,5})".to_owned(),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// Ports on which trojans that were scanned for wait (NetBus, SubSeven, Back Orifice, and those of mass-mailers), and
/// those of proxies. IANA has none of the former; they are the programs' own defaults.
const TROJANS: [u16; 18] = [
    1243, 2773, 3127, 3410, 5000, 6711, 6712, 6776, 12345, 12346, 17300, 20034, 27374, 31337, 31338, 54283,
    54320, 54321,
];
/// Ports on which proxies listen by default.
const PROXIES: [u16; 7] = [1080, 3128, 3380, 4480, 6588, 8000, 8080];

/// The packet that a line speaks of.
pub(crate) fn packet(line: &str) -> Option<Packet> {
    PATTERNS.iter().find_map(|pattern| read(line, &pattern.captures(line)?))
}

fn read(line: &str, found: &Captures<'_>) -> Option<Packet> {
    let source = end(line, found.name("s")?, found.name("sp"))?;
    let destination = found.name("d").and_then(|place| end(line, place, found.name("dp")));
    let protocol = found.name("p").and_then(|name| protocol(name.as_str())).or_else(|| spoken(line));
    Some(Packet { source, destination, protocol })
}

fn end(line: &str, place: Match<'_>, port: Option<Match<'_>>) -> Option<End> {
    let words = line.get(place.range())?.trim_end_matches(['.', ':', '/']);
    let address: IpAddr = words.parse().ok().or_else(|| address::first(words).map(|found| found.address))?;
    let range = place.start()..place.start() + words.len();
    Some(End {
        address,
        range,
        port: port.and_then(|port| port.as_str().parse().ok()).filter(|&port| port > 0),
    })
}

fn protocol(name: &str) -> Option<Protocol> {
    match name.to_ascii_lowercase().as_str() {
        "tcp" | "6" => Some(Protocol::Tcp),
        "udp" | "17" => Some(Protocol::Udp),
        "icmp" | "icmpv6" | "1" | "58" => Some(Protocol::Icmp),
        _ => None,
    }
}

/// A protocol named anywhere else in the line.
fn spoken(line: &str) -> Option<Protocol> {
    line.split(|c: char| !c.is_ascii_alphabetic()).find_map(protocol)
}

/// Whether a port is one that is scanned for trojans or proxies.
pub(crate) fn is_trojan_or_proxy(port: u16) -> bool {
    TROJANS.contains(&port) || PROXIES.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_maker_says_who_came_from_where() {
        for line in [
            "kernel: DROP IN=eth0 OUT= MAC=00:11 SRC=192.0.2.1 DST=198.51.100.2 LEN=48 TTL=113 PROTO=TCP SPT=1025 DPT=445 SYN",
            "%ASA-4-106023: Deny tcp src outside:192.0.2.1/1025 dst inside:198.51.100.2/445 by access-group \"x\"",
            "%PIX-2-106001: Inbound TCP connection denied from 192.0.2.1/1025 to 198.51.100.2/445 flags SYN on interface outside",
            "%ASA-6-106015: Deny TCP (no connection) from 192.0.2.1/1025 to 198.51.100.2/445 flags RST",
            "%ASA-6-302013: Built inbound TCP connection 9 for outside:192.0.2.1/1025 (192.0.2.1/1025) to inside:198.51.100.2/445 (x)",
            "%ASA-4-106100: access-list out denied tcp outside/192.0.2.1(1025) -> inside/198.51.100.2(445) hit-cnt 1",
            "ipfw: 600 Deny TCP 192.0.2.1:1025 198.51.100.2:445 in via fxp0",
            "[**] SCAN [**] {TCP} 192.0.2.1:1025 -> 198.51.100.2:445",
            "rule 5: block in TCP 192.0.2.1.1025 > 198.51.100.2.445: S",
        ] {
            let packet = packet(line);
            let ends = packet.as_ref().and_then(|packet| {
                let to = packet.destination.as_ref()?;
                Some((
                    packet.source.address.to_string(),
                    packet.source.port?,
                    to.address.to_string(),
                    to.port?,
                ))
            });
            assert_eq!(ends, Some(("192.0.2.1".into(), 1025, "198.51.100.2".into(), 445)), "{line}");
            assert_eq!(packet.and_then(|packet| packet.protocol), Some(Protocol::Tcp), "{line}");
        }
    }
}
