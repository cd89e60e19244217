//! The ports of a fragment are those of its packet's first one.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::packet::Packet;

/// So many packets in pieces are remembered at a time.
const MOST: usize = 4096;
/// A piece that comes later belongs to another packet (RFC 791 proposes 15 seconds, most systems wait 30).
const WAIT: i64 = 30_000_000;

type Whole = (IpAddr, IpAddr, u8, u32);

/// First fragments of late.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    ports: HashMap<Whole, (u16, u16, i64)>,
    order: VecDeque<Whole>,
}

impl Fragments {
    /// The packet with its ports, where it is a piece of one whose first piece was seen. Others stay without.
    pub(super) fn completed<'p>(&mut self, packet: Packet<'p>) -> Packet<'p> {
        let Some(fragment) = packet.fragment else { return packet };
        let whole = (packet.source, packet.destination, packet.protocol, fragment.identification);
        if fragment.first {
            self.remember(whole, &packet);
            return packet;
        }
        match self.ports.get(&whole) {
            Some((source_port, destination_port, at)) if packet.micros.saturating_sub(*at).abs() <= WAIT => {
                Packet { source_port: *source_port, destination_port: *destination_port, ..packet }
            }
            _ => packet,
        }
    }

    fn remember(&mut self, whole: Whole, packet: &Packet<'_>) {
        let ports = (packet.source_port, packet.destination_port, packet.micros);
        if self.ports.insert(whole, ports).is_none() {
            self.order.push_back(whole);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.ports.remove(&oldest);
        }
    }
}
