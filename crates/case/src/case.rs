//! All that is known of one subscriber's suspected proxy or relay.
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::decide::decide;
use crate::draft::Draft;
use crate::facts::{Answered, Asking, Block, Facts, Note, RuleState, domain};
use crate::{
    CaseId, Command, Event, EvidenceId, Family, Filing, Judgement, Kind, Playbook, PlaybookVersion,
    QuestionId, Record, Refusal, Rule, Sighting, Stage, SubscriberId, Urgency,
};

/// All that is known of one subscriber's suspected proxy or relay.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    id: CaseId,
    subscriber: SubscriberId,
    version: u64,
    opened: Timestamp,
    updated: Timestamp,
    facts: Facts,
    sightings: Vec<Sighting>,
    filed: BTreeSet<(EvidenceId, u32)>,
}

impl Case {
    /// The events that begin a case with its first sighting, to be recorded from version 1 on.
    #[must_use]
    pub fn open(
        id: CaseId,
        subscriber: &SubscriberId,
        first: Sighting,
        playbook: &Playbook,
        now: Timestamp,
    ) -> Vec<Event> {
        let mut draft = Draft::new(id, Facts::new(now), playbook, now);
        let playbook = Some(playbook.version.clone());
        draft.push(Event::Opened { subscriber: subscriber.clone(), playbook });
        draft.file(first);
        draft.settle()
    }

    /// Replays records, in order, from version 1. `None` when the first is no [`Event::Opened`].
    #[must_use]
    pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Case> {
        let mut records = records.into_iter();
        let first = records.next()?;
        let Event::Opened { subscriber, .. } = &first.event else { return None };
        let mut facts = Facts::new(first.at);
        facts.apply(first.at, &first.actor, &first.event);
        let mut case = Case {
            id: first.case,
            subscriber: subscriber.clone(),
            version: first.version,
            opened: first.at,
            updated: first.at,
            facts,
            sightings: Vec::new(),
            filed: BTreeSet::new(),
        };
        records.for_each(|record| case.apply(record));
        Some(case)
    }

    /// What follows from `command` at `now`. Pure; the events are recorded as versions `self.version() + 1 ..`.
    ///
    /// # Errors
    /// [`Refusal`] when the command makes no sense for the case as it is.
    pub fn decide(
        &self,
        command: &Command,
        playbook: &Playbook,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        if let Command::File(sighting) = command
            && self.stage().is_open()
        {
            let (reports, copies) = match self.filing(sighting) {
                Filing::Known => return Ok(Vec::new()),
                Filing::File => (0, 0),
                Filing::Count => (1, 0),
                Filing::Repeat(_) => (0, 1),
            };
            if reports + copies > 0 {
                let count = Command::Count { reports, copies, last: sighting.received };
                return decide(self.id, &self.facts, &count, playbook, now);
            }
        }
        if let Command::Withdraw { evidence, claim, .. } = command
            && !self.has_sign((*evidence, *claim))
        {
            return Ok(Vec::new());
        }
        decide(self.id, &self.facts, command, playbook, now)
    }

    fn has_sign(&self, name: (EvidenceId, u32)) -> bool {
        let is = |one: &Sighting| (one.evidence, one.claim) == name && !one.source.is_hearsay();
        !self.facts.observed.is_withdrawn(name) && self.sightings.iter().any(is)
    }

    /// The signs of our own flow records that were filed and not withdrawn, in the order they were filed.
    pub fn signs(&self) -> impl Iterator<Item = &Sighting> {
        let counts = |one: &&Sighting| {
            !one.source.is_hearsay() && !self.facts.observed.is_withdrawn((one.evidence, one.claim))
        };
        self.sightings.iter().filter(counts)
    }

    /// What filing `sighting` here would come to: most of a flood is only counted, which costs next to nothing.
    #[must_use]
    pub fn filing(&self, sighting: &Sighting) -> Filing {
        if self.filed.contains(&(sighting.evidence, sighting.claim)) {
            return Filing::Known;
        }
        self.facts.filed.filing(sighting, self.facts.known.get(&sighting.address.to_canonical()))
    }

    /// Whether any claim of this evidence is filed here.
    #[must_use]
    pub fn has_heard(&self, evidence: &EvidenceId) -> bool {
        self.filed.range((*evidence, 0)..=(*evidence, u32::MAX)).next().is_some()
    }

