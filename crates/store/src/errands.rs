//! The outbox: what is still to be done, lent out one claim at a time.

use case::{CaseId, Errand};
use jiff::{SignedDuration, Timestamp};

use sqlx::AssertSqlSafe;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// An errand lent to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its key.
    pub key: String,
    /// The case it follows from.
    pub case: CaseId,
    /// When it was due.
    pub due: Timestamp,
    /// What to do.
    pub errand: Errand,
    /// How often it was claimed, this time included.
    pub attempts: u32,
}

/// Which errands are lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lend {
    /// Whatever is due, but [`Lend::Exposures`].
    All,
    /// Pages to the operators alone: those whose key begins with `page/`.
    Pages,
    /// Questions of whom a scanner touched alone: those whose key begins with `exposure/`. They are heavy and wait for
    /// each other, so that nothing else waits for them.
    Exposures,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbox {
    /// Errands that are not done, due or not.
    pub waiting: u64,
    /// Those that should have been done by now.
    pub overdue: u64,
    /// Pages among the overdue.
    pub pages_overdue: u64,
    /// When the one was due that is longest overdue.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// How much is still to be done, and for how long the oldest should have been, at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn outbox(&self, now: Timestamp) -> Result<Outbox, StoreError> {
        let sql = "SELECT COUNT(*), COUNT(CASE WHEN due <= $1 THEN 1 END),
                     COUNT(CASE WHEN due <= $1 AND errand_key LIKE 'page/%' THEN 1 END),
                     MIN(CASE WHEN due <= $1 THEN due END)
                   FROM errands WHERE NOT done";
        let row: Option<(i64, i64, i64, Option<i64>)> =
            self.row("counting what is to be done", sql, args![now.as_microsecond()]).await?;
        let (waiting, overdue, pages, oldest) = row.unwrap_or_default();
        let count = |number| codec::count(number, "number of errands");
        Ok(Outbox {
            waiting: count(waiting)?,
            overdue: count(overdue)?,
            pages_overdue: count(pages)?,
            oldest: oldest.map(|due| codec::moment(due, "due time of an errand")).transpose()?,
        })
    }

    /// Lends up to `limit` due errands to `worker` until `now + hold`: pages first, which wait for nothing else, then the
    /// longest overdue. An errand that was neither finished nor retried by then may be lent again: every errand is done
    /// at least once.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn claim_errands(
        &self,
        now: Timestamp,
        worker: &str,
        hold: SignedDuration,
        limit: u32,
        which: Lend,
    ) -> Result<Vec<Claimed>, StoreError> {
        const DOING: &str = "claiming errands";
        let mut tx = self.begin(DOING).await?;
        // Two workers on PostgreSQL pass each other by instead of waiting; SQLite has one writer anyway.
        let lock = if tx.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let only = match which {
            Lend::All => "AND errand_key NOT LIKE 'exposure/%'",
            Lend::Pages => "AND errand_key LIKE 'page/%'",
            Lend::Exposures => "AND errand_key LIKE 'exposure/%'",
        };
        let sql = format!(
            "UPDATE errands SET worker = $1, held_until = $2, attempts = attempts + 1
             WHERE errand_key IN (
               SELECT errand_key FROM errands
               WHERE NOT done AND due <= $3 AND (held_until IS NULL OR held_until <= $3) {only}
               ORDER BY CASE WHEN errand_key LIKE 'page/%' THEN 0 ELSE 1 END, due, errand_key LIMIT $4 {lock})
             RETURNING errand_key, case_id, due, errand, attempts"
        );
        let until = now.saturating_add(hold).unwrap_or(Timestamp::MAX);
        let values = args![worker, until.as_microsecond(), now.as_microsecond(), i64::from(limit)];
        let mut rows: Vec<ErrandRow> = tx.rows(DOING, AssertSqlSafe(sql), values).await?;
        tx.commit(DOING).await?;
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            match Claimed::try_from(row) {
                Ok(errand) => claimed.push(errand),
                // One damaged row must not stand in the way of all others; its claim keeps it quiet for a while.
                Err(error) => tracing::error!(%error, "an errand cannot be read and is left undone"),
            }
        }
        Ok(claimed)
    }

    /// Marks an errand as done. Its key stays taken. Doing so twice, or for an unknown key, changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn finish_errand(&self, key: &str) -> Result<(), StoreError> {
        let sql = "UPDATE errands SET done = TRUE, worker = NULL, held_until = NULL WHERE errand_key = $1 AND NOT done";
        self.execute("finishing an errand", sql, args![key]).await.map(drop)
    }

    /// Gives an errand back, to be done at `at`; `why` is kept for people. A finished errand stays finished.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn retry_errand(&self, key: &str, at: Timestamp, why: &str) -> Result<(), StoreError> {
        let sql = "UPDATE errands SET due = $1, last_failure = $2, worker = NULL, held_until = NULL
                   WHERE errand_key = $3 AND NOT done";
        self.execute("giving an errand back", sql, args![at.as_microsecond(), why, key]).await.map(drop)
    }

    /// Frees whatever `worker` had claimed in an earlier life: it died before it could finish. Says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn free_errands_of(&self, worker: &str) -> Result<u64, StoreError> {
        let sql = "UPDATE errands SET worker = NULL, held_until = NULL WHERE worker = $1 AND NOT done";
        self.execute("freeing the errands of an earlier life", sql, args![worker]).await
    }

    /// When the next unfinished errand can be claimed: its due time, or the end of the claim on it if that is later.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn next_errand_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql =
            "SELECT MIN(CASE WHEN held_until > due THEN held_until ELSE due END) FROM errands WHERE NOT done";
        let row: Option<(Option<i64>,)> = self.row("looking for the next errand", sql, args![]).await?;
        row.and_then(|(due,)| due).map(|due| codec::moment(due, "due time of an errand")).transpose()
    }
}

#[derive(sqlx::FromRow)]
struct ErrandRow {
    errand_key: String,
    case_id: i64,
    due: i64,
    errand: String,
    attempts: i64,
}

impl ErrandRow {
    /// Where it stands in the order of the statement that claims.
    fn place(&self) -> (bool, i64, &str) {
        (!self.errand_key.starts_with("page/"), self.due, &self.errand_key)
    }
}

impl TryFrom<ErrandRow> for Claimed {
    type Error = StoreError;
    fn try_from(row: ErrandRow) -> Result<Claimed, StoreError> {
        let what = format!("errand {:?}", row.errand_key);
        Ok(Claimed {
            case: CaseId(codec::count(row.case_id, &what)?),
            due: codec::moment(row.due, &what)?,
            errand: codec::from_json(&row.errand, &what)?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            key: row.errand_key,
        })
    }
}
