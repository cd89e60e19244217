//! Writing an archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

use super::BackupReport;
use super::manifest::{Ending, Header, Heading, Manifest, failed};
use super::tables::{Cells, TABLES, Table, to_json};
use crate::chain::BEGINNING;
use crate::sql::{Tx, Value, args};
use crate::{Store, StoreError, codec};

const DOING: &str = "reading everything for a backup";

pub(super) async fn dump(store: &Store, to: &Path) -> Result<BackupReport, StoreError> {
    let archive = Archive::create(to)?;
    let written = write(store, archive).await;
    if written.is_err()
        && let Err(error) = std::fs::remove_file(to)
    {
        tracing::warn!(file = %to.display(), %error, "half a backup could not be removed; it has no end and is never restored");
    }
    written
}

async fn write(store: &Store, mut archive: Archive) -> Result<BackupReport, StoreError> {
    let mut tx = store.snapshot(DOING).await?;
    archive.line(&Header::ours())?;
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push((table.name.to_owned(), write_table(&mut tx, table, &mut archive).await?));
    }
    let head = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1";
    let head: Option<(i64, Vec<u8>)> = tx.row(DOING, head, args![]).await?;
    let (entries, head) = match head {
        None => (0, BEGINNING),
        Some((seq, hash)) => {
            (codec::count(seq, "end of the evidence log")?, codec::hash(&hash, "end of the evidence log")?)
        }
    };
    let (path, bytes) = archive.finish(&rows, entries, &head)?;
    Ok(BackupReport { path, bytes, rows, entries, head })
}

async fn write_table(tx: &mut Tx, table: &Table, archive: &mut Archive) -> Result<u64, StoreError> {
    let columns = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    archive.line(&Heading { table: table.name.to_owned(), columns })?;
    let mut count = 0_u64;
    let mut after: Option<Vec<Value>> = None;
    loop {
        let sql = AssertSqlSafe(table.select(after.is_some()));
        let page: Vec<Cells> = tx.rows(DOING, sql, after.take().unwrap_or_default()).await?;
        for Cells(cells) in &page {
            archive.line(&Json::Array(cells.iter().map(to_json).collect()))?;
            count = count.saturating_add(1);
        }
        match page.into_iter().next_back() {
            None => return Ok(count),
            Some(Cells(mut last)) => {
                last.truncate(table.key);
                after = Some(last);
            }
        }
    }
}

/// The file being written, with the hash of what is in it so far.
struct Archive {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
}

impl Archive {
    fn create(path: &Path) -> Result<Archive, StoreError> {
        let file = File::create_new(path).map_err(|source| failed("make the archive", path, source))?;
        Ok(Archive { path: path.to_owned(), file: BufWriter::new(file), hasher: Sha256::new(), bytes: 0 })
    }

    fn line<T: Serialize>(&mut self, value: &T) -> Result<(), StoreError> {
        let mut line = codec::to_json(value, "a row of a backup")?;
        line.push('\n');
        self.hasher.update(&line);
        self.bytes = self.bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        self.file.write_all(line.as_bytes()).map_err(|source| failed("write", &self.path, source))
    }

    /// Writes the manifest and waits until the file and its name are on disk.
    fn finish(
        mut self,
        rows: &[(String, u64)],
        entries: u64,
        head: &[u8; 32],
    ) -> Result<(PathBuf, u64), StoreError> {
        let sha256 = hex::encode(self.hasher.clone().finalize());
        let rows: BTreeMap<String, u64> = rows.iter().cloned().collect();
        self.line(&Ending { end: Manifest { rows, entries, head: hex::encode(head), sha256 } })?;
        let Archive { path, file, bytes, .. } = self;
        let synced =
            file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|source| failed("sync", &path, source))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| failed("sync the folder of", &path, source))?;
        Ok((path, bytes))
    }
}
