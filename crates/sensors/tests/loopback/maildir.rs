//! The Maildir pick-up: in which order things happen, and what stays where it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sensors::maildir::{Config, watch};
use sensors::{Acceptance, Delivery, How, Refusal};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::stand::{Pickup, disk, soon, until};

/// A Maildir with these files in `new/`, looked at very often.
fn maildir(files: &[(&str, &[u8])]) -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(part)).unwrap();
    }
    for (name, bytes) in files {
        fs::write(folder.path().join("new").join(name), bytes).unwrap();
    }
    let mut config = Config::new(folder.path());
    config.every = Duration::from_millis(2);
    (folder, config)
}

fn start(config: &Config, deliveries: &mpsc::Sender<Delivery>) -> Pickup {
    Pickup::start(|stopped| watch(config.clone(), deliveries.clone(), stopped))
}

fn seen(folder: &Path, name: &str) -> PathBuf {
    folder.join("cur").join(format!("{name}:2,S"))
}

#[tokio::test]
async fn a_file_moves_to_cur_after_the_disk_has_it_and_not_before() {
    let (folder, config) = maildir(&[("1.a", b"Subject: x\n\nbare \n and \r\n")]);
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let running = start(&config, &deliveries);
    let first = soon(taken.recv()).await.unwrap();
    assert_eq!((first.bytes.as_slice(), first.how), (&b"Subject: x\n\nbare \n and \r\n"[..], How::Maildir));
    assert!(folder.path().join("new/1.a").exists() && !seen(folder.path(), "1.a").exists());

    running.crash().await;
    assert!(folder.path().join("new/1.a").exists(), "a crash before the answer leaves the file");
    let _running = start(&config, &deliveries);
    let second = soon(taken.recv()).await.unwrap();
    assert_eq!(first.id, second.id, "the same file is the same delivery");
    second.ack.send(Acceptance::OnDisk).unwrap();
    until("the file is in cur", || seen(folder.path(), "1.a").exists()).await;
    assert!(!folder.path().join("new/1.a").exists());
    assert_eq!(config.tally.accepted(How::Maildir), 1);
}

#[tokio::test]
async fn what_the_disk_refuses_waits_in_new_and_is_offered_again() {
    for says in [Some(Acceptance::Full), Some(Acceptance::Failed), None] {
        let (folder, config) = maildir(&[("1.a", b"x"), ("2.b", b"y")]);
        let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
        let _running = start(&config, &deliveries);
        let refused = soon(taken.recv()).await.unwrap();
        match says {
            Some(says) => refused.ack.send(says).unwrap(),
            None => drop(refused.ack),
        }
        let again = soon(taken.recv()).await.unwrap();
        assert_eq!(again.id, refused.id, "the pick-up pauses instead of going on to the next file");
        assert!(folder.path().join("new/1.a").exists());
        again.ack.send(Acceptance::OnDisk).unwrap();
        until("the file is in cur", || seen(folder.path(), "1.a").exists()).await;
    }
}

#[tokio::test]
async fn files_that_cannot_be_taken_stay_are_reported_once_and_hold_nobody_up() {
    let (folder, mut config) = maildir(&[("1.large", &[b'x'; 11]), ("3.good", b"good"), (".hidden", b"x")]);
    config.message_bytes = 10;
    config.per_sweep = 1;
    let new = folder.path().join("new");
    fs::create_dir(new.join("0.folder")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", new.join("2.link")).unwrap();
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"good");
    // Each of these is a whole look at the folder later.
    for round in 4..8 {
        fs::write(folder.path().join("tmp/x"), b"later").unwrap();
        fs::rename(folder.path().join("tmp/x"), new.join(format!("{round}.later"))).unwrap();
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"later");
    }
    assert_eq!((config.tally.refused(Refusal::TooLarge), config.tally.refused(Refusal::Unreadable)), (1, 2));
    for left in ["0.folder", "1.large", "2.link", ".hidden"] {
        assert!(new.join(left).symlink_metadata().is_ok(), "{left} is left where it was");
    }
    // Somebody makes it smaller: it is looked at again.
    fs::write(new.join("1.large"), b"small now").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"small now");
}

#[tokio::test]
async fn a_file_that_cannot_be_moved_is_not_delivered_again_and_moves_when_it_can() {
    let (folder, config) = maildir(&[("1.a", b"a"), ("2.b", b"b")]);
    fs::remove_dir(folder.path().join("cur")).unwrap();
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"a");
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"b");
    until("both are reported", || config.tally.refused(Refusal::Unreadable) == 2).await;
    // A third file needs another look, in which the first two could be taken again.
    fs::write(folder.path().join("new/3.c"), b"c").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"c", "nothing is delivered twice");
    until("it is reported", || config.tally.refused(Refusal::Unreadable) == 3).await;
    fs::create_dir(folder.path().join("cur")).unwrap();
    until("all are in cur", || fs::read_dir(folder.path().join("cur")).unwrap().count() == 3).await;
    assert!(kept.try_recv().is_err(), "moving is not delivering");
}

#[tokio::test]
async fn a_file_already_in_cur_is_not_overwritten() {
    let (folder, config) = maildir(&[("1.a", b"new")]);
    fs::write(seen(folder.path(), "1.a"), b"old").unwrap();
    let tally = Arc::clone(&config.tally);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"new");
    until("it is reported", || tally.refused(Refusal::Unreadable) == 1).await;
    assert_eq!(fs::read(seen(folder.path(), "1.a")).unwrap(), b"old");
    assert_eq!(fs::read(folder.path().join("new/1.a")).unwrap(), b"new");
}

#[tokio::test]
async fn a_folder_that_comes_later_is_found() {
    let (folder, config) = maildir(&[]);
    fs::remove_dir(folder.path().join("new")).unwrap();
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    fs::create_dir(folder.path().join("tmp/new")).unwrap();
    for at in 0..250 {
        fs::write(folder.path().join(format!("tmp/new/{at:03}.a")), at.to_string()).unwrap();
    }
    fs::rename(folder.path().join("tmp/new"), folder.path().join("new")).unwrap();
    for at in 0..100 {
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, at.to_string().as_bytes(), "the oldest first");
    }
    until("all are in cur", || fs::read_dir(folder.path().join("cur")).unwrap().count() == 250).await;
}
