//! `nightdesk playbook`.

use std::path::Path;

use anyhow::{Context, Result};
use case::{Changed, Playbook, Shift};
use desk::Trial;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;

use super::Answer;
use crate::cli::PlaybookCommand;
use crate::{config, output, playbooks, startup};

/// How many playbooks that were live are listed.
const LISTED: u32 = 1000;

/// Prints, checks, compares or tries a playbook. Nothing is changed by any of it.
pub(crate) async fn run(path: &Path, command: &PlaybookCommand) -> Result<Answer> {
    match command {
        PlaybookCommand::Show { built_in: true, json } => show(Playbook::built_in(), json.json),
        PlaybookCommand::Show { json, .. } => show(&live(path).await?.1, json.json),
        PlaybookCommand::Check { file, json } => check(file, json.json),
        PlaybookCommand::Diff { file, other, json } => {
            let playbook = playbooks::read(file)?;
            let held_against = match other {
                Some(other) => playbooks::read(other)?,
                None => live(path).await?.1,
            };
            diff(&held_against, &playbook, json.json)
        }
        PlaybookCommand::Try { file, days, most, json } => {
            let playbook = playbooks::read(file)?;
            let (store, live) = live(path).await?;
            let bar = progress(!json.json);
            let heard = |done, total| {
                bar.set_length(total);
                bar.set_position(done);
            };
            let trial = desk::try_playbook(&store, &live, &playbook, *days, Timestamp::now(), heard).await?;
            bar.finish_and_clear();
            if json.json {
                tried_as_json(&trial)?;
            } else {
                tried(&trial, *most);
            }
            Ok(Answer::Yes)
        }
        PlaybookCommand::History { json } => history(path, json.json).await,
    }
}

/// The store, and the playbook that is live by it.
async fn live(path: &Path) -> Result<(store::Store, Playbook)> {
    let config = config::load(path)?;
    let store = startup::open_store(&config).await?;
    let live = desk::live_playbook(&store, &startup::playbook(&config)?).await?;
    Ok((store, live))
}

fn show(playbook: &Playbook, json: bool) -> Result<Answer> {
    if json {
        output::json(playbook)?;
    } else {
        output::bytes(playbook.text.as_bytes());
    }
    Ok(Answer::Yes)
}

fn check(file: &Path, json: bool) -> Result<Answer> {
    match Playbook::read(&playbooks::text(file)?) {
        Ok(playbook) if json => {
            output::json(
                &json!({ "file": file, "good": true, "version": playbook.version, "name": playbook.name }),
            )?;
            Ok(Answer::Yes)
        }
        Ok(playbook) => {
            output::line(format!(
                "{} is good: playbook {}, {:?}",
                file.display(),
                playbook.version,
                playbook.name
            ));
            let changes = Playbook::built_in().changes(&playbook);
            output::line(match changes.len() {
                0 => "It does what the built-in one does.".to_owned(),
                1 => "It does one thing otherwise than the built-in one:".to_owned(),
                some => format!("It does {some} things otherwise than the built-in one:"),
            });
            changes.iter().for_each(change);
            output::line(format!("Next: nightdesk playbook try {} --days 30", file.display()));
            Ok(Answer::Yes)
        }
        Err(mistakes) if json => {
            output::json(&json!({ "file": file, "good": false, "mistakes": mistakes }))?;
            Ok(Answer::No)
        }
        Err(mistakes) => {
            playbooks::in_words(file, &mistakes).iter().for_each(output::line);
            Ok(Answer::No)
        }
    }
}

fn diff(from: &Playbook, to: &Playbook, json: bool) -> Result<Answer> {
    let changes = from.changes(to);
    if json {
        changes.iter().try_for_each(output::json)?;
    } else {
        output::line(format!(
            "playbook {} ({:?}) -> {} ({:?})",
            from.version, from.name, to.version, to.name
        ));
        changes.iter().for_each(change);
        if changes.is_empty() {
            output::line("Both do the same.");
        }
    }
    Ok(if changes.is_empty() { Answer::No } else { Answer::Yes })
}

fn change(change: &Changed) {
    output::line(format!("  {}", change.what));
    if let Some(from) = &change.from {
        output::line(format!("    - {from}"));
    }
    if let Some(to) = &change.to {
        output::line(format!("    + {to}"));
    }
}

/// A bar on a terminal, nothing elsewhere.
fn progress(wanted: bool) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} lines, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn tried_as_json(trial: &Trial) -> Result<()> {
    let mut whole = serde_json::to_value(trial)?;
    let difference = whole.get_mut("difference").and_then(serde_json::Value::as_object_mut);
    difference.context("a trial has a difference")?.remove("shifts");
    output::json(&whole)?;
    trial.difference.shifts.iter().try_for_each(output::json)
}

fn tried(trial: &Trial, most: usize) {
    let all = &trial.difference;
    let (before, after) = (&all.before, &all.after);
    let (from, until) = (trial.from.strftime("%Y-%m-%d"), trial.until.strftime("%Y-%m-%d"));
    output::line(format!(
        "{} lines with {} cases, {from} to {until}: playbook {} instead of {}",
        all.lines, all.before.cases, trial.tried, trial.live
    ));
    output::line(format!(
        "Played again, the live playbook tells {} of {} cases as they were.",
        all.told_as_it_was, all.really
    ));
    if all.is_none() {
        output::line("Nothing would have been different.");
        return;
    }
    let rows = [
        ("contained", before.contained, after.contained),
        ("wrong cut-offs", before.wrong, after.wrong),
        ("pages", before.pages, after.pages),
        ("mails to customers", before.notices, after.notices),
        ("mails to reporters", before.letters, after.letters),
        ("probes", before.probes, after.probes),
    ];
    output::line(format!("{:<20}{:>10}{:>10}{:>10}", "", "live", "tried", "more"));
    for (what, before, after) in rows {
        let more = i128::from(after) - i128::from(before);
        output::line(format!("{what:<20}{before:>10}{after:>10}{more:>+10}"));
    }
    output::line(format!(
        "Contained earlier: {}, later: {}, newly: {}, no longer: {}; cases joined or parted: {}",
        all.earlier, all.later, all.newly_contained, all.no_longer_contained, all.joined_or_parted
    ));
    let mut shifts: Vec<&Shift> = all.shifts.iter().collect();
    shifts.sort_by_key(|shift| (shift.wrong.is_none(), std::cmp::Reverse(shift.later_by.map(i64::abs))));
    shifts.iter().take(most).for_each(|shift| output::line(format!("  {}", shift.in_words())));
    if shifts.len() > most {
        output::line(format!("  and {} more; --most shows them, --json all", shifts.len() - most));
    }
}

async fn history(path: &Path, json: bool) -> Result<Answer> {
    let store = startup::open_store(&config::load(path)?).await?;
    let rows = store.playbooks(LISTED).await?;
    for row in &rows {
        if json {
            output::json(&json!({
                "number": row.number, "hash": row.hash, "name": row.name, "source": row.source,
                "by": row.made_by, "reason": row.reason, "at": row.at, "evidence": row.evidence,
            }))?;
        } else {
            output::line(format!(
                "{}  {} ({})  {:?}  by {}: {}",
                row.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
                row.number,
                row.hash,
                row.name,
                row.made_by,
                row.reason
            ));
        }
    }
    Ok(if rows.is_empty() { Answer::No } else { Answer::Yes })
}
