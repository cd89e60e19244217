//! What the desk says of the night, held against what was so.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use serde_json::Value;

use super::infections::Infection;
use super::subscriber;
use super::world::Passed;
use crate::generate::Plant;

/// Proved lines are contained before this, from the first thing that the desk could know of them: half of all, and nineteen of
/// twenty. Told, not judged.
const PERCENTILES: [usize; 2] = [50, 95];
/// A line that was infected this short before the end need not be found.
const LAST_MOMENT: SignedDuration = SignedDuration::from_mins(45);

/// Tells of the night in a few lines.
pub(super) fn tell(night: &Passed) {
    let Passed { plan, counts, infections, telephones, took, .. } = night;
    println!(
        "   {} lines, {} infections, {} h, seed {}: {} flows, {} mails accepted, {} steps, {} kills, in {:.0} s",
        plan.lines,
        plan.infections,
        plan.hours,
        plan.seed,
        counts.flows,
        counts.accepted,
        counts.steps,
        counts.kills,
        took.as_secs_f64()
    );
    let stages = stages(night);
    for plant in Plant::ALL {
        let lines: Vec<&Infection> = infections.iter().filter(|one| one.plant == plant).collect();
        if lines.is_empty() {
            continue;
        }
        let contained = lines.iter().filter(|one| one.contained.is_some()).count();
        let mut by_stage: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &lines {
            let stage = stages.get(&subscriber(one.line)).map_or("no case", String::as_str);
            *by_stage.entry(stage).or_default() += 1;
        }
        let mut minutes: Vec<i64> = lines
            .iter()
            .filter_map(|one| Some(one.contained?.duration_since(one.from).as_secs() / 60))
            .collect();
        minutes.sort_unstable();
        let after: Vec<String> = PERCENTILES
            .iter()
            .filter_map(|percent| {
                Some(format!(
                    "p{percent} {} min",
                    minutes.get((minutes.len() * percent / 100).min(minutes.len().checked_sub(1)?))?
                ))
            })
            .collect();
        println!(
            "   {:<16} {:>3} planted, {contained:>3} contained ({}), at the end {by_stage:?}",
            plant.name(),
            lines.len(),
            if after.is_empty() { "none".to_owned() } else { after.join(", ") },
        );
    }
    println!(
        "   pages: {} ({} rings, {} of them twice within a minute); complaints per line that spams: {:.2}; innocent lines blocked: {}",
        telephones.first_rings().len(),
        telephones.heard.len(),
        telephones.duplicates(),
        night.complaints_per_incident(),
        night.innocent.len(),
    );
}

/// Whether it went as it must.
pub(super) fn judge(night: &Passed) -> Result<()> {
    ensure!(night.innocent.is_empty(), "blocked, and had done nothing: {:?}", night.innocent);
    nothing_is_lost(night)?;
    pages_came(night)?;
    figures_are_right(night)?;
    proxies_were_found(night)
}

/// Every accepted mail lies in the log, once.
fn nothing_is_lost(night: &Passed) -> Result<()> {
    let kept = night.says.get("mails").and_then(Value::as_u64).unwrap_or(0);
    ensure!(
        kept == night.counts.accepted,
        "{} mails were accepted and {kept} lie in the log",
        night.counts.accepted
    );
    Ok(())
}

/// Somebody knew of each proved proxy within five seconds, and who did not answer had the second one rung.
fn pages_came(night: &Passed) -> Result<()> {
    let telephones = &night.telephones;
    let proved = night.infections.iter().filter_map(|one| Some((one, one.proved()?)));
    let unknown: Vec<String> = proved
        .filter(|(one, proved)| !telephones.knew(*proved, one.contained))
        .map(|(one, proved)| format!("{} proved at {proved}", one.address))
        .collect();
    ensure!(!telephones.heard.is_empty(), "nobody was rung in the whole night");
    ensure!(unknown.is_empty(), "nobody was rung for: {}", unknown.join("; "));
    let late = telephones.not_escalated(night.end);
    ensure!(late.is_empty(), "pages that did not go on as they should: {}", late.join("; "));
    let twice = telephones.duplicates();
    ensure!(twice <= 1, "{twice} rings came twice");
    Ok(())
}

/// The desk's own page of figures says of proved lines and their complaints what was so.
fn figures_are_right(night: &Passed) -> Result<()> {
    let stages = stages(night);
    let proved: BTreeSet<&str> = ["confirmed", "contained", "cleaned"].into();
    let incidents = night.says.pointer("/numbers/figures/incidents").cloned().unwrap_or_default();
    let number = |name: &str| incidents.get(name).and_then(Value::as_u64).unwrap_or(0);
    let by_truth: Vec<&Infection> = night
        .infections
        .iter()
        .filter(|one| stages.get(&subscriber(one.line)).is_some_and(|stage| proved.contains(stage.as_str())))
        .collect();
    let lines = u64::try_from(by_truth.len())?;
    ensure!(
        number("incidents") == lines,
        "the figures speak of {} proved lines, and {lines} are",
        number("incidents")
    );
    let complaints: u64 = by_truth.iter().map(|one| u64::try_from(one.complaints.len()).unwrap_or(0)).sum();
    ensure!(
        number("complaints") == complaints,
        "the figures speak of {} complaints about proved lines, and {complaints} came",
        number("complaints")
    );
    Ok(())
}

/// Every proxy that somebody complained of, or that flows show, is proved and contained.
fn proxies_were_found(night: &Passed) -> Result<()> {
    if night.plan.answer.is_some() {
        return Ok(());
    }
    let missed: Vec<String> = night
        .infections
        .iter()
        .filter(|one| one.plant == Plant::ListeningProxy && one.contained.is_none())
        .filter(|one| night.plan.flows && night.end.duration_since(one.from) > LAST_MOMENT)
        .map(|one| format!("{} since {}", one.address, one.from))
        .collect();
    ensure!(missed.is_empty(), "proxies that were never contained: {}", missed.join("; "));
    Ok(())
}

/// Where each line's case stands in the end, by the desk.
fn stages(night: &Passed) -> BTreeMap<String, String> {
    let rows = night.says.get("stages").and_then(Value::as_array).cloned().unwrap_or_default();
    rows.iter()
        .filter_map(|row| Some((row.get(0)?.as_str()?.to_owned(), row.get(1)?.as_str()?.to_owned())))
        .collect()
}
