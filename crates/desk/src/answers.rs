//! Answers to reporters: thanks, the outcome, and SpamCop's.

use jiff::{SignedDuration, Timestamp};
use lettre::Address;

use case::{Case, CaseId, EvidenceId, SpamcopAnswer};
use store::{CountedBy, Limit, Posting};

use crate::courtesy::{answer_address, message_id, must_not_answer, must_not_write_to};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::notify::{Letter, Mailer, Sent, no_mailer, posting};
use crate::settings::Answers;
use crate::wording;

/// What a reporter is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Their report is read and has a case.
    Thanks,
    /// The line was found clean.
    Outcome,
}

impl Word {
    fn purpose(self) -> &'static str {
        match self {
            Word::Thanks => "acknowledgement",
            Word::Outcome => "outcome",
        }
    }
}

/// A report that is to be answered.
struct Report {
    bytes: Vec<u8>,
    reading: report::Reading,
    /// The envelope's sender, where the report came by SMTP.
    sender: Option<String>,
}

impl Desk {
    /// Writes to the reporter of `evidence`, unless the rules of automatic answers or a limit forbid it. Says nothing
    /// about the customer.
    pub(crate) async fn send_answer(
        &self,
        id: CaseId,
        evidence: EvidenceId,
        word: Word,
        mailer: Option<&Mailer>,
    ) -> Result<Sent, DeskError> {
        let report = self.report_to_answer(&evidence).await?;
        let address = answer_address(&report.bytes, &report.reading);
        let Some(to) = address.as_deref().and_then(|address| address.parse::<Address>().ok()) else {
            let why = "the report names no address to answer".to_owned();
            return Ok(Sent::Not { to: "reporter".to_owned(), why });
        };
        let answers = &self.settings().answers;
        let forbidden = must_not_answer(&report.bytes, report.sender.as_deref())
            .or_else(|| must_not_write_to(address.as_deref().unwrap_or_default(), answers));
        if let Some(why) = forbidden {
            return Ok(Sent::Not { to: to.to_string(), why: why.to_owned() });
        }
        let Some(mailer) = mailer else { return Ok(no_mailer(&to)) };
        let words = match word {
            Word::Thanks => wording::acknowledgement(id, &report.reading),
            Word::Outcome => wording::outcome(id, &report.reading),
        };
        let key = format!("{}/{id}/{}/{}", word.purpose(), address.as_deref().unwrap_or_default(), evidence);
        let in_reply_to = message_id(&report.bytes);
        let letter = Letter { in_reply_to, answers: true, ..Letter::new(to, key, words) };
        let posting = word.posting(id, &letter, mailer, self.now());
        if let Some(why) = self.post(&posting, &limits(answers)).await? {
            return Ok(Sent::Not { to: letter.to.to_string(), why });
        }
        Ok(mailer.send(&letter).await)
    }

    async fn report_to_answer(&self, evidence: &EvidenceId) -> Result<Report, DeskError> {
        let bytes = self.store().bytes(evidence).await.doing("fetch a report")?.unwrap_or_default();
        let entry = self.store().entry(evidence).await.doing("fetch a report's envelope")?;
        let sender = entry.and_then(|entry| Some(entry.envelope.get("mail_from")?.as_str()?.to_owned()));
        let reading = report::read(&bytes);
        Ok(Report { bytes, reading, sender })
    }

    /// Sends `resolved.ID@…` or `innocent.ID@…` to SpamCop: once for each report, whatever cases it is on.
    pub(crate) async fn send_to_spamcop(
        &self,
        id: CaseId,
        report: u64,
        answer: SpamcopAnswer,
        mailer: Option<&Mailer>,
    ) -> Result<Sent, DeskError> {
        let address = format!("{}.{report}@{}", answer.name(), self.settings().answers.spamcop);
        let Ok(to) = address.parse::<Address>() else {
            let why = "answers.spamcop is no domain".to_owned();
            return Ok(Sent::Not { to: address, why });
        };
        if let Some(other) = self.also_owing(id, report).await {
            // One report may name two of our lines, and it is resolved when both are clean.
            let why = format!("left to {other}, which rests on the same report and is not clean");
            return Ok(Sent::Not { to: address, why });
        }
        let Some(mailer) = mailer else { return Ok(no_mailer(&to)) };
        let letter = Letter::new(to, format!("spamcop/{report}/{id}"), wording::spamcop(id, report, answer));
        let posting = Posting {
            key: format!("spamcop/{report}"),
            purpose: "spamcop".to_owned(),
            ..posting(id, &letter, mailer, self.now())
        };
        if let Some(why) = self.post(&posting, &[]).await? {
            return Ok(Sent::Not { to: address, why });
        }
        Ok(mailer.send(&letter).await)
    }

    /// Another open case that SpamCop still waits for about the same report.
    async fn also_owing(&self, id: CaseId, report: u64) -> Option<CaseId> {
        let office = self.office().read().await;
        office.cases().filter(|case| case.id() != id && case.owes_spamcop(report)).map(Case::id).next()
    }
}

impl Word {
    /// One to each address and case, by whichever report.
    fn posting(self, id: CaseId, letter: &Letter, mailer: &Mailer, now: Timestamp) -> Posting {
        let counted = posting(id, letter, mailer, now);
        let key = format!("{}/{id}/{}", self.purpose(), counted.address);
        Posting { key, purpose: self.purpose().to_owned(), ..counted }
    }
}

fn limits(answers: &Answers) -> [Limit; 2] {
    let limit = |by, at_most, hours| Limit { by, at_most, within: SignedDuration::from_hours(hours) };
    [
        limit(CountedBy::Address, answers.per_address_hourly, 1),
        limit(CountedBy::Domain, answers.per_domain_daily, 24),
    ]
}
