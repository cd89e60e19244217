//! What there is: the listing of the two folders, and which files count.

use std::collections::BTreeMap;
use std::path::Path;

use crate::disk::{BROKEN, Disk, Order};
use crate::error::{LakeError, file};
use crate::name::Name;

/// One file in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is not there.
    Absent,
    /// It is there, with so many bytes.
    Whole(u64),
    /// It could not be read and was set aside.
    Broken,
}

/// The rows of one name, in both orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// What the name says.
    pub(crate) name: Name,
    home: Standing,
    peer: Standing,
}

impl Held {
    fn in_order(&self, order: Order) -> Standing {
        match order {
            Order::Home => self.home,
            Order::Peer => self.peer,
        }
    }

    /// The bytes of the file in one order, if it can be read.
    pub(crate) fn bytes(&self, order: Order) -> Option<u64> {
        match self.in_order(order) {
            Standing::Whole(bytes) => Some(bytes),
            Standing::Absent | Standing::Broken => None,
        }
    }

    /// The file to read for an order: itself or, where it is broken, the other one, which has the same rows.
    pub(crate) fn readable(&self, order: Order) -> Option<(Order, u64)> {
        let same = |order: Order| self.bytes(order).map(|bytes| (order, bytes));
        same(order).or_else(|| same(order.other()))
    }

    /// Both orders can be read.
    pub(crate) fn is_whole(&self) -> bool {
        Order::BOTH.into_iter().all(|order| self.bytes(order).is_some())
    }

    /// Only one order was renamed: whoever wrote it was never told that it is written.
    pub(crate) fn is_half(&self) -> bool {
        Order::BOTH.into_iter().any(|order| self.in_order(order) == Standing::Absent)
    }
}

/// Every file of the lake by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    /// What counts, by hour and number.
    pub(crate) live: Vec<Held>,
    /// What merged files took the place of, still there for questions that began before.
    pub(crate) superseded: Vec<Held>,
    /// What a crash left behind with one order only.
    pub(crate) half: Vec<Held>,
    /// The highest number of any writing.
    pub(crate) highest: Option<u64>,
}

impl Catalogue {
    /// Reads the folders; those of a lake that was never written to do not exist and hold nothing.
    pub(crate) fn read(disk: &Disk) -> Result<Catalogue, LakeError> {
        let mut found: BTreeMap<Name, Held> = BTreeMap::new();
        for order in Order::BOTH {
            for (name, standing) in listing(&disk.dir().join(order.folder()))? {
                let held = found.entry(name).or_insert(Held {
                    name,
                    home: Standing::Absent,
                    peer: Standing::Absent,
                });
                match order {
                    Order::Home => held.home = standing,
                    Order::Peer => held.peer = standing,
                }
            }
        }
        let highest = found.keys().map(|name| name.to).max();
        let (half, both): (Vec<Held>, Vec<Held>) = found.into_values().partition(Held::is_half);
        let (live, superseded) = supersede(both);
        Ok(Catalogue { live, superseded, half, highest })
    }

    /// What counts of one hour, oldest writing first.
    pub(crate) fn of_hour(&self, hour: i64) -> impl DoubleEndedIterator<Item = &Held> {
        self.live.iter().filter(move |held| held.name.hour == hour)
    }

    /// The hours something is held of.
    pub(crate) fn hours(&self) -> Vec<i64> {
        let mut hours: Vec<i64> = self.live.iter().map(|held| held.name.hour).collect();
        hours.dedup();
        hours
    }
}

/// Parts what counts from what another file took the place of. Names sort by hour and first writing.
fn supersede(sorted: Vec<Held>) -> (Vec<Held>, Vec<Held>) {
    let names: Vec<Name> = sorted.iter().map(|held| held.name).collect();
    sorted.into_iter().partition(|held| {
        let from = names.partition_point(|name| name.hour < held.name.hour);
        let of_hour = names.iter().skip(from).take_while(|name| name.hour == held.name.hour);
        !of_hour.take_while(|name| name.from <= held.name.from).any(|name| name.supersedes(&held.name))
    })
}

/// The files of ours in one folder. What has another name is not ours and is left alone.
fn listing(folder: &Path) -> Result<Vec<(Name, Standing)>, LakeError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file("list", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file("list", folder))?;
        let text = entry.file_name();
        let text = text.to_string_lossy();
        if let Ok(name) = text.trim_end_matches(BROKEN).parse::<Name>() {
            // A file that was removed between the two looks is as absent as one removed before.
            let Ok(about) = entry.metadata() else { continue };
            let whole = !text.ends_with(BROKEN);
            found.push((name, if whole { Standing::Whole(about.len()) } else { Standing::Broken }));
        }
    }
    Ok(found)
}
