//! Timeline: one host's day, as a picture and as tables.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{Listener, Partner, Step, Timeline};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// The picture's width, and the height of its upper and lower half, in its own units.
const WIDTH: i64 = 1000;
const HALF: u64 = 90;
/// The height of a listener's lane.
const LANE: usize = 28;
/// Lanes that are drawn; the table has all.
const LANES: usize = 12;

#[derive(Template)]
#[template(path = "timeline.html")]
struct TimelinePage {
    chrome: Chrome,
    address: String,
    problem: Option<String>,
    day: Option<Day>,
}

/// The day as it is drawn.
struct Day {
    said: String,
    doubt: Option<String>,
    since: Stamp,
    until: Stamp,
    earlier: String,
    later: Option<String>,
    bars: Vec<Bar>,
    lanes: Vec<Lane>,
    /// Where the lanes begin and the picture ends.
    lanes_from: u64,
    height: usize,
    most: u64,
    listeners: Vec<Row>,
    partners: Vec<Row>,
    went_to: Vec<[String; 3]>,
    steps: Vec<[String; 7]>,
}

/// One step: what came above the line, what went below it.
struct Bar {
    x: i64,
    width: i64,
    came: u64,
    answered: u64,
    went: u64,
    title: String,
}

/// A listener from its first answer to its last.
struct Lane {
    y: usize,
    x: i64,
    width: i64,
    /// The name stands above the bar, and reaches to the left of one that is far to the right.
    anchor: &'static str,
    at: i64,
    name: String,
}

/// A row of a table: what it is about, figures, first and last.
struct Row {
    name: String,
    figures: Vec<String>,
    first: Stamp,
    last: Stamp,
}

/// A moment for people and for machines.
struct Stamp {
    stamp: String,
    machine: String,
}

/// `?of=…`: the form; sends to the page of the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    of: String,
}

/// `?until=…`: the end of the day that is shown; now when it is not given.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Until {
    until: Option<String>,
}

/// `GET /timeline?of=…`.
pub(crate) async fn find(visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let of = asked.of.trim();
    if let Ok(address) = of.parse::<IpAddr>() {
        return Ok(Redirect::to(&format!("/timeline/{address}")).into_response());
    }
    let problem = (!of.is_empty()).then(|| "That is no address.".to_owned());
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let chrome = Chrome::of(&visitor, "timeline");
    draw(status, &TimelinePage { chrome, address: words::plain(of), problem, day: None })
}

/// `GET /timeline/{address}`: a day of it.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(address): Path<String>,
    Query(asked): Query<Until>,
) -> Result<Response, Trouble> {
    let of: IpAddr = address.parse().map_err(|_| Trouble::NotFound("address"))?;
    let now = app.office.now();
    let until = match asked.until.as_deref() {
        Some(text) => {
            text.parse().map_err(|_| Trouble::Misread("The time in the address is none".to_owned()))?
        }
        None => now,
    };
    let since = until.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
    let chrome = Chrome::of(&visitor, "timeline");
    let (status, day, problem) = match app.office.host_timeline(of, since, until).await {
        Ok(timeline) => (StatusCode::OK, Some(day(&timeline, until, now)), None),
        Err(OfficeError::CannotSay(why)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, None, Some(words::sentence(&why)))
        }
        Err(other) => return Err(other.into()),
    };
    draw(status, &TimelinePage { chrome, address: of.to_string(), problem, day })
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn day(of: &Timeline, until: Timestamp, now: Timestamp) -> Day {
    let most = of.steps.iter().map(|step| step.came.max(step.went)).max().unwrap_or(0).max(1);
    let steps = i64::try_from(of.steps.len()).unwrap_or(1).max(1);
    let begin = of.steps.first().map_or(of.since.0, |step| step.at.0);
    let span = of.step.saturating_mul(steps).max(1);
    let place = |at: i64| at.saturating_sub(begin).clamp(0, span).saturating_mul(WIDTH) / span;
    let mut listeners: Vec<&Listener> = of.listeners.iter().collect();
    listeners.sort_by_key(|one| (std::cmp::Reverse(one.peers), one.port));
    let lanes: Vec<Lane> =
        listeners.iter().take(LANES).enumerate().map(|(at, one)| lane(at, one, place)).collect();
    let lanes_from = 2 * HALF + 22;
    let moved = |at: Timestamp| format!("/timeline/{}?until={}", of.address, words::machine(at));
    let ahead = until.saturating_add(DAY).unwrap_or(Timestamp::MAX).min(now);
    Day {
        said: format!(
            "{} and {} in this day.",
            words::count(usize::try_from(of.flows).unwrap_or(usize::MAX), "record", "records"),
            words::count(of.listeners.len(), "port that answered", "ports that answered")
        ),
        doubt: (of.coverage.held < of.coverage.hours).then(|| {
            format!(
                "Flows are kept of {} of these {} hours; of the others nothing can be said.",
                of.coverage.held, of.coverage.hours
            )
        }),
        since: stamp(of.since.timestamp()),
        until: stamp(of.until.timestamp()),
        earlier: moved(until.saturating_sub(DAY).unwrap_or(Timestamp::MIN)),
        later: (until < now).then(|| moved(ahead)),
        bars: of
            .steps
            .iter()
            .filter(|step| step.came + step.went > 0)
            .map(|step| bar(step, of.step, most, place))
            .collect(),
        height: usize::try_from(lanes_from).unwrap_or(0) + lanes.len() * LANE,
        lanes,
        lanes_from,
        most,
        listeners: listeners.into_iter().map(listener).collect(),
        partners: of.partners.iter().map(partner).collect(),
        went_to: of
            .went_to
            .iter()
            .map(|one| {
                [words::port(one.port, one.protocol), one.connections.to_string(), one.peers.to_string()]
            })
            .collect(),
        steps: of.steps.iter().filter(|step| step.came + step.went > 0).map(cells).collect(),
    }
}

