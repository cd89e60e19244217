//! Records to connections.
//!
//! Exporters tell of one connection in many records: one for each direction, one each time the active timeout passes,
//! one more from every other exporter or interface on the way. A [`Stitcher`] puts them together, with bounded memory and
//! no clock but the flows' own, and shows each connection again as it grows, so that a long tunnel is seen while it lives.

mod connection;
mod covered;
mod direction;
mod ends;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use foldhash::fast::RandomState;

use crate::{Flow, FlowClock, Millis, protocol};
use connection::Connection;
use ends::Ends;

/// How much a [`Stitcher`] keeps, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct StitchLimits {
    /// Connections kept at once; about 400 bytes each. When there are more, the one heard of longest ago is given up.
    pub connections: usize,
    /// How long a record of one direction waits for the other, or for the beginning, in milliseconds of the flows' time.
    pub patience: i64,
    /// How long after its last record a TCP connection may go on, in milliseconds.
    pub idle_tcp: i64,
    /// How long others may.
    pub idle: i64,
}

impl Default for StitchLimits {
    /// 262,144 connections (100 MB); two minutes of patience, which is twice the usual longest wait of an exporter for a
    /// connection's last packet; TCP for 35 minutes, which is Cisco's default active timeout and a little.
    fn default() -> StitchLimits {
        StitchLimits { connections: 1 << 18, patience: 120_000, idle_tcp: 35 * 60_000, idle: 180_000 }
    }
}

/// A connection as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// All of it so far, its source being who began it. `both_ways` is false where only one direction was ever told of;
    /// the source is still who began it, so it may be `forward` that is empty.
    pub flow: Flow,
    /// What was shown of it the last time; none the first time. Never from the other side round.
    pub before: Option<Flow>,
    /// Where the record begins that made it known better: what has come since `before` lies between this and its end.
    pub since: Millis,
}

impl Seen {
    /// A connection that is told at once and whole.
    #[must_use]
    pub fn whole(flow: Flow) -> Seen {
        Seen { flow, before: None, since: flow.first }
    }

    /// How many bytes came since it was last shown: from the source, and to it.
    #[must_use]
    pub fn grown(&self) -> (u64, u64) {
        let (ahead, back) = self.before.map_or((0, 0), |flow| (flow.forward.bytes, flow.reverse.bytes));
        (self.flow.forward.bytes.saturating_sub(ahead), self.flow.reverse.bytes.saturating_sub(back))
    }
}

/// What a [`Stitcher`] has done, in records and connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StitchCounts {
    /// Records taken.
    pub records: u64,
    /// Connections begun.
    pub connections: u64,
    /// Records that told again of what was told before.
    pub duplicates: u64,
    /// Connections given up early because there was no room.
    pub evicted: u64,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct End {
    address: IpAddr,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    low: End,
    high: End,
    protocol: u8,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    connection: Connection,
    shown: Option<Flow>,
    /// When it is next looked at; what the queue says of it at another time is out of date.
    due: Millis,
}

/// Puts records together to connections.
#[derive(Debug)]
pub struct Stitcher {
    limits: StitchLimits,
    entries: HashMap<Key, Entry, RandomState>,
    queue: VecDeque<(Millis, Key)>,
    clock: FlowClock,
    counts: StitchCounts,
    ends: Ends,
}

impl Stitcher {
    /// One that knows of nothing yet.
    #[must_use]
    pub fn new(limits: StitchLimits) -> Stitcher {
        Stitcher {
            limits,
            entries: HashMap::default(),
            queue: VecDeque::new(),
            clock: FlowClock::new(),
            counts: StitchCounts::default(),
            ends: Ends::default(),
        }
    }

    /// Takes a record and shows the connections that are known better by it, or that have waited long enough.
    pub fn push(&mut self, flow: &Flow, show: &mut impl FnMut(&Seen)) {
        self.counts.records += 1;
        let now = self.clock.hear(flow.last);
        self.expire(now, show);
        let (key, from_low) = key(flow);
        if let Some(entry) = self.entries.get_mut(&key) {
            if entry.connection.takes(flow, from_low) {
                if !entry.connection.add(flow, from_low) {
                    self.counts.duplicates += 1;
                } else if entry.connection.is_settled(key.protocol) || entry.shown.is_some() {
                    reveal(&key, entry, &self.ends, flow.first, show);
                }
                return;
            }
            reveal_held(&key, entry, &self.ends, show);
        }
        self.begin(flow, key, from_low, now, show);
    }

