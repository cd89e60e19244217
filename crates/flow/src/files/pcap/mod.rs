//! Packet captures: packets to flows of both ways.
//!
//! Each packet counts for its outermost IP header: what GRE, 6in4, Teredo or VXLAN carry is a flow between the ends of the
//! tunnel, as a router on the way sees it. VLAN tags, MPLS labels and PPPoE are looked through.

mod classic;
mod ended;
mod fragments;
mod ip;
mod link;
mod ng;
mod packet;
mod table;

pub(super) use classic::{is_classic, read as classic};
pub(super) use ng::{is_ng, read as ng};

use super::Reading;
use super::doubt::DoubtKind;
use crate::Millis;
use fragments::Fragments;
use link::Carried;
use packet::Packet;
use table::Table;

/// The longest packet that is believed. Tcpdump's own bound on a snapshot is 262,144 bytes (`MAXIMUM_SNAPLEN`).
const LONGEST: usize = 1 << 20;

/// One packet as a capture has it.
#[derive(Debug, Clone, Copy)]
struct Captured<'p> {
    /// Microseconds since 1970.
    micros: i64,
    /// Which link layer: see [`link`].
    link: u32,
    /// What was kept of it.
    data: &'p [u8],
    /// How long it was on the wire.
    length: usize,
}

/// A capture being read.
struct Capture<'r, 's> {
    reading: &'r mut Reading<'s>,
    table: Table,
    fragments: Fragments,
    number: u64,
}

impl<'r, 's> Capture<'r, 's> {
    fn new(reading: &'r mut Reading<'s>) -> Capture<'r, 's> {
        Capture { reading, table: Table::default(), fragments: Fragments::default(), number: 0 }
    }

    /// Takes the next packet.
    fn packet(&mut self, captured: Captured<'_>) {
        self.number = self.number.saturating_add(1);
        let network = match link::network(captured.link, captured.data) {
            Carried::Ip(at) => at,
            Carried::Other => return self.reading.pass(),
            Carried::Unknown => return self.doubt(DoubtKind::Unsupported),
        };
        let data = captured.data.get(network..).unwrap_or_default();
        let length = captured.length.saturating_sub(network);
        match packet::read(data, length, captured.micros) {
            Some(packet) if self.is_export(&packet) => {}
            Some(packet) => {
                let packet = self.fragments.completed(packet);
                self.table.add(&packet, self.number, self.reading);
            }
            None => self.doubt(DoubtKind::Unreadable),
        }
    }

    /// Whether it is a datagram of an exporter; its flows are given then.
    fn is_export(&mut self, packet: &Packet<'_>) -> bool {
        let received = Millis(packet.micros.div_euclid(1000));
        packet.datagram.is_some_and(|payload| self.reading.export(packet.source, received, payload))
    }

    fn doubt(&mut self, kind: DoubtKind) {
        self.reading.doubts.note(kind, self.number.max(1));
    }

    /// Gives what is still open.
    fn close(mut self) {
        self.table.close(self.reading);
    }
}
