//! What intake made of the log: the inbox of orphans, foreign and unreadable reports.

use case::{CaseId, EvidenceId};
use jiff::Timestamp;

use crate::{Store, StoreError};

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
        let _ = id;
        todo!()
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
        let _ = (filter, limit, offset);
        todo!()
    }

    /// How many rows [`Store::intake`] would list without a limit.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_intake(&self, filter: &IntakeFilter) -> Result<u64, StoreError> {
        let _ = filter;
        todo!()
    }
}
