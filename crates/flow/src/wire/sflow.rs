//! sFlow version 5 (sflow.org, "sFlow Version 5", July 2004): packets looked at one in so many, each a flow of its own.
//!
//! Each sample tells its sampling rate, so counts are multiplied without asking anybody. Agents have no clock of the day:
//! a packet's time is when its datagram came. Counter samples are counted and passed over.

use super::bytes::Reader;
use super::losses::Version;
use super::packet::{self, Packet};
use super::record::canonical;
use super::scene::{Scene, Sink};
use super::sets::{Message, count};
use crate::protocol;

/// Samples (section 5.3): enterprise 0, and in the low twelve bits of the tag the format.
mod sample {
    pub(super) const FLOW: u32 = 1;
    pub(super) const COUNTERS: u32 = 2;
    pub(super) const FLOW_EXPANDED: u32 = 3;
    pub(super) const COUNTERS_EXPANDED: u32 = 4;
}

/// Records of a flow sample (section 5.3).
mod flow_record {
    pub(super) const RAW_HEADER: u32 = 1;
    pub(super) const IPV4: u32 = 3;
    pub(super) const IPV6: u32 = 4;
}

/// What a raw header begins with (`header_protocol`, section 5.3).
mod header {
    pub(super) const ETHERNET: u32 = 1;
    pub(super) const PPP: u32 = 7;
    pub(super) const IPV4: u32 = 11;
    pub(super) const IPV6: u32 = 12;
    pub(super) const MPLS: u32 = 13;
}

/// Agent addresses (section 5.3): the type and its length.
const ADDRESS: [(u32, usize); 2] = [(1, 4), (2, 16)];

impl Message<'_> {
    /// A datagram: how much of it was read.
    pub(super) fn sflow(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut reader = Reader::new(bytes);
        reader.take(4)?;
        let family = reader.u32()?;
        let (_, length) = ADDRESS.into_iter().find(|(known, _)| *known == family)?;
        let agent = agent(reader.take(length)?);
        let sub_agent = reader.u32()?;
        let sequence = reader.u32()?;
        reader.take(4)?;
        let samples = reader.u32()?;
        let key = (Version::SflowV5, agent ^ u64::from(sub_agent));
        let numbered = self.domain(key).is_some();
        let scene =
            Scene::new(self.exporter.report.exporter, self.received, self.received.0, None, self.limits);
        let mut read = Samples { scene, sink: Sink::new(self.into), counters: 0, malformed: 0 };
        let whole = read.all(&mut reader, samples);
        let report = &mut self.exporter.report;
        report.option_records += read.counters;
        report.losses.malformed += read.malformed + u64::from(whole.is_none());
        count(report, &read.sink);
        if numbered {
            self.number(key, sequence, Some(1));
        }
        Some(bytes.len())
    }
}

/// Agents behind one address are told apart by 64 bits of the address that they give themselves.
fn agent(address: &[u8]) -> u64 {
    let halves = address.rchunks(8).map(super::bytes::number);
    halves.fold(0, |all, half| all.rotate_left(17) ^ half.rotate_left(32))
}

struct Samples<'a> {
    scene: Scene,
    sink: Sink<'a>,
    counters: u64,
    malformed: u64,
}

