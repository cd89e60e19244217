//! What the last weeks would have been under another playbook, as a picture, before it is made live.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use case::{Changed, Difference, Playbook, Shift};
use desk::{Trial, TrialView};
use serde::Deserialize;

use crate::App;
use crate::pages::playbook::DAYS;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};

/// How many cases are listed.
const LISTED: usize = 100;
/// How wide the longest bar is, in units of the picture.
const WIDEST: u64 = 400;

#[derive(Template)]
#[template(path = "playbook_trial.html")]
struct TrialPage {
    chrome: Chrome,
    tried: String,
    live: String,
    hash: String,
    by: String,
    days: u32,
    done: u64,
    total: u64,
    running: bool,
    failure: String,
    lines: u64,
    cases: u64,
    same: bool,
    told: (u64, u64),
    pairs: Vec<Pair>,
    buckets: Vec<Bucket>,
    height: u64,
    wrong: u64,
    shifts: Vec<(String, String, bool)>,
    more: usize,
    changes: Vec<Changed>,
    none: bool,
}

/// One figure under both.
struct Pair {
    what: &'static str,
    before: u64,
    after: u64,
    more: String,
    y: u64,
    width_before: u64,
    width_after: u64,
}

/// Cases contained earlier or later by about so much.
struct Bucket {
    what: &'static str,
    count: u64,
    earlier: bool,
    y: u64,
    width: u64,
}

/// `GET /playbook/trial`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let view = app.office.playbook().await?;
    let chrome = Chrome::of(&visitor, "playbook");
    let Some(trial) = &view.trial else {
        return draw(StatusCode::OK, &TrialPage::none(chrome));
    };
    let live_changes = Playbook::read(&trial.text).map(|tried| view.live.changes(&tried)).unwrap_or_default();
    let running = trial.result.is_none();
    let mut response = draw(StatusCode::OK, &TrialPage::of(chrome, trial, live_changes))?;
    if running {
        // Browsers without scripts look again by this header; with them the page does by itself.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    Ok(response)
}

impl TrialPage {
    fn none(chrome: Chrome) -> TrialPage {
        TrialPage {
            chrome,
            tried: String::new(),
            live: String::new(),
            hash: String::new(),
            by: String::new(),
            days: DAYS,
            done: 0,
            total: 0,
            running: false,
            failure: String::new(),
            lines: 0,
            cases: 0,
            same: false,
            told: (0, 0),
            pairs: Vec::new(),
            buckets: Vec::new(),
            height: 0,
            wrong: 0,
            shifts: Vec::new(),
            more: 0,
            changes: Vec::new(),
            none: true,
        }
    }

    fn of(chrome: Chrome, trial: &TrialView, changes: Vec<Changed>) -> TrialPage {
        let page = TrialPage {
            tried: trial.version.to_string(),
            hash: trial.version.hash.clone(),
            by: trial.by.clone(),
            days: trial.days,
            done: trial.done,
            total: trial.total,
            changes,
            none: false,
            ..TrialPage::none(chrome)
        };
        match &trial.result {
            None => TrialPage { running: true, ..page },
            Some(Err(why)) => TrialPage { failure: why.clone(), ..page },
            Some(Ok(result)) => page.with(result),
        }
    }

    fn with(self, trial: &Trial) -> TrialPage {
        let all = &trial.difference;
        let mut shifts: Vec<&Shift> = all.shifts.iter().collect();
        shifts.sort_by_key(|shift| (shift.wrong.is_none(), std::cmp::Reverse(shift.later_by.map(i64::abs))));
        let listed = shifts.iter().take(LISTED);
        TrialPage {
            live: trial.live.to_string(),
            lines: all.lines,
            cases: all.before.cases,
            same: all.is_none(),
            told: (all.told_as_it_was, all.really),
            pairs: pairs(all),
            buckets: buckets(all),
            height: BUCKETS.len() as u64 * 24,
            wrong: all.after.wrong,
            shifts: listed
                .map(|shift| (shift.case.to_string(), shift.in_words(), shift.wrong.is_some()))
                .collect(),
            more: shifts.len().saturating_sub(LISTED),
            ..self
        }
    }
}

fn pairs(all: &Difference) -> Vec<Pair> {
    let (before, after) = (&all.before, &all.after);
    let rows = [
        ("Contained", before.contained, after.contained),
        ("Wrong cut-offs", before.wrong, after.wrong),
        ("Pages", before.pages, after.pages),
        ("Mails to customers", before.notices, after.notices),
        ("Mails to reporters", before.letters, after.letters),
        ("Probes", before.probes, after.probes),
    ];
    let pair = |(place, (what, before, after)): (u64, (&'static str, u64, u64))| {
        let most = before.max(after).max(1);
        let width = |value: u64| value.saturating_mul(WIDEST) / most;
        let more = i128::from(after) - i128::from(before);
        let more = if more == 0 { "the same".to_owned() } else { format!("{more:+}") };
        let (width_before, width_after) = (width(before), width(after));
        Pair { what, before, after, more, y: place * 44, width_before, width_after }
    };
    (0..).zip(rows).map(pair).collect()
}

/// How much earlier or later, up to so many seconds.
const BUCKETS: [(&str, i64, i64); 8] = [
    ("more than a day earlier", i64::MIN, -86_400),
    ("6 hours to a day earlier", -86_400, -21_600),
    ("1 to 6 hours earlier", -21_600, -3_600),
    ("up to an hour earlier", -3_600, 0),
    ("up to an hour later", 0, 3_600),
    ("1 to 6 hours later", 3_600, 21_600),
    ("6 hours to a day later", 21_600, 86_400),
    ("more than a day later", 86_400, i64::MAX),
];

fn buckets(all: &Difference) -> Vec<Bucket> {
    let shifted: Vec<i64> = all.shifts.iter().filter_map(|shift| shift.later_by).collect();
    // Earlier ones count towards the side away from nothing: an hour sharp is up to an hour, either way.
    let within =
        |by: i64, from: i64, to: i64| if by < 0 { from <= by && by < to } else { from < by && by <= to };
    let count = |from, to| shifted.iter().filter(|by| within(**by, from, to)).count() as u64;
    let counts: Vec<u64> = BUCKETS.iter().map(|(_, from, to)| count(*from, *to)).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bucket = |(place, ((what, from, _), count)): (u64, (&(&'static str, i64, i64), u64))| Bucket {
        what,
        count,
        earlier: *from < 0,
        y: place * 24,
        width: count.saturating_mul(WIDEST) / most,
    };
    (0..).zip(BUCKETS.iter().zip(counts)).map(bucket).collect()
}

/// The form that makes what was tried live.
#[derive(Deserialize)]
pub(crate) struct MadeLive {
    hash: String,
    #[serde(default)]
    reason: String,
}

/// `POST /playbook/live`. What is made live is what was tried, and nothing that was changed since.
pub(crate) async fn make_live(
    State(app): State<App>,
    operator: Operator,
    Form(sent): Form<MadeLive>,
) -> Result<Response, Trouble> {
    let view = app.office.playbook().await?;
    let tried = view.trial.filter(|trial| trial.version.hash == sent.hash && trial.result.is_some());
    let gone =
        || Trouble::Misread("Another playbook has been tried since; look at that trial first".to_owned());
    let trial = tried.ok_or_else(gone)?;
    app.office.make_playbook_live(&trial.text, &operator.0, &sent.reason).await?;
    Ok(Redirect::to("/playbook").into_response())
}
