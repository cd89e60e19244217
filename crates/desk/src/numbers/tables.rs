//! Every picture of the page as a table.

use case::{BOUNDS, Incidents};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{NumbersView, Table};

/// What the tables are called.
pub const TABLES: [&str; 10] = [
    "today",
    "networks",
    "clocks",
    "histograms",
    "incidents",
    "clean",
    "natural",
    "reporters",
    "blocklists",
    "listed",
];

/// The table of that name.
#[must_use]
pub fn table(view: &NumbersView, name: &str) -> Option<Table> {
    Some(match name {
        "today" => today(view),
        "networks" => networks(view),
        "clocks" => clocks(view),
        "histograms" => histograms(view),
        "incidents" => incidents(view),
        "clean" => clean(view),
        "natural" => natural(view),
        "reporters" => reporters(view),
        "blocklists" => blocklists(view),
        "listed" => listed(view),
        _ => return None,
    })
}

fn at(at: Timestamp) -> Value {
    Value::from(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn today(view: &NumbersView) -> Table {
    let rows = view.today.iter().map(|one| {
        vec![
            json!(one.case.to_string()),
            at(one.opened),
            json!(one.subscriber),
            json!(one.stage),
            json!(one.kinds),
            json!(one.addresses),
            json!(one.complaints),
        ]
    });
    Table {
        columns: vec!["case", "opened", "subscriber", "stage", "kinds", "addresses", "complaints"],
        rows: rows.collect(),
    }
}

fn networks(view: &NumbersView) -> Table {
    let rows = view.figures.networks.iter().map(|one| {
        vec![
            json!(one.network.to_string()),
            json!(one.cases),
            json!(one.incidents),
            json!(one.open),
            json!(one.complaints),
        ]
    });
    Table { columns: vec!["network", "cases", "incidents", "open", "complaints"], rows: rows.collect() }
}

fn clocks(view: &NumbersView) -> Table {
    let rows = view.figures.clocks.iter().map(|one| {
        vec![
            json!(one.clock),
            json!(one.measures),
            json!(one.ended),
            json!(one.waiting),
            json!(one.p50),
            json!(one.p95),
            json!(one.p99),
            json!(one.p95_unpaused),
        ]
    });
    Table {
        columns: vec![
            "clock",
            "measures",
            "ended",
            "waiting",
            "p50_seconds",
            "p95_seconds",
            "p99_seconds",
            "p95_unpaused_seconds",
        ],
        rows: rows.collect(),
    }
}

/// How many lie up to each bound and above the one before; no bound for the last.
fn histograms(view: &NumbersView) -> Table {
    let bounds: Vec<Value> = BOUNDS.into_iter().map(Value::from).chain([Value::Null]).collect();
    let of_clock = |one: &case::ClockFigures| {
        let clock = json!(one.clock);
        let bars = bounds.iter().zip(one.bars.clone());
        bars.map(|(bound, count)| vec![clock.clone(), bound.clone(), json!(count)]).collect::<Vec<_>>()
    };
    Table {
        columns: vec!["clock", "up_to_seconds", "count"],
        rows: view.figures.clocks.iter().flat_map(of_clock).collect(),
    }
}

/// Week by week, and all of them at the end.
fn incidents(view: &NumbersView) -> Table {
    let row = |week: Value, cases: usize, of: &Incidents| {
        vec![
            week,
            json!(cases),
            json!(of.incidents),
            json!(of.complaints),
            json!(of.after_containment),
            json!(of.unreported),
            json!(of.p50),
            json!(of.p95),
            json!(of.p99),
            json!(of.reopened),
        ]
    };
    let weeks = view.figures.weeks.iter().map(|week| row(at(week.from), week.cases, &week.incidents));
    let all = row(Value::Null, view.figures.cases, &view.figures.incidents);
    Table {
        columns: vec![
            "week",
            "cases",
            "incidents",
            "complaints",
            "after_containment",
            "unreported",
            "p50",
            "p95",
            "p99",
            "reopened",
        ],
        rows: weeks.chain([all]).collect(),
    }
}

/// Both curves, step by step.
fn clean(view: &NumbersView) -> Table {
    let curves = [("all", &view.figures.clean), ("left-alone", &view.figures.left_alone)];
    let rows = curves.into_iter().flat_map(|(name, curve)| {
        curve.steps.iter().map(move |(seconds, share)| {
            vec![
                json!(name),
                json!(seconds),
                json!((share * 10_000.0).round() / 10_000.0),
                json!(curve.watched),
            ]
        })
    });
    Table { columns: vec!["curve", "seconds", "share_clean", "watched"], rows: rows.collect() }
}

fn natural(view: &NumbersView) -> Table {
    let rows = view.natural.iter().map(|one| {
        vec![json!(one.days), json!(one.least), json!(one.most), json!(one.of), json!(one.source)]
    });
    Table { columns: vec!["days", "least_percent", "most_percent", "of", "source"], rows: rows.collect() }
}

fn reporters(view: &NumbersView) -> Table {
    let rows = view.reporters.iter().map(|one| {
        vec![
            json!(one.domain),
            json!(one.named),
            json!(one.trust),
            json!(one.confirmed),
            json!(one.refuted),
            json!(one.reports),
            json!(one.cases),
            one.last.map_or(Value::Null, at),
        ]
    });
    Table {
        columns: vec!["reporter", "named", "trust", "confirmed", "refuted", "reports", "cases", "last"],
        rows: rows.collect(),
    }
}

fn blocklists(view: &NumbersView) -> Table {
    let rows = view.blocklists.iter().flat_map(|list| {
        list.days.iter().map(|day| {
            vec![
                json!(list.zone),
                at(day.day),
                json!(day.sample),
                json!(day.sample_listed),
                json!(day.cases),
                json!(day.cases_listed),
            ]
        })
    });
    Table {
        columns: vec!["list", "day", "sample", "sample_listed", "cases", "cases_listed"],
        rows: rows.collect(),
    }
}

fn listed(view: &NumbersView) -> Table {
    let rows = view.blocklists.iter().flat_map(|list| {
        let row = |one: &crate::blocklists::Listed| {
            vec![json!(list.zone), json!(one.address), json!(one.of_case), json!(one.said)]
        };
        list.listed.iter().map(row)
    });
    Table { columns: vec!["list", "address", "of_case", "said"], rows: rows.collect() }
}
