//! Accounting as access servers send it: the attributes of one Accounting-Request after another (RFC 2866) to leases.
//!
//! The rules are those of [`crate::detail`]; a session is named by its access server and `Acct-Session-Id`. Leases are
//! given as soon as they begin, so that nothing waits in memory for a Stop, and again when they end. The same request
//! taken twice makes the same leases.
//!
//! Read are Acct-Status-Type, User-Name, NAS-IP-Address, NAS-IPv6-Address, NAS-Identifier, NAS-Port, NAS-Port-Id,
//! Acct-Session-Id, Acct-Session-Time, Acct-Delay-Time, Event-Timestamp, Framed-IP-Address (RFC 2865, 2866, 2869, 3162),
//! Framed-IPv6-Prefix (RFC 3162), Delegated-IPv6-Prefix (RFC 4818) and Framed-IPv6-Address (RFC 6911); and ports of a
//! shared address: IP-Port-Range (RFC 8045) and the attributes of Huawei, NetElastic, H3C and Travelping that tell its
//! address, first and last port (FreeRADIUS's dictionaries of them). A session holds the ports it named last; others than
//! before take their place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;

use crate::detail::{Pending, Sessions};
use crate::{LeaseSource, Row, RowError};

/// Follows the sessions of all access servers that send to us.
#[derive(Debug)]
pub struct Accounting {
    sessions: Sessions,
}

impl Default for Accounting {
    fn default() -> Accounting {
        Accounting { sessions: Sessions::live(LeaseSource::Radius) }
    }
}

impl Accounting {
    /// Takes the attributes of one request (RFC 2865 section 5: type, length, value), received from `client` at
    /// `received`. Gives the leases that began or ended with it, and what could not be used.
    #[must_use]
    pub fn take(
        &mut self,
        attributes: &[u8],
        client: IpAddr,
        received: Timestamp,
    ) -> Vec<Result<Row, RowError>> {
        let mut pending = Pending::received(client, received);
        let mut rest = attributes;
        while let Some((kind, value, next)) = split(rest) {
            match kind {
                VENDOR_SPECIFIC => vendor(value, &mut pending),
                EXTENDED_1 => port_range(value, &mut pending),
                kind => {
                    if let Some((name, text)) = attribute(kind, value) {
                        pending.value(name, text);
                    }
                }
            }
            rest = next;
        }
        let mut rows = Vec::new();
        match pending.end() {
            Some(Ok(record)) => self.sessions.take(&record, &mut rows),
            Some(Err(wrong)) => rows.push(Err(wrong)),
            None => {}
        }
        rows
    }
}

/// Vendor-Specific (RFC 2865 section 5.26): a vendor's number, and attributes of its own.
const VENDOR_SPECIFIC: u8 = 26;
/// Extended-Attribute-1 (RFC 6929 section 3.1): one more octet of type.
const EXTENDED_1: u8 = 241;
/// IP-Port-Range is 241.6 (RFC 8045 section 3.1.2).
const IP_PORT_RANGE: u8 = 6;

/// The first attribute: its type, its value, and what follows.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [kind, length, after @ ..] = bytes else { return None };
    let (value, next) = after.split_at_checked(usize::from(*length).checked_sub(2)?)?;
    Some((*kind, value, next))
}

/// A vendor's attributes that tell of ports, by the numbers in FreeRADIUS's dictionaries.
fn vendor(value: &[u8], pending: &mut Pending) {
    let Some((vendor, mut rest)) = value.split_first_chunk::<4>() else { return };
    let vendor = u32::from_be_bytes(*vendor);
    while let Some((kind, value, next)) = split(rest) {
        let name = match (vendor, kind) {
            (2011, 161) => "huawei-nat-public-address",
            (2011, 162) => "huawei-nat-start-port",
            (2011, 163) => "huawei-nat-end-port",
            (54268, 161) => "netelastic-nat-public-address",
            (54268, 162) => "netelastic-nat-start-port",
            (54268, 163) => "netelastic-nat-end-port",
            (25506, 32) => "h3c-nat-ip-address",
            (25506, 33) => "h3c-nat-start-port",
            (25506, 34) => "h3c-nat-end-port",
            (18681, 16) => "tp-nat-ip-address",
            (18681, 28) => "tp-nat-port-start",
            (18681, 29) => "tp-nat-port-end",
            _ => "",
        };
        pending.value_of(name, value);
        rest = next;
    }
}

/// The parts of an IP-Port-Range, of which the type of ports and their holder's own address are passed over.
fn port_range(value: &[u8], pending: &mut Pending) {
    let [IP_PORT_RANGE, rest @ ..] = value else { return };
    let mut rest = rest;
    while let Some((kind, value, next)) = split(rest) {
        let name = match kind {
            3 => "ip-port-range-ext-ipv4-addr",
            8 => "ip-port-range-alloc",
            9 => "ip-port-range-range-start",
            10 => "ip-port-range-range-end",
            _ => "",
        };
        pending.value_of(name, value);
        rest = next;
    }
}

/// The name and the text of an attribute that is read, as `detail` writes them.
fn attribute(kind: u8, value: &[u8]) -> Option<(&'static str, String)> {
    let text = || String::from_utf8_lossy(value).into_owned();
    let number = || Some(u32::from_be_bytes(value.try_into().ok()?).to_string());
    let v4 = || Some(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).to_string());
    let v6 = || Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).to_string());
    Some(match kind {
        1 => ("user-name", text()),
        4 => ("nas-ip-address", v4()?),
        5 => ("nas-port", number()?),
        8 => ("framed-ip-address", v4()?),
        32 => ("nas-identifier", text()),
        40 => ("acct-status-type", number()?),
        41 => ("acct-delay-time", number()?),
        44 => ("acct-session-id", text()),
        46 => ("acct-session-time", number()?),
        55 => ("event-timestamp", number()?),
        87 => ("nas-port-id", text()),
        95 => ("nas-ipv6-address", v6()?),
        97 => ("framed-ipv6-prefix", prefix(value)?),
        123 => ("delegated-ipv6-prefix", prefix(value)?),
        168 => ("framed-ipv6-address", v6()?),
        _ => return None,
    })
}

/// A prefix as RFC 3162 section 2.3 writes it: a reserved octet, the length, and as many octets as there are.
fn prefix(value: &[u8]) -> Option<String> {
    let [_, length, octets @ ..] = value else { return None };
    let mut all = [0_u8; 16];
    all.get_mut(..octets.len())?.copy_from_slice(octets);
    Some(format!("{}/{length}", Ipv6Addr::from(all)))
}
