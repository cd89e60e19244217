//! From a playbook to its text.

use std::fmt::Write;

use super::{Length, Moment, Playbook, Step};
use crate::Stage;

/// The text, in the order of the built-in one.
pub(super) fn text(playbook: &Playbook) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    _ = write(&mut text, playbook);
    text
}

fn write(text: &mut String, playbook: &Playbook) -> std::fmt::Result {
    let length = |length| quoted(&Length(length).to_string());
    writeln!(
        text,
        "# A playbook of nightdesk; `nightdesk playbook show --built-in` explains every setting."
    )?;
    writeln!(text, "number = {}\nname = {}", playbook.version.number, quoted(&playbook.name))?;
    writeln!(text, "second_person = {}", playbook.second_person)?;
    writeln!(text, "\n[watch]\nfor = {}", length(playbook.watch_for))?;
    writeln!(text, "\n[ask]\nusual_ports = {:?}", playbook.usual_ports)?;
    writeln!(text, "again = {}", length(playbook.recheck_every))?;
    writeln!(text, "\n[clean]\nnegatives = {}", playbook.clean_after_negatives)?;
    writeln!(text, "over = {}", length(playbook.clean_over))?;
    writeln!(text, "close_after = {}", length(playbook.close_after))?;
    writeln!(text, "\n[reporters]\nacknowledge = {}", playbook.acknowledge_reporter)?;
    writeln!(text, "outcome = {}", playbook.tell_reporter_outcome)?;
    writeln!(text, "spamcop = {}", playbook.spamcop_resolved)?;
    for stage in Stage::ALL.into_iter().filter(|stage| stage.is_open()) {
        writeln!(text, "\n[stage.{stage}]")?;
        if let Some(clock) = playbook.clock(stage) {
            writeln!(text, "clock = {}", length(clock))?;
        }
        if let Some(again) = playbook.ask_again.get(&stage) {
            writeln!(text, "ask_again = {}", length(*again))?;
        }
        if let Some(runbook) = playbook.runbooks.get(&stage) {
            writeln!(text, "runbook = {}", quoted(runbook))?;
        }
    }
    playbook.steps.iter().try_for_each(|step| write_step(text, step))
}

fn write_step(text: &mut String, step: &Step) -> std::fmt::Result {
    let list =
        |names: Vec<&str>| format!("[{}]", names.into_iter().map(quoted).collect::<Vec<_>>().join(", "));
    writeln!(text, "\n[[step]]\nname = {}\nwhen = {}", quoted(&step.name), quoted(step.when.name()))?;
    if !step.stages.is_empty() {
        writeln!(text, "stages = {}", list(step.stages.iter().map(|stage| stage.name()).collect()))?;
    }
    if !step.kinds.is_empty() {
        writeln!(text, "kinds = {}", list(step.kinds.iter().map(|kind| kind.name()).collect()))?;
    }
    if let Some(after) = step.after.filter(|_| step.when == Moment::Stage) {
        writeln!(text, "after = {}", quoted(&Length(after).to_string()))?;
    }
    if step.page {
        writeln!(text, "page = true")?;
    }
    if step.tell {
        writeln!(text, "tell = true")?;
    }
    if !step.contain.is_empty() {
        writeln!(text, "contain = {}", list(step.contain.iter().map(|one| one.name()).collect()))?;
        writeln!(text, "block_for = {}", quoted(&Length(step.block_for).to_string()))?;
    }
    if let Some(runbook) = &step.runbook {
        writeln!(text, "runbook = {}", quoted(runbook))?;
    }
    Ok(())
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
