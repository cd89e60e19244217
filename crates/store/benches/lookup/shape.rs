//! Which leases there are, and what is asked of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use lease::{Lease, LeaseSource};

use crate::QUESTIONS;

/// Private addresses (RFC 1918), of which there are enough.
const FIRST_V4: u32 = 0x0A00_0000;
/// Leases an address had at the most: four a day for thirty days.
const EACH: u32 = 120;

/// One in fifty leases is a delegated /56 in 2001:db8::/32.
const V6_SHARE: u32 = 50;

const BEGIN: i64 = 1_700_000_000;
pub(crate) const DAY: i64 = 86_400;

/// Every address in use was held by one line a day, an hour's gap between two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) v4_addresses: u32,
    pub(crate) v4_days: u32,
    pub(crate) v6_prefixes: u32,
}

impl Shape {
    pub(crate) fn of(leases: u32) -> Shape {
        let v6_prefixes = leases / V6_SHARE;
        let v4_addresses = (leases / EACH).max(1).next_power_of_two();
        Shape { v4_addresses, v4_days: (leases - v6_prefixes).div_ceil(v4_addresses), v6_prefixes }
    }

    pub(crate) fn v4_address(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(FIRST_V4 + number % self.v4_addresses)
    }

    /// The line that holds an address on a day.
    pub(crate) fn line(self, address: u32, day: u32) -> String {
        let line = address.wrapping_add(day.wrapping_mul(7919)) % self.v4_addresses;
        format!("line-{line:07}@dsl.example.net")
    }

    /// When the lease of a day begins.
    pub(crate) fn begin(self, day: u32) -> i64 {
        BEGIN + i64::from(day) * DAY
    }

    pub(crate) fn v4_lease(self, address: u32, day: u32) -> Lease {
        let from = self.begin(day);
        let last = day + 1 == self.v4_days;
        Lease {
            net: IpAddr::V4(self.v4_address(address)).into(),
            ports: None,
            from: second(from),
            to: (!last).then(|| second(from + DAY - 3600)),
            subscriber: self.line(address, day).parse().expect("a name"),
            source: LeaseSource::RadiusDetail,
            record: format!("{address:08x}{day:04x}"),
        }
    }

    pub(crate) fn v6_lease(self, number: u32) -> Lease {
        let net = ipnet::Ipv6Net::new(Ipv6Addr::from_bits(v6_network(number)), 56).expect("a prefix");
        Lease {
            net: net.into(),
            ports: None,
            from: second(BEGIN),
            to: None,
            subscriber: format!("line-{number:07}@dsl.example.net").parse().expect("a name"),
            source: LeaseSource::Static,
            record: format!("leases.csv:{number}"),
        }
    }

    pub(crate) fn questions(self, v6: bool) -> Vec<(IpAddr, Timestamp)> {
        let mut chance = Chance::default();
        let mut question = || {
            let at = self.begin(chance.below(self.v4_days)) + i64::from(chance.below(86_400));
            let address: IpAddr = if v6 {
                let network = v6_network(chance.below(self.v6_prefixes));
                Ipv6Addr::from_bits(network | u128::from(chance.below(u32::MAX))).into()
            } else {
                self.v4_address(chance.below(self.v4_addresses)).into()
            };
            (address, second(at))
        };
        (0..QUESTIONS).map(|_| question()).collect()
    }
}

/// The same numbers in every run.
pub(crate) struct Chance(u64);

impl Default for Chance {
    fn default() -> Chance {
        Chance(4_2003)
    }
}

impl Chance {
    /// The next number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % limit.max(1)
    }
}

fn v6_network(number: u32) -> u128 {
    0x2001_0db8 << 96 | u128::from(number) << 72
}

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}
