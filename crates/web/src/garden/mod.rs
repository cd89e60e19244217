//! The walled garden: what a contained customer sees instead of the Internet, on a listener of its own.
//!
//! Nobody logs in here and no cookie is kept: who asks is known by the address they ask from. Every page works without
//! JavaScript, in the customer's language, and in a browser that a telephone opens by itself when it finds that it is
//! not let through (captive portal, RFC 8952).

mod captive;
pub(crate) mod language;
pub(crate) mod page;
mod source;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::{Desk, FirewallError, GardenAnswer, GardenGuest};
use ipnet::IpNet;

use crate::office::{OfficeError, Soon};

/// A form here holds a few sentences.
const BODY_LIMIT: usize = 16 * 1024;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nothing from elsewhere, and no scripts at all.
const CSP: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// How the garden is served.
#[derive(Debug, Clone, Default)]
pub struct GardenConfig {
    /// What browsers are sent to, such as `http://garden.example.net/`; without it, to the root of whatever they asked.
    pub url: Option<String>,
    /// Our own proxies, whose X-Forwarded-For is believed.
    pub proxies: Vec<IpNet>,
    /// How a customer reaches a person: a telephone number, a mail address.
    pub contact: String,
}

/// What the garden asks of the desk.
pub trait Garden: Send + Sync + 'static {
    /// Who asks from an address, and how their line stands.
    fn guest(&self, address: IpAddr) -> Soon<'_, GardenGuest>;
    /// They want their line tested now.
    fn test(&self, address: IpAddr) -> Soon<'_, GardenAnswer>;
    /// They say that the firewall of their router is on again. Whether that lets them out.
    fn promise(&self, address: IpAddr) -> Soon<'_, bool>;
    /// They ask to send mail directly; `false` when it is not known whose line it is.
    fn ask_for_mail<'a>(&'a self, address: IpAddr, reason: &'a str) -> Soon<'a, bool>;
}

impl Garden for Desk {
    fn guest(&self, address: IpAddr) -> Soon<'_, GardenGuest> {
        Box::pin(async move { Ok(Desk::garden_guest(self, address).await?) })
    }

    fn test(&self, address: IpAddr) -> Soon<'_, GardenAnswer> {
        Box::pin(async move { Ok(Desk::garden_test(self, address).await?) })
    }

    fn promise(&self, address: IpAddr) -> Soon<'_, bool> {
        Box::pin(async move { Ok(Desk::garden_promises(self, address).await?) })
    }

    fn ask_for_mail<'a>(&'a self, address: IpAddr, reason: &'a str) -> Soon<'a, bool> {
        Box::pin(async move { Ok(Desk::garden_asks_for_mail(self, address, reason).await?) })
    }
}

impl From<FirewallError> for OfficeError {
    fn from(error: FirewallError) -> Self {
        match error {
            FirewallError::Desk(error) => error.into(),
            other => OfficeError::CannotSay(other.to_string()),
        }
    }
}

/// What every handler is handed.
#[derive(Clone)]
struct Plot {
    desk: Arc<dyn Garden>,
    config: Arc<GardenConfig>,
}

/// The garden's pages. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: without the address nobody is
/// known.
pub fn garden(desk: impl Garden, config: GardenConfig) -> axum::Router {
    let plot = Plot { desk: Arc::new(desk), config: Arc::new(config) };
    axum::Router::new()
        .route("/", get(page::show))
        .route("/test", post(page::test))
        .route("/firewall", post(page::firewall))
        .route("/mail", post(page::mail))
        .route("/garden.css", get(page::style))
        .route("/captive-portal/api", get(captive::api))
        .fallback(captive::anything)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(on_every_answer))
        .with_state(plot)
}

async fn on_every_answer(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(PATIENCE, next.run(request)).await;
    let mut response = answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A line that was led here asked for another server, and a browser would go on asking us on a connection it keeps open
    // long after the line was let out.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    // What is true of a line now is not true of it in a minute, and a cached redirect would hold it for longer.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The address a request came from, where the listener tells it.
fn peer(request: &axum::http::Extensions) -> Option<IpAddr> {
    let connect = request.get::<axum::extract::ConnectInfo<SocketAddr>>();
    connect.map(|axum::extract::ConnectInfo(peer)| peer.ip().to_canonical())
}
