//! What the figures are read from: cases of a time, the outbox, and what blocklists said.

use case::{CaseId, Errand, Listed, Record, Stage};
use jiff::SignedDuration;
use store::{AskedFor, Batch, Look, NewErrand};

use super::at;
use super::decisions::{opening, record, summary};
use crate::stand::Stand;

pub(crate) async fn cases_of_a_time_come_newest_first_with_their_records(stand: Stand) {
    let store = stand.open().await;
    for case in 1..=4 {
        let mut batch = opening(case, &format!("line-{case}"));
        let opened = at(i64::try_from(case).expect("small") * 100);
        batch.summaries = vec![Listed { opened, ..summary(case, &format!("line-{case}"), Stage::Suspected) }];
        store.commit(&batch).await.expect("commits");
    }
    let found = store.opened_between(at(200), at(400), 10).await.expect("lists");
    assert_eq!(found, [(CaseId(3), 1), (CaseId(2), 1)], "from the one and before the other");
    assert_eq!(store.opened_between(at(0), at(999), 1).await.expect("lists"), [(CaseId(4), 1)]);
    assert_eq!(store.count_opened_between(at(0), at(400)).await.expect("counts"), 3);
    let later = Batch { records: vec![record(2, 2)], ..Batch::default() };
    store.commit(&later).await.expect("commits");
    let records = store.records_of(&[CaseId(3), CaseId(2)]).await.expect("reads");
    let order: Vec<(u64, u64)> = records.iter().map(|record| (record.case.0, record.version)).collect();
    assert_eq!(order, [(2, 1), (2, 2), (3, 1)]);
    assert!(store.records_of(&[]).await.expect("reads").is_empty());

    // What happened in a shift: of cases that changed since, oldest first, and the newest where there is too much.
    let changed = Listed { updated: at(900), version: 2, ..summary(2, "line-2", Stage::Suspected) };
    let late = Record { at: at(900), ..record(2, 3) };
    let batch = Batch { records: vec![late], summaries: vec![changed], ..Batch::default() };
    store.commit(&batch).await.expect("commits");
    let between = async |from, to, limit| {
        let records = store.records_between(at(from), at(to), limit).await.expect("reads");
        records.iter().map(|record| (record.case.0, record.version)).collect::<Vec<_>>()
    };
    assert_eq!(between(800, 900, 9).await, [(2, 3)]);
    assert!(between(900, 999, 9).await.is_empty() && between(800, 899, 9).await.is_empty());
    let all = between(0, 999, 99).await;
    assert!(all.len() > 2 && all.last() == Some(&(2, 3)), "{all:?}");
    assert_eq!(between(0, 999, 2).await, all[all.len() - 2..]);
}

pub(crate) async fn the_outbox_says_how_much_waits_and_for_how_long(stand: Stand) {
    let store = stand.open().await;
    assert_eq!(store.outbox(at(0)).await.expect("counts"), store::Outbox::default());
    let errand = |key: &str, due: i64| NewErrand {
        key: key.to_owned(),
        case: CaseId(1),
        due: at(due),
        errand: Errand::TellSubscriber { evidence: None },
    };
    let errands =
        vec![errand("page/1", 50), errand("tell/1", 20), errand("tell/2", 500), errand("tell/3", 10)];
    store.commit(&Batch { errands, ..Batch::default() }).await.expect("commits");
    store.finish_errand("tell/3").await.expect("finishes");
    let outbox = store.outbox(at(100)).await.expect("counts");
    assert_eq!((outbox.waiting, outbox.overdue, outbox.pages_overdue), (3, 2, 1));
    assert_eq!(outbox.oldest, Some(at(20)), "what is done is not overdue");
}

pub(crate) async fn a_blocklists_last_word_of_a_day_counts_and_old_days_are_forgotten(stand: Stand) {
    let store = stand.open().await;
    let day = |days: i64| at(0) + SignedDuration::from_hours(24 * days);
    let look = |address: &str, asked_for, at, listed| Look {
        zone: "bl.example.net".to_owned(),
        address: address.parse().ok(),
        asked_for,
        at,
        listed,
        said: "127.0.0.4".to_owned(),
    };
    for one in [
        look("192.0.2.7", AskedFor::Sample, day(0), true),
        look("192.0.2.7", AskedFor::Case, day(1), true),
        look("192.0.2.7", AskedFor::Case, day(1) + SignedDuration::from_secs(60), false),
        look("2001:db8::7", AskedFor::Case, day(1), true),
        look("", AskedFor::List, day(1), true),
    ] {
        store.keep_look(&one).await.expect("keeps");
    }
    let days = store.look_days(day(0)).await.expect("lists");
    let found: Vec<(AskedFor, u64, u64)> =
        days.iter().map(|day| (day.asked_for, day.asked, day.listed)).collect();
    assert_eq!(found, [(AskedFor::Sample, 1, 1), (AskedFor::Case, 2, 1), (AskedFor::List, 1, 1)]);
    let today = store.looks_of_day(day(1), 10).await.expect("lists");
    assert_eq!(today.len(), 3);
    assert!(today.iter().any(|one| one.address.is_none() && one.asked_for == AskedFor::List));
    assert_eq!(store.forget_looks(day(1)).await.expect("forgets"), 1);
    assert_eq!(store.look_days(day(0)).await.expect("lists").len(), 2);
}
