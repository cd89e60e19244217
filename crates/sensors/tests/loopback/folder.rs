//! The folder of files: what is complete, in which order things happen, and what stays where it is.

use std::fs;
use std::time::Duration;

use sensors::folder::{Config, watch};
use sensors::{Acceptance, Delivery, How, Refusal};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::stand::{Pickup, disk, soon, until};

/// A folder with these files, looked at very often.
fn folder(files: &[(&str, &[u8])]) -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut config = Config::new(folder.path());
    config.every = Duration::from_millis(2);
    (folder, config)
}

fn start(config: &Config, deliveries: &mpsc::Sender<Delivery>) -> Pickup {
    Pickup::start(|stopped| watch(config.clone(), deliveries.clone(), stopped))
}

#[tokio::test]
async fn a_file_comes_with_its_name_and_moves_to_done_after_the_disk_has_it() {
    let (folder, mut config) = folder(&[("2026-01-02-open_proxy-as64500.csv", b"\"timestamp\",\"ip\"\n")]);
    config.tags = vec!["trusted".to_owned()];
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let running = start(&config, &deliveries);
    let first = soon(taken.recv()).await.unwrap();
    assert_eq!(first.how, How::Folder);
    assert_eq!(first.envelope.file_name.as_deref(), Some("2026-01-02-open_proxy-as64500.csv"));
    assert_eq!(first.envelope.content_type.as_deref(), Some("text/csv"));
    assert_eq!(first.envelope.tags, ["trusted"]);
    running.crash().await;
    let waiting = folder.path().join("2026-01-02-open_proxy-as64500.csv");
    assert!(waiting.exists(), "a crash before the answer leaves the file");
    let _running = start(&config, &deliveries);
    let second = soon(taken.recv()).await.unwrap();
    assert_eq!(first.id, second.id, "the same file is the same delivery");
    second.ack.send(Acceptance::OnDisk).unwrap();
    until("it is done", || folder.path().join("done/2026-01-02-open_proxy-as64500.csv").exists()).await;
    assert!(!waiting.exists());
}

#[tokio::test]
async fn an_unfinished_or_growing_file_waits_and_an_earlier_one_of_its_name_is_kept() {
    let (folder, config) = folder(&[("a.json.tmp", b"{\"half\":")]);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    fs::write(folder.path().join("b.csv"), b"first").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"first", "the unfinished one is not looked at");
    fs::rename(folder.path().join("a.json.tmp"), folder.path().join("a.json")).unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().envelope.file_name.as_deref(), Some("a.json"));
    until("b is done", || folder.path().join("done/b.csv").exists()).await;
    fs::write(folder.path().join("b.csv"), b"second").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"second");
    until("it is done", || folder.path().join("done/1-b.csv").exists()).await;
    assert_eq!(fs::read(folder.path().join("done/b.csv")).unwrap(), b"first");
}

#[tokio::test]
async fn what_cannot_be_taken_stays_is_reported_once_and_holds_nobody_up() {
    let (folder, mut config) = folder(&[("1.large", &[b'x'; 11]), ("3.good", b"good")]);
    config.message_bytes = 10;
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("2.link")).unwrap();
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"good");
    fs::write(folder.path().join("4.later"), b"later").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"later");
    assert_eq!((config.tally.refused(Refusal::TooLarge), config.tally.refused(Refusal::Unreadable)), (1, 1));
    fs::write(folder.path().join("1.large"), b"small now").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"small now", "changed, it is looked at again");
}

#[tokio::test]
async fn what_the_disk_refuses_waits_and_is_offered_again() {
    let (folder, config) = folder(&[("1.csv", b"x")]);
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let _running = start(&config, &deliveries);
    let refused = soon(taken.recv()).await.unwrap();
    refused.ack.send(Acceptance::Full).unwrap();
    let again = soon(taken.recv()).await.unwrap();
    assert_eq!(again.id, refused.id);
    assert!(folder.path().join("1.csv").exists());
}
