//! Reading an archive back.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use sqlx::AssertSqlSafe;

use super::manifest::{self, Heading, Manifest, unfit};
use super::tables::{TABLES, Table, from_json};
use crate::chain::{self, ChainReport};
use crate::sql::{Tx, Value, args};
use crate::{Store, StoreError, codec};

const DOING: &str = "restoring a backup";

/// Rows per statement. The widest table has fifteen columns: 7,500 parameters, well below the 32,766 SQLite takes.
const CHUNK: usize = 500;

/// Archive bytes per statement, so that evidence of some megabytes each does not pile up in memory.
const CHUNK_BYTES: usize = 4 << 20;

pub(super) async fn load(from: &Path, url: &str, verify: bool) -> Result<ChainReport, StoreError> {
    let path = from.to_owned();
    let checked = tokio::task::spawn_blocking(move || manifest::check(&path)).await;
    let manifest = checked.map_err(|error| unfit(from, format!("reading it was broken off: {error}")))??;
    let store = Store::open(url).await?;
    let loaded = load_into(&store, from, &manifest, verify).await;
    store.close().await;
    loaded
}

async fn load_into(
    store: &Store,
    from: &Path,
    manifest: &Manifest,
    verify: bool,
) -> Result<ChainReport, StoreError> {
    let mut tx = store.begin(DOING).await?;
    refuse_unless_empty(&mut tx).await?;
    let rows = read_rows(&mut tx, from).await?;
    if rows != manifest.rows {
        return Err(unfit(from, format!("it holds {rows:?} rows and says {:?}", manifest.rows)));
    }
    let report = if verify { chain::walk(&mut tx).await? } else { claimed(from, manifest)? };
    if let Some(broken) = &report.broken {
        return Err(unfit(from, format!("entry {} of its evidence log: {}", broken.seq, broken.what)));
    }
    if report.entries != manifest.entries || hex::encode(report.head) != manifest.head {
        return Err(unfit(from, "its evidence log ends elsewhere than its manifest says".to_owned()));
    }
    tx.commit(DOING).await?;
    Ok(report)
}

/// The chain as the manifest has it, unverified.
fn claimed(from: &Path, manifest: &Manifest) -> Result<ChainReport, StoreError> {
    let head =
        hex::decode(&manifest.head).map_err(|error| unfit(from, format!("its chain head: {error}")))?;
    let head = codec::hash(&head, "chain head")?;
    Ok(ChainReport { entries: manifest.entries, head, broken: None })
}

async fn refuse_unless_empty(tx: &mut Tx) -> Result<(), StoreError> {
    for table in TABLES {
        let sql = AssertSqlSafe(format!("SELECT CAST(1 AS BIGINT) FROM {} LIMIT 1", table.name));
        if tx.row::<(i64,)>(DOING, sql, args![]).await?.is_some() {
            return Err(StoreError::NotEmpty { table: table.name });
        }
    }
    Ok(())
}

/// Inserts every row; says how many each table had.
async fn read_rows(tx: &mut Tx, from: &Path) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut lines = manifest::open(from)?;
    let mut line = Vec::new();
    let mut counts = BTreeMap::new();
    let mut pending: Option<Pending> = None;
    manifest::read_line(&mut lines, &mut line, from)?;
    loop {
        line.clear();
        let is_row = manifest::read_line(&mut lines, &mut line, from)? > 0 && line.starts_with(b"[");
        match &mut pending {
            Some(pending) if is_row => {
                pending.take(&line).ok_or_else(|| {
                    unfit(from, format!("a row of table {} does not fit its columns", pending.table.name))
                })?;
                if pending.rows >= CHUNK || pending.bytes >= CHUNK_BYTES {
                    pending.flush(tx).await?;
                }
            }
            _ => {
                if let Some(mut done) = pending.take() {
                    done.flush(tx).await?;
                    counts.insert(done.table.name.to_owned(), done.count);
                }
                if line.is_empty() || line.starts_with(b"{\"end\":") {
                    return Ok(counts);
                }
                pending = Some(Pending::of(&line).map_err(|reason| unfit(from, reason))?);
            }
        }
    }
}

/// Rows of one table on their way in.
struct Pending {
    table: &'static Table,
    /// How many of its columns the archive has.
    width: usize,
    values: Vec<Value>,
    rows: usize,
    bytes: usize,
    count: u64,
}

impl Pending {
    fn of(line: &[u8]) -> Result<Pending, String> {
        let heading: Heading =
            serde_json::from_slice(line).map_err(|error| format!("a line of it: {error}"))?;
        let table = TABLES.iter().find(|table| table.name == heading.table);
        let table = table.ok_or_else(|| format!("it holds a table {:?} we do not know", heading.table))?;
        // An older archive lacks the columns that were added behind since; their defaults stand in.
        let width = heading.columns.len();
        let known = table.columns.iter().map(|(name, _)| *name).take(width);
        if width < table.key || !known.eq(heading.columns.iter().map(String::as_str)) {
            return Err(format!("its table {} has the columns {:?}", table.name, heading.columns));
        }
        Ok(Pending { table, width, values: Vec::new(), rows: 0, bytes: 0, count: 0 })
    }

    fn take(&mut self, line: &[u8]) -> Option<()> {
        let cells: Vec<Json> = serde_json::from_slice(line).ok()?;
        if cells.len() != self.width {
            return None;
        }
        for (cell, (_, kind)) in cells.into_iter().zip(self.table.columns) {
            self.values.push(from_json(*kind, cell)?);
        }
        self.rows = self.rows.saturating_add(1);
        self.bytes = self.bytes.saturating_add(line.len());
        self.count = self.count.saturating_add(1);
        Some(())
    }

    async fn flush(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.rows > 0 {
            let places = tx.places(self.rows, self.width);
            let sql = AssertSqlSafe(self.table.insert(self.width, &places));
            tx.execute(DOING, sql, std::mem::take(&mut self.values)).await?;
            (self.rows, self.bytes) = (0, 0);
        }
        Ok(())
    }
}
