//! The prefixes that are ours.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The configured home prefixes: the only addresses we attribute, probe, trap or contain.
///
/// Never empty and never as wide as a whole address family: a default route as "home" would turn every guard that
/// asks [`Home::contains`] into a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<IpNet>", into = "Vec<IpNet>")]
pub struct Home {
    prefixes: Vec<IpNet>,
}

/// Why a list of prefixes cannot be a home.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HomeError {
    /// No prefix was given.
    #[error("no home prefix is configured: name at least one prefix that is yours")]
    Empty,
    /// A prefix covers so much that it cannot be one network's own space.
    #[error("home prefix {0} is too wide to be yours (wider than /8 for IPv4 or /16 for IPv6)")]
    TooWide(IpNet),
}

impl Home {
    /// Makes a home of the given prefixes; host bits are cleared, repeats and covered prefixes are folded.
    ///
    /// # Errors
    /// [`HomeError`] when the list is empty or a prefix is wider than an IPv4 /8 or an IPv6 /16.
    pub fn new(prefixes: impl IntoIterator<Item = IpNet>) -> Result<Self, HomeError> {
        let prefixes: Vec<IpNet> = prefixes.into_iter().map(|net| net.trunc()).collect();
        if prefixes.is_empty() {
            return Err(HomeError::Empty);
        }
        let too_wide = |net: &&IpNet| net.prefix_len() < if net.addr().is_ipv4() { 8 } else { 16 };
        if let Some(net) = prefixes.iter().find(too_wide) {
            return Err(HomeError::TooWide(*net));
        }
        Ok(Home { prefixes: IpNet::aggregate(&prefixes) })
    }

    /// Whether `address` is ours. An IPv4-mapped IPv6 address counts as the IPv4 address it carries.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.prefixes.iter().any(|net| net.contains(&address))
    }

    /// The prefixes, aggregated and in order.
    #[must_use]
    pub fn prefixes(&self) -> &[IpNet] {
        &self.prefixes
    }
}

impl TryFrom<Vec<IpNet>> for Home {
    type Error = HomeError;
    fn try_from(prefixes: Vec<IpNet>) -> Result<Self, HomeError> {
        Home::new(prefixes)
    }
}

impl From<Home> for Vec<IpNet> {
    fn from(home: Home) -> Self {
        home.prefixes
    }
}
