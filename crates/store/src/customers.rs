//! Customers' own pages: their links, and what became of the letters that carried them.

use case::{CaseId, SubscriberId};
use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// The link to one customer's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerLink {
    /// The SHA-256 of its token; the token itself is kept nowhere.
    pub token_hash: [u8; 32],
    /// The case it is for, and no other.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// The language the customer was written in; empty for the usual one.
    pub language: String,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was first opened.
    pub opened: Option<Timestamp>,
    /// How often it was opened.
    pub opens: u64,
    /// How many answers were written on it.
    pub answers: u64,
}

/// How many customers were told, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reached {
    /// Notices written.
    pub written: u64,
    /// Of those, taken by the relay.
    pub taken: u64,
    /// Of those, that came back as undeliverable.
    pub returned: u64,
    /// Pages that were opened.
    pub opened: u64,
    /// Pages on which somebody answered.
    pub answered: u64,
}

type Row = (Vec<u8>, i64, String, String, i64, i64, Option<i64>, i64, i64);

const COLUMNS: &str = "token_hash, case_id, subscriber, language, made, expires, opened, opens, answers";
const READING: &str = "reading the link to a customer's page";

impl Store {
    /// Writes a link down; one that is known stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_customer_link(&self, link: &CustomerLink) -> Result<(), StoreError> {
        let sql = "INSERT INTO customer_links
                     (token_hash, case_id, subscriber, language, made, expires, opened, opens, answers)
                   VALUES ($1, $2, $3, $4, $5, $6, NULL, 0, 0) ON CONFLICT (token_hash) DO NOTHING";
        let values = args![
            &link.token_hash,
            codec::number(link.case.0, "a case number")?,
            link.subscriber.as_str(),
            link.language.as_str(),
            link.made.as_microsecond(),
            link.expires.as_microsecond(),
        ];
        self.execute("recording the link to a customer's page", sql, values).await.map(drop)
    }

    /// The link of that token's hash that has not ended at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or the row is damaged.
    pub async fn customer_link(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<CustomerLink>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM customer_links WHERE token_hash = $1 AND expires > $2");
        let values = args![hash, now.as_microsecond()];
        let row: Option<Row> = self.row(READING, sqlx::AssertSqlSafe(sql), values).await?;
        row.map(link).transpose()
    }

    /// The links of a case, the newest first.
    ///
    /// # Errors
    /// As [`Store::customer_link`].
    pub async fn customer_links(&self, case: CaseId) -> Result<Vec<CustomerLink>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM customer_links WHERE case_id = $1 ORDER BY made DESC LIMIT 100");
        let values = args![codec::number(case.0, "a case number")?];
        let rows: Vec<Row> = self.rows(READING, sqlx::AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(link).collect()
    }

    /// Counts that a page was opened.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn customer_opened(&self, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE customer_links SET opens = opens + 1, opened = COALESCE(opened, $2) WHERE token_hash = $1";
        self.execute("counting an opened page", sql, args![hash, now.as_microsecond()]).await.map(drop)
    }

    /// Counts an answer, where there were fewer than `at_most`; whether there were.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn customer_answers(&self, hash: &[u8; 32], at_most: u32) -> Result<bool, StoreError> {
        let sql = "UPDATE customer_links SET answers = answers + 1 WHERE token_hash = $1 AND answers < $2";
        let changed =
            self.execute("counting a customer's answer", sql, args![hash, i64::from(at_most)]).await?;
        Ok(changed > 0)
    }

    /// The relay took the letter of this key at `at`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn letter_taken(&self, key: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE letters SET taken = COALESCE(taken, $2) WHERE letter_key = $1";
        self.execute("recording that a letter was taken", sql, args![key, at.as_microsecond()])
            .await
            .map(drop)
    }

    /// A letter with one of these Message-IDs came back as undeliverable.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn letter_returned(&self, message_ids: &[String], at: Timestamp) -> Result<(), StoreError> {
        for id in message_ids.iter().take(16) {
            let sql = "UPDATE letters SET returned = COALESCE(returned, $2) WHERE message_id = $1";
            let values = args![id.as_str(), at.as_microsecond()];
            self.execute("recording that a letter came back", sql, values).await?;
        }
        Ok(())
    }

    /// How many customers were told since `since`, and what came of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn reached(&self, purpose: &str, since: Timestamp) -> Result<Reached, StoreError> {
        const DOING: &str = "counting who was reached";
        let since = since.as_microsecond();
        let sql =
            "SELECT COUNT(*), COUNT(taken), COUNT(returned) FROM letters WHERE purpose = $1 AND at >= $2";
        let letters: Option<(i64, i64, i64)> = self.row(DOING, sql, args![purpose, since]).await?;
        let sql = "SELECT COUNT(opened), COUNT(CASE WHEN answers > 0 THEN 1 END) FROM customer_links WHERE made >= $1";
        let pages: Option<(i64, i64)> = self.row(DOING, sql, args![since]).await?;
        let (written, taken, returned) = letters.unwrap_or_default();
        let (opened, answered) = pages.unwrap_or_default();
        let count = |value| codec::count(value, "number of letters");
        Ok(Reached {
            written: count(written)?,
            taken: count(taken)?,
            returned: count(returned)?,
            opened: count(opened)?,
            answered: count(answered)?,
        })
    }

    /// Forgets links that ended before `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_customer_links(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM customer_links WHERE expires < $1";
        self.execute("forgetting old links", sql, args![before.as_microsecond()]).await
    }
}

fn link(
    (hash, case, subscriber, language, made, expires, opened, opens, answers): Row,
) -> Result<CustomerLink, StoreError> {
    const WHAT: &str = "the link to a customer's page";
    Ok(CustomerLink {
        token_hash: codec::hash(&hash, WHAT)?,
        case: CaseId(codec::count(case, WHAT)?),
        subscriber: codec::subscriber(&subscriber)?,
        language,
        made: codec::moment(made, WHAT)?,
        expires: codec::moment(expires, WHAT)?,
        opened: opened.map(|at| codec::moment(at, WHAT)).transpose()?,
        opens: codec::count(opens, WHAT)?,
        answers: codec::count(answers, WHAT)?,
    })
}
