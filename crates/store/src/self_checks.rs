//! Self-checks: mails that went out to our own addresses, what came back, and how each thing checked stands.

use jiff::Timestamp;

use crate::batch::write_reading;
use crate::sql::args;
use crate::{ReadingRow, Store, StoreError, codec};

/// One mail to one of our own addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfCheck {
    /// Its number, which nobody can guess.
    pub nonce: String,
    /// Where it went.
    pub address: String,
    /// When.
    pub sent: Timestamp,
    /// Why the relay did not take it, if it did not.
    pub failure: Option<String>,
    /// When it came back.
    pub returned: Option<Timestamp>,
    /// The way in which it came back: `smtp`, `imap`, …
    pub via: Option<String>,
}

/// How one thing that is checked stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// What is checked: `mail abuse@example.net`, `mx example.net`, `rdap 192.0.2.0/24`.
    pub subject: String,
    /// Whether it works.
    pub works: bool,
    /// Since when.
    pub since: Timestamp,
    /// When that was last looked at.
    pub checked: Timestamp,
    /// What was seen, in plain words.
    pub note: String,
    /// Whether the operators have been told of it; what has worked from the beginning needs no telling.
    pub told: bool,
}

impl Store {
    /// A key of this desk's own; `fresh` becomes it when there is none yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn own_key(&self, name: &str, fresh: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        const DOING: &str = "reading a key of our own";
        let sql = "INSERT INTO own_keys (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.execute(DOING, sql, args![name, fresh]).await?;
        let sql = "SELECT secret FROM own_keys WHERE name = $1";
        let row: Option<(Vec<u8>,)> = self.row(DOING, sql, args![name]).await?;
        Ok(row.map_or_else(|| fresh.to_vec(), |(secret,)| secret))
    }

    /// Records a self-check before it is sent.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn begin_self_check(
        &self,
        nonce: &str,
        address: &str,
        sent: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO self_checks (nonce, address, sent) VALUES ($1, $2, $3)";
        let values = args![nonce, address, sent.as_microsecond()];
        self.execute("recording a self-check", sql, values).await.map(drop)
    }

    /// Records that the relay did not take it.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn fail_self_check(&self, nonce: &str, why: &str) -> Result<(), StoreError> {
        let sql = "UPDATE self_checks SET failure = $2 WHERE nonce = $1";
        self.execute("recording a self-check", sql, args![nonce, why]).await.map(drop)
    }

    /// Records that a self-check came back, together with the reading that says so, in one transaction. Only the first
    /// return counts. Says which check it was; `None` when it is none of ours, and then nothing is recorded.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn end_self_check(
        &self,
        nonce: &str,
        (returned, via): (Timestamp, &str),
        reading: impl FnOnce(&SelfCheck) -> ReadingRow,
    ) -> Result<Option<SelfCheck>, StoreError> {
        const DOING: &str = "recording that a self-check came back";
        let mut tx = self.begin(DOING).await?;
        let sql = "UPDATE self_checks SET returned = $2, via = $3
                   WHERE nonce = $1 AND returned IS NULL";
        let values = args![nonce, returned.as_microsecond(), via];
        tx.execute(DOING, sql, values).await?;
        let sql = "SELECT nonce, address, sent, failure, returned, via FROM self_checks WHERE nonce = $1";
        let Some(row) = tx.row::<Row>(DOING, sql, args![nonce]).await? else { return Ok(None) };
        let check = SelfCheck::try_from(row)?;
        write_reading(&mut tx, &reading(&check)).await?;
        tx.commit(DOING).await?;
        Ok(Some(check))
    }

    /// The newest self-checks of one address, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn self_checks(&self, address: &str, limit: u32) -> Result<Vec<SelfCheck>, StoreError> {
        let sql = "SELECT nonce, address, sent, failure, returned, via FROM self_checks
                   WHERE address = $1 ORDER BY sent DESC, nonce LIMIT $2";
        let rows: Vec<Row> = self.rows("listing self-checks", sql, args![address, i64::from(limit)]).await?;
        rows.into_iter().map(SelfCheck::try_from).collect()
    }

    /// Forgets self-checks sent before `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_self_checks(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM self_checks WHERE sent < $1";
        self.execute("forgetting old self-checks", sql, args![before.as_microsecond()]).await
    }

    /// How everything that is checked stands, by subject.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn standings(&self) -> Result<Vec<Standing>, StoreError> {
        type Columns = (String, bool, i64, i64, String, bool);
        let sql =
            "SELECT subject, works, since, checked, note, told FROM self_check_standings ORDER BY subject";
        let rows: Vec<Columns> = self.rows("listing self-checks", sql, args![]).await?;
        let read = |(subject, works, since, checked, note, told): Columns| {
            let moment = |micros| codec::moment(micros, "the standing of a self-check");
            Ok(Standing { since: moment(since)?, checked: moment(checked)?, subject, works, note, told })
        };
        rows.into_iter().map(read).collect()
    }

    /// Records how one thing stands, in place of what was known of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn set_standing(&self, standing: &Standing) -> Result<(), StoreError> {
        let sql = "INSERT INTO self_check_standings (subject, works, since, checked, note, told)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (subject) DO UPDATE SET works = excluded.works, since = excluded.since,
                     checked = excluded.checked, note = excluded.note, told = excluded.told";
        let values = args![
            standing.subject.as_str(),
            standing.works,
            standing.since.as_microsecond(),
            standing.checked.as_microsecond(),
            standing.note.as_str(),
            standing.told,
        ];
        self.execute("recording a self-check", sql, values).await.map(drop)
    }

    /// Forgets how a thing stands that is not checked any more.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_standing(&self, subject: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM self_check_standings WHERE subject = $1";
        self.execute("forgetting a self-check", sql, args![subject]).await.map(drop)
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    nonce: String,
    address: String,
    sent: i64,
    failure: Option<String>,
    returned: Option<i64>,
    via: Option<String>,
}

impl TryFrom<Row> for SelfCheck {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<SelfCheck, StoreError> {
        let moment = |micros| codec::moment(micros, "a self-check");
        Ok(SelfCheck {
            sent: moment(row.sent)?,
            returned: row.returned.map(moment).transpose()?,
            nonce: row.nonce,
            address: row.address,
            failure: row.failure,
            via: row.via,
        })
    }
}
