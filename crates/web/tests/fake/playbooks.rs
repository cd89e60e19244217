//! A playbook that is live, one that was tried, and what came of it.

use std::sync::Arc;

use case::{CaseId, Difference, EvidenceId, Playbook, Shift, Totals, Wrong};
use desk::{LivePlaybook, PlaybookView, Trial, TrialView};

use super::now;

/// The built-in playbook, with containment on flows alone.
pub fn tried() -> String {
    let from = "when = \"flows\"\npage = true\n";
    let to = "when = \"flows\"\npage = true\ncontain = [\"mail-out\", \"proved-port-in\"]\n";
    Playbook::built_in_text().replace(from, to).replace("number = 1", "number = 2")
}

fn difference() -> Difference {
    let before = Totals {
        cases: 812,
        confirmed: 64,
        contained: 61,
        pages: 70,
        notices: 64,
        letters: 131,
        ..Totals::default()
    };
    let after = Totals { contained: 66, pages: 70, wrong: 2, ..before };
    let shift = |case, contained: bool, by: i64, wrong| Shift {
        case: CaseId(case),
        subscriber: format!("line-{case}").parse().unwrap(),
        contained: contained.then(now),
        contained_then: Some(now()),
        later_by: contained.then_some(by),
        pages: 0,
        notices: 1,
        letters: 0,
        wrong,
        was_wrong: None,
    };
    Difference {
        lines: 790,
        before,
        after,
        earlier: 9,
        later: 1,
        newly_contained: 5,
        told_as_it_was: 810,
        really: 812,
        shifts: vec![
            shift(17, false, 0, Some(Wrong::Dismissed)),
            shift(18, true, -5400, None),
            shift(19, true, -90_000, None),
            shift(20, true, 600, None),
        ],
        ..Difference::default()
    }
}

pub fn view(trial: Option<&str>, made_live: &[(String, String, String)]) -> PlaybookView {
    let live = Arc::new(Playbook::default());
    let row = |made_by: &str, reason: &str| LivePlaybook {
        version: live.version.clone(),
        name: live.name.clone(),
        evidence: EvidenceId([7; 32]),
        made_by: made_by.to_owned(),
        reason: reason.to_owned(),
        at: now(),
    };
    let mut history = vec![row("configuration", "as configured at a start")];
    history.extend(made_live.iter().map(|(_, by, reason)| row(by, reason)));
    let trial = trial.and_then(|text| {
        let version = Playbook::read(text).ok()?.version;
        let result = Trial {
            live: live.version.clone(),
            tried: version.clone(),
            from: now(),
            until: now(),
            difference: difference(),
        };
        Some(TrialView {
            text: text.into(),
            version,
            days: 30,
            by: super::OPERATOR.to_owned(),
            done: 790,
            total: 790,
            result: Some(Ok(Arc::new(result))),
        })
    });
    PlaybookView { live, history, overruled: false, trial }
}
