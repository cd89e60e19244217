//! The reporters by their record: who is believed how far, and why.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use desk::ReporterView;
use jiff::Timestamp;

use crate::App;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

#[derive(Template)]
#[template(path = "reporters.html")]
struct ReportersPage {
    chrome: Chrome,
    rows: Vec<Reporter>,
}

/// A line of the league.
pub(crate) struct Reporter {
    pub(crate) domain: String,
    pub(crate) named: bool,
    pub(crate) trust: String,
    pub(crate) confirmed: u32,
    pub(crate) refuted: u32,
    pub(crate) reports: u64,
    pub(crate) cases: u64,
    pub(crate) last: Option<When>,
}

impl Reporter {
    pub(crate) fn new(row: &ReporterView, now: Timestamp) -> Reporter {
        Reporter {
            domain: words::plain(&row.domain),
            named: row.named,
            trust: format!("{:.2}", row.trust),
            confirmed: row.confirmed,
            refuted: row.refuted,
            reports: row.reports,
            cases: row.cases,
            last: row.last.map(|last| When::new(now, last)),
        }
    }
}

/// `GET /reporters`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let now = app.office.front().await?.now;
    let rows = app.office.reporters().await?;
    let rows = rows.iter().map(|row| Reporter::new(row, now)).collect();
    draw(StatusCode::OK, &ReportersPage { chrome: Chrome::of(&visitor, "reporters"), rows })
}
