//! What can go wrong, and whose fault it is.

use std::path::PathBuf;

use case::CaseId;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the database cannot be read.
    #[error(
        "{url:?} is no database address: {reason}; write sqlite:///path/nightdesk.db or postgres://user@host/name"
    )]
    Url {
        /// As configured, without its password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database cannot be opened, or refused a statement.
    #[error("the database failed while {doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The tables could not be brought to this version.
    #[error(
        "the tables could not be brought up to date: {0}; nothing was changed, the database may belong to a newer nightdesk"
    )]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row does not hold what we wrote.
    #[error("the database holds a damaged {what}: {reason}; run a verified restore")]
    Damaged {
        /// Which row of which table.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value does not fit the database.
    #[error("{what} cannot be stored: {reason}")]
    Unfit {
        /// Which value.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("could not {doing} {path}: {source}", path = .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A restore was asked to write over something.
    #[error(
        "the target database is not empty (table {table} has rows); a restore writes only into an empty one"
    )]
    NotEmpty {
        /// The first table with rows.
        table: &'static str,
    },
    /// An archive is not one of ours, or is damaged.
    #[error("the archive {path} cannot be restored: {reason}; nothing was written", path = .path.display())]
    Archive {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// Whether the database refused a second row where there may be one.
    pub(crate) fn is_unique_violation(&self) -> bool {
        match self {
            StoreError::Database { source: sqlx::Error::Database(error), .. } => error.is_unique_violation(),
            _ => false,
        }
    }

    /// Whether the same call may succeed later without anybody's help: the database was busy, unreachable or restarting.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let StoreError::Database { source, .. } = self else { return false };
        match source {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            // SQLite's BUSY and LOCKED; PostgreSQL's serialization failure, deadlock, and shutdown classes.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                matches!(
                    code.as_ref(),
                    "5" | "6" | "261" | "517" | "40001" | "40P01" | "57P01" | "57P02" | "57P03"
                )
            }),
            _ => false,
        }
    }
}

/// Why a batch was not written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was quicker: the version exists already (or is not the next one), or the subscriber has another
    /// open case. Load the case again, decide again.
    #[error("{case} was changed by somebody else meanwhile; it has to be decided again")]
    Conflict {
        /// The case of the batch that no longer fits.
        case: CaseId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
