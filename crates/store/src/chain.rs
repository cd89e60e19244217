//! The hash chain over the evidence log.

use crate::{Store, StoreError};

/// What a walk over the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// How many entries were walked.
    pub entries: u64,
    /// The chain hash of the last sound entry (zeros for an empty log). Kept elsewhere, it also shows a log that was
    /// cut short at its end, which no chain can show by itself.
    pub head: [u8; 32],
    /// The first entry that does not fit; the walk ends there.
    pub broken: Option<Broken>,
}

/// Where and how the log was tampered with or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number of the first entry that does not fit.
    pub seq: u64,
    /// What does not fit.
    pub what: String,
}

impl Store {
    /// Walks the log from its beginning, recomputing the content hash and the chain hash of every entry.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed. A broken chain is no error but [`ChainReport::broken`].
    pub async fn verify_chain(&self) -> Result<ChainReport, StoreError> {
        todo!()
    }
}
