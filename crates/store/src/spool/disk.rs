//! The few things the spool asks of a disk, apart so that tests can make each of them fail.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What the spool needs of a disk.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// How much of the file system of `folder` ordinary users may still fill, in per cent, rounded down.
    fn free_percent(&self, folder: &Path) -> io::Result<u8>;
    /// Writes a new file, not yet synced. A file of that name, left by an earlier life, is replaced.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File>;
    /// Waits until the file is on disk. Must be asked of the handle that wrote: another may not be told of the failure.
    fn sync(&self, file: &File, path: &Path) -> io::Result<()>;
    /// Moves a file within the spool.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the names in `folder` are on disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The system's own.
#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn free_percent(&self, folder: &Path) -> io::Result<u8> {
        let system = rustix::fs::statvfs(folder)?;
        let percent = u128::from(system.f_bavail) * 100 / u128::from(system.f_blocks.max(1));
        Ok(u8::try_from(percent).unwrap_or(100))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        file.write_all(bytes)?;
        Ok(file)
    }

    fn sync(&self, file: &File, _path: &Path) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

/// The system's own, but for the free space.
pub(super) struct SaidToBeFree<F> {
    probe: F,
}

impl<F: Fn(&Path) -> io::Result<u8> + Send + Sync> SaidToBeFree<F> {
    pub(super) fn new(probe: F) -> Self {
        SaidToBeFree { probe }
    }
}

impl<F> fmt::Debug for SaidToBeFree<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaidToBeFree")
    }
}

impl<F: Fn(&Path) -> io::Result<u8> + Send + Sync> Disk for SaidToBeFree<F> {
    fn free_percent(&self, folder: &Path) -> io::Result<u8> {
        (self.probe)(folder)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        RealDisk.write(path, bytes)
    }

    fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        RealDisk.sync(file, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        RealDisk.sync_folder(folder)
    }
}
