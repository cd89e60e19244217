//! What systems ask to find out whether they are let through, and everything else that ends up here.
//!
//! A line that is contained is sent to the page; one that is not gets what its system hopes for, so that it closes the
//! little window by itself. Paths and answers are those that Android, Apple, Windows, Firefox and NetworkManager use; the
//! interface is RFC 8908, whose address DHCP and routers announce (RFC 8910).

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::Plot;
use super::source::Source;

/// Path, type and text of what an open Internet would answer. An empty text is 204.
const OPEN: &[(&str, &str, &str)] = &[
    ("/generate_204", "", ""),
    ("/gen_204", "", ""),
    (
        "/hotspot-detect.html",
        "text/html",
        "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
    ),
    (
        "/library/test/success.html",
        "text/html",
        "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
    ),
    ("/connecttest.txt", "text/plain", "Microsoft Connect Test"),
    ("/ncsi.txt", "text/plain", "Microsoft NCSI"),
    ("/success.txt", "text/plain", "success\n"),
    (
        "/canonical.html",
        "text/html",
        "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>",
    ),
    ("/check_network_status.txt", "text/plain", "NetworkManager is online\n"),
];

/// `GET /captive-portal/api` (RFC 8908).
pub(super) async fn api(State(plot): State<Plot>, Source(address): Source) -> Response {
    let Ok(guest) = plot.desk.guest(address).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut said = serde_json::json!({ "captive": guest.is_blocked() });
    if let (Some(url), Some(said)) = (&plot.config.url, said.as_object_mut()) {
        said.insert("user-portal-url".to_owned(), url.as_str().into());
    }
    let mut response = Json(said).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/captive+json"));
    response
}

/// Any other path, of whatever name it was asked by.
pub(super) async fn anything(
    State(plot): State<Plot>,
    Source(address): Source,
    method: Method,
    uri: Uri,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        // RFC 6585 section 6: what is no browser learns that the network stands between.
        return StatusCode::NETWORK_AUTHENTICATION_REQUIRED.into_response();
    }
    let Ok(guest) = plot.desk.guest(address).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let known = OPEN.iter().find(|(path, _, _)| *path == uri.path());
    match known.filter(|_| !guest.is_blocked()) {
        Some((_, _, "")) => StatusCode::NO_CONTENT.into_response(),
        Some((_, kind, text)) => ([(header::CONTENT_TYPE, *kind)], *text).into_response(),
        None => to_page(plot.config.url.as_deref()),
    }
}

/// A redirect that nobody keeps.
pub(super) fn to_page(url: Option<&str>) -> Response {
    let mut response = Redirect::to(url.unwrap_or("/")).into_response();
    *response.status_mut() = StatusCode::FOUND;
    response
}
