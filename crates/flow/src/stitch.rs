//! Records to connections.
//!
//! Exporters tell of one connection in many records: one for each direction, one each time the active timeout passes,
//! one more from every other exporter or interface on the way. A [`Stitcher`] puts them together, with bounded memory and
//! no clock but the flows' own, and shows each connection again as it grows, so that a long tunnel is seen while it lives.

mod connection;
mod covered;
mod direction;
mod ends;
mod table;

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

use crate::{Flow, FlowClock, Millis, Way, protocol};
use connection::Connection;
use direction::Began;
use ends::Ends;
use table::{Handle, Table};

/// How much a [`Stitcher`] keeps, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct StitchLimits {
    /// Connections kept at once; about 300 bytes each. When there are more, the one heard of longest ago is given up.
    pub connections: usize,
    /// How long a record of one direction waits for the other, or for the beginning, in milliseconds of the flows' time.
    pub patience: i64,
    /// How long after its last record a TCP connection may go on, in milliseconds.
    pub idle_tcp: i64,
    /// How long others may.
    pub idle: i64,
    /// How long one is remembered whose end was seen, or that was never answered: what another exporter tells of it comes late.
    pub ended: i64,
}

impl Default for StitchLimits {
    /// 262,144 connections (80 MB); two minutes of patience, which is twice the usual longest wait of an exporter for a
    /// connection's last packet; TCP for 35 minutes, which is Cisco's default active timeout and a little, and for the time of
    /// patience once it has ended.
    fn default() -> StitchLimits {
        StitchLimits {
            connections: 1 << 18,
            patience: 120_000,
            idle_tcp: 35 * 60_000,
            idle: 120_000,
            ended: 120_000,
        }
    }
}

/// A connection as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// All of it so far, its source being who began it. `both_ways` is false where only one direction was ever told of;
    /// the source is still who began it, so it may be `forward` that is empty.
    pub flow: Flow,
    /// What was shown of it the last time; none the first time.
    pub before: Option<Before>,
    /// Where the record begins that made it known better: what has come since `before` lies between this and its end.
    pub since: Millis,
    /// Whether its source was guessed by port numbers alone: the first packets of both directions bear the same time, or the
    /// beginning was not told of.
    pub guessed: bool,
}

/// What each way of a connection had when it was last shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// From the source of [`Seen::flow`].
    pub forward: Way,
    /// To it.
    pub reverse: Way,
}

impl Seen {
    /// A connection that is told at once and whole.
    #[must_use]
    pub fn whole(flow: Flow) -> Seen {
        Seen { flow, before: None, since: flow.first, guessed: false }
    }

    /// How many bytes came since it was last shown: from the source, and to it.
    #[must_use]
    pub fn grown(&self) -> (u64, u64) {
        let (ahead, back) = self.before.map_or((0, 0), |one| (one.forward.bytes, one.reverse.bytes));
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    address: IpAddr,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    low: End,
    high: End,
    protocol: u8,
}

#[derive(Debug)]
struct Entry {
    connection: Connection,
    /// What was shown, and whether its source was the low end.
    shown: Option<(bool, Before)>,
}

impl Hash for End {
    /// As few words as there are: it is asked for with each connection.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.address {
            IpAddr::V4(v4) => state.write_u64(word(v4, self.port)),
            IpAddr::V6(v6) => {
                state.write_u128(v6.to_bits());
                state.write_u16(self.port);
            }
        }
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let (IpAddr::V4(low), IpAddr::V4(high)) = (self.low.address, self.high.address) {
            let (low, high) = (word(low, self.low.port), word(high, self.high.port));
            state.write_u128(u128::from(low) << 64 | u128::from(high << 8 | u64::from(self.protocol)));
            return;
        }
        self.low.hash(state);
        self.high.hash(state);
        state.write_u8(self.protocol);
    }
}

/// An end in one word.
fn word(address: Ipv4Addr, port: u16) -> u64 {
    u64::from(address.to_bits()) << 16 | u64::from(port)
}

