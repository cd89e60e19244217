//! Why: from the rule at the edge back to the quoted bytes.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use case::CaseId;
use desk::WhyStep;
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    chrome: Chrome,
    what: String,
    case: Option<CaseId>,
    steps: Vec<Step>,
    problem: Option<String>,
}

/// One step back.
struct Step {
    step: &'static str,
    /// How it carries what stands above it; empty for the first.
    link: &'static str,
    text: String,
    evidence: Option<(String, String)>,
    span: Option<(u64, u64)>,
    quote: Option<String>,
}

/// `?of=…`: an address or a case.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    of: String,
}

/// `GET /why?of=…`: the form without JavaScript; sends to the page of what was asked.
pub(crate) async fn find(visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let of = asked.of.trim();
    if let Ok(address) = of.parse::<IpAddr>() {
        return Ok(Redirect::to(&format!("/why/{address}")).into_response());
    }
    if let Ok(case) = of.parse::<CaseId>() {
        return Ok(Redirect::to(&format!("/why/{case}")).into_response());
    }
    let problem = (!of.is_empty()).then(|| "That is neither an address nor a case such as ND-17.".to_owned());
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = WhyPage {
        chrome: Chrome::of(&visitor, "why"),
        what: words::plain(of),
        case: None,
        steps: Vec::new(),
        problem,
    };
    draw(status, &page)
}

/// `GET /why/{what}`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(what): Path<String>,
) -> Result<Response, Trouble> {
    let (case, steps) = match what.parse::<IpAddr>() {
        Ok(address) => (None, app.office.why_address(address).await?),
        Err(_) => {
            let case: CaseId = what.parse().map_err(|_| Trouble::NotFound("case or address"))?;
            (Some(case), app.office.why_case(case).await?.ok_or(OfficeError::NoSuchCase)?)
        }
    };
    let page = WhyPage {
        chrome: Chrome::of(&visitor, "why"),
        what: case.map_or(what, |case| case.to_string()),
        case,
        steps: chain(&steps),
        problem: None,
    };
    draw(StatusCode::OK, &page)
}

fn chain(steps: &[WhyStep]) -> Vec<Step> {
    let mut grounds = 0;
    let mut drawn = Vec::with_capacity(steps.len());
    for (at, one) in steps.iter().enumerate() {
        let is_ground = matches!(one.step, "claim" | "answer");
        let link = match one.step {
            _ if at == 0 => "",
            "bytes" => "read from",
            "case" => "follows from",
            "rule" => "and",
            _ if is_ground && grounds > 0 => "and rests on",
            _ => "rests on",
        };
        grounds += usize::from(is_ground);
        drawn.push(step(one, link));
    }
    drawn
}

fn step(step: &WhyStep, link: &'static str) -> Step {
    Step {
        step: step.step,
        link,
        text: words::plain(&step.text),
        evidence: step.evidence.map(|id| (id.to_string(), id.short())),
        span: step.span,
        quote: step.quote.as_deref().map(words::plain),
    }
}
