//! One look at `new/`, and what is remembered between looks.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;
use tokio::fs;
use tokio::sync::mpsc::Sender;

use super::Config;
use super::file::{self, Left};
use crate::delivery::{Handover, Parcel};
use crate::{Delivery, Envelope, How, Outcome, Printable, Refusal};

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be more, and all went well.
    AtOnce,
    /// After the usual time.
    Later,
}

/// Inode and time of last change (which chmod sets too): another stamp means somebody has seen to the file.
type Stamp = (u64, i64, i64);

/// Looks at one Maildir again and again.
pub(super) struct Sweeper {
    config: Config,
    handover: Handover,
    /// Files that cannot be taken, as they were when that was reported.
    left: HashMap<OsString, Stamp>,
    /// Files whose messages are on disk but which could not be moved; only the move is tried again.
    unmoved: HashMap<OsString, Stamp>,
    /// Whether a folder that cannot be listed has been reported.
    complained: bool,
}

/// What is in `new/`.
struct Waiting {
    /// The names, sorted: Maildir names begin with the time.
    names: BTreeSet<OsString>,
    /// Whether there are more.
    more: bool,
}

impl Sweeper {
    pub(super) fn new(config: Config, deliveries: Sender<Delivery>) -> Sweeper {
        let handover = Handover {
            deliveries,
            patience: config.patience,
            answer: config.answer,
            tally: config.tally.clone(),
        };
        Sweeper { config, handover, left: HashMap::new(), unmoved: HashMap::new(), complained: false }
    }

    pub(super) async fn sweep(&mut self) -> Next {
        self.move_again().await;
        let waiting = match self.list().await {
            Ok(waiting) => waiting,
            Err(error) => {
                self.complain(&error);
                return Next::Later;
            }
        };
        self.complained = false;
        let mut taken = false;
        for name in &waiting.names {
            match self.pick_up(name).await {
                Ok(Outcome::OnDisk) => taken = true,
                // Not this file's fault: the others would fare no better now.
                Ok(outcome) => {
                    tracing::warn!(dir = %self.config.dir.display(), ?outcome, "Maildir pick-up pauses; the mail waits in new/");
                    return Next::Later;
                }
                Err(left) => self.leave(name, &left).await,
            }
        }
        if waiting.more && taken { Next::AtOnce } else { Next::Later }
    }

    async fn pick_up(&mut self, name: &OsStr) -> Result<Outcome, Left> {
        let bytes = file::read(&self.config.dir.join("new").join(name), self.config.message_bytes).await?;
        let id = file::id(name, &bytes);
        let length = bytes.len();
        let envelope = Envelope { tags: self.config.tags.clone(), ..Envelope::default() };
        let parcel =
            Parcel { id: id.clone(), how: How::Maildir, envelope, received: Timestamp::now(), bytes };
        let outcome = self.handover.give(parcel).await;
        if outcome == Outcome::OnDisk {
            tracing::info!(id, file = %Printable(name.as_bytes()), length, "mail picked up");
            file::set_seen(&self.config.dir, name).await?;
        }
        Ok(outcome)
    }

    /// Tries again to move what is on disk already, unless the file is gone or another.
    async fn move_again(&mut self) {
        for (name, stamp) in std::mem::take(&mut self.unmoved) {
            let same = self.stamp(&name).await == Some(stamp);
            if same && file::set_seen(&self.config.dir, &name).await.is_err() {
                self.unmoved.insert(name, stamp);
            }
        }
    }

    /// The oldest names, hidden files (as the format says) and those left before not counted.
    async fn list(&mut self) -> io::Result<Waiting> {
        let folder = self.config.dir.join("new");
        let mut entries = fs::read_dir(&folder).await?;
        let mut waiting = Waiting { names: BTreeSet::new(), more: false };
        let mut still_left = HashMap::new();
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            if name.as_bytes().starts_with(b".") || self.unmoved.contains_key(&name) {
                continue;
            }
            if let Some(stamp) = self.left.get(&name)
                && self.stamp(&name).await == Some(*stamp)
            {
                still_left.insert(name, *stamp);
                continue;
            }
            waiting.names.insert(name);
            if waiting.names.len() > self.config.per_sweep.max(1) {
                waiting.names.pop_last();
                waiting.more = true;
            }
        }
        self.left = still_left;
        Ok(waiting)
    }

    async fn stamp(&self, name: &OsStr) -> Option<Stamp> {
        let status = fs::symlink_metadata(self.config.dir.join("new").join(name)).await.ok()?;
        Some((status.ino(), status.ctime(), status.ctime_nsec()))
    }

    /// Reports a file that stays where it is, and remembers having done so.
    async fn leave(&mut self, name: &OsStr, left: &Left) {
        // A file that is gone was taken by somebody else: nothing to report.
        let Some(stamp) = self.stamp(name).await else { return };
        let reason = match left {
            Left::TooLarge { .. } => Refusal::TooLarge,
            Left::NotAFile | Left::Unreadable(_) | Left::Unmovable(_) => Refusal::Unreadable,
        };
        self.config.tally.count_refused(reason);
        tracing::error!(dir = %self.config.dir.display(), file = %Printable(name.as_bytes()), why = %left, "a mail in new/ is left there");
        let remembered = if matches!(left, Left::Unmovable(_)) { &mut self.unmoved } else { &mut self.left };
        remembered.insert(name.to_owned(), stamp);
    }

    fn complain(&mut self, error: &io::Error) {
        if !self.complained {
            self.complained = true;
            tracing::error!(dir = %self.config.dir.display(), %error, "the Maildir cannot be looked at; is it a Maildir, and may nightdesk read it? Trying again");
        }
    }
}
