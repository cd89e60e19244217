//! Lines that are looked at more closely, since something is known of them from elsewhere.

use std::collections::HashSet;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use ipnet::IpNet;

/// How long a watched line must have been seen before a port that answers counts as new, in milliseconds: a fifth of the
/// usual time.
pub(crate) const LEARNING: i64 = 120_000;

/// Which lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    hosts: HashSet<IpAddr, RandomState>,
    nets: Vec<IpNet>,
}

impl Watched {
    pub(crate) fn new(nets: impl IntoIterator<Item = IpNet>) -> Watched {
        let mut watched = Watched::default();
        for net in nets {
            if net.prefix_len() == net.max_prefix_len() {
                watched.hosts.insert(net.addr());
            } else {
                watched.nets.push(net);
            }
        }
        watched
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        self.hosts.contains(&address) || self.nets.iter().any(|net| net.contains(&address))
    }
}