/// Puts records together to connections.
#[derive(Debug)]
pub struct Stitcher {
    limits: StitchLimits,
    entries: Table,
    queue: VecDeque<(Millis, Handle)>,
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
            entries: Table::default(),
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
        let hash = self.entries.hash(&key);
        if let Some(entry) = self.entries.find(hash, &key) {
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
        self.begin(flow, (key, hash), from_low, now, show);
    }

    /// Shows what still waits for its other direction and forgets everything.
    pub fn finish(&mut self, show: &mut impl FnMut(&Seen)) {
        while let Some((_, handle)) = self.queue.pop_front() {
            if let Some((key, mut entry)) = self.entries.remove(handle) {
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
        self.entries.len() == 0
    }

    fn begin(
        &mut self,
        flow: &Flow,
        (key, hash): (Key, u64),
        from_low: bool,
        now: Millis,
        show: &mut impl FnMut(&Seen),
    ) {
        self.counts.connections += 1;
        self.ends.note(&key);
        while self.entries.len() >= self.limits.connections.max(1) && self.evict(show) {}
        let entry = Entry { connection: Connection::new(flow, from_low), shown: None };
        let Some((handle, entry)) = self.entries.put(hash, key, entry) else {
            self.counts.evicted += 1;
            return;
        };
        self.queue.push_back((now.plus(self.limits.patience), handle));
        if entry.connection.is_settled(key.protocol) {
            reveal(&key, entry, &self.ends, flow.first, show);
        }
    }

    /// Looks at what is due. The queue is in order of when a look was ordered and not of when it is due, so one long wait
    /// may hold up short ones behind it: by no more than the longest wait there is.
    fn expire(&mut self, now: Millis, show: &mut impl FnMut(&Seen)) {
        while let Some(&(due, handle)) = self.queue.front() {
            if due > now {
                return;
            }
            self.queue.pop_front();
            self.look(handle, now, show);
        }
    }

    fn look(&mut self, handle: Handle, now: Millis, show: &mut impl FnMut(&Seen)) {
        let limits = self.limits;
        let Some((key, entry)) = self.entries.get(handle) else { return };
        reveal_held(key, entry, &self.ends, show);
        let idle = limits.idle_of(key, &entry.connection);
        let next = entry.connection.last.plus(idle);
        // What is nearly due would wait for all that was ordered before it.
        if next.since(now) > idle / 8 {
            self.queue.push_back((next, handle));
        } else {
            self.entries.forget(handle);
        }
    }

    fn evict(&mut self, show: &mut impl FnMut(&Seen)) -> bool {
        let Some((_, handle)) = self.queue.pop_front() else { return false };
        if let Some((key, mut entry)) = self.entries.remove(handle) {
            self.counts.evicted += 1;
            reveal_held(&key, &mut entry, &self.ends, show);
        }
        true
    }
}

impl StitchLimits {
    /// How long after its last record a connection may go on.
    fn idle_of(&self, key: &Key, connection: &Connection) -> i64 {
        if key.protocol != protocol::TCP {
            self.idle
        } else if connection.has_ended() || connection.is_unanswered() {
            self.ended
        } else {
            self.idle_tcp
        }
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
    let Began { low, guessed } = direction::began(&entry.connection, key, ends);
    // Once shown it stays the same way round: who it was shown to has counted it so.
    let shown = entry.shown;
    let (low, guessed) = shown.map_or((low, guessed), |(shown, _)| (shown, guessed || shown != low));
    let flow = entry.connection.flow(key, low);
    entry.shown = Some((low, Before { forward: flow.forward, reverse: flow.reverse }));
    show(&Seen { flow, before: shown.map(|(_, before)| before), since, guessed });
}

fn reveal_held(key: &Key, entry: &mut Entry, ends: &Ends, show: &mut impl FnMut(&Seen)) {
    if entry.shown.is_none() {
        let since = entry.connection.first;
        reveal(key, entry, ends, since, show);
    }
}
