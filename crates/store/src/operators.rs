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
    /// Whether it still waits for the second factor, and lets nobody in until then.
    pub waits: bool,
}

/// One operator, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRow {
    /// The login name.
    pub name: String,
    /// `viewer`, `operator` or `admin`; this crate gives the word no meaning.
    pub role: String,
    /// Whether they may cut lines off.
    pub cuts_off: bool,
    /// `password`, or the identity provider's issuer and subject.
    pub origin: String,
    /// Since when they may no longer log in.
    pub retired: Option<Timestamp>,
    /// Since when a second factor is asked for.
    pub second_factor: Option<Timestamp>,
}

const OPERATORS: &str =
    "SELECT name, role, CAST(CASE WHEN cuts_off THEN 1 ELSE 0 END AS BIGINT), origin, retired, since
     FROM operators LEFT JOIN second_factors ON operator = name";
type Columns = (String, String, i64, String, Option<i64>, Option<i64>);

fn operator((name, role, cuts_off, origin, retired, since): Columns) -> Result<OperatorRow, StoreError> {
    let moment = |at: Option<i64>| at.map(|at| codec::moment(at, "an operator")).transpose();
    let (retired, second_factor) = (moment(retired)?, moment(since)?);
    Ok(OperatorRow { name, role, cuts_off: cuts_off != 0, origin, retired, second_factor })
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

    /// Makes an operator whom an identity provider vouches for, or says what role they have there now. `false` when the
    /// name is somebody else's.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn set_vouched_operator(
        &self,
        name: &str,
        origin: &str,
        role: &str,
        cuts_off: bool,
    ) -> Result<bool, StoreError> {
        // No password verifies against an empty hash.
        let sql =
            "INSERT INTO operators (name, password_hash, role, cuts_off, origin) VALUES ($1, '', $2, $3, $4)
                   ON CONFLICT (name) DO UPDATE SET role = excluded.role, cuts_off = excluded.cuts_off
                   WHERE operators.origin = excluded.origin";
        let values = args![name, role, cuts_off, origin];
        Ok(self.execute("keeping a vouched operator", sql, values).await? > 0)
    }

    /// Says what an operator may do; `false` when there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn set_role(&self, name: &str, role: &str, cuts_off: bool) -> Result<bool, StoreError> {
        let sql = "UPDATE operators SET role = $2, cuts_off = $3 WHERE name = $1";
        Ok(self.execute("giving an operator a role", sql, args![name, role, cuts_off]).await? > 0)
    }

    /// Lets an operator no longer log in, or again; ends their sessions. `false` when there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn retire_operator(&self, name: &str, since: Option<Timestamp>) -> Result<bool, StoreError> {
        const DOING: &str = "retiring an operator";
        let mut tx = self.begin(DOING).await?;
        let sql = "UPDATE operators SET retired = $2 WHERE name = $1";
        let touched = tx.execute(DOING, sql, args![name, since.map(Timestamp::as_microsecond)]).await?;
        tx.execute(DOING, "DELETE FROM sessions WHERE operator = $1", args![name]).await?;
        tx.commit(DOING).await?;
        Ok(touched > 0)
    }

    /// The password hash of an operator who may log in, in PHC form as it was given.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn operator_hash(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT password_hash FROM operators WHERE name = $1 AND retired IS NULL";
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

    /// All operators with what they may do, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn operator_rows(&self) -> Result<Vec<OperatorRow>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{OPERATORS} ORDER BY name"));
        let rows: Vec<Columns> = self.rows("listing operators", sql, args![]).await?;
        rows.into_iter().map(operator).collect()
    }

    /// One operator.
    ///
    /// # Errors
    /// As [`Store::operator_rows`].
    pub async fn operator(&self, name: &str) -> Result<Option<OperatorRow>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{OPERATORS} WHERE name = $1"));
        let row: Option<Columns> = self.row("looking up an operator", sql, args![name]).await?;
        row.map(operator).transpose()
    }

    /// Begins a session under the SHA-256 of its token. The operator must exist.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or there is no such operator.
    pub async fn create_session(&self, token_hash: [u8; 32], session: &Session) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO sessions (token_hash, operator, csrf, expires, waits) VALUES ($1, $2, $3, $4, $5)";
        let values = args![
            &token_hash,
            session.operator.as_str(),
            session.csrf.as_str(),
            session.expires.as_microsecond(),
            session.waits
        ];
        self.execute("beginning a session", sql, values).await.map(drop)
    }

    /// The session under this token hash, unless it has expired by `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn session(&self, token_hash: [u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT operator, csrf, expires, CAST(CASE WHEN waits THEN 1 ELSE 0 END AS BIGINT)
                   FROM sessions WHERE token_hash = $1 AND expires > $2";
        let values = args![&token_hash, now.as_microsecond()];
        let row: Option<(String, String, i64, i64)> = self.row("looking up a session", sql, values).await?;
        row.map(|(operator, csrf, expires, waits)| {
            let expires = codec::moment(expires, "end of a session")?;
            Ok(Session { operator, csrf, expires, waits: waits != 0 })
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

    /// Changes the password of an operator who has one; ends their sessions but the one under this token hash.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn change_password(&self, name: &str, hash: &str, but: [u8; 32]) -> Result<(), StoreError> {
        const DOING: &str = "changing a password";
        let mut tx = self.begin(DOING).await?;
        let sql = "UPDATE operators SET password_hash = $2 WHERE name = $1 AND origin = 'password'";
        tx.execute(DOING, sql, args![name, hash]).await?;
        let sql = "DELETE FROM sessions WHERE operator = $1 AND token_hash <> $2";
        tx.execute(DOING, sql, args![name, &but]).await?;
        tx.commit(DOING).await
    }

    /// Forgets sessions that have expired by `now`; says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE expires <= $1";
        self.execute("forgetting expired sessions", sql, args![now.as_microsecond()]).await
    }

    /// Keeps from which network somebody logged in.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn logged_in_from(&self, name: &str, net: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO operator_networks (operator, net, last) VALUES ($1, $2, $3)
                   ON CONFLICT (operator, net) DO UPDATE SET last = excluded.last";
        self.execute("keeping where a login came from", sql, args![name, net, at.as_microsecond()])
            .await
            .map(drop)
    }

    /// Whether somebody logged in from this network since then.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn knows_network(&self, name: &str, net: &str, since: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT last FROM operator_networks WHERE operator = $1 AND net = $2 AND last >= $3";
        let values = args![name, net, since.as_microsecond()];
        let row: Option<(i64,)> = self.row("looking up where logins came from", sql, values).await?;
        Ok(row.is_some())
    }
}
