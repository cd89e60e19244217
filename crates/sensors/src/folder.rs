//! A folder where feeds put their files, such as what a download program fetches from Shadowserver: each complete file
//! becomes a [`Delivery`] with its name and, once that is on disk, moves to `done/` in the same folder. Never before:
//! after a crash in between the file is picked up again, with the same id.
//!
//! A file is complete when it did not change from one look to the next. Hidden files and those whose names say that they
//! are still being written (`.tmp`, `.part` and the like) are never looked at; writing under such a name and renaming is
//! the way that is always right. A file that is too large or cannot be read stays and is reported once in the log.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::sleep;

use crate::delivery::{Handover, Parcel};
use crate::maildir::file::{Left, read};
use crate::stop::stopped;
use crate::{Delivery, Envelope, How, Outcome, Printable, Refusal};

pub use crate::pickup::Config;

/// Picks up files until `stop` turns true (or its sender is gone). A missing folder is reported once and looked for
/// again.
pub async fn watch(config: Config, deliveries: Sender<Delivery>, mut stop: watch::Receiver<bool>) {
    let every = config.every;
    let mut sweeper = Sweeper::new(config, deliveries);
    let work = async {
        loop {
            sweeper.sweep().await;
            sleep(every).await;
        }
    };
    // Stopping anywhere is safe: what was not moved is picked up again with the same id.
    tokio::select! {
        biased;
        () = stopped(&mut stop) => {}
        () = work => {}
    }
}

/// Inode, size and time of last change: a file with the same stamp is the same file with the same contents.
type Stamp = (u64, u64, i64, i64);

/// What became of a file that is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Seen as it is; complete if it is the same at the next look.
    Seen,
    /// It cannot be taken, and that has been reported.
    Left,
    /// It is on our disk; only moving it is tried again.
    Unmoved,
}

/// Looks at one folder again and again.
struct Sweeper {
    config: Config,
    handover: Handover,
    known: HashMap<OsString, (Stamp, Standing)>,
    complained: bool,
}

/// Files remembered at most; those beyond it are seen once the others are gone.
const REMEMBERED: usize = 100_000;

impl Sweeper {
    fn new(config: Config, deliveries: Sender<Delivery>) -> Sweeper {
        let handover = Handover {
            deliveries,
            patience: config.patience,
            answer: config.answer,
            tally: config.tally.clone(),
        };
        Sweeper { config, handover, known: HashMap::new(), complained: false }
    }

    async fn sweep(&mut self) {
        let there = match list(&self.config.dir).await {
            Ok(there) => there,
            Err(error) => {
                if !std::mem::replace(&mut self.complained, true) {
                    tracing::error!(dir = %self.config.dir.display(), %error, "the folder cannot be looked at; does it exist, and may nightdesk read it? Trying again");
                }
                return;
            }
        };
        self.complained = false;
        let before = std::mem::take(&mut self.known);
        let mut complete = Vec::new();
        for (name, stamp) in there {
            match before.get(&name).filter(|(seen, _)| *seen == stamp) {
                None => _ = self.known.insert(name, (stamp, Standing::Seen)),
                Some((_, standing)) => {
                    self.known.insert(name.clone(), (stamp, *standing));
                    complete.push((name, stamp, *standing));
                }
            }
        }
        self.take_all(complete).await;
    }

    async fn take_all(&mut self, complete: Vec<(OsString, Stamp, Standing)>) {
        let mut taken = 0;
        for (name, stamp, standing) in complete {
            let outcome = match standing {
                Standing::Left => continue,
                Standing::Unmoved => set_done(&self.config.dir, &name).await.map(|()| Outcome::OnDisk),
                Standing::Seen if taken >= self.config.per_sweep.max(1) => continue,
                Standing::Seen => self.pick_up(&name).await,
            };
            match outcome {
                Ok(Outcome::OnDisk) => {
                    taken += 1;
                    self.known.remove(&name);
                }
                // Not this file's fault: the others would fare no better now.
                Ok(outcome) => {
                    tracing::warn!(dir = %self.config.dir.display(), ?outcome, "pick-up from the folder pauses; the files wait there");
                    return;
                }
                // Reported when it was first tried.
                Err(Left::Unmovable(_)) if standing == Standing::Unmoved => {}
                Err(left) => self.leave(name, stamp, &left),
            }
        }
    }

    async fn pick_up(&mut self, name: &OsStr) -> Result<Outcome, Left> {
        let bytes = read(&self.config.dir.join(name), self.config.message_bytes).await?;
        let id = id(name, &bytes);
        let length = bytes.len();
        let envelope = Envelope {
            tags: self.config.tags.clone(),
            file_name: Some(name.to_string_lossy().into_owned()),
            content_type: media_type(name).map(str::to_owned),
            ..Envelope::default()
        };
        let parcel = Parcel { id: id.clone(), how: How::Folder, envelope, received: Timestamp::now(), bytes };
        let outcome = self.handover.give(parcel).await;
        if outcome == Outcome::OnDisk {
            tracing::info!(id, file = %Printable(name.as_bytes()), length, "file picked up");
            set_done(&self.config.dir, name).await?;
        }
        Ok(outcome)
    }

