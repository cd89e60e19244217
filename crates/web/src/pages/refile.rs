//! A case that is the same as another, or of which part is another line's.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use case::{EvidenceId, Stage};
use desk::CaseView;
use serde::Deserialize;

use crate::App;
use crate::office::{OfficeError, Splitting};
use crate::pages::case::named;
use crate::pages::rows::{EvidenceBlock, RowView};
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};

#[derive(Template)]
#[template(path = "refile.html")]
struct RefilePage {
    chrome: Chrome,
    row: RowView,
    version: u64,
    possible: bool,
    evidence: Vec<EvidenceBlock>,
}

/// Whether a case can be merged or split: nothing of it is proved, and it has not ended.
pub(crate) fn is_possible(view: &CaseView) -> bool {
    matches!(view.row.stage, Stage::HeadsUp | Stage::Watching | Stage::Suspected)
}

/// `GET /case/{case}/refile`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(case): Path<String>,
) -> Result<Response, Trouble> {
    let view = app.office.case(named(&case)?).await?.ok_or(OfficeError::NoSuchCase)?;
    let page = RefilePage {
        chrome: Chrome::of(&visitor, "queue"),
        row: RowView::new(&view.row, view.now),
        version: view.version,
        possible: is_possible(&view) && visitor.may(desk::Verb::Merge.needs()),
        evidence: view.evidence.iter().map(EvidenceBlock::new).collect(),
    };
    draw(StatusCode::OK, &page)
}

/// What the form of a merge sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Merging {
    version: u64,
    #[serde(default)]
    into: String,
    #[serde(default)]
    reason: String,
}

/// `POST /case/{case}/merge`.
pub(crate) async fn merge(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(case): Path<String>,
    Form(sent): Form<Merging>,
) -> Result<Response, Trouble> {
    let into = sent.into.trim();
    let into = into.parse().map_err(|_| Trouble::Misread(format!("{into:?} is no case such as ND-17")))?;
    app.office.merge(named(&case)?, sent.version, into, &sent.reason, &operator).await?;
    Ok(Redirect::to(&format!("/case/{into}")).into_response())
}

/// `POST /case/{case}/split`; a browser sends every chosen piece of evidence under the same name.
pub(crate) async fn split(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(case): Path<String>,
    body: String,
) -> Result<Response, Trouble> {
    let from = named(&case)?;
    let mut wish =
        Splitting { from, version: 0, chosen: Vec::new(), line: String::new(), reason: String::new() };
    for (name, value) in form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "version" => wish.version = value.parse().unwrap_or_default(),
            "line" => wish.line = value.into_owned(),
            "reason" => wish.reason = value.into_owned(),
            "evidence" => wish.chosen.push(evidence(&value)?),
            _ => {}
        }
    }
    app.office.split(&wish, &operator).await?;
    Ok(Redirect::to(&format!("/case/{from}")).into_response())
}

fn evidence(text: &str) -> Result<EvidenceId, Trouble> {
    text.parse().map_err(|_| Trouble::Misread("no evidence has that name".to_owned()))
}
