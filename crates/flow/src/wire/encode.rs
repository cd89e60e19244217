//! Writing flows as an exporter would: what the generator and the lab send, and what tests read back.
//!
//! ```
//! use flow::wire::{Version, encode::Writer};
//! let mut writer = Writer::new(Version::Ipfix, 7, flow::Millis(1_700_000_000_000));
//! writer.write(flow::Millis(1_700_000_060_000), &[], |datagram| assert!(!datagram.is_empty()));
//! ```

use std::net::IpAddr;

use super::losses::Version;
use crate::{Flow, Millis, Way};

/// As much as fits an Ethernet frame of 1500 bytes with IPv6 and UDP headers.
const LARGEST: usize = 1452;
/// Records of NetFlow v5 in one datagram (Cisco, "NetFlow Export Datagram Format").
const MOST_V5: usize = 30;
/// The reverse direction's enterprise (RFC 5103 section 6.1).
const REVERSE: u32 = 29305;

/// Ids of our four templates: one way and both ways (IPFIX alone), of IPv4 and of IPv6.
const IDS: [u16; 4] = [256, 257, 258, 259];

/// One exporter.
#[derive(Debug, Clone)]
pub struct Writer {
    version: Version,
    domain: u32,
    boot: Millis,
    sequence: u32,
    /// Datagrams until templates are sent again.
    pub templates_every: u32,
    until_templates: u32,
}

impl Writer {
    /// An exporter of NetFlow v5 or v9 or of IPFIX that began at `boot`. Of v5, `domain` is the engine (two bytes). Any
    /// other version is written as IPFIX.
    #[must_use]
    pub fn new(version: Version, domain: u32, boot: Millis) -> Writer {
        let version = match version {
            Version::NetflowV5 | Version::NetflowV9 => version,
            _ => Version::Ipfix,
        };
        Writer { version, domain, boot, sequence: 0, templates_every: 20, until_templates: 0 }
    }

    /// Gives `send` the datagrams that tell of these flows, sent at `exported`. Counts are written as they are: nothing is
    /// said of sampling. NetFlow v5 leaves out IPv6 and cuts counts at 32 bits; v5 and v9 write the two ways of a flow as
    /// two records, the second one only if there was an answer.
    pub fn write(&mut self, exported: Millis, flows: &[Flow], mut send: impl FnMut(&[u8])) {
        match self.version {
            Version::NetflowV5 => self.write_v5(exported, flows, &mut send),
            _ => self.write_sets(exported, flows, &mut send),
        }
    }

    fn write_v5(&mut self, exported: Millis, flows: &[Flow], send: &mut impl FnMut(&[u8])) {
        let ways: Vec<Flow> = one_ways(flows).filter(|flow| flow.source.is_ipv4()).collect();
        for some in ways.chunks(MOST_V5) {
            let mut out = Vec::with_capacity(LARGEST + 48);
            let count = u16::try_from(some.len()).unwrap_or(0);
            out.extend([5u16, count].map(u16::to_be_bytes).as_flattened());
            out.extend(self.uptime(exported).to_be_bytes());
            out.extend(seconds(exported).to_be_bytes());
            out.extend((u32::try_from(exported.0.rem_euclid(1000)).unwrap_or(0) * 1_000_000).to_be_bytes());
            out.extend(self.sequence.to_be_bytes());
            out.extend(low16(self.domain).to_be_bytes());
            out.extend([0; 2]);
            for flow in some {
                self.v5_record(&mut out, flow);
            }
            self.sequence = self.sequence.wrapping_add(u32::from(count));
            send(&out);
        }
    }

    fn v5_record(&self, out: &mut Vec<u8>, flow: &Flow) {
        address(out, flow.source);
        address(out, flow.destination);
        out.extend([0; 8]);
        let clamped = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
        out.extend(clamped(flow.forward.packets));
        out.extend(clamped(flow.forward.bytes));
        out.extend(self.uptime(flow.first).to_be_bytes());
        out.extend(self.uptime(flow.last).to_be_bytes());
        out.extend(flow.source_port.to_be_bytes());
        out.extend(flow.destination_port.to_be_bytes());
        out.extend([0, flow.forward.flags, flow.protocol, 0]);
        out.extend([0; 8]);
    }

    fn write_sets(&mut self, exported: Millis, flows: &[Flow], send: &mut impl FnMut(&[u8])) {
        let ways: Vec<Flow> = match self.version {
            Version::NetflowV9 => one_ways(flows).collect(),
            _ => flows.to_vec(),
        };
        let mut left = ways.as_slice();
        loop {
            let mut sets = Vec::with_capacity(LARGEST);
            let mut records = 0u16;
            if self.until_templates == 0 {
                self.templates(&mut sets);
                self.until_templates = self.templates_every.max(1);
                records = u16::try_from(IDS.len()).unwrap_or(0);
            }
            self.until_templates -= 1;
            let taken = self.data_sets(&mut sets, left);
            left = left.get(taken..).unwrap_or_default();
            let taken = u32::try_from(taken).unwrap_or(0);
            send(&self.message(exported, &sets, records.saturating_add(low16(taken))));
            self.sequence = self.sequence.wrapping_add(match self.version {
                Version::NetflowV9 => 1,
                _ => taken,
            });
            if left.is_empty() {
                return;
            }
        }
    }

