//! What DNS blocklists said of our addresses, day by day.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Why an address was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedFor {
    /// An open case speaks of it.
    Case,
    /// It was picked of a home prefix.
    Sample,
    /// No address: whether the list works.
    List,
}

/// One question to a list and its answer; the last of a day counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The list's domain.
    pub zone: String,
    /// The address; none for [`AskedFor::List`].
    pub address: Option<IpAddr>,
    /// Why it was asked about.
    pub asked_for: AskedFor,
    /// When.
    pub at: Timestamp,
    /// Whether the list has it; for [`AskedFor::List`], whether the list works.
    pub listed: bool,
    /// The list's codes and words, or why it does not work.
    pub said: String,
}

/// The answers of one list on one day, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookDay {
    /// The list's domain.
    pub zone: String,
    /// The day's beginning, UTC.
    pub day: Timestamp,
    /// Why it was asked.
    pub asked_for: AskedFor,
    /// How many addresses.
    pub asked: u64,
    /// How many of them it has.
    pub listed: u64,
}

impl Store {
    /// Keeps an answer in the place of an earlier one of the same day.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn keep_look(&self, look: &Look) -> Result<(), StoreError> {
        let sql = "INSERT INTO blocklist_looks (zone, day, address, asked_for, at, listed, said)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)
                   ON CONFLICT (zone, day, address) DO UPDATE SET asked_for = excluded.asked_for,
                     at = excluded.at, listed = excluded.listed, said = excluded.said";
        let values = args![
            look.zone.as_str(),
            look.at.as_microsecond().div_euclid(DAY),
            look.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            codec::to_word(&look.asked_for, "a reason to ask")?,
            look.at.as_microsecond(),
            look.listed,
            look.said.as_str()
        ];
        self.execute("keeping what a blocklist says", sql, values).await.map(drop)
    }

    /// The answers of the day of `at`, by list and address.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn looks_of_day(&self, at: Timestamp, limit: u32) -> Result<Vec<Look>, StoreError> {
        let sql = "SELECT zone, address, asked_for, at, listed, said FROM blocklist_looks
                   WHERE day = $1 ORDER BY zone, address LIMIT $2";
        let values = args![at.as_microsecond().div_euclid(DAY), i64::from(limit)];
        let rows: Vec<Row> = self.rows("reading what blocklists say", sql, values).await?;
        rows.into_iter().map(Look::try_from).collect()
    }

    /// Day by day from the day of `from` on, how many addresses each list was asked about and has.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn look_days(&self, from: Timestamp) -> Result<Vec<LookDay>, StoreError> {
        let sql = "SELECT zone, day, asked_for, COUNT(*), COUNT(CASE WHEN listed THEN 1 END)
                   FROM blocklist_looks WHERE day >= $1 GROUP BY zone, day, asked_for
                   ORDER BY zone, day, asked_for";
        let from = from.as_microsecond().div_euclid(DAY);
        let rows: Vec<(String, i64, String, i64, i64)> =
            self.rows("reading what blocklists said", sql, args![from]).await?;
        let read = |(zone, day, asked_for, asked, listed): (String, i64, String, i64, i64)| {
            Ok(LookDay {
                zone,
                day: codec::moment(day.saturating_mul(DAY), "a day of a blocklist")?,
                asked_for: codec::from_word(asked_for, "a reason to ask")?,
                asked: codec::count(asked, "number of addresses")?,
                listed: codec::count(listed, "number of addresses")?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Forgets the answers of the days before that of `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_looks(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM blocklist_looks WHERE day < $1";
        let before = before.as_microsecond().div_euclid(DAY);
        self.execute("forgetting what blocklists said", sql, args![before]).await
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    zone: String,
    address: String,
    asked_for: String,
    at: i64,
    listed: bool,
    said: String,
}

impl TryFrom<Row> for Look {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Look, StoreError> {
        let what = "what a blocklist says";
        let damaged = |error: std::net::AddrParseError| codec::damaged(what, error.to_string());
        let address = (!row.address.is_empty()).then(|| row.address.parse().map_err(damaged));
        Ok(Look {
            address: address.transpose()?,
            asked_for: codec::from_word(row.asked_for, what)?,
            at: codec::moment(row.at, what)?,
            zone: row.zone,
            listed: row.listed,
            said: row.said,
        })
    }
}
