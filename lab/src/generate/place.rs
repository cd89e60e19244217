//! Who is where: addresses that are nobody's on the Internet.
//!
//! Home lines are in 10.0.0.0/8 (RFC 1918), all others in 198.18.0.0/15, which is set aside for tests of networks
//! (RFC 2544). A generated night may be shown and sent anywhere without speaking ill of anybody.

use std::net::{IpAddr, Ipv4Addr};

use super::chance::Chance;

/// As many home lines as there can be.
pub(crate) const MOST_LINES: u32 = (1 << 24) - 256;

/// The prefix of all home lines.
pub(crate) const HOME_NET: &str = "10.0.0.0/8";

const HOME: u32 = 0x0a00_0000;
const OUTSIDE: u32 = 0xc612_0000;
/// Outside: well-known services first, then mail servers, callers' machines, and whom hardly anybody knows.
const SERVICES: u32 = 20_000;
const MAIL_SERVERS: u32 = 5_000;
const STRANGERS: u32 = 100_000;
const RARE: u32 = 6_000;

/// The address of a home line, from 0.
pub(crate) fn home(line: u32) -> IpAddr {
    Ipv4Addr::from_bits(HOME + 1 + line.min(MOST_LINES)).into()
}

fn outside(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(OUTSIDE + number % (1 << 17)).into()
}

/// A well-known service, the most popular first.
pub(crate) fn service(rank: u32) -> IpAddr {
    outside(rank % SERVICES)
}

/// Any service, the popular ones more often.
pub(crate) fn any_service(chance: &mut Chance) -> IpAddr {
    service(chance.rank(SERVICES))
}

/// The mail server of some domain.
pub(crate) fn mail_server(chance: &mut Chance) -> IpAddr {
    outside(SERVICES + chance.rank(MAIL_SERVERS))
}

/// Somebody's machine.
pub(crate) fn stranger(chance: &mut Chance) -> IpAddr {
    outside(SERVICES + MAIL_SERVERS + chance.between(0, STRANGERS))
}

/// A host that nobody else among our lines has to do with.
pub(crate) fn rare(number: u32) -> IpAddr {
    outside(SERVICES + MAIL_SERVERS + STRANGERS + number % RARE)
}