    fn message(&self, exported: Millis, sets: &[u8], records: u16) -> Vec<u8> {
        let mut out = Vec::with_capacity(LARGEST + 20);
        if self.version == Version::NetflowV9 {
            out.extend([9, records].map(u16::to_be_bytes).as_flattened());
            out.extend(self.uptime(exported).to_be_bytes());
        } else {
            let length = u16::try_from(sets.len() + 16).unwrap_or(u16::MAX);
            out.extend([10, length].map(u16::to_be_bytes).as_flattened());
        }
        out.extend([seconds(exported), self.sequence, self.domain].map(u32::to_be_bytes).as_flattened());
        out.extend(sets);
        out
    }

    /// As many flows as fit, a set for each run of one kind: how many.
    fn data_sets(&self, sets: &mut Vec<u8>, flows: &[Flow]) -> usize {
        let mut taken = 0;
        for run in flows.chunk_by(|one, other| id(one) == id(other)) {
            let (Some(first), begin) = (run.first(), sets.len()) else { break };
            sets.extend([id(first), 0].map(u16::to_be_bytes).as_flattened());
            let before = taken;
            for flow in run {
                let end = sets.len();
                self.record(sets, flow);
                if sets.len() + 20 > LARGEST {
                    sets.truncate(end);
                    break;
                }
                taken += 1;
            }
            if taken == before {
                sets.truncate(begin);
                break;
            }
            close(sets, begin);
            if taken - before < run.len() {
                break;
            }
        }
        taken
    }

    /// All templates, in one set.
    fn templates(&self, sets: &mut Vec<u8>) {
        let begin = sets.len();
        let set = if self.version == Version::NetflowV9 { 0u16 } else { 2 };
        sets.extend([set, 0].map(u16::to_be_bytes).as_flattened());
        for template in IDS {
            let fields = self.fields(template);
            let count = u16::try_from(fields.len()).unwrap_or(0);
            sets.extend([template, count].map(u16::to_be_bytes).as_flattened());
            for (number, length) in fields {
                sets.extend([number, length].map(u16::to_be_bytes).as_flattened());
                if number & 0x8000 != 0 {
                    sets.extend(REVERSE.to_be_bytes());
                }
            }
        }
        close(sets, begin);
    }

    /// Elements and lengths of one template, as [`record`](Writer::record) writes them. Those with the highest bit are of
    /// the way back.
    fn fields(&self, template: u16) -> Vec<(u16, u16)> {
        let mut fields = match template & 1 {
            0 => vec![(8, 4), (12, 4)],
            _ => vec![(27, 16), (28, 16)],
        };
        fields.extend([(7, 2), (11, 2), (4, 1), (6, 1), (2, 8), (1, 8)]);
        match self.version {
            Version::NetflowV9 => fields.extend([(22, 4), (21, 4)]),
            _ => fields.extend([(152, 8), (153, 8)]),
        }
        if template >= 258 && self.version == Version::Ipfix {
            fields.extend([(0x8000 | 6, 1), (0x8000 | 2, 8), (0x8000 | 1, 8)]);
        }
        fields
    }

    fn record(&self, out: &mut Vec<u8>, flow: &Flow) {
        address(out, flow.source);
        address(out, flow.destination);
        out.extend(flow.source_port.to_be_bytes());
        out.extend(flow.destination_port.to_be_bytes());
        out.extend([flow.protocol, flow.forward.flags]);
        counts(out, flow.forward);
        if self.version == Version::NetflowV9 {
            out.extend(
                [self.uptime(flow.first), self.uptime(flow.last)].map(u32::to_be_bytes).as_flattened(),
            );
        } else {
            out.extend([flow.first, flow.last].map(|at| at.0.to_be_bytes()).as_flattened());
            if flow.both_ways {
                out.push(flow.reverse.flags);
                counts(out, flow.reverse);
            }
        }
    }

    fn uptime(&self, at: Millis) -> u32 {
        super::record::since(at.0, self.boot.0)
    }
}

/// Which template a flow is written by.
fn id(flow: &Flow) -> u16 {
    let [four, six, both_four, both_six] = IDS;
    match (flow.source, flow.both_ways) {
        (IpAddr::V4(_), false) => four,
        (IpAddr::V6(_), false) => six,
        (IpAddr::V4(_), true) => both_four,
        (IpAddr::V6(_), true) => both_six,
    }
}

/// Each way as a flow of its own; a way without packets is none.
fn one_ways(flows: &[Flow]) -> impl Iterator<Item = Flow> + '_ {
    flows.iter().flat_map(|flow| {
        let there = Flow { both_ways: false, reverse: Way::default(), ..*flow };
        let back = Flow {
            source: flow.destination,
            destination: flow.source,
            source_port: flow.destination_port,
            destination_port: flow.source_port,
            forward: flow.reverse,
            translated: None,
            ..there
        };
        [Some(there), (flow.reverse.packets > 0).then_some(back)].into_iter().flatten()
    })
}

/// A set's length, once it is known.
fn close(sets: &mut [u8], begin: usize) {
    let length = u16::try_from(sets.len() - begin).unwrap_or(u16::MAX);
    if let Some(place) = sets.get_mut(begin + 2..begin + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => out.extend(address.octets()),
        IpAddr::V6(address) => out.extend(address.octets()),
    }
}

fn counts(out: &mut Vec<u8>, way: Way) {
    out.extend([way.packets, way.bytes].map(u64::to_be_bytes).as_flattened());
}

fn seconds(at: Millis) -> u32 {
    u32::try_from(at.0.div_euclid(1000)).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low16(number: u32) -> u16 {
    number as u16
}
