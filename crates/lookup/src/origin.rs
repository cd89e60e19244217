//! Which network an address belongs to: what many forged identities still have in common.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Bits of an IPv4 address that stand for its network where no table says better: what one provider's pool spans.
const IPV4_BITS: u8 = 16;
/// The same for IPv6: the smallest block a provider is given (RIPE-738 section 5.1).
const IPV6_BITS: u8 = 32;
/// The most lines a table may have; all of the world's routes are about 1.3 million.
const LINES_AT_MOST: usize = 4_000_000;

/// Prefixes and the AS that originates each, for longest-prefix look-ups. The empty table knows networks by their first
/// bits only.
#[derive(Debug, Default)]
pub struct AsTable {
    origins: HashMap<(u128, u8), u32>,
    lengths: BTreeSet<u8>,
}

/// Why a table is refused.
#[derive(Debug, thiserror::Error)]
pub enum AsTableError {
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A line is not `prefix,number`.
    #[error("line {line} is not a prefix, a comma and an AS number, such as 192.0.2.0/24,64500")]
    Line {
        /// Which, from 1.
        line: usize,
    },
    /// It has more lines than the world has routes.
    #[error("it has more than {LINES_AT_MOST} lines")]
    TooLong,
}

impl AsTable {
    /// Reads a CSV file of `prefix,number` lines; empty lines and those that begin with `#` are passed over, and so is a
    /// third column. Such tables are published by RouteViews and CAIDA (pfx2as) and others.
    ///
    /// # Errors
    /// [`AsTableError`] at the first line that is not one.
    pub fn read(path: &Path) -> Result<AsTable, AsTableError> {
        AsTable::parse(&std::fs::read_to_string(path)?)
    }

    /// The same from text.
    ///
    /// # Errors
    /// As [`AsTable::read`].
    pub fn parse(text: &str) -> Result<AsTable, AsTableError> {
        let mut table = AsTable::default();
        for (line, entry) in (1..).zip(text.lines()) {
            let entry = entry.trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            if line > LINES_AT_MOST {
                return Err(AsTableError::TooLong);
            }
            let (bits, length, number) = parse_line(entry).ok_or(AsTableError::Line { line })?;
            table.origins.insert((masked(bits, length), length), number);
            table.lengths.insert(length);
        }
        Ok(table)
    }

    /// The network of an address: `AS64500`, or its first bits where no line covers it.
    #[must_use]
    pub fn network_of(&self, address: IpAddr) -> String {
        let address = address.to_canonical();
        let bits = bits(address);
        let found = self.lengths.iter().rev().find_map(|length| {
            // An IPv4 address is not covered by an IPv6 prefix shorter than the mapped block.
            let fits = address.is_ipv6() || *length >= 96;
            fits.then(|| self.origins.get(&(masked(bits, *length), *length))).flatten()
        });
        match (found, address) {
            (Some(number), _) => format!("AS{number}"),
            (None, IpAddr::V4(address)) => {
                let net = Ipv4Addr::from(u32::from(address) & (u32::MAX << (32 - IPV4_BITS)));
                format!("{net}/{IPV4_BITS}")
            }
            (None, IpAddr::V6(address)) => {
                format!("{}/{IPV6_BITS}", Ipv6Addr::from(masked(u128::from(address), IPV6_BITS)))
            }
        }
    }
}

/// An address on the IPv6 scale.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn masked(bits: u128, length: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(length))).map_or(0, |mask| bits & mask)
}

fn parse_line(line: &str) -> Option<(u128, u8, u32)> {
    let mut cells = line.split([',', ';', '\t']).map(str::trim);
    let (address, length) = cells.next()?.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok()?;
    let number = cells.next()?;
    let number = number.strip_prefix("AS").unwrap_or(number).parse().ok()?;
    let on_scale = if address.is_ipv4() { length.checked_add(96)? } else { length };
    (on_scale <= 128).then(|| (bits(address), on_scale, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(table: &AsTable, address: &str) -> String {
        table.network_of(address.parse().expect("an address"))
    }

    #[test]
    fn the_longest_prefix_names_the_network() {
        let table = AsTable::parse(
            "# prefix, AS\n192.0.2.0/24,64500\n192.0.2.128/25,AS64501,x\n2001:db8::/32,64502\n",
        );
        let table = table.expect("a table");
        assert_eq!(network(&table, "192.0.2.5"), "AS64500");
        assert_eq!(network(&table, "192.0.2.200"), "AS64501");
        assert_eq!(network(&table, "::ffff:192.0.2.200"), "AS64501");
        assert_eq!(network(&table, "2001:db8:7::1"), "AS64502");
        assert_eq!(network(&table, "198.51.100.9"), "198.51.0.0/16");
    }

    #[test]
    fn without_a_table_neighbours_share_their_first_bits() {
        let none = AsTable::default();
        assert_eq!(network(&none, "203.0.113.9"), "203.0.0.0/16");
        assert_eq!(network(&none, "2001:db8:1:2::3"), "2001:db8::/32");
    }

    #[test]
    fn an_ipv6_route_for_everything_says_nothing_of_ipv4() {
        let table = AsTable::parse("::/0,64500\n").expect("a table");
        assert_eq!(network(&table, "192.0.2.1"), "192.0.0.0/16");
        assert_eq!(network(&table, "2001:db8::1"), "AS64500");
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for bad in ["192.0.2.0/33,1", "192.0.2.0/24", "x/24,1", "192.0.2.0/24,x", "2001:db8::/129,1"] {
            let refused = AsTable::parse(&format!("192.0.2.0/24,1\n{bad}\n")).expect_err(bad).to_string();
            assert!(refused.starts_with("line 2 "), "{refused}");
        }
    }
}
