//! Visits gathered by source and minute: a sweep of a /16 is one piece of evidence and not sixty thousand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use case::Home;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::traps::TrapHit;

/// How many visits of one source and minute are kept whole.
const KEPT: usize = 8;
/// How many traps and ports of them are named.
const NAMED: usize = 32;
/// How many sources are gathered at once. What more come within the minute are counted on the page alone.
const SOURCES: usize = 20_000;
/// How many traps of one line are remembered: as many as make a difference.
const REMEMBERED: usize = 16;
/// For how long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What is searched for nothing good: asked for in plain words at one trap, it is no mistake.
const BAD: [&str; 4] = ["proxy", "relay", "trojan", "login"];

/// What one source did to our traps in one minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Touched {
    /// Who.
    pub(crate) source: IpAddr,
    /// When its first visit of the minute began.
    pub(crate) first: Timestamp,
    /// And its last.
    pub(crate) last: Timestamp,
    /// Visits with a completed handshake.
    pub(crate) visits: u64,
    /// Different traps within the day, at least; sixteen are counted.
    pub(crate) traps: usize,
    /// Whether it said what only a search for proxies, relays, trojans or logins says.
    pub(crate) said: bool,
    /// The first traps of the minute.
    pub(crate) at: BTreeSet<IpAddr>,
    /// The first ports.
    pub(crate) ports: BTreeSet<u16>,
    /// What was wanted, and how often.
    pub(crate) wanted: BTreeMap<String, u64>,
}

/// A minute of a source with the visits that are kept whole, each a line of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minute {
    pub(crate) touched: Touched,
    pub(crate) lines: Vec<String>,
    /// Whether it came from a line of ours.
    pub(crate) ours: bool,
}

/// The minutes that run.
#[derive(Debug)]
pub(crate) struct Gathering {
    home: Home,
    running: HashMap<IpAddr, Minute>,
    /// The traps that lines of ours touched within the day.
    days: HashMap<IpAddr, BTreeMap<IpAddr, Timestamp>>,
}

impl Gathering {
    pub(crate) fn new(home: Home) -> Gathering {
        Gathering { home, running: HashMap::new(), days: HashMap::new() }
    }

    /// Takes one visit; without a handshake it is nobody's.
    pub(crate) fn take(&mut self, hit: TrapHit) {
        let known = self.running.contains_key(&hit.source);
        if !hit.handshake || !known && self.running.len() >= SOURCES {
            return;
        }
        let ours = self.home.contains(hit.source);
        let traps = if ours { self.remember(hit.source, hit.trap, hit.at) } else { 0 };
        let minute = self.running.entry(hit.source).or_insert_with(|| Minute::new(&hit, ours));
        minute.add(hit, traps);
    }

    /// How many different traps a line touched within the day.
    fn remember(&mut self, source: IpAddr, trap: IpAddr, at: Timestamp) -> usize {
        if !self.days.contains_key(&source) && self.days.len() >= SOURCES {
            let before = at.saturating_sub(DAY).unwrap_or(at);
            self.days.retain(|_, traps| traps.values().any(|seen| *seen > before));
            if self.days.len() >= SOURCES {
                return 1;
            }
        }
        let traps = self.days.entry(source).or_default();
        traps.retain(|_, seen| at.duration_since(*seen) < DAY);
        if traps.len() < REMEMBERED {
            traps.insert(trap, at);
        }
        traps.len()
    }

    /// Minutes that are over, and are no longer gathered.
    pub(crate) fn over(&mut self, now: Timestamp, all: bool) -> Vec<Minute> {
        let is_over = |minute: &Minute| all || now.duration_since(minute.touched.first).as_secs() >= 60;
        let over = self.running.extract_if(|_, minute| is_over(minute));
        let mut over: Vec<Minute> = over.map(|(_, minute)| minute).collect();
        over.sort_by_key(|minute| (minute.touched.first, minute.touched.source));
        over
    }
}

