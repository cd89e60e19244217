//! Operators, sessions and reporters.

use case::{CaseId, EvidenceId};
use store::{Batch, Heard, HeardOf, Session, Verdict};

use super::at;
use crate::stand::Stand;

pub(crate) async fn a_session_ends_with_its_time_or_its_password(stand: Stand) {
    let store = stand.open().await;
    assert_eq!(store.operator_hash("night").await.expect("reads"), None);
    store.set_operator("night", "$argon2id$one").await.expect("sets");
    store.set_operator("day", "$argon2id$other").await.expect("sets");
    assert_eq!(store.operators().await.expect("lists"), ["day", "night"]);
    assert_eq!(store.operator_hash("night").await.expect("reads").as_deref(), Some("$argon2id$one"));
    for (token, operator, end) in [(1, "night", 100), (2, "night", 200), (3, "day", 300)] {
        store.create_session([token; 32], operator, "csrf", at(end)).await.expect("begins");
    }
    let session = Session { operator: "night".to_owned(), csrf: "csrf".to_owned(), expires: at(100) };
    assert_eq!(store.session([1; 32], at(99)).await.expect("reads"), Some(session));
    assert_eq!(store.session([1; 32], at(100)).await.expect("reads"), None);
    assert_eq!(store.session([9; 32], at(0)).await.expect("reads"), None);
    assert_eq!(store.forget_expired_sessions(at(100)).await.expect("forgets"), 1);
    store.set_operator("night", "$argon2id$two").await.expect("sets");
    assert_eq!(store.session([2; 32], at(0)).await.expect("reads"), None);
    assert!(store.session([3; 32], at(0)).await.expect("reads").is_some());
    store.end_session([3; 32]).await.expect("ends");
    assert_eq!(store.session([3; 32], at(0)).await.expect("reads"), None);
    store.create_session([4; 32], "nobody", "csrf", at(9)).await.expect_err("there is no such operator");
}

pub(crate) async fn a_reporter_is_judged_once_per_report(stand: Stand) {
    let store = stand.open().await;
    let judge = async |evidence: u8, confirmed| {
        store.judge_reporter(&verdict("SpamCop.example", evidence, 0, confirmed)).await.expect("judges");
    };
    judge(1, true).await;
    judge(1, true).await;
    judge(2, false).await;
    judge(3, false).await;
    judge(3, true).await;
    let trust = store.trust("spamcop.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (2, 1));
    assert_eq!(store.trust("other.example").await.expect("reads"), case::Trust::default());
}

pub(crate) async fn an_address_that_is_no_database_is_refused_without_its_password(_stand: Stand) {
    for url in ["mysql://night:secret@db.example.net/desk", "sqlite::memory:", "nightdesk.db", ""] {
        let refused = store::Store::open(url).await.expect_err(url).to_string();
        assert!(refused.contains("no database address") && !refused.contains("secret"), "{refused}");
    }
}

fn verdict(domain: &str, evidence: u8, second: i64, confirmed: bool) -> Verdict {
    let (domain, evidence) = (domain.to_owned(), EvidenceId([evidence; 32]));
    Verdict { domain, evidence, case: CaseId(1), confirmed, at: at(second) }
}

pub(crate) async fn one_lucky_night_makes_no_record(stand: Stand) {
    let store = stand.open().await;
    let day = 86_400;
    for evidence in 0..40 {
        let confirmed = verdict("lucky.example", evidence, i64::from(evidence), true);
        store.judge_reporter(&confirmed).await.expect("judges");
    }
    let trust = store.trust("lucky.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (3, 0));
    for evidence in 100..140 {
        let refuted = verdict("lucky.example", evidence, day + i64::from(evidence), false);
        store.judge_reporter(&refuted).await.expect("judges");
    }
    store.judge_reporter(&verdict("lucky.example", 200, 2 * day, true)).await.expect("judges");
    let trust = store.trust("lucky.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (4, 10));
}

pub(crate) async fn who_reported_on_a_case_is_counted_by_name(stand: Stand) {
    let store = stand.open().await;
    let heard = |case, reporter: &str, authenticated, reports, second| Heard {
        case: CaseId(case),
        reporter: reporter.to_owned(),
        authenticated,
        reports,
        at: at(second),
    };
    let first = vec![heard(1, "a.example", true, 2, 10), heard(1, "b.example", false, 1, 5)];
    let second = vec![
        heard(1, "a.example", true, 3, 20),
        heard(1, "a.example", false, 1, 1),
        heard(2, "a.example", true, 1, 7),
    ];
    for heard in [first, second] {
        store.commit(&Batch { heard, ..Batch::default() }).await.expect("commits");
    }
    let verdicts = vec![verdict("a.example", 1, 0, true), verdict("gone.example", 2, 0, false)];
    store.commit(&Batch { verdicts, ..Batch::default() }).await.expect("commits");
    let counts = store.heard_of(&[CaseId(1), CaseId(2), CaseId(3)]).await.expect("counts");
    assert_eq!(counts.get(&CaseId(1)), Some(&HeardOf { reports: 7, reporters: 3, authenticated: 1 }));
    assert_eq!(counts.get(&CaseId(2)), Some(&HeardOf { reports: 1, reporters: 1, authenticated: 1 }));
    assert_eq!(counts.len(), 2);
    let league = store.reporters(10).await.expect("lists");
    let shown: Vec<_> =
        league.iter().map(|row| (row.domain.as_str(), row.reports, row.cases, row.last)).collect();
    assert_eq!(shown, [("a.example", 6, 2, Some(at(20))), ("gone.example", 0, 0, None)]);
    assert_eq!((league[0].trust.confirmed, league[1].trust.refuted), (1, 1));
}

pub(crate) async fn names_without_end_are_counted_and_not_kept(stand: Stand) {
    let store = stand.open().await;
    let heard = |name: String, authenticated| Heard {
        case: CaseId(1),
        reporter: name,
        authenticated,
        reports: 1,
        at: at(1),
    };
    let named = u64::from(store::NAMED);
    let forged = (0..named + 40).map(|n| heard(format!("d{n}.example"), false));
    let known = [heard("d0.example".to_owned(), false), heard("late.example".to_owned(), true)];
    for heard in [forged.collect::<Vec<_>>(), known.to_vec()] {
        store.commit(&Batch { heard, ..Batch::default() }).await.expect("commits");
    }
    let counts = store.heard_of(&[CaseId(1)]).await.expect("counts");
    let expected = HeardOf { reports: named + 42, reporters: named + 2, authenticated: 1 };
    assert_eq!(counts.get(&CaseId(1)), Some(&expected), "all are counted, those beyond as one");
    let signing = (0..named + 40).map(|n| heard(format!("d{n}.example"), true)).collect();
    store.commit(&Batch { heard: signing, ..Batch::default() }).await.expect("commits");
    let league = store.reporters(usize::MAX).await.expect("lists");
    assert_eq!(league.len() as u64, named);
    assert!(league.iter().all(|row| !row.domain.is_empty()), "all others are nobody");
}
