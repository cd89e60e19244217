//! NetFlow versions 1, 5 and 7: records that are always laid out the same (Cisco, "NetFlow Export Datagram Format").

use std::net::{IpAddr, Ipv4Addr};

use super::bytes::Reader;
use super::element::Clock;
use super::losses::Version;
use super::scene::{Scene, Sink, Told};
use super::sets::{Message, count};
use crate::Way;

/// Bytes of a head and of a record.
const fn sizes(version: Version) -> (usize, usize) {
    match version {
        Version::NetflowV1 => (16, 48),
        Version::NetflowV5 => (24, 48),
        _ => (24, 52),
    }
}

/// The bits of version 5's sampling field that are the interval; the two above are the mode.
const INTERVAL: u16 = 0x3FFF;

impl Message<'_> {
    /// A datagram of one of these versions: how much of it was read.
    pub(super) fn fixed(&mut self, version: Version, bytes: &[u8]) -> Option<usize> {
        let (head_size, record_size) = sizes(version);
        let mut head = Reader::new(bytes);
        head.take(2)?;
        let told = usize::from(head.u16()?);
        let (uptime, seconds, nanos) = (head.u32()?, head.u32()?, head.u32()?);
        let (sequence, engine, sampling) = match version {
            Version::NetflowV1 => (None, 0, 0),
            Version::NetflowV5 => (Some(head.u32()?), head.u16()?, head.u16()?),
            _ => (Some(head.u32()?), 0, 0),
        };
        let body = bytes.get(head_size..)?;
        let there = told.min(body.len() / record_size);
        self.exporter.report.losses.malformed += u64::from(there != told);
        let exported = i64::from(seconds) * 1000 + i64::from(nanos / 1_000_000);
        let mut scene =
            Scene::new(self.exporter.report.exporter, self.received, exported, Some(uptime), self.limits);
        let interval = sampling & INTERVAL;
        scene.rate = if interval > 0 { u32::from(interval) } else { self.exporter.assumed.unwrap_or(0) };
        let mut sink = Sink::new(self.into);
        let length = there * record_size;
        match version {
            Version::NetflowV1 => v1(body.get(..length)?, &scene, &mut sink),
            Version::NetflowV5 => v5(body.get(..length)?, &scene, &mut sink),
            _ => v7(body.get(..length)?, &scene, &mut sink),
        }
        count(&mut self.exporter.report, &sink);
        let key = (version, u64::from(engine));
        if let Some(sequence) = sequence
            && self.domain(key).is_some()
        {
            // What the datagram says it has is what its exporter counted.
            self.number(key, sequence, u32::try_from(told).ok());
        }
        Some(head_size + length)
    }
}

/// Bytes at fixed places of a record, with no question about its end.
macro_rules! at {
    ($record:expr, u16, $at:literal) => {
        u16::from_be_bytes([$record[$at], $record[$at + 1]])
    };
    ($record:expr, u32, $at:literal) => {
        u32::from_be_bytes([$record[$at], $record[$at + 1], $record[$at + 2], $record[$at + 3]])
    };
}

/// What all three have at the same place, and the flags, which they have not.
macro_rules! alike {
    ($record:expr, flags: $flags:literal) => {
        Record {
            source: at!($record, u32, 0),
            destination: at!($record, u32, 4),
            packets: at!($record, u32, 16),
            bytes: at!($record, u32, 20),
            first: at!($record, u32, 24),
            last: at!($record, u32, 28),
            source_port: at!($record, u16, 32),
            destination_port: at!($record, u16, 34),
            flags: $record[$flags],
            protocol: $record[38],
        }
    };
}

fn v5(body: &[u8], scene: &Scene, sink: &mut Sink<'_>) {
    let (records, _) = body.as_chunks::<48>();
    sink.flows.reserve(records.len());
    for record in records {
        record_of(scene, sink, alike!(record, flags: 37));
    }
}

fn v1(body: &[u8], scene: &Scene, sink: &mut Sink<'_>) {
    for record in body.as_chunks::<48>().0 {
        record_of(scene, sink, alike!(record, flags: 40));
    }
}

fn v7(body: &[u8], scene: &Scene, sink: &mut Sink<'_>) {
    for record in body.as_chunks::<52>().0 {
        record_of(scene, sink, alike!(record, flags: 37));
    }
}

/// One record as it is written.
#[derive(Clone, Copy)]
struct Record {
    source: u32,
    destination: u32,
    packets: u32,
    bytes: u32,
    first: u32,
    last: u32,
    source_port: u16,
    destination_port: u16,
    flags: u8,
    protocol: u8,
}

#[inline]
fn record_of(scene: &Scene, sink: &mut Sink<'_>, record: Record) {
    let uptime = scene.uptime.unwrap_or(0);
    let moment = |told: u32| scene.moment(Clock::Uptime, u64::from(told), uptime);
    sink.records += 1;
    sink.push(
        Told {
            source: IpAddr::V4(Ipv4Addr::from_bits(record.source)),
            destination: IpAddr::V4(Ipv4Addr::from_bits(record.destination)),
            source_port: record.source_port,
            destination_port: record.destination_port,
            protocol: record.protocol,
            both_ways: false,
            forward: Way {
                packets: u64::from(record.packets),
                bytes: u64::from(record.bytes),
                flags: record.flags,
            },
            reverse: Way::default(),
            rate: scene.rate,
            translated: None,
            times: scene.settle(moment(record.first), moment(record.last), None),
        },
        scene.exporter,
    );
}
