//! Makers that write keys and values: Fortinet, SonicWall, Check Point, Sophos, NetScreen traffic logs, CEF and LEEF, and
//! the JSON of Suricata, Zeek and honeypots. Which end is which follows from the key in front of each address.

use std::sync::LazyLock;

use regex::Regex;

use super::{End, Packet, is_allowed, protocol, spoken};
use crate::logs::addresses::{self, Spot};
use crate::logs::part::{self, Part};

pub(super) const MARKS: &[&str] = &["src", "Src", "source", "Source", "saddr", "id.orig_h", "orig_h"];

static SOURCE_PORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    port_of(r"s_port|sport|src_?-?port|spt|source[_-]?port|sourceTranslatedPort|id\.orig_p")
});
static TARGET_PORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    port_of(r"d_port|dport|dst_?-?port|dpt|dest_?port|destination[_-]?port|service|id\.resp_p")
});
static PROTOCOL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\bproto(?:col)?(?:-id|-name|_name|_id)?\\?["']?\s*[=:]\s*\\?["']?([A-Za-z0-9-]+)"#).ok()
});

fn port_of(keys: &str) -> Option<Regex> {
    Regex::new(&format!(r#"(?i)(?:^|[^A-Za-z0-9])(?:{keys})\\?["']?\s*[=: ]\s*\\?["']?(?:tcp/|udp/)?([0-9]{{1,5}})(?:[^0-9.]|$)"#)).ok()
}

pub(super) fn read(line: &str) -> Option<Packet> {
    let spots = addresses::all(line);
    let of =
        |wanted: fn(&str) -> bool| spots.iter().find(|spot| key(line, spot).is_some_and(|key| wanted(&key)));
    let source = of(is_source)?;
    let destination = of(is_target)?;
    let end = |spot: &Spot, pattern: &LazyLock<Option<Regex>>| End {
        address: spot.address,
        range: spot.range.clone(),
        port: spot.port.or_else(|| number(line, pattern)),
    };
    let named = PROTOCOL.as_ref().and_then(|pattern| pattern.captures(line)?.get(1));
    Some(Packet {
        source: end(source, &SOURCE_PORT),
        destination: Some(end(destination, &TARGET_PORT)),
        protocol: named.and_then(|name| protocol(name.as_str())).or_else(|| spoken(line)),
        allowed: is_allowed(line),
        outgoing: false,
    })
}

fn number(line: &str, pattern: &LazyLock<Option<Regex>>) -> Option<u16> {
    pattern.as_ref()?.captures(line)?.get(1)?.as_str().parse().ok().filter(|&port| port > 0)
}

/// The key in front of an address, in small letters and digits alone.
fn key(line: &str, spot: &Spot) -> Option<String> {
    (part::of(line, spot.range.start) != Part::Unsaid).then_some(())?;
    let before = line.get(..spot.range.start)?;
    let bare = before.trim_end_matches(['[', '(', '<', '\'', '"', '\\', ' ', '=', ':']);
    let start = bare
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |at| at + 1);
    let word: String = bare
        .get(start..)?
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|c| char::from(c.to_ascii_lowercase()))
        .collect();
    if word == "ip" || word == "address" {
        let rest = bare.get(..start)?.trim_end();
        let start = rest.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        return rest.get(start..).map(str::to_ascii_lowercase);
    }
    Some(word)
}

fn is_source(key: &str) -> bool {
    matches!(
        key,
        "src" | "srcip" | "srcaddr" | "source" | "sourceip" | "sourceaddress" | "saddr" | "idorigh" | "origh"
    )
}

fn is_target(key: &str) -> bool {
    matches!(
        key,
        "dst"
            | "dstip"
            | "dstaddr"
            | "dest"
            | "destip"
            | "destination"
            | "destinationip"
            | "destinationaddress"
            | "daddr"
            | "target"
            | "idresph"
            | "resph"
    )
}
