//! Many cases summed: what a page, a table and a scraper show.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use serde::Serialize;

use super::{BOUNDS, Curve, Interval, Milestones, Observed, Spread};

/// A week in seconds, and that 1970 began on a Thursday: weeks begin on Mondays, UTC.
const WEEK: i64 = 604_800;
const MONDAY: i64 = 4 * 86_400;

/// One clock over many cases. Lengths are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockFigures {
    /// Which.
    pub clock: Interval,
    /// What it measures.
    pub measures: &'static str,
    /// How many cases came to its end.
    pub ended: usize,
    /// How many have begun it and not ended: they are in none of the figures below.
    pub waiting: usize,
    /// Half of those that ended took no longer.
    pub p50: Option<i64>,
    /// Nineteen of twenty took no longer.
    pub p95: Option<i64>,
    /// Ninety-nine of a hundred took no longer.
    pub p99: Option<i64>,
    /// The same without the time a block waited for a second person.
    pub p95_unpaused: Option<i64>,
    /// How many lie up to each of [`BOUNDS`] and above the one before; the last exceeds them all.
    pub bars: Vec<u64>,
}

impl ClockFigures {
    fn of(clock: Interval, cases: &[Milestones], now: Timestamp) -> ClockFigures {
        let seconds = |case: &Milestones| case.took(clock).map(|took| took.as_secs());
        let all: Spread = cases.iter().filter_map(seconds).collect();
        let unpaused = |case: &Milestones| {
            let took = case.took(clock)?;
            Some(took.saturating_sub(case.paused(clock)).as_secs().max(0))
        };
        let unpaused: Spread = cases.iter().filter_map(unpaused).collect();
        ClockFigures {
            clock,
            measures: clock.in_words(),
            ended: all.len(),
            waiting: cases.iter().filter(|case| case.waits(clock, now).is_some()).count(),
            p50: all.percentile(50),
            p95: all.percentile(95),
            p99: all.percentile(99),
            p95_unpaused: unpaused.percentile(95),
            bars: all.bars(&BOUNDS),
        }
    }
}

/// How many complaints each proved line drew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Incidents {
    /// Proved lines.
    pub incidents: usize,
    /// Complaints about them in all.
    pub complaints: u64,
    /// How many of those came after the line was contained.
    pub after_containment: u64,
    /// Proved lines nobody complained about.
    pub unreported: usize,
    /// Half of them drew no more complaints than this.
    pub p50: Option<i64>,
    /// Nineteen of twenty.
    pub p95: Option<i64>,
    /// Ninety-nine of a hundred.
    pub p99: Option<i64>,
    /// Those found at work again after they were clean.
    pub reopened: usize,
}

impl Incidents {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Milestones>) -> Incidents {
        let proved: Vec<&Milestones> = cases.into_iter().filter(|case| case.is_incident()).collect();
        let complaints = |case: &&Milestones| i64::try_from(case.complaints).unwrap_or(i64::MAX);
        let spread: Spread = proved.iter().map(complaints).collect();
        let sum =
            |of: fn(&Milestones) -> u64| proved.iter().fold(0u64, |sum, case| sum.saturating_add(of(case)));
        Incidents {
            incidents: proved.len(),
            complaints: sum(|case| case.complaints),
            after_containment: sum(|case| case.complaints_after),
            unreported: proved.iter().filter(|case| case.complaints == 0).count(),
            p50: spread.percentile(50),
            p95: spread.percentile(95),
            p99: spread.percentile(99),
            reopened: proved.iter().filter(|case| !case.reopened.is_empty()).count(),
        }
    }
}

/// The proved lines of one week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeekFigures {
    /// Its Monday, UTC.
    pub from: Timestamp,
    /// Cases opened in it.
    pub cases: usize,
    /// The lines of those that were proved.
    pub incidents: Incidents,
}

/// The cases of one neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkFigures {
    /// A /24 of IPv4, a /48 of IPv6.
    pub network: IpNet,
    /// Cases that spoke of an address in it.
    pub cases: usize,
    /// Those that were proved.
    pub incidents: usize,
    /// Those still open.
    pub open: usize,
    /// Complaints about them.
    pub complaints: u64,
}

/// The neighbourhood of an address: its /24, of IPv6 its /48.
#[must_use]
pub fn network_of(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::new_assert(address, 24).trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 48).trunc().into(),
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// How many cases it rests on.
    pub cases: usize,
    /// Each clock, in the order of a bad night.
    pub clocks: Vec<ClockFigures>,
    /// Complaints per proved line.
    pub incidents: Incidents,
    /// The same week by week, oldest first.
    pub weeks: Vec<WeekFigures>,
    /// By neighbourhood, in order of address.
    pub networks: Vec<NetworkFigures>,
    /// Which share of proved lines is clean after how long.
    pub clean: Curve,
    /// The same as far as nobody did anything about them.
    pub left_alone: Curve,
}

impl Figures {
    /// Sums cases at `now`.
    #[must_use]
    pub fn of(cases: &[Milestones], now: Timestamp) -> Figures {
        Figures {
            cases: cases.len(),
            clocks: Interval::ALL.into_iter().map(|clock| ClockFigures::of(clock, cases, now)).collect(),
            incidents: Incidents::of(cases),
            weeks: weeks(cases),
            networks: networks(cases),
            clean: cases.iter().filter_map(|case| Observed::of(case, now)).collect(),
            left_alone: cases.iter().filter_map(|case| Observed::left_alone(case, now)).collect(),
        }
    }
}

fn weeks(cases: &[Milestones]) -> Vec<WeekFigures> {
    let mut by_week: BTreeMap<i64, Vec<&Milestones>> = BTreeMap::new();
    for case in cases {
        let week = (case.noticed.as_second() - MONDAY).div_euclid(WEEK);
        by_week.entry(week).or_default().push(case);
    }
    let figures = |(week, cases): (i64, Vec<&Milestones>)| {
        let from = Timestamp::from_second(week * WEEK + MONDAY).unwrap_or(Timestamp::MIN);
        WeekFigures { from, cases: cases.len(), incidents: Incidents::of(cases) }
    };
    by_week.into_iter().map(figures).collect()
}

fn networks(cases: &[Milestones]) -> Vec<NetworkFigures> {
    let mut by_network: BTreeMap<IpNet, NetworkFigures> = BTreeMap::new();
    for case in cases {
        let mut of_case: Vec<IpNet> = case.addresses.iter().map(|address| network_of(*address)).collect();
        of_case.sort_unstable();
        of_case.dedup();
        for network in of_case {
            let none = NetworkFigures { network, cases: 0, incidents: 0, open: 0, complaints: 0 };
            let figures = by_network.entry(network).or_insert(none);
            figures.cases += 1;
            figures.incidents += usize::from(case.is_incident());
            figures.open += usize::from(case.stage.is_open());
            figures.complaints = figures.complaints.saturating_add(case.complaints);
        }
    }
    by_network.into_values().collect()
}
