//! Addresses as people write them: with a port, in brackets, with an `IPv6:` tag (RFC 5321 section 4.1.3), defanged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// An address found in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) address: IpAddr,
    /// Where the address stands, without brackets and port.
    pub(crate) range: Range<usize>,
    /// A port written right behind it.
    pub(crate) port: Option<u16>,
}

static CANDIDATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<v4> \d{1,3} (?: (?:\.|\[\.\]|\(\.\)|\{\.\}|\[\.|\.\]|\[dot\]|\(dot\)|\x20dot\x20|\x20\[\.\]\x20) \d{1,3} ){3} )
        | (?:[Ii][Pp][Vv]6:)? (?P<v6> [0-9A-Fa-f]{0,4} (?: :[0-9A-Fa-f]{0,4} ){2,7} (?: \.\d{1,3} ){0,3} )",
    )
    .ok()
});

/// Every address in `text`, in order.
pub(crate) fn all(text: &str) -> Vec<Found> {
    let Some(candidate) = CANDIDATE.as_ref().filter(|_| may_be_in(text)) else { return Vec::new() };
    candidate
        .captures_iter(text)
        .filter_map(|found| match (found.name("v4"), found.name("v6")) {
            (Some(v4), _) => four(text, v4.range(), v4.as_str()),
            (_, Some(v6)) => six(text, v6.range(), v6.as_str()),
            _ => None,
        })
        .collect()
}

/// Whether an address can be in `text` at all: a dot between numbers, perhaps in brackets or in letters, or two colons with no
/// more than a group between them. Most lines with dots have those of names and sentences.
fn may_be_in(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is = |at: usize, marks: &[u8]| bytes.get(at).is_some_and(|c| c.is_ascii_digit() || marks.contains(c));
    if memchr::memchr_iter(b'.', bytes).any(|at| at > 0 && is(at - 1, b"[({") && is(at + 1, b"])}")) {
        return true;
    }
    let mut last = None;
    memchr::memchr_iter(b':', bytes).any(|at| last.replace(at).is_some_and(|last: usize| at - last <= 5))
        || text.contains("dot")
}

/// The first address in `text`.
pub(crate) fn first(text: &str) -> Option<Found> {
    all(text).into_iter().next()
}

fn four(text: &str, range: Range<usize>, words: &str) -> Option<Found> {
    let digits: String =
        words.split(|c: char| !c.is_ascii_digit()).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(".");
    let address: Ipv4Addr = digits.parse().ok()?;
    (stands_alone(text, &range) && !is_version(text, &range)).then(|| Found {
        address: IpAddr::V4(address),
        port: port_behind(text, range.end),
        range,
    })
}

fn six(text: &str, range: Range<usize>, words: &str) -> Option<Found> {
    // A sentence may end in a colon that belongs to it; `::` at the end belongs to the address.
    let trimmed = if words.ends_with("::") { words } else { words.trim_end_matches(':') };
    let (trimmed, skipped) = match trimmed.strip_prefix(':') {
        Some(rest) if !rest.starts_with(':') => (rest, 1),
        _ => (trimmed, 0),
    };
    let address: Ipv6Addr = trimmed.parse().ok()?;
    let range = range.start + skipped..range.start + skipped + trimmed.len();
    if address.is_unspecified() || !stands_alone(text, &range) {
        return None;
    }
    let port = text.get(range.end..)?.strip_prefix(']').and_then(|_| port_behind(text, range.end + 1));
    let address = address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4);
    Some(Found { address, range, port })
}

/// No part of a longer word or number: `4.8.2.018`, `0.0.0.0.1D17F3`, `host-1.2.3.4.example.net`.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    let mut after = text.get(range.end..).unwrap_or_default().chars();
    let tagged = before.len() >= 5
        && before.get(before.len() - 5..).is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    let free_before = tagged
        || !before
            .chars()
            .next_back()
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%'))
        || before.ends_with(':')
            && !before
                .trim_end_matches(':')
                .ends_with(|c: char| c.is_ascii_hexdigit() && !c.is_ascii_alphabetic());
    let free_after = match after.next() {
        Some('.' | '-' | ':') => {
            !after.next().is_some_and(|c| c.is_ascii_alphanumeric())
                || text.get(range.end..).is_some_and(|rest| rest.starts_with(':'))
        }
        Some(c) => !c.is_ascii_alphanumeric() && c != '_',
        None => true,
    };
    free_before && free_after
}

