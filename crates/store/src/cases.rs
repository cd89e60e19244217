//! Reading cases back.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use case::{CaseId, Record};
use jiff::Timestamp;

use sqlx::AssertSqlSafe;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// Cases asked for in one statement.
const VERSIONS_AT_ONCE: usize = 500;

impl Store {
    /// The highest case number ever given; 0 when there is none. The next case takes the number after it; two who
    /// take the same number meet in a [`crate::CommitError::Conflict`].
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn highest_case_id(&self) -> Result<u64, StoreError> {
        let sql = "SELECT MAX(case_id) FROM records";
        let row: Option<(Option<i64>,)> =
            self.row("looking for the highest case number", sql, args![]).await?;
        codec::count(row.and_then(|(id,)| id).unwrap_or(0), "case number")
    }

    /// All records of a case, by version.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a record is damaged.
    pub async fn records(&self, case: CaseId) -> Result<Vec<Record>, StoreError> {
        let sql =
            "SELECT case_id, version, at, actor, event FROM records WHERE case_id = $1 ORDER BY version";
        let case = codec::number(case.0, "a case number")?;
        let rows: Vec<RecordRow> = self.rows("reading a case", sql, args![case]).await?;
        rows.into_iter().map(Record::try_from).collect()
    }

    /// All records of all open cases, by case and version.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn open_case_records(&self) -> Result<Vec<Record>, StoreError> {
        let sql = "SELECT r.case_id, r.version, r.at, r.actor, r.event
                   FROM records r JOIN summaries s ON s.case_id = r.case_id
                   WHERE s.open ORDER BY r.case_id, r.version";
        let rows: Vec<RecordRow> = self.rows("reading the open cases", sql, args![]).await?;
        rows.into_iter().map(Record::try_from).collect()
    }

    /// How many records each of these cases has: its version. A case that has none is left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn versions(&self, cases: &BTreeSet<CaseId>) -> Result<BTreeMap<CaseId, u64>, StoreError> {
        let mut versions = BTreeMap::new();
        let cases: Vec<CaseId> = cases.iter().copied().collect();
        for some in cases.chunks(VERSIONS_AT_ONCE) {
            // Numbers of ours, so they may stand in the statement itself.
            let numbers = some.iter().map(|case| case.0.to_string()).collect::<Vec<_>>().join(", ");
            let sql = format!(
                "SELECT case_id, MAX(version) FROM records WHERE case_id IN ({numbers}) GROUP BY case_id"
            );
            let rows: Vec<(i64, i64)> =
                self.rows("reading how far cases are", AssertSqlSafe(sql), args![]).await?;
            for (case, version) in rows {
                let case = CaseId(codec::count(case, "case number")?);
                versions.insert(case, codec::count(version, "version")?);
            }
        }
        Ok(versions)
    }

    /// The cases opened from `from` and before `to`, newest first, each with its version; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn opened_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<(CaseId, u64)>, StoreError> {
        let sql = "SELECT case_id, version FROM summaries WHERE opened >= $1 AND opened < $2
                   ORDER BY case_id DESC LIMIT $3";
        let values = args![from.as_microsecond(), to.as_microsecond(), i64::from(limit)];
        let rows: Vec<(i64, i64)> = self.rows("listing the cases of a time", sql, values).await?;
        let read = |(case, version)| {
            Ok((CaseId(codec::count(case, "case number")?), codec::count(version, "version")?))
        };
        rows.into_iter().map(read).collect()
    }

    /// How many cases were opened from `from` and before `to`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_opened_between(&self, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM summaries WHERE opened >= $1 AND opened < $2";
        let values = args![from.as_microsecond(), to.as_microsecond()];
        let row: Option<(i64,)> = self.row("counting the cases of a time", sql, values).await?;
        codec::count(row.map_or(0, |(count,)| count), "number of cases")
    }

    /// What was recorded of cases after `from` and up to `to`, oldest first; the newest `limit` where there is more.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn records_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        // Records have no index by time: a case whose newest is not after `from` has none of that time.
        let sql = "SELECT r.case_id, r.version, r.at, r.actor, r.event
                   FROM summaries s JOIN records r ON r.case_id = s.case_id
                   WHERE s.updated > $1 AND r.at > $1 AND r.at <= $2
                   ORDER BY r.at DESC, r.case_id DESC, r.version DESC LIMIT $3";
        let values = args![from.as_microsecond(), to.as_microsecond(), i64::from(limit)];
        let rows: Vec<RecordRow> = self.rows("reading the records of a time", sql, values).await?;
        rows.into_iter().rev().map(Record::try_from).collect()
    }

    /// All records of these cases, by case and version. Whoever asks sees to it that they are few.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn records_of(&self, cases: &[CaseId]) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        for some in cases.chunks(VERSIONS_AT_ONCE) {
            // Numbers of ours, so they may stand in the statement itself.
            let numbers = some.iter().map(|case| case.0.to_string()).collect::<Vec<_>>().join(", ");
            let sql = format!(
                "SELECT case_id, version, at, actor, event FROM records WHERE case_id IN ({numbers})
                 ORDER BY case_id, version"
            );
            let rows: Vec<RecordRow> =
                self.rows("reading the records of cases", AssertSqlSafe(sql), args![]).await?;
            for row in rows {
                records.push(Record::try_from(row)?);
            }
        }
        Ok(records)
    }

    /// Every case that ever spoke of `address`, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn find_cases(&self, address: IpAddr) -> Result<Vec<CaseId>, StoreError> {
        let sql = "SELECT case_id FROM case_addresses WHERE address = $1 ORDER BY case_id DESC";
        let address = address.to_canonical().to_string();
        let rows: Vec<(i64,)> = self.rows("looking for the cases of an address", sql, args![address]).await?;
        rows.into_iter().map(|(case,)| codec::count(case, "case number").map(CaseId)).collect()
    }

    /// Where the reader called `name` stands in the log; 0 when it never moved.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn cursor(&self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT position FROM cursors WHERE name = $1";
        let row: Option<(i64,)> = self.row("reading a cursor", sql, args![name]).await?;
        codec::count(row.map_or(0, |(position,)| position), "cursor")
    }
}

#[derive(sqlx::FromRow)]
struct RecordRow {
    case_id: i64,
    version: i64,
    at: i64,
    actor: String,
    event: String,
}

impl TryFrom<RecordRow> for Record {
    type Error = StoreError;
    fn try_from(row: RecordRow) -> Result<Record, StoreError> {
        let what = format!("record {} of case ND-{}", row.version, row.case_id);
        Ok(Record {
            case: CaseId(codec::count(row.case_id, &what)?),
            version: codec::count(row.version, &what)?,
            at: codec::moment(row.at, &what)?,
            actor: codec::from_json(&row.actor, &what)?,
            event: codec::from_json(&row.event, &what)?,
        })
    }
}
