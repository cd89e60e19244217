//! A disk that dies at any chosen step, and loses whatever it had not been told to keep.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;

/// What a dying machine loses: everything after the last sync.
#[derive(Debug, Default)]
struct Memory {
    steps_left: Option<usize>,
    steps: usize,
    unsynced_files: BTreeSet<PathBuf>,
    unsynced_names: Vec<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone, Default)]
struct DyingDisk(Arc<Mutex<Memory>>);

impl DyingDisk {
    fn dying_after(steps: usize) -> DyingDisk {
        DyingDisk(Arc::new(Mutex::new(Memory { steps_left: Some(steps), ..Memory::default() })))
    }

    /// One step; every step after the fatal one fails as well.
    fn step(&self) -> io::Result<std::sync::MutexGuard<'_, Memory>> {
        let mut memory = self.0.lock().expect("no poison");
        memory.steps += 1;
        match memory.steps_left.as_mut() {
            Some(0) => return Err(io::Error::other("the disk died")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(memory)
    }

    /// The power goes: unsynced contents are cut in half, unsynced names go back to what they were.
    fn lose_power(&self) {
        let memory = self.0.lock().expect("no poison");
        for (from, to) in memory.unsynced_names.iter().rev() {
            std::fs::rename(to, from).expect("undo the rename");
        }
        for path in &memory.unsynced_files {
            if let Ok(bytes) = std::fs::read(path) {
                std::fs::write(path, &bytes[..bytes.len() / 2]).expect("cut the file");
            }
        }
    }
}

impl Disk for DyingDisk {
    fn free_percent(&self, _folder: &Path) -> io::Result<u8> {
        Ok(50)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        self.step()?.unsynced_files.insert(path.to_owned());
        RealDisk.write(path, bytes)
    }

    fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.step()?.unsynced_files.remove(path);
        RealDisk.sync(file, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut memory = self.step()?;
        if memory.unsynced_files.remove(from) {
            memory.unsynced_files.insert(to.to_owned());
        }
        memory.unsynced_names.push((from.to_owned(), to.to_owned()));
        RealDisk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?.unsynced_names.retain(|(_, to)| to.parent() != Some(folder));
        RealDisk.sync_folder(folder)
    }
}

fn delivery(id: &str, second: i64) -> Delivery {
    Delivery {
        id: id.to_owned(),
        source: "smtp".to_owned(),
        envelope: serde_json::json!({"peer": "192.0.2.25", "rcpt_to": ["abuse@example.net"]}),
        received: jiff::Timestamp::from_second(second).expect("a time"),
        bytes: format!("Subject: report {id}\r\n\r\nnot text: \u{1f4a5}\0\n").into_bytes(),
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.id.as_str()).collect()
}

#[test]
fn whatever_step_the_machine_dies_at_what_was_acknowledged_is_waiting() {
    let batches = || vec![vec![delivery("a", 1), delivery("b", 2)], vec![delivery("c", 3)]];
    let mut outcomes = BTreeSet::new();
    // One folder sync at opening, then write, sync, rename per delivery and one folder sync per batch: 12 steps.
    for fatal in 1..=13 {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = DyingDisk::dying_after(fatal);
        let spool = Spool::on(dir.path(), Box::new(disk.clone())).expect("opens before the disk dies");
        let mut acknowledged = BTreeSet::new();
        for batch in batches() {
            let names: Vec<String> = batch.iter().map(|delivery| delivery.id.clone()).collect();
            for (name, answer) in names.into_iter().zip(spool.accept(batch)) {
                if answer.is_ok() {
                    acknowledged.insert(name);
                }
            }
        }
        disk.lose_power();
        let waiting = Spool::open(dir.path()).expect("opens again").waiting(10).expect("lists");
        let expected: Vec<Delivery> = batches().concat();
        assert!(
            waiting.iter().all(|found| expected.contains(found)),
            "step {fatal}: something else came back"
        );
        let found: BTreeSet<String> = waiting.iter().map(|delivery| delivery.id.clone()).collect();
        assert!(
            acknowledged.is_subset(&found),
            "step {fatal}: acknowledged {acknowledged:?}, found {found:?}"
        );
        outcomes.insert(acknowledged.len());
    }
    assert_eq!(outcomes, BTreeSet::from([0, 2, 3]), "the steps do not reach every outcome");
}

#[test]
fn after_a_failed_sync_nothing_is_accepted_any_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = DyingDisk::dying_after(2);
    let spool = Spool::on(dir.path(), Box::new(disk.clone())).expect("opens");
    let answers = spool.accept(vec![delivery("a", 1)]);
    assert!(
        matches!(answers.as_slice(), [Err(error @ SpoolError::Sync { .. })] if error.must_abort()),
        "{answers:?}"
    );
    disk.0.lock().expect("no poison").steps_left = None;
    let answers = spool.accept(vec![delivery("b", 2)]);
    assert!(matches!(answers.as_slice(), [Err(SpoolError::Distrusted)]), "{answers:?}");
}

