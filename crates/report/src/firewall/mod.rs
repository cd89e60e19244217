//! Packets that firewalls, routers and intrusion detection speak of: one file for each family of makers.
//!
//! SRC, DENY and the order of the two ends differ by maker, and a line can name the reporter's own host first. Each family
//! says by which marks its lines are known; only families whose mark a line bears look at it.

mod arrows;
mod cisco;
mod columns;
mod filterlog;
mod juniper;
mod keyed;
mod netfilter;
mod windows;

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::{Captures, Match, Regex};

use crate::logs::addresses;
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
    /// Whether the line says that it was let through, or that it left the reporter's own host.
    pub(crate) allowed: bool,
    /// Whether it left the reporter's own host.
    pub(crate) outgoing: bool,
}

/// A family of makers.
struct Family {
    /// At least one of them stands in each of its lines, in this spelling.
    marks: &'static [&'static str],
    read: fn(&str) -> Option<Packet>,
}

/// The one that says most of itself first.
const FAMILIES: [Family; 8] = [
    Family { marks: netfilter::MARKS, read: netfilter::read },
    Family { marks: filterlog::MARKS, read: filterlog::read },
    Family { marks: cisco::MARKS, read: cisco::read },
    Family { marks: juniper::MARKS, read: juniper::read },
    Family { marks: columns::MARKS, read: columns::read },
    Family { marks: windows::MARKS, read: windows::read },
    Family { marks: keyed::MARKS, read: keyed::read },
    Family { marks: arrows::MARKS, read: arrows::read },
];

struct Marks {
    automaton: AhoCorasick,
    /// The family of each mark.
    family: Vec<usize>,
}

static MARKS: LazyLock<Option<Marks>> = LazyLock::new(|| {
    let of =
        |at: usize, family: &Family| family.marks.iter().map(move |mark| (at, *mark)).collect::<Vec<_>>();
    let all: Vec<(usize, &str)> =
        FAMILIES.iter().enumerate().flat_map(|(at, family)| of(at, family)).collect();
    let automaton = AhoCorasick::new(all.iter().map(|(_, mark)| *mark)).ok()?;
    Some(Marks { automaton, family: all.iter().map(|(at, _)| *at).collect() })
});

/// The packet that a line speaks of.
pub(crate) fn packet(line: &str) -> Option<Packet> {
    if !addresses::any(line) {
        return None;
    }
    let marks = MARKS.as_ref()?;
    let mut borne = [false; FAMILIES.len()];
    for found in marks.automaton.find_overlapping_iter(line) {
        if let Some(family) = marks.family.get(found.pattern().as_usize()).and_then(|&at| borne.get_mut(at)) {
            *family = true;
        }
    }
    FAMILIES.iter().zip(borne).filter(|(_, borne)| *borne).find_map(|(family, _)| (family.read)(line))
}

/// A list of patterns, compiled at their first use.
type Patterns = LazyLock<Vec<Regex>>;

/// An address in a pattern; what it really is, is looked at later.
const IP: &str = r"[0-9A-Fa-f:][0-9A-Fa-f.:]{2,44}";

/// Compiles `patterns`, in which `IP` stands for an address.
fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(&pattern.replace("IP", IP)).ok()).collect()
}

/// What the first pattern that fits says: `s`, `sp`, `d`, `dp` and `p` are source, destination, their ports, the protocol.
fn first(line: &str, patterns: &[Regex]) -> Option<Packet> {
    patterns.iter().find_map(|pattern| captured(line, &pattern.captures(line)?))
}

fn captured(line: &str, found: &Captures<'_>) -> Option<Packet> {
    let source = end(line, found.name("s")?, found.name("sp"))?;
    let destination = found.name("d").and_then(|place| end(line, place, found.name("dp")));
    let protocol = found.name("p").and_then(|name| protocol(name.as_str())).or_else(|| spoken(line));
    Some(Packet { source, destination, protocol, allowed: is_allowed(line), outgoing: false })
}

fn end(line: &str, place: Match<'_>, port: Option<Match<'_>>) -> Option<End> {
    let words = line.get(place.range())?.trim_end_matches(['.', '/']);
    let words = if words.ends_with("::") { words } else { words.trim_end_matches(':') };
    let address: IpAddr = words.parse::<IpAddr>().ok()?.to_canonical();
    let range = place.start()..place.start() + words.len();
    Some(End {
        address,
        range,
        port: port.and_then(|port| port.as_str().parse().ok()).filter(|&port| port > 0),
    })
}

/// By name, or by number of IANA's "Assigned Internet Protocol Numbers".
fn protocol(name: &str) -> Option<Protocol> {
    match name.to_ascii_lowercase().as_str() {
        "tcp" | "6" => Some(Protocol::Tcp),
        "udp" | "17" => Some(Protocol::Udp),
        "icmp" | "icmpv6" | "ipv6-icmp" | "icmp6" | "1" | "58" => Some(Protocol::Icmp),
        _ => None,
    }
}

/// A protocol named anywhere else in the line.
fn spoken(line: &str) -> Option<Protocol> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        .find_map(protocol)
}

static ALLOWED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:permitted|built (?:in|out)bound|session_create|session created|teardown|ufw allow|accept(?:ed)?|action"?[=:]\s?"?(?:accept|allow|pass|permit|close|server-rst|client-rst|start))\b|,pass,|\bpass (?:in|out)\b|,allow,"#,
    )
    .ok()
});
static REFUSED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:den(?:y|ied)|drop(?:ped)?|block(?:ed)?|reject(?:ed)?|alert|signature|attack|threat|scan)\b").ok()
});

/// Whether the line says that the packet went through, and nothing that speaks against it.
fn is_allowed(line: &str) -> bool {
    ALLOWED.as_ref().is_some_and(|word| word.is_match(line))
        && !REFUSED.as_ref().is_some_and(|word| word.is_match(line))
}

/// Ports on which trojans that were scanned for wait (NetBus, SubSeven, Back Orifice, and those of mass-mailers), and
/// those of proxies. IANA has none of the former; they are the programs' own defaults.
const TROJANS: [u16; 18] = [
    1243, 2773, 3127, 3410, 5000, 6711, 6712, 6776, 12345, 12346, 17300, 20034, 27374, 31337, 31338, 54283,
    54320, 54321,
];
/// Ports on which proxies listen by default.
const PROXIES: [u16; 7] = [1080, 3128, 3380, 4480, 6588, 8000, 8080];

/// Whether a port is one that is scanned for trojans or proxies.
pub(crate) fn is_trojan_or_proxy(port: u16) -> bool {
    TROJANS.contains(&port) || PROXIES.contains(&port)
}

/// The fields of a line between commas, each with its place. No maker of firewalls quotes a comma.
fn comma_fields(line: &str) -> Vec<(Range<usize>, &str)> {
    let mut at = 0;
    let field = |field| {
        let range = at..at + str::len(field);
        at = range.end + 1;
        (range, field)
    };
    line.split(',').map(field).collect()
}

#[cfg(test)]
mod tests;
