//! From events to leases: which inside address has which block now, and had it before.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use super::Wrong;
use crate::row::host;
use crate::{Lease, LeaseSource, PortBlock, Row, SubscriberId};

/// The most blocks followed at one time; those beyond are given as open and not followed.
const BLOCKS_AT_MOST: usize = 4_000_000;

/// What a line says happened to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Given,
    /// Still in use; a line of this kind names the time it was given.
    Kept,
    Taken,
}

/// One event of a log.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) at: Timestamp,
    /// When the block was given, where the line says so apart from its own time.
    pub(super) since: Option<Timestamp>,
    pub(super) inside: IpAddr,
    /// The routing domain of the inside address, where the line names one.
    pub(super) domain: Option<String>,
    pub(super) outside: IpAddr,
    pub(super) ports: PortBlock,
    /// The protocol, where the translator gives blocks for each.
    pub(super) protocol: Option<String>,
}

type Key = (IpAddr, PortBlock, Option<String>);

#[derive(Debug, Clone)]
struct Held {
    subscriber: SubscriberId,
    from: Timestamp,
    /// When it was last told to have the block: what comes to light later changes nothing before that.
    seen: Timestamp,
    record: String,
}

#[derive(Debug)]
pub(super) struct Blocks {
    name: String,
    source: LeaseSource,
    held: BTreeMap<Key, Held>,
    touched: BTreeSet<Key>,
    over: Vec<Row>,
}

impl Blocks {
    pub(super) fn new(name: &str, source: LeaseSource) -> Blocks {
        Blocks {
            name: name.to_owned(),
            source,
            held: BTreeMap::new(),
            touched: BTreeSet::new(),
            over: Vec::new(),
        }
    }

    /// Takes one event in.
    pub(super) fn take(&mut self, event: &Event, line: u64) -> Result<(), Wrong> {
        let subscriber = name(event)?;
        let key = (event.outside, event.ports, event.protocol.clone());
        let before = self.held.get(&key).cloned();
        let from = event.since.unwrap_or(event.at);
        match (event.what, before) {
            (What::Given | What::Kept, Some(held))
                if held.subscriber == subscriber && (event.what == What::Kept || held.from >= from) =>
            {
                if let Some(held) = self.held.get_mut(&key) {
                    held.seen = held.seen.max(event.at);
                }
            }
            (What::Given | What::Kept, before) => {
                if let Some(held) = before {
                    self.end(&key, &held, from);
                }
                let record = format!("{}:{line}", self.name);
                self.give(key, Held { subscriber, from, seen: event.at.max(from), record });
            }
            (What::Taken, Some(held)) if held.subscriber == subscriber => {
                self.held.remove(&key);
                self.end(&key, &held, event.at);
            }
            (What::Taken, before) => {
                // Somebody else had it in the end, and nobody said since when.
                if let Some(held) = before {
                    self.held.remove(&key);
                    self.cut(&key, &held, held.seen);
                }
                let Some(from) = event.since else {
                    let what = format!(
                        "ports {}-{} of {} were taken back from {}, and nothing says since when it had them",
                        event.ports.first, event.ports.last, event.outside, event.inside
                    );
                    return Err((what, "read the log from before the block was given".to_owned()));
                };
                let record = format!("{}:{line}", self.name);
                let held = Held { subscriber, from, seen: event.at, record };
                self.end(&key, &held, event.at);
            }
        }
        Ok(())
    }

    fn give(&mut self, key: Key, held: Held) {
        if self.held.len() >= BLOCKS_AT_MOST {
            self.over.push(self.row(&key, &held, None));
            return;
        }
        self.touched.insert(key.clone());
        self.held.insert(key, held);
    }

    fn end(&mut self, key: &Key, held: &Held, at: Timestamp) {
        self.touched.remove(key);
        if at > held.from {
            self.over.push(self.row(key, held, Some(at)));
        }
    }

    /// Ends a lease that nothing vouches for after `at`, one that was told already even where nothing is left of it.
    fn cut(&mut self, key: &Key, held: &Held, at: Timestamp) {
        let told = !self.touched.remove(key);
        if told || at > held.from {
            self.over.push(self.row(key, held, Some(at.max(held.from))));
        }
    }

    /// Something was not heard after `at`: nothing vouches for any block from then on.
    pub(super) fn cut_all(&mut self, at: Timestamp) {
        for (key, held) in std::mem::take(&mut self.held) {
            self.cut(&key, &held, at);
        }
    }

    /// How many blocks are held.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// What is new or different since this was last called.
    pub(super) fn changes(&mut self) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.over);
        let touched = std::mem::take(&mut self.touched);
        rows.extend(touched.iter().filter_map(|key| Some(self.row(key, self.held.get(key)?, None))));
        rows
    }

    fn row(&self, (outside, ports, _): &Key, held: &Held, to: Option<Timestamp>) -> Row {
        let lease = Lease {
            net: host(*outside),
            ports: Some(*ports),
            from: held.from,
            to,
            subscriber: held.subscriber.clone(),
            source: self.source,
            record: held.record.clone(),
        };
        Row { lease, contact: None }
    }
}

/// The inside address is the name. In a routing domain of its own the same address may stand for other people, so
/// the domain is part of the name, and it is nobody's lease elsewhere.
fn name(event: &Event) -> Result<SubscriberId, Wrong> {
    let inside = event.inside.to_canonical();
    let name = match event.domain.as_deref() {
        None | Some("" | "-" | "0" | "default" | "Default") => inside.to_string(),
        Some(domain) => format!("{inside} in {domain}"),
    };
    name.parse().map_err(|wrong| (format!("{wrong}"), "the log is at fault: is it damaged?".to_owned()))
}
