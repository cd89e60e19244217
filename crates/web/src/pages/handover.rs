//! The hand-over of a shift: what the next one has to know, on one page that prints.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use desk::{Handover, PageStanding, ShiftDeed};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::pages::rows::{RowView, When};
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

#[derive(Template)]
#[template(path = "handover.html")]
struct HandoverPage {
    chrome: Chrome,
    from: When,
    to: When,
    since: String,
    asked_since: String,
    misread: bool,
    last: Option<(String, When, String)>,
    wrong: Vec<String>,
    needs: Vec<NeedView>,
    nothing_needs: bool,
    inbox: Option<String>,
    inbox_late: bool,
    pages: Vec<PageLine>,
    pages_over: String,
    counts: Vec<(&'static str, usize)>,
    moved: Vec<DeedLine>,
    more_moved: usize,
    notes: Vec<DeedLine>,
    more_notes: usize,
    cut_short: bool,
    on_duty: Vec<(String, String, String)>,
    next: Vec<(String, String, When)>,
    may_work: bool,
    handed: bool,
}

/// Open cases that need somebody.
struct NeedView {
    what: &'static str,
    link: String,
    total: usize,
    more: usize,
    rows: Vec<RowView>,
}

/// A page as a line.
struct PageLine {
    id: String,
    headline: String,
    opened: When,
    state: String,
    waits: bool,
}

/// One thing that happened.
struct DeedLine {
    case: String,
    at: When,
    by: String,
    what: String,
    why: String,
}

/// From when the shift is looked at, and whether it was handed over just now.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    since: String,
    #[serde(default)]
    done: String,
}

impl Asked {
    /// The moment, where one is given; an error where it is none.
    fn moment(&self) -> Result<Option<Timestamp>, ()> {
        let text = self.since.trim();
        if text.is_empty() {
            return Ok(None);
        }
        words::moment(text).map(Some).ok_or(())
    }
}

/// `GET /handover?since=`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let since = asked.moment();
    let view = app.office.handover(since.unwrap_or_default(), visitor.name()).await?;
    let status = if since.is_err() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut page = page(&visitor, &view);
    (page.misread, page.handed) = (since.is_err(), asked.done == "yes");
    page.asked_since = asked.since;
    draw(status, &page)
}

/// `GET /api/v1/handover?since=`.
pub(crate) async fn api(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let since = asked
        .moment()
        .map_err(|()| Trouble::Misread("since is no moment such as 2026-11-27T22:00Z".to_owned()))?;
    Ok(Json(app.office.handover(since, visitor.name()).await?).into_response())
}

/// What is said to the next shift.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    note: String,
}

/// `POST /handover`.
pub(crate) async fn hand_over(
    State(app): State<App>,
    Operator(operator): Operator,
    Form(sent): Form<Sent>,
) -> Result<Response, Trouble> {
    app.office.hand_over(&sent.note, &operator).await?;
    Ok(Redirect::to("/handover?done=yes").into_response())
}

/// `POST /api/v1/handover`.
#[derive(Debug, Deserialize)]
pub(crate) struct Noted {
    note: String,
}

/// The same for programs.
pub(crate) async fn api_hand_over(
    State(app): State<App>,
    Operator(operator): Operator,
    Json(sent): Json<Noted>,
) -> Result<Response, Trouble> {
    app.office.hand_over(&sent.note, &operator).await?;
    Ok(Json(json!({ "handed_over": true })).into_response())
}

fn page(visitor: &Visitor, view: &Handover) -> HandoverPage {
    let now = view.to;
    let when = |at: Timestamp| When::new(now, at);
    let nobody = || "nobody".to_owned();
    HandoverPage {
        chrome: Chrome::of(visitor, "handover"),
        from: when(view.from),
        to: when(view.to),
        since: words::plain(&view.since),
        asked_since: String::new(),
        misread: false,
        last: view.last.as_ref().map(|last| (last.who.clone(), when(last.at), last.why.clone())),
        wrong: view.wrong.iter().map(|why| words::plain(why)).collect(),
        nothing_needs: view.needs.iter().all(|need| need.total == 0)
            && view.pages.is_empty()
            && view.inbox.waiting == 0,
        inbox: (view.inbox.waiting > 0).then(|| {
            words::count(
                usize::try_from(view.inbox.waiting).unwrap_or(usize::MAX),
                "message waits",
                "messages wait",
            )
        }),
        inbox_late: view.inbox.late,
        needs: view.needs.iter().filter(|need| need.total > 0).map(|need| need_view(need, now)).collect(),
        pages: view.pages.iter().map(|one| page_line(&one.page, now)).collect(),
        pages_over: words::count(view.pages_over, "page", "pages"),
        counts: view.counts.iter().map(|count| (count.what, count.cases)).collect(),
        moved: view.moved.iter().map(|deed| deed_line(deed, now)).collect(),
        more_moved: view.more_moved,
        notes: view.notes.iter().map(|deed| deed_line(deed, now)).collect(),
        more_notes: view.more_notes,
        cut_short: view.cut_short,
        on_duty: view
            .on_duty
            .iter()
            .map(|one| {
                let until = one.until_there.clone().map(|until| format!("until {until}")).unwrap_or_default();
                (one.schedule.clone(), one.person.clone().unwrap_or_else(nobody), until)
            })
            .collect(),
        next: view
            .next
            .iter()
            .map(|one| (one.schedule.clone(), one.person.clone().unwrap_or_else(nobody), when(one.from)))
            .collect(),
        may_work: visitor.may(desk::Right::Work),
        handed: false,
    }
}

fn need_view(need: &desk::Need, now: Timestamp) -> NeedView {
    let rows: Vec<RowView> = need.rows.iter().take(8).map(|row| RowView::new(row, now)).collect();
    NeedView {
        what: need.what,
        link: words::for_query(need.search),
        total: need.total,
        more: need.total.saturating_sub(rows.len()),
        rows,
    }
}

fn page_line(page: &desk::Page, now: Timestamp) -> PageLine {
    let (state, waits) = match &page.standing {
        PageStanding::Acknowledged { by, .. } => (format!("{by} looks at it"), false),
        _ => ("nobody has answered".to_owned(), true),
    };
    PageLine {
        id: page.id.to_string(),
        headline: words::plain(&page.headline()),
        opened: When::new(now, page.opened),
        state,
        waits,
    }
}

fn deed_line(deed: &ShiftDeed, now: Timestamp) -> DeedLine {
    DeedLine {
        case: deed.case.to_string(),
        at: When::new(now, deed.at),
        by: deed.by.to_string(),
        what: words::plain(&deed.what),
        why: words::plain(&deed.why),
    }
}
