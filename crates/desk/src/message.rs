//! One message between reading and filing: what it alleges of our own addresses, whose they were, who says so.

use std::ops::Range;

use jiff::Timestamp;

use case::{CaseId, EvidenceId, Filing, Source, SubscriberId};
use lease::Attribution;
use lookup::Authentication;
use report::{Claim, Format, Reading};
use store::{NewErrand, ReadingRow};

use crate::office::Draft;
use crate::sender::{About, AnswerToOurs, Sender};
use crate::translate;

/// How many claims are filed in one transaction. A feed's file may hold a quarter of a million.
pub(crate) const CLAIMS_TOGETHER: usize = 2000;
/// How many claims of one message stand in the kept reading; what is filed stands in the cases.
const CLAIMS_KEPT: usize = 1000;
/// How many of the cases one message went to are named with it.
const CASES_NAMED: usize = 1000;
/// How many claims that could not be placed are named in the note.
const UNPLACED_NAMED: usize = 5;

/// What was made of one message.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) note: String,
    cases: Vec<CaseId>,
}

/// A message, read, waiting to be filed.
pub(crate) struct Message {
    /// Its number in the log.
    pub(crate) seq: u64,
    pub(crate) evidence: EvidenceId,
    pub(crate) received: Timestamp,
    pub(crate) reading: Reading,
    pub(crate) shown: Authentication,
    pub(crate) source: Source,
    /// Its claims against home addresses, by their numbers in the reading.
    pub(crate) home: Vec<u32>,
    /// How many alleged addresses are not ours.
    pub(crate) foreign: usize,
    /// It is filed by whichever of two lanes comes first, and not again by the other.
    pub(crate) once: bool,
    /// Who sent it, where they may be written to.
    pub(crate) sender: Option<Sender>,
    /// Whether it answers a letter of ours.
    pub(crate) answer: Option<AnswerToOurs>,
    /// Whose its accused addresses were where no lease says so, by an operator's word: the line, and what they said.
    pub(crate) held_by: Option<(SubscriberId, String)>,
    /// What follows from scanners outside home that it names.
    pub(crate) scanners: Vec<NewErrand>,
}

/// Whose the accused address of a claim was.
pub(crate) struct Attributed {
    /// The number of the claim in the reading.
    pub(crate) number: u32,
    pub(crate) answer: Attribution,
}

/// What came of filing some of a message's claims.
#[derive(Default)]
struct Tally {
    cases: Vec<CaseId>,
    counted: usize,
    copies: usize,
    unplaced: Vec<String>,
    unplaced_more: usize,
}

impl Message {
    /// The claims of a piece with their numbers.
    pub(crate) fn claims(&self, piece: &Range<usize>) -> impl Iterator<Item = (u32, &Claim)> {
        let numbers = self.home.get(piece.clone()).unwrap_or_default();
        numbers.iter().filter_map(|&number| Some((number, self.claim(number)?)))
    }

    fn claim(&self, number: u32) -> Option<&Claim> {
        self.reading.claims.get(usize::try_from(number).ok()?)
    }

    /// Its claims in pieces that fit a transaction each, from number `from` on; one empty piece when there are none.
    pub(crate) fn pieces(&self, from: usize) -> Vec<Range<usize>> {
        let end = self.home.len();
        let starts = (from.min(end)..end).step_by(CLAIMS_TOGETHER);
        let mut pieces: Vec<Range<usize>> = starts.map(|at| at..(at + CLAIMS_TOGETHER).min(end)).collect();
        if pieces.is_empty() {
            pieces.push(end..end);
        }
        pieces
    }

    /// Files the claims of one piece that belong to exactly one subscriber; says what became of the message.
    pub(crate) fn file(&self, attributed: &[Attributed], draft: &mut Draft<'_>) -> ReadingRow {
        let mut tally = Tally::default();
        let mut about = About::default();
        // What came of it on the case filed to last: one report is one report, however many lines of it name a line.
        let mut last: Option<(CaseId, Option<Filing>)> = None;
        let mut claims: Vec<&Attributed> = attributed.iter().collect();
        claims.sort_by(|a, b| holder(&a.answer).cmp(&holder(&b.answer)).then(a.number.cmp(&b.number)));
        for Attributed { number, answer } in claims {
            let Some(claim) = self.claim(*number) else { continue };
            let (subscriber, reason) = match answer {
                Attribution::One { subscriber, reason, .. } => (subscriber, reason),
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => match &self.held_by {
                    Some((subscriber, said)) => (subscriber, said),
                    None => {
                        tally.not_placed(claim, reason);
                        continue;
                    }
                },
                Attribution::Foreign => continue,
            };
            let heard_before =
                draft.open_case_of(subscriber).is_some_and(|case| case.has_heard(&self.evidence));
            let sighting = translate::sighting(self, claim, *number, reason.clone());
            let (id, filing) = draft.file(subscriber, sighting);
            about.hear(id, claim, filing);
            if last.as_ref().is_none_or(|(case, _)| *case != id) {
                self.heard(last.take(), draft, &mut tally);
                last = Some((id, (!heard_before).then_some(filing)));
            } else if let Some((_, Some(best))) = &mut last {
                *best = better(*best, filing);
            }
        }
        self.heard(last, draft, &mut tally);
        if let Some(sender) = &self.sender {
            sender.correspond(self.evidence, about, draft);
        }
        if let Some(answer) = &self.answer {
            answer.note(&self.evidence, draft);
        }
        self.row(tally)
    }

