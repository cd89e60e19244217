//! Whatever fails, as a status, plain words and the next step. The only place that maps errors.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use desk::Right;
use jiff::SignedDuration;

use crate::office::OfficeError;
use crate::pages::Chrome;
use crate::visitor::Visitor;
use crate::words;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("there is no {0} here")]
    NotFound(&'static str),
    #[error("{0}")]
    Misread(String),
    #[error("the request carries no session")]
    NotLoggedIn,
    #[error("the form came from somewhere else")]
    ForeignForm,
    #[error("the form's token is not the session's")]
    StaleForm,
    #[error("{}", .0.in_words())]
    Forbidden(Right),
    #[error("the request body is too large")]
    TooLarge,
    #[error("the address takes no such request")]
    WrongMethod,
    #[error("the request took too long and was given up")]
    TooSlow,
    #[error("a page could not be made: {0}")]
    Unmade(#[from] askama::Error),
    #[error(transparent)]
    Office(#[from] OfficeError),
    #[error("something answered {0} without saying why")]
    Unsaid(StatusCode),
}

/// What a person reads.
struct Words {
    status: StatusCode,
    title: &'static str,
    text: String,
    next: (&'static str, &'static str),
}

/// What every error of the API is (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";
const TO_QUEUE: (&str, &str) = ("/", "Go to the queue");
const TO_LOGIN: (&str, &str) = ("/login", "Log in");

impl Trouble {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Trouble::NotFound(_) | Trouble::Office(OfficeError::NoSuchCase | OfficeError::NoSuchOrder) => {
                StatusCode::NOT_FOUND
            }
            Trouble::Misread(_) | Trouble::Office(OfficeError::BadSearch(_)) => StatusCode::BAD_REQUEST,
            Trouble::NotLoggedIn | Trouble::Office(OfficeError::WrongPassword | OfficeError::WrongCode) => {
                StatusCode::UNAUTHORIZED
            }
            Trouble::ForeignForm
            | Trouble::StaleForm
            | Trouble::Forbidden(_)
            | Trouble::Office(OfficeError::Forbidden(_)) => StatusCode::FORBIDDEN,
            Trouble::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Trouble::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Trouble::TooSlow | Trouble::Office(OfficeError::Unavailable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Trouble::Unmade(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Trouble::Office(OfficeError::Refused(_) | OfficeError::CannotSay(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Trouble::Office(OfficeError::Changed | OfficeError::CasesChanged) => StatusCode::CONFLICT,
            Trouble::Office(OfficeError::TooManyTries { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Trouble::Unsaid(status) => *status,
        }
    }

    fn words(&self) -> Words {
        let (title, text, next) = match self {
            Trouble::NotFound(what) => (
                "Nothing here",
                format!("There is no {what} at this address. It may have been mistyped, or it was never recorded."),
                TO_QUEUE,
            ),
            Trouble::Misread(what) => ("That cannot be read", format!("{what}. Nothing was changed."), TO_QUEUE),
            Trouble::NotLoggedIn => (
                "You are not logged in",
                "Your session has ended or never began. Nothing was changed. Log in and do it again.".to_owned(),
                TO_LOGIN,
            ),
            Trouble::ForeignForm => (
                "That did not come from this desk",
                "The form was sent by another site, so nothing was changed. If you did not mean to send anything, close that site."
                    .to_owned(),
                TO_QUEUE,
            ),
            Trouble::StaleForm => (
                "That form is out of date",
                "Its token is not this session's, so nothing was changed. Go back, reload the page and send it again.".to_owned(),
                TO_QUEUE,
            ),
            Trouble::Forbidden(right) => (
                "That is not yours to do",
                format!("You may not {}. Nothing was changed. An admin can give it to you.", right.in_words()),
                TO_QUEUE,
            ),
            Trouble::TooLarge => (
                "That is too much",
                format!("A form here holds at most {} KiB. Nothing was changed.", crate::guard::BODY_LIMIT / 1024),
                TO_QUEUE,
            ),
            Trouble::WrongMethod => (
                "Not that way",
                "This address does not take that kind of request. Nothing was changed.".to_owned(),
                TO_QUEUE,
            ),
            Trouble::TooSlow => (
                "The desk took too long",
                "The request was given up. Accepted mail is safe and blocks stay as they are. Look whether your last action was recorded, then try again in a minute.".to_owned(),
                TO_QUEUE,
            ),
            Trouble::Office(error) => self.office_words(error),
            Trouble::Unmade(_) | Trouble::Unsaid(_) => (
                "This page could not be made",
                "The fault is ours, and it is in the log. Accepted mail is safe and blocks stay as they are.".to_owned(),
                TO_QUEUE,
            ),
        };
        Words { status: self.status(), title, text, next }
    }

    fn office_words(&self, error: &OfficeError) -> (&'static str, String, (&'static str, &'static str)) {
        match error {
            OfficeError::BadSearch(error) => {
                ("That search cannot be read", words::sentence(&words::plain(&error.to_string())), TO_QUEUE)
            }
            OfficeError::CannotSay(why) => ("That cannot be said", words::sentence(why), TO_QUEUE),
            OfficeError::NoSuchCase => {
                ("Nothing here", "There is no case of that number.".to_owned(), TO_QUEUE)
            }
            OfficeError::NoSuchOrder => {
                ("Nothing here", "There is no order of that number.".to_owned(), ("/bulk", "Go to the orders"))
            }
            OfficeError::CasesChanged => (
                "The cases have changed",
                "Since they were shown others came to fit, or something happened to one of them, so nothing was ordered. Go back, look again, then order.".to_owned(),
                TO_QUEUE,
            ),
            OfficeError::Refused(refusal) => {
                ("The case does not take that", words::sentence(&refusal.to_string()), TO_QUEUE)
            }
            OfficeError::Changed => (
                "The case has changed",
                "It moved on since you opened it, so nothing was recorded. Look again, then decide.".to_owned(),
                TO_QUEUE,
            ),
            OfficeError::WrongPassword => (
                "That name and password do not go together",
                "Check the name, then type the password again.".to_owned(),
                TO_LOGIN,
            ),
            OfficeError::WrongCode => (
                "That code is not right",
                "It may be old, or used already. Wait for the next one and type it.".to_owned(),
                TO_LOGIN,
            ),
            OfficeError::Forbidden(why) => (
                "That is not yours to do",
                format!("{} Nothing was changed. An admin can give it to you.", words::sentence(why)),
                TO_QUEUE,
            ),
            OfficeError::TooManyTries { retry_after } => ("Too many tries", too_many(*retry_after), TO_LOGIN),
            OfficeError::Unavailable(_) => (
                "The desk cannot answer just now",
                "Its store did not answer. Accepted mail is safe and blocks stay as they are. Try again in a minute; if it stays so, look at the log of nightdesk.".to_owned(),
                TO_QUEUE,
            ),
        }
    }

    fn retry_after(&self) -> Option<i64> {
        match self {
            Trouble::Office(OfficeError::TooManyTries { retry_after }) => Some(retry_after.as_secs().max(1)),
            Trouble::TooSlow | Trouble::Office(OfficeError::Unavailable(_)) => Some(60),
            _ => None,
        }
    }
}

/// What somebody who tried too often is told.
pub(crate) fn too_many(retry_after: SignedDuration) -> String {
    format!(
        "There were too many tries for this name from this address, so this one was not looked at. Wait {}, then try once more.",
        words::span(retry_after)
    )
}

/// Carried through the doors until [`on_every_failure`] draws it for whoever asked.
#[derive(Clone)]
struct Undrawn(Arc<Trouble>);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Undrawn(Arc::new(self)));
        response
    }
}

/// Turns every failure below, ours or the framework's, into one plain page or, below `/api/`, one problem (RFC 9457).
pub(crate) async fn on_every_failure(visitor: Visitor, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let by_htmx = request.headers().contains_key("hx-request");
    let response = next.run(request).await;
    let trouble = match response.extensions().get::<Undrawn>() {
        Some(Undrawn(trouble)) => Arc::clone(trouble),
        None if response.status().as_u16() >= 400 && !already_said(response.headers()) => {
            Arc::new(unsaid(response.status()))
        }
        None => return response,
    };
    if matches!(*trouble, Trouble::NotLoggedIn) && !path.starts_with("/api/") {
        return to_login(&visitor, by_htmx);
    }
    draw(&trouble, &visitor, &path)
}

fn already_said(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html") || kind.starts_with("application/json") || kind.starts_with(PROBLEM)
}

/// What the framework meant by a bare status.
fn unsaid(status: StatusCode) -> Trouble {
    match status {
        StatusCode::NOT_FOUND => Trouble::NotFound("page"),
        StatusCode::METHOD_NOT_ALLOWED => Trouble::WrongMethod,
        StatusCode::PAYLOAD_TOO_LARGE => Trouble::TooLarge,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Trouble::Misread("Something is missing from the request or has the wrong form".to_owned())
        }
        other => Trouble::Unsaid(other),
    }
}

/// Sends a stranger to the login page and back afterwards; htmx is told to load the whole page.
fn to_login(visitor: &Visitor, by_htmx: bool) -> Response {
    let ended = if visitor.was_logged_in { "&ended=1" } else { "" };
    let to = format!("/login?next={}{ended}", words::for_query(&visitor.here));
    let Ok(to) = HeaderValue::from_str(&to) else { return StatusCode::BAD_REQUEST.into_response() };
    if by_htmx {
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", to)]).into_response();
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    chrome: Chrome,
    title: &'a str,
    text: &'a str,
    next_href: &'a str,
    next_label: &'a str,
    status: u16,
}

/// The page or JSON object of a failure.
pub(crate) fn draw(trouble: &Trouble, visitor: &Visitor, path: &str) -> Response {
    let words = trouble.words();
    if words.status.is_server_error() {
        tracing::error!(path = %words::printable(path), error = %words::printable(&trouble.to_string()), "request failed");
    }
    let mut response = if path.starts_with("/api/") {
        let body = serde_json::json!({
            "type": "about:blank", "title": words.title, "status": words.status.as_u16(), "detail": words.text,
        });
        (words.status, [(header::CONTENT_TYPE, PROBLEM)], body.to_string()).into_response()
    } else {
        page(&words, visitor)
    };
    if let Some(seconds) = trouble.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn page(words: &Words, visitor: &Visitor) -> Response {
    let page = TroublePage {
        chrome: Chrome::of(visitor, ""),
        title: words.title,
        text: &words.text,
        next_href: words.next.0,
        next_label: words.next.1,
        status: words.status.as_u16(),
    };
    match page.render() {
        Ok(text) => (words.status, Html(text)).into_response(),
        Err(_) => (words.status, Body::from(words.title)).into_response(),
    }
}
