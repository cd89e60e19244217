//! `nightdesk block list`.

use anyhow::Result;
use case::Case;
use jiff::Timestamp;
use serde_json::json;

use super::Answer;
use crate::cli::BlockCommand;
use crate::config::Config;
use crate::{output, startup};

/// Prints every rule that is planned or in force, and which of the two. The edge is only read.
pub(crate) async fn run(config: &Config, command: &BlockCommand) -> Result<Answer> {
    let BlockCommand::List { json } = command;
    let store = startup::open_store(config).await?;
    let records = store.open_case_records().await?;
    let cases: Vec<Case> = records.chunk_by(|a, b| a.case == b.case).filter_map(Case::replay).collect();
    let now = Timestamp::now();
    let plan = case::plan(&cases, now);
    let in_force = startup::outlet(config, startup::territory(config)?).read(now).await?;
    for rule in plan.rules() {
        let at_edge = in_force.iter().find(|edge| edge.key == rule.key);
        if json.json {
            output::json(&json!({
                "case": rule.case.to_string(), "address": rule.key.address, "measure": rule.key.measure.to_string(),
                "until": rule.until, "planned": true, "in_force": at_edge.is_some(),
            }))?;
        } else {
            let state = if at_edge.is_some() { "in force" } else { "planned" };
            output::line(format!("{:<9} {:<8} {} until {}", state, rule.case, rule.key, rule.until));
        }
    }
    for stray in in_force.iter().filter(|edge| !plan.rules().iter().any(|rule| rule.key == edge.key)) {
        if json.json {
            output::json(&json!({
                "case": null, "address": stray.key.address, "measure": stray.key.measure.to_string(),
                "until": stray.until, "planned": false, "in_force": true,
            }))?;
        } else {
            output::line(format!("{:<9} {:<8} {} until {}", "unplanned", "-", stray.key, stray.until));
        }
    }
    Ok(Answer::Yes)
}