impl Minute {
    fn new(hit: &TrapHit, ours: bool) -> Minute {
        let touched = Touched {
            source: hit.source,
            first: hit.at,
            last: hit.at,
            visits: 0,
            traps: 0,
            said: false,
            at: BTreeSet::new(),
            ports: BTreeSet::new(),
            wanted: BTreeMap::new(),
        };
        Minute { touched, lines: Vec::new(), ours }
    }

    fn add(&mut self, hit: TrapHit, traps: usize) {
        let touched = &mut self.touched;
        touched.visits = touched.visits.saturating_add(1);
        // A visit is told of when it ends; one that began earlier may end later.
        touched.first = touched.first.min(hit.at);
        touched.last = touched.last.max(hit.at);
        let said = hit.said && BAD.contains(&hit.family);
        // The visits that say something are kept before those that do not.
        if self.lines.len() < KEPT {
            self.lines.push(hit.line);
        } else if said && !touched.said {
            _ = self.lines.pop();
            self.lines.push(hit.line);
        }
        touched.said |= said;
        if touched.at.len() < NAMED {
            touched.at.insert(hit.trap);
        }
        if touched.ports.len() < NAMED {
            touched.ports.insert(hit.port);
        }
        touched.traps = touched.traps.max(traps).max(touched.at.len());
        *touched.wanted.entry(hit.wanted.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn home() -> Home {
        Home::new(["192.0.2.0/24".parse().expect("a prefix")]).expect("a home")
    }

    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    pub(crate) fn hit(source: &str, last: u8, seconds: i64, family: &'static str) -> TrapHit {
        TrapHit {
            at: at(seconds),
            source: source.parse().expect("an address"),
            trap: IpAddr::from([192, 0, 2, last]),
            port: 23,
            transport: "tcp",
            handshake: true,
            wanted: if family == "proxy" { "socks5" } else { "silence" },
            family,
            said: family == "proxy",
            first: Vec::new(),
            line: format!("{{\"trap\":{last},\"family\":\"{family}\"}}"),
        }
    }

    #[test]
    fn a_sweep_is_one_minute_with_a_few_visits_and_what_was_said_among_them() {
        let mut gathering = Gathering::new(home());
        for last in 1..=200 {
            gathering.take(hit("198.51.100.9", last, 1, if last == 150 { "proxy" } else { "other" }));
        }
        assert!(gathering.over(at(30), false).is_empty(), "it still runs");
        let over = gathering.over(at(61), false);
        let [minute] = over.as_slice() else { panic!("{over:?}") };
        assert_eq!((minute.touched.visits, minute.lines.len(), minute.ours), (200, KEPT, false));
        assert!(minute.touched.said && minute.lines.iter().any(|line| line.contains("proxy")));
        assert!(gathering.over(at(61), true).is_empty(), "and it is told once");
    }

    #[test]
    fn a_line_of_ours_that_goes_slowly_is_known_by_all_its_traps_of_the_day() {
        let mut gathering = Gathering::new(home());
        let mut traps = Vec::new();
        for step in 0..5u8 {
            gathering.take(hit("192.0.2.66", step, i64::from(step) * 3600, "other"));
            traps.extend(gathering.over(at(0), true).into_iter().map(|minute| minute.touched.traps));
        }
        assert_eq!(traps, [1, 2, 3, 4, 5]);
        gathering.take(hit("192.0.2.66", 9, 40 * 3600, "other"));
        assert_eq!(gathering.over(at(0), true)[0].touched.traps, 1, "yesterday's are forgotten");
    }

    #[test]
    fn what_has_no_handshake_is_no_evidence_and_sources_without_end_take_bounded_memory() {
        let mut gathering = Gathering::new(home());
        gathering.take(TrapHit { handshake: false, ..hit("198.51.100.9", 1, 0, "proxy") });
        assert!(gathering.over(at(0), true).is_empty());
        for number in 0..50_000u32 {
            let source = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            gathering.take(TrapHit { source, ..hit("198.51.100.9", 1, 0, "other") });
        }
        assert_eq!(gathering.over(at(0), true).len(), SOURCES);
    }
}
