//! The inbox of what no case could take, for programs.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use case::EvidenceId;
use serde::Deserialize;
use serde_json::json;

use super::page_asked;
use crate::App;
use crate::trouble::Trouble;
use crate::visitor::Operator;

/// The most messages of one request.
const AT_MOST: usize = 500;

/// `?page=`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    page: String,
}

/// `GET /api/v1/inbox`: what waits, newest first, fifty a page.
pub(crate) async fn show(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let messages = app.office.intake(Some("inbox"), page_asked(&asked.page)?).await?;
    let inbox = app.office.front().await?.inbox;
    let (waiting, oldest, late) = (inbox.waiting, inbox.oldest, inbox.late);
    Ok(Json(json!({ "waiting": waiting, "oldest": oldest, "late": late, "messages": messages }))
        .into_response())
}

/// `POST /api/v1/inbox`.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    /// Evidence hashes.
    messages: Vec<String>,
    /// Whose line they are filed on; without it they are settled.
    #[serde(default)]
    line: String,
    reason: String,
}

/// Settles messages, or files them on a line.
pub(crate) async fn settle(
    State(app): State<App>,
    Operator(operator): Operator,
    Json(sent): Json<Sent>,
) -> Result<Response, Trouble> {
    if sent.messages.is_empty() || sent.messages.len() > AT_MOST {
        return Err(Trouble::Misread(format!("messages holds 1 to {AT_MOST} of them")));
    }
    let ids = sent.messages.iter().map(|text| text.parse());
    let ids: Result<Vec<EvidenceId>, _> = ids.collect();
    let ids =
        ids.map_err(|_| Trouble::Misread("a message is named by the 64 hex digits of its hash".to_owned()))?;
    if sent.line.trim().is_empty() {
        let settled = app.office.settle_inbox(Some(&ids), &operator, &sent.reason).await?;
        return Ok(Json(json!({ "settled": settled })).into_response());
    }
    for id in &ids {
        app.office.file_by_hand(*id, &sent.line, &operator, &sent.reason).await?;
    }
    Ok(Json(json!({ "settled": ids.len() })).into_response())
}
