//! Which playbook was live from when, and the records that one is tried on.

use case::{CaseId, EvidenceId, Record, SubscriberId};
use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// A playbook that went live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybookRow {
    /// Its place in the order in which they went live, from 1.
    pub seq: u64,
    /// Its text.
    pub evidence: EvidenceId,
    /// The number it gives itself.
    pub number: u32,
    /// The beginning of the SHA-256 of its text.
    pub hash: String,
    /// What it is called.
    pub name: String,
    /// `configuration` or `page`.
    pub source: String,
    /// Who made it live.
    pub made_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// One line with the records of its cases, each case in order of its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct LineRecords {
    /// Whose line.
    pub subscriber: SubscriberId,
    /// Its cases.
    pub cases: Vec<Vec<Record>>,
}

const READING: &str = "reading which playbooks were live";

type Row = (i64, Vec<u8>, i64, String, String, String, String, String, i64);

impl Store {
    /// The playbooks that went live, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn playbooks(&self, limit: u32) -> Result<Vec<PlaybookRow>, StoreError> {
        let sql = "SELECT seq, evidence, number, hash, name, source, made_by, reason, at FROM playbooks
                   ORDER BY seq DESC LIMIT $1";
        let rows: Vec<Row> = self.rows(READING, sql, args![i64::from(limit)]).await?;
        rows.into_iter().map(row).collect()
    }

    /// Writes down that a playbook is live from now on; its text is in the log. `seq` is given here.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed, also when another went live at the same moment.
    pub async fn put_playbook(&self, row: &PlaybookRow) -> Result<(), StoreError> {
        const DOING: &str = "recording that a playbook went live";
        let mut tx = self.begin(DOING).await?;
        let last: Option<(Option<i64>,)> = tx.row(DOING, "SELECT MAX(seq) FROM playbooks", args![]).await?;
        let seq = last.and_then(|(seq,)| seq).unwrap_or(0).saturating_add(1);
        let sql = "INSERT INTO playbooks (seq, evidence, number, hash, name, source, made_by, reason, at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = args![
            seq,
            &row.evidence.0,
            i64::from(row.number),
            row.hash.as_str(),
            row.name.as_str(),
            row.source.as_str(),
            row.made_by.as_str(),
            row.reason.as_str(),
            row.at.as_microsecond(),
        ];
        tx.execute(DOING, sql, values).await?;
        tx.commit(DOING).await
    }

    /// How many lines had a case on which something was recorded since `from`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_lines_since(&self, from: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(DISTINCT subscriber) FROM summaries WHERE updated >= $1";
        let row: Option<(i64,)> = self.row("counting lines", sql, args![from.as_microsecond()]).await?;
        codec::count(row.map_or(0, |(count,)| count), "number of lines")
    }

    /// Lines after `after`, by name, at most `limit`, that had a case on which something was recorded since `from`: with
    /// all records of those cases.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a record is damaged.
    pub async fn lines_since(
        &self,
        from: Timestamp,
        after: Option<&SubscriberId>,
        limit: u32,
    ) -> Result<Vec<LineRecords>, StoreError> {
        const DOING: &str = "reading the cases of lines";
        let after = after.map_or("", SubscriberId::as_str);
        let sql = "SELECT DISTINCT subscriber FROM summaries WHERE updated >= $1 AND subscriber > $2
                   ORDER BY subscriber LIMIT $3";
        let since = from.as_microsecond();
        let names: Vec<(String,)> = self.rows(DOING, sql, args![since, after, i64::from(limit)]).await?;
        let Some((last,)) = names.last() else { return Ok(Vec::new()) };
        let sql = "SELECT s.subscriber, r.case_id, r.version, r.at, r.actor, r.event
                   FROM summaries s JOIN records r ON r.case_id = s.case_id
                   WHERE s.updated >= $1 AND s.subscriber > $2 AND s.subscriber <= $3
                   ORDER BY s.subscriber, r.case_id, r.version";
        let rows: Vec<(String, i64, i64, i64, String, String)> =
            self.rows(DOING, sql, args![since, after, last.as_str()]).await?;
        let mut lines: Vec<LineRecords> = Vec::new();
        for (name, case_id, version, at, actor, event) in rows {
            let what = format!("record {version} of case ND-{case_id}");
            let record = Record {
                case: CaseId(codec::count(case_id, &what)?),
                version: codec::count(version, &what)?,
                at: codec::moment(at, &what)?,
                actor: codec::from_json(&actor, &what)?,
                event: codec::from_json(&event, &what)?,
            };
            if lines.last().is_none_or(|line| line.subscriber.as_str() != name) {
                let subscriber = codec::subscriber(&name)?;
                lines.push(LineRecords { subscriber, cases: Vec::new() });
            }
            let Some(line) = lines.last_mut() else { continue };
            match line.cases.last_mut() {
                Some(case) if case.last().is_some_and(|last| last.case == record.case) => case.push(record),
                _ => line.cases.push(vec![record]),
            }
        }
        Ok(lines)
    }
}

fn row(
    (seq, evidence, number, hash, name, source, made_by, reason, at): Row,
) -> Result<PlaybookRow, StoreError> {
    const WHAT: &str = "a playbook that went live";
    Ok(PlaybookRow {
        seq: codec::count(seq, WHAT)?,
        evidence: EvidenceId(codec::hash(&evidence, WHAT)?),
        number: u32::try_from(number).map_err(|error| codec::damaged(WHAT, error.to_string()))?,
        hash,
        name,
        source,
        made_by,
        reason,
        at: codec::moment(at, WHAT)?,
    })
}
