//! Every letter we have begun to send: what keeps answers rare, and finds the case of an answer to one of them.

use case::CaseId;
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;

use crate::sql::{Value, args};
use crate::{Store, StoreError, codec};

/// How many message ids one look-up takes; a References header may name any number.
const IDS_AT_MOST: usize = 100;

/// A letter that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// What there may be one letter for, ever: an address and a case, or a report of SpamCop's.
    pub key: String,
    /// What it is for; limits count letters of one purpose.
    pub purpose: String,
    /// To whom, in lower case.
    pub address: String,
    /// What it accuses, where it accuses anything; else empty.
    pub about: String,
    /// The case it belongs to, [`CaseId::NONE`] for none.
    pub case: CaseId,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// When it is first tried.
    pub at: Timestamp,
}

/// What a limit counts letters by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedBy {
    /// The address.
    Address,
    /// The domain of the address.
    Domain,
    /// What the letter accuses.
    About,
}

/// At most so many letters of one purpose within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Counted by this.
    pub by: CountedBy,
    /// At most so many ...
    pub at_most: u32,
    /// ... in so long before now.
    pub within: SignedDuration,
}

/// Whether a letter may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is counted now, or was before: the same letter, tried again.
    Yes,
    /// Another letter had this key before it.
    Before,
    /// It would be one too many by this limit, and is not counted.
    TooMany(Limit),
}

impl Store {
    /// Counts a letter, unless its key is taken or one of `limits` is reached. One whose key and Message-ID were counted
    /// before may always go on: it is the same one, tried again.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn post_letter(&self, letter: &Posting, limits: &[Limit]) -> Result<Posted, StoreError> {
        const DOING: &str = "counting a letter";
        let mut tx = self.begin(DOING).await?;
        if tx.is_postgres() {
            // Two letters counted at the same moment would both find room for one.
            tx.execute(DOING, "LOCK TABLE letters IN SHARE ROW EXCLUSIVE MODE", args![]).await?;
        }
        let known = "SELECT message_id FROM letters WHERE letter_key = $1";
        let known: Option<(String,)> = tx.row(DOING, known, args![letter.key.as_str()]).await?;
        if let Some((id,)) = known {
            return Ok(if id == letter.message_id { Posted::Yes } else { Posted::Before });
        }
        for limit in limits {
            let (sql, name) = letter.counted(limit);
            let from = letter.at.saturating_sub(limit.within).unwrap_or(Timestamp::MIN);
            let values = args![letter.purpose.as_str(), name, from.as_microsecond()];
            let row: Option<(i64,)> = tx.row(DOING, sql, values).await?;
            if row.is_some_and(|(count,)| count >= i64::from(limit.at_most)) {
                return Ok(Posted::TooMany(*limit));
            }
        }
        let sql = "INSERT INTO letters (letter_key, purpose, address, domain, about, case_id, message_id, at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        tx.execute(DOING, sql, letter.row()?).await?;
        tx.commit(DOING).await?;
        Ok(Posted::Yes)
    }

    /// Forgets letters first tried before `before`, other than those of cases that are open.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_letters(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM letters WHERE at < $1 AND NOT EXISTS
                     (SELECT 1 FROM summaries WHERE summaries.case_id = letters.case_id AND summaries.open = $2)";
        self.execute("forgetting old letters", sql, args![before.as_microsecond(), true]).await
    }

    /// The case and the purpose of the first letter of ours that has one of these Message-IDs; [`CaseId::NONE`] where it
    /// followed from no case, `None` where no letter of ours is meant.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn letter_meant(&self, message_ids: &[String]) -> Result<Option<(CaseId, String)>, StoreError> {
        let ids: Vec<Value> =
            message_ids.iter().take(IDS_AT_MOST).map(|id| Value::from(id.as_str())).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT case_id, purpose FROM letters WHERE message_id IN ({}) ORDER BY at LIMIT 1",
            places.join(", ")
        );
        let row: Option<(i64, String)> =
            self.row("finding a letter of ours", AssertSqlSafe(sql), ids).await?;
        let found = |(case, purpose)| Ok((CaseId(codec::count(case, "case of a letter")?), purpose));
        row.map(found).transpose()
    }
}

impl Posting {
    fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    fn counted(&self, limit: &Limit) -> (&'static str, &str) {
        match limit.by {
            CountedBy::Address => (
                "SELECT COUNT(*) FROM letters WHERE purpose = $1 AND address = $2 AND at > $3",
                &self.address,
            ),
            CountedBy::Domain => {
                ("SELECT COUNT(*) FROM letters WHERE purpose = $1 AND domain = $2 AND at > $3", self.domain())
            }
            CountedBy::About => {
                ("SELECT COUNT(*) FROM letters WHERE purpose = $1 AND about = $2 AND at > $3", &self.about)
            }
        }
    }

    fn row(&self) -> Result<Vec<Value>, StoreError> {
        Ok(args![
            self.key.as_str(),
            self.purpose.as_str(),
            self.address.as_str(),
            self.domain(),
            self.about.as_str(),
            codec::number(self.case.0, "a case number")?,
            self.message_id.as_str(),
            self.at.as_microsecond(),
        ])
    }
}
