//! `nightdesk numbers`.

use anyhow::{Result, ensure};
use case::{ClockFigures, Incidents};
use desk::NumbersView;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Answer;
use super::table::Table;
use crate::config::Config;
use crate::{cli, output, startup};

/// How far is looked back when nothing is said.
const USUAL: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Neighbourhoods and reporters listed for people.
const LISTED: usize = 10;

/// Prints the figures; no when no case was opened in that time.
pub(crate) async fn run(config: &Config, options: &cli::Numbers) -> Result<Answer> {
    let now = Timestamp::now();
    let to = options.to.unwrap_or_else(|| now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now));
    let from = options.from.unwrap_or_else(|| to.saturating_sub(USUAL).unwrap_or(Timestamp::MIN));
    ensure!(from < to, "--from must lie before --to");
    let store = startup::open_store(config).await?;
    let home = startup::territory(config)?.home;
    let named = &config.intake.trusted_reporters;
    let lists = startup::blocklists(config);
    let view = desk::numbers(&store, &home, named, &lists, (from, to), now).await?;
    match &options.table {
        Some(name) => one(&view, name, options.shown),
        None if options.shown.json => output::json(&view)?,
        None if options.shown.csv => one(&view, "clocks", options.shown),
        None => in_words(&view),
    }
    Ok(if view.figures.cases == 0 { Answer::No } else { Answer::Yes })
}

/// One table.
fn one(view: &NumbersView, name: &str, shown: cli::Shown) {
    let Some(table) = desk::table(view, name) else { return };
    if shown.csv {
        output::bytes(table.csv().as_bytes());
    } else if shown.json {
        output::bytes(table.ndjson().as_bytes());
    } else {
        print(table.columns, table.rows);
    }
}

fn print(columns: Vec<&'static str>, rows: Vec<Vec<Value>>) {
    let mut table = Table::new(columns);
    rows.into_iter().for_each(|row| table.row(row));
    table.print();
}

fn in_words(view: &NumbersView) {
    let figures = &view.figures;
    output::line(format!(
        "{} cases opened from {} to {}; {} of today.",
        figures.cases, view.from, view.to, view.opened_today
    ));
    if view.left_off > 0 {
        output::line(format!("{} older ones are not looked at: ask about a shorter time.", view.left_off));
    }
    if figures.cases == 0 {
        return;
    }
    output::line("How fast, each from the cases that came to its end:");
    let rows = figures.clocks.iter().map(clock);
    print(
        vec!["clock", "half within", "95 of 100", "99 of 100", "ended", "waiting", "measures"],
        rows.collect(),
    );
    incidents(&figures.incidents);
    let clean = |curve: &case::Curve| {
        let share = |days: i64| format!("{:.0} % after {days} d", curve.at(days * 86_400) * 100.0);
        format!("{}, {}, {} (of {} lines)", share(1), share(7), share(14), curve.watched)
    };
    output::line(format!("Clean: {}.", clean(&figures.clean)));
    output::line(format!("As far as nobody was told or contained: {}.", clean(&figures.left_alone)));
    for one in &view.natural {
        let share = if one.least == one.most {
            format!("{} %", one.least)
        } else {
            format!("{} to {} %", one.least, one.most)
        };
        output::line(format!("Natural clean-up: {share} after {} d, {} ({}).", one.days, one.of, one.source));
    }
    for list in &view.blocklists {
        output::line(standing(list));
    }
    output::line("Where most were:");
    let mut networks = figures.networks.clone();
    networks.sort_by_key(|one| std::cmp::Reverse(one.cases));
    let rows = networks.iter().take(LISTED).map(|one| {
        [one.network.to_string(), one.cases.to_string(), one.incidents.to_string(), one.open.to_string()]
            .map(Value::from)
            .to_vec()
    });
    print(vec!["network", "cases", "proved", "open"], rows.collect());
}

fn clock(one: &ClockFigures) -> Vec<Value> {
    vec![
        Value::from(one.clock.name()),
        Value::from(took(one.p50)),
        Value::from(took(one.p95)),
        Value::from(took(one.p99)),
        Value::from(one.ended),
        Value::from(one.waiting),
        Value::from(one.measures),
    ]
}

fn incidents(of: &Incidents) {
    let figure = |figure: Option<i64>| figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string());
    output::line(format!(
        "{} proved lines drew {} complaints, {} of them after containment; half no more than {}, 95 of 100 no more than {}, \
         99 of 100 no more than {}. {} were found before anybody complained; {} were at work again after they were clean.",
        of.incidents,
        of.complaints,
        of.after_containment,
        figure(of.p50),
        figure(of.p95),
        figure(of.p99),
        of.unreported,
        of.reopened
    ));
}

/// A length in its largest two units.
fn took(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else { return "-".to_owned() };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// How we stand with one blocklist, in a line.
fn standing(list: &desk::BlocklistView) -> String {
    let Some(day) = list.days.last().filter(|_| list.works != Some(false)) else {
        let why = if list.trouble.is_empty() { "was not asked yet" } else { &list.trouble };
        return format!("Blocklist {}: {why}.", list.zone);
    };
    format!(
        "Blocklist {} on {}: lists {} of {} addresses picked, and {} of {} of open cases.",
        list.zone,
        day.day.strftime("%Y-%m-%d"),
        day.sample_listed,
        day.sample,
        day.cases_listed,
        day.cases
    )
}
