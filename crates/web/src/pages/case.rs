//! One case: what and where, the next step, what happened, what it rests on.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{BlockView, CaseView, TimelineRow, Tone};
use jiff::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::act::{self, Action, Offer, Wish};
use crate::office::OfficeError;
use crate::pages::refile;
use crate::pages::rows::{EvidenceBlock, RowView, When};
use crate::pages::signs::SignBlock;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    chrome: Chrome,
    row: RowView,
    version: u64,
    why: String,
    offers: Vec<Offer>,
    signs: Vec<SignBlock>,
    timeline: Vec<Happened>,
    evidence: Vec<EvidenceBlock>,
    blocks: Vec<BlockLine>,
    next_probe: Option<When>,
    runbook: Vec<String>,
    done: Option<&'static str>,
    problem: Option<String>,
    reason: String,
    ports: String,
    /// Whether whoever looks may say who has it, and has it.
    may_assign: bool,
    is_mine: bool,
    /// Whether it can be merged or split, and by whoever looks.
    may_refile: bool,
}

/// A row of the timeline.
struct Happened {
    at: When,
    actor: String,
    tone: &'static str,
    title: String,
    text: String,
    evidence: Option<(String, String)>,
}

/// A block.
struct BlockLine {
    what: String,
    until: When,
    state: String,
    standing: bool,
}

/// `?done=release`: what was just recorded.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Coming {
    #[serde(default)]
    done: String,
}

/// What an operator sent that was not followed, to be shown again.
#[derive(Default)]
struct Refused {
    problem: Option<String>,
    reason: String,
    ports: String,
}

/// The case an address names.
pub(crate) fn named(text: &str) -> Result<case::CaseId, Trouble> {
    text.parse().map_err(|_| Trouble::NotFound("case"))
}

/// `GET /case/{case}`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(case): Path<String>,
    Query(coming): Query<Coming>,
) -> Result<Response, Trouble> {
    let view = app.office.case(named(&case)?).await?.ok_or(OfficeError::NoSuchCase)?;
    let mut page = page(&visitor, &view, Refused::default());
    page.done = Action::named(&coming.done).map(Action::done);
    draw(StatusCode::OK, &page)
}

/// `POST /case/{case}/act`: follows, then sends the browser back to read.
pub(crate) async fn act(
    State(app): State<App>,
    visitor: Visitor,
    Operator(operator): Operator,
    Path(case): Path<String>,
    Form(wish): Form<Wish>,
) -> Result<Response, Trouble> {
    let case = named(&case)?;
    let trouble = match act::follow(&app, case, &wish, &operator).await {
        Ok(action) => {
            return Ok(Redirect::to(&format!("/case/{case}?done={}", action.name())).into_response());
        }
        Err(trouble) => trouble,
    };
    let problem = match &trouble {
        Trouble::Office(OfficeError::Changed) => {
            "The case moved on while you wrote, so nothing was recorded. Read what is new, then decide; your words are kept below."
                .to_owned()
        }
        Trouble::Office(OfficeError::Refused(refusal)) => words::sentence(&refusal.to_string()),
        Trouble::Misread(what) => format!("{}. Nothing was recorded.", words::plain(what)),
        _ => return Err(trouble),
    };
    let view = app.office.case(case).await?.ok_or(OfficeError::NoSuchCase)?;
    let refused = Refused { problem: Some(problem), reason: wish.reason, ports: wish.ports };
    let mut visitor = visitor;
    visitor.here = format!("/case/{case}");
    draw(trouble.status(), &page(&visitor, &view, refused))
}

fn page(visitor: &Visitor, view: &CaseView, refused: Refused) -> CasePage {
    let now = view.now;
    CasePage {
        chrome: Chrome::of(visitor, "queue"),
        row: RowView::new(&view.row, now),
        version: view.version,
        why: words::plain(&view.why),
        offers: act::offers(view)
            .into_iter()
            .filter(|offer| visitor.may(offer.action.verb().needs()))
            .collect(),
        signs: view.signs.iter().map(|sign| SignBlock::new(sign, now)).collect(),
        timeline: view.timeline.iter().map(|row| happened(row, now)).collect(),
        evidence: view.evidence.iter().map(EvidenceBlock::new).collect(),
        blocks: view.blocks.iter().map(|block| block_line(block, now)).collect(),
        next_probe: view.next_probe.map(|at| When::new(now, at)),
        runbook: view.runbook.clone(),
        done: None,
        problem: refused.problem,
        reason: refused.reason,
        ports: refused.ports,
        may_refile: refile::is_possible(view) && visitor.may(desk::Verb::Merge.needs()),
        may_assign: visitor.may(Action::Assign.verb().needs()),
        is_mine: view.row.assignee.is_some() && view.row.assignee == visitor.operator,
    }
}

fn happened(row: &TimelineRow, now: Timestamp) -> Happened {
    Happened {
        at: When::new(now, row.at),
        actor: words::plain(&row.actor.to_string()),
        tone: tone(row.tone),
        title: words::plain(&row.title),
        text: words::plain(&row.text),
        evidence: row.evidence.map(|id| (id.to_string(), id.short())),
    }
}

/// The word beside the mark of a timeline row, and its class.
fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Heard => "heard",
        Tone::Asked => "asked",
        Tone::Proved => "proved",
        Tone::Moved => "moved",
        Tone::Edge => "edge",
        Tone::Told => "told",
        Tone::Operator => "operator",
    }
}

fn block_line(block: &BlockView, now: Timestamp) -> BlockLine {
    BlockLine {
        what: block.key.to_string(),
        until: When::new(now, block.until),
        state: words::plain(&block.state),
        standing: block.standing,
    }
}