    /// How many reports were counted and not filed one by one.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.facts.counted
    }

    /// When the operators were told of a proxy or relay here.
    #[must_use]
    pub fn paged(&self) -> Option<Timestamp> {
        self.facts.paged
    }

    /// When they were told last: a step of the playbook that waits may tell them again.
    #[must_use]
    pub fn paged_last(&self) -> Option<Timestamp> {
        self.facts.paged_last
    }

    /// The playbook of the last decision on it; `None` in records from before playbooks had versions.
    #[must_use]
    pub fn playbook(&self) -> Option<&PlaybookVersion> {
        self.facts.playbook.as_ref()
    }

    /// The kinds of what was said and seen of it.
    #[must_use]
    pub fn kinds(&self) -> &BTreeSet<Kind> {
        &self.facts.kinds
    }

    /// Takes one record in; cannot fail. The only way a case changes.
    pub fn apply(&mut self, record: &Record) {
        self.version = record.version;
        self.updated = record.at;
        self.facts.apply(record.at, &record.actor, &record.event);
        match &record.event {
            Event::Filed { sighting, .. } if self.filed.insert((sighting.evidence, sighting.claim)) => {
                self.sightings.push(sighting.clone());
            }
            Event::AcknowledgementOrdered { evidence, reporter: None } => {
                let report = self.sightings.iter().rev().find(|sighting| sighting.evidence == *evidence);
                if let Some(sighting) = report {
                    let correspondence = Arc::make_mut(&mut self.facts.correspondence);
                    correspondence.acknowledged_domain(domain(&sighting.source));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> CaseId {
        self.id
    }

    /// Whose line.
    #[must_use]
    pub fn subscriber(&self) -> &SubscriberId {
        &self.subscriber
    }

    /// How many events it has seen.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it was opened.
    #[must_use]
    pub fn opened(&self) -> Timestamp {
        self.opened
    }

    /// When its newest record was written.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        self.updated
    }

    /// Who has taken it on, by login name.
    #[must_use]
    pub fn assignee(&self) -> Option<&str> {
        self.facts.assignee.as_deref()
    }

    /// Who was spoken to in a note (`@name`) and has done nothing on this case since.
    #[must_use]
    pub fn mentions(&self) -> &BTreeSet<String> {
        &self.facts.mentions
    }

    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.facts.stage
    }

    /// Since when it stands there.
    #[must_use]
    pub fn stage_since(&self) -> Timestamp {
        self.facts.stage_since
    }

    /// The addresses its sightings and answers speak of.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<IpAddr> {
        self.facts.known.keys().copied().collect()
    }

    /// The address the line was last known to hold: the one questions go to. `None` when all have gone to others.
    #[must_use]
    pub fn current_address(&self) -> Option<IpAddr> {
        self.facts.current_address()
    }

    /// All sightings, in the order they were filed.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// All answers, in the order their probes began.
    #[must_use]
    pub fn answers(&self) -> &[Answered] {
        &self.facts.answers
    }

    /// Every block ever ordered, standing or lifted, by key. A key ordered again after it was lifted is there once.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.facts.blocks.values()
    }

    /// The end of the watch, past or to come.
    #[must_use]
    pub fn watch_until(&self) -> Option<Timestamp> {
        self.facts.watch_until
    }

    /// The question the case waits for.
    #[must_use]
    pub fn outstanding(&self) -> Option<&Asking> {
        self.facts.outstanding().filter(|_| self.stage().is_open())
    }

    /// Whether the answer to question `id` is still waited for. When not, because it was answered, overtaken by a
    /// more pressing one, or the case ended, there is no need to put it.
    #[must_use]
    pub fn waits_for(&self, id: QuestionId) -> bool {
        self.outstanding().is_some_and(|asking| asking.id == id)
    }

    /// What was written down.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.facts.notes
    }

    /// Who was written to, and when.
    #[must_use]
    pub fn told(&self) -> &[(Timestamp, String)] {
        &self.facts.told
    }

    /// The known malware families that were named of it.
    #[must_use]
    pub fn families(&self) -> &[&'static Family] {
        &self.facts.families
    }

    /// Whether SpamCop still waits for this case's answer to its report of that number.
    #[must_use]
    pub fn owes_spamcop(&self, report: u64) -> bool {
        self.facts.correspondence.spamcop_open().any(|(_, _, open)| open.id == report)
    }

    /// Whether SpamCop would hear a claim of innocence about a report of this case ([`Command::Innocent`]).
    #[must_use]
    pub fn may_claim_innocence(&self) -> bool {
        !matches!(self.stage(), Stage::Confirmed | Stage::Contained)
            && self.facts.correspondence.spamcop_open().any(|(_, _, open)| open.web_host)
    }

    /// The judgement the stage rests on at `now`.
    #[must_use]
    pub fn judgement(&self, playbook: &Playbook, now: Timestamp) -> Judgement {
        crate::judge(self, playbook, now)
    }

    /// The rules of this case that belong in the plan at `now`.
    #[must_use]
    pub fn standing_rules(&self, now: Timestamp) -> Vec<Rule> {
        self.facts.standing(now).map(|block| block.rule).collect()
    }

    /// Whether a block of it waits for a second person at `now`.
    #[must_use]
    pub fn waits_for_second_person(&self, now: Timestamp) -> bool {
        self.facts.held(now).next().is_some()
    }

    /// How pressing it is.
    #[must_use]
    pub fn urgency(&self, playbook: &Playbook) -> Urgency {
        crate::urgency::of(&self.facts, playbook)
    }

    /// Whether [`Command::Tick`] would change something at `now`.
    #[must_use]
    pub fn is_due(&self, playbook: &Playbook, now: Timestamp) -> bool {
        self.decide(&Command::Tick, playbook, now).is_ok_and(|events| !events.is_empty())
    }

    /// The next moment at which [`Command::Tick`] may change something: `now` when it would at once, else a later one;
    /// `None` when only new evidence can.
    #[must_use]
    pub fn next_due(&self, playbook: &Playbook, now: Timestamp) -> Option<Timestamp> {
        if self.is_due(playbook, now) {
            return Some(now);
        }
        crate::timer::next_due(&self.facts, playbook, now)
    }
}

impl Block {
    /// Whether it has not been lifted.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        !matches!(self.state, RuleState::Lifted(_))
    }
}
