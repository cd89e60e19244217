//! The last door's own check: ours, and not on the never-touch list.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Home;

/// Where we may probe, trap and contain: home, less what must never be touched (our own routers, resolvers, servers).
///
/// Everything that sends a packet to a subscriber or changes the network holds one of these and asks it at the last
/// moment, whatever its caller has already asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territory {
    /// The home prefixes.
    pub home: Home,
    /// Addresses and prefixes that are ours and are never touched.
    pub never_touch: Vec<IpNet>,
}

/// Why an address must not be touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untouchable {
    /// Not in the home prefixes.
    #[error("{0} is not in the home prefixes")]
    Foreign(IpAddr),
    /// On the never-touch list.
    #[error("{address} is on the never-touch list ({entry})")]
    NeverTouch {
        /// The address asked for.
        address: IpAddr,
        /// The entry that covers it.
        entry: IpNet,
    },
}

impl Territory {
    /// Whether `address` may be touched.
    ///
    /// # Errors
    /// [`Untouchable`] with the reason. The caller logs it and sends nothing.
    pub fn admit(&self, address: IpAddr) -> Result<(), Untouchable> {
        let address = address.to_canonical();
        if !self.home.contains(address) {
            return Err(Untouchable::Foreign(address));
        }
        match self.never_touch.iter().find(|net| net.contains(&address)) {
            Some(entry) => Err(Untouchable::NeverTouch { address, entry: *entry }),
            None => Ok(()),
        }
    }
}
