//! How much, how fast: every figure as a picture, and each picture as a table for people and for programs.

mod blocklists;
mod curve;
mod heat;
mod histogram;
mod weeks;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::NumbersView;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::pages::audit::moment;
use crate::pages::reporters::Reporter;
use crate::pages::rows::{Badge, When};
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

use self::blocklists::ListPlot;
use self::curve::CurvePlot;
use self::heat::HeatMap;
use self::histogram::Histogram;
use self::weeks::WeekPlot;

/// How far is looked back when nothing is said.
const DAYS: i32 = 30;
/// The longest time that can be asked about.
const DAYS_AT_MOST: i64 = 3660;
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    chrome: Chrome,
    asked: Asked,
    problem: Option<String>,
    numbers: Option<Numbers>,
}

/// The figures as the template wants them.
struct Numbers {
    from: When,
    to: When,
    query: String,
    cases: usize,
    left_off: u64,
    opened_today: u64,
    today: Vec<Today>,
    heat: HeatMap,
    histograms: Vec<Histogram>,
    clean: CurvePlot,
    weeks: WeekPlot,
    lists: Vec<ListPlot>,
    reporters: Vec<Reporter>,
}

/// A case that is new today.
struct Today {
    case: String,
    at: When,
    badge: Badge,
    subscriber: String,
    what: String,
    address: String,
    complaints: u64,
}

/// `?from=…&to=…`: days or moments; of a last day the whole is meant.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl Asked {
    /// The time that is meant.
    fn time(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Trouble> {
        let is_day = self.to.trim().len() == "2026-11-26".len();
        let to = match moment(&self.to)? {
            Some(day) if is_day => day.saturating_add(DAY).unwrap_or(Timestamp::MAX),
            Some(to) => to,
            // The case that was opened this very moment belongs to it.
            None => now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now),
        };
        let usual = || to.saturating_sub(DAY.saturating_mul(DAYS)).unwrap_or(Timestamp::MIN);
        let from = moment(&self.from)?.unwrap_or_else(usual);
        if from >= to {
            return Err(Trouble::Misread("the beginning must lie before the end".to_owned()));
        }
        if to.duration_since(from).as_hours() > DAYS_AT_MOST * 24 {
            return Err(Trouble::Misread(format!(
                "{DAYS_AT_MOST} days are the longest time there are figures of"
            )));
        }
        Ok((from, to))
    }

    fn query(&self) -> String {
        let fields = [("from", self.from.trim()), ("to", self.to.trim())];
        let said = fields.into_iter().filter(|(_, text)| !text.is_empty());
        said.map(|(name, text)| format!("{name}={}", words::for_query(text))).collect::<Vec<_>>().join("&")
    }
}

/// `GET /numbers`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let chrome = Chrome::of(&visitor, "numbers");
    let (status, problem, numbers) = match asked.time(app.office.now()) {
        Ok((from, to)) => {
            let view = app.office.numbers(from, to).await?;
            (StatusCode::OK, None, Some(Numbers::of(&view, asked.query())))
        }
        Err(trouble) => (StatusCode::BAD_REQUEST, Some(words::sentence(&trouble.to_string())), None),
    };
    draw(status, &NumbersPage { chrome, asked, problem, numbers })
}

/// `GET /api/v1/numbers`: all of it.
pub(crate) async fn json(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let (from, to) = asked.time(app.office.now())?;
    Ok(Json(app.office.numbers(from, to).await?).into_response())
}

/// `GET /api/v1/numbers/{table}`: one picture as `….csv` or `….ndjson`.
pub(crate) async fn file(
    State(app): State<App>,
    Path(asked_for): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let named = asked_for.rsplit_once('.').filter(|(name, _)| desk::TABLES.contains(name));
    let (name, is_csv) = match named {
        Some((name, "csv")) => (name, true),
        Some((name, "ndjson")) => (name, false),
        _ => return Err(Trouble::NotFound("table")),
    };
    let (from, to) = asked.time(app.office.now())?;
    let view = app.office.numbers(from, to).await?;
    let table = desk::table(&view, name).ok_or(Trouble::NotFound("table"))?;
    let (kind, text) = match is_csv {
        true => ("text/csv; charset=utf-8", table.csv()),
        false => ("application/x-ndjson", table.ndjson()),
    };
    // The name is one of ours, so it may stand in a header.
    let disposition = format!("attachment; filename=\"{asked_for}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text)
        .into_response())
}

impl Numbers {
    fn of(view: &NumbersView, query: String) -> Numbers {
        let figures = &view.figures;
        Numbers {
            from: When::new(view.now, view.from),
            to: When::new(view.now, view.to),
            query: if query.is_empty() { query } else { format!("?{query}") },
            cases: figures.cases,
            left_off: view.left_off,
            opened_today: view.opened_today,
            today: view.today.iter().map(|one| today(one, view.now)).collect(),
            heat: HeatMap::of(view),
            histograms: figures.clocks.iter().map(Histogram::of).collect(),
            clean: CurvePlot::of(view),
            weeks: WeekPlot::of(figures),
            lists: view.blocklists.iter().map(ListPlot::of).collect(),
            reporters: view.reporters.iter().map(|row| Reporter::new(row, view.now)).collect(),
        }
    }
}

fn today(one: &desk::NewCase, now: Timestamp) -> Today {
    let kinds: Vec<&str> = one.kinds.iter().map(|kind| kind.name()).collect();
    Today {
        case: one.case.to_string(),
        at: When::new(now, one.opened),
        badge: Badge::of(one.stage),
        subscriber: words::plain(one.subscriber.as_str()),
        what: kinds.join(", "),
        address: one.addresses.first().map(ToString::to_string).unwrap_or_default(),
        complaints: one.complaints,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(from: &str, to: &str) -> Result<(String, String), Trouble> {
        let asked = Asked { from: from.to_owned(), to: to.to_owned() };
        let (from, to) = asked.time("2026-11-23T03:12:00Z".parse().unwrap())?;
        Ok((from.to_string(), to.to_string()))
    }

    #[test]
    fn of_a_last_day_the_whole_is_meant_and_without_any_the_last_thirty() {
        let one_day = time("2026-11-20", "2026-11-20").unwrap();
        assert_eq!(one_day, ("2026-11-20T00:00:00Z".to_owned(), "2026-11-21T00:00:00Z".to_owned()));
        let usual = time("", "").unwrap();
        assert_eq!(usual, ("2026-10-24T03:12:01Z".to_owned(), "2026-11-23T03:12:01Z".to_owned()));
        let (_, to) = time("2026-11-20", "2026-11-20T12:00:00Z").unwrap();
        assert_eq!(to, "2026-11-20T12:00:00Z");
    }

    #[test]
    fn a_time_that_is_none_says_why() {
        assert!(time("2026-11-21", "2026-11-20").unwrap_err().to_string().contains("before"));
        assert!(time("1900-01-01", "").unwrap_err().to_string().contains("3660 days"));
        assert!(time("soon", "").is_err());
    }
}
