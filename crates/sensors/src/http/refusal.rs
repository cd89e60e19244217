//! Every way the HTTP intake says no.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Refusal;

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    Unauthorised,
    WrongMediaType,
    TooLarge,
    TooManyAtOnce,
    TooSlow,
    BrokenOff,
    Empty,
    WithoutId,
    Full,
    Failed,
    Busy,
}

/// The body of a refusal.
#[derive(Serialize)]
struct Words {
    error: &'static str,
    message: &'static str,
}

impl No {
    /// The count it goes to; `None` where handing over has counted already, or where there is nothing to count.
    pub(super) fn counted_here(self) -> Option<Refusal> {
        match self {
            No::Unauthorised => Some(Refusal::Unauthorised),
            No::WrongMediaType => Some(Refusal::WrongMediaType),
            No::TooLarge => Some(Refusal::TooLarge),
            No::TooManyAtOnce => Some(Refusal::Busy),
            No::TooSlow | No::BrokenOff | No::Empty => Some(Refusal::Unreadable),
            No::WithoutId => Some(Refusal::NotWritten),
            No::Full | No::Failed | No::Busy => None,
        }
    }

    /// A word for programs.
    pub(super) fn code(self) -> &'static str {
        self.parts().1
    }

    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            No::Unauthorised => {
                (S::UNAUTHORIZED, "unauthorised", "send a token we gave you, as: Authorization: Bearer TOKEN")
            }
            No::WrongMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "send the report uncompressed, as Content-Type message/rfc822, text/plain, application/json, text/csv or application/zip",
            ),
            No::TooLarge => {
                (S::PAYLOAD_TOO_LARGE, "too-large", "the report is over our size limit; send it in parts")
            }
            No::TooManyAtOnce => (
                S::SERVICE_UNAVAILABLE,
                "busy",
                "too many reports are being received at once; send it again soon",
            ),
            No::TooSlow => {
                (S::REQUEST_TIMEOUT, "too-slow", "the report did not arrive in time; send it again")
            }
            No::BrokenOff => (S::BAD_REQUEST, "broken-off", "the report broke off on its way; send it again"),
            No::Empty => (S::BAD_REQUEST, "empty", "the request has no body; the body is the report"),
            No::WithoutId | No::Failed => (
                S::SERVICE_UNAVAILABLE,
                "not-written",
                "our fault: the report could not be written to disk; send it again later",
            ),
            No::Full => {
                (S::SERVICE_UNAVAILABLE, "disk-full", "our disk has no room; send the report again later")
            }
            No::Busy => {
                (S::SERVICE_UNAVAILABLE, "busy", "not taking reports at the moment; send it again soon")
            }
        }
    }

    /// Seconds after which sending again makes sense: moments for a queue, minutes for a disk somebody has to look at.
    fn again_after(self) -> Option<&'static str> {
        match self {
            No::TooManyAtOnce | No::Busy => Some("10"),
            No::WithoutId | No::Failed => Some("60"),
            No::Full => Some("300"),
            No::Unauthorised
            | No::WrongMediaType
            | No::TooLarge
            | No::TooSlow
            | No::BrokenOff
            | No::Empty => None,
        }
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let (status, error, message) = self.parts();
        let mut response = (status, Json(Words { error, message })).into_response();
        if let Some(seconds) = self.again_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