fn bar(step: &Step, length: i64, most: u64, place: impl Fn(i64) -> i64) -> Bar {
    // What happened at all is seen: the least is one unit high.
    let height = |many: u64| if many == 0 { 0 } else { (many.saturating_mul(HALF) / most).max(1) };
    let x = place(step.at.0);
    Bar {
        x,
        width: place(step.at.0.saturating_add(length)).saturating_sub(x).max(1),
        came: height(step.came),
        answered: height(step.answered),
        went: height(step.went),
        title: format!(
            "{}: {} came from {}, {} answered; {} went",
            stamp(step.at.timestamp()).stamp,
            step.came,
            words::count(step.strangers, "address", "addresses"),
            step.answered,
            step.went
        ),
    }
}

fn lane(at: usize, one: &Listener, place: impl Fn(i64) -> i64) -> Lane {
    let x = place(one.first.0);
    let width = place(one.last.0).saturating_sub(x).max(3);
    let right = x > WIDTH * 2 / 3;
    Lane {
        y: at * LANE,
        x,
        width,
        anchor: if right { "end" } else { "start" },
        at: if right { x + width } else { x },
        name: format!(
            "{}: {}",
            words::port(one.port, one.protocol),
            words::count(one.peers, "peer", "peers")
        ),
    }
}

fn listener(one: &Listener) -> Row {
    Row {
        name: words::port(one.port, one.protocol),
        figures: vec![one.peers.to_string(), words::bytes(one.bytes_in), words::bytes(one.bytes_out)],
        first: stamp(one.first.timestamp()),
        last: stamp(one.last.timestamp()),
    }
}

fn partner(one: &Partner) -> Row {
    let figures = [
        one.connections.to_string(),
        one.came.to_string(),
        words::bytes(one.bytes_in),
        words::bytes(one.bytes_out),
    ];
    Row {
        name: one.address.to_string(),
        figures: figures.to_vec(),
        first: stamp(one.first.timestamp()),
        last: stamp(one.last.timestamp()),
    }
}

fn cells(step: &Step) -> [String; 7] {
    [
        stamp(step.at.timestamp()).stamp,
        step.strangers.to_string(),
        step.came.to_string(),
        step.answered.to_string(),
        step.went.to_string(),
        words::bytes(step.bytes_in),
        words::bytes(step.bytes_out),
    ]
}

fn stamp(at: Option<Timestamp>) -> Stamp {
    let at = at.unwrap_or_default();
    Stamp { stamp: words::stamp(at), machine: words::machine(at) }
}
