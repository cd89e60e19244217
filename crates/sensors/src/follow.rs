//! Files that others write to, followed as they grow: lease files, accounting files, logs.
//!
//! A file is read from its beginning at the start. When another takes its place (a rotation, a clean-up), the old one is
//! read to its end first; when it is cut short, it is read from its beginning again. Nothing of it is moved or changed.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::sleep;

use crate::stop::stopped;

/// How much is read at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The next bytes of it. `live` once the end has been seen: these were written since.
    Bytes {
        /// The bytes, cut anywhere.
        bytes: Vec<u8>,
        /// Whether they were written while we followed.
        live: bool,
    },
    /// The file ended here and another takes its place, or it begins anew.
    Replaced,
}

/// Follows `path`, and hands on what is written to it, until `stop` turns true or nobody takes it any more. Waits when the
/// channel is full: the file keeps what was not read yet.
pub async fn follow(path: PathBuf, every: Duration, pieces: Sender<Piece>, mut stop: watch::Receiver<bool>) {
    let mut follower = Follower { path, open: None, missing: false, live: false };
    let work = async {
        while follower.look(&pieces).await.is_ok() {
            sleep(every).await;
        }
    };
    tokio::select! {
        biased;
        () = stopped(&mut stop) => {}
        () = work => {}
    }
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode.
    is: (u64, u64),
    read: u64,
}

#[derive(Debug)]
struct Follower {
    path: PathBuf,
    open: Option<Open>,
    missing: bool,
    live: bool,
}

/// Nobody takes the pieces.
struct Gone;

impl Follower {
    async fn look(&mut self, pieces: &Sender<Piece>) -> Result<(), Gone> {
        let there = tokio::fs::metadata(&self.path).await;
        if let Err(error) = &there
            && !std::mem::replace(&mut self.missing, true)
        {
            tracing::warn!(file = %self.path.display(), %error, "the file cannot be followed; trying again");
        }
        let there = there.ok().map(|there| ((there.dev(), there.ino()), there.len()));
        self.missing = there.is_none();
        if self.open.is_some() {
            self.drain(pieces).await?;
        }
        let Some((is, length)) = there else { return Ok(()) };
        match &mut self.open {
            Some(open) if open.is == is && length >= open.read => return Ok(()),
            Some(open) if open.is == is => {
                tracing::info!(file = %self.path.display(), "the file was cut short; reading it again");
                if open.file.rewind().await.is_err() {
                    self.open = None;
                    return Ok(());
                }
                open.read = 0;
                hand_on(pieces, Piece::Replaced).await?;
            }
            before => {
                let replaced = before.is_some();
                let Ok(file) = File::open(&self.path).await else { return Ok(()) };
                let Ok(about) = file.metadata().await else { return Ok(()) };
                self.open = Some(Open { file, is: (about.dev(), about.ino()), read: 0 });
                if replaced {
                    hand_on(pieces, Piece::Replaced).await?;
                }
            }
        }
        self.drain(pieces).await
    }

    /// Reads what there is up to its end.
    async fn drain(&mut self, pieces: &Sender<Piece>) -> Result<(), Gone> {
        let Some(open) = &mut self.open else { return Ok(()) };
        loop {
            let mut bytes = vec![0; CHUNK];
            let length = match open.file.read(&mut bytes).await {
                Ok(length) => length,
                Err(error) => {
                    tracing::warn!(file = %self.path.display(), %error, "the file cannot be read; trying again");
                    self.open = None;
                    return Ok(());
                }
            };
            if length == 0 {
                self.live = true;
                return Ok(());
            }
            open.read = open.read.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            bytes.truncate(length);
            hand_on(pieces, Piece::Bytes { bytes, live: self.live }).await?;
        }
    }
}

async fn hand_on(pieces: &Sender<Piece>, piece: Piece) -> Result<(), Gone> {
    pieces.send(piece).await.map_err(|_| Gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    async fn looked(follower: &mut Follower) -> Vec<Piece> {
        let (pieces, mut taken) = mpsc::channel(16);
        assert!(follower.look(&pieces).await.is_ok());
        drop(pieces);
        let mut all = Vec::new();
        while let Some(piece) = taken.recv().await {
            all.push(piece);
        }
        all
    }

    fn bytes(text: &str, live: bool) -> Piece {
        Piece::Bytes { bytes: text.as_bytes().to_vec(), live }
    }

    #[tokio::test]
    async fn a_file_is_followed_through_rotation_and_truncation_and_no_byte_is_missed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("leases");
        let mut follower = Follower { path: path.clone(), open: None, missing: false, live: false };
        assert_eq!(looked(&mut follower).await, []);
        std::fs::write(&path, "one\n").expect("written");
        assert_eq!(looked(&mut follower).await, [bytes("one\n", false)]);
        let append = |path: &std::path::Path, text: &str| {
            use std::io::Write;
            let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("there");
            file.write_all(text.as_bytes()).expect("written");
        };
        append(&path, "two\n");
        assert_eq!(looked(&mut follower).await, [bytes("two\n", true)]);
        // Moved away with a line that was not read yet, and another begun in its place.
        append(&path, "three\n");
        std::fs::rename(&path, folder.path().join("leases.1")).expect("moved");
        std::fs::write(&path, "four\n").expect("written");
        assert_eq!(
            looked(&mut follower).await,
            [bytes("three\n", true), Piece::Replaced, bytes("four\n", true)]
        );
        std::fs::write(&path, "5\n").expect("cut short");
        assert_eq!(looked(&mut follower).await, [Piece::Replaced, bytes("5\n", true)]);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(looked(&mut follower).await, []);
    }
}
