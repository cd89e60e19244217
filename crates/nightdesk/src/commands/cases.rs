//! `nightdesk case list`, `case show` and `case innocent`.

use anyhow::Result;
use case::{Asker, Case, CaseId, Query};
use serde_json::json;
use store::Store;

use super::Answer;
use crate::cli::CaseCommand;
use crate::config::Config;
use crate::{output, startup};

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
        CaseCommand::List { search, stage, all, by, json } => {
            list(&store, &words(*stage, *all, search), by.as_deref(), json.json).await
        }
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

async fn list(store: &Store, words: &[String], by: Option<&str>, json: bool) -> Result<Answer> {
    let now = jiff::Timestamp::now();
    let search = words.join(" ");
    let query = match Query::read(&search, now) {
        Ok(query) => query,
        Err(error) => {
            let place = search.get(error.at.0..error.at.1).unwrap_or_default();
            super::complain(&anyhow::anyhow!("the search cannot be read at {place:?}: {error}"));
            return Ok(Answer::Misuse);
        }
    };
    let (lines, _) = desk::cases_that_fit(store, &query, &Asker { name: by, now }, usize::MAX - 1).await?;
    for line in &lines {
        if json {
            output::json(&json!({
                "case": line.case.to_string(), "subscriber": line.subscriber, "stage": line.stage,
                "headline": line.more.headline, "kinds": line.more.kinds, "opened": line.opened,
                "updated": line.updated, "due": line.due, "harm": line.harm, "proxy": line.proxy,
                "addresses": line.addresses, "assignee": line.assignee, "blocks": line.blocks(now),
                "sightings": line.more.sightings,
            }))?;
        } else {
            let addresses: Vec<String> = line.addresses.iter().map(ToString::to_string).collect();
            output::line(format!(
                "{:<8} {:<10} {:<24} {}",
                line.case,
                line.stage.name(),
                line.subscriber,
                addresses.join(" ")
            ));
        }
    }
    Ok(Answer::Yes)
}

/// The words of a search as the options and the arguments say it.
fn words(stage: Option<case::Stage>, all: bool, search: &[String]) -> Vec<String> {
    let stage = stage.map(|stage| format!("stage:{stage}"));
    let all = (all && stage.is_none()).then(|| "is:any".to_owned());
    stage.into_iter().chain(all).chain(search.iter().cloned()).collect()
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
