//! Addresses as the lake keeps them: 16 bytes, IPv4 mapped into IPv6 (RFC 4291, section 2.5.5.2), so that one column
//! holds both and a prefix of either is a range of it.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The 16 bytes of an address as a number; larger is later in the sort order.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The address of a number; mapped IPv4 comes back as IPv4.
pub(crate) fn address(number: u128) -> IpAddr {
    Ipv6Addr::from_bits(number).to_canonical()
}

/// The first and the last address of a prefix.
pub(crate) fn range(net: IpNet) -> (u128, u128) {
    (number(net.network()), number(net.broadcast()))
}

/// The prefixes that are ours, as ranges that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home(Vec<(u128, u128)>);

impl Home {
    /// From the configured prefixes, in any order.
    #[must_use]
    pub fn new(prefixes: impl IntoIterator<Item = IpNet>) -> Home {
        let mut ranges: Vec<(u128, u128)> = prefixes.into_iter().map(range).collect();
        ranges.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (from, to) in ranges {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Home(joined)
    }

    /// Whether an address is ours.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.holds(number(address))
    }

    pub(crate) fn holds(&self, number: u128) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= number);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| number <= *to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_home_inside_any_prefix_of_either_family_and_nowhere_else() {
        let home = Home::new(
            ["203.0.113.0/25", "203.0.113.128/25", "2001:db8:7::/48"].map(|net| net.parse().unwrap()),
        );
        assert_eq!(home.0.len(), 2, "two halves are one range: {home:?}");
        for inside in ["203.0.113.0", "203.0.113.127", "203.0.113.255", "2001:db8:7::1", "::ffff:203.0.113.9"]
        {
            assert!(home.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["203.0.112.255", "203.0.114.0", "2001:db8:6:ffff::", "2001:db8:8::", "::cb00:7101"] {
            assert!(!home.contains(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn a_number_is_the_address_it_was_made_from() {
        for text in ["0.0.0.0", "203.0.113.7", "255.255.255.255", "2001:db8::1", "::"] {
            let read: IpAddr = text.parse().unwrap();
            assert_eq!(address(number(read)), read);
        }
    }
}
