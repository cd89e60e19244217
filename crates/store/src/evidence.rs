//! The evidence log: append-only, content-addressed, hash-chained.

use case::EvidenceId;
use jiff::Timestamp;

use sha2::{Digest, Sha256};

use crate::chain::{self, Link};
use crate::sql::{Tx, args, storable};
use crate::{Store, StoreError, codec};

/// One thing heard, on its way into the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Unique name given by whoever heard it: 1 to 128 letters, digits, `-`, `_`, `.`, not beginning with a dot.
    pub id: String,
    /// `smtp`, `lmtp`, `maildir`, `http`, `imap`, `folder`, `probe`, `flows`, `edge` or `operator`.
    pub source: String,
    /// What was known of its way here: peer, helo, mail_from, rcpt_to.
    pub envelope: serde_json::Value,
    /// When it was accepted.
    pub received: Timestamp,
    /// What was heard, unchanged.
    pub bytes: Vec<u8>,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// The SHA-256 of its bytes.
    pub id: EvidenceId,
    /// The name it was delivered under.
    pub delivery: String,
    /// As [`Delivery::source`].
    pub source: String,
    /// As [`Delivery::envelope`].
    pub envelope: serde_json::Value,
    /// As [`Delivery::received`].
    pub received: Timestamp,
    /// How many bytes.
    pub len: u64,
    /// The chain hash up to and including this entry.
    pub hash: [u8; 32],
}

/// The intake tag of what came to a box that only trusted feeds know (P12).
const UNPUBLISHED: &str = "trusted";

impl Delivery {
    /// Whether it came to an unpublished box, and therefore goes first.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        is_tagged(&self.envelope, UNPUBLISHED)
    }
}

impl Entry {
    /// As [`Delivery::is_urgent`].
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        is_tagged(&self.envelope, UNPUBLISHED)
    }
}

fn is_tagged(envelope: &serde_json::Value, tag: &str) -> bool {
    let tags = envelope.get("tags").and_then(|tags| tags.as_array());
    tags.is_some_and(|tags| tags.iter().any(|one| one.as_str() == Some(tag)))
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    /// The entry that holds its bytes.
    pub entry: Entry,
    /// Whether it is new; `false` when the same bytes were in the log already, under whatever delivery id. A delivery id
    /// that comes again with other bytes is new: dropping it would lose what was accepted.
    pub new: bool,
}

impl Store {
    /// Appends deliveries, in order, in one transaction; on return they are on disk. One answer per delivery.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed; nothing is appended then.
    pub async fn append(&self, deliveries: &[Delivery]) -> Result<Vec<Appended>, StoreError> {
        const DOING: &str = "appending to the evidence log";
        let mut tx = self.begin(DOING).await?;
        lock(&mut tx).await?;
        let mut head = head(&mut tx).await?;
        let mut appended = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            appended.push(append_one(&mut tx, &mut head, delivery).await?);
        }
        tx.commit(DOING).await?;
        Ok(appended)
    }

    /// Up to `limit` entries after number `seq`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn entries_after(&self, seq: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, id, delivery, source, envelope, received, len, hash FROM log
                   WHERE seq > $1 ORDER BY seq LIMIT $2";
        let after = codec::number(seq, "a place in the log")?;
        let rows: Vec<LogRow> =
            self.rows("reading the evidence log", sql, args![after, i64::from(limit)]).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// The entry that holds the evidence `id`.
    ///
    /// # Errors
    /// As [`Store::entries_after`].
    pub async fn entry(&self, id: &EvidenceId) -> Result<Option<Entry>, StoreError> {
        let row: Option<LogRow> = self.row("looking up evidence", BY_ID, args![&id.0]).await?;
        row.map(Entry::try_from).transpose()
    }

    /// The bytes of the evidence `id`, as they were heard.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn bytes(&self, id: &EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM blobs WHERE id = $1";
        let row: Option<(Vec<u8>,)> = self.row("reading evidence", sql, args![&id.0]).await?;
        Ok(row.map(|(bytes,)| bytes))
    }
}

