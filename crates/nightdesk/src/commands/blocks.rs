//! `nightdesk block list` and `block release`.

use std::collections::BTreeMap;

use anyhow::Result;
use case::{Case, InForce, Plan, Rule, RuleKey, RuleState};
use edge::{Outlet, share};
use jiff::Timestamp;
use serde_json::json;

use super::Answer;
use crate::cli::BlockCommand;
use crate::config::Config;
use crate::{outlets, output, startup};

/// What one outlet shows of one rule.
#[derive(Debug)]
struct Shown {
    outlet: String,
    planned: Option<Rule>,
    in_force: Option<InForce>,
    key: RuleKey,
}

pub(crate) async fn run(config: &Config, command: &BlockCommand) -> Result<Answer> {
    match command {
        BlockCommand::List { json } => list(config, json.json).await,
        BlockCommand::Release { because, by, .. } => release(config, because, by).await,
    }
}

/// Lifts every block and empties the edge here and now. A running nightdesk reads the cases anew within a second and has
/// nothing left to put back.
async fn release(config: &Config, because: &str, by: &str) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    let before = desk.plan().await;
    let cases = desk.release_all(because, by).await?;
    output::line(format!("{} cases released", cases.len()));
    let mut answer = Answer::Yes;
    let mut outlets = outlets::outlets(config, &startup::territory(config)?)?;
    let scopes: Vec<edge::Scope> = outlets.iter().map(Outlet::scope).collect();
    for (outlet, part) in outlets.iter_mut().zip(share(&before, &scopes)) {
        outlet.remember(&part);
        match outlet.reconcile(&Plan::default(), Timestamp::now()).await {
            Ok(receipt) => output::line(format!(
                "{}: {} taken away, {} left",
                outlet.name(),
                receipt.removed.len(),
                receipt.in_force.len()
            )),
            Err(error) => {
                super::complain(&anyhow::Error::from(error).context(format!("outlet {}", outlet.name())));
                answer = Answer::No;
            }
        }
    }
    Ok(answer)
}

/// Prints every rule that is planned or in force, at which outlet, and which of the two. The edge is only read.
async fn list(config: &Config, as_json: bool) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    let records = store.open_case_records().await?;
    let cases: Vec<Case> = records.chunk_by(|a, b| a.case == b.case).filter_map(Case::replay).collect();
    let now = Timestamp::now();
    let plan = case::plan(&cases, now);
    let mut outlets = outlets::outlets(config, &startup::territory(config)?)?;
    let scopes: Vec<edge::Scope> = outlets.iter().map(Outlet::scope).collect();
    let mut answer = Answer::Yes;
    for (outlet, part) in outlets.iter_mut().zip(share(&plan, &scopes)) {
        outlet.expect(&part);
        // What only accounting tells, the desk at work alone has heard; the cases say what it showed.
        let read = match outlet.sessions() {
            Some(_) => Ok(verified(&cases, &part)),
            None => outlet.read(now).await,
        };
        match read {
            Ok(in_force) => {
                for shown in rules_of(outlet.name(), &part, &in_force) {
                    print(&shown, as_json)?;
                }
            }
            Err(error) => {
                super::complain(&anyhow::Error::from(error).context(format!("outlet {}", outlet.name())));
                answer = Answer::No;
            }
        }
    }
    Ok(answer)
}

/// Those of the plan that the desk has seen in force.
fn verified(cases: &[Case], plan: &Plan) -> Vec<InForce> {
    let seen = cases.iter().flat_map(Case::blocks).filter_map(|block| match block.state {
        RuleState::Verified(until) => Some(InForce { key: block.rule.key, until }),
        _ => None,
    });
    seen.filter(|shown| plan.rules().iter().any(|rule| rule.key == shown.key)).collect()
}

/// Planned ones first, then those that nothing planned explains.
fn rules_of(outlet: &str, plan: &Plan, in_force: &[InForce]) -> Vec<Shown> {
    let mut at_edge: BTreeMap<RuleKey, InForce> = in_force.iter().map(|rule| (rule.key, *rule)).collect();
    let outlet = || outlet.to_owned();
    let planned = |rule: &Rule| (*rule, at_edge.remove(&rule.key));
    let planned: Vec<(Rule, Option<InForce>)> = plan.rules().iter().map(planned).collect();
    let planned = planned.into_iter().map(|(rule, in_force)| Shown {
        outlet: outlet(),
        planned: Some(rule),
        in_force,
        key: rule.key,
    });
    let planned: Vec<Shown> = planned.collect();
    let strays = at_edge.into_values().map(|stray| Shown {
        outlet: outlet(),
        planned: None,
        in_force: Some(stray),
        key: stray.key,
    });
    planned.into_iter().chain(strays).collect()
}

fn print(shown: &Shown, as_json: bool) -> Result<()> {
    let Shown { outlet, planned, in_force, key } = shown;
    let case = planned.map(|rule| rule.case.to_string());
    let until = planned.map(|rule| rule.until).or(in_force.map(|rule| rule.until));
    if as_json {
        return output::json(&json!({
            "case": case, "address": key.address, "measure": key.measure.to_string(), "until": until,
            "planned": planned.is_some(), "in_force": in_force.is_some(), "outlet": outlet,
        }));
    }
    let state = match (planned, in_force) {
        (Some(_), Some(_)) => "in force",
        (Some(_), None) => "planned",
        (None, _) => "unplanned",
    };
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    output::line(format!("{:<9} {:<8} {key}{until} at {outlet}", state, case.as_deref().unwrap_or("-")));
    Ok(())
}
