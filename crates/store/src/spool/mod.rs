//! Accepted mail before it is in the log.

mod disk;
mod letter;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::disk::{Disk, RealDisk};
use crate::Delivery;

/// Accepted deliveries on their way into the log: one file each, in the manner of a Maildir.
///
/// A file is written to `tmp/`, synced, renamed into `new/`, and `new/` is synced; only then is it accepted. What cannot be
/// read back is moved to `damaged/` and stays there for a person. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    disk: Box<dyn Disk>,
    /// Set for good by the first failed sync.
    distrusted: AtomicBool,
}

/// Why a delivery was not accepted, or the spool cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Less than 5 % of the file system is free. The sender should try later (452, 503).
    #[error("the file system of the spool {path} is nearly full ({free_percent} % free): make room", path = .path.display())]
    Full {
        /// The spool.
        path: PathBuf,
        /// How much is free.
        free_percent: u8,
    },
    /// The system said that earlier writes may be lost. The answer is 451, and the program must end: what a failed
    /// sync leaves in memory cannot be trusted, and a second sync would wrongly say yes.
    #[error("{path} may not be on disk: {source}; end the program, look at the disk", path = .path.display())]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An earlier sync failed; nothing is accepted any more (451).
    #[error("the spool accepts nothing since an earlier write may not have reached the disk")]
    Distrusted,
    /// The delivery cannot be spooled as it is.
    #[error("delivery {id:?} cannot be spooled: {reason}")]
    Unfit {
        /// Its id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be written, read or moved (451).
    #[error("could not {doing} {path}: {source}", path = .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// How much lies in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolDepth {
    /// Accepted deliveries that are not in the log yet.
    pub waiting: usize,
    /// Those that could not be read back and wait for a person.
    pub damaged: usize,
    /// How many per cent of its file system are free; nothing is accepted below five.
    pub free_percent: u8,
    /// Whether nothing is accepted any more, since an earlier write may not have reached the disk.
    pub distrusted: bool,
}

impl SpoolError {
    /// Whether the program must end now (after answering 451).
    #[must_use]
    pub fn must_abort(&self) -> bool {
        matches!(self, SpoolError::Sync { .. } | SpoolError::Distrusted)
    }
}

/// Below this much free space nothing is accepted, so that the log and the database can still write.
const LEAST_FREE_PERCENT: u8 = 5;

/// How many bytes of deliveries are held in memory at once on their way into the log.
const BYTES_TOGETHER: u64 = 64 * 1024 * 1024;

/// What is left in `tmp/` for longer belongs to nobody (the age is Maildir's own).
const TMP_KEPT: Duration = Duration::from_hours(36);

impl Spool {
    /// Opens the spool in `dir`, making its folders.
    ///
    /// # Errors
    /// [`SpoolError::File`] when a folder cannot be made.
    pub fn open(dir: &Path) -> Result<Spool, SpoolError> {
        Spool::on(dir, Box::new(RealDisk))
    }

    /// The same spool, told by `probe` instead of the system how many per cent of its file system are free.
    #[must_use]
    pub fn with_free_space(
        &self,
        probe: impl Fn(&Path) -> std::io::Result<u8> + Send + Sync + 'static,
    ) -> Spool {
        let disk = Box::new(disk::SaidToBeFree::new(probe));
        Spool {
            inner: Arc::new(Inner { dir: self.inner.dir.clone(), disk, distrusted: AtomicBool::new(false) }),
        }
    }

    fn on(dir: &Path, disk: Box<dyn Disk>) -> Result<Spool, SpoolError> {
        let inner = Inner { dir: dir.to_owned(), disk, distrusted: AtomicBool::new(false) };
        for folder in [&inner.tmp(), &inner.accepted(), &inner.damaged()] {
            std::fs::create_dir_all(folder).map_err(|source| failed("make the folder", folder, source))?;
        }
        inner.disk.sync_folder(dir).map_err(|source| failed("sync the folder", dir, source))?;
        // The spool's own name is in the folder above it; made a moment ago, it must not be gone after a power cut.
        if let Some(above) = dir.parent().filter(|above| !above.as_os_str().is_empty()) {
            let synced = std::fs::File::open(above).and_then(|folder| folder.sync_all());
            synced.map_err(|source| failed("sync the folder", above, source))?;
        }
        inner.sweep_tmp();
        Ok(Spool { inner: Arc::new(inner) })
    }

