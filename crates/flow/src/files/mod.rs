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
mod format;
mod input;
mod lines;
mod nfdump;
mod pcap;
mod plain;
mod row;
mod value;
mod zeek;

use std::io::Read;

use serde::Serialize;

pub use doubt::{Doubt, DoubtKind};
pub use format::Format;

use crate::Flow;
use doubt::Doubts;
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

/// Reads a log, a capture or a file of flow records, and gives each flow to `sink`, in the order of the file.
///
/// Never fails: an unknown file gives no flow and says [`Format::Unknown`].
pub fn read(input: impl Read, sink: &mut dyn FnMut(Flow)) -> Summary {
    let mut input = Input::open(input);
    let format = Format::of(input.head());
    let mut reading = Reading::new(sink);
    match format {
        Format::ZeekTsv => zeek::tsv(&mut input, &mut reading),
        Format::ZeekJson => zeek::json(&mut input, &mut reading),
        Format::Csv => csv::read(&mut input, &mut reading),
        Format::Nfdump => nfdump::read(&mut input, &mut reading),
        Format::Pcap => pcap::classic(&mut input, &mut reading),
        Format::PcapNg => pcap::ng(&mut input, &mut reading),
        _ => {}
    }
    for (kind, at) in input.doubts() {
        reading.doubts.note(*kind, *at);
    }
    Summary {
        format: reading.format.unwrap_or(format),
        compressed: input.compressed(),
        flows: reading.flows,
        passed: reading.passed,
        doubts: reading.doubts.into_list(),
    }
}

/// What is under way: where flows go, and what is counted.
struct Reading<'a> {
    sink: &'a mut dyn FnMut(Flow),
    /// What the file turned out to be on a closer look.
    format: Option<Format>,
    flows: u64,
    passed: u64,
    doubts: Doubts,
}

impl<'a> Reading<'a> {
    fn new(sink: &'a mut dyn FnMut(Flow)) -> Reading<'a> {
        Reading { sink, format: None, flows: 0, passed: 0, doubts: Doubts::default() }
    }

    fn give(&mut self, flow: Flow) {
        self.flows = self.flows.saturating_add(1);
        (self.sink)(flow);
    }

    fn pass(&mut self) {
        self.passed = self.passed.saturating_add(1);
    }
}
