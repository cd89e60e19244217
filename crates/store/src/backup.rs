//! One archive file for both databases.

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
    /// Writes everything to one new archive file, as of one moment, while the store stays in use. The archive restores
    /// into either database. Mail still in the spool is not in it: copy the spool's folder as well.
    ///
    /// # Errors
    /// [`StoreError::File`] when the file exists or cannot be written, [`StoreError`] when the database failed.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        let _ = to;
        todo!()
    }
}

/// Restores an archive into the empty database at `url`. Counts and chain head are held against the archive's own
/// manifest; `verify` also recomputes the whole chain. Either all of it is restored or the database stays empty.
///
/// # Errors
/// [`StoreError::NotEmpty`] when the target holds anything, [`StoreError::Archive`] when the archive is damaged or its
/// chain broken, [`StoreError`] when the database failed.
pub async fn restore(from: &Path, url: &str, verify: bool) -> Result<ChainReport, StoreError> {
    let _ = (from, url, verify);
    todo!()
}
