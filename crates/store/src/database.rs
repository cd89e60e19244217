//! One handle, two databases behind it.

use sqlx::{PgPool, SqlitePool};

use crate::StoreError;

/// The store. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) backend: Backend,
}

#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

impl Store {
    /// Opens `sqlite:///path/nightdesk.db` (made if missing) or `postgres://…` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an address of neither kind, [`StoreError::Database`] when it cannot be reached,
    /// [`StoreError::Migrate`] when its tables are newer than this program or cannot be changed.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let _ = url;
        todo!()
    }

    /// Waits for running statements, then closes every connection. Dropping the last clone does so without waiting.
    pub async fn close(&self) {
        todo!()
    }
}
