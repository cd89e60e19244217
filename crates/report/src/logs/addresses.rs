//! Addresses as logs write them: with a port behind a colon, a dot, a slash, a hash or in brackets; as `user@address`; as a
//! mapped address (RFC 4291 section 2.5.5.2).
//!
//! Prose has its own rules ([`crate::address`]). A log is denser: `ipv4:192.0.2.1:4711` and `198.51.100.7#53` are
//! addresses in it, and four numbers behind a browser's name still are none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// More addresses than this in one line are not looked at.
const MOST: usize = 24;
/// The longest spelling of an address (RFC 4291 section 2.2, with a dotted end).
const LONGEST: usize = 45;

/// An address in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) address: IpAddr,
    /// Where the address stands, without port and brackets.
    pub(crate) range: Range<usize>,
    pub(crate) port: Option<u16>,
}

/// Whether a line can hold an address at all: a digit on both sides of a dot, or two colons near each other.
/// Cheap, since it is asked of every line.
pub(crate) fn any(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut dots = memchr::memchr_iter(b'.', bytes);
    if dots.any(|at| at > 0 && digit(at - 1) && digit(at + 1)) {
        return true;
    }
    let hex = |at: usize| bytes.get(at).is_some_and(|c| c.is_ascii_hexdigit() || *c == b':');
    let mut last = None;
    memchr::memchr_iter(b':', bytes).any(|at| {
        // The two colons of a clock have two digits between them.
        let clock = |last: usize| at - last == 3 && digit(last + 1) && digit(last + 2);
        let near = last.is_some_and(|last: usize| at - last <= 5 && !clock(last)) && hex(at + 1);
        last = Some(at);
        near
    })
}

/// Every address in a line, in order.
pub(crate) fn all(line: &str) -> Vec<Spot> {
    let bytes = line.as_bytes();
    let mut spots = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begins = byte == b':' || byte.is_ascii_hexdigit();
        let joined = at > 0 && bytes.get(at - 1).is_some_and(|c| c.is_ascii_alphanumeric());
        if !begins || joined {
            at += 1;
            continue;
        }
        if let Some(spot) = six(line, at).or_else(|| four(line, at)) {
            at = spot.range.end;
            spots.push(spot);
            if spots.len() >= MOST {
                break;
            }
        } else {
            at += 1;
            while bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                at += 1;
            }
        }
    }
    spots
}

fn run(line: &str, at: usize, wanted: impl Fn(u8) -> bool) -> &str {
    let rest = line.get(at..).unwrap_or_default();
    let length = rest.bytes().take(LONGEST + 8).take_while(|&c| wanted(c)).count();
    rest.get(..length).unwrap_or_default()
}

fn four(line: &str, at: usize) -> Option<Spot> {
    let before = line.get(..at)?;
    if before.ends_with(['.', '-', '_', '%', '$']) {
        return None;
    }
    let words = run(line, at, |c| c.is_ascii_digit() || c == b'.');
    let mut groups = words.trim_end_matches('.').split('.');
    let four: Vec<&str> = groups.by_ref().take(4).collect();
    let address: Ipv4Addr = four.join(".").parse().ok()?;
    let length = four.iter().map(|group| group.len()).sum::<usize>() + 3;
    let range = at..at + length;
    // A fifth number is a port in tcpdump, pf and dante; a version does not count that high.
    let dotted = match (groups.next(), groups.next()) {
        (None, _) => None,
        (Some(port), None) => Some(port.parse::<u16>().ok().filter(|&port| port > 255 || port == 80)?),
        _ => return None,
    };
    let rest = line.get(range.end..).unwrap_or_default();
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        || is_network(rest)
        || dotted.is_none() && is_name(rest)
        || !rest.starts_with(':') && is_version(before)
    {
        return None;
    }
    let port = dotted.or_else(|| port(rest)).filter(|&port| port > 0);
    Some(Spot { address: IpAddr::V4(address), range, port })
}

/// `.example.net` or `-rev.example.net` behind it: a name made of the number.
fn is_name(rest: &str) -> bool {
    let mut rest = rest.chars();
    matches!(rest.next(), Some('.' | '-')) && rest.next().is_some_and(|c| c.is_ascii_alphanumeric())
}

/// `/24` behind it: a network, which did nothing.
fn is_network(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('/') else { return false };
    let digits = run(rest, 0, |c| c.is_ascii_digit());
    digits.len() <= 2
        && digits.parse::<u8>().is_ok_and(|bits| bits < 32)
        && !rest.get(digits.len()..).is_some_and(|rest| rest.starts_with(['.', ':']))
}

