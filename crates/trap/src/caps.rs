//! How many connections are held, in all and from each source and its network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Bounds on what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all. At ten kilobytes each and less, 60,000 take at most 600 MB.
    pub held: usize,
    /// Connections from one address.
    pub per_source: usize,
    /// Connections from one /24 (IPv6: /48): a scanner that rents a whole one is still one scanner.
    pub per_net: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { held: 60_000, per_source: 2_000, per_net: 8_000 }
    }
}

/// Who holds how many.
#[derive(Debug)]
pub(crate) struct Caps {
    limits: Limits,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    sources: HashMap<IpAddr, usize>,
    nets: HashMap<IpAddr, usize>,
}

/// One held connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    caps: Arc<Caps>,
    source: IpAddr,
}

impl Caps {
    pub(crate) fn new(limits: Limits) -> Arc<Caps> {
        Arc::new(Caps { limits, held: Mutex::default() })
    }

    /// A place for a connection of `source`, if it may have one more.
    pub(crate) fn admit(self: &Arc<Caps>, source: IpAddr) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |table: &HashMap<IpAddr, usize>, key| table.get(&key).copied().unwrap_or(0);
        let full = held.all >= self.limits.held
            || of(&held.sources, source) >= self.limits.per_source
            || of(&held.nets, net(source)) >= self.limits.per_net;
        if full {
            return None;
        }
        held.all += 1;
        *held.sources.entry(source).or_default() += 1;
        *held.nets.entry(net(source)).or_default() += 1;
        Some(Place { caps: Arc::clone(self), source })
    }

    /// How many are held.
    pub(crate) fn count(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.caps.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        let (source, net) = (self.source, net(self.source));
        give_back(&mut held.sources, source);
        give_back(&mut held.nets, net);
    }
}

fn give_back(table: &mut HashMap<IpAddr, usize>, key: IpAddr) {
    if let Some(count) = table.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            table.remove(&key);
        }
    }
}

/// The /24 or /48 of an address.
fn net(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_and_one_network_leave_room_for_others() {
        let caps = Caps::new(Limits { held: 6, per_source: 2, per_net: 4 });
        let from = |last| IpAddr::from([198, 51, 100, last]);
        let mut places: Vec<_> =
            (1..=3).flat_map(|last| [from(last); 3]).filter_map(|one| caps.admit(one)).collect();
        assert_eq!(places.len(), 4, "two of each source, four of the network");
        assert!(caps.admit(from(9)).is_none());
        assert!(caps.admit(IpAddr::from([203, 0, 113, 1])).is_some(), "another network has room");
        places.remove(0);
        assert!(caps.admit(from(9)).is_some(), "what is given back can be had again");
        drop(places);
        assert_eq!(caps.count(), 0);
        let held = caps.held.lock().expect("not poisoned");
        assert!(held.sources.is_empty() && held.nets.is_empty(), "nothing is remembered of who left");
    }
}
