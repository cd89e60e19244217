//! Which addresses of a prefix are asked about on a day.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use sha2::{Digest, Sha256};

/// How many addresses of an IPv6 /64 are worth picking: lists have the whole /64, so its first stands for it.
const NET64: u32 = 64;

/// `count` addresses of `prefix`, spread over it, other ones each day and the same ones all day; all of it where it is no
/// larger than that. Of IPv6 the first address of as many /64.
pub(super) fn sample(prefix: IpNet, count: u32, day: i64) -> BTreeSet<IpAddr> {
    let (bits, step) = match prefix {
        IpNet::V4(net) => (32u32.saturating_sub(net.prefix_len().into()), 0),
        IpNet::V6(net) => (NET64.saturating_sub(net.prefix_len().into()), NET64),
    };
    let size = 1u128.checked_shl(bits).unwrap_or(u128::MAX);
    let count = u128::from(count).min(size);
    let slice = size.checked_div(count).unwrap_or(0);
    (0..count)
        .map(|place| at(prefix, place * slice + turn(prefix, day, place) % slice.max(1), step))
        .collect()
}

/// A number nobody need guess, but that is another one on each day.
fn turn(prefix: IpNet, day: i64, place: u128) -> u128 {
    let hash = Sha256::digest(format!("{prefix} {day} {place}").as_bytes());
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn at(prefix: IpNet, offset: u128, step: u32) -> IpAddr {
    match prefix.network() {
        IpAddr::V4(first) => {
            let offset = u32::try_from(offset).unwrap_or(0);
            Ipv4Addr::from_bits(first.to_bits().saturating_add(offset)).into()
        }
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits().saturating_add(offset << step)).into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_many_as_are_wanted_all_of_them_ours_and_the_same_all_day(
            bits in any::<u32>(), length in 8..=32u8, count in 0..40u32, day in 0..40_000i64,
        ) {
            let prefix = IpNet::new(IpAddr::from(bits.to_be_bytes()), length).unwrap().trunc();
            let picked = sample(prefix, count, day);
            let size = 1u64 << (32 - length);
            prop_assert_eq!(picked.len() as u64, u64::from(count).min(size));
            prop_assert!(picked.iter().all(|address| prefix.contains(address)));
            prop_assert_eq!(&sample(prefix, count, day), &picked);
        }

        #[test]
        fn of_ipv6_the_first_address_of_a_64(length in 32..=64u8, count in 1..20u32, day in 0..40_000i64) {
            let prefix: IpNet = format!("2001:db8::/{length}").parse().unwrap();
            let picked = sample(prefix, count, day);
            prop_assert_eq!(picked.len() as u64, u64::from(count).min(1u64 << (64 - length)));
            for address in picked {
                let IpAddr::V6(six) = address else { panic!("{address} is not IPv6") };
                prop_assert!(prefix.contains(&address) && six.octets()[8..] == [0; 8]);
            }
        }
    }

    #[test]
    fn another_day_picks_others() {
        let prefix: IpNet = "198.51.0.0/16".parse().unwrap();
        assert!(sample(prefix, 16, 20_000).intersection(&sample(prefix, 16, 20_001)).count() < 3);
    }
}
