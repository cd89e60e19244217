//! Who sent most: read from lists, and the same as every flow says.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use std::path::Path;

use flow::{Flow, Millis};
use lake::{HeavyConversation, Lake, Limits, Writer};
use world::{DAY, HOUR, MINUTE, TWO, files, home, one_way};

/// More conversations of an hour than a list holds.
const CONVERSATIONS: u32 = 18_000;

/// An hour with so many conversations of a few bytes, a heavy one, and one that is heavy in every hour together only.
fn hour(number: i64) -> Vec<Flow> {
    let at = TWO.plus(number * HOUR);
    let small = (0..CONVERSATIONS).map(|n| {
        let [_, high, middle, low] = n.to_be_bytes();
        let (line, peer) = (format!("203.0.113.{low}"), format!("192.0.{middle}.{high}"));
        let port = u16::try_from(1000 + n / 8).unwrap();
        one_way(at.plus(i64::from(n)), (&line, 40_000), (&peer, port), 1, 40 + u64::from(n % 100), 2)
    });
    let upload =
        one_way(at, ("203.0.113.7", 50_000), ("198.51.100.1", 443), 9, 500_000 + number.unsigned_abs(), 2);
    let steady = one_way(at, ("198.51.100.9", 50_000), ("203.0.113.8", 25), 9, 200_000, 2);
    small.chain([upload, steady]).collect()
}

fn written(dir: &Path, hours: i64, settled: bool) -> Writer {
    let mut writer = Writer::open(dir, home(), None).unwrap();
    for number in 0..hours {
        writer.write(&hour(number)).unwrap();
    }
    writer.flush().unwrap();
    if settled {
        writer.settle().unwrap();
    }
    writer
}

async fn opened(dir: &Path) -> Lake {
    Lake::open(dir, Limits::default()).await.unwrap()
}

/// The heaviest of the day, told by the lists or by every flow.
async fn heaviest(lake: &Lake, by_lists: bool) -> Vec<HeavyConversation> {
    let found = lake.heaviest(TWO, TWO.plus(DAY), 2).await.unwrap();
    assert_eq!(found.by_lists, by_lists);
    assert_eq!((found.since, found.until), (TWO, TWO.plus(DAY + HOUR)), "whole hours");
    found.conversations
}

fn ends(found: &[HeavyConversation]) -> Vec<(String, String, bool, u16, u64, u64)> {
    let one = |it: &HeavyConversation| {
        (it.address.to_string(), it.peer.to_string(), it.inbound, it.port, it.flows, it.bytes)
    };
    found.iter().map(one).collect()
}

#[tokio::test]
async fn lists_tell_what_every_flow_says_before_and_after_files_are_merged() {
    for settled in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        drop(written(folder.path(), 3, settled));
        let lake = opened(folder.path()).await;
        let found = heaviest(&lake, true).await;
        let expected = [
            ("203.0.113.7".to_owned(), "198.51.100.1".to_owned(), false, 443, 3, 1_500_003),
            ("203.0.113.8".to_owned(), "198.51.100.9".to_owned(), true, 25, 3, 600_000),
        ];
        assert_eq!(ends(&found), expected);
        assert_eq!((found[0].first, found[0].last), (TWO, TWO.plus(2 * HOUR + 800)));
        std::fs::remove_dir_all(folder.path().join("heaviest")).unwrap();
        assert_eq!(
            heaviest(&lake, false).await,
            found,
            "without lists every flow is read, and says the same"
        );
    }
}

#[tokio::test]
async fn more_than_the_lists_can_tell_is_read_from_the_flows() {
    let folder = tempfile::tempdir().unwrap();
    drop(written(folder.path(), 2, true));
    let lake = opened(folder.path()).await;
    let many = lake.heaviest(TWO, TWO.plus(DAY), 17_000).await.unwrap();
    assert!(!many.by_lists && many.conversations.len() == 17_000);
    assert!(many.conversations.is_sorted_by(|a, b| a.bytes >= b.bytes));
    assert!(lake.heaviest(TWO, TWO.plus(DAY), 0).await.unwrap().conversations.is_empty());
}

#[tokio::test]
async fn a_list_that_is_damaged_or_missing_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = written(folder.path(), 2, true);
    let lake = opened(folder.path()).await;
    let found = heaviest(&lake, true).await;
    let lists = files(folder.path(), "heaviest");
    assert_eq!(lists.len(), 2, "one for each file");
    std::fs::write(&lists[0], b"PAR1 and then nothing of ours PAR1").unwrap();
    assert_eq!(heaviest(&lake, false).await, found);
    std::fs::remove_file(&lists[0]).unwrap();
    assert_eq!(heaviest(&lake, false).await, found);
    let later = TWO.plus(30 * HOUR);
    for _ in 0..3 {
        writer.tick(later).unwrap();
    }
    assert_eq!(heaviest(&lake, true).await, found);
}

#[tokio::test]
async fn lists_go_with_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Some(jiff::SignedDuration::from_hours(24));
    let mut writer = Writer::open(folder.path(), home(), keep).unwrap();
    for minute in 0..3 {
        let at = TWO.plus(minute * MINUTE);
        writer.write(&[one_way(at, ("203.0.113.7", 1), ("192.0.2.1", 25), 1, 40, 2)]).unwrap();
        writer.flush().unwrap();
    }
    assert_eq!(files(folder.path(), "heaviest").len(), 3);
    for minutes in [120, 121, 130, 131] {
        writer.tick(TWO.plus(minutes * MINUTE)).unwrap();
    }
    assert_eq!(files(folder.path(), "heaviest").len(), 1, "three files became one");
    writer.tick(Millis(TWO.0 + 50 * HOUR)).unwrap();
    assert_eq!(files(folder.path(), "heaviest").len(), 0, "too old");
    drop(writer);
    let stray = "2026-11-23T02.0-0.1795399200000-1795399200800.1.parquet";
    std::fs::write(folder.path().join("heaviest").join(stray), b"of a file that is gone").unwrap();
    drop(Writer::open(folder.path(), home(), None).unwrap());
    assert_eq!(files(folder.path(), "heaviest").len(), 0, "a list without its file is swept away");
}
