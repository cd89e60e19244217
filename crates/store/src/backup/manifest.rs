//! The first and the last line of an archive, and the lines between tables.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::StoreError;

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) archive: String,
    pub(super) format: u32,
}

impl Header {
    pub(super) fn ours() -> Header {
        Header { archive: "nightdesk".to_owned(), format: 1 }
    }
}

/// What comes before the rows of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Heading {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ending {
    pub(super) end: Manifest,
}

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) entries: u64,
    pub(super) head: String,
    pub(super) sha256: String,
}

/// Reads the archive once from end to end, holding it against its own manifest.
pub(super) fn check(path: &Path) -> Result<Manifest, StoreError> {
    let mut lines = open(path)?;
    let mut hasher = Sha256::new();
    let (mut line, mut first) = (Vec::new(), true);
    loop {
        line.clear();
        if read_line(&mut lines, &mut line, path)? == 0 {
            return Err(unfit(path, "it has no end: the backup was cut short".to_owned()));
        }
        if std::mem::take(&mut first) && serde_json::from_slice(&line).ok() != Some(Header::ours()) {
            return Err(unfit(path, "it is no nightdesk archive of format 1".to_owned()));
        }
        if line.starts_with(b"{\"end\":") {
            break;
        }
        hasher.update(&line);
    }
    let Ending { end } = serde_json::from_slice(&line)
        .map_err(|error| unfit(path, format!("its last line is damaged: {error}")))?;
    if hex::encode(hasher.finalize()) != end.sha256 {
        return Err(unfit(path, "it was changed or damaged since it was written".to_owned()));
    }
    line.clear();
    if read_line(&mut lines, &mut line, path)? != 0 {
        return Err(unfit(path, "something was written after its end".to_owned()));
    }
    Ok(end)
}

pub(super) fn open(path: &Path) -> Result<BufReader<File>, StoreError> {
    let opened = File::open(path);
    opened.map(BufReader::new).map_err(|source| failed("open", path, source))
}

/// One line with its newline; 0 at the end of the file.
pub(super) fn read_line(
    from: &mut BufReader<File>,
    line: &mut Vec<u8>,
    path: &Path,
) -> Result<usize, StoreError> {
    from.read_until(b'\n', line).map_err(|source| failed("read", path, source))
}

pub(super) fn unfit(path: &Path, reason: String) -> StoreError {
    StoreError::Archive { path: path.to_owned(), reason }
}

pub(super) fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { doing, path: path.to_owned(), source }
}
