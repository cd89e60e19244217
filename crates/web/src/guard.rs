//! Nothing but a GET passes without our own origin and the form's token, and nothing takes for ever.

use axum::Form;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::App;
use crate::trouble::Trouble;
use crate::visitor::Visitor;

/// The most a request may carry: forms and small JSON, nothing else comes in here.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// Where a program puts the token that a form carries in its `csrf` field.
pub(crate) const TOKEN_HEADER: &str = "x-csrf-token";

/// Checks a request that may change something, then hands it on with a limit on its time.
pub(crate) async fn on_every_request(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let limit = app.config.request_timeout;
    let answer = async move {
        match checked(&app, &visitor, request).await {
            Ok(request) => next.run(request).await,
            Err(trouble) => trouble.into_response(),
        }
    };
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => Trouble::TooSlow.into_response(),
    }
}

/// The request as it came, its body read, when it may pass.
async fn checked(app: &App, visitor: &Visitor, request: Request) -> Result<Request, Trouble> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(request);
    }
    // A browser sends no token by itself, so a foreign page cannot have one sent.
    if visitor.by_token && visitor.operator.is_some() {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Trouble::TooLarge)?;
        return Ok(Request::from_parts(parts, Body::from(body)));
    }
    // A program without a token has sent no form.
    let is_programs = visitor.operator.is_none() && request.uri().path().starts_with("/api/");
    if visitor.by_token || is_programs {
        return Err(Trouble::NotLoggedIn);
    }
    if !from_our_own_pages(request.headers(), request.uri(), app.config.https) {
        return Err(Trouble::ForeignForm);
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Trouble::TooLarge)?;
    let sent = token_sent(&parts.headers, &body).await;
    if !same_token(&sent, &visitor.form_token) {
        return Err(if visitor.was_logged_in { Trouble::NotLoggedIn } else { Trouble::StaleForm });
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Whether the browser says that one of our own pages sent this. A browser that says neither is refused: every one of
/// this decade sends `Origin` with a POST (Fetch, section 3.2).
fn from_our_own_pages(headers: &HeaderMap, uri: &Uri, https: bool) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = text("origin") else { return site.is_some() };
    let our_name = text(header::HOST.as_str()).or_else(|| uri.authority().map(|name| name.as_str()));
    match origin.split_once("://") {
        Some((scheme, name)) => Some(name) == our_name && (scheme == "https" || (scheme == "http" && !https)),
        None => false,
    }
}

/// The token the request carries: the header, else the form's `csrf` field.
async fn token_sent(headers: &HeaderMap, body: &Bytes) -> String {
    #[derive(serde::Deserialize)]
    struct Carried {
        csrf: String,
    }
    if let Some(token) = headers.get(TOKEN_HEADER) {
        return token.to_str().unwrap_or_default().to_owned();
    }
    let mut form = Request::new(Body::from(body.clone()));
    *form.method_mut() = Method::POST;
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        form.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    Form::<Carried>::from_request(form, &()).await.map(|Form(carried)| carried.csrf).unwrap_or_default()
}

/// Compares in a time that does not tell how much was right. No token at all is never right.
fn same_token(sent: &str, ours: &str) -> bool {
    !ours.is_empty() && bool::from(sent.as_bytes().ct_eq(ours.as_bytes()))
}
