//! Operators, sessions and reporters.

use case::EvidenceId;
use store::Session;

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
        store
            .judge_reporter("SpamCop.example", &EvidenceId([evidence; 32]), confirmed)
            .await
            .expect("judges");
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
