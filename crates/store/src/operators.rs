//! Operators and their sessions. Only hashes are kept, of passwords and of session tokens.

use jiff::Timestamp;

use crate::{Store, StoreError};

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
        let _ = (name, password_hash);
        todo!()
    }

    /// The password hash of an operator, in PHC form as it was given.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn operator_hash(&self, name: &str) -> Result<Option<String>, StoreError> {
        let _ = name;
        todo!()
    }

    /// The names of all operators, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn operators(&self) -> Result<Vec<String>, StoreError> {
        todo!()
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
        let _ = (token_hash, operator, csrf, expires);
        todo!()
    }

    /// The session under this token hash, unless it has expired by `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn session(&self, token_hash: [u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
        let _ = (token_hash, now);
        todo!()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn end_session(&self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let _ = token_hash;
        todo!()
    }

    /// Forgets sessions that have expired by `now`; says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let _ = now;
        todo!()
    }
}
