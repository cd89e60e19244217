//! One wish for many cases, for programs.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use desk::{BulkAction, BulkWish};
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::act;
use crate::office::OfficeError;
use crate::trouble::Trouble;
use crate::visitor::Operator;

/// What is asked of which cases, as a query.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// The search.
    #[serde(default)]
    pub(crate) q: String,
    /// `dismiss`, `reopen`, `assign`, `recheck`, `release` or `note`.
    #[serde(default)]
    pub(crate) action: String,
    /// For `assign`: a login name or `me`; nobody where it is empty.
    #[serde(default)]
    pub(crate) to: String,
}

/// `POST /api/v1/bulk`.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    search: String,
    action: String,
    #[serde(default)]
    to: String,
    reason: String,
    /// The `mark` of the preview.
    mark: String,
}

/// The action of that name.
pub(crate) fn action(name: &str, to: &str, operator: &str) -> Result<BulkAction, Trouble> {
    let to = act::assignee(to, operator).unwrap_or_default();
    BulkAction::named(name, &to).ok_or_else(|| {
        Trouble::Misread(format!(
            "{name:?} is nothing that is asked of many cases; there are dismiss, reopen, assign, recheck, release and note"
        ))
    })
}

/// The number of an order.
pub(crate) fn number(text: &str) -> Result<u64, Trouble> {
    text.parse().map_err(|_| Trouble::NotFound("order"))
}

/// `GET /api/v1/bulk/preview?q=&action=&to=`: what it would do, case by case.
pub(crate) async fn preview(
    State(app): State<App>,
    Operator(operator): Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let action = action(&asked.action, &asked.to, &operator)?;
    Ok(Json(app.office.preview_bulk(asked.q.trim(), &action, &operator).await?).into_response())
}

/// `POST /api/v1/bulk`: orders what was previewed; it is done after a minute, unless it is undone before.
pub(crate) async fn order(
    State(app): State<App>,
    Operator(operator): Operator,
    Json(sent): Json<Sent>,
) -> Result<Response, Trouble> {
    let action = action(&sent.action, &sent.to, &operator)?;
    let wish = BulkWish { search: sent.search.trim().to_owned(), action, reason: sent.reason };
    let order = app.office.order_bulk(&wish, &sent.mark, &operator).await?;
    Ok(Json(app.office.bulk(order).await?).into_response())
}

/// `GET /api/v1/bulk`: the newest orders.
pub(crate) async fn list(State(app): State<App>) -> Result<Response, Trouble> {
    Ok(Json(json!({ "orders": app.office.bulks().await? })).into_response())
}

/// `GET /api/v1/bulk/{order}`.
pub(crate) async fn one(State(app): State<App>, Path(order): Path<String>) -> Result<Response, Trouble> {
    let view = app.office.bulk(number(&order)?).await?.ok_or(OfficeError::NoSuchOrder)?;
    Ok(Json(view).into_response())
}

/// `POST /api/v1/bulk/{order}/undo`: takes it back, or puts back what it did.
pub(crate) async fn undo(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(order): Path<String>,
) -> Result<Response, Trouble> {
    Ok(Json(app.office.undo_bulk(number(&order)?, &operator).await?).into_response())
}
