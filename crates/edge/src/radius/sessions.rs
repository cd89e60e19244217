//! What accounting tells of the sessions that matter: those of planned lines, and those under our filter.
//!
//! A session may hold an IPv4 address, an IPv6 prefix of its link and one that is delegated to the customer's router. What is
//! told of one is told of all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;

use super::packet::each;

/// Attributes (RFC 2865 section 5, RFC 2866 section 5.1, RFC 3162 section 2.3, RFC 4818 section 3, RFC 6911 section 3.1).
const FRAMED_IP_ADDRESS: u8 = 8;
const FILTER_ID: u8 = 11;
const ACCT_STATUS_TYPE: u8 = 40;
const FRAMED_IPV6_PREFIX: u8 = 97;
const DELEGATED_IPV6_PREFIX: u8 = 123;
pub(super) const FRAMED_IPV6_ADDRESS: u8 = 168;

/// Acct-Status-Type (RFC 2866 section 5.1).
const START: u32 = 1;
const STOP: u32 = 2;
const INTERIM: u32 = 3;

/// Sessions that are remembered at most; blocks are far fewer.
const MOST: usize = 200_000;

/// Prefixes that may begin before an address and hold it: a link's own and a delegated one seldom lie within each other.
const NESTED: usize = 4;

/// Shared between who hears accounting and the outlet that asks what it told. Nothing is remembered over a restart: access
/// servers tell again with their next interim update.
#[derive(Debug, Clone)]
pub struct Sessions {
    garden: Arc<str>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    watched: BTreeSet<IpAddr>,
    /// By the first address of what a session holds.
    seen: BTreeMap<IpAddr, Seen>,
}

/// What was last told of an address or prefix.
#[derive(Debug, Clone)]
struct Seen {
    is_up: bool,
    in_garden: bool,
    at: Timestamp,
    /// The attribute that names it.
    name: Name,
    /// All that the session holds.
    holds: Arc<[Name]>,
}

/// What names a session to its access server (RFC 5176 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The attribute's number.
    pub(super) attribute: u8,
    /// The address or prefix in it.
    pub(super) net: IpNet,
}

impl Name {
    /// A session by its IPv4 address.
    pub(super) fn of_v4(address: Ipv4Addr) -> Name {
        Name { attribute: FRAMED_IP_ADDRESS, net: Ipv4Net::from(address).into() }
    }

    /// An IPv6 prefix as its attribute has it: a reserved octet, its length, and as much of it as is told.
    fn of_prefix(attribute: u8, value: &[u8]) -> Option<Name> {
        let [_, length, told @ ..] = value else { return None };
        let mut octets = [0; 16];
        octets.get_mut(..told.len())?.copy_from_slice(told);
        let net = Ipv6Net::new(Ipv6Addr::from(octets), *length).ok()?;
        Some(Name { attribute, net: net.trunc().into() })
    }

    fn of_v6(value: &[u8]) -> Option<Name> {
        let octets: [u8; 16] = value.try_into().ok()?;
        Some(Name { attribute: FRAMED_IPV6_ADDRESS, net: Ipv6Net::from(Ipv6Addr::from(octets)).into() })
    }
}

impl Sessions {
    /// Nothing heard yet; `garden` is the filter of contained lines.
    #[must_use]
    pub fn new(garden: &str) -> Sessions {
        Sessions { garden: garden.into(), known: Arc::default() }
    }

    /// Takes the attributes of one signed Accounting-Request (type, length, value), received at `at`.
    pub fn take(&self, attributes: &[u8], at: Timestamp) {
        let (mut holds, mut status, mut in_garden) = (Vec::new(), None, false);
        each(attributes, |kind, value| match kind {
            FRAMED_IP_ADDRESS => {
                holds.extend(<[u8; 4]>::try_from(value).ok().map(|octets| Name::of_v4(octets.into())));
            }
            FRAMED_IPV6_PREFIX | DELEGATED_IPV6_PREFIX => holds.extend(Name::of_prefix(kind, value)),
            FRAMED_IPV6_ADDRESS => holds.extend(Name::of_v6(value)),
            ACCT_STATUS_TYPE => status = <[u8; 4]>::try_from(value).ok().map(u32::from_be_bytes),
            FILTER_ID => in_garden |= value == self.garden.as_bytes(),
            _ => {}
        });
        let Some(status @ (START | STOP | INTERIM)) = status else { return };
        let is_up = status != STOP;
        let in_garden = in_garden && is_up;
        let holds: Arc<[Name]> = holds.into();
        let mut known = self.known();
        for name in holds.iter().copied() {
            let seen = Seen { is_up, in_garden, at, name, holds: holds.clone() };
            known.note(seen);
        }
    }

    /// Whose sessions are remembered whatever their filter.
    pub(super) fn watch(&self, addresses: impl Iterator<Item = IpAddr>) {
        let mut known = self.known();
        known.watched = addresses.collect();
        let Known { watched, seen } = &mut *known;
        seen.retain(|_, seen| seen.matters(watched));
    }

    /// When the address was last told of.
    pub(super) fn told(&self, address: IpAddr) -> Option<Timestamp> {
        self.known().of(address).map(|seen| seen.at)
    }

