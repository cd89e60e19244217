//! One archive file for both databases.
//!
//! Lines of JSON. First `{"archive":"nightdesk","format":1}`; then, table by table, `{"table":…,"columns":[…]}` and a line
//! per row, an array in the order of the columns (blobs in hex, booleans 0 and 1); last `{"end":…}`, the manifest, with the
//! number of rows of each table, the entries and the head of the evidence chain, and the SHA-256 of every byte before it.
//! A file without that last line is half a backup and is refused.

mod dump;
mod load;
mod manifest;
mod tables;

use std::path::{Path, PathBuf};

use crate::{ChainReport, Store, StoreError};

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The archive.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Rows per table.
    pub rows: Vec<(String, u64)>,
    /// Entries of the evidence log.
    pub entries: u64,
    /// The chain hash of the last entry; keep it elsewhere too.
    pub head: [u8; 32],
}

impl Store {
    /// Writes everything but sessions to one new archive file, as of one moment, while the store stays in use. The
    /// archive restores into either database. Mail still in the spool is not in it: copy the spool's folder as well.
    ///
    /// # Errors
    /// [`StoreError::File`] when the file exists or cannot be written, [`StoreError`] when the database failed.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        dump::dump(self, to).await
    }
}

/// Restores an archive into the empty database at `url`. The archive is checked against its own manifest; `verify` also
/// recomputes the whole evidence chain. Either all of it is restored or the database stays empty.
///
/// # Errors
/// [`StoreError::NotEmpty`] when the target holds anything, [`StoreError::Archive`] when the archive is damaged or its
/// chain broken, [`StoreError`] when the database failed.
pub async fn restore(from: &Path, url: &str, verify: bool) -> Result<ChainReport, StoreError> {
    load::load(from, url, verify).await
}
