//! From accepted mail to cases: the spool is emptied into the log, and the log is read behind a cursor.
//!
//! Each step may be cut off anywhere and is taken up again: a spooled mail stays until the log has it, the log's
//! cursor moves in the same transaction as what was made of the entries before it, and equal bytes are one piece of
//! evidence, so nothing is lost and nothing counts twice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::Source;
use lease::{Attribution, Whose};
use lookup::Authentication;
use report::{Claim, Hint, Reading};
use store::{Entry, IntakeFilter};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::message::{CLAIMS_TOGETHER, Message};
use crate::sender::Sender;
use crate::translate;

/// The name of the cursor on the log.
const CURSOR: &str = "intake";
/// How many spooled mails go into the log in one transaction.
const SPOOL_BATCH: usize = 256;
/// The name of the place within a message whose claims need several transactions.
const WITHIN: &str = "intake-within";
/// How many log entries are read and judged together. Those that wait for DNS wait at the same time.
const LOG_BATCH: u32 = 256;
/// How many bytes of messages are held at once; a single larger one is read alone.
const BYTES_TOGETHER: u64 = 64 * 1024 * 1024;
/// How far the urgent lane looks ahead at once, in entries.
const AHEAD: u32 = 1024;
/// How many urgent messages are read together: each waits for the slowest of them.
const URGENT_TOGETHER: usize = 16;
/// How many messages are read at the same time.
const READERS: usize = 4;
/// How many claims of one message against one address are filed; one host scanned a thousand times is one case, not a
/// thousand rows.
const CLAIMS: usize = 64;

