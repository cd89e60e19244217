//! Runbooks: what a stage, a sign or a kind means, what to look at next and what to do.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use case::{About, Runbook, RunbookBlock, Words, runbook, runbooks};

use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "runbooks.html")]
struct RunbooksPage {
    chrome: Chrome,
    groups: Vec<(&'static str, Vec<&'static Runbook>)>,
}

#[derive(Template)]
#[template(path = "runbook.html")]
struct RunbookPage {
    chrome: Chrome,
    book: &'static Runbook,
    heading: &'static str,
}

/// `GET /runbooks`.
pub(crate) async fn list(visitor: Visitor) -> Result<Response, Trouble> {
    let of = |about: About| runbooks().iter().filter(|book| book.about == about).collect();
    let groups = About::ALL.into_iter().map(|about| (about.heading(), of(about))).collect();
    draw(StatusCode::OK, &RunbooksPage { chrome: Chrome::of(&visitor, "playbook"), groups })
}

/// `GET /runbooks/{name}`.
pub(crate) async fn show(visitor: Visitor, Path(name): Path<String>) -> Result<Response, Trouble> {
    let book = runbook(&name).ok_or(Trouble::NotFound("runbook"))?;
    let heading = book.about.heading();
    draw(StatusCode::OK, &RunbookPage { chrome: Chrome::of(&visitor, "playbook"), book, heading })
}
