//! What intake made of the log: the inbox of orphans, foreign and unreadable reports.

use case::{CaseId, EvidenceId};
use jiff::Timestamp;

use sqlx::AssertSqlSafe;

use crate::deeds::{self, Deed};
use crate::sql::{Value, args};
use crate::{Store, StoreError, codec};

/// What waits for somebody; as the index `readings_waiting` has it.
const WAITS: &str = "settled_at IS NULL AND outcome IN ('orphan', 'unreadable')";

/// Which readings to list. The default lists all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntakeFilter {
    /// Only those with one of these outcomes; empty means any.
    pub outcomes: Vec<String>,
    /// Only those from this source.
    pub source: Option<String>,
    /// Only those that nobody has settled.
    pub waiting: bool,
}

/// One evidence entry with what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeRow {
    /// The evidence.
    pub id: EvidenceId,
    /// Its number in the log.
    pub seq: u64,
    /// When it was accepted.
    pub received: Timestamp,
    /// How it came.
    pub source: String,
    /// As [`crate::ReadingRow::outcome`].
    pub outcome: String,
    /// One line for people.
    pub note: String,
    /// The case it went to.
    pub case: Option<CaseId>,
    /// When somebody settled it, who and why.
    pub settled: Option<(Timestamp, String, String)>,
}

impl Store {
    /// The reading of one evidence entry, as JSON.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or the row is damaged.
    pub async fn reading(&self, id: &EvidenceId) -> Result<Option<serde_json::Value>, StoreError> {
        let sql = "SELECT reading FROM readings WHERE evidence = $1";
        let row: Option<(String,)> = self.row("reading what was made of evidence", sql, args![&id.0]).await?;
        row.map(|(reading,)| codec::from_json(&reading, &format!("reading of evidence {id}"))).transpose()
    }

    /// Entries with their readings, newest first.
    ///
    /// # Errors
    /// As [`Store::reading`].
    pub async fn intake(
        &self,
        filter: &IntakeFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<IntakeRow>, StoreError> {
        let (condition, mut values) = filter.condition();
        let (first, second) = (values.len().saturating_add(1), values.len().saturating_add(2));
        let sql = format!(
            "SELECT log.id AS id, seq, received, source, outcome, note, case_id,
                    settled_at, settled_by, settled_why
             FROM log JOIN readings ON readings.evidence = log.id {condition}
             ORDER BY seq DESC LIMIT ${first} OFFSET ${second}"
        );
        values.extend(args![i64::from(limit), i64::from(offset)]);
        let rows: Vec<RawRow> = self.rows("listing the intake", AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(IntakeRow::try_from).collect()
    }

    /// How many messages that no case could take wait for somebody, and when the oldest was accepted.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn inbox(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let sql = format!(
            "SELECT COUNT(*), MIN(received) FROM readings JOIN log ON log.id = evidence WHERE {WAITS}"
        );
        let row: Option<(i64, Option<i64>)> =
            self.row("looking what waits in the inbox", AssertSqlSafe(sql), args![]).await?;
        let (count, oldest) = row.unwrap_or_default();
        let oldest = oldest.map(|at| codec::moment(at, "the oldest message that waits")).transpose()?;
        Ok((codec::count(count, "number of messages that wait")?, oldest))
    }

