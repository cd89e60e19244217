//! Since when each thing is known, kept on disk: what is new today has not come for a month, whatever was restarted.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many things are remembered: as many as the board counts, of each of its three sorts.
const REMEMBERED: usize = 3 * super::board::COUNTED;
/// What has not come for so long is forgotten.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// After counting began for the first time nothing is new for so long: everything would be.
const LEARNING: SignedDuration = SignedDuration::from_hours(1);
/// The largest file that is read: several times what all things take.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The name of the file.
const FILE: &str = "traps.json";

/// What may be new.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Thing {
    /// What was wanted, by its short name.
    Wanted(Cow<'static, str>),
    /// A port and its transport.
    Port(u16, Cow<'static, str>),
    /// The first address of a network that visitors came from.
    Network(IpAddr),
}

/// When a thing came first and last.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    first: Timestamp,
    last: Timestamp,
}

/// All that is known, as it stands in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    began: Timestamp,
    things: Vec<(Thing, Seen)>,
}

/// What is known, and since when.
#[derive(Debug, Default)]
pub(super) struct Known {
    began: Timestamp,
    things: HashMap<Thing, Seen>,
    file: Option<PathBuf>,
}

impl Known {
    /// What was kept in a folder; nothing, from now on, where nothing can be read. Without a folder nothing will be kept.
    pub(super) fn recall(folder: Option<&Path>, now: Timestamp) -> Known {
        let Some(folder) = folder else { return Known { began: now, ..Known::default() } };
        let file = folder.join(FILE);
        let kept = match read(&file) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept { began: now, ..Kept::default() },
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "what traps have heard before is lost: nothing is new for an hour");
                Kept { began: now, ..Kept::default() }
            }
        };
        let things = kept.things.into_iter().take(REMEMBERED).collect();
        Known { began: kept.began.min(now), things, file: Some(file) }
    }

    /// A thing came.
    pub(super) fn see(&mut self, thing: Thing, at: Timestamp) {
        if let Some(seen) = self.things.get_mut(&thing) {
            if is_forgotten(*seen, at) {
                seen.first = at;
            }
            seen.last = seen.last.max(at);
            return;
        }
        if self.things.len() >= REMEMBERED {
            self.things.retain(|_, seen| !is_forgotten(*seen, at));
        }
        if self.things.len() < REMEMBERED {
            self.things.insert(thing, Seen { first: at, last: at });
        }
    }

    /// Whether it came for the first time within the last day, and not just because counting began. What found no room
    /// to be remembered is not called new.
    pub(super) fn is_new(&self, thing: &Thing, now: Timestamp) -> bool {
        self.things.get(thing).is_some_and(|seen| {
            now.duration_since(seen.first) < DAY && seen.first.duration_since(self.began) > LEARNING
        })
    }

    /// What is to be written, and where; `None` where nothing is kept.
    pub(super) fn to_keep(&self, now: Timestamp) -> Option<ToKeep> {
        let file = self.file.clone()?;
        let fresh = self.things.iter().filter(|(_, seen)| !is_forgotten(**seen, now));
        let things = fresh.map(|(thing, seen)| (thing.clone(), *seen)).collect();
        Some(ToKeep { file, kept: Kept { began: self.began, things } })
    }
}

fn is_forgotten(seen: Seen, now: Timestamp) -> bool {
    now.duration_since(seen.last) > MONTH
}

fn read(file: &Path) -> io::Result<Kept> {
    Ok(serde_json::from_reader(BufReader::new(File::open(file)?.take(LARGEST)))?)
}

/// All that is known at a moment, on its way to disk.
#[derive(Debug)]
pub(super) struct ToKeep {
    file: PathBuf,
    kept: Kept,
}

impl ToKeep {
    /// Writes it anew. What was there stays until that is on disk.
    pub(super) fn write(self) {
        if let Err(error) = self.try_write() {
            tracing::warn!(file = %self.file.display(), %error, "what traps have heard could not be kept");
        }
    }

    fn try_write(&self) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.file.with_extension("tmp");
        let mut out = BufWriter::new(File::create(&beside)?);
        serde_json::to_writer(&mut out, &self.kept)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traps::gather::tests::at;

    const HOUR: i64 = 3600;

    fn port(number: u16) -> Thing {
        Thing::Port(number, "tcp".into())
    }

    #[test]
    fn what_came_yesterday_is_not_new_after_a_restart_and_what_comes_after_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut known = Known::recall(Some(dir.path()), at(0));
        known.see(port(23), at(60));
        assert!(!known.is_new(&port(23), at(60)), "everything is new in the first hour");
        known.see(port(2323), at(2 * HOUR));
        assert!(known.is_new(&port(2323), at(3 * HOUR)));
        known.to_keep(at(3 * HOUR)).expect("a folder").write();
        let mut again = Known::recall(Some(dir.path()), at(30 * HOUR));
        again.see(port(23), at(31 * HOUR));
        again.see(port(5555), at(30 * HOUR + 5));
        assert!(!again.is_new(&port(23), at(31 * HOUR)), "it was known before the restart");
        assert!(!again.is_new(&port(2323), at(31 * HOUR)), "it was new yesterday");
        assert!(again.is_new(&port(5555), at(31 * HOUR)), "a restart does not begin to learn anew");
        again.see(port(23), at(32 * 24 * HOUR));
        assert!(again.is_new(&port(23), at(32 * 24 * HOUR)), "after a month it is new again");
    }

    #[test]
    fn a_file_that_cannot_be_read_costs_an_hour_and_no_start() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(FILE), "{\"began\":").expect("a file");
        let mut known = Known::recall(Some(dir.path()), at(0));
        known.see(port(23), at(60));
        assert!(!known.is_new(&port(23), at(60)));
        known.see(port(2323), at(2 * HOUR));
        assert!(known.is_new(&port(2323), at(2 * HOUR)));
    }
}
