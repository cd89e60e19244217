//! Times, addresses, ports, protocols and counts as logs write them.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::protocol;

/// A time in microseconds since 1970, and whether its zone had to be assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) micros: i64,
    pub(super) assumed: bool,
}

/// Reads a time: seconds since 1970 with or without a fraction (milli- and microseconds are told by their size), RFC 3339,
/// or a date and time as Argus and nfdump print them, which have no zone and are taken for UTC.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let text = text.trim_ascii();
    if let Some(micros) = decimal_micros(text) {
        return Some(Moment { micros: scaled(micros), assumed: false });
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Moment { micros: at.as_microsecond(), assumed: false });
    }
    civil(text).map(|micros| Moment { micros, assumed: true })
}

/// Seconds, unless they would be after the year 5138: then milliseconds, or microseconds.
fn scaled(micros: i64) -> i64 {
    const SECONDS_END: i64 = 100_000_000_000;
    match micros / 1_000_000 {
        seconds if seconds < SECONDS_END => micros,
        seconds if seconds < SECONDS_END.saturating_mul(1000) => micros / 1_000,
        _ => micros / 1_000_000,
    }
}

fn civil(text: &str) -> Option<i64> {
    const WRITTEN: [&str; 3] = ["%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%d/%m/%Y %H:%M:%S%.f"];
    let civil = WRITTEN.iter().find_map(|written| DateTime::strptime(written, text).ok());
    let civil = civil.or_else(|| text.parse::<DateTime>().ok())?;
    let at = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(at.as_microsecond())
}

/// A decimal number of seconds in microseconds, exactly; also as `1.5e9`.
pub(super) fn decimal_micros(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let micros = match (whole.parse::<i64>(), fraction.bytes().all(|byte| byte.is_ascii_digit())) {
        (Ok(whole), true) => whole.checked_mul(1_000_000)?.checked_add(millionths(fraction))?,
        _ => exponential(digits)?,
    };
    Some(if negative { -micros } else { micros })
}

fn millionths(fraction: &str) -> i64 {
    fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit.saturating_sub(b'0')))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is looked at first")]
fn exponential(text: &str) -> Option<i64> {
    let seconds = text.parse::<f64>().ok()?;
    (0.0..9e12).contains(&seconds).then_some((seconds * 1e6) as i64)
}

/// An address without a zone; an IPv4-mapped IPv6 address is the IPv4 it carries.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_ascii().split('%').next()?;
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

/// A whole number, in decimal (also `443.0`, as tables that went through a statistics program have it) or in hexadecimal
/// with `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    let text = text.trim_ascii();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

/// A port, by its number or by one of the names that Argus puts in its place.
pub(super) fn port(text: &str) -> Option<u16> {
    match number(text) {
        Some(number) => u16::try_from(number).ok(),
        None => named_port(text),
    }
}

/// Names from IANA's register of ports, those that are met in practice.
fn named_port(name: &str) -> Option<u16> {
    Some(match name.to_ascii_lowercase().as_str() {
        "ftp-data" => 20,
        "ftp" => 21,
        "ssh" => 22,
        "telnet" => 23,
        "smtp" => 25,
        "domain" => 53,
        "bootps" => 67,
        "bootpc" => 68,
        "tftp" => 69,
        "http" | "www" => 80,
        "pop3" => 110,
        "ntp" => 123,
        "netbios-ns" => 137,
        "netbios-dgm" => 138,
        "netbios-ssn" => 139,
        "imap" | "imap2" => 143,
        "snmp" => 161,
        "ldap" => 389,
        "https" => 443,
        "microsoft-ds" => 445,
        "submission" => 587,
        "imaps" => 993,
        "pop3s" => 995,
        "socks" => 1080,
        "ms-sql-s" => 1433,
        "ssdp" => 1900,
        "mysql" => 3306,
        "ms-wbt-server" => 3389,
        "sip" => 5060,
        "mdns" => 5353,
        "postgresql" => 5432,
        "http-alt" | "webcache" => 8080,
        _ => return None,
    })
}

/// An IP protocol, by its number or by its name (IANA's register of protocol numbers, and what Argus calls RTP and others
/// that ride on UDP). ICMP is that of the address's family.
pub(super) fn ip_protocol(text: &str, source: IpAddr) -> Option<u8> {
    if let Some(number) = number(text) {
        return u8::try_from(number).ok();
    }
    Some(match text.trim_ascii().to_ascii_lowercase().as_str() {
        "tcp" => protocol::TCP,
        "udp" | "rtp" | "rtcp" | "udt" => protocol::UDP,
        "icmp" if source.is_ipv4() => protocol::ICMP,
        "icmp" | "icmp6" | "icmpv6" | "ipv6-icmp" | "icmp-ipv6" => protocol::ICMPV6,
        "igmp" => 2,
        "ipip" | "ipencap" | "ipnip" => 4,
        "egp" => 8,
        "igp" => 9,
        "ipv6" => 41,
        "rsvp" => 46,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "eigrp" => 88,
        "ospf" | "ospfigp" => 89,
        "pim" => 103,
        "vrrp" => 112,
        "l2tp" => 115,
        "sctp" => 132,
        "udplite" => 136,
        _ => return None,
    })
}

/// The bytes of a packet's headers that those who count payload alone leave out: IP's 20 and TCP's 20, or UDP's and
/// ICMP's 8.
pub(super) fn header_bytes(protocol: u8) -> u64 {
    if protocol == protocol::TCP { 40 } else { 28 }
}
