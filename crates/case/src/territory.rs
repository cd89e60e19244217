//! The last door's own check: ours, and not on the never-touch list.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Home, NeverTouch};

/// Where we may probe, trap and contain: home, less what must never be touched (our own routers, resolvers, servers).
///
/// Everything that sends a packet to a subscriber or changes the network holds one of these and asks it at the last
/// moment, whatever its caller has already asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The home prefixes.
    pub home: Home,
    /// Addresses and prefixes that are ours and are never touched.
    pub never_touch: NeverTouch,
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
    /// The list cannot be read.
    #[error(
        "the never-touch list cannot be read ({0}), so nothing new is begun: mend it, and it goes on by itself"
    )]
    NoList(String),
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
        match self.never_touch.entry(address) {
            Some(entry) => Err(Untouchable::NeverTouch { address, entry }),
            None => Ok(()),
        }
    }

    /// Whether anything new may be begun at `address`: as [`Territory::admit`], and the list must be readable, for it may
    /// name what it did not name before.
    ///
    /// # Errors
    /// [`Untouchable`] with the reason.
    pub fn admit_anew(&self, address: IpAddr) -> Result<(), Untouchable> {
        self.admit(address)?;
        match self.never_touch.fault() {
            Some(fault) => Err(Untouchable::NoList(fault)),
            None => Ok(()),
        }
    }
}
