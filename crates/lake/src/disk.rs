//! The files of the lake: two folders, one for each order, one for the lists of the heaviest, one for what is half written,
//! and one lock.
//!
//! A file is written in `tmp`, fsynced, renamed into its folder, and the folder is fsynced: nothing half written is
//! ever seen. Both orders of the same rows have the same name, and rows count only once both are there, so the second
//! rename is the moment they are written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{LakeError, file};
use crate::name::Name;

/// How the rows of a file are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    /// By our address, then time.
    Home,
    /// By the other end's address, then time.
    Peer,
}

impl Order {
    /// Both.
    pub(crate) const BOTH: [Order; 2] = [Order::Home, Order::Peer];

    /// The folder of this order.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Order::Home => "by-home",
            Order::Peer => "by-peer",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Order {
        match self {
            Order::Home => Order::Peer,
            Order::Peer => Order::Home,
        }
    }
}

/// What is put behind the name of a file that could not be read.
pub(crate) const BROKEN: &str = ".broken";

/// The folder of the lake, and every change that is made in it.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    /// How many more changes succeed before every further one fails, as after a power cut. Only tests set it.
    left: Option<AtomicUsize>,
}

impl Disk {
    pub(crate) fn new(dir: PathBuf) -> Disk {
        Disk { dir, left: None }
    }

    /// One on which the power goes after so many changes.
    #[cfg(test)]
    pub(crate) fn failing_after(dir: PathBuf, changes: usize) -> Disk {
        Disk { dir, left: Some(AtomicUsize::new(changes)) }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of a file in one order.
    pub(crate) fn path(&self, order: Order, name: &Name) -> PathBuf {
        self.dir.join(order.folder()).join(name.to_string())
    }

    /// Where the list of the heaviest conversations of a file stands.
    pub(crate) fn heaviest(&self, name: &Name) -> PathBuf {
        self.heaviest_folder().join(name.to_string())
    }

    /// The folder of these lists.
    pub(crate) fn heaviest_folder(&self) -> PathBuf {
        self.dir.join("heaviest")
    }

    /// The folder for what is half written.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// Makes the folders, where they are not there.
    pub(crate) fn make(&self) -> Result<(), LakeError> {
        let orders = Order::BOTH.map(|order| self.dir.join(order.folder()));
        for folder in [self.tmp(), self.heaviest_folder()].into_iter().chain(orders) {
            fs::create_dir_all(&folder).map_err(file("make", &folder))?;
        }
        Ok(())
    }

    /// Waits for the right to change what is in the folders; it ends with the value. Two programs may write to one
    /// lake: each holds this only while it renames.
    pub(crate) fn lock(&self) -> Result<File, LakeError> {
        let path = self.dir.join("lock");
        let held = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(file("open", &path))?;
        held.lock().map_err(file("lock", &path))?;
        Ok(held)
    }

    /// Begins a file in `tmp`.
    pub(crate) fn create(&self, path: &Path) -> Result<File, LakeError> {
        self.change("create", path, File::create_new(path))
    }

    /// Puts a written file on the disk for good.
    pub(crate) fn sync(&self, written: &File, path: &Path) -> Result<(), LakeError> {
        self.change("fsync", path, written.sync_all())
    }

    /// Moves a finished file to its name and makes that last.
    pub(crate) fn publish(&self, from: &Path, order: Order, name: &Name) -> Result<(), LakeError> {
        self.give_name(from, &self.path(order, name), &self.dir.join(order.folder()))
    }

    /// The same for the list of the heaviest of a file.
    pub(crate) fn publish_heaviest(&self, from: &Path, name: &Name) -> Result<(), LakeError> {
        self.give_name(from, &self.heaviest(name), &self.heaviest_folder())
    }

    fn give_name(&self, from: &Path, to: &Path, folder: &Path) -> Result<(), LakeError> {
        self.change("rename to", to, fs::rename(from, to))?;
        self.change("fsync", folder, File::open(folder).and_then(|opened| opened.sync_all()))
    }

    /// Removes a file; one that is gone already is no trouble.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), LakeError> {
        let gone = match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        self.change("remove", path, gone)
    }

    /// Removes everything under a name; its list goes last, being what nobody misses.
    pub(crate) fn remove_all(&self, name: &Name) -> Result<(), LakeError> {
        for order in Order::BOTH {
            self.remove(&self.path(order, name))?;
        }
        self.remove(&self.heaviest(name))
    }

    /// Gives a file that cannot be read a name under which nobody reads it.
    pub(crate) fn set_aside(&self, order: Order, name: &Name) -> Result<(), LakeError> {
        let path = self.path(order, name);
        let mut aside = path.clone().into_os_string();
        aside.push(BROKEN);
        self.change("set aside", &path, fs::rename(&path, aside))
    }

    fn change<T>(&self, doing: &'static str, path: &Path, done: io::Result<T>) -> Result<T, LakeError> {
        let on = |left: usize| left.checked_sub(1);
        let whole = self
            .left
            .as_ref()
            .is_none_or(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, on).is_ok());
        let done = if whole { done } else { Err(io::Error::other("the power went")) };
        done.map_err(file(doing, path))
    }
}
