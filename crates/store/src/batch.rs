//! What one decision leaves behind, written in one transaction.

use std::net::IpAddr;

use case::{CaseId, Errand, EvidenceId, Record, Stage, SubscriberId};
use jiff::Timestamp;

use crate::{CommitError, Store};

/// Everything that follows from one decision (or one piece of intake). All of it is written, or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// New records; of each case in order and without gaps from the stored version.
    pub records: Vec<Record>,
    /// Errands that follow from them.
    pub errands: Vec<NewErrand>,
    /// The summary of every case the records touch, as it is after them.
    pub summaries: Vec<Summary>,
    /// What was made of evidence entries; a later reading of the same entry replaces the earlier.
    pub readings: Vec<ReadingRow>,
    /// A cursor by name and its new value.
    pub cursor: Option<(String, u64)>,
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

/// A case as lists show it; derived from its records, kept so that lists need not replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which case.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// Where it stands.
    pub stage: Stage,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its newest record was written.
    pub updated: Timestamp,
    /// The version of its newest record.
    pub version: u64,
    /// When its clock runs out.
    pub due: Option<Timestamp>,
    /// Harm, 1 to 10.
    pub harm: u8,
    /// Whether it goes above all else.
    pub proxy: bool,
    /// The addresses it speaks of.
    pub addresses: Vec<IpAddr>,
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
    /// open case; [`CommitError::Store`] when the database failed. Nothing is written then.
    pub async fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let _ = batch;
        todo!()
    }
}
