//! Whether somebody can be rung at every minute ahead.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::{Contact, Name, Person, Rota, Severity, Shift, Target};

/// What is wrong with the time ahead. Nothing, when both lists are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// From when it was looked at.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Stretches in which nobody is on duty, by schedule.
    pub gaps: Vec<Gap>,
    /// People who are on duty, or whom a policy rings, and cannot be reached.
    pub unreachable: Vec<Unreachable>,
}

/// Nobody is on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// In which schedule.
    pub schedule: Name,
    /// From when.
    pub from: Timestamp,
    /// Until when, not included.
    pub to: Timestamp,
}

/// Somebody who would be rung and not reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreachable {
    /// Who.
    pub person: Name,
    /// When first: the beginning of their first shift, or of the time looked at for whom a policy names.
    pub from: Timestamp,
    /// For pages of which severity.
    pub severity: Severity,
    /// Why.
    pub why: String,
}

impl Coverage {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && self.unreachable.is_empty()
    }
}

impl Rota {
    /// Whether every schedule that a policy rings has somebody on duty at every minute of a stretch, and whether whoever is
    /// rung can be reached. `is_broken` says of a contact that it is known not to work, such as since the last page.
    #[must_use]
    pub fn coverage(
        &self,
        from: Timestamp,
        to: Timestamp,
        is_broken: impl Fn(&Name, &Contact) -> bool,
    ) -> Coverage {
        let mut coverage = Coverage { from, to, gaps: Vec::new(), unreachable: Vec::new() };
        let mut looked_at: BTreeSet<(&Name, Severity)> = BTreeSet::new();
        let look = |person: &Person, from, severity| {
            let why = unreachable(person, severity, &is_broken)?;
            Some(Unreachable { person: person.name.clone(), from, severity, why })
        };
        for (severity, target) in self.rung() {
            let shifts = match target {
                Target::Schedule(name) => {
                    let schedule = self.schedules.iter().find(|one| one.name == *name);
                    schedule.map(|schedule| schedule.shifts(from, to)).unwrap_or_default()
                }
                Target::Person(_) | Target::Everybody => Vec::new(),
            };
            if let Target::Schedule(name) = target {
                let gaps = shifts.iter().filter(|shift| shift.on_duty.is_none());
                let gap = |shift: &Shift| Gap { schedule: name.clone(), from: shift.from, to: shift.to };
                coverage.gaps.extend(gaps.map(gap));
            }
            let on_duty =
                shifts.iter().filter_map(|shift| Some((&shift.on_duty.as_ref()?.person, shift.from)));
            let named: Vec<&Name> = match target {
                Target::Person(name) => vec![name],
                // Who is out of reach among everybody is not missed while another is reached.
                Target::Everybody | Target::Schedule(_) => Vec::new(),
            };
            for (name, at) in on_duty.chain(named.into_iter().map(|name| (name, from))) {
                let Some(person) = self.people.get(name) else { continue };
                if looked_at.insert((&person.name, severity)) {
                    coverage.unreachable.extend(look(person, at, severity));
                }
            }
        }
        coverage.gaps.sort_by(|a, b| (a.from, &a.schedule).cmp(&(b.from, &b.schedule)));
        coverage.gaps.dedup();
        coverage.unreachable.sort_by(|a, b| (&a.person, &a.why, a.from).cmp(&(&b.person, &b.why, b.from)));
        coverage.unreachable.dedup_by(|b, a| a.person == b.person && a.why == b.why);
        coverage.unreachable.sort_by(|a, b| (a.from, &a.person).cmp(&(b.from, &b.person)));
        coverage
    }

    /// Every target that a page may ring, with the severity it would have.
    fn rung(&self) -> BTreeSet<(Severity, &Target)> {
        let mut rung = BTreeSet::new();
        for (severity, name) in self.reasons.values() {
            let policy = self.policies.iter().filter(|policy| policy.name == *name);
            let targets = policy.flat_map(|policy| &policy.steps).flat_map(|step| &step.ring);
            rung.extend(targets.map(|target| (*severity, target)));
        }
        rung
    }
}

fn unreachable(
    person: &Person,
    severity: Severity,
    is_broken: &impl Fn(&Name, &Contact) -> bool,
) -> Option<String> {
    if person.contacts.is_empty() {
        return Some("has no contact at all".to_owned());
    }
    let mut fit = person.contacts_for(severity).peekable();
    if fit.peek().is_none() {
        return Some(format!("has no contact that rings for {severity} pages"));
    }
    fit.all(|contact| is_broken(&person.name, contact))
        .then(|| "was not reached by any contact when it was last tried".to_owned())
}
