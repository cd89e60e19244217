//! A prefix as 17 bytes: what leases are looked up by.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The prefix length of a single address.
pub(super) const HOST: u8 = 128;

/// Where IPv4 lies in IPv6: ::ffff:0:0/96 (RFC 4291 section 2.5.5.2).
const MAPPED: u8 = 96;

/// Sixteen bytes of address, IPv4 mapped into ::ffff:0:0/96, then the prefix length on that scale.
pub(super) type Key = [u8; 17];

/// The key of a prefix; host bits are cleared. An IPv6 prefix inside ::ffff:0:0/96 is the IPv4 prefix it carries.
pub(super) fn of_net(net: IpNet) -> Key {
    let length = match net {
        IpNet::V4(net) => net.prefix_len().saturating_add(MAPPED),
        IpNet::V6(net) => net.prefix_len(),
    };
    covering(net.addr(), length)
}

/// The key of the prefix of this length that covers `address`.
pub(super) fn covering(address: IpAddr, length: u8) -> Key {
    let bits = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    };
    let host_bits = u32::from(HOST.saturating_sub(length));
    let network = u128::MAX.checked_shl(host_bits).unwrap_or(0) & bits;
    let mut key = [0; 17];
    for (place, byte) in key.iter_mut().zip(network.to_be_bytes().into_iter().chain([length])) {
        *place = byte;
    }
    key
}

/// The prefix lengths, of those that occur, which can cover `address`, single addresses aside.
pub(super) fn lengths_for(address: IpAddr, occurring: &[u8]) -> Vec<u8> {
    let is_v4 = address.to_canonical().is_ipv4();
    occurring.iter().copied().filter(|length| *length != HOST && (*length >= MAPPED || !is_v4)).collect()
}

/// The prefix of a key; `None` when it is no key.
pub(super) fn to_net(key: &[u8]) -> Option<IpNet> {
    let (length, network) = key.split_last()?;
    let network = Ipv6Addr::from(<[u8; 16]>::try_from(network).ok()?);
    match (network.to_ipv4_mapped(), length.checked_sub(MAPPED)) {
        (Some(network), Some(length)) => Ipv4Net::new(network, length).ok().map(IpNet::V4),
        _ => Ipv6Net::new(network, *length).ok().map(IpNet::V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_comes_back_from_its_key_with_host_bits_cleared() {
        for (written, kept) in [
            ("192.0.2.7/32", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            ("2001:db8:1:2::7/56", "2001:db8:1::/56"),
            ("::ffff:198.51.100.9/128", "198.51.100.9/32"),
            ("::/0", "::/0"),
        ] {
            let key = of_net(written.parse().expect("a prefix"));
            assert_eq!(to_net(&key).map(|net| net.to_string()).as_deref(), Some(kept), "{written}");
        }
        assert_eq!(to_net(b"short"), None);
    }

    #[test]
    fn an_ipv4_address_is_never_looked_for_under_an_ipv6_length() {
        let occurring = [56, 64, 120, 128];
        assert_eq!(lengths_for("192.0.2.1".parse().expect("an address"), &occurring), [120]);
        assert_eq!(lengths_for("2001:db8::1".parse().expect("an address"), &occurring), [56, 64, 120]);
    }
}
