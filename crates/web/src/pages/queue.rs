//! The queue: tonight in one strip, then what is most pressing.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use case::{QueryError, SEARCH_WORDS};
use desk::{CheckView, EdgeStatus, Front, QueuePage};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::rows::{Badge, RowView, When};
use crate::pages::traffic::TrafficPart;
use crate::pages::{Chrome, draw, page_number};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// An edge that was not read back for so long is not known: the reconcile loop reads it at least every minute.
const EDGE_STALE: SignedDuration = SignedDuration::from_mins(5);
/// The height of the drawing in its own units.
const PLOT_HEIGHT: u64 = 40;

#[derive(Template)]
#[template(path = "queue.html")]
struct QueueView {
    chrome: Chrome,
    tonight: Tonight,
    search: String,
    shown: Shown,
    /// Why the search was not understood, and the words it is about.
    problem: Option<(String, String)>,
    help: &'static [(&'static str, &'static str, &'static str)],
    /// Whether whoever looks may ask something of cases.
    may_work: bool,
    rows: Vec<RowView>,
}

/// The counts of the front.
struct Tonight {
    stages: Vec<(Badge, usize)>,
    ended: u64,
    orphans: u64,
    inbox: String,
    inbox_late: bool,
    inbox_oldest: Option<When>,
    unreadable: u64,
    accepted: u64,
    edge: EdgeLine,
    /// What of our own does not work: what, since when, what was seen.
    failing: Vec<Failing>,
    hours: Vec<HourBar>,
    busiest: u64,
    accepted_48h: u64,
    opened_48h: u64,
    traffic: Option<TrafficPart>,
    now: When,
}

/// Something of our own that does not work.
struct Failing {
    subject: String,
    note: String,
    since: When,
}

/// The edge in a line.
struct EdgeLine {
    outlet: String,
    in_force: String,
    read: Option<When>,
    stale: bool,
    trouble: Option<String>,
}

/// An hour as a row of the table and a bar of the drawing.
struct HourBar {
    at: String,
    machine: String,
    epoch: i64,
    accepted: u64,
    opened: u64,
    x: usize,
    y: u64,
    height: u64,
    opened_y: u64,
    opened_height: u64,
}

/// Which part of the queue is shown.
struct Shown {
    total: String,
    one: bool,
    page: usize,
    pages: usize,
    previous: Option<String>,
    next: Option<String>,
    all_open: bool,
}

/// `?q=…&page=…`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) page: String,
}

impl Asked {
    /// The search; one that is too long is refused where it is read, never cut: a shorter one finds more.
    pub(crate) fn search(&self) -> String {
        self.q.trim().to_owned()
    }
}

/// `GET /`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let search = asked.search();
    let (queue, front) =
        tokio::join!(app.office.queue(&search, page_number(&asked.page), visitor.name()), app.office.front());
    let front = front?;
    let (queue, problem) = match queue {
        Ok(queue) => (queue, None),
        Err(OfficeError::BadSearch(error)) => (QueuePage::default(), Some(problem(&search, &error))),
        Err(error) => return Err(error.into()),
    };
    let status = if problem.is_none() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let page = QueueView {
        chrome: Chrome::of(&visitor, "queue"),
        rows: queue.rows.iter().map(|row| RowView::new(row, front.now)).collect(),
        shown: shown(&queue, &search),
        tonight: tonight(&front),
        problem,
        help: &SEARCH_WORDS,
        may_work: visitor.may(desk::Right::Work),
        search,
    };
    draw(status, &page)
}

/// What is wrong with a search, and the words of it that are meant.
fn problem(search: &str, error: &QueryError) -> (String, String) {
    let place = search.get(error.at.0..error.at.1).unwrap_or_default();
    let place: String = place.chars().take(60).collect();
    (words::sentence(&words::plain(&error.what)), words::plain(&place))
}

fn shown(queue: &QueuePage, search: &str) -> Shown {
    let link = |page: usize| match search {
        "" => format!("/?page={page}"),
        words => format!("/?q={}&page={page}", words::for_query(words)),
    };
    Shown {
        total: format!("{}{}", queue.total, if queue.more { "+" } else { "" }),
        one: queue.total == 1 && !queue.more,
        page: queue.page,
        pages: queue.pages,
        previous: (queue.page > 1).then(|| link(queue.page.saturating_sub(1))),
        next: (queue.page < queue.pages).then(|| link(queue.page.saturating_add(1))),
        all_open: search.is_empty(),
    }
}

fn tonight(front: &Front) -> Tonight {
    let busiest = front.hours.iter().map(|hour| hour.accepted.max(hour.opened)).max().unwrap_or(0);
    let height = |count: u64| match (count * PLOT_HEIGHT).checked_div(busiest) {
        Some(0) if count > 0 => 1,
        Some(height) => height,
        None => 0,
    };
    let bar = |(x, hour): (usize, &desk::Hour)| HourBar {
        at: words::stamp(hour.from),
        machine: words::machine(hour.from),
        epoch: hour.from.as_second(),
        accepted: hour.accepted,
        opened: hour.opened,
        x,
        y: PLOT_HEIGHT - height(hour.accepted),
        height: height(hour.accepted),
        opened_y: PLOT_HEIGHT - height(hour.opened),
        opened_height: height(hour.opened),
    };
    Tonight {
        stages: front.by_stage.iter().map(|(stage, count)| (Badge::of(*stage), *count)).collect(),
        ended: front.ended,
        orphans: front.orphans,
        inbox: words::count(
            usize::try_from(front.inbox.waiting).unwrap_or(usize::MAX),
            "report that",
            "reports that",
        ),
        inbox_late: front.inbox.late,
        inbox_oldest: front.inbox.oldest.map(|at| When::new(front.now, at)),
        unreadable: front.unreadable,
        accepted: front.accepted_today,
        edge: edge_line(&front.edge, front.now),
        failing: front.checks.iter().filter(|one| !one.works).map(|one| failing(one, front.now)).collect(),
        hours: front.hours.iter().enumerate().map(bar).collect(),
        busiest,
        accepted_48h: front.hours.iter().map(|hour| hour.accepted).sum(),
        opened_48h: front.hours.iter().map(|hour| hour.opened).sum(),
        traffic: front.traffic.as_ref().map(|view| TrafficPart::new(view, front.now)),
        now: When::new(front.now, front.now),
    }
}

fn failing(one: &CheckView, now: Timestamp) -> Failing {
    Failing {
        subject: words::plain(&one.subject),
        note: words::sentence(&words::plain(&one.note)),
        since: When::new(now, one.since),
    }
}

fn edge_line(edge: &EdgeStatus, now: Timestamp) -> EdgeLine {
    EdgeLine {
        outlet: if edge.outlet.is_empty() { "no outlet".to_owned() } else { words::plain(&edge.outlet) },
        in_force: words::count(edge.in_force.len(), "block", "blocks"),
        read: edge.read_at.map(|at| When::new(now, at)),
        stale: edge.read_at.is_some_and(|at| now.duration_since(at) > EDGE_STALE),
        trouble: edge.trouble.as_deref().map(words::plain),
    }
}
