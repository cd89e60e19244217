//! Second factors: the TOTP secret of each operator (RFC 6238), and codes for the day the telephone is gone.

use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// What codes are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret.
    pub secret: Vec<u8>,
    /// Since when it is asked for; none while nobody has shown that their device has it.
    pub since: Option<Timestamp>,
    /// The newest time step a code of which was taken.
    pub last_step: u64,
}

impl Store {
    /// Keeps a secret that is not in force yet, in place of any that was not either. `false` when one is in force.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn propose_second_factor(&self, operator: &str, secret: &[u8]) -> Result<bool, StoreError> {
        let sql = "INSERT INTO second_factors (operator, secret, last_step) VALUES ($1, $2, 0)
                   ON CONFLICT (operator) DO UPDATE SET secret = excluded.secret, last_step = 0
                   WHERE second_factors.since IS NULL";
        Ok(self.execute("proposing a second factor", sql, args![operator, secret]).await? > 0)
    }

    /// The secret of an operator, in force or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or the row is damaged.
    pub async fn second_factor(&self, operator: &str) -> Result<Option<SecondFactor>, StoreError> {
        let sql = "SELECT secret, since, last_step FROM second_factors WHERE operator = $1";
        let row: Option<(Vec<u8>, Option<i64>, i64)> =
            self.row("looking up a second factor", sql, args![operator]).await?;
        row.map(|(secret, since, last_step)| {
            let since = since.map(|at| codec::moment(at, "a second factor")).transpose()?;
            Ok(SecondFactor { secret, since, last_step: codec::count(last_step, "a time step")? })
        })
        .transpose()
    }

    /// Puts a secret in force, with these recovery codes (SHA-256 each) in place of any before. The step of the code that
    /// showed it is used up.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn begin_second_factor(
        &self,
        operator: &str,
        step: u64,
        codes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DOING: &str = "putting a second factor in force";
        let mut tx = self.begin(DOING).await?;
        let sql = "UPDATE second_factors SET since = $2, last_step = $3 WHERE operator = $1";
        let step = codec::number(step, "a time step")?;
        tx.execute(DOING, sql, args![operator, now.as_microsecond(), step]).await?;
        tx.execute(DOING, "DELETE FROM recovery_codes WHERE operator = $1", args![operator]).await?;
        for code in codes {
            let sql = "INSERT INTO recovery_codes (operator, code_hash) VALUES ($1, $2)";
            tx.execute(DOING, sql, args![operator, code]).await?;
        }
        tx.commit(DOING).await
    }

    /// Uses a time step up; `false` when it, or a later one, was used before: a code is good once (RFC 6238 section 5.2).
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn use_step(&self, operator: &str, step: u64) -> Result<bool, StoreError> {
        let sql = "UPDATE second_factors SET last_step = $2 WHERE operator = $1 AND last_step < $2";
        let step = codec::number(step, "a time step")?;
        Ok(self.execute("using a code up", sql, args![operator, step]).await? > 0)
    }

    /// Uses a recovery code up; `false` when there is no such code that was not used.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn use_recovery_code(
        &self,
        operator: &str,
        code: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql =
            "UPDATE recovery_codes SET used = $3 WHERE operator = $1 AND code_hash = $2 AND used IS NULL";
        Ok(self.execute("using a recovery code", sql, args![operator, code, now.as_microsecond()]).await? > 0)
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn recovery_codes_left(&self, operator: &str) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM recovery_codes WHERE operator = $1 AND used IS NULL";
        let row: Option<(i64,)> = self.row("counting recovery codes", sql, args![operator]).await?;
        codec::count(row.map_or(0, |(left,)| left), "recovery codes")
    }

    /// Takes an operator's second factor and codes away; `false` when there was none.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn end_second_factor(&self, operator: &str) -> Result<bool, StoreError> {
        const DOING: &str = "ending a second factor";
        let mut tx = self.begin(DOING).await?;
        tx.execute(DOING, "DELETE FROM recovery_codes WHERE operator = $1", args![operator]).await?;
        let gone =
            tx.execute(DOING, "DELETE FROM second_factors WHERE operator = $1", args![operator]).await?;
        tx.commit(DOING).await?;
        Ok(gone > 0)
    }
}
