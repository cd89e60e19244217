//! What one decision leaves behind, written in one transaction.

use std::collections::HashMap;

use case::{CaseId, Errand, EvidenceId, Listed, Record};
use jiff::Timestamp;

use crate::bulk::{self, BulkSettled};
use crate::deeds::{self, Deed};
use crate::hooks::{self, HookMessage};
use crate::reporters::{self, Heard, Verdict};
use crate::sql::{Tx, args};
use crate::{CommitError, Store, StoreError, codec, listed};

pub(crate) const DOING: &str = "committing a decision";

/// Everything that follows from one decision (or one piece of intake). All of it is written, or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// New records; of each case in order and without gaps from the stored version.
    pub records: Vec<Record>,
    /// Errands that follow from them.
    pub errands: Vec<NewErrand>,
    /// The summary of every case the records touch, as it is after them.
    pub summaries: Vec<Listed>,
    /// What was made of evidence entries; a later reading of the same entry replaces the earlier.
    pub readings: Vec<ReadingRow>,
    /// Who reported on which case.
    pub heard: Vec<Heard>,
    /// What became of reporters' words.
    pub verdicts: Vec<Verdict>,
    /// What people did by it.
    pub deeds: Vec<Deed>,
    /// A cursor by name and its new value.
    pub cursor: Option<(String, u64)>,
    /// What other programs are to be told of it.
    pub hooks: Vec<HookMessage>,
    /// The order for many cases that this is.
    pub bulk: Option<BulkSettled>,
}

/// One errand for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewErrand {
    /// The case it follows from.
    pub case: CaseId,
    /// Not before.
    pub due: Timestamp,
    /// What makes it the same errand as another; a key that was ever used is not taken again.
    pub key: String,
    /// What to do.
    pub errand: Errand,
}

/// What intake made of one evidence entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingRow {
    /// The entry.
    pub evidence: EvidenceId,
    /// `case`, `orphan`, `foreign`, `not-a-report` or `unreadable`.
    pub outcome: String,
    /// One line for people.
    pub note: String,
    /// The case it went to.
    pub case: Option<CaseId>,
    /// The whole reading as JSON.
    pub reading: serde_json::Value,
}

impl Store {
    /// Writes a batch in one transaction.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a record's version is not the next of its case, or its subscriber has another
    /// open case, or the order for many cases was settled otherwise; [`CommitError::Store`] when the database failed. Nothing is written then.
    pub async fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut tx = self.begin(DOING).await?;
        write_records(&mut tx, &batch.records).await?;
        // Ended cases first: the same batch may end a subscriber's case and open the next.
        let (open, ended): (Vec<&Listed>, Vec<&Listed>) =
            batch.summaries.iter().partition(|summary| summary.stage.is_open());
        for summary in ended.into_iter().chain(open) {
            listed::write(&mut tx, summary).await?;
        }
        for errand in &batch.errands {
            write_errand(&mut tx, errand).await?;
        }
        for reading in &batch.readings {
            write_reading(&mut tx, reading).await?;
        }
        reporters::write_heard(&mut tx, &batch.heard).await?;
        reporters::write_verdicts(&mut tx, &batch.verdicts).await?;
        deeds::write(&mut tx, &batch.deeds).await?;
        hooks::write(&mut tx, &batch.hooks).await?;
        if let Some(settled) = &batch.bulk
            && !bulk::write(&mut tx, settled).await?
        {
            return Err(CommitError::Conflict { case: CaseId::NONE });
        }
        if let Some((name, position)) = &batch.cursor {
            let sql = "INSERT INTO cursors (name, position) VALUES ($1, $2)
                       ON CONFLICT (name) DO UPDATE SET position = excluded.position";
            let position = codec::number(*position, "a cursor")?;
            tx.execute(DOING, sql, args![name.as_str(), position]).await?;
        }
        tx.commit(DOING).await?;
        Ok(())
    }
}

/// A second row where there may be one means that somebody else was quicker.
pub(crate) fn or_conflict(error: StoreError, case: CaseId) -> CommitError {
    if error.is_unique_violation() { CommitError::Conflict { case } } else { CommitError::Store(error) }
}

async fn write_records(tx: &mut Tx, records: &[Record]) -> Result<(), CommitError> {
    let mut newest: HashMap<CaseId, u64> = HashMap::new();
    for record in records {
        let known = match newest.get(&record.case) {
            Some(version) => *version,
            None => stored_version(tx, record.case).await?,
        };
        if known.checked_add(1) != Some(record.version) {
            return Err(CommitError::Conflict { case: record.case });
        }
        newest.insert(record.case, record.version);
        let values = args![
            codec::number(record.case.0, "a case number")?,
            codec::number(record.version, "a version")?,
            record.at.as_microsecond(),
            codec::to_json(&record.actor, "an actor")?,
            codec::to_json(&record.event, "an event")?,
        ];
        let sql = "INSERT INTO records (case_id, version, at, actor, event) VALUES ($1, $2, $3, $4, $5)";
        tx.execute(DOING, sql, values).await.map_err(|error| or_conflict(error, record.case))?;
    }
    Ok(())
}

async fn stored_version(tx: &mut Tx, case: CaseId) -> Result<u64, StoreError> {
    let sql = "SELECT MAX(version) FROM records WHERE case_id = $1";
    let row: Option<(Option<i64>,)> =
        tx.row(DOING, sql, args![codec::number(case.0, "a case number")?]).await?;
    codec::count(row.and_then(|(version,)| version).unwrap_or(0), "version of a case")
}

async fn write_errand(tx: &mut Tx, errand: &NewErrand) -> Result<(), StoreError> {
    let sql = "INSERT INTO errands (errand_key, case_id, due, errand) VALUES ($1, $2, $3, $4)
               ON CONFLICT (errand_key) DO NOTHING";
    let values = args![
        errand.key.as_str(),
        codec::number(errand.case.0, "a case number")?,
        errand.due.as_microsecond(),
        codec::to_json(&errand.errand, "an errand")?,
    ];
    tx.execute(DOING, sql, values).await.map(drop)
}

pub(crate) async fn write_reading(tx: &mut Tx, row: &ReadingRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO readings (evidence, outcome, note, case_id, reading) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (evidence) DO UPDATE SET outcome = excluded.outcome, note = excluded.note,
                 case_id = excluded.case_id, reading = excluded.reading";
    let case = row.case.map(|case| codec::number(case.0, "a case number")).transpose()?;
    let values = args![
        &row.evidence.0,
        row.outcome.as_str(),
        row.note.as_str(),
        case,
        codec::to_json(&row.reading, "a reading")?,
    ];
    tx.execute(DOING, sql, values).await.map(drop)
}
