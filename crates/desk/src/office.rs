//! The open cases, and the one place where they change.
//!
//! Every change goes through a [`Draft`]: commands are decided on copies, the resulting records, errands and
//! summaries are committed in one transaction, and only then do the copies replace what was there. A crash between
//! any two steps leaves either all of it or nothing.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use case::{
    Actor, Case, CaseId, Command, Errand, Event, Filing, Listed, Playbook, Record, Refusal, Sighting, Source,
    SubscriberId,
};
use store::{Batch, Heard, NewErrand, Verdict};

use crate::proxy_pages::Stretch;

/// All open cases by number, and which subscriber has which.
#[derive(Debug, Default)]
pub(crate) struct Office {
    open: BTreeMap<CaseId, Case>,
    by_subscriber: HashMap<SubscriberId, CaseId>,
    last_id: u64,
    pages: Stretch,
}

impl Office {
    /// Rebuilds the office from the records of all open cases, ordered by case and version.
    pub(crate) fn rebuild(records: &[Record], last_id: u64) -> Self {
        let mut office = Office { last_id, ..Office::default() };
        office.note_pages(records);
        for of_one in records.chunk_by(|a, b| a.case == b.case) {
            if let Some(case) = Case::replay(of_one).filter(|case| case.stage().is_open()) {
                office.put(case);
            }
        }
        office
    }

    fn put(&mut self, case: Case) {
        self.last_id = self.last_id.max(case.id().0);
        if case.stage().is_open() {
            self.by_subscriber.insert(case.subscriber().clone(), case.id());
            self.open.insert(case.id(), case);
        } else {
            self.open.remove(&case.id());
            if self.by_subscriber.get(case.subscriber()) == Some(&case.id()) {
                self.by_subscriber.remove(case.subscriber());
            }
        }
    }

    /// The open cases.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.open.values()
    }

    /// One open case.
    pub(crate) fn case(&self, id: CaseId) -> Option<&Case> {
        self.open.get(&id)
    }

    /// The subscriber's open case.
    pub(crate) fn case_of(&self, subscriber: &SubscriberId) -> Option<&Case> {
        self.case(*self.by_subscriber.get(subscriber)?)
    }

    /// Takes in which cases have paged, in the order they did.
    pub(crate) fn note_pages(&mut self, records: &[Record]) {
        let mut paged: Vec<(Timestamp, CaseId)> = records
            .iter()
            .filter(|record| matches!(record.event, Event::PageOrdered { .. }))
            .map(|record| (record.at, record.case))
            .collect();
        paged.sort();
        for (at, case) in paged {
            self.pages.page(case, "", at);
        }
    }

    /// A draft of changes on top of what is.
    pub(crate) fn draft<'a>(&'a self, playbook: &'a Playbook, now: Timestamp) -> Draft<'a> {
        Draft {
            office: self,
            playbook,
            now,
            changed: BTreeMap::new(),
            by_subscriber: HashMap::new(),
            records: Vec::new(),
            errands: Vec::new(),
            heard: BTreeMap::new(),
            counted: BTreeMap::new(),
            verdicts: Vec::new(),
            pages: self.pages,
            last_id: self.last_id,
        }
    }

    /// Takes over what a draft changed, once it is on disk.
    pub(crate) fn install(&mut self, changed: Vec<Case>) {
        for case in changed {
            self.put(case);
        }
    }
}

/// Changes that are decided and not yet committed.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    office: &'a Office,
    playbook: &'a Playbook,
    now: Timestamp,
    changed: BTreeMap<CaseId, Case>,
    by_subscriber: HashMap<SubscriberId, CaseId>,
    records: Vec<Record>,
    errands: Vec<NewErrand>,
    heard: BTreeMap<(CaseId, String, bool), (u32, Timestamp)>,
    counted: BTreeMap<CaseId, Counted>,
    verdicts: Vec<Verdict>,
    pages: Stretch,
    last_id: u64,
}

/// Reports of one case that are counted and not filed, and when the last of them came.
#[derive(Debug, Default)]
struct Counted {
    reports: u32,
    copies: u32,
    last: Timestamp,
}

