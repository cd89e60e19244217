//! Port blocks as translators export them while they give them (IPFIX and NetFlow 9, RFC 8158), to leases.
//!
//! What is exported comes as datagrams and is told once. Where one was lost, it may have said that a block changed hands;
//! so nothing vouches any more for the blocks that were held then, and their leases end with the last that was heard
//! before the gap. Who held such a block afterwards is known to nobody, until the translator gives it again.
//!
//! Blocks alone are taken. Translators that export each session or port by itself tell thousands of times as much, and
//! are asked through the provider's own system.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::blocks::{Blocks, Event, What};
use crate::{LeaseSource, PortBlock, Row, RowError};

/// The most translators followed; what others export is not taken.
const TRANSLATORS_AT_MOST: usize = 1024;

/// A block of ports that was given or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortEvent {
    /// Given, and not taken back.
    pub given: bool,
    /// When.
    pub at: Timestamp,
    /// Since when the inside address had it, where an event that it was taken back says so.
    pub since: Option<Timestamp>,
    /// The inside address.
    pub inside: IpAddr,
    /// The routing domain of the inside address; 0 is the only one, or the first.
    pub domain: u32,
    /// The outside address.
    pub outside: IpAddr,
    /// Its ports.
    pub ports: PortBlock,
    /// The IP protocol number; 0 where it is all of them.
    pub protocol: u8,
}

/// Follows the port blocks of all translators that export to us.
#[derive(Debug, Default)]
pub struct Exported {
    translators: BTreeMap<IpAddr, Translator>,
}

#[derive(Debug)]
struct Translator {
    blocks: Blocks,
    /// The time of the latest event.
    latest: Option<Timestamp>,
    events: u64,
}

impl Translator {
    fn new(address: IpAddr) -> Translator {
        let blocks = Blocks::new(&format!("NAT event of {address}"), LeaseSource::NatExport);
        Translator { blocks, latest: None, events: 0 }
    }
}

impl Exported {
    /// Takes what one translator told, and gives the leases that are new or different by it. A line in an error counts
    /// the translator's events.
    #[must_use]
    pub fn take(&mut self, translator: IpAddr, events: &[PortEvent]) -> Vec<Result<Row, RowError>> {
        if self.translators.len() >= TRANSLATORS_AT_MOST && !self.translators.contains_key(&translator) {
            return Vec::new();
        }
        let known = self.translators.entry(translator).or_insert_with(|| Translator::new(translator));
        let mut rows = Vec::new();
        for event in events {
            known.events = known.events.saturating_add(1);
            known.latest = known.latest.max(Some(event.at));
            let taken = known.blocks.take(&event.into(), known.events);
            rows.extend(taken.err().map(|(what, remedy)| Err(RowError { line: known.events, what, remedy })));
        }
        rows.extend(known.blocks.changes().into_iter().map(Ok));
        rows
    }

    /// Something that a translator told was not heard, after all that was taken. Gives the leases that end by it.
    #[must_use]
    pub fn lost(&mut self, translator: IpAddr) -> Vec<Row> {
        let Some(known) = self.translators.get_mut(&translator) else { return Vec::new() };
        if let Some(latest) = known.latest {
            known.blocks.cut_all(latest);
        }
        known.blocks.changes()
    }

    /// How many blocks are held, of all translators.
    #[must_use]
    pub fn held(&self) -> usize {
        self.translators.values().map(|known| known.blocks.held()).sum()
    }
}

impl From<&PortEvent> for Event {
    fn from(event: &PortEvent) -> Event {
        Event {
            what: if event.given { What::Given } else { What::Taken },
            at: event.at,
            since: event.since,
            inside: event.inside,
            domain: (event.domain != 0).then(|| event.domain.to_string()),
            outside: event.outside,
            ports: event.ports,
            protocol: (event.protocol != 0).then(|| event.protocol.to_string()),
        }
    }
}