    /// Reports a file that stays where it is, and remembers having done so.
    fn leave(&mut self, name: OsString, stamp: Stamp, left: &Left) {
        let (reason, standing) = match left {
            Left::TooLarge { .. } => (Refusal::TooLarge, Standing::Left),
            Left::NotAFile | Left::Unreadable(_) => (Refusal::Unreadable, Standing::Left),
            Left::Unmovable(_) => (Refusal::Unreadable, Standing::Unmoved),
        };
        self.config.tally.count_refused(reason);
        tracing::error!(dir = %self.config.dir.display(), file = %Printable(name.as_bytes()), why = %left, "a file is left in the folder");
        self.known.insert(name, (stamp, standing));
    }
}

/// What is in the folder, by name; folders in it and unfinished files left out.
async fn list(dir: &Path) -> io::Result<BTreeMap<OsString, Stamp>> {
    let mut entries = fs::read_dir(dir).await?;
    let mut there = BTreeMap::new();
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        if is_unfinished(&name) || there.len() >= REMEMBERED {
            continue;
        }
        // Gone since the folder was listed: taken by somebody else.
        let Ok(status) = fs::symlink_metadata(entry.path()).await else { continue };
        if !status.is_dir() {
            there.insert(name, (status.ino(), status.size(), status.ctime(), status.ctime_nsec()));
        }
    }
    Ok(there)
}

/// Whether a name says that the file is still being written: hidden (rsync), or with the endings that wget, curl, browsers
/// and FTP servers use.
fn is_unfinished(name: &OsStr) -> bool {
    const ENDINGS: [&[u8]; 6] = [b".tmp", b".part", b".partial", b".filepart", b".crdownload", b"~"];
    let lower = name.as_bytes().to_ascii_lowercase();
    lower.starts_with(b".") || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// The media type a name tells of; `None` for a mail and for what is not known.
fn media_type(name: &OsStr) -> Option<&'static str> {
    let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "csv" => Some("text/csv"),
        "json" | "jsonl" | "ndjson" => Some("application/json"),
        "zip" => Some("application/zip"),
        "gz" => Some("application/gzip"),
        "txt" | "log" => Some("text/plain"),
        _ => None,
    }
}

/// The delivery id of a file. It follows from name and bytes, so a second pick-up of the same file has the same id.
fn id(name: &OsStr, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    let digest = hex::encode(hash.finalize());
    format!("folder-{}", digest.get(..32).unwrap_or(&digest))
}

/// Moves a file to `done/`, which is made if need be. One of that name already there is not overwritten: the newer gets a
/// number before its name.
async fn set_done(dir: &Path, name: &OsStr) -> Result<(), Left> {
    let done = dir.join("done");
    fs::create_dir_all(&done).await.map_err(Left::Unmovable)?;
    for number in 0..1000u32 {
        let mut to = OsString::new();
        if number > 0 {
            to.push(format!("{number}-"));
        }
        to.push(name);
        match fs::symlink_metadata(done.join(&to)).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return fs::rename(dir.join(name), done.join(to)).await.map_err(Left::Unmovable);
            }
            Err(error) => return Err(Left::Unmovable(error)),
        }
    }
    Err(Left::Unmovable(io::ErrorKind::AlreadyExists.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_grows_from_look_to_look_is_not_taken_in_halves() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("slow.csv");
        let (deliveries, mut taken) = tokio::sync::mpsc::channel(8);
        let mut sweeper = Sweeper::new(Config::new(folder.path()), deliveries);
        for growing in ["a", "ab", "abc"] {
            std::fs::write(&path, growing).expect("a file");
            sweeper.sweep().await;
            assert!(taken.try_recv().is_err(), "{growing}");
        }
        let (_, delivery) = tokio::join!(sweeper.sweep(), async {
            let delivery: Delivery = taken.recv().await.expect("a delivery");
            delivery.ack.send(crate::Acceptance::OnDisk).expect("it waits");
            delivery.bytes
        });
        assert_eq!(delivery, b"abc");
        assert!(folder.path().join("done/slow.csv").exists());
    }

    #[test]
    fn names_tell_what_is_unfinished_and_what_is_in_it() {
        for unfinished in [".hidden", "a.csv.tmp", "a.csv.PART", "b.zip.filepart", "notes~"] {
            assert!(is_unfinished(OsStr::new(unfinished)), "{unfinished}");
        }
        assert!(!is_unfinished(OsStr::new("2026-01-01-open_proxy-example-asn.csv")));
        assert_eq!(media_type(OsStr::new("a.CSV")), Some("text/csv"));
        assert_eq!(media_type(OsStr::new("report.eml")), None);
    }
}
