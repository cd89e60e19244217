//! From accepted mail to cases: the spool is emptied into the log, and the log is read behind a cursor.
//!
//! Each step may be cut off anywhere and is taken up again: a spooled mail stays until the log has it, the log's
//! cursor moves in the same transaction as what was made of the entries before it, and equal bytes are one piece of
//! evidence, so nothing is lost and nothing counts twice.

use std::net::IpAddr;

use jiff::Timestamp;

use case::{CaseId, EvidenceId, Source};
use lease::Attribution;
use report::{Claim, Format, Reading};
use store::{Entry, ReadingRow};

use crate::authenticity;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::office::Draft;
use crate::translate;

/// The name of the cursor on the log.
const CURSOR: &str = "intake";
/// How many spooled mails go into the log in one transaction.
const SPOOL_BATCH: usize = 256;
/// How many log entries are read and judged in one transaction.
const LOG_BATCH: u32 = 64;
/// How many claims of one message are filed; one host scanned a thousand times is one case, not a thousand rows.
const CLAIMS: usize = 64;

/// What was made of one message.
struct Outcome {
    name: &'static str,
    note: String,
    cases: Vec<CaseId>,
}

impl Desk {
    /// Moves what lies in the spool into the log. Says how many messages it moved.
    pub(crate) async fn empty_spool(&self) -> Result<usize, DeskError> {
        let spool = self.spool().clone();
        let waiting = tokio::task::spawn_blocking(move || spool.waiting(SPOOL_BATCH)).await;
        let waiting = match waiting {
            Ok(Ok(waiting)) => waiting,
            Ok(Err(error)) => return Err(DeskError::Unreadable(format!("the spool: {error}"))),
            Err(error) => {
                return Err(DeskError::Unreadable(format!("reading the spool was cut off: {error}")));
            }
        };
        if waiting.is_empty() {
            return Ok(0);
        }
        self.store().append(&waiting).await.doing("write accepted mail to the log")?;
        let ids: Vec<String> = waiting.into_iter().map(|delivery| delivery.id).collect();
        let moved = ids.len();
        let spool = self.spool().clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || spool.done(&ids)).await {
            // Harmless: what stays is appended again and found to be there already.
            tracing::warn!(%error, "mail that is in the log could not be taken out of the spool");
        }
        Ok(moved)
    }

    /// Reads and judges the next entries of the log. Says how many it took.
    pub(crate) async fn read_log(&self) -> Result<usize, DeskError> {
        let from = self.store().cursor(CURSOR).await.doing("find where reading stopped")?;
        let entries = self.store().entries_after(from, LOG_BATCH).await.doing("read the log")?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let now = self.now();
        let mut read = Vec::new();
        for entry in entries.iter().filter(|entry| is_message(entry)) {
            read.push(self.read_entry(entry).await?);
        }
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let mut draft = office.draft(&self.settings().playbook, now);
            let rows = read.iter().map(|message| message.file(&mut draft)).collect();
            let (mut batch, changed) = draft.finish();
            batch.readings = rows;
            batch.cursor = Some((CURSOR.to_owned(), last));
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await?;
        drop(office);
        Ok(entries.len())
    }

    /// Reads one message and asks whose each accused home address was.
    async fn read_entry(&self, entry: &Entry) -> Result<Read, DeskError> {
        let bytes =
            self.store().bytes(&entry.id).await.doing("fetch a message from the log")?.unwrap_or_default();
        let (reading, bytes) =
            tokio::task::spawn_blocking(move || (report::read(&bytes), bytes)).await.map_err(|error| {
                DeskError::Unreadable(format!("reading message {} was cut off: {error}", entry.id))
            })?;
        let source = self.source_of(&reading, &bytes, entry).await?;
        let mut attributed = Vec::new();
        for (number, claim) in (0u32..).zip(&reading.claims) {
            if reading.is_report && translate::accuses(claim) && attributed.len() < CLAIMS {
                let answer = self.attribute(claim, entry.received).await?;
                attributed.push((number, claim.clone(), answer));
            }
        }
        Ok(Read { evidence: entry.id, received: entry.received, reading, source, attributed })
    }

    async fn source_of(&self, reading: &Reading, bytes: &[u8], entry: &Entry) -> Result<Source, DeskError> {
        let domain = reading.reporter.as_ref().map_or_else(|| "unknown".to_owned(), |who| who.domain.clone());
        let peer = entry
            .envelope
            .get("peer")
            .and_then(|peer| peer.as_str())
            .and_then(|peer| peer.parse::<IpAddr>().ok());
        let authenticated =
            authenticity::is_authentic(bytes, peer, &domain, &self.settings().trusted_results);
        let trust = self.store().trust(&domain).await.doing("look up a reporter's standing")?;
        Ok(Source::Report { domain, authenticated, trust })
    }

    async fn attribute(&self, claim: &Claim, received: Timestamp) -> Result<Attribution, DeskError> {
        let whose = translate::whose(claim, received, self.settings().clock_skew);
        self.whose(&whose).await
    }
}

/// A message, read and attributed, waiting to be filed.
struct Read {
    evidence: EvidenceId,
    received: Timestamp,
    reading: Reading,
    source: Source,
    attributed: Vec<(u32, Claim, Attribution)>,
}

impl Read {
    /// Files every claim that belongs to exactly one subscriber; says what became of the message.
    fn file(&self, draft: &mut Draft<'_>) -> ReadingRow {
        let mut cases = Vec::new();
        let mut unplaced = Vec::new();
        let mut foreign = 0usize;
        for (number, claim, answer) in &self.attributed {
            match answer {
                Attribution::One { subscriber, reason, .. } => {
                    let sighting = translate::sighting(
                        claim,
                        *number,
                        self.evidence,
                        self.source.clone(),
                        self.received,
                        reason.clone(),
                    );
                    cases.push(draft.file(subscriber, sighting));
                }
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => {
                    unplaced.push(format!("{}: {reason}", claim.address));
                }
                Attribution::Foreign => foreign += 1,
            }
        }
        cases.sort_unstable();
        cases.dedup();
        let outcome = self.outcome(cases, &unplaced, foreign);
        ReadingRow {
            evidence: self.evidence,
            outcome: outcome.name.to_owned(),
            note: outcome.note,
            case: outcome.cases.first().copied(),
            reading: serde_json::json!({ "reading": self.reading, "cases": outcome.cases }),
        }
    }

    fn outcome(&self, cases: Vec<CaseId>, unplaced: &[String], foreign: usize) -> Outcome {
        let (name, note) = if !cases.is_empty() {
            let rest = if unplaced.is_empty() {
                String::new()
            } else {
                format!("; not placed: {}", unplaced.join("; "))
            };
            ("case", format!("filed{rest}"))
        } else if !unplaced.is_empty() {
            ("orphan", unplaced.join("; "))
        } else if foreign > 0 {
            ("foreign", format!("{foreign} alleged address(es), none of them in the home prefixes"))
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
        Outcome { name, note, cases }
    }

    fn doubts(&self) -> String {
        let texts: Vec<&str> = self.reading.doubts.iter().map(|doubt| doubt.text.as_str()).collect();
        if texts.is_empty() { "no doubts noted".to_owned() } else { texts.join("; ") }
    }
}

/// Whether an entry is a message from outside and not something of our own.
fn is_message(entry: &Entry) -> bool {
    matches!(entry.source.as_str(), "smtp" | "lmtp" | "maildir" | "http")
}
