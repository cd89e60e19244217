//! Decisions: records, summaries, readings and the cursor, in one transaction.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use case::{Actor, CaseId, Errand, Event, EvidenceId, Listed, More, Narrow, Record, Stage};
use store::{Batch, CommitError, IntakeFilter, NewErrand, ReadingRow, Store};

use super::{at, delivery};
use crate::stand::Stand;

pub(crate) fn record(case: u64, version: u64) -> Record {
    let event = match version {
        1 => Event::Opened { subscriber: "line-1".parse().expect("a name"), playbook: None },
        _ => Event::Noted { text: format!("note {version}\u{0}") },
    };
    Record { case: CaseId(case), version, at: at(10), actor: Actor::Desk, event }
}

pub(crate) fn summary(case: u64, subscriber: &str, stage: Stage) -> Listed {
    Listed {
        case: CaseId(case),
        subscriber: subscriber.parse().expect("a name"),
        stage,
        opened: at(1),
        updated: at(2),
        version: 1,
        due: Some(at(3600)),
        harm: 7,
        proxy: case % 2 == 1,
        addresses: vec!["192.0.2.7".parse().expect("an address")],
        assignee: None,
        more: More::default(),
    }
}

pub(crate) fn opening(case: u64, subscriber: &str) -> Batch {
    Batch {
        records: vec![record(case, 1)],
        summaries: vec![summary(case, subscriber, Stage::Suspected)],
        ..Batch::default()
    }
}

fn conflict(outcome: Result<(), CommitError>) -> Option<CaseId> {
    match outcome {
        Err(CommitError::Conflict { case }) => Some(case),
        other => panic!("no conflict: {other:?}"),
    }
}

pub(crate) async fn a_version_is_written_once(stand: Stand) {
    let store = stand.open().await;
    assert_eq!(store.highest_case_id().await.expect("reads"), 0);
    let mut batch = opening(3, "line-1");
    batch.records.push(record(3, 2));
    store.commit(&batch).await.expect("commits");
    let other = stand.open().await;
    for version in [0, 1, 2, 4] {
        let batch = Batch { records: vec![record(3, version)], ..Batch::default() };
        assert_eq!(conflict(other.commit(&batch).await), Some(CaseId(3)), "version {version}");
    }
    store
        .commit(&Batch { records: vec![record(3, 3)], ..Batch::default() })
        .await
        .expect("the next one fits");
    let expected = [record(3, 1), record(3, 2), record(3, 3)];
    // What PostgreSQL cannot keep in a text is escaped by JSON and comes back whole.
    assert_eq!(store.records(CaseId(3)).await.expect("reads"), expected);
    assert_eq!(store.open_case_records().await.expect("reads"), expected);
    assert_eq!(store.highest_case_id().await.expect("reads"), 3);
}

pub(crate) async fn a_subscriber_has_one_open_case(stand: Stand) {
    let store = stand.open().await;
    store.commit(&opening(1, "line-1")).await.expect("commits");
    assert_eq!(conflict(store.commit(&opening(2, "line-1")).await), Some(CaseId(2)));
    assert!(store.records(CaseId(2)).await.expect("reads").is_empty());
    store.commit(&opening(2, "line-2")).await.expect("another line may");

    // Ending the one and opening the next is one decision, in whatever order it is written down.
    let mut batch = opening(3, "line-1");
    batch.records.push(record(1, 2));
    batch.summaries.push(summary(1, "line-1", Stage::Closed));
    store.commit(&batch).await.expect("commits");
    let open = Narrow { open: Some(true), ..Narrow::default() };
    let open = store.lines(&open, None, 10, 0).await.expect("lists");
    assert_eq!(open.iter().map(|one| one.case.0).collect::<Vec<_>>(), [3, 2]);
    let records = store.open_case_records().await.expect("reads");
    assert!(records.iter().all(|record| record.case != CaseId(1)), "{records:?}");
}

/// Everything a batch can hold.
pub(crate) fn full_batch(case: u64, evidence: case::EvidenceId) -> Batch {
    let mut batch = opening(case, &format!("line-{case}"));
    batch.errands = vec![NewErrand {
        case: CaseId(case),
        due: at(0),
        key: format!("ND-{case}/look"),
        errand: Errand::PageOperators { what: "the edge refuses".to_owned() },
    }];
    batch.readings = vec![ReadingRow {
        evidence,
        outcome: "case".to_owned(),
        note: "one claim".to_owned(),
        case: Some(CaseId(case)),
        reading: serde_json::json!({"claims": []}),
    }];
    batch.cursor = Some(("intake".to_owned(), case));
    batch
}

