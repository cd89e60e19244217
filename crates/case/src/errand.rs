//! What the desk must carry out once an event is on disk.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{CaseId, Event, EvidenceId, Question, QuestionId, ScannerHeard, SpamcopAnswer};

/// One thing to do, written to the outbox in the same transaction as the event it follows from; done at least once.
/// What is due on the case itself (a watch that ends, a block that expires) is no errand: [`crate::Case::next_due`] says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "kebab-case")]
pub enum Errand {
    /// Ask the line.
    Ask {
        /// Number of the question in its case.
        id: QuestionId,
        /// The question.
        question: Question,
        /// Whether an operator wants it asked.
        #[serde(default)]
        by_operator: bool,
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
    /// Tell a reporter that the line was found clean.
    TellReporter {
        /// Their report.
        evidence: EvidenceId,
    },
    /// Answer a SpamCop report.
    AnswerSpamcop {
        /// SpamCop's number of it.
        report: u64,
        /// What it is told.
        answer: SpamcopAnswer,
    },
    /// Report a scanner outside home to whoever answers for it. Follows from a message and not from a case
    /// ([`CaseId::NONE`]).
    ReportScanner {
        /// The message that names it.
        evidence: EvidenceId,
        /// Which of its claims.
        claim: u32,
    },
    /// Find out from our flow records whom a scanner outside home touched, and who let it in (P14). Follows from no case
    /// ([`CaseId::NONE`]).
    FindExposed {
        /// Who scans.
        scanner: IpAddr,
        /// Which of our addresses are in question.
        net: IpNet,
        /// When it was seen.
        at: Timestamp,
        /// How far before and after that it is looked for.
        within: SignedDuration,
        /// The port it came for, where that is known.
        port: Option<u16>,
        /// How it became known.
        heard: ScannerHeard,
        /// Whether this is the second look, for what listens since.
        again: bool,
    },
    /// Tell the desk's own people that the edge holds something back and a person must look.
    PageOperators {
        /// What, in plain words.
        what: String,
    },
    /// Tell them of all proxies and relays that were ordered to be paged since the last page.
    PageProxies {
        /// Since when.
        from: Timestamp,
        /// The case they were told of then, if they were.
        told: Option<CaseId>,
    },
}

/// How much of a reason tells its class.
const CLASS_LETTERS: usize = 24;

/// What kind of reason it is: its first letters, without the addresses, figures and quotes that differ from case to
/// case.
fn reason_class(reason: &str) -> String {
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic() || ",;.:'()-".contains(c));
    let words = reason.split_whitespace().filter(plain);
    let letters = words.flat_map(str::chars).filter(char::is_ascii_alphabetic);
    letters.take(CLASS_LETTERS).map(|c| c.to_ascii_lowercase()).collect()
}

impl Errand {
    /// The errands that follow from `event`, each with the time it is due and a key that makes repeats harmless.
    #[must_use]
    pub fn following(case: CaseId, event: &Event, now: Timestamp) -> Vec<(Timestamp, String, Errand)> {
        let mut errands = Vec::new();
        match event {
            Event::Asked { id, question, due, by_operator, .. } => {
                let errand = Errand::Ask { id: *id, question: question.clone(), by_operator: *by_operator };
                errands.push((*due, format!("{case}/ask/{}", id.0), errand));
            }
            Event::NoticeOrdered { evidence } => {
                let errand = Errand::TellSubscriber { evidence: *evidence };
                errands.push((now, format!("{case}/tell/{now}"), errand));
            }
            Event::AcknowledgementOrdered { evidence, .. } => {
                let errand = Errand::AnswerReporter { evidence: *evidence };
                errands.push((now, format!("{case}/answer/{evidence}"), errand));
            }
            Event::OutcomeOrdered { evidence, .. } => {
                let errand = Errand::TellReporter { evidence: *evidence };
                errands.push((now, format!("{case}/outcome/{evidence}"), errand));
            }
            Event::SpamcopOrdered { report, answer, .. } => {
                let errand = Errand::AnswerSpamcop { report: *report, answer: *answer };
                errands.push((now, format!("{case}/spamcop/{report}"), errand));
            }
            Event::BlockRefused { key, reason } => {
                let what = format!("the block {key} of {case} is not in force: {reason}");
                // A flood of refusals for one reason is one page an hour: a key that was ever used is not taken again.
                let hour = now.as_second().div_euclid(3600);
                let page = format!("page/refused/{}/{hour}", reason_class(reason));
                errands.push((now, page, Errand::PageOperators { what }));
            }
            _ => {}
        }
        errands
    }
}
