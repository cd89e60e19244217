//! The one page of the garden, and its two forms.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use desk::{GardenAnswer, GardenGuest, GardenOutcome, GardenSeen, GardenWhat};
use serde::Deserialize;

use super::Plot;
use super::captive;
use super::language::{self, Words};
use super::source::Source;
use crate::words;

/// The style sheet, which browsers may keep for an hour: it has no name of its own per version.
const STYLE: &str = include_str!("../../assets/garden.css");

#[derive(Template)]
#[template(path = "garden.html")]
struct GardenPage {
    words: &'static Words,
    languages: Vec<(&'static str, &'static str)>,
    known: bool,
    contained: bool,
    case: String,
    until: String,
    seen: Vec<(String, String)>,
    /// What came of the newest test, or of the last press of the button.
    news: String,
    good: bool,
    running: bool,
    /// What the address says when the page looks again: another word than now, for a browser goes nowhere when only the
    /// place within the page would change.
    next_look: &'static str,
    may_test: bool,
    contact: String,
    mail_open: bool,
    mail_asked: bool,
    /// Whether the line is here for its firewall alone, since when, and whether the customer's word lets it out.
    firewall: bool,
    firewall_since: String,
    may_promise: bool,
}

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    lang: String,
    /// What came of the last press of the button.
    #[serde(default)]
    said: String,
    /// Said by our own redirect, so that no server in front of the garden makes a circle of it.
    #[serde(default)]
    here: String,
}

/// `GET /`.
pub(super) async fn show(
    State(plot): State<Plot>,
    Source(address): Source,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    if let Some(url) = plot.config.url.as_deref().filter(|url| is_elsewhere(url, &headers))
        && asked.here.is_empty()
    {
        return captive::to_page(Some(&format!("{url}?here=1")));
    }
    let guest = match plot.desk.guest(address).await {
        Ok(guest) => guest,
        Err(error) => return broken(&error),
    };
    let Some(words) = language::choose(&asked.lang, &headers) else { return unmade() };
    match page(words, &guest, &asked, &plot.config.contact).render() {
        Ok(html) => ([(header::CONTENT_LANGUAGE, words.tag.as_str())], Html(html)).into_response(),
        Err(_) => unmade(),
    }
}

/// Whether a page was asked for under another name than the garden's own: that of a site that does not know of us, and
/// answers there again once the line is let out.
fn is_elsewhere(url: &str, headers: &HeaderMap) -> bool {
    let own = url.split_once("://").map_or(url, |(_, rest)| rest);
    let own = own.split(['/', '?', '#']).next().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    !own.is_empty() && !host.eq_ignore_ascii_case(own)
}

fn page(words: &'static Words, guest: &GardenGuest, asked: &Asked, contact: &str) -> GardenPage {
    let outcome = guest.last.map(|(_, outcome)| outcome);
    let contained = guest.contained.is_some();
    let running = contained && outcome == Some(GardenOutcome::Running);
    let (news, good) = news(words, outcome, &asked.said, contained);
    GardenPage {
        languages: language::all().iter().map(|one| (one.tag.as_str(), one.own_name.as_str())).collect(),
        known: guest.subscriber.is_some(),
        case: guest.contained.map(|case| case.to_string()).unwrap_or_default(),
        until: guest.until.map(words::stamp).unwrap_or_default(),
        seen: guest.seen.iter().map(|one| seen(words, one)).collect(),
        may_test: contained && !running && guest.releases_left > 0,
        contact: contact.to_owned(),
        mail_open: guest.mail_open,
        mail_asked: guest.mail_asked,
        firewall: guest.firewall.is_some() && !contained,
        firewall_since: guest.firewall.map(|one| words::stamp(one.since)).unwrap_or_default(),
        may_promise: guest.firewall.is_some_and(|one| one.promises_left > 0),
        words,
        contained,
        news,
        good,
        running,
        next_look: if asked.here == "1" { "2" } else { "1" },
    }
}

/// What there is to say of the newest test.
pub(crate) fn news(
    words: &Words,
    outcome: Option<GardenOutcome>,
    said: &str,
    contained: bool,
) -> (String, bool) {
    let of_outcome = |outcome| match outcome {
        GardenOutcome::Running => &words.running,
        GardenOutcome::Released => &words.released,
        GardenOutcome::StillOpen => &words.still_open,
        GardenOutcome::AtWork => &words.at_work,
        GardenOutcome::NotAsked => &words.not_asked,
    };
    let text = match (said, outcome) {
        ("too-soon", _) => Some(&words.too_soon),
        ("person", _) => Some(&words.person),
        // Let out once, and in again for something new: the old news is none.
        (_, Some(GardenOutcome::Released)) if contained => None,
        (_, outcome) => outcome.map(of_outcome),
    };
    let good = outcome == Some(GardenOutcome::Released) && !contained;
    (text.cloned().unwrap_or_default(), good)
}

pub(crate) fn seen(words: &Words, one: &GardenSeen) -> (String, String) {
    let what = match one.what {
        GardenWhat::OpenProxy => &words.open_proxy,
        GardenWhat::OpenRelay => &words.open_relay,
        GardenWhat::Relaying => &words.relaying,
        GardenWhat::Staff => &words.staff,
    };
    let port = one.port.map(|port| format!(" ({} {port})", words.port)).unwrap_or_default();
    (format!("{} UTC", words::stamp(one.at)), format!("{what}{port}"))
}

/// A form of the page: in which language it was.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Pressed {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    reason: String,
}

/// `POST /test`.
pub(super) async fn test(
    State(plot): State<Plot>,
    Source(address): Source,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Response {
    if !is_own_form(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match plot.desk.test(address).await {
        Ok(GardenAnswer::TooSoon) => back(&pressed.lang, "too-soon"),
        Ok(GardenAnswer::Person) => back(&pressed.lang, "person"),
        Ok(GardenAnswer::Begun | GardenAnswer::Running | GardenAnswer::NothingBlocked) => {
            back(&pressed.lang, "")
        }
        Err(error) => broken(&error),
    }
}

/// `POST /firewall`.
pub(super) async fn firewall(
    State(plot): State<Plot>,
    Source(address): Source,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Response {
    if !is_own_form(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match plot.desk.promise(address).await {
        Ok(_) => back(&pressed.lang, ""),
        Err(error) => broken(&error),
    }
}

/// `POST /mail`.
pub(super) async fn mail(
    State(plot): State<Plot>,
    Source(address): Source,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Response {
    if !is_own_form(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    // A wish without words is none; the page comes back as it was.
    if pressed.reason.trim().is_empty() {
        return back(&pressed.lang, "");
    }
    match plot.desk.ask_for_mail(address, &pressed.reason).await {
        Ok(_) => back(&pressed.lang, ""),
        Err(error) => broken(&error),
    }
}

/// `GET /garden.css`.
pub(super) async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, STYLE).into_response()
}

/// Whether a form is not sent by another site in the customer's browser. Old and small browsers say nothing of it: a test
/// that somebody else asks for harms nobody.
fn is_own_form(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text("host").unwrap_or_default();
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    site && origin.is_none_or(|(_, name)| name == host)
}

fn back(lang: &str, said: &str) -> Response {
    // Only one of our own tags goes into an address.
    let lang = language::all().iter().find(|words| words.tag == lang).map_or("", |words| words.tag.as_str());
    Redirect::to(&format!("/?lang={lang}&said={said}#test")).into_response()
}

fn broken(error: &crate::OfficeError) -> Response {
    tracing::error!(%error, "the walled garden could not answer");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn unmade() -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
