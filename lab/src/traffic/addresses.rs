//! Who has which address outside.
//!
//! The outside is one namespace that answers for whole networks: what the world serves and where its strangers come
//! from is spread over many /24s, as it is on the Internet, though all of it is documentation and benchmark space.

use std::net::Ipv4Addr;

/// Our own lines (RFC 5737).
pub(crate) const HOME: &str = "198.51.100.0/24";
/// The router's leg to the lines.
pub(crate) const GATEWAY: &str = "198.51.100.1";
/// Networks of which the outside has every address (RFC 2544 and RFC 5737).
pub(crate) const OUTSIDE: [&str; 2] = ["198.18.0.0/15", "203.0.113.0/24"];

/// The resolver.
pub(crate) const RESOLVER: &str = "192.0.2.53";
/// The time server.
pub(crate) const TIME: &str = "192.0.2.123";
/// The BitTorrent tracker.
pub(crate) const TRACKER: &str = "192.0.2.69";
/// A host that answers nothing, ever.
pub(crate) const DEAD: Ipv4Addr = Ipv4Addr::new(198, 18, 255, 250);

/// How many web sites there are.
pub(crate) const SITES: u16 = 120;
/// How many domains take mail.
pub(crate) const DOMAINS: u16 = 48;

/// The address of a web site.
pub(crate) fn site(number: u16) -> Ipv4Addr {
    spread([198, 18], number, 0)
}

/// The name of a web site.
pub(crate) fn site_name(number: u16) -> String {
    format!("s{}.example.org", number % SITES)
}

/// The address of a domain's mail server.
pub(crate) fn mail_server(number: u16) -> Ipv4Addr {
    spread([198, 19], number, 0)
}

/// The name of a domain that takes mail.
pub(crate) fn domain(number: u16) -> String {
    format!("d{}.example.com", number % DOMAINS)
}

/// A stranger: one of many people and programs outside who call our lines.
pub(crate) fn stranger(number: u16) -> Ipv4Addr {
    spread([198, 19], number, 128)
}

/// A host that those who break in, call or are called use: sites' addresses end below it.
pub(crate) fn controller(number: u16) -> Ipv4Addr {
    spread([198, 18], number, 128)
}

/// Scatters numbers over the 128 networks of 256 addresses from `base` on; neighbours in number are none in address.
fn spread([a, b]: [u8; 2], number: u16, base: u8) -> Ipv4Addr {
    let net = u8::try_from(u32::from(number) * 37 % 127).unwrap_or(0);
    let host = u8::try_from(u32::from(number) * 53 % 241 + 7).unwrap_or(7);
    Ipv4Addr::new(a, b, base.saturating_add(net), host)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_shares_an_address_with_somebody_else() {
        let all = (0..SITES)
            .map(site)
            .chain((0..DOMAINS).map(mail_server))
            .chain((0..2000).map(stranger))
            .chain((0..2000).map(controller));
        let distinct: BTreeSet<_> = all.clone().collect();
        assert_eq!(distinct.len(), all.count());
        assert!(!distinct.contains(&DEAD));
    }
}
