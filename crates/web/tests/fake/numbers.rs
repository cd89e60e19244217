//! The figures of the in-memory night: sixty cases, read from made-up logs by the same code as real ones.

use case::{
    Actor, BOUNDS, CaseId, Event, EvidenceId, Figures, Interval, Kind, Milestones, NATURAL, Record, Sighting,
    Source, Stage, Standing, Trust,
};
use desk::{
    BlocklistView, ClockCounts, Gauges, ListCounts, ListDay, Listed, NewCase, NumbersView, Outbox,
    ReporterView, SpoolDepth,
};
use jiff::{SignedDuration, Timestamp};

use super::now;

/// Cases in a time.
pub fn view(from: Timestamp, to: Timestamp, foreign: &str) -> NumbersView {
    let all: Vec<Milestones> = (0..60).filter_map(|n| Milestones::of(&log(n))).collect();
    let cases: Vec<Milestones> =
        all.iter().filter(|case| from <= case.noticed && case.noticed < to).cloned().collect();
    let today_from: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let today: Vec<NewCase> =
        all.iter().filter(|case| case.noticed >= today_from).map(NewCase::from).collect();
    NumbersView {
        from,
        to,
        left_off: 0,
        figures: Figures::of(&cases, now()),
        today_from,
        opened_today: today.len() as u64,
        today,
        natural: NATURAL.to_vec(),
        reporters: vec![reporter("spamcop.net", 11), reporter(&format!("wolf.example {foreign}"), 0)],
        blocklists: vec![list(foreign)],
        home: vec!["198.51.96.0/20".parse().unwrap(), "2001:db8:1::/47".parse().unwrap()],
        now: now(),
    }
}

/// A list that has fewer of ours each day.
fn list(foreign: &str) -> BlocklistView {
    let day = |back: u64| ListDay {
        day: now() - SignedDuration::from_hours(24 * i64::try_from(back).unwrap()),
        sample: 32,
        sample_listed: back,
        cases: 10,
        cases_listed: back / 2,
    };
    BlocklistView {
        zone: "bl.example.net".to_owned(),
        note: "what mail servers ask".to_owned(),
        works: Some(true),
        trouble: String::new(),
        days: (1..=12).rev().map(day).collect(),
        listed: vec![Listed {
            address: "198.51.100.7".parse().unwrap(),
            of_case: true,
            said: format!("127.0.0.4 {foreign}"),
        }],
    }
}

fn reporter(domain: &str, confirmed: u32) -> ReporterView {
    ReporterView {
        domain: domain.to_owned(),
        named: confirmed > 0,
        trust: if confirmed > 0 { 0.9 } else { 0.1 },
        confirmed,
        refuted: 5 - confirmed.min(5),
        reports: 40,
        cases: 7,
        last: Some(now() - SignedDuration::from_mins(9)),
    }
}

/// One case: opened every twelve hours back from now, proved within minutes, contained, told, and most of them cleaned.
fn log(n: i64) -> Vec<Record> {
    let opened = now() - SignedDuration::from_hours(12 * n) - SignedDuration::from_mins(7);
    let after = |minutes: i64| opened + SignedDuration::from_mins(minutes);
    let moved = |from, to| Event::StageMoved { from, to, why: "proved".to_owned() };
    let mut events = vec![
        (opened, Event::Opened { subscriber: format!("dsl-{n}").parse().unwrap(), playbook: None }),
        (opened, Event::Filed { sighting: sighting(n, opened), weight: 1.0 }),
        (after(1), Event::PageOrdered { what: "a proxy".to_owned() }),
    ];
    if n % 4 != 3 {
        events.push((after(2 + n % 9), moved(Stage::Suspected, Stage::Confirmed)));
        events.push((after(4 + n % 9), moved(Stage::Confirmed, Stage::Contained)));
        events.push((after(5 + n % 9), Event::NoticeOrdered { evidence: None }));
        events.push((after(9 + n), Event::Told { to: "owner@example.org".to_owned() }));
        let counted = Event::Counted { reports: u32::try_from(n % 7).unwrap(), copies: 0, last: after(60) };
        events.push((after(60), counted));
    }
    if n % 4 != 3 && n > 6 {
        events.push((after(1440 * (1 + n % 5)), moved(Stage::Contained, Stage::Cleaned)));
    }
    let record = |((at, event), version): ((Timestamp, Event), u64)| {
        let person = matches!(event, Event::Counted { .. });
        let actor = if person { Actor::Operator("mira".to_owned()) } else { Actor::Desk };
        Record { case: CaseId(u64::try_from(200 - n).unwrap()), version, at, actor, event }
    };
    events.into_iter().zip(1..).map(record).collect()
}

fn sighting(n: i64, at: Timestamp) -> Sighting {
    let mut evidence = [7; 32];
    evidence[..8].copy_from_slice(&n.to_be_bytes());
    Sighting {
        evidence: EvidenceId(evidence),
        claim: 0,
        span: None,
        source: Source::Report {
            domain: "spamcop.net".to_owned(),
            authenticated: true,
            trust: Trust::default(),
            standing: Standing::NamedFeed,
            network: None,
        },
        kind: if n % 3 == 0 { Kind::OpenProxy } else { Kind::SpamSource },
        address: std::net::IpAddr::from([198, 51, u8::try_from(100 - n % 5).unwrap(), 7]),
        port: None,
        protocol: None,
        happened: Some(at - SignedDuration::from_mins(20 + n)),
        received: at,
        attributed: "it held it".to_owned(),
        report: None,
        malware: None,
        spotted: false,
    }
}

/// What a scraper is told.
pub fn gauges() -> Gauges {
    let clock = |clock: Interval| ClockCounts {
        clock,
        up_to: BOUNDS.into_iter().zip(1..).collect(),
        count: 12,
        seconds: 4000,
    };
    Gauges {
        by_kind: vec![(Stage::Confirmed, Kind::OpenProxy, 4)],
        cases_overdue: 2,
        unacknowledged: 3,
        clocks: Interval::ALL.into_iter().map(clock).collect(),
        blocklists: [("list", 1, 1), ("case", 10, 0), ("sample", 32, 1)].map(said).to_vec(),
        outbox: Outbox { waiting: 5, overdue: 1, pages_overdue: 0, oldest: Some(now()) },
        outbox_age: 40,
        spool: Some(SpoolDepth { waiting: 6, damaged: 0, free_percent: 71, distrusted: false }),
    }
}

/// What a list said today.
fn said((of, asked, listed): (&'static str, u64, u64)) -> ListCounts {
    ListCounts { zone: "bl.example.net".to_owned(), of, asked, listed }
}