/// How long a report that could not be placed is looked at again: lease sources are imported by the hour or the day.
const ORPHAN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often.
const ORPHANS_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How many of them, newest first, and how many of the older ones.
const ORPHANS: u32 = 200;

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
        let mut entries = self.store().entries_after(from, LOG_BATCH).await.doing("read the log")?;
        entries.truncate(together(&entries));
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let took = entries.len();
        let messages = entries.into_iter().filter(is_message).collect();
        let reports = self.without_self_checks(messages).await?;
        let messages = self.read_entries(reports).await?;
        self.file_in_order(&messages, last).await?;
        Ok(took)
    }

    /// Reads and files what came to the unpublished box and lies in the log after `ahead`, however much else waits there
    /// before it. The place is kept in memory alone: after a restart it is looked for again from the cursor on, and what
    /// was filed by then is not filed twice. Says how many entries were passed.
    pub(crate) async fn read_urgent(&self, ahead: &mut u64) -> Result<usize, DeskError> {
        let read = self.store().cursor(CURSOR).await.doing("find where reading stopped")?;
        let from = read.max(*ahead);
        let entries = self.store().entries_after(from, AHEAD).await.doing("look ahead in the log")?;
        let Some(mut last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let passed = entries.len();
        let mut urgent: Vec<Entry> =
            entries.into_iter().filter(|entry| is_message(entry) && entry.is_urgent()).collect();
        let fit = together(&urgent).min(URGENT_TOGETHER);
        if fit < urgent.len() {
            urgent.truncate(fit);
            last = urgent.last().map_or(last, |entry| entry.seq);
        }
        let mut messages = self.read_entries(self.without_self_checks(urgent).await?).await?;
        // What takes several transactions needs the place within it, which is the other lane's.
        messages.retain(|message| message.pieces(0).len() == 1);
        for message in &messages {
            for piece in message.pieces(0) {
                self.file(&[(message, piece)], None).await?;
            }
        }
        *ahead = last;
        Ok(passed)
    }

    /// These entries without our own mail that came back, which is no report; before anything else is made of it.
    async fn without_self_checks(&self, entries: Vec<Entry>) -> Result<Vec<Fetched>, DeskError> {
        let mut reports = Vec::with_capacity(entries.len());
        for entry in entries {
            let fetched = self.fetch(entry).await?;
            if !self.self_check_came_back(&fetched.entry, &fetched.bytes).await? {
                reports.push(fetched);
            }
        }
        Ok(reports)
    }

    /// Looks again at reports that could not be placed, when the last look (`since`) is long enough ago: their lease may
    /// have been imported meanwhile. The newest are looked at each time and the older ones in turn (`turn`), so that a
    /// flood of what nobody can place hides nothing that somebody can. Says how many found their case.
    pub(crate) async fn look_at_orphans(
        &self,
        since: &mut Timestamp,
        turn: &mut u32,
    ) -> Result<usize, DeskError> {
        let now = self.now();
        if now.duration_since(*since) < ORPHANS_EVERY {
            return Ok(0);
        }
        *since = now;
        let orphans = IntakeFilter { outcomes: vec!["orphan".to_owned()], ..IntakeFilter::default() };
        let list = |from| self.store().intake(&orphans, ORPHANS, from);
        let mut rows = list(0).await.doing("list what could not be placed")?;
        if *turn == 0 || rows.len() < ORPHANS as usize {
            *turn = ORPHANS;
        }
        let older = list(*turn).await.doing("list what could not be placed")?;
        let more = older.len() == ORPHANS as usize
            && older.iter().all(|row| now.duration_since(row.received) < ORPHAN_FOR);
        *turn = if more { turn.saturating_add(ORPHANS) } else { ORPHANS };
        rows.extend(older);
        let mut entries = Vec::new();
        for row in rows.iter().filter(|row| now.duration_since(row.received) < ORPHAN_FOR) {
            let entry = self.store().entry(&row.id).await.doing("find a message in the log")?;
            entries.extend(entry);
        }
        entries.truncate(together(&entries));
        let mut fetched = Vec::with_capacity(entries.len());
        for entry in entries {
            fetched.push(self.fetch(entry).await?);
        }
        let mut found = self.read_entries(fetched).await?;
        found.retain(Message::has_an_owner);
        // They were filed as what they are, orphans.
        found.iter_mut().for_each(|message| message.once = false);
        for message in &found {
            for piece in message.pieces(0) {
                self.file(&[(message, piece)], None).await?;
            }
        }
        Ok(found.len())
    }

    /// Files messages in the order of the log, as many in one transaction as fit. A message with more claims than that
    /// has some of its own, and a place within it is kept, so that no claim is filed twice after a crash.
    async fn file_in_order(&self, messages: &[Message], last: u64) -> Result<(), DeskError> {
        let within = self.store().cursor(WITHIN).await.doing("find where filing stopped")?;
        let mut waiting = Vec::new();
        let mut claims = 0usize;
        for message in messages {
            let from = Within::read(within, message.seq);
            let mut pieces = message.pieces(from);
            let Some(last_piece) = pieces.pop() else { continue };
            if !pieces.is_empty() || claims + last_piece.len() > CLAIMS_TOGETHER {
                let before = message.seq.saturating_sub(1);
                self.file(&waiting, Some((CURSOR.to_owned(), before))).await?;
                (waiting, claims) = (Vec::new(), 0);
            }
            for piece in pieces {
                let place = Within::write(message.seq, piece.end);
                self.file(&[(message, piece)], Some((WITHIN.to_owned(), place))).await?;
            }
            claims += last_piece.len();
            waiting.push((message, last_piece));
        }
        self.file(&waiting, Some((CURSOR.to_owned(), last))).await
    }

    /// Files pieces of messages, with what was made of each and where reading the log stands, in one transaction.
    async fn file(
        &self,
        pieces: &[(&Message, std::ops::Range<usize>)],
        cursor: Option<(String, u64)>,
    ) -> Result<(), DeskError> {
        let mut office = self.office().write().await;
        let mut new = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if !self.is_filed(piece.0).await? {
                new.push(piece);
            }
        }
        let (batch, changed) = {
            let mut draft = office.draft(&self.settings().playbook, self.now());
            let pieces = &new;
            let rows = pieces.iter().map(|(message, piece)| message.file(piece, &mut draft)).collect();
            let (mut batch, changed) = draft.finish();
            batch.readings = rows;
            batch.errands.extend(pieces.iter().flat_map(|(message, piece)| message.scanners_of(piece)));
            batch.cursor = cursor;
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await
    }

    /// Whether the other lane has filed a message that both of them read.
    async fn is_filed(&self, message: &Message) -> Result<bool, DeskError> {
        if !message.once || message.pieces(0).len() > 1 {
            return Ok(false);
        }
        let filed = self.store().reading(&message.evidence).await.doing("find what was read")?;
        Ok(filed.is_some())
    }

    async fn fetch(&self, entry: Entry) -> Result<Fetched, DeskError> {
        let bytes = self.store().bytes(&entry.id).await.doing("fetch a message from the log")?;
        Ok(Fetched { bytes: bytes.unwrap_or_default().into(), entry })
    }

    /// Reads messages, a few at a time, and finds who sent each and whose each accused address was.
    async fn read_entries(&self, entries: Vec<Fetched>) -> Result<Vec<Message>, DeskError> {
        let readers = Arc::new(Semaphore::new(READERS));
        let mut reading = JoinSet::new();
        for fetched in entries {
            let (desk, readers) = (self.clone(), readers.clone());
            reading.spawn(async move { desk.read_entry(fetched, &readers).await });
        }
        let mut messages = Vec::with_capacity(reading.len());
        while let Some(read) = reading.join_next().await {
            let read =
                read.map_err(|error| DeskError::Unreadable(format!("reading mail was cut off: {error}")))?;
            messages.push(read?);
        }
        messages.sort_unstable_by_key(|message| message.seq);
        Ok(messages)
    }

    /// Reads one message and asks whose each accused home address was.
    async fn read_entry(&self, fetched: Fetched, readers: &Semaphore) -> Result<Message, DeskError> {
        let Fetched { ref entry, bytes } = fetched;
        let reading = {
            let _turn = readers.acquire().await;
            read_apart(bytes.clone(), read_as_handed, entry).await
        };
        let answer = self.answer_to_ours(&bytes).await?;
        let alleges = answer.as_ref().is_none_or(|answer| answer.may_allege);
        let (home, foreign) = if alleges { self.against_home(&reading) } else { (Vec::new(), 0) };
        let scanners = if alleges { self.scanner_errands(entry.id, &reading, true) } else { Vec::new() };
        // Who sent what accuses nobody of ours is not worth a question, unless the one it accuses is to be told on.
        let shown = if home.is_empty() && scanners.is_empty() {
            Authentication::none("not checked: it alleges nothing of our own addresses")
        } else {
            match self.shown_before(entry).await? {
                Some(shown) => shown,
                None => self.authenticate(&reading, &bytes, entry).await,
            }
        };
        let source = self.source_of(&reading, &shown, entry).await?;
        let attributed = self.attribute(home, entry.received).await?;
        let sender = if answer.is_none() { Sender::of(&reading, &source, &bytes) } else { None };
        let Source::Report { authenticated, .. } = source;
        let scanners = if authenticated { scanners } else { Vec::new() };
        let (seq, evidence, received) = (entry.seq, entry.id, entry.received);
        Ok(Message {
            seq,
            evidence,
            received,
            reading,
            shown,
            source,
            attributed,
            foreign,
            once: entry.is_urgent(),
            sender,
            answer,
            scanners,
        })
    }

    /// What was shown of the sender when it was first read: DNS is not asked twice about one message.
    async fn shown_before(&self, entry: &Entry) -> Result<Option<Authentication>, DeskError> {
        let stored = self.store().reading(&entry.id).await.doing("find what was read")?;
        let shown = stored.and_then(|mut stored| Some(stored.get_mut("authentication")?.take()));
        Ok(shown.and_then(|shown| serde_json::from_value(shown).ok()))
    }

    /// The claims that accuse home addresses, each with its number, and how many accuse others.
    fn against_home(&self, reading: &Reading) -> (Vec<(u32, Claim)>, usize) {
        let home = &self.settings().territory.home;
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        let (mut ours, mut foreign) = (Vec::new(), 0usize);
        if !reading.is_report {
            return (ours, foreign);
        }
        for (number, claim) in (0u32..).zip(&reading.claims).filter(|(_, claim)| translate::accuses(claim)) {
            if !home.contains(claim.address) {
                foreign += 1;
                continue;
            }
            let times = of_address.entry(claim.address).or_default();
            *times += 1;
            if *times <= CLAIMS {
                ours.push((number, claim.clone()));
            }
        }
        (ours, foreign)
    }

    /// Whose each accused address was. Claims that ask the same of the leases are asked once.
    async fn attribute(
        &self,
        claims: Vec<(u32, Claim)>,
        received: Timestamp,
    ) -> Result<Vec<(u32, Claim, Attribution)>, DeskError> {
        let mut known: HashMap<(IpAddr, Option<u16>, Timestamp), Attribution> = HashMap::new();
        let mut attributed = Vec::with_capacity(claims.len());
        for (number, claim) in claims {
            let whose: Whose = translate::whose(&claim, received, self.settings().clock_skew);
            let key = (whose.address, whose.port, whose.at);
            let answer = match known.get(&key) {
                Some(answer) => answer.clone(),
                None => {
                    let answer = self.whose(&whose).await?;
                    known.insert(key, answer.clone());
                    answer
                }
            };
            attributed.push((number, claim, answer));
        }
        Ok(attributed)
    }
}

