//! Who has reported the line and can be written to, and what was written to them.
//!
//! A case orders each letter once: one acknowledgement and one word of the outcome for each reporter, and one answer for
//! each SpamCop report. What a reporter is told of the outcome rests on the same proof as the stage `cleaned`, counted
//! from *their* report on: a report that came after the line was found clean waits for probes of its own.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Event, EvidenceId};

/// How many reports of one case are answered; nobody waits for the thousandth answer about one line.
const KEPT: usize = 500;

/// How many reporters without a record are acknowledged on one case, and how many of their reports are kept for that: a
/// flood of them must neither have us write to each nor take the room of those with a record.
const NEWCOMERS_THANKED: usize = 10;
const OF_NEWCOMERS_KEPT: usize = 100;

/// A report's sender, as somebody who may be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondent {
    /// Their report.
    pub evidence: EvidenceId,
    /// Where an answer goes, in lower case.
    pub address: String,
    /// Whether the report was shown to come from the domain of that address; nobody else is acknowledged.
    pub authenticated: bool,
    /// Whether they have no record yet: only so many of those are written to, since domains cost little.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newcomer: bool,
    /// The addresses of the line that the report accuses.
    pub about: Vec<IpAddr>,
    /// SpamCop's own number, where the report is SpamCop's, and came from SpamCop for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spamcop: Option<SpamcopReport>,
}

/// A report as SpamCop knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpamcopReport {
    /// Its number: what stands behind `resolved.` in the address of the answer.
    pub id: u64,
    /// Whether it accuses a web host and nobody of having sent or passed on mail: SpamCop hears a claim of innocence of
    /// the former alone (spamcop.net, "How do I reply to a report", fom-serve/cache/146).
    pub web_host: bool,
}

/// What SpamCop can be told of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpamcopAnswer {
    /// The cause is gone: `resolved.ID@…`.
    Resolved,
    /// It never was: `innocent.ID@…`.
    Innocent,
}

impl SpamcopAnswer {
    /// The word as it stands in the address.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SpamcopAnswer::Resolved => "resolved",
            SpamcopAnswer::Innocent => "innocent",
        }
    }
}

impl Correspondent {
    /// What two reports of one reporter have in common: the address, and for SpamCop, where each report has an address
    /// of its own, the domain.
    #[must_use]
    pub fn reporter(&self) -> &str {
        match self.spamcop {
            Some(_) => domain(&self.address),
            None => &self.address,
        }
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// All correspondence of a case.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Correspondence {
    /// By report, with the time it was filed.
    known: BTreeMap<EvidenceId, (Timestamp, Correspondent)>,
    /// Who was acknowledged; in records from before reporters were named, whose domain.
    acknowledged: BTreeSet<String>,
    /// Who was told of the outcome.
    told: BTreeSet<String>,
    /// SpamCop reports that were answered.
    spamcop: BTreeSet<u64>,
}

impl Correspondence {
    /// Takes one event in.
    pub(crate) fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ReporterNamed { correspondent } => {
                self.known.entry(correspondent.evidence).or_insert_with(|| (at, correspondent.clone()));
            }
            Event::AcknowledgementOrdered { reporter: Some(reporter), .. } => {
                self.acknowledged.insert(reporter.clone());
            }
            Event::OutcomeOrdered { reporter, .. } => {
                self.told.insert(reporter.clone());
            }
            Event::SpamcopOrdered { report, .. } => {
                self.spamcop.insert(*report);
            }
            _ => {}
        }
    }

    /// Somebody of that domain was acknowledged, by a record that does not say who.
    pub(crate) fn acknowledged_domain(&mut self, domain: &str) {
        self.acknowledged.insert(domain.to_owned());
    }

    /// Whether a report is new, and there is room for it.
    pub(crate) fn wants(&self, correspondent: &Correspondent) -> bool {
        let room = !correspondent.newcomer
            || (self.newcomers().count() < OF_NEWCOMERS_KEPT && self.may_know(correspondent));
        room && self.known.len() < KEPT && !self.known.contains_key(&correspondent.evidence)
    }

    fn newcomers(&self) -> impl Iterator<Item = &Correspondent> {
        self.known.values().map(|(_, one)| one).filter(|one| one.newcomer)
    }

    /// Whether a newcomer is among the first.
    fn may_know(&self, correspondent: &Correspondent) -> bool {
        let names: BTreeSet<&str> = self.newcomers().map(Correspondent::reporter).collect();
        names.len() < NEWCOMERS_THANKED || names.contains(correspondent.reporter())
    }

    /// Whether its sender is to be acknowledged.
    pub(crate) fn may_acknowledge(&self, correspondent: &Correspondent) -> bool {
        let before = |name: &str| self.acknowledged.contains(name);
        correspondent.authenticated
            && !before(correspondent.reporter())
            && !before(domain(&correspondent.address))
    }

    /// SpamCop reports without an answer, with the time each was filed.
    pub(crate) fn spamcop_open(&self) -> impl Iterator<Item = (Timestamp, &Correspondent, SpamcopReport)> {
        let reports =
            self.known.values().filter_map(|(at, one)| one.spamcop.map(|report| (*at, one, report)));
        reports.filter(|(_, _, report)| !self.spamcop.contains(&report.id))
    }

    /// Reporters who were written to (`wrote_to` says who was) and not told of the outcome, with the time of their newest
    /// report; SpamCop has its own answers.
    pub(crate) fn outcome_open(&self, wrote_to: impl Fn(&str) -> bool) -> Vec<(Timestamp, &Correspondent)> {
        let mut open: BTreeMap<&str, (Timestamp, &Correspondent)> = BTreeMap::new();
        for (at, one) in self.known.values() {
            let waits = one.spamcop.is_none() && one.authenticated && !self.told.contains(one.reporter());
            if !waits || !self.acknowledged.contains(one.reporter()) || !wrote_to(&one.address) {
                continue;
            }
            let newest = open.entry(one.reporter()).or_insert((*at, one));
            if *at > newest.0 {
                *newest = (*at, one);
            }
        }
        open.into_values().collect()
    }
}
