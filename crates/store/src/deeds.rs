//! What people did, kept in the evidence log and so under its hash chain; a table beside it finds them again.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::evidence::{self, Delivery};
use crate::sql::{Tx, args};
use crate::{Store, StoreError, codec};

/// The source of such entries. Intake passes them over.
pub(crate) const SOURCE: &str = "deed";
const DOING: &str = "recording what somebody did";

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who: a login name, a token's, or `command line`.
    pub who: String,
    /// What, in a word such as `release` or `token-made`.
    pub deed: String,
    /// On what: a case, a line, another operator; may be empty.
    pub about: String,
    /// Why, in the words of who did it; may be empty.
    pub why: String,
    /// Until when it holds, where it ends by itself.
    pub until: Option<Timestamp>,
    /// What else there is to say; an object.
    pub detail: Json,
}

/// A deed as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct DeedRow {
    /// The number of its entry.
    pub seq: u64,
    /// What was done, as the log's bytes say.
    pub deed: Deed,
    /// Whether those bytes still have the hash that the log has of them.
    pub sound: bool,
}

/// Which deeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeedFilter {
    /// Of this person or token.
    pub who: Option<String>,
    /// Of this kind.
    pub deed: Option<String>,
    /// On this.
    pub about: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Store {
    /// Records a deed; on return it is on disk.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn record_deed(&self, deed: &Deed) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        write(&mut tx, std::slice::from_ref(deed)).await?;
        tx.commit(DOING).await
    }

    /// Up to `limit` deeds below the entry `before`, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn deeds(
        &self,
        filter: &DeedFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<DeedRow>, StoreError> {
        let sql = "SELECT deeds.seq, at, who, deed, about, log.id AS id, bytes FROM deeds
                   JOIN log ON log.seq = deeds.seq LEFT JOIN blobs ON blobs.id = log.id
                   WHERE deeds.seq < $1 AND ($2 = '' OR who = $2) AND ($3 = '' OR deed = $3)
                     AND ($4 = '' OR about = $4) AND at >= $5 AND at < $6
                   ORDER BY deeds.seq DESC LIMIT $7";
        let before = before.map_or(Ok(i64::MAX), |seq| codec::number(seq, "a place in the log"))?;
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        let values = args![
            before,
            word(&filter.who),
            word(&filter.deed),
            word(&filter.about),
            filter.since.map_or(i64::MIN, Timestamp::as_microsecond),
            filter.until.map_or(i64::MAX, Timestamp::as_microsecond),
            i64::from(limit)
        ];
        let rows: Vec<Row> = self.rows("listing what people did", sql, values).await?;
        rows.into_iter().map(DeedRow::try_from).collect()
    }
}

/// Appends deeds to the log within a transaction, and notes where.
pub(crate) async fn write(tx: &mut Tx, deeds: &[Deed]) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    evidence::lock(tx).await?;
    let mut head = evidence::head(tx).await?;
    for deed in deeds {
        let seq = head.seq.saturating_add(1);
        // Its own number stands in it: what is done twice is two entries.
        let body = json!({
            "seq": seq, "at": deed.at, "who": deed.who, "deed": deed.deed, "about": deed.about, "why": deed.why,
            "until": deed.until, "detail": deed.detail,
        });
        let delivery = Delivery {
            id: format!("deed-{seq}"),
            source: SOURCE.to_owned(),
            envelope: json!({}),
            received: deed.at,
            bytes: body.to_string().into_bytes(),
        };
        evidence::append_one(tx, &mut head, &delivery).await?;
        let sql = "INSERT INTO deeds (seq, at, who, deed, about) VALUES ($1, $2, $3, $4, $5)";
        let at = deed.at.as_microsecond();
        let values = args![seq, at, deed.who.as_str(), deed.deed.as_str(), deed.about.as_str()];
        tx.execute(DOING, sql, values).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: i64,
    who: String,
    deed: String,
    about: String,
    id: Vec<u8>,
    bytes: Option<Vec<u8>>,
}

impl TryFrom<Row> for DeedRow {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<DeedRow, StoreError> {
        let bytes = row.bytes.unwrap_or_default();
        let body: Json = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let at = codec::moment(row.at, "a deed")?;
        // What is shown is what the log says; that it and the table agree is part of being sound.
        let agrees = text("who") == row.who
            && text("deed") == row.deed
            && text("about") == row.about
            && text("at").parse().is_ok_and(|said: Timestamp| said.as_microsecond() == row.at);
        let deed = Deed {
            at,
            who: text("who"),
            deed: text("deed"),
            about: text("about"),
            why: text("why"),
            until: text("until").parse().ok(),
            detail: body.get("detail").cloned().unwrap_or_default(),
        };
        let sound = agrees && Sha256::digest(&bytes).as_slice() == row.id;
        Ok(DeedRow { seq: codec::count(row.seq, "a deed")?, deed, sound })
    }
}
