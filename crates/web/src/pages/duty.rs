//! Who is on duty, whose turn is next, and the pages that wait for somebody.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use desk::{DutyView, PageEntry, PageId, PageLogged, PageStanding, PageView, TurnView};
use jiff::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

/// The width of the drawing of turns, in its own units: fourteen days of fifty.
const WIDTH: i64 = 700;
/// The longest reason that is kept.
const REASON: usize = 2000;

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyPage {
    chrome: Chrome,
    configured: bool,
    wrong: String,
    on_duty: Vec<(String, String, String)>,
    gaps: Vec<String>,
    days: Vec<(i64, String)>,
    turns: Vec<Turns>,
    open: Vec<Line>,
    resolved: Vec<Line>,
    broken: Vec<(String, String, String)>,
    heartbeat: String,
    width: i64,
}

/// The turns of one schedule as bars.
struct Turns {
    schedule: String,
    time_zone: String,
    bars: Vec<Bar>,
}

/// One turn.
struct Bar {
    x: i64,
    width: i64,
    text_x: i64,
    person: String,
    is_gap: bool,
    from: String,
    to: String,
    shade: usize,
}

/// A page as a row.
struct Line {
    id: String,
    severity: &'static str,
    headline: String,
    opened: When,
    state: String,
    is_waiting: bool,
    next: String,
}

/// `GET /oncall`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let view = app.office.duty().await?;
    draw(StatusCode::OK, &page(&visitor, &view))
}

/// `GET /api/v1/oncall`.
pub(crate) async fn api(State(app): State<App>) -> Result<Response, Trouble> {
    Ok(Json(app.office.duty().await?).into_response())
}

fn page(visitor: &Visitor, view: &DutyView) -> DutyPage {
    let on_duty = view.on_duty.iter().map(|one| {
        let until = one.until_there.clone().map(|until| format!("until {until}")).unwrap_or_default();
        (one.schedule.clone(), one.person.clone().unwrap_or_default(), until)
    });
    let beat = match &view.heartbeat {
        None => String::new(),
        Some((at, None)) => format!("The last sign of life went out {}.", words::ago(view.now, *at)),
        Some((at, Some(why))) => {
            format!("The sign of life of {} did not arrive: {}", words::stamp(*at), words::plain(why))
        }
    };
    DutyPage {
        chrome: Chrome::of(visitor, "oncall"),
        configured: view.configured,
        wrong: view.wrong.clone().unwrap_or_default(),
        on_duty: on_duty.collect(),
        gaps: gaps(view),
        days: days(view.now),
        turns: view.turns.iter().map(|turn| turns(turn, view.now)).collect(),
        open: view.open.iter().map(|one| line(one, view.now)).collect(),
        resolved: view.resolved.iter().map(|one| line(one, view.now)).collect(),
        broken: view.broken.clone(),
        heartbeat: beat,
        width: WIDTH,
    }
}

/// What is wrong with the days ahead, in words.
pub(crate) fn gaps(view: &DutyView) -> Vec<String> {
    let Some(coverage) = &view.coverage else { return Vec::new() };
    let gap = |gap: &_| {
        let desk_gap: &desk::Gap = gap;
        format!(
            "nobody is on duty in {} from {} to {} UTC",
            desk_gap.schedule,
            words::stamp(desk_gap.from),
            words::stamp(desk_gap.to)
        )
    };
    let person = |one: &desk::Unreachable| {
        format!("{} {}, from {} UTC on", one.person, one.why, words::stamp(one.from))
    };
    coverage.gaps.iter().map(gap).chain(coverage.unreachable.iter().map(person)).take(20).collect()
}

/// Where a moment lies in the drawing.
fn place(now: Timestamp, at: Timestamp) -> i64 {
    let whole = 14 * 86_400;
    (at.duration_since(now).as_secs().clamp(0, whole) * WIDTH) / whole
}

/// The midnights of the days ahead, by UTC.
fn days(now: Timestamp) -> Vec<(i64, String)> {
    let first = now.as_second().div_euclid(86_400) + 1;
    let day = |number: i64| {
        let at = Timestamp::from_second((first + number) * 86_400).ok()?;
        Some((place(now, at), at.strftime("%a %d").to_string()))
    };
    (0..14).filter_map(day).collect()
}

fn turns(turn: &TurnView, now: Timestamp) -> Turns {
    let mut people: Vec<&str> = turn.shifts.iter().filter_map(|(_, _, person)| person.as_deref()).collect();
    people.sort_unstable();
    people.dedup();
    let bar = |(from, to, person): &(Timestamp, Timestamp, Option<String>)| {
        let x = place(now, *from);
        let shade = people.iter().position(|one| Some(*one) == person.as_deref()).unwrap_or(0) % 4;
        Bar {
            x,
            width: (place(now, *to) - x).max(1),
            text_x: x + 4,
            person: person.clone().unwrap_or_else(|| "nobody".to_owned()),
            is_gap: person.is_none(),
            from: words::stamp(*from),
            to: words::stamp(*to),
            shade,
        }
    };
    Turns {
        schedule: turn.schedule.clone(),
        time_zone: turn.time_zone.clone(),
        bars: turn.shifts.iter().take(200).map(bar).collect(),
    }
}

