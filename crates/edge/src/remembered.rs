//! Rules remembered in the comments of files of ours, and the files, written whole or not at all.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use case::Rule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::EdgeError;
use crate::round::Kept;

/// What stands before a rule in a comment.
const RULE: &str = "nightdesk rule ";

/// A larger file is none of ours: a hundred thousand rules take 25 MB.
const LARGEST: u64 = 256 << 20;

/// A rule as its comment has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    #[serde(flatten)]
    rule: Rule,
    since: Timestamp,
}

impl Remembered {
    pub(crate) fn kept(self) -> Kept {
        Kept { rule: self.rule, since: self.since }
    }
}

/// The text of a comment that remembers a rule.
pub(crate) fn line(kept: &Kept) -> String {
    let json = serde_json::to_string(&Remembered { rule: kept.rule, since: kept.since });
    format!("{RULE}{}", json.unwrap_or_default())
}

/// The rule within a line, whatever the comment begins with. Lines we do not understand are none of ours.
pub(crate) fn within(line: &str) -> Option<Remembered> {
    let (sign, json) = line.split_once(RULE)?;
    let is_comment = matches!(sign.trim(), ";" | "!" | "#");
    is_comment.then(|| serde_json::from_str(json).ok()).flatten()
}

/// Reads the file; `None` when there is none.
pub(crate) async fn read(path: &Path) -> Result<Option<String>, EdgeError> {
    let fault = |source| EdgeError::OwnFile { doing: "read", path: path.to_owned(), source };
    let length = match tokio::fs::metadata(path).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(fault)?.len(),
    };
    if length > LARGEST {
        return Err(fault(std::io::Error::other("it is larger than any file of ours")));
    }
    let bytes = tokio::fs::read(path).await.map_err(fault)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Takes the file away; one that is not there is as good.
pub(crate) async fn remove(path: &Path) -> Result<(), EdgeError> {
    match tokio::fs::remove_file(path).await {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(EdgeError::OwnFile { doing: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Puts `text` in the place of the file. Its time of change is another second than before: who looks for a newer file by
/// whole seconds, as rbldnsd does, would miss the second of two within one.
pub(crate) async fn write(path: &Path, text: String) -> Result<(), EdgeError> {
    let fault = |source| EdgeError::OwnFile { doing: "write", path: path.to_owned(), source };
    let to = path.to_owned();
    let done = tokio::task::spawn_blocking(move || replace(&to, &text)).await;
    done.map_err(std::io::Error::other).and_then(|done| done).map_err(fault)
}

/// The time that tells a new file from the one it replaces, where its own does not.
fn a_second_later(old: &Path, new: &std::fs::File) -> Option<SystemTime> {
    let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (old, new) = (old.metadata().ok()?.modified().ok()?, new.metadata().ok()?.modified().ok()?);
    (second(new) <= second(old)).then(|| old + Duration::from_secs(1))
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = std::fs::File::create(&beside)?;
    // Who reads it is another user, whatever files of ours are otherwise allowed.
    let readable = || Permissions::from_mode(0o644);
    file.set_permissions(std::fs::metadata(path).map_or_else(|_| readable(), |now| now.permissions()))?;
    file.write_all(text.as_bytes())?;
    if let Some(later) = a_second_later(path, &file) {
        file.set_modified(later)?;
    }
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