#[test]
fn a_nearly_full_disk_is_refused_at_under_five_per_cent() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("opens");
    let answers = spool.with_free_space(|_| Ok(4)).accept(vec![delivery("a", 1)]);
    assert!(matches!(answers.as_slice(), [Err(SpoolError::Full { free_percent: 4, .. })]), "{answers:?}");
    assert!(spool.waiting(10).expect("lists").is_empty());
    assert!(spool.with_free_space(|_| Ok(5)).accept(vec![delivery("a", 1)])[0].is_ok());
}

#[test]
fn waiting_is_by_age_and_done_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("opens");
    let answers = spool.accept(vec![delivery("late", 300), delivery("early", 100), delivery("middle", 200)]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(ids(&spool.waiting(2).expect("lists")), ["early", "middle"]);
    spool.done(&["middle".to_owned(), "unknown".to_owned()]).expect("removes");
    assert_eq!(ids(&spool.waiting(10).expect("lists")), ["early", "late"]);
}

#[test]
fn a_damaged_file_is_kept_apart_and_the_others_go_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("opens");
    assert!(spool.accept(vec![delivery("a", 1), delivery("b", 2)]).iter().all(Result::is_ok));
    let name = spool.inner.names().expect("lists").remove(0);
    let path = dir.path().join("new").join(&name);
    let mut bytes = std::fs::read(&path).expect("reads");
    *bytes.last_mut().expect("not empty") ^= 1;
    std::fs::write(&path, &bytes).expect("writes");
    assert_eq!(ids(&spool.waiting(10).expect("lists")), ["b"]);
    assert_eq!(std::fs::read(dir.path().join("damaged").join(&name)).expect("was kept"), bytes);
}

#[test]
fn an_id_that_would_leave_the_folder_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("opens");
    for id in ["", "../escape", "a/b", ".hidden", "a\nb", &"x".repeat(129)] {
        let answers = spool.accept(vec![delivery(id, 1)]);
        assert!(matches!(answers.as_slice(), [Err(SpoolError::Unfit { .. })]), "{id:?}: {answers:?}");
    }
}

fn heard(id: &str, second: i64, envelope: serde_json::Value, bytes: usize) -> Delivery {
    let received = jiff::Timestamp::from_second(second).expect("a time");
    let bytes = vec![b'x'; bytes];
    Delivery { id: id.to_owned(), source: "smtp".to_owned(), envelope, received, bytes }
}

fn waiting_ids(spool: &Spool) -> Vec<String> {
    spool.waiting(10).expect("a list").into_iter().map(|delivery| delivery.id).collect()
}

#[test]
fn what_came_to_an_unpublished_box_goes_first_and_is_done_like_the_rest() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("a spool");
    let plain = serde_json::json!({ "tags": [] });
    let tagged = serde_json::json!({ "tags": ["trusted"] });
    let batch = vec![heard("a", 1, plain, 1), heard("c", 3, tagged.clone(), 1), heard("b", 2, tagged, 1)];
    assert!(spool.accept(batch).iter().all(Result::is_ok));
    assert_eq!(waiting_ids(&spool), ["b", "c", "a"]);
    spool.done(&["b".to_owned(), "a".to_owned()]).expect("done");
    assert_eq!(waiting_ids(&spool), ["c"]);
}

#[test]
fn large_mails_are_not_all_held_in_memory_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(dir.path()).expect("a spool");
    let large = |id: &str, second| heard(id, second, serde_json::json!({}), 30 * 1024 * 1024);
    assert!(spool.accept(vec![large("a", 1), large("b", 2), large("c", 3)]).iter().all(Result::is_ok));
    assert_eq!(waiting_ids(&spool), ["a", "b"]);
    spool.done(&["a".to_owned(), "b".to_owned()]).expect("done");
    assert_eq!(waiting_ids(&spool), ["c"]);
}
