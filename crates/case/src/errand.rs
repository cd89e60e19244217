//! What the desk must carry out once an event is on disk.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CaseId, Event, EvidenceId, Question, QuestionId};

/// One thing to do, written to the outbox in the same transaction as the event it follows from; done at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "kebab-case")]
pub enum Errand {
    /// Ask the line.
    Ask {
        /// Number of the question in its case.
        id: QuestionId,
        /// The question.
        question: Question,
    },
    /// Tell the subscriber.
    TellSubscriber {
        /// The evidence that proves it.
        evidence: Option<EvidenceId>,
    },
    /// Answer the reporter.
    AnswerReporter {
        /// Their report.
        evidence: EvidenceId,
    },
    /// Look at the case again at this time.
    LookAgain,
}

impl Errand {
    /// The errands that follow from `event`, each with the time it is due and a key that makes repeats harmless.
    #[must_use]
    pub fn following(case: CaseId, event: &Event, now: Timestamp) -> Vec<(Timestamp, String, Errand)> {
        let mut errands = Vec::new();
        match event {
            Event::Asked { id, question, due, .. } => {
                let errand = Errand::Ask { id: *id, question: question.clone() };
                errands.push((*due, format!("{case}/ask/{}", id.0), errand));
            }
            Event::NoticeOrdered { evidence } => {
                let errand = Errand::TellSubscriber { evidence: *evidence };
                errands.push((now, format!("{case}/tell/{now}"), errand));
            }
            Event::AcknowledgementOrdered { evidence } => {
                let errand = Errand::AnswerReporter { evidence: *evidence };
                errands.push((now, format!("{case}/answer/{evidence}"), errand));
            }
            Event::WatchSet { until, .. } => {
                errands.push((*until, format!("{case}/look/{until}"), Errand::LookAgain));
            }
            Event::BlockOrdered { rule, .. } => {
                errands.push((rule.until, format!("{case}/look/{}", rule.until), Errand::LookAgain));
            }
            _ => {}
        }
        errands
    }
}
