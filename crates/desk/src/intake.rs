//! From accepted mail to cases: the spool is emptied into the log, and the log is read behind a cursor.
//!
//! Each step may be cut off anywhere and is taken up again: a spooled mail stays until the log has it, the log's
//! cursor moves in the same transaction as what was made of the entries before it, and equal bytes are one piece of
//! evidence, so nothing is lost and nothing counts twice.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use case::{Actor, Case, CaseId, Command, Correspondent, EvidenceId, Source, SpamcopReport, Trust};
use lease::Attribution;
use report::{Claim, Format, Reading, Role};
use store::{Entry, IntakeFilter, NewErrand, ReadingRow};

use crate::authenticity;
use crate::courtesy::{Thread, answer_address};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::notify::NOTICE;
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
            read.push(self.read_entry(entry).await?);
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
            batch.errands.extend(read.iter().flat_map(|message| message.scanners.iter().cloned()));
            batch.cursor = cursor;
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await
    }

    /// Reads one message and asks whose each accused home address was.
    async fn read_entry(&self, entry: &Entry) -> Result<Read, DeskError> {
        let bytes = self.store().bytes(&entry.id).await.doing("fetch a message from the log")?;
        let bytes: Arc<[u8]> = bytes.unwrap_or_default().into();
        let reading = read_apart(bytes.clone(), report::read, entry).await;
        let source = self.source_of(&reading, &bytes, entry).await?;
        let answer = self.answer_to_ours(&bytes).await?;
        let alleges = reading.is_report && answer.as_ref().is_none_or(|answer| answer.may_allege);
        let mut attributed = Vec::new();
        for (number, claim) in (0u32..).zip(&reading.claims) {
            if alleges && translate::accuses(claim) && attributed.len() < CLAIMS {
                let answer = self.attribute(claim, entry.received).await?;
                attributed.push((number, claim.clone(), answer));
            }
        }
        let sender = answer.is_none().then(|| sender(&reading, &source, &bytes, entry)).flatten();
        let authenticated = alleges && is_authenticated(&source);
        let scanners = self.scanner_errands(entry.id, &reading, authenticated);
        let (evidence, received) = (entry.id, entry.received);
        Ok(Read { evidence, received, reading, source, attributed, sender, answer, scanners })
    }

    /// What a message has to do with a letter of ours; none where nothing.
    async fn answer_to_ours(&self, bytes: &[u8]) -> Result<Option<AnswerToOurs>, DeskError> {
        let thread = Thread::of(bytes, &self.settings().answers);
        let letter = self.store().letter_meant(&thread.ids).await.doing("look for a letter of ours")?;
        if letter.is_none() && !thread.came_back {
            return Ok(None);
        }
        let automatic = thread.automatic || thread.came_back;
        // A subscriber who answers our notice speaks of the line we told them of, and quotes what we wrote.
        let to_subscriber = letter.as_ref().is_some_and(|(_, purpose)| purpose == NOTICE);
        let may_allege = !automatic && !to_subscriber;
        let case = letter.map(|(case, _)| case).filter(|case| *case != CaseId::NONE);
        let open = match case {
            Some(id) => self.office().read().await.case(id).is_some(),
            None => false,
        };
        let ended = match case.filter(|_| !open) {
            Some(id) => Case::replay(&self.store().records(id).await.doing("read a case")?),
            None => None,
        };
        Ok(Some(AnswerToOurs { case, ended, automatic, may_allege }))
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
    /// Who sent it, where they may be written to.
    sender: Option<Sender>,
    answer: Option<AnswerToOurs>,
    /// What follows from scanners outside home that it names.
    scanners: Vec<NewErrand>,
}

/// A message that answers a letter of ours, or is one that came back.
struct AnswerToOurs {
    /// The letter's case.
    case: Option<CaseId>,
    /// That case, where it has ended.
    ended: Option<Case>,
    /// A machine wrote it.
    automatic: bool,
    /// Whether it may allege something: not a machine, nor a subscriber who was told, whatever they quote.
    may_allege: bool,
}

/// Who sent a report and may be written to.
struct Sender {
    address: String,
    authenticated: bool,
    spamcop: Option<u64>,
}

/// What a report says of the line of one case.
#[derive(Default)]
struct About {
    addresses: Vec<IpAddr>,
    /// Whether it accuses anybody there of more than hosting what is advertised.
    more_than_hosting: bool,
}

impl Read {
    /// Whether any of its claims belongs to exactly one subscriber.
    fn has_an_owner(&self) -> bool {
        self.attributed.iter().any(|(_, _, answer)| matches!(answer, Attribution::One { .. }))
    }