    /// What names the session that holds an address: an IPv4 address itself, an IPv6 one once accounting has told of the
    /// prefix it is in.
    pub(super) fn name(&self, address: IpAddr) -> Option<Name> {
        match address {
            IpAddr::V4(v4) => Some(Name::of_v4(v4)),
            IpAddr::V6(_) => self.known().of(address).map(|seen| seen.name),
        }
    }

    /// Whether the line's session is under our filter, or ended.
    pub(super) fn is_contained(&self, address: IpAddr) -> bool {
        self.known().of(address).is_some_and(|seen| seen.in_garden || !seen.is_up)
    }

    /// Every session under our filter that `explains` nothing of: one address of each.
    pub(super) fn strays(&self, explains: impl Fn(IpNet) -> bool) -> Vec<IpAddr> {
        let known = self.known();
        let stray = |seen: &Seen| {
            let is_first = seen.holds.first() == Some(&seen.name);
            seen.in_garden && is_first && !seen.holds.iter().any(|name| explains(name.net))
        };
        known.seen.values().filter(|seen| stray(seen)).map(|seen| seen.name.net.addr()).collect()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, seen: Seen) {
        let key = seen.name.net.addr();
        if !seen.matters(&self.watched) {
            self.seen.remove(&key);
        } else if self.seen.len() < MOST || self.seen.contains_key(&key) {
            self.seen.insert(key, seen);
        }
    }

    /// What was told of the address, or of the prefix it is in.
    fn of(&self, address: IpAddr) -> Option<&Seen> {
        let before = self.seen.range(..=address).rev().take(NESTED);
        before.map(|(_, seen)| seen).find(|seen| seen.name.net.contains(&address))
    }
}

impl Seen {
    /// IPv6 is remembered whoever holds it: without its prefix, a session could not be named once it matters.
    fn matters(&self, watched: &BTreeSet<IpAddr>) -> bool {
        let is_watched = |name: &Name| {
            let (first, last) = (name.net.network(), name.net.broadcast());
            watched.range(first..=last).next().is_some()
        };
        self.in_garden || self.name.net.addr().is_ipv6() || self.holds.iter().any(is_watched)
    }
}
#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use jiff::Timestamp;

    use super::Sessions;

    fn told(status: u8, last: u8, filter: &[u8]) -> Vec<u8> {
        let mut attributes = vec![40, 6, 0, 0, 0, status, 8, 6, 203, 0, 113, last];
        if !filter.is_empty() {
            attributes.extend([11, u8::try_from(filter.len() + 2).unwrap()]);
            attributes.extend(filter);
        }
        attributes
    }

    #[test]
    fn a_line_is_contained_by_what_accounting_says_alone() {
        let sessions = Sessions::new("garden");
        let (line, other): (IpAddr, IpAddr) =
            ("203.0.113.66".parse().unwrap(), "203.0.113.67".parse().unwrap());
        sessions.watch([line].into_iter());
        let tell = |status, last, filter| sessions.take(&told(status, last, filter), Timestamp::UNIX_EPOCH);
        tell(1, 66, b"usual");
        assert!(!sessions.is_contained(line));
        tell(3, 66, b"garden");
        assert!(sessions.is_contained(line));
        tell(3, 66, b"");
        assert!(!sessions.is_contained(line), "an update without the filter takes it back");
        tell(2, 66, b"");
        assert!(sessions.is_contained(line), "a line that is off does no harm");
        tell(1, 67, b"usual");
        assert_eq!(sessions.told(other), None, "nobody asks about the other line");
        tell(3, 67, b"garden");
        assert_eq!(sessions.strays(|_| false), [other]);
        sessions.take(&[8, 1, 0], Timestamp::UNIX_EPOCH);
    }

    /// The prefix of a session that is named by it, and the same session by its other address.
    #[test]
    fn an_ipv6_address_is_known_by_the_prefix_its_session_holds() {
        let sessions = Sessions::new("garden");
        let mut attributes = told(3, 66, b"garden");
        attributes.extend([123, 9, 0, 56, 0x20, 0x01, 0x0d, 0xb8, 0x00]);
        attributes.extend([97, 12, 0, 64, 0x20, 0x01, 0x0d, 0xb8, 0x0f, 0x00, 0x00, 0x01]);
        sessions.take(&attributes, Timestamp::UNIX_EPOCH);
        let inside: IpAddr = "2001:db8:0:7::66".parse().unwrap();
        let name = sessions.name(inside).unwrap();
        assert_eq!((name.attribute, name.net.to_string().as_str()), (123, "2001:db8::/56"));
        assert!(
            sessions.is_contained(inside) && !sessions.is_contained("2001:db8:0:100::1".parse().unwrap())
        );
        assert_eq!(sessions.name("2001:db8:f00:1::9".parse().unwrap()).unwrap().attribute, 97);
        assert!(sessions.strays(|net| net.contains(&inside)).is_empty(), "one session, however it is named");
        assert_eq!(sessions.strays(|_| false).len(), 1, "it is let go once");
        for damaged in [&[97, 3, 0][..], &[97, 4, 0, 200], &[123, 21, 0, 56, 1, 2, 3], &[168, 4, 1, 2]] {
            sessions.take(&[&[40, 6, 0, 0, 0, 3], damaged].concat(), Timestamp::UNIX_EPOCH);
        }
    }
}
