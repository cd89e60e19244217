//! Look-ups in a SQLite file without a hop to another thread.
//!
//! sqlx gives every SQLite connection a thread of its own; the way there and back costs about as much as a look-up among
//! ten million leases itself, and several times as much on a busy machine. These few connections are used where the
//! question is asked, through `rusqlite` on the same SQLite library. They only read, and what they are asked takes some
//! tens of microseconds.

use std::path::Path;
use std::sync::{Arc, Mutex, TryLockError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, ToSql, params_from_iter};

use crate::sql::Value;

/// How many may look up at the same time; who finds none free goes to the pool.
const READERS: usize = 4;

/// Connections for quick look-ups. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct QuickReaders {
    /// Each guards one connection for the length of one statement; never held across an await, never waited for.
    connections: Arc<[Mutex<Option<Connection>>]>,
}

impl QuickReaders {
    /// Opens them on a file whose tables are up to date; `cache` as in the pragma `cache_size`.
    pub(crate) fn open(file: &Path, cache: &str) -> rusqlite::Result<QuickReaders> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connect = || {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.pragma_update(None, "cache_size", cache)?;
            Ok(Mutex::new(Some(connection)))
        };
        let connections: rusqlite::Result<Vec<_>> = (0..READERS).map(|_| connect()).collect();
        Ok(QuickReaders { connections: connections?.into() })
    }

    /// The rows of one statement, or `None` when no connection is free or the statement failed: the pool then answers,
    /// or says what is wrong.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        args: &[Value],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Option<Vec<T>> {
        // To SQLite itself `$1` is a name and `?1` a number.
        let sql = &sql.replace('$', "?");
        for slot in self.connections.iter() {
            let slot = match slot.try_lock() {
                Ok(slot) => slot,
                Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            let Some(connection) = slot.as_ref() else { continue };
            let found = connection.prepare_cached(sql).and_then(|mut statement| {
                statement
                    .query_map(params_from_iter(args), |row| read(row))?
                    .collect::<rusqlite::Result<Vec<T>>>()
            });
            return found.inspect_err(|error| tracing::debug!(%error, "a quick look-up failed")).ok();
        }
        None
    }

    /// Closes them; whoever asks afterwards goes to the pool.
    pub(crate) fn close(&self) {
        for slot in self.connections.iter() {
            let mut slot = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            drop(slot.take());
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Int(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Value::Text(value) => {
                value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
            }
            Value::Blob(value) => value.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
            Value::Bool(value) => value.map_or(ValueRef::Null, |value| ValueRef::Integer(value.into())),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}