/// Whether the number is that of a program: `Chrome/106.0.0.0`, `rv:1.9.0.1`, `version 1.2.3.4`.
fn is_version(before: &str) -> bool {
    let word = |words: &str| -> String {
        let start = words.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        words.get(start..).unwrap_or_default().to_ascii_lowercase()
    };
    if let Some(before) = before.strip_suffix('/') {
        let word = word(before);
        let spoken = matches!(word.as_str(), "udp" | "tcp" | "tls" | "ws" | "wss" | "icmp");
        return !spoken && !before.ends_with(['/', ':']) && word.bytes().any(|c| c.is_ascii_alphabetic());
    }
    let near = before.trim_end_matches([' ', ':', '=']);
    near.len() < before.len()
        && matches!(word(near).as_str(), "rv" | "version" | "ver" | "v" | "release" | "build")
}

fn six(line: &str, at: usize) -> Option<Spot> {
    let words = run(line, at, |c| c.is_ascii_hexdigit() || c == b':' || c == b'.');
    if words.bytes().filter(|&c| c == b':').count() < 2 {
        return None;
    }
    let words = words.trim_end_matches('.');
    let (address, length) = longest_six(words)?;
    if address.is_unspecified() {
        return None;
    }
    let rest = line.get(at + length..).unwrap_or_default();
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) || is_network(rest) || is_hardware(words) {
        return None;
    }
    let port = rest.strip_prefix(']').map_or_else(|| port(rest), port).filter(|&port| port > 0);
    Some(Spot { address: IpAddr::V6(address).to_canonical(), range: at..at + length, port })
}

/// `00:11:22:33:44:55:66:77` and longer: a hardware address, of two digits each.
fn is_hardware(words: &str) -> bool {
    words.split(':').take(8).all(|group| group.len() == 2)
}

/// The whole, or what is left without a port or the colon of a sentence.
fn longest_six(words: &str) -> Option<(Ipv6Addr, usize)> {
    let whole = words.parse().ok().map(|address| (address, words.len()));
    whole.or_else(|| {
        let shorter = words.strip_suffix(':').or_else(|| {
            let (shorter, port) = words.rsplit_once(':')?;
            port.parse::<u16>().ok().map(|_| shorter)
        })?;
        Some((shorter.parse().ok()?, shorter.len()))
    })
}

/// A port right behind an address.
fn port(rest: &str) -> Option<u16> {
    let mut chars = rest.chars();
    let mark = chars.next()?;
    if !matches!(mark, ':' | '#' | '(' | '/' | ',') {
        return None;
    }
    let digits = run(rest, 1, |c| c.is_ascii_digit());
    let after = rest.get(1 + digits.len()..).unwrap_or_default();
    let ends = match mark {
        '(' => after.starts_with(')'),
        // `192.0.2.1,80` is a row as often as it is a port; ports of rows are the row's reader's.
        ',' => false,
        _ => {
            !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':')
                || after.starts_with(":")
                    && !after.get(1..2).is_some_and(|c| c.bytes().all(|c| c.is_ascii_digit()))
        }
    };
    let prefix = mark == '/' && matches!(digits, "32" | "128");
    digits.parse().ok().filter(|_| ends && !prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(line: &str) -> Vec<String> {
        let spots = all(line);
        assert!(spots.is_empty() || any(line), "{line}");
        spots
            .iter()
            .map(|spot| {
                spot.port.map_or_else(|| spot.address.to_string(), |port| format!("{} {port}", spot.address))
            })
            .collect()
    }

    #[test]
    fn addresses_are_found_as_logs_write_them() {
        for (line, expected) in [
            ("rhost=192.0.2.1 user=x", "192.0.2.1"),
            ("client 198.51.100.7#53 (example.org):", "198.51.100.7 53"),
            ("remote host [ipv4:192.0.2.1:44890] ", "192.0.2.1 44890"),
            ("from [::ffff:192.0.2.1]:47414", "192.0.2.1 47414"),
            ("haproxy: 2001:db8::1234:58430 [x", "2001:db8::1234 58430"),
            ("IPV4/UDP/192.0.2.1/5060", "192.0.2.1 5060"),
            ("UTC:192.0.2.1(5432):db", "192.0.2.1 5432"),
            ("accept ]: 192.0.2.1.50550", "192.0.2.1 50550"),
            ("(?@192.0.2.1)", "192.0.2.1"),
            ("by 2001:db8::1: done", "2001:db8::1"),
            ("Banning 192.0.2.1/32 for", "192.0.2.1"),
        ] {
            assert_eq!(spots(line), [expected], "{line}");
        }
    }

    #[test]
    fn numbers_of_other_things_are_no_addresses() {
        for line in [
            "Chrome/106.0.0.0 Safari/537.36",
            "rv:1.9.0.1) Gecko",
            "MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00",
            "12:34:56 up",
            "198-51-100-7.example.net 192.0.2.1.example.net",
            "zone 192.0.2.0/24",
            "Listening on [::]:80",
            "1.2.3.4.5.6",
        ] {
            assert_eq!(spots(line), Vec::<String>::new(), "{line}");
        }
    }
}