/// How much of `full_batch` is there, piece by piece.
async fn traces(store: &Store, case: u64, evidence: &case::EvidenceId) -> [bool; 5] {
    [
        !store.records(CaseId(case)).await.expect("reads").is_empty(),
        store.listed(CaseId(case)).await.expect("reads").is_some(),
        store.next_errand_due().await.expect("reads").is_some(),
        store.reading(evidence).await.expect("reads").is_some(),
        store.cursor("intake").await.expect("reads") == case,
    ]
}

/// The caller goes away while it waits for the database: after its first wait, its second, and so on.
pub(crate) async fn a_decision_is_written_whole_or_not_at_all(stand: Stand) {
    let store = stand.open().await;
    let evidence = store.append(&[delivery("a", b"one")]).await.expect("appends")[0].entry.id;
    let mut conflicting = full_batch(1, evidence);
    conflicting.records.push(record(1, 5));
    conflict(store.commit(&conflicting).await);
    assert_eq!(traces(&store, 1, &evidence).await, [false; 5]);

    // How often a commit waits is a matter of luck; go on until enough of them were left at different points.
    let mut left = 0;
    for case in 1..=100 {
        let bytes = case.to_string();
        let evidence = store.append(&[delivery("b", bytes.as_bytes())]).await.expect("appends")[0].entry.id;
        left += leave_until_written(&store, &full_batch(case, evidence), case, &evidence).await;
        store.finish_errand(&format!("ND-{case}/look")).await.expect("finishes");
        if left >= 20 {
            return;
        }
    }
    panic!("a hundred decisions were interrupted only {left} times");
}

