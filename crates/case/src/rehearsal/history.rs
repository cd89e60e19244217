//! The records of one line, taken apart: what came from outside, what our probes found, how quick the edge was.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Actor, Answer, CaseId, Command, Event, EvidenceId, LiftReason, Question, Record, RuleKey, SpamcopAnswer,
    Verdict,
};

/// How long a probe takes where nothing is known of it.
const PROBE_TAKES: SignedDuration = SignedDuration::from_secs(10);
/// How long the edge takes where nothing is known of it.
const EDGE_TAKES: SignedDuration = SignedDuration::from_secs(2);
/// How far apart two questions may be due that are one and the same.
const SAME_DUE: SignedDuration = SignedDuration::from_secs(5);

/// Something that came from outside, and would have come under any playbook.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) at: Timestamp,
    pub(super) actor: Actor,
    /// The case it went to.
    pub(super) case: CaseId,
    pub(super) command: Command,
}

/// A question that was really asked, and what came of it.
#[derive(Debug, Clone)]
struct Asked {
    question: Question,
    due: Timestamp,
    answer: Option<(Timestamp, Found)>,
}

/// What a probe found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) answer: Answer,
    pub(super) evidence: EvidenceId,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) inputs: Vec<Input>,
    asked: Vec<Asked>,
    /// By address, in order of time.
    found: BTreeMap<IpAddr, Vec<Found>>,
    /// How long the edge took for each rule; `None` where it never showed it.
    edge: BTreeMap<RuleKey, Option<SignedDuration>>,
}

impl History {
    /// Reads the records of a line's cases; inputs from `from` on.
    pub(super) fn of(cases: &[Vec<Record>], from: Timestamp) -> History {
        let mut history = History::default();
        for records in cases {
            history.take(records, from);
        }
        history.inputs.sort_by_key(|input| input.at);
        for found in history.found.values_mut() {
            found.sort_by_key(|found| found.answer.started);
        }
        history
    }

    fn take(&mut self, records: &[Record], from: Timestamp) {
        let mut asked: BTreeMap<u32, usize> = BTreeMap::new();
        let mut ordered: BTreeMap<RuleKey, Timestamp> = BTreeMap::new();
        for record in records {
            match &record.event {
                Event::Asked { id, question, due, .. } => {
                    asked.insert(id.0, self.asked.len());
                    let due = (*due).max(record.at);
                    self.asked.push(Asked { question: question.clone(), due, answer: None });
                }
                Event::Answered { id, .. } => {
                    if let Some(asked) = asked.get(&id.0).and_then(|place| self.asked.get_mut(*place))
                        && let Some(found) = found(record, &asked.question)
                    {
                        let address = found.answer.question.address.to_canonical();
                        asked.answer = Some((record.at, found.clone()));
                        self.found.entry(address).or_default().push(found);
                    }
                }
                Event::BlockOrdered { rule, .. } => {
                    ordered.entry(rule.key).or_insert(record.at);
                    self.edge.entry(rule.key).or_insert(None);
                }
                Event::BlockApproved { key, .. } => {
                    ordered.insert(*key, record.at);
                }
                Event::BlockVerified { key, .. } => {
                    if let Some(since) = ordered.remove(key) {
                        // The first time tells how long the edge takes; what renews a rule that stands is seen when it
                        // is next read, which may be hours later.
                        let took = self.edge.entry(*key).or_insert(None);
                        took.get_or_insert(record.at.duration_since(since));
                    }
                }
                Event::BlockLifted { key, .. } => {
                    ordered.remove(key);
                }
                _ => {}
            }
            if record.at >= from {
                let command = command(record, records);
                let (at, actor, case) = (record.at, record.actor.clone(), record.case);
                self.inputs.extend(command.map(|command| Input { at, actor, case, command }));
            }
        }
    }

    /// What came of a question that was really asked like this one, and when: `Some(None)` where it was asked and nothing
    /// came, `None` where it was not asked.
    pub(super) fn really(&self, question: &Question, due: Timestamp) -> Option<Option<(Timestamp, &Found)>> {
        let like =
            |asked: &&Asked| asked.question == *question && asked.due.duration_since(due).abs() <= SAME_DUE;
        let nearest = self.asked.iter().filter(like).min_by_key(|asked| asked.due.duration_since(due).abs());
        nearest.map(|asked| asked.answer.as_ref().map(|(at, found)| (*at, found)))
    }

