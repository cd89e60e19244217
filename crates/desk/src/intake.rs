//! From accepted mail to cases: the spool is emptied into the log, and the log is read behind a cursor.
//!
//! Each step may be cut off anywhere and is taken up again: a spooled mail stays until the log has it, the log's
//! cursor moves in the same transaction as what was made of the entries before it, and equal bytes are one piece of
//! evidence, so nothing is lost and nothing counts twice.

use jiff::{SignedDuration, Timestamp};

use store::{Entry, IntakeFilter};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::message::{CLAIMS_TOGETHER, Message};
use crate::reading::Fetched;

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
        let reports = self.without_our_own(messages).await?;
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
        let mut messages = self.read_entries(self.without_our_own(urgent).await?).await?;
        // What takes several transactions needs the place within it, which is the other lane's.
        messages.retain(|message| message.pieces(0).len() == 1);
        for message in &messages {
            self.file_whole(message).await?;
        }
        *ahead = last;
        Ok(passed)
    }

    /// These entries without our own mail that came back, and without answers to our pages: neither is a report. Before
    /// anything else is made of them.
    async fn without_our_own(&self, entries: Vec<Entry>) -> Result<Vec<Fetched>, DeskError> {
        let mut reports = Vec::with_capacity(entries.len());
        for entry in entries {
            let fetched = self.fetch(entry).await?;
            let (entry, bytes) = (&fetched.entry, &fetched.bytes);
            if !self.self_check_came_back(entry, bytes).await? && !self.answers_a_page(entry, bytes).await? {
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
        let mut found = Vec::new();
        for message in self.read_entries(fetched).await? {
            if self.has_an_owner(&message).await? {
                found.push(message);
            }
        }
        // They were filed as what they are, orphans.
        found.iter_mut().for_each(|message| message.once = false);
        for message in &found {
            self.file_whole(message).await?;
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

    /// Files a message that was read before, as a whole.
    pub(crate) async fn file_whole(&self, message: &Message) -> Result<(), DeskError> {
        for piece in message.pieces(0) {
            self.file(&[(message, piece)], None).await?;
        }
        Ok(())
    }

    /// Files pieces of messages, with what was made of each and where reading the log stands, in one transaction.
    async fn file(
        &self,
        pieces: &[(&Message, std::ops::Range<usize>)],
        cursor: Option<(String, u64)>,
    ) -> Result<(), DeskError> {
        // Whose each address was is asked for one piece at a time: of the largest table it is more than the claims.
        let mut attributed = Vec::with_capacity(pieces.len());
        for (message, piece) in pieces {
            attributed.push((*message, piece, self.attribute(message, piece).await?));
        }
        let mut office = self.office().write().await;
        let mut new = Vec::with_capacity(pieces.len());
        for piece in attributed {
            if !self.is_filed(piece.0).await? {
                new.push(piece);
            }
        }
        let (batch, changed) = {
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            let pieces = &new;
            let rows =
                pieces.iter().map(|(message, _, attributed)| message.file(attributed, &mut draft)).collect();
            let (mut batch, changed) = draft.finish();
            batch.readings = rows;
            batch.errands.extend(pieces.iter().flat_map(|(message, piece, _)| message.scanners_of(piece)));
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

/// Whether an entry is a message from outside and not something of our own.
fn is_message(entry: &Entry) -> bool {
    matches!(entry.source.as_str(), "smtp" | "lmtp" | "maildir" | "http" | "imap" | "folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::tests::entry;

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

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    /// A complaint that nobody can place until the lease of its address comes.
    fn orphan(number: u32, address: &str, at: Timestamp) -> store::Delivery {
        let date = (at - HOUR).strftime("%a, %d %b %Y %H:%M:%S +0000");
        let text = format!(
            "From: a@example.org\r\nTo: abuse@example.net\r\nSubject: Open proxy at {address}\r\nDate: {date}\r\n\
             Message-ID: <{number}@example.org>\r\n\r\n{address} is an open proxy.\r\n"
        );
        store::Delivery {
            id: format!("m{number}"),
            source: "smtp".to_owned(),
            envelope: serde_json::json!({ "peer": "192.0.2.9" }),
            received: at,
            bytes: text.into_bytes(),
        }
    }

    #[tokio::test]
    async fn orphans_behind_a_flood_of_others_have_their_turn() {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        let store = store::Store::open(&url).await.expect("a store");
        let spool = store::Spool::open(&dir.path().join("spool")).expect("a spool");
        let now: Timestamp = "2026-11-24T00:00:00Z".parse().expect("a time");
        let clock = crate::Clock::standing_at(now);
        let desk = Desk::open(crate::Settings::bare(), store, spool, clock).await.expect("a desk");
        // The one that will be placed came first, and more came after it than two looks take.
        let flood = (1..=2 * ORPHANS).map(|number| orphan(number, "203.0.113.9", now));
        let mails: Vec<_> = std::iter::once(orphan(0, "203.0.113.7", now)).chain(flood).collect();
        desk.store().append(&mails).await.expect("in the log");
        while desk.read_log().await.expect("read") > 0 {}
        let lease = lease::Lease {
            net: "203.0.113.7/32".parse().expect("an address"),
            ports: None,
            from: now - HOUR * 48,
            to: None,
            subscriber: "line-7".parse().expect("a subscriber"),
            source: lease::LeaseSource::Static,
            record: "test".to_owned(),
        };
        desk.store().import_leases(&[lease], &[]).await.expect("a lease");
        let mut turn = 0;
        let mut found = Vec::new();
        for _ in 0..3 {
            let mut since = now - HOUR;
            found.push(desk.look_at_orphans(&mut since, &mut turn).await.expect("a look"));
        }
        assert_eq!(
            found,
            [0, 1, 0],
            "a look takes the newest and some of the others, the next look more of them"
        );
    }
}
