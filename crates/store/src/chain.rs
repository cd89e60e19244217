//! The hash chain over the evidence log.

use sha2::{Digest, Sha256};

use crate::evidence::LogRow;
use crate::sql::{Tx, args};
use crate::{Store, StoreError};

/// What the first entry follows.
pub(crate) const BEGINNING: [u8; 32] = [0; 32];

/// Entries read at a time: evidence may be some megabytes each.
const PAGE: i64 = 16;

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
        let mut tx = self.snapshot("verifying the evidence log").await?;
        walk(&mut tx).await
    }
}

/// What the chain hash of one entry covers: every column of its row, and by the content hash its bytes.
pub(crate) struct Link<'a> {
    pub(crate) seq: i64,
    pub(crate) content: &'a [u8],
    pub(crate) delivery: &'a str,
    pub(crate) source: &'a str,
    pub(crate) envelope: &'a str,
    pub(crate) received: i64,
    pub(crate) len: i64,
}

impl Link<'_> {
    /// SHA-256 over the previous hash and every field, each text with its length before it so that none can lend bytes
    /// to its neighbour. Numbers are big-endian.
    pub(crate) fn hash_after(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(previous);
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.content);
        for text in [self.delivery, self.source, self.envelope] {
            hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(text);
        }
        hasher.update(self.received.to_be_bytes());
        hasher.update(self.len.to_be_bytes());
        hasher.finalize().into()
    }
}

/// Walks the whole log inside `tx`.
pub(crate) async fn walk(tx: &mut Tx) -> Result<ChainReport, StoreError> {
    let mut report = ChainReport { entries: 0, head: BEGINNING, broken: None };
    let mut last = 0_i64;
    loop {
        let page = match page_after(tx, last, PAGE).await {
            // A row that cannot even be read is a broken row: look which of the page it is.
            Err(error) if is_unreadable(&error) => match page_after(tx, last, 1).await {
                Err(error) if is_unreadable(&error) => {
                    report.broken =
                        Some(broken(last.saturating_add(1), format!("the row cannot be read: {error}")));
                    return Ok(report);
                }
                single => single?,
            },
            page => page?,
        };
        if page.is_empty() {
            return Ok(report);
        }
        for row in &page {
            if let Err(what) = row.check(last, &report.head) {
                // The row after `last` is the first that does not fit, be it altered or gone.
                report.broken = Some(broken(last.saturating_add(1), what));
                return Ok(report);
            }
            last = row.row.seq;
            report.head = row.row.link().hash_after(&report.head);
            report.entries = report.entries.saturating_add(1);
        }
    }
}

fn broken(seq: i64, what: String) -> Broken {
    Broken { seq: u64::try_from(seq).unwrap_or(0), what }
}

fn is_unreadable(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database { source: sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), .. }
    )
}

async fn page_after(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<FullRow>, StoreError> {
    let sql = "SELECT seq, log.id AS id, delivery, source, envelope, received, len, hash, bytes
               FROM log LEFT JOIN blobs ON blobs.id = log.id WHERE seq > $1 ORDER BY seq LIMIT $2";
    tx.rows("verifying the evidence log", sql, args![seq, limit]).await
}

/// A row of the log with its bytes.
#[derive(sqlx::FromRow)]
struct FullRow {
    #[sqlx(flatten)]
    row: LogRow,
    bytes: Option<Vec<u8>>,
}

impl FullRow {
    fn check(&self, last: i64, head: &[u8; 32]) -> Result<(), String> {
        let row = &self.row;
        if row.seq != last.saturating_add(1) {
            return Err(format!("the entry is missing: {last} is followed by {}", row.seq));
        }
        let Some(bytes) = &self.bytes else { return Err("its bytes are missing".to_owned()) };
        if Sha256::digest(bytes).as_slice() != row.id {
            return Err("its bytes are not those that were logged".to_owned());
        }
        if usize::try_from(row.len).ok() != Some(bytes.len()) {
            return Err(format!("it says {} bytes and has {}", row.len, bytes.len()));
        }
        if row.link().hash_after(head).as_slice() != row.hash {
            return Err("its chain hash does not fit it and the entry before it".to_owned());
        }
        Ok(())
    }
}
