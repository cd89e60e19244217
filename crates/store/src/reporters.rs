//! The trust ledger: what became of each reporter's reports.

use case::{EvidenceId, Trust};

use crate::sql::args;
use crate::{Store, StoreError};

impl Store {
    /// What became of the reports of `domain` so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn trust(&self, domain: &str) -> Result<Trust, StoreError> {
        let sql = "SELECT COUNT(CASE WHEN confirmed THEN 1 END), COUNT(CASE WHEN NOT confirmed THEN 1 END)
                   FROM verdicts WHERE domain = $1";
        let domain = domain.to_ascii_lowercase();
        let row: Option<(i64, i64)> = self.row("reading the trust in a reporter", sql, args![domain]).await?;
        let (confirmed, refuted) = row.unwrap_or((0, 0));
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Trust { confirmed: number(confirmed), refuted: number(refuted) })
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
        let sql = "INSERT INTO verdicts (domain, evidence, confirmed) VALUES ($1, $2, $3)
                   ON CONFLICT (domain, evidence) DO UPDATE SET confirmed = excluded.confirmed";
        let values = args![domain.to_ascii_lowercase(), &evidence.0, confirmed];
        self.execute("judging a reporter", sql, values).await.map(drop)
    }
}