/// Whether the number in front is a program's and not a host's.
fn is_version(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default().trim_end();
    let word = before.rsplit([' ', '\t', '(', '\n']).next().unwrap_or_default();
    let word = word.trim_end_matches([':', '=']).to_ascii_lowercase();
    matches!(word.as_str(), "version" | "v" | "ver" | "vers" | "release" | "build" | "svc" | "server,")
        || word.ends_with('/') && !word.ends_with("://") && !word.contains("//") && word.len() > 1
}

/// Whether what stands there is a network and not a host: `192.0.2.0/24`.
pub(crate) fn is_network(text: &str, range: &Range<usize>) -> bool {
    let Some(rest) = text.get(range.end..).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let goes_on =
        rest.get(digits.len()..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()));
    let linked = text.get(..range.start).is_some_and(|head| head.ends_with("//"));
    !linked
        && !goes_on
        && digits.parse::<u8>().is_ok_and(|bits| {
            bits < 32 || text.get(range.clone()).is_some_and(|a| a.contains(':')) && bits < 128
        })
}

static SPOKEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bport\s*[:#=]?\s*(\d{1,5})\b").ok());

/// A port that the words of a line name: `on port 48613`.
pub(crate) fn spoken_port(line: &str) -> Option<u16> {
    let found = SPOKEN.as_ref()?.captures(line)?;
    found.get(1)?.as_str().parse().ok().filter(|&port| port > 0)
}

/// `:48613` right behind an address.
fn port_behind(text: &str, end: usize) -> Option<u16> {
    let digits = text.get(end..)?.strip_prefix(':')?;
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let next = digits.as_bytes().get(length);
    if next.is_some_and(|&c| c.is_ascii_alphabetic() || c == b':') {
        return None;
    }
    digits.get(..length)?.parse().ok().filter(|&port| port > 0)
}

/// Whether strangers can have it: neither private, loopback, link-local, multicast nor reserved (RFC 6890).
/// Documentation prefixes count as public, since that is what examples and tests are made of.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || a == 0 || a >= 224 || shared)
        }
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            !(v6.is_loopback()
                || v6.is_unspecified()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || first >= 0xff00)
        }
    }
}

/// Whether it could be anybody's host at all, private ranges included (RFC 1918 stands in for a masked offender).
pub(crate) fn is_possible(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, ..] = v4.octets();
            !(v4.is_loopback() || a == 0 || a >= 224)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        all(text).into_iter().map(|found| found.address.to_string()).collect()
    }

    #[test]
    fn addresses_are_found_as_written() {
        let text = "from [192.0.2.1]:4227 or (IPv6:2001:db8::5) and 198.51.100[.]7. 203.0.113.9:3128!";
        assert_eq!(words(text), ["192.0.2.1", "2001:db8::5", "198.51.100.7", "203.0.113.9"]);
        assert_eq!(all(text).last().and_then(|found| found.port), Some(3128));
    }

    #[test]
    fn mapped_addresses_are_the_address_they_map() {
        assert_eq!(words("[IPv6:::ffff:203.0.113.68]"), ["203.0.113.68"]);
    }

    #[test]
    fn versions_names_and_longer_numbers_are_no_addresses() {
        for text in [
            "X-Mailer: client 4.8.2.018 here",
            "0.0.0.0.1D17F3F2963E4AC",
            "host-192.0.2.1.example.net",
            "192.0.2.1.example.net",
            "version 6.0.2.1",
            "SMTPSVC v7.5.7.2",
            "12:34:56",
            "23:34:45 +0000",
            "1.2.3.4.5",
            "256.1.1.1",
        ] {
            assert_eq!(words(text), Vec::<String>::new(), "{text}");
        }
    }
}
