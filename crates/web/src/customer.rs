//! The customer's own page, behind a link that nobody can guess: what was seen, how to clean it, a test, an answer.
//!
//! Nobody logs in here. Whoever has the link is the customer, for the one case it was made for, until it ends. The page works
//! without scripts and in six languages, and says nothing to search engines and to those it links to.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use desk::{CustomerAnswer, CustomerView, GardenAnswer, GardenOutcome};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::assets;
use crate::garden::language::{self, Words};
use crate::garden::page::{news, seen};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// How often one link may be asked for in a minute: a page that looks again by itself asks twenty times.
const OF_LINK: u32 = 60;
/// How often links that there are not may be asked for in a minute, by all together.
const OF_NOBODY: u32 = 300;
/// How many links are counted at a time.
const COUNTED: usize = 4096;
/// What links that there are not are counted as.
const NOBODY: &str = "";

/// How often links were asked for in this minute.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<HashMap<String, (Timestamp, u32)>>);

impl Asked {
    /// Counts one request; whether it is one too many.
    fn is_too_many(&self, token: &str, limit: u32, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = SignedDuration::from_mins(1);
        if counts.len() >= COUNTED {
            counts.retain(|_, (since, _)| now.duration_since(*since) < minute);
        }
        if counts.len() >= COUNTED && !counts.contains_key(token) {
            return true;
        }
        let (since, times) = counts.entry(token.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= minute {
            (*since, *times) = (now, 0);
        }
        *times = times.saturating_add(1);
        *times > limit
    }
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    words: &'static Words,
    style: &'static str,
    languages: Vec<(&'static str, &'static str)>,
    token: String,
    csrf: String,
    gone: bool,
    over: bool,
    blocked: bool,
    case: String,
    until: String,
    seen: Vec<(String, String)>,
    news: String,
    running: bool,
    may_test: bool,
    kept: bool,
    takes_answers: bool,
    expires: String,
    contact: String,
}

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    lang: String,
    /// What came of the last press of a button.
    #[serde(default)]
    said: String,
}

/// `GET /c/{token}`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let now = app.office.now();
    if app.customers.is_too_many(&token, OF_LINK, now) {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    // Looking ahead is not opening; nor is what a button leads back to.
    let opened =
        method == Method::GET && wanted.said.is_empty() && wanted.lang.is_empty() && !is_ahead(&headers);
    let view = app.office.customer(&token, opened).await?;
    if view.is_none() && app.customers.is_too_many(NOBODY, OF_NOBODY, now) {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    let written_in = view.as_ref().map_or("", |view| view.language.as_str());
    let asked = if wanted.lang.is_empty() { written_in } else { wanted.lang.as_str() };
    let words = language::choose(asked, &headers).ok_or(Trouble::NotFound("language"))?;
    let status = if view.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let page = page(words, &token, &visitor.form_token, view.as_ref(), &wanted.said);
    let running = page.running;
    let mut response = (status, Html(page.render()?)).into_response();
    let to_keep = response.headers_mut();
    to_keep.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(words.tag.as_str()));
    // The link is a secret: no search engine and no cache keeps it. That other sites do not learn where somebody came from
    // is said of every page.
    to_keep.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    to_keep.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    if running {
        to_keep.insert(header::REFRESH, HeaderValue::from_static("3"));
    }
    Ok(response)
}

/// Whether a browser or a mail program only fetches a page in case somebody will want it.
fn is_ahead(headers: &HeaderMap) -> bool {
    let purpose = ["sec-purpose", "purpose", "x-moz", "x-purpose"];
    let mut said =
        purpose.iter().filter_map(|name| headers.get(*name)).filter_map(|value| value.to_str().ok());
    said.any(|value| value.contains("prefetch") || value.contains("preview"))
}

fn page(
    words: &'static Words,
    token: &str,
    csrf: &str,
    view: Option<&CustomerView>,
    said: &str,
) -> CustomerPage {
    let outcome = view.and_then(|view| view.guest.last).map(|(_, outcome)| outcome);
    let open = view.is_some_and(|view| !view.is_over);
    let running = open && outcome == Some(GardenOutcome::Running);
    let (news, _) = news(words, outcome, said, false);
    let guest = view.map(|view| &view.guest);
    let seen_of = |view: &CustomerView| view.guest.seen.iter().map(|one| seen(words, one)).collect();
    CustomerPage {
        style: assets::address("garden.css"),
        languages: language::all().iter().map(|one| (one.tag.as_str(), one.own_name.as_str())).collect(),
        token: if view.is_some() { token.to_owned() } else { String::new() },
        csrf: csrf.to_owned(),
        gone: view.is_none(),
        over: view.is_some_and(|view| view.is_over),
        blocked: guest.is_some_and(|guest| guest.until.is_some()),
        case: view.map(|view| view.case.to_string()).unwrap_or_default(),
        until: guest.and_then(|guest| guest.until).map(words::stamp).unwrap_or_default(),
        seen: view.map(seen_of).unwrap_or_default(),
        may_test: open && !running && guest.is_some_and(|guest| guest.releases_left > 0),
        kept: said == "kept",
        takes_answers: view.is_some_and(|view| view.takes_answers) && said != "enough",
        expires: view.map(|view| words::stamp(view.expires)).unwrap_or_default(),
        contact: view.map(|view| view.contact.clone()).unwrap_or_default(),
        words,
        news,
        running,
    }
}

/// A form of the page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    /// `test` or `answer`.
    #[serde(default)]
    press: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    text: String,
}

/// `POST /c/{token}`.
pub(crate) async fn press(
    State(app): State<App>,
    Path(token): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Trouble> {
    if app.customers.is_too_many(&token, OF_LINK, app.office.now()) {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    let gone = || Trouble::NotFound("page");
    let said = match pressed.press.as_str() {
        "test" => match app.office.customer_tests(&token).await?.ok_or_else(gone)? {
            GardenAnswer::TooSoon => "too-soon",
            GardenAnswer::Person => "person",
            GardenAnswer::Begun | GardenAnswer::Running | GardenAnswer::NothingBlocked => "test",
        },
        "answer" => match app.office.customer_says(&token, &pressed.text).await? {
            CustomerAnswer::Kept => "kept",
            CustomerAnswer::Blank => "blank",
            CustomerAnswer::Enough => "enough",
            CustomerAnswer::NoLink => return Err(gone()),
        },
        _ => return Err(Trouble::Misread("The form says neither test nor answer".to_owned())),
    };
    // Only what we know ourselves goes into an address.
    let lang =
        language::all().iter().find(|words| words.tag == pressed.lang).map_or("", |words| words.tag.as_str());
    let known: String = token.chars().filter(char::is_ascii_hexdigit).take(64).collect();
    Ok(Redirect::to(&format!("/c/{known}?lang={lang}&said={said}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_asked_for_so_often_in_a_minute_and_the_next_again() {
        let asked = Asked::default();
        let now = Timestamp::UNIX_EPOCH;
        let often = (0..OF_LINK).filter(|_| asked.is_too_many("a", OF_LINK, now)).count();
        assert_eq!((often, asked.is_too_many("a", OF_LINK, now)), (0, true));
        assert!(!asked.is_too_many("b", OF_LINK, now), "another's is another's");
        assert!(!asked.is_too_many("a", OF_LINK, now + SignedDuration::from_mins(1)));
    }

    #[test]
    fn what_is_fetched_ahead_is_not_opened() {
        let mut headers = HeaderMap::new();
        assert!(!is_ahead(&headers));
        headers.insert("sec-purpose", HeaderValue::from_static("prefetch;prerender"));
        assert!(is_ahead(&headers));
    }
}
