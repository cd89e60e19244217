//! Visits counted as they come: by what was wanted, by port, by network. The counts are in memory, and of this start alone.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;

use crate::traps::TrapHit;
use crate::traps::known::{Known, Thing, ToKeep};
use crate::traps::view::{TrapCounts, TrapNetwork, TrapPort, TrapVisit, TrapWanted, TrapsView};

/// How many different things, ports and networks are counted by themselves.
pub(super) const COUNTED: usize = 8192;
/// How many of each are shown.
const SHOWN: usize = 24;
/// How many visits are shown.
const RECENT: usize = 40;
/// How many of its first bytes.
const BYTES: usize = 32;
/// An hour in twelve parts, so that "the last hour" does not begin anew with each.
const PART: i64 = 300;
const PARTS: i64 = 288;
const PARTS_OF_HOUR: i64 = 12;

/// How often one thing came, by part of an hour.
#[derive(Debug, Default)]
struct Times {
    parts: VecDeque<(i64, u64)>,
}

impl Times {
    fn add(&mut self, part: i64) {
        match self.parts.back_mut() {
            Some((newest, count)) if *newest >= part => *count = count.saturating_add(1),
            _ => self.parts.push_back((part, 1)),
        }
        while self.parts.front().is_some_and(|(oldest, _)| part - oldest >= PARTS) {
            self.parts.pop_front();
        }
    }

    fn within(&self, now: i64, parts: i64) -> u64 {
        self.parts.iter().filter(|(part, _)| now - part < parts).map(|(_, count)| count).sum()
    }
}

/// Things of one sort.
#[derive(Debug)]
struct Tally<K>(HashMap<K, Times>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Tally(HashMap::new())
    }
}

/// A thing with its counts of the last hour and day, and whether it is new.
type Row<K> = (K, u64, u64, bool);

impl<K: Hash + Eq + Copy + Ord> Tally<K> {
    /// Counts one; says whether there was room.
    fn add(&mut self, key: K, part: i64) -> bool {
        if self.0.len() >= COUNTED && !self.0.contains_key(&key) {
            self.0.retain(|_, times| times.within(part, PARTS) > 0);
            if self.0.len() >= COUNTED {
                return false;
            }
        }
        self.0.entry(key).or_default().add(part);
        true
    }

