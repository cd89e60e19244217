//! Cisco: ASA, PIX, FWSM and FTD (message numbers of "Cisco Secure Firewall ASA Series Syslog Messages") and IOS access
//! lists (%SEC-6-IPACCESSLOG*, %IPS-4-SIGNATURE).

use super::{Packet, Patterns, compiled, first};

pub(super) const MARKS: &[&str] = &[
    "%ASA-",
    "%PIX-",
    "%FWSM-",
    "%FTD-",
    "%SEC-",
    "%IPV6-",
    "Deny ",
    "deny ",
    "denied",
    "permitted",
    "Built ",
    "Teardown ",
    "discarded",
    " to ",
];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        // 106023: Deny tcp src outside:A/p dst inside:B/p; ICMP has no ports
        r"(?i)\b(?:Deny|denied)\s+(?:protocol\s+)?(?P<p>\w+)\s+src\s+(?:\S+?:)?(?P<s>IP)(?:/(?P<sp>[0-9]+))?(?:\([^)]*\))*\s+dst\s+(?:\S+?:)?(?P<d>IP)(?:/(?P<dp>[0-9]+))?",
        // 302013: Built inbound TCP connection 1 for outside:A/p (A/p) to inside:B/p (B/p); 302014 Teardown
        r"(?i)\b(?:Built\s+inbound|Teardown)\s+(?P<p>\w+)\s+connection\s+[0-9]+\s+for\s+\S+?:(?P<s>IP)/(?P<sp>[0-9]+)\s+(?:\([^)]*\)\s*)*to\s+\S+?:(?P<d>IP)/(?P<dp>[0-9]+)",
        // 106100: access-list x denied tcp outside/A(p) -> inside/B(p); IOS: list 102 denied tcp A(p) -> B(p), 1 packet
        r"(?i)\b(?:denied|permitted)\s+(?P<p>\w+)\s+(?:\S+?/)?(?P<s>IP)\s?(?:\((?P<sp>[0-9]+)\))?\s*(?:\([^)]*\)\s*)?(?:\S+\s+)?->\s*(?:\S+?/)?(?P<d>IP)\s?(?:\((?P<dp>[0-9]+)\)|\([0-9]+/[0-9]+\))?",
        // 106001, 106006, 106007, 106015, 106010, 106014, 710003: ... from A/p to B/p
        r"(?i)\b(?P<p>tcp|udp|icmp|protocol\s+[0-9]+)\b[^:]{0,60}?\b(?:from|src)\s+(?:\S+?:)?(?P<s>IP)(?:/(?P<sp>[0-9]+))?\s+(?:to|dst)\s+(?:\S+?:)?(?P<d>IP)(?:/(?P<dp>[0-9]+))?",
        // 106016 and 106017: Deny IP spoof from (A) to B, Deny IP due to Land Attack from A to B
        r"(?i)\bDeny\s+IP\b[^:]{0,40}?\bfrom\s+\(?(?P<s>IP)\)?\s+to\s+(?P<d>IP)",
        // IOS, list for addresses alone: list 1 denied A 3 packets
        r"(?i)%(?:SEC|IPV6)-6-\w+:.*?\bdenied\s+(?:[0-9]+\s+)?(?P<s>IP)\b",
        // 402117 and others that name the far side alone: from A to B
        r"%(?:ASA|PIX|FWSM|FTD)-.*?\bfrom\s+(?:\S+?:)?(?P<s>IP)(?:/(?P<sp>[0-9]+))?\s+to\s+(?:\S+?:)?(?P<d>IP)(?:/(?P<dp>[0-9]+))?",
        // scanlogd and others: 192.0.2.1 to 198.51.100.2 ports 80, 81
        r"(?:^|[\s:])(?P<s>IP)\s+to\s+(?P<d>IP)\s+ports?\b",
        // ipfw: Deny TCP A:p B:p in via
        r"(?i)\b(?:Deny|Accept|Reset)\s+(?P<p>\w+)(?::\S+)?\s+(?P<s>[0-9.]+):(?P<sp>[0-9]+)\s+(?P<d>[0-9.]+):(?P<dp>[0-9]+)",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    first(line, &PATTERNS)
}
