//! Logs, captures and files of flow records.
//!
//! What a file is shows in its first bytes, never in its name. It is read as it comes, in one pass, and is never held whole:
//! memory is bounded by the longest line or block that is believed, whatever the file says of itself.
//!
//! Reading never fails. What cannot be read is passed over and counted as a [`Doubt`], with the place of the first one.

mod argus;
mod bytes;
mod columns;
mod csv;
mod doubt;
mod exports;
mod format;
mod input;
mod lines;
mod nfdump;
mod pcap;
mod plain;
mod row;
mod value;
mod zeek;
mod zstd;

use std::io::Read;
use std::net::IpAddr;

use serde::Serialize;

pub use doubt::{Doubt, DoubtKind};
pub use format::Format;

use crate::{Flow, Millis};
use doubt::Doubts;
use exports::Exports;
use input::Input;

/// What came of reading one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What it was taken for.
    pub format: Format,
    /// Whether it was compressed as a whole.
    pub compressed: bool,
    /// How many flows it gave.
    pub flows: u64,
    /// How many records are none of an IP flow and were passed over rightly: ARP, statistics, other kinds of log.
    pub passed: u64,
    /// What was unsure or could not be read, each kind once.
    pub doubts: Vec<Doubt>,
}

/// Reads one file by itself; see [`Reader::read`].
pub fn read(input: impl Read, sink: &mut dyn FnMut(Flow)) -> Summary {
    Reader::default().read(input, sink)
}

/// Reads files one after the other, and remembers the templates of exporters between them.
#[derive(Debug, Default)]
pub struct Reader {
    exports: Exports,
}

impl Reader {
    /// Reads a log, a capture or a file of flow records, and gives each flow to `sink`, in the order of the file.
    ///
    /// Never fails: an unknown file gives no flow and says [`Format::Unknown`]. Of a capture, each packet counts towards
    /// the flow that it belongs to, but for datagrams of NetFlow, IPFIX and sFlow: they are what a router sends to its
    /// collector, and give the flows that they tell of.
    pub fn read(&mut self, input: impl Read, sink: &mut dyn FnMut(Flow)) -> Summary {
        let mut input = Input::open(input);
        let format = Format::of(input.head());
        let before = self.exports.losses();
        let mut reading = Reading {
            sink,
            exports: &mut self.exports,
            format: None,
            flows: 0,
            passed: 0,
            doubts: Doubts::default(),
        };
        match format {
            Format::ZeekTsv => zeek::tsv(&mut input, &mut reading),
            Format::ZeekJson => zeek::json(&mut input, &mut reading),
            Format::Csv => csv::read(&mut input, &mut reading),
            Format::Nfdump => nfdump::read(&mut input, &mut reading),
            Format::Pcap => pcap::classic(&mut input, &mut reading),
            Format::PcapNg => pcap::ng(&mut input, &mut reading),
            Format::Datagrams => exports::datagrams(&mut input, &mut reading),
            _ => {}
        }
        let Reading { format: found, flows, passed, mut doubts, .. } = reading;
        for (kind, at) in input.doubts() {
            doubts.note(*kind, *at);
        }
        self.exports.note(&before, &mut doubts);
        Summary {
            format: found.unwrap_or(format),
            compressed: input.compressed(),
            flows,
            passed,
            doubts: doubts.into_list(),
        }
    }
}

/// What is under way: where flows go, and what is counted.
struct Reading<'a> {
    sink: &'a mut dyn FnMut(Flow),
    exports: &'a mut Exports,
    /// What the file turned out to be on a closer look.
    format: Option<Format>,
    flows: u64,
    passed: u64,
    doubts: Doubts,
}

impl Reading<'_> {
    /// Gives the flows that a datagram tells of; false where it is none of an exporter.
    fn export(&mut self, from: IpAddr, received: Millis, payload: &[u8]) -> bool {
        let Reading { sink, exports, flows, .. } = self;
        exports.take(from, received, payload, |flow| {
            *flows = flows.saturating_add(1);
            sink(flow);
        })
    }

    fn give(&mut self, flow: Flow) {
        self.flows = self.flows.saturating_add(1);
        (self.sink)(flow);
    }

    fn pass(&mut self) {
        self.passed = self.passed.saturating_add(1);
    }
}