    /// What follows from scanners it names, with its last piece.
    pub(crate) fn scanners_of(&self, piece: &Range<usize>) -> impl Iterator<Item = NewErrand> {
        let is_last = piece.end == self.home.len();
        self.scanners.iter().filter(move |_| is_last).cloned()
    }

    /// Counts the message once for a case, unless an earlier piece of it was.
    fn heard(&self, on: Option<(CaseId, Option<Filing>)>, draft: &mut Draft<'_>, tally: &mut Tally) {
        let Some((id, how)) = on else { return };
        tally.cases.push(id);
        let Some(how) = how else { return };
        tally.counted += usize::from(how == Filing::Count);
        tally.copies += usize::from(matches!(how, Filing::Repeat(_)));
        draft.heard(id, &self.source, how, self.received);
    }

    fn row(&self, mut tally: Tally) -> ReadingRow {
        tally.cases.sort_unstable();
        tally.cases.dedup();
        let outcome = self.outcome(tally);
        let reading = self.reading.beginning(CLAIMS_KEPT);
        let claims = self.reading.claims.len();
        let cases: Vec<&CaseId> = outcome.cases.iter().take(CASES_NAMED).collect();
        ReadingRow {
            evidence: self.evidence,
            outcome: outcome.name.to_owned(),
            note: outcome.note,
            case: outcome.cases.first().copied(),
            reading: serde_json::json!({
                "reading": reading, "claims": claims, "cases": cases, "authentication": self.shown,
            }),
        }
    }

    fn outcome(&self, tally: Tally) -> Outcome {
        let (name, note) = if !tally.cases.is_empty() {
            ("case", tally.filed())
        } else if !tally.unplaced.is_empty() {
            ("orphan", tally.not_placed_in_words())
        } else if self.foreign > 0 {
            let foreign = self.foreign;
            ("foreign", format!("{foreign} alleged address(es), none of them in the home prefixes"))
        } else if let Some(answer) = &self.answer {
            let cases = answer.case.into_iter().collect();
            let note = "an answer to a letter of ours, or one that came back; never answered".to_owned();
            return Outcome { name: "not-a-report", note, cases };
        } else if self.reading.format == Format::Unreadable {
            ("unreadable", self.doubts())
        } else if self.reading.is_report {
            (
                "unreadable",
                format!("recognised as a report, but no alleged address was found; {}", self.doubts()),
            )
        } else {
            ("not-a-report", self.doubts())
        };
        Outcome { name, note, cases: tally.cases }
    }

    fn doubts(&self) -> String {
        let texts: Vec<&str> = self.reading.doubts.iter().map(|doubt| doubt.text.as_str()).collect();
        if texts.is_empty() { "no doubts noted".to_owned() } else { texts.join("; ") }
    }
}

impl Tally {
    fn not_placed(&mut self, claim: &Claim, reason: &str) {
        if self.unplaced.len() < UNPLACED_NAMED {
            self.unplaced.push(format!("{}: {reason}", claim.address));
        } else {
            self.unplaced_more += 1;
        }
    }

    fn not_placed_in_words(&self) -> String {
        let more = match self.unplaced_more {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        format!("{}{more}", self.unplaced.join("; "))
    }

    /// What became of a message that has a case.
    fn filed(&self) -> String {
        let how = if self.copies == self.cases.len() {
            "a copy of a report that came by another way"
        } else if self.counted == self.cases.len() {
            "counted: it says what enough others have said"
        } else {
            "filed"
        };
        let cases = match self.cases.len() {
            1 => String::new(),
            cases => format!(" on {cases} cases"),
        };
        let rest = if self.unplaced.is_empty() {
            String::new()
        } else {
            format!("; not placed: {}", self.not_placed_in_words())
        };
        format!("{how}{cases}{rest}")
    }
}

/// Who held the address, where that is one.
fn holder(answer: &Attribution) -> Option<&str> {
    match answer {
        Attribution::One { subscriber, .. } => Some(subscriber.as_str()),
        _ => None,
    }
}

/// What a report is that has claims of both kinds: filed, where any of it is.
fn better(one: Filing, other: Filing) -> Filing {
    let rank = |filing: &Filing| match filing {
        Filing::File => 0,
        Filing::Known => 1,
        Filing::Count => 2,
        Filing::Repeat(_) => 3,
    };
    if rank(&other) < rank(&one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use case::Standing;
    use case::Trust;

    use super::*;

    pub(crate) fn unreadable(why: &str) -> Message {
        Message {
            seq: 1,
            evidence: EvidenceId([1; 32]),
            received: Timestamp::UNIX_EPOCH,
            reading: Reading::unreadable(why),
            shown: Authentication::none("x"),
            source: Source::Report {
                domain: String::new(),
                authenticated: false,
                trust: Trust::default(),
                standing: Standing::Unknown,
                network: None,
            },
            home: Vec::new(),
            foreign: 0,
            once: false,
            sender: None,
            answer: None,
            held_by: None,
            scanners: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let outcome = unreadable("reading it broke off; the bytes are kept").outcome(Tally::default());
        assert_eq!(
            (outcome.name, outcome.note.as_str()),
            ("unreadable", "reading it broke off; the bytes are kept")
        );
    }

    #[test]
    fn a_message_has_a_piece_even_where_it_alleges_nothing() {
        assert_eq!(unreadable("x").pieces(0), vec![0..0]);
    }
}