/// Begins to commit again and again, each time with more patience, until it is written. Says how often it was left.
async fn leave_until_written(store: &Store, batch: &Batch, case: u64, evidence: &case::EvidenceId) -> usize {
    for patience in 1.. {
        let finished = {
            let mut commit = pin!(store.commit(batch));
            let mut polls = 0;
            std::future::poll_fn(|context| {
                polls += 1;
                match commit.as_mut().poll(context) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending if polls >= patience => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await
        };
        let found = traces(store, case, evidence).await;
        match finished {
            None if found == [false; 5] => {}
            // Left while the commit itself was under way, the database may have heard it, even between two of these
            // looks. Then all of it is there at the second.
            None => {
                let found = traces(store, case, evidence).await;
                assert_eq!(found, [true; 5], "half of it was written after {patience} polls");
                return patience;
            }
            // The one before may have been heard although its caller had gone; then this one is told so.
            Some(Ok(()) | Err(CommitError::Conflict { .. })) => {
                assert_eq!(found, [true; 5]);
                return patience - 1;
            }
            Some(Err(error)) => panic!("{error}"),
        }
    }
    unreachable!("patience has no end")
}

pub(crate) async fn lists_show_what_was_asked_for(stand: Stand) {
    let store = stand.open().await;
    for (case, stage) in
        [(1, Stage::Closed), (2, Stage::Suspected), (3, Stage::Contained), (4, Stage::Dismissed)]
    {
        let mut batch = opening(case, &format!("line-{case}"));
        batch.summaries = vec![summary(case, &format!("line-{case}"), stage)];
        if case == 2 {
            batch.summaries[0].addresses = vec!["2001:db8::2".parse().expect("an address")];
        }
        store.commit(&batch).await.expect("commits");
    }
    let list = async |narrow: Narrow| {
        let found = store.lines(&narrow, None, 10, 0).await.expect("lists");
        assert_eq!(store.count_lines(&narrow, 10).await.expect("counts"), found.len() as u64);
        found.into_iter().map(|one| one.case.0).collect::<Vec<_>>()
    };
    let all = Narrow::default();
    assert_eq!(list(all.clone()).await, [4, 3, 2, 1]);
    assert_eq!(list(Narrow { open: Some(true), ..all.clone() }).await, [3, 2]);
    let ended = Narrow { open: Some(false), ..all.clone() };
    assert_eq!(list(Narrow { stages: Some(vec![Stage::Closed, Stage::Contained]), ..ended }).await, [1]);
    assert_eq!(list(Narrow { stages: Some(vec![Stage::Contained]), ..all.clone() }).await, [3]);
    assert_eq!(list(Narrow { cases: Some(vec![CaseId(4), CaseId(u64::MAX)]), ..all.clone() }).await, [4]);
    assert!(list(Narrow { cases: Some(vec![CaseId(u64::MAX)]), ..all.clone() }).await.is_empty());
    let address = "2001:db8::2".parse().ok();
    assert_eq!(list(Narrow { address, ..all.clone() }).await, [2]);
    for (text, found) in
        [("line-4", &[4][..]), ("ine-", &[4, 3, 2, 1]), ("_", &[]), ("192.0.2.7", &[4, 3, 1]), ("äh%", &[])]
    {
        assert_eq!(list(Narrow { texts: vec![text.to_owned()], ..all.clone() }).await, found, "{text}");
    }
    let ids = |lines: Vec<Listed>| lines.iter().map(|one| one.case.0).collect::<Vec<_>>();
    assert_eq!(ids(store.lines(&all, None, 2, 1).await.expect("lists")), [3, 2]);
    assert_eq!(ids(store.lines(&all, Some(CaseId(3)), 9, 0).await.expect("lists")), [2, 1]);
    assert_eq!(store.count_lines(&all, 3).await.expect("counts"), 3, "counted further than asked");
    assert_eq!(store.listed(CaseId(3)).await.expect("reads"), Some(summary(3, "line-3", Stage::Contained)));

    // An address that a case no longer speaks of still leads to it.
    let mut later = summary(3, "line-3", Stage::Contained);
    later.addresses = vec!["192.0.2.8".parse().expect("an address")];
    store.commit(&Batch { summaries: vec![later], ..Batch::default() }).await.expect("commits");
    let find = async |address: &str| {
        let found = store.find_cases(address.parse().expect("an address")).await.expect("finds");
        found.into_iter().map(|case| case.0).collect::<Vec<_>>()
    };
    assert_eq!(find("192.0.2.7").await, [4, 3, 1]);
    assert_eq!(find("::ffff:192.0.2.8").await, [3]);
    assert_eq!(find("2001:db8:0::2").await, [2]);
    assert!(find("192.0.2.9").await.is_empty());
}

pub(crate) async fn a_line_keeps_all_that_lists_show(stand: Stand) {
    let store = stand.open().await;
    let line = Listed {
        assignee: Some("änn".to_owned()),
        more: More {
            headline: "open-proxy Ähnlich 100%".to_owned(),
            kinds: [case::Kind::OpenProxy].into(),
            ports: [1080].into(),
            families: ["sobig".to_owned()].into(),
            reporters: ["example.net".to_owned()].into(),
            mentions: ["ben".to_owned()].into(),
            sightings: 3,
            block_ends: vec![7],
            held_until: Some(9),
            paged: true,
        },
        ..summary(1, "Line-1", Stage::Suspected)
    };
    store.commit(&Batch { summaries: vec![line.clone()], ..opening(1, "Line-1") }).await.expect("commits");
    assert_eq!(store.listed(CaseId(1)).await.expect("reads"), Some(line.clone()));
    for text in ["ähnlich", "100%", "line-1"] {
        let narrow = Narrow { texts: vec![text.to_owned()], ..Narrow::default() };
        assert_eq!(
            store.lines(&narrow, None, 9, 0).await.expect("lists"),
            std::slice::from_ref(&line),
            "{text}"
        );
    }

    // One that was made again is taken only while its case has not moved on.
    assert!(store.lines_of_older_make(9).await.expect("looks").is_empty());
    let again = Listed { assignee: None, harm: 2, ..line.clone() };
    store.write_lines_again(&[Listed { version: 8, ..again.clone() }]).await.expect("writes");
    assert_eq!(store.listed(CaseId(1)).await.expect("reads"), Some(line));
    store.write_lines_again(std::slice::from_ref(&again)).await.expect("writes");
    assert_eq!(store.listed(CaseId(1)).await.expect("reads"), Some(again));
}

pub(crate) async fn readings_are_replaced_and_listed(stand: Stand) {
    let store = stand.open().await;
    let appended = store
        .append(&[delivery("a", b"1"), delivery("b", b"2"), delivery("c", b"3")])
        .await
        .expect("appends");
    let row = |place: usize, outcome: &str| ReadingRow {
        evidence: appended[place].entry.id,
        outcome: outcome.to_owned(),
        note: "a note with a NUL\u{0}".to_owned(),
        case: (outcome == "case").then_some(CaseId(9)),
        reading: serde_json::json!({"place": place}),
    };
    let readings = vec![row(0, "orphan"), row(1, "unreadable"), row(2, "orphan")];
    store.commit(&Batch { readings, ..Batch::default() }).await.expect("commits");
    let list = async |outcomes: &[&str]| {
        let outcomes = outcomes.iter().map(|outcome| (*outcome).to_owned()).collect();
        let filter = IntakeFilter { outcomes, source: Some("smtp".to_owned()), waiting: false };
        let found = store.intake(&filter, 10, 0).await.expect("lists");
        assert_eq!(store.count_intake(&filter).await.expect("counts"), found.len() as u64);
        found.into_iter().map(|one| (one.seq, one.case.map(|case| case.0))).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]).await, [(3, None), (2, None), (1, None)]);
    assert_eq!(list(&["orphan"]).await, [(3, None), (1, None)]);
    store.commit(&Batch { readings: vec![row(0, "case")], ..Batch::default() }).await.expect("commits");
    assert_eq!(list(&["orphan", "unreadable"]).await, [(3, None), (2, None)]);
    assert_eq!(list(&["case"]).await, [(1, Some(9))]);
    let reading = store.reading(&appended[0].entry.id).await.expect("reads");
    assert_eq!(reading, Some(serde_json::json!({"place": 0})));
    let other = IntakeFilter { source: Some("http".to_owned()), ..IntakeFilter::default() };
    assert_eq!(store.count_intake(&other).await.expect("counts"), 0);
}