impl Draft<'_> {
    /// A case as it is in this draft.
    pub(crate) fn case(&self, id: CaseId) -> Option<&Case> {
        self.changed.get(&id).or_else(|| self.office.open.get(&id))
    }

    /// Brings in a case that is not in the office because it has ended; it stays outside. One that is in the draft
    /// already is as it became here.
    pub(crate) fn bring(&mut self, ended: Case) {
        self.changed.entry(ended.id()).or_insert(ended);
    }

    /// The subscriber's open case.
    pub(crate) fn open_case_of(&self, subscriber: &SubscriberId) -> Option<&Case> {
        let of_subscriber =
            self.by_subscriber.get(subscriber).or_else(|| self.office.by_subscriber.get(subscriber));
        self.case(*of_subscriber?).filter(|case| case.stage().is_open())
    }

    /// Files a sighting on the subscriber's open case, or opens one with it; says what came of it. What is only to be
    /// counted is left to [`Draft::heard`].
    pub(crate) fn file(&mut self, subscriber: &SubscriberId, sighting: Sighting) -> (CaseId, Filing) {
        let open = self.open_case_of(subscriber).map(|case| (case.id(), case.filing(&sighting)));
        if let Some((id, filing)) = open {
            let filed = filing == Filing::File;
            // A flood costs a look-up here and no copy of the case.
            if !filed || self.act(id, &Command::File(sighting.clone()), &Actor::Desk).is_ok() {
                return (id, filing);
            }
        }
        self.last_id += 1;
        let id = CaseId(self.last_id);
        let events = Case::open(id, subscriber, sighting, self.playbook, self.now);
        self.take(id, events, &Actor::Desk);
        self.by_subscriber.insert(subscriber.clone(), id);
        (id, Filing::File)
    }

    /// Takes in that one report came for a case from `source`, and whether it was filed, counted or a copy.
    pub(crate) fn heard(&mut self, id: CaseId, source: &Source, how: Filing, received: Timestamp) {
        let counted = (how == Filing::Count, matches!(how, Filing::Repeat(_)));
        if counted.0 || counted.1 {
            let entry = self.counted.entry(id).or_default();
            entry.reports = entry.reports.saturating_add(u32::from(counted.0));
            entry.copies = entry.copies.saturating_add(u32::from(counted.1));
            entry.last = entry.last.max(received);
        }
        if matches!(how, Filing::File | Filing::Count) {
            let Source::Report { domain, authenticated, .. } = source else { return };
            let entry = self.heard.entry((id, domain.clone(), *authenticated)).or_insert((0, received));
            *entry = (entry.0.saturating_add(1), entry.1.max(received));
        }
    }

    /// Follows a command on an open case, or one that was brought. Any other is `None` here.
    pub(crate) fn act(
        &mut self,
        id: CaseId,
        command: &Command,
        actor: &Actor,
    ) -> Result<Option<usize>, Refusal> {
        let Some(case) = self.case(id) else { return Ok(None) };
        let events = case.decide(command, self.playbook, self.now)?;
        let count = events.len();
        self.take(id, events, actor);
        Ok(Some(count))
    }

    /// Follows a command on a case that is still at `version`. Gives the version it came to and who had it before; or why
    /// it does not take it, in words.
    pub(crate) fn act_at(
        &mut self,
        id: CaseId,
        version: u64,
        command: &Command,
        actor: &Actor,
    ) -> Result<(u64, Option<String>), String> {
        let case = self.case(id).ok_or_else(|| format!("there is no case {id}"))?;
        let before = case.assignee().map(str::to_owned);
        if case.version() != version {
            return Err("it moved on since it was looked at".to_owned());
        }
        if let Some(other) = self.reopens_beside_another(id, command) {
            return Err(Refusal::AnotherIsOpen(other).to_string());
        }
        self.act(id, command, actor).map_err(|refusal| refusal.to_string())?;
        Ok((self.case(id).map_or(version, Case::version), before))
    }

    /// The open case of the same line, where the command would open an ended one beside it: a line has one.
    pub(crate) fn reopens_beside_another(&self, id: CaseId, command: &Command) -> Option<CaseId> {
        let case = self.case(id).filter(|_| matches!(command, Command::Reopen { .. }))?;
        self.open_case_of(case.subscriber()).map(Case::id).filter(|other| *other != id)
    }

    fn take(&mut self, id: CaseId, events: Vec<Event>, actor: &Actor) {
        let mut known = self.case(id).cloned();
        let first = known.as_ref().map_or(1, |case| case.version() + 1);
        for (version, event) in (first..).zip(events) {
            self.note(id, &event);
            let following = Errand::following(id, &event, self.now).into_iter();
            self.errands.extend(following.map(|(due, key, errand)| NewErrand { case: id, due, key, errand }));
            let record = Record { case: id, version, at: self.now, actor: actor.clone(), event };
            match &mut known {
                Some(case) => case.apply(&record),
                None => known = Case::replay([&record]),
            }
            self.records.push(record);
        }
        if let Some(case) = known {
            // A reopened case is its line's from here on, also to the next command of the same draft.
            if case.stage().is_open() {
                self.by_subscriber.insert(case.subscriber().clone(), id);
            }
            self.changed.insert(id, case);
        }
    }

    /// What follows from an event beyond its case: a page, a verdict in the trust ledger.
    fn note(&mut self, id: CaseId, event: &Event) {
        match event {
            Event::PageOrdered { what } => self.errands.push(self.pages.page(id, what, self.now)),
            Event::ReporterJudged { domain, evidence, confirmed } => self.verdicts.push(Verdict {
                domain: domain.clone(),
                evidence: *evidence,
                case: id,
                confirmed: *confirmed,
                at: self.now,
            }),
            _ => {}
        }
    }

    /// One event for all that was only counted, however much it was.
    fn count(&mut self) {
        for (id, Counted { reports, copies, last }) in std::mem::take(&mut self.counted) {
            if let Err(refusal) = self.act(id, &Command::Count { reports, copies, last }, &Actor::Desk) {
                tracing::debug!(case = %id, %refusal, "reports came for a case that ended just now");
            }
        }
    }

    /// What is to be committed, and what then replaces the cases in the office.
    pub(crate) fn finish(mut self) -> (Batch, Vec<Case>) {
        self.count();
        let heard = std::mem::take(&mut self.heard).into_iter();
        let heard = heard.map(|((case, reporter, authenticated), (reports, at))| Heard {
            case,
            reporter,
            authenticated,
            reports,
            at,
        });
        let heard = heard.collect();
        let changed: Vec<Case> = self.changed.into_values().collect();
        let summaries = changed.iter().map(|case| Listed::of(case, self.playbook)).collect();
        let batch = Batch {
            records: self.records,
            errands: self.errands,
            summaries,
            heard,
            verdicts: self.verdicts,
            ..Batch::default()
        };
        (batch, changed)
    }
}
