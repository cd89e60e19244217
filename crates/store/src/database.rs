//! One handle, two databases behind it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, SqlitePool};

use crate::StoreError;
use crate::quick::QuickReaders;
use crate::sql::{Fetch, Tx, Value, run};

/// How long a statement waits for another process's write to end before it fails as busy. A bulk import holds the write
/// lock for some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that only read, besides SQLite's one that writes.
const READERS: u32 = 4;

/// Connections to PostgreSQL.
const CLIENTS: u32 = 8;

/// Page cache of each SQLite connection, in KiB (negative: SQLite's way of saying KiB, not pages). Enough for the inner
/// pages of ten million leases.
const CACHE_KIB: &str = "-65536";

/// The store. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Backend,
}

#[derive(Debug, Clone)]
enum Backend {
    Sqlite { write: SqlitePool, read: SqlitePool, quick: QuickReaders },
    Postgres(PgPool),
}

impl Store {
    /// Opens `sqlite:///path/nightdesk.db` (made if missing) or `postgres://…` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an address of neither kind, [`StoreError::Database`] when it cannot be reached,
    /// [`StoreError::Migrate`] when its tables are newer than this program or cannot be changed.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let backend = if url.starts_with("sqlite:") {
            open_sqlite(url).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await?
        } else {
            return Err(wrong_url(url, "it begins with neither sqlite: nor postgres:"));
        };
        Ok(Store { backend })
    }

    /// Waits for running statements, then closes every connection. Dropping the last clone does so without waiting.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite { write, read, quick } => {
                quick.close();
                read.close().await;
                write.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }

    /// Begins a transaction that writes. SQLite takes the write lock at once, so that it cannot fail half-way for
    /// having read something old.
    pub(crate) async fn begin(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let begun = match &self.backend {
            Backend::Sqlite { write, .. } => write.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Backend::Postgres(pool) => pool.begin().await.map(Tx::Postgres),
        };
        begun.map_err(|source| StoreError::Database { doing, source })
    }

    /// Begins a transaction that reads everything as of one moment.
    pub(crate) async fn snapshot(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let begun = match &self.backend {
            Backend::Sqlite { read, .. } => read.begin().await.map(Tx::Sqlite),
            Backend::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Tx::Postgres)
            }
        };
        begun.map_err(|source| StoreError::Database { doing, source })
    }

    /// After a bulk write: has SQLite move what it wrote from its write-ahead log into the file. Readers look for every
    /// page in that log first; some hundred megabytes of it cost a lease look-up half its time again (measured).
    pub(crate) async fn settle(&self) {
        let Backend::Sqlite { write, .. } = &self.backend else { return };
        if let Err(error) = run::execute_sqlite(write, "PRAGMA wal_checkpoint(TRUNCATE)", Vec::new()).await {
            tracing::debug!(%error, "the write-ahead log stays for now; look-ups are slower until it is moved");
        }
    }

    /// The rows of one reading statement.
    pub(crate) async fn rows<T: Fetch>(
        &self,
        doing: &'static str,
        sql: impl sqlx::SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<T>, StoreError> {
        let fetched = match &self.backend {
            Backend::Sqlite { read, .. } => run::rows_sqlite(read, sql, args).await,
            Backend::Postgres(pool) => run::rows_postgres(pool, sql, args).await,
        };
        fetched.map_err(|source| StoreError::Database { doing, source })
    }

    /// The connections for quick look-ups; there are none to PostgreSQL, which is asked as usual.
    pub(crate) fn quick(&self) -> Option<&QuickReaders> {
        match &self.backend {
            Backend::Sqlite { quick, .. } => Some(quick),
            Backend::Postgres(_) => None,
        }
    }

    /// The first row of one reading statement.
    pub(crate) async fn row<T: Fetch>(
        &self,
        doing: &'static str,
        sql: impl sqlx::SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(doing, sql, args).await?.into_iter().next())
    }

    /// One writing statement in a transaction of its own; says how many rows it touched.
    pub(crate) async fn execute(
        &self,
        doing: &'static str,
        sql: impl sqlx::SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin(doing).await?;
        let touched = tx.execute(doing, sql, args).await?;
        tx.commit(doing).await?;
        Ok(touched)
    }
}

/// Waits until no other process brings the tables of this file up to date. sqlx takes no lock for that on SQLite, so two
/// commands that meet a new file would both try to make its tables; and turning a file to WAL waits for nobody, it fails.
/// Dropping what is returned lets the next one in.
async fn one_at_a_time(database: &Path) -> Result<File, StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let of_file = |source| StoreError::File { doing: "lock", path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(of_file)?;
    let locked = tokio::task::spawn_blocking(move || {
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
            .map(|()| file)
            .map_err(io::Error::from)
    });
    locked.await.map_err(io::Error::from).and_then(|locked| locked).map_err(of_file)
}

async fn open_sqlite(url: &str) -> Result<Backend, StoreError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(wrong_url(
            url,
            "a database in memory forgets everything, and every connection would have its own",
        ));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| wrong_url(url, &error.to_string()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", CACHE_KIB)
        .disable_statement_logging();
    let opening = |source| StoreError::Database { doing: "opening the SQLite file", source };
    // A look-up costs some microseconds; asking the connection first whether it still lives would double that.
    let pool = SqlitePoolOptions::new().test_before_acquire(false).max_lifetime(None).idle_timeout(None);
    let alone = one_at_a_time(options.get_filename()).await?;
    let write = pool.clone().max_connections(1).connect_with(options.clone()).await.map_err(opening)?;
    sqlx::migrate!("migrations/sqlite").run(&write).await?;
    let readers = pool.max_connections(READERS).min_connections(1);
    let options = options.create_if_missing(false);
    let read = readers.connect_with(options.clone()).await.map_err(opening)?;
    let quick = QuickReaders::open(options.get_filename(), CACHE_KIB)
        .map_err(|error| wrong_url(url, &format!("it cannot be opened for look-ups: {error}")))?;
    drop(alone);
    Ok(Backend::Sqlite { write, read, quick })
}

async fn open_postgres(url: &str) -> Result<Backend, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| wrong_url(url, &error.to_string()))?
        .application_name("nightdesk")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CLIENTS)
        .connect_with(options)
        .await
        .map_err(|source| StoreError::Database { doing: "connecting to PostgreSQL", source })?;
    sqlx::migrate!("migrations/postgres").run(&pool).await?;
    Ok(Backend::Postgres(pool))
}

/// A database address in an error never shows its password.
fn wrong_url(url: &str, reason: &str) -> StoreError {
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    };
    StoreError::Url { url: shown, reason: reason.to_owned() }
}
