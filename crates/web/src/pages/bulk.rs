//! One wish for many cases: shown case by case, ordered with a reason, and taken back.

use askama::Template;
use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{BulkAction, BulkView, BulkWish};
use jiff::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::api::bulk::{action, number};
use crate::office::OfficeError;
use crate::pages::rows::{RowView, When};
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

#[derive(Template)]
#[template(path = "bulk.html")]
struct PreviewPage {
    chrome: Chrome,
    search: String,
    search_link: String,
    action: &'static str,
    to: String,
    words: String,
    rows: Vec<(RowView, Option<String>)>,
    would: String,
    none: bool,
    too_many: bool,
    at_most: usize,
    seconds: i64,
    mark: String,
}

#[derive(Template)]
#[template(path = "bulk_orders.html")]
struct OrdersPage {
    chrome: Chrome,
    orders: Vec<OrderLine>,
}

#[derive(Template)]
#[template(path = "bulk_order.html")]
struct OrderPage {
    chrome: Chrome,
    order: OrderLine,
    waits: bool,
    may_undo: bool,
    done: Vec<String>,
    left: Vec<(String, String)>,
}

/// An order as a line.
struct OrderLine {
    id: u64,
    words: String,
    search: String,
    reason: String,
    by: String,
    at: When,
    state: String,
    cases: String,
}

/// `GET /bulk?q=…&action=…`, or with `of=selected` and the cases themselves; without an action the orders so far.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    if asked.action.is_empty() {
        return orders(&app, &visitor).await;
    }
    let operator = visitor.name();
    let wanted = action(&asked.action, &asked.to, operator)?;
    let search = asked.search()?;
    let preview = app.office.preview_bulk(&search, &wanted, operator).await?;
    let now = app.office.now();
    let page = PreviewPage {
        chrome: Chrome::of(&visitor, "queue"),
        action: wanted.name(),
        to: asked.to,
        words: in_words(&wanted),
        rows: preview
            .lines
            .iter()
            .map(|line| (RowView::new(&line.row, now), line.refused.as_deref().map(words::plain)))
            .collect(),
        would: words::count(preview.would, "case", "cases"),
        none: preview.would == 0,
        too_many: preview.too_many,
        at_most: desk::BULK_AT_MOST,
        seconds: desk::UNDO_FOR.as_secs(),
        mark: preview.mark,
        search_link: words::for_query(&search),
        search,
    };
    draw(StatusCode::OK, &page)
}

/// What the form of the queue sends. A browser sends every selected case under the same name.
#[derive(Debug, Default)]
struct Asked {
    search: String,
    action: String,
    to: String,
    selected: bool,
    cases: Vec<String>,
}

impl Asked {
    fn read(query: &str) -> Asked {
        let mut asked = Asked { to: "me".to_owned(), ..Asked::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => asked.search = value.trim().to_owned(),
                "action" => asked.action = value.into_owned(),
                "to" => asked.to = value.into_owned(),
                "of" => asked.selected = value == "selected",
                "case" => asked.cases.push(value.into_owned()),
                _ => {}
            }
        }
        asked
    }

    fn search(&self) -> Result<String, Trouble> {
        match (self.selected, self.cases.is_empty()) {
            (false, _) => Ok(self.search.clone()),
            (true, false) => Ok(format!("case:{}", self.cases.join(","))),
            (true, true) => {
                Err(Trouble::Misread("No case is selected: tick some, or ask it of all".to_owned()))
            }
        }
    }
}

/// What the page of a preview sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    q: String,
    action: String,
    #[serde(default)]
    to: String,
    reason: String,
    mark: String,
}

/// `POST /bulk`.
pub(crate) async fn order(
    State(app): State<App>,
    Operator(operator): Operator,
    Form(sent): Form<Sent>,
) -> Result<Response, Trouble> {
    let action = action(&sent.action, &sent.to, &operator)?;
    let wish = BulkWish { search: sent.q.trim().to_owned(), action, reason: sent.reason };
    let order = app.office.order_bulk(&wish, &sent.mark, &operator).await?;
    Ok(Redirect::to(&format!("/bulk/{order}")).into_response())
}

async fn orders(app: &App, visitor: &Visitor) -> Result<Response, Trouble> {
    let now = app.office.now();
    let orders = app.office.bulks().await?.iter().map(|view| line(view, now)).collect();
    draw(StatusCode::OK, &OrdersPage { chrome: Chrome::of(visitor, "queue"), orders })
}

/// `GET /bulk/{order}`.
pub(crate) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(order): Path<String>,
) -> Result<Response, Trouble> {
    let view = app.office.bulk(number(&order)?).await?.ok_or(OfficeError::NoSuchOrder)?;
    let page = OrderPage {
        chrome: Chrome::of(&visitor, "queue"),
        order: line(&view, app.office.now()),
        waits: view.state == "waiting",
        may_undo: view.can_undo && visitor.may(desk::Right::Work),
        done: view.outcome.done.iter().map(|(case, _, _)| case.to_string()).collect(),
        left: view.outcome.left.iter().map(|(case, why)| (case.to_string(), words::plain(why))).collect(),
    };
    draw(StatusCode::OK, &page)
}

/// `POST /bulk/{order}`: takes it back, or puts back what it did.
pub(crate) async fn undo(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(order): Path<String>,
) -> Result<Response, Trouble> {
    let view = app.office.undo_bulk(number(&order)?, &operator).await?;
    Ok(Redirect::to(&format!("/bulk/{}", view.id)).into_response())
}

fn in_words(action: &BulkAction) -> String {
    match action {
        BulkAction::Dismiss => "Dismiss: each ends as nothing".to_owned(),
        BulkAction::Reopen => "Reopen: what is known of each is judged anew".to_owned(),
        BulkAction::Assign { to: None } => "Nobody has them any longer".to_owned(),
        BulkAction::Assign { to: Some(name) } => format!("{} has them", words::plain(name)),
        BulkAction::Recheck => "Recheck: each line is probed".to_owned(),
        BulkAction::Release => "Release: the blocks of each are lifted".to_owned(),
        BulkAction::Note => "A note on each".to_owned(),
    }
}

fn line(view: &BulkView, now: Timestamp) -> OrderLine {
    let by = view.outcome.undone_by.as_deref().unwrap_or("nobody");
    let settled = view.settled.map(words::stamp).unwrap_or_default();
    let state = match view.state.as_str() {
        "waiting" => format!("waits; it is done at {} UTC", view.due.strftime("%H:%M:%S")),
        "undone" => format!("taken back by {by} at {settled} UTC; nothing was done"),
        "put-back" => format!("put back by {by} at {settled} UTC"),
        _ => format!("done at {settled} UTC"),
    };
    OrderLine {
        id: view.id,
        words: in_words(&view.wish.action),
        search: words::plain(&view.wish.search),
        reason: words::plain(&view.wish.reason),
        by: words::plain(&view.by),
        at: When::new(now, view.at),
        state: words::plain(&state),
        cases: words::count(view.cases.len(), "case", "cases"),
    }
}
