//! Reading the cases of a time.

use case::{CaseId, Figures, Home, Milestones, NATURAL};
use jiff::Timestamp;
use store::Store;

use super::{Kept, NewCase, NumbersView};
use crate::blocklists::{BlocklistView, blocklists};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::view::ReporterView;

/// The most cases one answer rests on; of more, the newest.
pub const MOST_CASES: u32 = 20_000;
/// How many cases are read at once: memory holds all records of so many.
const AT_ONCE: usize = 200;
/// How many of today's cases are listed.
const TODAY: usize = 100;

impl Desk {
    /// How much and how fast, over the cases that were opened from `from` and before `to`.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn numbers(&self, from: Timestamp, to: Timestamp) -> Result<NumbersView, DeskError> {
        let reporters = self.reporters().await?;
        let home = &self.settings().territory.home;
        let lists = blocklists(self.store(), self.blocklists(), self.now()).await?;
        let beside = Beside { home, reporters, blocklists: lists };
        gather(self.store(), self.kept(), beside, (from, to), self.now()).await
    }
}

/// What stands beside the cases.
struct Beside<'a> {
    home: &'a Home,
    reporters: Vec<ReporterView>,
    blocklists: Vec<BlocklistView>,
}

/// The same from a store; needs no running desk. `named` are the feeds that are believed from the first report on, `lists`
/// the blocklists that are asked, each by its domain and with a note.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn numbers(
    store: &Store,
    home: &Home,
    named: &[String],
    lists: &[(String, String)],
    time: (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<NumbersView, DeskError> {
    let reporters = crate::league::reporters(store, named).await?;
    let blocklists = blocklists(store, lists, now).await?;
    let beside = Beside { home, reporters, blocklists };
    gather(store, &Kept::default(), beside, time, now).await
}

async fn gather(
    store: &Store,
    kept: &Kept,
    beside: Beside<'_>,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<NumbersView, DeskError> {
    let midnight = now.as_second().div_euclid(86_400).saturating_mul(86_400);
    let midnight = Timestamp::from_second(midnight).unwrap_or(now);
    let cases = cases(store, kept, from, to, MOST_CASES).await?;
    let in_all = store.count_opened_between(from, to).await.doing("count the cases of a time")?;
    let today = self::cases(store, kept, midnight, Timestamp::MAX, u32::try_from(TODAY).unwrap_or(u32::MAX));
    let mut today: Vec<NewCase> = today.await?.iter().map(NewCase::from).collect();
    today.sort_by(|a, b| b.opened.cmp(&a.opened).then(b.case.cmp(&a.case)));
    let opened_today = store.count_opened_between(midnight, Timestamp::MAX);
    let looked_at = u64::try_from(cases.len()).unwrap_or(u64::MAX);
    Ok(NumbersView {
        from,
        to,
        left_off: in_all.saturating_sub(looked_at),
        figures: Figures::of(&cases, now),
        today_from: midnight,
        opened_today: opened_today.await.doing("count the cases of today")?,
        today,
        natural: NATURAL.to_vec(),
        reporters: beside.reporters,
        blocklists: beside.blocklists,
        home: beside.home.prefixes().to_vec(),
        now,
    })
}

/// The cases opened in a time; those not kept are read from the log, and kept.
async fn cases(
    store: &Store,
    kept: &Kept,
    from: Timestamp,
    to: Timestamp,
    most: u32,
) -> Result<Vec<Milestones>, DeskError> {
    let wanted = store.opened_between(from, to, most).await.doing("list the cases of a time")?;
    let (mut cases, unknown) = kept.known(&wanted);
    for some in unknown.chunks(AT_ONCE) {
        let some: &[CaseId] = some;
        let records = store.records_of(some).await.doing("read the cases of a time")?;
        kept.take_up(&records);
        cases.extend(records.chunk_by(|a, b| a.case == b.case).filter_map(Milestones::of));
    }
    cases.sort_by_key(|case| case.case);
    Ok(cases)
}
