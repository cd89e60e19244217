//! The outbox: what is still to be done, lent out one claim at a time.

use case::{CaseId, Errand};
use jiff::{SignedDuration, Timestamp};

use crate::{Store, StoreError};

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

impl Store {
    /// Lends up to `limit` due errands to `worker` until `now + hold`, the longest overdue first. An errand that was
    /// neither finished nor retried by then may be lent again: every errand is done at least once.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn claim_errands(
        &self,
        now: Timestamp,
        worker: &str,
        hold: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let _ = (now, worker, hold, limit);
        todo!()
    }

    /// Marks an errand as done. Its key stays taken. Doing so twice, or for an unknown key, changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn finish_errand(&self, key: &str) -> Result<(), StoreError> {
        let _ = key;
        todo!()
    }

    /// Gives an errand back, to be done at `at`; `why` is kept for people. A finished errand stays finished.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn retry_errand(&self, key: &str, at: Timestamp, why: &str) -> Result<(), StoreError> {
        let _ = (key, at, why);
        todo!()
    }

    /// When the next unfinished errand can be claimed: its due time, or the end of the claim on it if that is later.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn next_errand_due(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
}
