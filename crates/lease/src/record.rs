//! One lease: an address, or a share of its ports, held by a subscriber for an interval.

use std::net::IpAddr;

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
    /// The block from `first` to `last`; `None` when they run backwards.
    #[must_use]
    pub fn new(first: u16, last: u16) -> Option<PortBlock> {
        (first <= last).then_some(PortBlock { first, last })
    }

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
    /// Accounting that access servers send to us (RFC 2866).
    Radius,
    /// A Kea lease file.
    Kea,
    /// The lease file of ISC dhcpd.
    IscDhcpd,
    /// What an address translator logs of its port blocks; the subscriber is the inside address.
    NatLog,
    /// What an address translator exports of its port blocks as it gives them (RFC 8158); the subscriber is the inside
    /// address.
    NatExport,
    /// Port blocks that follow from a configured formula (RFC 7422); the subscriber is the inside address.
    NatFormula,
    /// What the provider's own customer system answered when it was asked.
    CustomerSystem,
}

impl LeaseSource {
    /// Whether an end that was not seen is made up for by the next lease of the same net: the server behind such a
    /// source gives one address to one client at a time, and may lose the message that says when it ended.
    pub(crate) fn one_at_a_time(self) -> bool {
        matches!(
            self,
            LeaseSource::RadiusDetail | LeaseSource::Radius | LeaseSource::Kea | LeaseSource::IscDhcpd
        )
    }

    /// Whether its ends are foretold (a DHCP lease time) and not witnessed, so that a later lease of another client
    /// shows that they came earlier.
    pub(crate) fn foretells_ends(self) -> bool {
        matches!(self, LeaseSource::Kea | LeaseSource::IscDhcpd)
    }
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

impl Lease {
    /// The inside address that held it, where an address translator is the source: who held that one is another
    /// question, put to the other leases ([`crate::through`]).
    #[must_use]
    pub fn inside(&self) -> Option<IpAddr> {
        match self.source {
            LeaseSource::NatLog | LeaseSource::NatExport | LeaseSource::NatFormula => {
                self.subscriber.as_str().parse().ok()
            }
            _ => None,
        }
    }
}