fn line(view: &PageView, now: Timestamp) -> Line {
    let page = &view.page;
    let state = match &page.standing {
        PageStanding::Open => "nobody has answered".to_owned(),
        PageStanding::Acknowledged { by, at, via } => {
            format!("{by} looks at it, {via}, {}", words::ago(now, *at))
        }
        PageStanding::Resolved { by: Some(by), why, .. } => {
            format!("resolved by {by}: {}", words::plain(why))
        }
        PageStanding::Resolved { by: None, why, .. } => words::plain(why),
    };
    let next = view.next.map(|at| words::left(now, Some(at)).0).unwrap_or_default();
    Line {
        id: page.id.to_string(),
        severity: page.severity.name(),
        headline: words::plain(&page.headline()),
        opened: When::new(now, page.opened),
        state,
        is_waiting: page.standing == PageStanding::Open,
        next,
    }
}

#[derive(Template)]
#[template(path = "duty_page.html")]
struct OnePage {
    chrome: Chrome,
    line: Line,
    subjects: Vec<(String, String, When)>,
    more: u32,
    entries: Vec<(When, String)>,
    is_over: bool,
}

/// `GET /oncall/{page}`.
pub(crate) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(page): Path<String>,
) -> Result<Response, Trouble> {
    let id: PageId = page.parse().map_err(|_| Trouble::NotFound("page of that number"))?;
    let found = app.office.page(id).await?;
    let (view, entries) = found.ok_or(Trouble::NotFound("page of that number"))?;
    let now = app.office.now();
    let subject = |subject: &desk::PageSubject| {
        let case = subject.case.map(|case| case.to_string()).unwrap_or_default();
        (case, words::plain(&subject.what), When::new(now, subject.at))
    };
    let shown = OnePage {
        chrome: Chrome::of(&visitor, "oncall"),
        line: line(&view, now),
        subjects: view.page.subjects.iter().map(subject).collect(),
        more: view.page.more,
        entries: entries
            .iter()
            .filter_map(|logged| Some((When::new(now, logged.at), said(logged)?)))
            .collect(),
        is_over: matches!(view.page.standing, PageStanding::Resolved { .. }),
    };
    draw(StatusCode::OK, &shown)
}

/// An entry in words; what the page shows elsewhere is left out.
fn said(logged: &PageLogged) -> Option<String> {
    Some(match &logged.entry {
        PageEntry::Opened { reason, severity, .. } => format!("opened: {reason}, {severity}"),
        PageEntry::Joined { .. } => return None,
        PageEntry::Stepped { step, rings, nobody } => {
            let rings: Vec<String> =
                rings.iter().map(|ring| format!("{} by {}", ring.person, ring.way)).collect();
            let mut text = format!("step {}: rings {}", step + 1, rings.join(", "));
            if rings.is_empty() {
                text = format!("step {}: rings nobody", step + 1);
            }
            for why in nobody {
                text.push_str("; ");
                text.push_str(&words::plain(why));
            }
            text
        }
        PageEntry::Rung { ring, failure: None } => format!("ring {ring} was delivered"),
        PageEntry::Rung { ring, failure: Some(why) } => {
            format!("ring {ring} was not delivered: {}", words::plain(why))
        }
        PageEntry::Acknowledged { by, via, .. } => format!("{by} looks at it, {via}"),
        PageEntry::CameBack { why } => format!("it came back: {}", words::plain(why)),
        PageEntry::ClockWentBack => "the clock was put back: waits are counted from here".to_owned(),
        PageEntry::Resolved { by, why } => {
            let by = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("resolved{by}: {}", words::plain(why))
        }
    })
}

/// What is done with a page.
#[derive(Deserialize)]
pub(crate) struct Doing {
    press: String,
    #[serde(default)]
    reason: String,
}

/// `POST /oncall/{page}`.
pub(crate) async fn answer(
    State(app): State<App>,
    Operator(operator): Operator,
    Path(page): Path<String>,
    Form(doing): Form<Doing>,
) -> Result<Response, Trouble> {
    let id: PageId = page.parse().map_err(|_| Trouble::NotFound("page of that number"))?;
    match doing.press.as_str() {
        // Who was slower sees on the page who looks at it.
        "acknowledge" => _ = app.office.acknowledge(id, &operator).await?,
        "resolve" => {
            let reason: String = doing.reason.trim().chars().take(REASON).collect();
            if reason.is_empty() {
                return Err(Trouble::Misread("Say why it needs nobody any more".to_owned()));
            }
            app.office.resolve_page(id, &operator, &reason).await?;
        }
        _ => return Err(Trouble::Misread("The form says neither acknowledge nor resolve".to_owned())),
    }
    Ok(Redirect::to(&format!("/oncall/{id}")).into_response())
}

/// `POST /oncall`: rings a test.
pub(crate) async fn test(State(app): State<App>, Operator(operator): Operator) -> Result<Response, Trouble> {
    let id = app.office.ring_a_test(&operator).await?;
    Ok(Redirect::to(&format!("/oncall/{id}")).into_response())
}
