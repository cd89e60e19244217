//! Accepted mail before it is in the log.

use std::path::{Path, PathBuf};

use crate::Delivery;

/// Accepted deliveries on their way into the log: one file each, in the manner of a Maildir.
///
/// A file is written to `tmp/`, synced, renamed into `new/`, and `new/` is synced; only then is it accepted. What cannot be
/// read back is moved to `damaged/` and stays there for a person. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
}

/// Why a delivery was not accepted, or the spool cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Less than 5 % of the file system is free. The sender should try later (452, 503).
    #[error("the file system of the spool {path} is nearly full ({free_percent} % free): make room", path = .path.display())]
    Full {
        /// The spool.
        path: PathBuf,
        /// How much is free.
        free_percent: u8,
    },
    /// The system said that earlier writes may be lost. The answer is 451, and the program must end: what a failed
    /// sync leaves in memory cannot be trusted, and a second sync would wrongly say yes.
    #[error("{path} may not be on disk: {source}; end the program, look at the disk", path = .path.display())]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An earlier sync failed; nothing is accepted any more (451).
    #[error("the spool accepts nothing since an earlier write may not have reached the disk")]
    Distrusted,
    /// The delivery cannot be spooled as it is.
    #[error("delivery {id:?} cannot be spooled: {reason}")]
    Unfit {
        /// Its id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be written, read or moved (451).
    #[error("could not {doing} {path}: {source}", path = .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SpoolError {
    /// Whether the program must end now (after answering 451).
    #[must_use]
    pub fn must_abort(&self) -> bool {
        matches!(self, SpoolError::Sync { .. } | SpoolError::Distrusted)
    }
}

impl Spool {
    /// Opens the spool in `dir`, making its folders.
    ///
    /// # Errors
    /// [`SpoolError::File`] when a folder cannot be made.
    pub fn open(dir: &Path) -> Result<Spool, SpoolError> {
        Ok(Spool { dir: dir.to_owned() })
    }

    /// Accepts deliveries; one answer each, in order. `Ok` means it is on disk. Blocks on the disk: call it from a
    /// thread that may. The folder is synced once for the whole batch.
    pub fn accept(&self, batch: Vec<Delivery>) -> Vec<Result<(), SpoolError>> {
        let _ = (batch, &self.dir);
        todo!()
    }

    /// Up to `limit` accepted deliveries that are not done yet, the oldest first. Accepted in an earlier life or this one
    /// makes no difference.
    ///
    /// # Errors
    /// [`SpoolError::File`] when the folder cannot be read.
    pub fn waiting(&self, limit: usize) -> Result<Vec<Delivery>, SpoolError> {
        let _ = limit;
        todo!()
    }

    /// Removes deliveries that are in the log. Unknown ids are ignored.
    ///
    /// # Errors
    /// [`SpoolError::File`] when a file cannot be removed; the others are removed all the same.
    pub fn done(&self, ids: &[String]) -> Result<(), SpoolError> {
        let _ = ids;
        todo!()
    }
}
