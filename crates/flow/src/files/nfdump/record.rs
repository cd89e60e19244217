//! What both kinds of flow records tell, and the flow that comes of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::files::Reading;
use crate::files::bytes::Order;
use crate::files::doubt::DoubtKind;
use crate::{ExporterId, Flow, Millis, Translated, Way};

/// The year 2200: what is later was counted in another unit by who wrote it.
const LATEST: u64 = 7_258_118_400_000;

/// The parts of a record that a flow is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// Milliseconds since 1970.
    pub(super) first: u64,
    pub(super) last: u64,
    /// When the collector had it; 0 where it does not tell.
    pub(super) received: u64,
    pub(super) source: Option<IpAddr>,
    pub(super) destination: Option<IpAddr>,
    pub(super) source_port: u16,
    /// For ICMP, type times 256 plus code.
    pub(super) destination_port: u16,
    pub(super) protocol: u8,
    pub(super) flags: u8,
    pub(super) packets_in: u64,
    pub(super) bytes_in: u64,
    pub(super) packets_out: u64,
    pub(super) bytes_out: u64,
    pub(super) translated: Option<IpAddr>,
    pub(super) translated_port: u16,
    pub(super) sampling: u32,
    /// A record of a firewall's or translator's event, not of traffic.
    pub(super) event: bool,
}

impl Told {
    /// Gives the flow, where there is one.
    pub(super) fn give(mut self, block: u64, reading: &mut Reading<'_>) {
        let Some((source, destination)) = self.source.zip(self.destination) else {
            return reading.doubts.note(DoubtKind::Incomplete, block);
        };
        if self.first > LATEST && self.received > 0 {
            reading.doubts.note(DoubtKind::TimeReplaced, block);
            (self.first, self.last) = (self.received, self.received);
        }
        if self.first > LATEST {
            return reading.doubts.note(DoubtKind::Incomplete, block);
        }
        if self.last < self.first || self.last > LATEST {
            reading.doubts.note(DoubtKind::EndsBefore, block);
        }
        // An event of a firewall that carried nothing (a connection created or denied) is no flow.
        if self.event && self.packets_in == 0 && self.bytes_in == 0 && self.bytes_out == 0 {
            return reading.pass();
        }
        let millis = |at: u64| Millis(i64::try_from(at).unwrap_or(i64::MAX));
        let (forward, reverse, both_ways) = self.ways();
        reading.give(Flow {
            first: millis(self.first),
            last: millis(if self.last > LATEST { self.first } else { self.last.max(self.first) }),
            source,
            destination,
            source_port: self.source_port,
            destination_port: self.destination_port,
            protocol: self.protocol,
            both_ways,
            forward,
            reverse,
            sampling: self.sampling,
            exporter: ExporterId::default(),
            translated: self.translated.map(|address| Translated { address, port: self.translated_port }),
        });
    }

    /// The counters called `out` are the way back in records of both ways (biflows and firewalls), but those of the same
    /// packets on their way out of a router that counts at its exits: then they are the only ones, or the same again.
    fn ways(&self) -> (Way, Way, bool) {
        let inward = Way { packets: self.packets_in, bytes: self.bytes_in, flags: self.flags };
        let outward = Way { packets: self.packets_out, bytes: self.bytes_out, flags: 0 };
        if self.packets_in == 0 && self.bytes_in == 0 && !self.event {
            return (Way { flags: self.flags, ..outward }, Way::default(), false);
        }
        let back = (self.packets_out > 0 || self.bytes_out > 0) && outward.bytes != inward.bytes;
        (inward, if back { outward } else { Way::default() }, back)
    }
}

/// An IPv4 address: a number in the machine's order.
pub(super) fn v4(order: Order, data: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv4Addr::from_bits(order.u32(data, at)?).into())
}

/// An IPv6 address: two numbers, the upper one first.
pub(super) fn v6(order: Order, data: &[u8], at: usize) -> Option<IpAddr> {
    let bits = (u128::from(order.u64(data, at)?) << 64) | u128::from(order.u64(data, at + 8)?);
    Some(IpAddr::from(Ipv6Addr::from_bits(bits)).to_canonical())
}
