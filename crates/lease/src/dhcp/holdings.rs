//! From entries to leases: which client holds what now, and what it held before.
use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use jiff::Timestamp;

use crate::{Lease, LeaseSource, Row, SubscriberId};

/// The most nets followed at one time; those beyond are given once and not followed.
const NETS_AT_MOST: usize = 4_000_000;

/// One entry of a lease file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) net: IpNet,
    /// Who has it; `None` for an address that nobody has (abandoned, declined, never used).
    pub(super) client: Option<SubscriberId>,
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
    pub(super) record: String,
}

#[derive(Debug, Clone)]
struct Held {
    client: SubscriberId,
    from: Timestamp,
    to: Option<Timestamp>,
    record: String,
}

/// What each net's newest entries amount to.
#[derive(Debug)]
pub(super) struct Holdings {
    source: LeaseSource,
    held: BTreeMap<IpNet, Held>,
    /// Nets whose lease is new or different since it was last given.
    touched: BTreeSet<IpNet>,
    over: Vec<Row>,
}

impl Holdings {
    pub(super) fn new(source: LeaseSource) -> Holdings {
        Holdings { source, held: BTreeMap::new(), touched: BTreeSet::new(), over: Vec::new() }
    }

    /// Takes one entry in. A renewal before the end prolongs the lease; another client's ends it.
    pub(super) fn take(&mut self, entry: Entry) {
        let before = self.held.get(&entry.net).cloned();
        let Some(client) = entry.client.clone() else {
            return self.nobody_has(entry.net, entry.from);
        };
        if entry.to.is_some_and(|to| to <= entry.from) {
            return;
        }
        let from = match before {
            Some(held) if held.client == client && reaches(&held, &entry) => held.from.min(entry.from),
            Some(held) => {
                if held.from >= entry.from && entry.to.is_none_or(|to| to > held.from) {
                    // Older than what is known, as after a file was read twice; what is known stands.
                    return;
                }
                self.end(entry.net, &held, entry.from);
                entry.from
            }
            None => entry.from,
        };
        self.touched.insert(entry.net);
        self.held.insert(entry.net, Held { client, from, to: entry.to, record: entry.record });
        if self.held.len() > NETS_AT_MOST {
            self.give(entry.net);
            self.held.remove(&entry.net);
        }
    }

    /// The lease of `net` is over at `at`, if it still was then.
    pub(super) fn nobody_has(&mut self, net: IpNet, at: Timestamp) {
        if let Some(held) = self.held.get(&net).cloned().filter(|held| held.from <= at) {
            self.end(net, &held, at);
            self.held.remove(&net);
        }
    }

    fn end(&mut self, net: IpNet, held: &Held, at: Timestamp) {
        self.touched.remove(&net);
        let to = held.to.map_or(at, |to| to.min(at));
        if to > held.from {
            self.over.push(self.row(net, &Held { to: Some(to), ..held.clone() }));
        }
    }

    fn give(&mut self, net: IpNet) {
        self.touched.remove(&net);
        if let Some(held) = self.held.get(&net) {
            self.over.push(self.row(net, held));
        }
    }

    /// What is new or different since this was last called: leases that are over first, then those that go on.
    pub(super) fn changes(&mut self) -> Vec<Row> {
        let touched = std::mem::take(&mut self.touched);
        let mut rows = std::mem::take(&mut self.over);
        rows.extend(touched.iter().filter_map(|net| Some(self.row(*net, self.held.get(net)?))));
        rows
    }

    fn row(&self, net: IpNet, held: &Held) -> Row {
        let lease = Lease {
            net,
            ports: None,
            from: held.from,
            to: held.to,
            subscriber: held.client.clone(),
            source: self.source,
            record: held.record.clone(),
        };
        Row { lease, contact: None }
    }
}

/// Whether the entry goes on without a gap from what its client already had.
fn reaches(held: &Held, entry: &Entry) -> bool {
    held.to.is_none_or(|to| entry.from <= to) && entry.to.is_none_or(|to| to >= held.from)
}
