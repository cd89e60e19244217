//! The power goes at every step in turn: nothing said to be written is lost, nothing is there twice.

use std::collections::BTreeMap;
use std::path::Path;

use flow::{ExporterId, Flow, Millis, Way};

use crate::address::Home;
use crate::catalogue::Catalogue;
use crate::disk::{Disk, Order};
use crate::parquet_file;
use crate::row::Row;
use crate::schema;
use crate::writer::Writer;

/// 2026-11-23 02:00 UTC.
const TWO: i64 = 1_795_399_200_000;
const MINUTE: i64 = 60_000;

fn home() -> Home {
    Home::new(["203.0.113.0/24".parse().unwrap()])
}

/// The `n`th flow; its number stands in its bytes.
fn numbered(n: u64) -> Flow {
    let first = Millis(TWO + i64::try_from(n % 3).unwrap() * 60 * MINUTE + i64::try_from(n).unwrap());
    Flow {
        first,
        last: first,
        source: "203.0.113.5".parse().unwrap(),
        destination: "192.0.2.1".parse().unwrap(),
        source_port: 50_000,
        destination_port: 443,
        protocol: 6,
        both_ways: false,
        forward: Way { packets: 1, bytes: n, flags: 2 },
        reverse: Way::default(),
        sampling: 1,
        exporter: ExporterId(0),
        translated: None,
    }
}

/// Writes, merges and deletes until the power goes; the numbers that were said to be written.
fn until_the_power_goes(dir: &Path, changes: usize) -> (Vec<u64>, bool) {
    let mut said = Vec::new();
    let mut work = || -> Result<(), crate::LakeError> {
        let mut writer = Writer::on(Disk::failing_after(dir.to_owned(), changes), home(), None)?;
        for n in 0..9 {
            writer.write(&[numbered(n)])?;
            writer.flush()?;
            said.push(n);
        }
        writer.settle()?;
        // Long enough later that what was merged away is removed.
        for minutes in [400, 410] {
            writer.tick(Millis(TWO + minutes * MINUTE))?;
        }
        Ok(())
    };
    let whole = work().is_ok();
    (said, whole)
}

/// Every number on disk in one order, and how often.
fn on_disk(dir: &Path, order: Order) -> BTreeMap<u64, usize> {
    let disk = Disk::new(dir.to_owned());
    let mut found = BTreeMap::new();
    for held in Catalogue::read(&disk).unwrap().live {
        for batch in parquet_file::read(&disk.path(order, &held.name)).unwrap() {
            for row in schema::rows(&batch.unwrap()).unwrap() {
                *found.entry(Row::flow(&row).forward.bytes).or_default() += 1;
            }
        }
    }
    found
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_that_was_said_to_be_written() {
    let mut changes = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let (said, whole) = until_the_power_goes(folder.path(), changes);
        for restarted in [false, true] {
            if restarted {
                drop(Writer::open(folder.path(), home(), None).unwrap());
            }
            for order in Order::BOTH {
                let found = on_disk(folder.path(), order);
                assert!(found.values().all(|times| *times == 1), "twice after {changes} changes: {found:?}");
                assert!(
                    said.iter().all(|n| found.contains_key(n)),
                    "lost after {changes} changes: {said:?} {found:?}"
                );
                // What was being written may be there too; nothing else can.
                assert!(found.len() <= said.len() + 1, "{found:?}");
            }
        }
        let left = std::fs::read_dir(folder.path().join("tmp")).unwrap().count();
        assert_eq!(left, 0, "half-written files are cleared at the start");
        assert!(Catalogue::read(&Disk::new(folder.path().to_owned())).unwrap().half.is_empty());
        if whole {
            break;
        }
        changes += 1;
    }
    assert!(changes > 100, "only {changes} steps were cut: the story is shorter than it was");
}

#[test]
fn a_writers_half_written_files_are_not_cleared_by_another_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Writer::open(folder.path(), home(), None).unwrap();
    one.write(&[numbered(1)]).unwrap();
    drop(Writer::open(folder.path(), home(), None).unwrap());
    assert_eq!(one.flush().unwrap(), 1, "its folder is still there");
}
