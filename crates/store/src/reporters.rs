//! The trust ledger: what became of each reporter's reports.

use case::{EvidenceId, Trust};

use crate::{Store, StoreError};

impl Store {
    /// What became of the reports of `domain` so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn trust(&self, domain: &str) -> Result<Trust, StoreError> {
        let _ = domain;
        todo!()
    }

    /// Counts the report `evidence` of `domain` as borne out or refuted. Each report counts once: a later verdict on
    /// the same one takes the place of the earlier.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn judge_reporter(
        &self,
        domain: &str,
        evidence: &EvidenceId,
        confirmed: bool,
    ) -> Result<(), StoreError> {
        let _ = (domain, evidence, confirmed);
        todo!()
    }
}
