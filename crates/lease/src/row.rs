//! What a reader gives for each line or session of a lease source: a row, or what is wrong with it.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::Lease;

/// One lease as read, with what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The lease.
    pub lease: Lease,
    /// The subscriber's mail address, where the source has one.
    pub contact: Option<String>,
}

/// A line, row or record that could not be used. The rest of the source is read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}. Nothing was taken from it; {remedy}")]
pub struct RowError {
    /// The line it stands on, from 1; of a record of several lines the first.
    pub line: u64,
    /// What is wrong with it, with the words that are.
    pub what: String,
    /// Whose fault it is and what to do.
    pub remedy: String,
}

/// A stranger's text quoted in an error: short, and without anything that could steer a terminal.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.0.chars().nth(60).is_some() { "…" } else { "" };
        let shown: String = self.0.chars().take(60).flat_map(char::escape_debug).collect();
        write!(f, "\"{shown}{more}\"")
    }
}

/// `net` without host bits, an IPv4-mapped IPv6 net as the IPv4 net it stands for (RFC 4291 section 2.5.5.2).
pub(crate) fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net.trunc() };
    let carried = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    match carried.map(|(v4, len)| Ipv4Net::new(v4, len)) {
        Some(Ok(v4)) => IpNet::V4(v4.trunc()),
        _ => net.trunc(),
    }
}

/// Whether one line could hold `net`: one the size of a registry's block is a slip of the pen.
pub(crate) fn leasable(net: IpNet) -> bool {
    net.prefix_len() >= if net.addr().is_ipv4() { 8 } else { 16 }
}

/// Whether an access server means an address by `v4`: 255.255.255.255 and 255.255.255.254 ask for a choice
/// (RFC 2865 section 5.8), and 0.0.0.0 is none.
pub(crate) fn is_address(v4: Ipv4Addr) -> bool {
    !(v4.is_unspecified() || v4.is_broadcast() || v4 == Ipv4Addr::new(255, 255, 255, 254))
}

/// The net of one address.
pub(crate) fn host(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}
