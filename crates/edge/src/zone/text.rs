//! The text of a zone. Typed values only: nothing foreign can get into it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::file::SERIAL;
use super::{ZoneConfig, ZoneKind};
use crate::remembered;
use crate::round::Kept;

/// How long others may remember an answer: a line that is let go is free everywhere within this.
const TTL: u32 = 60;

/// The name whose TXT record in a response policy zone tells which serial number the resolver has loaded. It stands
/// under the zone's own name: what is under `invalid.` Unbound answers by itself (RFC 6761 section 6.4), before any policy.
pub(super) fn canary(zone: &str) -> String {
    format!("serial.{}", zone.trim_end_matches('.'))
}

/// The whole file for these rules.
pub(super) fn zone(config: &ZoneConfig, kept: &[Kept], serial: u32) -> String {
    let mut text = format!("; Written by nightdesk; changes made by hand are put back.\n{SERIAL}{serial}\n");
    for kept in kept {
        text += &format!("; {}\n", remembered::line(kept));
    }
    let lines: BTreeMap<IpAddr, &Kept> = kept.iter().map(|kept| (kept.rule.key.address, kept)).collect();
    text + &match config.kind {
        ZoneKind::Dnsbl => dnsbl(config, &lines, kept, serial),
        ZoneKind::Rpz => rpz(config, &lines, serial),
    }
}

/// A `combined` dataset of rbldnsd. `$TIMESTAMP` makes it refuse the file once its last rule has ended, so that nobody
/// stays listed when nothing writes the zone any more. 127.0.0.2 is always listed, 127.0.0.1 never (RFC 5782 section 5).
fn dnsbl(config: &ZoneConfig, lines: &BTreeMap<IpAddr, &Kept>, kept: &[Kept], serial: u32) -> String {
    let zone = &config.zone;
    let expires = kept.iter().map(|kept| kept.rule.until).max().map_or("-".to_owned(), stamp);
    let mut text = format!(
        "$SOA {TTL} ns.{zone} hostmaster.{zone} {serial} 600 300 86400 {TTL}\n$NS {TTL} ns.{zone}\n$TTL {TTL}\n\
         $TIMESTAMP - {expires}\n"
    );
    for (dataset, is_ipv4) in [("ip4set", true), ("ip6trie", false)] {
        text += &format!("$DATASET {dataset} @\n:127.0.0.2:open proxy or relay\n");
        text += if is_ipv4 { "127.0.0.2\n" } else { "::ffff:7f00:2\n" };
        for address in lines.keys().filter(|address| address.is_ipv4() == is_ipv4) {
            text += &format!("{address}\n");
        }
    }
    text
}

/// A moment as rbldnsd reads one, in UTC, rounded up to a full second.
fn stamp(until: Timestamp) -> String {
    let until = Timestamp::from_second(until.as_second().saturating_add(1)).unwrap_or(until);
    until.strftime("%Y:%m:%d:%H:%M:%S").to_string()
}

fn rpz(config: &ZoneConfig, lines: &BTreeMap<IpAddr, &Kept>, serial: u32) -> String {
    let mut text = format!(
        "$TTL {TTL}\n@ SOA localhost. hostmaster.nightdesk.invalid. {serial} 600 300 86400 {TTL}\n@ NS localhost.\n\
         {} TXT \"{serial}\"\n",
        canary(&config.zone)
    );
    for address in lines.keys() {
        for garden in &config.garden {
            let kind = if garden.is_ipv4() { "A" } else { "AAAA" };
            text += &format!("{}.rpz-client-ip {kind} {garden}\n", trigger(*address));
        }
    }
    text
}

/// An address as a trigger is named: prefix length first, then the parts backwards, `zz` for a run of zeros.
fn trigger(address: IpAddr) -> String {
    let (length, mark) = if address.is_ipv4() { (32, '.') } else { (128, ':') };
    let written = address.to_string();
    let mut parts: Vec<&str> =
        written.split(mark).map(|part| if part.is_empty() { "zz" } else { part }).collect();
    parts.dedup_by(|a, b| *a == "zz" && *b == "zz");
    parts.reverse();
    format!("{length}.{}", parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::trigger;

    #[test]
    fn triggers_are_named_as_resolvers_read_them() {
        let named = |address: &str| trigger(address.parse().expect("an address"));
        assert_eq!(named("203.0.113.66"), "32.66.113.0.203");
        assert_eq!(named("2001:db8::66"), "128.66.zz.db8.2001");
        assert_eq!(named("2001:db8:1:2:3:4:5:6"), "128.6.5.4.3.2.1.db8.2001");
        assert_eq!(named("2001:db8::"), "128.zz.db8.2001");
    }
}