/// A message of the log with its bytes; as many at once as [`together`] says.
struct Fetched {
    entry: Entry,
    bytes: Arc<[u8]>,
}

/// A place within a message: its number in the log and how many of its claims are filed.
struct Within;

impl Within {
    /// Bits for the number of claims: a reader gives at most a quarter of a million.
    const CLAIM_BITS: u32 = 20;

    fn write(seq: u64, claims: usize) -> u64 {
        let most = (1 << Self::CLAIM_BITS) - 1;
        (seq << Self::CLAIM_BITS) | u64::try_from(claims).unwrap_or(most).min(most)
    }

    /// How many claims of the message `seq` are filed, by the place that was kept last.
    fn read(place: u64, seq: u64) -> usize {
        let claims = place & ((1 << Self::CLAIM_BITS) - 1);
        if place >> Self::CLAIM_BITS == seq { usize::try_from(claims).unwrap_or(usize::MAX) } else { 0 }
    }
}

/// How many of these entries, from the first, are held in memory together.
fn together(entries: &[Entry]) -> usize {
    let mut bytes = 0u64;
    let fits = entries.iter().take_while(|entry| {
        bytes = bytes.saturating_add(entry.len);
        bytes <= BYTES_TOGETHER
    });
    fits.count().max(1)
}

