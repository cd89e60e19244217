//! One lease: an address, or a share of its ports, held by a subscriber for an interval.

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SubscriberId;

/// An inclusive range of ports that a subscriber holds of a shared (CGNAT) address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortBlock {
    /// The first port of the block.
    pub first: u16,
    /// The last port of the block, included.
    pub last: u16,
}

impl PortBlock {
    /// Whether `port` lies in the block.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// Where a lease was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseSource {
    /// A CSV file kept by hand or exported by the provider's own systems.
    Static,
    /// FreeRADIUS `detail` accounting.
    RadiusDetail,
}

/// `subscriber` held `net` (all of it, or `ports` of it) from `from` until `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// One address as /32 or /128, or a delegated prefix.
    pub net: IpNet,
    /// The share of the ports, where the address is shared; `None` means all ports.
    pub ports: Option<PortBlock>,
    /// When it began, inclusive, by the source's own clock.
    pub from: Timestamp,
    /// When it ended, exclusive; `None` while it has not been seen to end.
    pub to: Option<Timestamp>,
    /// Who held it.
    pub subscriber: SubscriberId,
    /// The kind of source it was read from.
    pub source: LeaseSource,
    /// Where in the source it stands, for the explanation: `leases.csv:17`, an Acct-Unique-Session-Id.
    pub record: String,
}
