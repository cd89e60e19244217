//! What of a case came when, by its log alone.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::{Actor, CaseId, Event, EvidenceId, Kind, Record, RuleKey, Stage, SubscriberId};

/// How many addresses of one case are looked at: a line that changes its address daily has a month of them.
const ADDRESSES: usize = 64;
/// How many reports of one case are told apart; the log counts what goes beyond without naming it.
const REPORTS: usize = 10_000;

/// A stretch in which a case waited for somebody and not for us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end; none while it lasts.
    pub until: Option<Timestamp>,
    /// What was waited for.
    pub why: &'static str,
}

/// What of a case came when. Each moment is the first of its kind, but for `cleaned`, which a reopening takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Milestones {
    /// Which case.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// How many records were read.
    pub version: u64,
    /// Where it stands after them.
    pub stage: Stage,
    /// When what opened it happened, where that was said.
    pub began: Option<Timestamp>,
    /// When the case was opened.
    pub noticed: Timestamp,
    /// When people were paged for it.
    pub paged: Option<Timestamp>,
    /// When a person first did something about it.
    pub acknowledged: Option<Timestamp>,
    /// When it was confirmed.
    pub confirmed: Option<Timestamp>,
    /// When a letter to the subscriber went out.
    pub told: Option<Timestamp>,
    /// When what the playbook lists was in force at the edge.
    pub contained: Option<Timestamp>,
    /// When it was found clean, and stayed so.
    pub cleaned: Option<Timestamp>,
    /// When it ended, however.
    pub ended: Option<Timestamp>,
    /// When it was found at work again after it was clean.
    pub reopened: Vec<Timestamp>,
    /// When it waited for somebody.
    pub pauses: Vec<Pause>,
    /// What was said and seen of it.
    pub kinds: BTreeSet<Kind>,
    /// The addresses that was said of, the first of them.
    pub addresses: BTreeSet<IpAddr>,
    /// How many reports came, each once however many claims it makes.
    pub complaints: u64,
    /// How many of them came after the line was contained.
    pub complaints_after: u64,
    /// The reports already counted.
    #[serde(skip)]
    reports: BTreeSet<EvidenceId>,
    /// Blocks that wait for a second person.
    #[serde(skip)]
    held: BTreeSet<RuleKey>,
    /// Who is written to and is not the subscriber: addresses of reporters, and domains of which each report has its own.
    #[serde(skip)]
    reporters: BTreeSet<String>,
    /// Whether a letter to the subscriber was ordered.
    #[serde(skip)]
    notice_ordered: bool,
}

impl Milestones {
    /// Reads a case's records, in order, from version 1. `None` when the first is no [`Event::Opened`].
    #[must_use]
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Milestones> {
        let mut records = records.into_iter();
        let mut milestones = Milestones::begin(records.next()?)?;
        records.for_each(|record| milestones.take(record));
        Some(milestones)
    }

    /// Begins with a case's first record. `None` when it is no [`Event::Opened`].
    #[must_use]
    pub fn begin(record: &Record) -> Option<Milestones> {
        let Event::Opened { subscriber, .. } = &record.event else { return None };
        Some(Milestones {
            case: record.case,
            subscriber: subscriber.clone(),
            version: record.version,
            stage: Stage::HeadsUp,
            began: None,
            noticed: record.at,
            paged: None,
            acknowledged: None,
            confirmed: None,
            told: None,
            contained: None,
            cleaned: None,
            ended: None,
            reopened: Vec::new(),
            pauses: Vec::new(),
            kinds: BTreeSet::new(),
            addresses: BTreeSet::new(),
            complaints: 0,
            complaints_after: 0,
            reports: BTreeSet::new(),
            held: BTreeSet::new(),
            reporters: BTreeSet::new(),
            notice_ordered: false,
        })
    }