    /// Which messages wait in the inbox, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn waiting_in_inbox(&self, limit: u32) -> Result<Vec<EvidenceId>, StoreError> {
        let sql = format!("SELECT evidence FROM readings WHERE {WAITS} LIMIT $1");
        let rows: Vec<(Vec<u8>,)> =
            self.rows("listing the inbox", AssertSqlSafe(sql), args![i64::from(limit)]).await?;
        rows.into_iter().map(|(id,)| codec::hash(&id, "a reading").map(EvidenceId)).collect()
    }

    /// Whether a message waits in the inbox.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn waits_in_inbox(&self, id: &EvidenceId) -> Result<bool, StoreError> {
        let sql = format!("SELECT COUNT(*) FROM readings WHERE evidence = $1 AND {WAITS}");
        let row: Option<(i64,)> =
            self.row("looking for a message in the inbox", AssertSqlSafe(sql), args![&id.0]).await?;
        Ok(row.is_some_and(|(count,)| count > 0))
    }

    /// Settles messages of the inbox by a deed, in one transaction: it says when, who and why. How many of them waited;
    /// where none did, nothing is recorded.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed. Nothing is settled then.
    pub async fn settle_readings(&self, which: &[EvidenceId], deed: &Deed) -> Result<u64, StoreError> {
        let doing = "settling messages of the inbox";
        let mut tx = self.begin(doing).await?;
        let mut settled = 0u64;
        for id in which {
            let sql = format!(
                "UPDATE readings SET settled_at = $2, settled_by = $3, settled_why = $4 WHERE evidence = $1 AND {WAITS}"
            );
            let values = args![&id.0, deed.at.as_microsecond(), deed.who.as_str(), deed.why.as_str()];
            settled = settled.saturating_add(tx.execute(doing, AssertSqlSafe(sql), values).await?);
        }
        if settled > 0 {
            deeds::write(&mut tx, std::slice::from_ref(deed)).await?;
        }
        tx.commit(doing).await?;
        Ok(settled)
    }

    /// How many rows [`Store::intake`] would list without a limit.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_intake(&self, filter: &IntakeFilter) -> Result<u64, StoreError> {
        let (condition, values) = filter.condition();
        let sql = format!("SELECT COUNT(*) FROM log JOIN readings ON readings.evidence = log.id {condition}");
        let row: Option<(i64,)> = self.row("counting the intake", AssertSqlSafe(sql), values).await?;
        codec::count(row.map_or(0, |(count,)| count), "number of readings")
    }
}

impl IntakeFilter {
    /// The WHERE clause and its parameters, from `$1` on. Only the parameters carry what was asked for.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut values: Vec<Value> =
            self.outcomes.iter().map(|outcome| Value::from(outcome.as_str())).collect();
        let places: Vec<String> = (1..=values.len()).map(|place| format!("${place}")).collect();
        let mut terms = Vec::new();
        if !places.is_empty() {
            terms.push(format!("outcome IN ({})", places.join(", ")));
        }
        if let Some(source) = &self.source {
            values.push(Value::from(source.as_str()));
            terms.push(format!("source = ${}", values.len()));
        }
        if self.waiting {
            terms.push("settled_at IS NULL".to_owned());
        }
        let condition =
            if terms.is_empty() { String::new() } else { format!("WHERE {}", terms.join(" AND ")) };
        (condition, values)
    }
}

#[derive(sqlx::FromRow)]
struct RawRow {
    id: Vec<u8>,
    seq: i64,
    received: i64,
    source: String,
    outcome: String,
    note: String,
    case_id: Option<i64>,
    settled_at: Option<i64>,
    settled_by: Option<String>,
    settled_why: Option<String>,
}

impl TryFrom<RawRow> for IntakeRow {
    type Error = StoreError;
    fn try_from(row: RawRow) -> Result<IntakeRow, StoreError> {
        let what = format!("reading of entry {}", row.seq);
        let settled_at = row.settled_at.map(|at| codec::moment(at, &what)).transpose()?;
        let words = |words: Option<String>| words.unwrap_or_default();
        Ok(IntakeRow {
            settled: settled_at.map(|at| (at, words(row.settled_by), words(row.settled_why))),
            id: EvidenceId(codec::hash(&row.id, &what)?),
            seq: codec::count(row.seq, &what)?,
            received: codec::moment(row.received, &what)?,
            source: row.source,
            outcome: row.outcome,
            note: row.note,
            case: row.case_id.map(|case| codec::count(case, &what).map(CaseId)).transpose()?,
        })
    }
}
