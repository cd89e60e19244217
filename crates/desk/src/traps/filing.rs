//! From the log to cases: a line of ours that came to a trap.
//!
//! The log is read behind a cursor that moves in the same transaction as what was made of the entries before it, as for
//! signs in the traffic.

use jiff::{SignedDuration, Timestamp};

use case::{CaseId, EvidenceId, SignKind, SubscriberId};
use lease::{Attribution, Whose};
use store::{Entry, IntakeFilter, NewErrand, ReadingRow};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::traps::evidence::{self, SOURCE};
use crate::traps::gather::Touched;

/// The name of the cursor on the log.
const CURSOR: &str = "traps";
/// How many entries of the log are looked at together.
const TOGETHER: u32 = 1024;
/// What became of a minute: it went to a case, was too little for one, came from outside, or no lease names its line.
const FILED: &str = "trap";
const TOO_LITTLE: &str = "trap-little";
const OUTSIDE: &str = "trap-outside";
const NOBODYS: &str = "trap-nobody";
/// How often minutes that are nobody's are looked at again, for how long, and how many at once: leases are imported by
/// the hour or the day.
const NOBODYS_EVERY: SignedDuration = SignedDuration::from_mins(1);
const NOBODYS_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
const NOBODYS_AT_ONCE: u32 = 200;

/// A minute of the log with whose line it came from.
struct Placed {
    entry: Entry,
    bytes: Vec<u8>,
    touched: Touched,
    subscriber: SubscriberId,
    reason: String,
}

/// What was made of some minutes: those of exactly one line, what is noted of the others, and what follows from them.
#[derive(Default)]
struct Found {
    placed: Vec<Placed>,
    rows: Vec<ReadingRow>,
    errands: Vec<NewErrand>,
}

impl Desk {
    /// Files the minutes that lie in the log after the cursor; `ahead` is how far it was looked before. Says how many
    /// entries were passed.
    pub(crate) async fn file_traps(&self, ahead: &mut u64) -> Result<usize, DeskError> {
        let read = self.store().cursor(CURSOR).await.doing("find where reading visits to traps stopped")?;
        let entries = self.store().entries_after(read.max(*ahead), TOGETHER).await.doing("read the log")?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let passed = entries.len();
        let ours: Vec<Entry> = entries.into_iter().filter(|entry| entry.source == SOURCE).collect();
        // A desk that hears much mail and no scanner still moves on, now and then.
        if !ours.is_empty() || last.saturating_sub(read) > 16 * u64::from(TOGETHER) {
            let found = self.place(ours).await?;
            self.file_placed(found, Some((CURSOR.to_owned(), last))).await?;
        }
        *ahead = last;
        Ok(passed)
    }

    /// Looks again at minutes that were nobody's, when the last look (`since`) is long enough ago.
    pub(crate) async fn look_at_nobodys_traps(&self, since: &mut Timestamp) -> Result<(), DeskError> {
        let now = self.now();
        if now.duration_since(*since) < NOBODYS_EVERY {
            return Ok(());
        }
        *since = now;
        let filter = IntakeFilter { outcomes: vec![NOBODYS.to_owned()], ..IntakeFilter::default() };
        let rows =
            self.store().intake(&filter, NOBODYS_AT_ONCE, 0).await.doing("list visits that are nobody's")?;
        let mut entries = Vec::new();
        for row in rows.iter().filter(|row| now.duration_since(row.received) < NOBODYS_FOR) {
            entries.extend(self.store().entry(&row.id).await.doing("find a visit in the log")?);
        }
        let found = self.place(entries).await?;
        if found.placed.is_empty() {
            return Ok(());
        }
        // What is noted of the others is noted already.
        self.file_placed(Found { placed: found.placed, ..Found::default() }, None).await
    }

    /// Whose lines they came from.
    async fn place(&self, entries: Vec<Entry>) -> Result<Found, DeskError> {
        let mut found = Found::default();
        for entry in entries {
            let bytes =
                self.store().bytes(&entry.id).await.doing("fetch a visit from the log")?.unwrap_or_default();
            let Some(touched) = evidence::read(&bytes) else {
                tracing::error!(evidence = %entry.id, "visits to traps in the log cannot be read; they are passed over");
                continue;
            };
            let question = Whose {
                address: touched.source,
                port: None,
                at: touched.last,
                uncertainty: self.settings().clock_skew,
            };
            let note = evidence::why(&touched);
            match self.whose(&question).await? {
                Attribution::One { subscriber, reason, .. } => {
                    found.placed.push(Placed { entry, bytes, touched, subscriber, reason });
                }
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => {
                    found.rows.push(row(entry.id, NOBODYS, format!("{}: {reason}", touched.source), None));
                }
                Attribution::Foreign => {
                    found.errands.extend(self.trap_questions(&touched));
                    found.errands.extend(self.trap_report(entry.id, &touched));
                    found.rows.push(row(entry.id, OUTSIDE, format!("{}: {note}", touched.source), None));
                }
            }
        }
        Ok(found)
    }

    async fn file_placed(&self, found: Found, cursor: Option<(String, u64)>) -> Result<(), DeskError> {
        let Found { placed, mut rows, errands } = found;
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let open: std::collections::HashSet<SubscriberId> =
                office.cases().map(|case| case.subscriber().clone()).collect();
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            for one in placed {
                let note = evidence::why(&one.touched);
                // On a line that has a case a little counts too.
                let opens = SignKind::TrapTouched.opens(evidence::score(&one.touched));
                if !opens && !open.contains(&one.subscriber) {
                    rows.push(row(one.entry.id, TOO_LITTLE, note, None));
                    continue;
                }
                let sighting = evidence::sighting(&one.entry, &one.bytes, &one.touched, one.reason);
                let (case, _) = draft.file(&one.subscriber, sighting);
                rows.push(row(one.entry.id, FILED, note, Some(case)));
            }
            let (mut batch, changed) = draft.finish();
            (batch.cursor, batch.readings) = (cursor, rows);
            batch.errands.extend(errands);
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await
    }
}

/// What was made of a minute, in one row.
fn row(evidence: EvidenceId, outcome: &str, note: String, case: Option<CaseId>) -> ReadingRow {
    let reading = serde_json::json!({ "cases": case.into_iter().collect::<Vec<CaseId>>() });
    ReadingRow { evidence, outcome: outcome.to_owned(), note, case, reading }
}
