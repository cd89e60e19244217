//! Who sends datagrams without being on the list.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Addresses counted by themselves. Sources can be forged, so there is no end of them.
const NAMED: usize = 256;

/// Datagrams of exporters that are not on the list.
#[derive(Debug, Clone, Default)]
pub(super) struct Strangers {
    /// All of them.
    pub(super) datagrams: u64,
    /// By address, the first so many addresses.
    pub(super) by_address: BTreeMap<IpAddr, u64>,
}

impl Strangers {
    pub(super) fn count(&mut self, from: IpAddr) {
        self.datagrams += 1;
        if let Some(count) = self.by_address.get_mut(&from) {
            *count += 1;
        } else if self.by_address.len() < NAMED {
            self.by_address.insert(from, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn any_number_of_forged_sources_takes_bounded_memory() {
        let mut strangers = Strangers::default();
        for number in 0..1_000_000 {
            strangers.count(Ipv4Addr::from_bits(0xC633_0000 + number).into());
        }
        strangers.count(Ipv4Addr::from_bits(0xC633_0000).into());
        assert_eq!(strangers.datagrams, 1_000_001);
        assert_eq!(strangers.by_address.len(), NAMED);
        assert_eq!(strangers.by_address.values().max(), Some(&2));
    }
}