    /// The most of the last hour first, then of the day.
    fn top(&self, now: Timestamp, is_new: impl Fn(&K) -> bool) -> Vec<Row<K>> {
        let part = part(now);
        let counted = self.0.iter().map(|(key, times)| {
            (*key, times.within(part, PARTS_OF_HOUR), times.within(part, PARTS), is_new(key))
        });
        let mut rows: Vec<Row<K>> = counted.filter(|(_, _, day, _)| *day > 0).collect();
        rows.sort_by_key(|(key, hour, day, _)| (std::cmp::Reverse((*hour, *day)), *key));
        rows.truncate(SHOWN);
        rows
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Board {
    since: Timestamp,
    known: Known,
    wanted: Tally<(&'static str, &'static str)>,
    ports: Tally<(u16, &'static str)>,
    networks: Tally<(IpAddr, bool)>,
    recent: VecDeque<TrapVisit>,
    kept: u64,
    crowded_out: u64,
}

impl Board {
    pub(super) fn begin(&mut self, now: Timestamp, known: Known) {
        (self.since, self.known) = (now, known);
    }

    /// What is to be kept of what came, and where.
    pub(super) fn to_keep(&self, now: Timestamp) -> Option<ToKeep> {
        self.known.to_keep(now)
    }

    pub(super) fn kept(&mut self, minutes: usize) {
        self.kept = self.kept.saturating_add(u64::try_from(minutes).unwrap_or(0));
    }

    pub(super) fn count(&mut self, hit: &TrapHit, ours: bool) {
        let part = part(hit.at);
        let room = [
            self.wanted.add((hit.wanted, hit.family), part),
            self.ports.add((hit.port, hit.transport), part),
            self.networks.add((network(hit.source), ours), part),
        ];
        for thing in [wanted(hit.wanted), port(hit.port, hit.transport), Thing::Network(network(hit.source))]
        {
            self.known.see(thing, hit.at);
        }
        let without = room.into_iter().filter(|room| !room).count();
        self.crowded_out = self.crowded_out.saturating_add(u64::try_from(without).unwrap_or(0));
        self.recent.push_front(visit(hit));
        self.recent.truncate(RECENT);
    }

    pub(super) fn view(&self, now: Timestamp, counts: TrapCounts) -> TrapsView {
        let since = self.since;
        let is_new = |thing: Thing| self.known.is_new(&thing, now);
        let wanted = self.wanted.top(now, |(what, _)| is_new(wanted(what))).into_iter();
        let ports = self.ports.top(now, |(number, transport)| is_new(port(*number, transport))).into_iter();
        let networks = self.networks.top(now, |(address, _)| is_new(Thing::Network(*address))).into_iter();
        TrapsView {
            since,
            now,
            counts,
            kept: self.kept,
            wanted: wanted
                .map(|((what, family), hour, day, new)| TrapWanted { what, family, hour, day, new })
                .collect(),
            ports: ports
                .map(|((port, transport), hour, day, new)| TrapPort { port, transport, hour, day, new })
                .collect(),
            networks: networks
                .map(|((address, ours), hour, day, new)| TrapNetwork {
                    network: named(address),
                    hour,
                    day,
                    new,
                    ours,
                })
                .collect(),
            recent: self.recent.iter().cloned().collect(),
            crowded_out: self.crowded_out,
        }
    }
}

fn wanted(what: &'static str) -> Thing {
    Thing::Wanted(what.into())
}

fn port(number: u16, transport: &'static str) -> Thing {
    Thing::Port(number, transport.into())
}

fn part(at: Timestamp) -> i64 {
    at.as_second().div_euclid(PART)
}

fn visit(hit: &TrapHit) -> TrapVisit {
    let first = hit.first.get(..BYTES.min(hit.first.len())).unwrap_or_default();
    TrapVisit {
        at: hit.at,
        source: hit.source,
        trap: hit.trap,
        port: hit.port,
        transport: hit.transport,
        handshake: hit.handshake,
        what: hit.wanted,
        family: hit.family,
        said: hit.said,
        hex: hex::encode(first),
        text: first.escape_ascii().to_string(),
    }
}

/// The first address of the /24 or /48.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
    }
}

fn named(network: IpAddr) -> String {
    format!("{network}/{}", if network.is_ipv4() { 24 } else { 48 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traps::gather::tests::{at, hit};

    #[test]
    fn the_last_hour_stands_first_and_only_what_came_later_is_new() {
        let mut board = Board::default();
        board.begin(at(0), Known::recall(None, at(0)));
        for second in 0..30 {
            board.count(&hit("198.51.100.9", 1, second, "other"), false);
        }
        board.count(&hit("203.0.113.5", 2, 3 * 3600, "proxy"), false);
        let view = board.view(at(3 * 3600 + 60), TrapCounts::default());
        let wanted: Vec<_> = view.wanted.iter().map(|one| (one.what, one.hour, one.day, one.new)).collect();
        assert_eq!(wanted, [("socks5", 1, 1, true), ("silence", 0, 30, false)]);
        assert_eq!(view.networks[0].network, "203.0.113.0/24");
        assert_eq!(view.recent.len(), 31);
        let tomorrow = board.view(at(40 * 3600), TrapCounts::default());
        assert!(tomorrow.wanted.is_empty(), "yesterday's are not today's");
    }

    #[test]
    fn sources_without_end_take_bounded_memory_and_are_counted_as_crowded_out() {
        let mut board = Board::default();
        for number in 0..20_000u32 {
            let source = IpAddr::from((0x0a00_0000 + (number << 8)).to_be_bytes());
            board.count(&TrapHit { source, ..hit("198.51.100.9", 1, 0, "other") }, false);
        }
        assert_eq!(board.networks.0.len(), COUNTED);
        assert_eq!(board.view(at(0), TrapCounts::default()).crowded_out, 20_000 - COUNTED as u64);
    }
}
