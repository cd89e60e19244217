//! HTTP intake: `POST /api/v1/reports` with a bearer token and a report as the body: a mail (`message/rfc822`), text
//! (`text/plain`), or a feed's file (`application/json`, `text/csv`, `application/zip`). A file's name is given as
//! `?name=FILE` or in Content-Disposition (RFC 6266); some feeds say in it alone what they report.
//!
//! | answer | when |
//! | --- | --- |
//! | 202 `{"id":…}` | the body is on disk |
//! | 400 | the body is empty or broke off |
//! | 401 + `WWW-Authenticate: Bearer` | no token, or none we know |
//! | 408 | the body did not arrive in time |
//! | 413 | the body is over the limit |
//! | 415 | a media type we do not take, or a compressed body |
//! | 503 + `Retry-After` | no room, not written, or too many at once: send it again |
//!
//! Every refusal is `{"error":code,"message":plain words}`.

mod file_name;
mod refusal;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use self::refusal::No;

pub use token::{Token, TokenError};

use crate::delivery::{Handover, Parcel, fresh_id};
use crate::{Delivery, Envelope, How, Outcome, Printable, Tally};

/// The HTTP intake.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who may send reports; with an empty list every report is answered 401.
    pub tokens: Vec<Token>,
    /// Largest body in bytes. Default 25 MB, as for SMTP.
    pub body_bytes: usize,
    /// Reports being received at the same time; more are answered 503. Default 8, which bounds the memory to 200 MB.
    pub at_once: usize,
    /// How long a body may take to arrive. Default 5 minutes.
    pub body_time: Duration,
    /// How long to wait for room in the channel. Default 5 seconds.
    pub patience: Duration,
    /// How long to wait for the answer "on disk". Default 1 minute.
    pub answer: Duration,
    /// Where events are counted.
    pub tally: Arc<Tally>,
}

impl Config {
    /// These tokens, with the defaults.
    #[must_use]
    pub fn new(tokens: Vec<Token>) -> Config {
        Config {
            tokens,
            body_bytes: 25 * 1024 * 1024,
            at_once: 8,
            body_time: Duration::from_secs(5 * 60),
            patience: Duration::from_secs(5),
            answer: Duration::from_secs(60),
            tally: Arc::default(),
        }
    }
}

/// The route `POST /api/v1/reports`, to be merged into the site's router. The peer's address is put into the envelope
/// when the server is started with axum's `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(config: Config, deliveries: Sender<Delivery>) -> Router {
    let limit = config.body_bytes;
    let Config { tokens, body_bytes, at_once, body_time, patience, answer, tally } = config;
    let handover = Handover { deliveries, patience, answer, tally };
    let places = Semaphore::new(at_once.min(Semaphore::MAX_PERMITS));
    let intake = Intake { tokens, body_bytes, body_time, places, handover };
    Router::new()
        .route("/api/v1/reports", post(take).layer(DefaultBodyLimit::max(limit)))
        .with_state(Arc::new(intake))
}

/// What all requests share.
struct Intake {
    tokens: Vec<Token>,
    body_bytes: usize,
    body_time: Duration,
    places: Semaphore,
    handover: Handover,
}

/// The answer to an accepted report.
#[derive(Serialize)]
struct Taken {
    id: String,
}

async fn take(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical());
    match intake.receive(request, peer).await {
        Ok(id) => (StatusCode::ACCEPTED, Json(Taken { id })).into_response(),
        Err(no) => {
            if let Some(reason) = no.counted_here() {
                intake.handover.tally.count_refused(reason);
            }
            tracing::info!(?peer, code = no.code(), "HTTP report refused");
            no.into_response()
        }
    }
}

impl Intake {
    /// Everything that can be refused without reading the body is refused first.
    async fn receive(&self, request: Request, peer: Option<std::net::IpAddr>) -> Result<String, No> {
        let name = self.who(request.headers()).ok_or(No::Unauthorised)?;
        let content_type = media_type(request.headers()).ok_or(No::WrongMediaType)?;
        let file_name = file_name::of(request.uri().query(), text(request.headers(), &CONTENT_DISPOSITION));
        if announced_length(request.headers()).is_some_and(|length| length > self.body_bytes) {
            return Err(No::TooLarge);
        }
        let _place = self.places.try_acquire().map_err(|_| No::TooManyAtOnce)?;
        let body =
            timeout(self.body_time, Bytes::from_request(request, &())).await.map_err(|_| No::TooSlow)?;
        let bytes = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => No::TooLarge,
            _ => No::BrokenOff,
        })?;
        if bytes.is_empty() {
            return Err(No::Empty);
        }
        let envelope = Envelope {
            peer,
            authenticated_as: Some(name.to_owned()),
            content_type: Some(content_type),
            file_name,
            ..Envelope::default()
        };
        self.hand_on(envelope, bytes.into()).await
    }

    async fn hand_on(&self, envelope: Envelope, bytes: Vec<u8>) -> Result<String, No> {
        let received = Timestamp::now();
        let id = fresh_id(received).ok_or(No::WithoutId)?;
        let (name, length) = (envelope.authenticated_as.clone().unwrap_or_default(), bytes.len());
        let parcel = Parcel { id: id.clone(), how: How::Http, envelope, received, bytes };
        let outcome = self.handover.give(parcel).await;
        tracing::info!(id, by = %Printable::from(name.as_str()), length, ?outcome, "HTTP report received");
        match outcome {
            Outcome::OnDisk => Ok(id),
            Outcome::Full => Err(No::Full),
            Outcome::Failed => Err(No::Failed),
            Outcome::Busy => Err(No::Busy),
        }
    }

    /// The name of the token the request comes with, if we know it.
    fn who(&self, headers: &HeaderMap) -> Option<&str> {
        let (scheme, secret) = text(headers, &AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(())?;
        token::find(&self.tokens, secret.trim()).map(Token::name)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The media types of reports.
const TAKEN: [&str; 5] = ["message/rfc822", "text/plain", "application/json", "text/csv", "application/zip"];

/// The Content-Type, when it is one we take and the body is not compressed.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let given = text(headers, &CONTENT_TYPE)?;
    let essence = given.split(';').next().unwrap_or_default().trim();
    let taken = TAKEN.iter().any(|ours| essence.eq_ignore_ascii_case(ours));
    let plain = headers
        .get(CONTENT_ENCODING)
        .is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    (taken && plain).then(|| given.to_owned())
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    text(headers, &CONTENT_LENGTH)?.parse().ok()
}