const BY_ID: &str = "SELECT seq, id, delivery, source, envelope, received, len, hash FROM log WHERE id = $1";

/// Lets nobody else append until the transaction ends, or two entries would follow the same one. Readers are not held up;
/// SQLite has one writer anyway.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.is_postgres() {
        let sql = "LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE";
        tx.execute("appending to the evidence log", sql, args![]).await?;
    }
    Ok(())
}

/// The end of the chain: number and hash of the newest entry.
pub(crate) struct Head {
    pub(crate) seq: i64,
    hash: [u8; 32],
}

pub(crate) async fn head(tx: &mut Tx) -> Result<Head, StoreError> {
    let sql = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1";
    match tx.row::<(i64, Vec<u8>)>("reading the end of the evidence log", sql, args![]).await? {
        None => Ok(Head { seq: 0, hash: chain::BEGINNING }),
        Some((seq, hash)) => Ok(Head { seq, hash: codec::hash(&hash, "end of the evidence log")? }),
    }
}

pub(crate) async fn append_one(
    tx: &mut Tx,
    head: &mut Head,
    delivery: &Delivery,
) -> Result<Appended, StoreError> {
    const DOING: &str = "appending to the evidence log";
    let id: [u8; 32] = Sha256::digest(&delivery.bytes).into();
    if let Some(row) = tx.row::<LogRow>(DOING, BY_ID, args![&id]).await? {
        return Ok(Appended { entry: row.try_into()?, new: false });
    }
    let mut row = LogRow {
        seq: head.seq.saturating_add(1),
        id: id.to_vec(),
        delivery: storable(&delivery.id),
        source: storable(&delivery.source),
        envelope: canonical(&delivery.envelope),
        received: delivery.received.as_microsecond(),
        len: i64::try_from(delivery.bytes.len()).unwrap_or(i64::MAX),
        hash: Vec::new(),
    };
    head.hash = row.link().hash_after(&head.hash);
    head.seq = row.seq;
    row.hash = head.hash.to_vec();
    tx.execute(DOING, "INSERT INTO blobs (id, bytes) VALUES ($1, $2)", args![&id, delivery.bytes.as_slice()])
        .await?;
    let sql = "INSERT INTO log (seq, id, delivery, source, envelope, received, len, hash)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = args![
        row.seq,
        row.id.as_slice(),
        row.delivery.as_str(),
        row.source.as_str(),
        row.envelope.as_str(),
        row.received,
        row.len,
        row.hash.as_slice(),
    ];
    tx.execute(DOING, sql, values).await?;
    Ok(Appended { entry: row.try_into()?, new: true })
}

/// JSON with the keys of every object in order: the text that is hashed is the text that is kept.
fn canonical(envelope: &serde_json::Value) -> String {
    let mut envelope = envelope.clone();
    envelope.sort_all_objects();
    envelope.to_string()
}

/// A row of the log, as it stands.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct LogRow {
    pub(crate) seq: i64,
    pub(crate) id: Vec<u8>,
    pub(crate) delivery: String,
    pub(crate) source: String,
    pub(crate) envelope: String,
    pub(crate) received: i64,
    pub(crate) len: i64,
    pub(crate) hash: Vec<u8>,
}

impl LogRow {
    pub(crate) fn link(&self) -> Link<'_> {
        Link {
            seq: self.seq,
            content: &self.id,
            delivery: &self.delivery,
            source: &self.source,
            envelope: &self.envelope,
            received: self.received,
            len: self.len,
        }
    }
}

impl TryFrom<LogRow> for Entry {
    type Error = StoreError;
    fn try_from(row: LogRow) -> Result<Entry, StoreError> {
        let what = format!("entry {} of the evidence log", row.seq);
        Ok(Entry {
            seq: codec::count(row.seq, &what)?,
            id: EvidenceId(codec::hash(&row.id, &what)?),
            delivery: row.delivery,
            source: row.source,
            envelope: codec::from_json(&row.envelope, &what)?,
            received: codec::moment(row.received, &what)?,
            len: codec::count(row.len, &what)?,
            hash: codec::hash(&row.hash, &what)?,
        })
    }
}
