//! `nightdesk case list`, `case show` and `case innocent`.

use anyhow::Result;
use case::{Case, CaseId};
use serde_json::json;
use store::{Filter, Store};

use super::Answer;
use crate::cli::CaseCommand;
use crate::config::Config;
use crate::{output, startup};

/// How many cases a list reads at a time.
const CHUNK: u32 = 500;

pub(crate) async fn run(config: &Config, command: &CaseCommand) -> Result<Answer> {
    if let CaseCommand::Innocent { case, because, by } = command {
        let command = case::Command::Innocent { reason: because.clone() };
        return act(config, *case, command, by, "SpamCop will be told").await;
    }
    if let CaseCommand::Approve { case, by } = command {
        let command = case::Command::Approve { by: by.clone() };
        return act(config, *case, command, by, "its blocks go to the edge").await;
    }
    let store = startup::open_store(config).await?;
    match command {
        CaseCommand::List { stage, all, json } => list(&store, *stage, *all, json.json).await,
        CaseCommand::Show { case, json } => show(&store, *case, json.json).await,
        CaseCommand::Innocent { .. } | CaseCommand::Approve { .. } => Ok(Answer::No),
    }
}

/// The running desk finds the order in the outbox, and the case changed, when it next looks.
async fn act(config: &Config, id: CaseId, command: case::Command, by: &str, follows: &str) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    match desk.act(id, command, case::Actor::Operator(by.to_owned())).await {
        Ok(()) => {
            output::line(format!("{id}: {follows}; `nightdesk case show {id}` says when it was"));
            Ok(Answer::Yes)
        }
        Err(desk::ActError::Desk(error)) => Err(error.into()),
        Err(refused) => {
            super::complain(&anyhow::anyhow!("{id}: {refused}"));
            Ok(Answer::No)
        }
    }
}

async fn list(store: &Store, stage: Option<case::Stage>, all: bool, json: bool) -> Result<Answer> {
    let filter = Filter { open: (!all && stage.is_none()).then_some(true), stage, ..Filter::default() };
    let mut offset = 0;
    loop {
        let rows = store.summaries(&filter, CHUNK, offset).await?;
        for row in &rows {
            if json {
                output::json(&json!({
                    "case": row.case.to_string(), "subscriber": row.subscriber, "stage": row.stage, "opened": row.opened,
                    "updated": row.updated, "due": row.due, "harm": row.harm, "proxy": row.proxy, "addresses": row.addresses,
                }))?;
            } else {
                let addresses: Vec<String> = row.addresses.iter().map(ToString::to_string).collect();
                output::line(format!(
                    "{:<8} {:<10} {:<24} {}",
                    row.case,
                    row.stage.name(),
                    row.subscriber,
                    addresses.join(" ")
                ));
            }
        }
        if rows.len() < usize::try_from(CHUNK).unwrap_or(usize::MAX) {
            return Ok(Answer::Yes);
        }
        offset += CHUNK;
    }
}

async fn show(store: &Store, id: CaseId, json: bool) -> Result<Answer> {
    let records = store.records(id).await?;
    let Some(case) = Case::replay(&records) else {
        super::complain(&anyhow::anyhow!("there is no case {id}"));
        return Ok(Answer::No);
    };
    let heard = store.heard_of(&[id]).await?.remove(&id).unwrap_or_default();
    let signs = desk::signs_of(store, &case).await?;
    if json {
        output::json(&json!({
            "case": id.to_string(), "subscriber": case.subscriber(), "stage": case.stage(), "opened": case.opened(),
            "addresses": case.addresses(), "reports": heard.reports, "reporters": heard.reporters,
            "authenticated_reporters": heard.authenticated, "signs": signs, "records": records,
        }))?;
        return Ok(Answer::Yes);
    }
    output::line(format!("{id}  {}  {}", case.subscriber(), case.stage()));
    output::line(format!(
        "{} report(s) from {} reporter(s), {} shown to be who they say",
        heard.reports, heard.reporters, heard.authenticated
    ));
    for row in desk::timeline(&records) {
        let text = if row.text.is_empty() { String::new() } else { format!(": {}", row.text) };
        output::line(format!(
            "{}  {:<10} {}{text}",
            row.at.strftime("%Y-%m-%d %H:%M:%SZ"),
            row.actor,
            row.title
        ));
    }
    for sign in &signs {
        output::line(format!("\n{} on {}: {}", sign.sign, sign.address, sign.why));
        sign.proof.iter().for_each(|flow| output::line(format!("  {}", flow.in_words())));
    }
    for family in case.families() {
        output::line(format!("\n{}", family.runbook()));
    }
    Ok(Answer::Yes)
}
