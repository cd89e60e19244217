//! The two routes there are.

use std::net::IpAddr;

use case::{Measure, RuleKey, Transport};

/// One route of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// A host route to nowhere.
    Blackhole(IpAddr),
    /// A filter that discards what one rule names.
    Discard(RuleKey),
}

impl Route {
    pub(crate) fn is_ipv4(&self) -> bool {
        match self {
            Route::Blackhole(address) | Route::Discard(RuleKey { address, .. }) => address.is_ipv4(),
        }
    }
}

/// The rule that a route stands for which nothing planned explains: port 0 is refused by every guard.
pub(crate) fn unplanned(address: IpAddr) -> RuleKey {
    RuleKey { address, measure: Measure::In { protocol: Transport::Tcp, port: 0 } }
}

/// What a filter must match (RFC 8955 section 4.2.2): one host, as source or destination, one protocol, one destination
/// port. There is no other shape: a filter of ours always names a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    /// Whether the host is the destination (type 1) or the source (type 2).
    pub(crate) is_destination: bool,
    pub(crate) host: IpAddr,
    /// The protocol's number (type 3).
    pub(crate) protocol: u8,
    /// The destination port (type 5).
    pub(crate) port: u16,
}

impl From<RuleKey> for Match {
    fn from(key: RuleKey) -> Match {
        let (is_destination, protocol, port) = match key.measure {
            Measure::In { protocol, port } => (true, protocol, port),
            Measure::Out { protocol, port } => (false, protocol, port),
            // No route leads into a garden: `takes` refuses it, and the guard a filter on port 0.
            Measure::Garden => (false, Transport::Tcp, 0),
        };
        let protocol = match protocol {
            Transport::Tcp => 6,
            Transport::Udp => 17,
        };
        Match { is_destination, host: key.address, protocol, port }
    }
}

impl Match {
    /// The rule it stands for, when it is of a protocol we name.
    pub(crate) fn rule(self) -> Option<RuleKey> {
        let protocol = match self.protocol {
            6 => Transport::Tcp,
            17 => Transport::Udp,
            _ => return None,
        };
        let port = self.port;
        let measure = if self.is_destination {
            Measure::In { protocol, port }
        } else {
            Measure::Out { protocol, port }
        };
        Some(RuleKey { address: self.host, measure })
    }
}
