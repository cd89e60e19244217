//! The link that a page carries: looking shows what it is about, and a press of the button says that one looks at it.
//!
//! Nobody logs in here: whoever has the link was rung. A mail program that looks ahead presses no button.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use desk::{Acknowledged, Page, PageId, PageStanding};

use crate::App;
use crate::pages::Chrome;
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

#[derive(Template)]
#[template(path = "page_link.html")]
struct LinkPage {
    chrome: Chrome,
    here: String,
    page: String,
    person: String,
    severity: &'static str,
    subjects: Vec<(String, String)>,
    more: usize,
    /// What came of the press, or how it stands.
    news: String,
    may_press: bool,
}

const GONE: &str = "page behind this link";
/// How many subjects are shown.
const SHOWN: usize = 30;

type Link = (String, u32, String);

/// `GET /ack/{page}/{ring}/{mark}`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(link): Path<Link>,
) -> Result<Response, Trouble> {
    answer(&app, &visitor, &link, None).await
}

/// `POST /ack/{page}/{ring}/{mark}`.
pub(crate) async fn press(
    State(app): State<App>,
    visitor: Visitor,
    Path(link): Path<Link>,
) -> Result<Response, Trouble> {
    let (page, ring, mark) = &link;
    let id: PageId = page.parse().map_err(|_| Trouble::NotFound(GONE))?;
    let outcome = app.office.acknowledge_by_link(id, *ring, mark).await?;
    answer(&app, &visitor, &link, Some(outcome)).await
}

async fn answer(
    app: &App,
    visitor: &Visitor,
    (page, ring, mark): &Link,
    outcome: Option<Acknowledged>,
) -> Result<Response, Trouble> {
    let id: PageId = page.parse().map_err(|_| Trouble::NotFound(GONE))?;
    let found = app.office.page_of_link(id, *ring, mark).await?;
    let (page, person) = found.ok_or(Trouble::NotFound(GONE))?;
    let may_press = outcome.is_none() && page.is_answered_by(*ring);
    let news = match outcome {
        Some(outcome) => said(&outcome),
        None => stands(&page, may_press),
    };
    let subject = |subject: &desk::PageSubject| {
        (subject.case.map(|case| case.to_string()).unwrap_or_default(), words::plain(&subject.what))
    };
    let shown = LinkPage {
        chrome: Chrome::of(visitor, ""),
        here: format!("/ack/{id}/{ring}/{mark}"),
        page: id.to_string(),
        person,
        severity: page.severity.name(),
        subjects: page.subjects.iter().take(SHOWN).map(subject).collect(),
        more: page.count().saturating_sub(SHOWN),
        news,
        may_press,
    };
    let mut response = (StatusCode::OK, Html(shown.render()?)).into_response();
    // The link is a secret: no search engine and no cache keeps it.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    Ok(response)
}

fn said(outcome: &Acknowledged) -> String {
    match outcome {
        Acknowledged::Yes { by } => format!("It is yours now, {by}. It comes back if nothing happens."),
        Acknowledged::Before { by } => format!("{by} looks at it already."),
        Acknowledged::Over { why } => format!("It needs nobody any more: {}", words::plain(why)),
        Acknowledged::Late => "It has come back since this link was sent: use the newest one.".to_owned(),
        Acknowledged::NoSuchPage => String::new(),
    }
}

fn stands(page: &Page, may_press: bool) -> String {
    match &page.standing {
        PageStanding::Acknowledged { by, .. } => format!("{by} looks at it."),
        PageStanding::Resolved { why, .. } => format!("It needs nobody any more: {}", words::plain(why)),
        PageStanding::Open if may_press => "Nobody has answered yet.".to_owned(),
        PageStanding::Open => "It has come back since this link was sent: use the newest one.".to_owned(),
    }
}