    /// Takes one more record in; cannot fail.
    pub fn take(&mut self, record: &Record) {
        let at = record.at;
        self.version = record.version;
        if matches!(record.actor, Actor::Operator(_)) {
            self.acknowledged.get_or_insert(at);
        }
        match &record.event {
            Event::Filed { sighting, .. } => self.filed(sighting, at),
            Event::Counted { reports, .. } => self.heard(u64::from(*reports)),
            Event::StageMoved { from, to, .. } => self.moved(*from, *to, at),
            Event::PageOrdered { .. } => _ = self.paged.get_or_insert(at),
            Event::NoticeOrdered { .. } => self.notice_ordered = true,
            Event::Told { to } => self.told_to(to, at),
            Event::BlockHeld { key } => self.holds(*key, at),
            Event::BlockApproved { key, .. } | Event::BlockLifted { key, .. } => self.lets_go(key, at),
            Event::ReporterNamed { correspondent } => self.names(&correspondent.address),
            Event::AcknowledgementOrdered { reporter: Some(reporter), .. }
            | Event::OutcomeOrdered { reporter, .. } => self.names(reporter),
            _ => {}
        }
    }

    fn filed(&mut self, sighting: &crate::Sighting, at: Timestamp) {
        if at == self.noticed {
            // Of what opened the case, the earliest; what is said to have happened after it came is a clock's error.
            let happened = sighting.happened.map(|_| sighting.counts_from());
            self.began = self.began.into_iter().chain(happened).min();
        }
        self.kinds.insert(sighting.kind);
        if self.addresses.len() < ADDRESSES {
            self.addresses.insert(sighting.address.to_canonical());
        }
        if sighting.source.is_hearsay() && self.is_new(sighting.evidence) {
            self.heard(1);
        }
    }

    fn is_new(&mut self, report: EvidenceId) -> bool {
        self.reports.len() >= REPORTS || self.reports.insert(report)
    }

    fn heard(&mut self, reports: u64) {
        self.complaints = self.complaints.saturating_add(reports);
        if self.contained.is_some() {
            self.complaints_after = self.complaints_after.saturating_add(reports);
        }
    }

    fn moved(&mut self, from: Stage, to: Stage, at: Timestamp) {
        self.stage = to;
        match to {
            Stage::Confirmed => _ = self.confirmed.get_or_insert(at),
            Stage::Contained => _ = self.contained.get_or_insert(at),
            Stage::Cleaned => _ = self.cleaned.get_or_insert(at),
            Stage::Closed | Stage::Dismissed => self.end(at),
            Stage::HeadsUp | Stage::Watching | Stage::Suspected => {}
        }
        let again = from == Stage::Cleaned || !from.is_open();
        if again && to.is_open() && to != Stage::Cleaned {
            // An operator may take up what had ended.
            self.ended = None;
            if self.cleaned.take().is_some() {
                self.reopened.push(at);
            }
        }
    }

    fn end(&mut self, at: Timestamp) {
        self.ended.get_or_insert(at);
        self.held.clear();
        self.resume(at);
    }

    /// The relay took a letter. The log says to whom and not why; whoever is no reporter and was to be told is the
    /// subscriber.
    fn told_to(&mut self, to: &str, at: Timestamp) {
        let to = to.to_ascii_lowercase();
        let Some((local, domain)) = to.rsplit_once('@') else { return };
        let spamcop = ["resolved.", "innocent."].iter().any(|answer| {
            local.strip_prefix(answer).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let reporter = self.reporters.contains(&to) || self.reporters.contains(domain);
        if self.notice_ordered && !spamcop && !reporter {
            self.told.get_or_insert(at);
        }
    }

    fn names(&mut self, reporter: &str) {
        if self.reporters.len() < REPORTS {
            self.reporters.insert(reporter.to_ascii_lowercase());
        }
    }

    fn holds(&mut self, key: RuleKey, at: Timestamp) {
        if self.held.is_empty() {
            self.pauses.push(Pause { since: at, until: None, why: "a block waits for a second person" });
        }
        self.held.insert(key);
    }

    fn lets_go(&mut self, key: &RuleKey, at: Timestamp) {
        if self.held.remove(key) && self.held.is_empty() {
            self.resume(at);
        }
    }

    fn resume(&mut self, at: Timestamp) {
        for pause in self.pauses.iter_mut().filter(|pause| pause.until.is_none()) {
            pause.until = Some(at);
        }
    }

    /// Whether a line of ours was proved to be a proxy or relay.
    #[must_use]
    pub fn is_incident(&self) -> bool {
        self.confirmed.is_some()
    }
}
