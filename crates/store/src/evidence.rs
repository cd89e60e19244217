//! The evidence log: append-only, content-addressed, hash-chained.

use case::EvidenceId;
use jiff::Timestamp;

use crate::{Store, StoreError};

/// One thing heard, on its way into the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Unique name given by whoever heard it: 1 to 128 letters, digits, `-`, `_`, `.`, not beginning with a dot.
    pub id: String,
    /// `smtp`, `lmtp`, `maildir`, `http`, `probe`, `edge` or `operator`.
    pub source: String,
    /// What was known of its way here: peer, helo, mail_from, rcpt_to.
    pub envelope: serde_json::Value,
    /// When it was accepted.
    pub received: Timestamp,
    /// What was heard, unchanged.
    pub bytes: Vec<u8>,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// The SHA-256 of its bytes.
    pub id: EvidenceId,
    /// The name it was delivered under.
    pub delivery: String,
    /// As [`Delivery::source`].
    pub source: String,
    /// As [`Delivery::envelope`].
    pub envelope: serde_json::Value,
    /// As [`Delivery::received`].
    pub received: Timestamp,
    /// How many bytes.
    pub len: u64,
    /// The chain hash up to and including this entry.
    pub hash: [u8; 32],
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    /// The entry that holds its bytes.
    pub entry: Entry,
    /// Whether it is new; `false` when the same bytes, or the same delivery id, were in the log already.
    pub new: bool,
}

impl Store {
    /// Appends deliveries, in order, in one transaction; on return they are on disk. One answer per delivery.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed; nothing is appended then.
    pub async fn append(&self, deliveries: &[Delivery]) -> Result<Vec<Appended>, StoreError> {
        let _ = deliveries;
        todo!()
    }

    /// Up to `limit` entries after number `seq`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn entries_after(&self, seq: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let _ = (seq, limit);
        todo!()
    }

    /// The entry that holds the evidence `id`.
    ///
    /// # Errors
    /// As [`Store::entries_after`].
    pub async fn entry(&self, id: &EvidenceId) -> Result<Option<Entry>, StoreError> {
        let _ = id;
        todo!()
    }

    /// The bytes of the evidence `id`, as they were heard.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn bytes(&self, id: &EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = id;
        todo!()
    }
}
