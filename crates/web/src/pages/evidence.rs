//! One piece of evidence: as text with its claims marked, and as the bytes that came.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use case::EvidenceId;

use crate::App;
use crate::pages::rows::EvidenceBlock;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    chrome: Chrome,
    item: EvidenceBlock,
}

fn named(text: &str) -> Result<EvidenceId, Trouble> {
    text.parse().map_err(|_| Trouble::NotFound("evidence"))
}

/// `GET /evidence/{id}`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let view = app.office.evidence(&named(&id)?).await?.ok_or(Trouble::NotFound("evidence"))?;
    draw(StatusCode::OK, &EvidencePage { chrome: Chrome::of(&visitor, ""), item: EvidenceBlock::new(&view) })
}

/// `GET /evidence/{id}/raw`: the bytes as they came, never shown by the browser, whatever they pretend to be.
pub(crate) async fn raw(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Trouble> {
    let id = named(&id)?;
    let bytes = app.office.evidence_bytes(&id).await?.ok_or(Trouble::NotFound("evidence"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"evidence-{}.txt\"", id.short())),
    ];
    Ok((headers, bytes).into_response())
}
