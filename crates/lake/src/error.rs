//! What can go wrong, and whose fault it is.

use std::path::{Path, PathBuf};

/// Why the lake could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A file or folder of the lake cannot be read or written.
    #[error("could not {doing} {path}: {source}", path = .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the lake is not what we wrote.
    #[error("{path} cannot be read as Parquet: {source}", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// A file could not be written as Parquet.
    #[error("could not write {path}: {source}", path = .path.display())]
    Writing {
        /// Which file.
        path: PathBuf,
        /// What the writer said.
        source: parquet::errors::ParquetError,
    },
    /// Columns could not be put together or taken apart.
    #[error("could not {doing}: {source}")]
    Columns {
        /// What was being done.
        doing: &'static str,
        /// What arrow said.
        source: arrow::error::ArrowError,
    },
    /// The question cannot be asked so; the text says why.
    #[error("{0}")]
    Refused(String),
    /// A question took longer than it may.
    #[error("the question took longer than {0} s and was stopped; ask for less time or fewer addresses")]
    TooLong(u64),
    /// A question needed more memory than it may have.
    #[error("the question needed more than {0} MiB and was stopped; ask for less time or fewer addresses")]
    TooMuch(u64),
    /// The engine failed.
    #[error("the lake could not answer: {0}")]
    Engine(#[from] Box<datafusion::error::DataFusionError>),
    /// The threads of the lake could not be started, or have ended.
    #[error("the lake's own threads failed: {0}")]
    Threads(String),
}

impl LakeError {
    /// Whether another question would be answered: this one asked for too much, or wrongly.
    #[must_use]
    pub fn is_the_askers(&self) -> bool {
        matches!(self, LakeError::Refused(_) | LakeError::TooLong(_) | LakeError::TooMuch(_))
    }
}

impl From<datafusion::error::DataFusionError> for LakeError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        LakeError::Engine(Box::new(error))
    }
}

/// Says what was being done to which file.
pub(crate) fn file<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> LakeError + 'a {
    move |source| LakeError::File { doing, path: path.to_owned(), source }
}
