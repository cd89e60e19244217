//! What intake made of the log: the inbox of orphans, foreign and unreadable reports.

use case::{CaseId, EvidenceId};
use jiff::Timestamp;

use sqlx::AssertSqlSafe;

use crate::sql::{Value, args};
use crate::{Store, StoreError, codec};

/// Which readings to list. The default lists all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntakeFilter {
    /// Only those with one of these outcomes; empty means any.
    pub outcomes: Vec<String>,
    /// Only those from this source.
    pub source: Option<String>,
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
            "SELECT log.id AS id, seq, received, source, outcome, note, case_id
             FROM log JOIN readings ON readings.evidence = log.id {condition}
             ORDER BY seq DESC LIMIT ${first} OFFSET ${second}"
        );
        values.extend(args![i64::from(limit), i64::from(offset)]);
        let rows: Vec<RawRow> = self.rows("listing the intake", AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(IntakeRow::try_from).collect()
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
}

impl TryFrom<RawRow> for IntakeRow {
    type Error = StoreError;
    fn try_from(row: RawRow) -> Result<IntakeRow, StoreError> {
        let what = format!("reading of entry {}", row.seq);
        Ok(IntakeRow {
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
