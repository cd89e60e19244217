//! What was asked of many cases at once.

use case::CaseId;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::sql::{Tx, args};
use crate::{Store, StoreError, codec};

const DOING: &str = "keeping what was asked of many cases";

/// Something asked of many cases at once. What the wish and the outcome are is the desk's affair.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRow {
    /// Its number, from 1; given by the store.
    pub id: u64,
    /// Who asked.
    pub ordered_by: String,
    /// When.
    pub ordered_at: Timestamp,
    /// When it is done unless it is taken back before.
    pub due: Timestamp,
    /// `waiting`, `undone`, `done` or `put-back`.
    pub state: String,
    /// When it was done or taken back.
    pub settled_at: Option<Timestamp>,
    /// What is asked.
    pub wish: Json,
    /// Of which cases, each at the version it was seen at.
    pub cases: Vec<(CaseId, u64)>,
    /// What came of it.
    pub outcome: Json,
}

/// That an order was done or put back, written with what it did.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkSettled {
    /// Which.
    pub id: u64,
    /// The state it must be in.
    pub from: &'static str,
    /// The state it comes to.
    pub to: &'static str,
    /// What came of it.
    pub outcome: Json,
    /// When.
    pub at: Timestamp,
}

type Row = (i64, String, i64, i64, String, Option<i64>, String, String, String);

const COLUMNS: &str = "id, ordered_by, ordered_at, due, state, settled_at, wish, cases, outcome";

impl Store {
    /// Keeps an order and gives it a number; the row's own is not looked at.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_bulk(&self, row: &BulkRow) -> Result<u64, StoreError> {
        let mut tx = self.begin(DOING).await?;
        let last: Option<(Option<i64>,)> = tx.row(DOING, "SELECT MAX(id) FROM bulk_orders", args![]).await?;
        let id = last.and_then(|(id,)| id).unwrap_or(0).saturating_add(1);
        let sql = "INSERT INTO bulk_orders (id, ordered_by, ordered_at, due, state, wish, cases, outcome)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = args![
            id,
            row.ordered_by.as_str(),
            row.ordered_at.as_microsecond(),
            row.due.as_microsecond(),
            row.state.as_str(),
            codec::to_json(&row.wish, "a wish")?,
            codec::to_json(&row.cases, "the cases of a wish")?,
            codec::to_json(&row.outcome, "an outcome")?,
        ];
        tx.execute(DOING, sql, values).await?;
        tx.commit(DOING).await?;
        codec::count(id, "number of a bulk order")
    }

    /// Moves an order from one state to another where nothing else is to be written; `false` where it was no longer in
    /// the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn settle_bulk(&self, settled: &BulkSettled) -> Result<bool, StoreError> {
        let mut tx = self.begin(DOING).await?;
        let moved = write(&mut tx, settled).await?;
        tx.commit(DOING).await?;
        Ok(moved)
    }

    /// Orders that wait and whose time has come, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn bulk_due(&self, now: Timestamp) -> Result<Vec<BulkRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM bulk_orders WHERE state = 'waiting' AND due <= $1 ORDER BY id");
        let rows: Vec<Row> = self.rows(DOING, sqlx::AssertSqlSafe(sql), args![now.as_microsecond()]).await?;
        rows.into_iter().map(BulkRow::try_from).collect()
    }

    /// One order.
    ///
    /// # Errors
    /// As [`Store::bulk_due`].
    pub async fn bulk(&self, id: u64) -> Result<Option<BulkRow>, StoreError> {
        let Ok(id) = i64::try_from(id) else { return Ok(None) };
        let sql = format!("SELECT {COLUMNS} FROM bulk_orders WHERE id = $1");
        let row: Option<Row> = self.row(DOING, sqlx::AssertSqlSafe(sql), args![id]).await?;
        row.map(BulkRow::try_from).transpose()
    }

    /// The newest orders, the newest first.
    ///
    /// # Errors
    /// As [`Store::bulk_due`].
    pub async fn bulks(&self, limit: u32) -> Result<Vec<BulkRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM bulk_orders ORDER BY id DESC LIMIT $1");
        let rows: Vec<Row> = self.rows(DOING, sqlx::AssertSqlSafe(sql), args![i64::from(limit)]).await?;
        rows.into_iter().map(BulkRow::try_from).collect()
    }
}

/// Whether it was in the state it must be in.
pub(crate) async fn write(tx: &mut Tx, settled: &BulkSettled) -> Result<bool, StoreError> {
    let sql = "UPDATE bulk_orders SET state = $3, outcome = $4, settled_at = $5 WHERE id = $1 AND state = $2";
    let values = args![
        codec::number(settled.id, "the number of a bulk order")?,
        settled.from,
        settled.to,
        codec::to_json(&settled.outcome, "an outcome")?,
        settled.at.as_microsecond(),
    ];
    Ok(tx.execute(DOING, sql, values).await? == 1)
}

impl TryFrom<Row> for BulkRow {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<BulkRow, StoreError> {
        let (id, ordered_by, ordered_at, due, state, settled_at, wish, cases, outcome) = row;
        let what = format!("bulk order {id}");
        Ok(BulkRow {
            id: codec::count(id, &what)?,
            ordered_by,
            ordered_at: codec::moment(ordered_at, &what)?,
            due: codec::moment(due, &what)?,
            state,
            settled_at: settled_at.map(|at| codec::moment(at, &what)).transpose()?,
            wish: codec::from_json(&wish, &what)?,
            cases: codec::from_json(&cases, &what)?,
            outcome: codec::from_json(&outcome, &what)?,
        })
    }
}
