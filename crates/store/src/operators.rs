//! Operators and their sessions. Only hashes are kept, of passwords and of session tokens.

use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub operator: String,
    /// The token its forms must carry.
    pub csrf: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl Store {
    /// Makes an operator or changes the password; a changed password ends all sessions of that operator.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn set_operator(&self, name: &str, password_hash: &str) -> Result<(), StoreError> {
        const DOING: &str = "setting an operator's password";
        let mut tx = self.begin(DOING).await?;
        let sql = "INSERT INTO operators (name, password_hash) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash";
        tx.execute(DOING, sql, args![name, password_hash]).await?;
        tx.execute(DOING, "DELETE FROM sessions WHERE operator = $1", args![name]).await?;
        tx.commit(DOING).await
    }

    /// The password hash of an operator, in PHC form as it was given.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn operator_hash(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT password_hash FROM operators WHERE name = $1";
        let row: Option<(String,)> = self.row("looking up an operator", sql, args![name]).await?;
        Ok(row.map(|(hash,)| hash))
    }

    /// The names of all operators, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn operators(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM operators ORDER BY name";
        let rows: Vec<(String,)> = self.rows("listing operators", sql, args![]).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// Begins a session under the SHA-256 of its token. The operator must exist.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or there is no such operator.
    pub async fn create_session(
        &self,
        token_hash: [u8; 32],
        operator: &str,
        csrf: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (token_hash, operator, csrf, expires) VALUES ($1, $2, $3, $4)";
        let values = args![&token_hash, operator, csrf, expires.as_microsecond()];
        self.execute("beginning a session", sql, values).await.map(drop)
    }

    /// The session under this token hash, unless it has expired by `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn session(&self, token_hash: [u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT operator, csrf, expires FROM sessions WHERE token_hash = $1 AND expires > $2";
        let values = args![&token_hash, now.as_microsecond()];
        let row: Option<(String, String, i64)> = self.row("looking up a session", sql, values).await?;
        row.map(|(operator, csrf, expires)| {
            Ok(Session { operator, csrf, expires: codec::moment(expires, "end of a session")? })
        })
        .transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn end_session(&self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE token_hash = $1";
        self.execute("ending a session", sql, args![&token_hash]).await.map(drop)
    }

    /// Forgets sessions that have expired by `now`; says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE expires <= $1";
        self.execute("forgetting expired sessions", sql, args![now.as_microsecond()]).await
    }
}