/// Reads a message with what its envelope says of it: a file's name, the type HTTP stated.
fn read_as_handed(bytes: &[u8], entry: &Entry) -> Reading {
    let text = |key: &str| entry.envelope.get(key).and_then(|value| value.as_str());
    report::read_as(bytes, &Hint { name: text("file_name"), content_type: text("content_type") })
}

/// Reads a message on a thread of its own. One that breaks the reader is unreadable, and all others are read.
async fn read_apart(bytes: Arc<[u8]>, read: fn(&[u8], &Entry) -> Reading, entry: &Entry) -> Reading {
    let (of, id) = (entry.clone(), entry.id);
    tokio::task::spawn_blocking(move || read(&bytes, &of)).await.unwrap_or_else(|error| {
        tracing::error!(evidence = %id, %error, "reading a message broke off; it is kept and shown as unreadable");
        Reading::unreadable("reading it broke off; the bytes are kept")
    })
}

/// Whether an entry is a message from outside and not something of our own.
fn is_message(entry: &Entry) -> bool {
    matches!(entry.source.as_str(), "smtp" | "lmtp" | "maildir" | "http" | "imap" | "folder")
}

#[cfg(test)]
mod tests {
    use case::{EvidenceId, Playbook, Source, Territory};
    use lease::Home;
    use report::{Format, Reporter};
    use store::{Spool, Store, Verdict};

