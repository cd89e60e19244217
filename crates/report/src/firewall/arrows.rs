//! Makers that draw an arrow between the ends: Snort and Suricata (fast.log), MikroTik RouterOS, UniFi, ipf, pflog.

use super::{Packet, Patterns, compiled, first};
use crate::logs::stance::{self, Stance};

pub(super) const MARKS: &[&str] = &["->", "=>"];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        // {TCP} A:p -> B:p; proto TCP (SYN), A:p->B:p, len 40; NAT (A:p->C:q)->B:p in RouterOS
        r"(?:(?P<p>\bTCP|\bUDP|\bICMP)\b[^0-9]*?)?(?:^|[\s({\[,])\(?(?P<s>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:[:.,](?P<sp>[0-9]{1,5}))?(?:->[0-9.]+(?::[0-9]+)?\))?\s*[-=]>\s*\(?(?P<d>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:[:.,](?P<dp>[0-9]{1,5}))?",
        r"\[(?P<s>[0-9A-Fa-f:]{3,39})\](?::(?P<sp>[0-9]{1,5}))?\s*->\s*\[(?P<d>[0-9A-Fa-f:]{3,39})\](?::(?P<dp>[0-9]{1,5}))?",
        r"\}\s(?P<s>[0-9A-Fa-f:]{3,39}):(?P<sp>[0-9]{1,5})\s->\s(?P<d>[0-9A-Fa-f:]{3,39}):(?P<dp>[0-9]{1,5})",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    let mut packet = first(line, &PATTERNS)?;
    // An arrow alone is no verdict: a service draws it for a connection it was glad to take.
    packet.allowed |= stance::of(line) == Stance::Fine;
    Some(packet)
}