    /// Files every claim that belongs to exactly one subscriber; says what became of the message.
    fn file(&self, draft: &mut Draft<'_>) -> ReadingRow {
        let mut cases: BTreeMap<CaseId, About> = BTreeMap::new();
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
                    let about = cases.entry(draft.file(subscriber, sighting)).or_default();
                    about.addresses.push(claim.address.to_canonical());
                    about.more_than_hosting |= claim.role != Role::WebHost;
                }
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => {
                    unplaced.push(format!("{}: {reason}", claim.address));
                }
                Attribution::Foreign => foreign += 1,
            }
        }
        self.correspond(draft, &cases);
        self.note_answer(draft);
        let outcome = self.outcome(cases.into_keys().collect(), &unplaced, foreign);
        ReadingRow {
            evidence: self.evidence,
            outcome: outcome.name.to_owned(),
            note: outcome.note,
            case: outcome.cases.first().copied(),
            reading: serde_json::json!({ "reading": self.reading, "cases": outcome.cases }),
        }
    }

    /// Tells each case who sent the report.
    fn correspond(&self, draft: &mut Draft<'_>, cases: &BTreeMap<CaseId, About>) {
        let Some(sender) = &self.sender else { return };
        for (case, about) in cases {
            let mut addresses = about.addresses.clone();
            addresses.sort_unstable();
            addresses.dedup();
            let web_host = !about.more_than_hosting;
            let command = Command::Correspond(Correspondent {
                evidence: self.evidence,
                address: sender.address.clone(),
                authenticated: sender.authenticated,
                about: addresses,
                spamcop: sender.spamcop.map(|id| SpamcopReport { id, web_host }),
            });
            if let Err(refusal) = draft.act(*case, &command, &Actor::Desk) {
                tracing::debug!(%case, %refusal, "a reporter is not written to");
            }
        }
    }

    /// Writes an answer to a letter of ours down on its case, once.
    fn note_answer(&self, draft: &mut Draft<'_>) {
        let Some((answer, case)) = self.answer.as_ref().and_then(|answer| Some((answer, answer.case?)))
        else {
            return;
        };
        let kind = if answer.automatic { "an automatic answer to" } else { "an answer to" };
        let text = format!("{kind} a letter of ours came in: evidence {}", self.evidence.short());
        if let Some(ended) = &answer.ended {
            draft.bring(ended.clone());
        }
        // A report without a lease is read again until its lease comes.
        if draft.case(case).is_some_and(|case| case.notes().iter().any(|note| note.text == text)) {
            return;
        }
        if let Err(refusal) = draft.act(case, &Command::Note { text }, &Actor::Desk) {
            tracing::warn!(%case, %refusal, "an answer to a letter of ours could not be noted");
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
        Outcome { name, note, cases }
    }

    fn doubts(&self) -> String {
        let texts: Vec<&str> = self.reading.doubts.iter().map(|doubt| doubt.text.as_str()).collect();
        if texts.is_empty() { "no doubts noted".to_owned() } else { texts.join("; ") }
    }
}

/// Whether the message was shown to come from the domain it names.
fn is_authenticated(source: &Source) -> bool {
    let Source::Report { authenticated, .. } = source;
    *authenticated
}

/// Who sent a report, where they may be written to: whoever was shown to be its sender; and SpamCop, where its report
/// came through the mailbox that only trusted feeds know.
fn sender(reading: &Reading, source: &Source, bytes: &[u8], entry: &Entry) -> Option<Sender> {
    let authenticated = is_authenticated(source);
    let trusted_box = ["tag", "mailbox"]
        .iter()
        .any(|key| entry.envelope.get(key).and_then(|value| value.as_str()) == Some("trusted"));
    let domain = reading.reporter.as_ref().map_or("", |who| who.domain.as_str());
    let from_spamcop = domain == "spamcop.net" || domain.ends_with(".spamcop.net");
    let certain = trusted_box || (authenticated && from_spamcop);
    let number = reading.report_id.as_deref().and_then(|id| id.parse::<u64>().ok());
    let spamcop = number.filter(|_| certain && reading.format == Format::Spamcop);
    if !authenticated && spamcop.is_none() {
        return None;
    }
    Some(Sender { address: answer_address(bytes, reading)?, authenticated, spamcop })
}

/// Reads a message on a thread of its own. One that breaks the reader is unreadable, and all others are read.
async fn read_apart(bytes: Arc<[u8]>, read: fn(&[u8]) -> Reading, entry: &Entry) -> Reading {
    tokio::task::spawn_blocking(move || read(&bytes)).await.unwrap_or_else(|error| {
        tracing::error!(evidence = %entry.id, %error, "reading a message broke off; it is kept and shown as unreadable");
        Reading::unreadable("reading it broke off; the bytes are kept")
    })
}

/// Whether an entry is a message from outside and not something of our own.
fn is_message(entry: &Entry) -> bool {
    matches!(entry.source.as_str(), "smtp" | "lmtp" | "maildir" | "http")
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
        let reading = read_apart(Arc::from(*b"x"), |_| panic!("on purpose"), &entry()).await;
        assert_eq!(reading.format, Format::Unreadable);
        let message = Read {
            evidence: entry().id,
            received: entry().received,
            reading,
            source: Source::Report { domain: String::new(), authenticated: false, trust: Trust::default() },
            attributed: Vec::new(),
            sender: None,
            answer: None,
            scanners: Vec::new(),
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
            answers: crate::settings::Answers::default(),
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
