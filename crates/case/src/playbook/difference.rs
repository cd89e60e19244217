//! What two playbooks say differently.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Length, Moment, Playbook, Step};
use crate::Stage;

/// One thing two playbooks say differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The setting, as a path of the file, or the step by its name.
    pub what: String,
    /// What the first says; `None` where it says nothing.
    pub from: Option<String>,
    /// What the second says.
    pub to: Option<String>,
}

/// Every difference of `one` and `other`, settings first; the version and its number are none.
pub(super) fn between(one: &Playbook, other: &Playbook) -> Vec<Changed> {
    let (from, to) = (outline(one), outline(other));
    let names: Vec<&String> = from.iter().chain(&to).map(|(name, _)| name).collect();
    let mut seen = BTreeSet::new();
    let (from_by, to_by): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (from.iter().map(pair).collect(), to.iter().map(pair).collect());
    let mut changed = Vec::new();
    for name in names.into_iter().filter(|name| seen.insert(name.as_str())) {
        let (from, to) = (from_by.get(name.as_str()), to_by.get(name.as_str()));
        if from != to {
            let (from, to) = (from.map(|text| (*text).to_owned()), to.map(|text| (*text).to_owned()));
            changed.push(Changed { what: name.clone(), from, to });
        }
    }
    if changed.is_empty() && from != to {
        let names =
            |steps: &[Step]| steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>().join(", ");
        let (from, to) = (Some(names(&one.steps)), Some(names(&other.steps)));
        changed.push(Changed { what: "the order of the steps".to_owned(), from, to });
    }
    changed
}

fn pair((name, value): &(String, String)) -> (&str, &str) {
    (name, value)
}

/// Every setting with its value, and every step in words.
fn outline(playbook: &Playbook) -> Vec<(String, String)> {
    let length = |length| Length(length).to_string();
    let mut lines: Vec<(String, String)> = [
        ("name", playbook.name.clone()),
        ("second_person", playbook.second_person.to_string()),
        ("watch.for", length(playbook.watch_for)),
        ("ask.usual_ports", format!("{:?}", playbook.usual_ports)),
        ("ask.again", length(playbook.recheck_every)),
        ("clean.negatives", playbook.clean_after_negatives.to_string()),
        ("clean.over", length(playbook.clean_over)),
        ("clean.close_after", length(playbook.close_after)),
        ("reporters.acknowledge", playbook.acknowledge_reporter.to_string()),
        ("reporters.outcome", playbook.tell_reporter_outcome.to_string()),
        ("reporters.spamcop", playbook.spamcop_resolved.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for stage in Stage::ALL.into_iter().filter(|stage| stage.is_open()) {
        let clock = playbook.clock(stage).map(length);
        lines.extend(clock.map(|clock| (format!("stage.{stage}.clock"), clock)));
        let again = playbook.ask_again.get(&stage).map(|again| length(*again));
        lines.extend(again.map(|again| (format!("stage.{stage}.ask_again"), again)));
        lines.push((format!("stage.{stage}.runbook"), playbook.runbook(stage).to_owned()));
    }
    lines.extend(playbook.steps.iter().map(|step| (format!("step {:?}", step.name), in_words(step))));
    lines
}

/// A whole step in words.
fn in_words(step: &Step) -> String {
    let stages: Vec<&str> = step.stages.iter().map(|stage| stage.name()).collect();
    let kinds: Vec<&str> = step.kinds.iter().map(|kind| kind.name()).collect();
    let mut words = match step.when {
        Moment::Stage => format!("when the case comes into {}", stages.join(" or ")),
        moment if stages.is_empty() => format!("when {}", moment.in_words()),
        moment => format!("when {} and the case is {}", moment.in_words(), stages.join(" or ")),
    };
    if let Some(after) = step.after {
        words = format!("when the case has been {} for {}", stages.join(" or "), Length(after));
    }
    if !kinds.is_empty() {
        words.push_str(&format!(", with evidence of {}", kinds.join(" or ")));
    }
    let runbook = step.runbook.as_ref().map(|name| format!(", runbook {name}")).unwrap_or_default();
    format!("{words}: {}{runbook}", step.does())
}

impl Step {
    /// When it is done and what, in one sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        in_words(self)
    }
}
