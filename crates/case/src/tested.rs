//! What came of a test that a customer asked for from the walled garden.

use jiff::{SignedDuration, Timestamp};

use crate::facts::Answered;
use crate::moment::after;
use crate::{Case, Measure, QuestionId, SignFamily, Source, Verdict};

/// Relaying seen so shortly before a test, or after it began, keeps the line in.
const AT_WORK: SignedDuration = SignedDuration::from_mins(2);

/// What a test came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// Every address and port that is blocked was asked, and nothing let a stranger through.
    Clean,
    /// The line still lets strangers through.
    StillOpen,
    /// Nothing was proved, but our flows show that it still relays.
    AtWork,
    /// The line could not be asked.
    NotAsked,
}

impl Case {
    /// The number that the next question of this case will have.
    #[must_use]
    pub fn next_question(&self) -> QuestionId {
        QuestionId(self.facts().last_question.saturating_add(1))
    }

    /// What a test came to that began at `began`, of whose questions `first` is the first; `None` while it runs. The line
    /// lives, for the customer's own request came from it: silence where the proxy was is an answer here.
    ///
    /// A later question counts as well, for what that found is newer; but only all that is blocked, once asked, is clean.
    #[must_use]
    pub fn tested(&self, first: QuestionId, began: Timestamp, now: Timestamp) -> Option<Tested> {
        let counts = |answer: &&Answered| answer.id >= first && answer.counts;
        let answers: Vec<&Answered> = self.answers().iter().filter(counts).collect();
        if answers.iter().any(|answer| answer.verdict.is_proof()) {
            return Some(Tested::StillOpen);
        }
        if answers.last()?.verdict == Verdict::RefusedByPolicy {
            return Some(Tested::NotAsked);
        }
        let asked = self.standing_rules(now).iter().all(|rule| {
            let mut of_line = answers.iter().filter(|answer| answer.address == rule.key.address);
            of_line.any(|answer| match rule.key.measure {
                Measure::In { port, .. } => answer.ports.contains(&port),
                Measure::Out { .. } | Measure::Garden => true,
            })
        });
        match (asked, self.relays_since(began)) {
            (false, _) => None,
            (true, true) => Some(Tested::AtWork),
            (true, false) => Some(Tested::Clean),
        }
    }

    /// Whether our flows show relaying since a little before `began`.
    fn relays_since(&self, began: Timestamp) -> bool {
        let from = after(began, -AT_WORK);
        self.signs().any(|sighting| {
            let relays = matches!(&sighting.source, Source::Sign { sign, .. } if sign.family() == SignFamily::Relaying);
            relays && sighting.happened.unwrap_or(sighting.received) >= from
        })
    }
}
