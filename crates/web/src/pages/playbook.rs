//! The playbook: the file that is live, the same as tables, and the editor.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use case::{Changed, Length, Mistake, Moment, Playbook, Stage, Step};
use desk::PlaybookView;
use jiff::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::office::TrialBegun;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};

/// How many days a trial looks back where nothing is said.
pub(super) const DAYS: u32 = 30;
/// The most days it may look back.
const DAYS_AT_MOST: u32 = 366;

#[derive(Template)]
#[template(path = "playbook.html")]
struct PlaybookPage {
    chrome: Chrome,
    version: String,
    name: String,
    facts: Vec<(&'static str, String)>,
    stages: Vec<StageRow>,
    steps: Vec<StepRow>,
    history: Vec<HistoryRow>,
    overruled: bool,
    has_trial: bool,
    /// What stands in the editor.
    text: String,
    days: u32,
    mistakes: Vec<Mistake>,
    changes: Vec<Changed>,
}

/// One stage.
struct StageRow {
    name: &'static str,
    clock: String,
    again: String,
    runbook: String,
    steps: Vec<String>,
}

/// One step.
struct StepRow {
    number: usize,
    name: String,
    words: String,
    runbook: String,
}

/// One playbook that was live.
struct HistoryRow {
    at: When,
    version: String,
    name: String,
    by: String,
    reason: String,
    evidence: String,
}

/// `GET /playbook`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let view = app.office.playbook().await?;
    let text = view.live.text.to_string();
    let page = page(&visitor, &view, app.office.now(), text, DAYS, Vec::new());
    draw(StatusCode::OK, &page)
}

fn page(
    visitor: &Visitor,
    view: &PlaybookView,
    now: Timestamp,
    text: String,
    days: u32,
    mistakes: Vec<Mistake>,
) -> PlaybookPage {
    let live = &view.live;
    let changes = Playbook::read(&text).map(|edited| live.changes(&edited)).unwrap_or_default();
    PlaybookPage {
        chrome: Chrome::of(visitor, "playbook"),
        version: live.version.to_string(),
        name: live.name.clone(),
        facts: facts(live),
        stages: Stage::ALL
            .into_iter()
            .filter(|stage| stage.is_open())
            .map(|stage| row(live, stage))
            .collect(),
        steps: (1..).zip(&live.steps).map(|(number, step)| step_row(number, step)).collect(),
        history: view.history.iter().map(|one| history_row(one, now)).collect(),
        overruled: view.overruled,
        has_trial: view.trial.is_some(),
        text,
        days,
        mistakes,
        changes,
    }
}

fn facts(live: &Playbook) -> Vec<(&'static str, String)> {
    let length = |length| Length(length).to_string();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let ports: Vec<String> = live.usual_ports.iter().map(u16::to_string).collect();
    vec![
        ("Watched after a virus for", length(live.watch_for)),
        ("Asked again every", length(live.recheck_every)),
        ("Ports asked when none is named", ports.join(", ")),
        (
            "Clean after",
            format!(
                "{} probes that prove nothing, over {}",
                live.clean_after_negatives,
                length(live.clean_over)
            ),
        ),
        ("Closed when quiet for", length(live.close_after)),
        ("A second person approves blocks", yes(live.second_person)),
        ("Reporters are thanked", yes(live.acknowledge_reporter)),
        ("Reporters hear the outcome", yes(live.tell_reporter_outcome)),
        ("SpamCop is told resolved", yes(live.spamcop_resolved)),
    ]
}

fn row(live: &Playbook, stage: Stage) -> StageRow {
    let here = |step: &&Step| step.when == Moment::Stage && step.stages.contains(&stage);
    StageRow {
        name: stage.name(),
        clock: live.clock(stage).map(|clock| Length(clock).to_string()).unwrap_or_default(),
        again: Length(live.asked_every(stage)).to_string(),
        runbook: live.runbook(stage).to_owned(),
        steps: live.steps.iter().filter(here).map(said).collect(),
    }
}

/// A step in the row of its stage.
fn said(step: &Step) -> String {
    let after = step.after.map(|after| format!(" after {}", Length(after))).unwrap_or_default();
    format!("{}{after}: {}", step.name, step.does())
}

fn step_row(number: usize, step: &Step) -> StepRow {
    let runbook = step.runbook.clone().unwrap_or_default();
    StepRow { number, name: step.name.clone(), words: step.in_words(), runbook }
}

fn history_row(one: &desk::LivePlaybook, now: Timestamp) -> HistoryRow {
    HistoryRow {
        at: When::new(now, one.at),
        version: one.version.to_string(),
        name: one.name.clone(),
        by: one.made_by.clone(),
        reason: one.reason.clone(),
        evidence: one.evidence.to_string(),
    }
}

/// The editor's form.
#[derive(Deserialize)]
pub(crate) struct Edited {
    text: String,
    #[serde(default)]
    days: String,
}

/// `POST /playbook/try`.
pub(crate) async fn begin(
    State(app): State<App>,
    operator: Operator,
    visitor: Visitor,
    Form(sent): Form<Edited>,
) -> Result<Response, Trouble> {
    let days = sent.days.trim().parse().ok().filter(|days| (1..=DAYS_AT_MOST).contains(days));
    let wrong = || Trouble::Misread(format!("Say how many days back, from 1 to {DAYS_AT_MOST}"));
    let days = days.ok_or_else(wrong)?;
    // Browsers end lines with CR LF; a file has LF, and its hash is of that.
    let text = sent.text.replace("\r\n", "\n");
    match app.office.try_playbook(&text, days, &operator.0).await? {
        TrialBegun::Yes | TrialBegun::Busy => Ok(Redirect::to("/playbook/trial").into_response()),
        TrialBegun::Wrong(mistakes) => {
            let view = app.office.playbook().await?;
            let page = page(&visitor, &view, app.office.now(), text, days, mistakes);
            draw(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