    /// Accepts deliveries; one answer each, in order. `Ok` means it is on disk. Blocks on the disk: call it from a
    /// thread that may. The folder is synced once for the whole batch.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "accepted deliveries are in the spool's hands alone")]
    pub fn accept(&self, batch: Vec<Delivery>) -> Vec<Result<(), SpoolError>> {
        let mut answers: Vec<_> = batch.iter().map(|delivery| self.inner.place(delivery)).collect();
        if answers.iter().any(Result::is_ok)
            && let Err(source) = self.inner.disk.sync_folder(&self.inner.accepted())
        {
            self.inner.distrusted.store(true, Ordering::SeqCst);
            let kind = source.kind();
            for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
                *answer = Err(SpoolError::Sync { path: self.inner.accepted(), source: kind.into() });
            }
        }
        answers
    }

    /// Up to `limit` accepted deliveries that are not done yet: what came to an unpublished box, then the rest, the oldest
    /// first; no more than 64 MiB of them, a larger one alone. Accepted in an earlier life or this one makes no
    /// difference.
    ///
    /// # Errors
    /// [`SpoolError::File`] when the folder cannot be read.
    pub fn waiting(&self, limit: usize) -> Result<Vec<Delivery>, SpoolError> {
        let mut found = Vec::new();
        let mut held = 0u64;
        for name in self.inner.names()? {
            if found.len() >= limit {
                break;
            }
            let path = self.inner.accepted().join(&name);
            held = held.saturating_add(std::fs::metadata(&path).map_or(0, |file| file.len()));
            if held > BYTES_TOGETHER && !found.is_empty() {
                break;
            }
            match std::fs::read(&path) {
                Ok(bytes) => match letter::open(&bytes) {
                    Ok(delivery) => found.push(delivery),
                    Err(reason) => self.inner.set_aside(&name, &reason)?,
                },
                // Done by somebody else since the folder was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                // One file that cannot be read must not hold up the others; it stays and is tried again.
                Err(error) => {
                    tracing::error!(%error, path = %path.display(), "an accepted mail cannot be read now; it is kept");
                }
            }
        }
        Ok(found)
    }

    /// How much lies in it.
    ///
    /// # Errors
    /// [`SpoolError::File`] when a folder cannot be read.
    pub fn depth(&self) -> Result<SpoolDepth, SpoolError> {
        let files = |folder: PathBuf| {
            let listed = std::fs::read_dir(&folder).map_err(|source| failed("list", &folder, source))?;
            Ok(listed.count())
        };
        let inner = &self.inner;
        let free_percent = inner
            .disk
            .free_percent(&inner.dir)
            .map_err(|source| failed("ask for the free space of", &inner.dir, source))?;
        Ok(SpoolDepth {
            waiting: files(inner.accepted())?,
            damaged: files(inner.damaged())?,
            free_percent,
            distrusted: inner.distrusted.load(Ordering::SeqCst),
        })
    }

    /// Removes deliveries that are in the log. Unknown ids are ignored.
    ///
    /// # Errors
    /// [`SpoolError::File`] when a file cannot be removed; the others are removed all the same.
    pub fn done(&self, ids: &[String]) -> Result<(), SpoolError> {
        let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut outcome = Ok(());
        for name in self.inner.names()? {
            if letter::id_in_name(&name).is_some_and(|id| ids.contains(id)) {
                let path = self.inner.accepted().join(&name);
                match std::fs::remove_file(&path) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                        outcome = Err(failed("remove", &path, source));
                    }
                    _ => {}
                }
            }
        }
        outcome
    }
}

impl Inner {
    fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    fn accepted(&self) -> PathBuf {
        self.dir.join("new")
    }

    fn damaged(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    /// Everything but the sync of the folder.
    fn place(&self, delivery: &Delivery) -> Result<(), SpoolError> {
        if self.distrusted.load(Ordering::SeqCst) {
            return Err(SpoolError::Distrusted);
        }
        let unfit = |reason: &str| SpoolError::Unfit { id: delivery.id.clone(), reason: reason.to_owned() };
        let name = letter::name(delivery).map_err(unfit)?;
        let free_percent = self
            .disk
            .free_percent(&self.dir)
            .map_err(|source| failed("ask for the free space of", &self.dir, source))?;
        if free_percent < LEAST_FREE_PERCENT {
            return Err(SpoolError::Full { path: self.dir.clone(), free_percent });
        }
        let tmp = self.tmp().join(&name);
        self.write(&tmp, &letter::seal(delivery)).inspect_err(|_| discard(&tmp))?;
        let new = self.accepted().join(&name);
        self.disk
            .rename(&tmp, &new)
            .map_err(|source| failed("move into place", &tmp, source))
            .inspect_err(|_| discard(&tmp))
    }

    fn write(&self, tmp: &Path, letter: &[u8]) -> Result<(), SpoolError> {
        let file = self.disk.write(tmp, letter).map_err(|source| match source.kind() {
            std::io::ErrorKind::StorageFull => SpoolError::Full { path: self.dir.clone(), free_percent: 0 },
            _ => failed("write", tmp, source),
        })?;
        self.disk.sync(&file, tmp).map_err(|source| {
            self.distrusted.store(true, Ordering::SeqCst);
            SpoolError::Sync { path: tmp.to_owned(), source }
        })
    }

    /// The files of accepted deliveries, in the order they go into the log.
    fn names(&self) -> Result<Vec<String>, SpoolError> {
        let new = self.accepted();
        let listed = std::fs::read_dir(&new).map_err(|source| failed("list", &new, source))?;
        let mut names = Vec::new();
        for file in listed {
            let name = file.map_err(|source| failed("list", &new, source))?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// A file that cannot be read as a delivery is kept for a person, and out of the way.
    fn set_aside(&self, name: &str, reason: &str) -> Result<(), SpoolError> {
        let (from, to) = (self.accepted().join(name), self.damaged().join(name));
        tracing::error!(file = %to.display(), reason, "an accepted delivery cannot be read back; it is kept for a person to look at");
        std::fs::rename(&from, &to).map_err(|source| failed("set aside", &from, source))
    }

    /// Removes what an earlier life left half-written; none of it was accepted.
    fn sweep_tmp(&self) {
        let Ok(listed) = std::fs::read_dir(self.tmp()) else { return };
        for file in listed.flatten() {
            let age = file.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > TMP_KEPT) {
                discard(&file.path());
            }
        }
    }
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> SpoolError {
    SpoolError::File { doing, path: path.to_owned(), source }
}

/// Removes a file nobody was promised; if that fails, it is swept at some later start.
fn discard(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(file = %path.display(), %error, "a half-written spool file stays for now");
    }
}
