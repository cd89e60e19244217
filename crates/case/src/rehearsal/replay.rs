//! One line, played again: the next thing that happens, happens.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Outcome;
use super::history::{Found, History, Input};
use crate::facts::RuleState;
use crate::moment::after;
use crate::{
    Actor, Case, CaseId, Command, Event, InForce, Playbook, QuestionId, Record, RuleKey, SubscriberId,
};

/// How many things may happen on one line before it is given up: a year of probes every ten minutes.
const HAPPENINGS_AT_MOST: usize = 60_000;

/// An answer on its way.
struct Coming {
    at: Timestamp,
    id: QuestionId,
    found: Found,
    /// Whether it came like this in reality, even to a question that was overtaken meanwhile.
    really: bool,
}

/// What happens next.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Answer(usize),
    Edge,
    Input,
    Tick,
}

/// One line under a playbook.
pub(super) struct Replay<'a> {
    playbook: &'a Playbook,
    history: History,
    subscriber: Option<SubscriberId>,
    open: Option<Case>,
    now: Timestamp,
    coming: Vec<Coming>,
    /// Since when each rule waits for the edge.
    waiting: BTreeMap<RuleKey, Timestamp>,
    outcomes: Vec<Outcome>,
    next_input: usize,
}

impl<'a> Replay<'a> {
    /// The line as it was at `from`.
    pub(super) fn new(cases: &[Vec<Record>], playbook: &'a Playbook, from: Timestamp) -> Replay<'a> {
        let subscriber = cases.iter().flatten().find_map(|record| match &record.event {
            Event::Opened { subscriber, .. } => Some(subscriber.clone()),
            _ => None,
        });
        let mut replay = Replay {
            playbook,
            history: History::of(cases, from),
            subscriber,
            open: None,
            now: from,
            coming: Vec::new(),
            waiting: BTreeMap::new(),
            outcomes: Vec::new(),
            next_input: 0,
        };
        for records in cases {
            let before: Vec<&Record> = records.iter().take_while(|record| record.at < from).collect();
            replay.begin_with(&before);
        }
        replay
    }

    /// Takes over a case as it was before the time looked at.
    fn begin_with(&mut self, records: &[&Record]) {
        let Some(case) = Case::replay(records.iter().copied()) else { return };
        let mut outcome = Outcome::new(case.id(), case.subscriber(), case.opened());
        records.iter().for_each(|record| outcome.note(record.at, &record.event, false));
        self.outcomes.push(outcome);
        if !case.stage().is_open() {
            return;
        }
        for record in records {
            match &record.event {
                Event::Asked { id, question, due, .. }
                    if case.outstanding().is_some_and(|out| out.id == *id) =>
                {
                    let due = (*due).max(record.at);
                    if let Some(Some((at, found))) = self.history.really(question, due) {
                        let found = found.clone();
                        self.coming.push(Coming { at, id: *id, found, really: true });
                    }
                }
                Event::BlockOrdered { rule, .. } => {
                    self.waiting.insert(rule.key, record.at);
                }
                _ => {}
            }
        }
        self.open = Some(case);
    }

    /// Plays it to the end.
    pub(super) fn run(mut self, until: Timestamp) -> Vec<Outcome> {
        for _ in 0..HAPPENINGS_AT_MOST {
            let Some((at, next)) = self.next().filter(|(at, _)| *at <= until) else { break };
            self.now = self.now.max(at);
            match next {
                Next::Answer(place) => self.answer(place),
                Next::Edge => self.edge_is_read(),
                Next::Input => self.input(),
                Next::Tick => self.act(&Command::Tick, &Actor::Desk),
            }
        }
        self.outcomes
    }

    /// The earliest of what may happen; of things at one moment, answers and the edge come first.
    fn next(&self) -> Option<(Timestamp, Next)> {
        let answers = self.coming.iter().enumerate().map(|(place, one)| (one.at, Next::Answer(place)));
        let edge = self.edge_due().map(|at| (at, Next::Edge));
        let input = self.history.inputs.get(self.next_input).map(|input| (input.at, Next::Input));
        let soonest = answers.chain(edge).chain(input).min();
        // A look that follows from the case itself is worked out only when nothing else comes before it may matter.
        let tick = self.open.as_ref().and_then(|case| case.next_due(self.playbook, self.now));
        soonest.into_iter().chain(tick.map(|at| (at, Next::Tick))).min()
    }

    /// When the edge next shows a rule that it does not show yet.
    fn edge_due(&self) -> Option<Timestamp> {
        let case = self.open.as_ref()?;
        let waits =
            case.blocks().filter(|block| block.state == RuleState::Ordered && block.rule.until > self.now);
        waits.filter_map(|block| self.shown_at(&block.rule.key)).min()
    }

    fn shown_at(&self, key: &RuleKey) -> Option<Timestamp> {
        Some(after(*self.waiting.get(key)?, self.history.edge_takes(key)?))
    }

    fn edge_is_read(&mut self) {
        let Some(case) = &self.open else { return };
        let shows = |block: &crate::Block| match block.state {
            RuleState::Verified(_) => true,
            RuleState::Ordered => self.shown_at(&block.rule.key).is_some_and(|at| at <= self.now),
            _ => false,
        };
        let in_force: Vec<InForce> = case
            .blocks()
            .filter(|block| block.rule.until > self.now && shows(block))
            .map(|block| InForce { key: block.rule.key, until: block.rule.until })
            .collect();
        for rule in &in_force {
            self.waiting.remove(&rule.key);
        }
        self.act(&Command::EdgeRead { in_force, refused: Vec::new() }, &Actor::Desk);
    }

    fn answer(&mut self, place: usize) {
        let Coming { id, found, really, .. } = self.coming.swap_remove(place);
        let waits = self.open.as_ref().is_some_and(|case| case.waits_for(id));
        if really || waits {
            let Found { answer, evidence } = found;
            self.act(&Command::Answered { question: id, answer, evidence }, &Actor::Desk);
        }
    }

    fn input(&mut self) {
        let Some(Input { actor, case, command, .. }) = self.history.inputs.get(self.next_input).cloned()
        else {
            return;
        };
        self.next_input = self.next_input.saturating_add(1);
        match (&self.open, &command, &self.subscriber) {
            (None, Command::File(sighting), Some(subscriber)) => {
                let events = Case::open(case, subscriber, sighting.clone(), self.playbook, self.now);
                self.take(case, events, &actor);
            }
            _ => self.act(&command, &actor),
        }
    }

    /// Has the open case follow a command; what it refuses was of no use to it.
    fn act(&mut self, command: &Command, actor: &Actor) {
        let Some(case) = &self.open else { return };
        if let Ok(events) = case.decide(command, self.playbook, self.now) {
            let id = case.id();
            self.take(id, events, actor);
        }
    }

    fn take(&mut self, id: CaseId, events: Vec<Event>, actor: &Actor) {
        let mut case = self.open.take();
        let first = case.as_ref().map_or(1, |case| case.version().saturating_add(1));
        for (version, event) in (first..).zip(events) {
            self.follow(&event, id);
            let record = Record { case: id, version, at: self.now, actor: actor.clone(), event };
            match &mut case {
                Some(case) => case.apply(&record),
                None => case = Case::replay([&record]),
            }
        }
        self.open = case.filter(|case| case.stage().is_open());
        if self.open.is_none() {
            self.coming.clear();
            self.waiting.clear();
        }
    }

    /// What follows from an event outside the case.
    fn follow(&mut self, event: &Event, id: CaseId) {
        let now = self.now;
        if let Event::Opened { subscriber, .. } = event {
            self.outcomes.push(Outcome::new(id, subscriber, now));
        }
        if let Some(outcome) = self.outcomes.iter_mut().rev().find(|outcome| outcome.case == id) {
            outcome.note(now, event, true);
        }
        match event {
            Event::Asked { id, question, due, .. } => {
                let due = (*due).max(now);
                match self.history.really(question, due) {
                    Some(Some((at, found))) => {
                        let (at, found) = (at.max(due), found.clone());
                        self.coming.push(Coming { at, id: *id, found, really: true });
                    }
                    Some(None) => {}
                    None => {
                        if let (at, Some(found)) = self.history.would_find(question, due) {
                            self.coming.push(Coming { at, id: *id, found, really: false });
                        }
                    }
                }
            }
            Event::BlockOrdered { rule, .. } => {
                self.waiting.entry(rule.key).or_insert(now);
            }
            Event::BlockHeld { key } | Event::BlockLifted { key, .. } => {
                self.waiting.remove(key);
            }
            Event::BlockApproved { key, .. } | Event::BlockLost { key } => {
                self.waiting.insert(*key, now);
            }
            _ => {}
        }
    }
}
