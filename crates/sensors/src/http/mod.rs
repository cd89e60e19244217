//! HTTP intake: `POST /api/v1/reports` with a bearer token and a mail or plain text as the body.
//!
//! | answer | when |
//! | --- | --- |
//! | 202 `{"id":…}` | the body is on disk |
//! | 400 | the body is empty or broke off |
//! | 401 + `WWW-Authenticate: Bearer` | no token, or none we know |
//! | 413 | the body is over the limit |
//! | 415 | neither `message/rfc822` nor `text/plain` |
//! | 503 + `Retry-After` | no room, not written, or too many at once: send it again |
//!
//! Every refusal is `{"error":code,"message":plain words}`.

mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::mpsc::Sender;

pub use token::{Token, TokenError};

use crate::{Delivery, Tally};

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
    let _unfinished = (config, deliveries);
    Router::new()
}