    use crate::clock::Clock;
    use crate::settings::{Reporters, Settings, TrustedResults};

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
    }

    #[test]
    fn a_place_within_a_message_is_of_that_message_only() {
        let place = Within::write(17, 4000);
        assert_eq!((Within::read(place, 17), Within::read(place, 18), Within::read(0, 1)), (4000, 0, 0));
    }

    #[test]
    fn a_single_huge_message_is_read_alone() {
        let of = |len| Entry { len, ..entry() };
        assert_eq!(together(&[of(1), of(1), of(1)]), 3);
        assert_eq!(together(&[of(u64::MAX), of(1)]), 1);
        assert_eq!(together(&[of(1), of(BYTES_TOGETHER), of(1)]), 1);
    }

    async fn desk(dir: &std::path::Path) -> Desk {
        let url = format!("sqlite://{}", dir.join("nightdesk.db").display());
        let store = Store::open(&url).await.expect("a store");
        let verdict = Verdict {
            domain: "spamcop.net".to_owned(),
            evidence: EvidenceId([2; 32]),
            case: case::CaseId(1),
            confirmed: true,
            at: Timestamp::UNIX_EPOCH,
        };
        store.judge_reporter(&verdict).await.expect("a verdict");
        let settings = Settings {
            territory: Territory {
                home: Home::new(vec!["203.0.113.0/24".parse().expect("a prefix")]).expect("a home"),
                never_touch: Vec::new(),
            },
            playbook: Playbook::default(),
            clock_skew: SignedDuration::ZERO,
            mail: None,
            subscriber_mail: None,
            reporters: Reporters::default(),
            trusted_results: TrustedResults {
                authserv_id: Some("mx.example.net".to_owned()),
                relays: vec!["127.0.0.0/8".parse().expect("a prefix")],
            },
            answers: crate::settings::Answers::default(),
        };
        let spool = Spool::open(&dir.join("spool")).expect("a spool");
        Desk::open(settings, store, spool, Clock::standing_at(Timestamp::UNIX_EPOCH)).await.expect("a desk")
    }

    async fn source(desk: &Desk, bytes: &str, entry: &Entry) -> Source {
        let mut reading = Reading::unreadable("x");
        let domain = "reports.spamcop.net".to_owned();
        reading.reporter = Some(Reporter { address: format!("1@{domain}"), domain });
        let shown = desk.authenticate(&reading, bytes.as_bytes(), entry).await;
        desk.source_of(&reading, &shown, entry).await.expect("a source")
    }

    #[tokio::test]
    async fn a_record_is_for_those_who_were_shown_to_be_the_reporter() {
        let dir = tempfile::tempdir().expect("a folder");
        let desk = desk(dir.path()).await;
        for (result, confirmed) in [("fail", 0), ("pass", 1)] {
            let bytes = format!(
                "Authentication-Results: mx.example.net; dkim={result} header.d=spamcop.net\r\nFrom: 1@spamcop.net\r\n\r\nx\r\n"
            );
            let Source::Report { domain, authenticated, trust, standing, network } =
                source(&desk, &bytes, &entry()).await;
            assert_eq!(domain, "spamcop.net", "the organizational domain");
            assert_eq!((authenticated, trust.confirmed), (confirmed == 1, confirmed), "{result}");
            assert_eq!(standing == case::Standing::NamedFeed, authenticated);
            assert_eq!(network.as_deref(), (!authenticated).then_some("127.0.0.0/16"));
        }
    }

    #[tokio::test]
    async fn the_unpublished_box_and_a_token_have_a_standing_of_their_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let desk = desk(dir.path()).await;
        let boxed =
            Entry { envelope: serde_json::json!({ "peer": "192.0.2.9", "tags": ["trusted"] }), ..entry() };
        let Source::Report { standing, authenticated, trust, .. } =
            source(&desk, "From: x\r\n\r\n", &boxed).await;
        assert_eq!((standing, authenticated), (case::Standing::UnpublishedBox, false));
        assert_eq!(trust.confirmed, 0, "what comes to the box is not thereby the domain it names");
        let token = Entry { envelope: serde_json::json!({ "authenticated_as": "Our Sensor" }), ..entry() };
        let Source::Report { domain, authenticated, standing, .. } = source(&desk, "x", &token).await;
        assert_eq!((domain.as_str(), authenticated, standing), ("oursensor", true, case::Standing::Unknown));
    }
}