    /// What a probe at `at` would have found, by what our probes found of that address around then, and when it would have
    /// said so.
    pub(super) fn would_find(&self, question: &Question, at: Timestamp) -> (Timestamp, Option<Found>) {
        let answered = at.saturating_add(PROBE_TAKES).unwrap_or(at);
        let Some(all) = self.found.get(&question.address.to_canonical()) else { return (answered, None) };
        let before = all.iter().rev().find(|found| found.answer.started <= at);
        let Some(near) = before.or_else(|| all.first()) else { return (answered, None) };
        let mut found = near.clone();
        found.answer.question = question.clone();
        found.answer.started = at;
        // What stands open at a port that is not asked is not found.
        if found.answer.verdict.is_proof()
            && found.answer.port.is_some_and(|port| !question.ports.contains(&port))
        {
            found.answer.verdict = Verdict::Closed;
            (found.answer.port, found.answer.protocol, found.answer.exit) = (None, None, None);
        }
        (answered, Some(found))
    }

    /// How long the edge takes to show a rule; `None` where it refused it.
    pub(super) fn edge_takes(&self, key: &RuleKey) -> Option<SignedDuration> {
        match self.edge.get(key) {
            Some(took) => *took,
            None => Some(self.edge.values().flatten().min().copied().unwrap_or(EDGE_TAKES)),
        }
    }
}

fn found(record: &Record, asked: &Question) -> Option<Found> {
    let Event::Answered { address, verdict, port, protocol, exit, evidence, started, .. } = &record.event
    else {
        return None;
    };
    let started = started.unwrap_or(record.at);
    let answer = Answer {
        question: Question { address: *address, ..asked.clone() },
        verdict: *verdict,
        port: *port,
        protocol: protocol.clone(),
        exit: *exit,
        started,
        seconds: record.at.duration_since(started).as_secs_f64(),
        transcript: Vec::new(),
    };
    Some(Found { answer, evidence: *evidence })
}

/// The command that a record tells of, where it came from outside and does not follow from the playbook.
fn command(record: &Record, all: &[Record]) -> Option<Command> {
    Some(match &record.event {
        Event::Filed { sighting, .. } => Command::File(sighting.clone()),
        Event::Counted { reports, copies, last } => {
            Command::Count { reports: *reports, copies: *copies, last: *last }
        }
        Event::SignWithdrawn { evidence, claim, reason } => {
            Command::Withdraw { evidence: *evidence, claim: *claim, reason: reason.clone() }
        }
        Event::ReporterNamed { correspondent } => Command::Correspond(correspondent.clone()),
        Event::AddressLost { address, reason } => {
            Command::HolderChanged { address: *address, reason: reason.clone() }
        }
        Event::Asked { question, line_moved: true, why, .. } => {
            Command::LineMoved { to: question.address, reason: why.clone() }
        }
        Event::Asked { question, by_operator: true, .. } => {
            Command::Recheck { ports: question.ports.clone() }
        }
        Event::Told { to } => Command::Told { to: to.clone(), failure: None },
        Event::TellingFailed { to, reason } => {
            Command::Told { to: to.clone(), failure: Some(reason.clone()) }
        }
        Event::ConfirmedByHand { reason } => Command::Confirm { reason: reason.clone() },
        Event::Dismissed { reason } => Command::Dismiss { reason: reason.clone() },
        Event::Merged { into, reason } => Command::Merge { into: *into, reason: reason.clone() },
        Event::Split { to, reason } => Command::Split { to: to.clone(), reason: reason.clone() },
        Event::Reopened { reason } => Command::Reopen { reason: reason.clone() },
        Event::BlockApproved { by, .. } => Command::Approve { by: by.clone() },
        Event::SpamcopOrdered { answer: SpamcopAnswer::Innocent, why, .. } => {
            Command::Innocent { reason: why.clone() }
        }
        Event::Released { reason } => {
            let tested = all
                .iter()
                .filter(|one| one.at == record.at)
                .any(|one| matches!(&one.event, Event::BlockLifted { reason: LiftReason::Tested, .. }));
            let reason = reason.clone();
            if tested { Command::ReleaseByTest { reason } } else { Command::Release { reason } }
        }
        _ => return None,
    })
}
