//! What a night would have been under another playbook: the log's evidence, judged again with the clock of then.
//!
//! What was heard, what people did and what became of addresses is taken from the records as it was; everything that
//! followed from the playbook is decided anew. What a probe would have found is what our real probes found of the line
//! around that moment, whatever was done to it in between; the edge takes as long as it took. Nothing here does anything.

mod difference;
mod history;
mod replay;

use jiff::Timestamp;
use serde::Serialize;

use crate::{CaseId, Event, LiftReason, Playbook, Record, Stage, SubscriberId};

pub use difference::{Difference, Shift, Totals};

/// Why a line that was cut off should not have been, by all that is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// An operator dismissed the case.
    Dismissed,
    /// An operator, or a test that found it clean, released the line, and no probe ever proved it.
    Released,
    /// No probe ever proved it, and no operator put their name to it.
    NeverProved,
}

impl Wrong {
    /// As a sentence goes on with it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Wrong::Dismissed => "an operator dismissed it",
            Wrong::Released => "it was released, and no probe ever proved it",
            Wrong::NeverProved => "no probe ever proved it",
        }
    }
}

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Which: the case that its first evidence went to in reality.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was first confirmed.
    pub confirmed: Option<Timestamp>,
    /// When it was first contained.
    pub contained: Option<Timestamp>,
    /// Pages to the operators in the time looked at.
    pub pages: u32,
    /// Letters to the customer in that time.
    pub notices: u32,
    /// Letters to reporters in that time.
    pub letters: u32,
    /// Questions to the line in that time.
    pub probes: u32,
    /// Whether it was cut off wrongly.
    pub wrong: Option<Wrong>,
}

impl Outcome {
    fn new(case: CaseId, subscriber: &SubscriberId, opened: Timestamp) -> Outcome {
        Outcome {
            case,
            subscriber: subscriber.clone(),
            opened,
            confirmed: None,
            contained: None,
            pages: 0,
            notices: 0,
            letters: 0,
            probes: 0,
            wrong: None,
        }
    }

    /// Takes an event in; what was done before the time looked at is not counted.
    fn note(&mut self, at: Timestamp, event: &Event, counts: bool) {
        let once = u32::from(counts);
        match event {
            Event::StageMoved { to, .. } => {
                if matches!(to, Stage::Confirmed | Stage::Contained) {
                    self.confirmed.get_or_insert(at);
                }
                if *to == Stage::Contained {
                    self.contained.get_or_insert(at);
                }
            }
            Event::PageOrdered { .. } => self.pages = self.pages.saturating_add(once),
            Event::NoticeOrdered { .. } => self.notices = self.notices.saturating_add(once),
            Event::AcknowledgementOrdered { .. }
            | Event::OutcomeOrdered { .. }
            | Event::SpamcopOrdered { .. } => self.letters = self.letters.saturating_add(once),
            Event::Asked { .. } => self.probes = self.probes.saturating_add(once),
            _ => {}
        }
    }
}

/// What the records of one line's cases, each in order, came to between two moments.
#[must_use]
pub fn happened(cases: &[Vec<Record>], from: Timestamp, until: Timestamp) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for records in cases {
        let Some(first) = records.first() else { continue };
        let Event::Opened { subscriber, .. } = &first.event else { continue };
        let mut outcome = Outcome::new(first.case, subscriber, first.at);
        for record in records.iter().filter(|record| record.at <= until) {
            outcome.note(record.at, &record.event, record.at >= from);
        }
        outcome.wrong = wrong(cases, &outcome);
        outcomes.push(outcome);
    }
    outcomes
}

/// What they would have come to, had `playbook` been live from `from` on. The line's cases as they were then are kept.
#[must_use]
pub fn rehearse(
    cases: &[Vec<Record>],
    playbook: &Playbook,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Outcome> {
    let mut outcomes = replay::Replay::new(cases, playbook, from).run(until);
    for outcome in &mut outcomes {
        outcome.wrong = wrong(cases, outcome);
    }
    outcomes
}

/// Whether a line that was contained should not have been, by all that the real records say.
fn wrong(cases: &[Vec<Record>], outcome: &Outcome) -> Option<Wrong> {
    outcome.contained?;
    let events = || cases.iter().flatten().map(|record| &record.event);
    let proved = events().any(|event| match event {
        Event::Answered { verdict, .. } => verdict.is_proof(),
        Event::ConfirmedByHand { .. } => true,
        _ => false,
    });
    if proved {
        return None;
    }
    let of_case = || {
        let records = cases.iter().flatten().filter(|record| record.case == outcome.case);
        records.map(|record| &record.event)
    };
    let released = |event: &Event| match event {
        Event::Released { .. } => true,
        Event::BlockLifted { reason, .. } => matches!(reason, LiftReason::Released | LiftReason::Tested),
        _ => false,
    };
    if of_case().any(|event| matches!(event, Event::Dismissed { .. })) {
        Some(Wrong::Dismissed)
    } else if of_case().any(released) {
        Some(Wrong::Released)
    } else {
        Some(Wrong::NeverProved)
    }
}
