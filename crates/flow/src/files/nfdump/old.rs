//! Flow records of nfdump 1.6: a fixed part, then extensions in the order of a map that was told before.

use std::collections::HashMap;

use crate::files::bytes::Order;

use super::record::{Told, v4, v6};
use super::sampler::Samplers;

/// Bits of a record's flags.
const IPV6: u8 = 1;
const PACKETS_64: u8 = 2;
const BYTES_64: u8 = 4;
const EVENT: u8 = 64;
const SAMPLED: u8 = 128;
/// As many extensions as a map may name; there are fifty kinds.
const LONGEST_MAP: usize = 64;

/// Which extensions follow the fixed part, by the number of the map.
#[derive(Debug, Default)]
pub(super) struct Maps(HashMap<u16, Vec<u16>>);

impl Maps {
    /// Reads the record of a map: its number, the size of what it describes, then extensions until a 0.
    pub(super) fn learn(&mut self, order: Order, record: &[u8]) {
        let Some(number) = order.u16(record, 4) else { return };
        let mut extensions = Vec::new();
        while let Some(extension) = order.u16(record, 8 + 2 * extensions.len())
            && extension != 0
            && extensions.len() < LONGEST_MAP
        {
            extensions.push(extension);
        }
        self.0.insert(number, extensions);
    }
}

/// Reads a record. One of the `wide` kind has flags of two bytes, and the exporter's number after the ports.
pub(super) fn flow(
    order: Order,
    record: &[u8],
    wide: bool,
    maps: &Maps,
    samplers: &Samplers,
) -> Option<Told> {
    let (flags, exporter) = if wide {
        (order.u16(record, 4)?.to_le_bytes()[0], order.u16(record, 28)?)
    } else {
        (*record.get(4)?, u16::from(*record.get(5)?))
    };
    let mut cursor = Cursor { order, record, at: if wide { 32 } else { 28 } };
    let mut told = Told {
        first: milliseconds(order, record, 12, 8)?,
        last: milliseconds(order, record, 16, 10)?,
        flags: *record.get(21)?,
        protocol: *record.get(22)?,
        source_port: order.u16(record, 24)?,
        destination_port: order.u16(record, 26)?,
        event: flags & EVENT != 0,
        sampling: samplers.rate(exporter, flags & SAMPLED != 0),
        ..Told::default()
    };
    if flags & IPV6 == 0 {
        (told.source, told.destination) =
            (v4(order, record, cursor.take(4)), v4(order, record, cursor.take(4)));
    } else {
        (told.source, told.destination) =
            (v6(order, record, cursor.take(16)), v6(order, record, cursor.take(16)));
    }
    told.packets_in = cursor.count(flags & PACKETS_64 != 0)?;
    told.bytes_in = cursor.count(flags & BYTES_64 != 0)?;
    if let Some(map) = maps.0.get(&order.u16(record, 6)?) {
        // A map that names a kind that is not known ends what can be read; the flow itself stands before it.
        let _all = map.iter().try_for_each(|extension| extend(*extension, &mut cursor, &mut told));
    }
    Some(told)
}

fn milliseconds(order: Order, record: &[u8], seconds: usize, millis: usize) -> Option<u64> {
    Some(u64::from(order.u32(record, seconds)?) * 1000 + u64::from(order.u16(record, millis)?))
}

/// Takes what an extension tells, or steps over it; none where its size is not known.
fn extend(extension: u16, cursor: &mut Cursor<'_>, told: &mut Told) -> Option<()> {
    match extension {
        14 | 15 => told.packets_out = cursor.count(extension == 15)?,
        16 | 17 => told.bytes_out = cursor.count(extension == 17)?,
        38 => told.translated_port = cursor.order.u16(cursor.record, cursor.take(4))?,
        39 => told.translated = v4(cursor.order, cursor.record, cursor.take(8)),
        40 => told.translated = v6(cursor.order, cursor.record, cursor.take(32)),
        // When an event happened; the record has no other time where it tells of no traffic.
        37 => {
            let at = cursor.order.u64(cursor.record, cursor.take(20))?;
            if told.first == 0 {
                (told.first, told.last) = (at, at);
            }
        }
        _ => {
            cursor.take(size(extension)?);
        }
    }
    Some(())
}

/// The bytes of the other extensions.
fn size(extension: u16) -> Option<usize> {
    Some(match extension {
        // Interfaces, numbers of networks, masks, next hops, VLANs, aggregated flows, the exporter.
        4 | 6 | 8 | 9 | 11 | 13 | 18 | 23 | 25 => 4,
        5 | 7 | 19 | 26 | 27 => 8,
        10 | 12 | 20 | 21 | 24 => 16,
        // Labels; access lists, names of users, delays, translators' events, blocks of ports.
        22 => 40,
        41 | 42 | 45 => 24,
        43 => 72,
        46 => 12,
        47 | 48 => 8,
        _ => return None,
    })
}

struct Cursor<'r> {
    order: Order,
    record: &'r [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Steps over `size` bytes; where they begin.
    fn take(&mut self, size: usize) -> usize {
        let at = self.at;
        self.at += size;
        at
    }

    fn count(&mut self, wide: bool) -> Option<u64> {
        if wide {
            let at = self.take(8);
            self.order.u64(self.record, at)
        } else {
            let at = self.take(4);
            self.order.u32(self.record, at).map(u64::from)
        }
    }
}
