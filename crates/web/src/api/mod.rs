//! The same as JSON, for programs: with a token of their own (`Authorization: Bearer`), or with a session, whose writes
//! want its token in `X-CSRF-Token` and an `Origin` of our own. Whatever fails is a problem as of RFC 9457.

pub(crate) mod bulk;
pub(crate) mod inbox;
pub(crate) mod openapi;
mod schemas;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::App;
use crate::act::{self, Wish};
use crate::office::OfficeError;
use crate::pages::{case as case_page, queue::Asked};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};

/// `GET /healthz`: answers once the store has; looking for a session nobody has is its cheapest question.
pub(crate) async fn health(State(app): State<App>) -> Result<Response, Trouble> {
    app.office.session("").await?;
    Ok(Json(json!({ "health": "ok" })).into_response())
}

/// `GET /api/v1/session`: who is asking, and the token writes want.
pub(crate) async fn session(visitor: Visitor) -> Response {
    let csrf = if visitor.by_token { None } else { Some(visitor.form_token) };
    Json(json!({ "operator": visitor.operator, "rights": visitor.rights, "csrf": csrf })).into_response()
}

/// `GET /api/v1/front`.
pub(crate) async fn front(State(app): State<App>) -> Result<Response, Trouble> {
    Ok(Json(app.office.front().await?).into_response())
}

/// `GET /api/v1/cases?q=&page=`.
pub(crate) async fn cases(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let page = app.office.queue(&asked.search(), page_asked(&asked.page)?, visitor.name()).await?;
    Ok(Json(page).into_response())
}

/// Which page a program asks for. It has no eyes to see that it got another.
pub(crate) fn page_asked(text: &str) -> Result<usize, Trouble> {
    match text.trim() {
        "" => Ok(1),
        text => text
            .parse()
            .ok()
            .filter(|page| (1..=1_000_000).contains(page))
            .ok_or_else(|| Trouble::Misread("page is a number from 1 to 1000000".to_owned())),
    }
}

/// `GET /api/v1/reporters`.
pub(crate) async fn reporters(State(app): State<App>) -> Result<Response, Trouble> {
    Ok(Json(app.office.reporters().await?).into_response())
}

/// `GET /api/v1/cases/{case}`.
pub(crate) async fn case(State(app): State<App>, Path(case): Path<String>) -> Result<Response, Trouble> {
    let view = app.office.case(case_page::named(&case)?).await?.ok_or(OfficeError::NoSuchCase)?;
    Ok(Json(view).into_response())
}

/// `GET /api/v1/cases/{case}/why`.
pub(crate) async fn why(State(app): State<App>, Path(case): Path<String>) -> Result<Response, Trouble> {
    let steps = app.office.why_case(case_page::named(&case)?).await?.ok_or(OfficeError::NoSuchCase)?;
    Ok(Json(steps).into_response())
}

/// `GET /api/v1/audit?who=&deed=&about=&since=&until=&before=`: what people did, newest first, a hundred at a time.
pub(crate) async fn audit(
    State(app): State<App>,
    Operator(operator): Operator,
    Query(asked): Query<crate::pages::audit::Asked>,
) -> Result<Response, Trouble> {
    let deeds = app.doorkeeper.deeds(&asked.filter()?, asked.before()?, &operator).await?;
    Ok(Json(json!({ "chain": app.doorkeeper.chain(), "deeds": deeds })).into_response())
}

/// `POST /api/v1/cases/{case}/actions`: `{"action","reason","version"[,"ports"]}`.
pub(crate) async fn act(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(case): Path<String>,
    Json(wish): Json<Wish>,
) -> Result<Response, Trouble> {
    let case = case_page::named(&case)?;
    let action = act::follow(&app, case, &wish, &operator).await?;
    let version = app.office.case(case).await?.map(|view| view.version);
    Ok(Json(json!({ "case": case.to_string(), "done": action.name(), "version": version })).into_response())
}
