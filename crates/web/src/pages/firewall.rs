//! The firewalls we provide: how many are in force, where they are not, and whom to call. And the link behind which each
//! line's configuration lies.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::{Dialect, FirewallLine, FirewallState, FirewallView};
use jiff::Timestamp;

use crate::App;
use crate::pages::rows::When;
use crate::pages::traffic::grouped;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// The height of the trend's drawing, in its own units.
const PLOT_HEIGHT: u64 = 40;
/// How many days it shows.
const DAYS: usize = 60;
const DAY: i64 = 86_400;

#[derive(Template)]
#[template(path = "firewall.html")]
struct FirewallPage {
    chrome: Chrome,
    insists: bool,
    /// The share of judged lines whose firewall is in force.
    share: Option<String>,
    states: Vec<(&'static str, String)>,
    days: Vec<DayBar>,
    worst: Vec<Net>,
    lines: Vec<Line>,
}

/// One day of the trend.
struct DayBar {
    x: usize,
    y: u64,
    height: u64,
    date: String,
    share: String,
    in_force: String,
    out: String,
}

/// One neighbourhood.
struct Net {
    net: String,
    out: String,
    known: String,
}

/// One line that is out of force.
struct Line {
    subscriber: String,
    address: String,
    profile: String,
    link: String,
    since: Option<When>,
    why: String,
    /// What was done, or what keeps us from it.
    step: String,
    /// Whether a person has to call.
    call: bool,
}

/// `GET /firewall`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let view = app.office.firewalls().await?;
    draw(StatusCode::OK, &page(&view, Chrome::of(&visitor, "firewall"), app.office.now()))
}

/// `GET /firewall/TOKEN.ENDING`: the configuration behind a link, for a router or its owner. Whoever has the link may read
/// it; it says nothing of the customer but the name we know the line by.
pub(crate) async fn file(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Trouble> {
    let missing = || Trouble::NotFound("configuration");
    let (token, ending) = name.split_once('.').ok_or_else(missing)?;
    let dialect: Dialect = ending.parse().map_err(|_| missing())?;
    let found = app.office.firewall_file(token, dialect).await?.ok_or_else(missing)?;
    let tag = format!("\"{}\"", found.version);
    let headers = [
        (header::CONTENT_TYPE, dialect.media_type().to_owned()),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, found.text).into_response())
}

fn page(view: &FirewallView, chrome: Chrome, now: Timestamp) -> FirewallPage {
    let count =
        |wanted| view.states.iter().find(|(state, _)| *state == wanted).map_or(0, |(_, lines)| *lines);
    let mut lines: Vec<Line> = view.lines.iter().map(|line| row(line, now)).collect();
    lines.sort_by_key(|line| !line.call);
    let first = view.days.len().saturating_sub(DAYS);
    FirewallPage {
        chrome,
        insists: view.insists,
        share: share(count(FirewallState::InForce), count(FirewallState::NotInForce)),
        states: view.states.iter().map(|(state, lines)| (state.name(), grouped(*lines))).collect(),
        days: view.days.iter().skip(first).enumerate().map(|(x, day)| bar(x, *day)).collect(),
        worst: view
            .worst
            .iter()
            .map(|one| Net {
                net: one.net.clone(),
                out: grouped(one.out_of_force),
                known: grouped(one.known),
            })
            .collect(),
        lines,
    }
}

/// In whole per cent, down: 100 % is said of all alone.
fn share(in_force: u64, out: u64) -> Option<String> {
    let all = in_force.saturating_add(out);
    in_force.saturating_mul(100).checked_div(all).map(|share| format!("{share} %"))
}

fn bar(x: usize, (day, in_force, out): (i64, u64, u64)) -> DayBar {
    let all = in_force.saturating_add(out);
    let height = in_force.saturating_mul(PLOT_HEIGHT).checked_div(all).unwrap_or(0);
    let date = Timestamp::from_second(day.saturating_mul(DAY)).unwrap_or(Timestamp::UNIX_EPOCH);
    DayBar {
        x,
        y: PLOT_HEIGHT.saturating_sub(height),
        height,
        date: date.strftime("%Y-%m-%d").to_string(),
        share: share(in_force, out).unwrap_or_else(|| "none judged".to_owned()),
        in_force: grouped(in_force),
        out: grouped(out),
    }
}

fn row(line: &FirewallLine, now: Timestamp) -> Line {
    let step = match &line.step {
        Some((step, at)) => format!("{step}, {}", words::ago(now, *at)),
        None if line.agrees => "reminder due".to_owned(),
        None => "waits for a second observation".to_owned(),
    };
    Line {
        subscriber: line.subscriber.to_string(),
        address: line.address.map(|address| address.to_string()).unwrap_or_default(),
        profile: line.profile.clone(),
        link: line.link.clone(),
        since: line.since.map(|since| When::new(now, since)),
        why: words::sentence(&line.why),
        call: line.step.as_ref().is_some_and(|(step, _)| step == "call"),
        step,
    }
}
