//! From accepted mail to cases: the spool is emptied into the log, and the log is read behind a cursor.
//!
//! Each step may be cut off anywhere and is taken up again: a spooled mail stays until the log has it, the log's
//! cursor moves in the same transaction as what was made of the entries before it, and equal bytes are one piece of
//! evidence, so nothing is lost and nothing counts twice.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use case::{CaseId, EvidenceId, Source, Trust};
use lease::Attribution;
use report::{Claim, Format, Hint, Reading};
use store::{Entry, IntakeFilter, ReadingRow};

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

/// How long a report that could not be placed is looked at again: lease sources are imported by the hour or the day.
const ORPHAN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often.
const ORPHANS_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How many of them, newest first.
const ORPHANS: u32 = 200;

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
        let mut read = Vec::new();
        for entry in entries.iter().filter(|entry| is_message(entry)) {
            let bytes = self.store().bytes(&entry.id).await.doing("fetch a message from the log")?;
            // Before anything else is made of it: our own mail is no report.
            if !self.self_check_came_back(entry, &bytes.unwrap_or_default()).await? {
                read.push(self.read_entry(entry).await?);
            }
        }
        self.file_all(&read, Some((CURSOR.to_owned(), last))).await?;
        Ok(entries.len())
    }

    /// Looks again at reports that could not be placed, when the last look (`since`) is long enough ago: their lease may
    /// have been imported meanwhile. Says how many found their case.
    pub(crate) async fn look_at_orphans(&self, since: &mut Timestamp) -> Result<usize, DeskError> {
        let now = self.now();
        if now.duration_since(*since) < ORPHANS_EVERY {
            return Ok(0);
        }
        *since = now;
        let orphans = IntakeFilter { outcomes: vec!["orphan".to_owned()], ..IntakeFilter::default() };
        let rows = self.store().intake(&orphans, ORPHANS, 0).await.doing("list what could not be placed")?;
        let mut read = Vec::new();
        for row in rows.iter().filter(|row| now.duration_since(row.received) < ORPHAN_FOR) {
            let entry = self.store().entry(&row.id).await.doing("find a message in the log")?;
            let Some(entry) = entry else { continue };
            read.push(self.read_entry(&entry).await?);
        }
        read.retain(Read::has_an_owner);
        if read.is_empty() {
            return Ok(0);
        }
        self.file_all(&read, None).await?;
        Ok(read.len())
    }

    /// Files messages, with what was made of each and where reading the log stands, in one transaction.
    async fn file_all(&self, read: &[Read], cursor: Option<(String, u64)>) -> Result<(), DeskError> {
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let mut draft = office.draft(&self.settings().playbook, self.now());
            let rows = read.iter().map(|message| message.file(&mut draft)).collect();
            let (mut batch, changed) = draft.finish();
            batch.readings = rows;
            batch.cursor = cursor;
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await
    }

    /// Reads one message and asks whose each accused home address was.
    async fn read_entry(&self, entry: &Entry) -> Result<Read, DeskError> {
        let bytes = self.store().bytes(&entry.id).await.doing("fetch a message from the log")?;
        let bytes: Arc<[u8]> = bytes.unwrap_or_default().into();
        let reading = read_apart(bytes.clone(), report::read_as, entry).await;
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
        // The standing is the domain's own: whoever only writes its name has none.
        let trust = if authenticated {
            self.store().trust(&domain).await.doing("look up a reporter's standing")?
        } else {
            Trust::default()
        };
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
    /// Whether any of its claims belongs to exactly one subscriber.
    fn has_an_owner(&self) -> bool {
        self.attributed.iter().any(|(_, _, answer)| matches!(answer, Attribution::One { .. }))
    }

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

/// Reads a message on a thread of its own. One that breaks the reader is unreadable, and all others are read.
async fn read_apart(bytes: Arc<[u8]>, read: fn(&[u8], &Hint<'_>) -> Reading, entry: &Entry) -> Reading {
    let said = |key: &str| entry.envelope.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let (name, content_type) = (said("file_name"), said("content_type"));
    let read_it = move || {
        let hint = Hint { name: name.as_deref(), content_type: content_type.as_deref() };
        read(&bytes, &hint)
    };
    tokio::task::spawn_blocking(read_it).await.unwrap_or_else(|error| {
        tracing::error!(evidence = %entry.id, %error, "reading a message broke off; it is kept and shown as unreadable");
        Reading::unreadable("reading it broke off; the bytes are kept")
    })
}

/// Whether an entry is a message from outside and not something of our own.
fn is_message(entry: &Entry) -> bool {
    matches!(entry.source.as_str(), "smtp" | "lmtp" | "maildir" | "http" | "imap" | "folder")
}

#[cfg(test)]
mod tests {
    use case::{Playbook, Territory};
    use jiff::SignedDuration;
    use lease::Home;
    use report::Reporter;
    use store::{Spool, Store};

    use crate::clock::Clock;
    use crate::settings::{Settings, TrustedResults};

    use super::*;

    fn entry() -> Entry {
        Entry {
            seq: 1,
            id: EvidenceId([1; 32]),
            delivery: "m1".to_owned(),
            source: "smtp".to_owned(),
            envelope: serde_json::json!({ "peer": "127.0.0.1" }),
            received: Timestamp::UNIX_EPOCH,
            len: 1,
            hash: [0; 32],
        }
    }

    #[tokio::test]
    async fn a_message_that_breaks_the_reader_is_unreadable() {
        let reading = read_apart(Arc::from(*b"x"), |_, _| panic!("on purpose"), &entry()).await;
        assert_eq!(reading.format, Format::Unreadable);
        let message = Read {
            evidence: entry().id,
            received: entry().received,
            reading,
            source: Source::Report { domain: String::new(), authenticated: false, trust: Trust::default() },
            attributed: Vec::new(),
        };
        let outcome = message.outcome(Vec::new(), &[], 0);
        assert_eq!(
            (outcome.name, outcome.note.as_str()),
            ("unreadable", "reading it broke off; the bytes are kept")
        );
    }

    #[tokio::test]
    async fn a_reporters_standing_is_for_those_who_are_the_reporter() {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        let store = Store::open(&url).await.expect("a store");
        store.judge_reporter("spamcop.net", &EvidenceId([2; 32]), true).await.expect("a verdict");
        let settings = Settings {
            territory: Territory {
                home: Home::new(vec!["203.0.113.0/24".parse().expect("a prefix")]).expect("a home"),
                never_touch: Vec::new(),
            },
            playbook: Playbook::default(),
            clock_skew: SignedDuration::ZERO,
            mail: None,
            subscriber_mail: None,
            trusted_results: TrustedResults {
                authserv_id: Some("mx.example.net".to_owned()),
                relays: vec!["127.0.0.0/8".parse().expect("a prefix")],
            },
        };
        let spool = Spool::open(&dir.path().join("spool")).expect("a spool");
        let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
        let desk = Desk::open(settings, store, spool, clock).await.expect("a desk");
        let mut reading = Reading::unreadable("x");
        reading.reporter =
            Some(Reporter { address: "1@spamcop.net".to_owned(), domain: "spamcop.net".to_owned() });
        for (result, confirmed) in [("fail", 0), ("pass", 1)] {
            let bytes = format!(
                "Authentication-Results: mx.example.net; dkim={result} header.d=spamcop.net\r\nFrom: 1@spamcop.net\r\n\r\nx\r\n"
            );
            let source = desk.source_of(&reading, bytes.as_bytes(), &entry()).await.expect("a source");
            let Source::Report { authenticated, trust, .. } = source;
            assert_eq!((authenticated, trust.confirmed), (confirmed == 1, confirmed), "{result}");
        }
    }
}
