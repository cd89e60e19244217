//! One statement, either database: the same text with `$1` parameters runs on both.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Postgres, SqlSafeStr, Sqlite, Transaction};

use crate::StoreError;

/// A parameter of a statement. `None` is NULL of that type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
    Bool(Option<bool>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Value {
        Value::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(Some(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(Some(storable(value)))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        if value.contains('\0') { Value::Text(Some(storable(&value))) } else { Value::Text(Some(value)) }
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Value {
        value.map_or(Value::Text(None), Value::from)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Value {
        Value::Blob(Some(value.to_vec()))
    }
}

impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Value {
        Value::Blob(Some(value.to_vec()))
    }
}

/// PostgreSQL keeps no NUL in text; it would be foreign text anyway.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `args![a, b]`: parameters for a statement.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use args;

/// What can be read from a row of either database.
pub(crate) trait Fetch:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> Fetch for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A transaction on either database. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) async fn rows<T: Fetch>(
        &mut self,
        doing: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<T>, StoreError> {
        let fetched = match self {
            Tx::Sqlite(tx) => run::rows_sqlite(&mut **tx, sql, args).await,
            Tx::Postgres(tx) => run::rows_postgres(&mut **tx, sql, args).await,
        };
        fetched.map_err(|source| StoreError::Database { doing, source })
    }

    pub(crate) async fn row<T: Fetch>(
        &mut self,
        doing: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(doing, sql, args).await?.into_iter().next())
    }

    pub(crate) async fn execute(
        &mut self,
        doing: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = match self {
            Tx::Sqlite(tx) => run::execute_sqlite(&mut **tx, sql, args).await,
            Tx::Postgres(tx) => run::execute_postgres(&mut **tx, sql, args).await,
        };
        done.map_err(|source| StoreError::Database { doing, source })
    }

    pub(crate) async fn commit(self, doing: &'static str) -> Result<(), StoreError> {
        let done = match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        };
        done.map_err(|source| StoreError::Database { doing, source })
    }

    /// `(…), (…)`: places for so many rows of so many columns. SQLite looks a numbered parameter up by walking all names,
    /// which for thousands of them takes longer than the insert; there they are plain question marks.
    pub(crate) fn places(&self, rows: usize, columns: usize) -> String {
        let is_postgres = self.is_postgres();
        let mut places = String::new();
        for place in 0..rows.saturating_mul(columns) {
            let begins_row = place.is_multiple_of(columns);
            places.push_str(match (begins_row, place) {
                (true, 0) => "(",
                (true, _) => "), (",
                (false, _) => ", ",
            });
            if is_postgres {
                places.push_str(&format!("${}", place.saturating_add(1)));
            } else {
                places.push('?');
            }
        }
        places.push(')');
        places
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Tx::Postgres(_))
    }
}

/// The only places where a statement meets a database.
pub(crate) mod run {
    use sqlx::{Arguments, PgExecutor, SqliteExecutor};
    use sqlx::{query_as_with, query_with};

    use super::{Fetch, PgArguments, SqlSafeStr, SqliteArguments, Value};

    macro_rules! bind_all {
        ($arguments:expr, $values:expr) => {{
            let mut arguments = $arguments;
            for value in $values {
                match value {
                    Value::Int(value) => arguments.add(value),
                    Value::Text(value) => arguments.add(value),
                    Value::Blob(value) => arguments.add(value),
                    Value::Bool(value) => arguments.add(value),
                }
                .map_err(sqlx::Error::Encode)?;
            }
            arguments
        }};
    }

    pub(crate) async fn rows_sqlite<T: Fetch>(
        to: impl SqliteExecutor<'_>,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<T>, sqlx::Error> {
        query_as_with(sql, bind_all!(SqliteArguments::default(), args)).fetch_all(to).await
    }

    pub(crate) async fn rows_postgres<T: Fetch>(
        to: impl PgExecutor<'_>,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<T>, sqlx::Error> {
        query_as_with(sql, bind_all!(PgArguments::default(), args)).fetch_all(to).await
    }

    pub(crate) async fn execute_sqlite(
        to: impl SqliteExecutor<'_>,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        let done = query_with(sql, bind_all!(SqliteArguments::default(), args)).execute(to).await?;
        Ok(done.rows_affected())
    }

    pub(crate) async fn execute_postgres(
        to: impl PgExecutor<'_>,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        let done = query_with(sql, bind_all!(PgArguments::default(), args)).execute(to).await?;
        Ok(done.rows_affected())
    }
}
