//! Which addresses are ours.

use std::net::IpAddr;

use ipnet::IpNet;

/// The home prefixes as ranges in order, so that a thousand of them cost ten comparisons.
#[derive(Debug, Clone, Default)]
pub(crate) struct Home {
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Home {
    pub(crate) fn new(prefixes: &[IpNet]) -> Home {
        let mut home = Home::default();
        for prefix in prefixes {
            let range = (number(prefix.network()), number(prefix.broadcast()));
            match prefix {
                IpNet::V4(_) => home.v4.push(range),
                IpNet::V6(_) => home.v6.push(range),
            }
        }
        joined(&mut home.v4);
        joined(&mut home.v6);
        home
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let ranges = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        let number = number(address);
        let after = ranges.partition_point(|range| range.0 <= number);
        after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| number <= range.1)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Sorts ranges and takes those that overlap as one.
fn joined(ranges: &mut Vec<(u128, u128)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let overlap = next.0 <= before.1;
        if overlap {
            before.1 = before.1.max(next.1);
        }
        overlap
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_prefixes_are_one_and_neighbours_are_not_ours() {
        let home = Home::new(&["198.51.100.0/24".parse().unwrap(), "198.51.100.64/26".parse().unwrap()]);
        assert!(home.holds("198.51.100.255".parse().unwrap()));
        assert!(home.holds("198.51.100.0".parse().unwrap()));
        assert!(!home.holds("198.51.101.0".parse().unwrap()));
        assert!(!home.holds("2001:db8::1".parse().unwrap()));
    }
}
