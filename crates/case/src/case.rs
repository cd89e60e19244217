//! All that is known of one subscriber's suspected proxy or relay.
use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::{CaseId, Command, Event, Judgement, Playbook, Record, Refusal, Rule, Sighting, Stage, SubscriberId, Urgency};

/// All that is known of one subscriber's suspected proxy or relay.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    id: CaseId,
    subscriber: SubscriberId,
    version: u64,
    opened: Timestamp,
    stage: Stage,
}

impl Case {
    /// The events that begin a case with its first sighting, to be recorded from version 1 on.
    #[must_use]
    pub fn open(id: CaseId, subscriber: &SubscriberId, first: Sighting, playbook: &Playbook, now: Timestamp) -> Vec<Event> {
        let _ = (id, subscriber, first, playbook, now);
        Vec::new()
    }

    /// Replays records, in order, from version 1. `None` when the first is no [`Event::Opened`].
    #[must_use]
    pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Case> {
        let _ = records.into_iter().count();
        None
    }

    /// What follows from `command` at `now`. Pure; the events are recorded as versions `self.version() + 1 ..`.
    ///
    /// # Errors
    /// [`Refusal`] when the command makes no sense for the case as it is.
    pub fn decide(&self, command: &Command, playbook: &Playbook, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let _ = (command, playbook, now);
        Ok(Vec::new())
    }

    /// Takes one record in; cannot fail. The only way a case changes.
    pub fn apply(&mut self, record: &Record) {
        self.version = record.version;
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> CaseId { self.id }
    /// Whose line.
    #[must_use]
    pub fn subscriber(&self) -> &SubscriberId { &self.subscriber }
    /// How many events it has seen.
    #[must_use]
    pub fn version(&self) -> u64 { self.version }
    /// When it was opened.
    #[must_use]
    pub fn opened(&self) -> Timestamp { self.opened }
    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage { self.stage }
    /// The addresses its sightings and answers speak of.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<IpAddr> { BTreeSet::new() }
    /// All sightings, in the order they were filed.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] { &[] }
    /// The judgement the stage rests on at `now`.
    #[must_use]
    pub fn judgement(&self, playbook: &Playbook, now: Timestamp) -> Judgement { crate::judge(self, playbook, now) }
    /// The rules of this case that belong in the plan at `now`.
    #[must_use]
    pub fn standing_rules(&self, now: Timestamp) -> Vec<Rule> { let _ = now; Vec::new() }
    /// How pressing it is.
    #[must_use]
    pub fn urgency(&self, playbook: &Playbook) -> Urgency { let _ = playbook; Urgency { proxy: false, harm: 1, due: None } }
}
