//! The lists of the heaviest conversations that stand beside files: written with them, and made later where one is missing.

use std::path::PathBuf;

use super::Writer;
use crate::catalogue::{Catalogue, Held};
use crate::disk::Order;
use crate::error::LakeError;
use crate::heavy::{self, Gathering};
use crate::parquet_file;

impl Writer {
    /// Writes the list of the heaviest at a passing place. Flows do not wait for it: a disk that fails is told of by them.
    pub(super) fn list(&mut self, gathering: Gathering) -> Option<PathBuf> {
        let list = gathering.finish()?;
        self.begun += 1;
        let path = self.scratch.join(format!("{}-heaviest", self.begun));
        match heavy::write(&self.disk, &path, &list) {
            Ok(()) => Some(path),
            Err(error) => {
                tracing::warn!(%error, "a list of the heaviest was not written; its flows are read instead");
                None
            }
        }
    }

    /// Makes the list of a file that has none: of a time before there were lists, or after a crash.
    fn mend(&mut self, held: &Held) -> Result<(), LakeError> {
        let mut gathering = Gathering::new();
        for batch in parquet_file::read(&self.disk.path(Order::Home, &held.name))? {
            // A damaged file is found, and set aside, by the question that needs it.
            let Ok(batch) = batch else { return Ok(()) };
            gathering.add(&batch);
        }
        let Some(list) = self.list(gathering) else { return Ok(()) };
        let _held = self.disk.lock()?;
        if Catalogue::read(&self.disk)?.live.contains(held) {
            return self.disk.publish_heaviest(&list, &held.name);
        }
        self.disk.remove(&list)
    }

    /// Makes one list that is missing; false when none is, or none can be made.
    pub(super) fn mend_one(&mut self, catalogue: &Catalogue) -> Result<bool, LakeError> {
        let lacks = |held: &&Held| {
            held.bytes(Order::Home).is_some()
                && !self.cannot_list.contains(&held.name)
                && !self.disk.heaviest(&held.name).exists()
        };
        let Some(held) = catalogue.live.iter().find(lacks).copied() else { return Ok(false) };
        self.cannot_list.insert(held.name);
        self.mend(&held).map(|()| true)
    }
}
