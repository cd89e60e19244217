//! Which addresses are ours.

use std::net::IpAddr;

use ipnet::IpNet;

/// The home prefixes as ranges in order, so that a thousand of them cost ten comparisons.
#[derive(Debug, Clone, Default)]
pub(crate) struct Home {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Home {
    pub(crate) fn new(prefixes: &[IpNet]) -> Home {
        let mut home = Home::default();
        for prefix in prefixes {
            match prefix {
                IpNet::V4(v4) => home.v4.push((v4.network().to_bits(), v4.broadcast().to_bits())),
                IpNet::V6(v6) => home.v6.push((v6.network().to_bits(), v6.broadcast().to_bits())),
            }
        }
        joined(&mut home.v4);
        joined(&mut home.v6);
        home
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => lies_in(&self.v4, v4.to_bits()),
            IpAddr::V6(v6) => lies_in(&self.v6, v6.to_bits()),
        }
    }
}

fn lies_in<N: Ord + Copy>(ranges: &[(N, N)], number: N) -> bool {
    let after = ranges.partition_point(|range| range.0 <= number);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| number <= range.1)
}

/// Sorts ranges and takes those that overlap as one.
fn joined<N: Ord + Copy>(ranges: &mut Vec<(N, N)>) {
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
