//! Port blocks that follow from a formula (RFC 7422): no log is needed, and none is kept.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use jiff::Timestamp;

use crate::row::host;
use crate::{Lease, LeaseSource, PortBlock};

/// The most inside addresses that share one outside address: with fewer ports each nobody could browse.
const SHARING_AT_MOST: u32 = 16_384;

/// One mapping: every inside address has one block of ports of one outside address, always the same.
///
/// The assignment is the sequential one (RFC 7422 section 2.1): the first outside address serves the first inside addresses,
/// each with the next block of ports, until its ports are used; then the second does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deterministic {
    inside: Ipv4Net,
    outside: Ipv4Net,
    first_port: u16,
    ports_each: u16,
    sharing: u32,
    since: Timestamp,
    record: String,
}

/// Why a mapping cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeterministicError {
    /// The inside addresses do not divide among the outside addresses.
    #[error("{inside} has not a whole number of addresses for each of {outside}")]
    Uneven {
        /// The inside prefix.
        inside: Ipv4Net,
        /// The outside prefix.
        outside: Ipv4Net,
    },
    /// There are not so many ports.
    #[error(
        "{sharing} addresses with {ports_each} ports each, from {first_port} on, need more ports than there are"
    )]
    TooMany {
        /// How many inside addresses share one outside address.
        sharing: u32,
        /// The ports of each.
        ports_each: u16,
        /// The first port of the first.
        first_port: u16,
    },
}

impl Deterministic {
    /// A mapping of `inside` to `outside`, in force from `since` on. `first_port` is the first that is given out.
    /// `ports_each` absent: the ports from there on are shared out evenly, as the deterministic NAT44 of VPP does.
    ///
    /// # Errors
    /// [`DeterministicError`] when the numbers do not fit together.
    pub fn new(
        inside: Ipv4Net,
        outside: Ipv4Net,
        first_port: u16,
        ports_each: Option<u16>,
        since: Timestamp,
    ) -> Result<Deterministic, DeterministicError> {
        let (inside, outside) = (inside.trunc(), outside.trunc());
        let uneven = DeterministicError::Uneven { inside, outside };
        let bits = outside.prefix_len().checked_sub(inside.prefix_len()).ok_or(uneven.clone())?;
        let sharing =
            1_u32.checked_shl(bits.into()).filter(|sharing| *sharing <= SHARING_AT_MOST).ok_or(uneven)?;
        // The last port is not given out by the formula above, so it belongs to nobody.
        let there = u32::from(u16::MAX.saturating_sub(first_port));
        let evenly = u16::try_from(there.checked_div(sharing).unwrap_or(0)).unwrap_or(u16::MAX);
        let ports_each = ports_each.unwrap_or(evenly);
        let needed = u64::from(sharing).saturating_mul(ports_each.into());
        if ports_each == 0 || needed > u64::from(there).saturating_add(1) {
            return Err(DeterministicError::TooMany { sharing, ports_each, first_port });
        }
        let record = format!("{inside} behind {outside} by formula");
        Ok(Deterministic { inside, outside, first_port, ports_each, sharing, since, record })
    }

    /// The leases of `address` that this mapping makes: the one of `port`, or, where no port is known, those of everybody
    /// behind it. Empty for another address, and for a port that is nobody's.
    #[must_use]
    pub fn leases(&self, address: IpAddr, port: Option<u16>) -> Vec<Lease> {
        let IpAddr::V4(outside) = address.to_canonical() else { return Vec::new() };
        if !self.outside.contains(&outside) {
            return Vec::new();
        }
        match port {
            Some(port) => {
                let above = port.checked_sub(self.first_port);
                let slot = above.and_then(|above| above.checked_div(self.ports_each));
                slot.and_then(|slot| self.lease(outside, slot.into())).into_iter().collect()
            }
            None => (0..self.sharing).filter_map(|slot| self.lease(outside, slot)).collect(),
        }
    }

    fn lease(&self, outside: Ipv4Addr, slot: u32) -> Option<Lease> {
        if slot >= self.sharing {
            return None;
        }
        let index = outside.to_bits().checked_sub(self.outside.network().to_bits())?;
        let offset = index.checked_mul(self.sharing)?.checked_add(slot)?;
        let inside = Ipv4Addr::from_bits(self.inside.network().to_bits().checked_add(offset)?);
        let first = u16::try_from(slot).ok()?.checked_mul(self.ports_each)?.checked_add(self.first_port)?;
        let last = first.checked_add(self.ports_each.checked_sub(1)?)?;
        Some(Lease {
            net: host(outside.into()),
            ports: PortBlock::new(first, last),
            from: self.since,
            to: None,
            subscriber: inside.to_string().parse().ok()?,
            source: LeaseSource::NatFormula,
            record: self.record.clone(),
        })
    }
}