pub(crate) async fn what_waits_in_the_inbox_is_settled_once_by_a_deed(stand: Stand) {
    let store = stand.open().await;
    let appended = store.append(&[delivery("a", b"1"), delivery("b", b"2"), delivery("c", b"3")]).await;
    let ids: Vec<EvidenceId> = appended.expect("appends").iter().map(|one| one.entry.id).collect();
    let row = |place: usize, outcome: &str| ReadingRow {
        evidence: ids[place],
        outcome: outcome.to_owned(),
        note: String::new(),
        case: None,
        reading: serde_json::json!({}),
    };
    assert_eq!(store.inbox().await.expect("looks"), (0, None));
    let readings = vec![row(0, "orphan"), row(1, "foreign"), row(2, "unreadable")];
    store.commit(&Batch { readings, ..Batch::default() }).await.expect("commits");
    let (waiting, oldest) = store.inbox().await.expect("looks");
    assert!(waiting == 2 && oldest.is_some());
    assert!(store.waits_in_inbox(&ids[0]).await.expect("looks"));
    assert!(!store.waits_in_inbox(&ids[1]).await.expect("looks"));
    let deed = store::Deed {
        at: at(9),
        who: "night".to_owned(),
        deed: "inbox-settled".to_owned(),
        about: "the inbox".to_owned(),
        why: "a printer".to_owned(),
        until: None,
        detail: serde_json::json!({}),
    };
    assert_eq!(
        store.settle_readings(&ids[..2], &deed).await.expect("settles"),
        1,
        "the foreign one never waited"
    );
    assert_eq!(store.settle_readings(&ids[..2], &deed).await.expect("settles"), 0, "once");
    let deeds = store.deeds(&store::DeedFilter::default(), None, 9).await.expect("lists");
    assert_eq!(deeds.len(), 1, "nothing was settled the second time, and nothing is recorded of it");
    assert_eq!(store.waiting_in_inbox(9).await.expect("lists"), [ids[2]]);
    let filter = IntakeFilter { waiting: true, outcomes: vec!["orphan".to_owned()], source: None };
    assert_eq!(store.count_intake(&filter).await.expect("counts"), 0);
    let all = store.intake(&IntakeFilter::default(), 9, 0).await.expect("lists");
    let of_first = all.iter().find(|row| row.id == ids[0]).and_then(|row| row.settled.clone());
    assert_eq!(of_first, Some((at(9), "night".to_owned(), "a printer".to_owned())));
}
