//! Tokens that programs ask with. Only their hashes are kept.

use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// One token, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// What it is for; what it does is done in this name.
    pub name: String,
    /// Who made it.
    pub made_by: String,
    /// As of an operator.
    pub role: String,
    /// As of an operator.
    pub cuts_off: bool,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// When it was last used, within a minute.
    pub last_used: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
}

/// How old a kept time of use may be before the next use is written: every request would be a write otherwise.
const USE_KEPT_FOR_US: i64 = 60_000_000;

const TOKENS: &str =
    "SELECT name, made_by, role, CAST(CASE WHEN cuts_off THEN 1 ELSE 0 END AS BIGINT) AS cuts_off,
     made, expires, last_used, revoked FROM api_tokens";

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    made_by: String,
    role: String,
    cuts_off: i64,
    made: i64,
    expires: i64,
    last_used: Option<i64>,
    revoked: Option<i64>,
}

impl TryFrom<Row> for ApiToken {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<ApiToken, StoreError> {
        let moment = |at| codec::moment(at, "a time of a token");
        Ok(ApiToken {
            name: row.name,
            made_by: row.made_by,
            role: row.role,
            cuts_off: row.cuts_off != 0,
            made: moment(row.made)?,
            expires: moment(row.expires)?,
            last_used: row.last_used.map(moment).transpose()?,
            revoked: row.revoked.map(moment).transpose()?,
        })
    }
}

impl Store {
    /// Keeps a token under its SHA-256; `false` when one of that name was ever made: the name stands in the records.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn keep_token(&self, token_hash: [u8; 32], token: &ApiToken) -> Result<bool, StoreError> {
        let sql = "INSERT INTO api_tokens (name, token_hash, made_by, role, cuts_off, made, expires)
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING";
        let values = args![
            token.name.as_str(),
            &token_hash,
            token.made_by.as_str(),
            token.role.as_str(),
            token.cuts_off,
            token.made.as_microsecond(),
            token.expires.as_microsecond()
        ];
        Ok(self.execute("keeping a token", sql, values).await? > 0)
    }

    /// All tokens ever made, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{TOKENS} ORDER BY name"));
        let rows: Vec<Row> = self.rows("listing tokens", sql, args![]).await?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    /// The token of this name, whether or not it still is good.
    ///
    /// # Errors
    /// As [`Store::tokens`].
    pub async fn token_named(&self, name: &str) -> Result<Option<ApiToken>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{TOKENS} WHERE name = $1"));
        let row: Option<Row> = self.row("looking up a token", sql, args![name]).await?;
        row.map(ApiToken::try_from).transpose()
    }

    /// The good token under this hash; that it was used now is kept.
    ///
    /// # Errors
    /// As [`Store::tokens`].
    pub async fn use_token(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<ApiToken>, StoreError> {
        let now_us = now.as_microsecond();
        let sql = sqlx::AssertSqlSafe(format!(
            "{TOKENS} WHERE token_hash = $1 AND revoked IS NULL AND expires > $2"
        ));
        let row: Option<Row> = self.row("looking up a token", sql, args![&token_hash, now_us]).await?;
        let Some(token) = row.map(ApiToken::try_from).transpose()? else { return Ok(None) };
        if token.last_used.is_none_or(|last| now_us - last.as_microsecond() >= USE_KEPT_FOR_US) {
            let sql = "UPDATE api_tokens SET last_used = $2 WHERE token_hash = $1";
            self.execute("keeping that a token was used", sql, args![&token_hash, now_us]).await?;
        }
        Ok(Some(token))
    }

    /// Takes a token back; `false` when there is none of that name that was not taken back.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn revoke_token(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE api_tokens SET revoked = $2 WHERE name = $1 AND revoked IS NULL";
        Ok(self.execute("taking a token back", sql, args![name, now.as_microsecond()]).await? > 0)
    }
}
