//! Self-checks and how things stand.

use case::EvidenceId;
use store::{ReadingRow, Standing};

use super::{at, delivery};
use crate::stand::Stand;

fn reading(evidence: EvidenceId) -> ReadingRow {
    ReadingRow {
        evidence,
        outcome: "self-check".to_owned(),
        note: "came back".to_owned(),
        case: None,
        reading: serde_json::json!({}),
    }
}

pub(crate) async fn a_self_check_comes_back_once_and_a_stranger_never(stand: Stand) {
    let store = stand.open().await;
    let evidence = store.append(&[delivery("m1", b"check")]).await.expect("appends")[0].entry.id;
    store.begin_self_check("n1", "abuse@example.net", at(0)).await.expect("begins");
    store.begin_self_check("n2", "abuse@example.net", at(60)).await.expect("begins");
    store.fail_self_check("n2", "451 later").await.expect("fails");
    for second in [5, 9] {
        let back = (at(second), "smtp");
        let check = store.end_self_check("n1", back, |_| reading(evidence)).await.expect("ends");
        assert_eq!(check.expect("it is ours").returned, Some(at(5)), "the first return counts");
    }
    let strange = store.end_self_check("n9", (at(5), "smtp"), |_| reading(evidence)).await;
    assert_eq!(strange.expect("looks"), None);
    let checks = store.self_checks("abuse@example.net", 10).await.expect("lists");
    assert_eq!(checks.iter().map(|check| check.nonce.as_str()).collect::<Vec<_>>(), ["n2", "n1"]);
    assert_eq!(checks[0].failure.as_deref(), Some("451 later"));
    assert!(store.reading(&evidence).await.expect("reads").is_some());
    assert_eq!(store.forget_self_checks(at(60)).await.expect("forgets"), 1);
}

pub(crate) async fn a_standing_is_replaced_and_a_key_is_kept(stand: Stand) {
    let store = stand.open().await;
    let mut standing = Standing {
        subject: "mail abuse@example.net".to_owned(),
        works: true,
        since: at(0),
        checked: at(1),
        note: "came back in 2 s".to_owned(),
        told: true,
    };
    store.set_standing(&standing).await.expect("sets");
    (standing.works, standing.told) = (false, false);
    store.set_standing(&standing).await.expect("sets");
    assert_eq!(store.standings().await.expect("lists"), [standing.clone()]);
    store.forget_standing(&standing.subject).await.expect("forgets");
    assert!(store.standings().await.expect("lists").is_empty());
    assert_eq!(store.own_key("self-check", &[1; 32]).await.expect("makes"), [1; 32]);
    assert_eq!(store.own_key("self-check", &[2; 32]).await.expect("reads"), [1; 32]);
}