impl Samples<'_> {
    /// All samples. `None` where they break off.
    fn all(&mut self, reader: &mut Reader<'_>, samples: u32) -> Option<()> {
        for _ in 0..samples {
            let tag = reader.u32()?;
            let length = usize::try_from(reader.u32()?).ok()?;
            let whole = length <= reader.len();
            let body = reader.take(length.min(reader.len()))?;
            match tag {
                sample::FLOW | sample::FLOW_EXPANDED => {
                    let read = self.flow_sample(Reader::new(body), tag == sample::FLOW_EXPANDED);
                    self.malformed += u64::from(read.is_none() && whole);
                }
                sample::COUNTERS | sample::COUNTERS_EXPANDED => self.counters += 1,
                // Other enterprises' samples.
                _ => {}
            }
            if !whole {
                return None;
            }
        }
        Some(())
    }

    /// One packet, told by one or several records: the best of them is taken. `None` where it breaks off.
    fn flow_sample(&mut self, mut sample: Reader<'_>, expanded: bool) -> Option<()> {
        // Its number and source, one word more where interfaces are told at length.
        sample.take(if expanded { 12 } else { 8 })?;
        let rate = sample.u32()?;
        // The pool, the drops, and the interfaces.
        sample.take(if expanded { 24 } else { 16 })?;
        let records = sample.u32()?;
        let mut best = None;
        let whole = self.records(&mut sample, records, &mut best);
        self.sink.records += 1;
        match best {
            Some(packet) => {
                let times = self.scene.settle(None, None, None);
                self.sink.push(packet.told(rate, times), self.scene.exporter);
            }
            None => self.sink.others += 1,
        }
        whole
    }

    fn records(&self, sample: &mut Reader<'_>, records: u32, best: &mut Option<Packet>) -> Option<()> {
        for _ in 0..records {
            let tag = sample.u32()?;
            let length = usize::try_from(sample.u32()?).ok()?;
            let body = Reader::new(sample.take(length.min(sample.len()))?);
            match tag {
                // Whole headers before what an agent made of them.
                flow_record::RAW_HEADER => *best = raw(body).or(*best),
                flow_record::IPV4 => *best = best.or_else(|| sampled4(body)),
                flow_record::IPV6 => *best = best.or_else(|| sampled6(body)),
                _ => {}
            }
        }
        Some(())
    }
}

/// The first bytes of the packet.
fn raw(mut record: Reader<'_>) -> Option<Packet> {
    let begins = record.u32()?;
    // The frame's length and what was cut off of it: the IP header knows its own.
    record.take(8)?;
    let length = usize::try_from(record.u32()?).ok()?;
    let bytes = record.take(length.min(record.len()))?;
    match begins {
        header::ETHERNET => packet::ethernet(bytes),
        header::IPV4 | header::IPV6 => packet::ip(bytes),
        header::MPLS => packet::mpls(bytes),
        // Address, control and protocol, as RFC 1662 frames them, or the protocol at once.
        header::PPP => bytes.get(4..).and_then(packet::ip).or_else(|| bytes.get(2..).and_then(packet::ip)),
        _ => None,
    }
}

/// `sampled_ipv4`: length, protocol, addresses, ports, flags. Its length is the IP packet's.
fn sampled4(mut record: Reader<'_>) -> Option<Packet> {
    let (length, protocol) = (record.u32()?, record.u32()?);
    let source = std::net::Ipv4Addr::from(record.ipv4()?).into();
    let destination = std::net::Ipv4Addr::from(record.ipv4()?).into();
    sampled(record, length, protocol, source, destination)
}

/// `sampled_ipv6`.
fn sampled6(mut record: Reader<'_>) -> Option<Packet> {
    let (length, protocol) = (record.u32()?, record.u32()?);
    let source = canonical(record.ipv6()?);
    let destination = canonical(record.ipv6()?);
    sampled(record, length, protocol, source, destination)
}

fn sampled(
    mut record: Reader<'_>,
    length: u32,
    number: u32,
    source: std::net::IpAddr,
    destination: std::net::IpAddr,
) -> Option<Packet> {
    let mut word = || record.u32().map(u64::from);
    let (source_port, destination_port, flags) = (word()?, word()?, word()?);
    let protocol = u8::try_from(number).ok()?;
    Some(Packet {
        source,
        destination,
        source_port: u16::try_from(source_port).ok()?,
        destination_port: u16::try_from(destination_port).ok()?,
        protocol,
        flags: if protocol == protocol::TCP { u8::try_from(flags & 0xFF).ok()? } else { 0 },
        bytes: u64::from(length),
    })
}
