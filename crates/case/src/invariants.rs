//! What must hold of all cases and the plan at every moment.
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::facts::RuleState;
use crate::{Case, CaseId, Measure, Plan, Rule, Sighting, SignFamily, Source, Stage, SubscriberId, Voice};

/// A broken promise, in words, with the case it was broken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub case: Option<CaseId>,
    /// What.
    pub what: String,
}

/// Every invariant that does not hold; empty is good.
///
/// It trusts nothing that made the plan: each rule is held against the case it names.
#[must_use]
pub fn invariants<'a>(
    cases: impl IntoIterator<Item = &'a Case>,
    plan: &Plan,
    now: Timestamp,
) -> Vec<Violation> {
    let cases: Vec<&Case> = cases.into_iter().collect();
    let by_id: BTreeMap<CaseId, &Case> = cases.iter().map(|case| (case.id(), *case)).collect();
    let rules =
        plan.rules().iter().flat_map(|rule| rule_violations(rule, by_id.get(&rule.case).copied(), now));
    let mut found: Vec<Violation> = rules.collect();
    let mut open: BTreeMap<&SubscriberId, CaseId> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.stage().is_open()) {
        if let Some(other) = open.insert(case.subscriber(), case.id()) {
            let what = format!("{} has two open cases, {other} and this one", case.subscriber());
            found.push(Violation { case: Some(case.id()), what });
        }
    }
    found.extend(cases.iter().flat_map(|case| case_violations(case, now)));
    found
}

fn rule_violations(rule: &Rule, case: Option<&Case>, now: Timestamp) -> Vec<Violation> {
    let wrong = |what: String| Violation { case: Some(rule.case), what };
    let Some(case) = case else {
        return vec![wrong(format!("the rule {} belongs to no case", rule.key))];
    };
    let address = rule.key.address;
    let mut found = Vec::new();
    if !matches!(case.stage(), Stage::Confirmed | Stage::Contained) {
        found.push(wrong(format!("the rule {} stands though the case is {}", rule.key, case.stage())));
    }
    if rule.until <= now {
        found.push(wrong(format!("the rule {} outlives its end {}", rule.key, rule.until)));
    }
    let facts = case.facts();
    let proofs = || facts.answers.iter().filter(|a| a.counts && a.verdict.is_proof() && a.address == address);
    let proved = proofs().next().is_some();
    let by_hand = facts.by_hand.iter().any(|(_, confirmed)| *confirmed == Some(address));
    let relayed = || shown_by_flows(case, false).filter(|one| one.address.to_canonical() == address);
    if !proved && !by_hand && relayed().next().is_none() {
        found.push(wrong(format!(
            "the rule {} stands on no proof of that address and no operator's word",
            rule.key
        )));
    }
    if let Measure::In { port, .. } = rule.key.measure
        && !by_hand
        && !proofs().any(|answer| answer.port == Some(port))
        && !relayed().any(|sighting| sighting.port == Some(port))
    {
        found.push(wrong(format!("the rule {} closes a port that was never proved there", rule.key)));
    }
    if facts.known.get(&address).is_some_and(|known| known.lost.is_some()) {
        found.push(wrong(format!("the rule {} hits an address that has gone to somebody else", rule.key)));
    }
    if !case.standing_rules(now).contains(rule) {
        found.push(wrong(format!("the rule {} is in the plan and not in the case", rule.key)));
    }
    found
}

fn case_violations(case: &Case, now: Timestamp) -> Vec<Violation> {
    let wrong = |what: String| Violation { case: Some(case.id()), what };
    let facts = case.facts();
    let mut found = Vec::new();
    let first_party = facts.answers.iter().any(|a| a.counts && a.verdict.is_proof())
        || !facts.by_hand.is_empty()
        || shown_by_flows(case, true).next().is_some();
    let beyond_hearsay = matches!(case.stage(), Stage::Confirmed | Stage::Contained | Stage::Cleaned);
    if beyond_hearsay && !first_party {
        found.push(wrong(format!("the case is {} on hearsay alone", case.stage())));
    }
    let unseen = |block: &&crate::Block| !matches!(block.state, RuleState::Verified(_));
    if case.stage() == Stage::Contained
        && let Some(block) = facts.standing(now).find(unseen)
    {
        found.push(wrong(format!("the case is contained though the edge does not show {}", block.rule.key)));
    }
    found
}

/// The sightings of relaying, not withdrawn, that a second sign of another family bears out; with `or_reports` also those
/// that a report by somebody with a record does.
fn shown_by_flows(case: &Case, or_reports: bool) -> impl Iterator<Item = &Sighting> {
    let family = |one: &Sighting| match &one.source {
        Source::Sign { sign, .. } => Some(sign.family()),
        Source::Report { .. } => None,
    };
    let second = move |one: &Sighting| match family(one) {
        Some(family) => family != SignFamily::Relaying,
        None => or_reports && one.source.voice() == Voice::Established,
    };
    let withdrawn = |one: &Sighting| case.facts().observed.is_withdrawn((one.evidence, one.claim));
    let borne_out = case.sightings().iter().any(|one| second(one) && !withdrawn(one));
    let relaying = move |one: &&Sighting| family(one) == Some(SignFamily::Relaying) && !withdrawn(one);
    case.sightings().iter().filter(move |one| borne_out && relaying(one))
}
