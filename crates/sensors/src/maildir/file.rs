//! One file of a Maildir: its bytes, its id, and its way from `new/` to `cur/`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;

/// Why a file is left where it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Left {
    #[error(
        "it is over the size limit of {limit} bytes; take the report out of it by hand, or raise the limit"
    )]
    TooLarge { limit: usize },
    #[error("it is not an ordinary file")]
    NotAFile,
    #[error("reading it failed: {0}; check that nightdesk may read it")]
    Unreadable(io::Error),
    #[error(
        "the message is safe, but the file could not be moved out of the way: {0}; check that nightdesk may write there"
    )]
    Unmovable(io::Error),
}

/// Reads a file of at most so many bytes.
pub(crate) async fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Left> {
    let status = fs::symlink_metadata(path).await.map_err(Left::Unreadable)?;
    if !status.is_file() {
        return Err(Left::NotAFile);
    }
    let file = File::open(path).await.map_err(Left::Unreadable)?;
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(one_more).read_to_end(&mut bytes).await.map_err(Left::Unreadable)?;
    if bytes.len() > limit { Err(Left::TooLarge { limit }) } else { Ok(bytes) }
}

/// The delivery id of a file. It follows from name and bytes, so a second pick-up of the same file has the same id, and
/// a name used twice for different messages does not hide the second.
pub(super) fn id(name: &OsStr, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    let digest = hex::encode(hash.finalize());
    format!("maildir-{}", digest.get(..32).unwrap_or(&digest))
}

/// Moves a file from `new/` to `cur/` with the flag "seen". A file of that name already in `cur/` is not overwritten.
pub(super) async fn set_seen(dir: &Path, name: &OsStr) -> Result<(), Left> {
    let to = dir.join("cur").join(seen(name));
    match fs::symlink_metadata(&to).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Left::Unmovable(error)),
        Ok(_) => return Err(Left::Unmovable(io::ErrorKind::AlreadyExists.into())),
    }
    fs::rename(dir.join("new").join(name), to).await.map_err(Left::Unmovable)
}

/// The name in `cur/`: the unique part with the info `:2,S` (<https://cr.yp.to/proto/maildir.html>).
fn seen(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let unique = bytes.split(|byte| *byte == b':').next().unwrap_or(bytes);
    OsString::from_vec([unique, b":2,S"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_already_there_are_replaced() {
        assert_eq!(seen(OsStr::new("1.2.host")), "1.2.host:2,S");
        assert_eq!(seen(OsStr::new("1.2.host:2,F")), "1.2.host:2,S");
    }

    #[test]
    fn the_id_follows_from_name_and_bytes_and_is_safe_as_a_file_name() {
        let one = id(OsStr::new("../a"), b"x");
        assert_eq!(one, id(OsStr::new("../a"), b"x"));
        assert_ne!(one, id(OsStr::new("../a"), b"y"));
        assert_ne!(one, id(OsStr::new("../b"), b"x"));
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
}
