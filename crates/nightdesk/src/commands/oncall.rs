//! `nightdesk oncall`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use desk::{Acknowledged, DutyView, PageStanding, Rota, Via};
use jiff::{SignedDuration, Timestamp};

use super::Answer;
use crate::cli::OncallCommand;
use crate::config::{self, Config};
use crate::{output, startup};

/// Shows who is on duty, and answers pages.
pub(crate) async fn run(path: &Path, command: &OncallCommand) -> Result<Answer> {
    match command {
        OncallCommand::Example => {
            output::bytes(desk::ROTA_EXAMPLE.as_bytes());
            return Ok(Answer::Yes);
        }
        OncallCommand::Lint { file: Some(file), days, json } => {
            let rota = desk::read_rota(file)?;
            return lint(&rota, *days, json.json);
        }
        _ => {}
    }
    let config = config::load(path)?;
    match command {
        OncallCommand::Lint { days, json, .. } => lint(&rota_of(&config)?, *days, json.json),
        OncallCommand::Show { json } => {
            let view = startup::open_desk(&config).await?.duty_view().await?;
            if json.json {
                output::json(&view)?;
            } else {
                show(&view);
            }
            Ok(Answer::Yes)
        }
        OncallCommand::Test { by } => {
            rota_of(&config)?;
            let page = startup::open_desk(&config).await?.ring_a_test(by).await?;
            output::line(format!(
                "{page} is written; the running desk rings within seconds: nightdesk oncall show"
            ));
            Ok(Answer::Yes)
        }
        OncallCommand::Ack { page, by } => {
            let desk = startup::open_desk(&config).await?;
            Ok(said(desk.acknowledge(*page, by, Via::Command).await?, &page.to_string()))
        }
        OncallCommand::Resolve { page, reason, by } => {
            let is_done = startup::open_desk(&config).await?.resolve_page(*page, by, reason).await?;
            let word = if is_done { "is resolved" } else { "does not exist, or was resolved before" };
            output::line(format!("{page} {word}"));
            Ok(if is_done { Answer::Yes } else { Answer::No })
        }
        OncallCommand::Example => Ok(Answer::Yes),
    }
}

fn rota_of(config: &Config) -> Result<Rota> {
    let Some(file) = &config.oncall.file else {
        bail!(
            "nobody is on duty: the configuration names no oncall.file; begin with: nightdesk oncall example"
        );
    };
    desk::read_rota(file).context("oncall.file")
}

fn said(answer: Acknowledged, page: &str) -> Answer {
    let (text, is_yes) = match answer {
        Acknowledged::Yes { by } => (format!("{page} is with {by}"), true),
        Acknowledged::Before { by } => (format!("{page} is with {by} already"), false),
        Acknowledged::Over { why } => (format!("{page} needs nobody any more: {why}"), false),
        Acknowledged::Late => (format!("{page} has come back since; try again"), false),
        Acknowledged::NoSuchPage => (format!("there is no page {page}"), false),
    };
    output::line(text);
    if is_yes { Answer::Yes } else { Answer::No }
}

fn lint(rota: &Rota, days: u16, json: bool) -> Result<Answer> {
    let now = Timestamp::now();
    let to = now.saturating_add(SignedDuration::from_hours(24 * i64::from(days)))?;
    let coverage = rota.coverage(now, to, |_, _| false);
    if json {
        output::json(&coverage)?;
    } else {
        for gap in &coverage.gaps {
            output::line(format!(
                "nobody is on duty in {} from {:.0} to {:.0}",
                gap.schedule, gap.from, gap.to
            ));
        }
        for one in &coverage.unreachable {
            output::line(format!(
                "{} {}, from {:.0} on ({} pages)",
                one.person, one.why, one.from, one.severity
            ));
        }
        if coverage.is_whole() {
            output::line(format!("somebody can be rung at every minute until {to:.0}"));
        }
    }
    Ok(if coverage.is_whole() { Answer::Yes } else { Answer::No })
}

fn show(view: &DutyView) {
    if !view.configured {
        output::line(
            "nobody is on duty: pages go by mail to mail.operators. To begin: nightdesk oncall example",
        );
    }
    if let Some(why) = &view.wrong {
        output::line(format!("the file cannot be used as it is now, and what it last said holds: {why}"));
    }
    for one in &view.on_duty {
        let person = one.person.as_deref().unwrap_or("NOBODY");
        let until = one.until_there.as_deref().map(|until| format!(" until {until}")).unwrap_or_default();
        output::line(format!("{:<20} {person}{until}", one.schedule));
    }
    if let Some(coverage) = view.coverage.as_ref().filter(|coverage| !coverage.is_whole()) {
        let (gaps, people) = (coverage.gaps.len(), coverage.unreachable.len());
        output::line(format!(
            "{gaps} gaps, {people} people out of reach in the next 14 days: nightdesk oncall lint"
        ));
    }
    for (who, way, why) in &view.broken {
        output::line(format!("{who} was not reached by {way}: {why}"));
    }
    for one in &view.open {
        let state = match &one.page.standing {
            PageStanding::Acknowledged { by, .. } => format!("{by} looks at it"),
            _ => "NOBODY HAS ANSWERED".to_owned(),
        };
        output::line(format!(
            "{:<6} {:<7} {state}: {}",
            one.page.id.to_string(),
            one.page.severity,
            one.page.headline()
        ));
    }
    if view.open.is_empty() {
        output::line("no page waits for anybody");
    }
}