    /// Shows what still waits for its other direction and forgets everything.
    pub fn finish(&mut self, show: &mut impl FnMut(&Seen)) {
        while let Some((_, key)) = self.queue.pop_front() {
            if let Some(mut entry) = self.entries.remove(&key) {
                reveal_held(&key, &mut entry, &self.ends, show);
            }
        }
    }

    /// What it has done so far.
    #[must_use]
    pub fn counts(&self) -> StitchCounts {
        self.counts
    }

    /// Connections kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn begin(&mut self, flow: &Flow, key: Key, from_low: bool, now: Millis, show: &mut impl FnMut(&Seen)) {
        self.counts.connections += 1;
        self.ends.note(&key);
        while self.entries.len() >= self.limits.connections.max(1) && self.evict(show) {}
        let connection = Connection::new(flow, from_low);
        let settled = connection.is_settled(key.protocol);
        let wait = if settled { self.idle(key.protocol) } else { self.limits.patience };
        let mut entry = Entry { connection, shown: None, due: now.plus(wait) };
        if settled {
            reveal(&key, &mut entry, &self.ends, flow.first, show);
        }
        self.queue.push_back((entry.due, key));
        self.entries.insert(key, entry);
    }

    fn idle(&self, protocol: u8) -> i64 {
        if protocol == protocol::TCP { self.limits.idle_tcp } else { self.limits.idle }
    }

    /// Looks at what is due. The queue is in order of when a look was ordered and not of when it is due, so one long wait
    /// may hold up short ones behind it: by no more than the longest wait there is.
    fn expire(&mut self, now: Millis, show: &mut impl FnMut(&Seen)) {
        while let Some(&(due, key)) = self.queue.front() {
            if due > now {
                return;
            }
            self.queue.pop_front();
            self.look(due, key, now, show);
        }
    }

    fn look(&mut self, due: Millis, key: Key, now: Millis, show: &mut impl FnMut(&Seen)) {
        let idle = self.idle(key.protocol);
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.due == due) else { return };
        reveal_held(&key, entry, &self.ends, show);
        let next = entry.connection.last.plus(idle);
        if next > now {
            entry.due = next;
            self.queue.push_back((next, key));
        } else {
            self.entries.remove(&key);
        }
    }

    fn evict(&mut self, show: &mut impl FnMut(&Seen)) -> bool {
        let Some((due, key)) = self.queue.pop_front() else { return false };
        if self.entries.get(&key).is_some_and(|entry| entry.due == due)
            && let Some(mut entry) = self.entries.remove(&key)
        {
            self.counts.evicted += 1;
            reveal_held(&key, &mut entry, &self.ends, show);
        }
        true
    }
}

fn key(flow: &Flow) -> (Key, bool) {
    let source = End { address: flow.source, port: flow.source_port };
    let destination = End { address: flow.destination, port: flow.destination_port };
    let from_low = source <= destination;
    let (low, high) = if from_low { (source, destination) } else { (destination, source) };
    (Key { low, high, protocol: flow.protocol }, from_low)
}

fn reveal(key: &Key, entry: &mut Entry, ends: &Ends, since: Millis, show: &mut impl FnMut(&Seen)) {
    let flow = entry.connection.flow(key, ends);
    let same_way = |before: &Flow| before.source == flow.source && before.source_port == flow.source_port;
    let before = entry.shown.filter(same_way);
    // Who began it was guessed wrongly before: what was shown stands, and it is not shown again from the other side.
    if entry.shown.is_some() && before.is_none() {
        return;
    }
    entry.shown = Some(flow);
    show(&Seen { flow, before, since });
}

fn reveal_held(key: &Key, entry: &mut Entry, ends: &Ends, show: &mut impl FnMut(&Seen)) {
    if entry.shown.is_none() {
        let since = entry.connection.first;
        reveal(key, entry, ends, since, show);
    }
}
